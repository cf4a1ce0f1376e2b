//! The band form against the exact optimum of small problems, and its statuses, reports and errors.

use std::io::Write;

use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::bands::{
    Band, BandMethod, BandOptions, BandOverride, BandReweighting, BandWeight, Binding, TargetSelector,
};
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::{Bounds, DualPoint, ReweightProblem, Target};
use equipoise::status::Status;
use equipoise_testset::property_cases;
use ndarray::ArrayView1;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use proptest::prelude::*;

use crate::oracle::exact;

const N: usize = 4;
const K: usize = 2;

/// A small problem with everything in it a double.
#[derive(Debug, Clone)]
struct Small {
    weights: Vec<f64>,
    matrix: Vec<Vec<f64>>,
    totals: Vec<f64>,
    /// Relative, per target.
    tolerance: Vec<f64>,
    distance_weights: Vec<f64>,
    lower: f64,
    upper: f64,
    /// Per target.
    weight: Vec<BandWeight>,
}

impl Small {
    fn problem(&self) -> ReweightProblem {
        let columns: Vec<Vec<f64>> = (0..K).map(|j| self.matrix.iter().map(|row| row[j]).collect()).collect();
        let matrix = SparseMatrix::from_dense_columns(N, columns.iter().map(Vec::as_slice)).unwrap();
        let targets = (0..K).map(|j| Target::new(format!("t{j}"), self.totals[j])).collect();
        let bounds = Bounds::Uniform { lower: self.lower, upper: self.upper };
        let weights = ArrayView1::from(&self.weights);
        ReweightProblem::builder(matrix, weights, targets).bounds(bounds).build().unwrap()
    }

    fn options(&self) -> BandOptions {
        let of_target = |j: usize| BandOverride {
            targets: TargetSelector::Index(j),
            band: Some(Band::Relative(self.tolerance[j])),
            weight: Some(self.weight[j]),
            optional: false,
        };
        BandOptions {
            overrides: (0..K).map(of_target).collect(),
            distance_weights: Some(self.distance_weights.clone()),
            method: BandMethod::ProximalNewton,
            threads: 1,
            ..BandOptions::default()
        }
    }

    /// The optimum by trying every combination of record states and target states, in rational arithmetic. `None` if no
    /// combination has a regular solution that satisfies the optimality conditions.
    fn optimum(&self) -> Option<Vec<BigRational>> {
        (0..3usize.pow((N + K) as u32)).find_map(|code| {
            let state = |p: usize| (code / 3usize.pow(p as u32)) % 3;
            self.candidate(&|i| state(i), &|j| state(N + j))
        })
    }

    fn entry(&self, i: usize, j: usize) -> BigRational {
        exact(self.weights[i]) * exact(self.matrix[i][j]) / exact(self.totals[j]).abs()
    }

    fn edges(&self, j: usize) -> [BigRational; 2] {
        let sign = exact(self.totals[j]).signum();
        [sign.clone() - exact(self.tolerance[j]), sign + exact(self.tolerance[j])]
    }

    /// True if some multipliers meet every hard band: a feasible polytope has a vertex, where as many bands are at an edge as
    /// records are between their bounds.
    fn is_feasible(&self) -> bool {
        (0..3usize.pow((N + K) as u32)).any(|code| {
            let state = |p: usize| (code / 3usize.pow(p as u32)) % 3;
            let at_edge: Vec<usize> = (0..K).filter(|&j| state(N + j) != 1).collect();
            let free: Vec<usize> = (0..N).filter(|&i| state(i) == 1).collect();
            if at_edge.len() != free.len() || at_edge.iter().any(|&j| self.weight[j] != BandWeight::Hard) {
                return false;
            }
            let mut x: Vec<BigRational> =
                (0..N).map(|i| exact(if state(i) == 0 { self.lower } else { self.upper })).collect();
            let rest = |x: &[BigRational], j: usize| {
                let fixed = (0..N).filter(|i| !free.contains(i));
                fixed.fold(BigRational::zero(), |sum, i| sum + self.entry(i, j) * x[i].clone())
            };
            let row = |&j: &usize| {
                let mut row: Vec<BigRational> = free.iter().map(|&i| self.entry(i, j)).collect();
                row.push(self.edges(j)[state(N + j) / 2].clone() - rest(&x, j));
                row
            };
            let Some(solution) = solve(at_edge.iter().map(row).collect()) else { return false };
            for (&i, value) in free.iter().zip(solution) {
                x[i] = value;
            }
            let in_bounds = x.iter().all(|x| *x >= exact(self.lower) && *x <= exact(self.upper));
            let hard = (0..K).filter(|&j| self.weight[j] == BandWeight::Hard);
            in_bounds
                && hard.into_iter().all(|j| {
                    let reached =
                        (0..N).fold(BigRational::zero(), |sum, i| sum + self.entry(i, j) * x[i].clone());
                    let [lower, upper] = self.edges(j);
                    lower <= reached && reached <= upper
                })
        })
    }

    /// States: 0 lower, 1 free or inside, 2 upper.
    fn candidate(
        &self,
        record: &dyn Fn(usize) -> usize,
        target: &dyn Fn(usize) -> usize,
    ) -> Option<Vec<BigRational>> {
        let two = exact(2.0);
        let b = |i: usize, j: usize| self.entry(i, j);
        let edges = |j: usize| self.edges(j);
        // Unknowns x (N) and y (K).
        let size = N + K;
        let mut rows = vec![vec![BigRational::zero(); size + 1]; size];
        for i in 0..N {
            rows[i][i] = two.clone() * exact(self.distance_weights[i]);
            match record(i) {
                1 => {
                    for j in 0..K {
                        rows[i][N + j] = b(i, j);
                    }
                    rows[i][size] = two.clone() * exact(self.distance_weights[i]);
                }
                at => {
                    let bound = exact(if at == 0 { self.lower } else { self.upper });
                    rows[i][size] = rows[i][i].clone() * bound;
                }
            }
        }
        for j in 0..K {
            if target(j) == 1 {
                rows[N + j][N + j] = BigRational::one();
                continue;
            }
            for i in 0..N {
                rows[N + j][i] = b(i, j);
            }
            if let BandWeight::Elastic(m) = self.weight[j] {
                rows[N + j][N + j] = -(two.clone() * exact(m)).recip();
            }
            rows[N + j][size] = edges(j)[target(j) / 2].clone();
        }
        let solution = solve(rows)?;
        let (x, y) = solution.split_at(N);
        for i in 0..N {
            let mut slope =
                two.clone() * exact(self.distance_weights[i]) * (x[i].clone() - BigRational::one());
            for j in 0..K {
                slope += b(i, j) * y[j].clone();
            }
            let holds = match record(i) {
                0 => !slope.is_negative(),
                1 => x[i] >= exact(self.lower) && x[i] <= exact(self.upper),
                _ => !slope.is_positive(),
            };
            if !holds {
                return None;
            }
        }
        for j in 0..K {
            let reached = (0..N).fold(BigRational::zero(), |sum, i| sum + b(i, j) * x[i].clone());
            let [lower, upper] = edges(j);
            let holds = match target(j) {
                0 => !y[j].is_positive(),
                1 => lower <= reached && reached <= upper,
                _ => !y[j].is_negative(),
            };
            if !holds {
                return None;
            }
        }
        Some(x.to_vec())
    }
}

/// Gauss–Jordan on the augmented rows; `None` if singular.
fn solve(mut rows: Vec<Vec<BigRational>>) -> Option<Vec<BigRational>> {
    let size = rows.len();
    for column in 0..size {
        let pivot = (column..size).find(|&r| !rows[r][column].is_zero())?;
        rows.swap(column, pivot);
        let inverse = rows[column][column].recip();
        for entry in &mut rows[column] {
            *entry *= &inverse;
        }
        let pivot_row = rows[column].clone();
        for (r, row) in rows.iter_mut().enumerate() {
            if r != column && !row[column].is_zero() {
                let factor = row[column].clone();
                for (entry, p) in row.iter_mut().zip(&pivot_row) {
                    *entry -= p * &factor;
                }
            }
        }
    }
    Some(rows.into_iter().map(|row| row[size].clone()).collect())
}

fn small(weight: impl Strategy<Value = BandWeight>) -> impl Strategy<Value = Small> {
    (
        prop::collection::vec(1.0f64..50.0, N),
        prop::collection::vec(prop::collection::vec(-1i32..4, K), N),
        prop::collection::vec(prop_oneof![20.0f64..300.0, -100.0f64..-10.0], K),
        prop::collection::vec(prop_oneof![Just(0.0), Just(0.005), Just(0.25)], K),
        prop::collection::vec(prop_oneof![Just(1.0), 0.01f64..100.0], N),
        prop_oneof![Just((0.1, 10.0)), Just((0.5, 1.5))],
        prop::collection::vec(weight, K),
    )
        .prop_map(|(weights, matrix, totals, tolerance, distance_weights, (lower, upper), weight)| {
            Small {
                weights,
                matrix: matrix.into_iter().map(|row| row.into_iter().map(f64::from).collect()).collect(),
                totals,
                tolerance,
                distance_weights,
                lower,
                upper,
                weight,
            }
        })
}

fn largest_error(answer: &BandReweighting, want: &[BigRational]) -> f64 {
    let error = |(m, want): (&f64, &BigRational)| (exact(*m) - want).abs().to_f64().unwrap();
    answer.multipliers.iter().zip(want).map(error).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: property_cases(40), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn elastic_answers_are_the_exact_optimum_within_their_bound(
        case in small(prop_oneof![Just(1.0), Just(1e6), Just(1e9), Just(1e12)].prop_map(BandWeight::Elastic)),
    ) {
        let answer = case.problem().solve_bands(&case.options()).unwrap();
        // The optimum of an elastic problem always exists; a combination on a tie may be singular, another then is not.
        let want = case.optimum().expect("an elastic problem has an optimum");
        prop_assert_eq!(answer.status, Status::Converged);
        let bound = answer.certificate.distance_bound;
        prop_assert!(bound <= 1e-13, "{bound:e}");
        prop_assert!(largest_error(&answer, &want) <= bound);
        prop_assert!(answer.certificate.relative_gap <= 1e-12);
        check_bounds_of_other_answers(&case, &answer, &want)?;
    }

    #[test]
    fn hard_answers_are_the_exact_optimum_or_proven_infeasible(case in small(Just(BandWeight::Hard))) {
        check_with_hard(&case)?;
    }

    #[test]
    fn hard_bands_elastic_bands_and_penalties_mix(
        case in small(prop_oneof![
            Just(BandWeight::Hard),
            prop_oneof![Just(1e-2), Just(1.0), Just(1e6), Just(1e8)].prop_map(BandWeight::Elastic),
        ]),
    ) {
        check_with_hard(&case)?;
    }
}

fn check_with_hard(case: &Small) -> Result<(), TestCaseError> {
    let answer = case.problem().solve_bands(&case.options()).unwrap();
    prop_assert_eq!(answer.status == Status::Infeasible, answer.infeasibility.is_some());
    if !case.is_feasible() {
        prop_assert_eq!(answer.status, Status::Infeasible, "{:?}", answer.attempts);
        let proof = answer.infeasibility.unwrap();
        let elastic = (0..K).filter(|&j| case.weight[j] != BandWeight::Hard);
        prop_assert!(elastic.into_iter().all(|j| proof.direction[j] == 0.0));
        return Ok(());
    }
    prop_assert_eq!(answer.status, Status::Converged, "{:?}", answer.attempts);
    let bound = answer.certificate.distance_bound;
    // Where the bands that press depend on one another no combination is regular.
    if let Some(want) = case.optimum() {
        prop_assert!(largest_error(&answer, &want) <= bound);
        prop_assert!(largest_error(&answer, &want) <= 1e-9, "{:e}", largest_error(&answer, &want));
        check_bounds_of_other_answers(case, &answer, &want)?;
    }
    Ok(())
}

/// However wrong an answer is, the certified distance bound of each record holds.
fn check_bounds_of_other_answers(
    case: &Small,
    answer: &BandReweighting,
    want: &[BigRational],
) -> Result<(), TestCaseError> {
    for size in [1e-12, 1e-6, 1e-2] {
        let tilt = |i: usize| 1.0 + size * libm::cos(3.0 * i as f64);
        let moved = |(i, m): (usize, &f64)| (m * tilt(i)).clamp(case.lower, case.upper);
        let multipliers: Vec<f64> = answer.multipliers.iter().enumerate().map(moved).collect();
        let dual: Vec<f64> = answer.dual.iter().enumerate().map(|(j, v)| v * tilt(j + 1)).collect();
        let point = DualPoint { high: ArrayView1::from(&dual), low: None };
        for point in [Some(point), None] {
            let check =
                case.problem().certify_bands(ArrayView1::from(&multipliers), point, &case.options()).unwrap();
            for (i, bound) in check.distance_bounds.iter().enumerate() {
                let error = (exact(multipliers[i]) - want[i].clone()).abs().to_f64().unwrap();
                prop_assert!(error <= *bound, "record {i}: {error:e} against {bound:e}");
            }
        }
    }
    Ok(())
}

/// Two records that one target counts together and another counts alone.
fn pair(totals: [f64; 2]) -> ReweightProblem {
    let matrix = SparseMatrix::from_dense_columns(2, [&[1.0, 1.0][..], &[1.0, 0.0]]).unwrap();
    let targets = vec![Target::new("all", totals[0]), Target::new("first", totals[1])];
    ReweightProblem::builder(matrix, ArrayView1::from(&[10.0, 10.0]), targets).build().unwrap()
}

#[test]
fn contradicting_hard_bands_are_proven_infeasible() {
    // The first record alone must weigh more than both together.
    let answer =
        pair([20.0, 30.0]).solve_bands(&BandOptions { weight: BandWeight::Hard, ..BandOptions::default() });
    let answer = answer.unwrap();
    assert_eq!(answer.status, Status::Infeasible);
    let proof = answer.infeasibility.unwrap();
    assert!(proof.margin > 0.0);
    // Check the direction by hand: least value over the bounds against the most that the bands allow.
    let (a, b) = (proof.direction[0], proof.direction[1]);
    let least: f64 = [10.0 * (a + b), 10.0 * a].iter().map(|u: &f64| (0.1 * u).min(10.0 * u)).sum();
    let allowed = |v: f64, total: f64| (v * total * 0.995).max(v * total * 1.005);
    assert!(least > allowed(a, 20.0) + allowed(b, 30.0));
}

#[test]
fn the_report_gives_derivatives_of_the_objective() {
    let problem = pair([30.0, 10.0]);
    let solve = |tolerance: f64, total: f64| {
        let mut problem = problem.clone();
        // The scale is held, as the prices hold it.
        let targets = vec![Target::new("all", total).with_scale(30.0), Target::new("first", 10.0)];
        problem.set_targets(targets).unwrap();
        let overrides = vec![BandOverride::band("all", Band::Absolute(tolerance * 30.0))];
        let options = BandOptions { overrides, weight: BandWeight::Elastic(1e3), ..BandOptions::default() };
        problem.solve_bands(&options).unwrap()
    };
    let step = 1e-4;
    let at = solve(0.01, 30.0);
    let row = &at.targets[0];
    assert_eq!(row.binding, Binding::Lower);
    assert_eq!(at.targets[1].binding, Binding::Upper);
    assert!(row.outside > 0.0 && row.after < row.lower);
    let difference =
        |a: &BandReweighting, b: &BandReweighting| a.certificate.objective - b.certificate.objective;
    let by_total = difference(&solve(0.01, 30.0 + step), &solve(0.01, 30.0 - step)) / (2.0 * step);
    assert!(
        (row.price_per_unit - by_total).abs() <= 1e-6 * by_total.abs(),
        "{} {by_total}",
        row.price_per_unit
    );
    let by_tolerance =
        difference(&solve(0.01 + 0.01 * step, 30.0), &solve(0.01 - 0.01 * step, 30.0)) / (2.0 * step);
    assert!((row.price_per_percent - by_tolerance).abs() <= 1e-6 * by_tolerance.abs());
}

#[test]
fn wrong_bands_are_named() {
    let path = |options: BandOptions| pair([20.0, 0.0]).solve_bands(&options).unwrap_err().path;
    let zero = BandOptions { zero_tolerance: Some(1.0), ..BandOptions::default() };
    let with = |change: BandOverride| BandOptions { overrides: vec![change], ..zero.clone() };
    let at = |j: usize, band: Band| BandOverride {
        targets: TargetSelector::Index(j),
        band: Some(band),
        weight: None,
        optional: true,
    };
    assert_eq!(path(BandOptions::default()), "targets[1].tolerance");
    assert_eq!(path(with(at(1, Band::Relative(0.1)))), "targets[1].tolerance");
    assert_eq!(path(with(at(0, Band::Relative(-0.1)))), "overrides[0].band");
    assert_eq!(path(with(at(0, Band::Between { lower: 2.0, upper: 1.0 }))), "overrides[0].band.lower");
    assert_eq!(path(with(at(2, Band::Relative(0.1)))), "overrides[0].match");
    assert_eq!(path(with(BandOverride::band("al?s", Band::Relative(0.1)))), "overrides[0].match");
    assert_eq!(
        path(with(BandOverride::weight("all", BandWeight::Elastic(f64::INFINITY)))),
        "overrides[0].weight"
    );
    let important = |importance: Vec<f64>| BandOptions { importance: Some(importance), ..zero.clone() };
    assert_eq!(path(important(vec![1.0])), "importance");
    assert_eq!(path(important(vec![1.0, 0.0])), "importance[1]");
    assert_eq!(path(important(vec![1e308, 1.0])), "importance[0]");
    assert_eq!(path(BandOptions { band: Band::Relative(f64::NAN), ..BandOptions::default() }), "band");
    assert_eq!(path(BandOptions { zero_tolerance: Some(-1.0), ..BandOptions::default() }), "zeroTolerance");
    assert_eq!(path(BandOptions { weight: BandWeight::Elastic(0.0), ..zero.clone() }), "weight");
    let short = BandOptions { distance_weights: Some(vec![1.0]), ..zero.clone() };
    assert_eq!(path(short), "distanceWeights");
    let negative = BandOptions { distance_weights: Some(vec![1.0, -1.0]), ..zero.clone() };
    assert_eq!(path(negative), "distanceWeights[1]");
    let answer = pair([20.0, 0.0]).solve_bands(&zero).unwrap();
    assert_eq!(answer.targets[1].upper, 1.0);
    assert!(answer.certificate.distance_bound <= 1e-14);
}

#[test]
fn the_last_override_that_matches_wins() {
    let mut optional = BandOverride::band("nobody *", Band::Relative(1.0));
    optional.optional = true;
    let overrides = vec![
        BandOverride::band("*", Band::Relative(0.25)),
        BandOverride::weight("*", BandWeight::Hard),
        optional,
        BandOverride {
            weight: Some(BandWeight::Elastic(10.0)),
            ..BandOverride::band("f?r*", Band::Absolute(2.0))
        },
    ];
    let options = BandOptions { overrides, importance: Some(vec![7.0, 0.5]), ..BandOptions::default() };
    let answer = pair([20.0, 12.0]).solve_bands(&options).unwrap();
    let rows = &answer.targets;
    assert_eq!((rows[0].lower, rows[0].upper, rows[0].weight), (15.0, 25.0, BandWeight::Hard));
    assert_eq!((rows[1].lower, rows[1].upper, rows[1].weight), (10.0, 14.0, BandWeight::Elastic(5.0)));
    assert_eq!(answer.status, Status::Converged);
}

#[test]
fn importance_scales_the_weight() {
    let problem = pair([30.0, 10.0]);
    let solve = |weight: f64, importance: [f64; 2]| {
        let options = BandOptions {
            band: Band::Relative(0.0),
            weight: BandWeight::Elastic(weight),
            importance: Some(importance.to_vec()),
            ..BandOptions::default()
        };
        problem.solve_bands(&options).unwrap()
    };
    let doubled = solve(4.0, [1.0, 2.0]);
    assert_eq!(doubled.digest, solve(8.0, [0.5, 1.0]).digest);
    assert!(doubled.targets[1].outside < solve(4.0, [1.0, 1.0]).targets[1].outside);
}

#[test]
fn an_answer_is_certified_from_the_data_alone() {
    let problem = national(3_000, 40);
    let overrides = vec![BandOverride::weight("*1*", BandWeight::Hard)];
    let cases = [
        (0.005, BandWeight::Elastic(1e6), vec![]),
        (0.005, BandWeight::Elastic(1e12), vec![]),
        (0.1, BandWeight::Hard, vec![]),
        (0.1, BandWeight::Elastic(1e3), overrides),
    ];
    for (case, (tolerance, weight, overrides)) in cases.into_iter().enumerate() {
        let options =
            BandOptions { band: Band::Relative(tolerance), weight, overrides, ..BandOptions::default() };
        let answer = problem.solve_bands(&options).unwrap();
        assert_eq!(answer.status, Status::Converged, "case {case}: {:?}", answer.attempts);
        let certify = |multipliers: &[f64], dual: Option<&[f64]>| {
            let point = |high| DualPoint { high: ArrayView1::from(high), low: Some(answer.dual_low.view()) };
            problem.certify_bands(ArrayView1::from(multipliers), dual.map(point), &options).unwrap()
        };
        let (multipliers, dual) = (answer.multipliers.to_vec(), answer.dual.to_vec());
        let same = certify(&multipliers, Some(&dual));
        assert!(same.is_certified);
        assert_eq!(same.certificate, answer.certificate, "case {case}");
        assert_eq!(same.targets, answer.targets);
        assert_eq!(same.digest, answer.digest);
        let largest = same.distance_bounds.iter().copied().fold(0.0, f64::max);
        assert_eq!(largest, same.certificate.distance_bound);

        // A moved multiplier, one outside its bounds, another dual point, none at all.
        let mut moved = multipliers.clone();
        moved[7] += 1e-6;
        let tampered = certify(&moved, Some(&dual));
        assert!(!tampered.is_certified && tampered.distance_bounds[7] >= 1e-6 * (1.0 - 1e-9));
        assert_ne!(tampered.digest, answer.digest);
        let mut outside = multipliers.clone();
        outside[0] = 11.0;
        assert!(!certify(&outside, Some(&dual)).is_certified);
        let busiest = (0..dual.len()).max_by(|&a, &b| dual[a].abs().total_cmp(&dual[b].abs())).unwrap();
        let mut other = dual.clone();
        other[busiest] *= 1.0 + 1e-3;
        assert!(!certify(&multipliers, Some(&other)).is_certified, "case {case}");
        assert!(!certify(&vec![1.0; multipliers.len()], None).is_certified, "case {case}");
    }
}

#[test]
fn a_proof_of_infeasibility_is_checked_from_the_data_alone() {
    let problem = pair([20.0, 30.0]);
    let hard = BandOptions { weight: BandWeight::Hard, ..BandOptions::default() };
    let proof = problem.solve_bands(&hard).unwrap().infeasibility.unwrap();
    let check = |direction: &[f64], options: &BandOptions| {
        problem.certify_band_infeasibility(ArrayView1::from(direction), options)
    };
    let direction = proof.direction.to_vec();
    assert_eq!(check(&direction, &hard).unwrap(), proof.margin);
    assert!(check(&direction.iter().map(|v| -v).collect::<Vec<_>>(), &hard).unwrap() < 0.0);
    assert!(check(&[1.0, 0.0], &hard).unwrap() < 0.0);
    let wider = BandOptions { band: Band::Relative(0.5), ..hard.clone() };
    assert!(check(&direction, &wider).unwrap() < 0.0);
    assert_eq!(check(&direction[..1], &hard).unwrap_err().path, "direction");
    let elastic =
        BandOptions { overrides: vec![BandOverride::weight("first", BandWeight::Elastic(1.0))], ..hard };
    assert_eq!(check(&direction, &elastic).unwrap_err().path, "direction[1]");
    assert_eq!(check(&[f64::NAN, 0.0], &elastic).unwrap_err().path, "direction[0]");
    let multipliers = ArrayView1::from(&[1.0, 1.0]);
    let certify = |dual: &[f64]| {
        let point = DualPoint { high: ArrayView1::from(dual), low: None };
        problem.certify_bands(multipliers, Some(point), &elastic).unwrap_err().path
    };
    assert_eq!(certify(&[1.0]), "dual");
    assert_eq!(certify(&[1.0, f64::INFINITY]), "dual[1]");
    let short = problem.certify_bands(ArrayView1::from(&[1.0]), None, &elastic);
    assert_eq!(short.unwrap_err().path, "multipliers");
}

fn national(records: usize, targets: usize) -> ReweightProblem {
    let population = NationalPopulation::generate(records, targets, 1).unwrap();
    let targets = population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect();
    let weights = ArrayView1::from(&population.weight);
    ReweightProblem::builder(population.matrix.clone(), weights, targets).build().unwrap()
}

#[test]
fn the_stress_list_is_settled_with_the_same_bits_for_any_number_of_threads() {
    let mut problem = national(9_000, 92);
    let spread: Vec<f64> = (0..9_000).map(|i| libm::exp(4.0 * libm::sin(f64::from(i) * 1.7))).collect();
    let cases = [
        (0.005, (0.1, 10.0), BandWeight::Elastic(1e6), false),
        (0.001, (0.5, 2.0), BandWeight::Elastic(1e6), false),
        (0.005, (0.9, 1.1), BandWeight::Elastic(1e6), false),
        (0.0, (0.1, 10.0), BandWeight::Elastic(1e6), true),
        (0.005, (0.1, 10.0), BandWeight::Elastic(1e9), true),
        (0.005, (0.1, 10.0), BandWeight::Elastic(1e12), false),
        (0.3, (0.1, 10.0), BandWeight::Hard, true),
    ];
    for (case, (tolerance, (lower, upper), weight, spread_weights)) in cases.into_iter().enumerate() {
        problem.set_bounds(Bounds::Uniform { lower, upper }).unwrap();
        let solve = |threads: usize| {
            let options = BandOptions {
                band: Band::Relative(tolerance),
                weight,
                distance_weights: spread_weights.then(|| spread.clone()),
                method: BandMethod::ProximalNewton,
                threads,
                ..BandOptions::default()
            };
            problem.solve_bands(&options).unwrap()
        };
        let one = solve(1);
        assert_eq!(one.status, Status::Converged, "case {case}: {:?}", one.attempts);
        assert!(one.certificate.distance_bound <= 1e-14, "case {case}: {:e}", one.certificate.distance_bound);
        assert!(one.certificate.relative_gap <= 1e-12, "case {case}: {:e}", one.certificate.relative_gap);
        for threads in [2, 4, 8] {
            assert_eq!(solve(threads).digest, one.digest, "case {case}, {threads} threads");
        }
    }
}

/// The stress list at the size of the national problem: none may be left without a distance bound of 1e-9 and a relative gap of
/// 1e-12.
#[test]
#[ignore = "takes a minute"]
fn the_stress_list_is_settled_at_full_size() {
    const RECORDS: usize = 225_256;
    let mut problem = national(RECORDS, 634);
    // Log-normal with σ = 2.
    let spread: Vec<f64> = (0..RECORDS).map(|i| libm::exp(2.0 * normal(i))).collect();
    let elastic = BandWeight::Elastic;
    let cases = [
        (0.005, (0.1, 10.0), elastic(1e6), false),
        (0.25, (0.1, 10.0), elastic(1e6), false),
        (0.001, (0.5, 2.0), elastic(1e6), false),
        (0.005, (0.9, 1.1), elastic(1e6), false),
        (0.0, (0.1, 10.0), elastic(1e6), false),
        (0.005, (0.1, 10.0), elastic(1e6), true),
        (0.005, (0.1, 10.0), elastic(1e8), false),
        (0.005, (0.1, 10.0), elastic(1e9), true),
        (0.005, (0.1, 10.0), elastic(1e12), false),
        (0.005, (0.1, 10.0), BandWeight::Hard, false),
        (0.005, (0.1, 10.0), BandWeight::Hard, true),
        (0.3, (0.1, 10.0), BandWeight::Hard, false),
        (0.3, (0.1, 10.0), BandWeight::Hard, true),
    ];
    for (case, (tolerance, (lower, upper), weight, with_spread)) in cases.into_iter().enumerate() {
        problem.set_bounds(Bounds::Uniform { lower, upper }).unwrap();
        let options = BandOptions {
            band: Band::Relative(tolerance),
            weight,
            distance_weights: with_spread.then(|| spread.clone()),
            method: BandMethod::ProximalNewton,
            ..BandOptions::default()
        };
        let answer = problem.solve_bands(&options).unwrap();
        let certificate = &answer.certificate;
        writeln!(
            std::io::stderr(),
            "case {case}: {} in {} steps, {:.2} s, bound {:.1e}, relative gap {:.1e}",
            answer.status,
            answer.iterations,
            answer.timing.total_seconds,
            certificate.distance_bound,
            certificate.relative_gap
        )
        .unwrap();
        if answer.status == Status::Infeasible {
            let direction = &answer.infeasibility.as_ref().unwrap().direction;
            assert!(problem.certify_band_infeasibility(direction.view(), &options).unwrap() > 0.0);
            continue;
        }
        assert_eq!(answer.status, Status::Converged, "case {case}: {:?}", answer.attempts);
        assert!(certificate.distance_bound <= 1e-9 && certificate.relative_gap <= 1e-12, "case {case}");
    }
}

/// Roughly standard normal numbers: a sum of twelve that are equidistributed.
fn normal(i: usize) -> f64 {
    let fraction = |p: usize| (i as f64 * (p as f64).sqrt()).fract();
    [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37].map(fraction).iter().sum::<f64>() - 6.0
}

#[test]
fn clarabel_is_judged_by_the_same_certificate() {
    let problem = national(1_000, 20);
    for weight in [BandWeight::Elastic(1e6), BandWeight::Hard] {
        let options = BandOptions { band: Band::Relative(0.05), weight, ..BandOptions::default() };
        let ours = problem.solve_bands(&options).unwrap();
        assert_eq!(ours.method, BandMethod::ProximalNewton);
        assert_eq!(ours.status, Status::Converged);
        let theirs =
            problem.solve_bands(&BandOptions { method: BandMethod::Clarabel, ..options.clone() }).unwrap();
        let pairs = ours.multipliers.iter().zip(&theirs.multipliers);
        let apart = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart <= 1e-3, "{apart:e}");
        assert!(apart <= theirs.certificate.distance_bound + ours.certificate.distance_bound);
    }
}

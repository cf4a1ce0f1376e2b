//! Small calibration problems against exact rational arithmetic: every active set is tried. Also wrong input and limits.

use equipoise::control::{CancelFlag, Control};
use equipoise::error::InputCode;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::calibration::{CalibrationOptions, CalibrationStatus, Distance};
use equipoise::reweight::{Bounds, ReweightProblem, Target};
use equipoise_testset::property_cases;
use ndarray::ArrayView1;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use proptest::prelude::*;

type Rational = BigRational;

fn rational(x: f64) -> Rational {
    Rational::from_float(x).unwrap()
}

#[derive(Debug, Clone)]
struct Small {
    weights: Vec<f64>,
    q: Vec<f64>,
    rows: Vec<Vec<f64>>,
    totals: Vec<f64>,
    bounds: Vec<(f64, f64)>,
}

/// n records, k targets; small whole numbers, so that ties and dependent targets are common. The totals are those of some
/// multipliers within the bounds, often at them, or drawn at random and then mostly out of reach.
fn small() -> impl Strategy<Value = Small> {
    let record = (
        (1i32..5).prop_map(f64::from),
        prop::sample::select(vec![0.5, 1.0, 2.0]),
        prop::collection::vec((-1i32..4).prop_map(f64::from), 3),
        prop::sample::select(vec![(0.5, 2.0), (0.0, 3.0), (0.75, 1.25), (1.0, 1.5)]),
        prop::sample::select(vec![0.0f64, 0.5, 0.875, 1.0, 1.125, 1.5, 3.0]),
    );
    let random = prop::option::weighted(0.3, prop::collection::vec(-4i32..30, 3));
    (prop::collection::vec(record, 1..6), 1usize..4, random).prop_map(|(records, k, random)| {
        let reached = |j: usize| -> f64 {
            records.iter().map(|(w, _, a, (lower, upper), g)| w * a[j] * f64::clamp(*g, *lower, *upper)).sum()
        };
        Small {
            weights: records.iter().map(|r| r.0).collect(),
            q: records.iter().map(|r| r.1).collect(),
            rows: records.iter().map(|r| r.2[..k].to_vec()).collect(),
            totals: (0..k)
                .map(|j| random.as_ref().map_or_else(|| reached(j), |t| f64::from(t[j]) / 2.0))
                .collect(),
            bounds: records.iter().map(|r| r.3).collect(),
        }
    })
}

impl Small {
    fn problem(&self) -> ReweightProblem {
        let columns: Vec<Vec<f64>> =
            (0..self.totals.len()).map(|j| self.rows.iter().map(|r| r[j]).collect()).collect();
        let matrix =
            SparseMatrix::from_dense_columns(self.rows.len(), columns.iter().map(Vec::as_slice)).unwrap();
        let targets = (self.totals.iter().enumerate())
            .map(|(j, &t)| Target::new(format!("total {j}"), t).with_scale(1.0))
            .collect();
        let (lower, upper) = self.bounds.iter().copied().unzip();
        ReweightProblem::builder(matrix, ArrayView1::from(&self.weights), targets)
            .bounds(Bounds::PerRecord { lower, upper })
            .build()
            .unwrap()
    }

    /// The best multipliers with the records of `fixed` at their values and the others free of bounds: gᵢ = 1 + qᵢ(Aλ)ᵢ.
    fn equality_constrained(&self, fixed: &[Option<f64>]) -> Option<Vec<Rational>> {
        let (n, k) = (self.rows.len(), self.totals.len());
        let mut m = vec![vec![Rational::zero(); k + 1]; k];
        for j in 0..k {
            m[j][k] = rational(self.totals[j]);
            for i in 0..n {
                let wa = rational(self.weights[i]) * rational(self.rows[i][j]);
                m[j][k] -= &wa * rational(fixed[i].unwrap_or(1.0));
                if fixed[i].is_none() {
                    for l in 0..k {
                        m[j][l] += &wa * rational(self.q[i]) * rational(self.rows[i][l]);
                    }
                }
            }
        }
        let lambda = solve(m)?;
        let free = |i: usize| {
            let u = (0..k).fold(Rational::zero(), |s, j| s + rational(self.rows[i][j]) * &lambda[j]);
            Rational::one() + rational(self.q[i]) * u
        };
        Some((0..n).map(|i| fixed[i].map_or_else(|| free(i), rational)).collect())
    }

    fn distance(&self, g: &[Rational]) -> Rational {
        (0..g.len()).fold(Rational::zero(), |s, i| {
            let d = &g[i] - Rational::one();
            s + rational(self.weights[i]) / rational(self.q[i]) * &d * &d / Rational::from(BigInt::from(2))
        })
    }

    /// The optimum within the bounds, by trying every set of records at a bound; `None` if the totals cannot be met.
    fn truncated(&self) -> Option<Vec<Rational>> {
        let n = self.rows.len();
        let mut best: Option<(Rational, Vec<Rational>)> = None;
        for code in 0..3usize.pow(n as u32) {
            let fixed: Vec<Option<f64>> = (0..n)
                .map(|i| match code / 3usize.pow(i as u32) % 3 {
                    0 => None,
                    1 => Some(self.bounds[i].0),
                    _ => Some(self.bounds[i].1),
                })
                .collect();
            let Some(g) = self.equality_constrained(&fixed) else { continue };
            let inside =
                (0..n).all(|i| rational(self.bounds[i].0) <= g[i] && g[i] <= rational(self.bounds[i].1));
            let distance = self.distance(&g);
            if inside && best.as_ref().is_none_or(|b| distance < b.0) {
                best = Some((distance, g));
            }
        }
        best.map(|b| b.1)
    }

    fn options(&self, distance: Distance) -> CalibrationOptions {
        CalibrationOptions { q_weights: Some(self.q.clone()), ..CalibrationOptions::with_distance(distance) }
    }
}

/// One solution of the k equations in the rows of (M | r), dependent ones allowed; `None` if they contradict one another.
fn solve(mut m: Vec<Vec<Rational>>) -> Option<Vec<Rational>> {
    let k = m.len();
    let mut x = vec![Rational::zero(); k];
    let mut pivots = Vec::new();
    for column in 0..k {
        let Some(row) = (pivots.len()..k).find(|&i| !m[i][column].is_zero()) else { continue };
        let place = pivots.len();
        m.swap(place, row);
        for i in 0..k {
            if i != place {
                let f = &m[i][column] / &m[place][column];
                for j in column..=k {
                    let term = &f * &m[place][j];
                    m[i][j] -= term;
                }
            }
        }
        pivots.push(column);
    }
    if (pivots.len()..k).any(|i| !m[i][k].is_zero()) {
        return None;
    }
    for (row, &column) in pivots.iter().enumerate() {
        x[column] = &m[row][k] / &m[row][column];
    }
    Some(x)
}

fn check(small: &Small, distance: Distance, exact: Option<Vec<Rational>>) -> Result<(), TestCaseError> {
    let problem = small.problem();
    let options = small.options(distance);
    let answer = problem.calibrate(&options).unwrap();
    match exact {
        Some(exact) => {
            // Where fewer records than targets are free the totals hold only by the bounds: rarely that cannot be proven, and the
            // answer must say so, but it must still be the optimum.
            let inside = |(g, (lower, upper)): &(&Rational, &(f64, f64))| {
                rational(*lower) < **g && **g < rational(*upper)
            };
            let degenerate = exact.iter().zip(&small.bounds).filter(inside).count() < small.totals.len();
            let unproven = answer.status == CalibrationStatus::NotCertified
                && distance == Distance::TruncatedLinear
                && degenerate;
            if !unproven {
                prop_assert_eq!(answer.status, CalibrationStatus::Converged, "{:?}", answer.certificate);
            }
            for (ours, exact) in answer.multipliers.iter().zip(&exact) {
                let error = (rational(*ours) - exact).abs().to_f64().unwrap();
                prop_assert!(
                    error <= answer.certificate.distance_bound,
                    "{error:e} {:?}",
                    answer.certificate
                );
                prop_assert!(error <= if unproven { 1e-9 } else { 1e-15 * ours.abs().max(1.0) }, "{error:e}");
            }
            let objective = small.distance(&exact).to_f64().unwrap();
            let off = (answer.certificate.objective - objective).abs();
            prop_assert!(off <= if unproven { 1e-8 } else { 1e-13 } * objective.max(1.0), "{off:e}");
        }
        None => {
            prop_assert_eq!(answer.status, CalibrationStatus::Infeasible, "{:?}", answer.certificate);
            let proof = answer.infeasibility.unwrap();
            let again = problem.check_infeasibility(ArrayView1::from(&proof.combination), &options).unwrap();
            prop_assert_eq!(again, Some(proof));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: property_cases(400), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn linear_is_the_exact_projection(small in small()) {
        let exact = small.equality_constrained(&vec![None; small.rows.len()]);
        check(&small, Distance::Linear, exact)?;
    }

    #[test]
    fn truncated_linear_is_the_best_of_all_active_sets(small in small()) {
        let exact = small.truncated();
        check(&small, Distance::TruncatedLinear, exact)?;
    }
}

fn four() -> Small {
    Small {
        weights: vec![10.0, 20.0, 30.0, 40.0],
        q: vec![1.0; 4],
        rows: vec![vec![1.0, 0.0], vec![1.0, 2.0], vec![1.0, 1.0], vec![1.0, 0.0]],
        totals: vec![110.0, 80.0],
        bounds: vec![(0.5, 2.0); 4],
    }
}

#[test]
fn wrong_input_names_its_place() {
    let problem = four().problem();
    let error = |options: CalibrationOptions| {
        let error = problem.calibrate(&options).unwrap_err();
        (error.code, error.path)
    };
    let defaults = CalibrationOptions::default;
    use InputCode::{Dimension, NotFinite, OutOfRange};
    let cases = [
        (CalibrationOptions { q_weights: Some(vec![1.0; 3]), ..defaults() }, Dimension, "qWeights"),
        (
            CalibrationOptions { q_weights: Some(vec![1.0, 0.0, 1.0, 1.0]), ..defaults() },
            OutOfRange,
            "qWeights[1]",
        ),
        (
            CalibrationOptions { q_weights: Some(vec![1.0, 1.0, f64::NAN, 1.0]), ..defaults() },
            NotFinite,
            "qWeights[2]",
        ),
        (CalibrationOptions { clusters: Some(vec![0; 5]), ..defaults() }, Dimension, "clusters"),
        (
            CalibrationOptions { clusters: Some(vec![3, 1, 2, 3]), ..defaults() },
            OutOfRange,
            "designWeights[3]",
        ),
        (CalibrationOptions { costs: Some(vec![1.0]), ..defaults() }, Dimension, "costs"),
        (CalibrationOptions { costs: Some(vec![1.0, -1.0]), ..defaults() }, OutOfRange, "costs[1]"),
        (CalibrationOptions { tolerance: 0.0, ..defaults() }, OutOfRange, "tolerance"),
        (CalibrationOptions { max_iterations: 0, ..defaults() }, OutOfRange, "maxIterations"),
        (
            CalibrationOptions { time_limit_seconds: Some(f64::INFINITY), ..defaults() },
            NotFinite,
            "timeLimitSeconds",
        ),
        (CalibrationOptions { threads: 5000, ..defaults() }, OutOfRange, "threads"),
        (
            CalibrationOptions::with_distance(Distance::HyperbolicSine { alpha: -1.0 }),
            OutOfRange,
            "distance.alpha",
        ),
    ];
    for (options, code, path) in cases {
        assert_eq!(error(options), (code, path.to_string()));
    }
    for (bounds, path) in [((1.0, 2.0), "bounds.lower[2]"), ((0.5, 1.0), "bounds.upper[2]")] {
        let mut small = four();
        small.bounds[2] = bounds;
        let error =
            small.problem().calibrate(&CalibrationOptions::with_distance(Distance::Logit)).unwrap_err();
        assert_eq!((error.code, error.path.as_str()), (OutOfRange, path));
    }
    let mut small = four();
    small.weights[1] = 10.0;
    small.bounds[1] = (0.4, 2.0);
    let clustered = CalibrationOptions {
        clusters: Some(vec![0, 0, 1, 2]),
        ..CalibrationOptions::with_distance(Distance::TruncatedLinear)
    };
    assert_eq!(small.problem().calibrate(&clustered).unwrap_err().path, "bounds.lower[1]");
    assert!("chi-square".parse::<Distance>().is_err());
    assert_eq!("sinh".parse::<Distance>().unwrap(), Distance::HyperbolicSine { alpha: 1.0 });
}

#[test]
fn limits_end_with_an_honest_status() {
    let problem = four().problem();
    let one = CalibrationOptions { max_iterations: 1, ..CalibrationOptions::with_distance(Distance::Logit) };
    let answer = problem.calibrate(&one).unwrap();
    assert_eq!(answer.status, CalibrationStatus::IterationLimit, "{:?}", answer.certificate);
    assert!(answer.certificate.constraint_residual > 1e-9 && answer.infeasibility.is_none());

    let flag = CancelFlag::default();
    flag.cancel();
    let mut control = Control::default().with_cancel(flag);
    let options = CalibrationOptions::with_distance(Distance::Raking);
    let answer = problem.calibrate_with(&options, &mut control).unwrap();
    assert_eq!(answer.status, CalibrationStatus::Cancelled);
    assert!(answer.multipliers.iter().all(|&g| g == 1.0));
}

#[test]
fn impossible_and_unreached_totals() {
    // A target that no record counts for, with a total of 5.
    let mut small = four();
    small.rows.iter_mut().for_each(|r| r.push(0.0));
    small.totals.push(5.0);
    for distance in [Distance::Linear, Distance::Raking, Distance::Logit] {
        let answer = small.problem().calibrate(&small.options(distance)).unwrap();
        assert_eq!(answer.status, CalibrationStatus::Infeasible, "{distance:?}");
        assert_eq!(answer.infeasibility.unwrap().targets, [2], "{distance:?}");
        assert!(answer.targets[2].impossible && !answer.targets[2].dependent);
    }
    // With a total of 0 it holds whatever the weights.
    small.totals[2] = 0.0;
    let answer = small.problem().calibrate(&small.options(Distance::Raking)).unwrap();
    assert_eq!(answer.status, CalibrationStatus::Converged, "{:?}", answer.certificate);
    // Positive weights never sum to 0: the least total is not reached.
    let mut small = four();
    small.totals[1] = 0.0;
    let answer = small.problem().calibrate(&small.options(Distance::Raking)).unwrap();
    assert_eq!(answer.status, CalibrationStatus::Infeasible);
    let proof = answer.infeasibility.unwrap();
    assert_eq!((proof.targets, proof.gap), (vec![1], 0.0));
}

#[test]
fn totals_next_to_what_the_bounds_allow() {
    // One record with bounds [0.5, 2]: the multiplier is the total, however near the bound it is.
    for below in [0.0, 1e-3, 1e-8, 1e-10, 1e-12, 1e-14] {
        let small = Small {
            weights: vec![1.0],
            q: vec![1.0],
            rows: vec![vec![1.0]],
            totals: vec![2.0 - below],
            bounds: vec![(0.5, 2.0)],
        };
        let answer = small.problem().calibrate(&small.options(Distance::TruncatedLinear)).unwrap();
        assert_eq!(answer.status, CalibrationStatus::Converged, "{below:e}: {:?}", answer.certificate);
        assert_eq!(answer.multipliers[0], 2.0 - below);
        // One ulp above the bound there is nothing.
        let small = Small { totals: vec![2.0f64.next_up()], ..small };
        let answer = small.problem().calibrate(&small.options(Distance::TruncatedLinear)).unwrap();
        assert_ne!(answer.status, CalibrationStatus::Converged, "{:?}", answer.certificate);
    }
}

#[test]
fn sinh_comes_to_multipliers_far_from_one() {
    // One record: its multiplier is total/8 and v = sinh(α(g − 1/g))/(2α), up to 1e15.
    for (alpha, totals) in [(0.5, [0.2, 1.0, 160.0]), (1.0, [0.3, 1.0, 160.0]), (3.0, [1.0, 2.0, 60.0])] {
        for total in totals {
            let matrix = SparseMatrix::from_dense_columns(1, [&[1.0][..]]).unwrap();
            let targets = vec![Target::new("total", total)];
            let problem =
                ReweightProblem::builder(matrix, ArrayView1::from(&[8.0]), targets).build().unwrap();
            let options = CalibrationOptions::with_distance(Distance::HyperbolicSine { alpha });
            let answer = problem.calibrate(&options).unwrap();
            assert_eq!(answer.status, CalibrationStatus::Converged, "α {alpha}, {total}: {answer:?}");
            assert_eq!(answer.multipliers[0], total / 8.0);
        }
    }
}

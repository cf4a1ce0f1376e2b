//! Bands by priority against the exact least violations of small problems.

use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::bands::{Band, BandMethod, BandOptions, PriorityReweighting};
use equipoise::reweight::{Bounds, ReweightProblem, Target};
use equipoise::status::Status;
use equipoise_testset::property_cases;
use ndarray::ArrayView1;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use proptest::prelude::*;

use crate::oracle::exact;

const N: usize = 4;
const K: usize = 2;

#[derive(Debug, Clone)]
struct Small {
    weights: Vec<f64>,
    matrix: Vec<Vec<f64>>,
    totals: Vec<f64>,
    tolerance: f64,
    lower: f64,
    upper: f64,
}

/// An interval.
type Range = (BigRational, BigRational);

impl Small {
    fn problem(&self) -> ReweightProblem {
        let columns: Vec<Vec<f64>> = (0..K).map(|j| self.matrix.iter().map(|row| row[j]).collect()).collect();
        let matrix = SparseMatrix::from_dense_columns(N, columns.iter().map(Vec::as_slice)).unwrap();
        let targets = (0..K).map(|j| Target::new(format!("t{j}"), self.totals[j])).collect();
        let bounds = Bounds::Uniform { lower: self.lower, upper: self.upper };
        ReweightProblem::builder(matrix, ArrayView1::from(&self.weights), targets)
            .bounds(bounds)
            .build()
            .unwrap()
    }

    fn options(&self) -> BandOptions {
        let method = BandMethod::ProximalNewton;
        BandOptions { band: Band::Relative(self.tolerance), method, threads: 1, ..BandOptions::default() }
    }

    fn entry(&self, i: usize, j: usize) -> BigRational {
        exact(self.weights[i]) * exact(self.matrix[i][j]) / exact(self.totals[j]).abs()
    }

    fn band(&self, j: usize) -> Range {
        let sign = exact(self.totals[j]).signum();
        (sign.clone() - exact(self.tolerance), sign + exact(self.tolerance))
    }

    fn reached(&self, x: &[BigRational], j: usize) -> BigRational {
        (0..N).fold(BigRational::zero(), |sum, i| sum + self.entry(i, j) * x[i].clone())
    }

    /// The range of (Bᵀm)ⱼ over the bounds and, if given, with another total in its range: extremes are at points where at most one
    /// record is between its bounds.
    fn range(&self, j: usize, given: Option<(usize, &Range)>) -> Range {
        let mut values: Vec<BigRational> = Vec::new();
        for code in 0..2usize.pow(N as u32) {
            let corner: Vec<BigRational> =
                (0..N).map(|i| exact(if (code >> i) & 1 == 0 { self.lower } else { self.upper })).collect();
            let Some((other, (low, high))) = given else {
                values.push(self.reached(&corner, j));
                continue;
            };
            let there = self.reached(&corner, other);
            if *low <= there && there <= *high {
                values.push(self.reached(&corner, j));
            }
            for free in (0..N).filter(|&i| !self.entry(i, other).is_zero()) {
                for edge in [low, high] {
                    let mut x = corner.clone();
                    x[free] += (edge - there.clone()) / self.entry(free, other);
                    if x[free] >= exact(self.lower) && x[free] <= exact(self.upper) {
                        values.push(self.reached(&x, j));
                    }
                }
            }
        }
        (values.iter().min().unwrap().clone(), values.iter().max().unwrap().clone())
    }
}

/// How far a range stays below (negative) or above (positive) a band.
fn distance(range: &Range, band: &Range) -> BigRational {
    if range.1 < band.0 {
        &range.1 - &band.0
    } else if range.0 > band.1 {
        &range.0 - &band.1
    } else {
        BigRational::zero()
    }
}

fn small() -> impl Strategy<Value = Small> {
    (
        prop::collection::vec(1.0f64..50.0, N),
        prop::collection::vec(prop::collection::vec(-1i32..4, K), N),
        prop::collection::vec(prop_oneof![20.0f64..300.0, -100.0f64..-10.0], K),
        prop_oneof![Just(0.0), Just(0.005), Just(0.25)],
        prop_oneof![Just((0.1, 10.0)), Just((0.5, 1.5))],
    )
        .prop_map(|(weights, matrix, totals, tolerance, (lower, upper))| Small {
            weights,
            matrix: matrix.into_iter().map(|row| row.into_iter().map(f64::from).collect()).collect(),
            totals,
            tolerance,
            lower,
            upper,
        })
}

/// The proven bound holds for every given point, and the violation is proven least.
fn check_rank(case: &Small, answer: &PriorityReweighting, rank: usize) -> Result<(), TestCaseError> {
    let result = &answer.ranks[rank];
    prop_assert!(result.is_proven, "{result:?}");
    prop_assert!(result.violation_bound <= result.violation * (1.0 + 1e-12), "{result:?}");
    prop_assert_eq!(answer.answer.status, Status::Converged, "{:?} {:?}", answer.answer.attempts, case);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: property_cases(60), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_rank_is_met_as_far_as_the_earlier_ones_allow(case in small(), reversed in any::<bool>()) {
        let (first, second) = if reversed { (1, 0) } else { (0, 1) };
        let mut ranks = [0; K];
        ranks[first] = 3;
        ranks[second] = 8;
        let answer = case.problem().solve_bands_by_priority(&case.options(), &ranks).unwrap();
        prop_assert_eq!(answer.ranks.iter().map(|r| r.rank).collect::<Vec<_>>(), [3, 8]);
        for rank in 0..2 {
            check_rank(&case, &answer, rank)?;
        }
        let missed = distance(&case.range(first, None), &case.band(first));
        let (low, high) = case.band(first);
        let zero = BigRational::zero();
        let achieved = (low + missed.clone().min(zero.clone()), high + missed.clone().max(zero));
        let next = distance(&case.range(second, Some((first, &achieved))), &case.band(second));
        for (result, want) in answer.ranks.iter().zip([missed, next]) {
            let want = want.abs().to_f64().unwrap();
            // The slack of an achieved band leaves the ranks after it a little more room.
            prop_assert!((result.violation.sqrt() - want).abs() <= 1e-6, "{result:?} against {want}");
            prop_assert!(result.violation_bound.sqrt() <= want * (1.0 + 1e-9));
        }
        for (j, rank) in [(first, 0), (second, 1)] {
            let outside = answer.outside[j] / case.totals[j].abs();
            prop_assert!(outside <= answer.ranks[rank].violation.sqrt() + 1e-8);
        }
    }

    #[test]
    fn no_point_does_better_than_the_bound_of_one_rank(
        case in small(),
        points in prop::collection::vec(prop::collection::vec(0.0f64..1.0, N), 40),
    ) {
        let importance = vec![1.0, 4.0];
        let options = BandOptions { importance: Some(importance.clone()), ..case.options() };
        let answer = case.problem().solve_bands_by_priority(&options, &[0, 0]).unwrap();
        check_rank(&case, &answer, 0)?;
        for point in points {
            let x: Vec<BigRational> =
                point.iter().map(|p| exact(case.lower + p * (case.upper - case.lower))).collect();
            let violation: f64 = (0..K)
                .map(|j| {
                    let at = case.reached(&x, j);
                    importance[j] * distance(&(at.clone(), at), &case.band(j)).to_f64().unwrap().powi(2)
                })
                .sum();
            prop_assert!(answer.ranks[0].violation_bound <= violation * (1.0 + 1e-12));
        }
    }
}

#[test]
fn ranks_of_another_length_are_an_error() {
    let case = Small {
        weights: vec![1.0; N],
        matrix: vec![vec![1.0; K]; N],
        totals: vec![4.0; K],
        tolerance: 0.1,
        lower: 0.5,
        upper: 2.0,
    };
    let error = case.problem().solve_bands_by_priority(&case.options(), &[0]).unwrap_err();
    assert_eq!(error.path, "ranks");
}

//! Convex quadratics over a box against the minimiser found by enumerating active sets.

use crate::common::{best, projected_gradient_norm, run};
use equipoise::smooth::{Lbfgsb, SmoothStop};
use proptest::prelude::*;
use std::ops::RangeInclusive;

const INFINITY: f64 = f64::INFINITY;

/// ½xᵀAx − bᵀx.
#[derive(Debug, Clone)]
struct Quadratic {
    a: Vec<Vec<f64>>,
    b: Vec<f64>,
}

impl Quadratic {
    /// A = RRᵀ/n + diagonal, from n² + n numbers.
    fn from_entries(n: usize, entries: &[f64], diagonal: f64) -> Self {
        let row = |i: usize| &entries[i * n..(i + 1) * n];
        let entry = |i: usize, j: usize| {
            row(i).iter().zip(row(j)).map(|(x, y)| x * y).sum::<f64>() / n as f64
                + if i == j { diagonal } else { 0.0 }
        };
        let a = (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect();
        Self { a, b: entries[n * n..].to_vec() }
    }

    fn evaluate(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let n = x.len();
        let ax: Vec<f64> = self.a.iter().map(|row| row.iter().zip(x).map(|(a, x)| a * x).sum()).collect();
        let f = (0..n).map(|i| x[i] * (0.5 * ax[i] - self.b[i])).sum();
        (f, (0..n).map(|i| ax[i] - self.b[i]).collect())
    }

    /// The minimiser over the box, by trying every assignment of variables to {lower, free, upper}.
    fn enumerate(&self, lower: &[f64], upper: &[f64]) -> Vec<f64> {
        let n = self.b.len();
        for code in 0..3usize.pow(n as u32) {
            let side: Vec<usize> = (0..n).map(|i| code / 3usize.pow(i as u32) % 3).collect();
            let mut x: Vec<f64> = (0..n).map(|i| [lower[i], 0.0, upper[i]][side[i]]).collect();
            let free: Vec<usize> = (0..n).filter(|&i| side[i] == 1).collect();
            if x.iter().any(|x| x.is_infinite()) {
                continue;
            }
            let (_, g) = self.evaluate(&x);
            let step = solve_dense(
                free.iter().map(|&i| free.iter().map(|&j| self.a[i][j]).collect()).collect(),
                free.iter().map(|&i| -g[i]).collect(),
            );
            for (&i, step) in free.iter().zip(step) {
                x[i] = step;
            }
            let (_, g) = self.evaluate(&x);
            let optimal = (0..n).all(|i| {
                let inside = lower[i] - 1e-12 <= x[i] && x[i] <= upper[i] + 1e-12;
                inside && [g[i] >= -1e-12, true, g[i] <= 1e-12][side[i]]
            });
            if optimal {
                return x;
            }
        }
        panic!("a strictly convex quadratic has a minimiser over a box")
    }
}

/// Gaussian elimination with row interchanges.
fn solve_dense(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs())).unwrap();
        a.swap(k, pivot);
        b.swap(k, pivot);
        for i in k + 1..n {
            let factor = a[i][k] / a[k][k];
            for j in k..n {
                a[i][j] -= factor * a[k][j];
            }
            b[i] -= factor * b[k];
        }
    }
    for k in (0..n).rev() {
        b[k] = (b[k] - (k + 1..n).map(|j| a[k][j] * b[j]).sum::<f64>()) / a[k][k];
    }
    b
}

/// A quadratic of a dimension in the range, lower and upper bounds, and a start point.
fn quadratic_with_box(
    dimensions: RangeInclusive<usize>,
) -> impl Strategy<Value = (Quadratic, Vec<f64>, Vec<f64>, Vec<f64>)> {
    dimensions.prop_flat_map(|n| {
        let entries = prop::collection::vec(-2.0..2.0, n * n + n);
        let lower = prop::collection::vec(prop_oneof![4 => -1.5..0.5, 1 => Just(-INFINITY)], n);
        let width = prop::collection::vec(prop_oneof![4 => 0.0..1.5, 1 => Just(0.0), 1 => Just(INFINITY)], n);
        let start = prop::collection::vec(-3.0..3.0, n);
        (entries, 0.05..2.0, lower, width, start).prop_map(move |(entries, diagonal, lower, width, start)| {
            let upper = lower
                .iter()
                .zip(width)
                .map(
                    |(lower, width): (&f64, f64)| if lower.is_finite() { lower + width } else { width - 0.5 },
                )
                .collect();
            (Quadratic::from_entries(n, &entries, diagonal), lower, upper, start)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn convex_quadratics_reach_the_enumerated_minimiser((q, lower, upper, start) in quadratic_with_box(1..=5)) {
        let solver = Lbfgsb::new(lower.clone(), upper.clone()).unwrap().gradient_tolerance(1e-9);
        let result = run(|x: &[f64]| Ok(q.evaluate(x)), solver, &start).unwrap();
        prop_assert!(matches!(result.solver.stop(), SmoothStop::Stationary { .. }), "{:?}", result.solver);
        let x = best(&result);
        let norm = projected_gradient_norm(x, &q.evaluate(x).1, &lower, &upper);
        prop_assert!(norm <= 1e-9 + 1e-15, "{norm}");
        for (i, expected) in q.enumerate(&lower, &upper).into_iter().enumerate() {
            prop_assert!((x[i] - expected).abs() <= 1e-7, "{i}: {} {expected}", x[i]);
            prop_assert!(lower[i] <= x[i] && x[i] <= upper[i]);
        }
    }

    #[test]
    fn the_projected_gradient_is_within_the_tolerance((q, lower, upper, start) in quadratic_with_box(20..=60)) {
        let solver = Lbfgsb::new(lower.clone(), upper.clone()).unwrap().memory(5).gradient_tolerance(1e-9);
        let result = run(|x: &[f64]| Ok(q.evaluate(x)), solver, &start).unwrap();
        let stop = result.solver.stop();
        let SmoothStop::Stationary { norm, tolerance } = stop else {
            return Err(TestCaseError::fail(format!("{stop:?}")));
        };
        prop_assert!(norm <= tolerance);
        let x = best(&result);
        prop_assert!((projected_gradient_norm(x, &q.evaluate(x).1, &lower, &upper) - norm).abs() <= 1e-15);
    }
}

//! Multipliers that fit the gradient best at a point.

use super::evaluation::Point;
use super::row_basis::RowBasis;
use crate::numeric::sum::{axpy, dot};

/// λ (m) and z (n) in scaled units.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Multipliers {
    /// Of the constraints.
    pub rows: Vec<f64>,
    /// Of the bounds: ≥ 0 at lower, ≤ 0 at upper.
    pub bounds: Vec<f64>,
}

impl Multipliers {
    pub fn zero(n: usize, m: usize) -> Self {
        Self { rows: vec![0.0; m], bounds: vec![0.0; n] }
    }
}

/// ∇f − Jᵀλ (n).
pub(super) fn reduced_gradient(point: &Point, rows: &[f64]) -> Vec<f64> {
    let mut out = point.gradient.clone();
    for (i, &y) in rows.iter().enumerate().filter(|(_, y)| **y != 0.0) {
        axpy(-y, point.row(i), &mut out);
    }
    out
}

/// ∇f − Jᵀλ − z (n).
pub(super) fn lagrangian_gradient(point: &Point, multipliers: &Multipliers) -> Vec<f64> {
    let mut out = reduced_gradient(point, &multipliers.rows);
    out.iter_mut().zip(&multipliers.bounds).for_each(|(g, z)| *g -= z);
    out
}

/// The least-squares fit over the rows `active` (inequalities with their signs) and the variables not at a bound. Inequalities
/// whose multiplier comes out negative are taken out one by one, the worst first, and the rest is fitted again.
pub(super) fn least_squares(
    point: &Point,
    num_equalities: usize,
    mut active: Vec<usize>,
    lower: &[f64],
    upper: &[f64],
) -> Multipliers {
    let (n, m) = (point.x.len(), point.c.len());
    let free: Vec<bool> = (0..n).map(|j| point.x[j] > lower[j] && point.x[j] < upper[j]).collect();
    let mut out = Multipliers::zero(n, m);
    loop {
        let basis = RowBasis::new(active.iter().map(|&i| point.row(i)), &free);
        let y = basis.least_squares(&point.gradient, active.len());
        let force = |k: usize| y[k] * dot(point.row(active[k]), point.row(active[k])).sqrt();
        let worst = (0..active.len())
            .filter(|&k| active[k] >= num_equalities && y[k] < 0.0)
            .min_by(|&a, &b| force(a).total_cmp(&force(b)));
        match worst {
            Some(k) => {
                active.remove(k);
            }
            None => {
                active.iter().zip(y).for_each(|(&i, y)| out.rows[i] = y);
                break;
            }
        }
    }
    let rest = reduced_gradient(point, &out.rows);
    out.bounds = signed_bound_multipliers(point, &rest, lower, upper);
    out
}

/// The part of the reduced gradient that the bounds at x can carry.
pub(super) fn signed_bound_multipliers(
    point: &Point,
    rest: &[f64],
    lower: &[f64],
    upper: &[f64],
) -> Vec<f64> {
    let at = |j: usize| match (point.x[j] <= lower[j], point.x[j] >= upper[j]) {
        (true, true) => rest[j],
        (true, false) => rest[j].max(0.0),
        (false, true) => rest[j].min(0.0),
        (false, false) => 0.0,
    };
    (0..rest.len()).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_multiplier_is_taken_out_and_the_rest_fitted_again() {
        let point = Point {
            x: vec![0.0, 1.0, 2.0],
            f: 0.0,
            c: vec![0.0, 0.0],
            gradient: vec![3.0, -1.0, 5.0],
            jacobian: vec![1.0, 1.0, 0.0, 0.0, 1.0, 0.0],
        };
        let infinite = [f64::INFINITY; 3];
        let fit = least_squares(&point, 1, vec![0, 1], &[-9.0, -9.0, 2.0], &infinite);
        // By orthonormal rows: right to rounding.
        assert!((fit.rows[0] - 1.0).abs() < 1e-15 && fit.rows[1] == 0.0, "{:?}", fit.rows);
        assert_eq!(fit.bounds, [0.0, 0.0, 5.0]);
    }
}

//! First-order residuals of a convex quadratic program, from the data and the answer alone.
//!
//! For min ½xᵀPx + qᵀx over rl ≤ Ax ≤ ru, xl ≤ x ≤ xu the optimum has multipliers y (rows) and z (bounds) with
//! Px + q = Aᵀy + z, each pressing on its lower side if positive and on its upper side if negative.

use super::box_residuals::larger;
use super::linear_system::{Edge, LinearSystem, Member, Part};
use crate::numeric::dd::{Accumulator, Dd};

/// What a point and its multipliers say about optimality; all zero exactly at a solution.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct QuadraticResiduals {
    /// maxⱼ |Px + q − Aᵀy − z|ⱼ.
    pub stationarity: f64,
    /// The largest violation of a row or bound, relative to max(1, |bound|).
    pub feasibility: f64,
    /// max |multiplier|·|distance from the side it presses on|; infinite where that side is not there.
    pub complementarity: f64,
    /// ½xᵀPx + qᵀx.
    pub objective: f64,
}

impl QuadraticResiduals {
    /// Of the point `x` (n) with `row_multipliers` (m) and `bound_multipliers` (n); `hessian` is P (n × n, row-major).
    ///
    /// # Panics
    /// If a length does not match the system.
    pub fn new(
        hessian: &[f64],
        linear: &[f64],
        system: &LinearSystem,
        x: &[f64],
        row_multipliers: &[f64],
        bound_multipliers: &[f64],
    ) -> Self {
        let (m, n) = (system.num_rows(), system.num_columns());
        assert!(hessian.len() == n * n && linear.len() == n && x.len() == n);
        assert!(row_multipliers.len() == m && bound_multipliers.len() == n);
        let mut out = Self { feasibility: system.max_violation(x), ..Self::default() };
        let mut objective = Dd::ZERO;
        for (j, gradient) in gradients(hessian, linear, x).into_iter().enumerate() {
            objective = objective + (gradient + Dd::from(linear[j])).times(0.5 * x[j]);
            let mut rest = Accumulator::default();
            let (rows, values) = system.matrix.column(j);
            rows.iter()
                .zip(values)
                .for_each(|(&i, &a)| rest.add_product(a, row_multipliers[i as usize], 0.0));
            let residual = gradient - rest.value() - Dd::from(bound_multipliers[j]);
            out.stationarity = larger(out.stationarity, residual.to_f64().abs());
        }
        out.objective = objective.to_f64();
        let rows = row_multipliers.iter().enumerate().map(|(i, &y)| (Part::Row(i), y));
        let columns = bound_multipliers.iter().enumerate().map(|(j, &z)| (Part::Column(j), z));
        for (part, multiplier) in rows.chain(columns).filter(|(_, multiplier)| *multiplier != 0.0) {
            let edge = if multiplier > 0.0 { Edge::Lower } else { Edge::Upper };
            let value = match part {
                Part::Row(i) => system.row_value(i, x),
                Part::Column(j) => Dd::from(x[j]),
            };
            let distance = (value - Dd::from(system.bound(Member { part, edge }))).to_f64();
            let product = if distance.is_nan() { f64::INFINITY } else { (multiplier * distance).abs() };
            out.complementarity = larger(out.complementarity, product);
        }
        out
    }

    /// The largest of the three residuals.
    pub fn largest(&self) -> f64 {
        larger(larger(self.stationarity, self.feasibility), self.complementarity)
    }
}

/// Px + q in double-double.
pub(crate) fn gradients(hessian: &[f64], linear: &[f64], x: &[f64]) -> Vec<Dd> {
    let n = linear.len();
    (0..n)
        .map(|j| {
            let mut sum = Accumulator::default();
            hessian[j * n..(j + 1) * n].iter().zip(x).for_each(|(&p, &x)| sum.add_product(p, x, 0.0));
            sum.value() + Dd::from(linear[j])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::sparse::SparseMatrix;

    #[test]
    fn residuals_vanish_at_the_solution_and_show_faults() {
        // min ½x² + ½y² with x + y ≥ 2, y ≤ 0.5: x = 1.5, y = 0.5, multiplier 1.5 of the row, −1 of the bound.
        let matrix = SparseMatrix::from_dense_columns(1, [&[1.0][..], &[1.0]]).unwrap();
        let infinite = f64::INFINITY;
        let bounds = (vec![-infinite; 2], vec![infinite, 0.5]);
        let system = LinearSystem::new(matrix, (vec![2.0], vec![infinite]), bounds).unwrap();
        let residuals = |x: [f64; 2], y: f64, z: f64| {
            QuadraticResiduals::new(&[1.0, 0.0, 0.0, 1.0], &[0.0; 2], &system, &x, &[y], &[0.0, z])
        };
        let exact = residuals([1.5, 0.5], 1.5, -1.0);
        assert_eq!((exact.largest(), exact.objective), (0.0, 1.25));
        assert_eq!(residuals([1.5, 0.5], 1.0, -1.0).stationarity, 0.5);
        assert_eq!(residuals([1.0, 0.5], 1.5, -1.0).feasibility, 0.25);
        assert_eq!(residuals([1.5, 0.5], -1.5, -1.0).complementarity, infinite);
    }
}

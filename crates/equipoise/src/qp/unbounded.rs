//! Does a convex quadratic program fall without end? A ray that the independent checker accepts, or nothing.
//!
//! The rays d are the solutions of a linear system: Pd = 0, qᵀd ≤ −1, aᵢᵀd and dⱼ on the side of 0 that the bounds leave open.

use super::dual_active_set::QuadraticProblem;
use super::feasibility::{Feasibility, FeasibilityOptions, check_feasibility};
use crate::certificate::linear_system::LinearSystem;
use crate::certificate::ray::{RayCheck, check_ray};
use crate::numeric::sparse::SparseMatrix;
use crate::numeric::sum::max_abs;

/// Entries of a ray below this part of the largest are taken for 0 if it is then one still.
const NOISE: f64 = 1e-9;

/// A direction along which the objective falls without end from any feasible point.
#[derive(Debug, Clone, PartialEq)]
pub struct Ray {
    /// The direction (n), max|d| = 1.
    pub direction: Vec<f64>,
    /// What the checker says of it.
    pub check: RayCheck,
}

impl QuadraticProblem {
    /// A ray of the problem, if there is one; together with a feasible point it proves that the problem has no optimum.
    pub fn find_ray(&self, tolerance: f64) -> Option<Ray> {
        let cone = self.recession_system()?;
        let options = FeasibilityOptions { tolerance, ..FeasibilityOptions::default() };
        let Feasibility::Feasible { mut point, .. } = check_feasibility(&cone, &options) else { return None };
        let largest = max_abs(&point);
        point.iter_mut().for_each(|d| *d /= largest);
        let clean = point.iter().map(|d| if d.abs() <= NOISE { 0.0 } else { *d }).collect();
        [clean, point].into_iter().find_map(|direction: Vec<f64>| {
            let check = check_ray(self.hessian(), self.linear(), self.constraints(), &direction, tolerance);
            check.proven.then_some(Ray { direction, check })
        })
    }

    /// Rows P, then A, then qᵀ; `None` if that is too large for the indices.
    fn recession_system(&self) -> Option<LinearSystem> {
        let system = self.constraints();
        let (m, n) = (system.num_rows(), system.num_columns());
        let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let mut add = |row: usize, column: usize, value: f64| {
            rows.push(row as u32);
            columns.push(column as u32);
            values.push(value);
        };
        for (e, &p) in self.hessian().iter().enumerate().filter(|(_, p)| **p != 0.0) {
            add(e / n, e % n, p);
        }
        for i in 0..m {
            let (indices, entries) = system.matrix.row(i);
            indices.iter().zip(entries).for_each(|(&j, &a)| add(n + i, j as usize, a));
        }
        let largest = max_abs(self.linear());
        for (j, &q) in self.linear().iter().enumerate().filter(|(_, q)| **q != 0.0) {
            add(n + m, j, q / largest);
        }
        let open = |bound: f64| if bound.is_finite() { 0.0 } else { bound };
        let side = |bounds: &[f64]| bounds.iter().map(|&b| open(b)).collect::<Vec<f64>>();
        let flat = vec![0.0; n];
        let lower = [&flat[..], &side(&system.row_lower), &[f64::NEG_INFINITY]].concat();
        let upper = [&flat[..], &side(&system.row_upper), &[-1.0]].concat();
        let matrix = SparseMatrix::from_triples(n + m + 1, n, &rows, &columns, &values).ok()?;
        LinearSystem::new(matrix, (lower, upper), (side(&system.lower), side(&system.upper))).ok()
    }
}

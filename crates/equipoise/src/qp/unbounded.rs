//! Does a convex quadratic program fall without end? A ray that the independent checker accepts, or nothing.
//!
//! The rays d are the solutions of a linear system: Pd = 0, qᵀd ≤ −1, aᵢᵀd and dⱼ on the side of 0 that the bounds leave open.

use super::feasibility::{Feasibility, FeasibilityOptions, check_feasibility};
use crate::certificate::linear_system::LinearSystem;
use crate::certificate::quadratic::QuadraticProgram;
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

/// A ray of the program, if there is one; together with a feasible point it proves that there is no optimum.
pub fn find_ray(program: &QuadraticProgram, tolerance: f64) -> Option<Ray> {
    let cone = recession_system(program)?;
    let options = FeasibilityOptions { tolerance, ..FeasibilityOptions::default() };
    let Feasibility::Feasible { mut point, .. } = check_feasibility(&cone, &options) else { return None };
    let largest = max_abs(&point);
    point.iter_mut().for_each(|d| *d /= largest);
    let clean = point.iter().map(|d| if d.abs() <= NOISE { 0.0 } else { *d }).collect();
    [clean, point].into_iter().find_map(|direction: Vec<f64>| {
        let check = check_ray(program, &direction, tolerance);
        check.proven.then_some(Ray { direction, check })
    })
}

/// Rows P, then A, then qᵀ; `None` if that is too large for the indices.
fn recession_system(program: &QuadraticProgram) -> Option<LinearSystem> {
    let (m, n) = (program.num_rows(), program.num_columns());
    let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let mut add = |row: usize, column: usize, value: f64| {
        if value != 0.0 {
            rows.push(row as u32);
            columns.push(column as u32);
            values.push(value);
        }
    };
    for i in 0..n {
        program.hessian.row(i).entries().for_each(|(j, p)| add(i, j, p));
    }
    for i in 0..m {
        program.matrix.row(i).entries().for_each(|(j, a)| add(n + i, j, a));
    }
    let largest = max_abs(&program.linear);
    program.linear.iter().enumerate().for_each(|(j, &q)| add(n + m, j, q / largest));
    let open = |bound: f64| if bound.is_finite() { 0.0 } else { bound };
    let side = |bounds: &[f64]| bounds.iter().map(|&b| open(b)).collect::<Vec<f64>>();
    let flat = vec![0.0; n];
    let lower = [&flat[..], &side(&program.row_lower), &[f64::NEG_INFINITY]].concat();
    let upper = [&flat[..], &side(&program.row_upper), &[-1.0]].concat();
    let matrix = SparseMatrix::from_triples(n + m + 1, n, &rows, &columns, &values).ok()?;
    LinearSystem::new(matrix, (lower, upper), (side(&program.lower), side(&program.upper))).ok()
}

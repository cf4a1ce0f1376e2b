//! The exact Hessian of the Lagrangian as a dense matrix, made positive definite without changing the step where possible.
//!
//! On the null space of the active constraints the matrix must be positive definite for the step to be a minimum. Adding σAᵀA for
//! the rows A of the working set leaves that null space alone, and with the gradient changed by σAᵀc it leaves step and
//! multipliers alone as well. Only what is still not positive definite is shifted: τI.

use crate::numeric::cholesky::Cholesky;
use crate::numeric::parallel::Workers;
use crate::numeric::sum::{dot, max_abs};
use crate::numeric::symmetric_eigen::SymmetricEigen;

/// Smallest eigenvalue accepted, relative to the largest entry.
const FLOOR: f64 = 1e-8;
/// The same for an estimate of the Hessian: with less curvature it promises long steps that it cannot know.
const ESTIMATE_FLOOR: f64 = 1e-3;

/// H + σAᵀA + τI.
#[derive(Debug, Clone, Default)]
pub(in crate::sqp) struct ExactHessian {
    /// The matrix (n × n, row-major).
    pub matrix: Vec<f64>,
    /// σ.
    pub augmentation: f64,
    /// τ.
    pub shift: f64,
    /// The most negative eigenvalue met on the working set's null space, as far as the augmentation shows it; 0 if none.
    pub negative_curvature: f64,
}

impl ExactHessian {
    /// From H (n × n) and the rows of the working set (n each).
    pub fn new(hessian: Vec<f64>, rows: &[&[f64]], n: usize) -> Self {
        let size = max_abs(&hessian).max(f64::MIN_POSITIVE);
        let mut out = Self { matrix: hessian, ..Self::default() };
        if is_positive_definite(&out.matrix, n, FLOOR * size) {
            return out;
        }
        out.augmentation = add_rows(&mut out.matrix, rows, n, size);
        if let Some(eigen) = SymmetricEigen::new(&out.matrix, n) {
            let least = eigen.values[0];
            let floor = 1e-6 * size;
            if least < floor {
                out.negative_curvature = least.min(0.0);
                out.lift(&eigen, floor, n);
            }
        }
        out
    }

    /// Replaces each eigenvalue below the floor by its size, at least the floor.
    fn lift(&mut self, eigen: &SymmetricEigen, floor: f64, n: usize) {
        for (k, &value) in eigen.values.iter().enumerate().filter(|(_, v)| **v < floor) {
            let lifted = value.abs().max(floor);
            self.shift = self.shift.max(lifted - value);
            let v = eigen.vector(k);
            for i in 0..n {
                let weight = (lifted - value) * v[i];
                (0..n).for_each(|j| self.matrix[i * n + j] += weight * v[j]);
            }
        }
        symmetrise(&mut self.matrix, n);
    }
}

/// Adds σAᵀA, and returns σ: ten times what covers the matrix; long rows need less.
fn add_rows(matrix: &mut [f64], rows: &[&[f64]], n: usize, size: f64) -> f64 {
    let longest = rows.iter().map(|row| dot(row, row)).fold(0.0, f64::max);
    if !(longest > 0.0 && longest.is_finite()) {
        return 0.0;
    }
    let augmentation = 10.0 * size / longest;
    for row in rows {
        for i in (0..n).filter(|&i| row[i] != 0.0) {
            let weight = augmentation * row[i];
            (0..n).for_each(|j| matrix[i * n + j] += weight * row[j]);
        }
    }
    symmetrise(matrix, n);
    augmentation
}

/// H, or H + σAᵀA with σ, if that is positive definite.
pub(super) fn with_rows(hessian: &[f64], rows: &[&[f64]], n: usize) -> Option<(Vec<f64>, f64)> {
    let floor = ESTIMATE_FLOOR * max_abs(hessian);
    let mut matrix = hessian.to_vec();
    if is_positive_definite(&matrix, n, floor) {
        return Some((matrix, 0.0));
    }
    let augmentation = add_rows(&mut matrix, rows, n, max_abs(hessian));
    (augmentation > 0.0 && is_positive_definite(&matrix, n, floor)).then_some((matrix, augmentation))
}

/// Copies the lower triangle to the upper.
fn symmetrise(matrix: &mut [f64], n: usize) {
    for i in 0..n {
        for j in 0..i {
            matrix[j * n + i] = matrix[i * n + j];
        }
    }
}

/// Whether H − floor·I has a Cholesky factor.
fn is_positive_definite(h: &[f64], n: usize, floor: f64) -> bool {
    let entry = |i: usize, j: usize| h[i * n + j] - if i == j { floor } else { 0.0 };
    Cholesky::new(n).factor(entry, &Workers::inline()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_covers_the_negative_direction_needs_no_shift() {
        let model = ExactHessian::new(vec![1.0, 0.0, 0.0, -3.0], &[&[0.0, 2.0]], 2);
        assert_eq!((model.shift, model.negative_curvature), (0.0, 0.0));
        assert!(model.augmentation > 0.0 && model.matrix[3] > 0.0 && model.matrix[0] == 1.0);
    }

    #[test]
    fn free_negative_curvature_is_reflected() {
        let model = ExactHessian::new(vec![1.0, 0.0, 0.0, -3.0], &[], 2);
        assert_eq!(model.negative_curvature, -3.0);
        assert!((model.matrix[3] - 3.0).abs() < 1e-14 && (model.matrix[0] - 1.0).abs() < 1e-14);
        let unchanged = ExactHessian::new(vec![2.0, 0.5, 0.5, 1.0], &[&[1.0, 1.0]], 2);
        assert_eq!((unchanged.augmentation, unchanged.matrix), (0.0, vec![2.0, 0.5, 0.5, 1.0]));
    }
}

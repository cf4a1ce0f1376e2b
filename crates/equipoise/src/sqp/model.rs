//! The curvature model of a run: dense BFGS or the exact Hessian, dense.

use super::evaluation::{Evaluator, Point};
use super::functions::SqpError;
use super::hessian::bfgs::{DenseBfgs, PairUse};
use super::hessian::exact::ExactHessian;

/// B.
#[derive(Debug, Clone)]
pub(super) enum Model {
    /// Updated from gradients.
    Dense(DenseBfgs),
    /// Evaluated at every point.
    Exact(ExactHessian),
}

impl Model {
    /// Evaluates the exact Hessian with n products.
    pub fn evaluate(
        evaluator: &mut Evaluator<'_>,
        point: &Point,
        multipliers: &[f64],
        working_rows: &[usize],
        unit_rows: &[usize],
    ) -> Result<Self, SqpError> {
        let n = point.x.len();
        let mut matrix = vec![0.0; n * n];
        let mut unit = vec![0.0; n];
        for j in 0..n {
            unit[j] = 1.0;
            evaluator.hessian_product(point, multipliers, &unit, &mut matrix[j * n..(j + 1) * n])?;
            unit[j] = 0.0;
        }
        for i in 0..n {
            for j in 0..i {
                let mean = 0.5 * (matrix[i * n + j] + matrix[j * n + i]);
                (matrix[i * n + j], matrix[j * n + i]) = (mean, mean);
            }
        }
        let units: Vec<Vec<f64>> = unit_rows
            .iter()
            .map(|&j| {
                let mut row = vec![0.0; n];
                row[j] = 1.0;
                row
            })
            .collect();
        let rows: Vec<&[f64]> =
            working_rows.iter().map(|&i| point.row(i)).chain(units.iter().map(Vec::as_slice)).collect();
        Ok(Self::Exact(ExactHessian::new(matrix, &rows, n)))
    }

    /// B as a dense matrix.
    pub fn matrix(&self) -> &[f64] {
        match self {
            Self::Dense(bfgs) => &bfgs.matrix,
            Self::Exact(exact) => &exact.matrix,
        }
    }

    /// Takes in a pair; an exact model ignores it.
    pub fn update(&mut self, s: &[f64], y: &[f64], threshold: f64) -> PairUse {
        match self {
            Self::Dense(bfgs) => bfgs.update(s, y, threshold),
            Self::Exact(_) => PairUse::Stored,
        }
    }

    /// Forgets the pairs and stiffens the matrix by `factor`.
    pub fn reset(&mut self, factor: f64) {
        if let Self::Dense(bfgs) = self {
            let gamma = bfgs.gamma;
            bfgs.reset(gamma * factor);
        }
    }

    /// γ and the smallest and largest diagonal entries.
    pub fn extremes(&self, n: usize) -> (f64, f64, f64) {
        let (gamma, matrix) = match self {
            Self::Dense(bfgs) => (bfgs.gamma, &bfgs.matrix),
            Self::Exact(exact) => (1.0, &exact.matrix),
        };
        let diagonal = (0..n).map(|i| matrix[i * n + i]);
        let (least, largest) =
            diagonal.fold((f64::INFINITY, 0.0f64), |(low, high), d| (d.min(low), d.max(high)));
        (gamma, least, largest)
    }
}

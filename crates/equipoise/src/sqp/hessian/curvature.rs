//! What the structured subproblem solver needs of a curvature model.

use super::small_lu::SmallLu;
use crate::numeric::cholesky::Cholesky;
use crate::numeric::parallel::Workers;
use crate::numeric::sum::{axpy, dot};

/// B, symmetric positive definite.
pub(in crate::sqp) trait Curvature {
    /// Bv (n).
    fn product(&self, v: &[f64]) -> Vec<f64>;

    /// Factors of B_FF for the free variables F (ascending); `None` if it is not positive definite.
    fn reduced(&self, free: &[usize]) -> Option<Reduced>;
}

impl<C: Curvature> Curvature for &C {
    fn product(&self, v: &[f64]) -> Vec<f64> {
        (**self).product(v)
    }

    fn reduced(&self, free: &[usize]) -> Option<Reduced> {
        (**self).reduced(free)
    }
}

/// Factors of B_FF.
pub(in crate::sqp) enum Reduced {
    /// D⁻¹ + D⁻¹U C⁻¹ UᵀD⁻¹.
    LowRank { inverse: Vec<f64>, columns: Vec<Vec<f64>>, scaled: Vec<Vec<f64>>, core: Option<SmallLu> },
    /// Cholesky factors.
    Dense(Box<Cholesky>),
}

impl Reduced {
    /// x ← B_FF⁻¹x.
    pub fn solve(&self, x: &mut [f64]) {
        match self {
            Self::Dense(cholesky) => cholesky.solve(x),
            Self::LowRank { inverse, columns, scaled, core } => {
                let along: Vec<f64> = scaled.iter().map(|u| dot(u, x)).collect();
                x.iter_mut().zip(inverse).for_each(|(x, d)| *x *= d);
                if let Some(core) = core {
                    debug_assert_eq!(columns.len(), along.len());
                    for (u, w) in scaled.iter().zip(core.solve(&along)) {
                        axpy(w, u, x);
                    }
                }
            }
        }
    }
}

/// A dense matrix (n × n, row-major).
pub(in crate::sqp) struct DenseCurvature<'a> {
    pub matrix: &'a [f64],
    pub n: usize,
}

impl Curvature for DenseCurvature<'_> {
    fn product(&self, v: &[f64]) -> Vec<f64> {
        self.matrix.chunks_exact(self.n).map(|row| dot(row, v)).collect()
    }

    fn reduced(&self, free: &[usize]) -> Option<Reduced> {
        let mut cholesky = Cholesky::new(free.len());
        let entry = |i: usize, j: usize| self.matrix[free[i] * self.n + free[j]];
        cholesky.factor(entry, &Workers::inline()).ok()?;
        Some(Reduced::Dense(Box::new(cholesky)))
    }
}

/// A diagonal matrix (n).
#[derive(Debug, Clone)]
pub(in crate::sqp) struct DiagonalCurvature(pub Vec<f64>);

impl Curvature for DiagonalCurvature {
    fn product(&self, v: &[f64]) -> Vec<f64> {
        v.iter().zip(&self.0).map(|(v, d)| v * d).collect()
    }

    fn reduced(&self, free: &[usize]) -> Option<Reduced> {
        let inverse = free.iter().map(|&j| 1.0 / self.0[j]).collect();
        Some(Reduced::LowRank { inverse, columns: Vec::new(), scaled: Vec::new(), core: None })
    }
}

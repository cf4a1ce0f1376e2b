//! What the structured subproblem solver needs of a curvature model.

use std::cell::Cell;

use crate::numeric::cholesky::Cholesky;
use crate::numeric::parallel::Workers;
use crate::numeric::sum::dot;

/// B, symmetric positive definite.
pub(in crate::sqp) trait Curvature {
    /// Bv (n).
    fn product(&self, v: &[f64]) -> Vec<f64>;

    /// Factors of B_FF for the free variables F (ascending); `None` if it is not positive definite.
    fn reduced(&self, free: &[usize]) -> Option<Box<dyn Reduced + '_>>;
}

impl<C: Curvature> Curvature for &C {
    fn product(&self, v: &[f64]) -> Vec<f64> {
        (**self).product(v)
    }

    fn reduced(&self, free: &[usize]) -> Option<Box<dyn Reduced + '_>> {
        (**self).reduced(free)
    }
}

/// Factors of B_FF.
pub(in crate::sqp) trait Reduced {
    /// x_F ← B_FF⁻¹x_F, and 0 elsewhere (n entries).
    fn solve(&self, x: &mut [f64]);
}

/// A dense matrix (n × n, row-major).
pub(in crate::sqp) struct DenseCurvature<'a> {
    matrix: &'a [f64],
    n: usize,
    /// Storage of factors no longer in use.
    spare: Cell<Vec<f64>>,
}

impl<'a> DenseCurvature<'a> {
    pub fn new(matrix: &'a [f64], n: usize) -> Self {
        Self { matrix, n, spare: Cell::default() }
    }
}

impl Curvature for DenseCurvature<'_> {
    fn product(&self, v: &[f64]) -> Vec<f64> {
        self.matrix.chunks_exact(self.n).map(|row| dot(row, v)).collect()
    }

    fn reduced(&self, free: &[usize]) -> Option<Box<dyn Reduced + '_>> {
        let mut cholesky = Cholesky::with_storage(free.len(), self.spare.take());
        let (matrix, n) = (self.matrix, self.n);
        let entry = |i: usize, j: usize| matrix[free[i] * n + free[j]];
        cholesky.factor(entry, &Workers::inline()).ok()?;
        Some(Box::new(DenseReduced { cholesky, free: free.to_vec(), spare: &self.spare }))
    }
}

/// Cholesky factors of B_FF.
struct DenseReduced<'a> {
    cholesky: Cholesky,
    free: Vec<usize>,
    spare: &'a Cell<Vec<f64>>,
}

impl Drop for DenseReduced<'_> {
    fn drop(&mut self) {
        self.spare.set(self.cholesky.take_storage());
    }
}

impl Reduced for DenseReduced<'_> {
    fn solve(&self, x: &mut [f64]) {
        let mut gathered: Vec<f64> = self.free.iter().map(|&j| x[j]).collect();
        self.cholesky.solve(&mut gathered);
        x.fill(0.0);
        self.free.iter().zip(gathered).for_each(|(&j, v)| x[j] = v);
    }
}

/// A diagonal matrix (n).
#[derive(Debug, Clone)]
pub(in crate::sqp) struct DiagonalCurvature(pub Vec<f64>);

impl Curvature for DiagonalCurvature {
    fn product(&self, v: &[f64]) -> Vec<f64> {
        v.iter().zip(&self.0).map(|(v, d)| v * d).collect()
    }

    fn reduced(&self, free: &[usize]) -> Option<Box<dyn Reduced + '_>> {
        Some(Box::new(DiagonalReduced { inverse: inverse_on(&self.0, free) }))
    }
}

/// 1/dⱼ for the free variables, 0 for the others.
pub(super) fn inverse_on(diagonal: &[f64], free: &[usize]) -> Vec<f64> {
    let mut inverse = vec![0.0; diagonal.len()];
    free.iter().for_each(|&j| inverse[j] = 1.0 / diagonal[j]);
    inverse
}

/// The inverse of a diagonal block.
struct DiagonalReduced {
    inverse: Vec<f64>,
}

impl Reduced for DiagonalReduced {
    fn solve(&self, x: &mut [f64]) {
        x.iter_mut().zip(&self.inverse).for_each(|(x, d)| *x *= d);
    }
}

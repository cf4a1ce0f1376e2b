//! What the Hessian says at a point of the box, over the variables that are free to move.

use super::bounds::Bounds;
use crate::numeric::symmetric_eigen::SymmetricEigen;

/// Curvature below −√ε times the largest diagonal entry (at least 1) is resolved: beyond what rounding of the Hessian explains.
const RESOLUTION: f64 = 1.490_116_119_384_765_6e-8;

/// The Hessian over the free variables, decomposed.
#[derive(Debug, Clone)]
pub struct FreeCurvature {
    /// The variables that are not held at a bound by the sign of the gradient, ascending.
    pub free: Vec<usize>,
    /// Their Hessian's eigenvalues and eigenvectors.
    pub eigen: SymmetricEigen,
    /// An eigenvalue below −`resolution` is negative beyond rounding.
    pub resolution: f64,
}

impl FreeCurvature {
    /// Of the Hessian (n × n by rows) at x with gradient g. `None` where it is not finite.
    pub(super) fn new(bounds: &Bounds, x: &[f64], g: &[f64], hessian: &[f64]) -> Option<Self> {
        let n = x.len();
        let free: Vec<usize> = (0..n).filter(|&i| !bounds.holds(i, x[i], g[i])).collect();
        let reduced: Vec<f64> =
            free.iter().flat_map(|&i| free.iter().map(move |&j| hessian[i * n + j])).collect();
        let largest = free.iter().map(|&i| hessian[i * n + i].abs()).fold(1.0, f64::max);
        let eigen = SymmetricEigen::new(&reduced, free.len())?;
        Some(Self { free, eigen, resolution: RESOLUTION * largest })
    }

    /// The least eigenvalue; `None` where nothing is free.
    pub fn least(&self) -> Option<f64> {
        self.eigen.values.first().copied()
    }

    /// True if a direction of negative curvature is resolved: the point is no minimiser.
    pub fn is_negative(&self) -> bool {
        self.least().is_some_and(|least| least < -self.resolution)
    }
}

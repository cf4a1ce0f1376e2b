//! The smallest curvature of the Lagrangian along directions that keep the active constraints to first order.

use crate::numeric::sum::{axpy, dot, norm_two};
use crate::numeric::symmetric_eigen::SymmetricEigen;

/// Curvature on the null space of the active constraints' gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct ReducedCurvature {
    /// The smallest eigenvalue of ZᵀHZ, Z an orthonormal basis of the null space.
    pub smallest: f64,
    /// The largest in size of H.
    pub largest: f64,
    /// The direction of the smallest (n), of length 1.
    pub direction: Vec<f64>,
}

impl ReducedCurvature {
    /// Of the Hessian H of the Lagrangian (n × n, symmetric) and the gradients of the active constraints (each n).
    ///
    /// None if they leave no direction, or H is not finite.
    pub fn of(hessian: &[f64], n: usize, active: &[Vec<f64>]) -> Option<Self> {
        let range = orthonormal(active, n);
        if range.len() >= n || hessian.iter().any(|h| !h.is_finite()) {
            return None;
        }
        let all = SymmetricEigen::new(hessian, n)?;
        let largest = all.values.iter().fold(0.0, |a: f64, v| a.max(v.abs()));
        // P H P + τ Q Qᵀ, P = I − Q Qᵀ: the range of the constraints gets an eigenvalue above all others.
        let shift = 2.0 * largest + 1.0;
        let mut reduced = projected(hessian, n, &range);
        for q in &range {
            for i in 0..n {
                axpy(shift * q[i], q, &mut reduced[i * n..(i + 1) * n]);
            }
        }
        let eigen = SymmetricEigen::new(&reduced, n)?;
        Some(Self { smallest: eigen.values[0], largest, direction: eigen.vector(0).to_vec() })
    }
}

/// An orthonormal basis of the span, by Gram–Schmidt carried out twice; dependent vectors are left out.
fn orthonormal(vectors: &[Vec<f64>], n: usize) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for vector in vectors {
        let length = norm_two(vector);
        let mut rest = vector.clone();
        for _ in 0..2 {
            for q in &basis {
                let along = dot(q, &rest);
                axpy(-along, q, &mut rest);
            }
        }
        let left = norm_two(&rest);
        if left > 1e-10 * length && basis.len() < n {
            rest.iter_mut().for_each(|v| *v /= left);
            basis.push(rest);
        }
    }
    basis
}

/// P H P with P = I − Q Qᵀ.
fn projected(hessian: &[f64], n: usize, range: &[Vec<f64>]) -> Vec<f64> {
    let project_rows = |matrix: &mut [f64]| {
        for row in matrix.chunks_exact_mut(n) {
            for q in range {
                let along = dot(q, row);
                axpy(-along, q, row);
            }
        }
    };
    let transpose =
        |matrix: &[f64]| -> Vec<f64> { (0..n * n).map(|e| matrix[(e % n) * n + e / n]).collect() };
    let mut half = hessian.to_vec();
    project_rows(&mut half);
    let mut whole = transpose(&half);
    project_rows(&mut whole);
    // Symmetric up to rounding.
    let mirrored = transpose(&whole);
    whole.iter().zip(&mirrored).map(|(a, b)| 0.5 * (a + b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curvature_is_that_of_the_null_space() {
        // diag(−3, 1, 2): negative along the first axis only.
        let hessian = [-3.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 2.0];
        let free = ReducedCurvature::of(&hessian, 3, &[]).unwrap();
        assert!((free.smallest + 3.0).abs() < 1e-14 && (free.direction[0].abs() - 1.0).abs() < 1e-14);
        let held = ReducedCurvature::of(&hessian, 3, &[vec![5.0, 0.0, 0.0]]).unwrap();
        assert!((held.smallest - 1.0).abs() < 1e-14);
        // On x₁ + x₂ = 0 the curvature of (1, −1)/√2 is −1.
        let tied = ReducedCurvature::of(&hessian, 3, &[vec![1.0, 1.0, 0.0], vec![2.0, 2.0, 0.0]]).unwrap();
        assert!((tied.smallest + 1.0).abs() < 1e-14);
        let none = vec![vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0], vec![1.0, 1.0, 1.0]];
        assert_eq!(ReducedCurvature::of(&hessian, 3, &none), None);
    }
}

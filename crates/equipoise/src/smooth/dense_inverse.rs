//! The inverse of a dense quasi-Newton matrix, kept up to date so that a step costs O(n²).

use crate::numeric::cholesky::Cholesky;
use crate::numeric::parallel::Workers;
use crate::numeric::sum::{axpy, dot};

/// H = B⁻¹ (n × n, symmetric, by rows).
#[derive(Debug, Clone)]
pub(super) struct DenseInverse {
    n: usize,
    matrix: Vec<f64>,
    product: Vec<f64>,
}

impl DenseInverse {
    /// (value · I)⁻¹
    pub fn of_diagonal(n: usize, value: f64) -> Self {
        let mut matrix = vec![0.0; n * n];
        for i in 0..n {
            matrix[i * n + i] = 1.0 / value;
        }
        Self { n, matrix, product: vec![0.0; n] }
    }

    /// B⁻¹ column by column, O(n³); none where B is not positive definite.
    pub fn of(b: &[f64], n: usize, workers: &Workers) -> Option<Self> {
        let mut cholesky = Cholesky::new(n);
        cholesky.factor(|i, j| b[i * n + j], workers).ok()?;
        let mut matrix = vec![0.0; n * n];
        for (i, row) in matrix.chunks_exact_mut(n.max(1)).enumerate() {
            row[i] = 1.0;
            cholesky.solve(row);
        }
        matrix.iter().all(|h| h.is_finite()).then(|| Self { n, matrix, product: vec![0.0; n] })
    }

    /// The inverse of τB.
    pub fn scale(&mut self, tau: f64) {
        self.matrix.iter_mut().for_each(|h| *h /= tau);
    }

    /// The inverse of the BFGS update: H + (1 + yᵀHy/sᵀy) ssᵀ/sᵀy − (Hy sᵀ + s(Hy)ᵀ)/sᵀy.
    pub fn update(&mut self, s: &[f64], y: &[f64], curvature: f64) {
        for (row, product) in self.matrix.chunks_exact(self.n.max(1)).zip(&mut self.product) {
            *product = dot(row, y);
        }
        let own = (1.0 + dot(y, &self.product) / curvature) / curvature;
        for (i, row) in self.matrix.chunks_exact_mut(self.n.max(1)).enumerate() {
            axpy(own * s[i] - self.product[i] / curvature, s, row);
            axpy(-s[i] / curvature, &self.product, row);
        }
    }

    /// p ← −B_FF⁻¹ r_F over the free variables F (ascending), by the held ones A:
    /// B_FF⁻¹ = H_FF − H_FA H_AA⁻¹ H_AF. False where H_AA is not positive definite, or the held variables are too many for this to pay.
    pub fn newton_step(&mut self, free: &[usize], residual: &[f64], p: &mut Vec<f64>) -> bool {
        let n = self.n;
        if 4 * (n - free.len()) > n {
            return false;
        }
        let mut reduced = vec![0.0; n];
        let mut is_free = vec![false; n];
        for &i in free {
            reduced[i] = -residual[i];
            is_free[i] = true;
        }
        for (row, product) in self.matrix.chunks_exact(n.max(1)).zip(&mut self.product) {
            *product = dot(row, &reduced);
        }
        let held: Vec<usize> = (0..n).filter(|&i| !is_free[i]).collect();
        if !held.is_empty() {
            let mut cholesky = Cholesky::new(held.len());
            let entry = |i: usize, j: usize| self.matrix[held[i] * n + held[j]];
            if cholesky.factor(entry, &Workers::inline()).is_err() {
                return false;
            }
            let mut weights: Vec<f64> = held.iter().map(|&i| self.product[i]).collect();
            cholesky.solve(&mut weights);
            for (&i, weight) in held.iter().zip(&weights) {
                axpy(-weight, &self.matrix[i * n..(i + 1) * n], &mut self.product);
            }
        }
        p.clear();
        p.extend(free.iter().map(|&i| self.product[i]));
        p.iter().all(|p| p.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const N: usize = 6;

    fn positive_definite(entries: &[f64]) -> Vec<f64> {
        let mut b = vec![0.0; N * N];
        for i in 0..N {
            for j in 0..N {
                b[i * N + j] = (0..N).map(|k| entries[i * N + k] * entries[j * N + k]).sum();
            }
            b[i * N + i] += 1.0;
        }
        b
    }

    proptest! {
        /// After an update the inverse times the updated matrix is the identity, and the step over free variables solves their system.
        #[test]
        fn the_inverse_follows_the_matrix(
            entries in prop::collection::vec(-1.0f64..1.0, N * N),
            s in prop::collection::vec(-1.0f64..1.0, N),
            r in prop::collection::vec(-1.0f64..1.0, N),
            held in 0..N,
        ) {
            let mut b = positive_definite(&entries);
            let mut inverse = DenseInverse::of(&b, N, &Workers::inline()).unwrap();
            // y = (D + 1)s keeps sᵀy > 0.
            let y: Vec<f64> = (0..N).map(|i| (1.0 + i as f64) * s[i]).collect();
            let curvature = dot(&s, &y);
            prop_assume!(curvature > 0.1);
            let bs: Vec<f64> = (0..N).map(|i| dot(&b[i * N..(i + 1) * N], &s)).collect();
            let energy = dot(&s, &bs);
            for i in 0..N {
                for j in 0..N {
                    b[i * N + j] += y[i] * y[j] / curvature - bs[i] * bs[j] / energy;
                }
            }
            inverse.update(&s, &y, curvature);
            let free: Vec<usize> = (0..N).filter(|&i| i != held).collect();
            let mut p = Vec::new();
            prop_assert!(inverse.newton_step(&free, &r, &mut p));
            for &i in &free {
                let product: f64 = free.iter().zip(&p).map(|(&j, p)| b[i * N + j] * p).sum();
                prop_assert!((product + r[i]).abs() < 1e-8, "{product} {}", r[i]);
            }
        }
    }
}

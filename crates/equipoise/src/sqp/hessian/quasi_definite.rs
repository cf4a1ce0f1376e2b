//! Factors of the symmetric quasidefinite matrices of a limited memory.
//!
//! K = [[P, C], [Cᵀ, −N]] with N = LLᵀ positive definite, V = CL⁻ᵀ and P + VVᵀ = RRᵀ positive definite: two Cholesky factorisations of
//! half the order, which pairs of very different lengths do not disturb.
//!
//! Source: R. J. Vanderbei, SIAM J. Optim. 5 (1995) 100–113.

use crate::numeric::sum::{axpy, dot};

/// A pivot counts as positive above this part of its diagonal entry.
const POSITIVE: f64 = 1e-15;

/// K of order 2k; all blocks k × k, row-major.
#[derive(Debug, Clone, Default)]
pub(in crate::sqp) struct QuasiDefinite {
    half: usize,
    /// L, in the lower triangle.
    negative: Vec<f64>,
    /// V.
    mixed: Vec<f64>,
    /// R, in the lower triangle.
    complement: Vec<f64>,
}

impl QuasiDefinite {
    /// From the lower triangles of P and N, and C; `None` where a pivot is not positive.
    pub fn new(mut p: Vec<f64>, mut c: Vec<f64>, mut n: Vec<f64>, half: usize) -> Option<Self> {
        cholesky(&mut n, half)?;
        for row in c.chunks_exact_mut(half.max(1)) {
            forward(&n, row);
        }
        for i in 0..half {
            for j in 0..=i {
                p[i * half + j] += dot(&c[i * half..(i + 1) * half], &c[j * half..(j + 1) * half]);
            }
        }
        cholesky(&mut p, half)?;
        Some(Self { half, negative: n, mixed: c, complement: p })
    }

    /// K⁻¹b: with e = L⁻¹b₂, RRᵀx = b₁ + Ve and y = L⁻ᵀ(Vᵀx − e).
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let (mut x, mut e) = (b[..self.half].to_vec(), b[self.half..].to_vec());
        forward(&self.negative, &mut e);
        for (x, row) in x.iter_mut().zip(self.mixed.chunks_exact(self.half.max(1))) {
            *x += dot(row, &e);
        }
        forward(&self.complement, &mut x);
        backward(&self.complement, &mut x);
        e.iter_mut().for_each(|e| *e = -*e);
        for (x, row) in x.iter().zip(self.mixed.chunks_exact(self.half.max(1))) {
            axpy(*x, row, &mut e);
        }
        backward(&self.negative, &mut e);
        x.append(&mut e);
        x
    }
}

/// The lower triangle becomes its Cholesky factor.
fn cholesky(a: &mut [f64], order: usize) -> Option<()> {
    for i in 0..order {
        let (above, row) = a.split_at_mut(i * order);
        let row = &mut row[..=i];
        let diagonal = row[i];
        for j in 0..i {
            let other = &above[j * order..=j * order + j];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let pivot = diagonal - dot(&row[..i], &row[..i]);
        if !(pivot > POSITIVE * diagonal && pivot.is_finite()) {
            return None;
        }
        row[i] = pivot.sqrt();
    }
    Some(())
}

/// x ← L⁻¹x.
fn forward(lower: &[f64], x: &mut [f64]) {
    let order = x.len();
    for i in 0..order {
        let row = &lower[i * order..=i * order + i];
        x[i] = (x[i] - dot(&row[..i], &x[..i])) / row[i];
    }
}

/// x ← L⁻ᵀx.
fn backward(lower: &[f64], x: &mut [f64]) {
    let order = x.len();
    for i in (0..order).rev() {
        let row = &lower[i * order..=i * order + i];
        x[i] /= row[i];
        let (before, at) = x.split_at_mut(i);
        axpy(-at[0], &row[..i], before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_quasidefinite_system_also_where_its_first_block_is_zero() {
        let (c, n) = (vec![-2.0, 1.0, 0.5, -1.0], vec![3.0, 9.0, 1.0, 2.0]);
        for p in [vec![2.0, 9.0, -1.0, 4.0], vec![0.0; 4]] {
            let k = [
                [p[0], p[2], c[0], c[1]],
                [p[2], p[3], c[2], c[3]],
                [c[0], c[2], -n[0], -n[2]],
                [c[1], c[3], -n[2], -n[3]],
            ];
            let x = [1.0, -2.0, 3.0, 0.5];
            let b: Vec<f64> = k.iter().map(|row| row.iter().zip(&x).map(|(a, x)| a * x).sum()).collect();
            let solved = QuasiDefinite::new(p, c.clone(), n.clone(), 2).unwrap().solve(&b);
            solved.iter().zip(&x).for_each(|(a, b)| assert!((a - b).abs() < 1e-13, "{solved:?}"));
        }
        assert!(QuasiDefinite::new(vec![1.0], vec![0.0], vec![0.0], 1).is_none());
        assert!(QuasiDefinite::new(vec![0.0], vec![0.0], vec![1.0], 1).is_none());
        assert_eq!(QuasiDefinite::new(vec![], vec![], vec![], 0).unwrap().solve(&[]).len(), 0);
    }
}

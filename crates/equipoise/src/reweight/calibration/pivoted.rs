//! Cholesky factorisation with diagonal pivoting: it finds an independent set of targets on the way.

use crate::numeric::sum::dot;

/// Pivots of the diagonally scaled matrix below this multiple of its order count as zero: the level of the rounding of a
/// factorisation in doubles.
const RANK_TOLERANCE: f64 = 64.0 * f64::EPSILON;

/// H ≈ D Pᵀ L Lᵀ P D on the rows `order`, D = diag(√Hⱼⱼ); the rows left out depend on them.
pub(super) struct PivotedCholesky {
    /// Independent rows, in the order of elimination.
    pub order: Vec<usize>,
    /// √Hⱼⱼ of each of them.
    scale: Vec<f64>,
    /// L, rank × rank, row-major.
    factor: Vec<f64>,
    /// Smallest pivot accepted, in the scaling where the diagonal is 1.
    pub smallest_pivot: f64,
}

impl PivotedCholesky {
    /// Factors the k × k matrix whose lower triangle is `matrix[i * k + j]` on the rows `candidates`.
    pub fn new(matrix: &[f64], k: usize, candidates: &[usize]) -> Self {
        let entry = |i: usize, j: usize| if i >= j { matrix[i * k + j] } else { matrix[j * k + i] };
        let mut rest: Vec<usize> =
            candidates.iter().copied().filter(|&j| entry(j, j) > 0.0 && entry(j, j).is_finite()).collect();
        let root: Vec<f64> = (0..k).map(|j| entry(j, j).max(0.0).sqrt()).collect();
        let tolerance = RANK_TOLERANCE * rest.len() as f64;
        let mut rows: Vec<Vec<f64>> = vec![Vec::new(); k];
        let mut diagonal = vec![1.0; k];
        let mut order: Vec<usize> = Vec::with_capacity(rest.len());
        let mut smallest_pivot = f64::INFINITY;
        while let Some(position) = largest(&rest, &diagonal) {
            let pivot_row = rest[position];
            let pivot = diagonal[pivot_row];
            if pivot.is_nan() || pivot <= tolerance {
                break;
            }
            rest.remove(position);
            smallest_pivot = smallest_pivot.min(pivot);
            let base = std::mem::take(&mut rows[pivot_row]);
            for &i in &rest {
                let scaled = entry(i, pivot_row) / (root[i] * root[pivot_row]);
                let l = (scaled - dot(&rows[i], &base)) / pivot.sqrt();
                rows[i].push(l);
                diagonal[i] -= l * l;
            }
            rows[pivot_row] = base;
            rows[pivot_row].push(pivot.sqrt());
            order.push(pivot_row);
        }
        let rank = order.len();
        let mut factor = vec![0.0; rank * rank];
        for (p, &j) in order.iter().enumerate() {
            factor[p * rank..=p * rank + p].copy_from_slice(&rows[j]);
        }
        let scale = order.iter().map(|&j| root[j]).collect();
        Self { order, scale, factor, smallest_pivot }
    }

    /// Number of independent rows.
    pub fn rank(&self) -> usize {
        self.order.len()
    }

    /// x with Hx = r on the independent rows, 0 elsewhere.
    pub fn solve(&self, r: &[f64]) -> Vec<f64> {
        let rank = self.rank();
        let mut y: Vec<f64> = self.order.iter().zip(&self.scale).map(|(&j, s)| r[j] / s).collect();
        for p in 0..rank {
            let row = &self.factor[p * rank..=p * rank + p];
            y[p] = (y[p] - dot(&row[..p], &y[..p])) / row[p];
        }
        for p in (0..rank).rev() {
            let row = &self.factor[p * rank..=p * rank + p];
            y[p] /= row[p];
            let yp = y[p];
            for (y, l) in y[..p].iter_mut().zip(row) {
                *y -= l * yp;
            }
        }
        let mut x = vec![0.0; r.len()];
        for ((&j, s), y) in self.order.iter().zip(&self.scale).zip(y) {
            x[j] = y / s;
        }
        x
    }

    /// L⁻¹D⁻¹, rank × rank, row-major: its columns belong to the rows `order` of H.
    pub fn inverse_factor(&self) -> Vec<f64> {
        let rank = self.rank();
        let mut inverse = vec![0.0; rank * rank];
        for c in 0..rank {
            for p in c..rank {
                let mut s = if p == c { 1.0 } else { 0.0 };
                for m in c..p {
                    s -= self.factor[p * rank + m] * inverse[m * rank + c];
                }
                inverse[p * rank + c] = s / self.factor[p * rank + p];
            }
        }
        for row in inverse.chunks_exact_mut(rank.max(1)) {
            for (x, s) in row.iter_mut().zip(&self.scale) {
                *x /= s;
            }
        }
        inverse
    }

    /// 1/‖L⁻¹‖²_F: a lower bound on the least eigenvalue of the scaled matrix.
    pub fn least_eigenvalue(&self) -> f64 {
        let (rank, inverse) = (self.rank(), self.inverse_factor());
        let squares: f64 = (0..rank * rank).map(|e| (inverse[e] * self.scale[e % rank]).powi(2)).sum();
        1.0 / squares
    }
}

/// Position of the largest diagonal entry, the first of equals.
fn largest(rest: &[usize], diagonal: &[f64]) -> Option<usize> {
    (0..rest.len()).reduce(|a, b| if diagonal[rest[b]] > diagonal[rest[a]] { b } else { a })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_rank_and_solves() {
        // Columns x, y, x + y of three records, the middle one in thousands.
        let columns = [[1.0, 0.0, 2.0], [0.0, 3000.0, 1000.0], [1.0, 3000.0, 1002.0]];
        let mut h = vec![0.0; 9];
        for i in 0..3 {
            for j in 0..=i {
                h[i * 3 + j] = dot(&columns[i], &columns[j]);
            }
        }
        let factor = PivotedCholesky::new(&h, 3, &[0, 1, 2]);
        assert_eq!(factor.rank(), 2);
        let want = [0.0, 2.0, -1.5];
        let entry = |i: usize, j: usize| if i >= j { h[i * 3 + j] } else { h[j * 3 + i] };
        let r: Vec<f64> = (0..3).map(|i| (0..3).map(|j| entry(i, j) * want[j]).sum()).collect();
        let x = factor.solve(&r);
        for i in 0..3 {
            let product: f64 = (0..3).map(|j| entry(i, j) * x[j]).sum();
            assert!((product - r[i]).abs() <= 1e-9 * r[i].abs());
        }
        let inverse = factor.inverse_factor();
        let norm: f64 = inverse[2..].iter().map(|x| x * x).sum();
        assert!(norm > 0.0 && factor.least_eigenvalue() > 0.0);
        assert_eq!(PivotedCholesky::new(&h, 3, &[]).rank(), 0);
    }
}

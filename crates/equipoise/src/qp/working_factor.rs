//! The factors of the dual active-set method: JᵀPJ = I and JᵀN = [R; 0] for the working set's normals N.
//!
//! Source: D. Goldfarb, A. Idnani, Math. Programming 27 (1983) 1–33, §4.

use crate::numeric::sum::{axpy, dot};

/// J (n × n, stored by columns) and R (upper triangular, stored by columns).
#[derive(Debug, Clone)]
pub(super) struct WorkingFactor {
    pub(super) columns: Vec<Vec<f64>>,
    pub(super) triangle: Vec<Vec<f64>>,
}

impl WorkingFactor {
    /// Of P (n × n, row-major) and an empty working set: J = L⁻ᵀ with P = LLᵀ; `None` if P is not positive definite.
    pub(super) fn new(hessian: &[f64], n: usize) -> Option<Self> {
        let mut lower = vec![vec![0.0; n]; n];
        for i in 0..n {
            let scale = hessian[i * n + i];
            for j in 0..=i {
                let rest = hessian[i * n + j] - dot(&lower[i][..j], &lower[j][..j]);
                if i == j {
                    if !(rest > n as f64 * f64::EPSILON * scale && rest.is_finite()) {
                        return None;
                    }
                    lower[i][i] = rest.sqrt();
                } else {
                    lower[i][j] = rest / lower[j][j];
                }
            }
        }
        // Row k of L⁻¹ is column k of L⁻ᵀ; L⁻¹ by forward substitution, a row at a time.
        let mut columns: Vec<Vec<f64>> = Vec::with_capacity(n);
        for k in 0..n {
            let mut row = vec![0.0; n];
            row[k] = 1.0;
            for j in 0..k {
                axpy(-lower[k][j], &columns[j], &mut row);
            }
            row.iter_mut().for_each(|v| *v /= lower[k][k]);
            columns.push(row);
        }
        Some(Self { columns, triangle: Vec::new() })
    }

    /// Number of constraints in the working set.
    pub(super) fn len(&self) -> usize {
        self.triangle.len()
    }

    /// Jᵀv of a dense vector.
    pub(super) fn transposed_times(&self, v: &[f64]) -> Vec<f64> {
        self.columns.iter().map(|column| dot(column, v)).collect()
    }

    /// Jw.
    pub(super) fn times(&self, w: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; w.len()];
        self.columns.iter().zip(w).for_each(|(column, &w)| axpy(w, column, &mut out));
        out
    }

    /// R⁻¹b.
    pub(super) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b[..self.len()].to_vec();
        for j in (0..self.len()).rev() {
            x[j] /= self.triangle[j][j];
            let (above, at) = x.split_at_mut(j);
            axpy(-at[0], &self.triangle[j][..j], above);
        }
        x
    }

    /// R⁻ᵀb.
    pub(super) fn solve_transposed(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b[..self.len()].to_vec();
        for j in 0..self.len() {
            x[j] = (x[j] - dot(&self.triangle[j][..j], &x[..j])) / self.triangle[j][j];
        }
        x
    }

    /// Adds a normal with d = Jᵀ·normal: Givens rotations gather d below the working set into one entry.
    pub(super) fn add(&mut self, mut d: Vec<f64>) {
        let k = self.len();
        for j in (k + 1..d.len()).rev() {
            if d[j] != 0.0 {
                let (c, s, length) = rotation(d[j - 1], d[j]);
                (d[j - 1], d[j]) = (length, 0.0);
                self.rotate_columns(j - 1, c, s);
            }
        }
        d.truncate(k + 1);
        self.triangle.push(d);
    }

    /// Removes the constraint at position `p`: Givens rotations make R triangular again.
    pub(super) fn remove(&mut self, p: usize) {
        self.triangle.remove(p);
        for j in p..self.len() {
            let (c, s, length) = rotation(self.triangle[j][j], self.triangle[j][j + 1]);
            self.triangle[j].truncate(j + 1);
            self.triangle[j][j] = length;
            for column in &mut self.triangle[j + 1..] {
                (column[j], column[j + 1]) =
                    (c * column[j] + s * column[j + 1], c * column[j + 1] - s * column[j]);
            }
            self.rotate_columns(j, c, s);
        }
    }

    fn rotate_columns(&mut self, j: usize, c: f64, s: f64) {
        let (left, right) = self.columns.split_at_mut(j + 1);
        for (a, b) in left[j].iter_mut().zip(&mut right[0]) {
            (*a, *b) = (c * *a + s * *b, c * *b - s * *a);
        }
    }
}

/// c, s and the length of (a, b) with c·a + s·b = length.
fn rotation(a: f64, b: f64) -> (f64, f64, f64) {
    let length = libm::hypot(a, b);
    if length == 0.0 { (1.0, 0.0, 0.0) } else { (a / length, b / length, length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_hold_after_additions_and_removals() {
        let n = 4;
        let hessian: Vec<f64> =
            (0..n * n).map(|e| if e / n == e % n { 5.0 } else { 1.0 / (1 + e / n + e % n) as f64 }).collect();
        let mut factor = WorkingFactor::new(&hessian, n).unwrap();
        let normals = [[1.0, 2.0, 0.0, -1.0], [0.0, 1.0, 1.0, 0.5], [3.0, 0.0, 1.0, 1.0]];
        for normal in &normals {
            factor.add(factor.transposed_times(normal));
        }
        factor.remove(0);
        for (column, normal) in [(0, normals[1]), (1, normals[2])] {
            for (i, d) in factor.transposed_times(&normal).iter().enumerate() {
                let want = if i <= column { factor.triangle[column][i] } else { 0.0 };
                assert!((d - want).abs() < 1e-14, "{i} {column}: {d} {want}");
            }
        }
        for (i, a) in factor.columns.iter().enumerate() {
            for (j, b) in factor.columns.iter().enumerate() {
                let image: Vec<f64> = (0..n).map(|k| dot(&hessian[k * n..(k + 1) * n], b)).collect();
                assert!((dot(a, &image) - if i == j { 1.0 } else { 0.0 }).abs() < 1e-14);
            }
        }
        assert!(WorkingFactor::new(&[1.0, 1.0, 1.0, 1.0], 2).is_none());
    }
}

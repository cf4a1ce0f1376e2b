//! The factors of the dual active-set method: JᵀPJ = I and JᵀN = [R; 0] for the working set's normals N.
//!
//! A constraint is added by one Householder reflection of the free columns of J, and dropped by Givens rotations.
//!
//! Source: D. Goldfarb, A. Idnani, Math. Programming 27 (1983) 1–33, §4.

use crate::numeric::matrix::{Matrix, Row};
use crate::numeric::sum::{axpy, dot, norm_two};

/// J (n × n) and R (upper triangular), both by columns of stride n; the first `len` columns of J belong to the working set.
#[derive(Debug, Clone, Default)]
pub(super) struct WorkingFactor {
    n: usize,
    len: usize,
    columns: Vec<f64>,
    triangle: Vec<f64>,
    /// J of the empty working set: L⁻ᵀ with P = LLᵀ.
    start: Vec<f64>,
    /// J v of the reflection in hand.
    reflected: Vec<f64>,
}

/// The pivot that is not positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NotPositive;

impl WorkingFactor {
    /// Factors P + shift·I; the working set is then empty.
    pub(super) fn factor(&mut self, hessian: &Matrix, shift: f64) -> Result<(), NotPositive> {
        let n = hessian.num_rows();
        self.n = n;
        self.len = 0;
        self.triangle.resize(n * n, 0.0);
        self.reflected.resize(n, 0.0);
        self.columns.clear();
        self.columns.resize(n * n, 0.0);
        self.start.clear();
        self.start.resize(n * n, 0.0);
        // L by rows, in the place of R for the moment.
        let lower = &mut self.triangle;
        let first = cholesky(hessian, shift, lower)?;
        // Row k of L⁻¹ is column k of L⁻ᵀ; L⁻¹ by forward substitution, a row at a time.
        for k in 0..n {
            let (done, rest) = self.start.split_at_mut(k * n);
            let row = &mut rest[..=k];
            row[k] = 1.0;
            for j in first[k]..k {
                let l = lower[k * n + j];
                if l != 0.0 {
                    axpy(-l, &done[j * n..=j * n + j], &mut row[..=j]);
                }
            }
            let pivot = 1.0 / lower[k * n + k];
            row.iter_mut().for_each(|v| *v *= pivot);
        }
        self.columns.copy_from_slice(&self.start);
        Ok(())
    }

    /// Empties the working set.
    pub(super) fn restart(&mut self) {
        if self.len > 0 {
            self.columns.copy_from_slice(&self.start);
            self.len = 0;
        }
    }

    /// Number of constraints in the working set.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn column(&self, j: usize) -> &[f64] {
        &self.columns[j * self.n..(j + 1) * self.n]
    }

    /// d = Jᵀv.
    pub(super) fn transposed_times(&self, v: &[f64], d: &mut [f64]) {
        d.iter_mut().enumerate().for_each(|(j, d)| *d = dot(self.column(j), v));
    }

    /// d = sign·Jᵀ·row.
    pub(super) fn image_of_row(&self, row: Row<'_>, sign: f64, d: &mut [f64]) {
        d.iter_mut().enumerate().for_each(|(j, d)| *d = sign * row.dot(self.column(j)));
    }

    /// d = sign·Jᵀeᵢ.
    pub(super) fn image_of_unit(&self, i: usize, sign: f64, d: &mut [f64]) {
        let column = self.columns.iter().skip(i).step_by(self.n.max(1));
        d.iter_mut().zip(column).for_each(|(d, v)| *d = sign * v);
    }

    /// out = Σ wⱼ Jⱼ over the columns from `first`; `w` has n entries.
    pub(super) fn times_from(&self, first: usize, w: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for j in first..self.n {
            if w[j] != 0.0 {
                axpy(w[j], self.column(j), out);
            }
        }
    }

    /// x ← R⁻¹x for the first `len` entries.
    pub(super) fn solve(&self, x: &mut [f64]) {
        for j in (0..self.len).rev() {
            let column = &self.triangle[j * self.n..=j * self.n + j];
            x[j] /= column[j];
            let (above, at) = x.split_at_mut(j);
            axpy(-at[0], &column[..j], above);
        }
    }

    /// x ← R⁻ᵀx for the first `len` entries.
    pub(super) fn solve_transposed(&self, x: &mut [f64]) {
        for j in 0..self.len {
            let column = &self.triangle[j * self.n..=j * self.n + j];
            x[j] = (x[j] - dot(&column[..j], &x[..j])) / column[j];
        }
    }

    /// Adds a normal with d = Jᵀ·normal and z = Σ dⱼJⱼ over the free columns: one reflection gathers the free part of d into its
    /// first entry.
    pub(super) fn add(&mut self, d: &[f64], z: &[f64]) {
        let (n, k) = (self.n, self.len);
        let column = &mut self.triangle[k * n..=k * n + k];
        column.copy_from_slice(&d[..=k]);
        let length = norm_two(&d[k..]);
        if d[k + 1..].iter().any(|d| *d != 0.0) {
            // v = d − αe₁ with vᵀv = 2·length·(length + |d₁|).
            let alpha = if d[k] > 0.0 { -length } else { length };
            column[k] = alpha;
            let beta = 1.0 / (length * (length + d[k].abs()));
            let free = &mut self.columns[k * n..];
            for ((r, z), first) in self.reflected.iter_mut().zip(z).zip(&free[..n]) {
                *r = beta * (z - alpha * first);
            }
            for (j, column) in free.chunks_exact_mut(n).enumerate() {
                let v = if j == 0 { d[k] - alpha } else { d[k + j] };
                if v != 0.0 {
                    axpy(-v, &self.reflected, column);
                }
            }
        }
        self.len += 1;
    }

    /// Drops the constraint at position `p`; `d`, if given, is Jᵀv of some v and follows the rotations of J.
    pub(super) fn remove(&mut self, p: usize, mut d: Option<&mut [f64]>) {
        let n = self.n;
        self.len -= 1;
        for j in p..self.len {
            let next = (j + 1) * n;
            self.triangle.copy_within(next..next + j + 2, j * n);
        }
        for j in p..self.len {
            let (c, s, length) = rotation(self.triangle[j * n + j], self.triangle[j * n + j + 1]);
            self.triangle[j * n + j] = length;
            for column in j + 1..self.len {
                let pair = &mut self.triangle[column * n + j..column * n + j + 2];
                (pair[0], pair[1]) = (c * pair[0] + s * pair[1], c * pair[1] - s * pair[0]);
            }
            let (left, right) = self.columns.split_at_mut((j + 1) * n);
            for (a, b) in left[j * n..].iter_mut().zip(&mut right[..n]) {
                (*a, *b) = (c * *a + s * *b, c * *b - s * *a);
            }
            if let Some(d) = &mut d {
                (d[j], d[j + 1]) = (c * d[j] + s * d[j + 1], c * d[j + 1] - s * d[j]);
            }
        }
    }
}

/// L of P + shift·I = LLᵀ by rows of stride n, and the first column of each row that is not zero.
fn cholesky(hessian: &Matrix, shift: f64, lower: &mut [f64]) -> Result<Vec<usize>, NotPositive> {
    let n = hessian.num_rows();
    let mut first = vec![0; n];
    for i in 0..n {
        let (done, rest) = lower.split_at_mut(i * n);
        let row = &mut rest[..=i];
        row.fill(0.0);
        hessian.row(i).entries().take_while(|(j, _)| *j <= i).for_each(|(j, p)| row[j] = p);
        row[i] += shift;
        let scale = row[i];
        let start = row.iter().position(|v| *v != 0.0).unwrap_or(i);
        first[i] = start;
        for j in start..i {
            let other = &done[j * n..=j * n + j];
            let from = start.max(first[j]).min(j);
            row[j] = (row[j] - dot(&row[from..j], &other[from..j])) / other[j];
        }
        let pivot = row[i] - dot(&row[start..i], &row[start..i]);
        if !(pivot > n as f64 * f64::EPSILON * scale && pivot.is_finite()) {
            return Err(NotPositive);
        }
        row[i] = pivot.sqrt();
    }
    Ok(first)
}

/// c, s and the length of (a, b) with c·a + s·b = length.
fn rotation(a: f64, b: f64) -> (f64, f64, f64) {
    let length = libm::hypot(a, b);
    if length == 0.0 { (1.0, 0.0, 0.0) } else { (a / length, b / length, length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// JᵀPJ = I and JᵀN = [R; 0].
    fn holds(factor: &WorkingFactor, hessian: &Matrix, shift: f64, normals: &[Vec<f64>]) {
        let n = hessian.num_rows();
        let mut d = vec![0.0; n];
        for (k, normal) in normals.iter().enumerate() {
            factor.transposed_times(normal, &mut d);
            for (i, d) in d.iter().enumerate() {
                let want = if i <= k { factor.triangle[k * n + i] } else { 0.0 };
                assert!((d - want).abs() < 1e-13, "{i} {k}: {d} {want}");
            }
        }
        for i in 0..n {
            for j in 0..n {
                let mut image = hessian.times(factor.column(j));
                axpy(shift, factor.column(j), &mut image);
                assert!((dot(factor.column(i), &image) - if i == j { 1.0 } else { 0.0 }).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn factors_hold_after_additions_and_removals() {
        let n = 5;
        let entry = |e: usize| if e / n == e % n { 5.0 } else { 1.0 / (1 + e / n + e % n) as f64 };
        let hessian = Matrix::dense(n, n, (0..n * n).map(entry).collect()).unwrap();
        let mut factor = WorkingFactor::default();
        factor.factor(&hessian, 0.5).unwrap();
        holds(&factor, &hessian, 0.5, &[]);
        let mut normals = vec![
            vec![1.0, 2.0, 0.0, -1.0, 0.0],
            vec![0.0, 1.0, 1.0, 0.5, 2.0],
            vec![0.0, 0.0, 1.0, 0.0, 0.0],
            vec![3.0, 0.0, 1.0, 1.0, 0.0],
        ];
        let (mut d, mut z) = (vec![0.0; n], vec![0.0; n]);
        for normal in &normals {
            factor.transposed_times(normal, &mut d);
            factor.times_from(factor.len(), &d, &mut z);
            factor.add(&d, &z);
        }
        holds(&factor, &hessian, 0.5, &normals);
        let mut unit = vec![0.0; n];
        factor.image_of_unit(2, 1.0, &mut unit);
        factor.transposed_times(&normals[2], &mut d);
        assert_eq!(unit, d);
        for p in [1, 0] {
            factor.remove(p, Some(&mut d));
            normals.remove(p);
            holds(&factor, &hessian, 0.5, &normals);
        }
        let mut again = vec![0.0; n];
        factor.transposed_times(&normals[0], &mut again);
        assert!(d.iter().zip(&again).all(|(a, b)| (a - b).abs() < 1e-13), "d follows the rotations");
        factor.restart();
        holds(&factor, &hessian, 0.5, &[]);
        let singular = Matrix::dense(2, 2, vec![1.0; 4]).unwrap();
        assert_eq!(factor.factor(&singular, 0.0), Err(NotPositive));
    }
}

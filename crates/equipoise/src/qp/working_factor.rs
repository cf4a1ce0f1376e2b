//! The factors of the dual active-set method: P = LLᵀ and, for the working set's normals N, L⁻¹N = QR.
//!
//! Q gains a column by Gram–Schmidt, twice where the first pass cancels, and loses one by Givens rotations, so that a step costs
//! O(nk) for k constraints in the working set.
//!
//! Sources: D. Goldfarb, A. Idnani, Math. Programming 27 (1983) 1–33, §4; J. W. Daniel, W. B. Gragg, L. Kaufman, G. W. Stewart,
//! Math. Comp. 30 (1976) 772–795 (the updates of QR); W. Hoffmann, Computing 41 (1989) 335–348 (when a pass is repeated).

use crate::numeric::matrix::{Matrix, Row};
use crate::numeric::sum::{axpy, axpys, dot, dots, norm_two, rotate};

/// A pass of Gram–Schmidt that leaves less than this part of the vector is repeated. Iterated passes give columns orthogonal to
/// working precision for any η from 0.1 to 0.7 (Hoffmann).
const CANCELLATION: f64 = 0.1;
/// Rows or columns that are taken at once.
const GROUP: usize = 4;

/// L⁻¹ by rows, Q and R by columns, each of stride n; Q and R have `len` columns.
#[derive(Debug, Clone, Default)]
pub(super) struct WorkingFactor {
    n: usize,
    len: usize,
    inverse: Vec<f64>,
    /// The first column of each group of rows of L⁻¹ that may be other than zero.
    first: Vec<usize>,
    /// The entries of L⁻¹ if it is diagonal, else empty.
    diagonal: Vec<f64>,
    basis: Vec<f64>,
    triangle: Vec<f64>,
    /// One over each entry of R's diagonal: divisions take several times as long as products.
    over_diagonal: Vec<f64>,
    correction: Vec<f64>,
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
        self.correction.resize(n, 0.0);
        self.over_diagonal.resize(n, 0.0);
        for part in [&mut self.inverse, &mut self.basis, &mut self.triangle] {
            part.clear();
            part.resize(n * n, 0.0);
        }
        // L by rows, in the place of R for the moment.
        let lower = &mut self.triangle;
        self.first = cholesky(hessian, shift, lower)?;
        let entries_of = |k: usize| k * n + self.first[k / GROUP]..k * n + k;
        let is_diagonal = (0..n).all(|k| lower[entries_of(k)].iter().all(|l| *l == 0.0));
        self.diagonal.clear();
        if is_diagonal {
            self.diagonal.extend((0..n).map(|k| 1.0 / lower[k * n + k]));
        }
        // Row k of LL⁻¹ = I: row k of L⁻¹ = (eₖ − Σⱼ Lₖⱼ·row j of L⁻¹)/Lₖₖ over j < k.
        for k in 0..n {
            let (done, rest) = self.inverse.split_at_mut(k * n);
            let (start, row) = (self.first[k / GROUP] / GROUP * GROUP, &mut rest[..n]);
            let pivot = 1.0 / lower[k * n + k];
            let factors = &mut lower[k * n + start..k * n + k];
            factors.iter_mut().for_each(|l| *l *= -pivot);
            if !is_diagonal {
                add_rows(factors, &done[start * n..], &self.first[start / GROUP..], start, row);
                let filled = self.first[start / GROUP..=k / GROUP].iter().copied().min();
                self.first[k / GROUP] = filled.unwrap_or(start);
            }
            row[k] = pivot;
        }
        Ok(())
    }

    /// Empties the working set.
    pub(super) fn restart(&mut self) {
        self.len = 0;
    }

    /// Number of constraints in the working set.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[cfg(test)]
    fn basis_column(&self, p: usize) -> &[f64] {
        &self.basis[p * self.n..(p + 1) * self.n]
    }

    /// a = sign·L⁻¹·row.
    pub(super) fn image_of_row(&self, row: Row<'_>, sign: f64, a: &mut [f64]) {
        match row {
            Row::Dense(values) => {
                if self.diagonal.is_empty() {
                    for (g, (a, &first)) in a.chunks_mut(GROUP).zip(&self.first).enumerate() {
                        let j = GROUP * g;
                        dots(&self.inverse[j * self.n + first..], self.n, &values[first..j + a.len()], a);
                    }
                } else {
                    times_each(&self.diagonal, values, a);
                }
                a.iter_mut().for_each(|a| *a *= sign);
            }
            Row::Sparse(columns, values) => {
                a.fill(0.0);
                for (&i, v) in columns.iter().zip(values) {
                    for j in i as usize..self.n {
                        a[j] += sign * v * self.inverse[j * self.n + i as usize];
                    }
                }
            }
        }
    }

    /// a = sign·L⁻¹eᵢ.
    pub(super) fn image_of_unit(&self, i: usize, sign: f64, a: &mut [f64]) {
        a[..i].fill(0.0);
        for j in i..self.n {
            a[j] = sign * self.inverse[j * self.n + i];
        }
    }

    /// x = L⁻ᵀw.
    pub(super) fn back(&self, w: &[f64], x: &mut [f64]) {
        if self.diagonal.is_empty() {
            x.fill(0.0);
            add_rows(w, &self.inverse, &self.first, 0, x);
        } else {
            times_each(&self.diagonal, w, x);
        }
    }

    /// a = Q·along + beyond with Qᵀbeyond = 0.
    pub(super) fn split(&mut self, a: &[f64], along: &mut [f64], beyond: &mut [f64]) {
        let mut before = norm_two(a);
        beyond.copy_from_slice(a);
        along[..self.len].fill(0.0);
        for _ in 0..3 {
            let correction = &mut self.correction[..self.len];
            dots(&self.basis, self.n, beyond, correction);
            for (along, correction) in along.iter_mut().zip(&mut *correction) {
                *along += *correction;
                *correction = -*correction;
            }
            axpys(correction, &self.basis, self.n, beyond);
            let after = norm_two(beyond);
            if after > CANCELLATION * before || after == 0.0 {
                break;
            }
            before = after;
        }
    }

    /// out ← Q·along − out.
    pub(super) fn basis_times_minus(&self, along: &[f64], out: &mut [f64]) {
        out.iter_mut().for_each(|v| *v = -*v);
        axpys(&along[..self.len], &self.basis, self.n, out);
    }

    /// x ← R⁻¹x for the first `len` entries.
    pub(super) fn solve(&self, x: &mut [f64]) {
        let n = self.n;
        let mut end = self.len;
        while end > 0 {
            // The columns of a group among themselves, then all of them at once in the rows above.
            let start = (end - 1) / GROUP * GROUP;
            for j in (start..end).rev() {
                let column = &self.triangle[j * n..=j * n + j];
                x[j] *= self.over_diagonal[j];
                for i in start..j {
                    x[i] -= x[j] * column[i];
                }
            }
            let (above, at) = x[..end].split_at_mut(start);
            let mut weights = [0.0; GROUP];
            weights.iter_mut().zip(&*at).for_each(|(w, x)| *w = -x);
            axpys(&weights[..at.len()], &self.triangle[start * n..], n, above);
            end = start;
        }
    }

    /// x ← R⁻ᵀx for the first `len` entries.
    pub(super) fn solve_transposed(&self, x: &mut [f64]) {
        for j in 0..self.len {
            let column = &self.triangle[j * self.n..=j * self.n + j];
            x[j] = (x[j] - dot(&column[..j], &x[..j])) * self.over_diagonal[j];
        }
    }

    /// Adds a normal whose image was split into `along` and `beyond`, of the given length.
    pub(super) fn add(&mut self, along: &[f64], beyond: &[f64], length: f64) {
        let (n, k) = (self.n, self.len);
        self.triangle[k * n..k * n + k].copy_from_slice(&along[..k]);
        self.triangle[k * n + k] = length;
        let inverse = 1.0 / length;
        self.over_diagonal[k] = inverse;
        for (q, b) in self.basis[k * n..(k + 1) * n].iter_mut().zip(beyond) {
            *q = inverse * b;
        }
        self.len += 1;
    }

    /// Drops the constraint at position `p`; a split image, if given, becomes one of the smaller working set.
    pub(super) fn remove(&mut self, p: usize, split: Option<(&mut [f64], &mut [f64])>) {
        let n = self.n;
        self.len -= 1;
        let last = self.len;
        let mut none = [];
        let (along, beyond) = split.map_or((&mut none[..], None), |(along, beyond)| (along, Some(beyond)));
        for j in p..last {
            let next = (j + 1) * n;
            self.triangle.copy_within(next..next + j + 2, j * n);
        }
        for j in p..last {
            let (c, s, length) = rotation(self.triangle[j * n + j], self.triangle[j * n + j + 1]);
            self.triangle[j * n + j] = length;
            self.over_diagonal[j] = 1.0 / length;
            for column in j + 1..last {
                let pair = &mut self.triangle[column * n + j..column * n + j + 2];
                (pair[0], pair[1]) = (c * pair[0] + s * pair[1], c * pair[1] - s * pair[0]);
            }
            let (left, right) = self.basis.split_at_mut((j + 1) * n);
            rotate(c, s, &mut left[j * n..], right);
            if let Some([a, b]) = along.get_mut(j..j + 2) {
                (*a, *b) = (c * *a + s * *b, c * *b - s * *a);
            }
        }
        if let Some(beyond) = beyond {
            axpy(along[last], &self.basis[last * n..(last + 1) * n], beyond);
        }
    }
}

/// L of P + shift·I = LLᵀ by rows of stride n, and the first column of each group of rows that is not zero.
fn cholesky(hessian: &Matrix, shift: f64, lower: &mut [f64]) -> Result<Vec<usize>, NotPositive> {
    let n = hessian.num_rows();
    let mut first = vec![n; n.div_ceil(GROUP)];
    let mut over_pivot = vec![0.0; n];
    for i in 0..n {
        let (done, rest) = lower.split_at_mut(i * n);
        let row = &mut rest[..=i];
        match hessian.row(i) {
            Row::Dense(values) => row.copy_from_slice(&values[..=i]),
            Row::Sparse(columns, values) => {
                let lower_part = columns.iter().zip(values).take_while(|(j, _)| **j as usize <= i);
                lower_part.for_each(|(&j, &p)| row[j as usize] = p);
            }
        }
        row[i] += shift;
        let scale = row[i];
        let start = row.iter().position(|v| *v != 0.0).unwrap_or(i);
        first[i / GROUP] = first[i / GROUP].min(start);
        // A group of columns at once up to the group, then within it.
        for j in (start / GROUP * GROUP..i).step_by(GROUP) {
            let next = (j + GROUP).min(i);
            let from = start.max(first[j / GROUP]).min(j);
            let mut inner = [0.0; GROUP];
            dots(&done[j * n + from..], n, &row[from..j], &mut inner[..next - j]);
            for c in j..next {
                let other = &done[c * n..=c * n + c];
                let within: f64 = row[j..c].iter().zip(&other[j..c]).map(|(a, b)| a * b).sum();
                row[c] = (row[c] - inner[c - j] - within) * over_pivot[c];
            }
        }
        let pivot = row[i] - dot(&row[start..i], &row[start..i]);
        if !(pivot > n as f64 * f64::EPSILON * scale && pivot.is_finite()) {
            return Err(NotPositive);
        }
        row[i] = pivot.sqrt();
        over_pivot[i] = 1.0 / row[i];
    }
    Ok(first)
}

/// outⱼ = dⱼvⱼ.
fn times_each(d: &[f64], v: &[f64], out: &mut [f64]) {
    out.iter_mut().zip(d.iter().zip(v)).for_each(|(out, (d, v))| *out = d * v);
}

/// x ← x + Σ wⱼ·rowⱼ for the lower triangular rows `base`, `base` + 1, … of stride len(x), a group at once; `first` holds the
/// first column of each group that may be other than zero, and beyond the diagonal there are zeros.
fn add_rows(w: &[f64], rows: &[f64], first: &[usize], base: usize, x: &mut [f64]) {
    let n = x.len();
    for (g, (w, &from)) in w.chunks(GROUP).zip(first).enumerate() {
        let j = GROUP * g;
        axpys(w, &rows[j * n + from..], n, &mut x[from..base + j + w.len()]);
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

    /// QR = L⁻¹N, QᵀQ = I, and L⁻ᵀL⁻¹ = (P + shift·I)⁻¹.
    fn holds(factor: &WorkingFactor, hessian: &Matrix, shift: f64, normals: &[Vec<f64>]) {
        let n = hessian.num_rows();
        let (mut a, mut x) = (vec![0.0; n], vec![0.0; n]);
        for (k, normal) in normals.iter().enumerate() {
            factor.image_of_row(Row::Dense(normal), 1.0, &mut a);
            let mut product = vec![0.0; n];
            for p in 0..=k {
                axpy(factor.triangle[k * n + p], factor.basis_column(p), &mut product);
            }
            assert!(a.iter().zip(&product).all(|(a, b)| (a - b).abs() < 1e-13), "column {k}");
            for p in 0..normals.len() {
                let inner = dot(factor.basis_column(p), factor.basis_column(k));
                assert!((inner - if p == k { 1.0 } else { 0.0 }).abs() < 1e-14);
            }
        }
        for i in 0..n {
            factor.image_of_unit(i, 1.0, &mut a);
            factor.back(&a, &mut x);
            let mut product = hessian.times(&x);
            axpy(shift, &x, &mut product);
            for (j, v) in product.iter().enumerate() {
                assert!((v - if i == j { 1.0 } else { 0.0 }).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn factors_hold_for_every_pattern_and_size() {
        type Pattern = fn(usize, usize) -> bool;
        let patterns: [Pattern; 6] = [
            |_, _| true,
            |i, j| i == j,
            |i, j| i.abs_diff(j) <= 1,
            |i, j| i / 3 == j / 3,
            |i, j| i == j || i.min(j) == 0,
            |i, j| i == j || i.max(j) > 8 && i.min(j) > 5,
        ];
        let mut factor = WorkingFactor::default();
        for n in [1, 3, 4, 5, 8, 9, 13] {
            for pattern in patterns {
                let entry = |i: usize, j: usize| match i == j {
                    true => 4.0,
                    false if pattern(i, j) => 1.0 / (1 + i + j) as f64,
                    false => 0.0,
                };
                let values = (0..n * n).map(|e| entry(e / n, e % n)).collect();
                let hessian = Matrix::dense(n, n, values).unwrap();
                factor.factor(&hessian, 0.5).unwrap();
                holds(&factor, &hessian, 0.5, &[]);
                for i in 0..n {
                    let unit: Vec<f64> = (0..n).map(|j| if i == j { 1.0 } else { 0.0 }).collect();
                    let (mut of_row, mut of_unit) = (vec![f64::NAN; n], vec![f64::NAN; n]);
                    factor.image_of_row(Row::Dense(&unit), -1.0, &mut of_row);
                    factor.image_of_unit(i, -1.0, &mut of_unit);
                    assert_eq!(of_row, of_unit);
                }
            }
        }
    }

    #[test]
    fn factors_hold_after_additions_and_removals() {
        let n = 5;
        let entry = |e: usize| match (e / n, e % n) {
            (i, j) if i == j => 5.0,
            (4, _) | (_, 4) => 0.0,
            (i, j) => 1.0 / (1 + i + j) as f64,
        };
        let hessian = Matrix::dense(n, n, (0..n * n).map(entry).collect()).unwrap();
        let mut factor = WorkingFactor::default();
        factor.factor(&Matrix::from(hessian.to_sparse().unwrap()), 0.5).unwrap();
        let from_sparse = factor.inverse.clone();
        factor.factor(&hessian, 0.5).unwrap();
        assert_eq!(from_sparse, factor.inverse);
        holds(&factor, &hessian, 0.5, &[]);
        let mut normals = vec![
            vec![1.0, 2.0, 0.0, -1.0, 0.0],
            vec![1.0, 2.0, 1e-7, -1.0, 0.0],
            vec![0.0, 0.0, 1.0, 0.0, 0.0],
            vec![3.0, 0.0, 1.0, 1.0, 2.0],
        ];
        let (mut a, mut along, mut beyond) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        for normal in &normals {
            let matrix = Matrix::dense(1, n, normal.clone()).unwrap().to_sparse().unwrap();
            factor.image_of_row(Matrix::from(matrix).row(0), 1.0, &mut a);
            factor.split(&a, &mut along, &mut beyond);
            let length = norm_two(&beyond);
            factor.add(&along, &beyond, length);
        }
        holds(&factor, &hessian, 0.5, &normals);
        let other = [0.3, -0.2, 1.0, 0.5, 0.7];
        factor.image_of_row(Row::Dense(&other), -1.0, &mut a);
        factor.split(&a, &mut along, &mut beyond);
        for p in [1, 0] {
            factor.remove(p, Some((&mut along[..], &mut beyond[..])));
            normals.remove(p);
            holds(&factor, &hessian, 0.5, &normals);
            let (mut fresh_along, mut fresh_beyond) = (vec![0.0; n], vec![0.0; n]);
            factor.split(&a, &mut fresh_along, &mut fresh_beyond);
            let same = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-14);
            assert!(same(&fresh_along[..factor.len()], &along) && same(&fresh_beyond, &beyond));
        }
        factor.restart();
        holds(&factor, &hessian, 0.5, &[]);
        let singular = Matrix::dense(2, 2, vec![1.0; 4]).unwrap();
        assert_eq!(factor.factor(&singular, 0.0), Err(NotPositive));
    }
}

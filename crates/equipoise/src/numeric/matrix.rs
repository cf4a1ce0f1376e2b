//! A matrix that is dense or sparse, for algorithms that take either a row at a time.

use std::sync::Arc;

use wide::f64x4;

use super::dd::Dd;
use super::dd_accumulators::{Accumulator, AccumulatorLanes};
use super::parallel::Workers;
use super::sparse::SparseMatrix;
use super::sum::{axpy, dot, dot_four, max_abs, norm_two};
use crate::error::InputError;

/// A dense matrix, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseMatrix {
    num_rows: usize,
    num_columns: usize,
    values: Vec<f64>,
}

impl DenseMatrix {
    /// The values (m·n, row-major).
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

/// A dense or a sparse matrix (m × n).
#[derive(Debug, Clone)]
pub enum Matrix {
    /// Every entry stored.
    Dense(DenseMatrix),
    /// Non-zero entries only.
    Sparse(Arc<SparseMatrix>),
}

/// A row of a [`Matrix`].
#[derive(Debug, Clone, Copy)]
pub enum Row<'a> {
    /// Every entry.
    Dense(&'a [f64]),
    /// Columns and entries.
    Sparse(&'a [u32], &'a [f64]),
}

impl From<SparseMatrix> for Matrix {
    fn from(matrix: SparseMatrix) -> Self {
        Self::Sparse(Arc::new(matrix))
    }
}

impl From<Arc<SparseMatrix>> for Matrix {
    fn from(matrix: Arc<SparseMatrix>) -> Self {
        Self::Sparse(matrix)
    }
}

impl Matrix {
    /// With m·n values, row by row.
    ///
    /// # Errors
    /// Another number of values (`values`), a value that is not finite (`values[7]`).
    pub fn dense(num_rows: usize, num_columns: usize, values: Vec<f64>) -> Result<Self, InputError> {
        let expected = num_rows.saturating_mul(num_columns);
        if values.len() != expected {
            return Err(InputError::length("values", expected, values.len()));
        }
        if let Some(k) = values.iter().position(|v| !v.is_finite()) {
            return Err(InputError::not_finite(format!("values[{k}]"), values[k]));
        }
        Ok(Self::Dense(DenseMatrix { num_rows, num_columns, values }))
    }

    /// n × n with `value` on the diagonal.
    pub fn scaled_identity(n: usize, value: f64) -> Self {
        let values = (0..n * n).map(|e| if e / n == e % n { value } else { 0.0 }).collect();
        Self::Dense(DenseMatrix { num_rows: n, num_columns: n, values })
    }

    /// Number of rows, m.
    pub fn num_rows(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.num_rows,
            Self::Sparse(matrix) => matrix.num_rows(),
        }
    }

    /// Number of columns, n.
    pub fn num_columns(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.num_columns,
            Self::Sparse(matrix) => matrix.num_columns(),
        }
    }

    /// Row i.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub fn row(&self, i: usize) -> Row<'_> {
        match self {
            Self::Dense(matrix) => {
                Row::Dense(&matrix.values[i * matrix.num_columns..(i + 1) * matrix.num_columns])
            }
            Self::Sparse(matrix) => {
                let (columns, values) = matrix.row(i);
                Row::Sparse(columns, values)
            }
        }
    }

    /// Number of entries that are stored.
    pub fn num_stored(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.values.len(),
            Self::Sparse(matrix) => matrix.num_nonzeros(),
        }
    }

    /// The largest absolute entry.
    pub fn max_abs(&self) -> f64 {
        (0..self.num_rows()).map(|i| self.row(i).max_abs()).fold(0.0, f64::max)
    }

    /// Mv.
    pub fn times(&self, v: &[f64]) -> Vec<f64> {
        (0..self.num_rows()).map(|i| self.row(i).dot(v)).collect()
    }

    /// The listed rows' products with v into `out`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn some_rows_times(&self, rows: &[usize], v: &[f64], out: &mut [f64]) {
        assert_eq!(rows.len(), out.len());
        match self {
            Self::Dense(matrix) => {
                let row = |i: usize| &matrix.values[i * matrix.num_columns..(i + 1) * matrix.num_columns];
                for (rows, out) in rows.chunks(4).zip(out.chunks_mut(4)) {
                    // Where fewer than four are left, the last one is repeated.
                    let four = dot_four([0, 1, 2, 3].map(|p| row(rows[p.min(rows.len() - 1)])), v);
                    out.copy_from_slice(&four[..out.len()]);
                }
            }
            Self::Sparse(_) => rows.iter().zip(out).for_each(|(&i, out)| *out = self.row(i).dot(v)),
        }
    }

    /// Mᵀy.
    pub fn transposed_times(&self, y: &[f64]) -> Vec<f64> {
        match self {
            Self::Dense(_) => {
                let mut out = vec![0.0; self.num_columns()];
                for (i, &y) in y.iter().enumerate().filter(|(_, y)| **y != 0.0) {
                    self.row(i).add_to(y, &mut out);
                }
                out
            }
            Self::Sparse(matrix) => {
                let mut out = vec![0.0; self.num_columns()];
                matrix.transposed_times(y, &mut out, &Workers::inline());
                out
            }
        }
    }

    /// Mᵀy in double-double.
    pub fn transposed_times_dd(&self, y: &[f64]) -> Vec<Dd> {
        let n = self.num_columns();
        match self {
            Self::Sparse(matrix) => (0..n)
                .map(|j| {
                    let (rows, values) = matrix.column(j);
                    let mut sum = Accumulator::default();
                    rows.iter().zip(values).for_each(|(&i, &a)| sum.add_product(a, y[i as usize], 0.0));
                    sum.value()
                })
                .collect(),
            Self::Dense(matrix) => {
                let mut out = Vec::with_capacity(n);
                let rows: Vec<usize> = (0..y.len()).filter(|&i| y[i] != 0.0).collect();
                let grouped = n - n % AccumulatorLanes::LANES;
                for start in (0..grouped).step_by(AccumulatorLanes::LANES) {
                    let mut sums = AccumulatorLanes::default();
                    for &i in &rows {
                        let entries = matrix.values[i * n + start..].first_chunk::<4>();
                        let entries = f64x4::from(*entries.expect("four columns are left"));
                        sums.add_plain_products(entries, f64x4::splat(y[i]));
                    }
                    out.extend_from_slice(&sums.values());
                }
                for j in grouped..n {
                    let mut sum = Accumulator::default();
                    rows.iter().for_each(|&i| sum.add_product(matrix.values[i * n + j], y[i], 0.0));
                    out.push(sum.value());
                }
                out
            }
        }
    }

    /// The same matrix in sparse storage, without zeros.
    ///
    /// # Errors
    /// More entries than the indices can count.
    pub fn to_sparse(&self) -> Result<Arc<SparseMatrix>, InputError> {
        if let Self::Sparse(matrix) = self {
            return Ok(matrix.clone());
        }
        let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..self.num_rows() {
            for (j, a) in self.row(i).entries().filter(|e| e.1 != 0.0) {
                rows.push(i as u32);
                columns.push(j as u32);
                values.push(a);
            }
        }
        SparseMatrix::from_triples(self.num_rows(), self.num_columns(), &rows, &columns, &values)
            .map(Arc::new)
    }
}

impl<'a> Row<'a> {
    /// Σ aⱼxⱼ.
    #[inline]
    pub fn dot(self, x: &[f64]) -> f64 {
        match self {
            Self::Dense(values) => dot(values, x),
            Self::Sparse(columns, values) => {
                let mut sum = 0.0;
                columns.iter().zip(values).for_each(|(&j, a)| sum += a * x[j as usize]);
                sum
            }
        }
    }

    /// Σ aⱼxⱼ in double-double.
    #[inline]
    pub fn dot_dd(self, x: &[f64]) -> Dd {
        match self {
            Self::Dense(values) => {
                let (a_blocks, a_rest) = values.as_chunks::<4>();
                let (x_blocks, x_rest) = x.as_chunks::<4>();
                let mut lanes = AccumulatorLanes::default();
                for (a, x) in a_blocks.iter().zip(x_blocks) {
                    lanes.add_plain_products(f64x4::from(*a), f64x4::from(*x));
                }
                let mut rest = Accumulator::default();
                a_rest.iter().zip(x_rest).for_each(|(&a, &x)| rest.add_product(a, x, 0.0));
                if a_blocks.is_empty() { rest.value() } else { lanes.value() + rest.value() }
            }
            Self::Sparse(columns, values) => {
                let mut sum = Accumulator::default();
                columns.iter().zip(values).for_each(|(&j, &a)| sum.add_product(a, x[j as usize], 0.0));
                sum.value()
            }
        }
    }

    /// y ← y + α·row.
    #[inline]
    pub fn add_to(self, alpha: f64, y: &mut [f64]) {
        match self {
            Self::Dense(values) => axpy(alpha, values, y),
            Self::Sparse(columns, values) => {
                columns.iter().zip(values).for_each(|(&j, a)| y[j as usize] += alpha * a);
            }
        }
    }

    /// Euclidean norm.
    pub fn norm(self) -> f64 {
        norm_two(self.values())
    }

    /// Largest absolute entry.
    pub fn max_abs(self) -> f64 {
        max_abs(self.values())
    }

    /// Columns with their entries; zeros of a dense row included.
    pub fn entries(self) -> impl Iterator<Item = (usize, f64)> + 'a {
        let columns = match self {
            Self::Dense(_) => None,
            Self::Sparse(columns, _) => Some(columns),
        };
        self.values().iter().enumerate().map(move |(e, &a)| (columns.map_or(e, |c| c[e] as usize), a))
    }

    fn values(self) -> &'a [f64] {
        match self {
            Self::Dense(values) | Self::Sparse(_, values) => values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3 × 7 with integers and some zeros, both ways.
    fn both() -> [Matrix; 2] {
        let values: Vec<f64> = (0..21).map(|e| f64::from((e * 7) % 5 - 2)).collect();
        let dense = Matrix::dense(3, 7, values).unwrap();
        let sparse = Matrix::from(dense.to_sparse().unwrap());
        [dense, sparse]
    }

    #[test]
    fn both_storages_give_the_same_products() {
        let [dense, sparse] = both();
        assert!(sparse.num_stored() < dense.num_stored());
        let x: Vec<f64> = (0..7).map(|j| f64::from(j) - 2.5).collect();
        let y = [2.0, 0.0, -3.0];
        assert_eq!(dense.times(&x), sparse.times(&x));
        assert_eq!(dense.transposed_times(&y), sparse.transposed_times(&y));
        for rows in [&[][..], &[2], &[2, 0], &[0, 1, 2, 1, 0]] {
            let want: Vec<f64> = rows.iter().map(|&i| dense.times(&x)[i]).collect();
            for matrix in [&dense, &sparse] {
                let mut values = vec![0.0; rows.len()];
                matrix.some_rows_times(rows, &x, &mut values);
                assert_eq!(values, want);
            }
        }
        let exact: Vec<f64> = dense.transposed_times_dd(&y).into_iter().map(Dd::to_f64).collect();
        assert_eq!(exact, dense.transposed_times(&y));
        assert_eq!(dense.transposed_times_dd(&y), sparse.transposed_times_dd(&y));
        for i in 0..3 {
            assert_eq!(dense.row(i).dot_dd(&x).to_f64(), sparse.row(i).dot(&x));
            assert_eq!(dense.row(i).norm(), sparse.row(i).norm());
            let (mut a, mut b) = (vec![1.0; 7], vec![1.0; 7]);
            dense.row(i).add_to(0.5, &mut a);
            sparse.row(i).add_to(0.5, &mut b);
            assert_eq!(a, b);
        }
        assert_eq!((dense.max_abs(), sparse.max_abs()), (2.0, 2.0));
    }

    #[test]
    fn products_in_double_double_survive_cancellation() {
        let matrix = Matrix::dense(1, 5, vec![1e16, 1.0, -1e16, 1e-16, 2.0]).unwrap();
        assert_eq!(matrix.row(0).dot_dd(&[1.0, 1.0, 1.0, 1.0, -0.5]), Dd::from(1e-16));
        let column = Matrix::dense(3, 1, vec![1e16, 1.0, -1e16]).unwrap();
        assert_eq!(column.transposed_times_dd(&[1.0; 3])[0].to_f64(), 1.0);
    }

    #[test]
    fn wrong_shapes_and_numbers_are_named() {
        assert_eq!(Matrix::dense(2, 2, vec![0.0; 3]).unwrap_err().path, "values");
        assert_eq!(Matrix::dense(1, 2, vec![0.0, f64::NAN]).unwrap_err().path, "values[1]");
        assert_eq!(Matrix::scaled_identity(2, 3.0).times(&[1.0, 2.0]), [3.0, 6.0]);
    }
}

//! Sparse matrices held by rows and by columns, because each product (`sparse_products.rs`) runs along the side that makes its outputs.

use super::repeated_rows::Repeats;
use super::storage::Stored;
use crate::error::{InputCode, InputError};

/// An n × k matrix with its non-zeros stored by rows (CSR) and by columns (CSC); at most 2³² − 1 non-zeros.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseMatrix {
    pub(super) num_rows: usize,
    pub(super) num_columns: usize,
    pub(super) row_starts: Vec<u32>,
    pub(super) column_indices: Stored<u32>,
    pub(super) row_values: Stored<f64>,
    pub(super) column_starts: Vec<u32>,
    pub(super) row_indices: Stored<u32>,
    pub(super) column_values: Stored<f64>,
    pub(super) repeats: Repeats,
}

/// Scattered rows after which a pass over them releases what it has read: with each of them the system may map 2 MiB
/// around it.
pub(crate) const SCATTERED: usize = 32;

/// Some rows of a [`SparseMatrix`], contiguous in memory.
#[derive(Debug, Clone)]
pub struct RowSelection {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl RowSelection {
    /// Columns (ascending) and values of the r-th selected row.
    #[inline(always)]
    pub fn row(&self, r: usize) -> (&[u32], &[f64]) {
        let span = self.starts[r]..self.starts[r + 1];
        (&self.columns[span.clone()], &self.values[span])
    }
}

/// Non-zeros by columns, rows ascending inside each: the common form that every constructor reduces its input to. For
/// compressed rows the two change places.
struct Columns {
    starts: Vec<u32>,
    rows: Vec<u32>,
    values: Vec<f64>,
}

impl SparseMatrix {
    /// From compressed columns: `column_starts` (k + 1), `row_indices` and `values` (non-zeros). Rows may come in any
    /// order inside a column; repeated entries add up in the order given; explicit zeros are dropped.
    ///
    /// # Errors
    /// Lengths that differ, starts that do not ascend from 0 to the number of entries, a row ≥ `num_rows`, a value that
    /// is not finite, sizes beyond u32. The path names the entry (`matrix.rowIndices[7]`).
    pub fn from_csc(
        num_rows: usize,
        num_columns: usize,
        column_starts: Vec<u32>,
        row_indices: Vec<u32>,
        values: Vec<f64>,
    ) -> Result<Self, InputError> {
        check_size(num_rows, num_columns, values.len())?;
        check_starts(
            ["columnStarts", "rowIndices"],
            &column_starts,
            num_columns,
            row_indices.len(),
            values.len(),
        )?;
        check_entries("rowIndices", &row_indices, num_rows, &values)?;
        let columns = Columns { starts: column_starts, rows: row_indices, values };
        Ok(Self::from_columns(num_rows, columns.canonical(["row", "column"])?))
    }

    /// From compressed rows: `row_starts` (n + 1), `column_indices` and `values` (non-zeros), under the same rules as
    /// [`SparseMatrix::from_csc`].
    ///
    /// # Errors
    /// As [`SparseMatrix::from_csc`].
    pub fn from_csr(
        num_rows: usize,
        num_columns: usize,
        row_starts: Vec<u32>,
        column_indices: Vec<u32>,
        values: Vec<f64>,
    ) -> Result<Self, InputError> {
        check_size(num_rows, num_columns, values.len())?;
        check_starts(
            ["rowStarts", "columnIndices"],
            &row_starts,
            num_rows,
            column_indices.len(),
            values.len(),
        )?;
        check_entries("columnIndices", &column_indices, num_columns, &values)?;
        let rows = Columns { starts: row_starts, rows: column_indices, values };
        Ok(Self::from_columns(num_columns, rows.canonical(["column", "row"])?).transposed())
    }

    /// From triples (row, column, value) in any order; repeated entries add up in the order given.
    ///
    /// # Errors
    /// Lengths that differ, an index out of range, a value that is not finite, sizes beyond u32.
    pub fn from_triples(
        num_rows: usize,
        num_columns: usize,
        rows: &[u32],
        columns: &[u32],
        values: &[f64],
    ) -> Result<Self, InputError> {
        check_size(num_rows, num_columns, values.len())?;
        for (name, length) in [("rows", rows.len()), ("columns", columns.len())] {
            if length != values.len() {
                return Err(InputError::length(format!("matrix.{name}"), values.len(), length));
            }
        }
        check_entries("rows", rows, num_rows, values)?;
        check_entries("columns", columns, num_columns, values)?;
        let (starts, order) = counting_sort(columns, num_columns);
        let columns = Columns {
            starts,
            rows: order.iter().map(|&e| rows[e as usize]).collect(),
            values: order.iter().map(|&e| values[e as usize]).collect(),
        };
        Ok(Self::from_columns(num_rows, columns.canonical(["row", "column"])?))
    }

    /// From dense columns of length `num_rows` each.
    ///
    /// # Errors
    /// A column of another length, a value that is not finite, sizes beyond u32.
    pub fn from_dense_columns<'a>(
        num_rows: usize,
        dense: impl IntoIterator<Item = &'a [f64]>,
    ) -> Result<Self, InputError> {
        let mut columns = Columns { starts: vec![0], rows: Vec::new(), values: Vec::new() };
        for (j, column) in dense.into_iter().enumerate() {
            if column.len() != num_rows {
                return Err(InputError::length(format!("matrix.columns[{j}]"), num_rows, column.len()));
            }
            for (i, &value) in column.iter().enumerate() {
                if !value.is_finite() {
                    return Err(InputError::not_finite(format!("matrix.columns[{j}][{i}]"), value));
                }
                if value != 0.0 {
                    columns.rows.push(i as u32);
                    columns.values.push(value);
                }
            }
            check_size(num_rows, columns.starts.len(), columns.values.len())?;
            columns.starts.push(columns.values.len() as u32);
        }
        Ok(Self::from_columns(num_rows, columns))
    }

    fn from_columns(num_rows: usize, columns: Columns) -> Self {
        let num_columns = columns.starts.len() - 1;
        let nonzeros = columns.rows.len();
        let mut row_starts = vec![0u32; num_rows + 1];
        for &row in &columns.rows {
            row_starts[row as usize + 1] += 1;
        }
        for i in 0..num_rows {
            row_starts[i + 1] += row_starts[i];
        }
        let mut next = row_starts.clone();
        let mut column_indices = vec![0u32; nonzeros];
        let mut row_values = vec![0.0; nonzeros];
        for j in 0..num_columns {
            for e in columns.starts[j] as usize..columns.starts[j + 1] as usize {
                let slot = &mut next[columns.rows[e] as usize];
                column_indices[*slot as usize] = j as u32;
                row_values[*slot as usize] = columns.values[e];
                *slot += 1;
            }
        }
        Self {
            num_rows,
            num_columns,
            row_starts,
            column_indices: column_indices.into(),
            row_values: row_values.into(),
            column_starts: columns.starts,
            row_indices: columns.rows.into(),
            column_values: columns.values.into(),
            repeats: Repeats::default(),
        }
    }

    /// Aᵀ: the sides change places.
    fn transposed(self) -> Self {
        Self {
            num_rows: self.num_columns,
            num_columns: self.num_rows,
            row_starts: self.column_starts,
            column_indices: self.row_indices,
            row_values: self.column_values,
            column_starts: self.row_starts,
            row_indices: self.column_indices,
            column_values: self.row_values,
            repeats: Repeats::default(),
        }
    }

    /// Compressed columns (column starts, row indices, values), as [`SparseMatrix::from_csc`] takes them.
    pub fn into_csc(self) -> (Vec<u32>, Vec<u32>, Vec<f64>) {
        (self.column_starts, self.row_indices.into_vec(), self.column_values.into_vec())
    }

    /// Compressed columns, as [`SparseMatrix::from_csc`] takes them.
    pub fn csc(&self) -> (&[u32], &[u32], &[f64]) {
        (&self.column_starts, &self.row_indices, &self.column_values)
    }

    /// Number of rows n.
    pub fn num_rows(&self) -> usize {
        self.num_rows
    }

    /// Number of columns k.
    pub fn num_columns(&self) -> usize {
        self.num_columns
    }

    /// Number of stored entries.
    pub fn num_nonzeros(&self) -> usize {
        self.row_values.len()
    }

    /// True if the entries lie in mapped files.
    pub(crate) fn is_mapped(&self) -> bool {
        matches!(self.row_values, Stored::Mapped(_))
    }

    /// Bytes of memory that the matrix holds; what is mapped from files is not counted.
    pub fn memory_bytes(&self) -> usize {
        let starts = (self.row_starts.capacity() + self.column_starts.capacity()) * size_of::<u32>();
        let indices = self.column_indices.heap_bytes() + self.row_indices.heap_bytes();
        starts + indices + self.row_values.heap_bytes() + self.column_values.heap_bytes()
    }

    /// Columns (ascending) and values of row `i`.
    #[inline(always)]
    pub fn row(&self, i: usize) -> (&[u32], &[f64]) {
        let span = self.row_starts[i] as usize..self.row_starts[i + 1] as usize;
        (&self.column_indices[span.clone()], &self.row_values[span])
    }

    /// Rows (ascending) and values of column `j`.
    #[inline(always)]
    pub fn column(&self, j: usize) -> (&[u32], &[f64]) {
        let span = self.column_starts[j] as usize..self.column_starts[j + 1] as usize;
        (&self.row_indices[span.clone()], &self.column_values[span])
    }

    /// Says that a pass over these rows is done: pages that are mapped from files may leave memory.
    pub(crate) fn release_rows(&self, rows: std::ops::Range<usize>) {
        let span = self.row_starts[rows.start] as usize..self.row_starts[rows.end] as usize;
        self.column_indices.release(span.clone());
        self.row_values.release(span);
    }

    /// [`SparseMatrix::release_rows`] for a column.
    pub(super) fn release_column(&self, j: usize) {
        let span = self.column_starts[j] as usize..self.column_starts[j + 1] as usize;
        self.row_indices.release(span.clone());
        self.column_values.release(span);
    }

    /// Copies of the rows `rows` (ascending), one after the other.
    pub fn select_rows(&self, rows: &[u32]) -> RowSelection {
        let length = rows.iter().map(|&i| self.row(i as usize).0.len()).sum();
        let mut out = RowSelection {
            starts: Vec::with_capacity(rows.len() + 1),
            columns: Vec::with_capacity(length),
            values: Vec::with_capacity(length),
        };
        out.starts.push(0);
        for rows in rows.chunks(SCATTERED) {
            for &i in rows {
                let (columns, values) = self.row(i as usize);
                out.columns.extend_from_slice(columns);
                out.values.extend_from_slice(values);
                out.starts.push(out.columns.len());
            }
            self.release_rows(rows[0] as usize..rows[rows.len() - 1] as usize + 1);
        }
        out
    }
}

impl Columns {
    /// Sorts rows inside each column (stable), adds repeated entries, drops zeros. Input that is already so is returned
    /// untouched.
    ///
    /// # Errors
    /// Repeated entries whose sum is not finite.
    fn canonical(self, [row, column]: [&str; 2]) -> Result<Self, InputError> {
        let columns = self.starts.len() - 1;
        let sorted = (0..columns).all(|j| {
            let span = self.starts[j] as usize..self.starts[j + 1] as usize;
            self.rows[span].windows(2).all(|pair| pair[0] < pair[1])
        });
        if sorted && self.values.iter().all(|&v| v != 0.0) {
            return Ok(self);
        }
        let mut out = Self { starts: vec![0], rows: Vec::new(), values: Vec::new() };
        let mut entries: Vec<(u32, f64)> = Vec::new();
        for j in 0..columns {
            let span = self.starts[j] as usize..self.starts[j + 1] as usize;
            entries.clear();
            entries.extend(self.rows[span.clone()].iter().copied().zip(self.values[span].iter().copied()));
            entries.sort_by_key(|&(row, _)| row);
            for group in entries.chunk_by(|a, b| a.0 == b.0) {
                let value = group.iter().map(|&(_, v)| v).fold(0.0, |a, b| a + b);
                if !value.is_finite() {
                    return Err(InputError::new(
                        InputCode::NotFinite,
                        "matrix",
                        "repeated entries with a finite sum",
                        format!("a sum of {value} at {row} {}, {column} {j}", group[0].0),
                    ));
                }
                if value != 0.0 {
                    out.rows.push(group[0].0);
                    out.values.push(value);
                }
            }
            out.starts.push(out.rows.len() as u32);
        }
        Ok(out)
    }
}

/// Start of each key's run and the positions of the entries in key order (stable).
fn counting_sort(keys: &[u32], num_keys: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; num_keys + 1];
    for &key in keys {
        starts[key as usize + 1] += 1;
    }
    for j in 0..num_keys {
        starts[j + 1] += starts[j];
    }
    let mut next = starts.clone();
    let mut order = vec![0u32; keys.len()];
    for (e, &key) in keys.iter().enumerate() {
        order[next[key as usize] as usize] = e as u32;
        next[key as usize] += 1;
    }
    (starts, order)
}

fn check_size(rows: usize, columns: usize, nonzeros: usize) -> Result<(), InputError> {
    let limit = u32::MAX as usize;
    for (name, size) in [("rows", rows), ("columns", columns), ("non-zeros", nonzeros)] {
        if size >= limit {
            return Err(InputError::new(
                InputCode::TooLarge,
                "matrix",
                format!("fewer than {limit} {name}"),
                size.to_string(),
            ));
        }
    }
    Ok(())
}

fn check_starts(
    [starts_name, indices_name]: [&str; 2],
    starts: &[u32],
    lists: usize,
    indices: usize,
    values: usize,
) -> Result<(), InputError> {
    if indices != values {
        return Err(InputError::length(format!("matrix.{indices_name}"), values, indices));
    }
    if starts.len() != lists + 1 {
        return Err(InputError::length(format!("matrix.{starts_name}"), lists + 1, starts.len()));
    }
    let at = |j: usize, expected: String| {
        let path = format!("matrix.{starts_name}[{j}]");
        InputError::new(InputCode::OutOfRange, path, expected, starts[j].to_string())
    };
    if starts[0] != 0 {
        return Err(at(0, "0".into()));
    }
    if let Some(j) = (0..lists).find(|&j| starts[j] > starts[j + 1]) {
        return Err(at(j + 1, format!("at least {}", starts[j])));
    }
    if starts[lists] as usize != values {
        return Err(at(lists, format!("{values}, the number of entries")));
    }
    Ok(())
}

fn check_entries(name: &str, indices: &[u32], limit: usize, values: &[f64]) -> Result<(), InputError> {
    if let Some(e) = indices.iter().position(|&i| i as usize >= limit) {
        return Err(InputError::new(
            InputCode::OutOfRange,
            format!("matrix.{name}[{e}]"),
            format!("an index below {limit}"),
            indices[e].to_string(),
        ));
    }
    match values.iter().position(|v| !v.is_finite()) {
        Some(e) => Err(InputError::not_finite(format!("matrix.values[{e}]"), values[e])),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::dd::{Dd, Uncertain};
    use crate::numeric::parallel::Workers;
    use proptest::prelude::*;

    fn dense(m: &SparseMatrix) -> Vec<Vec<f64>> {
        (0..m.num_rows())
            .map(|i| {
                let mut row = vec![0.0; m.num_columns()];
                let (columns, values) = m.row(i);
                for (&j, v) in columns.iter().zip(values) {
                    row[j as usize] = *v;
                }
                row
            })
            .collect()
    }

    proptest! {
        #[test]
        fn every_constructor_and_side_agrees(
            entries in prop::collection::vec((0u32..7, 0u32..5, -4i32..5), 0..40),
        ) {
            let mut want = vec![vec![0.0; 5]; 7];
            for &(i, j, v) in &entries {
                want[i as usize][j as usize] += f64::from(v);
            }
            let rows: Vec<u32> = entries.iter().map(|e| e.0).collect();
            let columns: Vec<u32> = entries.iter().map(|e| e.1).collect();
            let values: Vec<f64> = entries.iter().map(|e| f64::from(e.2)).collect();
            let m = SparseMatrix::from_triples(7, 5, &rows, &columns, &values).unwrap();
            prop_assert_eq!(&dense(&m), &want);
            let by_column: Vec<Vec<f64>> = (0..5).map(|j| want.iter().map(|r| r[j]).collect()).collect();
            let n = SparseMatrix::from_dense_columns(7, by_column.iter().map(Vec::as_slice)).unwrap();
            prop_assert_eq!(&m, &n);
            let (starts, order_by_column) = counting_sort(&columns, 5);
            let c = SparseMatrix::from_csc(
                7, 5, starts,
                order_by_column.iter().map(|&e| rows[e as usize]).collect(),
                order_by_column.iter().map(|&e| values[e as usize]).collect(),
            ).unwrap();
            prop_assert_eq!(&m, &c);
            let (starts, order_by_row) = counting_sort(&rows, 7);
            let r = SparseMatrix::from_csr(
                7, 5, starts,
                order_by_row.iter().map(|&e| columns[e as usize]).collect(),
                order_by_row.iter().map(|&e| values[e as usize]).collect(),
            ).unwrap();
            prop_assert_eq!(&m, &r);

            let workers = Workers::new(2);
            let x = [1.0, -2.0, 3.0, 0.5, 4.0, -1.0, 2.0];
            let (mut t, mut u) = (vec![0.0; 5], vec![0.0; 7]);
            m.transposed_times(&x, &mut t, &workers);
            let epsilon = m.dd_summation_error();
            let pairs = x.map(|v: f64| Uncertain { value: Dd::from(v), error: epsilon * v.abs() });
            for (j, sum) in m.transposed_times_dd(&pairs, &workers).into_iter().enumerate() {
                let exact: f64 = (0..7).map(|i| want[i][j] * x[i]).sum();
                prop_assert_eq!(t[j], exact);
                prop_assert_eq!(sum.value.to_f64(), exact);
                prop_assert!(sum.error < 1e-24);
            }
            m.times(&[1.0, 2.0, -1.0, 0.5, 3.0], &mut u, &workers);
            for i in 0..7 {
                let v = [1.0, 2.0, -1.0, 0.5, 3.0];
                prop_assert_eq!(u[i], (0..5).map(|j| want[i][j] * v[j]).sum::<f64>());
            }
        }
    }

    #[test]
    fn bad_input_is_named() {
        let path = |r: Result<SparseMatrix, InputError>| r.unwrap_err().path;
        assert_eq!(path(SparseMatrix::from_triples(2, 2, &[0, 2], &[0, 0], &[1.0, 1.0])), "matrix.rows[1]");
        assert_eq!(
            path(SparseMatrix::from_triples(2, 2, &[0, 1], &[0, 9], &[1.0, 1.0])),
            "matrix.columns[1]"
        );
        assert_eq!(path(SparseMatrix::from_triples(2, 2, &[0], &[0], &[f64::NAN])), "matrix.values[0]");
        assert_eq!(path(SparseMatrix::from_triples(2, 2, &[0], &[0, 1], &[1.0])), "matrix.columns");
        assert_eq!(
            path(SparseMatrix::from_csc(2, 2, vec![0, 2, 1], vec![0], vec![1.0])),
            "matrix.columnStarts[2]"
        );
        assert_eq!(path(SparseMatrix::from_csc(2, 2, vec![0, 1], vec![0], vec![1.0])), "matrix.columnStarts");
        assert_eq!(
            path(SparseMatrix::from_csc(2, 1, vec![0, 2], vec![0], vec![1.0])),
            "matrix.columnStarts[1]"
        );
        let csr = |starts: &[u32], columns: &[u32]| {
            path(SparseMatrix::from_csr(2, 3, starts.to_vec(), columns.to_vec(), vec![1.0, 1.0]))
        };
        assert_eq!(csr(&[0, 1], &[0, 1]), "matrix.rowStarts");
        assert_eq!(csr(&[0, 2, 1], &[0, 1]), "matrix.rowStarts[2]");
        assert_eq!(csr(&[0, 1, 2], &[0]), "matrix.columnIndices");
        assert_eq!(csr(&[0, 1, 2], &[0, 3]), "matrix.columnIndices[1]");
        assert_eq!(
            path(SparseMatrix::from_dense_columns(2, [&[1.0, f64::INFINITY][..]])),
            "matrix.columns[0][1]"
        );
    }
}

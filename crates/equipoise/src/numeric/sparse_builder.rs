//! Sparse matrices made of blocks of rows, in memory or in mapped files, without a second copy of the entries.

use std::io;
use std::ops::Range;

use super::repeated_rows::Repeats;
use super::sparse::SparseMatrix;
use super::storage::{Storage, Stored, StoredWriter};
use crate::error::{InputCode, InputError};

/// Entries that are transposed at a time (12 bytes each, beside the matrix).
const BLOCK_ENTRIES: usize = 1 << 22;

/// Collects the rows of a [`SparseMatrix`] block by block. The matrix is the same, bit for bit, as if it had been made at once.
#[derive(Debug)]
pub struct SparseMatrixBuilder {
    storage: Storage,
    row_starts: Vec<u32>,
    column_indices: StoredWriter<u32>,
    row_values: StoredWriter<f64>,
    column_sizes: Vec<u32>,
}

impl SparseMatrixBuilder {
    /// A matrix of no rows yet.
    ///
    /// # Errors
    /// A storage folder in which no file can be made (`storage.folder`).
    pub fn new(num_columns: usize, storage: Storage) -> Result<Self, InputError> {
        let (column_indices, row_values) = StoredWriter::new(&storage)
            .and_then(|c| Ok((c, StoredWriter::new(&storage)?)))
            .map_err(refused)?;
        Ok(Self {
            storage,
            row_starts: vec![0],
            column_indices,
            row_values,
            column_sizes: vec![0; num_columns],
        })
    }

    /// Rows so far.
    pub fn num_rows(&self) -> usize {
        self.row_starts.len() - 1
    }

    /// Entries so far.
    pub fn num_nonzeros(&self) -> usize {
        self.row_starts[self.num_rows()] as usize
    }

    /// Entries of each column so far (k).
    pub fn column_sizes(&self) -> &[u32] {
        &self.column_sizes
    }

    /// Appends the rows of `block`. After an error the matrix is what it was before.
    ///
    /// # Errors
    /// Another number of columns; more than 2³² − 2 rows or entries in all; a disk that is full.
    pub fn push(&mut self, block: &SparseMatrix) -> Result<(), InputError> {
        if block.num_columns() != self.column_sizes.len() {
            let expected = format!("{} columns", self.column_sizes.len());
            let received = format!("{} columns", block.num_columns());
            return Err(InputError::new(InputCode::Dimension, "matrix", expected, received));
        }
        let (rows, nonzeros) = (self.num_rows(), self.num_nonzeros());
        for (name, size) in
            [("rows", rows + block.num_rows()), ("non-zeros", nonzeros + block.num_nonzeros())]
        {
            if size >= u32::MAX as usize {
                let expected = format!("fewer than {} {name} in all", u32::MAX);
                return Err(InputError::new(InputCode::TooLarge, "matrix", expected, size.to_string()));
            }
        }
        self.column_indices.write(nonzeros, &block.column_indices).map_err(refused)?;
        self.row_values.write(nonzeros, &block.row_values).map_err(refused)?;
        self.row_starts.extend(block.row_starts[1..].iter().map(|start| start + nonzeros as u32));
        for (size, starts) in self.column_sizes.iter_mut().zip(block.column_starts.windows(2)) {
            *size += starts[1] - starts[0];
        }
        Ok(())
    }

    /// Leaves out the columns without an entry; the others are numbered anew, in their order.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn drop_empty_columns(&mut self) -> Result<(), InputError> {
        let mut kept = 0;
        let renumbered: Vec<u32> = (self.column_sizes.iter())
            .map(|&size| {
                let number = kept;
                kept += u32::from(size > 0);
                number
            })
            .collect();
        self.column_sizes.retain(|&size| size > 0);
        self.column_indices.map(|column| renumbered[column as usize]).map_err(refused)
    }

    /// The matrix, its columns made from the rows.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn finish(self) -> Result<SparseMatrix, InputError> {
        let (num_rows, num_columns) = (self.num_rows(), self.column_sizes.len());
        let mut column_starts = vec![0u32; num_columns + 1];
        for (j, size) in self.column_sizes.iter().enumerate() {
            column_starts[j + 1] = column_starts[j] + size;
        }
        let rows = Rows {
            starts: self.row_starts,
            columns: self.column_indices.finish().map_err(refused)?,
            values: self.row_values.finish().map_err(refused)?,
        };
        let (row_indices, column_values) =
            rows.by_columns(&column_starts, &self.storage, BLOCK_ENTRIES).map_err(refused)?;
        Ok(SparseMatrix {
            num_rows,
            num_columns,
            row_starts: rows.starts,
            column_indices: rows.columns,
            row_values: rows.values,
            column_starts,
            row_indices,
            column_values,
            repeats: Repeats::default(),
        })
    }
}

fn refused(error: io::Error) -> InputError {
    let expected = "a folder on a disk with room for the matrix";
    InputError::new(InputCode::File, "storage.folder", expected, error.to_string())
}

/// Entries by rows.
struct Rows {
    starts: Vec<u32>,
    columns: Stored<u32>,
    values: Stored<f64>,
}

impl Rows {
    /// Row indices and values by columns: block after block of rows is sorted by columns in memory, and each column's share
    /// written behind what the column has.
    fn by_columns(
        &self,
        column_starts: &[u32],
        storage: &Storage,
        block_entries: usize,
    ) -> io::Result<(Stored<u32>, Stored<f64>)> {
        let mut indices = StoredWriter::<u32>::new(storage)?;
        let mut values = StoredWriter::<f64>::new(storage)?;
        indices.extend_to(self.columns.len())?;
        values.extend_to(self.columns.len())?;
        let mut next: Vec<usize> = column_starts.iter().map(|&start| start as usize).collect();
        let (mut block_indices, mut block_values) = (Vec::new(), Vec::new());
        let mut first = 0;
        while first + 1 < self.starts.len() {
            let end = self.block_end(first, block_entries);
            let starts =
                self.sort_block(first..end, column_starts.len(), &mut block_indices, &mut block_values);
            for (j, run) in starts.windows(2).enumerate() {
                let run = run[0] as usize..run[1] as usize;
                indices.write(next[j], &block_indices[run.clone()])?;
                values.write(next[j], &block_values[run.clone()])?;
                next[j] += run.len();
            }
            first = end;
        }
        Ok((indices.finish()?, values.finish()?))
    }

    /// One past the last row of the block that begins at `first`: at least one row.
    fn block_end(&self, first: usize, block_entries: usize) -> usize {
        let limit = self.starts[first] as usize + block_entries;
        let fitting = self.starts[first + 1..].partition_point(|&start| start as usize <= limit);
        first + fitting.max(1)
    }

    /// Counting sort of the rows' entries by column; returns where each column starts.
    fn sort_block(
        &self,
        rows: Range<usize>,
        num_starts: usize,
        indices: &mut Vec<u32>,
        values: &mut Vec<f64>,
    ) -> Vec<u32> {
        let span = self.starts[rows.start] as usize..self.starts[rows.end] as usize;
        indices.resize(span.len(), 0);
        values.resize(span.len(), 0.0);
        let mut starts = vec![0u32; num_starts];
        for &column in &self.columns[span.clone()] {
            starts[column as usize + 1] += 1;
        }
        for j in 1..num_starts {
            starts[j] += starts[j - 1];
        }
        let mut next = starts.clone();
        for row in rows {
            let span = self.starts[row] as usize..self.starts[row + 1] as usize;
            for (&column, &value) in self.columns[span.clone()].iter().zip(&self.values[span]) {
                let slot = &mut next[column as usize];
                indices[*slot as usize] = row as u32;
                values[*slot as usize] = value;
                *slot += 1;
            }
        }
        self.columns.release(span.clone());
        self.values.release(span);
        starts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn storages() -> [Storage; 2] {
        [Storage::Memory, Storage::Mapped { folder: std::env::temp_dir() }]
    }

    /// Rows `range` of a matrix given by triples.
    fn block(range: Range<u32>, entries: &[(u32, u32, i32)]) -> SparseMatrix {
        let here: Vec<_> = entries.iter().filter(|e| range.contains(&e.0)).collect();
        let rows: Vec<u32> = here.iter().map(|e| e.0 - range.start).collect();
        let columns: Vec<u32> = here.iter().map(|e| e.1).collect();
        let values: Vec<f64> = here.iter().map(|e| f64::from(e.2)).collect();
        SparseMatrix::from_triples(range.len(), 6, &rows, &columns, &values).unwrap()
    }

    proptest! {
        #[test]
        fn blocks_make_the_matrix_that_is_made_at_once(
            entries in prop::collection::vec((0u32..20, 0u32..6, -4i32..5), 0..120),
            cuts in prop::collection::vec(0u32..=20, 0..6),
        ) {
            let whole = block(0..20, &entries);
            let mut cuts = cuts;
            cuts.extend([0, 20]);
            cuts.sort_unstable();
            for storage in storages() {
                let mut builder = SparseMatrixBuilder::new(6, storage).unwrap();
                for cut in cuts.windows(2) {
                    builder.push(&block(cut[0]..cut[1], &entries)).unwrap();
                }
                prop_assert_eq!(builder.num_rows(), 20);
                prop_assert_eq!(builder.num_nonzeros(), whole.num_nonzeros());
                prop_assert_eq!(&builder.finish().unwrap(), &whole);
            }
        }

        #[test]
        fn rows_are_transposed_the_same_in_any_blocks(
            entries in prop::collection::vec((0u32..20, 0u32..6, 1i32..5), 0..120),
            block_entries in 1usize..40,
        ) {
            let whole = block(0..20, &entries);
            let rows = Rows {
                starts: whole.row_starts.clone(),
                columns: whole.column_indices.clone(),
                values: whole.row_values.clone(),
            };
            let (indices, values) =
                rows.by_columns(&whole.column_starts, &Storage::Memory, block_entries).unwrap();
            prop_assert_eq!((&indices, &values), (&whole.row_indices, &whole.column_values));
        }
    }

    #[test]
    fn empty_columns_can_be_dropped() {
        let entries = [(0, 4, 7), (1, 1, 2), (1, 4, 3), (3, 1, -1)];
        let want = SparseMatrix::from_triples(5, 2, &[0, 1, 1, 3], &[1, 0, 1, 0], &[7.0, 2.0, 3.0, -1.0]);
        for storage in storages() {
            let mut builder = SparseMatrixBuilder::new(6, storage).unwrap();
            builder.push(&block(0..5, &entries)).unwrap();
            assert_eq!(builder.column_sizes(), [0, 2, 0, 0, 2, 0]);
            builder.drop_empty_columns().unwrap();
            assert_eq!(builder.finish().unwrap(), want.clone().unwrap());
        }
    }

    #[test]
    fn a_refused_block_leaves_the_matrix_as_it_was() {
        let mut builder = SparseMatrixBuilder::new(6, Storage::Memory).unwrap();
        builder.push(&block(0..2, &[(0, 1, 5)])).unwrap();
        let narrow = SparseMatrix::from_triples(1, 2, &[0], &[0], &[1.0]).unwrap();
        assert_eq!(builder.push(&narrow).unwrap_err().path, "matrix");
        let mut full = SparseMatrixBuilder::new(6, Storage::Memory).unwrap();
        full.row_starts = vec![u32::MAX - 2];
        assert_eq!(full.push(&block(0..1, &[(0, 1, 5), (0, 2, 5)])).unwrap_err().code, InputCode::TooLarge);
        builder.push(&block(0..1, &[(0, 2, 1)])).unwrap();
        assert_eq!(builder.finish().unwrap(), block(0..3, &[(0, 1, 5), (2, 2, 1)]));
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_named() {
        let missing = Storage::Mapped { folder: "no such folder".into() };
        let error = SparseMatrixBuilder::new(1, missing).unwrap_err();
        assert_eq!((error.code, error.path.as_str()), (InputCode::File, "storage.folder"));
    }
}

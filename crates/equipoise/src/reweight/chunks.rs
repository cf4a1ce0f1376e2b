//! Problems whose records come in chunks, so that the whole data need never be in memory at once.

use super::problem::{Bounds, ReweightProblem, Target, validate_design_weights, validate_targets};
use crate::error::{InputCode, InputError};
use crate::numeric::sparse::SparseMatrix;
use crate::numeric::sparse_builder::SparseMatrixBuilder;
use crate::numeric::storage::Storage;
use ndarray::ArrayView1;

/// Consecutive records of a [`ReweightProblem`].
#[derive(Debug, Clone)]
pub struct RecordChunk {
    /// Their rows of A (records × k).
    pub matrix: SparseMatrix,
    /// Their design weights.
    pub design_weights: Vec<f64>,
    /// Their bounds; `None` means the problem's.
    pub bounds: Option<Bounds>,
}

/// Takes the records of a [`ReweightProblem`] chunk by chunk.
#[derive(Debug)]
pub struct ChunkedProblem {
    targets: Vec<Target>,
    bounds: Bounds,
    matrix: SparseMatrixBuilder,
    design_weights: Vec<f64>,
    /// Of the records so far, once a chunk has had bounds of its own.
    record_bounds: Option<(Vec<f64>, Vec<f64>)>,
}

impl ReweightProblem {
    /// [`ReweightProblem::chunked`] with all chunks from an iterator.
    ///
    /// # Errors
    /// As [`ReweightProblem::chunked`], [`ChunkedProblem::push`], whose places are then `chunks[c].designWeights[i]` and so
    /// on, and [`ChunkedProblem::finish`].
    pub fn from_chunks(
        chunks: impl IntoIterator<Item = RecordChunk>,
        targets: Vec<Target>,
        bounds: Bounds,
        storage: Storage,
    ) -> Result<Self, InputError> {
        let mut problem = Self::chunked(targets, bounds, storage)?;
        for (number, chunk) in chunks.into_iter().enumerate() {
            problem.push(chunk).map_err(|error| in_chunk(number, error))?;
        }
        problem.finish()
    }

    /// A problem without records yet, with the bounds of every record whose chunk has none. The solutions do not depend on how
    /// the records are cut into chunks, nor on the storage.
    ///
    /// # Errors
    /// Targets as for [`super::ReweightProblemBuilder::build`]; bounds per record; a storage folder that cannot be used.
    pub fn chunked(
        targets: Vec<Target>,
        bounds: Bounds,
        storage: Storage,
    ) -> Result<ChunkedProblem, InputError> {
        validate_targets(&targets, targets.len())?;
        if let Bounds::PerRecord { lower, .. } = &bounds {
            let expected = "one interval (each chunk may have bounds per record)";
            let received = format!("bounds for {} records", lower.len());
            return Err(InputError::new(InputCode::Dimension, "bounds", expected, received));
        }
        bounds.validate(0)?;
        Ok(ChunkedProblem {
            matrix: SparseMatrixBuilder::new(targets.len(), storage)?,
            targets,
            bounds,
            design_weights: Vec::new(),
            record_bounds: None,
        })
    }
}

impl ChunkedProblem {
    /// Records so far.
    pub fn num_records(&self) -> usize {
        self.matrix.num_rows()
    }

    /// Number of targets k.
    pub fn num_targets(&self) -> usize {
        self.targets.len()
    }

    /// Appends records. After an error the problem is what it was before.
    ///
    /// # Errors
    /// As for a problem of these records alone; too many records or entries in all; a disk that is full.
    pub fn push(&mut self, chunk: RecordChunk) -> Result<(), InputError> {
        let RecordChunk { matrix, design_weights, bounds } = chunk;
        let rows = matrix.num_rows();
        validate_design_weights(&design_weights, rows)?;
        if let Some(bounds) = &bounds {
            bounds.validate(rows)?;
        }
        self.matrix.push(&matrix)?;
        self.append_bounds(bounds, rows);
        self.design_weights.extend_from_slice(&design_weights);
        Ok(())
    }

    fn append_bounds(&mut self, bounds: Option<Bounds>, rows: usize) {
        if bounds.is_none() && self.record_bounds.is_none() {
            return;
        }
        let before = self.design_weights.len();
        let (default_lower, default_upper) = self.bounds.of(0);
        let (lower, upper) = self
            .record_bounds
            .get_or_insert_with(|| (vec![default_lower; before], vec![default_upper; before]));
        let bounds = bounds.as_ref().unwrap_or(&self.bounds);
        lower.extend((0..rows).map(|i| bounds.of(i).0));
        upper.extend((0..rows).map(|i| bounds.of(i).1));
    }

    /// The problem, once all its records are here.
    ///
    /// # Errors
    /// No records; a disk that is full.
    pub fn finish(self) -> Result<ReweightProblem, InputError> {
        let bounds = match self.record_bounds {
            None => self.bounds,
            Some((lower, upper)) => Bounds::PerRecord { lower, upper },
        };
        let matrix = self.matrix.finish()?;
        ReweightProblem::builder(matrix, ArrayView1::from(&self.design_weights), self.targets)
            .bounds(bounds)
            .build()
    }
}

/// The place of an error within chunk `number`.
fn in_chunk(number: usize, mut error: InputError) -> InputError {
    if error.code != InputCode::File {
        error.path = format!("chunks[{number}].{}", error.path);
    }
    error
}

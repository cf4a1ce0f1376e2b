//! What all problems over one matrix have in common whose design weights are multiples of the same ones: found once for a batch.

use crate::numeric::gram::GramPlan;
use crate::numeric::parallel::Workers;
use crate::numeric::repeated_rows::{mixed, mostly_repeated};
use crate::numeric::sparse::SparseMatrix;

/// Facts about a matrix A (n × k) and design weights w (n).
#[derive(Debug)]
pub(super) struct CommonDesign {
    /// Aᵀ diag(w²) A (lower triangle, k × k)
    gram: Vec<f64>,
    /// True if, as far as a sample tells, more than half of the records are distinct in row and design weight.
    pub has_distinct_records: bool,
}

impl CommonDesign {
    pub fn new(matrix: &SparseMatrix, plan: &GramPlan, weights: &[f64], workers: &Workers) -> Self {
        let mut gram = vec![0.0; matrix.num_columns() * matrix.num_columns()];
        let rows: Vec<u32> = (0..matrix.num_rows() as u32).collect();
        plan.add(matrix, &rows, |i| weights[i] * weights[i], &mut gram, workers);
        drop(rows);
        let has_distinct_records = !matrix.has_repeated_rows(workers) || {
            let mut hashes = matrix.row_hashes(workers);
            hashes.iter_mut().zip(weights).for_each(|(hash, w)| *hash = mixed(*hash, w.to_bits()));
            !mostly_repeated(&hashes)
        };
        Self { gram, has_distinct_records }
    }

    /// ½ Aᵀ diag((scale·w)²) A, lower triangle.
    pub fn half_gram(&self, scale: f64, gram: &mut [f64]) {
        let factor = 0.5 * scale * scale;
        gram.iter_mut().zip(&self.gram).for_each(|(entry, common)| *entry = factor * common);
    }
}

//! The floor of the penalty form's times.

use std::time::Instant;

use equipoise::numeric::cholesky::Cholesky;
use equipoise::numeric::gram::GramPlan;
use equipoise::numeric::parallel::Workers;
use equipoise::numeric::sparse::SparseMatrix;

use crate::Outcome;
use crate::problem_file::ProblemFile;

/// The least that any Newton method must do once: the Gram matrix over all records and its Cholesky factor.
pub struct Floor {
    matrix: SparseMatrix,
    plan: GramPlan,
    rows: Vec<u32>,
    inverse_scale: Vec<f64>,
    gram: Vec<f64>,
    cholesky: Cholesky,
}

impl Floor {
    pub fn new(file: ProblemFile) -> Outcome<Self> {
        let (n, k) = (file.weights.len(), file.totals.len());
        let matrix = SparseMatrix::from_csc(n, k, file.column_starts, file.row_indices, file.values)?;
        Ok(Self {
            plan: GramPlan::new(&matrix),
            matrix,
            rows: (0..n as u32).collect(),
            inverse_scale: file.totals.iter().map(|t| 1.0 / (t + 1.0)).collect(),
            gram: vec![0.0; k * k],
            cholesky: Cholesky::new(k),
        })
    }

    /// Seconds of the Gram matrix and of the factorisation, in storage that earlier calls have touched.
    pub fn measure(&mut self, workers: &Workers) -> Outcome<(f64, f64)> {
        let (k, s) = (self.inverse_scale.len(), &self.inverse_scale);
        self.gram.fill(0.0);
        let started = Instant::now();
        self.plan.add(&self.matrix, &self.rows, |_| 1.0, &mut self.gram, workers);
        let gram_seconds = started.elapsed().as_secs_f64();
        let gram = &self.gram;
        let entry = |i: usize, j: usize| s[i] * s[j] * gram[i * k + j] + if i == j { 0.5 } else { 0.0 };
        let started = Instant::now();
        self.cholesky.factor(entry, workers)?;
        Ok((gram_seconds, started.elapsed().as_secs_f64()))
    }
}

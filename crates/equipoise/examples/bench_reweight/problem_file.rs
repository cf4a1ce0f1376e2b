//! A reweighting problem as a flat little-endian file that NumPy reads without a copy: n, k and the number of
//! non-zeros (u64), values, design weights, totals (f64), column starts, row indices (u32).

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};

use equipoise::error::InputError;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::{Bounds, ReweightProblem, Target};

/// The matrix by columns (CSC), the design weights (n) and the totals (k).
pub struct ProblemFile {
    pub column_starts: Vec<u32>,
    pub row_indices: Vec<u32>,
    pub values: Vec<f64>,
    pub weights: Vec<f64>,
    pub totals: Vec<f64>,
}

impl ProblemFile {
    pub fn from_matrix(matrix: &SparseMatrix, weights: Vec<f64>, totals: Vec<f64>) -> Self {
        let (mut column_starts, mut row_indices, mut values) = (vec![0], Vec::new(), Vec::new());
        for j in 0..matrix.num_columns() {
            let (rows, entries) = matrix.column(j);
            row_indices.extend_from_slice(rows);
            values.extend_from_slice(entries);
            column_starts.push(values.len() as u32);
        }
        Self { column_starts, row_indices, values, weights, totals }
    }

    pub fn write(&self, path: &str) -> Result<(), Box<dyn Error>> {
        let mut out = BufWriter::new(File::create(path)?);
        for size in [self.weights.len(), self.totals.len(), self.values.len()] {
            out.write_all(&(size as u64).to_le_bytes())?;
        }
        for x in self.values.iter().chain(&self.weights).chain(&self.totals) {
            out.write_all(&x.to_le_bytes())?;
        }
        for index in self.column_starts.iter().chain(&self.row_indices) {
            out.write_all(&index.to_le_bytes())?;
        }
        Ok(out.flush()?)
    }

    /// Reads through a small buffer, so that nothing but the arrays themselves is left in memory.
    pub fn read(path: &str) -> Result<Self, Box<dyn Error>> {
        let mut file = BufReader::new(File::open(path)?);
        let mut size = || -> std::io::Result<usize> {
            let mut bytes = [0; 8];
            file.read_exact(&mut bytes)?;
            Ok(u64::from_le_bytes(bytes) as usize)
        };
        let (n, k, nonzeros) = (size()?, size()?, size()?);
        let values = doubles(&mut file, nonzeros)?;
        let weights = doubles(&mut file, n)?;
        let totals = doubles(&mut file, k)?;
        let column_starts = indices(&mut file, k + 1)?;
        let row_indices = indices(&mut file, nonzeros)?;
        Ok(Self { column_starts, row_indices, values, weights, totals })
    }

    /// What a solve may add to the memory of its input: 2.5 copies of the matrix by rows, 8 vectors of n and 4 matrices
    /// of k × k.
    pub fn allowed_bytes(&self) -> f64 {
        let (n, k) = (self.weights.len() as f64, self.totals.len() as f64);
        let one_copy = 12.0 * self.values.len() as f64 + 4.0 * (n + 1.0);
        2.5 * one_copy + 8.0 * 8.0 * n + 4.0 * 8.0 * k * k
    }
}

/// The problem object, as a user makes it from arrays.
pub fn build(file: ProblemFile, bounds: Bounds) -> Result<ReweightProblem, InputError> {
    let targets: Vec<Target> =
        file.totals.iter().enumerate().map(|(j, &total)| Target::new(format!("target_{j}"), total)).collect();
    let weights = ndarray::Array1::from(file.weights);
    let matrix = SparseMatrix::from_csc(
        weights.len(),
        targets.len(),
        file.column_starts,
        file.row_indices,
        file.values,
    )?;
    ReweightProblem::builder(matrix, weights.view(), targets).bounds(bounds).build()
}

fn doubles(file: &mut impl Read, count: usize) -> std::io::Result<Vec<f64>> {
    let mut values = Vec::with_capacity(count);
    let mut bytes = [0; 8];
    for _ in 0..count {
        file.read_exact(&mut bytes)?;
        values.push(f64::from_le_bytes(bytes));
    }
    Ok(values)
}

fn indices(file: &mut impl Read, count: usize) -> std::io::Result<Vec<u32>> {
    let mut values = Vec::with_capacity(count);
    let mut bytes = [0; 4];
    for _ in 0..count {
        file.read_exact(&mut bytes)?;
        values.push(u32::from_le_bytes(bytes));
    }
    Ok(values)
}

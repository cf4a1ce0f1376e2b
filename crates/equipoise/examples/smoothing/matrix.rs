//! The little linear algebra that the models need, in a fixed order of operations.

use equipoise::numeric::sum::dot;

/// A dense matrix by rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub entries: Vec<f64>,
}

impl Matrix {
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, entries: vec![0.0; rows * columns] }
    }

    pub fn from_rows(rows: &[Vec<f64>]) -> Self {
        let columns = rows.first().map_or(0, Vec::len);
        assert!(rows.iter().all(|row| row.len() == columns));
        Self { rows: rows.len(), columns, entries: rows.concat() }
    }

    pub fn row(&self, i: usize) -> &[f64] {
        &self.entries[i * self.columns..(i + 1) * self.columns]
    }

    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.entries[i * self.columns + j]
    }

    /// Ax.
    pub fn times(&self, x: &[f64]) -> Vec<f64> {
        (0..self.rows).map(|i| dot(self.row(i), x)).collect()
    }

    /// Aᵀx.
    pub fn transposed_times(&self, x: &[f64]) -> Vec<f64> {
        let mut product = vec![0.0; self.columns];
        for (i, &weight) in x.iter().enumerate() {
            for (sum, a) in product.iter_mut().zip(self.row(i)) {
                *sum += weight * a;
            }
        }
        product
    }

    /// AB.
    pub fn product(&self, other: &Self) -> Self {
        let mut product = Self::zeros(self.rows, other.columns);
        for i in 0..self.rows {
            for (k, &a) in self.row(i).iter().enumerate() {
                let target = &mut product.entries[i * other.columns..(i + 1) * other.columns];
                for (sum, b) in target.iter_mut().zip(other.row(k)) {
                    *sum += a * b;
                }
            }
        }
        product
    }

    /// A diag(d).
    pub fn with_scaled_columns(&self, d: &[f64]) -> Self {
        let mut scaled = self.clone();
        for (k, entry) in scaled.entries.iter_mut().enumerate() {
            *entry *= d[k % self.columns];
        }
        scaled
    }

    /// Aᵀ diag(w) A.
    pub fn weighted_gram(&self, w: &[f64]) -> Self {
        let p = self.columns;
        let mut gram = Self::zeros(p, p);
        for (i, &weight) in w.iter().enumerate() {
            let row = self.row(i);
            for j in 0..p {
                let a = weight * row[j];
                for k in 0..=j {
                    gram.entries[j * p + k] += a * row[k];
                }
            }
        }
        for j in 0..p {
            for k in 0..j {
                gram.entries[k * p + j] = gram.entries[j * p + k];
            }
        }
        gram
    }
}

/// tr(AB) of square matrices.
pub fn trace_of_product(a: &Matrix, b: &Matrix) -> f64 {
    let mut trace = 0.0;
    for i in 0..a.rows {
        for j in 0..a.columns {
            trace += a.at(i, j) * b.at(j, i);
        }
    }
    trace
}

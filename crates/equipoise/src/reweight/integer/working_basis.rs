//! The inverse of the working basis of the cube method, one row per total to keep.
//!
//! Columns are added and exchanged one at a time as in the revised simplex method; the sums of the cells are kept by key records
//! outside the basis, as generalised upper bounds are (G. B. Dantzig, R. M. Van Slyke, J. Comput. System Sci. 1 (1967)
//! 213–226), so that its size does not grow with the number of cells.

/// W = B⁻¹ (m × m), by columns.
pub(super) struct WorkingBasis {
    size: usize,
    columns: Vec<f64>,
}

impl WorkingBasis {
    /// The inverse of the identity.
    pub fn identity(size: usize) -> Self {
        let mut columns = vec![0.0; size * size];
        columns.iter_mut().step_by(size + 1).for_each(|x| *x = 1.0);
        Self { size, columns }
    }

    /// d = W v for v given by its non-zeros.
    pub fn solve(&self, entries: &[(u32, f64)], d: &mut [f64]) {
        d.fill(0.0);
        for &(j, value) in entries {
            let start = j as usize * self.size;
            for (d, w) in d.iter_mut().zip(&self.columns[start..start + self.size]) {
                *d += value * w;
            }
        }
    }

    /// Exchanges the column at position q for the one whose W v is d.
    pub fn exchange(&mut self, q: usize, d: &[f64]) {
        for column in self.columns.chunks_exact_mut(self.size) {
            let scaled = column[q] / d[q];
            if scaled != 0.0 {
                for (w, d) in column.iter_mut().zip(d) {
                    *w -= d * scaled;
                }
            }
            column[q] = scaled;
        }
    }

    /// Replaces row q by the sum of signed rows.
    pub fn combine_rows(&mut self, q: usize, rows: &[(usize, f64)]) {
        for column in self.columns.chunks_exact_mut(self.size) {
            column[q] = rows.iter().map(|&(r, sign)| sign * column[r]).sum();
        }
    }
}

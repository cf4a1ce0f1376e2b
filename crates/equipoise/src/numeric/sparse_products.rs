//! Products of a sparse matrix with vectors, each output made by one task in one order.

use wide::f64x4;

use super::dd;
use super::dd::{DD_EPSILON, Dd, Uncertain};
use super::dd_accumulators::{Accumulator, AccumulatorLanes};
use super::parallel::Workers;
use super::sparse::SparseMatrix;

impl SparseMatrix {
    /// u = A v (n), one output per row.
    pub fn times(&self, v: &[f64], u: &mut [f64], workers: &Workers) {
        assert_eq!((v.len(), u.len()), (self.num_columns, self.num_rows));
        workers.fill(u, |start, chunk| {
            for (offset, u) in chunk.iter_mut().enumerate() {
                let (columns, values) = self.row(start + offset);
                let mut s = 0.0;
                for (&j, a) in columns.iter().zip(values) {
                    s += a * v[j as usize];
                }
                *u = s;
            }
            self.release_rows(start..start + chunk.len());
        });
    }

    /// t = Aᵀ x (k), each column summed with compensation (products rounded to double).
    pub fn transposed_times(&self, x: &[f64], t: &mut [f64], workers: &Workers) {
        assert_eq!((x.len(), t.len()), (self.num_rows, self.num_columns));
        workers.fill_by(1, t, |j, slot| {
            let (rows, values) = self.column(j);
            slot[0] = compensated_column(rows, values, x);
            self.release_column(j);
        });
    }

    /// t = Aᵀ x for x held in pairs: per column Σᵢ Aᵢⱼxᵢ, and as its error Σᵢ|Aᵢⱼ|·error(xᵢ).
    ///
    /// That is a bound on the error of the sum if error(xᵢ) covers [`SparseMatrix::dd_summation_error`] · |xᵢ| beside the
    /// error already in xᵢ.
    pub fn transposed_times_dd(&self, x: &[Uncertain], workers: &Workers) -> Vec<Uncertain> {
        assert_eq!(x.len(), self.num_rows);
        self.transposed_times_dd_of(|i| x[i], workers)
    }

    /// [`SparseMatrix::transposed_times_dd`] of xᵢ = `x(i)`, which is evaluated for every entry of the matrix: no vector is needed.
    pub fn transposed_times_dd_of(
        &self,
        x: impl Fn(usize) -> Uncertain + Sync + Send,
        workers: &Workers,
    ) -> Vec<Uncertain> {
        let mut sums = vec![Uncertain::default(); self.num_columns];
        workers.fill_by(1, &mut sums, |j, slot| {
            let (rows, values) = self.column(j);
            slot[0] = dd_column(rows, values, &x);
            self.release_column(j);
        });
        sums
    }

    /// The a-priori error of [`SparseMatrix::transposed_times_dd`] relative to Σ|Aᵢⱼ||xᵢ|, for the longest column.
    pub fn dd_summation_error(&self) -> f64 {
        let longest = (0..self.num_columns).map(|j| self.column(j).0.len()).max().unwrap_or(0);
        // Blocks of accumulators, whose lanes and then the blocks themselves are added as pairs.
        Accumulator::relative_error(DD_BLOCK / DD_LANES + 1)
            + (longest / DD_BLOCK + 2 * DD_LANES + DD_LANES) as f64 * DD_EPSILON
    }
}

/// Σ aₑ x[rowₑ]: four lanes of two-sums, added in a fixed order.
fn compensated_column(rows: &[u32], values: &[f64], x: &[f64]) -> f64 {
    let (mut sum, mut error) = (f64x4::default(), f64x4::default());
    let (row_blocks, row_rest) = rows.as_chunks::<4>();
    let (value_blocks, value_rest) = values.as_chunks::<4>();
    for (rows, values) in row_blocks.iter().zip(value_blocks) {
        let product = f64x4::new(*values) * f64x4::new(rows.map(|i| x[i as usize]));
        let s = sum + product;
        let t = s - sum;
        error += (sum - (s - t)) + (product - t);
        sum = s;
    }
    let (sums, errors) = (sum.to_array(), error.to_array());
    let lanes = sums.into_iter().zip(errors).map(|(s, e)| Dd::sum(s, e));
    let rest = row_rest.iter().zip(value_rest).map(|(&i, a)| Dd::from(a * x[i as usize]));
    dd::sum(lanes.chain(rest)).to_f64()
}

/// Entries that a set of accumulators takes before it is folded into the pair sum: keeps their γ² factor small.
const DD_BLOCK: usize = 256;
const DD_LANES: usize = AccumulatorLanes::LANES;

/// Σ aₑ x[rowₑ] in blocks of four lanes of accumulators; the lane loops compile to vector instructions of the baseline CPU.
fn dd_column(rows: &[u32], values: &[f64], x: &impl Fn(usize) -> Uncertain) -> Uncertain {
    let mut total = Dd::ZERO;
    let mut error = f64x4::default();
    let mut rest_error = 0.0;
    for (rows, values) in rows.chunks(DD_BLOCK).zip(values.chunks(DD_BLOCK)) {
        let mut lanes = AccumulatorLanes::default();
        let (row_blocks, row_rest) = rows.as_chunks::<DD_LANES>();
        let (value_blocks, value_rest) = values.as_chunks::<DD_LANES>();
        for (rows, values) in row_blocks.iter().zip(value_blocks) {
            let x = rows.map(|i| x(i as usize));
            let a = f64x4::new(*values);
            lanes.add_products(a, f64x4::new(x.map(|x| x.value.high)), f64x4::new(x.map(|x| x.value.low)));
            error += a.abs() * f64x4::new(x.map(|x| x.error));
        }
        total = total + lanes.value();
        for (&i, &a) in row_rest.iter().zip(value_rest) {
            let x = x(i as usize);
            total = total + x.value.times(a);
            rest_error += a.abs() * x.error;
        }
    }
    let [a, b, c, d] = error.to_array();
    // The factor covers the rounding of the plain sum.
    Uncertain { value: total, error: (((a + b) + (c + d)) + rest_error) * (1.0 + 1e-9) }
}

//! Weighted Gram matrices Aᵀ diag(w) A, lower triangle, in full or as an update by the rows that changed.

use super::parallel::{CHUNK, Workers};
use super::sparse::SparseMatrix;

/// About how many entries of scattered rows are brought together at a time (12 bytes each).
const GATHERED_ENTRIES: usize = 1 << 16;

/// How the k output rows are shared out: the work of each, from the pattern of the matrix alone.
///
/// Each task owns a contiguous block of output rows of about equal cost and streams the matrix rows once; the order of
/// every sum is the order of the matrix rows, wherever the cuts fall.
#[derive(Debug, Clone)]
pub struct GramPlan {
    cost: Vec<u64>,
}

impl GramPlan {
    /// Counts the multiplications per output row.
    pub fn new(matrix: &SparseMatrix) -> Self {
        let mut cost = vec![0; matrix.num_columns()];
        for start in (0..matrix.num_rows()).step_by(CHUNK) {
            let rows = start..(start + CHUNK).min(matrix.num_rows());
            for i in rows.clone() {
                for (position, &column) in matrix.row(i).0.iter().enumerate() {
                    cost[column as usize] += position as u64 + 2;
                }
            }
            matrix.release_rows(rows);
        }
        Self { cost }
    }

    /// Cuts 0..k into at most `blocks` ranges of about equal cost.
    fn ranges(&self, blocks: usize) -> Vec<std::ops::Range<usize>> {
        let total: u64 = self.cost.iter().sum();
        let mut ranges = Vec::with_capacity(blocks);
        let (mut start, mut done) = (0, 0);
        for (column, cost) in self.cost.iter().enumerate() {
            done += cost;
            if done * blocks as u64 >= total * (ranges.len() as u64 + 1) {
                ranges.push(start..column + 1);
                start = column + 1;
            }
        }
        if start < self.cost.len() {
            ranges.push(start..self.cost.len());
        }
        ranges
    }

    /// gram += Σ over `rows` (ascending) of weight(row) · aᵣaᵣᵀ; `gram` is k × k row-major, only its lower triangle is touched.
    pub fn add(
        &self,
        matrix: &SparseMatrix,
        rows: &[u32],
        weight: impl Fn(usize) -> f64 + Sync + Send,
        gram: &mut [f64],
        workers: &Workers,
    ) {
        let k = matrix.num_columns();
        assert_eq!(gram.len(), k * k);
        if rows.len() >= matrix.num_rows() / 4 {
            self.share_out(k, gram, workers, |range, block| {
                for rows in rows.chunks(CHUNK) {
                    let weighted = rows.iter().map(|&i| (weight(i as usize), matrix.row(i as usize)));
                    add_block(weighted, k, range.clone(), block);
                    matrix.release_rows(rows[0] as usize..rows[rows.len() - 1] as usize + 1);
                }
            });
            return;
        }
        // Scattered rows are first brought together: every task reads them all, and would wait for memory each time.
        let row_length = matrix.num_nonzeros() / matrix.num_rows() + 1;
        for rows in rows.chunks((GATHERED_ENTRIES / row_length).max(1)) {
            let selection = matrix.select_rows(rows);
            self.share_out(k, gram, workers, |range, block| {
                let rows = rows.iter().enumerate().map(|(r, &i)| (weight(i as usize), selection.row(r)));
                add_block(rows, k, range, block);
            });
        }
    }

    /// Runs `add(range, block)` for ranges of output rows of about equal cost, one for each thread.
    fn share_out(
        &self,
        k: usize,
        gram: &mut [f64],
        workers: &Workers,
        add: impl Fn(std::ops::Range<usize>, &mut [f64]) + Sync + Send,
    ) {
        let mut parts = Vec::new();
        let mut rest = gram;
        for range in self.ranges(workers.threads()) {
            let (block, tail) = rest.split_at_mut(range.len() * k);
            parts.push((range, block));
            rest = tail;
        }
        workers.for_each(parts, |(range, block)| add(range, block));
    }
}

/// The block of output rows `range`, stored in `block` (range.len() × k), from rows with their weights.
fn add_block<'a>(
    rows: impl Iterator<Item = (f64, (&'a [u32], &'a [f64]))>,
    k: usize,
    range: std::ops::Range<usize>,
    block: &mut [f64],
) {
    for (weight, (columns, values)) in rows {
        for position in 0..columns.len() {
            let column = columns[position] as usize;
            if column < range.start {
                continue;
            }
            if column >= range.end {
                break;
            }
            let factor = weight * values[position];
            let offset = (column - range.start) * k;
            // Columns ascend, so every index below is at most `column`.
            let output = &mut block[offset..=offset + column];
            for (&j, a) in columns[..=position].iter().zip(values) {
                output[j as usize] += factor * a;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_dense_product_for_any_thread_count(
            entries in prop::collection::vec((0u32..9, 0u32..6, -3i32..4), 0..60),
            weights in prop::collection::vec(0i32..3, 9),
        ) {
            let rows: Vec<u32> = entries.iter().map(|e| e.0).collect();
            let columns: Vec<u32> = entries.iter().map(|e| e.1).collect();
            let values: Vec<f64> = entries.iter().map(|e| f64::from(e.2)).collect();
            let m = SparseMatrix::from_triples(9, 6, &rows, &columns, &values).unwrap();
            let mut dense = vec![[0.0; 6]; 9];
            for &(i, j, v) in &entries {
                dense[i as usize][j as usize] += f64::from(v);
            }
            let plan = GramPlan::new(&m);
            let selected: Vec<u32> = (0..9).filter(|&i| weights[i as usize] != 0).collect();
            for threads in [1, 2, 3] {
                let mut gram = vec![0.0; 36];
                plan.add(&m, &selected, |i| f64::from(weights[i]), &mut gram, &Workers::new(threads));
                for a in 0..6 {
                    for b in 0..=a {
                        let want: f64 = (0..9).map(|i| f64::from(weights[i]) * dense[i][a] * dense[i][b]).sum();
                        prop_assert_eq!(gram[a * 6 + b], want);
                    }
                }
            }
        }
    }
}

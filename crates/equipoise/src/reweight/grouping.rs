//! Records that are the same to a problem: solved once, and expanded.
//!
//! Records with equal rows, equal bounds and equal terms of the objective have equal multipliers. Each form turns a group
//! of them into one record of a smaller problem with the same dual, whose solution is where the solve of the whole problem
//! starts: the finish and the certificate run over all records, so that the answer is the rounded optimum of the problem as
//! given, whether or not there were groups.

use std::sync::Arc;

use super::problem::{Bounds, ReweightProblem};
use crate::control::IterationRecord;
use crate::numeric::gram::GramPlan;
use crate::numeric::parallel::Workers;
use crate::numeric::repeated_rows::{mixed, mostly_repeated};
use crate::numeric::sparse::SparseMatrix;

/// Records in groups, numbered by their first members.
pub(super) struct Groups {
    /// Group of each record.
    pub of_record: Vec<u32>,
    /// First record of each group.
    pub first: Vec<u32>,
}

/// What the solve over groups leaves to the solve over records.
pub(super) struct GroupedStart<Dual> {
    /// Where to start.
    pub dual: Dual,
    pub num_groups: usize,
    pub iterations: u32,
    pub history: Vec<IterationRecord>,
}

impl Groups {
    /// Records that agree in row, bounds and `terms` (what the form says of a record), if at most half of them are distinct:
    /// finding them would not pay otherwise.
    pub fn find(
        problem: &ReweightProblem,
        terms: impl Fn(usize) -> f64 + Sync + Send,
        workers: &Workers,
    ) -> Option<Self> {
        let matrix = &problem.matrix;
        // The smaller matrix would be held in memory, which is what a mapped one is there to avoid.
        if matrix.is_mapped() || !matrix.has_repeated_rows(workers) {
            return None;
        }
        let words = |i: usize| {
            let (lower, upper) = problem.bounds.of(i);
            [terms(i), lower, upper].map(f64::to_bits)
        };
        let mut hashes = matrix.row_hashes(workers);
        workers.fill(&mut hashes, |start, chunk| {
            for (offset, hash) in chunk.iter_mut().enumerate() {
                *hash = words(start + offset).into_iter().fold(*hash, mixed);
            }
        });
        if !mostly_repeated(&hashes) {
            return None;
        }
        let same = |a: u32, b: u32| {
            words(a as usize) == words(b as usize) && matrix.rows_are_equal(a as usize, b as usize)
        };
        Some(Self::numbered(&first_of_each(&hashes, same)))
    }

    fn numbered(first_of: &[u32]) -> Self {
        let mut of_record = vec![0; first_of.len()];
        let mut first = Vec::new();
        for (i, &leader) in first_of.iter().enumerate() {
            if leader as usize == i {
                of_record[i] = first.len() as u32;
                first.push(leader);
            } else {
                of_record[i] = of_record[leader as usize];
            }
        }
        Self { of_record, first }
    }

    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// Sums over the members of each group.
    pub fn sums(&self, of: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; self.len()];
        for (i, &group) in self.of_record.iter().enumerate() {
            sums[group as usize] += of(i);
        }
        sums
    }

    /// The value of its group for each record.
    pub fn expanded<T: Copy>(&self, of_group: &[T]) -> Vec<T> {
        self.of_record.iter().map(|&group| of_group[group as usize]).collect()
    }

    /// One record for each group, with its row times `factors` (one for each group).
    pub fn problem(
        &self,
        problem: &ReweightProblem,
        design_weights: Vec<f64>,
        factors: Option<&[f64]>,
    ) -> ReweightProblem {
        let matrix: Arc<SparseMatrix> = self.matrix(&problem.matrix, factors).into();
        let bounds = match &problem.bounds {
            Bounds::Uniform { .. } => problem.bounds.clone(),
            Bounds::PerRecord { lower, upper } => {
                let of = |side: &[f64]| self.first.iter().map(|&i| side[i as usize]).collect();
                Bounds::PerRecord { lower: of(lower), upper: of(upper) }
            }
        };
        let plan = GramPlan::new(&matrix).into();
        ReweightProblem::of_valid_parts(matrix, plan, design_weights, problem.targets.clone(), bounds)
    }

    fn matrix(&self, matrix: &SparseMatrix, factors: Option<&[f64]>) -> SparseMatrix {
        let (mut starts, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
        for (group, &first) in self.first.iter().enumerate() {
            let (row_columns, row_values) = matrix.row(first as usize);
            let factor = factors.map_or(1.0, |factors| factors[group]);
            columns.extend_from_slice(row_columns);
            values.extend(row_values.iter().map(|a| factor * a));
            starts.push(columns.len() as u32);
        }
        SparseMatrix::from_csr(self.len(), matrix.num_columns(), starts, columns, values)
            .expect("some rows of a valid matrix")
    }
}

/// For each record the first that is the same. Equal hashes only say where to look; the order of the hashes does not matter.
fn first_of_each(hashes: &[u64], same: impl Fn(u32, u32) -> bool) -> Vec<u32> {
    let mut order: Vec<u32> = (0..hashes.len() as u32).collect();
    order.sort_unstable_by_key(|&i| (hashes[i as usize], i));
    let mut first_of = vec![0; hashes.len()];
    let mut leaders: Vec<u32> = Vec::new();
    for run in order.chunk_by(|&a, &b| hashes[a as usize] == hashes[b as usize]) {
        leaders.clear();
        for &i in run {
            let leader = leaders.iter().copied().find(|&leader| same(leader, i)).unwrap_or_else(|| {
                leaders.push(i);
                i
            });
            first_of[i as usize] = leader;
        }
    }
    first_of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_hashes_of_different_records_are_told_apart() {
        let value = [3, 5, 3, 5, 5, 7];
        let found = first_of_each(&[1, 1, 1, 1, 0, 1], |a, b| value[a as usize] == value[b as usize]);
        // Record 4 equals 1 and 3 but has another hash, which equal records never have: it stays alone.
        assert_eq!(found, [0, 1, 0, 1, 4, 5]);
        let groups = Groups::numbered(&found);
        assert_eq!(
            (groups.of_record.clone(), groups.first.clone()),
            (vec![0, 1, 0, 1, 2, 3], vec![0, 1, 4, 5])
        );
        assert_eq!(groups.sums(|i| i as f64), [2.0, 4.0, 4.0, 5.0]);
        assert_eq!(groups.expanded(&['a', 'b', 'c', 'd']), ['a', 'b', 'a', 'b', 'c', 'd']);
    }
}

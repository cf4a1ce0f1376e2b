//! The matrices of a batch: one for all areas with the same records and targets, made when the first of them is solved and
//! freed after the last.

use std::sync::{Arc, Mutex, PoisonError};

use crate::numeric::gram::GramPlan;
use crate::numeric::sparse::SparseMatrix;
use crate::reweight::problem::ReweightProblem;

/// Records (`None`: all) and targets of an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern<'a> {
    pub records: Option<&'a [u32]>,
    /// The targets that are not left out, ascending.
    pub kept: &'a [u32],
}

/// A matrix with the plan of its Gram matrices.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub matrix: Arc<SparseMatrix>,
    pub gram_plan: Arc<GramPlan>,
}

/// The matrices of the patterns that occur, each with the number of solves that still ask for it.
pub(super) struct Structures<'p> {
    problem: &'p ReweightProblem,
    slots: Vec<Mutex<Slot>>,
}

struct Slot {
    awaited: usize,
    shared: Option<Shared>,
}

impl<'p> Structures<'p> {
    /// For solves of the patterns numbered `uses`, each number below `num_patterns`.
    pub fn new(problem: &'p ReweightProblem, num_patterns: usize, uses: impl Iterator<Item = usize>) -> Self {
        let mut awaited = vec![0; num_patterns];
        uses.for_each(|pattern| awaited[pattern] += 1);
        let slots = awaited.into_iter().map(|awaited| Mutex::new(Slot { awaited, shared: None })).collect();
        Self { problem, slots }
    }

    /// The matrix of a pattern, for one of the solves that were announced.
    pub fn take(&self, number: usize, pattern: &Pattern<'_>) -> Shared {
        let mut slot = self.slots[number].lock().unwrap_or_else(PoisonError::into_inner);
        let shared = slot.shared.take().unwrap_or_else(|| reduced(self.problem, pattern));
        slot.awaited -= 1;
        if slot.awaited > 0 {
            slot.shared = Some(shared.clone());
        }
        shared
    }
}

/// The rows and columns of a pattern: the problem's own matrix where that is all of them.
fn reduced(problem: &ReweightProblem, pattern: &Pattern<'_>) -> Shared {
    if pattern.records.is_none() && pattern.kept.len() == problem.num_targets() {
        return Shared { matrix: problem.matrix.clone(), gram_plan: problem.gram_plan.clone() };
    }
    let position = pattern.records.map(|records| {
        let mut position = vec![u32::MAX; problem.num_records()];
        records.iter().enumerate().for_each(|(new, &old)| position[old as usize] = new as u32);
        position
    });
    let (mut starts, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
    for &j in pattern.kept {
        let (column_rows, column_values) = problem.matrix.column(j as usize);
        for (&i, &value) in column_rows.iter().zip(column_values) {
            let new = position.as_ref().map_or(i, |position| position[i as usize]);
            if new != u32::MAX {
                rows.push(new);
                values.push(value);
            }
        }
        starts.push(rows.len() as u32);
    }
    let num_records = pattern.records.map_or(problem.num_records(), <[u32]>::len);
    let matrix = SparseMatrix::from_csc(num_records, pattern.kept.len(), starts, rows, values)
        .expect("a part of a valid matrix");
    Shared { gram_plan: GramPlan::new(&matrix).into(), matrix: matrix.into() }
}

//! The matrices of a batch: one for all areas with the same records and targets, made when the first of them is solved and
//! freed after the last.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use super::plan::{Plan, select};
use crate::numeric::gram::GramPlan;
use crate::numeric::parallel::Workers;
use crate::numeric::sparse::SparseMatrix;
use crate::reweight::common_design::CommonDesign;
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
    /// Of the batch's design weights, if several areas share the matrix and the form makes use of it.
    pub common: Option<Arc<CommonDesign>>,
}

/// The matrices of the patterns that occur, each with the number of solves that still ask for it.
pub(super) struct Structures<'p> {
    problem: &'p ReweightProblem,
    uses_common_design: bool,
    slots: Vec<Mutex<Slot>>,
}

struct Slot {
    awaited: usize,
    shared: Option<Shared>,
}

impl<'p> Structures<'p> {
    /// For solves of the patterns numbered `uses`.
    pub fn new(plan: &Plan<'p>, uses: impl Iterator<Item = usize>) -> Self {
        let num_patterns = plan.num_patterns();
        let mut awaited = vec![0; num_patterns];
        uses.for_each(|pattern| awaited[pattern] += 1);
        let slots = awaited.into_iter().map(|awaited| Mutex::new(Slot { awaited, shared: None })).collect();
        Self { problem: plan.problem, uses_common_design: plan.uses_common_design(), slots }
    }

    /// The matrix of a pattern, for one of the solves that were announced.
    pub fn take(&self, number: usize, pattern: &Pattern<'_>) -> Shared {
        let mut slot = self.slots[number].lock().unwrap_or_else(PoisonError::into_inner);
        let shared = slot.shared.take().unwrap_or_else(|| {
            let common = self.uses_common_design && slot.awaited > 1;
            reduced(self.problem, pattern, common)
        });
        slot.awaited -= 1;
        if slot.awaited > 0 {
            slot.shared = Some(shared.clone());
        }
        shared
    }
}

/// The rows and columns of a pattern: the problem's own matrix where that is all of them; with the facts about its common
/// design if asked.
fn reduced(problem: &ReweightProblem, pattern: &Pattern<'_>, common: bool) -> Shared {
    let (matrix, gram_plan) = if pattern.records.is_none() && pattern.kept.len() == problem.num_targets() {
        (problem.matrix.clone(), problem.gram_plan.clone())
    } else {
        let matrix = reduced_matrix(problem, pattern);
        let plan = GramPlan::new(&matrix);
        (matrix.into(), plan.into())
    };
    let common = common.then(|| {
        let weights = match pattern.records {
            None => Cow::Borrowed(&*problem.design_weights),
            Some(records) => select(&problem.design_weights, records).into(),
        };
        CommonDesign::new(&matrix, &gram_plan, &weights, &Workers::inline()).into()
    });
    Shared { matrix, gram_plan, common }
}

fn reduced_matrix(problem: &ReweightProblem, pattern: &Pattern<'_>) -> SparseMatrix {
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
    SparseMatrix::from_csc(num_records, pattern.kept.len(), starts, rows, values)
        .expect("a part of a valid matrix")
}

//! The observer that keeps what a diagnosis needs: numbers of every step, working sets, the last state.

use serde::Serialize;

use super::context::StepContext;
use super::registry::Registry;
use super::signal::Signal;
use crate::sqp::counters::SqpCounters;
use crate::sqp::observer::{SqpState, StepObserver};
use crate::sqp::options::SqpOptions;
use crate::sqp::problem::SqpProblem;
use crate::sqp::summary::StepSummary;

/// Working sets are kept for the report while they take at most this many entries.
const KEPT_ENTRIES: usize = 4_000_000;

/// What is kept of one step.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StepRecord {
    /// The 39 numbers.
    pub summary: StepSummary,
    /// The subproblem needed elastic mode.
    pub elastic: bool,
    /// Constraints that entered or left the working set.
    pub working_set_changes: u64,
    /// Inner solves cut short.
    pub cg_truncations: u64,
    /// Smallest eigenvalue that the convexification met; 0 if none was negative.
    pub negative_curvature: f64,
    /// What it added to the diagonal.
    pub shift: f64,
}

impl StepRecord {
    fn new(summary: &StepSummary, state: &SqpState) -> Self {
        Self {
            summary: *summary,
            elastic: state.elastic,
            working_set_changes: state.working_set_changes,
            cg_truncations: state.cg_truncations,
            negative_curvature: state.hessian.negative_curvature,
            shift: state.hessian.shift,
        }
    }
}

/// The working sets of a run: inequalities (mᵢ), lower bounds (n), upper bounds (n).
#[derive(Debug, Clone, Default)]
pub struct ActiveSets {
    /// Of each step, while they are kept.
    pub steps: Vec<Vec<bool>>,
    /// How often each entry went in or out.
    pub flips: Vec<u32>,
    last: Vec<bool>,
}

/// When one inequality or bound was in the working set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActiveTrack {
    /// The user's name of it.
    pub name: String,
    /// First and last steps, from 1, of each time.
    pub spans: Vec<(u64, u64)>,
}

impl ActiveSets {
    fn add(&mut self, active: &[bool]) {
        self.flips.resize(active.len(), 0);
        if self.last.len() == active.len() {
            for ((flips, now), before) in self.flips.iter_mut().zip(active).zip(&self.last) {
                *flips += u32::from(now != before);
            }
        }
        self.last = active.to_vec();
        if (self.steps.len() + 1) * active.len() <= KEPT_ENTRIES {
            self.steps.push(active.to_vec());
        }
    }

    /// When each inequality and bound was active; of more than `limit` that ever were, those that changed most.
    pub fn tracks(&self, problem: &SqpProblem, limit: usize) -> Vec<ActiveTrack> {
        let entries = self.steps.first().map_or(0, Vec::len);
        let mut active: Vec<usize> =
            (0..entries).filter(|&entry| self.steps.iter().any(|step| step[entry])).collect();
        if active.len() > limit {
            active.sort_by_key(|&entry| (std::cmp::Reverse(self.flips[entry]), entry));
            active.truncate(limit);
            active.sort_unstable();
        }
        active
            .into_iter()
            .map(|entry| ActiveTrack { name: Self::name(problem, entry), spans: self.spans(entry) })
            .collect()
    }

    /// First and last steps (from 1) of the times that an entry was active.
    fn spans(&self, entry: usize) -> Vec<(u64, u64)> {
        let mut spans: Vec<(u64, u64)> = Vec::new();
        for (index, _) in self.steps.iter().enumerate().filter(|(_, step)| step[entry]) {
            let step = index as u64 + 1;
            match spans.last_mut() {
                Some(span) if span.1 + 1 == step => span.1 = step,
                _ => spans.push((step, step)),
            }
        }
        spans
    }

    /// The name of entry `index` in the user's words.
    pub fn name(problem: &SqpProblem, index: usize) -> String {
        let (n, rows) = (problem.num_variables(), problem.num_inequalities());
        match index.checked_sub(rows) {
            None => problem.constraint_name(problem.num_equalities() + index),
            Some(j) if j < n => format!("{} >= {}", problem.variable_name(j), problem.lower()[j]),
            Some(j) => format!("{} <= {}", problem.variable_name(j - n), problem.upper()[j - n]),
        }
    }
}

/// Records a run and asks the evaluators of steps.
pub struct Recorder<'a> {
    problem: &'a SqpProblem,
    options: &'a SqpOptions,
    registry: &'a Registry,
    /// Every step.
    pub history: Vec<StepRecord>,
    /// Signals that fired so far.
    pub fired: Vec<Signal>,
    /// The working sets.
    pub active_sets: ActiveSets,
    /// Everything at the point after the last step.
    pub state: Option<SqpState>,
}

impl<'a> Recorder<'a> {
    /// For one run of `problem` with `options`.
    pub fn new(problem: &'a SqpProblem, options: &'a SqpOptions, registry: &'a Registry) -> Self {
        Self {
            problem,
            options,
            registry,
            history: Vec::new(),
            fired: Vec::new(),
            active_sets: ActiveSets::default(),
            state: None,
        }
    }
}

impl StepObserver for Recorder<'_> {
    fn step(&mut self, summary: &StepSummary, counters: &SqpCounters, state: &SqpState) {
        self.history.push(StepRecord::new(summary, state));
        self.active_sets.add(&state.active);
        let context = StepContext {
            problem: self.problem,
            options: self.options,
            counters,
            state,
            history: &self.history,
        };
        self.registry.at_step(&context, &mut self.fired);
        self.state = Some(state.clone());
    }
}

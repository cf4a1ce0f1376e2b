//! What evaluators see.

use super::probes::Probes;
use super::recorder::{ActiveSets, StepRecord};
use crate::sqp::counters::SqpCounters;
use crate::sqp::observer::SqpState;
use crate::sqp::options::SqpOptions;
use crate::sqp::problem::SqpProblem;
use crate::sqp::result::SqpResult;
use crate::sqp::summary::StepSummary;

/// During a run, after a step: the last record is that of the step.
#[derive(Debug, Clone, Copy)]
pub struct StepContext<'a> {
    /// The problem.
    pub problem: &'a SqpProblem,
    /// The options of the run.
    pub options: &'a SqpOptions,
    /// Counters up to and with this step.
    pub counters: &'a SqpCounters,
    /// Everything at the point after the step.
    pub state: &'a SqpState,
    /// All steps so far; never empty.
    pub history: &'a [StepRecord],
}

impl StepContext<'_> {
    /// The summary of the step.
    pub fn now(&self) -> &StepSummary {
        &self.history[self.history.len() - 1].summary
    }

    /// The value is below the threshold now and was not a step ago.
    pub fn just_crossed_below(&self, value: impl Fn(&StepSummary) -> f64, threshold: f64) -> bool {
        let below = |record: &StepRecord| value(&record.summary) < threshold;
        let (now, earlier) = (self.history.last(), self.history.iter().nth_back(1));
        now.is_some_and(below) && !earlier.is_some_and(below)
    }

    /// The predicate holds for exactly the last `length` steps.
    pub fn streak_just_reached(&self, holds: impl Fn(&StepSummary) -> bool, length: usize) -> bool {
        let run = self.history.iter().rev().take_while(|record| holds(&record.summary)).count();
        run == length
    }
}

/// After a run.
#[derive(Debug, Clone, Copy)]
pub struct EndContext<'a> {
    /// The problem.
    pub problem: &'a SqpProblem,
    /// The options of the run.
    pub options: &'a SqpOptions,
    /// Its answer; its point may be an earlier one than the last step's.
    pub result: &'a SqpResult,
    /// Everything at the point after the last step.
    pub state: Option<&'a SqpState>,
    /// All steps.
    pub history: &'a [StepRecord],
    /// The working sets of all steps.
    pub active_sets: &'a ActiveSets,
    /// What extra evaluations after the run showed.
    pub probes: &'a Probes,
}

impl EndContext<'_> {
    /// The summary of the last step.
    pub fn last(&self) -> Option<&StepSummary> {
        self.history.last().map(|record| &record.summary)
    }

    /// The run's counters.
    pub fn counters(&self) -> &SqpCounters {
        &self.result.counters
    }

    /// Number of steps, as a real number.
    pub fn num_steps(&self) -> f64 {
        self.history.len() as f64
    }

    /// The number of steps for which `holds`, and their share of all.
    pub fn share(&self, holds: impl Fn(&StepRecord) -> bool) -> (f64, f64) {
        let count = self.history.iter().filter(|record| holds(record)).count() as f64;
        (count, count / self.num_steps().max(1.0))
    }

    /// Relative stationarity and the limit that it would have had to meet.
    pub fn stationarity(&self) -> (f64, f64) {
        (self.result.residuals.relative_stationarity, self.options.stationarity_tolerance)
    }
}

//! The state at one step of a run, by running it again: runs are deterministic to the bit.

use super::counters::SqpCounters;
use super::functions::{Functions, SqpError};
use super::observer::{SqpState, StepObserver};
use super::options::SqpOptions;
use super::problem::SqpProblem;
use super::solve::minimize;
use super::summary::StepSummary;
use crate::control::Control;
use crate::error::{InputCode, InputError};

/// A state with the record of its step.
#[derive(Debug, Clone, PartialEq)]
pub struct CapturedStep {
    /// The 39 numbers.
    pub summary: StepSummary,
    /// Counters up to the step.
    pub counters: SqpCounters,
    /// Everything at the point.
    pub state: SqpState,
}

struct Capture {
    step: u64,
    found: Option<CapturedStep>,
}

impl StepObserver for Capture {
    fn step(&mut self, summary: &StepSummary, counters: &SqpCounters, state: &SqpState) {
        if summary.step_count == self.step {
            self.found = Some(CapturedStep { summary: *summary, counters: *counters, state: state.clone() });
        }
    }
}

/// Runs again up to `step` (from 1) and returns the state there. With the summary `expected` of the first run, the two must have
/// the same digest.
///
/// # Errors
/// A step of 0 or beyond the end of the run (`step`); fields that differ from the expected summary (`expected`), as they do when
/// the functions are not deterministic; the errors of [`minimize`].
pub fn capture_state_at_step(
    problem: &SqpProblem,
    functions: &mut dyn Functions,
    options: &SqpOptions,
    step: u64,
    expected: Option<&StepSummary>,
) -> Result<CapturedStep, SqpError> {
    if step == 0 {
        return Err(InputError::new(InputCode::OutOfRange, "step", "at least 1", "0").into());
    }
    // The patience of the whole run depends on its limit.
    let stagnation_patience = Some(options.patience());
    let max_steps = options.max_steps.min(step);
    let options = SqpOptions { max_steps, stagnation_patience, ..options.clone() };
    let mut capture = Capture { step, found: None };
    let result = minimize(problem, functions, &options, Some(&mut capture), &Control::default())?;
    let Some(found) = capture.found else {
        let rule = format!("at most {}, the number of steps of the run", result.steps);
        return Err(InputError::new(InputCode::OutOfRange, "step", rule, step.to_string()).into());
    };
    let differing = expected.map_or(Vec::new(), |e| e.differing_fields(&found.summary));
    if !differing.is_empty() {
        let received = format!("other values of {}", differing.join(", "));
        return Err(
            InputError::new(InputCode::OutOfRange, "expected", "the same summary again", received).into()
        );
    }
    Ok(found)
}

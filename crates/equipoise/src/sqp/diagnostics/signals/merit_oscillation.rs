//! The merit function rose again and again above its best value.

use super::super::context::EndContext;
use super::super::signal::{Signal, Specificity};
use super::super::suggestion::{Change, Suggestion, exact_second_derivatives};
use crate::sqp::status::SqpStatus;

pub(super) const SPECIFICITY: Specificity = super::GENERIC;

/// Fires if more than max(steps/10, 1) accepted steps left the merit function above its best value at the same penalty. In a run that
/// converged such steps are the watchdog's work unless they are more than half of all.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let steps = context.history.len() as u64;
    let count = context.counters().n_merit_regressions;
    let threshold = (steps / 10).max(1);
    let converged = context.result.status == SqpStatus::Converged;
    if steps == 0 || count <= threshold || (converged && 2 * count <= steps) {
        return None;
    }
    Some(
        Signal::new(
            "merit_oscillation",
            SPECIFICITY,
            count as f64 / threshold as f64,
            format!("the merit function looks unsettled: {count} of {steps} steps left it above its best value"),
        )
        .detail(
            "Both values are taken at the current penalty weights, so that their growth alone is no regression. What is left are \
             non-monotone steps (the watchdog), noise in f, or penalty weights that change the order of points.",
        )
        .evidence([
            ("n_merit_regressions", count as f64),
            ("n_steps", steps as f64),
            ("threshold", threshold as f64),
        ])
        .suggest(Suggestion::change(
            "switch non-monotone steps off (watchdog_steps = 0)",
            [Change::WatchdogSteps(0)],
        ))
        .suggest(exact_second_derivatives())
        .suggest("look at the penalty weights along the path: each jump changes what counts as progress"),
    )
}

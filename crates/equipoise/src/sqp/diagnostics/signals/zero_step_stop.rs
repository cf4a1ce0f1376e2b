//! The run ended because steps became negligible, not because the conditions hold.

use super::super::context::EndContext;
use super::super::signal::{Signal, Specificity};
use super::super::suggestion::{Change, Suggestion, exact_second_derivatives};
use crate::sqp::choices::FiniteDifferences;
use crate::sqp::status::SqpStatus;

pub(super) const SPECIFICITY: Specificity = super::AMBIGUOUS;

/// Fires for the status `stalled`, and wherever a run that did not converge ended in negligible steps.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let last = context.last()?;
    let status = context.result.status;
    let stalled = status == SqpStatus::Stalled || last.consecutive_zero_steps > 0;
    if status == SqpStatus::Converged || !stalled {
        return None;
    }
    let (stationarity, tolerance) = context.stationarity();
    Some(
        Signal::new(
            "zero_step_stop",
            SPECIFICITY,
            stationarity / tolerance,
            format!(
                "the steps died out before the conditions held: relative stationarity is {stationarity:.1e}, the limit \
                 {tolerance:.1e}"
            ),
        )
        .detail(
            "A negligible step is no proof of a solution. It means that the model asks for no move that double precision can \
             show: f or its derivatives are noisier than assumed, or the model is far too stiff.",
        )
        .evidence([
            ("consecutive_zero_steps", last.consecutive_zero_steps as f64),
            ("relative_stationarity", stationarity),
            ("tolerance", tolerance),
            ("kkt_ratio", last.kkt_ratio),
            ("last_alpha", last.last_alpha),
        ])
        .suggest(Suggestion::change(
            "use central differences where derivatives are not given (finite_differences = central)",
            [Change::FiniteDifferences(FiniteDifferences::Central)],
        ))
        .suggest(exact_second_derivatives())
        .suggest("check the derivatives with check_derivatives")
        .at_step(last.step_count),
    )
}

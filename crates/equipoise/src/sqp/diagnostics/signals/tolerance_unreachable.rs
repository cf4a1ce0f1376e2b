//! The tolerance asks for more than the rounding of f allows.

use super::super::context::EndContext;
use super::super::signal::{Signal, Specificity};
use super::super::suggestion::{Change, Suggestion};
use crate::sqp::status::SqpStatus;

pub(super) const SPECIFICITY: Specificity = super::SPECIFIC;
/// A result within this many times the reachable stationarity is as good as it gets.
const WITHIN: f64 = 1e3;

/// Fires if a feasible run that did not converge is within 1000 times of what values of f with an error ε can show,
/// √(2εκ)/scale for the curvature κ, and that is more than the tolerance (differences: their own error counts instead).
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let last = context.last()?;
    let result = context.result;
    let feasible = result.residuals.violation <= context.options.feasibility_tolerance;
    let (stationarity, tolerance) = context.stationarity();
    let gave_up = !matches!(
        result.status,
        SqpStatus::Converged | SqpStatus::Infeasible | SqpStatus::Unbounded | SqpStatus::Cancelled
    );
    if !gave_up || !feasible || stationarity <= tolerance {
        return None;
    }
    let rounding = f64::EPSILON * result.objective.abs();
    let error = context.probes.noise.as_ref().map_or(rounding, |noise| noise.level.max(rounding));
    let curvature = last.max_diag.max(f64::MIN_POSITIVE);
    let scale = if result.residuals.scale > 0.0 { result.residuals.scale } else { 1.0 };
    let reachable = libm::sqrt(2.0 * error * curvature) / scale;
    if !(reachable > tolerance && stationarity <= WITHIN * reachable) {
        return None;
    }
    let realistic = (2.0 * stationarity.max(reachable)).min(0.1);
    Some(
        Signal::new(
            "tolerance_unreachable",
            SPECIFICITY,
            reachable / tolerance,
            format!(
                "the tolerance looks out of reach: values of f are good to {error:.1e}, which shows a relative stationarity of \
                 {reachable:.1e} at best; {tolerance:.1e} was asked for"
            ),
        )
        .detail(
            "A decrease smaller than the error of f cannot be seen, so that a method that compares values stops where \
             ‖∇L‖² ≈ 2εκ. The point reached may well be as good as doubles allow.",
        )
        .evidence([
            ("tolerance", tolerance),
            ("reachable", reachable),
            ("relative_stationarity", stationarity),
            ("value_error", error),
            ("curvature", curvature),
        ])
        .suggest(Suggestion::change(
            format!("ask for what can be reached (stationarity_tolerance = {realistic:.1e})"),
            [Change::StationarityTolerance(realistic)],
        ))
        .suggest("subtract a constant from f that is near its minimum, or compute it so that large parts do not cancel"),
    )
}

//! A derivative that was given disagrees with differences of the function.

use super::super::context::EndContext;
use super::super::signal::{Signal, Specificity};
use super::super::suggestion::{Change, Suggestion};
use crate::sqp::choices::FiniteDifferences;

pub(super) const SPECIFICITY: Specificity = super::SPECIFIC;

/// Fires if some entry of ∇f, J or ∇²f differs from its difference by more than the error of that explains.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let worst = context.probes.worst_derivative()?;
    let suspicious: usize = context.probes.derivatives.iter().map(|report| report.suspicious.len()).sum();
    let checked: u64 = context.probes.derivatives.iter().map(|report| report.checked).sum();
    Some(
        Signal::new(
            "derivative_check",
            SPECIFICITY,
            worst.excess(),
            format!(
                "the derivative {} looks wrong: {:.6e} was given, differences say {:.6e}",
                worst.entry, worst.given, worst.estimate
            ),
        )
        .detail(
            "Differences at several step lengths agree with each other and not with the value given. Everything after a wrong \
             derivative is misleading: directions that are no descent, multipliers that mean nothing, line searches that fail.",
        )
        .evidence([
            ("given", worst.given),
            ("difference", worst.estimate),
            ("error_of_difference", worst.error),
            ("excess", worst.excess()),
            ("n_suspicious", suspicious as f64),
            ("n_checked", checked as f64),
        ])
        .suggest(format!("correct the derivative {}, then run check_derivatives again", worst.entry))
        .suggest(Suggestion::change(
            "leave the derivative out until it is right; central differences replace it (finite_differences = central)",
            [Change::FiniteDifferences(FiniteDifferences::Central)],
        )),
    )
}

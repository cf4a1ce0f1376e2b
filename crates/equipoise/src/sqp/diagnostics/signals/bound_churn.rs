//! The same constraints go in and out of the working set.

use super::super::context::EndContext;
use super::super::recorder::ActiveSets;
use super::super::signal::{Artifact, Signal, Specificity};
use super::super::suggestion::{Change, Suggestion, exact_second_derivatives};

pub(super) const SPECIFICITY: Specificity = super::AMBIGUOUS;
/// Changes of one constraint that fire.
const CHANGES: u32 = 6;
/// Changes from which on a constraint is counted.
const COUNTED: u32 = 4;

/// Fires if some inequality or bound changed sides six times or more.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let flips = &context.active_sets.flips;
    let most = flips.iter().copied().max()?;
    if most < CHANGES {
        return None;
    }
    let worst = flips.iter().position(|&count| count == most)?;
    let counted = flips.iter().filter(|&&count| count >= COUNTED).count();
    let name = ActiveSets::name(context.problem, worst);
    let floor = (100.0 * context.options.mult_drop_floor).max(1e-10);
    Some(
        Signal::new(
            "bound_churn",
            SPECIFICITY,
            f64::from(most) / f64::from(CHANGES),
            format!(
                "the working set looks unsettled: {name} went in or out {most} times, {counted} constraints did so {COUNTED} times \
                 or more"
            ),
        )
        .detail(
            "Near a solution the working set settles. Constraints that keep changing have multipliers near zero (degeneracy), are \
             all but copies of each other, or meet steps that overshoot because the curvature model is poor.",
        )
        .evidence([
            ("max_changes", f64::from(most)),
            ("n_churning", counted as f64),
            ("n_steps", context.num_steps()),
            ("worst_index", worst as f64),
            ("threshold", f64::from(CHANGES)),
        ])
        .suggest(exact_second_derivatives())
        .suggest(Suggestion::change(
            format!("drop fewer constraints for tiny multipliers (mult_drop_floor = {floor:e})"),
            [Change::MultDropFloor(floor)],
        ))
        .suggest("drop constraints that others imply")
        .artifact("changes", Artifact::vector(flips.iter().map(|&count| f64::from(count)).collect::<Vec<_>>())),
    )
}

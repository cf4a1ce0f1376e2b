//! Linearised constraints contradicted each other along the path.

use super::super::context::EndContext;
use super::super::signal::{Signal, Specificity};
use super::super::suggestion::automatic_scaling;
use crate::sqp::status::SqpStatus;

pub(super) const SPECIFICITY: Specificity = super::AMBIGUOUS;
/// The share of steps from which on a run that converged is worth the remark.
const SHARE: f64 = 0.5;

/// Fires if a run that did not converge needed elastic mode, or one that did needed it in at least half of the steps.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let (count, fraction) = context.share(|record| record.elastic);
    let converged = context.result.status == SqpStatus::Converged;
    if count == 0.0 || (converged && fraction < SHARE) {
        return None;
    }
    let first = context.history.iter().find(|record| record.elastic).map(|record| record.summary.step_count);
    Some(
        Signal::new(
            "linearisation_infeasible",
            SPECIFICITY,
            count,
            format!("the linearised constraints contradicted each other in {count} of {} steps", context.history.len()),
        )
        .detail(
            "The subproblem's constraints are tangents. Where no point satisfies them all, violations are allowed at a price \
             (elastic mode). Far from a solution that is harmless; up to the end it means constraints that contradict each other, \
             or a start from which the tangents point away from every feasible point.",
        )
        .evidence([
            ("n_elastic_steps", count),
            ("fraction_elastic", fraction),
            ("n_steps", context.num_steps()),
            ("first_elastic_step", first.map_or(f64::NAN, |step| step as f64)),
        ])
        .suggest("start from a point nearer to the constraints")
        .suggest("look at the rows of the signal infeasible_termination: relax the one that need not be strict")
        .suggest(automatic_scaling())
        .at_step(first),
    )
}

//! Subproblems ended at their budget, or with a constraint going in and out in turn.

use super::super::context::EndContext;
use super::super::signal::{Signal, Specificity};
use super::super::suggestion::{Change, Suggestion};
use crate::sqp::choices::ActiveSetMethod;

pub(super) const SPECIFICITY: Specificity = super::GENERIC;

/// Fires if either happened at all.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let counters = context.counters();
    let (budget, ping_pong) = (counters.n_qp_budget_exhausted as f64, counters.n_qp_ping_pong as f64);
    let steps = context.num_steps();
    if steps == 0.0 || (budget == 0.0 && ping_pong == 0.0) {
        return None;
    }
    // Ten times what the last subproblems took, and enough for each constraint to enter and leave.
    let constraints = context.problem.num_constraints() + 2 * context.problem.num_variables();
    let more = (10 * counters.max_qp_iterations).max(10 * constraints as u64);
    let floor = (100.0 * context.options.mult_drop_floor).max(1e-10);
    Some(
        Signal::new(
            "qp_budget_or_pingpong",
            SPECIFICITY,
            budget.max(ping_pong),
            format!(
                "the subproblems look unfinished: {budget} of {steps} ended at their budget, {ping_pong} with a constraint going \
                 in and out in turn"
            ),
        )
        .detail(
            "A subproblem that ends early gives a direction that need not satisfy the linearised constraints. A budget below the \
             number of constraints that must become active can never be enough; degenerate constraints go in and out where \
             their multipliers are of the size of rounding errors.",
        )
        .evidence([
            ("n_qp_budget_exhausted", budget),
            ("n_qp_ping_pong", ping_pong),
            ("fraction_budget", budget / steps),
            ("fraction_pingpong", ping_pong / steps),
            ("n_steps", steps),
        ])
        .suggest(Suggestion::change(
            format!("give the subproblems more iterations (qp_max_iter = {more})"),
            [Change::QpMaxIter(more)],
        ))
        .suggest(Suggestion::change(
            "start working sets from the last one (active_set_method = expand); where a prediction is used, a *lower* \
             lpeca_trust_threshold trusts it less",
            [Change::ActiveSetMethod(ActiveSetMethod::Expand)],
        ))
        .suggest(Suggestion::change(
            format!("drop fewer constraints for tiny multipliers (mult_drop_floor = {floor:e})"),
            [Change::MultDropFloor(floor)],
        )),
    )
}

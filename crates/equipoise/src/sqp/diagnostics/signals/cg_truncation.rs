//! Matrix-free inner solves were cut short.

use super::super::context::EndContext;
use super::super::signal::{Signal, Specificity};
use super::super::suggestion::{Change, Suggestion};
use crate::sqp::choices::InnerSolver;

pub(super) const SPECIFICITY: Specificity = super::AMBIGUOUS;
/// Share of steps that fires.
const SHARE: f64 = 0.3;

/// Fires if the inner solves of more than 30 % of the steps ended at their limit or at negative curvature.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let (steps, fraction) = context.share(|record| record.cg_truncations > 0);
    if fraction <= SHARE {
        return None;
    }
    let truncations: u64 = context.history.iter().map(|record| record.cg_truncations).sum();
    let more = context.options.qp_max_cg_iter.max(context.problem.num_variables() as u64) * 5;
    Some(
        Signal::new(
            "cg_truncation",
            SPECIFICITY,
            fraction / SHARE,
            format!("the inner solver looks cut short: in {steps} of {} steps it ended before its residual was small", context.history.len()),
        )
        .detail(
            "A truncated direction still descends, but the model's curvature is not used up: many short steps follow. Reasons are \
             a limit below the number of distinct curvatures, no preconditioner, or negative curvature.",
        )
        .evidence([
            ("n_truncated_steps", steps),
            ("n_truncations", truncations as f64),
            ("fraction_truncated", fraction),
            ("qp_max_cg_iter", context.options.qp_max_cg_iter as f64),
            ("threshold", SHARE),
        ])
        .suggest(Suggestion::change(
            format!("allow more inner iterations (qp_max_cg_iter = {more})"),
            [Change::QpMaxCgIter(more)],
        ))
        .suggest(Suggestion::change(
            "solve with factorisations (inner_solver = direct)",
            [Change::InnerSolver(InnerSolver::Direct)],
        )),
    )
}

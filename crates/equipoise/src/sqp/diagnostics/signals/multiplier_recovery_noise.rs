//! The inexact inner solver's projected gradient is small; the gradient of the Lagrangian with recovered multipliers is not.

use super::super::context::EndContext;
use super::super::signal::{Signal, Specificity};
use super::super::suggestion::{Change, Suggestion};
use crate::sqp::choices::InnerSolver;

pub(super) const SPECIFICITY: Specificity = super::SPECIFIC;

/// Fires if the projected ratio meets the tolerance, the classical one does not, and that was so in more than half of the steps.
///
/// Each ratio is the smallest of the run; only the inexact Steihaug–Toint solver publishes projected gradients.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let last = context.last()?;
    let counters = context.counters();
    let tolerance = context.options.stationarity_tolerance;
    let scale = if last.kkt_scale > 0.0 { last.kkt_scale } else { 1.0 };
    let classical = last.grad_lagrangian_norm / scale;
    let projected = counters.min_projected_grad_norm / scale;
    let below = counters.n_steps_inexact_below_classical as f64;
    let fraction = below / (last.step_count as f64).max(1.0);
    if !(projected < tolerance && classical > tolerance && fraction > 0.5) {
        return None;
    }
    Some(
        Signal::new(
            "multiplier_recovery_noise",
            SPECIFICITY,
            classical / projected.max(1e-300),
            format!(
                "the recovered multipliers look noisy: the projected gradient is {projected:.1e} of the scale, the gradient of the \
                 Lagrangian {classical:.1e}"
            ),
        )
        .detail(
            "The multipliers come from a least-squares fit whose error grows with the condition of the equalities' Jacobian; the \
             projected gradient of the inner solver does not pass through them. Where the first is large and the second small, \
             the point may be good and only its multipliers poor.",
        )
        .evidence([
            ("classical_ratio", classical),
            ("projected_ratio", projected),
            ("rtol", tolerance),
            ("n_steps_inexact_below_classical", below),
            ("fraction_below", fraction),
        ])
        .suggest(Suggestion::change(
            "solve with factorisations (inner_solver = direct), whose multipliers are exact to rounding",
            [Change::InnerSolver(InnerSolver::Direct)],
        ))
        .suggest(Suggestion::change(
            "accept the projected gradient with a status of its own (inner_solver = hr_inexact_stcg, use_inexact_stationarity = \
             true)",
            [Change::InnerSolver(InnerSolver::HrInexactStcg), Change::UseInexactStationarity(true)],
        )),
    )
}

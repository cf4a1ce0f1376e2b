//! The penalty weights grew by orders of magnitude.

use super::super::context::EndContext;
use super::super::signal::{Artifact, Signal, Specificity};
use super::super::suggestion::{Change, Suggestion, automatic_scaling, exact_second_derivatives};

pub(super) const SPECIFICITY: Specificity = super::SPECIFIC;
/// Growth over the run that fires.
const TOTAL: f64 = 1e6;
/// Growth in one step that fires.
const STEP: f64 = 1e3;

/// Fires at a total growth above 1e6, or one above 1e3 in a single step; weights below 1 count as 1.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let weights: Vec<f64> = context.history.iter().map(|r| r.summary.merit_penalty.max(1.0)).collect();
    let least = weights.iter().copied().reduce(f64::min)?;
    let largest = weights.iter().copied().fold(least, f64::max);
    let total = largest / least;
    let (mut jump, mut jump_index) = (1.0, 0);
    for i in 1..weights.len() {
        if weights[i] / weights[i - 1] > jump {
            (jump, jump_index) = (weights[i] / weights[i - 1], i);
        }
    }
    if !(total > TOTAL || jump > STEP) {
        return None;
    }
    let jump_step = context.history[jump_index].summary.step_count;
    let less_proximal = context.options.proximal_mu_max / 100.0;
    let more = context.options.qp_max_iter.unwrap_or(context.counters().max_qp_iterations).max(1) * 10;
    let signal = Signal::new(
            "merit_penalty_explosion",
            SPECIFICITY,
            (total / TOTAL).max(jump / STEP),
            format!(
                "the penalty looks out of hand: the weights grew {total:.1e}-fold over the run, {jump:.1e}-fold at step {jump_step}"
            ),
        )
        .detail(
            "The weights must exceed the multipliers. These explode where a constraint's gradient all but vanishes along the \
             path, where constraints contradict each other, or where objective and constraints are in units far apart; the \
             merit function then sees only the constraints, and steps along them become tiny.",
        )
        .evidence([
            ("rho_min", least),
            ("rho_max", largest),
            ("rho_ratio_total", total),
            ("rho_ratio_step", jump),
            ("rho_threshold_total", TOTAL),
            ("rho_threshold_step", STEP),
            ("jump_step", jump_step as f64),
        ])
        .suggest(automatic_scaling())
        .suggest(exact_second_derivatives())
        .suggest(Suggestion::change(
            format!("give the subproblems more iterations (qp_max_iter = {more})"),
            [Change::QpMaxIter(more)],
        ))
        .artifact("rho_trajectory", Artifact::vector(weights))
        .at_step((jump > STEP).then_some(jump_step));
    // Only where the equalities are softened at all.
    Some(if context.options.proximal_tau > 0.0 {
        signal.suggest(Suggestion::change(
            format!("soften the equalities less (proximal_mu_max = {less_proximal:e})"),
            [Change::ProximalMuMax(less_proximal)],
        ))
    } else {
        signal
    })
}

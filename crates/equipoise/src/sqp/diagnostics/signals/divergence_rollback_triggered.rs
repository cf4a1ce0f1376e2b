//! The merit function blew up.

use super::super::context::EndContext;
use super::super::signal::{Signal, Specificity};
use super::super::suggestion::{Change, Suggestion, exact_second_derivatives};

pub(super) const SPECIFICITY: Specificity = super::SPECIFIC;
/// Blow-ups that count as much as one threshold, whatever the patience of the run.
const PATIENCE: f64 = 3.0;

/// Fires if there was a blow-up at all.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let counters = context.counters();
    let blowups = counters.n_divergence_blowups as f64;
    if context.history.is_empty() || !(counters.divergence_triggered || blowups > 0.0) {
        return None;
    }
    let mut before = 0;
    let step = context.history.iter().find_map(|record| {
        let rises = record.summary.blowup_count > before;
        before = record.summary.blowup_count;
        (rises || record.summary.diverging).then_some(record.summary.step_count)
    });
    let back = if context.result.rolled_back { "; an earlier point is returned" } else { "" };
    let fewer = (context.options.divergence_patience / 2).max(1);
    Some(
        Signal::new(
            "divergence_rollback_triggered",
            SPECIFICITY,
            blowups.max(1.0) / PATIENCE,
            format!("the iterates look divergent: the merit function rose far above its best value in {blowups} steps{back}"),
        )
        .detail(
            "The usual chain: a subproblem ends early, its direction gives a noisy curvature pair, the model's diagonal explodes, \
             the next direction is far too long. The numbers of the last step describe the attempted point, not the one returned.",
        )
        .evidence([
            ("divergence_triggered", super::flag(counters.divergence_triggered)),
            ("n_divergence_blowups", blowups),
            ("patience_default", PATIENCE),
            ("offending_step", step.map_or(f64::NAN, |s| s as f64)),
        ])
        .suggest("bound the variables, or add the constraint that keeps f from falling without end")
        .suggest(exact_second_derivatives())
        .suggest(Suggestion::change(
            format!("return earlier to the best point (divergence_patience = {fewer})"),
            [Change::DivergencePatience(fewer)],
        ))
        .at_step(step),
    )
}

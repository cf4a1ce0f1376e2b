//! The penalty weight stayed as it was while the violation grew.

use super::super::context::EndContext;
use super::super::signal::{Artifact, Signal, Specificity};
use super::super::suggestion::{Change, Suggestion, automatic_scaling, larger_initial_penalty};
use crate::sqp::choices::PenaltyUpdate;

pub(super) const SPECIFICITY: Specificity = super::SPECIFIC;
/// Growth of the violation that fires.
const GROWTH: f64 = 5.0;

/// Fires if over the first max(5, steps/3) or more steps the weight did not change, the violation never fell, and it grew fivefold.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let steps = context.history.len();
    let needed = (steps / 3).max(5);
    let weights: Vec<f64> = context.history.iter().map(|r| r.summary.merit_penalty.max(1.0)).collect();
    let first = *weights.first()?;
    let frozen = |w: &&f64| **w <= first * (1.0 + 1e-9) && **w * (1.0 + 1e-9) >= first;
    let prefix = weights.iter().take_while(frozen).count();
    if steps < needed || prefix < needed {
        return None;
    }
    let violations: Vec<f64> = context.history[..prefix]
        .iter()
        .map(|r| r.summary.max_eq_violation.max(r.summary.max_ineq_violation))
        .collect();
    let rising = violations.windows(2).all(|pair| pair[1] >= pair[0] - 1e-15);
    let tolerance = context.options.feasibility_tolerance;
    let (start, end) = (violations[0], violations[prefix - 1]);
    let growth = end / if start > tolerance { start } else { tolerance.max(1e-300) };
    if !rising || growth.is_nan() || growth < GROWTH {
        return None;
    }
    Some(
        Signal::new(
            "penalty_starvation",
            SPECIFICITY,
            growth / GROWTH,
            format!(
                "the penalty looks too small: the weight stayed at {first:.1e} for {prefix} steps while the violation grew \
                 {growth:.1e}-fold"
            ),
        )
        .detail(
            "With a weight below the multipliers the merit function rewards leaving the constraints. The reference's update looks \
             only at multipliers of the last fit; from a start that is feasible to rounding it may never wake up.",
        )
        .evidence([
            ("rho_initial", first),
            ("frozen_prefix_steps", prefix as f64),
            ("n_steps", steps as f64),
            ("violation_start", start),
            ("violation_end", end),
            ("growth_ratio", growth),
            ("growth_threshold", GROWTH),
        ])
        .suggest(larger_initial_penalty(context.options.initial_penalty, 100.0))
        .suggest(Suggestion::change(
            "let the weights follow the predicted reduction (penalty_update = predicted_reduction)",
            [Change::PenaltyUpdate(PenaltyUpdate::PredictedReduction)],
        ))
        .suggest("move a start that satisfies the constraints exactly a little off them")
        .suggest("compare the slope of the constraints with that of the objective and bring both to one size")
        .suggest(automatic_scaling())
        .suggest(Suggestion::change(
            "wait longer before a prediction of active constraints is used (lpeca_warmup_steps = 10)",
            [Change::LpecaWarmupSteps(10)],
        ))
        .artifact("rho_prefix", Artifact::vector(&weights[..prefix]))
        .artifact("violations_prefix", Artifact::vector(violations))
        .at_step(context.history[prefix - 1].summary.step_count),
    )
}

//! The diagonal of the quasi-Newton matrix spans many orders of magnitude.

use super::super::context::StepContext;
use super::super::signal::{Artifact, Signal, Specificity};
use super::super::suggestion::{automatic_scaling, exact_second_derivatives};

pub(super) const SPECIFICITY: Specificity = super::AMBIGUOUS;
/// A ratio above this for `STREAK` steps fires.
const THRESHOLD: f64 = 1e6;
/// A ratio above this fires at once.
const BURST: f64 = 1e8;
const STREAK: usize = 3;

/// Fires at max/min > 1e8, or at the third step in a row with max/min > 1e6.
pub(super) fn evaluate(context: &StepContext<'_>) -> Option<Signal> {
    let now = context.now();
    let burst = now.diag_kappa > BURST;
    if !burst && !context.streak_just_reached(|step| step.diag_kappa > THRESHOLD, STREAK) {
        return None;
    }
    let ratio = now.diag_kappa / if burst { BURST } else { THRESHOLD };
    let hessian = &context.state.hessian;
    Some(
        Signal::new(
            "lbfgs_conditioning_extreme",
            SPECIFICITY,
            ratio,
            format!(
                "the curvature model looks ill-conditioned: its diagonal runs from {:.1e} to {:.1e} at step {}",
                now.min_diag, now.max_diag, now.step_count
            ),
        )
        .detail(
            "Four things do this: curvature pairs from a part of the path that is long past; pairs refused for many steps after \
             a reset; variables in units that differ by orders of magnitude; and a fallback direction whose pair entered the \
             model. Directions along the small entries are then far too long, along the large ones far too short.",
        )
        .evidence([
            ("diag_kappa", now.diag_kappa),
            ("min_diag", now.min_diag),
            ("max_diag", now.max_diag),
            ("threshold", THRESHOLD),
            ("burst_threshold", BURST),
            ("streak", STREAK as f64),
            ("burst_clause", super::flag(burst)),
            ("step", now.step_count as f64),
        ])
        .suggest(exact_second_derivatives())
        .suggest("bring the variables to one size: replace x by x/u with u its usual size")
        .suggest(automatic_scaling())
        .suggest("look at the curvature pairs of this step with capture_state_at_step if many were skipped (n_lbfgs_skips)")
        .artifact("diagonal", Artifact::vector(hessian.diagonal.clone()))
        .artifact("gamma", Artifact::vector([hessian.gamma]))
        .artifact("history_count", Artifact::vector([hessian.num_pairs as f64]))
        .at_step(now.step_count),
    )
}

//! The line search ended at its shortest step, up to the end of the run.

use super::super::context::EndContext;
use super::super::signal::{Artifact, Signal, Specificity};
use super::super::suggestion::{exact_second_derivatives, larger_initial_penalty, saddle_point_solver};

pub(super) const SPECIFICITY: Specificity = super::AMBIGUOUS;
/// Steps shown before and after the one to look at.
const WINDOW: usize = 5;

/// Fires if the run ended in failed line searches and some step was no longer than 10·2^−line_search_max_steps.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let last = context.last()?;
    let counters = context.counters();
    let halvings = match context.options.line_search_max_steps {
        0 => 20,
        steps => steps.min(1000),
    };
    let floor = 10.0 * (0..halvings).fold(1.0, |length, _| 0.5 * length);
    if counters.tail_ls_failures == 0 || counters.ls_alpha_min > floor {
        return None;
    }
    let collapsed = |r: &&super::super::StepRecord| !r.summary.ls_success && r.summary.last_alpha <= floor;
    let step = context.history.iter().find(collapsed).map_or(last.step_count, |r| r.summary.step_count);
    let index = context.history.iter().position(|r| r.summary.step_count == step).unwrap_or(0);
    let window = index.saturating_sub(WINDOW)..(index + WINDOW + 1).min(context.history.len());
    let lengths: Vec<f64> = context.history[window].iter().map(|r| r.summary.last_alpha).collect();
    let diagonal = context.state.map(|state| state.hessian.diagonal.clone()).unwrap_or_default();
    Some(
        Signal::new(
            "line_search_collapse",
            SPECIFICITY,
            floor / counters.ls_alpha_min.max(1e-300),
            format!(
                "the search direction looks wrong: the line search found no acceptable step at step {step} and in {} steps up \
                 to the end",
                counters.tail_ls_failures
            ),
        )
        .detail(
            "A direction from a correct gradient and a positive definite model lowers the merit function for short steps. Where \
             not even the shortest does, a derivative is wrong, f has a kink or noise, the penalty weights are too small for \
             the direction, or the model is too ill-conditioned for its direction to be one of descent.",
        )
        .evidence([
            ("ls_alpha_min", counters.ls_alpha_min),
            ("tail_ls_failures", counters.tail_ls_failures as f64),
            ("ls_floor", floor),
        ])
        .suggest("check the derivatives with check_derivatives: a wrong gradient is the most frequent cause")
        .suggest(exact_second_derivatives())
        .suggest(larger_initial_penalty(context.options.initial_penalty, 100.0))
        .suggest(saddle_point_solver())
        .suggest("recover the state at this step with capture_state_at_step and look at gamma and the diagonal")
        .artifact("alpha_window", Artifact::vector(lengths))
        .artifact("lbfgs_diagonal_final", Artifact::vector(diagonal))
        .at_step(step),
    )
}

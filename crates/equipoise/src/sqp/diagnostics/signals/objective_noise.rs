//! Values of the objective scatter by much more than rounding.

use super::super::context::EndContext;
use super::super::signal::{Artifact, Signal, Specificity};
use super::super::suggestion::{Change, Suggestion};

pub(super) const SPECIFICITY: Specificity = super::SPECIFIC;
/// Scatter relative to the size of f that fires: rounding in a long sum stays well below.
const THRESHOLD: f64 = 1e-10;

/// Fires if the noise of f near the point returned is more than 1e-10 of its size.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let noise = context.probes.noise.as_ref()?;
    if noise.relative <= THRESHOLD {
        return None;
    }
    let step = noise.difference_step();
    let reachable = (10.0 * libm::sqrt(noise.relative)).min(0.1);
    Some(
        Signal::new(
            "objective_noise",
            SPECIFICITY,
            noise.relative / THRESHOLD,
            format!("the objective looks noisy: nearby values scatter by {:.1e} ({:.1e} of its size)", noise.level, noise.relative),
        )
        .detail(
            "An inner iteration that stops early, a simulation or a table look-up makes f a noisy function. Decreases below the \
             noise cannot be seen, and differences over short steps are differences of noise. The level was estimated from a \
             table of differences of values at equally spaced points (Moré and Wild, 2011).",
        )
        .evidence([
            ("noise_level", noise.level),
            ("relative_noise", noise.relative),
            ("threshold", THRESHOLD),
            ("suggested_difference_step", step),
        ])
        .suggest(Suggestion::change(
            format!(
                "ask only for what the noise allows (stationarity_tolerance = {reachable:.1e}) and difference over longer steps \
                 (finite_difference_step = {step:.1e})"
            ),
            [Change::StationarityTolerance(reachable), Change::FiniteDifferenceStep(step)],
        ))
        .suggest("solve the inner problem of f more accurately, or give derivatives that do not come from differences")
        .artifact("values", Artifact::vector(noise.values.clone())),
    )
}

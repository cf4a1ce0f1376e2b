//! The point may be a saddle or a maximum: along some feasible direction the Lagrangian curves downwards.

use super::super::context::EndContext;
use super::super::signal::{Artifact, Signal, Specificity};
use super::super::suggestion::exact_second_derivatives;

pub(super) const SPECIFICITY: Specificity = super::SPECIFIC;
/// Curvature below this part of the largest counts as negative: less cannot be told from rounding.
const THRESHOLD: f64 = 1e-7;

/// Fires if the Hessian of the Lagrangian, on the directions that leave active constraints as they are, has an eigenvalue below
/// −1e-7 of its largest one in size.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let curvature = context.probes.curvature.as_ref()?;
    let floor = THRESHOLD * curvature.largest;
    if curvature.smallest >= -floor {
        return None;
    }
    let (shifted, fraction) = context.share(|record| record.negative_curvature < 0.0 || record.shift > 0.0);
    Some(
        Signal::new(
            "negative_curvature",
            SPECIFICITY,
            -curvature.smallest / floor.max(1e-300),
            format!(
                "the point looks like a saddle or a maximum: along a feasible direction the curvature is {:.1e} (largest {:.1e})",
                curvature.smallest, curvature.largest
            ),
        )
        .detail(
            "First-order conditions hold at minima, saddles and maxima alike. The direction given keeps every active constraint \
             to first order, and the objective falls along it both ways.",
        )
        .evidence([
            ("smallest_curvature", curvature.smallest),
            ("largest_curvature", curvature.largest),
            ("threshold", -floor),
            ("n_steps_convexified", shifted),
            ("fraction_convexified", fraction),
        ])
        .suggest("start again from this point moved a little along the direction of the artifact `direction`, and against it")
        .suggest(exact_second_derivatives())
        .artifact("direction", Artifact::vector(curvature.direction.clone())),
    )
}

//! The equalities' gradients become dependent: no unique multipliers, no reliable null space.

use super::super::context::StepContext;
use super::super::signal::{Artifact, Signal, Specificity};
use super::super::suggestion::{Change, Suggestion, saddle_point_solver};
use crate::numeric::singular_values::singular_values;
use crate::numeric::sum::dot;
use crate::sqp::choices::InnerSolver;

pub(super) const SPECIFICITY: Specificity = super::SPECIFIC;
/// A smallest singular value below this counts as rank deficiency.
const THRESHOLD: f64 = 1e-8;

/// Fires at the step at which the smallest singular value so far falls below 1e-8.
pub(super) fn evaluate(context: &StepContext<'_>) -> Option<Signal> {
    let rows = context.problem.num_equalities();
    if rows == 0 || !context.just_crossed_below(|step| step.eq_jac_min_sv_est, THRESHOLD) {
        return None;
    }
    let n = context.problem.num_variables();
    let jacobian = &context.state.equality_jacobian;
    let row = |i: usize| &jacobian[i * n..(i + 1) * n];
    let gram: Vec<f64> = (0..rows * rows).map(|e| dot(row(e / rows), row(e % rows))).collect();
    // More rows than columns are dependent whatever they hold.
    let values = singular_values(jacobian, rows, n);
    let (smallest, largest) =
        (if rows > n { 0.0 } else { values[values.len() - 1] }, values.first().copied().unwrap_or(0.0));
    let step = context.now().step_count;
    Some(
        Signal::new(
            "eq_jacobian_rank_deficient",
            SPECIFICITY,
            THRESHOLD / smallest.max(1e-300),
            format!(
                "the equalities look dependent: the smallest singular value of their Jacobian is {smallest:.1e} (largest \
                 {largest:.1e}) at step {step}"
            ),
        )
        .detail(
            "Where gradients of equalities are dependent, or differ in size by many orders of magnitude, the multipliers are \
             not determined and the projection onto the null space loses its meaning; steps then satisfy the linearised \
             equalities only in part.",
        )
        .evidence([
            ("sigma_min", smallest),
            ("sigma_max", largest),
            ("threshold", THRESHOLD),
            ("step", step as f64),
        ])
        .suggest(
            "check the equalities for independence at this point: a row that repeats or combines others can be dropped",
        )
        .suggest("bring the equalities to one size: multiply each by a constant of its own, or set scaling = balanced")
        .suggest(saddle_point_solver())
        .suggest(Suggestion::change(
            "use inner_solver = projected_cg_craig, whose projector needs no factor of J Jᵀ",
            [Change::InnerSolver(InnerSolver::ProjectedCgCraig)],
        ))
        .artifact("J_eq", Artifact::matrix(jacobian.clone(), n))
        .artifact("JJT", Artifact::matrix(gram, rows))
        .artifact("singular_values", Artifact::vector(values))
        .at_step(step),
    )
}

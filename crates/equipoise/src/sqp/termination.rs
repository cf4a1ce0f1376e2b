//! The tests after a step: convergence by the independent check, everything else by name.

use super::evaluation::Point;
use super::functions::SqpError;
use super::multipliers::{Multipliers, lagrangian_gradient, least_squares};
use super::restoration;
use super::run::Run;
use super::status::SqpStatus;
use crate::certificate::kkt::{KktPoint, KktResiduals};
use crate::numeric::sum::{max_abs, norm_two};

/// Fits of multipliers are tried where the subproblem's are this many times too inexact at most.
const FIT_RANGE: f64 = 30.0;
/// Entries of the Jacobian up to which a fit is tried at every point.
const FIT_SIZE: usize = 10_000;

/// Sets the status after a step.
pub(super) fn after_step(run: &mut Run<'_>, line_search_failed: bool) -> Result<(), SqpError> {
    if run.status != SqpStatus::Running {
        return Ok(());
    }
    if run.steps >= run.options.min_steps && !line_search_failed && converged(run) {
        run.status = SqpStatus::Converged;
    } else if run.options.use_inexact_stationarity && !line_search_failed && is_inexactly_stationary(run) {
        run.status = SqpStatus::InexactStationary;
    } else if let Some(status) = failed(run) {
        run.status = status;
        if !matches!(status, SqpStatus::Unbounded | SqpStatus::Cancelled | SqpStatus::IterateBlowup) {
            restoration::after_failure(run)?;
        }
    }
    Ok(())
}

/// Whether the first-order conditions hold with the subproblem's multipliers or with those that fit best.
fn converged(run: &mut Run<'_>) -> bool {
    if run.violation() > run.options.feasibility_tolerance {
        return false;
    }
    let last = run.multipliers.clone();
    accepted(run, &last) || fitted(run).is_some_and(|fitted| accepted(run, &fitted))
}

/// The point is feasible, and ‖projected gradient‖₂ ≤ tolerance · scale as an inexact inner solver saw it.
fn is_inexactly_stationary(run: &Run<'_>) -> bool {
    run.violation() <= run.options.feasibility_tolerance
        && projected_ratio(run).is_some_and(|ratio| ratio <= run.options.stationarity_tolerance)
}

/// ‖projected gradient‖₂ relative to the same scale as the stationarity, where the inner solver publishes it.
pub(super) fn projected_ratio(run: &Run<'_>) -> Option<f64> {
    let ratio = run.projected_gradient / scale(run);
    ratio.is_finite().then_some(ratio)
}

/// Whether the independent check accepts these multipliers, which are then kept.
fn accepted(run: &mut Run<'_>, scaled: &Multipliers) -> bool {
    if quick_residual(run, scaled) > 1.0 {
        return false;
    }
    let (multipliers, residuals) = certify(run, scaled);
    let o = run.options;
    let holds =
        residuals.hold(o.stationarity_tolerance, o.absolute_stationarity_tolerance, o.feasibility_tolerance);
    if holds {
        run.certified = Some((multipliers, residuals));
    }
    holds
}

/// ‖∇L‖∞ over twice its limit, in plain double precision and scaled units: above 1 the full check is not worth its time.
fn quick_residual(run: &Run<'_>, multipliers: &Multipliers) -> f64 {
    let norm = max_abs(&lagrangian_gradient(&run.point, multipliers));
    let s = run.evaluator.factors.objective;
    let relative = run.options.stationarity_tolerance * scale_with(run, multipliers);
    norm / (2.0 * relative.max(run.options.absolute_stationarity_tolerance * s)).max(f64::MIN_POSITIVE)
}

/// The size that gradients are measured against, with the multipliers of the last subproblem.
pub(super) fn scale(run: &Run<'_>) -> f64 {
    scale_with(run, &run.multipliers).max(f64::MIN_POSITIVE)
}

/// max(‖∇f‖, ‖∇f(x₀)‖, |λᵢ|‖aᵢ‖, |zⱼ|) in scaled units.
fn scale_with(run: &Run<'_>, multipliers: &Multipliers) -> f64 {
    let mut scale = max_abs(&run.point.gradient)
        .max(run.reference_gradient * run.evaluator.factors.objective)
        .max(max_abs(&multipliers.bounds));
    for (i, y) in multipliers.rows.iter().enumerate().filter(|(_, y)| **y != 0.0) {
        scale = scale.max(y.abs() * max_abs(run.point.row(i)));
    }
    scale
}

/// Multipliers fitted at the point, where the subproblem's are near enough or the problem is small.
fn fitted(run: &Run<'_>) -> Option<Multipliers> {
    let small = run.point.jacobian.len() <= FIT_SIZE;
    if !small && run.steps > 0 && quick_residual(run, &run.multipliers) > FIT_RANGE {
        return None;
    }
    Some(fit(run))
}

/// Multipliers that fit the gradient best over the constraints active at the point.
pub(super) fn fit(run: &Run<'_>) -> Multipliers {
    let point = &run.point;
    let equalities = run.problem.num_equalities();
    let near = |i: usize| {
        let size = norm_two(point.row(i)) * norm_two(&point.x).max(1.0);
        point.c[i]
            <= (run.options.feasibility_tolerance * run.evaluator.factors.constraints[i]).max(1e-9 * size)
    };
    let active = (0..point.c.len()).filter(|&i| i < equalities || near(i)).collect();
    least_squares(point, equalities, active, run.problem.lower(), run.problem.upper())
}

/// The independent check of scaled multipliers, in the user's units.
pub(super) fn certify(run: &Run<'_>, scaled: &Multipliers) -> (Multipliers, KktResiduals) {
    let factors = &run.evaluator.factors;
    let multipliers = Multipliers {
        rows: factors.unscaled_multipliers(&scaled.rows),
        bounds: factors.unscaled_bound_multipliers(&scaled.bounds),
    };
    let user = unscaled(run, &run.point);
    let point = KktPoint {
        x: &user.x,
        gradient: &user.gradient,
        constraints: &user.c,
        jacobian: &user.jacobian,
        num_equalities: run.problem.num_equalities(),
        lower: run.problem.lower(),
        upper: run.problem.upper(),
        reference_gradient: run.reference_gradient,
    };
    let residuals = KktResiduals::new(&point, &multipliers.rows, &multipliers.bounds);
    (multipliers, residuals)
}

/// The point in the user's units.
pub(super) fn unscaled(run: &Run<'_>, point: &Point) -> Point {
    let factors = &run.evaluator.factors;
    Point {
        x: point.x.clone(),
        f: point.f / factors.objective,
        c: point.c.iter().zip(&factors.constraints).map(|(c, s)| c / s).collect(),
        gradient: point.gradient.iter().map(|g| g / factors.objective).collect(),
        jacobian: factors.unscaled_jacobian(&point.jacobian, point.x.len()),
    }
}

/// The first of the other stop tests that holds.
fn failed(run: &Run<'_>) -> Option<SqpStatus> {
    let (options, progress) = (run.options, &run.progress);
    let f = run.point.f / run.evaluator.factors.objective;
    let is_feasible = run.violation() <= options.feasibility_tolerance;
    if f < -options.unbounded_objective && is_feasible {
        return Some(SqpStatus::Unbounded);
    }
    if progress.blowups >= options.divergence_patience {
        return Some(SqpStatus::IterateBlowup);
    }
    if progress.line_search_failures >= 2 * options.ls_failure_patience {
        return Some(SqpStatus::LineSearchFailure);
    }
    if progress.subproblem_failures >= 2 * options.qp_failure_patience {
        return Some(SqpStatus::QpSubproblemFailure);
    }
    if progress.zero_steps >= options.zero_step_patience {
        return Some(SqpStatus::Stalled);
    }
    if progress.without_improvement >= options.patience() {
        return Some(SqpStatus::MeritStagnation);
    }
    if run.steps >= options.max_steps {
        return Some(SqpStatus::MaxSteps);
    }
    run.control.must_stop().then_some(SqpStatus::Cancelled)
}

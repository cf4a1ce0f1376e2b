//! Projected preconditioned conjugate gradients, whatever the projector.
//!
//! Source: N. I. M. Gould, M. E. Hribar, J. Nocedal, SIAM J. Sci. Comput. 23 (2001) 1376–1395.

use super::preconditioner::Preconditioner;
use super::projection::Projection;
use super::restricted::Restricted;
use super::{InnerAnswer, InnerEnd, InnerProblem, InnerSettings, Product};
use crate::numeric::sum::{axpy, dot, norm_two};
use crate::sqp::functions::SqpError;

/// Residuals below this part of ‖gradient‖ are rounding.
pub(super) const ROUNDING: f64 = 1e-15;
/// Iterations before the rate of convergence is judged.
const WARM_UP: usize = 8;

pub(super) fn solve(
    problem: &InnerProblem<'_>,
    product: &mut Product<'_>,
    preconditioner: Option<&dyn Preconditioner>,
    settings: &InnerSettings,
    projection: impl FnOnce(&Restricted) -> Box<dyn Projection>,
) -> Result<InnerAnswer, SqpError> {
    let has_start = !problem.start.is_empty();
    let near = if has_start { problem.start.to_vec() } else { vec![0.0; problem.gradient.len()] };
    let mut problem = Restricted::new(problem, product)?;
    let projection = projection(&problem);
    let mut t = projection.particular(&problem, problem.masked(near));
    let mut gradient = problem.product(product, &t)?;
    axpy(1.0, &problem.gradient, &mut gradient);
    let mut r: Vec<f64> = gradient.iter().map(|g| -g).collect();
    projection.project(&problem, &mut r);
    let mut start = norm_two(&r);
    if has_start {
        let mut at_zero = problem.gradient.clone();
        projection.project(&problem, &mut at_zero);
        start = start.max(norm_two(&at_zero));
    }
    let noise = ROUNDING * norm_two(&gradient);
    let mut z = r.clone();
    precondition(&problem, &*projection, preconditioner, &r, &mut z);
    let mut p = z.clone();
    let mut image = gradient;
    let mut rz = dot(&r, &z);
    let (mut iterations, mut largest, mut negative) = (0, 0.0f64, None);
    let mut end = InnerEnd::Converged;
    while norm_two(&r) > (settings.tolerance * start).max(noise) {
        let is_slow = settings.expected_limit < usize::MAX
            && iterations >= WARM_UP
            && expected_iterations(iterations, norm_two(&r) / start, settings.tolerance)
                > settings.expected_limit as f64;
        if iterations >= settings.iteration_limit || is_slow {
            end = InnerEnd::IterationLimit;
            break;
        }
        problem.product_into(product, &p, &mut image)?;
        let (curvature, length) = (dot(&p, &image), dot(&p, &p));
        largest = largest.max(curvature.abs() / length);
        if curvature.is_nan() || curvature <= settings.curvature_floor * largest * length {
            end = if curvature.is_finite() { InnerEnd::NegativeCurvature } else { InnerEnd::Breakdown };
            // At the start there is nothing better than to go along it.
            if iterations == 0 && curvature.is_finite() {
                axpy(1.0, &p, &mut t);
            }
            negative = Some(p);
            break;
        }
        iterations += 1;
        let alpha = rz / curvature;
        axpy(alpha, &p, &mut t);
        axpy(-alpha, &image, &mut r);
        projection.project(&problem, &mut r);
        precondition(&problem, &*projection, preconditioner, &r, &mut z);
        let next = dot(&r, &z);
        let beta = next / rz;
        rz = next;
        p.iter_mut().zip(&z).for_each(|(p, z)| *p = z + beta * *p);
    }
    finish(problem, product, &*projection, t, start, end, iterations, negative)
}

/// Iterations until the residual is `tolerance` of its start, at the mean rate of the `done` that brought it to `ratio`: done·ln τ/ln ρ.
fn expected_iterations(done: usize, ratio: f64, tolerance: f64) -> f64 {
    if ratio < 1.0 { done as f64 * libm::log(tolerance) / libm::log(ratio) } else { f64::INFINITY }
}

/// z ← P M r, or r where that is no direction of descent.
fn precondition(
    problem: &Restricted,
    projection: &dyn Projection,
    preconditioner: Option<&dyn Preconditioner>,
    r: &[f64],
    z: &mut [f64],
) {
    if let Some(preconditioner) = preconditioner {
        preconditioner.apply(r, z);
        problem.mask(z);
        projection.project(problem, z);
        if dot(r, z) > 0.0 {
            return;
        }
    }
    z.copy_from_slice(r);
}

/// Multipliers and residuals at the end, from the true gradient there.
pub(super) fn finish(
    mut problem: Restricted,
    product: &mut Product<'_>,
    projection: &dyn Projection,
    t: Vec<f64>,
    start: f64,
    end: InnerEnd,
    iterations: usize,
    negative_curvature: Option<Vec<f64>>,
) -> Result<InnerAnswer, SqpError> {
    let mut gradient = problem.product(product, &t)?;
    axpy(1.0, &problem.gradient, &mut gradient);
    let multipliers = projection.multipliers(&problem, &gradient);
    projection.project(&problem, &mut gradient);
    let residual = norm_two(&gradient);
    Ok(InnerAnswer {
        constraint_residual: problem.constraint_residual(&t),
        multipliers,
        end,
        iterations,
        products: problem.products,
        residual_ratio: if start > 0.0 { residual / start } else { 0.0 },
        refinements: 0,
        projected_gradient_norm: f64::INFINITY,
        negative_curvature,
        d: problem.complete(t),
    })
}

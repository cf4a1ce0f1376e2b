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

pub(super) fn solve(
    problem: &InnerProblem<'_>,
    product: &mut Product<'_>,
    preconditioner: Option<&dyn Preconditioner>,
    settings: &InnerSettings,
    projection: impl FnOnce(&Restricted) -> Box<dyn Projection>,
) -> Result<InnerAnswer, SqpError> {
    let mut problem = Restricted::new(problem, product)?;
    let projection = projection(&problem);
    let mut t = projection.particular(&problem);
    let mut gradient = problem.product(product, &t)?;
    axpy(1.0, &problem.gradient, &mut gradient);
    let mut r: Vec<f64> = gradient.iter().map(|g| -g).collect();
    projection.project(&problem, &mut r);
    let start = norm_two(&r);
    let noise = ROUNDING * norm_two(&gradient);
    let mut z = preconditioned(&problem, &*projection, preconditioner, &r);
    let mut p = z.clone();
    let mut rz = dot(&r, &z);
    let (mut iterations, mut largest, mut negative) = (0, 0.0f64, None);
    let mut end = InnerEnd::Converged;
    while norm_two(&r) > (settings.tolerance * start).max(noise) {
        if iterations >= settings.iteration_limit {
            end = InnerEnd::IterationLimit;
            break;
        }
        let image = problem.product(product, &p)?;
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
        z = preconditioned(&problem, &*projection, preconditioner, &r);
        let next = dot(&r, &z);
        let beta = next / rz;
        rz = next;
        p.iter_mut().zip(&z).for_each(|(p, z)| *p = z + beta * *p);
    }
    finish(problem, product, &*projection, t, start, end, iterations, negative)
}

/// z = P M r, or r where that is no direction of descent.
fn preconditioned(
    problem: &Restricted,
    projection: &dyn Projection,
    preconditioner: Option<&dyn Preconditioner>,
    r: &[f64],
) -> Vec<f64> {
    let Some(preconditioner) = preconditioner else { return r.to_vec() };
    let mut z = vec![0.0; r.len()];
    preconditioner.apply(r, &mut z);
    let mut z = problem.masked(z);
    projection.project(problem, &mut z);
    if dot(r, &z) > 0.0 { z } else { r.to_vec() }
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

//! Conjugate gradients for inexact projections: every direction is made B-conjugate to all before it, so that the projector's errors do not
//! add up.
//!
//! Source: M. Heinkenschloss, D. Ridzal, SIAM J. Optim. 24 (2014) 1507–1541, algorithm 4.5.

use super::craig::CraigProjection;
use super::preconditioner::Preconditioner;
use super::projected_cg::{ROUNDING, finish};
use super::projection::{CholeskyProjection, Projection};
use super::restricted::Restricted;
use super::{InnerAnswer, InnerEnd, InnerMethod, InnerProblem, InnerSettings, Product};
use crate::numeric::sum::{axpy, dot, norm_two};
use crate::sqp::functions::SqpError;

/// The method; it takes no preconditioner.
#[derive(Debug, Clone, Copy, Default)]
pub struct InexactStcg {
    /// Project by CRAIG's method in place of a Cholesky factor.
    pub craig: bool,
}

impl InnerMethod for InexactStcg {
    fn solve(
        &self,
        problem: &InnerProblem<'_>,
        product: &mut Product<'_>,
        _: Option<&dyn Preconditioner>,
        settings: &InnerSettings,
    ) -> Result<InnerAnswer, SqpError> {
        let mut problem = Restricted::new(problem, product)?;
        let projection: Box<dyn Projection> =
            if self.craig { Box::new(CraigProjection) } else { Box::new(CholeskyProjection::new(&problem)) };
        let mut t = projection.particular(&problem, vec![0.0; problem.n]);
        let mut gradient = problem.product(product, &t)?;
        axpy(1.0, &problem.gradient, &mut gradient);
        let noise = ROUNDING * norm_two(&gradient);
        let mut r: Vec<f64> = gradient.iter().map(|g| -g).collect();
        projection.project(&problem, &mut r);
        let start = norm_two(&r);
        let mut z = r.clone();
        let mut conjugates: Vec<Conjugate> = Vec::new();
        let (mut largest, mut negative, mut end) = (0.0f64, None, InnerEnd::Converged);
        while norm_two(&z) > (settings.tolerance * start).max(noise) {
            if conjugates.len() >= settings.iteration_limit {
                end = InnerEnd::IterationLimit;
                break;
            }
            let mut p = z.clone();
            for other in &conjugates {
                axpy(-dot(&z, &other.image) / other.curvature, &other.p, &mut p);
            }
            let image = problem.product(product, &p)?;
            let (curvature, length) = (dot(&p, &image), dot(&p, &p));
            largest = largest.max(curvature.abs() / length);
            if curvature.is_nan() || curvature <= settings.curvature_floor * largest * length {
                end = if curvature.is_finite() { InnerEnd::NegativeCurvature } else { InnerEnd::Breakdown };
                if conjugates.is_empty() && curvature.is_finite() {
                    axpy(1.0, &p, &mut t);
                }
                negative = Some(p);
                break;
            }
            let alpha = dot(&r, &p) / curvature;
            axpy(alpha, &p, &mut t);
            axpy(-alpha, &image, &mut r);
            z.clone_from(&r);
            projection.project(&problem, &mut z);
            conjugates.push(Conjugate { p, image, curvature });
        }
        let iterations = conjugates.len();
        let answer = finish(problem, product, &*projection, t, start, end, iterations, negative)?;
        Ok(InnerAnswer { projected_gradient_norm: start, ..answer })
    }
}

/// A direction with Bp and pᵀBp.
struct Conjugate {
    p: Vec<f64>,
    image: Vec<f64>,
    curvature: f64,
}

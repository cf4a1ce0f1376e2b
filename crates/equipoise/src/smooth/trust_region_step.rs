//! A step within the trust region and the box that decreases the quadratic model, by products with the Hessian.
//!
//! Where the conjugate-gradient step over the free variables stays in the box it is taken. Else the step starts at a point of the
//! projected gradient path that decreases the model sufficiently, and conjugate gradients over the variables that are free there, each
//! followed by a projected search, go on from it.
//!
//! Source: C.-J. Lin, J. J. Moré, SIAM J. Optim. 9 (1999) 1100–1127 (algorithm TRON, without its preconditioner).

use super::bounds::Bounds;
use super::curvature::free_variables;
use super::hessian_operator::HessianOperator;
use super::steihaug::{Region, SteihaugEnd};
use crate::numeric::sum::{dot, max_abs, norm_two};
use argmin::core::Error;

/// Sufficient decrease of the model relative to its slope.
const SUFFICIENT_DECREASE: f64 = 1e-2;
/// Phases of conjugate gradients, and trials of one search.
const MAX_PHASES: usize = 20;
const MAX_TRIALS: usize = 30;

/// A step of the trust region.
#[derive(Debug, Clone)]
pub(super) struct TrustRegionStep {
    /// x + s (n), in the box.
    pub target: Vec<f64>,
    /// −q(s) > 0
    pub predicted: f64,
    /// ‖s‖
    pub length: f64,
    /// Whether the region, not the model, ended the step.
    pub at_boundary: bool,
}

/// The model q(s) = g·s + ½sᵀHs at x with the region ‖s‖ ≤ Δ.
pub(super) struct Model<'a> {
    pub bounds: &'a Bounds,
    pub hessian: &'a dyn HessianOperator,
    pub x: &'a [f64],
    pub gradient: &'a [f64],
    pub radius: f64,
    /// The model is minimised until its gradient over the free variables falls below this times the gradient's.
    pub forcing: f64,
}

/// A point of the model: the step and q' = g + Hs.
struct Point {
    step: Vec<f64>,
    slope: Vec<f64>,
    value: f64,
}

impl Model<'_> {
    /// A step, or none if the model shows no decrease.
    pub fn step(&self) -> Result<Option<TrustRegionStep>, Error> {
        let n = self.x.len();
        let mut free = vec![false; n];
        for i in free_variables(self.bounds, self.x, self.gradient) {
            free[i] = true;
        }
        let size =
            (0..n).filter(|&i| free[i]).map(|i| self.gradient[i] * self.gradient[i]).sum::<f64>().sqrt();
        let small = self.forcing.min(size.sqrt()) * size;
        let (mut residual, mut step) = (self.gradient.to_vec(), vec![0.0; n]);
        let origin = vec![0.0; n];
        let region =
            Region { hessian: self.hessian, free: &free, origin: &origin, radius: self.radius, small };
        let end = region.minimise(&mut residual, &mut step)?;
        let target = self.bounds.moved(self.x, &step, 1.0);
        let stays = (0..n).all(|i| target[i] == self.x[i] + step[i]);
        if stays {
            // q = ½s·(g + (g + Hs)), and both agree over the free variables.
            let value = 0.5 * (dot(&step, self.gradient) + dot(&step, &residual));
            return Ok(self.finish(step, value, end != SteihaugEnd::Interior));
        }
        let Some(start) = self.cauchy_point(&free, size)? else { return Ok(None) };
        let (point, at_boundary) = self.improve(start, small)?;
        Ok(self.finish(point.step, point.value, at_boundary))
    }

    fn finish(&self, step: Vec<f64>, value: f64, at_boundary: bool) -> Option<TrustRegionStep> {
        let target = self.bounds.moved(self.x, &step, 1.0);
        let usable = value < 0.0 && value.is_finite() && target != self.x;
        usable.then(|| TrustRegionStep { target, predicted: -value, length: norm_two(&step), at_boundary })
    }

    fn at(&self, step: Vec<f64>) -> Result<Point, Error> {
        let mut slope = vec![0.0; step.len()];
        self.hessian.apply(&step, &mut slope)?;
        for (slope, g) in slope.iter_mut().zip(self.gradient) {
            *slope += g;
        }
        let value = 0.5 * (dot(&step, self.gradient) + dot(&step, &slope));
        Ok(Point { step, slope, value })
    }

    /// s = P(x − αg) − x with q(s) ≤ 0.01 g·s and ‖s‖ ≤ Δ.
    fn cauchy_point(&self, free: &[bool], size: f64) -> Result<Option<Point>, Error> {
        let descent: Vec<f64> =
            self.gradient.iter().zip(free).map(|(g, &free)| if free { -g } else { 0.0 }).collect();
        // The region's radius counts from the first coordinate that moves at all.
        let mut alpha = self.radius / size;
        for _ in 0..MAX_TRIALS {
            let moved = self.bounds.moved(self.x, &descent, alpha);
            let step: Vec<f64> = moved.iter().zip(self.x).map(|(moved, x)| moved - x).collect();
            let slope = dot(&step, self.gradient);
            if slope == 0.0 {
                return Ok(None);
            }
            let point = self.at(step)?;
            if point.value <= SUFFICIENT_DECREASE * slope {
                return Ok(Some(point));
            }
            alpha *= 0.25;
        }
        Ok(None)
    }

    /// Conjugate gradients over the variables within the box, from the point on; the flag says whether the region's boundary was met.
    fn improve(&self, mut point: Point, small: f64) -> Result<(Point, bool), Error> {
        let n = self.x.len();
        for _ in 0..MAX_PHASES {
            let at = self.bounds.moved(self.x, &point.step, 1.0);
            let free: Vec<bool> =
                (0..n).map(|i| self.bounds.lower[i] < at[i] && at[i] < self.bounds.upper[i]).collect();
            let (mut residual, mut move_) = (point.slope.clone(), vec![0.0; n]);
            let region = Region {
                hessian: self.hessian,
                free: &free,
                origin: &point.step,
                radius: self.radius,
                small,
            };
            let end = region.minimise(&mut residual, &mut move_)?;
            if max_abs(&move_) == 0.0 {
                return Ok((point, end == SteihaugEnd::Boundary));
            }
            let Some((next, whole)) = self.projected_search(&point, &at, &move_)? else {
                return Ok((point, false));
            };
            point = next;
            if whole && end != SteihaugEnd::Limit {
                return Ok((point, end != SteihaugEnd::Interior));
            }
        }
        Ok((point, false))
    }

    /// The first of P(at + βw), β = 1, 1/2, …, with sufficient decrease of q; the flag says whether it is the whole w.
    fn projected_search(&self, from: &Point, at: &[f64], w: &[f64]) -> Result<Option<(Point, bool)>, Error> {
        let mut beta = 1.0;
        for _ in 0..MAX_TRIALS {
            let moved = self.bounds.moved(at, w, beta);
            let step: Vec<f64> = moved.iter().zip(self.x).map(|(moved, x)| moved - x).collect();
            let slope: f64 = (0..w.len()).map(|i| from.slope[i] * (moved[i] - at[i])).sum();
            let point = self.at(step)?;
            if slope < 0.0 && point.value <= from.value + SUFFICIENT_DECREASE * slope {
                let whole = beta == 1.0 && (0..w.len()).all(|i| moved[i] == at[i] + w[i]);
                return Ok(Some((point, whole)));
            }
            beta *= 0.5;
        }
        Ok(None)
    }
}

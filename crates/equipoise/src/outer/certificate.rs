//! The first-order audit of a result: does the gradient that the search followed belong to the criterion that it reports?
//!
//! Along one direction v, derived from the context and the bytes of θ, the slope g·v is compared with differences of the criterion's
//! values. With D(h) = (F(θ + hv) − F(θ − hv))/2h the estimate is Richardson's (4D(h) − D(2h))/3 and its error bar
//! max(|D(h) − D(2h)|, ε(1 + max|F|)/h). They agree if they differ by no more than max(4 · bar, 1e-3 · the larger slope). Before they are
//! said to disagree, other steps are tried: an honest gradient beside a noisy or strongly curved criterion agrees at one of them, a
//! gradient of another function at none.

use super::direction::{audit_direction, drop_coordinates};
use super::stationarity::StationarityReport;
use crate::numeric::cholesky::Cholesky;
use crate::numeric::parallel::Workers;
use crate::numeric::sum::{dot, norm_two};
use crate::smooth::value_noise;
use serde::{Deserialize, Serialize};

/// Difference between the slopes, in error bars, from which they disagree.
const LARGEST_Z: f64 = 4.0;
/// The same relative to the larger slope.
const RELATIVE: f64 = 1e-3;
/// A point that claims to be stationary without a gradient has a slope below this times 1 + |F|.
const CLAIMED_SLOPE: f64 = 1e-4;
/// A coordinate is railed within this distance of its bound, …
const RAIL_MARGIN: f64 = 0.5;
/// … or within this share of the width of its box, whichever is less.
const RAIL_SHARE: f64 = 0.05;
/// Steps relative to the first one, ε^{1/3}(1 + max|θᵢ|); the later ones only before an accusation.
const STEP_FACTORS: [f64; 5] = [1.0, 16.0, 1.0 / 16.0, 256.0, 4096.0];

/// Further steps at which negative curvature must show, relative to the one at which it was seen.
const CURVATURE_FACTORS: [f64; 2] = [16.0, 256.0];

/// What the audit found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CriterionCertificate {
    /// 2-norm of the gradient.
    pub grad_norm: f64,
    /// The slope g·v.
    pub analytic_directional: f64,
    /// The slope by differences of values.
    pub fd_directional: f64,
    /// Its error bar.
    pub fd_error: f64,
    /// |difference of the slopes| / error bar.
    pub agreement_z: f64,
    /// The step h.
    pub fd_step: f64,
    /// The direction v (n, length 1).
    pub direction: Vec<f64>,
    /// True where every coordinate lies on a bound, so that the differences are one-sided, into the box.
    pub one_sided: bool,
    /// Whether the Hessian is positive definite over the free coordinates, where there is one.
    pub hessian_pd: Option<bool>,
    /// The ρ coordinates near a bound.
    pub lambdas_railed: Vec<usize>,
    /// The ψ coordinates near a bound (indices in θ).
    pub psi_railed: Vec<usize>,
    /// The curvature vᵀHv by differences of values, (F(θ + 2hv) − 2F(θ) + F(θ − 2hv))/4h²; none where the differences are one-sided.
    pub fd_curvature: Option<f64>,
    /// Its error bar.
    pub fd_curvature_error: Option<f64>,
    /// True if that curvature is negative by more than four error bars: the point is no minimiser, whatever its gradient.
    pub curves_down: bool,
    /// True if the slopes agree.
    pub consistent: bool,
    /// True if the slopes agree, neither the Hessian nor the criterion curves down, and no ρ coordinate is railed.
    pub clean: bool,
    /// True if the objective gives no gradient: a converged fixed point claims that the slope is zero, and that is what is compared.
    pub gradient_is_claimed: bool,
    /// The test of stationarity at the point, where there is a gradient.
    pub stationarity: Option<StationarityReport>,
    /// All of it in a line.
    pub summary: String,
}

/// The point to be audited.
pub(super) struct Audited<'a> {
    pub context: &'a str,
    pub theta: &'a [f64],
    pub value: f64,
    pub gradient: Option<&'a [f64]>,
    pub lower: &'a [f64],
    pub upper: &'a [f64],
    pub rho_dim: usize,
    pub hessian_pd: Option<bool>,
    pub stationarity: Option<StationarityReport>,
    /// Whether a point without a gradient claims to be stationary.
    pub claims_zero: bool,
}

/// The coordinates within min(0.5, 5 % of the box's width) of a bound.
pub(super) fn railed(theta: &[f64], lower: &[f64], upper: &[f64]) -> Vec<usize> {
    (0..theta.len())
        .filter(|&i| {
            let margin = RAIL_MARGIN.min(RAIL_SHARE * (upper[i] - lower[i]));
            theta[i] - lower[i] <= margin || upper[i] - theta[i] <= margin
        })
        .collect()
}

/// True if the matrix (n × n by rows) is positive definite over the coordinates in `free`; none where nothing is free or an entry is not
/// finite.
pub(super) fn positive_definite(matrix: &[f64], n: usize, free: &[usize]) -> Option<bool> {
    let block: Vec<f64> = free.iter().flat_map(|&i| free.iter().map(move |&j| matrix[i * n + j])).collect();
    if block.is_empty() || block.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let m = free.len();
    let mut factor = Cholesky::new(m);
    Some(factor.factor(|i, j| block[i * m + j], &Workers::inline()).is_ok())
}

/// Slopes at one step.
struct Comparison {
    step: f64,
    slope: f64,
    error: f64,
    z: f64,
    agree: bool,
    /// Curvature and its error bar.
    curvature: Option<(f64, f64)>,
}

impl Audited<'_> {
    /// Runs the audit with `value_at`, which returns none where the criterion cannot be evaluated. The error says why there is none.
    pub fn certificate(
        self,
        value_at: &mut dyn FnMut(&[f64]) -> Option<f64>,
    ) -> Result<CriterionCertificate, String> {
        let n = self.theta.len();
        let gradient = match self.gradient {
            Some(gradient) if gradient.len() == n && n > 0 => gradient.to_vec(),
            None if self.claims_zero && n > 0 => vec![0.0; n],
            _ => return Err("there is no gradient".to_owned()),
        };
        if gradient.iter().chain(self.theta).any(|value| !value.is_finite()) {
            return Err("the gradient or the point is not finite".to_owned());
        }
        let railed = railed(self.theta, self.lower, self.upper);
        let (direction, one_sided) = self.direction(&railed)?;
        let analytic = dot(&gradient, &direction);
        let found = self.compare(&direction, one_sided, analytic, value_at)?;
        let (lambdas_railed, psi_railed): (Vec<usize>, Vec<usize>) =
            railed.into_iter().partition(|&i| i < self.rho_dim);
        let curves_down = self.curves_down(&direction, &found, value_at);
        let clean =
            found.agree && self.hessian_pd != Some(false) && !curves_down && lambdas_railed.is_empty();
        let mut certificate = CriterionCertificate {
            grad_norm: norm_two(&gradient),
            analytic_directional: analytic,
            fd_directional: found.slope,
            fd_error: found.error,
            agreement_z: found.z,
            fd_step: found.step,
            direction,
            one_sided,
            hessian_pd: self.hessian_pd,
            lambdas_railed,
            psi_railed,
            fd_curvature: found.curvature.map(|(curvature, _)| curvature),
            fd_curvature_error: found.curvature.map(|(_, error)| error),
            curves_down,
            consistent: found.agree,
            clean,
            gradient_is_claimed: self.gradient.is_none(),
            stationarity: self.stationarity,
            summary: String::new(),
        };
        certificate.summary = certificate.in_words();
        Ok(certificate)
    }

    /// v without the railed coordinates; where nothing remains, without those exactly at a bound; where nothing remains again, into the box.
    fn direction(&self, railed: &[usize]) -> Result<(Vec<f64>, bool), String> {
        let full = audit_direction(self.theta, self.context);
        let fixed = |i: usize| self.lower[i] == self.upper[i];
        let at_bound = |i: usize| self.theta[i] <= self.lower[i] || self.theta[i] >= self.upper[i];
        let bound: Vec<usize> = (0..full.len()).filter(|&i| at_bound(i)).collect();
        for (dropped, inward) in [(railed, false), (&bound, false)] {
            if let Some(direction) = drop_coordinates(full.clone(), dropped) {
                return Ok((direction, inward));
            }
        }
        let mut inward = full;
        for i in 0..inward.len() {
            let sign = if self.theta[i] <= self.lower[i] { 1.0 } else { -1.0 };
            inward[i] = sign * inward[i].abs();
        }
        let fixed: Vec<usize> = (0..inward.len()).filter(|&i| fixed(i)).collect();
        drop_coordinates(inward, &fixed)
            .map(|direction| (direction, true))
            .ok_or_else(|| "every coordinate is fixed by its bounds".to_owned())
    }

    fn compare(
        &self,
        direction: &[f64],
        one_sided: bool,
        analytic: f64,
        value_at: &mut dyn FnMut(&[f64]) -> Option<f64>,
    ) -> Result<Comparison, String> {
        let largest = self.theta.iter().fold(0.0f64, |m, t| m.max(t.abs()));
        let first = libm::cbrt(f64::EPSILON) * (1.0 + largest);
        let room = self.room(direction, one_sided);
        let mut best: Option<Comparison> = None;
        for factor in STEP_FACTORS {
            let step = (factor * first).min(room);
            if best.as_ref().is_some_and(|best| best.step == step) {
                continue;
            }
            let Some(found) = self.slopes(direction, one_sided, step, analytic, value_at) else { continue };
            let agree = found.agree;
            if best.as_ref().is_none_or(|best| found.agree || found.z < best.z) {
                best = Some(found);
            }
            if agree {
                break;
            }
        }
        best.ok_or_else(|| "the criterion is not finite beside the point".to_owned())
    }

    /// True if the criterion curves down by more than four error bars at this step and at two larger ones, where noise counts for less.
    fn curves_down(
        &self,
        direction: &[f64],
        found: &Comparison,
        value_at: &mut dyn FnMut(&[f64]) -> Option<f64>,
    ) -> bool {
        let is_negative = |found: &Comparison| {
            found.curvature.is_some_and(|(curvature, error)| curvature < -LARGEST_Z * error)
        };
        let room = self.room(direction, false);
        is_negative(found)
            && CURVATURE_FACTORS.iter().all(|factor| {
                let step = (factor * found.step).min(room);
                let again = self.slopes(direction, false, step, found.slope, value_at);
                again.is_some_and(|again| is_negative(&again))
            })
    }

    /// The largest step that keeps all probes in the box.
    fn room(&self, direction: &[f64], one_sided: bool) -> f64 {
        let farthest = if one_sided { 4.0 } else { 2.0 };
        let mut room = f64::INFINITY;
        for (i, v) in direction.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            let (below, above) = (self.theta[i] - self.lower[i], self.upper[i] - self.theta[i]);
            let slack = match (one_sided, *v > 0.0) {
                (false, _) => below.min(above),
                (true, true) => above,
                (true, false) => below,
            };
            room = room.min(slack / (farthest * v.abs()));
        }
        room
    }

    fn slopes(
        &self,
        direction: &[f64],
        one_sided: bool,
        step: f64,
        analytic: f64,
        value_at: &mut dyn FnMut(&[f64]) -> Option<f64>,
    ) -> Option<Comparison> {
        let mut point = self.theta.to_vec();
        let mut probe = |multiple: f64| {
            for i in 0..point.len() {
                let moved = self.theta[i] + multiple * step * direction[i];
                point[i] = moved.max(self.lower[i]).min(self.upper[i]);
            }
            value_at(&point).filter(|value| value.is_finite())
        };
        let (near, far, values) = if one_sided {
            let (a, b, c) = (probe(1.0)?, probe(2.0)?, probe(4.0)?);
            let slope = |h: f64, once: f64, twice: f64| (4.0 * once - 3.0 * self.value - twice) / (2.0 * h);
            (slope(step, a, b), slope(2.0 * step, b, c), [self.value, a, b, c])
        } else {
            let (a, b, c, d) = (probe(1.0)?, probe(-1.0)?, probe(2.0)?, probe(-2.0)?);
            ((a - b) / (2.0 * step), (c - d) / (4.0 * step), [a, b, c, d])
        };
        let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        let slope = (4.0 * near - far) / 3.0;
        let error = (near - far).abs().max(f64::EPSILON * (1.0 + largest) / step);
        let difference = match self.gradient {
            // Stationary at a vertex: the criterion does not fall into the box.
            None if one_sided => (-slope).max(0.0),
            _ => (analytic - slope).abs(),
        };
        let relative = match self.gradient {
            Some(_) => RELATIVE * analytic.abs().max(slope.abs()),
            None => CLAIMED_SLOPE * (1.0 + self.value.abs()),
        };
        let limit = (LARGEST_Z * error).max(relative);
        let curvature = (!one_sided).then(|| {
            let [a, b, c, d] = values;
            let square = 4.0 * step * step;
            // The fourth difference of a smooth criterion is nothing but its noise.
            let fourth = (c + d - 4.0 * (a + b) + 6.0 * self.value).abs();
            let error = (2.0 * fourth).max(4.0 * value_noise(1.0 + largest)) / square;
            ((c - 2.0 * self.value + d) / square, error)
        });
        Some(Comparison { step, slope, error, z: difference / error, agree: difference <= limit, curvature })
    }
}

impl CriterionCertificate {
    fn in_words(&self) -> String {
        let definite = match self.hessian_pd {
            None => "n/a",
            Some(true) => "yes",
            Some(false) => "NO",
        };
        let verdict = match (self.consistent, self.gradient_is_claimed) {
            (true, _) if self.curves_down => "consistent, but the criterion CURVES DOWN",
            (true, _) => "consistent",
            (false, false) => "GRADIENT-OBJECTIVE DESYNC",
            (false, true) => "NOT STATIONARY",
        };
        let stationary = match &self.stationarity {
            None => "no gradient",
            Some(found) if found.holds => "stationary",
            Some(_) => "not stationary",
        };
        format!(
            "slope {:.6e} by gradient, {:.6e} ± {:.1e} by values (z = {:.2}); |g| = {:.3e}; Hessian positive definite: {definite}; \
             railed: {:?}; {stationary}; {verdict}",
            self.analytic_directional,
            self.fd_directional,
            self.fd_error,
            self.agreement_z,
            self.grad_norm,
            self.lambdas_railed,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn railed_coordinates_have_a_relative_margin() {
        let box_of = |bound: f64| (vec![-bound; 3], vec![bound; 3]);
        let (lower, upper) = box_of(30.0);
        assert_eq!(railed(&[29.8, 0.0, -29.6], &lower, &upper), [0, 2]);
        let (lower, upper) = box_of(5.0);
        assert_eq!(railed(&[4.9, -4.7, 0.0], &lower, &upper), [0, 1]);
        // 5 % of a narrow box, not half of it and more.
        let (lower, upper) = box_of(0.25);
        assert_eq!(railed(&[0.0, 0.24, -0.2], &lower, &upper), [1]);
        let (lower, upper) = (vec![f64::NEG_INFINITY; 3], vec![1.0; 3]);
        assert_eq!(railed(&[0.6, -1e9, 0.4], &lower, &upper), [0]);
    }

    #[test]
    fn the_hessian_is_judged_over_the_free_coordinates() {
        assert_eq!(positive_definite(&[1.0, 0.0, 0.0, 1.0], 2, &[0, 1]), Some(true));
        assert_eq!(positive_definite(&[1.0, 2.0, 2.0, 1.0], 2, &[0, 1]), Some(false));
        assert_eq!(positive_definite(&[1.0, 2.0, 2.0, 1.0], 2, &[1]), Some(true));
        assert_eq!(positive_definite(&[f64::NAN, 0.0, 0.0, 1.0], 2, &[0, 1]), None);
        assert_eq!(positive_definite(&[], 0, &[]), None);
    }
}

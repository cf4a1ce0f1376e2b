//! A log-barrier on inner coefficients: its description and the two questions asked of it at run time.

use crate::error::InputError;
use serde::{Deserialize, Serialize};

/// The barrier −τ Σⱼ ln(slackⱼ) over some inner coefficients, slackⱼ = signⱼ·(βⱼ − boundⱼ).
///
/// The barrier's curvature τ/slack² is no part of the fixed-point step's assumptions: where it matters, the fixed point hands over to
/// a solver that uses gradients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BarrierConfig {
    /// Weight τ of the barrier; 1e-6 by default.
    #[serde(default = "default_tau")]
    pub tau: f64,
    /// Indices of the constrained inner coefficients (m).
    pub constrained_indices: Vec<usize>,
    /// Their bounds (m).
    pub lower_bounds: Vec<f64>,
    /// +1 where the coefficient stays above its bound, −1 where it stays below (m).
    pub bound_signs: Vec<f64>,
}

/// [`BarrierConfig::tau`] unless given.
const TAU: f64 = 1e-6;

fn default_tau() -> f64 {
    TAU
}

impl BarrierConfig {
    /// The share of the reference curvature above which the barrier is significant.
    pub const SIGNIFICANT: f64 = 0.05;
    /// The share of the median slack below which a slack is locally concentrated.
    pub const CONCENTRATED_RATIO: f64 = 0.1;
    /// The curvature τ/slack² from which a slack is saturated.
    pub const SATURATION: f64 = 1.0;

    /// Coefficients that stay above their bounds, τ = 1e-6.
    pub fn above(constrained_indices: Vec<usize>, lower_bounds: Vec<f64>) -> Self {
        let bound_signs = vec![1.0; constrained_indices.len()];
        Self { tau: TAU, constrained_indices, lower_bounds, bound_signs }
    }

    /// The slacks at the inner coefficients `beta`; a coefficient that `beta` lacks has slack NaN.
    pub fn slacks(&self, beta: &[f64]) -> Vec<f64> {
        self.constrained_indices
            .iter()
            .zip(&self.lower_bounds)
            .zip(&self.bound_signs)
            .map(|((&j, bound), sign)| beta.get(j).map_or(f64::NAN, |b| sign * (b - bound)))
            .collect()
    }

    /// True if maxⱼ τ/slackⱼ² > threshold · reference: the barrier bends the criterion beside the inner Hessian's scale `reference`.
    pub fn is_significant(&self, slacks: &[f64], reference: f64, threshold: f64) -> bool {
        let largest = slacks.iter().map(|s| self.tau / (s * s)).fold(0.0, f64::max);
        largest > threshold * reference
    }

    /// True if a coefficient is infeasible (slack not above 0), if the smallest slack is below `ratio` times the median slack, or if some
    /// τ/slack² ≥ saturation.
    pub fn is_locally_concentrated(&self, slacks: &[f64], ratio: f64, saturation: f64) -> bool {
        if slacks.is_empty() {
            return false;
        }
        if slacks.iter().any(|s| s.is_nan() || *s <= 0.0) {
            return true;
        }
        let mut sorted = slacks.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median =
            if sorted.len() % 2 == 1 { sorted[middle] } else { 0.5 * (sorted[middle - 1] + sorted[middle]) };
        sorted[0] < ratio * median || self.tau / (sorted[0] * sorted[0]) >= saturation
    }

    /// Checks lengths, τ, bounds and signs; `path` names the barrier in the caller's input.
    pub(super) fn check(&self, path: &str) -> Result<(), InputError> {
        let m = self.constrained_indices.len();
        for (name, length) in
            [("lowerBounds", self.lower_bounds.len()), ("boundSigns", self.bound_signs.len())]
        {
            if length != m {
                return Err(InputError::length(format!("{path}.{name}"), m, length));
            }
        }
        if !(self.tau > 0.0 && self.tau.is_finite()) {
            return Err(InputError::out_of_range(format!("{path}.tau"), "a finite number above 0", self.tau));
        }
        for (j, bound) in self.lower_bounds.iter().enumerate() {
            if !bound.is_finite() {
                return Err(InputError::not_finite(format!("{path}.lowerBounds[{j}]"), *bound));
            }
        }
        match self.bound_signs.iter().position(|s| s.abs() != 1.0) {
            Some(j) => {
                let path = format!("{path}.boundSigns[{j}]");
                Err(InputError::out_of_range(path, "1 or -1", self.bound_signs[j]))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn barrier(m: usize) -> BarrierConfig {
        BarrierConfig::above((0..m).collect(), vec![0.0; m])
    }

    #[test]
    fn significance_compares_curvatures() {
        let one = barrier(1);
        assert!(one.is_significant(&[0.001], 1.0, 0.01));
        assert!(!one.is_significant(&[10.0], 1.0, 0.01));
    }

    #[test]
    fn concentration_looks_at_the_smallest_slack() {
        let two = barrier(2);
        let concentrated =
            |slacks: [f64; 2], ratio, saturation| two.is_locally_concentrated(&slacks, ratio, saturation);
        assert!(!concentrated([1e-2, 1e-2], 0.1, 1.0));
        assert!(concentrated([1e-4, 1e-4], 0.1, 1.0));
        assert!(!concentrated([1e-4, 1e-4], 0.1, 1e9));
        assert!(!concentrated([10.0, 10.0], 0.1, 1.0));
        assert!(concentrated([1e-2, 1.0], 0.1, 1.0));
        assert!(!concentrated([1e-2, 1.0], 1e-3, 1e9));
        assert!(concentrated([-0.5, 1.0], 0.1, 1.0));
        assert!(!two.is_locally_concentrated(&[], 0.1, 1.0));
    }

    #[test]
    fn slacks_have_signs_and_missing_coefficients_count_as_infeasible() {
        let mut barrier = barrier(2);
        barrier.bound_signs[1] = -1.0;
        assert_eq!(barrier.slacks(&[3.0, 2.0]), [3.0, -2.0]);
        assert!(barrier.is_locally_concentrated(&barrier.slacks(&[1.0]), 0.1, 1e9));
        assert!(barrier.check("barrier").is_ok());
        barrier.bound_signs[1] = 0.5;
        assert_eq!(barrier.check("barrier").unwrap_err().path, "barrier.boundSigns[1]");
    }
}

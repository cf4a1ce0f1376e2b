//! Automatic scaling at the start: factors of the objective and of the constraints from the gradients there.
//!
//! f̃ = s_f·f and c̃ᵢ = sᵢ·cᵢ; variables and bounds keep their units. Multipliers in the user's units are λᵢ = sᵢλ̃ᵢ/s_f and
//! zⱼ = z̃ⱼ/s_f.

use serde::{Deserialize, Serialize};

use super::choices::Scaling;
use super::options::SqpOptions;
use crate::numeric::sum::max_abs;

/// A gradient below this in size is not scaled.
const GRADIENT_FLOOR: f64 = 1e-12;

/// s_f and sᵢ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScaleFactors {
    /// s_f.
    pub objective: f64,
    /// sᵢ (m), equalities first.
    pub constraints: Vec<f64>,
    /// Constraints whose gradient at the start was too small to scale.
    pub num_skipped: u64,
}

impl ScaleFactors {
    /// No scaling of m constraints.
    pub fn identity(num_constraints: usize) -> Self {
        Self { objective: 1.0, constraints: vec![1.0; num_constraints], num_skipped: 0 }
    }

    /// From ∇f (n) and J (m × n) at the start.
    pub(super) fn at_start(
        gradient: &[f64],
        jacobian: &[f64],
        num_constraints: usize,
        options: &SqpOptions,
    ) -> Self {
        let n = gradient.len();
        let mode = options.scaling;
        if mode == Scaling::Off {
            return Self::identity(num_constraints);
        }
        let target = options.scaling_target.unwrap_or(mode.default_target());
        let largest = options.scaling_max_factor.unwrap_or(mode.default_max_factor());
        let rows: Vec<f64> = (0..num_constraints).map(|i| max_abs(&jacobian[i * n..(i + 1) * n])).collect();
        let num_skipped = rows.iter().filter(|size| **size < GRADIENT_FLOOR).count() as u64;
        let least = if mode == Scaling::Uniform { 1.0 / largest } else { 1e-300 };
        let factor = |size: f64| {
            if size >= GRADIENT_FLOOR && size.is_finite() {
                (target / size).clamp(least, largest)
            } else {
                1.0
            }
        };
        let constraints = if mode == Scaling::Uniform {
            vec![factor(rows.iter().fold(0.0, |a, r| r.max(a))); num_constraints]
        } else {
            rows.iter().map(|&size| factor(size)).collect()
        };
        Self { objective: factor(max_abs(gradient)), constraints, num_skipped }
    }

    /// λᵢ of the scaled problem's multipliers.
    pub fn unscaled_multipliers(&self, scaled: &[f64]) -> Vec<f64> {
        scaled.iter().zip(&self.constraints).map(|(y, s)| y * s / self.objective).collect()
    }

    /// z of the scaled problem's bound multipliers.
    pub fn unscaled_bound_multipliers(&self, scaled: &[f64]) -> Vec<f64> {
        scaled.iter().map(|z| z / self.objective).collect()
    }

    /// J of the scaled Jacobian (m × n).
    pub(super) fn unscaled_jacobian(&self, scaled: &[f64], n: usize) -> Vec<f64> {
        let rows = scaled.chunks_exact(n.max(1)).zip(&self.constraints);
        rows.flat_map(|(row, s)| row.iter().map(move |a| a / s)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(mode: Scaling) -> ScaleFactors {
        let options = SqpOptions { scaling: mode, ..SqpOptions::default() };
        ScaleFactors::at_start(&[0.02, -0.01], &[50.0, 0.0, 0.0, 0.25, 0.0, 0.0], 3, &options)
    }

    #[test]
    fn every_mode_brings_gradients_to_its_target() {
        assert_eq!(factors(Scaling::Off), ScaleFactors::identity(3));
        let uniform = factors(Scaling::Uniform);
        assert_eq!((uniform.objective, uniform.constraints, uniform.num_skipped), (50.0, vec![0.02; 3], 1));
        assert_eq!(factors(Scaling::Balanced).constraints, [0.02, 4.0, 1.0]);
        assert_eq!(factors(Scaling::Knitro).constraints, [0.02, 1.0, 1.0]);
        assert_eq!(factors(Scaling::Knitro).objective, 1.0);
        assert_eq!(factors(Scaling::Ipopt).constraints, [1.0, 1.0, 1.0]);
        assert_eq!(factors(Scaling::Aggressive).constraints, [0.02, 4.0, 1.0]);
    }

    #[test]
    fn multipliers_return_to_the_users_units() {
        let factors = ScaleFactors { objective: 50.0, constraints: vec![0.02, 4.0], num_skipped: 0 };
        assert_eq!(factors.unscaled_multipliers(&[100.0, 25.0]), [0.04, 2.0]);
        assert_eq!(factors.unscaled_bound_multipliers(&[100.0]), [2.0]);
        assert_eq!(factors.unscaled_jacobian(&[0.02, 0.04, 4.0, 8.0], 2), [1.0, 2.0, 1.0, 2.0]);
    }
}

//! Stencils for first derivatives that stay within the bounds.
//!
//! Forward differences with h = ε^½·max(1, |xⱼ|) lose half the digits, central ones with h = ε^⅓·max(1, |xⱼ|) a third. Where a
//! bound is in the way the step turns round, and a central difference becomes the one-sided formula of second order.

use super::choices::FiniteDifferences;
use super::options::SqpOptions;

/// ∂f ≈ weights₀·f(x) + Σ weightsₖ·f(x + offsetsₖ₋₁).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stencil {
    pub offsets: [f64; 2],
    pub weights: [f64; 3],
}

/// How derivatives are differenced.
#[derive(Debug, Clone)]
pub(super) struct Differences {
    kind: FiniteDifferences,
    relative_step: f64,
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl Differences {
    pub fn new(options: &SqpOptions, lower: &[f64], upper: &[f64]) -> Self {
        let kind = options.finite_differences;
        let usual = match kind {
            FiniteDifferences::Forward => f64::EPSILON.sqrt(),
            FiniteDifferences::Central => libm::cbrt(f64::EPSILON),
        };
        let relative_step = options.finite_difference_step.unwrap_or(usual);
        Self { kind, relative_step, lower: lower.to_vec(), upper: upper.to_vec() }
    }

    /// For variable j at `x`; all weights are 0 where the bounds leave no room.
    pub fn stencil(&self, j: usize, x: f64) -> Stencil {
        let wanted = self.relative_step * x.abs().max(1.0);
        // The step that the rounded sum really takes.
        let real = |h: f64| (x + h) - x;
        let (ahead, behind) = (self.upper[j] - x, x - self.lower[j]);
        let one_sided = |h: f64| Stencil { offsets: [h, 0.0], weights: [-1.0 / h, 1.0 / h, 0.0] };
        if ahead.max(behind) <= 0.0 {
            return Stencil { offsets: [0.0; 2], weights: [0.0; 3] };
        }
        let forward = ahead >= wanted || ahead >= behind;
        let room = if forward { ahead } else { behind };
        let sign = if forward { 1.0 } else { -1.0 };
        match self.kind {
            FiniteDifferences::Forward => one_sided(real(sign * wanted.min(room))),
            FiniteDifferences::Central if ahead >= wanted && behind >= wanted => {
                let h = real(wanted);
                Stencil { offsets: [h, -h], weights: [0.0, 0.5 / h, -0.5 / h] }
            }
            FiniteDifferences::Central => {
                let h = real(sign * wanted.min(0.5 * room));
                Stencil { offsets: [h, 2.0 * h], weights: [-1.5 / h, 2.0 / h, -0.5 / h] }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derivative(kind: FiniteDifferences, x: f64, lower: f64, upper: f64) -> f64 {
        let options = SqpOptions { finite_differences: kind, ..SqpOptions::default() };
        let stencil = Differences::new(&options, &[lower], &[upper]).stencil(0, x);
        for offset in stencil.offsets {
            assert!(x + offset >= lower && x + offset <= upper);
        }
        let f = |x: f64| libm::exp(2.0 * x);
        let near = stencil.offsets.iter().zip(&stencil.weights[1..]).map(|(o, w)| w * f(x + o));
        stencil.weights[0] * f(x) + near.sum::<f64>()
    }

    #[test]
    fn derivatives_are_right_to_the_order_of_the_formula_and_within_bounds() {
        let exact = 2.0 * libm::exp(2.0);
        for (lower, upper) in [(-5.0, 5.0), (1.0, 5.0), (-5.0, 1.0), (1.0 - 1e-12, 1.0 + 1e-4)] {
            let forward = derivative(FiniteDifferences::Forward, 1.0, lower, upper);
            assert!((forward - exact).abs() < 1e-6, "{forward}");
            let central = derivative(FiniteDifferences::Central, 1.0, lower, upper);
            assert!((central - exact).abs() < 2e-7, "{central}");
        }
        assert_eq!(derivative(FiniteDifferences::Forward, 1.0, 1.0, 1.0), 0.0);
    }
}

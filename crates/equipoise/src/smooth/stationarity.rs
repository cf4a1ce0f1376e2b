//! The one test of stationarity: search, guards, retries and certificates all ask it.
//!
//! With the free variables F (not held at a bound by the sign of the gradient), H the Hessian there, and b = 1024 · 2⁻⁵² · |f| the
//! rounding error of f, a point is *stationary* if
//!
//! - S1: maxᵢ |P(x − g)ᵢ − xᵢ| ≤ ε, or
//! - S2: H_FF + μI is positive definite and d = ½ g_Fᵀ(H_FF + μI)⁻¹g_F ≤ max(τ − b, b), where τ was given,
//!
//! and no negative curvature is resolved:
//!
//! - C: λ ≥ −μ, or ½|λ|α² ≤ b, with λ the least eigenvalue of H_FF, μ = √(2⁻⁵²) · max(maxᵢ |Hᵢᵢ|, 1), and α the longest step along
//!   ± its eigenvector in the box, at most max(1, maxᵢ |xᵢ|).
//!
//! ε is composed once per run from the value f₀ at its start: ε = max(`gradient`, 1e-9 · `objective_scale`, `relative_to_value` · (1 + |f₀|)).
//!
//! S2 is free of units: d is what a Newton step would still gain. C without a Hessian is not decided ([`CurvatureVerdict::Unmeasured`]).

use super::SmoothError;
use super::bounds::Bounds;
use super::curvature::{FreeCurvature, LeastCurvature};
use super::stop::VALUE_NOISE;
use crate::numeric::sum::{dot, max_abs};

/// Tolerances of the test, before ε is composed; see the formulas of this module's [`StationarityTest`].
#[derive(Debug, Clone, PartialEq)]
pub struct StationarityTolerances {
    /// Smallest ε, in units of f per unit of x (> 0); 1e-5 by default.
    pub gradient: f64,
    /// The size of f: ε is at least 1e-9 times this. None by default.
    pub objective_scale: Option<f64>,
    /// ε is at least this times 1 + |f₀|. None by default.
    pub relative_to_value: Option<f64>,
    /// τ, largest Newton decrement, in units of f; for a criterion over n observations 1/(2n) is usual. None by default: S2 is not asked.
    pub decrement: Option<f64>,
}

/// b = 1024 · 2⁻⁵² · |f|, what is taken for the rounding error of f.
pub fn value_noise(value: f64) -> f64 {
    VALUE_NOISE * value.abs()
}

impl Default for StationarityTolerances {
    fn default() -> Self {
        Self { gradient: 1e-5, objective_scale: None, relative_to_value: None, decrement: None }
    }
}

impl StationarityTolerances {
    /// The default ones with another smallest ε.
    pub fn of_gradient(gradient: f64) -> Self {
        Self { gradient, ..Self::default() }
    }

    /// # Errors
    /// [`SmoothError::Tolerance`] for the first number that is negative or NaN.
    pub fn check(&self) -> Result<(), SmoothError> {
        let named = [
            ("gradient_tolerance", Some(self.gradient)),
            ("objective_scale", self.objective_scale),
            ("relative_to_value", self.relative_to_value),
            ("decrement", self.decrement),
        ];
        for (name, value) in named {
            if let Some(value) = value.filter(|value| value.is_nan() || *value < 0.0) {
                return Err(SmoothError::Tolerance { name, value });
            }
        }
        Ok(())
    }

    /// The test of a run that starts at the value f₀.
    pub fn at_start(&self, first_value: f64) -> StationarityTest {
        let scale = 1e-9 * self.objective_scale.unwrap_or(0.0);
        let relative = self.relative_to_value.unwrap_or(0.0) * (1.0 + first_value.abs());
        let relative = if relative.is_finite() { relative } else { 0.0 };
        StationarityTest { gradient: self.gradient.max(scale).max(relative), decrement: self.decrement }
    }
}

/// The test with its numbers; its inequalities S1, S2 and C are those of the solvers, guards and certificates alike:
///
/// - S1: maxᵢ |P(x − g)ᵢ − xᵢ| ≤ ε;
/// - S2: ½ g_Fᵀ(H_FF + μI)⁻¹g_F ≤ max(τ − b, b);
/// - C: λ ≥ −μ or ½|λ|α² ≤ b.
///
/// F are the free variables, b = 1024 · 2⁻⁵² · |f|, μ = √(2⁻⁵²) · max(maxᵢ |Hᵢᵢ|, 1), λ the least eigenvalue of H_FF, α the longest step
/// along ± its eigenvector in the box, at most max(1, maxᵢ |xᵢ|). A point passes if (S1 or S2) and C.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StationarityTest {
    /// ε
    pub gradient: f64,
    /// τ
    pub decrement: Option<f64>,
}

/// What the Hessian says of the curvature over the free variables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CurvatureVerdict {
    /// No Hessian was given, or it is not finite.
    Unmeasured,
    /// λ ≥ −μ; also where nothing is free.
    NonNegative {
        /// λ; none where nothing is free.
        least: Option<f64>,
    },
    /// λ < −μ, but ½|λ|α² ≤ b: f could not show the descent.
    Unresolvable {
        /// λ
        least: f64,
        /// ½|λ|α²
        gain: f64,
    },
    /// λ < −μ, and walking along the eigenvector would show it: no minimiser.
    Negative {
        /// λ
        least: f64,
        /// ½|λ|α²
        gain: f64,
    },
}

/// What the test found at a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Stationarity {
    /// maxᵢ |P(x − g)ᵢ − xᵢ|
    pub projected_gradient: f64,
    /// ε
    pub gradient_limit: f64,
    /// d; none without a Hessian, or where H_FF + μI is not positive definite.
    pub decrement: Option<f64>,
    /// max(τ − b, b); none where τ was not given.
    pub decrement_limit: Option<f64>,
    /// C
    pub curvature: CurvatureVerdict,
}

impl Stationarity {
    /// S1
    pub fn gradient_is_small(&self) -> bool {
        self.projected_gradient <= self.gradient_limit
    }

    /// S2
    pub fn decrement_is_small(&self) -> bool {
        matches!((self.decrement, self.decrement_limit), (Some(decrement), Some(limit)) if decrement <= limit)
    }

    /// (S1 or S2) and not C violated. Without a Hessian, C is not asked.
    pub fn is_stationary(&self) -> bool {
        (self.gradient_is_small() || self.decrement_is_small()) && !self.is_saddle()
    }

    /// True if negative curvature is resolved.
    pub fn is_saddle(&self) -> bool {
        matches!(self.curvature, CurvatureVerdict::Negative { .. })
    }
}

impl StationarityTest {
    /// S1 alone, for a projected gradient that was computed already.
    pub fn accepts_gradient(&self, projected_gradient: f64) -> bool {
        projected_gradient <= self.gradient
    }

    /// The test at x (n) with value f and gradient g (n); `curvature` is the Hessian's over the free variables at this very point, if
    /// known.
    pub fn judge(
        &self,
        bounds: &Bounds,
        x: &[f64],
        value: f64,
        g: &[f64],
        curvature: Option<&FreeCurvature>,
    ) -> Stationarity {
        let verdict = curvature.map_or(CurvatureVerdict::Unmeasured, |curvature| {
            let least = curvature.least_curvature(x.len());
            least.map_or(CurvatureVerdict::NonNegative { least: None }, |least| {
                least.verdict(bounds, x, value_noise(value))
            })
        });
        let decrement = curvature.and_then(|curvature| curvature.newton_decrement(g));
        self.judge_by(bounds, x, value, g, decrement, verdict)
    }

    /// The test with a decrement and a verdict on the curvature that were found otherwise, by products say.
    pub fn judge_by(
        &self,
        bounds: &Bounds,
        x: &[f64],
        value: f64,
        g: &[f64],
        decrement: Option<f64>,
        curvature: CurvatureVerdict,
    ) -> Stationarity {
        Stationarity {
            projected_gradient: bounds.projected_gradient_norm(x, g),
            gradient_limit: self.gradient,
            decrement,
            decrement_limit: self.decrement_limit(value),
            curvature,
        }
    }

    /// max(τ − b, b); none where τ was not given.
    pub fn decrement_limit(&self, value: f64) -> Option<f64> {
        let noise = value_noise(value);
        self.decrement.map(|tau| (tau - noise).max(noise))
    }
}

impl FreeCurvature {
    /// ½ g_Fᵀ(H_FF + μI)⁻¹g_F, the decrease that a Newton step over the free variables promises; none where H_FF + μI is not positive
    /// definite. `g` is the whole gradient (n).
    pub fn newton_decrement(&self, g: &[f64]) -> Option<f64> {
        let reduced: Vec<f64> = self.free.iter().map(|&i| g[i]).collect();
        let mut sum = 0.0;
        for (i, value) in self.eigen.values.iter().enumerate() {
            let shifted = value + self.resolution;
            if shifted <= 0.0 {
                return None;
            }
            let along = dot(self.eigen.vector(i), &reduced);
            sum += along * along / shifted;
        }
        Some(0.5 * sum)
    }
}

impl LeastCurvature {
    /// The verdict C at x, where f has the rounding error `noise`.
    pub fn verdict(&self, bounds: &Bounds, x: &[f64], noise: f64) -> CurvatureVerdict {
        let least = self.value;
        if least >= -self.resolution {
            return CurvatureVerdict::NonNegative { least: Some(least) };
        }
        let alpha = self.longest_walk(bounds, x);
        let gain = 0.5 * least.abs() * alpha * alpha;
        if gain > noise {
            CurvatureVerdict::Negative { least, gain }
        } else {
            CurvatureVerdict::Unresolvable { least, gain }
        }
    }

    /// α: the longer of the two ways along ± the direction that stay in the box, at most max(1, maxᵢ |xᵢ|).
    fn longest_walk(&self, bounds: &Bounds, x: &[f64]) -> f64 {
        let opposite: Vec<f64> = self.direction.iter().map(|d| -d).collect();
        let (ahead, behind) =
            (bounds.largest_step(x, &self.direction).0, bounds.largest_step(x, &opposite).0);
        ahead.max(behind).min(max_abs(x).max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(n: usize) -> Bounds {
        Bounds::new(vec![f64::NEG_INFINITY; n], vec![f64::INFINITY; n]).unwrap()
    }

    fn judge(
        test: StationarityTest,
        bounds: &Bounds,
        x: &[f64],
        value: f64,
        g: &[f64],
        h: &[f64],
    ) -> Stationarity {
        test.judge(bounds, x, value, g, FreeCurvature::new(bounds, x, g, h).as_ref())
    }

    #[test]
    fn the_gradient_limit_is_composed_as_stated() {
        let tolerances = StationarityTolerances::default();
        assert_eq!(tolerances.at_start(1e9).gradient, 1e-5);
        let relative = StationarityTolerances { relative_to_value: Some(1e-5), ..tolerances.clone() };
        assert!((relative.at_start(500.0).gradient - 5.01e-3).abs() < 1e-15);
        assert!((relative.at_start(-500.0).gradient - 5.01e-3).abs() < 1e-15);
        assert_eq!(relative.at_start(f64::INFINITY).gradient, 1e-5);
        let scaled = StationarityTolerances { gradient: 1e-6, objective_scale: Some(1e6), ..tolerances };
        assert_eq!(scaled.at_start(0.0).gradient, 1e-9 * 1e6);
        let wrong = StationarityTolerances { decrement: Some(-1.0), ..StationarityTolerances::default() };
        assert_eq!(wrong.check(), Err(SmoothError::Tolerance { name: "decrement", value: -1.0 }));
    }

    #[test]
    fn a_railed_coordinate_with_a_large_gradient_is_stationary() {
        let bounds = Bounds::new(vec![-30.0; 2], vec![30.0; 2]).unwrap();
        let test = StationarityTolerances::default().at_start(1.0);
        let found = judge(test, &bounds, &[30.0, 0.0], 1.0, &[-158.8, 1e-6], &[-1.0, 0.0, 0.0, 2.0]);
        assert!(found.is_stationary() && found.gradient_is_small());
        // The negative curvature is that of the held coordinate.
        assert_eq!(found.curvature, CurvatureVerdict::NonNegative { least: Some(2.0) });
        // Half of a step along it gains g²/4.
        assert!((found.decrement.unwrap() - 1e-12 / 4.0).abs() < 1e-18);
    }

    #[test]
    fn the_decrement_accepts_what_the_gradient_refuses() {
        let test = StationarityTest { gradient: 1e-5, decrement: Some(1.0 / 200.0) };
        // d = ½ · 0.01²/1e-2 = 0.005 exactly at the limit but for b; and well below it.
        for (g, accepted) in [(0.0099, true), (0.0101, false)] {
            let found = judge(test, &free(1), &[0.0], 1.0, &[g], &[1e-2]);
            assert_eq!((found.decrement_is_small(), found.is_stationary()), (accepted, accepted));
            assert!(!found.gradient_is_small());
        }
        // Where the rounding error of f exceeds τ, it takes its place.
        assert_eq!(test.decrement_limit(1e14), Some(value_noise(1e14)));
    }

    #[test]
    fn negative_curvature_refuses_only_where_f_could_show_it() {
        let test = StationarityTest { gradient: 1e-5, decrement: None };
        let saddle = judge(test, &free(2), &[0.0; 2], 1.0, &[0.0; 2], &[1.0, 0.0, 0.0, -1e-3]);
        assert!(saddle.is_saddle() && !saddle.is_stationary() && saddle.decrement.is_none());
        let gain = match saddle.curvature {
            CurvatureVerdict::Negative { gain, .. } => gain,
            other => panic!("{other:?}"),
        };
        assert!((gain - 5e-4).abs() < 1e-15);
        // The same in a box so narrow that the gain drowns in the rounding of f.
        let narrow = Bounds::new(vec![-1e-6; 2], vec![1e-6; 2]).unwrap();
        let found = judge(test, &narrow, &[0.0; 2], 1.0, &[0.0; 2], &[1.0, 0.0, 0.0, -1e-3]);
        assert!(matches!(found.curvature, CurvatureVerdict::Unresolvable { .. }) && found.is_stationary());
        // Rounding of the Hessian.
        let found = judge(test, &free(2), &[0.0; 2], 1.0, &[0.0; 2], &[1e3, 0.0, 0.0, -1e-6]);
        assert!(matches!(found.curvature, CurvatureVerdict::NonNegative { .. }) && found.is_stationary());
        let found = test.judge(&free(1), &[0.0], 1.0, &[0.0], None);
        assert!(found.curvature == CurvatureVerdict::Unmeasured && found.is_stationary());
    }
}

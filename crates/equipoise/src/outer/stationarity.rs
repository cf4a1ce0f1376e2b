//! The one test of stationarity, as a record of a run.

use crate::smooth::{CurvatureVerdict, Stationarity};
use serde::{Deserialize, Serialize};

/// What the Hessian says of the curvature over the free coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Curvature {
    /// There was no Hessian.
    Unmeasured,
    /// No negative eigenvalue beyond rounding.
    NonNegative,
    /// A negative eigenvalue whose descent the criterion could not show.
    Unresolvable,
    /// A negative eigenvalue: the point is no minimiser.
    Negative,
}

/// The test of stationarity at the point of a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StationarityReport {
    /// True if the point is stationary: (`projected_gradient` ≤ `gradient_limit` or `newton_decrement` ≤ `decrement_limit`) and the
    /// curvature is not negative.
    pub holds: bool,
    /// maxᵢ |P(θ − g)ᵢ − θᵢ|, P the projection onto the bounds.
    pub projected_gradient: f64,
    /// max(tolerance, 1e-9 · objective_scale, rel_cost_tolerance · (1 + |F₀|)), F₀ the criterion at the start of the solver run.
    pub gradient_limit: f64,
    /// ½gᵀ(H + μI)⁻¹g over the free coordinates, where there is a Hessian.
    pub newton_decrement: Option<f64>,
    /// max(τ − b, b), τ = 1/(2 n_obs), b the rounding error of F; only where the number of observations is known.
    pub decrement_limit: Option<f64>,
    /// The verdict on the curvature.
    pub curvature: Curvature,
    /// The least eigenvalue of the Hessian over the free coordinates, where there is one.
    pub least_eigenvalue: Option<f64>,
}

impl From<&Stationarity> for StationarityReport {
    fn from(found: &Stationarity) -> Self {
        let (curvature, least_eigenvalue) = split(found.curvature);
        Self {
            holds: found.is_stationary(),
            projected_gradient: found.projected_gradient,
            gradient_limit: found.gradient_limit,
            newton_decrement: found.decrement,
            decrement_limit: found.decrement_limit,
            curvature,
            least_eigenvalue,
        }
    }
}

fn split(verdict: CurvatureVerdict) -> (Curvature, Option<f64>) {
    match verdict {
        CurvatureVerdict::Unmeasured => (Curvature::Unmeasured, None),
        CurvatureVerdict::NonNegative { least } => (Curvature::NonNegative, least),
        CurvatureVerdict::Unresolvable { least, .. } => (Curvature::Unresolvable, Some(least)),
        CurvatureVerdict::Negative { least, .. } => (Curvature::Negative, Some(least)),
    }
}

impl StationarityReport {
    /// The same with a verdict that was measured elsewhere, where there was no dense Hessian to measure it by.
    pub(super) fn with_curvature(mut self, verdict: CurvatureVerdict) -> Self {
        if self.curvature == Curvature::Unmeasured {
            (self.curvature, self.least_eigenvalue) = split(verdict);
            self.holds &= self.curvature != Curvature::Negative;
        }
        self
    }
}

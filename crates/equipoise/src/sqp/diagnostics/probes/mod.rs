//! Extra evaluations after a run, each for signals that need them.

mod curvature;
mod run;

use serde::{Deserialize, Serialize};

pub use curvature::ReducedCurvature;
pub(super) use run::run;

use crate::sqp::derivative_check::{DerivativeReport, SuspiciousEntry};
use crate::sqp::noise::ValueNoise;

/// Which probes are made; each costs evaluations of the user's functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ProbeOptions {
    /// Compare the derivatives given with differences: 12 evaluations a variable at the start and at the end; up to 200 variables.
    pub derivatives: bool,
    /// Estimate the noise of f: 9 evaluations.
    pub noise: bool,
    /// Find the smallest curvature along feasible directions: n Hessian products, or 2n gradients; up to 200 variables.
    pub curvature: bool,
}

impl Default for ProbeOptions {
    fn default() -> Self {
        Self { derivatives: true, noise: true, curvature: true }
    }
}

/// What the probes showed; none where a probe was not asked for or not possible.
#[derive(Debug, Clone, Default)]
pub struct Probes {
    /// Derivatives against differences, at the start and at the point returned (where it is another).
    pub derivatives: Vec<DerivativeReport>,
    /// The noise of f near the point returned.
    pub noise: Option<ValueNoise>,
    /// Curvature of the Lagrangian along feasible directions there.
    pub curvature: Option<ReducedCurvature>,
}

impl Probes {
    /// The derivative that disagrees most with its difference.
    pub fn worst_derivative(&self) -> Option<&SuspiciousEntry> {
        let worst = self.derivatives.iter().filter_map(|report| report.suspicious.first());
        worst.max_by(|a, b| a.excess().total_cmp(&b.excess()))
    }
}

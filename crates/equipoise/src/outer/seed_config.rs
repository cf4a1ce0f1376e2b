//! How seeds are made and how many are used.

use crate::error::InputError;
use serde::{Deserialize, Serialize};

/// What kind of model the criterion belongs to; decides where seeds lie and how many a solver may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RiskProfile {
    /// Gaussian response: cheap, flat criteria; every seed of the budget is compared.
    Gaussian,
    /// Generalised linear models: separation pushes towards heavy smoothing.
    #[default]
    GeneralizedLinear,
    /// Survival models: heavier smoothing still, and expensive.
    Survival,
}

/// The seeds of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SeedConfig {
    /// Seeds are clamped to [lower, upper] in every coordinate; (−12, 12) by default. A reversed pair is swapped.
    pub bounds: (f64, f64),
    /// Largest number of seeds; 12 by default.
    pub max_seeds: usize,
    /// Number of seeds that a solver may start from in one attempt; 2 by default, 0 counts as 1.
    pub seed_budget: usize,
    /// Cap on inner iterations in the first screening stage; 3 by default, 0 counts as 1.
    pub screen_max_inner_iterations: usize,
    /// Where the seeds lie.
    pub risk_profile: RiskProfile,
    /// Number of trailing coordinates that every seed takes from the heuristic vector (else 0); 0 by default.
    pub num_auxiliary_trailing: usize,
    /// A value at which one more seed has all its smoothing coordinates; none by default.
    pub over_smoothing_probe_rho: Option<f64>,
}

impl Default for SeedConfig {
    fn default() -> Self {
        Self {
            bounds: (-12.0, 12.0),
            max_seeds: 12,
            seed_budget: 2,
            screen_max_inner_iterations: 3,
            risk_profile: RiskProfile::default(),
            num_auxiliary_trailing: 0,
            over_smoothing_probe_rho: None,
        }
    }
}

impl SeedConfig {
    /// The bounds in ascending order.
    pub fn ordered_bounds(&self) -> (f64, f64) {
        let (a, b) = self.bounds;
        if a <= b { (a, b) } else { (b, a) }
    }

    pub(super) fn check(&self, n_params: usize) -> Result<(), InputError> {
        for (side, bound) in [self.bounds.0, self.bounds.1].into_iter().enumerate() {
            if !bound.is_finite() {
                return Err(InputError::not_finite(format!("seedConfig.bounds[{side}]"), bound));
            }
        }
        if let Some(probe) = self.over_smoothing_probe_rho
            && !probe.is_finite()
        {
            return Err(InputError::not_finite("seedConfig.overSmoothingProbeRho", probe));
        }
        if self.num_auxiliary_trailing > n_params {
            return Err(InputError::out_of_range(
                "seedConfig.numAuxiliaryTrailing",
                format!("at most {n_params}, the number of parameters"),
                self.num_auxiliary_trailing as f64,
            ));
        }
        Ok(())
    }
}

//! The defaults, for front ends in other languages.

use super::config::{FallbackPolicy, OuterProblem};
use super::plan::{FRONTIER_MIN_PARAMS, SMALL_OUTER_BFGS_MAX_PARAMS};
use super::uncertainty::UncertaintyOptions;
use super::{BarrierConfig, SeedConfig};
use serde::Serialize;

/// The options that have a default, with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OuterDefaults {
    /// Absolute tolerance of the projected gradient.
    pub tolerance: f64,
    /// Outer iterations of one solver run.
    pub max_iter: usize,
    /// Without bounds every coordinate lies within ± this.
    pub rho_bound: f64,
    /// Length of the trailing block ψ.
    pub psi_dim: usize,
    /// Seeds and their budget.
    pub seed_config: SeedConfig,
    /// Whether a failed fixed point is followed by a solver that uses gradients.
    pub fallback_policy: FallbackPolicy,
    /// Whether objectives that allow it are walked to each seed from heavier smoothing.
    pub continuation_prewarm: bool,
    /// How much the assessment of uncertainty may cost.
    pub uncertainty: UncertaintyOptions,
    /// Weight of a barrier.
    pub barrier_tau: f64,
    /// From this many ρ coordinates on a fixed point runs coordinate by coordinate.
    pub frontier_min_params: usize,
    /// With a gradient, BFGS is preferred to fixed points up to this many parameters.
    pub small_bfgs_max_params: usize,
}

impl Default for OuterDefaults {
    /// Read from [`OuterProblem::new`].
    fn default() -> Self {
        let problem = OuterProblem::new(1);
        Self {
            tolerance: problem.tolerance,
            max_iter: problem.max_iter,
            rho_bound: problem.rho_bound,
            psi_dim: problem.psi_dim,
            seed_config: problem.seed_config,
            fallback_policy: problem.fallback_policy,
            continuation_prewarm: problem.continuation_prewarm,
            uncertainty: problem.uncertainty,
            barrier_tau: BarrierConfig::above(Vec::new(), Vec::new()).tau,
            frontier_min_params: FRONTIER_MIN_PARAMS,
            small_bfgs_max_params: SMALL_OUTER_BFGS_MAX_PARAMS,
        }
    }
}

//! From capability to solver: a pure function, and the ladder of attempts.

use super::capability::OuterCapability;
use super::config::FallbackPolicy;
use serde::{Deserialize, Serialize};

/// With a gradient, BFGS is preferred to fixed points up to this many parameters.
pub const SMALL_OUTER_BFGS_MAX_PARAMS: usize = 8;

/// From this many ρ coordinates on the fixed point runs coordinate by coordinate.
pub const FRONTIER_MIN_PARAMS: usize = 64;

/// A solver of the outer problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OuterSolver {
    /// Second order: adaptive cubic regularisation, or the matrix-free trust region where the Hessian is an operator that does not
    /// become dense.
    Arc,
    /// Quasi-Newton.
    Bfgs,
    /// Extended Fellner–Schall fixed point.
    Efs,
    /// Fixed point in ρ with preconditioned gradient steps in ψ.
    HybridEfs,
    /// Fixed point coordinate by coordinate, for at least [`FRONTIER_MIN_PARAMS`] coordinates.
    FrontierEfs,
}

impl OuterSolver {
    /// The name in events and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arc => "arc",
            Self::Bfgs => "bfgs",
            Self::Efs => "efs",
            Self::HybridEfs => "hybridEfs",
            Self::FrontierEfs => "frontierEfs",
        }
    }

    /// True for the fixed points.
    pub fn is_fixed_point(self) -> bool {
        matches!(self, Self::Efs | Self::HybridEfs | Self::FrontierEfs)
    }
}

/// Where a solver's curvature comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HessianSource {
    /// The objective computes it.
    Analytic,
    /// Built from gradients.
    BfgsApprox,
    /// Implied by the fixed-point step.
    EfsFixedPoint,
    /// The same, with gradients in ψ.
    HybridEfsFixedPoint,
}

impl HessianSource {
    /// The name in events and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Analytic => "analytic",
            Self::BfgsApprox => "bfgsApprox",
            Self::EfsFixedPoint => "efsFixedPoint",
            Self::HybridEfsFixedPoint => "hybridEfsFixedPoint",
        }
    }
}

/// A solver and the source of its curvature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OuterPlan {
    /// The solver.
    pub solver: OuterSolver,
    /// The source of its curvature.
    pub hessian_source: HessianSource,
}

impl OuterPlan {
    const fn new(solver: OuterSolver, hessian_source: HessianSource) -> Self {
        Self { solver, hessian_source }
    }
}

/// Why no plan can work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PlanError {
    /// Neither a gradient nor fixed-point steps that may be used.
    #[error(
        "no usable plan for {n_params} parameters: every solver needs a gradient or fixed-point steps, and the objective gives neither"
    )]
    NoDerivatives {
        /// Number of parameters.
        n_params: usize,
    },
    /// Second derivatives without first ones.
    #[error("no usable plan for {n_params} parameters: a Hessian is declared without a gradient")]
    HessianWithoutGradient {
        /// Number of parameters.
        n_params: usize,
    },
}

/// Chooses the solver; the first row that holds decides. H: a Hessian in any form. G: a gradient. F: fixed-point steps, allowed, and
/// either no gradient or more than [`SMALL_OUTER_BFGS_MAX_PARAMS`] parameters.
///
/// | condition | plan |
/// | --- | --- |
/// | G and H | `Arc`, analytic |
/// | H without G | [`PlanError::HessianWithoutGradient`] |
/// | F, no ψ | `Efs` |
/// | F, with ψ | `HybridEfs` |
/// | G | `Bfgs` |
/// | otherwise | [`PlanError::NoDerivatives`] |
///
/// # Errors
/// [`PlanError`] where no solver can work with what the objective computes.
pub fn plan(capability: &OuterCapability) -> Result<OuterPlan, PlanError> {
    let n_params = capability.n_params;
    let gradient = capability.has_gradient();
    match (capability.hessian.is_analytic(), gradient) {
        (true, true) => return Ok(OuterPlan::new(OuterSolver::Arc, HessianSource::Analytic)),
        (true, false) => return Err(PlanError::HessianWithoutGradient { n_params }),
        (false, _) => {}
    }
    if capability.has_fixed_point() && (!gradient || n_params > SMALL_OUTER_BFGS_MAX_PARAMS) {
        return Ok(if capability.psi_dim == 0 {
            OuterPlan::new(OuterSolver::Efs, HessianSource::EfsFixedPoint)
        } else {
            OuterPlan::new(OuterSolver::HybridEfs, HessianSource::HybridEfsFixedPoint)
        });
    }
    if gradient {
        Ok(OuterPlan::new(OuterSolver::Bfgs, HessianSource::BfgsApprox))
    } else {
        Err(PlanError::NoDerivatives { n_params })
    }
}

/// The plan of the first attempt: the coordinate-wise fixed point at frontier scale (no ψ, fixed-point steps, at least
/// [`FRONTIER_MIN_PARAMS`] coordinates, even beside a declared Hessian), else [`plan`].
///
/// # Errors
/// [`PlanError`] of [`plan`].
pub fn dispatch(capability: &OuterCapability) -> Result<OuterPlan, PlanError> {
    if capability.psi_dim == 0 && capability.has_fixed_point() && capability.rho_dim() >= FRONTIER_MIN_PARAMS
    {
        return Ok(OuterPlan::new(OuterSolver::FrontierEfs, HessianSource::EfsFixedPoint));
    }
    plan(capability)
}

/// The capability of the first attempt. Without fallback the hybrid fixed point, which may have to hand over to a gradient solver, is
/// forbidden where there is a gradient.
pub fn primary_capability(capability: &OuterCapability, policy: FallbackPolicy) -> OuterCapability {
    let mut primary = capability.clone();
    if policy == FallbackPolicy::Disabled
        && capability.has_gradient()
        && plan(capability).is_ok_and(|plan| plan.solver == OuterSolver::HybridEfs)
    {
        primary.disable_fixed_point = true;
    }
    primary
}

/// The attempts after the first: one without fixed points where the first is a fixed point and there is a gradient; none otherwise. A
/// failed second-order attempt is not hidden behind a quasi-Newton one.
pub fn fallback_attempts(primary: &OuterCapability, policy: FallbackPolicy) -> Vec<OuterCapability> {
    let fixed_point = dispatch(primary).is_ok_and(|plan| plan.solver.is_fixed_point());
    if policy == FallbackPolicy::Automatic && fixed_point && primary.has_gradient() {
        vec![OuterCapability { disable_fixed_point: true, ..primary.clone() }]
    } else {
        Vec::new()
    }
}

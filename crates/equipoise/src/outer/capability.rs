//! What an objective can compute.

use super::BarrierConfig;
use crate::smooth::Materialisation;
use serde::{Deserialize, Serialize};

/// Whether a derivative is computed by the objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Derivative {
    /// The objective computes it.
    Analytic,
    /// The objective does not.
    #[default]
    Unavailable,
}

/// The form in which an objective gives its Hessian.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum DeclaredHessian {
    /// A dense symmetric matrix.
    Dense,
    /// Products with vectors.
    Operator {
        /// How it becomes dense.
        materialisation: Materialisation,
        /// Cost of one product in floating-point operations; information only.
        estimated_cost: Option<f64>,
    },
    /// Dense or operator, decided at each evaluation.
    Either,
    /// None.
    #[default]
    Unavailable,
}

impl DeclaredHessian {
    /// True where the objective gives second derivatives in some form.
    pub fn is_analytic(self) -> bool {
        self != Self::Unavailable
    }
}

/// What an objective can compute. It must stay the same from call to call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OuterCapability {
    /// Length n of θ.
    pub n_params: usize,
    /// Length of the trailing block ψ, at most n.
    pub psi_dim: usize,
    /// Whether gradients are computed.
    pub gradient: Derivative,
    /// The form of the Hessian.
    pub hessian: DeclaredHessian,
    /// True where [`OuterObjective::eval_efs`](super::OuterObjective::eval_efs) gives fixed-point steps.
    pub fixed_point_available: bool,
    /// Forbids the fixed-point solvers.
    pub disable_fixed_point: bool,
    /// A preference for gradients over second derivatives. It is carried along and changes no plan.
    pub prefer_gradient_only: bool,
    /// The log-barrier that keeps inner coefficients monotone, if there is one.
    pub barrier: Option<BarrierConfig>,
}

impl OuterCapability {
    /// Nothing but values of n parameters.
    pub fn new(n_params: usize) -> Self {
        Self { n_params, ..Self::default() }
    }

    /// Length of the leading block ρ.
    pub fn rho_dim(&self) -> usize {
        self.n_params.saturating_sub(self.psi_dim)
    }

    /// True where gradients are computed.
    pub fn has_gradient(&self) -> bool {
        self.gradient == Derivative::Analytic
    }

    /// True where fixed-point steps are computed and allowed.
    pub fn has_fixed_point(&self) -> bool {
        self.fixed_point_available && !self.disable_fixed_point
    }
}

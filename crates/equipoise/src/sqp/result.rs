//! The answer of a run.

use serde::{Deserialize, Serialize};

use super::counters::SqpCounters;
use super::scaling::ScaleFactors;
use super::status::SqpStatus;
use crate::certificate::kkt::KktResiduals;

/// How often each function was called, differences included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluations {
    /// f.
    pub objective: u64,
    /// ∇f, as given by the user.
    pub gradient: u64,
    /// c.
    pub constraints: u64,
    /// J, as given by the user.
    pub jacobian: u64,
    /// Products with second derivatives.
    pub hessian_products: u64,
}

/// A constraint that stands in the way of feasibility.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponsibleRow {
    /// The user's name of the constraint, or `x[3] >= lower`.
    pub name: String,
    /// How far it is violated at the point returned (0 if it is one that holds the others back).
    pub violation: f64,
    /// Its weight in the proof: of the Farkas vector, or of the stationarity of the violation.
    pub multiplier: f64,
}

/// The proof behind the status `infeasible`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InfeasibilityEvidence {
    /// The constraints are affine (or their linearisation holds everywhere), so that no point satisfies them.
    pub global: bool,
    /// How stationary the violation is: ‖Jᵀy + z‖∞ relative to the rows' size, or the relative stationarity of the feasibility
    /// phase.
    pub stationarity: f64,
    /// Σ violations at the point.
    pub violation: f64,
    /// The rows responsible, the largest weights first.
    pub rows: Vec<ResponsibleRow>,
}

/// The answer of [`minimize`](super::minimize): everything belongs to the same point `x`, in the user's units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SqpResult {
    /// How the run ended.
    pub status: SqpStatus,
    /// The same in a sentence, with numbers.
    pub message: String,
    /// The point (n).
    pub x: Vec<f64>,
    /// f(x).
    pub objective: f64,
    /// ∇f(x) (n).
    pub gradient: Vec<f64>,
    /// cₑ(x) (mₑ).
    pub equalities: Vec<f64>,
    /// cᵢ(x) (mᵢ).
    pub inequalities: Vec<f64>,
    /// λₑ (mₑ).
    pub equality_multipliers: Vec<f64>,
    /// λᵢ ≥ 0 (mᵢ).
    pub inequality_multipliers: Vec<f64>,
    /// z (n): ≥ 0 at lower bounds, ≤ 0 at upper bounds, else 0.
    pub bound_multipliers: Vec<f64>,
    /// The independent check at `x` with these multipliers.
    pub residuals: KktResiduals,
    /// ‖projected gradient‖₂ as an inexact inner solver saw it in the last step, relative to the scale of the stationarity; none for the
    /// other solvers. It never makes a run `converged`.
    pub projected_stationarity: Option<f64>,
    /// Steps taken.
    pub steps: u64,
    /// Iterations of all subproblems.
    pub qp_iterations: u64,
    /// Calls of the user's functions.
    pub evaluations: Evaluations,
    /// Largest penalty weight at the end.
    pub merit_penalty: f64,
    /// `x` is an earlier point than the last, because the last was worse.
    pub rolled_back: bool,
    /// Why there is no feasible point, for the status `infeasible`.
    pub infeasibility: Option<InfeasibilityEvidence>,
    /// The factors of the automatic scaling.
    pub scale_factors: ScaleFactors,
    /// What happened over the run.
    pub counters: SqpCounters,
    /// Digest of x and the multipliers: equal for equal bits.
    pub digest: String,
}

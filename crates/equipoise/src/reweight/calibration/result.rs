//! What a calibration returns.

use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::certificate::CalibrationCertificate;
use super::infeasibility::InfeasibilityProof;
use crate::control::IterationRecord;
use crate::numeric::digest::Digest;
use crate::reweight::{Distribution, Timing};

/// How a calibration ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationStatus {
    /// The totals are met and the distance from the optimum is proven, both within the tolerance.
    Converged,
    /// No multipliers meet the exact totals: a checked proof is in the result.
    Infeasible,
    /// The solver stopped, but neither an answer nor infeasibility is proven.
    NotCertified,
    /// The iteration limit ended the run before the certificate held.
    IterationLimit,
    /// The caller's cancellation or the time limit ended the run.
    Cancelled,
    /// The arithmetic broke down.
    NumericalFailure,
}

impl CalibrationStatus {
    /// Every outcome.
    pub const ALL: [Self; 6] = [
        Self::Converged,
        Self::Infeasible,
        Self::NotCertified,
        Self::IterationLimit,
        Self::Cancelled,
        Self::NumericalFailure,
    ];

    /// The status as it appears in JavaScript and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::Infeasible => "infeasible",
            Self::NotCertified => "not_certified",
            Self::IterationLimit => "iteration_limit",
            Self::Cancelled => "cancelled",
            Self::NumericalFailure => "numerical_failure",
        }
    }

    /// One sentence for a reader.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Converged => {
                "The answer is proven: the totals are met and its distance from the unique optimum is within the tolerance."
            }
            Self::Infeasible => {
                "No weights of this distance meet the exact totals: the proof names the targets that contradict one another."
            }
            Self::NotCertified => {
                "The solver stopped, but neither the answer nor its impossibility is proven: relax a total or widen the bounds."
            }
            Self::IterationLimit => {
                "The iteration limit was reached before the answer was proven: raise `max_iterations`."
            }
            Self::Cancelled => {
                "The run was cancelled or reached its time limit; the best point so far is returned with the bound that holds."
            }
            Self::NumericalFailure => "The arithmetic broke down: check the scale of the totals.",
        }
    }
}

impl std::fmt::Display for CalibrationStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One target, read from the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalibrationTarget {
    /// The target's name.
    pub name: String,
    /// The total asked for.
    pub target: f64,
    /// The total at the design weights.
    pub before: f64,
    /// The total at the final multipliers.
    pub after: f64,
    /// (after − target)/|target|; for a target of 0, `after` itself.
    pub relative_error: f64,
    /// λⱼ: the change of the objective per unit of the total.
    pub lambda: f64,
    /// True if the total has a finite cost instead of being exact.
    pub relaxed: bool,
    /// True if the target depends on others, given the records that are free to move; its λ is part of theirs.
    pub dependent: bool,
    /// True if no record counts for the target.
    pub impossible: bool,
}

/// An answer with its certificate.
#[derive(Debug, Clone)]
pub struct Calibration {
    /// How the run ended: `Converged` and `Infeasible` only if proven.
    pub status: CalibrationStatus,
    /// The status in words.
    pub message: String,
    /// Final weights wᵢ = w⁰ᵢgᵢ (n, rounded product).
    pub weights: Array1<f64>,
    /// Multipliers gᵢ (n); without convergence those of the last point.
    pub multipliers: Array1<f64>,
    /// Dual values λⱼ (k), leading doubles: gᵢ = F(qᵢ(Aλ)ᵢ).
    pub lambda: Array1<f64>,
    /// The rest of each: the dual point is `lambda + lambda_low`, unevaluated.
    pub lambda_low: Array1<f64>,
    /// The independent check of (multipliers, λ).
    pub certificate: CalibrationCertificate,
    /// Why no weights meet the totals, if that is proven.
    pub infeasibility: Option<InfeasibilityProof>,
    /// One row per target.
    pub targets: Vec<CalibrationTarget>,
    /// Groups of identical records that the plain iteration ran over; the number of records where there were none.
    pub num_groups: usize,
    /// Distribution of multipliers and weights.
    pub distribution: Distribution,
    /// Newton iterations, the finish not counted.
    pub iterations: u32,
    /// Every iteration.
    pub history: Vec<IterationRecord>,
    /// FNV-1a 64 over the little-endian IEEE bytes of the multipliers.
    pub digest: Digest,
    /// Seconds of each part; the search for a proof counts as certificate.
    pub timing: Timing,
}

//! What a run returns.

use super::cache::CacheReport;
use super::certificate::CriterionCertificate;
use super::error::SeedFailure;
use super::plan::OuterPlan;
use super::stationarity::StationarityReport;
use super::stop_reason::StopReason;
use super::uncertainty::UncertaintyDiagnostic;
use serde::{Deserialize, Serialize};

/// Numbers of evaluations, summed over all attempts, seeds and retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EvaluationCounts {
    /// Values alone.
    pub value: u64,
    /// Values with gradients.
    pub gradient: u64,
    /// Values with gradients and Hessians.
    pub hessian: u64,
    /// Fixed-point steps.
    pub fixed_point: u64,
    /// Screening proxies.
    pub screening: u64,
    /// Values for the certificate; not part of `value`.
    pub audit: u64,
    /// Evaluations for the assessment of uncertainty; not part of the others.
    pub draws: u64,
}

impl EvaluationCounts {
    /// All evaluations of the objective.
    pub fn total(&self) -> u64 {
        self.value
            + self.gradient
            + self.hessian
            + self.fixed_point
            + self.screening
            + self.audit
            + self.draws
    }

    /// What was evaluated after `before`.
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            value: self.value - before.value,
            gradient: self.gradient - before.gradient,
            hessian: self.hessian - before.hessian,
            fixed_point: self.fixed_point - before.fixed_point,
            screening: self.screening - before.screening,
            audit: self.audit - before.audit,
            draws: self.draws - before.draws,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.value += other.value;
        self.gradient += other.gradient;
        self.hessian += other.hessian;
        self.fixed_point += other.fixed_point;
        self.screening += other.screening;
        self.audit += other.audit;
        self.draws += other.draws;
    }
}

/// Why a fixed point hands over to a solver that uses gradients.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "reason")]
pub enum FallbackReason {
    /// The barrier bends the criterion beside the inner Hessian.
    #[error("the barrier's curvature is significant")]
    BarrierSignificant,
    /// A barrier slack is nearly used up.
    #[error("the barrier's curvature is concentrated in one coefficient")]
    BarrierConcentrated,
    /// The ψ step is small and the ψ gradient is not.
    #[error("the step in psi is below {tolerance} although its gradient is {gradient}")]
    PsiNotStationary {
        /// max |gradient|, projected.
        gradient: f64,
        /// The tolerance of steps.
        tolerance: f64,
    },
    /// No multiple of the step lowers the criterion.
    #[error("no multiple of the fixed-point step lowers the criterion")]
    NoAcceptableStep,
    /// Only the ρ part of the step lowers the criterion.
    #[error("only the rho part of the step lowers the criterion")]
    PsiStagnation,
    /// The objective said so.
    #[error("{message}")]
    Objective {
        /// What it said.
        message: String,
    },
}

/// One outer iteration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OuterIteration {
    /// Number of the attempt, from 0.
    pub attempt: usize,
    /// Index of the seed in its attempt.
    pub seed: usize,
    /// Iteration within the solver run; 0 is the start.
    pub iteration: usize,
    /// The criterion.
    pub value: f64,
    /// maxᵢ |P(θ − g)ᵢ − θᵢ|; none for fixed points.
    pub projected_gradient_norm: Option<f64>,
    /// maxᵢ of the step that led here; none at the start.
    pub step_norm: Option<f64>,
}

/// What became of one seed that was started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeedReport {
    /// Index of the seed in its attempt.
    pub seed: usize,
    /// The start (n).
    pub start: Vec<f64>,
    /// The criterion at the best point reached from it.
    pub value: f64,
    /// Outer iterations.
    pub iterations: usize,
    /// Whether the point is stationary.
    pub converged: bool,
    /// Why the solver ended.
    pub stop_reason: StopReason,
}

/// One attempt of the ladder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptReport {
    /// The plan.
    pub plan: OuterPlan,
    /// Solver runs: 1 and the retries.
    pub runs: usize,
    /// Outer iterations of all runs.
    pub iterations: usize,
    /// Evaluations of all runs.
    pub evaluations: EvaluationCounts,
    /// Why it ended; none where no seed gave a result.
    pub stop_reason: Option<StopReason>,
    /// The best value.
    pub value: Option<f64>,
    /// Why the fixed point handed over, if it did.
    pub fallback: Option<FallbackReason>,
    /// The seeds that were started, of all runs.
    pub seeds: Vec<SeedReport>,
    /// How all seeds failed, where they did.
    pub failure: Option<SeedFailure>,
}

/// The result of a run: the best point of all seeds, retries and attempts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OuterResult {
    /// The point θ (n).
    pub rho: Vec<f64>,
    /// The criterion there.
    pub final_value: f64,
    /// Outer iterations of all solver runs.
    pub iterations: usize,
    /// 2-norm of the gradient there.
    pub final_grad_norm: Option<f64>,
    /// The gradient there (n).
    pub final_gradient: Option<Vec<f64>>,
    /// The Hessian there (n × n by rows), where a solver had it.
    pub final_hessian: Option<Vec<f64>>,
    /// True only if the point is stationary by the common test and the certificate does not contradict it.
    pub converged: bool,
    /// Why the run ended.
    pub stop_reason: StopReason,
    /// The plan that reached the point; none without parameters.
    pub plan_used: Option<OuterPlan>,
    /// The name of the solver that reached it (`BFGS`, `ARC`, …).
    pub method: String,
    /// Last radius of the matrix-free trust region.
    pub operator_trust_radius: Option<f64>,
    /// Why the matrix-free trust region ended.
    pub operator_stop_reason: Option<StopReason>,
    /// The test of stationarity at the point; none where there is no gradient.
    pub stationarity: Option<StationarityReport>,
    /// The first-order audit; none where `certificate_absent` says why.
    pub criterion_certificate: Option<CriterionCertificate>,
    /// Why there is no certificate.
    pub certificate_absent: Option<String>,
    /// True if the certificate found that the gradient is not that of the criterion: nothing here is to be trusted.
    pub criterion_broken: bool,
    /// Whether the smoothing parameters are as normal as the Hessian says; none after one iteration and in cancelled runs.
    pub uncertainty: Option<UncertaintyDiagnostic>,
    /// What the run had to do with the cache; none without one.
    pub cache: Option<CacheReport>,
    /// The run's context.
    pub context: String,
    /// Inner coefficients at the point, where the objective gave them.
    pub inner_beta: Option<Vec<f64>>,
    /// Every attempt.
    pub attempts: Vec<AttemptReport>,
    /// Evaluations of all attempts and of the certificate.
    pub evaluations: EvaluationCounts,
    /// The iterations of the solver run that reached the point.
    pub path: Vec<OuterIteration>,
    /// FNV-1a 64 over the bytes of `rho` and `final_value`.
    pub digest: String,
}

impl OuterResult {
    /// The gradient norm in three digits, or `n/a`.
    pub fn final_grad_norm_report(&self) -> String {
        self.final_grad_norm.map_or_else(|| "n/a".to_owned(), |norm| format!("{norm:.3e}"))
    }
}

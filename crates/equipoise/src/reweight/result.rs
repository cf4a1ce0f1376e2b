//! What a solve returns.

use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::certificate::Certificate;
use super::options::Method;
use super::problem::ReweightProblem;
use crate::control::IterationRecord;
use crate::numeric::digest::Digest;
use crate::numeric::parallel::Workers;
use crate::numeric::sum::{dot, sum};
use crate::status::Status;

/// How a solve of the penalty form can end: it is never infeasible.
pub const PENALTY_STATUSES: [Status; 5] = [
    Status::Converged,
    Status::NotCertified,
    Status::IterationLimit,
    Status::Cancelled,
    Status::NumericalFailure,
];

/// One target, read from the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetResult {
    /// The target's name.
    pub name: String,
    /// The total asked for.
    pub target: f64,
    /// The total at the design weights.
    pub before: f64,
    /// The total at the final weights.
    pub after: f64,
    /// (after − target)/|target|; for a target of 0, `after` itself.
    pub relative_error: f64,
    /// Change of the objective per unit of the scaled value cⱼ = tⱼ/sⱼ, B and λ held fixed: −vⱼsⱼ.
    pub price: f64,
    /// True if no record counts for the target.
    pub impossible: bool,
}

/// One rung of the ladder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// The method that ran.
    pub method: Method,
    /// How it ended, judged by the certificate.
    pub outcome: Status,
    /// Why its loop stopped, in words.
    pub message: String,
    /// Iterations it took.
    pub iterations: u32,
    /// The certified distance bound of its answer; `None` where it gave none.
    pub distance_bound: Option<f64>,
}

/// An order statistic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quantile {
    /// Probability p.
    pub probability: f64,
    /// The ⌈pn⌉-th smallest of n.
    pub value: f64,
}

/// How the multipliers and weights are distributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Distribution {
    /// Least multiplier.
    pub minimum: f64,
    /// Largest multiplier.
    pub maximum: f64,
    /// Mean multiplier.
    pub mean: f64,
    /// Of the multipliers.
    pub quantiles: Vec<Quantile>,
    /// Kish's design effect of the final weights, 1 + cv²(w) = n Σw²/(Σw)².
    pub design_effect: f64,
    /// n divided by the design effect.
    pub effective_sample_size: f64,
    /// Σ w⁰
    pub sum_of_weights_before: f64,
    /// Σ w
    pub sum_of_weights_after: f64,
}

/// What the multipliers of an answer say by themselves, in any form.
pub(super) struct FinalWeights {
    /// wᵢ = w⁰ᵢmᵢ (n, rounded product).
    pub weights: Vec<f64>,
    pub digest: Digest,
    pub distribution: Distribution,
}

impl FinalWeights {
    pub(super) fn new(problem: &ReweightProblem, multipliers: &[f64], workers: &Workers) -> Self {
        let weights: Vec<f64> = multipliers.iter().zip(&problem.design_weights).map(|(m, w)| w * m).collect();
        // The digest walks the bytes one by one; the distribution selects order statistics: side by side.
        let (digest, distribution) = workers.join(
            || Digest::of(multipliers.iter().copied()),
            || Distribution::new(problem, multipliers, &weights),
        );
        Self { weights, digest, distribution }
    }
}

/// Seconds of each part of a solve. Times never enter an answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timing {
    /// Threads used.
    pub threads: usize,
    /// Constants of the form (c, L₀, κ) in double-double.
    pub form_seconds: f64,
    /// Finding groups of identical records, and the solve over these.
    pub grouping_seconds: f64,
    /// Passes over the non-zeros and the line searches of newton.
    pub passes_seconds: f64,
    /// Gram matrices of newton.
    pub gram_seconds: f64,
    /// Cholesky factorisations of newton.
    pub cholesky_seconds: f64,
    /// The double-double finish of newton.
    pub finish_seconds: f64,
    /// The lbfgsb rung.
    pub lbfgsb_seconds: f64,
    /// The clarabel rung.
    pub clarabel_seconds: f64,
    /// The independent certificate.
    pub certificate_seconds: f64,
    /// Reading the answer: targets, distribution, digest.
    pub report_seconds: f64,
    /// The whole solve.
    pub total_seconds: f64,
}

/// An answer with its certificate.
#[derive(Debug, Clone)]
pub struct Reweighting {
    /// How the solve ended: `Converged` only if the certificate holds.
    pub status: Status,
    /// The status in words.
    pub message: String,
    /// The method that made the answer.
    pub method: Method,
    /// Final weights wᵢ = w⁰ᵢmᵢ (n, rounded product).
    pub weights: Array1<f64>,
    /// Multipliers mᵢ (n).
    pub multipliers: Array1<f64>,
    /// Dual values vⱼ = 2(Bᵀm − c)ⱼ/sⱼ at the solution (k), leading doubles: −vⱼ is the change of the objective per unit of the
    /// total tⱼ, the scale held fixed.
    pub dual: Array1<f64>,
    /// The rest of each dual value: the dual point is `dual + dual_low`, unevaluated.
    pub dual_low: Array1<f64>,
    /// The independent residual check of (multipliers, dual).
    pub certificate: Certificate,
    /// One row per target.
    pub targets: Vec<TargetResult>,
    /// Distribution of multipliers and weights.
    pub distribution: Distribution,
    /// Every rung that ran.
    pub attempts: Vec<Attempt>,
    /// Every iteration of every rung.
    pub history: Vec<IterationRecord>,
    /// Iterations of the method that made the answer.
    pub iterations: u32,
    /// Remarks on data and answer.
    pub warnings: Vec<String>,
    /// Targets that no record counts for.
    pub impossible_targets: Vec<usize>,
    /// Groups of identical records that the plain iteration ran over; the number of records where there were none.
    pub num_groups: usize,
    /// Smallest scaled pivot of the last factorisation (newton only).
    pub smallest_pivot: Option<f64>,
    /// FNV-1a 64 over the little-endian IEEE bytes of the multipliers.
    pub digest: Digest,
    /// Seconds of each part.
    pub timing: Timing,
}

const PROBABILITIES: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

impl Distribution {
    /// Of multipliers and weights.
    pub(super) fn new(problem: &ReweightProblem, multipliers: &[f64], weights: &[f64]) -> Self {
        let n = multipliers.len();
        let total = sum(weights);
        let design_effect = n as f64 * dot(weights, weights) / (total * total);
        let mut values = multipliers.to_vec();
        // The probabilities ascend: everything before the last quantile is at its place already.
        let mut placed = 0;
        let quantiles = PROBABILITIES.map(|p| {
            let rank = ((p * n as f64).ceil() as usize).clamp(1, n) - 1;
            let value = *values[placed..].select_nth_unstable_by(rank - placed, f64::total_cmp).1;
            placed = rank;
            Quantile { probability: p, value }
        });
        Self {
            minimum: multipliers.iter().copied().fold(f64::INFINITY, f64::min),
            maximum: multipliers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            mean: sum(multipliers) / n as f64,
            quantiles: quantiles.to_vec(),
            design_effect,
            effective_sample_size: n as f64 / design_effect,
            sum_of_weights_before: sum(&problem.design_weights),
            sum_of_weights_after: total,
        }
    }
}

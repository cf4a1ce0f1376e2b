//! What a band solve returns.

use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::certificate::{BandCertificate, violation};
use super::form::BandForm;
use super::options::{BandMethod, BandWeight};
use crate::control::IterationRecord;
use crate::numeric::dd::{Dd, Uncertain};
use crate::numeric::digest::Digest;
use crate::reweight::result::{Distribution, Timing};
use crate::status::Status;

/// The edge of a band that presses on the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// The total would be lower without the band.
    Lower,
    /// The total would be higher without the band.
    Upper,
    /// The band could be dropped without changing the answer.
    None,
}

/// One target, read from the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BandTargetResult {
    /// The target's name.
    pub name: String,
    /// The total asked for.
    pub target: f64,
    /// Lower edge of the band, in units of the total.
    pub lower: f64,
    /// Upper edge of the band, in units of the total.
    pub upper: f64,
    /// What a total outside the band costs: Mⱼ, the importance counted in, or hard.
    pub weight: BandWeight,
    /// The total at the design weights.
    pub before: f64,
    /// The total at the final weights.
    pub after: f64,
    /// (after − target)/|target|; for a target of 0, `after` itself.
    pub relative_error: f64,
    /// Which edge presses.
    pub binding: Binding,
    /// How far the final total lies outside its band, in units of the total.
    pub outside: f64,
    /// Change of the objective per +1 unit of the total, the band moving along at its width and B held fixed.
    pub price_per_unit: f64,
    /// Change of the objective per +1 % of |total| in the target's tolerance, at both edges: never positive. For a total of 0
    /// it is per +0.01 of the absolute tolerance.
    pub price_per_percent: f64,
    /// True if no record counts for the target.
    pub impossible: bool,
}

/// A direction y, 0 at every elastic target, that proves that the hard bands cannot hold together: over all multipliers within
/// the bounds, y·(Bᵀm) exceeds what the bands allow by at least `margin`.
#[derive(Debug, Clone, PartialEq)]
pub struct BandInfeasibility {
    /// yⱼ/sⱼ (k): the weight of each total in the contradiction.
    pub direction: Array1<f64>,
    /// Proven excess, positive.
    pub margin: f64,
}

/// One rung of the ladder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BandAttempt {
    /// The method that ran.
    pub method: BandMethod,
    /// How it ended, judged by the certificate.
    pub outcome: Status,
    /// Why its loop stopped, in words.
    pub message: String,
    /// Iterations it took.
    pub iterations: u32,
    /// The certified distance bound of its answer; `None` where it gave none.
    pub distance_bound: Option<f64>,
}

/// An answer with its certificate.
#[derive(Debug, Clone)]
pub struct BandReweighting {
    /// How the solve ended: `Converged` only if the certificate holds, `Infeasible` only with a proof.
    pub status: Status,
    /// The status in words.
    pub message: String,
    /// The method that made the answer.
    pub method: BandMethod,
    /// Final weights wᵢ = w⁰ᵢmᵢ (n, rounded product).
    pub weights: Array1<f64>,
    /// Multipliers mᵢ (n).
    pub multipliers: Array1<f64>,
    /// Dual values vⱼ = yⱼ/sⱼ (k), leading doubles: positive where the upper edge presses, negative where the lower does; −vⱼ is
    /// the change of the objective per unit of that edge, in units of the total.
    pub dual: Array1<f64>,
    /// The rest of each dual value: the dual point is `dual + dual_low`, unevaluated.
    pub dual_low: Array1<f64>,
    /// The independent check of (multipliers, dual).
    pub certificate: BandCertificate,
    /// One row per target.
    pub targets: Vec<BandTargetResult>,
    /// Distribution of multipliers and weights.
    pub distribution: Distribution,
    /// Every rung that ran.
    pub attempts: Vec<BandAttempt>,
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
    /// The proof behind the status `Infeasible`.
    pub infeasibility: Option<BandInfeasibility>,
    /// Smallest scaled pivot of the last factorisation (proximal newton only).
    pub smallest_pivot: Option<f64>,
    /// FNV-1a 64 over the little-endian IEEE bytes of the multipliers.
    pub digest: Digest,
    /// Seconds of each part.
    pub timing: Timing,
}

/// Reads every target from the totals (Bᵀm and Aᵀw) and the dual point.
pub(super) fn target_results(
    form: &BandForm<'_>,
    dual: &[Dd],
    scaled: &[Uncertain],
    after: &[Dd],
) -> Vec<BandTargetResult> {
    let problem = form.problem;
    (0..form.num_targets())
        .map(|j| {
            let target = &problem.targets[j];
            let total = after[j].to_f64();
            let v = dual[j].to_f64();
            let percent = 0.01 * if target.total == 0.0 { 1.0 } else { target.total.abs() };
            BandTargetResult {
                name: target.name.clone(),
                target: target.total,
                lower: form.lower[j].value.times(form.scale[j]).to_f64(),
                upper: form.upper[j].value.times(form.scale[j]).to_f64(),
                weight: form.elastic[j].map_or(BandWeight::Hard, BandWeight::Elastic),
                before: problem.moments.before[j].to_f64(),
                after: total,
                relative_error: if target.total == 0.0 {
                    total
                } else {
                    (after[j] - Dd::from(target.total)).to_f64() / target.total.abs()
                },
                binding: if v > 0.0 {
                    Binding::Upper
                } else if v < 0.0 {
                    Binding::Lower
                } else {
                    Binding::None
                },
                outside: violation(form, j, scaled[j].value) * form.scale[j],
                price_per_unit: -v,
                price_per_percent: -v.abs() * percent,
                impossible: problem.matrix.column(j).0.is_empty(),
            }
        })
        .collect()
}

//! The independent certificate of the penalty form: what an answer is worth, from the data alone.
//!
//! For any multipliers m within the bounds and any dual point y, two statements hold whatever made them (P, D, F as in
//! the form; m(y) the multipliers that belong to y):
//!
//! * *gap*: 0 ≤ P(m) − P* ≤ P(m) − D(y) = ‖Bᵀm − c − y/2‖² + Σ λᵢ[(mᵢ − mᵢ(y))² + 2(mᵢ − mᵢ(y))(mᵢ(y) − zᵢ)], a sum of
//!   non-negative terms without cancellation;
//! * *dual residual*: F is strongly monotone with modulus ½ and 2Σλᵢ(mᵢ(y) − mᵢ*)² ≤ ½‖F(y)‖², so that
//!   |mᵢ − mᵢ*| ≤ |mᵢ − mᵢ(y)| + ‖F(y)‖/(2√λᵢ) for every record.
//!
//! Both are evaluated in double-double, and the a-priori error of that evaluation is added to the bound: it is a proof
//! for the problem whose data are the doubles given.

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::dual_evaluation::DualEvaluation;
use super::options::ReweightOptions;
use super::penalty::PenaltyForm;
use super::problem::ReweightProblem;
use super::result::TargetResult;
use crate::certificate::box_residuals::{BoxResiduals, larger};
use crate::error::{InputCode, InputError};
use crate::numeric::dd::{self, DD_EPSILON, Dd, Uncertain};
use crate::numeric::dd_accumulators::Accumulator;
use crate::numeric::digest::Digest;
use crate::numeric::parallel::Workers;

/// Every number of the check. All are for the doubles returned, not for the pairs behind them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// P(m): loss plus penalty.
    pub objective: f64,
    /// ‖Bᵀm − c‖², the sum of squared scaled misses.
    pub loss: f64,
    /// P(m) − D(y) ≥ P(m) − P* ≥ 0.
    pub duality_gap: f64,
    /// The gap divided by max(P(m), smallest positive number).
    pub relative_gap: f64,
    /// maxᵢ |mᵢ − mᵢ*| is at most this.
    pub distance_bound: f64,
    /// maxᵢ |mᵢ − mᵢ*|/|mᵢ| is at most this.
    pub relative_distance_bound: f64,
    /// The part of the bound that is not the rounding of the answer to doubles: it bounds |mᵢ(y) − mᵢ*|.
    pub bound_before_rounding: f64,
    /// Upper bound on ‖F(y)‖.
    pub dual_residual: f64,
    /// maxᵢ |mᵢ − clip(mᵢ − ∂P/∂mᵢ)|.
    pub stationarity: f64,
    /// maxᵢ distance of mᵢ from [loᵢ, hiᵢ].
    pub feasibility: f64,
    /// maxᵢ of max(∂P/∂mᵢ, 0)(mᵢ − loᵢ) and max(−∂P/∂mᵢ, 0)(hiᵢ − mᵢ).
    pub complementarity: f64,
    /// Multipliers at their lower bound.
    pub num_at_lower: u32,
    /// Multipliers at their upper bound.
    pub num_at_upper: u32,
}

/// The result of [`ReweightProblem::certify`].
#[derive(Debug, Clone)]
pub struct Certification {
    /// The certificate.
    pub certificate: Certificate,
    /// One row per target.
    pub targets: Vec<TargetResult>,
    /// |mᵢ − mᵢ*| is at most this, for every record (n).
    pub distance_bounds: Vec<f64>,
    /// Digest of the multipliers.
    pub digest: Digest,
}

/// A dual point v held as `high + low`, unevaluated (k each), −vⱼ being the change of the objective per unit of the total tⱼ with
/// the scale held fixed. In the penalty form vⱼ = 2(Bᵀm − c)ⱼ/sⱼ at the solution.
#[derive(Debug, Clone, Copy)]
pub struct DualPoint<'a> {
    /// Leading doubles.
    pub high: ArrayView1<'a, f64>,
    /// The rest; `None` means zeros.
    pub low: Option<ArrayView1<'a, f64>>,
}

impl DualPoint<'_> {
    /// The point as pairs.
    ///
    /// # Errors
    /// Not k numbers, one that is not finite.
    pub(super) fn pairs(&self, num_targets: usize) -> Result<Vec<Dd>, InputError> {
        let high = checked(self.high, "dual", num_targets)?;
        let low = match self.low {
            Some(low) => checked(low, "dualLow", num_targets)?,
            None => vec![0.0; high.len()],
        };
        Ok(high.iter().zip(&low).map(|(&h, &l)| Dd::sum(h, l)).collect())
    }
}

impl ReweightProblem {
    /// Checks an answer from anywhere, without the solver: multipliers (n) and, if known, the dual point that comes with
    /// them; without one v = 2(Bᵀm − c) ⊘ s is used, whose bound is weaker.
    ///
    /// # Errors
    /// A penalty out of range, lengths that differ, numbers that are not finite; `penalty` where the form is undefined because
    /// the design weights meet every target exactly.
    pub fn certify(
        &self,
        multipliers: ArrayView1<'_, f64>,
        dual: Option<DualPoint<'_>>,
        penalty: f64,
        threads: usize,
    ) -> Result<Certification, InputError> {
        let options = ReweightOptions { penalty, threads, ..ReweightOptions::default() };
        options.validate(self.num_records(), self.num_targets())?;
        let multipliers = checked(multipliers, "multipliers", self.num_records())?;
        let dual = dual.map(|point| point.pairs(self.num_targets())).transpose()?;
        let workers = Workers::new(threads);
        let form = PenaltyForm::new(self, penalty, &workers);
        let primal = Primal::new(&form, &multipliers);
        let (certificate, targets, bounds) = if self.moments.initial_loss == Dd::ZERO {
            self.check_zero_loss()?;
            zero_loss(&form, &multipliers, &primal)
        } else {
            let dual = dual.unwrap_or_else(|| primal.dual(&form));
            let mut evaluation = DualEvaluation::new(&form);
            form.evaluate_dual(&dual, Some(&multipliers), &mut evaluation);
            let certificate = certificate(&form, &dual, &evaluation, &primal);
            let gap = certificate.duality_gap;
            let bounds = (0..multipliers.len()).map(|i| record_bound(&form, &evaluation, gap, i)).collect();
            (certificate, primal.target_results(&form, &dual), bounds)
        };
        Ok(Certification { certificate, targets, distance_bounds: bounds, digest: Digest::of(multipliers) })
    }
}

/// `values` as a slice of the given length and of finite numbers.
pub(super) fn checked(
    values: ArrayView1<'_, f64>,
    path: &str,
    length: usize,
) -> Result<Vec<f64>, InputError> {
    if values.len() != length {
        return Err(InputError::length(path, length, values.len()));
    }
    match values.iter().position(|v| !v.is_finite()) {
        Some(i) => Err(InputError::not_finite(format!("{path}[{i}]"), values[i])),
        None => Ok(values.to_vec()),
    }
}

/// Bᵀm − c and the totals of an answer, in double-double.
pub(super) struct Primal {
    misses: Vec<Uncertain>,
    after: Vec<Dd>,
}

impl Primal {
    pub fn new(form: &PenaltyForm<'_>, answer: &[f64]) -> Self {
        let (misses, after) = form.misses(answer);
        Self { misses, after }
    }

    /// v = 2(Bᵀm − c) ⊘ s: the dual point that an answer without one is checked with.
    pub fn dual(&self, form: &PenaltyForm<'_>) -> Vec<Dd> {
        self.misses
            .iter()
            .zip(&form.moments.scale)
            .map(|(r, &s)| ((r.value + r.value) / s).renormalised())
            .collect()
    }

    pub fn target_results(&self, form: &PenaltyForm<'_>, dual: &[Dd]) -> Vec<TargetResult> {
        let problem = form.problem;
        (0..problem.num_targets())
            .map(|j| {
                let target = &problem.targets[j];
                let after = self.after[j].to_f64();
                let miss = (self.after[j] - Dd::from(target.total)).to_f64();
                TargetResult {
                    name: target.name.clone(),
                    target: target.total,
                    before: form.moments.before[j].to_f64(),
                    after,
                    relative_error: if target.total == 0.0 { after } else { miss / target.total.abs() },
                    price: -(dual[j] * form.moments.scale[j]).to_f64(),
                    impossible: problem.matrix.column(j).0.is_empty(),
                }
            })
            .collect()
    }
}

/// The smallest proven bound on |mᵢ − mᵢ*|: by the dual residual, by the gap, and by the interval itself.
fn record_bound(form: &PenaltyForm<'_>, evaluation: &DualEvaluation, gap: f64, i: usize) -> f64 {
    // Two roundings and that of κ: far below the factor.
    let by_residual =
        (evaluation.deviation(form, i) + evaluation.residual_bound * form.sensitivity(i)) * (1.0 + 1e-12);
    let (lower, upper) = form.problem.bounds.of(i);
    let answer = evaluation.answer[i];
    let by_interval = (answer - lower).max(upper - answer).next_up();
    let by_gap = 2.0 * gap.sqrt() * form.sensitivity(i);
    if by_residual.is_nan() || !(lower..=upper).contains(&answer) {
        return by_residual;
    }
    by_residual.min(by_interval).min(by_gap)
}

/// The certificate of the answer in `evaluation`, which belongs to the dual point `dual`.
pub(super) fn certificate(
    form: &PenaltyForm<'_>,
    dual: &[Dd],
    evaluation: &DualEvaluation,
    primal: &Primal,
) -> Certificate {
    let answer = &evaluation.answer;
    let loss = dd::sum(primal.misses.iter().map(|r| r.value.square())).to_f64();
    let objective = loss + penalty_term(form, answer);
    let target_gap: f64 = (primal.misses.iter().zip(dual).zip(&form.moments.scale))
        .map(|((r, &v), &s)| {
            let half = (v * s).times(0.5);
            let apart = (r.value - half).to_f64().abs() + r.error + 4.0 * DD_EPSILON * half.high.abs();
            apart * apart
        })
        .sum();
    // The factor covers the roundings of plain sums of non-negative terms.
    let duality_gap = (target_gap + evaluation.record_gap) * (1.0 + 1e-9);
    let partial = form.workers.map_chunks(answer.len(), |range| {
        range.fold((0.0f64, 0.0f64), |(absolute, relative), i| {
            let bound = record_bound(form, evaluation, duality_gap, i);
            let ratio = if bound == 0.0 { 0.0 } else { bound / answer[i].abs() };
            (larger(absolute, bound), larger(relative, ratio))
        })
    });
    let (distance_bound, relative_distance_bound) =
        partial.into_iter().fold((0.0, 0.0), |a, b| (larger(a.0, b.0), larger(a.1, b.1)));
    let residuals = box_residuals(form, answer, primal);
    Certificate {
        objective,
        loss,
        duality_gap,
        relative_gap: duality_gap / objective.max(f64::MIN_POSITIVE),
        distance_bound,
        relative_distance_bound,
        bound_before_rounding: evaluation.evaluation_error
            + evaluation.residual_bound * form.largest_sensitivity(),
        dual_residual: evaluation.residual_bound,
        stationarity: residuals.stationarity,
        feasibility: residuals.feasibility,
        complementarity: residuals.complementarity,
        num_at_lower: residuals.num_at_lower,
        num_at_upper: residuals.num_at_upper,
    }
}

/// Σ λᵢ(mᵢ − 1)²
fn penalty_term(form: &PenaltyForm<'_>, answer: &[f64]) -> f64 {
    let weights = &form.problem.design_weights;
    let partial = form.workers.map_chunks(answer.len(), |range| {
        let mut squares = Accumulator::default();
        for i in range {
            let x = weights[i] * (answer[i] - 1.0);
            squares.add_product(x, x, 0.0);
        }
        squares.value()
    });
    (dd::sum(partial) / (Dd::from(2.0) * form.kappa)).to_f64()
}

/// ∂P/∂mᵢ = 2w⁰ᵢ(A(r ⊘ s))ᵢ + 2λᵢ(mᵢ − 1), r = Bᵀm − c, and what it says at the bounds.
fn box_residuals(form: &PenaltyForm<'_>, answer: &[f64], primal: &Primal) -> BoxResiduals {
    let problem = form.problem;
    let v: Vec<f64> =
        primal.misses.iter().zip(&form.moments.scale).map(|(r, &s)| (r.value / s).to_f64()).collect();
    let mut gradient = vec![0.0; answer.len()];
    problem.matrix.times(&v, &mut gradient, form.workers);
    form.workers.fill(&mut gradient, |start, chunk| {
        for (offset, g) in chunk.iter_mut().enumerate() {
            let i = start + offset;
            *g = 2.0 * (problem.design_weights[i] * *g + form.lambda(i) * (answer[i] - 1.0));
        }
    });
    let partial = form.workers.map_chunks(answer.len(), |range| {
        let start = range.start;
        BoxResiduals::new(&answer[range.clone()], &gradient[range], |i| problem.bounds.of(start + i))
    });
    partial.into_iter().fold(BoxResiduals::default(), BoxResiduals::merge)
}

/// L₀ = 0 in double-double, hence λ = 0. If the design weights meet every target exactly, the answer 1 is exact; for any other
/// nothing is known beyond its loss.
pub(super) fn zero_loss(
    form: &PenaltyForm<'_>,
    answer: &[f64],
    primal: &Primal,
) -> (Certificate, Vec<TargetResult>, Vec<f64>) {
    let exact = form.moments.meets_all_targets && answer.iter().all(|m| *m == 1.0);
    let bound = if exact { 0.0 } else { f64::INFINITY };
    let loss = dd::sum(primal.misses.iter().map(|r| r.value.square())).to_f64();
    let residuals = box_residuals(form, answer, primal);
    let certificate = Certificate {
        objective: loss,
        loss,
        duality_gap: loss,
        relative_gap: if loss == 0.0 { 0.0 } else { 1.0 },
        distance_bound: bound,
        relative_distance_bound: bound,
        bound_before_rounding: bound,
        dual_residual: 0.0,
        stationarity: residuals.stationarity,
        feasibility: residuals.feasibility,
        complementarity: residuals.complementarity,
        num_at_lower: residuals.num_at_lower,
        num_at_upper: residuals.num_at_upper,
    };
    let dual = vec![Dd::ZERO; form.num_targets()];
    (certificate, primal.target_results(form, &dual), vec![bound; answer.len()])
}

impl ReweightProblem {
    /// With L₀ = 0 the form has no unique answer unless every bound includes 1.
    pub(super) fn check_zero_loss(&self) -> Result<(), InputError> {
        for record in 0..self.num_records() {
            let (lower, upper) = self.bounds.of(record);
            if !(lower..=upper).contains(&1.0) {
                return Err(InputError::new(
                    InputCode::NotUnique,
                    "bounds",
                    "bounds that include 1 for every record, since the design weights meet every target (the initial \
                     loss, which scales the penalty, is 0)",
                    format!("[{lower}, {upper}] for record {record}"),
                ));
            }
        }
        Ok(())
    }
}

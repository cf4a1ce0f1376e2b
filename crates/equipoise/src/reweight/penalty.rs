//! The penalty form and its dual, evaluated from the data as given.
//!
//! With Bᵢⱼ = w⁰ᵢAᵢⱼ/sⱼ, cⱼ = tⱼ/sⱼ (sⱼ = tⱼ + 1 unless given) and λᵢ = penalty · L₀ · w⁰ᵢ²/Σw⁰², L₀ = ‖Bᵀ1 − c‖²:
//!
//! ```text
//! min P(m) = ‖Bᵀm − c‖² + Σ λᵢ(mᵢ − 1)²      lo ≤ m ≤ hi
//! F(y) = y/2 + c − Bᵀm(y) = 0                 mᵢ(y) = clip(zᵢ),  zᵢ = 1 − (By)ᵢ/(2λᵢ)
//! ```
//!
//! B is never formed: with v = y ⊘ s and κ = Σw⁰²/(2 · penalty · L₀) the formulas are zᵢ = 1 − κ(Av)ᵢ/w⁰ᵢ and
//! Bᵀm = (Aᵀ(w⁰∘m)) ⊘ s, so that nothing is rounded before the first operation and the Gram matrix over the free
//! records, κ S⁻¹(Σ aᵢaᵢᵀ)S⁻¹, carries no weights.

use super::problem::{Moments, ReweightProblem};
use crate::numeric::dd::{DD_EPSILON, Dd, SplitDd, TripleAccumulator, Uncertain};
use crate::numeric::parallel::{CHUNK, Workers};

/// A problem with its penalty: the operators of the primal and the dual.
pub(super) struct PenaltyForm<'a> {
    pub problem: &'a ReweightProblem,
    pub workers: &'a Workers,
    /// Constants of the data: sⱼ, cⱼ, L₀ and their like.
    pub moments: &'a Moments,
    /// κ; infinite where L₀ = 0.
    pub kappa: Dd,
    /// Bound on the relative error of κ.
    kappa_error: f64,
}

/// m(y), F(y) and what is needed to bound the distance of an answer, all from one dual point held in pairs. The storage
/// is reused from one evaluation to the next.
pub(super) struct DualEvaluation {
    /// mᵢ(y) rounded to double, or the answer given.
    pub answer: Vec<f64>,
    /// mᵢ(y) − answerᵢ
    rest: Vec<f64>,
    /// Largest error of any computed mᵢ(y).
    pub evaluation_error: f64,
    /// F(y) rounded to double (k).
    pub residual: Vec<f64>,
    /// Upper bound on ‖F(y)‖, all evaluation errors included.
    pub residual_bound: f64,
    /// Σ λᵢ[(mᵢ − m̂ᵢ)² + 2(mᵢ − m̂ᵢ)(m̂ᵢ − zᵢ)] for the answer m, errors included: the records' part of the gap.
    pub record_gap: f64,
    /// w⁰ᵢ(mᵢ(y) − 1); the error covers that of mᵢ(y) and the summation over the records.
    weighted: Vec<Uncertain>,
}

impl DualEvaluation {
    pub fn new(form: &PenaltyForm<'_>) -> Self {
        let n = form.num_records();
        Self {
            answer: vec![0.0; n],
            rest: vec![0.0; n],
            evaluation_error: 0.0,
            residual: vec![0.0; form.num_targets()],
            residual_bound: f64::INFINITY,
            record_gap: 0.0,
            weighted: vec![Uncertain::default(); n],
        }
    }
}

/// Records whose row products are formed before their multipliers: the two loops then overlap in the CPU, and the buffer
/// stays in the first-level cache.
const BATCH: usize = 256;

impl<'a> PenaltyForm<'a> {
    pub fn new(problem: &'a ReweightProblem, penalty: f64, workers: &'a Workers) -> Self {
        let moments = &problem.moments;
        let kappa = if moments.initial_loss == Dd::ZERO {
            Dd::from(f64::INFINITY)
        } else {
            moments.sum_of_squares / (Dd::product(2.0, penalty) * moments.initial_loss)
        };
        let kappa_error = moments.ratio_error + 4.0 * DD_EPSILON;
        Self { problem, workers, moments, kappa, kappa_error }
    }

    pub fn num_records(&self) -> usize {
        self.problem.num_records()
    }

    pub fn num_targets(&self) -> usize {
        self.problem.num_targets()
    }

    /// λᵢ = w⁰ᵢ²/(2κ).
    pub fn lambda(&self, i: usize) -> f64 {
        let w = self.problem.design_weights[i];
        w * w / (2.0 * self.kappa.high)
    }

    /// An upper bound on 1/(2√λᵢ) = √(κ/2)/w⁰ᵢ: how far multiplier i may be off per unit of ‖F‖.
    pub fn sensitivity(&self, i: usize) -> f64 {
        self.root_half_kappa() / self.problem.design_weights[i]
    }

    /// max 1/(2√λᵢ)
    pub fn largest_sensitivity(&self) -> f64 {
        self.root_half_kappa() / self.moments.smallest_weight
    }

    fn root_half_kappa(&self) -> f64 {
        (0.5 * self.kappa.high).sqrt() * (1.0 + self.kappa_error + 1e-12)
    }

    /// Misses (Aᵀ(w⁰∘m) − t) ⊘ s of given multipliers with bounds on their errors, and the totals reached.
    pub fn misses(&self, multipliers: &[f64]) -> (Vec<Uncertain>, Vec<Dd>) {
        let weights = &self.problem.design_weights;
        let epsilon = self.problem.matrix.dd_summation_error();
        let mut weighted = vec![Uncertain::default(); weights.len()];
        self.workers.fill(&mut weighted, |start, chunk| {
            for (offset, x) in chunk.iter_mut().enumerate() {
                let value = Dd::product(weights[start + offset], multipliers[start + offset]);
                *x = Uncertain { value, error: epsilon * value.high.abs() };
            }
        });
        let after = self.problem.matrix.transposed_times_dd(&weighted, self.workers);
        let miss = |j: usize, after: &Uncertain| {
            let (total, scale) = (Dd::from(self.problem.targets[j].total), self.moments.scale[j]);
            let value = (after.value - total) / scale;
            let error = after.error / scale.high.abs()
                + 4.0 * DD_EPSILON * (value.high.abs() + self.moments.c[j].high.abs());
            Uncertain { value, error: error * (1.0 + 1e-9) }
        };
        let misses = after.iter().enumerate().map(|(j, after)| miss(j, after)).collect();
        (misses, after.into_iter().map(|sum| sum.value).collect())
    }

    /// Evaluates the dual point y = s ∘ v. The answer to bound is `given`, or m(y) rounded.
    ///
    /// The point is given by v because (Av)ᵢ cancels by many orders of magnitude where targets nearly contradict one another:
    /// v must then be exact, and its product is summed in three levels. y itself enters only as y/2.
    pub fn evaluate_dual(&self, v: &[Dd], given: Option<&[f64]>, out: &mut DualEvaluation) {
        self.evaluate_records(v, given, out);
        let sums = self.problem.matrix.transposed_times_dd(&out.weighted, self.workers);
        let mut squared_bound = 0.0;
        for (j, sum) in sums.iter().enumerate() {
            let (scale, initial) = (self.moments.scale[j], self.moments.initial_miss[j]);
            let moved = sum.value / scale;
            let half = (v[j] * scale).times(0.5);
            let f = (half - initial.value - moved).to_f64();
            let error = initial.error
                + sum.error / scale.high.abs()
                + 4.0 * DD_EPSILON * (half.high.abs() + initial.value.high.abs() + moved.high.abs());
            let bound = f.abs() * (1.0 + f64::EPSILON) + error * (1.0 + 1e-9);
            squared_bound += bound * bound;
            out.residual[j] = f;
        }
        out.residual_bound = squared_bound.sqrt() * (1.0 + 1e-9);
    }

    /// The part of [`PenaltyForm::evaluate_dual`] that runs over the records.
    fn evaluate_records(&self, v: &[Dd], given: Option<&[f64]>, out: &mut DualEvaluation) {
        let split: Vec<SplitDd> = v.iter().map(|&v| SplitDd::from(v)).collect();
        let epsilon = self.problem.matrix.dd_summation_error() + DD_EPSILON;
        let mut totals = vec![(0.0, 0.0f64); out.answer.len().div_ceil(CHUNK)];
        let parts = (out.answer.chunks_mut(CHUNK).zip(out.rest.chunks_mut(CHUNK)))
            .zip(out.weighted.chunks_mut(CHUNK).zip(&mut totals))
            .enumerate()
            .collect();
        self.workers.for_each(parts, |(chunk, ((answers, rests), (weighted, totals)))| {
            let mut products = [(Dd::ZERO, 0.0); BATCH];
            for start in (0..answers.len()).step_by(BATCH) {
                let end = (start + BATCH).min(answers.len());
                let first = chunk * CHUNK + start;
                let products = &mut products[..end - start];
                for (offset, product) in products.iter_mut().enumerate() {
                    *product = self.row_product(first + offset, &split);
                }
                for (offset, &(product, summation_error)) in products.iter().enumerate() {
                    let (i, slot) = (first + offset, start + offset);
                    let point = self.record_point(i, product, summation_error);
                    let answer = given.map_or((Dd::ONE + point.moved).to_f64(), |m| m[i]);
                    let rest = (point.moved - Dd::sum(answer, -1.0)).to_f64();
                    let beyond = (point.moved - point.unclipped).to_f64();
                    let weight = self.problem.design_weights[i];
                    answers[slot] = answer;
                    rests[slot] = rest;
                    let value = point.moved.times(weight);
                    let error = weight * point.error + epsilon * value.high.abs();
                    weighted[slot] = Uncertain { value, error };
                    let apart = rest.abs() + point.error;
                    let slack = if beyond == 0.0 { 0.0 } else { beyond.abs() + point.error };
                    totals.0 += weight * weight * (apart * apart + 2.0 * apart * slack);
                    totals.1 = totals.1.max(point.error);
                }
            }
        });
        out.evaluation_error = totals.iter().map(|t| t.1).fold(0.0, f64::max);
        let record_gap = totals.iter().map(|t| t.0).sum::<f64>() / (2.0 * self.kappa.high);
        out.record_gap = record_gap * (1.0 + self.kappa_error);
    }

    /// (Av)ᵢ and a bound on the error of its summation.
    #[inline(always)]
    fn row_product(&self, i: usize, v: &[SplitDd]) -> (Dd, f64) {
        let (columns, values) = self.problem.matrix.row(i);
        let mut product = TripleAccumulator::default();
        product.add_row(columns, values, v);
        (product.value(), TripleAccumulator::relative_error(columns.len()) * product.magnitude())
    }

    /// zᵢ and mᵢ from (Av)ᵢ, with an a-priori bound on the error of mᵢ.
    #[inline(always)]
    fn record_point(&self, i: usize, product: Dd, summation_error: f64) -> RecordPoint {
        let weight = self.problem.design_weights[i];
        let unclipped = -(product * self.kappa).over(weight);
        let error = (1.0 + 1e-9)
            * (summation_error * (self.kappa.high / weight)
                + (self.kappa_error + 6.0 * DD_EPSILON) * unclipped.high.abs());
        let (lower, upper) = self.problem.bounds.of(i);
        let (lower, upper) = (Dd::sum(lower, -1.0), Dd::sum(upper, -1.0));
        let clipped = |bound: Dd| RecordPoint {
            unclipped,
            moved: bound,
            // A point within rounding of the bound may belong on its other side.
            error: if (unclipped - bound).high.abs() > error { 0.0 } else { error },
        };
        if unclipped <= lower {
            clipped(lower)
        } else if unclipped >= upper {
            clipped(upper)
        } else {
            RecordPoint { unclipped, moved: unclipped, error }
        }
    }
}

impl DualEvaluation {
    /// A bound on |answerᵢ − mᵢ(y)|.
    pub fn deviation(&self, form: &PenaltyForm<'_>, i: usize) -> f64 {
        // The error of w⁰ᵢ(mᵢ(y) − 1) over w⁰ᵢ is at least that of mᵢ(y).
        (self.rest[i].abs() + self.weighted[i].error / form.problem.design_weights[i]) * (1.0 + 1e-12)
    }

    /// Rounds mᵢ(y) + correctionᵢ instead of mᵢ(y).
    pub fn round_corrected(&mut self, correction: impl Fn(usize) -> f64 + Sync + Send, workers: &Workers) {
        let parts = self.answer.chunks_mut(CHUNK).zip(self.rest.chunks_mut(CHUNK)).enumerate().collect();
        workers.for_each(parts, |(chunk, (answers, rests))| {
            for (offset, (answer, rest)) in answers.iter_mut().zip(rests).enumerate() {
                let rounded = *answer + (*rest + correction(chunk * CHUNK + offset));
                *rest += *answer - rounded;
                *answer = rounded;
            }
        });
    }
}

/// A record's place at a dual point, as the distance from its design weight.
struct RecordPoint {
    /// zᵢ − 1
    unclipped: Dd,
    /// mᵢ − 1
    moved: Dd,
    error: f64,
}

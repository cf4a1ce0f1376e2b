//! A dual point evaluated in double-double: the multipliers that belong to it, with a bound on every rounding.
//!
//! The forms share the record side: mᵢ(y) = clip(zᵢ) where zᵢ is an affine function of (Av)ᵢ, v = y ⊘ s. Only that function
//! and the weight of (mᵢ − 1)² differ.

use super::problem::ReweightProblem;
use crate::numeric::dd::{DD_EPSILON, Dd, SplitDd, TripleAccumulator, Uncertain};
use crate::numeric::parallel::{CHUNK, Workers};

/// What a form says about its records.
pub(super) trait RecordTerms: Sync {
    fn problem(&self) -> &ReweightProblem;
    fn workers(&self) -> &Workers;
    /// zᵢ from (Av)ᵢ, whose summation error is given, with a bound on the error of zᵢ.
    fn unclipped(&self, i: usize, product: Dd, summation_error: f64) -> Uncertain;
    /// The weight of (mᵢ − 1)² in the objective, up to a common factor.
    fn curvature(&self, i: usize) -> f64;
}

/// m(y), F(y) and what is needed to bound the distance of an answer, all from one dual point held in pairs. The storage
/// is reused from one evaluation to the next.
pub(super) struct DualEvaluation {
    /// mᵢ(y) rounded to double, or the answer given.
    pub answer: Vec<f64>,
    /// Per record: |answerᵢ − mᵢ(y)| + error of mᵢ(y).
    pub deviation: Vec<f64>,
    /// Largest error of any computed mᵢ(y).
    pub evaluation_error: f64,
    /// F(y) rounded to double (k).
    pub residual: Vec<f64>,
    /// Upper bound on ‖F(y)‖, all evaluation errors included.
    pub residual_bound: f64,
    /// Σ λᵢ[(mᵢ − m̂ᵢ)² + 2(mᵢ − m̂ᵢ)(m̂ᵢ − zᵢ)] for the answer m, errors included: the records' part of the gap.
    pub record_gap: f64,
    /// w⁰ᵢmᵢ(y); the error covers the summation over the records.
    pub weighted: Vec<Uncertain>,
}

/// Records whose row products are formed before their multipliers: the two loops then overlap in the CPU, and the buffer
/// stays in the first-level cache.
const BATCH: usize = 256;

impl DualEvaluation {
    pub fn new(form: &impl RecordTerms) -> Self {
        let n = form.problem().num_records();
        Self {
            answer: vec![0.0; n],
            deviation: vec![0.0; n],
            evaluation_error: 0.0,
            residual: vec![0.0; form.problem().num_targets()],
            residual_bound: f64::INFINITY,
            record_gap: 0.0,
            weighted: vec![Uncertain::default(); n],
        }
    }

    /// Fills everything that runs over the records: all but the residual. `record_gap` is left in units of the curvature.
    pub fn evaluate_records(&mut self, form: &impl RecordTerms, v: &[Dd], given: Option<&[f64]>) {
        let problem = form.problem();
        let split: Vec<SplitDd> = v.iter().map(|&v| SplitDd::from(v)).collect();
        let epsilon = problem.matrix.dd_summation_error() + DD_EPSILON;
        let mut totals = vec![(0.0, 0.0f64); self.answer.len().div_ceil(CHUNK)];
        let parts = (self.answer.chunks_mut(CHUNK).zip(self.deviation.chunks_mut(CHUNK)))
            .zip(self.weighted.chunks_mut(CHUNK).zip(&mut totals))
            .enumerate()
            .collect();
        form.workers().for_each(parts, |(chunk, ((answers, deviation), (weighted, totals)))| {
            let mut products = [(Dd::ZERO, 0.0); BATCH];
            for start in (0..answers.len()).step_by(BATCH) {
                let end = (start + BATCH).min(answers.len());
                let first = chunk * CHUNK + start;
                let products = &mut products[..end - start];
                for (offset, product) in products.iter_mut().enumerate() {
                    *product = row_product(problem, first + offset, &split);
                }
                for (offset, &(product, summation_error)) in products.iter().enumerate() {
                    let (i, slot) = (first + offset, start + offset);
                    let point = RecordPoint::new(form, i, product, summation_error);
                    let answer = given.map_or(point.multiplier.to_f64(), |m| m[i]);
                    let difference = (Dd::from(answer) - point.multiplier).to_f64();
                    let beyond = (point.multiplier - point.unclipped).to_f64();
                    let weight = problem.design_weights[i];
                    answers[slot] = answer;
                    deviation[slot] = (difference.abs() + point.error) * (1.0 + 4.0 * f64::EPSILON);
                    let value = point.multiplier.times(weight);
                    let error = weight * point.error + epsilon * value.high.abs();
                    weighted[slot] = Uncertain { value, error };
                    let apart = difference.abs() + point.error;
                    let slack = if beyond == 0.0 { 0.0 } else { beyond.abs() + point.error };
                    totals.0 += form.curvature(i) * (apart * apart + 2.0 * apart * slack);
                    totals.1 = totals.1.max(point.error);
                }
            }
        });
        self.evaluation_error = totals.iter().map(|t| t.1).fold(0.0, f64::max);
        self.record_gap = totals.iter().map(|t| t.0).sum::<f64>();
    }
}

/// (Av)ᵢ and a bound on the error of its summation.
#[inline(always)]
pub(super) fn row_product(problem: &ReweightProblem, i: usize, v: &[SplitDd]) -> (Dd, f64) {
    let (columns, values) = problem.matrix.row(i);
    let mut product = TripleAccumulator::default();
    product.add_row(columns, values, v);
    (product.value(), TripleAccumulator::relative_error(columns.len()) * product.magnitude())
}

/// A record's multiplier at a dual point.
#[derive(Clone, Default)]
pub(super) struct RecordPoint {
    /// zᵢ and a bound on its error.
    pub unclipped: Dd,
    pub unclipped_error: f64,
    /// mᵢ(y) and a bound on its error.
    pub multiplier: Dd,
    pub error: f64,
}

impl RecordPoint {
    /// zᵢ and mᵢ from (Av)ᵢ, with an a-priori bound on the error of mᵢ.
    #[inline(always)]
    pub fn new(form: &impl RecordTerms, i: usize, product: Dd, summation_error: f64) -> Self {
        let Uncertain { value: unclipped, error } = form.unclipped(i, product, summation_error);
        let (lower, upper) = form.problem().bounds.of(i);
        let clipped = |bound: f64| Self {
            unclipped,
            unclipped_error: error,
            multiplier: Dd::from(bound),
            // A point within rounding of the bound may belong on its other side.
            error: if (unclipped - Dd::from(bound)).high.abs() > error { 0.0 } else { error },
        };
        if unclipped <= Dd::from(lower) {
            clipped(lower)
        } else if unclipped >= Dd::from(upper) {
            clipped(upper)
        } else {
            Self { unclipped, unclipped_error: error, multiplier: unclipped, error }
        }
    }
}

//! A dual point evaluated in double-double: the multipliers that belong to it, with a bound on every rounding.
//!
//! The forms share the record side: mᵢ(y) = clip(zᵢ) where zᵢ is an affine function of (Av)ᵢ, v = y ⊘ s. Only that function
//! and the weight of (mᵢ − 1)² differ.

use super::problem::{Bounds, ReweightProblem};
use crate::numeric::dd::{DD_EPSILON, Dd, Uncertain, two_sum};
use crate::numeric::dd_accumulators::{RowSum, SplitDd, TripleAccumulator};
use crate::numeric::parallel::{CHUNK, Workers};

/// What a form says about its records.
pub(super) trait RecordTerms: Sync {
    fn problem(&self) -> &ReweightProblem;
    fn workers(&self) -> &Workers;
    /// zᵢ − 1 from (Av)ᵢ, whose summation error is given, with a bound on its error.
    fn unclipped(&self, i: usize, product: Dd, summation_error: f64) -> Uncertain;
    /// The weight of (mᵢ − 1)² in the objective, up to a common factor.
    fn curvature(&self, i: usize) -> f64;
}

/// m(y), F(y) and what is needed to bound the distance of an answer, all from one dual point held in pairs. The storage
/// is reused from one evaluation to the next.
pub(super) struct DualEvaluation {
    /// mᵢ(y) rounded to double, or the answer given.
    pub answer: Vec<f64>,
    /// What else is known of each record: an area's memory is mostly these two vectors.
    points: Vec<Point>,
    /// See [`weighting_error`].
    weighting_error: f64,
    /// Largest error of any computed mᵢ(y).
    pub evaluation_error: f64,
    /// F(y) rounded to double (k).
    pub residual: Vec<f64>,
    /// Upper bound on ‖F(y)‖, all evaluation errors included.
    pub residual_bound: f64,
    /// Σ λᵢ[(mᵢ − m̂ᵢ)² + 2(mᵢ − m̂ᵢ)(m̂ᵢ − zᵢ)] for the answer m, errors included: the records' part of the gap.
    pub record_gap: f64,
}

/// Records whose row products are formed before their multipliers: the two loops then overlap in the CPU, and the buffer
/// stays in the first-level cache.
const BATCH: usize = 256;

impl DualEvaluation {
    pub fn new(form: &impl RecordTerms) -> Self {
        let n = form.problem().num_records();
        Self {
            answer: vec![0.0; n],
            points: vec![Point::default(); n],
            weighting_error: weighting_error(form.problem()),
            evaluation_error: 0.0,
            residual: vec![0.0; form.problem().num_targets()],
            residual_bound: f64::INFINITY,
            record_gap: 0.0,
        }
    }

    /// Fills everything that runs over the records: all but the residual. `record_gap` is left in units of the curvature.
    /// Row products are summed by `S`.
    pub fn evaluate_records<S: RowSum>(&mut self, form: &impl RecordTerms, v: &[Dd], given: Option<&[f64]>) {
        let problem = form.problem();
        let split: Vec<SplitDd> = v.iter().map(|&v| SplitDd::from(v)).collect();
        let epsilon = self.weighting_error;
        let bounds = ShiftedBounds::new(&problem.bounds);
        let mut totals = vec![(0.0, 0.0f64); self.answer.len().div_ceil(CHUNK)];
        let parts = (self.answer.chunks_mut(CHUNK).zip(self.points.chunks_mut(CHUNK)))
            .zip(&mut totals)
            .enumerate()
            .collect();
        form.workers().for_each(parts, |(chunk, ((answers, points), totals))| {
            let mut products = [(Dd::ZERO, 0.0); BATCH];
            for start in (0..answers.len()).step_by(BATCH) {
                let end = (start + BATCH).min(answers.len());
                let first = chunk * CHUNK + start;
                let products = &mut products[..end - start];
                for (offset, product) in products.iter_mut().enumerate() {
                    *product = row_product_by::<S>(problem, first + offset, &split);
                }
                for (offset, &(product, summation_error)) in products.iter().enumerate() {
                    let (i, slot) = (first + offset, start + offset);
                    let point = RecordPoint::new(form, i, product, summation_error, bounds.of(i));
                    let answer = given.map_or_else(|| rounded(point.moved), |m| m[i]);
                    let rest = rest(point.moved, answer);
                    let beyond = beyond(point.moved, point.unclipped);
                    answers[slot] = answer;
                    points[slot] = Point::new(&point, problem.design_weights[i], beyond, epsilon);
                    let apart = rest.abs() + point.error;
                    let slack = if beyond == 0.0 { 0.0 } else { beyond.abs() + point.error };
                    totals.0 += form.curvature(i) * (apart * apart + 2.0 * apart * slack);
                    totals.1 = totals.1.max(point.error);
                }
            }
            problem.matrix.release_rows(chunk * CHUNK..chunk * CHUNK + answers.len());
        });
        self.evaluation_error = totals.iter().map(|t| t.1).fold(0.0, f64::max);
        self.record_gap = totals.iter().map(|t| t.0).sum::<f64>();
    }

    /// Aᵀ(w⁰ ∘ (m(y) − 1)); the errors cover that of m(y) and the summation over the records.
    pub fn moved_totals(&self, form: &impl RecordTerms) -> Vec<Uncertain> {
        let weighted = |i: usize| self.points[i].weighted(self.weighting_error);
        form.problem().matrix.transposed_times_dd_of(weighted, form.workers())
    }

    /// answerᵢ − zᵢ: the derivative of the Lagrangian by mᵢ at the answer, over twice the curvature.
    pub fn slope(&self, form: &impl RecordTerms, i: usize) -> f64 {
        let (moved, beyond) = self.points[i].place(form, i);
        beyond - rest(moved, self.answer[i])
    }

    /// A bound on |answerᵢ − mᵢ(y)|.
    pub fn deviation(&self, form: &impl RecordTerms, i: usize) -> f64 {
        let point = &self.points[i];
        // The error of w⁰ᵢ(mᵢ(y) − 1) over w⁰ᵢ is at least that of mᵢ(y), however that is computed from it.
        let error = point.weighted(self.weighting_error).error / form.problem().design_weights[i];
        (rest(point.place(form, i).0, self.answer[i]).abs() + error) * (1.0 + 1e-12)
    }

    /// Rounds mᵢ(y) + correctionᵢ instead of mᵢ(y).
    pub fn round_corrected(
        &mut self,
        form: &impl RecordTerms,
        correction: impl Fn(usize) -> f64 + Sync + Send,
    ) {
        let parts = self.answer.chunks_mut(CHUNK).zip(self.points.chunks(CHUNK)).enumerate().collect();
        form.workers().for_each(parts, |(chunk, (answers, points))| {
            for (offset, (answer, point)) in answers.iter_mut().zip(points).enumerate() {
                let i = chunk * CHUNK + offset;
                let rest = rest(point.place(form, i).0, *answer);
                *answer += rest + correction(i);
            }
        });
    }
}

/// A record at the dual point.
#[derive(Clone, Copy, Default)]
struct Point {
    /// w⁰ᵢ(mᵢ(y) − 1)
    weighted: Dd,
    /// A bound on the error of `weighted`, that of the summation over the records included. Where mᵢ is at a bound for certain it
    /// has no error of its own, and this is −|mᵢ(y) − zᵢ| instead.
    error: f64,
}

/// The error of w⁰ᵢ(mᵢ(y) − 1) as a term of a sum over the records, relative to it, beside that of mᵢ(y).
fn weighting_error(problem: &ReweightProblem) -> f64 {
    problem.matrix.dd_summation_error() + DD_EPSILON
}

impl Point {
    #[inline(always)]
    fn new(point: &RecordPoint, weight: f64, beyond: f64, epsilon: f64) -> Self {
        let weighted = point.moved.times(weight);
        let is_clipped = point.error == 0.0 && beyond != 0.0;
        let error = weight * point.error + epsilon * weighted.high.abs();
        Self { weighted, error: if is_clipped { -beyond.abs() } else { error } }
    }

    /// w⁰ᵢ(mᵢ(y) − 1) as a term of a sum over the records.
    #[inline(always)]
    fn weighted(&self, epsilon: f64) -> Uncertain {
        let error = if self.error < 0.0 { epsilon * self.weighted.high.abs() } else { self.error };
        Uncertain { value: self.weighted, error }
    }

    /// mᵢ(y) − 1 and mᵢ(y) − zᵢ, which is 0 where zᵢ is inside the bounds or within its error of them. (Of a record whose bounds are
    /// equal, zᵢ is taken to be below.)
    fn place(&self, form: &impl RecordTerms, i: usize) -> (Dd, f64) {
        let moved = self.weighted.over(form.problem().design_weights[i]);
        if self.error >= 0.0 {
            return (moved, 0.0);
        }
        let (lower, upper) = shifted(form.problem().bounds.of(i));
        let is_lower = (moved - lower).high.abs() <= (moved - upper).high.abs();
        if is_lower { (lower, -self.error) } else { (upper, self.error) }
    }
}

/// mᵢ(y) rounded to double, from mᵢ(y) − 1.
#[inline(always)]
fn rounded(moved: Dd) -> f64 {
    let (near, low) = two_sum(1.0, moved.high);
    near + (low + moved.low)
}

/// mᵢ(y) − answer
#[inline(always)]
fn rest(moved: Dd, answer: f64) -> f64 {
    let (near, low) = two_sum(1.0, moved.high);
    (near - answer) + (low + moved.low)
}

/// mᵢ − zᵢ, exactly 0 inside the bounds.
#[inline(always)]
fn beyond(moved: Dd, unclipped: Dd) -> f64 {
    if moved == unclipped { 0.0 } else { (moved - unclipped).to_f64() }
}

#[inline(always)]
fn clipped(unclipped: Dd, (lower, upper): (Dd, Dd)) -> Dd {
    if unclipped <= lower {
        lower
    } else if unclipped >= upper {
        upper
    } else {
        unclipped
    }
}

/// (Av)ᵢ and a bound on the error of its summation.
#[inline(always)]
pub(super) fn row_product(problem: &ReweightProblem, i: usize, v: &[SplitDd]) -> (Dd, f64) {
    row_product_by::<TripleAccumulator>(problem, i, v)
}

#[inline(always)]
fn row_product_by<S: RowSum>(problem: &ReweightProblem, i: usize, v: &[SplitDd]) -> (Dd, f64) {
    let (columns, values) = problem.matrix.row(i);
    let mut product = S::default();
    product.add_row(columns, values, v);
    let error = S::relative_error(columns.len()) * product.magnitude();
    (product.value(), error)
}

/// A record's place at a dual point, as the distance from its design weight.
#[derive(Clone, Default)]
pub(super) struct RecordPoint {
    /// zᵢ − 1 and a bound on its error.
    pub unclipped: Dd,
    pub unclipped_error: f64,
    /// mᵢ − 1 and a bound on its error.
    pub moved: Dd,
    pub error: f64,
}

/// The intervals of mᵢ − 1.
pub(super) struct ShiftedBounds<'a> {
    bounds: &'a Bounds,
    /// The interval of every record, if they share one.
    uniform: Option<(Dd, Dd)>,
}

impl<'a> ShiftedBounds<'a> {
    pub fn new(bounds: &'a Bounds) -> Self {
        let uniform = match bounds {
            Bounds::Uniform { lower, upper } => Some(shifted((*lower, *upper))),
            Bounds::PerRecord { .. } => None,
        };
        Self { bounds, uniform }
    }

    #[inline(always)]
    pub fn of(&self, i: usize) -> (Dd, Dd) {
        match self.uniform {
            Some(interval) => interval,
            None => shifted(self.bounds.of(i)),
        }
    }
}

#[inline(always)]
fn shifted((lower, upper): (f64, f64)) -> (Dd, Dd) {
    (Dd::sum(lower, -1.0), Dd::sum(upper, -1.0))
}

impl RecordPoint {
    /// zᵢ and mᵢ from (Av)ᵢ and the interval of mᵢ − 1, with an a-priori bound on the error of mᵢ.
    #[inline(always)]
    pub fn new(
        form: &impl RecordTerms,
        i: usize,
        product: Dd,
        summation_error: f64,
        (lower, upper): (Dd, Dd),
    ) -> Self {
        let Uncertain { value: unclipped, error } = form.unclipped(i, product, summation_error);
        let moved = clipped(unclipped, (lower, upper));
        // A point within rounding of the bound may belong on its other side.
        let is_clear = moved != unclipped && (unclipped - moved).high.abs() > error;
        Self { unclipped, unclipped_error: error, moved, error: if is_clear { 0.0 } else { error } }
    }
}

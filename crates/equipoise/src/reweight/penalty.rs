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

use super::problem::ReweightProblem;
use crate::numeric::dd::{self, DD_EPSILON, Dd, SplitDd, TripleAccumulator};
use crate::numeric::parallel::{CHUNK, Workers};

/// A problem with its penalty: the constants in double-double, and the operators of the primal and the dual.
pub(super) struct PenaltyForm<'a> {
    pub problem: &'a ReweightProblem,
    pub workers: &'a Workers,
    /// sⱼ
    pub scale: Vec<Dd>,
    /// cⱼ
    pub c: Vec<Dd>,
    /// Totals at the design weights, Aᵀw⁰.
    pub before: Vec<Dd>,
    /// L₀
    pub initial_loss: Dd,
    /// κ; infinite where L₀ = 0.
    pub kappa: Dd,
    /// Bound on the relative error of κ.
    pub kappa_error: f64,
}

/// m(y), F(y) and what is needed to bound the distance of an answer, all from one dual point held in pairs.
pub(super) struct DualEvaluation {
    /// mᵢ(y) rounded to double (internal order).
    pub rounded: Vec<f64>,
    /// Per record: |answerᵢ − mᵢ(y)| + error of mᵢ(y).
    pub deviation: Vec<f64>,
    /// Largest error of any computed mᵢ(y).
    pub evaluation_error: f64,
    /// F(y) rounded to double (k).
    pub residual: Vec<f64>,
    /// Upper bound on ‖F(y)‖, all evaluation errors included.
    pub residual_bound: f64,
    /// Σ λᵢ[(mᵢ − m̂ᵢ)² + 2(mᵢ − m̂ᵢ)(m̂ᵢ − zᵢ)] for the answer m: the records' part of the gap.
    pub record_gap: f64,
}

impl<'a> PenaltyForm<'a> {
    pub fn new(problem: &'a ReweightProblem, penalty: f64, workers: &'a Workers) -> Self {
        let scale: Vec<Dd> =
            problem.targets.iter().map(|t| t.scale.map_or(Dd::sum(t.total, 1.0), Dd::from)).collect();
        let c: Vec<Dd> = problem.targets.iter().zip(&scale).map(|(t, &s)| Dd::from(t.total) / s).collect();
        let weights: Vec<Dd> = problem.design_weights.iter().map(|&w| Dd::from(w)).collect();
        let epsilon = problem.matrix.dd_summation_error();
        let sums = problem.matrix.transposed_times_dd(&weights, |i| epsilon * weights[i].high, workers);

        let (mut initial_loss, mut squared_error) = (Dd::ZERO, 0.0);
        for (j, &(before, error)) in sums.iter().enumerate() {
            let miss = (before - Dd::from(problem.targets[j].total)) / scale[j];
            initial_loss = initial_loss + miss.square();
            let error = error / scale[j].high.abs() + 4.0 * DD_EPSILON * (miss.high.abs() + c[j].high.abs());
            squared_error += error * error;
        }
        let partial = workers.map_chunks(weights.len(), |range| {
            dd::sum(problem.design_weights[range].iter().map(|&w| Dd::product(w, w)))
        });
        // Pair additions of positive terms: one relative error each, within a chunk and over the chunks.
        let partial_count = partial.len() as f64;
        let sum_of_squares = dd::sum(partial);
        let kappa = sum_of_squares / (Dd::from(2.0 * penalty) * initial_loss);
        // d ln κ = −d ln L₀, and |dL₀| ≤ 2√L₀‖error‖ + ‖error‖².
        let relative = squared_error.sqrt() / initial_loss.high.sqrt();
        let kappa_error =
            2.0 * relative + relative * relative + (2.0 * CHUNK as f64 + partial_count) * DD_EPSILON;
        let before = sums.into_iter().map(|(sum, _)| sum).collect();
        Self { problem, workers, scale, c, before, initial_loss, kappa, kappa_error }
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

    /// 1/(2√λᵢ) = √(κ/2)/w⁰ᵢ: how far multiplier i may be off per unit of ‖F‖.
    pub fn sensitivity(&self, i: usize) -> f64 {
        (0.5 * self.kappa.high).sqrt() / self.problem.design_weights[i]
    }

    /// max 1/(2√λᵢ)
    pub fn largest_sensitivity(&self) -> f64 {
        (0..self.num_records()).map(|i| self.sensitivity(i)).fold(0.0, f64::max)
    }

    /// Misses (Aᵀ(w⁰∘m) − t) ⊘ s of given multipliers, with the totals reached.
    pub fn misses(&self, multipliers: &[f64]) -> (Vec<Dd>, Vec<Dd>) {
        let weights = &self.problem.design_weights;
        let mut weighted = vec![Dd::ZERO; weights.len()];
        self.workers.fill(&mut weighted, |start, chunk| {
            for (offset, x) in chunk.iter_mut().enumerate() {
                *x = Dd::product(weights[start + offset], multipliers[start + offset]);
            }
        });
        let after = self.problem.matrix.transposed_times_dd(&weighted, |_| 0.0, self.workers);
        let after: Vec<Dd> = after.into_iter().map(|(sum, _)| sum).collect();
        let misses = (0..self.num_targets())
            .map(|j| (after[j] - Dd::from(self.problem.targets[j].total)) / self.scale[j])
            .collect();
        (misses, after)
    }

    /// Evaluates the dual point y = s ∘ v. The answer to bound is `given` (internal order), or m(y) rounded.
    ///
    /// The point is given by v because (Av)ᵢ cancels by many orders of magnitude where targets nearly contradict one another:
    /// v must then be exact, and its product is summed in three levels. y itself enters only as y/2.
    pub fn evaluate_dual(&self, v: &[Dd], given: Option<&[f64]>) -> DualEvaluation {
        let split: Vec<SplitDd> = v.iter().map(|&v| SplitDd::from(v)).collect();
        let epsilon = self.problem.matrix.dd_summation_error() + DD_EPSILON;
        let n = self.num_records();
        let mut rounded = vec![0.0; n];
        let mut deviation = vec![0.0; n];
        let mut weighted = vec![Dd::ZERO; n];
        let mut weighted_error = vec![0.0; n];
        let mut totals = vec![(0.0, 0.0f64); n.div_ceil(CHUNK)];
        let parts = (rounded.chunks_mut(CHUNK).zip(deviation.chunks_mut(CHUNK)))
            .zip(weighted.chunks_mut(CHUNK).zip(weighted_error.chunks_mut(CHUNK)))
            .zip(&mut totals)
            .enumerate()
            .collect();
        self.workers.for_each(parts, |(chunk, (((rounded, deviation), (weighted, error)), totals))| {
            for offset in 0..rounded.len() {
                let i = chunk * CHUNK + offset;
                let point = self.record_point(i, &split);
                let answer = given.map_or(point.multiplier.to_f64(), |m| m[i]);
                let difference = (Dd::from(answer) - point.multiplier).to_f64();
                let beyond = (point.multiplier - point.unclipped).to_f64();
                let weight = self.problem.design_weights[i];
                rounded[offset] = answer;
                deviation[offset] = (difference.abs() + point.error) * (1.0 + 4.0 * f64::EPSILON);
                weighted[offset] = point.multiplier.times(weight);
                error[offset] = weight * point.error + epsilon * weighted[offset].high.abs();
                totals.0 += self.lambda(i) * (difference * difference + 2.0 * difference * beyond);
                totals.1 = totals.1.max(point.error);
            }
        });
        let sums = self.problem.matrix.transposed_times_dd(&weighted, |i| weighted_error[i], self.workers);
        let mut residual = Vec::with_capacity(v.len());
        let mut squared_bound = 0.0;
        for (j, &(sum, error)) in sums.iter().enumerate() {
            let reached = sum / self.scale[j];
            let half = (v[j] * self.scale[j]).times(0.5);
            let f = (half + self.c[j] - reached).to_f64();
            let error = error / self.scale[j].high.abs()
                + 4.0 * DD_EPSILON * (half.high.abs() + self.c[j].high.abs() + reached.high.abs());
            let bound = f.abs() * (1.0 + f64::EPSILON) + error * (1.0 + 1e-9);
            squared_bound += bound * bound;
            residual.push(f);
        }
        DualEvaluation {
            rounded,
            deviation,
            evaluation_error: totals.iter().map(|t| t.1).fold(0.0, f64::max),
            residual,
            residual_bound: squared_bound.sqrt() * (1.0 + 1e-9),
            record_gap: totals.iter().map(|t| t.0).sum(),
        }
    }

    /// zᵢ and mᵢ at v, with an a-priori bound on the error of mᵢ.
    #[inline(always)]
    fn record_point(&self, i: usize, v: &[SplitDd]) -> RecordPoint {
        let (columns, values) = self.problem.matrix.row(i);
        let mut product = TripleAccumulator::default();
        product.add_row(columns, values, v);
        let weight = self.problem.design_weights[i];
        let shift = (product.value() * self.kappa).over(weight);
        let unclipped = Dd::ONE - shift;
        let summation = TripleAccumulator::relative_error(columns.len()) * product.magnitude();
        let error = (1.0 + 1e-9)
            * (summation * (self.kappa.high / weight)
                + (self.kappa_error + 6.0 * DD_EPSILON) * shift.high.abs()
                + DD_EPSILON * unclipped.high.abs());
        let (lower, upper) = self.problem.bounds.of(i);
        let clipped = |bound: f64| RecordPoint {
            unclipped,
            multiplier: Dd::from(bound),
            // A point within rounding of the bound may belong on its other side.
            error: if (unclipped - Dd::from(bound)).high.abs() > error { 0.0 } else { error },
        };
        if unclipped <= Dd::from(lower) {
            clipped(lower)
        } else if unclipped >= Dd::from(upper) {
            clipped(upper)
        } else {
            RecordPoint { unclipped, multiplier: unclipped, error }
        }
    }
}

/// A record's multiplier at a dual point.
struct RecordPoint {
    unclipped: Dd,
    multiplier: Dd,
    error: f64,
}

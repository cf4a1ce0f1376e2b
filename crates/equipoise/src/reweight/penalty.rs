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

use super::dual_evaluation::{DualEvaluation, RecordTerms};
use super::problem::{Moments, ReweightProblem};
use crate::numeric::dd::{DD_EPSILON, Dd, Uncertain};
use crate::numeric::dd_accumulators::TripleAccumulator;
use crate::numeric::parallel::Workers;

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
        out.evaluate_records::<TripleAccumulator>(self, v, given);
        out.record_gap = out.record_gap / (2.0 * self.kappa.high) * (1.0 + self.kappa_error);
        let sums = out.moved_totals(self);
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
}

impl RecordTerms for PenaltyForm<'_> {
    fn problem(&self) -> &ReweightProblem {
        self.problem
    }

    fn workers(&self) -> &Workers {
        self.workers
    }

    #[inline(always)]
    fn unclipped(&self, i: usize, product: Dd, summation_error: f64) -> Uncertain {
        let weight = self.problem.design_weights[i];
        let unclipped = -(product * self.kappa).over(weight);
        let error = (1.0 + 1e-9)
            * (summation_error * (self.kappa.high / weight)
                + (self.kappa_error + 6.0 * DD_EPSILON) * unclipped.high.abs());
        Uncertain { value: unclipped, error }
    }

    /// w⁰ᵢ² = 2κλᵢ
    #[inline(always)]
    fn curvature(&self, i: usize) -> f64 {
        let weight = self.problem.design_weights[i];
        weight * weight
    }
}

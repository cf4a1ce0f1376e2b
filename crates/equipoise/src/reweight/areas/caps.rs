//! The exhaustion cap: upper bounds lowered record by record until no record is used beyond the cap.
//!
//! Let a record with multipliers mₐ in the areas a, scales sₐ and lower bounds loₐ be exhausted by E = Σ sₐmₐ > cap, and by
//! L = Σ sₐloₐ ≤ cap at least. The upper bounds
//!
//! ```text
//! hiₐ′ = loₐ + f·(mₐ − loₐ)      f = (cap − L)/(E − L) < 1
//! ```
//!
//! lower what each area takes beyond its lower bound in the same proportion, and Σ sₐhiₐ′ = cap: the record cannot be
//! exhausted beyond the cap again, whatever the areas do. Solving again moves other records, which may pass the cap in turn: they are
//! capped in the next round.
//!
//! No vector of n is kept per area: mₐ follows from the k dual values of the round in which the record passed the cap.

use super::exhaustion::{fixed, float, is_above};
use super::plan::{Plan, PlannedArea};
use crate::numeric::parallel::Workers;
use crate::reweight::penalty::PenaltyForm;
use crate::reweight::problem::{Bounds, ReweightProblem};
use crate::reweight::{Form, FormAnswer};

/// The caps of all rounds so far.
pub(super) struct Caps {
    cap: f64,
    /// Lᵢ (n), fixed point.
    least: Vec<i128>,
    /// The round after which a record was first capped.
    since: Vec<Option<u32>>,
    /// f
    factor: Vec<f64>,
    /// Dual values of each round, per area; none where the area has no certified answer.
    duals: Vec<Vec<Option<Vec<f64>>>>,
}

impl Caps {
    /// Nothing is capped yet.
    pub fn new(plan: &Plan<'_>, cap: f64) -> Self {
        let n = plan.problem.num_records();
        let least = plan.least_exhaustion();
        Self { cap, least, since: vec![None; n], factor: vec![1.0; n], duals: Vec::new() }
    }

    /// Caps the records that pass the cap after this round, whose dual values are given per area. Returns their number.
    pub fn lower(&mut self, exhaustion: impl Iterator<Item = i128>, duals: Vec<Option<Vec<f64>>>) -> usize {
        let round = self.duals.len() as u32;
        self.duals.push(duals);
        let mut num_capped = 0;
        for (i, sum) in exhaustion.enumerate() {
            if is_above(float(sum), self.cap) {
                let beyond = float(sum - self.least[i]);
                let allowed = float(fixed(self.cap) - self.least[i]).max(0.0);
                self.factor[i] *= allowed / beyond;
                self.since[i].get_or_insert(round);
                num_capped += 1;
            }
        }
        num_capped
    }

    /// The bounds of an area, given as it was planned, with every cap so far.
    pub fn bounds(
        &self,
        plan: &Plan<'_>,
        area: &PlannedArea<'_>,
        index: usize,
        problem: &ReweightProblem,
    ) -> Bounds {
        let n = problem.num_records();
        let (lower, mut upper): (Vec<f64>, Vec<f64>) = (0..n).map(|i| problem.bounds.of(i)).unzip();
        let coefficient = record_coefficient(plan, area, problem);
        let mut product = vec![0.0; n];
        for (round, duals) in self.duals.iter().enumerate() {
            let Some(dual) = &duals[index] else { continue };
            problem.matrix.times(dual, &mut product, &Workers::inline());
            for i in 0..n {
                let record = area.area.records.as_ref().map_or(i, |records| records[i] as usize);
                if self.since[record] == Some(round as u32) {
                    let reached = (1.0 + coefficient(i) * product[i]).clamp(lower[i], upper[i]);
                    let capped = lower[i] + self.factor[record] * (reached - lower[i]);
                    upper[i] = capped.clamp(lower[i], upper[i]);
                }
            }
        }
        Bounds::PerRecord { lower, upper }
    }
}

/// cᵢ such that mᵢ = clip(1 + cᵢ(Av)ᵢ) at the dual values v.
fn record_coefficient<'a>(
    plan: &'a Plan<'_>,
    area: &'a PlannedArea<'_>,
    problem: &'a ReweightProblem,
) -> Box<dyn Fn(usize) -> f64 + 'a> {
    let weights = &problem.design_weights;
    match &plan.options.form {
        Form::Penalty(options) => {
            let kappa = PenaltyForm::new(problem, options.penalty, &Workers::inline()).kappa.to_f64();
            Box::new(move |i| -kappa / weights[i])
        }
        Form::Bands(options) => {
            let distance_weight = |i: usize| options.distance_weights.as_ref().map_or(1.0, |d| d[i]);
            let record = move |i: usize| area.area.records.as_ref().map_or(i, |r| r[i] as usize);
            Box::new(move |i| -0.5 * weights[i] / distance_weight(record(i)))
        }
        Form::Calibration(_) => unreachable!("a cap is refused for calibration"),
    }
}

/// The dual values of an answer, leading doubles.
pub(super) fn dual(answer: &FormAnswer) -> Vec<f64> {
    match answer {
        FormAnswer::Penalty(answer) => answer.dual.to_vec(),
        FormAnswer::Bands(answer) => answer.dual.to_vec(),
        FormAnswer::Calibration(answer) => answer.lambda.to_vec(),
    }
}

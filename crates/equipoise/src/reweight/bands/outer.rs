//! From the plain iteration to a settled answer: directly where M is moderate, else by the proximal point method.
//!
//! The proximal point method replaces yⱼ²/(4Mⱼ) by yⱼ²/(4Mⱼ) + (yⱼ − ŷⱼ)²/(4Pⱼ), which is the elastic problem of weights
//! Wⱼ = 1/(1/Mⱼ + 1/Pⱼ) with both band edges moved by −ŷⱼ/(2Pⱼ); ŷ is the answer of the stage before. A stage of weight W has
//! Wⱼ = min(W, Mⱼ). Where Mⱼ = ∞ it is the augmented Lagrangian method on that band: it converges for any P, ends exactly once the
//! active set is right, and where the hard bands cannot hold together y − ŷ turns into a direction that proves it.
//!
//! Source: R. T. Rockafellar, Math. Oper. Res. 1 (1976) 97–116.

use super::certificate::rounding_free_bound;
use super::farkas;
use super::finish::{Finished, finish};
use super::form::BandForm;
use super::grouped::BandStart;
use super::interior::InteriorSearch;
use super::proximal_newton::{ProximalNewton, Run, Stage, StageEnd};
use super::settled::{SETTLED, Settled, prove};
use crate::control::{Control, Stopwatch};
use crate::numeric::dd::Uncertain;
use crate::reweight::result::Timing;

/// Up to this weight (times the smallest dᵢ) the problem is tried as it is.
const LARGEST_DIRECT_WEIGHT: f64 = 1e7;
/// The stages start at this fraction of M, at most at [`FIRST_WEIGHT`], and multiply by up to [`LARGEST_FACTOR`].
const FIRST_FRACTION: f64 = 1e-4;
const FIRST_WEIGHT: f64 = 1e4;
const LARGEST_FACTOR: f64 = 10.0;
/// Where M is larger than this the stages go no further than it and let ŷ do the rest.
const LARGEST_STAGE_WEIGHT: f64 = 1e12;
const MAX_STAGES: u32 = 80;
pub(super) struct Outcome {
    pub finished: Finished,
    pub settled: Option<Settled>,
    /// A direction y ⊘ s (k) and its proven margin, if the hard bands cannot hold together.
    pub infeasible: Option<(Vec<f64>, f64)>,
    pub stop: StageEnd,
    pub run: Run,
}

/// The best finished point so far.
struct Search<'f, 'p> {
    form: &'f BandForm<'p>,
    newton: ProximalNewton<'f, 'p>,
    run: Run,
    best: Option<(f64, Finished, Option<Settled>)>,
}

pub(super) fn solve(
    form: &BandForm<'_>,
    iteration_limit: u32,
    control: &Control,
    timing: &mut Timing,
) -> Outcome {
    let run = Run { iteration_limit, iterations: 0, history: Vec::new() };
    let mut search = Search { form, newton: ProximalNewton::new(form), run, best: None };
    if largest_weight(form) / form.smallest_distance_weight <= LARGEST_DIRECT_WEIGHT {
        let stage = search.stage(f64::INFINITY, None, 8, u32::MAX);
        let end = search.newton.solve(&stage, &mut search.run, control, timing);
        if ends_the_run(&end) || (end == StageEnd::Solved && search.settle(timing)) {
            return search.outcome(end, None, timing);
        }
        search.newton.move_to(&vec![0.0; form.num_targets()]);
    }
    search.proximal_stages(control, timing)
}

/// Settles a start that is nearly the solution; `None` if that does not prove it.
pub(super) fn settle(form: &BandForm<'_>, start: BandStart, timing: &mut Timing) -> Option<Outcome> {
    let run = Run { iteration_limit: 0, iterations: 0, history: Vec::new() };
    let mut newton = ProximalNewton::new(form);
    newton.dual = start.dual;
    newton.free_gram = start.free_gram;
    let mut search = Search { form, newton, run, best: None };
    search.settle(timing).then(|| search.outcome(StageEnd::Solved, None, timing))
}

fn ends_the_run(end: &StageEnd) -> bool {
    matches!(end, StageEnd::IterationLimit | StageEnd::Cancelled)
}

/// max Mⱼ
fn largest_weight(form: &BandForm<'_>) -> f64 {
    form.elastic.iter().map(|m| m.unwrap_or(f64::INFINITY)).fold(0.0, f64::max)
}

impl Search<'_, '_> {
    /// The elastic problem of weights min(`weight`, Mⱼ) around `centre`.
    fn stage(&self, weight: f64, centre: Option<&[f64]>, max_short_steps: u32, max_steps: u32) -> Stage {
        let form = self.form;
        let elastic: Vec<f64> =
            form.elastic.iter().map(|m| m.map_or(weight, |m: f64| m.min(weight))).collect();
        // ŷⱼ/(2Pⱼ)
        let shift = |j: usize| {
            let half_inverse = (0.5 / elastic[j] - form.half_inverse_elastic(j)).max(0.0);
            centre.map_or(0.0, |y| y[j] * half_inverse)
        };
        let edges = |edges: &[Uncertain]| {
            edges.iter().enumerate().map(|(j, e)| e.value.to_f64() - shift(j)).collect()
        };
        let check_afresh = centre.is_some();
        Stage {
            lower: edges(&form.lower),
            upper: edges(&form.upper),
            elastic,
            max_short_steps,
            max_steps,
            check_afresh,
        }
    }

    fn proximal_stages(mut self, control: &Control, timing: &mut Timing) -> Outcome {
        let target = largest_weight(self.form);
        let last = target.min(LARGEST_STAGE_WEIGHT);
        let mut weight = (FIRST_FRACTION * target).min(FIRST_WEIGHT);
        let mut factor = LARGEST_FACTOR;
        let mut centre = vec![0.0; self.form.num_targets()];
        let mut reached = None;
        let mut end = StageEnd::StepLimit;
        for _ in 0..MAX_STAGES {
            let stage = self.stage(weight, Some(&centre), 20, 80);
            // An updated matrix carries rounding errors of records that have left it, next to which 1/(2W) is small.
            self.newton.free_gram.rebuild(self.form);
            end = self.newton.solve(&stage, &mut self.run, control, timing);
            if ends_the_run(&end) {
                break;
            }
            if end == StageEnd::Solved {
                if let Some(proof) = self.infeasibility(&centre) {
                    return self.outcome(end, Some(proof), timing);
                }
                if self.settle(timing) {
                    break;
                }
                centre.copy_from_slice(&self.newton.dual);
                reached = Some(weight);
                weight = (weight * factor).min(last);
            } else {
                self.newton.move_to(&centre);
                factor = if factor < 1.3 { 1.0 } else { factor.sqrt() };
                weight = reached.map_or(0.01 * weight, |w: f64| (w * factor).min(last));
            }
        }
        if self.form.has_hard && !ends_the_run(&end) {
            self.prove_from_interior(control, timing);
        }
        self.outcome(end, None, timing)
    }

    /// Where the active set of hard bands could not be proven: a bound by way of an interior point.
    fn prove_from_interior(&mut self, control: &Control, timing: &mut Timing) {
        let Some((bound, finished, settled)) = self.best.take() else { return };
        let mut search = InteriorSearch::new(self.form, control, timing);
        let (bound, settled) = search.improve(bound, settled, &finished.dual, &finished.evaluation);
        self.run.iterations += search.run.iterations;
        self.run.history.append(&mut search.run.history);
        self.best = Some((bound, finished, settled));
    }

    /// A proof that hard bands cannot hold, from the direction in which the dual point moves.
    fn infeasibility(&self, centre: &[f64]) -> Option<(Vec<f64>, f64)> {
        let moved = |j: usize| {
            if self.form.is_hard(j) { self.newton.dual[j] - centre[j] } else { 0.0 }
        };
        let k = self.form.num_targets();
        let largest = (0..k).map(|j| moved(j).abs()).fold(0.0, f64::max);
        if largest == 0.0 {
            return None;
        }
        let direction: Vec<f64> = (0..k).map(|j| moved(j) / largest / self.form.scale[j]).collect();
        let margin = farkas::margin(self.form, &direction);
        (margin > 0.0).then_some((direction, margin))
    }

    /// Finishes the current point in pairs, if its active set may be that of the optimum; true if nothing is left to do.
    fn settle(&mut self, timing: &mut Timing) -> bool {
        let mut watch = Stopwatch::default();
        let newton = &mut self.newton;
        newton.release_record_vectors();
        let finished = finish(self.form, &newton.dual, &mut newton.free_gram, &mut self.run, false);
        let settled = finished.is_some_and(|finished| self.judge(finished));
        if !settled {
            self.newton.place_records();
        }
        timing.finish_seconds += watch.lap();
        settled
    }

    /// Keeps a finished point if it is the best so far; true if nothing is left to prove.
    fn judge(&mut self, finished: Finished) -> bool {
        let mut settled = None;
        let mut bound = rounding_free_bound(self.form, &finished.evaluation, None);
        if bound > SETTLED {
            settled = prove(self.form, &finished.dual, &finished.evaluation, &mut self.newton.free_gram);
            bound = rounding_free_bound(self.form, &finished.evaluation, settled.as_ref());
        }
        let norm = |f: &Finished| f.evaluation.dual.residual_bound;
        let better = self.best.as_ref().is_none_or(|(best, other, _)| {
            bound < *best || (bound == *best && norm(&finished) < norm(other))
        });
        if better {
            self.best = Some((bound, finished, settled));
        }
        bound <= SETTLED
    }

    fn finish_whatever(&mut self, timing: &mut Timing) -> Finished {
        let mut watch = Stopwatch::default();
        let newton = &mut self.newton;
        newton.release_record_vectors();
        let finished = finish(self.form, &newton.dual, &mut newton.free_gram, &mut self.run, true);
        timing.finish_seconds += watch.lap();
        finished.expect("it was asked for whatever it is")
    }

    fn outcome(
        mut self,
        stop: StageEnd,
        infeasible: Option<(Vec<f64>, f64)>,
        timing: &mut Timing,
    ) -> Outcome {
        let (finished, settled) = match self.best.take() {
            Some((_, finished, settled)) => (finished, settled),
            None => (self.finish_whatever(timing), None),
        };
        Outcome { finished, settled, infeasible, stop, run: self.run }
    }
}

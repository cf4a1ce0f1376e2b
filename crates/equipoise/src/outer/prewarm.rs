//! Entering a seed from heavier smoothing, so that the inner solve starts from coefficients that fit.

use super::config::OuterProblem;
use super::error::ObjectiveError;
use super::evaluator::Evaluator;
use super::event::{OuterEvent, emit};
use super::objective::{EvalOrder, HomotopyEntry};

/// How much heavier the walk starts, in log units.
const OFFSET: f64 = 4.0;
/// Steps of a walk.
const STEPS: usize = 24;
/// Steps where evaluations are expensive, …
const STEPS_EXPENSIVE: usize = 16;
/// … and several seeds follow.
const STEPS_EXPENSIVE_CASCADE: usize = 8;
/// Evaluations are expensive from so many inner coefficients or parameters on.
const EXPENSIVE_COEFFICIENTS: usize = 24;
const EXPENSIVE_PARAMS: usize = 4;
/// Regimes that a required entry tries, each twice as heavy as the one before.
const MAX_LEGS: usize = 3;

/// Number of steps of a walk: none where the start comes from an earlier run.
pub(super) fn step_budget(problem: &OuterProblem, num_seeds: usize) -> usize {
    if problem.warm_start {
        return 0;
    }
    let coefficients = problem.problem_size.p_coefficients.unwrap_or(0);
    let expensive = coefficients >= EXPENSIVE_COEFFICIENTS || problem.n_params >= EXPENSIVE_PARAMS;
    let cascade = num_seeds > problem.seed_config.seed_budget.max(1);
    match (expensive, cascade) {
        (true, true) => STEPS_EXPENSIVE_CASCADE,
        (true, false) => STEPS_EXPENSIVE,
        (false, _) => STEPS,
    }
}

/// The entries of the seeds of one attempt.
pub(super) struct Entry<'p> {
    problem: &'p OuterProblem,
    rho_dim: usize,
    steps: usize,
    /// A walk failed for another reason than a defect of the seed: the others are not walked to.
    given_up: bool,
}

impl<'p> Entry<'p> {
    pub fn new(problem: &'p OuterProblem, rho_dim: usize, num_seeds: usize) -> Self {
        Self { problem, rho_dim, steps: step_budget(problem, num_seeds), given_up: false }
    }

    fn note(&self, topic: &str, text: String) {
        emit(self.problem.observer.as_ref(), &OuterEvent::Note { topic: topic.to_owned(), text });
    }

    /// Brings the inner state to the seed as far as the objective allows. An error rejects the seed.
    pub fn enter(&mut self, evaluator: &mut Evaluator<'_>, seed: &[f64]) -> Result<(), ObjectiveError> {
        match evaluator.objective.curvature_homotopy_entry(seed) {
            Ok(HomotopyEntry::None) => {}
            Ok(HomotopyEntry::Arrived) => {
                self.note("homotopy", "arrived".to_owned());
                return Ok(());
            }
            Ok(HomotopyEntry::Refused { reason }) => {
                self.note("homotopy", format!("refused: {reason}"));
                evaluator.reset_objective();
            }
            Err(ObjectiveError::Abort(error)) => return Err(ObjectiveError::Abort(error)),
            Err(error) => {
                self.note("homotopy", format!("failed: {error}"));
                evaluator.reset_objective();
            }
        }
        if evaluator.objective.requires_continuation_path_entry() {
            return self.required(evaluator, seed);
        }
        if !self.problem.continuation_prewarm
            || self.given_up
            || self.steps == 0
            || !evaluator.objective.allow_continuation_prewarm()
        {
            return Ok(());
        }
        match self.walk(evaluator, seed, OFFSET) {
            Ok(()) => Ok(()),
            Err(error @ (ObjectiveError::Structural(_) | ObjectiveError::Abort(_))) => Err(error),
            Err(error) => {
                self.note("prewarm", format!("failed, seeds run cold: {error}"));
                self.given_up = true;
                evaluator.reset_objective();
                Ok(())
            }
        }
    }

    /// The entry of objectives that need one: trouble moves it to a heavier regime and never rejects the seed.
    fn required(&self, evaluator: &mut Evaluator<'_>, seed: &[f64]) -> Result<(), ObjectiveError> {
        let mut offset = OFFSET;
        for leg in 1..=MAX_LEGS {
            match self.walk(evaluator, seed, offset) {
                Ok(()) => return Ok(()),
                Err(ObjectiveError::Abort(error)) => return Err(ObjectiveError::Abort(error)),
                Err(error) => {
                    self.note(
                        "continuation",
                        format!("leg {leg} from {offset} above the seed failed: {error}"),
                    );
                    evaluator.reset_objective();
                    offset *= 2.0;
                }
            }
        }
        self.note("continuation", "every leg failed, the seed runs cold".to_owned());
        Ok(())
    }

    /// Walks from seed + offset (ρ only, at most the upper bounds) to the seed, passing inner coefficients along. Where that start is the
    /// seed itself nothing is evaluated.
    fn walk(&self, evaluator: &mut Evaluator<'_>, seed: &[f64], offset: f64) -> Result<(), ObjectiveError> {
        let (_, upper) = self.problem.effective_bounds();
        let start: Vec<f64> = (0..seed.len())
            .map(|i| if i < self.rho_dim { (seed[i] + offset).min(upper[i]).max(seed[i]) } else { seed[i] })
            .collect();
        if start == seed {
            return Ok(());
        }
        let steps = self.steps.max(1);
        evaluator.objective.set_probing(true);
        let walked = (0..steps).try_for_each(|step| {
            let left = 1.0 - step as f64 / steps as f64;
            let point: Vec<f64> = start.iter().zip(seed).map(|(a, b)| b + left * (a - b)).collect();
            evaluator.counts.value += 1;
            let eval = evaluator.objective.eval_with_order(&point, EvalOrder::Value)?;
            if !eval.cost.is_finite() {
                return Err(ObjectiveError::Recoverable(format!(
                    "the criterion is {} on the way",
                    eval.cost
                )));
            }
            if let Some(beta) = eval.inner_beta {
                evaluator.objective.seed_inner_state(&beta)?;
            }
            Ok(())
        });
        evaluator.objective.set_probing(false);
        walked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outer::SeedConfig;

    #[test]
    fn the_step_budget() {
        let problem =
            |n| OuterProblem::new(n).with_seed_config(SeedConfig { seed_budget: 2, ..SeedConfig::default() });
        assert_eq!(step_budget(&problem(3), 12), STEPS);
        assert_eq!(step_budget(&problem(4), 2), STEPS_EXPENSIVE);
        assert_eq!(step_budget(&problem(4), 3), STEPS_EXPENSIVE_CASCADE);
        assert_eq!(step_budget(&problem(1).with_problem_size(100, 24), 1), STEPS_EXPENSIVE);
        assert_eq!(step_budget(&problem(1).with_problem_size(100, 23), 12), STEPS);
        assert_eq!(step_budget(&problem(4).with_warm_start(vec![0.0; 4], None), 12), 0);
    }
}

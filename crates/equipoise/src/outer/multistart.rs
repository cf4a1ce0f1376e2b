//! A search from every seed at once, whose outcome does not depend on timing.

use super::canonical_order::{
    CanonicalObjective, Permutation, canonical_problem, native_error, native_result,
};
use super::capability::OuterCapability;
use super::config::OuterProblem;
use super::error::OuterError;
use super::event::OuterEvent;
use super::objective::OuterObjective;
use super::plan::{dispatch, primary_capability};
use super::result::{EvaluationCounts, OuterResult};
use super::seeds::seed_list;
use crate::control::Control;
use crate::numeric::parallel::Workers;
use crate::smooth::value_noise;
use std::sync::Arc;

/// The searches of a multistart, one for each seed, for callers that run them where they like:
/// [`OuterProblem::run_multistart`] runs them on threads.
#[derive(Clone)]
pub struct Multistart {
    /// What a search of its own solves, in canonical order.
    problem: OuterProblem,
    order: Option<Arc<Permutation>>,
    /// The seeds; a single `None` where there are no parameters.
    seeds: Vec<Option<Vec<f64>>>,
}

impl Multistart {
    /// The searches for an objective of this capability.
    ///
    /// # Errors
    /// An invalid problem, a capability that contradicts it, or no usable plan.
    pub fn new(problem: &OuterProblem, capability: &OuterCapability) -> Result<Self, OuterError> {
        problem.validate()?;
        problem.check_capability(capability)?;
        let order = problem.order();
        let mut single =
            order.as_ref().map_or_else(|| problem.clone(), |order| canonical_problem(problem, order));
        (single.screening_cap, single.inner_progress) = (None, None);
        single.uncertainty.enabled = false;
        let seeds = if problem.n_params == 0 {
            vec![None]
        } else {
            let plan = dispatch(&primary_capability(capability, problem.fallback_policy))?;
            seed_list(&single, plan.solver).seeds.into_iter().map(Some).collect()
        };
        Ok(Self { problem: single, order, seeds })
    }

    /// The same searches with events told to `observer`.
    pub fn with_observer(self, observer: impl Fn(&OuterEvent) + Send + Sync + 'static) -> Self {
        Self { problem: self.problem.with_observer(observer), ..self }
    }

    /// Number of searches.
    pub fn num_searches(&self) -> usize {
        self.seeds.len()
    }

    /// The search of this number, below [`num_searches`](Self::num_searches). Its result is for [`winner`](Self::winner).
    ///
    /// # Errors
    /// As [`OuterProblem::run`].
    pub fn search<O: OuterObjective>(
        &self,
        index: usize,
        mut objective: O,
        context: &str,
        control: &Control,
    ) -> Result<OuterResult, OuterError> {
        let seed = self.seeds[index].as_deref();
        match &self.order {
            None => self.problem.run_dyn(&mut objective, context, control, seed),
            Some(order) => {
                let mut objective = CanonicalObjective::new(objective, Arc::clone(order));
                self.problem.run_dyn(&mut objective, context, control, seed)
            }
        }
    }

    /// The result of the multistart, from the outcomes of all its searches in order.
    ///
    /// # Errors
    /// An abort of the objective's with the lowest point of all, if any search ended with one; the first error, if all ended with one.
    pub fn winner(&self, found: Vec<Result<OuterResult, OuterError>>) -> Result<OuterResult, OuterError> {
        let winner = winner(found);
        let Some(order) = &self.order else { return winner };
        winner.map(|result| native_result(result, order)).map_err(|error| native_error(error, order))
    }
}

impl OuterProblem {
    /// Searches from every seed, each with an objective of its own (`make(seed)`) and a certificate of its own, on `threads` threads. The
    /// lowest certified value wins; values that differ by no more than rounding count as equal, and the lowest index wins then. Where no
    /// search converges, the lowest value of all is returned, not converged. The result, with its counters, has the same bits for any number of
    /// threads.
    ///
    /// Seeds are neither screened nor limited by the budget, and screening caps and inner progress are not used: they would be shared
    /// between searches. Events of several searches arrive mixed. There is neither a cache nor an assessment of uncertainty.
    ///
    /// # Errors
    /// As [`run`](Self::run); where all searches fail, the error of the first seed.
    pub fn run_multistart<O: OuterObjective>(
        &self,
        make: impl Fn(usize) -> O + Sync,
        context: &str,
        control: &Control,
        threads: usize,
    ) -> Result<OuterResult, OuterError> {
        let searches = Multistart::new(self, &make(0).capability())?;
        let mut found: Vec<Option<Result<OuterResult, OuterError>>> = Vec::new();
        found.resize_with(searches.num_searches(), || None);
        let parts: Vec<_> = found.iter_mut().enumerate().collect();
        Workers::new(threads).for_each(parts, |(index, slot)| {
            *slot = Some(searches.search(index, make(index), context, control));
        });
        searches.winner(found.into_iter().flatten().collect())
    }
}

/// The lowest certified value, ties to the lowest index; else the lowest value; else the first error. An abort has it as its best point.
fn winner(found: Vec<Result<OuterResult, OuterError>>) -> Result<OuterResult, OuterError> {
    let mut evaluations = EvaluationCounts::default();
    let (mut iterations, mut attempts) = (0, Vec::new());
    let mut best: Option<OuterResult> = None;
    let (mut aborted, mut first_error) = (None, None);
    for (index, outcome) in found.into_iter().enumerate() {
        let mut result = match outcome {
            Ok(result) => result,
            // An objective that ends the run ends it for all; the lowest point of all is its best.
            Err(OuterError::Aborted { source, best }) => {
                aborted.get_or_insert(source);
                let Some(best) = best else { continue };
                *best
            }
            Err(error) => {
                first_error.get_or_insert(error);
                continue;
            }
        };
        evaluations.add(&result.evaluations);
        iterations += result.iterations;
        for mut attempt in std::mem::take(&mut result.attempts) {
            for seed in &mut attempt.seeds {
                seed.seed = index;
            }
            attempts.push(attempt);
        }
        if best.as_ref().is_none_or(|best| wins(&result, best)) {
            best = Some(result);
        }
    }
    let best = best.map(|best| OuterResult { evaluations, iterations, attempts, ..best });
    match (aborted, best, first_error) {
        (Some(source), best, _) => Err(OuterError::Aborted { source, best: best.map(Box::new) }),
        (None, Some(best), _) => Ok(best),
        (None, None, Some(error)) => Err(error),
        (None, None, None) => Err(OuterError::Cancelled),
    }
}

fn wins(result: &OuterResult, best: &OuterResult) -> bool {
    match (result.converged, best.converged) {
        (true, false) => true,
        (false, true) => false,
        _ => best.final_value - result.final_value > value_noise(best.final_value),
    }
}

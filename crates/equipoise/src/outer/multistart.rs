//! A search from every seed at once, whose outcome does not depend on timing.

use super::canonical_order::{CanonicalObjective, canonical_problem, native_error, native_result};
use super::config::OuterProblem;
use super::error::OuterError;
use super::objective::OuterObjective;
use super::plan::{dispatch, primary_capability};
use super::result::{EvaluationCounts, OuterResult};
use super::seeds::seed_list;
use crate::control::Control;
use crate::numeric::parallel::Workers;
use crate::smooth::value_noise;
use std::sync::Arc;

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
        self.validate()?;
        let Some(order) = self.order() else {
            return self.search_every_seed(make, context, control, threads);
        };
        let make = |index| CanonicalObjective::new(make(index), Arc::clone(&order));
        canonical_problem(self, &order)
            .search_every_seed(make, context, control, threads)
            .map(|result| native_result(result, &order))
            .map_err(|error| native_error(error, &order))
    }

    fn search_every_seed<O: OuterObjective>(
        &self,
        make: impl Fn(usize) -> O + Sync,
        context: &str,
        control: &Control,
        threads: usize,
    ) -> Result<OuterResult, OuterError> {
        let capability = make(0).capability();
        self.check_capability(&capability)?;
        if self.n_params == 0 {
            return self.run_dyn(&mut make(0), context, control, None);
        }
        let plan = dispatch(&primary_capability(&capability, self.fallback_policy))?;
        let seeds = seed_list(self, plan.solver).seeds;
        let mut single = self.clone();
        (single.screening_cap, single.inner_progress) = (None, None);
        single.uncertainty.enabled = false;
        let mut found: Vec<Option<Result<OuterResult, OuterError>>> = Vec::new();
        found.resize_with(seeds.len(), || None);
        let parts: Vec<_> = found.iter_mut().zip(&seeds).enumerate().collect();
        Workers::new(threads).for_each(parts, |(index, (slot, seed))| {
            let mut objective = make(index);
            *slot = Some(single.run_dyn(&mut objective, context, control, Some(seed)));
        });
        winner(found.into_iter().flatten().collect())
    }
}

/// The lowest certified value, ties to the lowest index; else the lowest value; else the first error.
fn winner(found: Vec<Result<OuterResult, OuterError>>) -> Result<OuterResult, OuterError> {
    let mut evaluations = EvaluationCounts::default();
    let (mut iterations, mut attempts) = (0, Vec::new());
    let mut best: Option<OuterResult> = None;
    let mut first_error = None;
    for (index, outcome) in found.into_iter().enumerate() {
        let mut result = match outcome {
            Ok(result) => result,
            // An objective that ends the run ends it for all.
            Err(error @ OuterError::Aborted { .. }) => return Err(error),
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
    match (best, first_error) {
        (Some(best), _) => Ok(OuterResult { evaluations, iterations, attempts, ..best }),
        (None, Some(error)) => Err(error),
        (None, None) => Err(OuterError::Cancelled),
    }
}

fn wins(result: &OuterResult, best: &OuterResult) -> bool {
    match (result.converged, best.converged) {
        (true, false) => true,
        (false, true) => false,
        _ => best.final_value - result.final_value > value_noise(best.final_value),
    }
}

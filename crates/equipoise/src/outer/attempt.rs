//! One attempt: a plan on a list of seeds.

use super::candidate::Candidate;
use super::capability::OuterCapability;
use super::config::OuterProblem;
use super::error::{ObjectiveError, SeedFailure, SeedPhase, SeedRejection, StructuralFailure};
use super::evaluator::Evaluator;
use super::event::{OuterEvent, emit};
use super::plan::{OuterPlan, OuterSolver};
use super::prewarm::Entry;
use super::result::{FallbackReason, SeedReport};
use super::screening;
use super::search::Search;
use super::seed_config::RiskProfile;
use super::seeds::{SeedList, demote_boundary_seeds, expensive_failure_limit, seed_list};
use super::stop_reason::StopReason;
use crate::control::Control;
use crate::smooth::Bounds;
use std::cell::RefCell;

/// Rejections with one structural defect after which the other seeds are skipped.
const STRUCTURAL_EXIT: usize = 2;
/// Rejections in a row with one failure signature after which the other seeds are skipped.
const SIGNATURE_EXIT: usize = 3;

/// What an attempt works with.
pub(super) struct Attempt<'r> {
    pub problem: &'r OuterProblem,
    pub capability: &'r OuterCapability,
    pub bounds: &'r Bounds,
    pub plan: OuterPlan,
    pub control: &'r Control,
    pub context: &'r str,
    pub number: usize,
}

/// What came of it.
#[derive(Default)]
pub(super) struct AttemptOutcome {
    pub best: Option<Candidate>,
    pub seeds: Vec<SeedReport>,
    pub iterations: usize,
    pub failure: Option<SeedFailure>,
    pub fallback: Option<FallbackReason>,
    pub cancelled: bool,
}

/// How far the list of seeds has been worked through.
#[derive(Default)]
struct Progress {
    outcome: AttemptOutcome,
    started: usize,
    validated: usize,
    expensive_failures: usize,
    rejections: Vec<SeedRejection>,
    early_exit: Option<String>,
}

/// What is done after a seed.
enum Next {
    Go,
    Stop,
}

impl Attempt<'_> {
    /// Runs the seeds in order until the budget is used or the best point is converged. `only` replaces the list by one start (a retry). An
    /// error is the objective's wish to end the whole run.
    pub fn run(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        only: Option<Vec<f64>>,
    ) -> Result<AttemptOutcome, ObjectiveError> {
        let list = match only {
            Some(start) => SeedList { seeds: vec![start], generated: 1, budget: 1 },
            None => seed_list(self.problem, self.plan.solver),
        };
        let (order, screened) = self.order(evaluator, &list)?;
        let mut entry = Entry::new(self.problem, self.capability.rho_dim(), list.seeds.len());
        let mut progress = Progress::default();
        for &seed in &order {
            if progress.started >= list.budget {
                break;
            }
            if self.control.must_stop() {
                progress.outcome.cancelled = true;
                break;
            }
            evaluator.borrow_mut().reset_objective();
            let next = self.run_seed(evaluator, &mut entry, seed, &list.seeds[seed], &mut progress)?;
            if matches!(next, Next::Stop) || self.is_done(&mut progress, list.budget, evaluator) {
                break;
            }
        }
        let mut outcome = progress.outcome;
        if outcome.best.is_none() && !outcome.cancelled {
            outcome.failure = Some(SeedFailure {
                context: self.context.to_owned(),
                generated: list.generated,
                screened,
                validated: progress.validated,
                started: progress.started,
                common_cause: common_cause(&progress.rejections),
                rejections: progress.rejections,
                early_exit: progress.early_exit,
            });
        }
        Ok(outcome)
    }

    /// The order in which seeds are started, as indices, and how many were ranked by screening.
    fn order(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        list: &SeedList,
    ) -> Result<(Vec<usize>, usize), ObjectiveError> {
        let (order, screened) = if screening::is_wanted(self.problem, list) {
            screening::rank(self.problem, &mut evaluator.borrow_mut(), &list.seeds)?
        } else {
            ((0..list.seeds.len()).collect(), 0)
        };
        let mut order: Vec<(usize, Vec<f64>)> =
            order.into_iter().map(|seed| (seed, list.seeds[seed].clone())).collect();
        if screened > 0 {
            demote_boundary_seeds(&mut order, self.bounds.upper(), self.capability.rho_dim());
        }
        let event =
            OuterEvent::Seeds { count: list.seeds.len(), budget: list.budget, screened: screened > 0 };
        emit(self.problem.observer.as_ref(), &event);
        Ok((order.into_iter().map(|(seed, _)| seed).collect(), screened))
    }

    fn run_seed(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        entry: &mut Entry<'_>,
        seed: usize,
        theta: &[f64],
        progress: &mut Progress,
    ) -> Result<Next, ObjectiveError> {
        let search = Search {
            problem: self.problem,
            capability: self.capability,
            bounds: self.bounds,
            plan: self.plan,
            control: self.control,
            attempt: self.number,
            seed,
        };
        match evaluator.borrow_mut().objective.accept_seed_without_outer_iterations(theta) {
            Ok(Some(value)) if value.is_finite() => {
                let candidate = self.terminal(theta, value);
                self.take(candidate, seed, theta, progress);
                return Ok(Next::Stop);
            }
            Ok(_) => {}
            Err(error) => return self.reject(seed, SeedPhase::Validation, error, progress),
        }
        let entered = entry.enter(&mut evaluator.borrow_mut(), theta);
        if let Err(error) = entered {
            return self.reject(seed, SeedPhase::Validation, error, progress);
        }
        let validated = search.validate(&mut evaluator.borrow_mut(), theta);
        let first = match validated {
            Ok(first) => first,
            Err(error) => return self.reject(seed, SeedPhase::Validation, error, progress),
        };
        progress.validated += 1;
        progress.started += 1;
        let value = first.value();
        emit(self.problem.observer.as_ref(), &OuterEvent::SeedStarted { seed, theta: theta.to_vec(), value });
        match search.run(evaluator, theta, first) {
            Ok(candidate) => {
                if !candidate.converged {
                    progress.expensive_failures += 1;
                }
                let stop = candidate.stop_reason;
                progress.outcome.fallback = candidate.fallback.clone().or(progress.outcome.fallback.take());
                self.take(candidate, seed, theta, progress);
                progress.outcome.cancelled = stop == StopReason::Cancelled;
                let over = matches!(stop, StopReason::Cancelled | StopReason::FirstOrderFallback);
                Ok(if over { Next::Stop } else { Next::Go })
            }
            Err(error) => {
                progress.expensive_failures += 1;
                self.reject(seed, SeedPhase::Solver, error, progress)
            }
        }
    }

    fn terminal(&self, theta: &[f64], value: f64) -> Candidate {
        Candidate {
            theta: theta.to_vec(),
            value,
            gradient: None,
            hessian: None,
            stationarity: None,
            converged: true,
            stop_reason: StopReason::TerminalSeed,
            plan: self.plan,
            method: "terminal seed",
            iterations: 0,
            trust_radius: None,
            fallback: None,
            inner_beta: None,
            path: Vec::new(),
        }
    }

    fn take(&self, candidate: Candidate, seed: usize, start: &[f64], progress: &mut Progress) {
        progress.outcome.iterations += candidate.iterations;
        progress.outcome.seeds.push(SeedReport {
            seed,
            start: start.to_vec(),
            value: candidate.value,
            iterations: candidate.iterations,
            converged: candidate.converged,
            stop_reason: candidate.stop_reason,
        });
        Candidate::keep_best(&mut progress.outcome.best, candidate);
    }

    /// Records a rejected seed; some errors end the attempt or the run.
    fn reject(
        &self,
        seed: usize,
        phase: SeedPhase,
        error: ObjectiveError,
        progress: &mut Progress,
    ) -> Result<Next, ObjectiveError> {
        let structural = match &error {
            ObjectiveError::Structural(failure) => Some(failure.clone()),
            _ => None,
        };
        let rejection = SeedRejection { seed, phase, reason: error.to_string(), structural };
        emit(self.problem.observer.as_ref(), &OuterEvent::SeedRejected(rejection.clone()));
        progress.rejections.push(rejection);
        match error {
            ObjectiveError::Abort(_) => Err(error),
            ObjectiveError::FirstOrderFallback(reason) => {
                progress.outcome.fallback = Some(reason);
                Ok(Next::Stop)
            }
            _ => Ok(Next::Go),
        }
    }

    /// True if the remaining seeds are not to be started.
    fn is_done(&self, progress: &mut Progress, budget: usize, evaluator: &RefCell<Evaluator<'_>>) -> bool {
        let converged = progress.outcome.best.as_ref().is_some_and(|best| best.converged);
        let compares = self.problem.seed_config.risk_profile == RiskProfile::Gaussian && budget > 1;
        if converged && !compares {
            return true;
        }
        if let Some(limit) = expensive_failure_limit(self.problem, self.plan.solver)
            && progress.expensive_failures >= limit
        {
            progress.early_exit = Some(format!("{limit} solver runs failed or did not finish"));
            return true;
        }
        if progress.outcome.best.is_none()
            && !evaluator.borrow().objective.requires_continuation_path_entry()
            && let Some(exit) = structural_exit(&progress.rejections)
        {
            progress.early_exit = Some(exit);
            return true;
        }
        false
    }
}

/// The defect that all rejections share.
fn common_cause(rejections: &[SeedRejection]) -> Option<StructuralFailure> {
    let first = rejections.first()?.structural.as_ref()?;
    let same = |rejection: &SeedRejection| {
        let other = rejection.structural.as_ref();
        other.is_some_and(|other| other.diagnosis == first.diagnosis && other.block == first.block)
    };
    rejections.iter().all(same).then(|| first.clone())
}

/// Why seeds are skipped: all of at least 2 rejections have one defect, or the last 3 have one signature (defect, block and order of
/// magnitude of the number that shows it).
fn structural_exit(rejections: &[SeedRejection]) -> Option<String> {
    if rejections.len() >= STRUCTURAL_EXIT
        && let Some(cause) = common_cause(rejections)
    {
        return Some(format!("remaining seeds skipped: every seed was rejected for {cause}"));
    }
    let last = &rejections[rejections.len().saturating_sub(SIGNATURE_EXIT)..];
    let first = signature(last.first()?)?;
    let repeated = last.len() == SIGNATURE_EXIT && last.iter().all(|r| signature(r).as_ref() == Some(&first));
    repeated
        .then(|| format!("remaining seeds skipped: {SIGNATURE_EXIT} rejections in a row with {}", first.0))
}

/// What failed and the power of ten of the number that shows it; none without a number.
fn signature(rejection: &SeedRejection) -> Option<(String, i64)> {
    let failure = rejection.structural.as_ref()?;
    let magnitude = failure.magnitude?.abs();
    Some((failure.diagnosis.clone(), libm::floor(libm::log10(magnitude.max(f64::MIN_POSITIVE))) as i64))
}

/// True where the plan's second-order solver may be started again from where it stopped.
pub(super) fn may_retry(plan: &OuterPlan) -> bool {
    plan.solver == OuterSolver::Arc
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(diagnosis: &str, block: &str, magnitude: Option<f64>) -> SeedRejection {
        let structural =
            Some(StructuralFailure { diagnosis: diagnosis.into(), block: block.into(), magnitude });
        SeedRejection { seed: 0, phase: SeedPhase::Validation, reason: String::new(), structural }
    }

    #[test]
    fn two_equal_defects_skip_the_rest() {
        let same = [rejection("rankDeficient", "s(x)", None), rejection("rankDeficient", "s(x)", None)];
        assert!(structural_exit(&same).is_some() && structural_exit(&same[..1]).is_none());
        let other = [rejection("rankDeficient", "s(x)", None), rejection("rankDeficient", "s(z)", None)];
        assert!(structural_exit(&other).is_none());
        let plain = SeedRejection { structural: None, ..rejection("", "", None) };
        assert!(structural_exit(&[plain.clone(), plain.clone(), plain]).is_none());
    }

    #[test]
    fn three_equal_signatures_skip_the_rest() {
        let with = |block: &str, magnitude| rejection("indefinite", block, Some(magnitude));
        let same = [with("a", 2e-9), with("b", 3e-9), with("c", 9e-9)];
        assert!(structural_exit(&same).unwrap().contains("indefinite"));
        assert!(structural_exit(&same[..2]).is_none());
        assert!(structural_exit(&[with("a", 2e-9), with("b", 3e-9), with("c", 1e-7)]).is_none());
    }
}

//! A run: the ladder of attempts, then the audit, then the winner's installation.

use super::attempt::{Attempt, AttemptOutcome, may_retry};
use super::audit_result::audited;
use super::candidate::Candidate;
use super::capability::OuterCapability;
use super::config::OuterProblem;
use super::error::{ObjectiveError, OuterError, SeedFailure};
use super::evaluator::Evaluator;
use super::event::{OuterEvent, emit};
use super::objective::OuterObjective;
use super::plan::{OuterPlan, OuterSolver, dispatch, fallback_attempts, plan, primary_capability};
use super::result::{AttemptReport, EvaluationCounts, OuterResult};
use super::retry::{Stage, wants_retry};
use super::stop_reason::StopReason;
use crate::control::Control;
use crate::error::{InputCode, InputError};
use crate::numeric::digest::Digest;
use crate::numeric::sum::norm_two;
use crate::smooth::Bounds;
use std::cell::RefCell;

impl OuterProblem {
    /// Searches for a minimiser of `objective`. `context` names the run in errors, events and the result, and takes part in the choice of the
    /// audit's direction; it may be empty. `control` cancels the run, which then returns its best point with its certificate.
    ///
    /// Everything is deterministic: two runs give the same bits.
    ///
    /// # Errors
    /// [`OuterError::Input`] and [`OuterError::Plan`] before any evaluation; the others as described there. A run that ends without
    /// converging is no error: its result says so.
    pub fn run<O: OuterObjective + ?Sized>(
        &self,
        objective: &mut O,
        context: &str,
        control: &Control,
    ) -> Result<OuterResult, OuterError> {
        let mut objective = objective;
        self.run_surrounded(&mut objective, context, control)
    }

    /// The search itself; `only` replaces the list of seeds.
    pub(super) fn run_dyn(
        &self,
        objective: &mut dyn OuterObjective,
        context: &str,
        control: &Control,
        only: Option<&[f64]>,
    ) -> Result<OuterResult, OuterError> {
        self.validate()?;
        let capability = self.effective_capability(objective);
        self.check_capability(&capability)?;
        let (lower, upper) = self.effective_bounds();
        let bounds = Bounds::new(lower, upper)
            .map_err(|error| InputError::new(InputCode::OutOfRange, "bounds", "a box", error.to_string()))?;
        let progress = self.inner_progress.clone();
        let evaluator = RefCell::new(Evaluator::new(objective, self.n_params, self.psi_dim, progress));
        if self.n_params == 0 {
            return self.without_parameters(&evaluator, &capability, context);
        }
        let ladder = Ladder { problem: self, bounds: &bounds, control, context, evaluator: &evaluator };
        let won = ladder.climb(&capability, only)?;
        let result = audited(self, &capability, &bounds, &evaluator, context, won)?;
        let result = self.with_assessment(&evaluator, result)?;
        self.install(&evaluator, result)
    }

    /// What the objective declares, with the restrictions of the options.
    pub(super) fn effective_capability(&self, objective: &dyn OuterObjective) -> OuterCapability {
        let mut capability = objective.capability();
        capability.disable_fixed_point |= self.disable_fixed_point;
        if capability.barrier.is_none() {
            capability.barrier.clone_from(&self.barrier);
        }
        capability
    }

    /// One evaluation at the empty vector.
    fn without_parameters(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        capability: &OuterCapability,
        context: &str,
    ) -> Result<OuterResult, OuterError> {
        let value = match evaluator.borrow_mut().value(&[]) {
            Ok(value) => value,
            Err(ObjectiveError::Abort(source)) => return Err(OuterError::Aborted { source, best: None }),
            Err(error) => return Err(OuterError::Objective { message: error.to_string(), best: None }),
        };
        let result = OuterResult {
            rho: Vec::new(),
            final_value: value,
            iterations: 0,
            final_grad_norm: Some(0.0),
            final_gradient: None,
            final_hessian: None,
            converged: true,
            stop_reason: StopReason::Converged,
            plan_used: plan(capability).ok(),
            method: "none".to_owned(),
            operator_trust_radius: None,
            operator_stop_reason: None,
            stationarity: None,
            criterion_certificate: None,
            certificate_absent: Some("there are no parameters".to_owned()),
            criterion_broken: false,
            uncertainty: None,
            cache: None,
            context: context.to_owned(),
            inner_beta: None,
            attempts: Vec::new(),
            evaluations: evaluator.borrow().counts,
            path: Vec::new(),
            digest: Digest::of([value]).to_string(),
        };
        let result = self.with_assessment(evaluator, result)?;
        self.finished(&result);
        Ok(result)
    }

    /// Brings the objective's inner state to the winner and reports the end.
    fn install(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        mut result: OuterResult,
    ) -> Result<OuterResult, OuterError> {
        let mut evaluator = evaluator.borrow_mut();
        if let Some(plan) = &result.plan_used {
            let installed = evaluator.install(&result.rho, plan);
            result.evaluations = evaluator.counts;
            match installed {
                Ok(()) => {}
                Err(ObjectiveError::Abort(source)) => {
                    return Err(OuterError::Aborted { source, best: Some(Box::new(result)) });
                }
                Err(error) => {
                    let message = format!("installing the result failed: {error}");
                    return Err(OuterError::Objective { message, best: Some(Box::new(result)) });
                }
            }
        }
        self.finished(&result);
        Ok(result)
    }

    fn finished(&self, result: &OuterResult) {
        emit(
            self.observer.as_ref(),
            &OuterEvent::Finished {
                stop_reason: result.stop_reason,
                converged: result.converged,
                value: result.final_value,
                iterations: result.iterations,
            },
        );
    }
}

/// What the ladder brings back.
pub(super) struct Won {
    pub best: Candidate,
    pub attempts: Vec<AttemptReport>,
    pub iterations: usize,
}

impl Won {
    /// The result before its audit.
    pub fn into_result(self, context: &str, evaluations: EvaluationCounts) -> OuterResult {
        let best = self.best;
        let operator = best.trust_radius.is_some();
        OuterResult {
            digest: Digest::of(best.theta.iter().copied().chain([best.value])).to_string(),
            final_value: best.value,
            iterations: self.iterations,
            final_grad_norm: best.gradient.as_deref().map(norm_two),
            final_gradient: best.gradient,
            final_hessian: best.hessian,
            converged: best.converged,
            stop_reason: best.stop_reason,
            plan_used: Some(best.plan),
            method: best.method.to_owned(),
            operator_trust_radius: best.trust_radius,
            operator_stop_reason: operator.then_some(best.stop_reason),
            stationarity: best.stationarity,
            criterion_certificate: None,
            certificate_absent: None,
            criterion_broken: false,
            uncertainty: None,
            cache: None,
            context: context.to_owned(),
            inner_beta: best.inner_beta,
            attempts: self.attempts,
            evaluations,
            path: best.path,
            rho: best.theta,
        }
    }
}

struct Ladder<'r, 'a> {
    problem: &'r OuterProblem,
    bounds: &'r Bounds,
    control: &'r Control,
    context: &'r str,
    evaluator: &'r RefCell<Evaluator<'a>>,
}

impl Ladder<'_, '_> {
    /// Attempt after attempt until one converges; the best point of all.
    fn climb(&self, capability: &OuterCapability, only: Option<&[f64]>) -> Result<Won, OuterError> {
        let policy = self.problem.fallback_policy;
        let primary = primary_capability(capability, policy);
        dispatch(&primary)?;
        let rungs: Vec<OuterCapability> =
            std::iter::once(primary.clone()).chain(fallback_attempts(&primary, policy)).collect();
        let (mut best, mut attempts, mut iterations, mut failure) = (None, Vec::new(), 0, None);
        for (number, rung) in rungs.iter().enumerate() {
            let plan = dispatch(rung)?;
            self.report_plan(number, rung, plan);
            let before = self.evaluator.borrow().counts;
            let (outcome, runs) = match self.attempt(number, rung, plan, only) {
                Ok(done) => done,
                Err(error) => return Err(self.aborted(error, best, attempts, iterations, plan)),
            };
            iterations += outcome.iterations;
            attempts.push(self.report_attempt(number, plan, &outcome, runs, before));
            failure = outcome.failure.or(failure);
            if let Some(found) = outcome.best {
                Candidate::keep_best(&mut best, found);
            }
            if outcome.cancelled || best.as_ref().is_some_and(|best| best.converged) {
                break;
            }
            if let Some(reason) = outcome.fallback
                && number + 1 < rungs.len()
            {
                emit(self.problem.observer.as_ref(), &OuterEvent::Fallback { reason });
            }
        }
        match (best, failure) {
            (Some(best), _) => Ok(Won { best, attempts, iterations }),
            (None, Some(failure)) => Err(self.failed(failure)),
            (None, None) => Err(OuterError::Cancelled),
        }
    }

    /// One attempt with the retries of a second-order solver.
    fn attempt(
        &self,
        number: usize,
        capability: &OuterCapability,
        plan: OuterPlan,
        only: Option<&[f64]>,
    ) -> Result<(AttemptOutcome, usize), ObjectiveError> {
        let run = |problem: &OuterProblem, only: Option<Vec<f64>>| {
            let (bounds, control, context) = (self.bounds, self.control, self.context);
            let attempt = Attempt { problem, capability, bounds, plan, control, context, number };
            attempt.run(self.evaluator, only)
        };
        let mut total = run(self.problem, only.map(<[f64]>::to_vec))?;
        let mut stages: Vec<Stage> = total.best.iter().map(Stage::of).collect();
        let mut last = total.best.clone();
        while may_retry(&plan) && !total.cancelled && wants_retry(&stages) {
            let Some(from) = last else { break };
            let norm = stages.last().and_then(|stage| stage.gradient_norm).unwrap_or(f64::NAN);
            let event = OuterEvent::Retry { retry: stages.len(), projected_gradient_norm: norm };
            emit(self.problem.observer.as_ref(), &event);
            let mut problem = self.problem.clone();
            problem.operator_initial_trust_radius = from.trust_radius.filter(|r| r.is_finite() && *r > 0.0);
            problem.initial_rho = Some(from.theta.clone());
            self.evaluator.borrow_mut().set_capping(false);
            let again = run(&problem, Some(from.theta));
            self.evaluator.borrow_mut().set_capping(true);
            let again = again?;
            total.iterations += again.iterations;
            total.seeds.extend(again.seeds);
            total.cancelled |= again.cancelled;
            let Some(found) = again.best else { break };
            stages.push(Stage::of(&found));
            last = Some(found.clone());
            Candidate::keep_best(&mut total.best, found);
        }
        Ok((total, stages.len().max(1)))
    }

    fn report_plan(&self, attempt: usize, capability: &OuterCapability, plan: OuterPlan) {
        let mut notes = Vec::new();
        if plan.solver == OuterSolver::Bfgs {
            notes.push("no Hessian: quasi-Newton".to_owned());
        }
        if plan.solver.is_fixed_point() && capability.barrier.is_some() {
            notes.push("the barrier's curvature is looked at while the fixed point runs".to_owned());
        }
        if plan.solver == OuterSolver::HybridEfs {
            notes.push("may hand over to a solver that uses gradients".to_owned());
        }
        emit(
            self.problem.observer.as_ref(),
            &OuterEvent::Plan {
                context: self.context.to_owned(),
                attempt,
                n_params: capability.n_params,
                gradient: capability.has_gradient(),
                hessian: capability.hessian.is_analytic(),
                solver: plan.solver,
                hessian_source: plan.hessian_source,
                notes,
            },
        );
    }

    fn report_attempt(
        &self,
        attempt: usize,
        plan: OuterPlan,
        outcome: &AttemptOutcome,
        runs: usize,
        before: EvaluationCounts,
    ) -> AttemptReport {
        let report = AttemptReport {
            plan,
            runs,
            iterations: outcome.iterations,
            evaluations: self.evaluator.borrow().counts.since(&before),
            stop_reason: outcome.best.as_ref().map(|best| best.stop_reason),
            value: outcome.best.as_ref().map(|best| best.value),
            fallback: outcome.fallback.clone(),
            seeds: outcome.seeds.clone(),
            failure: outcome.failure.clone(),
        };
        let (stop_reason, value) = (report.stop_reason, report.value);
        emit(self.problem.observer.as_ref(), &OuterEvent::AttemptEnded { attempt, plan, stop_reason, value });
        report
    }

    /// Every seed of every attempt failed; the lowest point that any solver saw goes with the error.
    fn failed(&self, failure: SeedFailure) -> OuterError {
        let seen = self.evaluator.borrow().lowest.as_ref().map(|best| (best.theta.clone(), best.value));
        OuterError::Seeds { failure: Box::new(failure), lowest: seen }
    }

    /// The objective ended the run: its error unchanged, with the best point so far.
    fn aborted(
        &self,
        error: ObjectiveError,
        best: Option<Candidate>,
        attempts: Vec<AttemptReport>,
        iterations: usize,
        plan: OuterPlan,
    ) -> OuterError {
        let evaluator = self.evaluator.borrow();
        let mut best = best;
        if let Some(seen) = &evaluator.lowest {
            Candidate::keep_best(&mut best, Candidate::interrupted(seen, plan));
        }
        let best = best.map(|best| {
            let mut result = Won { best, attempts, iterations }.into_result(self.context, evaluator.counts);
            result.converged = false;
            result.stop_reason = StopReason::Aborted;
            result.certificate_absent = Some("the objective ended the run".to_owned());
            Box::new(result)
        });
        match error {
            ObjectiveError::Abort(source) => OuterError::Aborted { source, best },
            other => OuterError::Objective { message: other.to_string(), best },
        }
    }
}

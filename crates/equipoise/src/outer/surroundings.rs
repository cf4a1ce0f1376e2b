//! What lies around a search: the cache, and within it the canonical order of coordinates. Cached points are in the caller's order.

use super::cache::{
    CacheOutcome, CacheReport, CacheSession, CachedPoint, CheckpointingObjective, Offer, certificate_of,
    consult, save, staleness, started_from,
};
use super::canonical_order::{
    CanonicalObjective, Permutation, canonical_problem, native_error, native_result, order_of,
};
use super::certificate::railed;
use super::config::OuterProblem;
use super::error::{ObjectiveError, OuterError};
use super::evaluator::Evaluator;
use super::event::{OuterEvent, emit};
use super::objective::OuterObjective;
use super::plan::{OuterPlan, dispatch, primary_capability};
use super::result::{EvaluationCounts, OuterResult};
use super::stop_reason::StopReason;
use super::uncertainty::{Assessed, Assessment, assess};
use crate::control::Control;
use crate::numeric::digest::Digest;
use crate::numeric::sum::norm_two;
use std::cell::RefCell;
use std::sync::Arc;

impl OuterProblem {
    /// The run as the options ask for it.
    pub(super) fn run_surrounded(
        &self,
        objective: &mut dyn OuterObjective,
        context: &str,
        control: &Control,
    ) -> Result<OuterResult, OuterError> {
        self.validate()?;
        match &self.cache_session {
            Some(session) => self.run_cached(session, objective, context, control),
            None => self.run_in_order(objective, context, control),
        }
    }

    fn run_cached(
        &self,
        session: &Arc<CacheSession>,
        objective: &mut dyn OuterObjective,
        context: &str,
        control: &Control,
    ) -> Result<OuterResult, OuterError> {
        let (offer, mut report) = consult(self, session);
        let start = match offer {
            Offer::Answer(point) => match self.cached_answer(objective, &point, context)? {
                Ok(result) => {
                    self.note("cache", report.sentence());
                    return Ok(OuterResult { cache: Some(report), ..result });
                }
                Err(reason) => {
                    report.outcome = CacheOutcome::Stale;
                    report.reason = Some(reason);
                    Some(point)
                }
            },
            Offer::Start(point) => Some(point),
            Offer::Nothing => None,
        };
        self.note("cache", report.sentence());
        let sessions: Vec<Arc<CacheSession>> =
            std::iter::once(session).chain(&self.cache_mirrors).map(Arc::clone).collect();
        let mut wrapped = CheckpointingObjective::new(objective, sessions.clone());
        let result = match start {
            None => self.run_in_order(&mut wrapped, context, control)?,
            Some(point) => {
                let problem = started_from(self, &point);
                wrapped = wrapped.resuming(point.rho, point.beta);
                problem.run_in_order(&mut wrapped, context, control)?
            }
        };
        report.saved = save(self, &sessions, &result, wrapped.last_beta());
        Ok(OuterResult { cache: Some(report), ..result })
    }

    fn run_in_order(
        &self,
        objective: &mut dyn OuterObjective,
        context: &str,
        control: &Control,
    ) -> Result<OuterResult, OuterError> {
        let Some(order) = self.order() else {
            return self.run_dyn(objective, context, control, None);
        };
        let mut wrapped = CanonicalObjective::new(objective, Arc::clone(&order));
        canonical_problem(self, &order)
            .run_dyn(&mut wrapped, context, control, None)
            .map(|result| native_result(result, &order))
            .map_err(|error| native_error(error, &order))
    }

    /// The canonical order, if it is another than the native one. Coordinates that nothing tells apart are reported.
    pub(super) fn order(&self) -> Option<Arc<Permutation>> {
        let (order, tied) = order_of(self, self.rho_canonical_keys.as_ref()?);
        for group in tied {
            let text = format!("coordinates {group:?} have equal keys: they must be interchangeable");
            self.note("canonicalOrder", text);
        }
        order.map(Arc::new)
    }

    /// The cached answer as a result, if the objective still has its value there; else why not.
    fn cached_answer(
        &self,
        objective: &mut dyn OuterObjective,
        point: &CachedPoint,
        context: &str,
    ) -> Result<Result<OuterResult, String>, OuterError> {
        let capability = self.effective_capability(objective);
        self.check_capability(&capability)?;
        let plan = dispatch(&primary_capability(&capability, self.fallback_policy)).ok();
        objective.reset();
        let _ = interrupting(objective.seed_inner_state(&point.beta))?;
        let value = match interrupting(objective.eval_cost(&point.rho))? {
            Ok(value) => value,
            Err(reason) => return Ok(Err(reason)),
        };
        if let Some(reason) = staleness(point, value) {
            return Ok(Err(reason));
        }
        let mut result = cached_result(point, plan, context);
        if let Some((diagnostic, hessian)) = self.assessment(objective, &result).map_err(aborted)? {
            result.evaluations.draws = diagnostic.num_evaluations;
            result.uncertainty = Some(diagnostic);
            result.final_hessian = result.final_hessian.or(hessian);
        }
        if let Some(plan) = &plan {
            result.evaluations.value += 1;
            if let Err(reason) = interrupting(objective.finalize_outer_result(&point.rho, plan))? {
                let message = format!("installing the result failed: {reason}");
                return Err(OuterError::Objective { message, best: Some(Box::new(result)) });
            }
        }
        Ok(Ok(result))
    }

    /// The result with the assessment of its uncertainty, which no cancelled run waits for.
    pub(super) fn with_assessment(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        mut result: OuterResult,
    ) -> Result<OuterResult, OuterError> {
        if result.stop_reason == StopReason::Cancelled {
            return Ok(result);
        }
        let mut evaluator = evaluator.borrow_mut();
        match self.assessment(&mut *evaluator.objective, &result) {
            Ok(None) => {}
            Ok(Some((diagnostic, hessian))) => {
                evaluator.counts.draws += diagnostic.num_evaluations;
                result.evaluations = evaluator.counts;
                result.uncertainty = Some(diagnostic);
                result.final_hessian = result.final_hessian.or(hessian);
            }
            Err(ObjectiveError::Abort(source)) => {
                return Err(OuterError::Aborted { source, best: Some(Box::new(result)) });
            }
            Err(error) => {
                let message = error.to_string();
                return Err(OuterError::Objective { message, best: Some(Box::new(result)) });
            }
        }
        Ok(result)
    }

    /// The assessment of a result's uncertainty; none where there is not to be one.
    fn assessment(
        &self,
        objective: &mut dyn OuterObjective,
        result: &OuterResult,
    ) -> Result<Option<Assessment>, ObjectiveError> {
        if self.max_iter <= 1 {
            return Ok(None);
        }
        let (lower, upper) = self.effective_bounds();
        let assessed = Assessed {
            theta: &result.rho,
            rho_dim: self.n_params - self.psi_dim,
            railed: &railed(&result.rho, &lower, &upper),
            inner_beta: result.inner_beta.as_deref().unwrap_or_default(),
            size: self.problem_size,
            options: &self.uncertainty,
            lower: &lower,
            upper: &upper,
        };
        assess(objective, &assessed).map(Some)
    }

    fn note(&self, topic: &str, text: String) {
        emit(self.observer.as_ref(), &OuterEvent::Note { topic: topic.to_owned(), text });
    }
}

/// Turns an abort into the error of the run, and every other error into its words.
fn interrupting<T>(outcome: Result<T, ObjectiveError>) -> Result<Result<T, String>, OuterError> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(error @ ObjectiveError::Abort(_)) => Err(aborted(error)),
        Err(error) => Ok(Err(error.to_string())),
    }
}

fn aborted(error: ObjectiveError) -> OuterError {
    match error {
        ObjectiveError::Abort(source) => OuterError::Aborted { source, best: None },
        other => OuterError::Objective { message: other.to_string(), best: None },
    }
}

/// A cached answer with all that was stored beside it.
fn cached_result(point: &CachedPoint, plan: Option<OuterPlan>, context: &str) -> OuterResult {
    let gradient = (!point.gradient.is_empty()).then(|| point.gradient.clone());
    let certificate = certificate_of(point);
    OuterResult {
        final_value: point.cost,
        iterations: 0,
        final_grad_norm: gradient.as_deref().map(norm_two),
        final_gradient: gradient,
        final_hessian: point.hessian_of_order(point.rho.len()).map(<[f64]>::to_vec),
        converged: true,
        stop_reason: StopReason::CachedFinal,
        plan_used: plan,
        method: "cache".to_owned(),
        operator_trust_radius: None,
        operator_stop_reason: None,
        stationarity: certificate.as_ref().and_then(|c| c.stationarity.clone()),
        certificate_absent: certificate.is_none().then(|| "the cached answer has none".to_owned()),
        criterion_certificate: certificate,
        criterion_broken: false,
        uncertainty: None,
        cache: None::<CacheReport>,
        context: context.to_owned(),
        inner_beta: (!point.beta.is_empty()).then(|| point.beta.clone()),
        attempts: Vec::new(),
        evaluations: EvaluationCounts { value: 1, ..EvaluationCounts::default() },
        path: Vec::new(),
        digest: Digest::of(point.rho.iter().copied().chain([point.cost])).to_string(),
        rho: point.rho.clone(),
    }
}

//! The audit of a result: certificate, broken criterion, final verdict.

use super::capability::OuterCapability;
use super::certificate::{Audited, positive_definite};
use super::config::OuterProblem;
use super::error::{ObjectiveError, OuterError};
use super::evaluator::Evaluator;
use super::event::{OuterEvent, emit};
use super::result::OuterResult;
use super::run::Won;
use super::stop_reason::StopReason;
use crate::smooth::Bounds;
use std::cell::RefCell;

/// Attaches the certificate and draws its consequence: a point whose gradient is not that of the criterion is not converged, whatever the
/// solver says.
pub(super) fn audited(
    problem: &OuterProblem,
    capability: &OuterCapability,
    bounds: &Bounds,
    evaluator: &RefCell<Evaluator<'_>>,
    context: &str,
    won: Won,
) -> Result<OuterResult, OuterError> {
    let counts = evaluator.borrow().counts;
    let mut result = won.into_result(context, counts);
    if problem.max_iter <= 1 {
        result.certificate_absent = Some("the run was limited to one iteration".to_owned());
        return Ok(result);
    }
    if result.stop_reason == StopReason::TerminalSeed {
        result.certificate_absent = Some("the objective declared the seed terminal".to_owned());
        return Ok(result);
    }
    let certificate = {
        let mut evaluator = evaluator.borrow_mut();
        evaluator.objective.set_probing(true);
        let mut abort = None;
        let certificate = {
            let audited = audited_point(&result, capability, bounds, context);
            audited.certificate(&mut |theta| match evaluator.audit_value(theta) {
                Ok(value) => value,
                Err(error) => {
                    abort = Some(error);
                    None
                }
            })
        };
        evaluator.objective.set_probing(false);
        result.evaluations = evaluator.counts;
        if let Some(ObjectiveError::Abort(source)) = abort {
            return Err(OuterError::Aborted { source, best: Some(Box::new(result)) });
        }
        certificate
    };
    match certificate {
        Err(reason) => result.certificate_absent = Some(reason),
        Ok(certificate) => {
            let (clean, summary) = (certificate.clean, certificate.summary.clone());
            if !certificate.consistent {
                result.converged = false;
                if certificate.gradient_is_claimed {
                    result.stop_reason = StopReason::NotStationary;
                } else {
                    result.criterion_broken = true;
                    result.stop_reason = StopReason::CriterionBroken;
                    let event = OuterEvent::BrokenCriterion { summary: summary.clone() };
                    emit(problem.observer.as_ref(), &event);
                }
            }
            if certificate.curves_down && result.converged {
                result.converged = false;
                result.stop_reason = StopReason::CurvesDown;
            }
            result.criterion_certificate = Some(certificate);
            emit(problem.observer.as_ref(), &OuterEvent::Certificate { clean, summary });
        }
    }
    Ok(result)
}

fn audited_point<'r>(
    result: &'r OuterResult,
    capability: &OuterCapability,
    bounds: &'r Bounds,
    context: &'r str,
) -> Audited<'r> {
    let n = result.rho.len();
    let gradient = result.final_gradient.as_deref();
    let hessian_pd = match (&result.final_hessian, gradient) {
        (Some(hessian), Some(gradient)) => {
            let free: Vec<usize> = (0..n).filter(|&i| !bounds.holds(i, result.rho[i], gradient[i])).collect();
            positive_definite(hessian, n, &free)
        }
        _ => None,
    };
    Audited {
        context,
        theta: &result.rho,
        value: result.final_value,
        gradient,
        lower: bounds.lower(),
        upper: bounds.upper(),
        rho_dim: capability.rho_dim(),
        hessian_pd,
        stationarity: result.stationarity.clone(),
        // Without a gradient only a converged fixed point claims that the slope is zero.
        claims_zero: result.converged,
    }
}

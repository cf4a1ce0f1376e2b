//! The entry: validate, run, report.

use super::evaluation::{Evaluator, Point};
use super::functions::{Functions, SqpError};
use super::multipliers::Multipliers;
use super::observer::StepObserver;
use super::options::SqpOptions;
use super::problem::SqpProblem;
use super::result::SqpResult;
use super::run::Run;
use super::status::SqpStatus;
use super::termination::{certify, fit, projected_ratio, unscaled};
use crate::certificate::kkt::KktResiduals;
use crate::control::Control;
use crate::numeric::digest::Digest;

/// Minimises f over the constraints from the problem's start.
///
/// The answer is `converged` only if [`KktResiduals`] says so at the point returned.
///
/// # Errors
/// An option outside its range; the user's own error, unchanged. Failure to converge is a status, not an error.
pub fn minimize<'a>(
    problem: &'a SqpProblem,
    functions: &'a mut dyn Functions,
    options: &'a SqpOptions,
    observer: Option<&'a mut dyn StepObserver>,
    control: &'a Control,
) -> Result<SqpResult, SqpError> {
    options.check()?;
    let evaluator = Evaluator::new(functions, problem, options);
    let mut run = Run::new(problem, evaluator, options, observer, control)?;
    run.run()?;
    let rolled_back = return_to_best(&mut run)?;
    Ok(result(run, rolled_back))
}

/// After a failure: back to the best feasible point (or that of lowest merit) if the last point is worse.
fn return_to_best(run: &mut Run<'_>) -> Result<bool, SqpError> {
    let kept = matches!(run.status, SqpStatus::Converged | SqpStatus::Infeasible | SqpStatus::Unbounded);
    let Some(best) = run.progress.best_point().filter(|_| !kept) else { return Ok(false) };
    let feasible = run.violation() <= run.options.feasibility_tolerance;
    let worse = if feasible { best.f < run.point.f } else { best.x != run.point.x };
    if !worse {
        return Ok(false);
    }
    let (n, m) = (run.point.gradient.len(), run.point.jacobian.len());
    let mut point = Point { gradient: vec![0.0; n], jacobian: vec![0.0; m], ..best.clone_values() };
    run.evaluator.derivatives(&mut point)?;
    run.point = point;
    Ok(true)
}

fn result(run: Run<'_>, rolled_back: bool) -> SqpResult {
    let (multipliers, residuals) = run.certified.clone().unwrap_or_else(|| best_multipliers(&run));
    let user = unscaled(&run, &run.point);
    let equalities = run.problem.num_equalities();
    let all = user.x.iter().chain(&multipliers.rows).chain(&multipliers.bounds).copied();
    SqpResult {
        status: run.status,
        message: message(&run, &residuals),
        digest: Digest::of(all).to_string(),
        objective: user.f,
        equalities: user.c[..equalities].to_vec(),
        inequalities: user.c[equalities..].to_vec(),
        gradient: user.gradient,
        x: user.x,
        equality_multipliers: multipliers.rows[..equalities].to_vec(),
        inequality_multipliers: multipliers.rows[equalities..].to_vec(),
        bound_multipliers: multipliers.bounds,
        residuals,
        projected_stationarity: projected_ratio(&run),
        steps: run.steps,
        qp_iterations: run.qp_iterations,
        evaluations: run.evaluator.evaluations,
        merit_penalty: run.merit.largest_weight(),
        rolled_back,
        infeasibility: run.infeasibility,
        scale_factors: run.evaluator.factors,
        counters: run.counters,
    }
}

/// The better of the subproblem's multipliers and those that fit best; without derivatives, zeros.
fn best_multipliers(run: &Run<'_>) -> (Multipliers, KktResiduals) {
    let last = certify(run, &run.multipliers);
    if !run.point.has_finite_derivatives() || !run.point.has_finite_values() {
        return last;
    }
    let fitted = certify(run, &fit(run));
    if fitted.1.relative_stationarity < last.1.relative_stationarity { fitted } else { last }
}

fn message(run: &Run<'_>, residuals: &KktResiduals) -> String {
    let mut text = run.status.sentence().to_owned();
    text.push_str(&format!(
        " After {} steps: relative stationarity {:.1e}, violation {:.1e}.",
        run.steps, residuals.relative_stationarity, residuals.violation
    ));
    if let Some(ratio) = projected_ratio(run).filter(|_| run.status == SqpStatus::InexactStationary) {
        text.push_str(&format!(" Relative projected gradient of the inner solver: {ratio:.1e}."));
    }
    if let Some(evidence) = &run.infeasibility {
        let names: Vec<&str> = evidence.rows.iter().take(5).map(|row| row.name.as_str()).collect();
        let kind = if evidence.global { "No point satisfies" } else { "Locally infeasible" };
        text.push_str(&format!(" {kind}: {}.", names.join(", ")));
    }
    text
}

//! The best point of a solver run, and how candidates compare.

use super::config::OuterProblem;
use super::evaluator::Incumbent;
use super::plan::OuterPlan;
use super::result::{FallbackReason, OuterIteration};
use super::stationarity::StationarityReport;
use super::stop_reason::StopReason;
use crate::smooth::{Bounds, FreeCurvature, StationarityTolerances};

/// A point that may become the result.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub theta: Vec<f64>,
    pub value: f64,
    pub gradient: Option<Vec<f64>>,
    /// n × n by rows
    pub hessian: Option<Vec<f64>>,
    pub stationarity: Option<StationarityReport>,
    pub converged: bool,
    pub stop_reason: StopReason,
    pub plan: OuterPlan,
    pub method: &'static str,
    pub iterations: usize,
    pub trust_radius: Option<f64>,
    pub fallback: Option<FallbackReason>,
    pub inner_beta: Option<Vec<f64>>,
    pub path: Vec<OuterIteration>,
}

impl Candidate {
    /// The lowest point of a solver run that was interrupted.
    pub fn interrupted(seen: &Incumbent, plan: OuterPlan) -> Self {
        Self {
            theta: seen.theta.clone(),
            value: seen.value,
            gradient: seen.gradient.clone(),
            hessian: None,
            stationarity: None,
            converged: false,
            stop_reason: StopReason::Aborted,
            plan,
            method: plan.solver.as_str(),
            iterations: 0,
            trust_radius: None,
            fallback: None,
            inner_beta: seen.inner_beta.clone(),
            path: Vec::new(),
        }
    }

    /// Converged beats not converged; then the strictly lower value wins. A tie stays with the other, which came earlier.
    pub fn beats(&self, other: &Self) -> bool {
        match (self.converged, other.converged) {
            (true, false) => true,
            (false, true) => false,
            _ => self.value < other.value,
        }
    }

    /// Keeps the better of two, the earlier one on a tie.
    pub fn keep_best(best: &mut Option<Self>, other: Self) {
        if best.as_ref().is_none_or(|best| other.beats(best)) {
            *best = Some(other);
        }
    }
}

/// The tolerances of a problem. The relative one is taken at the point itself, not at the start: a bad start must not excuse a bad end.
pub(super) fn tolerances(problem: &OuterProblem) -> StationarityTolerances {
    StationarityTolerances {
        gradient: problem.tolerance,
        objective_scale: problem.objective_scale,
        relative_to_value: Some(problem.rel_cost_tolerance.unwrap_or(problem.tolerance)),
        decrement: problem.problem_size.n_obs.map(|n| 0.5 / n.max(1) as f64),
    }
}

/// The one test of stationarity at a point.
pub(super) fn judge(
    tolerances: &StationarityTolerances,
    bounds: &Bounds,
    theta: &[f64],
    value: f64,
    gradient: &[f64],
    hessian: Option<&[f64]>,
) -> StationarityReport {
    let curvature = hessian.and_then(|hessian| FreeCurvature::new(bounds, theta, gradient, hessian));
    let found = tolerances.at_start(value).judge(bounds, theta, value, gradient, curvature.as_ref());
    StationarityReport::from(&found)
}

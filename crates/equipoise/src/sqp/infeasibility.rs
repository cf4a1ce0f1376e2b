//! When a run may say that there is no feasible point, and what proves it.

use super::result::{InfeasibilityEvidence, ResponsibleRow};
use super::run::Run;
use super::subproblem::{Direction, Linearisation};
use crate::numeric::sum::max_abs;

/// A violation that the best step lowers by no more than this part is stationary.
const NEGLIGIBLE_GAIN: f64 = 1e-6;
/// ‖Jᵀy + z‖∞ relative to the rows' size.
const STATIONARY: f64 = 1e-5;
/// Rows with less than this part of the largest weight are not named.
const NAMED: f64 = 1e-6;

/// Evidence, if the linearised constraints contradict each other (Farkas vector `farkas`, checked; empty if the proof has another
/// form) and either the constraints are affine or no step lowers Σ violations.
pub(super) fn judge(
    run: &Run<'_>,
    linearisation: &Linearisation<'_>,
    farkas: &[f64],
    elastic: &Direction,
) -> Option<InfeasibilityEvidence> {
    let before = run.merit.total_violation(&run.point.c);
    if run.evaluator.provides().linear_constraints && !farkas.is_empty() {
        return Some(evidence(run, true, 0.0, farkas));
    }
    let left: f64 = elastic.left.iter().sum();
    if run.violation() <= run.options.feasibility_tolerance || before - left > 0.01 * before {
        return None;
    }
    let feasibility = linearisation.feasibility_direction(run.options);
    let gain = before - feasibility.left.iter().sum::<f64>();
    let stationarity = linearisation.violation_stationarity(&feasibility);
    let is_stationary = gain <= NEGLIGIBLE_GAIN * before && stationarity <= STATIONARY;
    is_stationary.then(|| evidence(run, false, stationarity, &feasibility.multipliers))
}

/// The rows with their weights at the run's point.
pub(super) fn evidence(
    run: &Run<'_>,
    global: bool,
    stationarity: f64,
    weights: &[f64],
) -> InfeasibilityEvidence {
    let factors = &run.evaluator.factors;
    let violations: Vec<f64> =
        run.merit.violations(&run.point.c).zip(&factors.constraints).map(|(v, s)| v / s).collect();
    let largest = max_abs(weights);
    let mut rows: Vec<ResponsibleRow> = (0..weights.len())
        .filter(|&i| weights[i].abs() > NAMED * largest)
        .map(|i| ResponsibleRow {
            name: run.problem.constraint_name(i),
            violation: violations[i],
            multiplier: weights[i] / largest,
        })
        .collect();
    rows.sort_by(|a, b| b.multiplier.abs().total_cmp(&a.multiplier.abs()));
    InfeasibilityEvidence { global, stationarity, violation: violations.iter().sum(), rows }
}

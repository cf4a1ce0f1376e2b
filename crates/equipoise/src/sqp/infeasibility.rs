//! When a run may say that there is no feasible point, and what proves it.

use super::result::{InfeasibilityEvidence, ResponsibleRow};
use super::run::Run;
use super::subproblem::{Direction, Linearisation, Outcome};
use crate::numeric::sum::max_abs;

/// A violation that the best step lowers by no more than this part is stationary.
const NEGLIGIBLE_GAIN: f64 = 1e-6;
/// Half the side of the box of the test at the end of a run, relative to max(1, ‖x‖∞).
const BOX: f64 = 1e-2;
/// A gain within the box below this part of the violation is none.
const END_GAIN: f64 = 1e-4;
/// Variables up to which the test at the end is made.
const LARGEST: usize = 500;
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

/// Evidence at the end of a run that made no further progress while constraints are violated: a step within a small box lowers
/// Σ violations by a negligible part of it only.
pub(super) fn judge_end(run: &Run<'_>) -> Option<InfeasibilityEvidence> {
    let n = run.point.x.len();
    if n > LARGEST
        || run.violation() <= run.options.feasibility_tolerance
        || !run.point.has_finite_derivatives()
    {
        return None;
    }
    let radius = BOX * max_abs(&run.point.x).max(1.0);
    let (lower, upper) = run.room();
    let lower: Vec<f64> = lower.iter().map(|l| l.max(-radius)).collect();
    let upper: Vec<f64> = upper.iter().map(|u| u.min(radius)).collect();
    let linearisation = Linearisation {
        point: &run.point,
        num_equalities: run.problem.num_equalities(),
        lower: &lower,
        upper: &upper,
    };
    let before = run.merit.total_violation(&run.point.c);
    let direction = linearisation.feasibility_direction(run.options);
    let gain = (before - direction.left.iter().sum::<f64>()) / before;
    let solved = direction.outcome == Outcome::Solved && max_abs(&direction.multipliers) > 0.0;
    (solved && gain <= END_GAIN).then(|| evidence(run, false, gain.max(0.0), &direction.multipliers))
}

fn evidence(run: &Run<'_>, global: bool, stationarity: f64, weights: &[f64]) -> InfeasibilityEvidence {
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

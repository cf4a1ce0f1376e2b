//! The run ended where the constraints do not hold.

use super::super::context::EndContext;
use super::super::signal::{Artifact, Signal, Specificity};
use super::super::suggestion::larger_initial_penalty;
use crate::numeric::sum::max_abs;
use crate::sqp::status::SqpStatus;

pub(super) const SPECIFICITY: Specificity = super::SPECIFIC;
/// Rows shown.
const SHOWN: usize = 5;

/// Fires for the statuses `infeasible` and `nonfinite`, and where no step satisfied the constraints and the last did not.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let tolerance = context.options.feasibility_tolerance;
    // NaN is a violation.
    let within = |violation: f64| violation <= tolerance;
    let violated = |eq: f64, ineq: f64| !(within(eq) && within(ineq));
    let never = !context.history.is_empty()
        && context.history.iter().all(|r| violated(r.summary.max_eq_violation, r.summary.max_ineq_violation));
    let ended = matches!(context.result.status, SqpStatus::Infeasible | SqpStatus::Nonfinite);
    if !ended && !never {
        return None;
    }
    let (equalities, inequalities) = values(context);
    // Without steps the point returned says it.
    let (eq_violation, ineq_violation) = context.last().map_or_else(
        || (max_abs(&equalities), inequalities.iter().fold(0.0, |a: f64, c| a.max(-c))),
        |last| (last.max_eq_violation, last.max_ineq_violation),
    );
    let worst_equalities = worst(&equalities, |c| c.abs());
    let worst_inequalities = worst(&inequalities, |c| (-c).max(0.0));
    let names = responsible(context, &worst_equalities, &worst_inequalities);
    let largest = eq_violation.max(ineq_violation);
    let list = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
    Some(
        Signal::new(
            "infeasible_termination",
            SPECIFICITY,
            largest / tolerance.max(1e-300),
            format!("the constraints look out of reach from here; the largest violation is {largest:.1e}{list}"),
        )
        .detail(
            "Either no point satisfies the constraints, or the path ended at a point where their violation cannot be lowered by \
             small moves, or a function is undefined on the way. The rows named are those that stand against each other, or \
             those with the largest violation.",
        )
        .evidence([
            ("max_eq_violation", eq_violation),
            ("max_ineq_violation", ineq_violation),
            ("atol", tolerance),
        ])
        .suggest("check by hand whether the rows named can hold at one point; relax the one that need not be strict")
        .suggest("start from a point that satisfies the constraints, or reach them in stages")
        .suggest("keep logarithms, roots and quotients defined by bounds on their arguments")
        .suggest(larger_initial_penalty(context.options.initial_penalty, 1e4))
        .artifact("eq_values", Artifact::vector(equalities))
        .artifact("ineq_values", Artifact::vector(inequalities))
        .artifact("eq_worst_indices", Artifact::vector(as_numbers(&worst_equalities)))
        .artifact("ineq_worst_indices", Artifact::vector(as_numbers(&worst_inequalities))),
    )
}

/// Equalities, and inequalities with the finite bounds behind them: all lower, then all upper ones (0 where there is none).
fn values(context: &EndContext<'_>) -> (Vec<f64>, Vec<f64>) {
    let result = context.result;
    let mut inequalities = result.inequalities.clone();
    let slack = |value: f64| if value.is_finite() { value } else { 0.0 };
    inequalities.extend(result.x.iter().zip(context.problem.lower()).map(|(x, l)| slack(x - l)));
    inequalities.extend(result.x.iter().zip(context.problem.upper()).map(|(x, u)| slack(u - x)));
    (result.equalities.clone(), inequalities)
}

fn worst(values: &[f64], violation: impl Fn(f64) -> f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| violation(values[b]).total_cmp(&violation(values[a])));
    order.truncate(SHOWN);
    order
}

/// The rows of the proof, where there is one; else the violated rows, the worst first.
fn responsible(context: &EndContext<'_>, equalities: &[usize], inequalities: &[usize]) -> Vec<String> {
    if let Some(evidence) = &context.result.infeasibility {
        return evidence.rows.iter().take(SHOWN).map(|row| row.name.clone()).collect();
    }
    let tolerance = context.options.feasibility_tolerance;
    let within = |violation: f64| violation <= tolerance;
    let result = context.result;
    let rows = context.problem.num_equalities();
    let mut names: Vec<String> = equalities
        .iter()
        .filter(|&&i| !within(result.equalities[i].abs()))
        .map(|&i| context.problem.constraint_name(i))
        .collect();
    names.extend(
        inequalities
            .iter()
            .filter(|&&i| result.inequalities.get(i).is_some_and(|c| !within(-c)))
            .map(|&i| context.problem.constraint_name(rows + i)),
    );
    names
}

fn as_numbers(indices: &[usize]) -> Vec<f64> {
    indices.iter().map(|&i| i as f64).collect()
}

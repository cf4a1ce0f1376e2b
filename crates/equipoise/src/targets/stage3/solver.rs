//! The solver method: one projection of the model's weights onto the rules.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::answer::{ConstraintSlack, CrossCheck, RoundingReport, RunStatus, SolveAudit, TargetAnswer};
use super::rounding::{ExactPoint, round_half_even, round_strictly};
use super::rules::{Projection, RuleBook, Treatment};
use super::{TargetProblem, audit, conflict, rounded, trace};
use crate::targets::Text;
use crate::targets::projection::solve::{Rung, Solution};
use crate::targets::projection::{Decision, Optimum, clarabel, solve as project};
use crate::targets::request::Options;

/// Decimal places of target weights.
pub(super) const PLACES: u32 = 4;

/// Target weights by one solve.
pub(super) fn solve(problem: &TargetProblem, options: &Options) -> TargetAnswer {
    let book = RuleBook::new(problem, options);
    let mut answer = TargetAnswer {
        status: first_status(&book),
        warnings: Vec::new(),
        group_events: Vec::new(),
        targets: Vec::new(),
        audit: None,
        infeasibility: None,
    };
    if book.tradeable.is_empty() && !book.is_strict() {
        // The reference looks at no rule here.
        let weights: Vec<Decimal> = problem.names.iter().map(|name| name.weight).collect();
        answer.targets = trace::rows(problem, &weights, &vec![Vec::new(); weights.len()]);
        return answer;
    }
    answer.warnings.extend(book.unknown_attributes.iter().cloned());
    match book.projection(|_| Treatment::Hold) {
        Err(crossing) => block_as_infeasible(&book, &mut answer, conflict::report_crossing(&book, crossing)),
        Ok(projection) => {
            let solution = project(&projection.problem);
            match &solution.decision {
                Decision::Optimal(optimum) => accept(&book, &projection, optimum, &solution, &mut answer),
                Decision::Infeasible(proof) => {
                    let report = conflict::report_proof(&book, &projection, proof);
                    block_as_infeasible(&book, &mut answer, report);
                    answer.audit = Some(audit::without_optimum("INFEASIBLE", &solution, &book));
                }
                Decision::Unresolved => {
                    answer.status = RunStatus::Blocked;
                    answer.warnings.push("SOLVER_NON_OPTIMAL_STEP_LIMIT".into());
                    answer.audit = Some(audit::without_optimum("STEP_LIMIT", &solution, &book));
                }
            }
        }
    }
    answer
}

/// The reference asks for a review where nobody can take the weight of sell-only names, although the program does not use it.
fn first_status(book: &RuleBook<'_>) -> RunStatus {
    let names = &book.problem.names;
    let receivers: Decimal = book.tradeable.iter().map(|&i| names[i].weight).sum();
    if book.problem.sell_only_excess > Decimal::ZERO && receivers <= Decimal::ZERO {
        RunStatus::PendingReview
    } else {
        RunStatus::Ready
    }
}

fn block_as_infeasible(
    book: &RuleBook<'_>,
    answer: &mut TargetAnswer,
    report: super::answer::InfeasibilityReport,
) {
    answer.status = RunStatus::Blocked;
    answer.warnings.push("INFEASIBLE_INFEASIBLE".into());
    answer.warnings.extend(conflict::hints(book));
    answer.infeasibility = Some(report);
}

/// Rounds the optimum, explains it and fills the answer.
fn accept(
    book: &RuleBook<'_>,
    projection: &Projection,
    optimum: &Optimum,
    solution: &Solution,
    answer: &mut TargetAnswer,
) {
    let names = &book.problem.names;
    let exact = ExactPoint {
        numerators: Cow::Borrowed(&optimum.numerators[..names.len()]),
        denominator: Cow::Borrowed(&optimum.denominator),
    };
    let (weights, report) = weights_of(book, projection, &exact);
    if book.is_strict() && !report.violated.is_empty() {
        answer.status = answer.status.max(RunStatus::PendingReview);
        answer.warnings.push("STRICT_ROUNDING_INCOMPLETE".into());
    }
    let active = audit::active_constraints(book, projection, optimum);
    let mut reasons = vec![Vec::new(); names.len()];
    audit::reasons(book, projection, optimum, &mut reasons);
    answer.targets = trace::rows(book.problem, &weights, &reasons);
    let slacks = book.constraints.iter().filter_map(|constraint| {
        let slack = constraint.slack(&weights)?.normalize();
        Some(ConstraintSlack { constraint: audit::identifier(&constraint.rule), slack })
    });
    answer.audit = Some(SolveAudit {
        engine: engine(solution.rung),
        solver_status: "OPTIMAL",
        engine_deviation: format!("{:.1e}", solution.deviation),
        objective: audit::objective(book.problem, book.options, &weights),
        active_constraints: active,
        slacks: slacks.collect(),
        rounding: Some(report),
        cross_check: book.options.cross_check.then(|| cross_check(projection, optimum)),
        digest: audit::digest(&answer.targets),
        ..audit::without_optimum("OPTIMAL", solution, book)
    });
}

/// Weights of the universe in the decimals of the mode; fixed names keep theirs.
fn weights_of(
    book: &RuleBook<'_>,
    projection: &Projection,
    exact: &ExactPoint<'_>,
) -> (Vec<Decimal>, RoundingReport) {
    let names = &book.problem.names;
    let fixed: Vec<Option<Decimal>> = (0..names.len())
        .map(|i| {
            let name = &projection.problem.names[i];
            (name.lower == name.upper).then_some(name.lower).flatten().filter(|_| !names[i].tradeable)
        })
        .collect();
    if book.is_strict() {
        round_strictly(book, projection, exact, &fixed)
    } else {
        round_half_even(book, exact, &fixed)
    }
}

/// What found the active set.
pub(super) fn engine(rung: Rung) -> &'static str {
    match rung {
        Rung::Doubles => "dual active set in doubles, confirmed in integers",
        Rung::Clarabel => "Clarabel, confirmed in integers",
        Rung::Rationals => "dual active set in rationals, confirmed in integers",
    }
}

fn cross_check(projection: &Projection, optimum: &Optimum) -> CrossCheck {
    let difference = clarabel::propose(&projection.problem).map(|offer| {
        let exact = |i: usize| rounded(&optimum.numerators[i], &optimum.denominator, 18);
        let differences = offer
            .values
            .iter()
            .enumerate()
            .map(|(i, value)| (f64::try_from(exact(i)).unwrap_or(f64::NAN) - value).abs());
        format!("{:.1e}", differences.fold(0.0, f64::max))
    });
    CrossCheck { engine: "Clarabel", largest_difference: difference }
}

/// Weights by instrument, for comparisons.
pub(super) fn by_instrument(answer: &TargetAnswer) -> BTreeMap<Text, Decimal> {
    answer.targets.iter().map(|row| (row.instrument_id.clone(), row.final_weight)).collect()
}

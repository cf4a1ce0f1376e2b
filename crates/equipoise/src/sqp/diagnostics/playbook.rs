//! Which signals bear on which end of a run, and what several of them together mean.

use serde::{Deserialize, Serialize};

use super::signal::{Confidence, Signal};
use super::suggestion::{
    Change, Suggestion, exact_second_derivatives, larger_initial_penalty, saddle_point_solver,
};
use crate::sqp::options::SqpOptions;
use crate::sqp::status::SqpStatus;

/// The signals that bear on an end of a run; `None` means all of them.
pub fn scope(status: SqpStatus) -> Option<&'static [&'static str]> {
    match status {
        SqpStatus::MeritStagnation => Some(&[
            "lbfgs_conditioning_extreme",
            "multiplier_recovery_noise",
            "line_search_collapse",
            "merit_oscillation",
            "derivative_check",
            "negative_curvature",
            "objective_noise",
            "tolerance_unreachable",
            "cg_truncation",
        ]),
        SqpStatus::LineSearchFailure => Some(&[
            "lbfgs_conditioning_extreme",
            "line_search_collapse",
            "eq_jacobian_rank_deficient",
            "derivative_check",
            "objective_noise",
            "tolerance_unreachable",
        ]),
        SqpStatus::QpSubproblemFailure => Some(&[
            "qp_budget_or_pingpong",
            "eq_jacobian_rank_deficient",
            "lbfgs_conditioning_extreme",
            "lpeca_overpredicting",
            "linearisation_infeasible",
            "bound_churn",
            "cg_truncation",
        ]),
        SqpStatus::IterateBlowup => Some(&[
            "lbfgs_conditioning_extreme",
            "merit_oscillation",
            "line_search_collapse",
            "divergence_rollback_triggered",
            "merit_penalty_explosion",
            "penalty_starvation",
            "derivative_check",
        ]),
        // The reference leaves the budget out, though that is the usual cause.
        SqpStatus::Infeasible => Some(&[
            "infeasible_termination",
            "eq_jacobian_rank_deficient",
            "divergence_rollback_triggered",
            "merit_penalty_explosion",
            "penalty_starvation",
            "lbfgs_conditioning_extreme",
            "line_search_collapse",
            "qp_budget_or_pingpong",
            "linearisation_infeasible",
            "derivative_check",
        ]),
        SqpStatus::Stalled => Some(&[
            "zero_step_stop",
            "derivative_check",
            "objective_noise",
            "tolerance_unreachable",
            "line_search_collapse",
            "lbfgs_conditioning_extreme",
            "eq_jacobian_rank_deficient",
            "negative_curvature",
            "cg_truncation",
            "bound_churn",
        ]),
        SqpStatus::Running
        | SqpStatus::Converged
        | SqpStatus::MaxSteps
        | SqpStatus::Nonfinite
        | SqpStatus::InexactStationary
        | SqpStatus::Unbounded
        | SqpStatus::Cancelled => None,
    }
}

/// True if a signal bears on this end of a run.
pub fn is_in_scope(status: SqpStatus, signal: &str) -> bool {
    scope(status).is_none_or(|names| names.contains(&signal))
}

/// What several signals together mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// The name of the rule.
    pub name: String,
    /// The cause, in words.
    pub cause: String,
    /// What to try.
    pub suggestions: Vec<Suggestion>,
    /// The signals it rests on, in alphabetical order.
    pub related_signals: Vec<String>,
    /// The highest confidence among them.
    pub confidence: Confidence,
}

/// One rule: every signal of `all`, and one of `any` where it is not empty.
struct Rule {
    name: &'static str,
    all: &'static [&'static str],
    any: &'static [&'static str],
    /// Mentioned where they fired too.
    also: &'static [&'static str],
    cause: &'static str,
    advice: fn(&SqpOptions) -> Vec<Suggestion>,
}

const RULES: [Rule; 7] = [
    Rule {
        name: "wrong_derivatives",
        all: &["derivative_check"],
        any: &[
            "line_search_collapse",
            "zero_step_stop",
            "lbfgs_conditioning_extreme",
            "merit_oscillation",
            "divergence_rollback_triggered",
        ],
        also: &[],
        cause: "A derivative is wrong, and what followed (failed line searches, negligible steps, a poor model) follows from that.",
        advice: |_| {
            vec!["correct the derivative first; the other signals will most likely go with it".into()]
        },
    },
    Rule {
        name: "stale_lbfgs_curvature",
        all: &["lbfgs_conditioning_extreme"],
        any: &["line_search_collapse", "merit_oscillation"],
        also: &[],
        cause: "The curvature model no longer describes the function near the point: its extreme diagonal gives directions that the \
                line search rejects or that leave the merit function unsettled.",
        advice: |_| {
            vec![
                exact_second_derivatives(),
                saddle_point_solver(),
                "look for a long run of skipped pairs (n_lbfgs_skips)".into(),
            ]
        },
    },
    Rule {
        name: "active_set_churn",
        all: &["eq_jacobian_rank_deficient", "qp_budget_or_pingpong"],
        any: &[],
        also: &["bound_churn"],
        cause: "Dependent equalities leave the subproblem's multipliers undetermined, and its working set does not settle.",
        advice: |options| {
            let floor = (100.0 * options.mult_drop_floor).max(1e-10);
            vec![
                "make the equalities independent: drop a row that the others imply".into(),
                saddle_point_solver(),
                Suggestion::change(
                    "drop fewer constraints for tiny multipliers",
                    [Change::MultDropFloor(floor)],
                ),
            ]
        },
    },
    Rule {
        name: "noise_floor_stationarity_stall",
        all: &["multiplier_recovery_noise"],
        any: &[],
        also: &[],
        cause: "The point satisfies the projected condition; only the recovered multipliers are too noisy to show it.",
        advice: |options| {
            vec![
                Suggestion::change(
                    "accept the projected gradient with a status of its own",
                    [Change::UseInexactStationarity(true)],
                ),
                Suggestion::change(
                    "or loosen stationarity_tolerance above the noise",
                    [Change::StationarityTolerance((100.0 * options.stationarity_tolerance).min(0.1))],
                ),
            ]
        },
    },
    Rule {
        name: "penalty_starvation_cascade",
        all: &["penalty_starvation", "merit_penalty_explosion"],
        any: &[],
        also: &["divergence_rollback_triggered", "lbfgs_conditioning_extreme", "line_search_collapse"],
        cause: "The penalty weight stayed frozen while feasibility drifted, then over-corrected; the jump poisoned the directions and \
                the line search collapsed.",
        advice: |options| {
            vec![
                "move the start a little off the constraints".into(),
                larger_initial_penalty(options.initial_penalty, 100.0),
                exact_second_derivatives(),
            ]
        },
    },
    Rule {
        name: "contradictory_constraints",
        all: &["infeasible_termination", "linearisation_infeasible"],
        any: &[],
        also: &["merit_penalty_explosion"],
        cause: "The tangents of the constraints contradict each other where the run ended: the constraints contradict each other, or \
                the start lies where they seem to.",
        advice: |_| {
            vec![
                "relax the least strict of the rows named under infeasible_termination".into(),
                "if a feasible point is known, start there".into(),
            ]
        },
    },
    Rule {
        name: "noise_limited_accuracy",
        all: &["objective_noise"],
        any: &["tolerance_unreachable", "zero_step_stop", "line_search_collapse"],
        also: &[],
        cause: "The run went as far as the noise in f lets it see.",
        advice: |_| vec!["loosen the tolerance to what the noise allows, or lower the noise of f".into()],
    },
];

/// The rules that hold for the signals that fired, the most trustworthy first.
pub fn diagnoses(signals: &[Signal], options: &SqpOptions) -> Vec<Diagnosis> {
    let find = |name: &str| signals.iter().find(|signal| signal.name == name);
    let mut found: Vec<Diagnosis> = RULES
        .iter()
        .filter(|rule| rule.all.iter().all(|name| find(name).is_some()))
        .filter(|rule| rule.any.is_empty() || rule.any.iter().any(|name| find(name).is_some()))
        .map(|rule| {
            let names = rule.all.iter().chain(rule.any).chain(rule.also);
            let related: Vec<&Signal> = names.filter_map(|name| find(name)).collect();
            let mut related_signals: Vec<String> = related.iter().map(|s| s.name.clone()).collect();
            related_signals.sort();
            Diagnosis {
                name: rule.name.into(),
                cause: rule.cause.into(),
                suggestions: (rule.advice)(options),
                related_signals,
                confidence: related.iter().map(|s| s.confidence).max().unwrap_or(Confidence::Low),
            }
        })
        .collect();
    found.sort_by(|a, b| b.confidence.cmp(&a.confidence).then_with(|| a.name.cmp(&b.name)));
    found
}

//! The playbook: which signals bear on which end, and what several of them mean.

use equipoise::sqp::diagnostics::playbook::{diagnoses, is_in_scope, scope};
use equipoise::sqp::diagnostics::{Registry, Signal, Specificity};
use equipoise::sqp::{SqpOptions, SqpStatus};

fn signals(names: &[&str]) -> Vec<Signal> {
    names.iter().map(|name| Signal::new(name, Specificity::Ambiguous, 20.0, "by hand")).collect()
}

fn rules(names: &[&str]) -> Vec<String> {
    diagnoses(&signals(names), &SqpOptions::default()).into_iter().map(|d| d.name).collect()
}

#[test]
fn each_rule_fires_on_its_signals_and_not_on_one_of_them() {
    for (rule, names) in [
        ("stale_lbfgs_curvature", ["lbfgs_conditioning_extreme", "line_search_collapse"]),
        ("stale_lbfgs_curvature", ["lbfgs_conditioning_extreme", "merit_oscillation"]),
        ("active_set_churn", ["eq_jacobian_rank_deficient", "qp_budget_or_pingpong"]),
        ("penalty_starvation_cascade", ["penalty_starvation", "merit_penalty_explosion"]),
        ("wrong_derivatives", ["derivative_check", "line_search_collapse"]),
        ("contradictory_constraints", ["infeasible_termination", "linearisation_infeasible"]),
        ("noise_limited_accuracy", ["objective_noise", "tolerance_unreachable"]),
    ] {
        assert_eq!(rules(&names), [rule]);
        for name in names {
            assert!(rules(&[name]).is_empty(), "{name}");
        }
    }
    assert_eq!(rules(&["multiplier_recovery_noise"]), ["noise_floor_stationarity_stall"]);
}

#[test]
fn related_signals_are_sorted_and_hold_what_else_fired() {
    let names =
        ["penalty_starvation", "line_search_collapse", "merit_penalty_explosion", "merit_oscillation"];
    let found = diagnoses(&signals(&names), &SqpOptions::default());
    assert_eq!(
        found[0].related_signals,
        ["line_search_collapse", "merit_penalty_explosion", "penalty_starvation"]
    );
}

#[test]
fn every_name_of_a_scope_is_registered_and_every_failure_has_one() {
    let registry = Registry::default();
    for status in SqpStatus::ALL {
        for name in scope(status).unwrap_or_default() {
            assert!(registry.names().contains(name), "{name}");
        }
    }
    for status in [
        SqpStatus::MeritStagnation,
        SqpStatus::LineSearchFailure,
        SqpStatus::QpSubproblemFailure,
        SqpStatus::IterateBlowup,
        SqpStatus::Infeasible,
        SqpStatus::Stalled,
    ] {
        assert!(scope(status).is_some(), "{status}");
        assert!(!is_in_scope(status, "made_up"));
    }
    assert!(is_in_scope(SqpStatus::Converged, "anything") && is_in_scope(SqpStatus::MaxSteps, "anything"));
    assert!(is_in_scope(SqpStatus::Infeasible, "qp_budget_or_pingpong"));
}

#[test]
fn every_suggestion_names_an_option_that_exists() {
    for names in
        [["derivative_check", "line_search_collapse"], ["penalty_starvation", "merit_penalty_explosion"]]
    {
        for suggestion in
            diagnoses(&signals(&names), &SqpOptions::default()).iter().flat_map(|d| &d.suggestions)
        {
            for change in &suggestion.changes {
                assert!(SqpOptions::NAMES.contains(&change.option()));
            }
        }
    }
}

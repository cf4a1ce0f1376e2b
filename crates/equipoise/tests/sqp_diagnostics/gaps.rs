//! What the reference's diagnostics leave open (its defect D18): advice that points the wrong way, a cause out of scope, text that is
//! never shown, alarms on short runs, units of a scaled problem.

use equipoise::sqp::diagnostics::Registry;
use equipoise::sqp::diagnostics::playbook::is_in_scope;
use equipoise::sqp::diagnostics::suggestion::Change;
use equipoise::sqp::{ActiveSetMethod, Scaling, SqpStatus};

use crate::support::{Case, Synthetic};

/// What the prediction's signal would do to the trust threshold of 1.
fn trust_after(capped: u64, bypassed: u64) -> f64 {
    let signal = Synthetic::steps(10, |_, _| ())
        .counters(|c| (c.n_lpeca_capped, c.n_lpeca_bypassed) = (capped, bypassed))
        .fires("lpeca_overpredicting")
        .unwrap();
    let changes = signal.suggestions.iter().flat_map(|suggestion| &suggestion.changes);
    let mut trust = changes.filter_map(|change| match change {
        Change::LpecaTrustThreshold(value) => Some(*value),
        _ => None,
    });
    trust.next_back().unwrap()
}

#[test]
fn a_prediction_that_takes_in_too_much_is_to_be_trusted_less() {
    assert!(trust_after(8, 0) < 1.0);
    // One that was set aside at every step, which a threshold of 0 does, is to be trusted more.
    assert!(trust_after(0, 10) > 0.0);
}

#[test]
fn a_short_run_says_nothing_of_the_prediction() {
    let found = Case::new(&[3.0, -1.0], |x| x[0] * x[0] + x[1] * x[1])
        .gradient(|x| vec![2.0 * x[0], 2.0 * x[1]])
        .bounds(&[0.5, 0.5], &[9.0, 9.0])
        .options(|o| o.active_set_method = ActiveSetMethod::LpecaInit)
        .diagnose();
    assert_eq!(found.result.status, SqpStatus::Converged);
    assert!(found.result.counters.n_lpeca_bypassed > 0 && found.signals.is_empty(), "{:?}", found.signals);
}

#[test]
fn a_spent_budget_bears_on_an_infeasible_end() {
    assert!(is_in_scope(SqpStatus::Infeasible, "qp_budget_or_pingpong"));
}

#[test]
fn the_mechanism_is_shown_on_request() {
    let found = crate::real::wrong_gradient().diagnose();
    let detail = found.signals[0].detail.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
    assert!(found.report.text_with_details().contains(&detail), "{detail}");
    assert!(!found.report.text().contains(&detail));
}

#[test]
fn ends_that_the_reference_has_no_word_for_have_a_signal() {
    let registry = Registry::default();
    let names = registry.names();
    for name in [
        "zero_step_stop",
        "cg_truncation",
        "derivative_check",
        "bound_churn",
        "objective_noise",
        "negative_curvature",
    ] {
        assert!(names.contains(&name), "{name}");
    }
}

/// x ≥ 1 and x ≤ −1, the rows a thousandfold: the violation is told as the caller knows it, whatever the scaling.
#[test]
fn evidence_is_in_the_units_of_the_caller() {
    for scaling in [Scaling::Off, Scaling::Uniform, Scaling::Balanced] {
        let found = Case::new(&[0.0], |x| x[0] * x[0])
            .gradient(|x| vec![2.0 * x[0]])
            .constraints(0, 2, |x| vec![1e3 * (x[0] - 1.0), 1e3 * (-1.0 - x[0])], |_| vec![1e3, -1e3])
            .options(|o| o.scaling = scaling)
            .diagnose();
        let signal = found.signals.iter().find(|signal| signal.name == "infeasible_termination").unwrap();
        let violation = signal.evidence["max_ineq_violation"];
        assert!((1e3..=2e3).contains(&violation), "{scaling:?}: {violation}");
    }
}

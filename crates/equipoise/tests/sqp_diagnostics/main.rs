//! The diagnostics of constrained minimisation: every signal by hand, on a real problem, and silent on a healthy run.

mod gaps;
mod healthy;
mod playbook;
mod real;
mod report;
mod support;
mod synthetic;

use equipoise::sqp::diagnostics::Registry;

/// A signal that lacks one of its three tests fails here. Every signal is asked about the healthy runs.
#[test]
fn every_signal_has_its_three_tests() {
    let registry = Registry::default();
    let mut registered = registry.names();
    registered.sort_unstable();
    assert!(!registered.is_empty());
    let sorted = |names: Vec<&'static str>| {
        let mut names = names;
        names.sort_unstable();
        names
    };
    assert_eq!(sorted(synthetic::NAMES.to_vec()), registered);
    assert_eq!(sorted(real::NAMES.to_vec()), registered);
    let mut asked = healthy::names();
    asked.sort_unstable();
    assert_eq!(asked, registered);
}

#[test]
fn an_evaluator_of_the_same_name_is_replaced_and_moves_to_the_end() {
    use equipoise::sqp::diagnostics::Specificity;
    use equipoise::sqp::diagnostics::registry::Evaluator;
    let mut registry = Registry::default();
    let count = registry.names().len();
    registry.register("merit_oscillation", Specificity::Generic, Evaluator::EndOfRun(Box::new(|_| None)));
    assert_eq!((registry.names().len(), *registry.names().last().unwrap()), (count, "merit_oscillation"));
    assert_eq!(registry.names()[0], "eq_jacobian_rank_deficient");
}

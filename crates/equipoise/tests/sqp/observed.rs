//! Observers, captures, digests.

use std::cell::RefCell;

use super::support::{Nlp, nlp, solve};
use equipoise::control::Control;
use equipoise::sqp::{
    SqpCounters, SqpError, SqpOptions, SqpState, StepSummary, capture_state_at_step, minimize,
};
use equipoise_testset::{cases_folder, nlp::nlp_problems};

#[test]
fn an_observer_sees_every_step_and_changes_no_bit() {
    let Some(cases) = cases_folder() else { return };
    for (problem, _) in nlp_problems(&cases, "nlp_hs.json") {
        let mut functions = Nlp { problem: &problem, with_hessian: false, with_derivatives: true };
        let (shape, options) = (nlp(&problem), SqpOptions::default());
        let plain = solve(&shape, &mut functions, &options);
        let seen = RefCell::new(Vec::<(StepSummary, SqpState)>::new());
        let mut observer = |summary: &StepSummary, counters: &SqpCounters, state: &SqpState| {
            assert_eq!(counters.tail_ls_failures, summary.consecutive_ls_failures);
            seen.borrow_mut().push((*summary, state.clone()));
        };
        let observed =
            minimize(&shape, &mut functions, &options, Some(&mut observer), &Control::default()).unwrap();
        assert_eq!(plain.digest, observed.digest, "{}", problem.name);
        let seen = seen.into_inner();
        assert_eq!(seen.len() as u64, plain.steps);
        for (k, (summary, state)) in seen.iter().enumerate() {
            assert_eq!((summary.step_count, state.step), (k as u64 + 1, k as u64 + 1));
            let (f, c) = problem.values(&state.x);
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
            assert!(close(summary.f_val, f) && close(state.objective, f), "{}", problem.name);
            for (ours, c) in state.equalities.iter().chain(&state.inequalities).zip(&c) {
                assert!(close(*ours, *c), "{}", problem.name);
            }
        }
    }
}

#[test]
fn a_step_is_captured_by_running_again_and_tampering_shows() {
    let Some(cases) = cases_folder() else { return };
    let problems = nlp_problems(&cases, "nlp_hs.json");
    let (problem, _) = problems.iter().find(|(p, _)| p.name == "HS43").unwrap();
    let mut functions = Nlp { problem, with_hessian: false, with_derivatives: true };
    let (shape, options) = (nlp(problem), SqpOptions::default());
    let first = capture_state_at_step(&shape, &mut functions, &options, 3, None).unwrap();
    let again = capture_state_at_step(&shape, &mut functions, &options, 3, Some(&first.summary)).unwrap();
    assert_eq!((first.state.step, first.state.digest()), (3, again.state.digest()));
    let tampered = StepSummary { f_val: first.summary.f_val * (1.0 + 1e-9), ..first.summary };
    let fault =
        |step: u64, expected: Option<&StepSummary>, functions: &mut Nlp<'_>| match capture_state_at_step(
            &shape, functions, &options, step, expected,
        ) {
            Err(SqpError::Input(error)) => (error.path, error.received),
            other => panic!("{other:?}"),
        };
    let (path, received) = fault(3, Some(&tampered), &mut functions);
    assert_eq!((path.as_str(), received.contains("f_val")), ("expected", true));
    assert_eq!(fault(0, None, &mut functions).0, "step");
    assert_eq!(fault(400, None, &mut functions).0, "step");
}

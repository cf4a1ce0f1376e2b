//! Wrong input is a located error; the user's errors pass unchanged; what happens at run time is a status.

use super::support::solve;
use equipoise::control::{CancelFlag, Control};
use equipoise::error::InputCode;
use equipoise::sqp::{Closures, SqpError, SqpOptions, SqpProblem, SqpStatus, UserError, minimize};

#[derive(Debug, thiserror::Error, PartialEq)]
#[error("the user's own: {0}")]
struct Own(u32);

fn run(problem: &SqpProblem, f: &mut Closures, options: &SqpOptions) -> Result<SqpStatus, SqpError> {
    minimize(problem, f, options, None, &Control::default()).map(|result| result.status)
}

#[test]
fn the_users_error_passes_unchanged() {
    let problem = SqpProblem::new(vec![1.0]).unwrap().with_constraints(1, 0);
    let own = |n: u32| -> UserError { Box::new(Own(n)) };
    let faults: [Closures; 3] = [
        Closures::new(&problem, move |_| Err(own(1))).equalities(|x| Ok(vec![x[0]])),
        Closures::new(&problem, |x| Ok(x[0])).equalities(move |_| Err(own(2))),
        Closures::new(&problem, |x| Ok(x[0])).equalities(|x| Ok(vec![x[0]])).gradient(move |_| Err(own(3))),
    ];
    for (mut f, number) in faults.into_iter().zip(1..) {
        match run(&problem, &mut f, &SqpOptions::default()) {
            Err(SqpError::User(error)) => assert_eq!(error.downcast_ref::<Own>(), Some(&Own(number))),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn counts_and_shapes_that_change_are_named() {
    let problem = SqpProblem::new(vec![1.0, 2.0]).unwrap().with_constraints(1, 1);
    let f = || {
        Closures::new(&problem, |x| Ok(x[0]))
            .equalities(|x| Ok(vec![x[0]]))
            .inequalities(|x| Ok(vec![x[1]]))
            .equality_jacobian(|_| Ok(vec![1.0, 0.0]))
            .inequality_jacobian(|_| Ok(vec![0.0, 1.0]))
    };
    let path = |mut f: Closures| match run(&problem, &mut f, &SqpOptions::default()) {
        Err(SqpError::Input(error)) => (error.code, error.path),
        other => panic!("{other:?}"),
    };
    let fault = |path: &str| (InputCode::Dimension, path.to_owned());
    assert_eq!(path(f().equalities(|x| Ok(vec![x[0]; 2]))), fault("equalities"));
    assert_eq!(path(f().inequalities(|_| Ok(vec![]))), fault("inequalities"));
    assert_eq!(path(f().inequality_jacobian(|_| Ok(vec![1.0; 4]))), fault("inequalityJacobian"));
    assert_eq!(path(f().gradient(|_| Ok(vec![1.0]))), fault("gradient"));
    assert!(matches!(
        run(&problem, &mut f(), &SqpOptions { max_steps: 0, ..SqpOptions::default() }),
        Err(SqpError::Input(error)) if error.path == "maxSteps"
    ));
}

#[test]
fn a_start_without_values_is_a_status_with_advice() {
    let problem = SqpProblem::new(vec![-1.0]).unwrap();
    let mut f = Closures::new(&problem, |x| Ok(x[0].ln()));
    let result = solve(&problem, &mut f, &SqpOptions::default());
    assert_eq!(result.status, SqpStatus::Nonfinite);
    assert!(result.message.contains("x0"));
    assert_eq!(result.x, [-1.0]);
}

#[test]
fn a_cancelled_run_says_so() {
    let problem = SqpProblem::new(vec![-1.2, 1.0]).unwrap();
    let mut f = Closures::new(&problem, |x| Ok(100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2)));
    let flag = CancelFlag::default();
    flag.cancel();
    let control = Control::default().with_cancel(flag);
    let options = SqpOptions::default();
    let result = minimize(&problem, &mut f, &options, None, &control).unwrap();
    assert_eq!(result.status, SqpStatus::Cancelled);
    assert!(result.steps <= 1);
}

#[test]
fn an_objective_without_end_is_unbounded() {
    let problem = SqpProblem::new(vec![1.0, 0.0]).unwrap().with_constraints(1, 0);
    let mut f = Closures::new(&problem, |x| Ok(-x[0] * x[0] * x[0])).equalities(|x| Ok(vec![x[1]]));
    let result = solve(&problem, &mut f, &SqpOptions::default());
    assert_eq!(result.status, SqpStatus::Unbounded, "{}", result.message);
}

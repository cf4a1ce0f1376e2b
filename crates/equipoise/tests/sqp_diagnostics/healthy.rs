//! Runs that go well, on which no signal may fire.

use equipoise::sqp::diagnostics::Registry;
use equipoise::sqp::{ActiveSetMethod, InnerSolver, SqpStatus};
use equipoise_testset::nlp::families::portfolio;

use crate::support::{Case, of_family, rosenbrock, rosenbrock_gradient};

/// Every signal is asked about each of the runs below.
pub fn names() -> Vec<String> {
    Registry::default().names().iter().map(|name| (*name).to_owned()).collect()
}

fn runs() -> Vec<(&'static str, Case)> {
    vec![
        ("Rosenbrock", Case::new(&[-1.2, 1.0], rosenbrock).gradient(rosenbrock_gradient)),
        (
            "Rosenbrock with a bound that is active",
            Case::new(&[0.5, 0.5], rosenbrock)
                .gradient(rosenbrock_gradient)
                .bounds(&[-2.0, -2.0], &[0.9, 0.8]),
        ),
        (
            "a convex quadratic with exact second derivatives and a linear equality",
            Case::new(&[3.0, -1.0, 2.0], |x| x[0] * x[0] + 2.0 * x[1] * x[1] + 3.0 * x[2] * x[2])
                .gradient(|x| vec![2.0 * x[0], 4.0 * x[1], 6.0 * x[2]])
                .hessian(|_| vec![2.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 6.0])
                .constraints(1, 0, |x| vec![x[0] + x[1] + x[2] - 1.0], |_| vec![1.0; 3]),
        ),
        (
            "a line over the unit circle",
            Case::new(&[0.8, 0.7], |x| x[0] + x[1]).gradient(|_| vec![1.0, 1.0]).constraints(
                1,
                0,
                |x| vec![x[0] * x[0] + x[1] * x[1] - 1.0],
                |x| vec![2.0 * x[0], 2.0 * x[1]],
            ),
        ),
        // The reference sees four regressions and three blow-ups here, and rolls back to an infeasible point.
        (
            "quartics over a line",
            Case::new(&[0.0, 0.0], |x| x[0].powi(4) + 3.0 * x[1].powi(4))
                .gradient(|x| vec![4.0 * x[0].powi(3), 12.0 * x[1].powi(3)])
                .constraints(1, 0, |x| vec![x[0] + x[1] - 20.0], |_| vec![1.0, 1.0]),
        ),
        (
            "a portfolio by an inexact matrix-free solver",
            of_family(portfolio(50)).options(|o| o.inner_solver = InnerSolver::HrInexactStcg),
        ),
        (
            "a portfolio that ends within the warm-up of a prediction",
            of_family(portfolio(50)).options(|o| o.active_set_method = ActiveSetMethod::Lpeca),
        ),
    ]
}

#[test]
fn no_signal_fires_on_a_healthy_run() {
    for (name, mut case) in runs() {
        let found = case.diagnose();
        assert_eq!(found.result.status, SqpStatus::Converged, "{name}: {}", found.result.message);
        let fired: Vec<&str> = found.signals.iter().map(|signal| signal.summary.as_str()).collect();
        assert!(fired.is_empty(), "{name}: {fired:?}");
        assert!(found.report.diagnoses.is_empty());
    }
}

#[test]
fn a_diagnosis_changes_no_bit_of_the_answer() {
    use equipoise::control::Control;
    for (name, mut case) in runs() {
        let with = case.diagnose().result;
        let (problem, options) = (case.problem.clone(), case.options.clone());
        let without =
            equipoise::sqp::minimize(&problem, &mut case, &options, None, &Control::default()).unwrap();
        assert_eq!(with.digest, without.digest, "{name}");
    }
}

//! Set-up, updates, warm starts, limits and bad input.

use equipoise::certificate::linear_system::{Edge, Member, Part};
use equipoise::control::{CancelFlag, Control};
use equipoise::numeric::matrix::Matrix;
use equipoise::qp::feasibility::Feasibility;
use equipoise::qp::{QpMethod, QpOptions, QpProblem, QpStatus, solve_qp};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::exact::{INF, exact_residual, normal};
use crate::random::class_d5;

fn identity_problem(lower: f64, upper: f64) -> QpProblem {
    let row = Matrix::dense(1, 3, vec![1.0; 3]).unwrap();
    let bounds = (vec![0.0; 3], vec![INF; 3]);
    let p = Matrix::scaled_identity(3, 1.0);
    QpProblem::new(p, vec![-1.0, 0.0, 1.0], row, (vec![lower], vec![upper]), bounds).unwrap()
}

#[test]
fn every_update_gives_the_answer_of_a_fresh_problem() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let (n, m) = (6, 9);
    let mut problem = QpProblem::from(class_d5(&mut random, n, m));
    let options = QpOptions::default();
    for round in 0..30 {
        let mut numbers = |count: usize| (0..count).map(|_| normal(&mut random)).collect::<Vec<f64>>();
        match round % 5 {
            0 => problem.set_linear(&numbers(n)).unwrap(),
            1 => {
                let lower = numbers(m).iter().map(|v| v - 4.0).collect();
                let upper = numbers(m).iter().map(|v| v.abs() + 0.1).collect();
                problem.set_row_bounds(lower, upper).unwrap();
            }
            2 => {
                let width = numbers(n);
                let side = |sign: f64| width.iter().map(|w| sign * (w.abs() + 0.2)).collect();
                problem.set_bounds(side(-1.0), side(1.0)).unwrap();
            }
            3 => problem.set_matrix(Matrix::dense(m, n, numbers(m * n)).unwrap()).unwrap(),
            _ => {
                let root = numbers(n * n);
                let entry = |i: usize, j: usize| {
                    (0..n).map(|k| root[i * n + k] * root[j * n + k]).sum::<f64>()
                        + f64::from(u8::from(i == j))
                };
                let p = (0..n * n).map(|e| entry((e / n).min(e % n), (e / n).max(e % n))).collect();
                problem.set_hessian(Matrix::dense(n, n, p).unwrap()).unwrap();
            }
        }
        let warm = problem.solve(&options);
        let cold = QpProblem::from(problem.program().clone()).solve(&options);
        assert_eq!((warm.status, cold.status), (QpStatus::Converged, QpStatus::Converged), "round {round}");
        assert!(exact_residual(problem.program(), &warm) <= 1e-12, "round {round}");
        for (a, b) in warm.x.iter().zip(&cold.x) {
            assert!((a - b).abs() <= 1e-12, "round {round}: {a} {b}");
        }
    }
}

#[test]
fn a_warm_start_saves_steps_and_a_wrong_one_does_no_harm() {
    let mut problem = QpProblem::from(class_d5(&mut ChaCha8Rng::seed_from_u64(1), 30, 60));
    let options = QpOptions::default();
    let cold = problem.solve(&options);
    assert!(cold.iterations > 10);
    let moved: Vec<f64> = problem.program().linear().iter().map(|q| q * 1.001).collect();
    problem.set_linear(&moved).unwrap();
    let warm = problem.solve(&options);
    assert!(warm.is_converged() && warm.iterations < cold.iterations / 2, "{}", warm.iterations);
    let cold = problem.solve(&QpOptions { warm_start: false, ..options.clone() });
    assert!(cold.is_converged() && cold.iterations > 10);
    let all: Vec<Member> =
        (0..70).map(|i| Member { part: Part::Row(i), edge: Edge::Upper }).chain([]).collect();
    problem.set_working_set(&all);
    let misled = problem.solve(&options);
    assert!(misled.is_converged());
    assert!(misled.x.iter().zip(&warm.x).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn contradictions_come_with_evidence() {
    let mut problem = identity_problem(-2.0, -1.0);
    let solution = problem.solve(&QpOptions::default());
    assert_eq!(solution.status, QpStatus::Infeasible);
    let Some(Feasibility::Infeasible { farkas, .. }) = solution.infeasibility else { panic!() };
    assert!(farkas[0] < 0.0, "the row asks for less than the bounds allow");
    problem.set_row_bounds(vec![1.0], vec![0.5]).unwrap();
    let solution = problem.solve(&QpOptions::default());
    assert_eq!(solution.infeasibility, Some(Feasibility::EmptyInterval(Part::Row(0))));
    // The problem is usable afterwards.
    problem.set_row_bounds(vec![1.0], vec![1.0]).unwrap();
    let after = problem.solve(&QpOptions::default()).x;
    assert!(after.iter().zip([1.0, 0.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-15), "{after:?}");
}

#[test]
fn scale_does_not_matter() {
    for factor in [1e-12, 1e-6, 1.0, 1e6, 1e12] {
        let reference = class_d5(&mut ChaCha8Rng::seed_from_u64(3), 12, 24);
        let linear: Vec<f64> = reference.linear().iter().map(|q| factor * q).collect();
        let mut plain = QpProblem::from(reference);
        let expected = plain.solve(&QpOptions::default());
        let mut scaled = plain.clone();
        scaled.set_hessian(Matrix::scaled_identity(12, 2.0 * factor)).unwrap();
        scaled.set_linear(&linear).unwrap();
        let solution = scaled.solve(&QpOptions { warm_start: false, ..Default::default() });
        assert!(solution.is_converged(), "{factor:e}");
        assert!(solution.x.iter().zip(&expected.x).all(|(a, b)| (a - b).abs() < 1e-12), "{factor:e}");
    }
}

#[test]
fn problems_without_rows_or_variables_are_problems_too() {
    let none = Matrix::dense(0, 2, vec![]).unwrap();
    let bounds = (vec![-INF, 3.0], vec![INF, 3.0]);
    let p = Matrix::scaled_identity(2, 4.0);
    let solution =
        solve_qp(p, vec![2.0, 0.0], none, (vec![], vec![]), bounds, &QpOptions::default()).unwrap();
    assert_eq!(solution.x, [-0.5, 3.0]);
    assert_eq!(solution.bound_multipliers, [0.0, 12.0]);
    let empty = Matrix::dense(0, 0, vec![]).unwrap();
    let nothing = (vec![], vec![]);
    let solution =
        solve_qp(empty.clone(), vec![], empty, nothing.clone(), nothing, &QpOptions::default()).unwrap();
    assert!(solution.is_converged() && solution.objective() == 0.0);
}

#[test]
fn limits_flags_and_indefinite_hessians_have_their_statuses() {
    let mut problem = QpProblem::from(class_d5(&mut ChaCha8Rng::seed_from_u64(1), 20, 40));
    let few = QpOptions { iteration_limit: Some(2), method: QpMethod::ActiveSet, ..Default::default() };
    assert_eq!(problem.solve(&few).status, QpStatus::IterationLimit);
    let flag = CancelFlag::default();
    flag.cancel();
    let control = Control::default().with_cancel(flag);
    let cold = QpOptions { warm_start: false, ..Default::default() };
    assert_eq!(problem.solve_with(&cold, &control).status, QpStatus::Cancelled);
    let indefinite = Matrix::dense(2, 2, vec![1.0, 2.0, 2.0, 1.0]).unwrap();
    let none = Matrix::dense(0, 2, vec![]).unwrap();
    let free = (vec![-INF; 2], vec![INF; 2]);
    let options = QpOptions::default();
    let solution = solve_qp(indefinite, vec![0.0; 2], none.clone(), (vec![], vec![]), free.clone(), &options);
    assert_eq!(solution.unwrap().status, QpStatus::NotConvex);
    // Singular and falling without end along (1, −1).
    let ones = Matrix::dense(2, 2, vec![1.0; 4]).unwrap();
    let solution = solve_qp(ones, vec![1.0, 0.0], none, (vec![], vec![]), free, &options).unwrap();
    assert_eq!(solution.status, QpStatus::Unbounded);
    let ray = solution.ray.unwrap();
    assert!((ray.direction[0] + 1.0).abs() < 1e-6 && (ray.direction[1] - 1.0).abs() < 1e-6, "{ray:?}");
}

#[test]
fn wrong_options_and_updates_are_named() {
    let mut problem = identity_problem(1.0, 1.0);
    assert_eq!(problem.set_linear(&[0.0]).unwrap_err().path, "q");
    assert_eq!(problem.set_row_bounds(vec![], vec![1.0]).unwrap_err().path, "l");
    assert_eq!(problem.set_bounds(vec![f64::NAN; 3], vec![1.0; 3]).unwrap_err().path, "bounds.lower[0]");
    assert_eq!(problem.set_matrix(Matrix::scaled_identity(2, 1.0)).unwrap_err().path, "A");
    assert_eq!(problem.set_hessian(Matrix::scaled_identity(2, 1.0)).unwrap_err().path, "P");
    let unchanged = problem.solve(&QpOptions::default()).x;
    assert!(unchanged.iter().zip([1.0, 0.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-15), "{unchanged:?}");
    let path = |options: QpOptions| options.validate().unwrap_err().path;
    assert_eq!(path(QpOptions { tolerance: 0.0, ..Default::default() }), "tolerance");
    assert_eq!(path(QpOptions { time_limit_seconds: Some(-1.0), ..Default::default() }), "timeLimitSeconds");
    QpOptions::default().validate().unwrap();
}

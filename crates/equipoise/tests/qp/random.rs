//! Random strictly convex quadratic programs (class D5 of the SQP reference) and degenerate ones in small integers.

use equipoise::certificate::infeasibility::Proof;
use equipoise::certificate::quadratic::QuadraticProgram;
use equipoise::numeric::matrix::Matrix;
use equipoise::qp::feasibility::{Feasibility, FeasibilityOptions, check_feasibility};
use equipoise::qp::{QpMethod, QpOptions, QpProblem, QpStatus};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::exact::{INF, exact_residual, normal};

/// min |x − t|² subject to Gx ≤ 1.
pub fn class_d5(random: &mut ChaCha8Rng, n: usize, m: usize) -> QuadraticProgram {
    let target: Vec<f64> = (0..n).map(|_| 3.0 * normal(random)).collect();
    let matrix = Matrix::dense(m, n, (0..m * n).map(|_| normal(random)).collect()).unwrap();
    QuadraticProgram::new(
        Matrix::scaled_identity(n, 2.0),
        target.iter().map(|t| -2.0 * t).collect(),
        matrix,
        (vec![-INF; m], vec![1.0; m]),
        (vec![-INF; n], vec![INF; n]),
    )
    .unwrap()
}

#[expect(clippy::print_stdout)]
#[test]
fn class_d5_has_no_failure() {
    for (n, m) in [(5, 10), (10, 20), (20, 40), (20, 20), (30, 15), (50, 200)] {
        let (mut worst, mut most) = (0.0f64, 0);
        for seed in 0..40 {
            let program = class_d5(&mut ChaCha8Rng::seed_from_u64(seed), n, m);
            let mut problem = QpProblem::from(program);
            let answer = problem.solve(&QpOptions::default());
            assert_eq!(answer.status, QpStatus::Converged, "{n} × {m}, seed {seed}");
            assert_eq!(answer.attempts.len(), 1, "the first method suffices");
            worst = worst.max(exact_residual(problem.program(), &answer));
            most = most.max(answer.iterations);
            let objective = answer.objective().abs().max(1.0);
            assert!((answer.objective() - answer.residuals.dual_objective).abs() <= 1e-10 * objective);
            // The warm start from its own working set has nothing left to do.
            if seed < 5 {
                let warm = problem.solve(&QpOptions::default());
                assert_eq!(warm.iterations, 0);
                let distance = warm.x.iter().zip(&answer.x).fold(0.0f64, |d, (a, b)| d.max((a - b).abs()));
                assert!(distance < 1e-12, "{n} × {m}, seed {seed}: {distance:e}");
            }
        }
        println!("{n} × {m}: worst exact residual {worst:e}, at most {most} steps");
        assert!(worst <= 1e-9, "{n} × {m}: {worst:e}");
    }
}

/// A dense Hessian, two-sided rows, equalities, bounds, duplicated and dependent rows in small integers.
fn degenerate(random: &mut ChaCha8Rng) -> QuadraticProgram {
    let mut integer = |size: u64| (random.next_u64() % (2 * size + 1)) as f64 - size as f64;
    let (n, m) = (4, 7);
    let root: Vec<f64> = (0..n * n).map(|_| integer(3)).collect();
    let mut hessian: Vec<f64> = (0..n * n).map(|e| f64::from(u8::from(e / n == e % n))).collect();
    for i in 0..n {
        for j in 0..n {
            hessian[i * n + j] += (0..n).map(|k| root[i * n + k] * root[j * n + k]).sum::<f64>();
        }
    }
    let mut rows: Vec<f64> = (0..m * n).map(|_| integer(2)).collect();
    for j in 0..n {
        rows[(m - 1) * n + j] = rows[j] + rows[n + j];
        rows[(m - 2) * n + j] = rows[j];
    }
    let linear = (0..n).map(|_| integer(9)).collect();
    let (mut lower, mut upper) = (vec![-INF; m], vec![INF; m]);
    for i in 0..m {
        match integer(2) as i32 {
            -2 if i == 0 => (lower[i], upper[i]) = (0.0, 0.0),
            -2 | -1 => lower[i] = integer(3) - 2.0,
            0 => upper[i] = integer(3) + 2.0,
            _ => {
                lower[i] = integer(3) - 4.0;
                upper[i] = lower[i] + 6.0;
            }
        }
    }
    let bounds = (vec![-1.0, -INF, 0.0, -2.0], vec![1.0, 1.0, INF, -2.0]);
    let dense = |rows: usize, values: Vec<f64>| Matrix::dense(rows, n, values).unwrap();
    QuadraticProgram::new(dense(n, hessian), linear, dense(m, rows), (lower, upper), bounds).unwrap()
}

#[expect(clippy::print_stdout)]
#[test]
fn degenerate_problems_are_solved_or_proven_infeasible() {
    let (mut solved, mut infeasible) = (0, 0);
    for seed in 0..1000 {
        let program = degenerate(&mut ChaCha8Rng::seed_from_u64(seed));
        let truth = check_feasibility(&program.system().unwrap(), &FeasibilityOptions::default());
        let mut problem = QpProblem::from(program);
        let answer = problem.solve(&QpOptions::default());
        match answer.status {
            QpStatus::Converged => {
                assert_eq!(truth.as_str(), "feasible", "seed {seed}");
                let residual = exact_residual(problem.program(), &answer);
                assert!(residual <= 1e-9, "seed {seed}: {residual:e}");
                solved += 1;
            }
            QpStatus::Infeasible => {
                let Some(Feasibility::Infeasible { check, .. }) = &answer.infeasibility else {
                    panic!("seed {seed}: no evidence")
                };
                assert_ne!(check.proof, Proof::Rejected);
                assert_eq!(truth.as_str(), "infeasible", "seed {seed}");
                infeasible += 1;
            }
            other => panic!("seed {seed}: {other:?} after {} steps", answer.iterations),
        }
    }
    println!("{solved} solved, {infeasible} infeasible");
    assert!(solved > 50 && infeasible > 50);
}

/// Semidefinite by construction: P = BᵀB of rank 2 in 4 variables, so that the proximal steps are needed.
#[test]
fn singular_hessians_are_solved_to_the_same_accuracy() {
    let mut seen = 0;
    for seed in 0..200 {
        let mut program = degenerate(&mut ChaCha8Rng::seed_from_u64(seed));
        let mut random = ChaCha8Rng::seed_from_u64(10_000 + seed);
        let root: Vec<f64> = (0..8).map(|_| (random.next_u64() % 5) as f64 - 2.0).collect();
        let entry = |e: usize| root[e / 4] * root[e % 4] + root[4 + e / 4] * root[4 + e % 4];
        let hessian = Matrix::dense(4, 4, (0..16).map(entry).collect()).unwrap();
        let system = program.system().unwrap();
        program = QuadraticProgram::new(
            hessian,
            program.linear().to_vec(),
            program.matrix().clone(),
            (system.row_lower, system.row_upper),
            (system.lower, system.upper),
        )
        .unwrap();
        let mut problem = QpProblem::from(program);
        let answer = problem.solve(&QpOptions::default());
        match answer.status {
            QpStatus::Converged => {
                let residual = exact_residual(problem.program(), &answer);
                assert!(residual <= 1e-6, "seed {seed}: {residual:e}");
                seen += 1;
            }
            QpStatus::Infeasible => assert!(answer.infeasibility.is_some()),
            QpStatus::Unbounded => assert!(answer.ray.unwrap().check.proven),
            other => panic!("seed {seed}: {other:?}"),
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn the_interior_point_agrees_and_is_judged_by_the_same_check() {
    for seed in 0..5 {
        let mut problem = QpProblem::from(class_d5(&mut ChaCha8Rng::seed_from_u64(seed), 20, 40));
        let first = problem.solve(&QpOptions::default());
        let options = QpOptions { method: QpMethod::InteriorPoint, ..Default::default() };
        let second = problem.solve(&options);
        assert_eq!((second.status, second.method), (QpStatus::Converged, QpMethod::InteriorPoint));
        for (a, b) in first.x.iter().zip(&second.x) {
            assert!((a - b).abs() < 1e-7, "seed {seed}: {a} {b}");
        }
    }
}

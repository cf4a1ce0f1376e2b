//! Random strictly convex quadratic programs (class D5 of the SQP reference): the optimality conditions are evaluated here
//! in exact rationals, from the data and the answer alone.

use equipoise::certificate::infeasibility::Proof;
use equipoise::certificate::linear_system::LinearSystem;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::qp::dual_active_set::{QuadraticAnswer, QuadraticEnd, QuadraticOptions, QuadraticProblem};
use equipoise::qp::feasibility::{Feasibility, FeasibilityOptions, check_feasibility};
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const INF: f64 = f64::INFINITY;

/// Uniform on [−1, 1).
fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Roughly normal: a sum of twelve uniforms.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    0.5 * (0..12).map(|_| uniform(random)).sum::<f64>()
}

struct Data {
    hessian: Vec<f64>,
    linear: Vec<f64>,
    system: LinearSystem,
}

impl Data {
    fn solve(&self, options: &QuadraticOptions) -> QuadraticAnswer {
        QuadraticProblem::new(self.hessian.clone(), self.linear.clone(), self.system.clone())
            .unwrap()
            .solve(options)
    }
}

fn exact(x: f64) -> BigRational {
    BigRational::from_float(x).unwrap()
}

/// The largest of stationarity, violation, |multiplier·slack| and wrong signs, exactly evaluated.
fn exact_residual(data: &Data, answer: &QuadraticAnswer) -> f64 {
    let (system, n) = (&data.system, data.linear.len());
    let x: Vec<BigRational> = answer.x.iter().map(|&v| exact(v)).collect();
    let mut worst = BigRational::zero();
    let mut note = |residual: BigRational| {
        if residual > worst {
            worst = residual;
        }
    };
    for j in 0..n {
        let mut residual = exact(data.linear[j]) - exact(answer.bound_multipliers[j]);
        for k in (0..n).filter(|k| data.hessian[j * n + k] != 0.0) {
            residual += exact(data.hessian[j * n + k]) * &x[k];
        }
        let (rows, values) = system.matrix.column(j);
        for (&i, &a) in rows.iter().zip(values) {
            residual -= exact(a) * exact(answer.row_multipliers[i as usize]);
        }
        note(residual.abs());
    }
    let mut side = |value: &BigRational, multiplier: f64, lower: f64, upper: f64| {
        if lower.is_finite() {
            note(exact(lower) - value);
        }
        if upper.is_finite() {
            note(value - exact(upper));
        }
        if multiplier != 0.0 {
            let pressed = if multiplier > 0.0 { lower } else { upper };
            assert!(pressed.is_finite(), "a multiplier presses on nothing");
            note((exact(multiplier) * (value - exact(pressed))).abs());
        }
    };
    for j in 0..n {
        side(&x[j], answer.bound_multipliers[j], system.lower[j], system.upper[j]);
    }
    for i in 0..system.num_rows() {
        let (columns, values) = system.matrix.row(i);
        let value: BigRational = columns.iter().zip(values).map(|(&j, &a)| exact(a) * &x[j as usize]).sum();
        side(&value, answer.row_multipliers[i], system.row_lower[i], system.row_upper[i]);
    }
    worst.to_f64().unwrap()
}

fn dense(m: usize, n: usize, entries: &[f64]) -> SparseMatrix {
    let columns: Vec<Vec<f64>> = (0..n).map(|j| (0..m).map(|i| entries[i * n + j]).collect()).collect();
    SparseMatrix::from_dense_columns(m, columns.iter().map(|c| &c[..])).unwrap()
}

fn scaled_identity(n: usize, value: f64) -> Vec<f64> {
    (0..n * n).map(|e| if e / n == e % n { value } else { 0.0 }).collect()
}

/// min |x − t|² subject to Gx ≤ 1.
fn class_d5(random: &mut ChaCha8Rng, n: usize, m: usize) -> Data {
    let target: Vec<f64> = (0..n).map(|_| 3.0 * normal(random)).collect();
    let matrix = dense(m, n, &(0..m * n).map(|_| normal(random)).collect::<Vec<f64>>());
    Data {
        hessian: scaled_identity(n, 2.0),
        linear: target.iter().map(|t| -2.0 * t).collect(),
        system: LinearSystem::new(matrix, (vec![-INF; m], vec![1.0; m]), (vec![-INF; n], vec![INF; n]))
            .unwrap(),
    }
}

#[expect(clippy::print_stdout)]
#[test]
fn class_d5_has_no_failure() {
    for (n, m) in [(5, 10), (10, 20), (20, 40), (20, 20), (30, 15), (50, 200)] {
        let mut worst = 0.0f64;
        for seed in 0..40 {
            let data = class_d5(&mut ChaCha8Rng::seed_from_u64(seed), n, m);
            let answer = data.solve(&QuadraticOptions::default());
            assert_eq!(answer.end, QuadraticEnd::Solved, "{n} × {m}, seed {seed}");
            worst = worst.max(exact_residual(&data, &answer));
            // A warm start changes the path, not the answer.
            if seed < 5 {
                let start = answer.working_set.clone();
                let warm = data.solve(&QuadraticOptions { start, ..Default::default() });
                let distance = warm.x.iter().zip(&answer.x).fold(0.0f64, |d, (a, b)| d.max((a - b).abs()));
                assert!(distance < 1e-12, "{n} × {m}, seed {seed}: {distance:e}");
            }
        }
        println!("{n} × {m}: worst exact residual {worst:e}");
        assert!(worst <= 1e-9, "{n} × {m}: {worst:e}");
    }
}

/// A dense Hessian, two-sided rows, equalities, bounds, duplicated and dependent rows in small integers.
fn degenerate(random: &mut ChaCha8Rng) -> Data {
    let mut integer = |size: u64| (random.next_u64() % (2 * size + 1)) as f64 - size as f64;
    let (n, m) = (4, 7);
    let root: Vec<f64> = (0..n * n).map(|_| integer(3)).collect();
    let mut hessian = scaled_identity(n, 1.0);
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
    Data { hessian, linear, system: LinearSystem::new(dense(m, n, &rows), (lower, upper), bounds).unwrap() }
}

#[expect(clippy::print_stdout)]
#[test]
fn degenerate_problems_are_solved_or_proven_infeasible() {
    let (mut solved, mut infeasible) = (0, 0);
    for seed in 0..1000 {
        let data = degenerate(&mut ChaCha8Rng::seed_from_u64(seed));
        let answer = data.solve(&QuadraticOptions::default());
        let truth = check_feasibility(&data.system, &FeasibilityOptions::default());
        match &answer.end {
            QuadraticEnd::Solved => {
                assert_eq!(truth.as_str(), "feasible", "seed {seed}");
                let residual = exact_residual(&data, &answer);
                assert!(residual <= 1e-9, "seed {seed}: {residual:e}");
                solved += 1;
            }
            QuadraticEnd::Infeasible(Feasibility::Infeasible { check, .. }) => {
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

#[test]
fn bad_input_and_singular_hessians_are_told() {
    let system = |n: usize| {
        LinearSystem::new(dense(0, n, &[]), (vec![], vec![]), (vec![-INF; n], vec![INF; n])).unwrap()
    };
    let path = |p: Vec<f64>, q: Vec<f64>| QuadraticProblem::new(p, q, system(2)).unwrap_err().path;
    assert_eq!(path(vec![1.0; 3], vec![0.0; 2]), "hessian");
    assert_eq!(path(vec![1.0, 2.0, 3.0, 4.0], vec![0.0; 2]), "hessian[1]");
    assert_eq!(path(vec![1.0; 4], vec![0.0, f64::NAN]), "linear[1]");
    let singular = QuadraticProblem::new(vec![1.0; 4], vec![0.0; 2], system(2)).unwrap();
    assert_eq!(singular.solve(&QuadraticOptions::default()).end, QuadraticEnd::NotPositiveDefinite);
}

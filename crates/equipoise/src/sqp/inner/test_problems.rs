//! Small problems in integers with their exact solutions, and the tests that every method must pass.

use num_rational::BigRational;
use num_traits::{ToPrimitive, Zero};

use super::inexact_stcg::InexactStcg;
use super::minres_qlp::MinresQlp;
use super::preconditioner::{LbfgsInverse, Preconditioner, ProbedDiagonal};
use super::projected_cholesky::ProjectedCgCholesky;
use super::projected_craig::ProjectedCgCraig;
use super::proximal::Proximal;
use super::{InnerEnd, InnerMethod, InnerProblem, InnerSettings};
use crate::numeric::sum::dot;
use crate::sqp::functions::SqpError;

/// Integers from a fixed recurrence, −size to size.
fn integers(count: usize, seed: u64, size: i64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as i64 % (2 * size + 1)) - size
    };
    (0..count).map(|_| next() as f64).collect()
}

/// I + RᵀR with integer R (n × n, row-major).
pub(super) fn spd(n: usize, seed: u64) -> Vec<f64> {
    let root = integers(n * n, seed, 2);
    let entry = |i: usize, j: usize| {
        (0..n).map(|k| root[k * n + i] * root[k * n + j]).sum::<f64>() + f64::from(u8::from(i == j))
    };
    (0..n * n).map(|e| entry(e / n, e % n)).collect()
}

pub(super) fn dense_product(b: &[f64], v: &[f64]) -> Vec<f64> {
    b.chunks_exact(v.len()).map(|row| dot(row, v)).collect()
}

fn operator(b: &[f64]) -> impl FnMut(&[f64], &mut [f64]) -> Result<(), SqpError> + '_ {
    move |v: &[f64], out: &mut [f64]| {
        out.copy_from_slice(&dense_product(b, v));
        Ok(())
    }
}

/// d and λ of the free problem by Gaussian elimination in rationals.
fn exact(b: &[f64], problem: &InnerProblem<'_>) -> (Vec<f64>, Vec<f64>) {
    let (n, m) = (problem.gradient.len(), problem.right_side.len());
    let fixed = |j: usize| problem.fixed.get(j).copied().flatten();
    let rational = |v: f64| BigRational::from_float(v).unwrap();
    let size = n + m;
    let mut system: Vec<Vec<BigRational>> = vec![vec![BigRational::zero(); size + 1]; size];
    for i in 0..n {
        match fixed(i) {
            Some(value) => {
                system[i][i] = rational(1.0);
                system[i][size] = rational(value);
            }
            None => {
                (0..n).for_each(|j| system[i][j] = rational(b[i * n + j]));
                (0..m).for_each(|k| system[i][n + k] = rational(-problem.rows[k * n + i]));
                system[i][size] = rational(-problem.gradient[i]);
            }
        }
    }
    for k in 0..m {
        (0..n).for_each(|j| system[n + k][j] = rational(problem.rows[k * n + j]));
        system[n + k][size] = rational(problem.right_side[k]);
    }
    for pivot in 0..size {
        let row = (pivot..size).find(|&r| !system[r][pivot].is_zero()).expect("the system is regular");
        system.swap(pivot, row);
        let lead = system[pivot].clone();
        for (r, other) in system.iter_mut().enumerate() {
            if r != pivot && !other[pivot].is_zero() {
                let factor = &other[pivot] / &lead[pivot];
                for (a, l) in other.iter_mut().zip(&lead).skip(pivot) {
                    *a -= &factor * l;
                }
            }
        }
    }
    let values: Vec<f64> = (0..size).map(|r| (&system[r][size] / &system[r][r]).to_f64().unwrap()).collect();
    (values[..n].to_vec(), values[n..].to_vec())
}

fn methods() -> Vec<(&'static str, Box<dyn InnerMethod>)> {
    vec![
        ("projected CG, Cholesky", Box::new(ProjectedCgCholesky)),
        ("projected CG, CRAIG", Box::new(ProjectedCgCraig)),
        ("MINRES-QLP", Box::new(MinresQlp)),
        ("inexact STCG", Box::new(InexactStcg::default())),
        ("inexact STCG, CRAIG", Box::new(InexactStcg { craig: true })),
    ]
}

struct Data {
    b: Vec<f64>,
    gradient: Vec<f64>,
    rows: Vec<f64>,
    right_side: Vec<f64>,
    fixed: Vec<Option<f64>>,
}

impl Data {
    fn new(n: usize, m: usize, seed: u64, num_fixed: usize) -> Self {
        Self {
            b: spd(n, seed),
            gradient: integers(n, seed + 100, 5),
            rows: integers(m * n, seed + 200, 3),
            right_side: integers(m, seed + 300, 4),
            fixed: (0..n).map(|j| (j < num_fixed).then_some(j as f64 - 0.5)).collect(),
        }
    }

    fn problem(&self) -> InnerProblem<'_> {
        InnerProblem {
            gradient: &self.gradient,
            rows: &self.rows,
            right_side: &self.right_side,
            fixed: &self.fixed,
            start: &[],
        }
    }
}

#[test]
fn every_method_meets_the_exact_solution() {
    let settings = InnerSettings { tolerance: 1e-13, ..InnerSettings::default() };
    for (n, m, num_fixed) in [(6, 0, 0), (6, 2, 0), (9, 3, 2), (12, 5, 4), (8, 8, 0)] {
        for seed in 0..6 {
            let data = Data::new(n, m, seed, num_fixed);
            let (d, multipliers) = exact(&data.b, &data.problem());
            for (name, method) in methods() {
                let answer = method.solve(&data.problem(), &mut operator(&data.b), None, &settings).unwrap();
                let place = format!("{name}, n = {n}, m = {m}, seed {seed}: {answer:?}");
                assert_eq!(answer.end, InnerEnd::Converged, "{place}");
                let size = d.iter().chain(&multipliers).fold(1.0f64, |a, v| a.max(v.abs()));
                let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-8 * size);
                assert!(close(&answer.d, &d) && close(&answer.multipliers, &multipliers), "{place}\n{d:?}");
                assert!(answer.constraint_residual <= 1e-11 * size, "{place}");
                assert!(answer.products >= answer.iterations && !answer.is_truncated());
            }
        }
    }
}

#[test]
fn preconditioners_change_the_path_and_not_the_answer() {
    let data = Data::new(12, 4, 7, 2);
    let (d, _) = exact(&data.b, &data.problem());
    let steps: Vec<Vec<f64>> = (0..12).map(|j| integers(12, 40 + j, 3)).collect();
    let changes: Vec<Vec<f64>> = steps.iter().map(|s| dense_product(&data.b, s)).collect();
    let lbfgs = LbfgsInverse::new(&[1.0; 12], &steps, &changes);
    let probed = ProbedDiagonal::new(12, 20, 3, &mut operator(&data.b)).unwrap();
    let settings = InnerSettings { tolerance: 1e-13, ..InnerSettings::default() };
    for (name, method) in methods() {
        for preconditioner in [&lbfgs as &dyn Preconditioner, &probed] {
            let problem = data.problem();
            let answer =
                method.solve(&problem, &mut operator(&data.b), Some(preconditioner), &settings).unwrap();
            assert!(answer.d.iter().zip(&d).all(|(a, b)| (a - b).abs() <= 1e-8), "{name}: {answer:?}");
        }
    }
}

#[test]
fn a_preconditioner_that_is_the_inverse_leaves_one_iteration() {
    let diagonal: Vec<f64> = (0..12).map(|j| f64::from(1 + j * j * j)).collect();
    let b: Vec<f64> = (0..144).map(|e| if e / 12 == e % 12 { diagonal[e / 12] } else { 0.0 }).collect();
    let gradient = vec![1.0; 12];
    let problem = InnerProblem { gradient: &gradient, rows: &[], right_side: &[], fixed: &[], start: &[] };
    let probed = ProbedDiagonal::new(12, 5, 3, &mut operator(&b)).unwrap();
    let iterations = |preconditioner: Option<&dyn Preconditioner>| {
        let settings = InnerSettings::default();
        let answer =
            ProjectedCgCholesky.solve(&problem, &mut operator(&b), preconditioner, &settings).unwrap();
        assert!(answer.d.iter().zip(&diagonal).all(|(d, b)| (d * b + 1.0).abs() < 1e-9));
        answer.iterations
    };
    assert_eq!(iterations(Some(&probed)), 1);
    assert!(iterations(None) > 6);
}

#[test]
fn negative_curvature_is_told_with_a_direction() {
    // Indefinite along the null space of (1, 1, 0): (0, 0, 1) has curvature −4.
    let b = [2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, -4.0];
    let data = Data {
        b: b.to_vec(),
        gradient: vec![0.0, 0.0, 1.0],
        rows: vec![1.0, 1.0, 0.0],
        right_side: vec![1.0],
        fixed: Vec::new(),
    };
    for (name, method) in methods() {
        let answer =
            method.solve(&data.problem(), &mut operator(&b), None, &InnerSettings::default()).unwrap();
        assert_eq!(answer.end, InnerEnd::NegativeCurvature, "{name}");
        let p = answer.negative_curvature.expect("a direction");
        assert!((p[0] + p[1]).abs() < 1e-12 && dot(&p, &dense_product(&b, &p)) < 0.0, "{name}");
        assert!((answer.d[0] + answer.d[1] - 1.0).abs() < 1e-12, "{name}: the rows hold all the same");
        assert!(answer.d[2] != 0.0, "{name}: never d = 0");
    }
}

#[test]
fn limits_truncate_and_say_so() {
    let data = Data::new(12, 3, 5, 0);
    let settings = InnerSettings { iteration_limit: 2, ..InnerSettings::default() };
    for (name, method) in methods() {
        let answer = method.solve(&data.problem(), &mut operator(&data.b), None, &settings).unwrap();
        assert_eq!((answer.end, answer.iterations), (InnerEnd::IterationLimit, 2), "{name}");
        assert!(answer.is_truncated() && answer.residual_ratio > 1e-10, "{name}");
        assert!(answer.constraint_residual < 1e-11, "{name}: {:e}", answer.constraint_residual);
    }
}

#[test]
fn dependent_rows_do_not_stop_it() {
    let mut data = Data::new(8, 3, 9, 0);
    let sum: Vec<f64> = (0..8).map(|j| data.rows[j] + data.rows[8 + j]).collect();
    data.rows[16..].copy_from_slice(&sum);
    data.right_side[2] = data.right_side[0] + data.right_side[1];
    let independent =
        InnerProblem { rows: &data.rows[..16], right_side: &data.right_side[..2], ..data.problem() };
    let (d, _) = exact(&data.b, &independent);
    for (name, method) in methods() {
        let answer =
            method.solve(&data.problem(), &mut operator(&data.b), None, &InnerSettings::default()).unwrap();
        assert!(answer.d.iter().zip(&d).all(|(a, b)| (a - b).abs() <= 1e-6), "{name}: {answer:?}\n{d:?}");
    }
}

#[test]
fn the_stabilised_form_converges_to_the_solution_as_its_multipliers_do() {
    let data = Data::new(9, 3, 4, 2);
    let (d, multipliers) = exact(&data.b, &data.problem());
    let settings = InnerSettings { tolerance: 1e-13, iteration_limit: 500, ..InnerSettings::default() };
    let mut proximal = Proximal { mu: 0.01, multipliers: vec![0.0; 3] };
    let distance = |found: &[f64]| found.iter().zip(&d).fold(0.0f64, |a, (x, y)| a.max((x - y).abs()));
    let mut last = f64::INFINITY;
    for _ in 0..12 {
        let answer = proximal.solve(&data.problem(), &mut operator(&data.b), None, &settings).unwrap();
        assert!(distance(&answer.d) < last.max(1e-9), "each round is closer");
        last = distance(&answer.d);
        proximal.multipliers = answer.multipliers;
    }
    assert!(last < 1e-8, "{last:e}");
    assert!(proximal.multipliers.iter().zip(&multipliers).all(|(a, b)| (a - b).abs() < 1e-6));
    assert_eq!(Proximal::weight(1e-4, 0.5, (1e-8, 0.1)), 1e-2);
    assert_eq!(Proximal::weight(4.0, 0.5, (1e-8, 0.1)), 0.1);
}

#[test]
fn what_a_product_reports_comes_through() {
    let data = Data::new(5, 1, 2, 0);
    for (name, method) in methods() {
        let mut failing = |_: &[f64], _: &mut [f64]| Err(SqpError::User("no product".into()));
        let result = method.solve(&data.problem(), &mut failing, None, &InnerSettings::default());
        assert!(matches!(result, Err(SqpError::User(_))), "{name}");
    }
}

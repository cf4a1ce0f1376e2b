//! Times quadratic solves of class D5 (min |x − t|² over Gx ≤ 1, dense): the best of several runs, cold, with set-up.
//!
//! `cargo run --release --example bench_qp -- n m repeats`
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::time::Instant;

use equipoise::certificate::quadratic::QuadraticProgram;
use equipoise::numeric::matrix::Matrix;
use equipoise::qp::{QpOptions, QpProblem};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|a| a.parse::<usize>().ok());
    let n = arguments.next().unwrap_or(100);
    let m = arguments.next().unwrap_or(200);
    let repeats = arguments.next().unwrap_or(50);
    for dense_hessian in [false, true] {
        let mut times = Vec::new();
        let (mut steps, mut bound) = (0, 0);
        for seed in 0..10 {
            let program = program(&mut ChaCha8Rng::seed_from_u64(seed), n, m, dense_hessian);
            let mut best = f64::INFINITY;
            for _ in 0..repeats {
                let program = program.clone();
                let clock = Instant::now();
                let solution = QpProblem::from(program).solve(&QpOptions::default());
                best = best.min(clock.elapsed().as_secs_f64());
                assert!(solution.is_converged() && solution.attempts.len() == 1);
                steps = solution.iterations.max(steps);
                bound = solution.working_set.len().max(bound);
            }
            times.push(best);
        }
        times.sort_by(f64::total_cmp);
        let kind = if dense_hessian { "dense P" } else { "P = 2I" };
        println!(
            "n = {n}, m = {m}, {kind}: median {:.1} µs, slowest {:.1} µs of 10 problems (at most {steps} steps, {bound} binding)",
            1e6 * times[5],
            1e6 * times[9]
        );
    }
}

fn program(random: &mut ChaCha8Rng, n: usize, m: usize, dense_hessian: bool) -> QuadraticProgram {
    let mut normals = |count: usize| -> Vec<f64> {
        let mut uniform = || (random.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0;
        (0..count).map(|_| 0.5 * (0..12).map(|_| uniform()).sum::<f64>()).collect()
    };
    let target: Vec<f64> = normals(n).iter().map(|t| 3.0 * t).collect();
    let matrix = Matrix::dense(m, n, normals(m * n)).expect("normal numbers are finite");
    let hessian = if dense_hessian {
        let root = normals(n * n);
        let entry = |i: usize, j: usize| {
            let inner: f64 = (0..n).map(|k| root[i * n + k] * root[j * n + k]).sum();
            inner / n as f64 + if i == j { 1.0 } else { 0.0 }
        };
        let values = (0..n * n).map(|e| entry((e / n).min(e % n), (e / n).max(e % n))).collect();
        Matrix::dense(n, n, values).expect("finite")
    } else {
        Matrix::scaled_identity(n, 2.0)
    };
    let linear = hessian.times(&target).iter().map(|v| -v).collect();
    let infinite = f64::INFINITY;
    let rows = (vec![-infinite; m], vec![1.0; m]);
    let bounds = (vec![-infinite; n], vec![infinite; n]);
    QuadraticProgram::new(hessian, linear, matrix, rows, bounds).expect("the shapes fit")
}

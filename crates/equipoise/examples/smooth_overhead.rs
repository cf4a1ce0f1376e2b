//! What the solvers themselves cost, beside the problem: seconds per iteration, and how the frontier grows.
//!
//! ```sh
//! cargo run --release --example smooth_overhead
//! ```
#![allow(clippy::print_stdout)]

use argmin::core::{CostFunction, Error, Executor, Gradient, Hessian};
use equipoise::smooth::{Bfgs, Cubic, FixedPoint, FixedPointEvaluation, Frontier, Lbfgsb};
use std::time::Instant;

/// Rosenbrock's chain: Σ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)². Its own cost is O(n) for value and gradient.
struct Chain;

impl CostFunction for Chain {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok(x.windows(2).map(|w| 100.0 * (w[1] - w[0] * w[0]).powi(2) + (1.0 - w[0]).powi(2)).sum())
    }
}

impl Gradient for Chain {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let mut g = vec![0.0; x.len()];
        for i in 0..x.len() - 1 {
            let t = x[i + 1] - x[i] * x[i];
            g[i] += -400.0 * x[i] * t - 2.0 * (1.0 - x[i]);
            g[i + 1] += 200.0 * t;
        }
        Ok(g)
    }
}

impl Hessian for Chain {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;
    fn hessian(&self, x: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        let n = x.len();
        let mut h = vec![vec![0.0; n]; n];
        for i in 0..n - 1 {
            h[i][i] += -400.0 * (x[i + 1] - 3.0 * x[i] * x[i]) + 2.0;
            h[i + 1][i + 1] += 200.0;
            h[i][i + 1] -= 400.0 * x[i];
            h[i + 1][i] -= 400.0 * x[i];
        }
        Ok(h)
    }
}

/// Separable: Σ ½(1 + i mod 5)(xᵢ − 2 sin 0.37 i)², with steps that leave a tenth of the way.
struct Separable {
    target: Vec<f64>,
}

impl Separable {
    fn value(&self, x: &[f64]) -> f64 {
        let term = |(i, (x, t)): (usize, (&f64, &f64))| 0.5 * (1.0 + (i % 5) as f64) * (x - t).powi(2);
        x.iter().zip(&self.target).enumerate().map(term).sum()
    }
}

impl CostFunction for Separable {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.value(x))
    }
}

impl FixedPoint for Separable {
    fn evaluate(&self, x: &[f64]) -> Result<FixedPointEvaluation, Error> {
        let mut value = 0.0;
        let step = (x.iter().zip(&self.target).enumerate())
            .map(|(i, (x, t))| {
                value += 0.5 * (1.0 + (i % 5) as f64) * (x - t).powi(2);
                0.9 * (t - x)
            })
            .collect();
        Ok(FixedPointEvaluation { value, step, ..Default::default() })
    }
}

fn start(n: usize) -> Vec<f64> {
    (0..n).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 }).collect()
}

/// Best of `repeat` runs: seconds per iteration.
fn best(repeat: usize, mut run: impl FnMut() -> u64) -> (f64, u64) {
    best_of(repeat, || (), |()| run())
}

/// Best of `repeat` runs of what `set_up` made: seconds per iteration.
fn best_of<T>(repeat: usize, set_up: impl Fn() -> T, mut run: impl FnMut(T) -> u64) -> (f64, u64) {
    let mut least = (f64::INFINITY, 0);
    for _ in 0..repeat {
        let ready = set_up();
        let started = Instant::now();
        let iterations = run(ready).max(1);
        let each = started.elapsed().as_secs_f64() / iterations as f64;
        if each < least.0 {
            least = (each, iterations);
        }
    }
    least
}

fn quasi_newton(n: usize, max_iters: u64, repeat: usize) -> Result<(), Error> {
    let sides = || (vec![-10.0; n], vec![10.0; n]);
    let (lower, upper) = sides();
    let (each, iterations) = best(repeat, || {
        let Ok(solver) = Bfgs::new(lower.clone(), upper.clone()) else { return 1 };
        let run = Executor::new(Chain, solver.gradient_tolerance(1e-9));
        run.configure(|s| s.param(start(n)).max_iters(max_iters))
            .run()
            .map_or(1, |r| r.solver.num_iterations())
    });
    println!("| BFGS | {n} | {iterations} | {:.1} |", 1e6 * each);
    let (each, iterations) = best(repeat, || {
        let Ok(solver) = Lbfgsb::new(lower.clone(), upper.clone()) else { return 1 };
        let run = Executor::new(Chain, solver.gradient_tolerance(1e-9));
        run.configure(|s| s.param(start(n)).max_iters(max_iters))
            .run()
            .map_or(1, |r| r.solver.num_iterations())
    });
    println!("| L-BFGS-B | {n} | {iterations} | {:.1} |", 1e6 * each);
    if n <= 50 {
        let (each, iterations) = best(repeat, || {
            let Ok(solver) = Cubic::new(lower.clone(), upper.clone()) else { return 1 };
            let run = Executor::new(Chain, solver.gradient_tolerance(1e-9));
            run.configure(|s| s.param(start(n)).max_iters(max_iters))
                .run()
                .map_or(1, |r| r.solver.num_iterations())
        });
        println!("| ARC | {n} | {iterations} | {:.1} |", 1e6 * each);
    }
    Ok(())
}

fn main() -> Result<(), Error> {
    println!("| solver | n | iterations | µs per iteration |\n| --- | --- | --- | --- |");
    quasi_newton(10, 1000, 50)?;
    quasi_newton(500, 60, 5)?;
    println!(
        "\n| frontier coordinates | iterations | ms per run | slope of log time |\n| --- | --- | --- | --- |"
    );
    let mut before: Option<(usize, f64)> = None;
    for n in [1_000, 10_000, 100_000] {
        let target: Vec<f64> = (0..n).map(|i| 2.0 * libm::sin(0.37 * i as f64)).collect();
        let set_up = || -> Result<_, Error> {
            let solver = Frontier::new(vec![-30.0; n], vec![30.0; n])?;
            let run = Executor::new(Separable { target: target.clone() }, solver.step_tolerance(1e-9));
            Ok(run.configure(|s| s.param(vec![0.0; n]).max_iters(200)))
        };
        let (each, iterations) = best_of(20, set_up, |run| {
            run.and_then(Executor::run).map_or(1, |result| result.solver.num_iterations())
        });
        let seconds = each * iterations as f64;
        let slope = before.map(|(m, s)| libm::log(seconds / s) / libm::log(n as f64 / m as f64));
        let slope = slope.map_or(String::new(), |slope| format!("{slope:.3}"));
        println!("| {n} | {iterations} | {:.3} | {slope} |", 1e3 * seconds);
        before = Some((n, seconds));
    }
    Ok(())
}

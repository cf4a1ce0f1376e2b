//! Helpers of the solver tests: problems from closures, run under argmin.
#![allow(dead_code, reason = "each test uses its part")]

use argmin::core::{CostFunction, Error, Executor, Gradient, OptimizationResult, State};
use equipoise::smooth::Lbfgsb;
use equipoise::smooth::SmoothState;

/// A problem from a closure that returns f and its gradient.
pub struct Objective<F>(pub F);

impl<F: Fn(&[f64]) -> Result<(f64, Vec<f64>), Error>> CostFunction for Objective<F> {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok((self.0)(x)?.0)
    }
}

impl<F: Fn(&[f64]) -> Result<(f64, Vec<f64>), Error>> Gradient for Objective<F> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok((self.0)(x)?.1)
    }
}

pub type Run<F> = OptimizationResult<Objective<F>, Lbfgsb, SmoothState>;

pub fn run<F>(f: F, solver: Lbfgsb, start: &[f64]) -> Result<Run<F>, Error>
where
    F: Fn(&[f64]) -> Result<(f64, Vec<f64>), Error>,
{
    Executor::new(Objective(f), solver).configure(|state| state.param(start.to_vec()).max_iters(20_000)).run()
}

pub fn best<F>(result: &Run<F>) -> &[f64]
where
    F: Fn(&[f64]) -> Result<(f64, Vec<f64>), Error>,
{
    result.state.get_best_param().expect("a finite start has a best point")
}

pub fn projected_gradient_norm(x: &[f64], g: &[f64], lower: &[f64], upper: &[f64]) -> f64 {
    (0..x.len()).map(|i| ((x[i] - g[i]).clamp(lower[i], upper[i]) - x[i]).abs()).fold(0.0, f64::max)
}

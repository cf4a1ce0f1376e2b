//! Our solvers, with their default options but for the tolerance.

use crate::recorder::{Record, Recorder, record};
use crate::{TOLERANCE, start};
use argmin::core::{CostFunction, Error, Executor, Gradient, Hessian, IterState, Solver};
use equipoise::smooth::{Bfgs, Cubic, Lbfgsb};
use equipoise_testset::SmoothProblem;

pub struct Objective<'a, 'b>(pub &'b Recorder<'a>);

impl CostFunction for Objective<'_, '_> {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.0.value(x))
    }
}

impl Gradient for Objective<'_, '_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(self.0.gradient(x)?)
    }
}

impl Hessian for Objective<'_, '_> {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;
    fn hessian(&self, x: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        Ok(self.0.hessian(x))
    }
}

fn run<H: Clone, S>(problem: &SmoothProblem, solver: S) -> Record
where
    S: for<'a, 'b> Solver<Objective<'a, 'b>, IterState<Vec<f64>, Vec<f64>, (), H, (), f64>>,
{
    record(problem, |recorder| {
        let executor = Executor::new(Objective(recorder), solver).timer(false);
        let _ = executor.configure(|state| state.param(start(problem)).max_iters(5000)).run();
    })
}

const BOX: &str = "a box";

pub fn bfgs(problem: &SmoothProblem) -> Record {
    let solver = Bfgs::new(problem.lower.clone(), problem.upper.clone()).expect(BOX);
    run(problem, solver.gradient_tolerance(TOLERANCE))
}

pub fn lbfgsb(problem: &SmoothProblem) -> Record {
    let solver = Lbfgsb::new(problem.lower.clone(), problem.upper.clone()).expect(BOX);
    run(problem, solver.gradient_tolerance(TOLERANCE))
}

pub fn cubic(problem: &SmoothProblem) -> Record {
    let solver = Cubic::new(problem.lower.clone(), problem.upper.clone()).expect(BOX);
    run(problem, solver.gradient_tolerance(TOLERANCE))
}

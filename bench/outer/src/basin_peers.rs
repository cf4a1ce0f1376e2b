//! The solvers of the crate basin.

use crate::recorder::{Reached, Record, Recorder, record};
use crate::start;
use basin::{Bfgs, BoxBounds, ConstraintDescription, ConstraintSet, Constraints, CostFunction, Executor, FirstOrderState, Gradient, Lbfgs};
use equipoise_testset::SmoothProblem;

struct Objective<'a, 'b>(&'b Recorder<'a>);

impl Constraints for Objective<'_, '_> {
    type Set = ConstraintSet<BoxBounds<Vec<f64>>>;
    fn constraints(&self) -> <Self::Set as ConstraintDescription>::Borrowed<'_> {
        let problem = self.0.problem;
        ConstraintSet::new().with_bounds(BoxBounds::new(Some(&problem.lower), Some(&problem.upper)))
    }
}

impl CostFunction for Objective<'_, '_> {
    type Param = Vec<f64>;
    type Output = f64;
    type Error = Reached;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Reached> {
        Ok(self.0.value(x))
    }
}

impl Gradient for Objective<'_, '_> {
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Reached> {
        self.0.gradient(x)
    }
}

/// The same without a box.
struct Free<'a, 'b>(&'b Recorder<'a>);

impl CostFunction for Free<'_, '_> {
    type Param = Vec<f64>;
    type Output = f64;
    type Error = Reached;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Reached> {
        Ok(self.0.value(x))
    }
}

impl Gradient for Free<'_, '_> {
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Reached> {
        self.0.gradient(x)
    }
}

pub fn lbfgsb(problem: &SmoothProblem) -> Record {
    record(problem, |recorder| {
        let solver = Lbfgs::new()
            .with_absolute_projected_gradient_tolerance(1e-7)
            .with_relative_cost_reduction_tolerance(None);
        let state = FirstOrderState::new(start(problem));
        let _ = Executor::new(Objective(recorder), solver, state).max_iter(5000).run();
    })
}

pub fn bfgs(problem: &SmoothProblem) -> Record {
    record(problem, |recorder| {
        let state = FirstOrderState::new(start(problem));
        let _ = Executor::new(Free(recorder), Bfgs::new(), state).max_iter(5000).run();
    })
}

//! The quasi-Newton solvers that come with argmin, with its line search of Moré and Thuente. They know no bounds.

use crate::ours::Objective;
use crate::recorder::{Record, record};
use crate::start;
use argmin::core::Executor;
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::{BFGS, LBFGS};
use equipoise_testset::SmoothProblem;

pub fn bfgs(problem: &SmoothProblem) -> Record {
    record(problem, |recorder| {
        let x = start(problem);
        let entry = |i: usize, j: usize| if i == j { 1.0 } else { 0.0 };
        let identity: Vec<Vec<f64>> = (0..x.len()).map(|i| (0..x.len()).map(|j| entry(i, j)).collect()).collect();
        let Ok(solver) = BFGS::new(MoreThuenteLineSearch::new()).with_tolerance_cost(0.0) else { return };
        let executor = Executor::new(Objective(recorder), solver).timer(false);
        let _ = executor.configure(|state| state.param(x).inv_hessian(identity).max_iters(5000)).run();
    })
}

pub fn lbfgs(problem: &SmoothProblem) -> Record {
    record(problem, |recorder| {
        let x = start(problem);
        let search = MoreThuenteLineSearch::new();
        let solver = LBFGS::<_, Vec<f64>, Vec<f64>, f64>::new(search, 10);
        let Ok(solver) = solver.with_tolerance_cost(0.0) else { return };
        let executor = Executor::new(Objective(recorder), solver).timer(false);
        let _ = executor.configure(|state| state.param(x).max_iters(5000)).run();
    })
}

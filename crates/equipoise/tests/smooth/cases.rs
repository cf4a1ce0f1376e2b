//! The solvers on the collections of smooth problems: every minimum is reached and the gradient, taken afresh, is small.

use argmin::core::{CostFunction, Error, Executor, Gradient, Hessian, IterState, Solver, State};
use equipoise::smooth::{Bfgs, Cubic, Lbfgsb};
use equipoise_testset::{SmoothProblem, bounded_least_squares, cases_folder, smooth_problems};

const TOLERANCE: f64 = 1e-7;

/// Local minima that are an answer too: HS2's published one, and the one of Wood's function with x₀ ≤ 0 that descent from the
/// standard start leads to.
const LOCAL_MINIMA: [(&str, f64); 2] = [("HS2", 4.9412293), ("TestProblem14", 7.8769659)];

struct Objective<'a>(&'a SmoothProblem);

impl CostFunction for Objective<'_> {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.0.function.value(x))
    }
}

impl Gradient for Objective<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(self.0.function.jet(x).gradient)
    }
}

impl Hessian for Objective<'_> {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;
    fn hessian(&self, x: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        let packed = self.0.function.jet(x).hessian;
        let entry = |i: usize, j: usize| packed[i.max(j) * (i.max(j) + 1) / 2 + i.min(j)];
        Ok((0..x.len()).map(|i| (0..x.len()).map(|j| entry(i, j)).collect()).collect())
    }
}

fn check<'a, H, S>(problem: &'a SmoothProblem, solver: S)
where
    S: Solver<Objective<'a>, IterState<Vec<f64>, Vec<f64>, (), H, (), f64>>,
{
    let name = &problem.name;
    let run = Executor::new(Objective(problem), solver)
        .configure(|state| state.param(problem.start.clone()).max_iters(2000));
    let result = run.run().unwrap();
    let x = result.state.get_best_param().unwrap();
    let jet = problem.function.jet(x);
    for i in 0..x.len() {
        let (lower, upper) = (problem.lower[i], problem.upper[i]);
        assert!((lower..=upper).contains(&x[i]), "{name}");
        let step = (x[i] - jet.gradient[i]).clamp(lower, upper) - x[i];
        assert!(step.abs() <= 1.01 * TOLERANCE, "{name}: projected gradient {step:e} at {i}");
    }
    let reaches = |minimum: f64| jet.value <= minimum + 1e-6 * minimum.abs().max(1.0);
    let local = LOCAL_MINIMA.iter().find(|(problem, _)| problem == name);
    assert!(
        reaches(problem.optimum) || local.is_some_and(|&(_, minimum)| reaches(minimum)),
        "{name}: {}",
        jet.value
    );
}

fn check_all(problems: &[SmoothProblem]) {
    for problem in problems {
        let (lower, upper) = (problem.lower.clone(), problem.upper.clone());
        check(problem, Lbfgsb::new(lower.clone(), upper.clone()).unwrap().gradient_tolerance(TOLERANCE));
        check(problem, Bfgs::new(lower.clone(), upper.clone()).unwrap().gradient_tolerance(TOLERANCE));
        check(problem, Cubic::new(lower, upper).unwrap().gradient_tolerance(TOLERANCE));
    }
}

#[test]
fn bound_constrained_and_unconstrained_problems() {
    let Some(cases) = cases_folder() else { return };
    for file in ["bound.json", "uncon.json"] {
        let problems: Vec<SmoothProblem> =
            smooth_problems(&cases, file).into_iter().map(|(p, _)| p).collect();
        assert!(problems.len() >= 12);
        check_all(&problems);
    }
}

#[test]
fn least_squares_with_bounds() {
    let Some(cases) = cases_folder() else { return };
    check_all(&bounded_least_squares(&cases));
}

//! The solvers on the collections of smooth problems: every minimum is reached and the gradient, taken afresh, is small.

use crate::operators::Products;
use argmin::core::{CostFunction, Error, Executor, Gradient, Hessian, IterState, Solver, State};
use equipoise::smooth::{Bfgs, Cubic, HessianForm, Lbfgsb, TrustRegion};
use equipoise_testset::{
    Regression, SmoothProblem, bounded_least_squares, cases_folder, nist_regressions, smooth_problems,
};
use std::sync::Arc;

const TOLERANCE: f64 = 1e-7;

/// A local minimum that is an answer too: HS2's published one.
const LOCAL_MINIMA: [(&str, f64); 1] = [("HS2", 4.9412293)];

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

/// The same with its Hessian as an operator.
struct ByProducts<'a>(Objective<'a>);

impl CostFunction for ByProducts<'_> {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        self.0.cost(x)
    }
}

impl Gradient for ByProducts<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        self.0.gradient(x)
    }
}

impl Hessian for ByProducts<'_> {
    type Param = Vec<f64>;
    type Hessian = HessianForm;
    fn hessian(&self, x: &Vec<f64>) -> Result<HessianForm, Error> {
        let rows = self.0.hessian(x)?;
        Ok(HessianForm::Operator(Arc::new(Products(rows.concat(), x.len()))))
    }
}

fn check<O, H, S>(problem: &SmoothProblem, objective: O, solver: S)
where
    H: Clone,
    S: Solver<O, IterState<Vec<f64>, Vec<f64>, (), H, (), f64>>,
{
    let name = &problem.name;
    let run = Executor::new(objective, solver)
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
        let objective = || Objective(problem);
        let solver = Lbfgsb::new(lower.clone(), upper.clone()).unwrap();
        check(problem, objective(), solver.gradient_tolerance(TOLERANCE));
        let solver = Bfgs::new(lower.clone(), upper.clone()).unwrap();
        check(problem, objective(), solver.gradient_tolerance(TOLERANCE));
        let solver = Cubic::new(lower.clone(), upper.clone()).unwrap();
        check(problem, objective(), solver.gradient_tolerance(TOLERANCE));
        let solver = TrustRegion::new(lower, upper).unwrap();
        check(problem, ByProducts(objective()), solver.gradient_tolerance(TOLERANCE));
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

/// The point of the least sum of squares that the plans reach: BFGS, L-BFGS-B, and cubic regularisation from two first σ.
fn best_fit(regression: &Regression, start: &[f64]) -> Vec<f64> {
    let problem = &regression.problem;
    let (lower, upper) = (&problem.lower, &problem.upper);
    let mut points = Vec::new();
    let mut keep = |point: Option<&Vec<f64>>| points.extend(point.cloned());
    let solver = Bfgs::new(lower.clone(), upper.clone()).unwrap().gradient_tolerance(1e-10);
    let first = start.to_vec();
    let run =
        Executor::new(Objective(problem), solver).configure(|s| s.param(first.clone()).max_iters(400)).run();
    keep(run.unwrap().state.get_best_param());
    let solver = Lbfgsb::new(lower.clone(), upper.clone()).unwrap().gradient_tolerance(1e-10);
    let run =
        Executor::new(Objective(problem), solver).configure(|s| s.param(first.clone()).max_iters(400)).run();
    keep(run.unwrap().state.get_best_param());
    for sigma in [1.0, 0.1] {
        let solver = Cubic::new(lower.clone(), upper.clone()).unwrap().gradient_tolerance(1e-10);
        let solver = solver.initial_regularisation(sigma);
        let run = Executor::new(Objective(problem), solver)
            .configure(|s| s.param(first.clone()).max_iters(500))
            .run();
        keep(run.unwrap().state.get_best_param());
    }
    let value = |x: &Vec<f64>| problem.function.value(x);
    points.into_iter().min_by(|a, b| value(a).total_cmp(&value(b))).unwrap()
}

/// Correct digits of the worst parameter. The three exponentials of Lanczos3 may come in any order.
fn digits(regression: &Regression, mut x: Vec<f64>) -> f64 {
    if regression.problem.name == "Lanczos3" {
        let mut terms: Vec<&[f64]> = x.chunks_exact(2).collect();
        terms.sort_by(|a, b| a[1].total_cmp(&b[1]));
        x = terms.concat();
    }
    let relative = |(a, b): (&f64, &f64)| -libm::log10((a - b).abs() / b.abs());
    x.iter().zip(&regression.certified).map(relative).fold(11.0, f64::min)
}

#[test]
fn nist_regressions_reach_their_certified_digits() {
    let Some(cases) = cases_folder() else { return };
    let regressions = nist_regressions(&cases);
    assert_eq!(regressions.len(), 12);
    for regression in regressions {
        let name = &regression.problem.name;
        for (start, least) in [(&regression.problem.start, 4.0), (&regression.second_start, 6.0)] {
            let x = best_fit(&regression, start);
            let sum = regression.problem.function.value(&x);
            assert!(sum <= regression.sum_of_squares * (1.0 + 1e-6), "{name}: {sum}");
            let digits = digits(&regression, x);
            assert!(digits >= least, "{name}: {digits} digits");
        }
    }
}

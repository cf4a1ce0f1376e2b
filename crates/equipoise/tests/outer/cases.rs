//! The collections of smooth problems through the whole run: stationary, certified, and at the known minimum.

use argmin::core::{CostFunction, Error, Gradient, Hessian};
use equipoise::control::Control;
use equipoise::outer::{ArgminObjective, OuterProblem, OuterResult, SeedConfig};
use equipoise_testset::{SmoothProblem, bounded_least_squares, cases_folder, smooth_problems};

/// Local minima that are an answer too: HS2's published one, and the one of Wood's function with x₀ ≤ 0 that descent from the
/// standard start leads to.
const LOCAL_MINIMA: [(&str, f64); 2] = [("HS2", 4.9412293), ("TestProblem14", 7.8769659)];

#[derive(Clone, Copy)]
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

fn solve(problem: &SmoothProblem, second_order: bool) -> OuterResult {
    let n = problem.start.len();
    let outer = OuterProblem::new(n)
        .with_bounds(problem.lower.clone(), problem.upper.clone())
        .with_initial_rho(problem.start.clone())
        .with_seed_config(SeedConfig { seed_budget: 1, ..SeedConfig::default() })
        .with_tolerance(1e-7)
        .with_rel_cost_tolerance(Some(1e-12))
        .with_max_iter(2000);
    let control = Control::default();
    if second_order {
        outer.run(&mut ArgminObjective::with_hessian(Objective(problem), n), &problem.name, &control).unwrap()
    } else {
        outer
            .run(&mut ArgminObjective::with_gradient(Objective(problem), n), &problem.name, &control)
            .unwrap()
    }
}

fn check_all(problems: &[SmoothProblem]) {
    let mut failures = Vec::new();
    for problem in problems {
        for second_order in [false, true] {
            let result = solve(problem, second_order);
            let reaches = |minimum: f64| result.final_value <= minimum + 1e-6 * minimum.abs().max(1.0);
            let local = LOCAL_MINIMA.iter().find(|(name, _)| *name == problem.name);
            let at_minimum = reaches(problem.optimum) || local.is_some_and(|&(_, minimum)| reaches(minimum));
            let certified = result.criterion_certificate.as_ref().is_some_and(|c| c.consistent);
            if !(at_minimum && result.converged && certified) {
                let summary = result.criterion_certificate.map(|c| c.summary);
                failures.push(format!(
                    "{} {}: {:e} after {}, {}, {:?}, {summary:?}",
                    problem.name,
                    result.method,
                    result.final_value,
                    result.iterations,
                    result.stop_reason,
                    result.stationarity,
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
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

//! The collections of smooth problems through the whole run: stationary, certified, and at the known minimum.

use argmin::core::{CostFunction, Error, Gradient, Hessian};
use equipoise::control::Control;
use equipoise::outer::{ArgminObjective, OuterProblem, OuterResult, SeedConfig};
use equipoise_testset::{
    Regression, SmoothProblem, bounded_least_squares, cases_folder, nist_regressions, smooth_problems,
};

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

/// A regression whose parameters are multiples of its start: they differ by many orders of magnitude.
struct Scaled<'a> {
    regression: &'a Regression,
    scale: Vec<f64>,
}

impl Scaled<'_> {
    fn point(&self, z: &[f64]) -> Vec<f64> {
        z.iter().zip(&self.scale).map(|(z, s)| z * s).collect()
    }
}

impl CostFunction for Scaled<'_> {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, z: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.regression.problem.function.value(&self.point(z)))
    }
}

impl Gradient for Scaled<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, z: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let gradient = self.regression.problem.function.jet(&self.point(z)).gradient;
        Ok(gradient.iter().zip(&self.scale).map(|(g, s)| g * s).collect())
    }
}

impl Hessian for Scaled<'_> {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;
    fn hessian(&self, z: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        let packed = self.regression.problem.function.jet(&self.point(z)).hessian;
        let s = &self.scale;
        let entry = |i: usize, j: usize| s[i] * s[j] * packed[i.max(j) * (i.max(j) + 1) / 2 + i.min(j)];
        Ok((0..z.len()).map(|i| (0..z.len()).map(|j| entry(i, j)).collect()).collect())
    }
}

/// The terms bᵢexp(−bᵢ₊₁x) of Lanczos3 are exchangeable: in the order of their rates, as published.
fn in_published_order(name: &str, parameters: Vec<f64>) -> Vec<f64> {
    if name != "Lanczos3" {
        return parameters;
    }
    let mut terms: Vec<[f64; 2]> = parameters.chunks_exact(2).map(|term| [term[0], term[1]]).collect();
    terms.sort_by(|a, b| a[1].total_cmp(&b[1]));
    terms.concat()
}

/// Correct digits of the worst parameter.
fn digits(regression: &Regression, start: &[f64], second_order: bool) -> (f64, OuterResult) {
    let n = start.len();
    let scale: Vec<f64> = start.iter().map(|s| if *s == 0.0 { 1.0 } else { s.abs() }).collect();
    let from: Vec<f64> = start.iter().zip(&scale).map(|(x, s)| x / s).collect();
    let outer = OuterProblem::new(n)
        .with_bounds(vec![f64::NEG_INFINITY; n], vec![f64::INFINITY; n])
        .with_initial_rho(from)
        .with_seed_config(SeedConfig { seed_budget: 1, ..SeedConfig::default() })
        .with_tolerance(1e-10 * regression.sum_of_squares.min(1.0))
        .with_rel_cost_tolerance(Some(1e-14))
        .with_max_iter(5000);
    let scaled = Scaled { regression, scale: scale.clone() };
    let control = Control::default();
    let result = if second_order {
        outer.run(&mut ArgminObjective::with_hessian(scaled, n), "nist", &control).unwrap()
    } else {
        outer.run(&mut ArgminObjective::with_gradient(scaled, n), "nist", &control).unwrap()
    };
    let found: Vec<f64> = result.rho.iter().zip(&scale).map(|(z, s)| z * s).collect();
    let found = in_published_order(&regression.problem.name, found);
    let worst = found
        .iter()
        .zip(&regression.certified)
        .map(|(found, certified)| (found / certified - 1.0).abs())
        .fold(0.0f64, f64::max);
    (-libm::log10(worst.max(1e-16)), result)
}

/// From its first start Eckerle4 lies on a plateau: the peak of the model is beyond the data, and its slopes vanish there. The search ends
/// stationary on it, as it should.
const PLATEAU: (&str, usize) = ("Eckerle4", 1);

#[test]
fn nist_regressions_to_the_asked_digits() {
    let Some(cases) = cases_folder() else { return };
    let mut failures = Vec::new();
    for regression in nist_regressions(&cases) {
        let name = regression.problem.name.as_str();
        let starts = [(1, &regression.problem.start, 4.0), (2, &regression.second_start, 6.0)];
        for (number, start, asked) in starts {
            let mut best = f64::NEG_INFINITY;
            let mut stops = Vec::new();
            // By any plan.
            for second_order in [true, false] {
                let (found, result) = digits(&regression, start, second_order);
                let certificate = result.criterion_certificate.expect("a certificate");
                assert!(certificate.consistent, "{name}: {}", certificate.summary);
                best = best.max(found);
                stops.push((result.method, result.stop_reason, result.iterations));
                if best >= asked {
                    break;
                }
            }
            if (best < asked) != ((name, number) == PLATEAU) {
                failures.push(format!("{name} from start {number}: {best:.1} digits, {stops:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

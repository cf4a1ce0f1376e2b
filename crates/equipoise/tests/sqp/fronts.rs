//! argmin's traits, differences, the check of derivatives.

use super::support::{Nlp, nlp, solve};
use argmin::core::{CostFunction, Error, Gradient, Hessian};
use equipoise::sqp::{
    ArgminFunctions, ArgminFunctionsWithHessian, Closures, Constraints, FiniteDifferences, Jacobians,
    SqpOptions, SqpProblem, SqpStatus, check_derivatives,
};
use equipoise_testset::{cases_folder, nlp::nlp_problems};

/// min x² + 2y² over x + y = 3 and xy ≥ 1.
#[derive(Clone)]
struct Example;

impl CostFunction for Example {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok(x[0] * x[0] + 2.0 * x[1] * x[1])
    }
}

impl Gradient for Example {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(vec![2.0 * x[0], 4.0 * x[1]])
    }
}

impl Hessian for Example {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;

    fn hessian(&self, _: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        Ok(vec![vec![2.0, 0.0], vec![0.0, 4.0]])
    }
}

impl Constraints for Example {
    fn equalities(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(vec![x[0] + x[1] - 3.0])
    }

    fn inequalities(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(vec![x[0] * x[1] - 1.0])
    }

    fn jacobians(&self, x: &[f64]) -> Result<Option<Jacobians>, Error> {
        Ok(Some((vec![1.0, 1.0], vec![x[1], x[0]])))
    }
}

#[test]
fn problems_of_argmin_are_solved() {
    let start = vec![2.0, 2.0];
    let problem = SqpProblem::new(start.clone()).unwrap().with_constraints(1, 1);
    let mut plain = ArgminFunctions::new(Example, &start).unwrap();
    let mut second = ArgminFunctionsWithHessian::new(Example, &start).unwrap();
    for result in [
        solve(&problem, &mut plain, &SqpOptions::default()),
        solve(&problem, &mut second, &SqpOptions::default()),
    ] {
        assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
        assert!((result.x[0] - 2.0).abs() < 1e-6 && (result.x[1] - 1.0).abs() < 1e-6, "{:?}", result.x);
        assert!((result.equality_multipliers[0] - 4.0).abs() < 1e-5);
    }
}

#[test]
fn hock_and_schittkowski_without_derivatives() {
    let Some(cases) = cases_folder() else { return };
    for (kind, tolerance) in [(FiniteDifferences::Forward, 1e-5), (FiniteDifferences::Central, 1e-7)] {
        let names = ["HS6", "HS14", "HS21", "HS22", "HS35", "HS43", "HS65", "HS71", "HS76", "HS113"];
        let all = nlp_problems(&cases, "nlp_hs.json");
        for (problem, _) in all.iter().filter(|(p, _)| names.contains(&p.name.as_str())) {
            let mut functions = Nlp { problem, with_hessian: false, with_derivatives: false };
            let options = SqpOptions {
                finite_differences: kind,
                stationarity_tolerance: tolerance,
                ..SqpOptions::default()
            };
            let result = solve(&nlp(problem), &mut functions, &options);
            let name = &problem.name;
            assert_eq!(result.status, SqpStatus::Converged, "{name} {kind:?}: {}", result.message);
            let excess = (result.objective - problem.optimum) / problem.optimum.abs().max(1.0);
            assert!(excess <= 1e-6, "{name} {kind:?}: {}", result.objective);
        }
    }
}

#[test]
fn wrong_entries_are_found_and_right_ones_pass() {
    let problem = SqpProblem::new(vec![0.7, -1.3]).unwrap().with_constraints(1, 0);
    let functions = |sign: f64, entry: f64| {
        Closures::new(&problem, |x| Ok((3.0 * x[0]).sin() + x[0] * x[1] * x[1]))
            .gradient(move |x| Ok(vec![3.0 * (3.0 * x[0]).cos() + x[1] * x[1], sign * 2.0 * x[0] * x[1]]))
            .equalities(|x| Ok(vec![x[0].exp() - x[1]]))
            .equality_jacobian(move |x| Ok(vec![x[0].exp() + entry, -1.0]))
            .hessian_product(|x, v| {
                let diagonal = -9.0 * (3.0 * x[0]).sin();
                Ok(vec![diagonal * v[0] + 2.0 * x[1] * v[1], 2.0 * x[1] * v[0] + 2.0 * x[0] * v[1]])
            })
    };
    let check = |mut f: Closures| check_derivatives(&problem, &mut f, &[0.7, -1.3]).unwrap();
    let right = check(functions(1.0, 0.0));
    assert_eq!((right.suspicious.len(), right.undecided, right.checked), (0, 0, 8), "{:?}", right.suspicious);
    let wrong = check(functions(1.0, 1e-4));
    assert_eq!(wrong.suspicious.len(), 1);
    assert_eq!(wrong.suspicious[0].entry, "jacobian[0][0] (equality[0], x[0])");
    let flipped = check(functions(-1.0, 0.0));
    assert!(flipped.suspicious.iter().any(|e| e.entry.starts_with("gradient[1]")));
}

//! The problems of Hock and Schittkowski and of CUTEst, from their standard starts with default options.

use super::support::{Nlp, nlp, solve};
use equipoise::sqp::{SqpOptions, SqpResult, SqpStatus};
use equipoise_testset::cases_folder;
use equipoise_testset::nlp::{NlpProblem, nlp_problems};

const FILES: [&str; 2] = ["nlp_hs.json", "nlp_cutest_small.json"];

fn problems() -> Vec<NlpProblem> {
    let Some(cases) = cases_folder() else { return Vec::new() };
    FILES.iter().flat_map(|file| nlp_problems(&cases, file)).map(|(problem, _)| problem).collect()
}

/// f within 1e-6·max(1, |f*|) of the minimum or lower, violation at most 1e-7, evaluated by the formulas alone.
fn assert_solved(problem: &NlpProblem, result: &SqpResult) {
    let (f, c) = problem.values(&result.x);
    let outside = |i: usize, c: f64| if i < problem.num_equalities { c.abs() } else { (-c).max(0.0) };
    let rows = c.iter().enumerate().map(|(i, &c)| outside(i, c));
    let bounds = (0..result.x.len())
        .map(|j| (problem.lower[j] - result.x[j]).max(result.x[j] - problem.upper[j]).max(0.0));
    let violation = rows.chain(bounds).fold(0.0, f64::max);
    let limit = problem.optimum + 1e-6 * problem.optimum.abs().max(1.0);
    assert!(
        f <= limit && violation <= 1e-7,
        "{}: f {f}, violation {violation}, {}",
        problem.name,
        result.message
    );
    assert_eq!(result.status, SqpStatus::Converged, "{}: {}", problem.name, result.message);
}

#[test]
fn all_are_solved_with_gradients() {
    for problem in problems() {
        let mut functions = Nlp { problem: &problem, with_hessian: false, with_derivatives: true };
        let result = solve(&nlp(&problem), &mut functions, &SqpOptions::default());
        assert_solved(&problem, &result);
    }
}

#[test]
fn all_are_solved_with_exact_hessians() {
    for problem in problems() {
        let mut functions = Nlp { problem: &problem, with_hessian: true, with_derivatives: true };
        let result = solve(&nlp(&problem), &mut functions, &SqpOptions::default());
        assert_solved(&problem, &result);
    }
}

//! The families of section 6.2 of the design's reference page: relative 1e-8 of the minimum, relative stationarity 1e-7.

use super::support::{Family, family, solve};
use equipoise::sqp::{SqpOptions, SqpStatus};
use equipoise_testset::nlp::families::{
    FamilyProblem, ill_cond, log_barrier, portfolio, sphere_mixed, weighted_quad,
};

fn assert_reached(problem: &FamilyProblem, with_hessian: bool, options: &SqpOptions) {
    let mut functions = Family { problem, with_hessian };
    let result = solve(&family(problem), &mut functions, options);
    let (optimum, known) = problem.optimum;
    let f = problem.value(&result.x);
    let name = &problem.name;
    assert_eq!(result.status, SqpStatus::Converged, "{name}: {}", result.message);
    // Where fewer digits of the minimum are known, the excess over it is bounded by what is known.
    assert!((f - optimum) / optimum.abs() <= known.max(1e-8), "{name}: {f} for {optimum}");
    assert!(result.residuals.violation <= 1e-8 && result.residuals.relative_stationarity <= 1e-7, "{name}");
    assert!(result.residuals.complementarity <= 1e-7, "{name}");
}

#[test]
fn moderate_sizes_with_gradients() {
    let problems = [
        weighted_quad(5),
        weighted_quad(20),
        weighted_quad(100),
        weighted_quad(500),
        weighted_quad(1000),
        weighted_quad(5000),
        portfolio(100),
        sphere_mixed(100),
        ill_cond(100),
        log_barrier(100),
        log_barrier(500),
    ];
    for problem in problems {
        assert_reached(&problem, false, &SqpOptions::default());
    }
}

#[test]
fn moderate_sizes_with_hessian_products() {
    for problem in [weighted_quad(100), portfolio(100), sphere_mixed(500), ill_cond(100), log_barrier(100)] {
        assert_reached(&problem, true, &SqpOptions::default());
    }
}

#[test]
fn large_sizes_with_gradients() {
    let problems = [
        portfolio(500),
        portfolio(1000),
        portfolio(5000),
        sphere_mixed(500),
        sphere_mixed(1000),
        ill_cond(500),
    ];
    for problem in problems {
        assert_reached(&problem, false, &SqpOptions::default());
    }
}

/// Products alone where few of them do; else a matrix, after at most as much work as that takes: 2n products.
#[test]
fn the_hessian_becomes_a_matrix_only_where_products_are_many() {
    for (problem, least, most) in [
        (log_barrier(100), 1, 20),
        (log_barrier(500), 1, 20),
        (portfolio(100), 1, 200),
        (portfolio(500), 1, 499),
        (ill_cond(100), 100, 304),
    ] {
        assert_reached(&problem, true, &SqpOptions::default());
        let mut functions = Family { problem: &problem, with_hessian: true };
        let products =
            solve(&family(&problem), &mut functions, &SqpOptions::default()).evaluations.hessian_products;
        assert!((least..=most).contains(&products), "{}: {products}", problem.name);
    }
}

/// The start is so near the minimum that no value of f, a sum of 5000 logarithms, can show the decrease that is left.
#[test]
fn a_step_that_values_cannot_judge_is_taken() {
    let problem = log_barrier(5000);
    for with_hessian in [false, true] {
        let mut functions = Family { problem: &problem, with_hessian };
        let result = solve(&family(&problem), &mut functions, &SqpOptions::default());
        assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
        assert!(result.steps <= 3 && result.residuals.relative_stationarity < 1e-9, "{}", result.message);
    }
}

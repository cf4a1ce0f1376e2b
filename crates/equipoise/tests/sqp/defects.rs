//! The defects D1 to D19 of the reference do not occur with default options.

use std::cell::RefCell;

use super::support::solve;
use equipoise::control::Control;
use equipoise::sqp::{
    Closures, MultiplierSet, Scaling, SqpCounters, SqpOptions, SqpProblem, SqpState, SqpStatus, StepSummary,
    minimize,
};

fn problem(start: &[f64], equalities: usize, inequalities: usize) -> SqpProblem {
    SqpProblem::new(start.to_vec()).unwrap().with_constraints(equalities, inequalities)
}

/// min x⁴ + 3y⁴ over x + y = 20.
fn quartic() -> (SqpProblem, Closures) {
    let problem = problem(&[0.0, 0.0], 1, 0);
    let f = Closures::new(&problem, |x| Ok(x[0].powi(4) + 3.0 * x[1].powi(4)))
        .gradient(|x| Ok(vec![4.0 * x[0].powi(3), 12.0 * x[1].powi(3)]))
        .equalities(|x| Ok(vec![x[0] + x[1] - 20.0]))
        .equality_jacobian(|_| Ok(vec![1.0, 1.0]));
    (problem, f)
}

#[test]
fn d1_the_best_merit_is_compared_at_one_penalty() {
    let (problem, mut f) = quartic();
    let result = solve(&problem, &mut f, &SqpOptions::default());
    assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
    assert_eq!((result.counters.n_divergence_blowups, result.rolled_back), (0, false));
    // x³ = 3y³.
    let y = 20.0 / (1.0 + 3f64.cbrt());
    assert!((result.x[1] - y).abs() < 1e-5, "{:?}", result.x);
}

#[test]
fn d2_small_or_negative_curvature_is_no_success() {
    let circle = problem(&[1.5f64.cos(), 1.5f64.sin()], 1, 0);
    let mut f = Closures::new(&circle, |x| Ok(1e-3 * x[0]))
        .gradient(|_| Ok(vec![1e-3, 0.0]))
        .equalities(|x| Ok(vec![x[0] * x[0] + x[1] * x[1] - 1.0]))
        .equality_jacobian(|x| Ok(vec![2.0 * x[0], 2.0 * x[1]]))
        .hessian_product(|_, _| Ok(vec![0.0, 0.0]))
        .constraint_hessian_product(|_, w, v| Ok(vec![2.0 * w[0] * v[0], 2.0 * w[0] * v[1]]));
    let result = solve(&circle, &mut f, &SqpOptions::default());
    assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
    assert!((result.x[0] + 1.0).abs() < 1e-6, "{:?}", result.x);
}

/// D3b: factors of the constraints never change tolerances in x or in the user's units.
#[test]
fn d3_scaling_keeps_every_tolerance_in_the_users_units() {
    for scaling in Scaling::ALL {
        let problem = problem(&[3.0; 20], 1, 0);
        let mut f = Closures::new(&problem, |x| {
            Ok(x.iter().enumerate().map(|(j, x)| (1.0 + j as f64) * x * x).sum())
        })
        .gradient(|x| Ok(x.iter().enumerate().map(|(j, x)| 2.0 * (1.0 + j as f64) * x).collect()))
        .equalities(|x| Ok(vec![1e-3 * (x.iter().sum::<f64>() - 1.0)]))
        .equality_jacobian(|x| Ok(vec![1e-3; x.len()]));
        let result = solve(&problem, &mut f, &SqpOptions { scaling: *scaling, ..SqpOptions::default() });
        assert_eq!(result.status, SqpStatus::Converged, "{scaling:?} {}", result.message);
        let harmonic: f64 = (1..=20).map(|j| 1.0 / f64::from(j)).sum();
        assert!((result.objective - 1.0 / harmonic).abs() < 1e-5, "{scaling:?} {}", result.objective);
        // 2xⱼ(1 + j) = λ·1e-3 with xⱼ = 1/((1 + j)·harmonic).
        let multiplier = 2.0 / harmonic / 1e-3;
        assert!((result.equality_multipliers[0] / multiplier - 1.0).abs() < 1e-4, "{scaling:?}");
    }
}

/// D10: a quadratic times a constant has the same steps and the same minimiser.
#[test]
fn d10_nothing_depends_on_the_size_of_f() {
    for scale in [1.0, 1e-3, 1e-5, 1e-7, 1e7] {
        for scaling in [Scaling::Uniform, Scaling::Off] {
            let problem = problem(&[5.0, -3.0], 0, 0);
            let mut f = Closures::new(&problem, move |x| {
                Ok(scale * ((x[0] - 1.0).powi(2) + 10.0 * (x[1] - 2.0).powi(2)))
            })
            .gradient(move |x| Ok(vec![2.0 * scale * (x[0] - 1.0), 20.0 * scale * (x[1] - 2.0)]));
            let result = solve(&problem, &mut f, &SqpOptions { scaling, ..SqpOptions::default() });
            assert_eq!(result.status, SqpStatus::Converged, "{scale} {}", result.message);
            let distance = (result.x[0] - 1.0).abs().max((result.x[1] - 2.0).abs());
            assert!(distance < 1e-5, "{scale} {scaling:?}: {distance}");
        }
    }
}

/// D12b: multipliers of rows and bounds are in the user's units under every scaling.
#[test]
fn d12_multipliers_are_those_of_the_users_problem() {
    for scaling in Scaling::ALL {
        // min 100(x − 1)² + (y − 3)² with x ≥ 2 as a bound and 5y ≤ 5 as a row: z = 200, λ = 0.8.
        let infinite = f64::INFINITY;
        let problem =
            problem(&[3.0, 0.0], 0, 1).with_bounds(vec![2.0, -infinite], vec![infinite, infinite]).unwrap();
        let mut f = Closures::new(&problem, |x| Ok(100.0 * (x[0] - 1.0).powi(2) + (x[1] - 3.0).powi(2)))
            .gradient(|x| Ok(vec![200.0 * (x[0] - 1.0), 2.0 * (x[1] - 3.0)]))
            .inequalities(|x| Ok(vec![5.0 - 5.0 * x[1]]))
            .inequality_jacobian(|_| Ok(vec![0.0, -5.0]));
        let result = solve(&problem, &mut f, &SqpOptions { scaling: *scaling, ..SqpOptions::default() });
        assert_eq!(result.status, SqpStatus::Converged, "{scaling:?} {}", result.message);
        assert!(
            (result.bound_multipliers[0] - 200.0).abs() < 1e-3,
            "{scaling:?} {:?}",
            result.bound_multipliers
        );
        assert!((result.inequality_multipliers[0] - 0.8).abs() < 1e-5, "{scaling:?}");
    }
}

/// D7, D13, D16: failed searches do not move, the answer belongs to one point, and a run cut short is not a success.
#[test]
fn d7_d13_d16_failures_are_consistent_and_named() {
    let start = problem(&[3.0, -2.0, 5.0], 0, 0);
    let mut wrong = Closures::new(&start, |x| Ok(x.iter().map(|x| (x - 1.0) * (x - 1.0)).sum()))
        .gradient(|x| Ok(x.iter().map(|x| -2.0 * (x - 1.0)).collect()));
    let result = solve(&start, &mut wrong, &SqpOptions::default());
    assert_eq!(result.status, SqpStatus::LineSearchFailure);
    assert_eq!(result.x, [3.0, -2.0, 5.0]);
    assert!(result.message.contains("check_derivatives"));
    let (problem, mut f) = quartic();
    let result = solve(&problem, &mut f, &SqpOptions { max_steps: 2, ..SqpOptions::default() });
    assert_eq!(result.status, SqpStatus::MaxSteps);
    assert_eq!(result.objective, result.x[0].powi(4) + 3.0 * result.x[1].powi(4));
    assert_eq!(result.equalities[0], result.x[0] + result.x[1] - 20.0);
}

/// D14: on min 2(x² + y² − 1) − x over the circle, full steps towards (1, 0) raise both f and the violation (Powell 1987).
#[test]
fn d14_the_maratos_effect_costs_no_steps() {
    let problem = problem(&[0.5f64.cos(), 0.5f64.sin()], 1, 0);
    let mut f = Closures::new(&problem, |x| Ok(2.0 * (x[0] * x[0] + x[1] * x[1] - 1.0) - x[0]))
        .gradient(|x| Ok(vec![4.0 * x[0] - 1.0, 4.0 * x[1]]))
        .equalities(|x| Ok(vec![x[0] * x[0] + x[1] * x[1] - 1.0]))
        .equality_jacobian(|x| Ok(vec![2.0 * x[0], 2.0 * x[1]]))
        .hessian_product(|_, v| Ok(vec![4.0 * v[0], 4.0 * v[1]]))
        .constraint_hessian_product(|_, w, v| Ok(vec![2.0 * w[0] * v[0], 2.0 * w[0] * v[1]]));
    let result = solve(&problem, &mut f, &SqpOptions::default());
    assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
    assert!((result.x[0] - 1.0).abs() < 1e-7 && result.steps <= 8, "{} steps", result.steps);
}

/// D15: the initial penalty is an option that the first steps use.
#[test]
fn d15_the_initial_penalty_is_an_option() {
    let penalties = |initial: f64| {
        let (problem, mut f) = quartic();
        let seen = RefCell::new(Vec::new());
        let mut observer = |summary: &StepSummary, _: &SqpCounters, _: &SqpState| {
            seen.borrow_mut().push(summary.merit_penalty);
        };
        let options = SqpOptions { initial_penalty: initial, ..SqpOptions::default() };
        minimize(&problem, &mut f, &options, Some(&mut observer), &Control::default()).unwrap();
        seen.into_inner()[0]
    };
    assert!(penalties(1e8) > 10.0 * penalties(1.0));
}

/// D17, D19: σ_min is computed at the new point, and ratios of multipliers are not those of inactive rows.
#[test]
fn d17_d19_summaries_carry_real_numbers() {
    let problem = problem(&[0.3, 0.1], 2, 1);
    let mut f = Closures::new(&problem, |x| Ok(x[0] * x[0] + x[1] * x[1]))
        .gradient(|x| Ok(vec![2.0 * x[0], 2.0 * x[1]]))
        .equalities(|x| Ok(vec![x[0] + x[1] - 1.0, 2.0 * x[0] + 2.0 * x[1] - 2.0]))
        .inequalities(|x| Ok(vec![x[0] + 50.0]));
    let seen = RefCell::new(Vec::<(StepSummary, MultiplierSet)>::new());
    let mut observer = |summary: &StepSummary, _: &SqpCounters, state: &SqpState| {
        seen.borrow_mut().push((*summary, state.subproblem_multipliers.clone()));
    };
    let result =
        minimize(&problem, &mut f, &SqpOptions::default(), Some(&mut observer), &Control::default()).unwrap();
    assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
    let seen = seen.into_inner();
    assert!(seen.iter().all(|(s, _)| s.eq_jac_min_sv_est < 1e-7), "{:e}", seen[0].0.eq_jac_min_sv_est);
    assert!(seen.last().unwrap().0.qp_vs_ls_multiplier_ratio < 1e9);
}

//! Every selectable part of the solver does what its option says.

use std::cell::RefCell;

use super::support::{Family, family, solve};
use equipoise::control::Control;
use equipoise::sqp::{
    ActiveSetMethod, Closures, HessianChoice, InnerSolver, PreconditionerType, SqpCounters, SqpOptions,
    SqpProblem, SqpResult, SqpState, SqpStatus, StepSummary, minimize,
};
use equipoise_testset::nlp::families::{FamilyProblem, ill_cond, portfolio, sphere_mixed};

/// The answer with the inner solves cut short and the iterations of the subproblem at every step.
fn observed(problem: &FamilyProblem, options: &SqpOptions) -> (SqpResult, Vec<(u64, u64)>) {
    let seen = RefCell::new(Vec::new());
    let mut observer = |summary: &StepSummary, _: &SqpCounters, state: &SqpState| {
        seen.borrow_mut().push((state.cg_truncations, summary.qp_iterations_step));
    };
    let mut functions = Family { problem, with_hessian: true };
    let result =
        minimize(&family(problem), &mut functions, options, Some(&mut observer), &Control::default())
            .expect("valid input");
    (result, seen.into_inner())
}

fn matrix_free(inner_solver: InnerSolver) -> SqpOptions {
    SqpOptions { inner_solver, ..SqpOptions::default() }
}

/// Products with the Hessian that a run took.
fn products(problem: &FamilyProblem, options: &SqpOptions) -> u64 {
    let (result, _) = observed(problem, options);
    assert_eq!(result.status, SqpStatus::Converged, "{}: {}", problem.name, result.message);
    result.evaluations.hessian_products
}

#[test]
fn every_inner_solver_reaches_the_minimum_with_pairs_and_with_products() {
    for &solver in InnerSolver::ALL {
        for problem in [portfolio(50), sphere_mixed(50)] {
            let direct = solve(
                &family(&problem),
                &mut Family { problem: &problem, with_hessian: true },
                &SqpOptions::default(),
            );
            for with_hessian in [false, true] {
                let mut functions = Family { problem: &problem, with_hessian };
                let result = solve(&family(&problem), &mut functions, &matrix_free(solver));
                let name = format!("{solver:?} {} {with_hessian}", problem.name);
                assert_eq!(result.status, SqpStatus::Converged, "{name}: {}", result.message);
                let excess = (result.objective - direct.objective) / direct.objective.abs();
                assert!(excess.abs() <= 1e-6, "{name}: {excess:e}");
                assert_eq!(result.evaluations.hessian_products > 0, with_hessian, "{name}");
                // Only the inexact method publishes what it sees.
                assert_eq!(
                    result.projected_stationarity.is_some(),
                    solver == InnerSolver::HrInexactStcg,
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn a_matrix_free_solver_asks_for_products_and_never_for_the_matrix() {
    // One column of the Hessian per product would be 50 a step.
    let problem = portfolio(50);
    let matrix = products(&problem, &SqpOptions::default());
    assert!(matrix >= 50, "{matrix}");
    let mut pairs = matrix_free(InnerSolver::ProjectedCgCholesky);
    pairs.hessian = HessianChoice::LimitedMemory;
    assert_eq!(products(&problem, &pairs), 0);
    pairs.hessian = HessianChoice::Auto;
    pairs.use_exact_hvp = false;
    assert_eq!(products(&problem, &pairs), 0);
}

#[test]
fn the_limit_of_iterations_and_the_curvature_floor_truncate() {
    let problem = ill_cond(30);
    let mut options = matrix_free(InnerSolver::ProjectedCgCholesky);
    options.use_preconditioner = false;
    let truncated = |options: &SqpOptions| {
        observed(&problem, options).1.iter().map(|(truncations, _)| truncations).sum::<u64>()
    };
    options.max_steps = 20;
    options.qp_max_cg_iter = 3000;
    assert_eq!(truncated(&options), 0);
    assert!(truncated(&SqpOptions { qp_max_cg_iter: 2, ..options.clone() }) > 0);
    // Curvature from 0.01 to 10000: half of it is below a floor of 0.1 of the largest.
    assert!(truncated(&SqpOptions { cg_regularization: 0.1, ..options.clone() }) > 0);
}

#[test]
fn preconditioners_save_products() {
    // f = Σ wⱼ(xⱼ − 1)²/2 with weights from 1 to 10⁴, coupled a little: the diagonal says nearly everything.
    let n = 60;
    let weight = move |j: usize| 10f64.powf(4.0 * j as f64 / (n - 1) as f64);
    let problem = SqpProblem::new(vec![0.0; n]).unwrap().with_constraints(1, 0);
    let run = |options: &SqpOptions| {
        let product = move |v: &[f64]| {
            let sum: f64 = v.iter().sum();
            v.iter().enumerate().map(|(j, v)| weight(j) * v + 0.1 * sum).collect::<Vec<f64>>()
        };
        let shifted = |x: &[f64]| x.iter().map(|x| x - 1.0).collect::<Vec<f64>>();
        let mut f = Closures::new(&problem, move |x| {
            let d = shifted(x);
            Ok(0.5 * product(&d).iter().zip(&d).map(|(a, b)| a * b).sum::<f64>())
        })
        .gradient(move |x| Ok(product(&shifted(x))))
        .hessian_product(move |_, v| Ok(product(v)))
        .equalities(|x| Ok(vec![x.iter().sum::<f64>() - 30.0]))
        .equality_jacobian(|x| Ok(vec![1.0; x.len()]));
        let result = solve(&problem, &mut f, options);
        assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
        result.evaluations.hessian_products
    };
    let mut options = matrix_free(InnerSolver::ProjectedCgCholesky);
    options.qp_max_cg_iter = 2000;
    options.use_preconditioner = false;
    let plain = run(&options);
    options.use_preconditioner = true;
    options.preconditioner_type = PreconditionerType::Diagonal;
    let diagonal = run(&options);
    assert!(2 * diagonal < plain, "{diagonal} {plain}");
    options.diagonal_n_probes = 200;
    assert!(run(&options) > diagonal + 100, "probes are products");
}

#[test]
fn tolerances_of_inner_solves_decide_how_many_products_a_run_takes() {
    let problem = ill_cond(30);
    let mut options = matrix_free(InnerSolver::ProjectedCgCholesky);
    options.qp_max_cg_iter = 2000;
    options.use_preconditioner = false;
    // Products of the first step: from the start on only the tolerance differs.
    options.max_steps = 1;
    let first = |options: &SqpOptions| observed(&problem, options).0.evaluations.hessian_products;
    let strict = first(&options);
    options.qp_cg_tolerance = 1e-2;
    let loose = first(&options);
    options.qp_cg_tolerance = 1e-10;
    options.adaptive_cg_tol = true;
    let adaptive = first(&options);
    assert!(loose < strict && adaptive < strict, "{loose} {adaptive} {strict}");
    // D3: a residual relative to its start, so that the run gets there.
    options.max_steps = 500;
    let (result, _) = observed(&problem, &options);
    assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
}

#[test]
fn the_proximal_form_leaves_equalities_to_its_weight() {
    let problem = sphere_mixed(30);
    let residual = |limits: (f64, f64), max_steps: u64| {
        let options = SqpOptions {
            proximal_tau: 0.5,
            proximal_mu_min: limits.0,
            proximal_mu_max: limits.1,
            max_steps,
            ..SqpOptions::default()
        };
        let (result, _) = observed(&problem, &options);
        (result.counters.max_proj_residual, result.status)
    };
    let (loose, tight) = (residual((1e-8, 0.1), 1).0, residual((1e-8, 1e-6), 1).0);
    assert!(tight < 1e-2 * loose && loose > 1e-6, "{tight:e} {loose:e}");
    assert!(residual((1e-2, 0.1), 1).0 >= loose);
    assert_eq!(residual((1e-8, 0.1), 500).1, SqpStatus::Converged);
    // Off, which is the default, the rows are met.
    let (result, _) = observed(&problem, &matrix_free(InnerSolver::ProjectedCgCholesky));
    assert!(result.counters.max_proj_residual < 1e-10);
}

/// f strictly convex over the simplex, many bounds active at the minimum, from gradients alone.
fn predicted(options: &SqpOptions) -> SqpResult {
    let problem = portfolio(50);
    let mut functions = Family { problem: &problem, with_hessian: false };
    let result = solve(&family(&problem), &mut functions, options);
    assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
    result
}

#[test]
fn the_prediction_of_active_constraints_obeys_its_options() {
    let expand = predicted(&SqpOptions::default());
    let counts = |r: &SqpResult| {
        let c = &r.counters;
        (c.n_lpeca_bypassed, c.n_lpeca_capped, c.n_lpeca_bounds_prefixed)
    };
    assert_eq!(counts(&expand), (0, 0, 0));
    let base = SqpOptions { active_set_method: ActiveSetMethod::LpecaInit, ..SqpOptions::default() };
    let with = predicted(&base);
    assert!(counts(&with).0 >= 3 && counts(&with).0 < with.steps, "{:?} of {}", counts(&with), with.steps);
    assert!(counts(&with).2 > 0);
    assert!((with.objective / expand.objective - 1.0).abs() < 1e-6);
    let rows_only = predicted(&SqpOptions { lpeca_predict_bounds: false, ..base.clone() });
    assert_eq!(counts(&rows_only).2, 0);
    let late = predicted(&SqpOptions { lpeca_warmup_steps: 8, ..base.clone() });
    assert!(counts(&late).0 >= 8);
    // D11: a prediction set aside leaves the last working set in place, so that the run is that without prediction.
    let wary = predicted(&SqpOptions { lpeca_trust_threshold: 0.0, ..base.clone() });
    assert_eq!(counts(&wary), (wary.steps, 0, 0));
    assert_eq!((wary.digest, wary.qp_iterations), (expand.digest.clone(), expand.qp_iterations));
    // A threshold that takes in everything is cut; one that takes in nothing predicts no bound beyond those held at 0.
    let wide = predicted(&SqpOptions { lpeca_beta: Some(1e6), ..base.clone() });
    assert!(counts(&wide).1 > 0, "{:?}", counts(&wide));
    let narrow = predicted(&SqpOptions { lpeca_sigma: 0.99, lpeca_beta: Some(1e-12), ..base.clone() });
    assert_eq!(counts(&narrow).1, 0);
    assert!(counts(&narrow).2 <= counts(&wide).2);
    let by_program = predicted(&SqpOptions { lpeca_use_lp: true, ..base.clone() });
    assert!(counts(&by_program) != counts(&with), "{:?}", counts(&by_program));
    predicted(&SqpOptions { active_set_method: ActiveSetMethod::Lpeca, ..base });
}

/// min (x − 1)² + (y − 1)² over x + y ≤ 1 and x ≤ 0.51. Where both bind, the second has a multiplier of −0.04 of the first.
fn two_rows(change: impl FnOnce(&mut SqpOptions)) -> SqpResult {
    let problem = SqpProblem::new(vec![0.0, 0.0]).unwrap().with_constraints(0, 2);
    let mut f = Closures::new(&problem, |x| Ok((x[0] - 1.0).powi(2) + (x[1] - 1.0).powi(2)))
        .gradient(|x| Ok(vec![2.0 * (x[0] - 1.0), 2.0 * (x[1] - 1.0)]))
        .inequalities(|x| Ok(vec![1.0 - x[0] - x[1], 0.51 - x[0]]))
        .inequality_jacobian(|_| Ok(vec![-1.0, -1.0, -1.0, 0.0]));
    let mut options = SqpOptions::default();
    change(&mut options);
    solve(&problem, &mut f, &options)
}

#[test]
fn a_floor_of_the_multipliers_keeps_constraints() {
    for inner_solver in [InnerSolver::Direct, InnerSolver::ProjectedCgCholesky] {
        let plain = two_rows(|o| o.inner_solver = inner_solver);
        assert_eq!(plain.status, SqpStatus::Converged, "{}", plain.message);
        assert!((plain.x[0] - 0.5).abs() < 1e-6);
        let kept = two_rows(|o| {
            o.inner_solver = inner_solver;
            o.mult_drop_floor = 0.1;
        });
        assert!((kept.x[0] - 0.51).abs() < 1e-9 && kept.status != SqpStatus::Converged, "{}", kept.message);
    }
}

/// The working set keeps a constraint that should go: on it the projected gradient is 0, the first-order conditions do not hold.
#[test]
fn inexact_stationarity_has_a_status_of_its_own_with_both_ratios() {
    let found = |use_inexact_stationarity: bool| {
        two_rows(|o| {
            o.inner_solver = InnerSolver::HrInexactStcg;
            o.mult_drop_floor = 0.1;
            o.use_inexact_stationarity = use_inexact_stationarity;
        })
    };
    let result = found(true);
    assert_eq!(result.status, SqpStatus::InexactStationary, "{}", result.message);
    let projected = result.projected_stationarity.unwrap();
    assert!(projected <= 1e-7 && result.residuals.relative_stationarity > 1e-3, "{projected:e}");
    assert!(result.message.contains("Relative projected gradient"), "{}", result.message);
    assert!(!matches!(found(false).status, SqpStatus::Converged | SqpStatus::InexactStationary));
    // Where the conditions hold they win.
    let healthy = two_rows(|o| {
        o.inner_solver = InnerSolver::HrInexactStcg;
        o.use_inexact_stationarity = true;
    });
    assert_eq!(healthy.status, SqpStatus::Converged, "{}", healthy.message);
}

#[test]
fn budgets_and_ping_pong_end_a_subproblem_of_any_kind() {
    for inner_solver in [InnerSolver::Auto, InnerSolver::ProjectedCgCraig] {
        let problem = portfolio(50);
        let mut functions = Family { problem: &problem, with_hessian: true };
        let options = SqpOptions { inner_solver, qp_max_iter: Some(1), ..SqpOptions::default() };
        let result = solve(&family(&problem), &mut functions, &options);
        assert!(result.counters.n_qp_budget_exhausted > 0, "{inner_solver:?}");
        assert!(result.counters.max_qp_iterations <= 1 || inner_solver == InnerSolver::Auto);
    }
}

/// Random strictly convex quadratics over boxes: where all wrong guesses change at once, some rounds undo the round before.
#[test]
fn ping_pong_is_counted_from_its_threshold_on() {
    let n = 10;
    let mut seed = 7u64;
    let mut next = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    let mut ended = 0;
    for _ in 0..60 {
        let factor: Vec<f64> = (0..n * n).map(|_| next()).collect();
        let linear: Vec<f64> = (0..n).map(|_| 4.0 * next()).collect();
        let product = move |v: &[f64]| -> Vec<f64> {
            let image: Vec<f64> =
                factor.chunks(n).map(|row| row.iter().zip(v).map(|(a, v)| a * v).sum()).collect();
            (0..n).map(|j| 1e-3 * v[j] + (0..n).map(|i| factor[i * n + j] * image[i]).sum::<f64>()).collect()
        };
        let problem =
            SqpProblem::new(vec![0.0; n]).unwrap().with_bounds(vec![-1.0; n], vec![1.0; n]).unwrap();
        let (gradient, hessian, q, r) = (product.clone(), product.clone(), linear.clone(), linear);
        let mut f = Closures::new(&problem, move |x| {
            let h = product(x);
            Ok((0..n).map(|j| x[j] * (0.5 * h[j] + q[j])).sum())
        })
        .gradient(move |x| Ok(gradient(x).iter().zip(&r).map(|(h, r)| h + r).collect()))
        .hessian_product(move |_, v| Ok(hessian(v)));
        let mut options = matrix_free(InnerSolver::ProjectedCgCholesky);
        options.use_preconditioner = false;
        let result = solve(&problem, &mut f, &options);
        assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
        assert_eq!(result.counters.n_qp_ping_pong, 0);
        options.qp_ping_pong_threshold = 1;
        ended += solve(&problem, &mut f, &options).counters.n_qp_ping_pong;
    }
    assert!(ended > 0);
}

/// Too large for a matrix and not diagonal: by default the exact Hessian is used by its products, with factors only it is not.
#[test]
fn products_of_a_large_hessian_are_used_without_its_matrix() {
    let problem = portfolio(100);
    let run = |inner_solver: InnerSolver| {
        let options = SqpOptions { dense_limit: 20, inner_solver, max_steps: 2000, ..SqpOptions::default() };
        let mut functions = Family { problem: &problem, with_hessian: true };
        let result = solve(&family(&problem), &mut functions, &options);
        assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
        assert!((result.objective / problem.optimum.0 - 1.0).abs() < 1e-8);
        result
    };
    let (auto, direct) = (run(InnerSolver::Auto), run(InnerSolver::Direct));
    assert!(auto.steps < direct.steps, "{} {}", auto.steps, direct.steps);
    assert!(auto.evaluations.hessian_products > direct.evaluations.hessian_products);
}

//! Fixed points through the runner: steps, hand-overs, the frontier.

use crate::problems::recorded;
use equipoise::control::Control;
use equipoise::outer::{
    BarrierConfig, Derivative, EfsEval, FallbackPolicy, FallbackReason, ObjectiveError, OuterError,
    OuterEval, OuterEvent, OuterProblem, OuterSolver, SeedConfig, StopReason,
};

fn quadratic(theta: &[f64], center: f64) -> f64 {
    theta.iter().map(|t| (t - center) * (t - center)).sum()
}

fn halving(theta: &[f64], center: f64) -> EfsEval {
    let steps = theta.iter().map(|t| 0.5 * (center - t)).collect();
    EfsEval { cost: quadratic(theta, center), steps, ..EfsEval::default() }
}

fn derivatives(theta: &[f64], center: f64) -> OuterEval {
    OuterEval::new(quadratic(theta, center), theta.iter().map(|t| 2.0 * (t - center)).collect())
}

#[test]
fn a_hook_alone_is_enough_at_every_size() {
    for n in [1, 3, 9, 63, 64, 200] {
        let problem = OuterProblem::new(n);
        let mut objective =
            problem.objective((), |(), t| Ok(quadratic(t, 2.0))).with_efs(|(), t| Ok(halving(t, 2.0)));
        let result = problem.run(&mut objective, "", &Control::default()).unwrap();
        let expected = if n < 64 { OuterSolver::Efs } else { OuterSolver::FrontierEfs };
        assert_eq!(result.plan_used.unwrap().solver, expected);
        assert!(result.converged, "{n}: {:?}", result.stop_reason);
        assert!(result.rho.iter().all(|t| (t - 2.0).abs() < 1e-4));
        // Without a gradient the audit compares the slope with zero.
        let certificate = result.criterion_certificate.unwrap();
        assert!(certificate.gradient_is_claimed && certificate.consistent);
    }
}

#[test]
fn a_fixed_point_that_is_none_of_the_criterion_is_not_converged() {
    for gradient in [false, true] {
        let problem = OuterProblem::new(12).with_fallback_policy(FallbackPolicy::Disabled);
        let problem = if gradient { problem.with_gradient(Derivative::Analytic) } else { problem };
        // Steps towards 2, criterion least at 0, tiny steps so that no search objects.
        let mut objective = problem
            .objective((), |(), t| Ok(quadratic(t, 0.0)))
            .with_eval(|(), t| Ok(derivatives(t, 0.0)))
            .with_efs(|(), t| Ok(EfsEval { cost: quadratic(t, 0.0), ..halving(t, 2.0) }));
        let result = problem.run(&mut objective, "", &Control::default());
        let result = result.unwrap();
        assert!(!result.converged, "{:?}", result.stop_reason);
    }
}

#[test]
fn a_railed_optimum_ends_early_by_the_projected_step() {
    for n in [10, 80] {
        let problem = OuterProblem::new(n).with_rho_bound(3.0);
        let mut objective =
            problem.objective((), |(), t| Ok(quadratic(t, 9.0))).with_efs(|(), t| Ok(halving(t, 9.0)));
        let result = problem.run(&mut objective, "", &Control::default()).unwrap();
        assert!(
            result.converged && result.iterations < 20,
            "{n}: {} {:?}",
            result.iterations,
            result.stop_reason
        );
        assert!(result.rho.iter().all(|t| *t == 3.0));
        assert_eq!(result.criterion_certificate.unwrap().lambdas_railed.len(), n);
    }
}

#[test]
fn the_objective_hands_over_on_its_first_evaluation() {
    let (problem, events) = recorded(OuterProblem::new(12).with_gradient(Derivative::Analytic));
    let mut efs_calls = 0;
    let mut objective = problem
        .objective((), |(), t| Ok(quadratic(t, 1.0)))
        .with_eval(|(), t| Ok(derivatives(t, 1.0)))
        .with_efs(|(), _| {
            efs_calls += 1;
            Err(ObjectiveError::FirstOrderFallback(FallbackReason::Objective { message: "not here".into() }))
        });
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    drop(objective);
    // Exactly one more attempt, with the fixed point off; no further seed of the first.
    assert_eq!((efs_calls, result.attempts.len()), (1, 2));
    assert_eq!(result.attempts[0].plan.solver, OuterSolver::Efs);
    assert_eq!(result.attempts[1].plan.solver, OuterSolver::Bfgs);
    assert!(matches!(result.attempts[0].fallback, Some(FallbackReason::Objective { .. })));
    assert!(result.converged && result.plan_used.unwrap().solver == OuterSolver::Bfgs);
    let events = events.lock().unwrap();
    assert_eq!(events.iter().filter(|e| matches!(e, OuterEvent::Plan { .. })).count(), 2);
    assert_eq!(events.iter().filter(|e| matches!(e, OuterEvent::Fallback { .. })).count(), 1);
}

#[test]
fn without_a_ladder_the_hand_over_is_an_error() {
    let problem = OuterProblem::new(12)
        .with_gradient(Derivative::Analytic)
        .with_fallback_policy(FallbackPolicy::Disabled);
    let mut objective = problem
        .objective((), |(), t| Ok(quadratic(t, 1.0)))
        .with_eval(|(), t| Ok(derivatives(t, 1.0)))
        .with_efs(|(), _| {
            Err(ObjectiveError::FirstOrderFallback(FallbackReason::Objective { message: "not here".into() }))
        });
    let error = problem.run(&mut objective, "", &Control::default()).unwrap_err();
    assert!(matches!(error, OuterError::Seeds { .. }), "{error}");
}

#[test]
fn the_barrier_is_looked_at_while_the_fixed_point_runs() {
    for (slack, reason) in [
        (vec![1e-4, 1e-4], FallbackReason::BarrierSignificant),
        (vec![0.02, 5.0], FallbackReason::BarrierConcentrated),
    ] {
        let problem = OuterProblem::new(12)
            .with_gradient(Derivative::Analytic)
            .with_barrier(Some(BarrierConfig::above(vec![0, 1], vec![0.0; 2])));
        let mut objective = problem
            .objective((), |(), t| Ok(quadratic(t, 1.0)))
            .with_eval(|(), t| Ok(derivatives(t, 1.0)))
            .with_efs(|(), t| {
                let inner_hessian_scale = Some(1.0);
                Ok(EfsEval { inner_beta: Some(slack.clone()), inner_hessian_scale, ..halving(t, 1.0) })
            });
        let result = problem.run(&mut objective, "", &Control::default()).unwrap();
        assert_eq!(result.attempts[0].fallback, Some(reason));
        assert!(result.converged && result.attempts.len() == 2);
    }
}

#[test]
fn the_hybrid_halves_its_step_until_the_criterion_falls() {
    // ψ is coordinate 11: raw step 1 from 0, least at 0.5.
    let cost = |t: &[f64]| match t[11] {
        0.0 => 1.0,
        x if (x - 0.5).abs() < 1e-12 => 0.5,
        _ => 2.0,
    };
    let problem = OuterProblem::new(12)
        .with_psi_dim(1)
        .with_initial_rho(vec![0.0; 12])
        .with_heuristic(vec![0.0; 12])
        .with_max_iter(1);
    let mut objective = problem.objective((), move |(), t| Ok(cost(t))).with_efs(move |(), t| {
        let mut steps = vec![0.0; 12];
        steps[11] = 1.0;
        Ok(EfsEval { cost: cost(t), steps, ..EfsEval::default() })
    });
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    assert_eq!(result.rho[11], 0.5);
    assert!(result.rho[..11].iter().all(|t| *t == 0.0));
    assert_eq!(result.stop_reason, StopReason::IterationBudget);
    assert_eq!(result.plan_used.unwrap().solver, OuterSolver::HybridEfs);
}

#[test]
fn the_frontier_is_finalised_and_falls_back_to_a_gradient_solver() {
    // No multiple of the step lowers the criterion: the frontier stalls, and the gradient takes over.
    let problem = OuterProblem::new(70)
        .with_gradient(Derivative::Analytic)
        .with_seed_config(SeedConfig { max_seeds: 3, ..SeedConfig::default() });
    let mut finalised = None;
    let mut objective = problem
        .objective((), |(), t| Ok(quadratic(t, 1.5)))
        .with_eval(|(), t| Ok(derivatives(t, 1.5)))
        .with_efs(|(), t| {
            let steps = t.iter().map(|t| t - 1.5).collect();
            Ok(EfsEval { cost: quadratic(t, 1.5), steps, ..EfsEval::default() })
        })
        .with_finalize(|(), t, plan| {
            finalised = Some((t.to_vec(), plan.solver));
            Ok(())
        });
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    drop(objective);
    assert!(result.converged, "{:?}", result.attempts);
    assert_eq!(result.attempts.len(), 2);
    assert_eq!(result.attempts[0].plan.solver, OuterSolver::FrontierEfs);
    assert_eq!(finalised, Some((result.rho.clone(), OuterSolver::Bfgs)));
}

//! Attempts, retries, keep-best, entries.

use crate::problems::{recorded, rosenbrock};
use equipoise::control::Control;
use equipoise::outer::{
    DeclaredHessian, Derivative, EfsEval, EvalOrder, HomotopyEntry, ObjectiveError, OuterError, OuterEval,
    OuterEvent, OuterProblem, RiskProfile, SeedConfig, SeedOutcome, SeedPhase, StopReason, StructuralFailure,
};

fn seeds(budget: usize, profile: RiskProfile) -> SeedConfig {
    SeedConfig { seed_budget: budget, risk_profile: profile, ..SeedConfig::default() }
}

#[test]
fn a_second_order_run_is_retried_from_where_it_stopped() {
    let (problem, events) = recorded(
        OuterProblem::new(2)
            .with_gradient(Derivative::Analytic)
            .with_hessian(DeclaredHessian::Dense)
            .with_initial_rho(vec![-1.2, 1.0])
            .with_seed_config(seeds(1, RiskProfile::Survival))
            .with_max_iter(9),
    );
    let mut objective =
        problem.objective((), |(), x| Ok(rosenbrock(x).cost)).with_eval(|(), x| Ok(rosenbrock(x)));
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    let attempt = &result.attempts[0];
    assert!(attempt.runs > 1, "{attempt:?}");
    assert!(attempt.seeds.len() == attempt.runs);
    // Each run goes on from the best point of the one before; the counters are cumulative.
    assert!(attempt.seeds.windows(2).all(|pair| pair[1].value <= pair[0].value));
    assert_eq!(result.iterations, attempt.seeds.iter().map(|seed| seed.iterations).sum::<usize>());
    let retries = events.lock().unwrap().iter().filter(|e| matches!(e, OuterEvent::Retry { .. })).count();
    assert_eq!(retries + 1, attempt.runs);
    let lowest = attempt.seeds.iter().map(|seed| seed.value).fold(f64::INFINITY, f64::min);
    assert_eq!(result.final_value, lowest);
}

#[test]
fn the_first_error_of_a_retry_ends_the_retries_and_the_best_point_stays() {
    let problem = OuterProblem::new(2)
        .with_gradient(Derivative::Analytic)
        .with_hessian(DeclaredHessian::Dense)
        .with_initial_rho(vec![-1.2, 1.0])
        .with_seed_config(seeds(1, RiskProfile::Survival))
        .with_max_iter(3);
    let mut resets = 0;
    let mut objective =
        problem.objective(0, |_, x| Ok(rosenbrock(x).cost)).with_reset(|resets| *resets += 1).with_eval(
            |resets, x| {
                if *resets > 1 { Err(ObjectiveError::Fatal("broken".into())) } else { Ok(rosenbrock(x)) }
            },
        );
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    resets += *objective.state();
    assert_eq!((resets, result.attempts[0].runs), (2, 1));
    assert!(!result.converged && result.final_value < 24.2);
    assert_eq!(result.stop_reason, StopReason::IterationBudget);
}

#[test]
fn a_finite_point_of_an_early_attempt_is_kept_when_the_later_one_fails() {
    let problem = OuterProblem::new(12).with_gradient(Derivative::Analytic).with_max_iter(2);
    let value = |t: &[f64]| t.iter().map(|t| (t - 9.0).powi(2)).sum::<f64>();
    let mut objective = problem
        .objective((), move |(), t| Ok(value(t)))
        .with_eval(|(), _| Err(ObjectiveError::Fatal("no gradient today".into())))
        .with_efs(move |(), t| {
            let steps = t.iter().map(|t| 0.1 * (9.0 - t)).collect();
            Ok(EfsEval { cost: value(t), steps, ..EfsEval::default() })
        });
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    assert!(!result.converged && result.attempts.len() == 2);
    assert!(result.attempts[1].failure.is_some());
    assert!(result.final_value < 12.0 * 64.0);
}

#[test]
fn gaussian_profiles_compare_the_whole_budget() {
    // Two basins in one dimension: the first seed leads to the worse one.
    let value = |x: f64| 0.05 * (x * x - 9.0).powi(2) + x;
    let slope = |x: f64| 0.2 * x * (x * x - 9.0) + 1.0;
    for (profile, started) in [(RiskProfile::Gaussian, 2), (RiskProfile::GeneralizedLinear, 1)] {
        let problem = OuterProblem::new(1)
            .with_gradient(Derivative::Analytic)
            .with_initial_rho(vec![4.5])
            .with_heuristic(vec![-4.5])
            .with_seed_config(seeds(2, profile));
        let mut objective = problem
            .objective((), move |(), x| Ok(value(x[0])))
            .with_eval(move |(), x| Ok(OuterEval::new(value(x[0]), vec![slope(x[0])])));
        let result = problem.run(&mut objective, "", &Control::default()).unwrap();
        assert!(result.converged);
        assert_eq!(result.attempts[0].seeds.len(), started);
        assert_eq!(result.rho[0] < 0.0, started == 2);
    }
}

#[test]
fn rejected_seeds_do_not_use_up_the_budget() {
    let problem = OuterProblem::new(1)
        .with_gradient(Derivative::Analytic)
        .with_seed_config(seeds(1, RiskProfile::Gaussian));
    let mut objective = problem.objective((), |(), x| Ok(x[0] * x[0])).with_eval(|(), x| {
        if x[0] > -2.5 && x[0] != -1.0 && x[0].fract() == 0.0 {
            return Err(ObjectiveError::Recoverable("not here".into()));
        }
        Ok(OuterEval::new((x[0] + 4.0).powi(2), vec![2.0 * (x[0] + 4.0)]))
    });
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    // Seeds 0 and 1 (0, −3) …: the first that is accepted is started.
    assert_eq!(result.attempts[0].seeds.len(), 1);
    assert_eq!(result.attempts[0].seeds[0].start, [-3.0]);
}

#[test]
fn a_shared_defect_skips_the_other_seeds() {
    let structural = || StructuralFailure {
        diagnosis: "rankDeficient".into(),
        block: "s(x)".into(),
        magnitude: Some(1e-14),
    };
    for required in [false, true] {
        let problem = OuterProblem::new(1)
            .with_gradient(Derivative::Analytic)
            .with_seed_config(seeds(5, RiskProfile::Gaussian));
        let mut objective = problem
            .objective((), |(), _| Ok(0.0))
            .with_required_continuation(required)
            .with_eval(|(), _| Err(structural().into()));
        let error = problem.run(&mut objective, "fit", &Control::default()).unwrap_err();
        let OuterError::Seeds { failure, .. } = error else { panic!("{error}") };
        assert_eq!(failure.common_cause, Some(structural()));
        // Objectives that need a continuation entry try every seed.
        assert_eq!(failure.rejections.len(), if required { 11 } else { 2 });
        assert_eq!(failure.early_exit.is_some(), !required);
        assert_eq!((failure.generated, failure.started), (11, 0));
        assert_eq!(failure.rejections[1].phase, SeedPhase::Validation);
        assert!(failure.to_string().contains("common cause: rankDeficient in s(x)"));
    }
}

#[test]
fn a_solver_that_fails_is_reported_as_started() {
    let problem = OuterProblem::new(2)
        .with_gradient(Derivative::Analytic)
        .with_initial_rho(vec![-1.2, 1.0])
        .with_heuristic(vec![-2.0, 0.5])
        .with_seed_config(seeds(2, RiskProfile::GeneralizedLinear));
    let mut count = 0;
    let mut objective = problem.objective((), |(), x| Ok(rosenbrock(x).cost)).with_eval(|(), x| {
        count += 1;
        if count % 2 == 0 {
            Err(ObjectiveError::Fatal("inner solve broke".into()))
        } else {
            Ok(rosenbrock(x))
        }
    });
    let error = problem.run(&mut objective, "fit", &Control::default()).unwrap_err();
    let OuterError::Seeds { failure, lowest } = error else { panic!("{error}") };
    assert_eq!((failure.started, failure.validated), (2, 2));
    assert!(failure.to_string().starts_with("fit: all 2 started seeds failed"));
    assert_eq!(failure.rejections[0].phase, SeedPhase::Solver);
    assert!(lowest.is_some());
}

#[test]
fn twenty_five_rejected_trials_in_a_row_fail_the_seed() {
    let problem = OuterProblem::new(2)
        .with_gradient(Derivative::Analytic)
        .with_initial_rho(vec![-1.2, 1.0])
        .with_seed_config(SeedConfig { max_seeds: 0, ..seeds(1, RiskProfile::Gaussian) });
    let mut count = 0;
    let mut objective = problem.objective((), |(), x| Ok(rosenbrock(x).cost)).with_eval(|(), x| {
        count += 1;
        if x == [-1.2, 1.0] { Ok(rosenbrock(x)) } else { Err(ObjectiveError::Recoverable("refused".into())) }
    });
    let error = problem.run(&mut objective, "", &Control::default());
    drop(objective);
    match error {
        Err(OuterError::Seeds { failure, .. }) => {
            assert!(failure.rejections[0].reason.contains("25 trials in a row"), "{failure}");
        }
        // The line search may give up first.
        Ok(result) => assert!(!result.converged, "{:?}", result.stop_reason),
        Err(other) => panic!("{other}"),
    }
    assert!(count <= 27 + 25, "{count}");
}

#[test]
fn a_terminal_seed_is_taken_as_it_is() {
    let problem = OuterProblem::new(2).with_gradient(Derivative::Analytic).with_initial_rho(vec![3.0, 4.0]);
    let mut evaluations = 0;
    let mut objective = problem
        .objective((), |(), _| {
            evaluations += 1;
            Ok(7.0)
        })
        .with_eval(|(), _| Err(ObjectiveError::Fatal("not to be called".into())))
        .with_terminal_seed(|(), x| Ok((x[0] == 3.0).then_some(7.0)));
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    drop(objective);
    assert!(result.converged && result.iterations == 0 && result.stop_reason == StopReason::TerminalSeed);
    assert_eq!((result.rho, result.final_value, evaluations), (vec![3.0, 4.0], 7.0, 1));
}

fn walk_problem() -> (OuterProblem, std::sync::Arc<std::sync::Mutex<Vec<OuterEvent>>>) {
    recorded(
        OuterProblem::new(1)
            .with_gradient(Derivative::Analytic)
            .with_initial_rho(vec![0.5])
            .with_seed_config(seeds(1, RiskProfile::Gaussian)),
    )
}

#[test]
fn the_prewarm_walks_down_to_the_seed_and_passes_coefficients_along() {
    let (problem, _) = walk_problem();
    let mut objective = problem
        .objective((Vec::new(), Vec::new()), |_: &mut (Vec<f64>, Vec<f64>), x| Ok(x[0] * x[0]))
        .with_seed(|state, beta| {
            state.1.push(beta[0]);
            Ok(SeedOutcome::Installed)
        })
        .with_eval_order(|state, x, order| {
            if order == EvalOrder::Value {
                state.0.push(x[0]);
            }
            let eval = OuterEval::new(x[0] * x[0], vec![2.0 * x[0]]);
            Ok(OuterEval { inner_beta: Some(vec![10.0 * x[0]]), ..eval })
        });
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    assert!(result.converged);
    let (walked, seeded) = objective.into_state();
    assert_eq!(walked.len(), 24);
    assert_eq!(walked[0], 4.5);
    assert!(walked.windows(2).all(|pair| pair[1] < pair[0]) && walked[23] > 0.5);
    assert_eq!(seeded, walked.iter().map(|x| 10.0 * x).collect::<Vec<_>>());
    // At the upper bound there is nothing to walk; without a hook for coefficients neither.
    let bounded = problem.with_bounds(vec![-1.0], vec![0.5]);
    let mut objective = bounded
        .objective(0, |count, x| {
            *count += 1;
            Ok(x[0] * x[0])
        })
        .with_seed(|_, _| Ok(SeedOutcome::Installed))
        .with_eval(|_, x| Ok(OuterEval::new(x[0] * x[0], vec![2.0 * x[0]])));
    let result = bounded.run(&mut objective, "", &Control::default()).unwrap();
    assert_eq!(u64::from(*objective.state() as u32), 1 + result.evaluations.audit);
}

#[test]
fn a_failed_walk_runs_cold_and_a_defect_rejects_the_seed() {
    for structural in [false, true] {
        let (problem, events) = walk_problem();
        let mut objective = problem
            .objective((), |(), x| Ok(x[0] * x[0]))
            .with_seed(|(), _| Ok(SeedOutcome::Installed))
            .with_eval_order(move |(), x, order| match (order, structural) {
                (EvalOrder::Value, false) => Err(ObjectiveError::Recoverable("no way".into())),
                (EvalOrder::Value, true) => Err(ObjectiveError::Structural(StructuralFailure {
                    diagnosis: "aliased".into(),
                    block: "te(x,z)".into(),
                    magnitude: None,
                })),
                _ => Ok(OuterEval::new(x[0] * x[0], vec![2.0 * x[0]])),
            });
        let result = problem.run(&mut objective, "", &Control::default());
        if structural {
            let Err(OuterError::Seeds { failure, .. }) = result else { panic!("{result:?}") };
            assert!(failure.rejections.iter().all(|r| r.phase == SeedPhase::Validation));
        } else {
            assert!(result.unwrap().converged);
            let noted = |e: &OuterEvent| matches!(e, OuterEvent::Note { topic, .. } if topic == "prewarm");
            assert_eq!(events.lock().unwrap().iter().filter(|event| noted(event)).count(), 1);
        }
    }
}

#[test]
fn required_entries_get_heavier_and_never_reject() {
    let (problem, events) = walk_problem();
    let mut objective = problem
        .objective(Vec::new(), |_: &mut Vec<f64>, x| Ok(x[0] * x[0]))
        .with_required_continuation(true)
        .with_eval_order(|starts, x, order| {
            if order == EvalOrder::Value {
                starts.push(x[0]);
                return Err(ObjectiveError::Recoverable("no way".into()));
            }
            Ok(OuterEval::new(x[0] * x[0], vec![2.0 * x[0]]))
        });
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    assert!(result.converged);
    assert_eq!(objective.into_state(), [4.5, 8.5, 16.5]);
    let noted = |e: &OuterEvent| matches!(e, OuterEvent::Note { topic, .. } if topic == "continuation");
    assert_eq!(events.lock().unwrap().iter().filter(|event| noted(event)).count(), 4);
}

#[test]
fn a_homotopy_is_never_a_gate() {
    let run = |entry: fn() -> Result<HomotopyEntry, ObjectiveError>| {
        let (problem, events) = walk_problem();
        let mut objective = problem
            .objective(0, |_, x| Ok(x[0] * x[0]))
            .with_homotopy(move |_, _| entry())
            .with_seed(|_, _| Ok(SeedOutcome::Installed))
            .with_eval_order(|walked, x, order| {
                *walked += u32::from(order == EvalOrder::Value);
                Ok(OuterEval::new(x[0] * x[0], vec![2.0 * x[0]]))
            });
        assert!(problem.run(&mut objective, "", &Control::default()).unwrap().converged);
        let noted = |e: &OuterEvent| matches!(e, OuterEvent::Note { topic, .. } if topic == "homotopy");
        let notes = events.lock().unwrap().iter().filter(|event| noted(event)).count();
        (*objective.state(), notes)
    };
    // Where it arrived there is nothing to walk.
    assert_eq!(run(|| Ok(HomotopyEntry::Arrived)), (0, 1));
    assert_eq!(run(|| Ok(HomotopyEntry::None)), (24, 0));
    assert_eq!(run(|| Ok(HomotopyEntry::Refused { reason: "steep".into() })), (24, 1));
    assert_eq!(run(|| Err(ObjectiveError::Fatal("broken".into()))), (24, 1));
}

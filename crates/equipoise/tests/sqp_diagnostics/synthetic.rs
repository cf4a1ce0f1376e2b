//! Every signal on runs made by hand: where it fires, with what evidence, and where it does not.

use equipoise::sqp::diagnostics::probes::ReducedCurvature;
use equipoise::sqp::diagnostics::{Confidence, Magnitude};
use equipoise::sqp::{DerivativeReport, SqpProblem, SqpStatus, SuspiciousEntry, ValueNoise};

use crate::support::Synthetic;

macro_rules! signals {
    ($($name:ident => $body:block)*) => {
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];
        $(#[test] fn $name() $body)*
    };
}

signals! {
    eq_jacobian_rank_deficient => {
        let case = |values: &'static [f64]| {
            Synthetic::steps(values.len() as u64, |step, s| s.eq_jac_min_sv_est = values[step as usize - 1]).with(|case| {
                case.problem = SqpProblem::new(vec![0.0; 2]).unwrap().with_constraints(2, 0);
                case.state.equality_jacobian = vec![1.0, 1.0, 1.0, 1.0 + 1e-12];
            })
        };
        let signal = case(&[f64::INFINITY, 1e-12]).fires("eq_jacobian_rank_deficient").unwrap();
        assert_eq!(signal.offending_step, Some(2));
        assert!((signal.evidence["sigma_min"] / 5e-13 - 1.0).abs() < 1e-3, "{:?}", signal.evidence);
        assert!((signal.evidence["sigma_max"] - 2.0).abs() < 1e-9);
        assert_eq!(signal.artifacts["JJT"].shape, [2, 2]);
        assert_eq!(signal.confidence, Confidence::High);
        assert!(case(&[1.0, 0.5]).fires("eq_jacobian_rank_deficient").is_none());
    }

    lbfgs_conditioning_extreme => {
        let case = |values: &'static [f64]| Synthetic::steps(values.len() as u64, |step, s| s.diag_kappa = values[step as usize - 1]);
        let streak = case(&[1e3, 1e8, 1e8, 1e8]).fires("lbfgs_conditioning_extreme").unwrap();
        assert_eq!((streak.offending_step, streak.evidence["burst_clause"]), (Some(4), 0.0));
        assert!(case(&[1e3, 1e8]).fires("lbfgs_conditioning_extreme").is_none());
        let burst = case(&[1.0, 1.0, 1e9]).fires("lbfgs_conditioning_extreme").unwrap();
        assert_eq!((burst.offending_step, burst.evidence["burst_clause"]), (Some(3), 1.0));
    }

    multiplier_recovery_noise => {
        let case = |projected: f64| {
            Synthetic::steps(20, |_, s| (s.grad_lagrangian_norm, s.kkt_scale) = (1e-3, 1.0)).counters(|c| {
                c.min_projected_grad_norm = projected;
                c.n_steps_inexact_below_classical = 15;
            })
        };
        let signal = case(1e-12).fires("multiplier_recovery_noise").unwrap();
        assert_eq!((signal.evidence["fraction_below"], signal.magnitude), (0.75, Magnitude::Extreme));
        assert!(case(f64::INFINITY).fires("multiplier_recovery_noise").is_none());
    }

    line_search_collapse => {
        let case = |alpha: f64, steps: u64| {
            Synthetic::steps(8, |step, s| {
                if step == 6 {
                    (s.ls_success, s.last_alpha) = (false, alpha);
                }
            })
            .counters(|c| (c.tail_ls_failures, c.ls_alpha_min) = (1, alpha))
            .with(|case| case.options.line_search_max_steps = steps)
        };
        let signal = case(1e-12, 20).fires("line_search_collapse").unwrap();
        assert_eq!((signal.offending_step, signal.artifacts["alpha_window"].shape[0]), (Some(6), 8));
        assert!((signal.evidence["ls_floor"] - 10.0 * 2f64.powi(-20)).abs() < 1e-18);
        assert_eq!(case(2f64.powi(-20), 20).fires("line_search_collapse").unwrap().magnitude, Magnitude::Moderate);
        // No budget at all: the usual one counts.
        assert!(case(2f64.powi(-20), 0).fires("line_search_collapse").is_some());
        assert!(case(0.5, 20).fires("line_search_collapse").is_none());
    }

    qp_budget_or_pingpong => {
        let case = |budget: u64, ping_pong: u64| {
            Synthetic::steps(8, |_, _| ()).counters(|c| (c.n_qp_budget_exhausted, c.n_qp_ping_pong) = (budget, ping_pong))
        };
        let signal = case(4, 1).fires("qp_budget_or_pingpong").unwrap();
        assert_eq!((signal.evidence["fraction_budget"], signal.evidence["fraction_pingpong"]), (0.5, 0.125));
        assert_eq!(signal.confidence, Confidence::Low);
        assert!(case(0, 0).fires("qp_budget_or_pingpong").is_none());
    }

    merit_oscillation => {
        let case = |count: u64| Synthetic::steps(20, |_, _| ()).counters(|c| c.n_merit_regressions = count);
        let signal = case(10).fires("merit_oscillation").unwrap();
        assert_eq!((signal.evidence["threshold"], signal.magnitude), (2.0, Magnitude::Marginal));
        assert!(case(2).fires("merit_oscillation").is_none());
    }

    lpeca_overpredicting => {
        let case = |steps: u64, capped: u64, bypassed: u64| {
            Synthetic::steps(steps, |_, _| ()).counters(|c| (c.n_lpeca_capped, c.n_lpeca_bypassed) = (capped, bypassed))
        };
        assert_eq!(case(10, 8, 2).fires("lpeca_overpredicting").unwrap().evidence["fraction_capped"], 0.8);
        assert!(case(10, 0, 10).fires("lpeca_overpredicting").is_some());
        // A run that ends within the warm-up says nothing.
        assert!(case(3, 0, 3).fires("lpeca_overpredicting").is_none());
        assert!(case(10, 4, 3).fires("lpeca_overpredicting").is_none());
    }

    infeasible_termination => {
        let case = |status: SqpStatus, violation: f64| {
            Synthetic::steps(3, |_, s| s.max_eq_violation = violation).status(status).with(|case| {
                case.problem = SqpProblem::new(vec![0.0; 2]).unwrap().with_constraints(3, 0);
                case.result.equalities = vec![0.0, violation, 0.5 * violation];
            })
        };
        let signal = case(SqpStatus::Infeasible, 1.0).fires("infeasible_termination").unwrap();
        assert_eq!(signal.artifacts["eq_worst_indices"].values, [1.0, 2.0, 0.0]);
        assert!(signal.summary.contains("equality[1], equality[2]"), "{}", signal.summary);
        // Never feasible, whatever the status says.
        assert!(case(SqpStatus::MaxSteps, 1.0).fires("infeasible_termination").is_some());
        assert!(case(SqpStatus::MaxSteps, 0.0).fires("infeasible_termination").is_none());
    }

    divergence_rollback_triggered => {
        let case = |blowups: &'static [u64], diverging: u64| {
            Synthetic::steps(blowups.len() as u64, |step, s| {
                s.blowup_count = blowups[step as usize - 1];
                s.diverging = step == diverging;
            })
            .counters(|c| {
                c.n_divergence_blowups = blowups.iter().filter(|b| **b > 0).count() as u64;
                c.divergence_triggered = diverging > 0;
            })
        };
        let first_rise = case(&[0, 1, 2, 3], 4).fires("divergence_rollback_triggered").unwrap();
        assert_eq!(first_rise.offending_step, Some(2));
        let latched = case(&[0, 0, 0], 2).fires("divergence_rollback_triggered").unwrap();
        assert_eq!((latched.offending_step, latched.evidence["patience_default"]), (Some(2), 3.0));
        assert!(case(&[0, 0, 0], 0).fires("divergence_rollback_triggered").is_none());
    }

    merit_penalty_explosion => {
        let case = |values: Vec<f64>| Synthetic::steps(values.len() as u64, move |step, s| s.merit_penalty = values[step as usize - 1]);
        let signal = case(vec![1.0, 1.0, 1.0, 1.0, 1.0, 1e8]).fires("merit_penalty_explosion").unwrap();
        assert_eq!((signal.magnitude, signal.evidence["jump_step"]), (Magnitude::Extreme, 6.0));
        assert_eq!(signal.offending_step, Some(6));
        assert!(case((0..6).map(|i| 3f64.powi(i)).collect()).fires("merit_penalty_explosion").is_none());
    }

    penalty_starvation => {
        let rising = |step: u64| 1e-6 * 3f64.powi(step as i32);
        let case = |weight: fn(u64) -> f64, violation: fn(u64) -> f64| {
            Synthetic::steps(9, move |step, s| (s.merit_penalty, s.max_eq_violation) = (weight(step), violation(step)))
                .with(|case| case.options.feasibility_tolerance = 1e-7)
        };
        let signal = case(|_| 1.0, |step| 1e-6 * 3f64.powi(step as i32)).fires("penalty_starvation").unwrap();
        assert_eq!((signal.evidence["frozen_prefix_steps"], signal.offending_step), (9.0, Some(9)));
        assert!((signal.evidence["growth_ratio"] - rising(9) / rising(1)).abs() < 1e-6);
        assert!(case(|s| if s < 4 { 1.0 } else { 5.0 }, |step| 1e-6 * 3f64.powi(step as i32)).fires("penalty_starvation").is_none());
        assert!(case(|_| 1.0, |step| if step == 5 { 1e-8 } else { step as f64 }).fires("penalty_starvation").is_none());
    }

    derivative_check => {
        let entry = |given: f64| SuspiciousEntry { entry: "gradient[1] (x[1])".into(), given, estimate: 2.0, error: 1e-9 };
        let case = |given: &[f64]| {
            Synthetic::steps(1, |_, _| ()).with(|case| {
                let suspicious = given.iter().map(|g| entry(*g)).collect();
                case.probes.derivatives = vec![DerivativeReport { suspicious, checked: 2, ..DerivativeReport::default() }];
            })
        };
        let signal = case(&[-2.0, 2.1]).fires("derivative_check").unwrap();
        assert_eq!((signal.evidence["given"], signal.evidence["n_suspicious"]), (-2.0, 2.0));
        assert!(signal.summary.contains("x[1]") && signal.magnitude == Magnitude::Extreme);
        assert!(case(&[]).fires("derivative_check").is_none());
        assert!(Synthetic::steps(1, |_, _| ()).fires("derivative_check").is_none());
    }

    zero_step_stop => {
        let case = |status: SqpStatus, zero_steps: u64| {
            Synthetic::steps(5, move |step, s| s.consecutive_zero_steps = if step == 5 { zero_steps } else { 0 })
                .status(status)
                .with(|case| case.result.residuals.relative_stationarity = 1e-3)
        };
        let signal = case(SqpStatus::Stalled, 3).fires("zero_step_stop").unwrap();
        assert_eq!((signal.magnitude, signal.evidence["relative_stationarity"]), (Magnitude::Extreme, 1e-3));
        assert!(case(SqpStatus::Converged, 3).fires("zero_step_stop").is_none());
        assert!(case(SqpStatus::MaxSteps, 0).fires("zero_step_stop").is_none());
    }

    negative_curvature => {
        let case = |smallest: f64| {
            Synthetic::steps(1, |_, _| ()).status(SqpStatus::Converged).with(|case| {
                case.probes.curvature = Some(ReducedCurvature { smallest, largest: 2.0, direction: vec![1.0, 0.0] });
            })
        };
        let signal = case(-1.0).fires("negative_curvature").unwrap();
        assert_eq!(signal.artifacts["direction"].values, [1.0, 0.0]);
        assert!(case(-1e-8).fires("negative_curvature").is_none());
        assert!(case(1.0).fires("negative_curvature").is_none());
    }

    linearisation_infeasible => {
        let case = |status: SqpStatus, elastic: fn(usize) -> bool| {
            Synthetic::steps(10, |_, _| ()).status(status).with(|case| {
                for (index, record) in case.history.iter_mut().enumerate() {
                    record.elastic = elastic(index);
                }
            })
        };
        let signal = case(SqpStatus::Infeasible, |i| i >= 4).fires("linearisation_infeasible").unwrap();
        assert_eq!((signal.offending_step, signal.evidence["n_elastic_steps"]), (Some(5), 6.0));
        assert!(case(SqpStatus::Converged, |i| i == 0).fires("linearisation_infeasible").is_none());
        assert!(case(SqpStatus::Converged, |i| i < 6).fires("linearisation_infeasible").is_some());
        assert!(case(SqpStatus::MaxSteps, |_| false).fires("linearisation_infeasible").is_none());
    }

    bound_churn => {
        let case = |flips: &[u32]| {
            Synthetic::steps(9, |_, _| ()).with(|case| {
                case.problem = SqpProblem::new(vec![0.0; 2]).unwrap().with_bounds(vec![0.0; 2], vec![1.0; 2]).unwrap();
                case.active_sets.flips = flips.to_vec();
            })
        };
        let signal = case(&[1, 8, 4, 0]).fires("bound_churn").unwrap();
        assert_eq!((signal.evidence["max_changes"], signal.evidence["n_churning"]), (8.0, 2.0));
        assert!(signal.summary.contains("x[1] >= 0"), "{}", signal.summary);
        assert!(case(&[5, 5, 1, 0]).fires("bound_churn").is_none());
    }

    objective_noise => {
        let case = |level: f64| {
            Synthetic::steps(1, |_, _| ())
                .with(|case| case.probes.noise = Some(ValueNoise { level, relative: level, values: vec![1.0; 9] }))
        };
        let signal = case(1e-6).fires("objective_noise").unwrap();
        assert_eq!((signal.magnitude, signal.evidence["suggested_difference_step"]), (Magnitude::Extreme, 1e-3));
        assert!(case(1e-15).fires("objective_noise").is_none());
    }

    tolerance_unreachable => {
        let case = |status: SqpStatus, stationarity: f64| {
            Synthetic::steps(1, |_, s| s.max_diag = 1.0).status(status).with(|case| {
                case.options.stationarity_tolerance = 1e-12;
                case.result.objective = 1e6;
                case.result.residuals.relative_stationarity = stationarity;
                case.result.residuals.scale = 1.0;
            })
        };
        // √(2·2.2e-16·1e6·1) = 2.1e-5 is all that can be seen.
        let signal = case(SqpStatus::Stalled, 1e-5).fires("tolerance_unreachable").unwrap();
        assert!((signal.evidence["reachable"] - 2.107e-5).abs() < 1e-8, "{:?}", signal.evidence);
        assert!(case(SqpStatus::Stalled, 1.0).fires("tolerance_unreachable").is_none());
        assert!(case(SqpStatus::Converged, 1e-13).fires("tolerance_unreachable").is_none());
    }

    cg_truncation => {
        let case = |steps: usize| {
            Synthetic::steps(10, |_, _| ()).with(|case| {
                case.history.iter_mut().take(steps).for_each(|record| record.cg_truncations = 2);
            })
        };
        let signal = case(4).fires("cg_truncation").unwrap();
        assert_eq!((signal.evidence["n_truncations"], signal.evidence["fraction_truncated"]), (8.0, 0.4));
        assert!(case(3).fires("cg_truncation").is_none());
    }
}

//! The closure adapter and the defaults of the trait.

use equipoise::outer::{
    Derivative, EfsEval, EvalOrder, HomotopyEntry, InnerProgress, ObjectiveError, OuterCapability, OuterEval,
    OuterObjective, OuterProblem, SeedOutcome,
};
use std::sync::Arc;

#[test]
fn closures_are_asked_for_what_they_are_for() {
    let problem = OuterProblem::new(2).with_gradient(Derivative::Analytic);
    let mut objective = problem
        .objective(Vec::new(), |calls: &mut Vec<&str>, _| {
            calls.push("cost");
            Ok(1.0)
        })
        .with_eval(|calls, _| {
            calls.push("eval");
            Ok(OuterEval::new(2.0, vec![0.0; 2]))
        })
        .with_efs(|calls, _| {
            calls.push("efs");
            Ok(EfsEval { cost: 3.0, steps: vec![0.0; 2], ..EfsEval::default() })
        })
        .with_screening_proxy(|calls, _| {
            calls.push("proxy");
            Ok(4.0)
        })
        .with_reset(|calls| calls.push("reset"));
    let theta = [0.0, 0.0];
    assert_eq!(objective.eval_cost(&theta).unwrap(), 1.0);
    assert_eq!(objective.eval_with_order(&theta, EvalOrder::Value).unwrap().cost, 1.0);
    assert_eq!(objective.eval_with_order(&theta, EvalOrder::ValueAndGradient).unwrap().cost, 2.0);
    assert_eq!(objective.eval_efs(&theta).unwrap().cost, 3.0);
    assert_eq!(objective.eval_screening_proxy(&theta).unwrap(), 4.0);
    objective.reset();
    assert_eq!(objective.into_state(), ["cost", "cost", "eval", "efs", "proxy", "reset"]);
}

#[test]
fn hooks_declare_what_they_give() {
    let problem = OuterProblem::new(2);
    let plain = problem.objective((), |(), _| Ok(1.0));
    assert!(!plain.capability().fixed_point_available);
    let with_hook = problem.objective((), |(), _| Ok(1.0)).with_efs(|(), _| Ok(EfsEval::default()));
    assert!(with_hook.capability().fixed_point_available);
    // A walk needs a hook that takes coefficients, and the option.
    assert!(!plain.allow_continuation_prewarm());
    let seeded = problem.objective((), |(), _| Ok(1.0)).with_seed(|(), _| Ok(SeedOutcome::Installed));
    assert!(seeded.allow_continuation_prewarm());
    let off = problem.clone().with_continuation_prewarm(false);
    let seeded = off.objective((), |(), _| Ok(1.0)).with_seed(|(), _| Ok(SeedOutcome::Installed));
    assert!(!seeded.allow_continuation_prewarm());
}

#[test]
fn inner_coefficients_have_four_outcomes() {
    let problem = OuterProblem::new(1);
    let mut received = Vec::new();
    let mut objective = problem.objective(&mut received, |_, _| Ok(1.0)).with_seed(|received, beta| {
        received.extend_from_slice(beta);
        match beta.len() {
            2 => Ok(SeedOutcome::Installed),
            3 => Ok(SeedOutcome::Incompatible),
            _ => Err(ObjectiveError::Recoverable("no".into())),
        }
    });
    assert_eq!(objective.seed_inner_state(&[1.5, -2.0]).unwrap(), SeedOutcome::Installed);
    assert_eq!(objective.seed_inner_state(&[0.0; 3]).unwrap(), SeedOutcome::Incompatible);
    assert!(objective.seed_inner_state(&[0.0]).is_err());
    // Nothing to install: the hook is not asked.
    assert_eq!(objective.seed_inner_state(&[]).unwrap(), SeedOutcome::Installed);
    drop(objective);
    assert_eq!(received, [1.5, -2.0, 0.0, 0.0, 0.0, 0.0]);
    let mut none = problem.objective((), |(), _| Ok(1.0));
    assert_eq!(none.seed_inner_state(&[1.5, -2.0]).unwrap(), SeedOutcome::NoSlot);
}

/// Only what must be written.
struct Minimal;

impl OuterObjective for Minimal {
    fn capability(&self) -> OuterCapability {
        OuterCapability::new(2)
    }
    fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        Ok(theta[0] + theta[1])
    }
}

#[test]
fn the_defaults_of_the_trait() {
    let mut minimal = Minimal;
    let eval = minimal.eval_with_order(&[1.0, 2.0], EvalOrder::Value).unwrap();
    assert_eq!((eval.cost, eval.gradient, eval.hessian.dim()), (3.0, vec![0.0; 2], None));
    assert!(minimal.eval_efs(&[0.0; 2]).is_err());
    assert_eq!(minimal.eval_screening_proxy(&[1.0, 2.0]).unwrap(), 3.0);
    assert_eq!(minimal.seed_inner_state(&[1.0]).unwrap(), SeedOutcome::NoSlot);
    assert_eq!(minimal.curvature_homotopy_entry(&[0.0; 2]).unwrap(), HomotopyEntry::None);
    let error = minimal.curvature_homotopy_entry(&[0.0, f64::NAN]).unwrap_err();
    assert!(error.to_string().contains("theta[1]"));
    assert_eq!(minimal.accept_seed_without_outer_iterations(&[0.0; 2]).unwrap(), None);
    assert!(!minimal.allow_continuation_prewarm() && !minimal.requires_continuation_path_entry());
    let infeasible = OuterEval::infeasible(3);
    assert_eq!((infeasible.cost, infeasible.gradient), (f64::INFINITY, vec![0.0; 3]));
}

#[test]
fn inner_solves_are_capped_for_derivatives_only_and_never_left_cut_short() {
    // An inner solve of 8 iterations: with a smaller cap its gradient is wrong by 10 %, and it says that it did not converge.
    let progress = Arc::new(InnerProgress::default());
    let problem = OuterProblem::new(1)
        .with_gradient(Derivative::Analytic)
        .with_initial_rho(vec![3.0])
        .with_inner_progress(Arc::clone(&progress));
    let mut objective = problem
        .objective(Vec::new(), |caps: &mut Vec<(bool, usize)>, x| {
            caps.push((false, progress.cap()));
            Ok(x[0] * x[0])
        })
        .with_eval(|caps, x| {
            let cap = progress.cap();
            caps.push((true, cap));
            let short = cap != 0 && cap < 8;
            progress.report(if short { cap } else { 8 }, !short, None, None);
            let error = if short { 1.1 } else { 1.0 };
            Ok(OuterEval::new(error * x[0] * x[0], vec![2.0 * error * x[0]]))
        });
    let result = problem.run(&mut objective, "", &equipoise::control::Control::default()).unwrap();
    assert!(result.converged && result.criterion_certificate.unwrap().consistent);
    let caps = objective.into_state();
    // Values are never capped; the first gradient is capped at 3, cut short, and repeated in full.
    assert!(caps.iter().all(|(derivative, cap)| *derivative || *cap == 0));
    assert_eq!(caps[..2], [(true, 3), (true, 0)]);
    assert!(caps[2..].iter().all(|(_, cap)| *cap == 0 || *cap >= 8));
}

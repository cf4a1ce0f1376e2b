//! What the search asks of an objective, and what it does with bad answers.

use crate::problems::{Call, Quadratic, recorded, rosenbrock};
use equipoise::control::{CancelFlag, Control};
use equipoise::outer::{
    ArgminObjective, DeclaredHessian, Derivative, EvalOrder, HessianForm, HessianOperator, Materialisation,
    ObjectiveError, OuterCapability, OuterError, OuterEval, OuterEvent, OuterProblem, SeedConfig, SeedPhase,
    StopReason,
};
use std::sync::Arc;

fn one_seed(n: usize, start: &[f64]) -> OuterProblem {
    OuterProblem::new(n)
        .with_initial_rho(start.to_vec())
        .with_seed_config(SeedConfig { seed_budget: 1, ..SeedConfig::default() })
}

fn gradient_problem(n: usize, start: &[f64]) -> OuterProblem {
    one_seed(n, start).with_gradient(Derivative::Analytic)
}

#[test]
fn a_gradient_plan_asks_for_gradients_only_and_never_twice() {
    let problem = gradient_problem(2, &[-1.2, 1.0]);
    let mut asked = Vec::new();
    let mut objective = problem.objective(&mut asked, |_, x| Ok(rosenbrock(x).cost)).with_eval_order(
        |asked: &mut &mut Vec<(Vec<f64>, EvalOrder)>, x, order| {
            asked.push((x.to_vec(), order));
            Ok(OuterEval { hessian: HessianForm::Unavailable, ..rosenbrock(x) })
        },
    );
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    assert!(result.converged);
    drop(objective);
    assert!(asked.iter().all(|(_, order)| *order == EvalOrder::ValueAndGradient));
    for (i, (x, _)) in asked.iter().enumerate() {
        assert!(asked[..i].iter().all(|(other, _)| other != x), "{x:?} was evaluated twice");
    }
    assert_eq!(result.evaluations.gradient, asked.len() as u64);
    // Only the installation of the winner.
    assert_eq!((result.evaluations.value, result.evaluations.hessian), (1, 0));
    assert_eq!(result.method, "BFGS");
    assert_eq!(result.path.len(), result.iterations + 1);
    assert_eq!(result.path[0].value, 24.199999999999996);
}

#[test]
fn a_second_order_plan_evaluates_values_first() {
    let problem = gradient_problem(2, &[-1.2, 1.0]).with_hessian(DeclaredHessian::Dense);
    let mut objective =
        problem.objective((), |(), x| Ok(rosenbrock(x).cost)).with_eval(|(), x| Ok(rosenbrock(x)));
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    assert!(result.converged && result.method == "ARC");
    assert!(result.evaluations.hessian <= result.evaluations.value + 1);
    assert_eq!(result.evaluations.gradient, 0);
    let pd = result.criterion_certificate.unwrap().hessian_pd;
    assert_eq!((pd, result.final_hessian.map(|h| h.len())), (Some(true), Some(4)));
}

#[test]
fn bad_trials_are_rejected_and_the_search_goes_on() {
    // Every fourth evaluation gives NaN, a wrong length, an infinite gradient, an error, an infinity.
    for fault in 0..5 {
        let problem = gradient_problem(2, &[-1.2, 1.0]);
        let mut count = 0;
        let mut objective = problem.objective((), |(), x| Ok(rosenbrock(x).cost)).with_eval(|(), x| {
            let eval = rosenbrock(x);
            count += 1;
            if count % 4 != 0 {
                return Ok(eval);
            }
            match fault {
                0 => Ok(OuterEval { cost: f64::NAN, ..eval }),
                1 => Ok(OuterEval { gradient: vec![1.0], ..eval }),
                2 => Ok(OuterEval { gradient: vec![1.0, f64::INFINITY], ..eval }),
                3 => Err(ObjectiveError::Recoverable("no".into())),
                _ => Ok(OuterEval::infeasible(2)),
            }
        });
        let result = problem.run(&mut objective, "", &Control::default()).unwrap();
        assert!(result.converged, "fault {fault}: {:?}", result.stop_reason);
        drop(objective);
        assert!(count > 8);
    }
}

#[test]
fn a_bad_seed_is_rejected_with_its_reason() {
    let reason = |eval: fn(&[f64]) -> Result<OuterEval, ObjectiveError>, second: bool| {
        let mut problem = gradient_problem(2, &[0.0, 0.0]);
        if second {
            problem = problem.with_hessian(DeclaredHessian::Dense);
        }
        let mut objective = problem.objective((), |(), _| Ok(1.0)).with_eval(move |(), x| eval(x));
        let error = problem.run(&mut objective, "fit", &Control::default()).unwrap_err();
        let OuterError::Seeds { failure, .. } = error else { panic!("{error}") };
        assert_eq!((failure.started, failure.validated), (0, 0));
        assert!(failure.to_string().starts_with("fit: no seed passed validation"));
        assert_eq!(failure.rejections[0].phase, SeedPhase::Validation);
        failure.rejections[0].reason.clone()
    };
    assert!(reason(|_| Ok(OuterEval::new(f64::NAN, vec![0.0; 2])), false).contains("NaN"));
    let length = reason(|_| Ok(OuterEval::new(1.0, vec![0.0; 3])), false);
    assert_eq!(length, "gradient: expected 2 numbers, received 3 (rho 2, psi 0)");
    let skew = |_: &[f64]| Ok(OuterEval::new(1.0, vec![1.0; 2]).with_hessian(vec![1.0, 0.5, -0.5, 1.0]));
    assert!(reason(skew, true).contains("hessian[1][0]"));
    let infinite = |_: &[f64]| Ok(OuterEval::new(1.0, vec![1.0; 2]).with_hessian(vec![f64::INFINITY; 4]));
    assert!(reason(infinite, true).contains("hessian[0][0]"));
    let small = |_: &[f64]| Ok(OuterEval::new(1.0, vec![1.0; 2]).with_hessian(vec![1.0]));
    assert!(reason(small, true).contains("2 x 2"));
    assert!(reason(|_| Ok(OuterEval::new(1.0, vec![1.0; 2])), true).contains("gives none"));
    let operator = |_: &[f64]| {
        let hessian = HessianForm::Operator(Arc::new(Wide));
        Ok(OuterEval { hessian, ..OuterEval::new(1.0, vec![1.0; 2]) })
    };
    assert!(reason(operator, true).contains("operator of 5"));
    let broken = |_: &[f64]| {
        let hessian = HessianForm::Operator(Arc::new(Broken));
        Ok(OuterEval { hessian, ..OuterEval::new(1.0, vec![1.0; 2]) })
    };
    assert!(reason(broken, true).contains("product failed"));
}

struct Wide;

impl HessianOperator for Wide {
    fn dim(&self) -> usize {
        5
    }
    fn apply(&self, _: &[f64], _: &mut [f64]) -> Result<(), argmin::core::Error> {
        Ok(())
    }
}

/// An operator that says that it becomes dense, and fails.
struct Broken;

impl HessianOperator for Broken {
    fn dim(&self) -> usize {
        2
    }
    fn apply(&self, _: &[f64], _: &mut [f64]) -> Result<(), argmin::core::Error> {
        Err(argmin::core::Error::msg("product failed"))
    }
    fn materialisation(&self) -> Materialisation {
        Materialisation::RepeatedProducts
    }
}

/// diag(2, …) by products.
struct Twice(usize);

impl HessianOperator for Twice {
    fn dim(&self) -> usize {
        self.0
    }
    fn apply(&self, v: &[f64], out: &mut [f64]) -> Result<(), argmin::core::Error> {
        for (out, v) in out.iter_mut().zip(v) {
            *out = 2.0 * v;
        }
        Ok(())
    }
}

#[test]
fn operators_that_stay_operators_take_the_trust_region() {
    let declared =
        DeclaredHessian::Operator { materialisation: Materialisation::Unavailable, estimated_cost: None };
    let problem = gradient_problem(3, &[5.0, -4.0, 2.0]).with_hessian(declared);
    let mut objective =
        problem.objective((), |(), x| Ok(x.iter().map(|x| (x - 1.0).powi(2)).sum())).with_eval(|(), x| {
            let cost = x.iter().map(|x| (x - 1.0).powi(2)).sum();
            let gradient = x.iter().map(|x| 2.0 * (x - 1.0)).collect();
            let hessian = HessianForm::Operator(Arc::new(Twice(3)));
            Ok(OuterEval { hessian, ..OuterEval::new(cost, gradient) })
        });
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    assert!(result.converged && result.method == "trust region", "{result:?}");
    assert!(result.operator_trust_radius.is_some_and(|radius| radius > 0.0));
    assert_eq!(result.operator_stop_reason, Some(StopReason::Converged));
}

#[test]
fn another_form_of_hessian_in_the_middle_is_a_routing_mismatch() {
    let problem = gradient_problem(2, &[-1.2, 1.0]).with_hessian(DeclaredHessian::Either);
    let mut count = 0;
    let mut objective = problem.objective((), |(), x| Ok(rosenbrock(x).cost)).with_eval(|(), x| {
        count += 1;
        let hessian = if count <= 3 { rosenbrock(x).hessian } else { HessianForm::Unavailable };
        Ok(OuterEval { hessian, ..rosenbrock(x) })
    });
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    assert!(!result.converged);
    assert_eq!(result.stop_reason, StopReason::RoutingMismatch);
    assert!(result.final_value < 24.2);
}

#[derive(Debug, thiserror::Error)]
#[error("the user's own")]
struct Own(u32);

#[test]
fn an_error_of_the_caller_passes_through_unchanged_with_the_best_point() {
    let problem = gradient_problem(2, &[-1.2, 1.0]);
    let mut count = 0;
    let mut objective = problem.objective((), |(), x| Ok(rosenbrock(x).cost)).with_eval(|(), x| {
        count += 1;
        if count == 9 { Err(ObjectiveError::Abort(Box::new(Own(77)))) } else { Ok(rosenbrock(x)) }
    });
    let error = problem.run(&mut objective, "", &Control::default()).unwrap_err();
    let OuterError::Aborted { source, best } = error else { panic!("{error}") };
    assert_eq!(source.downcast_ref::<Own>().map(|own| own.0), Some(77));
    let best = best.unwrap();
    assert!(best.final_value < 24.2 && !best.converged && best.stop_reason == StopReason::Aborted);
    assert_eq!(best.final_value, rosenbrock(&best.rho).cost);
}

#[test]
fn the_best_point_of_an_earlier_seed_is_not_lost() {
    // Seed 0 ends well, the first evaluation of seed 1 ends the run.
    let problem = OuterProblem::new(1).with_gradient(Derivative::Analytic).with_seed_config(SeedConfig {
        risk_profile: equipoise::outer::RiskProfile::Gaussian,
        ..SeedConfig::default()
    });
    let mut objective = problem.objective((), |(), x| Ok((x[0] - 0.5).powi(2))).with_eval(|(), x| {
        if x[0] == -3.0 {
            return Err(ObjectiveError::Abort(Box::new(Own(5))));
        }
        Ok(OuterEval::new((x[0] - 0.5).powi(2), vec![2.0 * (x[0] - 0.5)]))
    });
    let error = problem.run(&mut objective, "", &Control::default()).unwrap_err();
    let OuterError::Aborted { source, best } = error else { panic!("{error}") };
    assert!(source.is::<Own>());
    assert!((best.unwrap().rho[0] - 0.5).abs() < 1e-4);
}

#[test]
fn a_cancelled_run_returns_its_best_point_with_its_certificate() {
    let flag = CancelFlag::default();
    let control = Control::default().with_cancel(flag.clone());
    let problem = gradient_problem(2, &[-1.2, 1.0]);
    let mut count = 0;
    let mut objective = problem.objective((), |(), x| Ok(rosenbrock(x).cost)).with_eval(|(), x| {
        count += 1;
        if count == 8 {
            flag.cancel();
        }
        Ok(rosenbrock(x))
    });
    let result = problem.run(&mut objective, "", &control).unwrap();
    assert_eq!(result.stop_reason, StopReason::Cancelled);
    assert!(!result.converged && result.final_value < 24.2);
    assert!(result.criterion_certificate.unwrap().consistent);
    // Cancelled before the first evaluation.
    let mut objective = Quadratic::honest(&[0.0, 0.0]);
    let error = one_seed(2, &[1.0, 1.0]).run(&mut objective, "", &control).unwrap_err();
    assert!(matches!(error, OuterError::Cancelled));
    assert!(objective.calls.iter().all(|call| matches!(call, Call::Reset)));
}

#[test]
fn wrong_input_is_found_before_any_evaluation() {
    let mut objective = Quadratic::honest(&[0.0, 0.0]);
    let path = |problem: OuterProblem, objective: &mut Quadratic| match problem
        .run(objective, "", &Control::default())
        .unwrap_err()
    {
        OuterError::Input(error) => error.path,
        other => panic!("{other}"),
    };
    assert_eq!(path(OuterProblem::new(3), &mut objective), "capability.nParams");
    assert_eq!(path(OuterProblem::new(2).with_psi_dim(3), &mut objective), "psiDim");
    assert_eq!(path(OuterProblem::new(2).with_psi_dim(1), &mut objective), "capability.psiDim");
    assert_eq!(path(one_seed(2, &[1.0]), &mut objective), "initialRho");
    assert_eq!(path(OuterProblem::new(2).with_tolerance(-1.0), &mut objective), "tolerance");
    let problem = OuterProblem::new(2).with_hessian(DeclaredHessian::Dense);
    let mut contradictory = problem.objective((), |(), _| Ok(0.0));
    let error = problem.run(&mut contradictory, "", &Control::default()).unwrap_err();
    assert!(matches!(error, OuterError::Input(error) if error.path == "capability.hessian"));
    let problem = OuterProblem::new(2);
    let mut values_only = problem.objective(0, |count: &mut u32, _| {
        *count += 1;
        Ok(0.0)
    });
    let error = problem.run(&mut values_only, "", &Control::default()).unwrap_err();
    assert!(matches!(error, OuterError::Plan(_)), "{error}");
    assert_eq!((*values_only.state(), objective.calls.len()), (0, 0));
}

#[test]
fn one_plan_event_per_dispatch_and_one_end() {
    let (problem, events) = recorded(one_seed(2, &[1.0, 1.0]));
    problem.run(&mut Quadratic::honest(&[0.0, 0.0]), "events", &Control::default()).unwrap();
    let events = events.lock().unwrap();
    let count = |wanted: fn(&OuterEvent) -> bool| events.iter().filter(|event| wanted(event)).count();
    assert_eq!(
        count(|event| matches!(event, OuterEvent::Plan { n_params: 2, gradient: true, hessian: false, .. })),
        1
    );
    assert_eq!(count(|event| matches!(event, OuterEvent::Finished { converged: true, .. })), 1);
    assert_eq!(count(|event| matches!(event, OuterEvent::Certificate { clean: true, .. })), 1);
    assert!(count(|event| matches!(event, OuterEvent::Iteration(_))) >= 2);
    let text = serde_json::to_string(&events[0]).unwrap();
    assert!(text.contains("\"event\":\""), "{text}");
}

/// Keeps the names of the fields of events of the level INFO whose message is `plan`.
#[derive(Default)]
struct Plans(Arc<std::sync::Mutex<Vec<Vec<String>>>>);

struct Fields(Vec<String>, bool);

impl tracing::field::Visit for Fields {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.1 |= field.name() == "message" && format!("{value:?}") == "plan";
        self.0.push(field.name().to_owned());
    }
}

impl tracing::Subscriber for Plans {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "equipoise::outer"
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(Vec::new(), false);
        event.record(&mut fields);
        if fields.1 {
            self.0.lock().unwrap().push(fields.0);
        }
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn one_structured_log_event_per_dispatch() {
    let plans = Plans::default();
    let seen = Arc::clone(&plans.0);
    tracing::subscriber::with_default(plans, || {
        one_seed(2, &[1.0, 1.0]).run(&mut Quadratic::honest(&[0.0, 0.0]), "log", &Control::default()).unwrap()
    });
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1);
    for field in ["context", "n_params", "gradient", "hessian", "solver", "hessian_source"] {
        assert!(seen[0].iter().any(|name| name == field), "{field}");
    }
}

struct Valley;

impl argmin::core::CostFunction for Valley {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, argmin::core::Error> {
        Ok(rosenbrock(x).cost)
    }
}

impl argmin::core::Gradient for Valley {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, argmin::core::Error> {
        Ok(rosenbrock(x).gradient)
    }
}

impl argmin::core::Hessian for Valley {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;
    fn hessian(&self, x: &Vec<f64>) -> Result<Vec<Vec<f64>>, argmin::core::Error> {
        let dense = rosenbrock(x).hessian.to_dense()?.unwrap();
        Ok(dense.chunks(2).map(<[f64]>::to_vec).collect())
    }
}

#[test]
fn argmin_problems_are_accepted_as_they_are() {
    let problem = one_seed(2, &[-1.2, 1.0]);
    let run = |mut objective: ArgminObjective<Valley>| {
        let result = problem.run(&mut objective, "", &Control::default()).unwrap();
        assert!(result.converged && (result.rho[0] - 1.0).abs() < 1e-3, "{result:?}");
        result.method
    };
    assert_eq!(run(ArgminObjective::with_hessian(Valley, 2)), "ARC");
    assert_eq!(run(ArgminObjective::with_gradient(Valley, 2)), "BFGS");
    assert_eq!(run(ArgminObjective::by_differences(Valley, 2)), "BFGS");
}

#[test]
fn limited_memory_and_step_caps() {
    let problem = one_seed(2, &[-1.2, 1.0]).with_limited_memory(Some(5));
    let result =
        problem.run(&mut ArgminObjective::with_gradient(Valley, 2), "", &Control::default()).unwrap();
    assert!(result.converged && result.method == "L-BFGS-B");
    let capped = one_seed(2, &[8.0, -9.0])
        .with_psi_dim(1)
        .with_bfgs_step_cap(Some(0.5))
        .with_bfgs_step_cap_psi(Some(0.25));
    let mut objective = PsiValley;
    let result = capped.run(&mut objective, "", &Control::default()).unwrap();
    assert!(result.converged);
    for step in result.path.iter().filter_map(|iteration| iteration.step_norm) {
        assert!(step <= 0.5 + 1e-12, "{step}");
    }
}

struct PsiValley;

impl equipoise::outer::OuterObjective for PsiValley {
    fn capability(&self) -> OuterCapability {
        OuterCapability { psi_dim: 1, gradient: Derivative::Analytic, ..OuterCapability::new(2) }
    }
    fn eval_cost(&mut self, x: &[f64]) -> Result<f64, ObjectiveError> {
        Ok(x[0] * x[0] + 2.0 * x[1] * x[1])
    }
    fn eval(&mut self, x: &[f64]) -> Result<OuterEval, ObjectiveError> {
        Ok(OuterEval::new(self.eval_cost(x)?, vec![2.0 * x[0], 4.0 * x[1]]))
    }
}

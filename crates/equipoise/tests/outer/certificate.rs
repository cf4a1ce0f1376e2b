//! The audit: honest gradients are never accused, wrong ones are caught.

use crate::problems::{Call, Quadratic, recorded, rosenbrock};
use equipoise::control::Control;
use equipoise::outer::{
    AuditVerdict, Curvature, DeclaredHessian, Derivative, OuterEval, OuterEvent, OuterProblem, SeedConfig,
    StopReason, audit_gradient,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

fn one_seed(problem: OuterProblem) -> OuterProblem {
    problem.with_seed_config(SeedConfig { seed_budget: 1, ..SeedConfig::default() })
}

#[test]
fn an_honest_quadratic_is_certified() {
    let problem = one_seed(OuterProblem::new(2).with_initial_rho(vec![2.0, 2.0]));
    let mut objective = Quadratic::honest(&[0.3, -0.7]);
    let result = problem.run(&mut objective, "honest", &Control::default()).unwrap();
    let certificate = result.criterion_certificate.as_ref().unwrap();
    assert!(certificate.consistent && certificate.clean && result.converged && !result.criterion_broken);
    assert!(certificate.lambdas_railed.is_empty() && certificate.psi_railed.is_empty());
    assert!(certificate.fd_step > 0.0 && certificate.fd_error > 0.0);
    assert!(certificate.summary.contains("consistent") && !certificate.summary.contains("DESYNC"));
    assert_eq!(result.stop_reason, StopReason::Converged);
    assert!(result.stationarity.as_ref().unwrap().holds);
    assert!((result.rho[0] - 0.3).abs() < 1e-5 && (result.rho[1] + 0.7).abs() < 1e-5);
    assert!(result.evaluations.audit >= 4);
    // The winner is installed last, after the probes.
    assert_eq!(objective.calls.last(), Some(&Call::Finalize(result.rho.clone())));
    // Nothing of the probes is to be kept.
    let probing: Vec<&Call> =
        objective.calls.iter().filter(|call| matches!(call, Call::Probing(_))).collect();
    assert_eq!(probing, [&Call::Probing(true), &Call::Probing(false)]);
}

#[test]
fn a_gradient_of_another_function_is_caught() {
    let (problem, events) = recorded(one_seed(OuterProblem::new(2).with_initial_rho(vec![1.0, 1.0])));
    let mut objective = Quadratic::with_centers(&[0.0, 0.0], &[3.0, -2.0]);
    let result = problem.run(&mut objective, "desync", &Control::default()).unwrap();
    let certificate = result.criterion_certificate.as_ref().unwrap();
    assert!(
        !certificate.consistent && certificate.fd_directional.abs() > 1e-3 && certificate.agreement_z > 4.0
    );
    assert!(
        !result.converged && result.criterion_broken && result.stop_reason == StopReason::CriterionBroken
    );
    assert!(certificate.summary.contains("GRADIENT-OBJECTIVE DESYNC"));
    let events = events.lock().unwrap();
    assert!(events.iter().any(|event| matches!(event, OuterEvent::BrokenCriterion { .. })));
    assert!(StopReason::CriterionBroken.sentence().contains("not to be trusted"));
}

#[test]
fn honest_gradients_are_never_accused_and_small_lies_always_are() {
    // Sums of exponentials, sines and products over ten scales, with rounding noise; the start is the audited point (two iterations).
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut uniform = move || (random.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0;
    for case in 0..60 {
        let n = 1 + case % 5;
        let scale = libm::pow(10.0, 10.0 * uniform() - 5.0);
        let offset = 1e3 * scale * (uniform() - 0.5);
        let rate: Vec<f64> = (0..n).map(|_| 0.2 + 3.0 * uniform()).collect();
        let start: Vec<f64> = (0..n).map(|_| 4.0 * uniform() - 2.0).collect();
        let value = |x: &[f64]| {
            let terms =
                (0..n).map(|i| libm::exp(rate[i] * x[i]) + 2.0 * libm::sin(x[i] + i as f64) - x[i] * rate[i]);
            offset + scale * terms.sum::<f64>()
        };
        let slope = |x: &[f64], lie: f64| -> Vec<f64> {
            (0..n)
                .map(|i| {
                    let d = rate[i] * libm::exp(rate[i] * x[i]) + 2.0 * libm::cos(x[i] + i as f64) - rate[i];
                    scale * d * (1.0 + lie)
                })
                .collect()
        };
        for lie in [0.0, 0.05] {
            let problem = one_seed(OuterProblem::new(n))
                .with_gradient(Derivative::Analytic)
                .with_initial_rho(start.clone())
                .with_tolerance(1e-300)
                .with_rel_cost_tolerance(Some(1e-300))
                .with_max_iter(2);
            let mut objective = problem
                .objective((), |(), x| Ok(value(x)))
                .with_eval(|(), x| Ok(OuterEval::new(value(x), slope(x, lie))));
            let result = problem.run(&mut objective, "random", &Control::default()).unwrap();
            let certificate = result.criterion_certificate.unwrap();
            let steep = certificate.analytic_directional.abs() > 1e3 * certificate.fd_error;
            if lie == 0.0 {
                assert!(certificate.consistent, "case {case}: {}", certificate.summary);
            } else if steep {
                assert!(!certificate.consistent, "case {case}: {}", certificate.summary);
            }
        }
    }
}

#[test]
fn the_direction_depends_on_context_and_point_alone() {
    let run = |context: &str| {
        let problem = one_seed(OuterProblem::new(2).with_initial_rho(vec![2.0, 2.0]));
        let result = problem.run(&mut Quadratic::honest(&[0.3, -0.7]), context, &Control::default()).unwrap();
        (result.criterion_certificate.unwrap().direction, result.digest)
    };
    let (one, again, two) = (run("ctx-one"), run("ctx-one"), run("ctx-two"));
    assert_eq!(one, again);
    assert_ne!(one.0, two.0);
    // The context takes no part in the search.
    assert_eq!(one.1, two.1);
    let norm: f64 = one.0.iter().map(|v| v * v).sum::<f64>().sqrt();
    assert!((norm - 1.0).abs() < 1e-12);
}

#[test]
fn railed_coordinates_are_named_and_stationary() {
    // The minimiser of the second coordinate lies beyond its bound; ψ is railed too.
    let problem =
        one_seed(OuterProblem::new(3).with_psi_dim(1).with_rho_bound(5.0).with_initial_rho(vec![0.0; 3]));
    let mut objective = Psi(Quadratic::honest(&[0.5, 9.0, -9.0]));
    let result = problem.run(&mut objective, "railed", &Control::default()).unwrap();
    let certificate = result.criterion_certificate.unwrap();
    assert_eq!((result.rho[1], result.rho[2]), (5.0, -5.0));
    assert!(result.converged && certificate.consistent && !certificate.clean);
    assert_eq!((certificate.lambdas_railed, certificate.psi_railed), (vec![1], vec![2]));
    assert_eq!(certificate.direction[1..], [0.0, 0.0]);
    assert!(certificate.grad_norm > 1.0 && result.stationarity.unwrap().projected_gradient < 1e-5);
}

/// A quadratic whose last coordinate is ψ.
struct Psi(Quadratic);

impl equipoise::outer::OuterObjective for Psi {
    fn capability(&self) -> equipoise::outer::OuterCapability {
        equipoise::outer::OuterCapability { psi_dim: 1, ..self.0.capability() }
    }
    fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, equipoise::outer::ObjectiveError> {
        self.0.eval_cost(theta)
    }
    fn eval_with_order(
        &mut self,
        theta: &[f64],
        order: equipoise::outer::EvalOrder,
    ) -> Result<OuterEval, equipoise::outer::ObjectiveError> {
        self.0.eval_with_order(theta, order)
    }
}

#[test]
fn a_vertex_is_audited_into_the_box() {
    for lie in [false, true] {
        let gradient_center = if lie { [19.0, -9.0] } else { [9.0, -9.0] };
        let problem = one_seed(OuterProblem::new(2).with_bounds(vec![-1.0; 2], vec![1.0; 2]));
        let mut objective = Quadratic::with_centers(&[9.0, -9.0], &gradient_center);
        let result = problem.run(&mut objective, "vertex", &Control::default()).unwrap();
        let certificate = result.criterion_certificate.unwrap();
        assert_eq!(result.rho, [1.0, -1.0]);
        assert!(certificate.one_sided);
        assert_eq!((certificate.consistent, result.converged), (!lie, !lie), "{}", certificate.summary);
    }
}

#[test]
fn a_narrow_box_is_not_railed_everywhere() {
    let problem = one_seed(OuterProblem::new(1).with_bounds(vec![0.0], vec![0.2]));
    let result = problem.run(&mut Quadratic::honest(&[0.1]), "narrow", &Control::default()).unwrap();
    let certificate = result.criterion_certificate.unwrap();
    assert!(certificate.lambdas_railed.is_empty() && certificate.clean);
    // Every probe lies in the box.
    assert!(result.rho[0] - 2.0 * certificate.fd_step > 0.0);
}

#[test]
fn the_curvature_verdict_is_over_the_free_coordinates() {
    // A saddle of the whole plane that the bound on y makes a minimum: F = x² − y², y ≤ 2.
    let problem = one_seed(OuterProblem::new(2))
        .with_bounds(vec![-3.0, -1.0], vec![3.0, 2.0])
        .with_gradient(Derivative::Analytic)
        .with_hessian(DeclaredHessian::Dense)
        .with_initial_rho(vec![1.0, 0.0]);
    let value = |x: &[f64]| x[0] * x[0] - x[1] * x[1];
    let mut objective = problem.objective((), move |(), x| Ok(value(x))).with_eval(move |(), x| {
        Ok(OuterEval::new(value(x), vec![2.0 * x[0], -2.0 * x[1]]).with_hessian(vec![2.0, 0.0, 0.0, -2.0]))
    });
    // The start is a saddle in y: the search leaves it along the negative curvature.
    let result = problem.run(&mut objective, "saddle", &Control::default()).unwrap();
    assert!(result.converged, "{result:?}");
    assert_eq!(result.rho[1].abs().max(1.0), if result.rho[1] < 0.0 { 1.0 } else { 2.0 });
    let certificate = result.criterion_certificate.unwrap();
    assert_eq!(certificate.hessian_pd, Some(true));
    assert_eq!(result.stationarity.unwrap().curvature, Curvature::NonNegative);
}

#[test]
fn a_maximum_is_not_converged_even_without_a_hessian() {
    // F = (x² − 9)² has a maximum at 0, where its gradient is exactly zero.
    let value = |x: f64| (x * x - 9.0).powi(2);
    let problem =
        one_seed(OuterProblem::new(1)).with_gradient(Derivative::Analytic).with_heuristic(vec![0.0]);
    let mut objective = problem
        .objective((), move |(), x| Ok(value(x[0])))
        .with_eval(move |(), x| Ok(OuterEval::new(value(x[0]), vec![4.0 * x[0] * (x[0] * x[0] - 9.0)])));
    let result = problem.run(&mut objective, "maximum", &Control::default()).unwrap();
    let certificate = result.criterion_certificate.unwrap();
    assert!(
        !result.converged && !result.criterion_broken && certificate.consistent && certificate.curves_down
    );
    assert_eq!(result.stop_reason, StopReason::CurvesDown);
    assert!((certificate.fd_curvature.unwrap() + 36.0).abs() < 1.0);
    assert!(result.stationarity.unwrap().holds);
}

#[test]
fn one_iteration_has_no_certificate() {
    let problem = one_seed(OuterProblem::new(2).with_max_iter(1).with_initial_rho(vec![2.0, 2.0]));
    let result = problem.run(&mut Quadratic::honest(&[0.3, -0.7]), "", &Control::default()).unwrap();
    assert!(result.criterion_certificate.is_none());
    assert_eq!(result.evaluations.audit, 0);
    assert!(result.certificate_absent.unwrap().contains("one iteration"));
}

#[test]
fn no_parameters_are_one_evaluation() {
    let mut objective = Quadratic::honest(&[]);
    let result = OuterProblem::new(0).run(&mut objective, "", &Control::default()).unwrap();
    assert!(result.converged && result.iterations == 0 && result.final_gradient.is_none());
    assert_eq!((result.final_grad_norm, result.final_grad_norm_report()), (Some(0.0), "0.000e0".to_owned()));
    assert_eq!(objective.calls, [Call::Value(vec![])]);
}

#[test]
fn the_coordinate_audit_has_three_verdicts() {
    let theta = [0.4, -0.3];
    let audit = |objective: &mut Quadratic| audit_gradient(objective, &theta, 1e-5).unwrap();
    let clean = audit(&mut Quadratic { hessian: DeclaredHessian::Dense, ..Quadratic::honest(&[1.0, 2.0]) });
    assert_eq!(clean.verdict, AuditVerdict::Clean);
    assert_eq!(clean.hessian_eigenvalues, Some(vec![2.0, 2.0]));
    assert!((clean.coordinates[0].ratio.unwrap() - 1.0).abs() < 1e-6);
    let broken = audit(&mut Quadratic::with_centers(&[1.0, 2.0], &[1.0, 2.5]));
    assert_eq!((broken.verdict, broken.worst), (AuditVerdict::Desync, Some(1)));
    // One full evaluation and 2n values.
    let mut counted = Quadratic::honest(&[1.0, 2.0]);
    audit(&mut counted);
    assert_eq!(counted.calls.len(), 5);
    let problem =
        OuterProblem::new(2).with_gradient(Derivative::Analytic).with_hessian(DeclaredHessian::Dense);
    let mut flat = problem.objective((), |(), x| Ok(x[0] * x[0])).with_eval(|(), x| {
        Ok(OuterEval::new(x[0] * x[0], vec![2.0 * x[0], 0.0]).with_hessian(vec![2.0, 0.0, 0.0, 0.0]))
    });
    let found = audit_gradient(&mut flat, &theta, 1e-5).unwrap();
    assert_eq!(found.verdict, AuditVerdict::Flatness);
    assert_eq!(found.coordinates[1].ratio, None);
}

#[test]
fn a_result_survives_json() {
    let problem = one_seed(OuterProblem::new(2))
        .with_gradient(Derivative::Analytic)
        .with_hessian(DeclaredHessian::Dense)
        .with_initial_rho(vec![-1.2, 1.0]);
    let mut objective =
        problem.objective((), |(), x| Ok(rosenbrock(x).cost)).with_eval(|(), x| Ok(rosenbrock(x)));
    let result = problem.run(&mut objective, "json", &Control::default()).unwrap();
    let text = serde_json::to_string(&result).unwrap();
    for field in ["finalValue", "stopReason", "criterionCertificate", "criterionBroken", "lambdasRailed"] {
        assert!(text.contains(&format!("\"{field}\"")), "{field}");
    }
    let back: equipoise::outer::OuterResult = serde_json::from_str(&text).unwrap();
    assert_eq!(back, result);
}

//! The outer optimiser: every solver, the certificate's numbers, and a multistart on several threads.

use equipoise::control::Control;
use equipoise::numeric::digest::Digest;
use equipoise::outer::{
    DeclaredHessian, Derivative, EfsEval, HessianForm, HessianOperator, Materialisation, OuterEval,
    OuterProblem, OuterResult, RiskProfile, SeedConfig,
};
use std::sync::Arc;

/// Σ exp(rᵢθᵢ) − sᵢθᵢ + ½c(θᵢ − θᵢ₊₁)²: a convex criterion of transcendental functions.
fn evaluate(theta: &[f64]) -> OuterEval {
    let n = theta.len();
    let (mut cost, mut gradient, mut hessian) = (0.0, vec![0.0; n], vec![0.0; n * n]);
    for i in 0..n {
        let (rate, slope) = (0.5 + 0.1 * (i % 7) as f64, 1.0 + 0.3 * (i % 5) as f64);
        let e = libm::exp(rate * theta[i]);
        cost += e - slope * theta[i];
        gradient[i] += rate * e - slope;
        hessian[i * n + i] += rate * rate * e;
        if i + 1 < n {
            let d = theta[i] - theta[i + 1];
            cost += 0.15 * d * d;
            gradient[i] += 0.3 * d;
            gradient[i + 1] -= 0.3 * d;
            for (a, b, sign) in [(i, i, 1.0), (i + 1, i + 1, 1.0), (i, i + 1, -1.0), (i + 1, i, -1.0)] {
                hessian[a * n + b] += 0.3 * sign;
            }
        }
    }
    OuterEval::new(cost, gradient).with_hessian(hessian)
}

struct Matrix(Vec<f64>, usize);

impl HessianOperator for Matrix {
    fn dim(&self) -> usize {
        self.1
    }
    fn apply(&self, v: &[f64], out: &mut [f64]) -> Result<(), argmin::core::Error> {
        for (row, out) in self.0.chunks_exact(self.1).zip(out) {
            *out = row.iter().zip(v).map(|(a, b)| a * b).sum();
        }
        Ok(())
    }
}

/// Prints the digests of θ and value, of the gradient, of the certificate's numbers and of the path.
pub fn print(threads: usize) -> Result<(), Box<dyn std::error::Error>> {
    let control = Control::default();
    for n in [2, 12, 40] {
        let base = OuterProblem::new(n)
            .with_gradient(Derivative::Analytic)
            .with_rho_bound(2.5)
            .with_tolerance(1e-9)
            .with_rel_cost_tolerance(Some(1e-12));
        let operator =
            DeclaredHessian::Operator { materialisation: Materialisation::Unavailable, estimated_cost: None };
        let variants = [
            base.clone(),
            base.clone().with_limited_memory(Some(6)),
            base.clone().with_hessian(DeclaredHessian::Dense),
            base.clone().with_hessian(operator),
        ];
        for problem in variants {
            let products = problem.capability().hessian == operator;
            let mut objective =
                problem.objective((), |(), theta| Ok(evaluate(theta).cost)).with_eval(move |(), theta| {
                    let eval = evaluate(theta);
                    let HessianForm::Dense(matrix) = eval.hessian.clone() else { return Ok(eval) };
                    let operator = HessianForm::Operator(Arc::new(Matrix(matrix, theta.len())));
                    Ok(if products { OuterEval { hessian: operator, ..eval } } else { eval })
                });
            line(&format!("outer, n = {n}"), &problem.run(&mut objective, "digest", &control)?);
        }
    }
    for n in [9, 100] {
        let problem = OuterProblem::new(n).with_tolerance(1e-9);
        let cost = |theta: &[f64]| -> f64 {
            theta.iter().enumerate().map(|(i, t)| libm::exp(*t) - (1.0 + i as f64) * t).sum()
        };
        let mut objective =
            problem.objective((), move |(), theta| Ok(cost(theta))).with_efs(move |(), theta| {
                let steps =
                    theta.iter().enumerate().map(|(i, t)| 0.7 * (libm::log(1.0 + i as f64) - t)).collect();
                Ok(EfsEval { cost: cost(theta), steps, ..EfsEval::default() })
            });
        line(&format!("outer, n = {n}"), &problem.run(&mut objective, "digest", &control)?);
    }
    let problem = OuterProblem::new(5)
        .with_gradient(Derivative::Analytic)
        .with_seed_config(SeedConfig { risk_profile: RiskProfile::Gaussian, ..SeedConfig::default() });
    let make = |_| {
        problem.objective((), |(), theta| Ok(evaluate(theta).cost)).with_eval(|(), theta| Ok(evaluate(theta)))
    };
    line("outer, multistart", &problem.run_multistart(make, "digest", &control, threads)?);
    Ok(())
}

fn line(name: &str, result: &OuterResult) {
    let gradient = Digest::of(result.final_gradient.iter().flatten().copied());
    let path = Digest::of(result.path.iter().flat_map(|i| [i.value, i.step_norm.unwrap_or(0.0)]));
    let audit = result.criterion_certificate.as_ref().map_or_else(Vec::new, |c| {
        let mut numbers = c.direction.clone();
        numbers.extend([c.analytic_directional, c.fd_directional, c.fd_error, c.agreement_z, c.fd_step]);
        numbers
    });
    let (method, stop) = (&result.method, result.stop_reason);
    println!("{name:<36} {method:<10} {} {gradient} {} {path} {stop}", result.digest, Digest::of(audit));
}

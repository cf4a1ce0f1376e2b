//! Constrained minimisation: every curvature model and every inner solver, with and without second derivatives.

use equipoise::control::Control;
use equipoise::numeric::digest::Digest;
use equipoise::sqp::{
    ActiveSetMethod, Closures, HessianChoice, InnerSolver, SqpCounters, SqpOptions, SqpProblem, SqpResult,
    SqpState, StepSummary, minimize,
};

/// Σ wⱼ exp(xⱼ) − xⱼ + ½c(xⱼ − xⱼ₊₁)² over Σx = n/4, Σx² ≤ n and bounds some of which bind.
fn coupled(n: usize) -> (SqpProblem, Closures) {
    let problem = SqpProblem::new(vec![0.5; n])
        .and_then(|p| p.with_bounds(vec![-0.2; n], vec![1.5; n]))
        .expect("sound bounds")
        .with_constraints(1, 1);
    let weight = |j: usize| 0.3 + 0.2 * (j % 9) as f64;
    let functions = Closures::new(&problem, move |x| {
        let own: f64 = x.iter().enumerate().map(|(j, x)| weight(j) * libm::exp(*x) - x).sum();
        Ok(own + x.windows(2).map(|pair| 0.2 * (pair[0] - pair[1]).powi(2)).sum::<f64>())
    })
    .gradient(move |x| {
        let mut out: Vec<f64> = x.iter().enumerate().map(|(j, x)| weight(j) * libm::exp(*x) - 1.0).collect();
        for j in 0..x.len() - 1 {
            let slope = 0.4 * (x[j] - x[j + 1]);
            out[j] += slope;
            out[j + 1] -= slope;
        }
        Ok(out)
    })
    .equalities(|x| Ok(vec![x.iter().sum::<f64>() - 0.25 * x.len() as f64]))
    .equality_jacobian(|x| Ok(vec![1.0; x.len()]))
    .inequalities(|x| Ok(vec![0.125 * x.len() as f64 - x.iter().map(|x| x * x).sum::<f64>()]))
    .inequality_jacobian(|x| Ok(x.iter().map(|x| -2.0 * x).collect()));
    (problem, functions)
}

/// The same with products with the second derivatives.
fn with_products(functions: Closures) -> Closures {
    functions
        .hessian_product(|x, v| {
            let mut out: Vec<f64> = x
                .iter()
                .zip(v)
                .enumerate()
                .map(|(j, (x, v))| (0.3 + 0.2 * (j % 9) as f64) * libm::exp(*x) * v)
                .collect();
            for j in 0..x.len() - 1 {
                let change = 0.4 * (v[j] - v[j + 1]);
                out[j] += change;
                out[j + 1] -= change;
            }
            Ok(out)
        })
        .constraint_hessian_product(|_, w, v| Ok(v.iter().map(|v| -2.0 * w[1] * v).collect()))
}

/// Prints the digests of the point with its multipliers, of the numbers of the check, and of the path.
pub fn print() -> Result<(), Box<dyn std::error::Error>> {
    for n in [6, 40, 120] {
        for hessian in [HessianChoice::Bfgs, HessianChoice::LimitedMemory, HessianChoice::Exact] {
            let (problem, functions) = coupled(n);
            let functions =
                if hessian == HessianChoice::Exact { with_products(functions) } else { functions };
            let options = SqpOptions { hessian, ..SqpOptions::default() };
            line(n, hessian.as_str(), &problem, functions, &options)?;
        }
    }
    for &inner_solver in InnerSolver::ALL {
        for exact in [false, true] {
            let (problem, functions) = coupled(60);
            let functions = if exact { with_products(functions) } else { functions };
            let options = SqpOptions { inner_solver, ..SqpOptions::default() };
            line(60, inner_solver.as_str(), &problem, functions, &options)?;
        }
    }
    let (problem, functions) = coupled(60);
    let options = SqpOptions {
        active_set_method: ActiveSetMethod::Lpeca,
        lpeca_trust_threshold: 1e6,
        ..SqpOptions::default()
    };
    line(60, "lpeca", &problem, functions, &options)?;
    // Derivatives by differences.
    let (problem, _) = coupled(12);
    let functions = Closures::new(&problem, |x| Ok(x.iter().map(|x| libm::cosh(*x) - 0.3 * x).sum()))
        .equalities(|x| Ok(vec![x.iter().sum::<f64>() - 3.0]))
        .inequalities(|x| Ok(vec![6.0 - x.iter().map(|x| libm::exp(*x)).sum::<f64>() / 4.0]));
    line(12, "differences", &problem, functions, &SqpOptions::default())
}

fn line(
    n: usize,
    method: &str,
    problem: &SqpProblem,
    mut functions: Closures,
    options: &SqpOptions,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut path = Digest::default();
    let mut observer =
        |summary: &StepSummary, _: &SqpCounters, _: &SqpState| path.add_bytes(summary.digest().as_bytes());
    let answer: SqpResult =
        minimize(problem, &mut functions, options, Some(&mut observer), &Control::default())?;
    let r = &answer.residuals;
    let check = Digest::of([r.stationarity, r.violation, r.complementarity, r.relative_stationarity]);
    let name = format!("sqp, n = {n}");
    println!("{name:<36} {method:<22} {} {check} {path} {}", answer.digest, answer.status);
    Ok(())
}

//! Makes the probes.

use super::{ProbeOptions, Probes, ReducedCurvature};
use crate::sqp::derivative_check::check_derivatives;
use crate::sqp::functions::{Functions, SqpError};
use crate::sqp::noise::{ValueNoise, points};
use crate::sqp::problem::SqpProblem;
use crate::sqp::result::SqpResult;
use crate::sqp::status::SqpStatus;

/// Variables up to which derivatives and curvature are probed.
const VARIABLES: usize = 200;

/// Makes the probes asked for at the point of `result`; none after a cancelled run or where f is not finite.
///
/// # Errors
/// The user's own error.
pub(in crate::sqp::diagnostics) fn run(
    problem: &SqpProblem,
    functions: &mut dyn Functions,
    result: &SqpResult,
    feasibility: f64,
    options: ProbeOptions,
) -> Result<Probes, SqpError> {
    let mut probes = Probes::default();
    if result.status == SqpStatus::Cancelled {
        return Ok(probes);
    }
    let small = problem.num_variables() <= VARIABLES;
    let provides = functions.provides();
    if options.derivatives && small && (provides.gradient || provides.jacobian) {
        probes.derivatives.push(check_derivatives(problem, functions, problem.start())?);
        if result.x != problem.start() {
            probes.derivatives.push(check_derivatives(problem, functions, &result.x)?);
        }
    }
    let finite = result.objective.is_finite() && result.gradient.iter().all(|g| g.is_finite());
    if options.noise && finite {
        probes.noise = noise(problem, functions, &result.x)?;
    }
    if options.curvature && finite && small {
        probes.curvature = curvature(problem, functions, result, feasibility)?;
    }
    Ok(probes)
}

fn noise(
    problem: &SqpProblem,
    functions: &mut dyn Functions,
    x: &[f64],
) -> Result<Option<ValueNoise>, SqpError> {
    let mut values = Vec::new();
    for point in points(x, problem.lower(), problem.upper()) {
        values.push(functions.objective(&point)?);
    }
    // f may be all but 0 at its minimum: its size is that along the path.
    let size = functions.objective(problem.start())?;
    Ok(ValueNoise::of(values, if size.is_finite() { size } else { 0.0 }))
}

fn curvature(
    problem: &SqpProblem,
    functions: &mut dyn Functions,
    result: &SqpResult,
    feasibility: f64,
) -> Result<Option<ReducedCurvature>, SqpError> {
    let n = problem.num_variables();
    let Some(hessian) = lagrangian_hessian(problem, functions, result)? else { return Ok(None) };
    Ok(ReducedCurvature::of(&hessian, n, &active_gradients(problem, functions, result, feasibility)?))
}

/// ∇²f − Σ λᵢ∇²cᵢ at the point returned, from products where they are given, else from differences of derivatives that are given.
fn lagrangian_hessian(
    problem: &SqpProblem,
    functions: &mut dyn Functions,
    result: &SqpResult,
) -> Result<Option<Vec<f64>>, SqpError> {
    let n = problem.num_variables();
    let provides = functions.provides();
    let curved = problem.num_constraints() > 0 && !provides.linear_constraints;
    let multipliers = [&result.equality_multipliers[..], &result.inequality_multipliers[..]].concat();
    let by_products = provides.objective_hessian_product && (!curved || provides.constraint_hessian_product);
    let by_differences = provides.gradient && (!curved || provides.jacobian);
    if !by_products && !by_differences {
        return Ok(None);
    }
    let mut hessian = vec![0.0; n * n];
    for j in 0..n {
        let row = &mut hessian[j * n..(j + 1) * n];
        if by_products {
            let mut unit = vec![0.0; n];
            unit[j] = 1.0;
            functions.objective_hessian_product(&result.x, &unit, row)?;
            if curved {
                let mut bent = vec![0.0; n];
                functions.constraint_hessian_product(&result.x, &multipliers, &unit, &mut bent)?;
                row.iter_mut().zip(&bent).for_each(|(h, b)| *h -= b);
            }
        } else {
            let step = libm::cbrt(f64::EPSILON) * result.x[j].abs().max(1.0);
            let mut slope = |offset: f64| {
                let mut x = result.x.clone();
                x[j] += offset;
                lagrangian_gradient(problem, functions, &x, if curved { &multipliers } else { &[] })
            };
            let (ahead, behind) = (slope(step)?, slope(-step)?);
            row.iter_mut().zip(ahead.iter().zip(&behind)).for_each(|(h, (a, b))| *h = (a - b) / (2.0 * step));
        }
    }
    let symmetric = (0..n * n).map(|e| 0.5 * (hessian[e] + hessian[(e % n) * n + e / n])).collect();
    Ok(Some(symmetric))
}

fn lagrangian_gradient(
    problem: &SqpProblem,
    functions: &mut dyn Functions,
    x: &[f64],
    multipliers: &[f64],
) -> Result<Vec<f64>, SqpError> {
    let n = x.len();
    let mut gradient = vec![0.0; n];
    functions.gradient(x, &mut gradient)?;
    if !multipliers.is_empty() {
        let jacobian = jacobian(problem, functions, x)?;
        for (y, row) in multipliers.iter().zip(jacobian.chunks_exact(n)) {
            crate::numeric::sum::axpy(-y, row, &mut gradient);
        }
    }
    Ok(gradient)
}

fn jacobian(problem: &SqpProblem, functions: &mut dyn Functions, x: &[f64]) -> Result<Vec<f64>, SqpError> {
    let n = x.len();
    let mut jacobian = vec![0.0; problem.num_constraints() * n];
    let (equalities, inequalities) = jacobian.split_at_mut(problem.num_equalities() * n);
    functions.jacobian(x, equalities, inequalities)?;
    Ok(jacobian)
}

/// Gradients of the equalities, of the inequalities at zero, and of the bounds reached.
fn active_gradients(
    problem: &SqpProblem,
    functions: &mut dyn Functions,
    result: &SqpResult,
    feasibility: f64,
) -> Result<Vec<Vec<f64>>, SqpError> {
    let (n, equalities) = (problem.num_variables(), problem.num_equalities());
    let mut active = Vec::new();
    for j in 0..n {
        let room = (result.x[j] - problem.lower()[j]).min(problem.upper()[j] - result.x[j]);
        if room <= 1e-8 * result.x[j].abs().max(1.0) {
            let mut unit = vec![0.0; n];
            unit[j] = 1.0;
            active.push(unit);
        }
    }
    if problem.num_constraints() > 0 && functions.provides().jacobian {
        let jacobian = jacobian(problem, functions, &result.x)?;
        let holds = |i: usize| i < equalities || result.inequalities[i - equalities] <= feasibility.max(1e-8);
        active
            .extend(jacobian.chunks_exact(n).enumerate().filter(|(i, _)| holds(*i)).map(|(_, r)| r.to_vec()));
    }
    Ok(active)
}

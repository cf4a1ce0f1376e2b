//! Checks derivatives against differences of the functions, entry by entry.
//!
//! Each entry is differenced centrally with steps h·2⁻ᵏ; of the extrapolated values (Ridders) the one whose neighbours agree best
//! is taken, with that disagreement as its error. An entry is suspicious where it differs by more than the error explains.
//!
//! Source: C. J. F. Ridders, Adv. Eng. Software 4 (1982) 75–76.

use serde::{Deserialize, Serialize};

use super::functions::{Functions, SqpError};
use super::problem::SqpProblem;
use crate::error::InputError;

/// Halvings of the step.
const HALVINGS: usize = 6;
/// First step, relative to max(1, |xⱼ|).
const FIRST_STEP: f64 = 1e-2;
/// A difference below this part of the entry's scale is never suspicious.
const TOLERANCE: f64 = 1e-6;

/// An entry that disagrees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SuspiciousEntry {
    /// `gradient[2]`, `jacobian[1][0]` with the user's names of constraint and variable behind it.
    pub entry: String,
    /// What the user's derivative says.
    pub given: f64,
    /// What the differences say.
    pub estimate: f64,
    /// How far the estimate may be off.
    pub error: f64,
}

impl SuspiciousEntry {
    /// The disagreement over what the error explains: above 1.
    pub fn excess(&self) -> f64 {
        let size = self.given.abs().max(self.estimate.abs());
        let ratio = (self.given - self.estimate).abs() / allowed(self.error, size);
        if ratio.is_nan() { f64::INFINITY } else { ratio }
    }
}

/// How far a derivative of this size may lie from an estimate with this error.
fn allowed(error: f64, size: f64) -> f64 {
    10.0 * error + TOLERANCE * size.max(1e-6)
}

/// What [`check_derivatives`] found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DerivativeReport {
    /// Entries that disagree, the worst first.
    pub suspicious: Vec<SuspiciousEntry>,
    /// Entries checked.
    pub checked: u64,
    /// Entries whose differences do not settle (a kink, noise, or values that are not finite).
    pub undecided: u64,
    /// Calls of the objective and of the constraints.
    pub evaluations: u64,
}

/// Compares ∇f, J and the products with ∇²f (if given) with differences at `x` (n).
///
/// # Errors
/// A wrong length of x; the user's own error.
pub fn check_derivatives(
    problem: &SqpProblem,
    functions: &mut dyn Functions,
    x: &[f64],
) -> Result<DerivativeReport, SqpError> {
    let n = problem.num_variables();
    if x.len() != n {
        return Err(InputError::length("x", n, x.len()).into());
    }
    let provides = functions.provides();
    let (m, equalities) = (problem.num_constraints(), problem.num_equalities());
    let mut check = Check { report: DerivativeReport::default(), x };
    let (mut gradient, mut jacobian) = (vec![f64::NAN; n], vec![f64::NAN; m * n]);
    if provides.gradient {
        functions.gradient(x, &mut gradient)?;
    }
    if provides.jacobian && m > 0 {
        let (first, second) = jacobian.split_at_mut(equalities * n);
        functions.jacobian(x, first, second)?;
    }
    for j in 0..n {
        let estimates = check.differences(j, 1 + m, &mut |x, out| {
            out[0] = functions.objective(x)?;
            if m > 0 {
                let (first, second) = out[1..].split_at_mut(equalities);
                functions.constraints(x, first, second)?;
            }
            Ok(())
        })?;
        let variable = problem.variable_name(j);
        if provides.gradient {
            check.compare(format!("gradient[{j}] ({variable})"), gradient[j], estimates[0]);
        }
        for i in (0..m).filter(|_| provides.jacobian) {
            let name = format!("jacobian[{i}][{j}] ({}, {variable})", problem.constraint_name(i));
            check.compare(name, jacobian[i * n + j], estimates[1 + i]);
        }
    }
    if provides.objective_hessian_product && provides.gradient {
        check_products(&mut check, functions, n)?;
    }
    let worst = |e: &SuspiciousEntry| (e.given - e.estimate).abs() / (e.given.abs().max(e.estimate.abs()));
    check.report.suspicious.sort_by(|a, b| worst(b).total_cmp(&worst(a)));
    Ok(check.report)
}

fn check_products(check: &mut Check<'_>, functions: &mut dyn Functions, n: usize) -> Result<(), SqpError> {
    let x = check.x;
    for j in 0..n {
        let mut unit = vec![0.0; n];
        unit[j] = 1.0;
        let mut column = vec![0.0; n];
        functions.objective_hessian_product(x, &unit, &mut column)?;
        let estimates = check.differences(j, n, &mut |x, out| Ok(functions.gradient(x, out)?))?;
        for i in 0..n {
            check.compare(format!("hessian[{i}][{j}]"), column[i], estimates[i]);
        }
    }
    Ok(())
}

/// An estimate with its error and the size of the values it was made from.
#[derive(Debug, Clone, Copy)]
struct Estimate {
    value: f64,
    error: f64,
}

type Values<'a> = dyn FnMut(&[f64], &mut [f64]) -> Result<(), SqpError> + 'a;

struct Check<'a> {
    report: DerivativeReport,
    x: &'a [f64],
}

impl Check<'_> {
    /// ∂/∂xⱼ of `count` values.
    fn differences(
        &mut self,
        j: usize,
        count: usize,
        values: &mut Values<'_>,
    ) -> Result<Vec<Estimate>, SqpError> {
        let mut x = self.x.to_vec();
        let (mut ahead, mut behind) = (vec![0.0; count], vec![0.0; count]);
        let mut best = vec![Estimate { value: f64::NAN, error: f64::INFINITY }; count];
        let mut last: Vec<Vec<f64>> = Vec::new();
        for k in 0..HALVINGS {
            let wanted = FIRST_STEP * self.x[j].abs().max(1.0) * libm::ldexp(1.0, -(2 * k as i32));
            x[j] = self.x[j] + wanted;
            let step = x[j] - self.x[j];
            values(&x, &mut ahead)?;
            x[j] = self.x[j] - step;
            values(&x, &mut behind)?;
            self.report.evaluations += 2;
            // Column 0 is the difference itself, each further one removes the next power of h².
            let mut table: Vec<Vec<f64>> =
                vec![ahead.iter().zip(&behind).map(|(a, b)| (a - b) / (2.0 * step)).collect()];
            let mut factor = 1.0;
            for (order, coarser) in last.iter().enumerate() {
                factor *= 16.0;
                let next: Vec<f64> =
                    (0..count).map(|i| (factor * table[order][i] - coarser[i]) / (factor - 1.0)).collect();
                for i in 0..count {
                    let error = (next[i] - table[order][i]).abs().max((next[i] - coarser[i]).abs());
                    let rounding = 4.0 * f64::EPSILON * ahead[i].abs().max(behind[i].abs()) / step;
                    if error.max(rounding) < best[i].error {
                        best[i] = Estimate { value: next[i], error: error.max(rounding) };
                    }
                }
                table.push(next);
            }
            last = table;
        }
        Ok(best)
    }

    fn compare(&mut self, entry: String, given: f64, estimate: Estimate) {
        self.report.checked += 1;
        let size = given.abs().max(estimate.value.abs());
        if !estimate.value.is_finite() || estimate.error > 0.1 * size.max(1e-3) {
            self.report.undecided += 1;
            return;
        }
        let difference = (given - estimate.value).abs();
        if difference.is_nan() || difference > allowed(estimate.error, size) {
            let (value, error) = (estimate.value, estimate.error);
            self.report.suspicious.push(SuspiciousEntry { entry, given, estimate: value, error });
        }
    }
}

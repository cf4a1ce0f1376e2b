//! A tool for whoever writes an objective: its gradient against differences, coordinate by coordinate.

use super::error::ObjectiveError;
use super::hessian::checked_dense;
use super::objective::{EvalOrder, OuterObjective};
use crate::numeric::sum::norm_two;
use crate::numeric::symmetric_eigen::SymmetricEigen;
use serde::{Deserialize, Serialize};

/// Gaps above this, and above this times max(|difference|, 1), mean that the gradient is wrong.
const GAP: f64 = 1e-3;
/// A Hessian with an eigenvalue below this in size is flat.
const FLAT: f64 = 1e-6;
/// Ratios are given for differences above this.
const SMALLEST_RATIO: f64 = 1e-12;

/// What the audit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AuditVerdict {
    /// The gradient is not that of the criterion.
    Desync,
    /// The gradient is right; the Hessian has an eigenvalue near zero.
    Flatness,
    /// Neither.
    Clean,
}

/// One coordinate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CoordinateAudit {
    /// The gradient's entry.
    pub analytic: f64,
    /// (F(θ + heᵢ) − F(θ − heᵢ))/2h.
    pub difference: f64,
    /// Their distance.
    pub gap: f64,
    /// analytic/difference, where the difference is above 1e-12.
    pub ratio: Option<f64>,
}

/// The audit of all coordinates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GradientAudit {
    /// What it says.
    pub verdict: AuditVerdict,
    /// Each coordinate (n).
    pub coordinates: Vec<CoordinateAudit>,
    /// The coordinate of the largest gap.
    pub worst: Option<usize>,
    /// 2-norm of the gradient in ρ.
    pub rho_gradient_norm: f64,
    /// 2-norm of the gradient in ψ.
    pub psi_gradient_norm: f64,
    /// Eigenvalues of the Hessian, ascending; none where there is none.
    pub hessian_eigenvalues: Option<Vec<f64>>,
}

/// Compares the gradient at θ with central differences of step h in every coordinate: one full evaluation and 2n values.
///
/// # Errors
/// The objective's own, at any of these points.
pub fn audit_gradient<O: OuterObjective + ?Sized>(
    objective: &mut O,
    theta: &[f64],
    h: f64,
) -> Result<GradientAudit, ObjectiveError> {
    let capability = objective.capability();
    let n = theta.len();
    let eval = objective.eval_with_order(theta, EvalOrder::ValueGradientHessian)?;
    if eval.gradient.len() != n {
        let text = format!("gradient: expected {n} numbers, received {}", eval.gradient.len());
        return Err(ObjectiveError::Recoverable(text));
    }
    let mut point = theta.to_vec();
    let mut coordinates = Vec::with_capacity(n);
    for i in 0..n {
        point[i] = theta[i] + h;
        let ahead = objective.eval_cost(&point)?;
        point[i] = theta[i] - h;
        let behind = objective.eval_cost(&point)?;
        point[i] = theta[i];
        let (analytic, difference) = (eval.gradient[i], (ahead - behind) / (2.0 * h));
        let ratio = (difference.abs() > SMALLEST_RATIO).then(|| analytic / difference);
        coordinates.push(CoordinateAudit { analytic, difference, gap: (analytic - difference).abs(), ratio });
    }
    let worst = (0..n).reduce(|a, b| if coordinates[b].gap > coordinates[a].gap { b } else { a });
    let desync = coordinates.iter().any(|c| !(c.gap <= GAP || c.gap <= GAP * c.difference.abs().max(1.0)));
    let hessian_eigenvalues = checked_dense(&eval.hessian, n)
        .ok()
        .and_then(|matrix| SymmetricEigen::new(&matrix, n))
        .map(|eigen| eigen.values);
    let flat = hessian_eigenvalues.iter().flatten().any(|value| value.abs() < FLAT);
    let verdict = match (desync, flat) {
        (true, _) => AuditVerdict::Desync,
        (false, true) => AuditVerdict::Flatness,
        (false, false) => AuditVerdict::Clean,
    };
    let (rho, psi) = eval.gradient.split_at(capability.rho_dim().min(n));
    Ok(GradientAudit {
        verdict,
        coordinates,
        worst,
        rho_gradient_norm: norm_two(rho),
        psi_gradient_norm: norm_two(psi),
        hessian_eigenvalues,
    })
}

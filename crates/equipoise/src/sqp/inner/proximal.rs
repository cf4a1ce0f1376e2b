//! The stabilised form: min ½dᵀBd + gᵀd − λ̄ᵀ(Ad − b) + ‖Ad − b‖²/(2μ) without rows, by conjugate gradients with Woodbury's
//! preconditioner; λ = λ̄ − (Ad − b)/μ.
//!
//! The rows hold to O(μ) only, unless λ̄ is the multiplier itself: this is an option for dependent rows, and off by default.
//!
//! Source: S. J. Wright, Comput. Optim. Appl. 11 (1998) 253–275.

use super::preconditioner::{Preconditioner, Woodbury};
use super::projected_cholesky::ProjectedCgCholesky;
use super::{InnerAnswer, InnerMethod, InnerProblem, InnerSettings, Product};
use crate::numeric::sum::{axpy, dot, max_abs};
use crate::sqp::functions::SqpError;

/// The method.
#[derive(Debug, Clone)]
pub struct Proximal {
    /// μ > 0.
    pub mu: f64,
    /// λ̄ (m).
    pub multipliers: Vec<f64>,
}

impl Proximal {
    /// μ = residual^τ between its limits, as the reference has it.
    pub fn weight(residual: f64, tau: f64, limits: (f64, f64)) -> f64 {
        libm::pow(residual, tau).max(limits.0).min(limits.1)
    }
}

impl InnerMethod for Proximal {
    fn solve(
        &self,
        problem: &InnerProblem<'_>,
        product: &mut Product<'_>,
        preconditioner: Option<&dyn Preconditioner>,
        settings: &InnerSettings,
    ) -> Result<InnerAnswer, SqpError> {
        let n = problem.gradient.len();
        let rows: Vec<&[f64]> = problem.rows.chunks_exact(n.max(1)).collect();
        let mut gradient = problem.gradient.to_vec();
        for ((row, b), multiplier) in rows.iter().zip(problem.right_side).zip(&self.multipliers) {
            axpy(-b / self.mu - multiplier, row, &mut gradient);
        }
        let mut stabilised = |v: &[f64], out: &mut [f64]| {
            product(v, out)?;
            rows.iter().for_each(|row| axpy(dot(row, v) / self.mu, row, out));
            Ok(())
        };
        let free = InnerProblem { gradient: &gradient, rows: &[], right_side: &[], fixed: problem.fixed };
        let woodbury = Woodbury::new(preconditioner, problem.rows, n, self.mu);
        let answer = ProjectedCgCholesky.solve(&free, &mut stabilised, Some(&woodbury), settings)?;
        let excess: Vec<f64> =
            rows.iter().zip(problem.right_side).map(|(row, b)| dot(row, &answer.d) - b).collect();
        let multipliers =
            self.multipliers.iter().zip(&excess).map(|(multiplier, e)| multiplier - e / self.mu).collect();
        Ok(InnerAnswer { multipliers, constraint_residual: max_abs(&excess), ..answer })
    }
}

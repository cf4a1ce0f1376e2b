//! The stabilised form: min ½dᵀBd + gᵀd − λ̄ᵀ(Ad − b) + ‖Ad − b‖²/(2μ) without these rows, by conjugate gradients with Woodbury's
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
    /// λ̄ of the rows that are stabilised: the first ones. The rest are met as they are.
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
        let count = self.multipliers.len();
        let (stabilised_rows, other_rows) = problem.rows.split_at(count * n);
        let rows: Vec<&[f64]> = stabilised_rows.chunks_exact(n.max(1)).collect();
        let mut gradient = problem.gradient.to_vec();
        for ((row, b), multiplier) in rows.iter().zip(problem.right_side).zip(&self.multipliers) {
            axpy(-b / self.mu - multiplier, row, &mut gradient);
        }
        let mut augmented = |v: &[f64], out: &mut [f64]| {
            product(v, out)?;
            rows.iter().for_each(|row| axpy(dot(row, v) / self.mu, row, out));
            Ok(())
        };
        let right_side = &problem.right_side[count..];
        let free = InnerProblem { gradient: &gradient, rows: other_rows, right_side, ..*problem };
        let woodbury = Woodbury::new(preconditioner, stabilised_rows, n, self.mu);
        let answer = ProjectedCgCholesky.solve(&free, &mut augmented, Some(&woodbury), settings)?;
        let excess: Vec<f64> =
            rows.iter().zip(problem.right_side).map(|(row, b)| dot(row, &answer.d) - b).collect();
        let stabilised = self.multipliers.iter().zip(&excess).map(|(multiplier, e)| multiplier - e / self.mu);
        let multipliers = stabilised.chain(answer.multipliers.iter().copied()).collect();
        let constraint_residual = max_abs(&excess).max(answer.constraint_residual);
        Ok(InnerAnswer { multipliers, constraint_residual, ..answer })
    }
}

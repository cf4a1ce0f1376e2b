//! Matrix-free solvers of the subproblem on a fixed working set:
//! min ½dᵀBd + gᵀd over A d = b, some variables held fixed, B known by its products alone.
//!
//! | module | method |
//! | --- | --- |
//! | [`projected_cholesky`] | projected conjugate gradients, projector from a Cholesky factor of AAᵀ |
//! | [`projected_craig`] | the same with CRAIG's method as projector: products with A and Aᵀ only |
//! | [`minres_qlp`] | MINRES-QLP on the saddle-point system |
//! | [`inexact_stcg`] | Heinkenschloss and Ridzal's conjugate gradients for inexact projections |
//! | [`proximal`] | the stabilised form: equalities by a penalty and a shift |
//! | [`preconditioner`] | limited-memory inverse in compact form, probed diagonal, Woodbury's form for the stabilised problem |
//!
//! Multipliers have the sign of Bd + g = Aᵀλ.

mod craig;
pub mod inexact_stcg;
pub mod minres_qlp;
pub mod preconditioner;
mod projected_cg;
pub mod projected_cholesky;
pub mod projected_craig;
mod projection;
pub mod proximal;
mod restricted;
#[cfg(test)]
mod test_problems;

use super::functions::SqpError;
use preconditioner::Preconditioner;

/// out ← Bv.
pub type Product<'a> = dyn FnMut(&[f64], &mut [f64]) -> Result<(), SqpError> + 'a;

/// The subproblem without B.
#[derive(Debug, Clone, Copy)]
pub struct InnerProblem<'a> {
    /// g (n).
    pub gradient: &'a [f64],
    /// A (m × n, row-major): the rows of the working set.
    pub rows: &'a [f64],
    /// b (m).
    pub right_side: &'a [f64],
    /// The value of each fixed variable (n), or nothing at all where none is fixed.
    pub fixed: &'a [Option<f64>],
    /// Where projected conjugate gradients start (n), brought to the rows; nothing at all means from 0.
    pub start: &'a [f64],
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InnerSettings {
    /// Residual relative to that of the start, or of 0 where a start is given.
    pub tolerance: f64,
    /// Iterations.
    pub iteration_limit: usize,
    /// Curvature pᵀBp below this part of ‖p‖² times the largest curvature met counts as none.
    pub curvature_floor: f64,
    /// Projected conjugate gradients end as at the limit where their rate so far promises more iterations than this.
    pub expected_limit: usize,
}

impl Default for InnerSettings {
    fn default() -> Self {
        Self { tolerance: 1e-10, iteration_limit: 200, curvature_floor: 1e-12, expected_limit: usize::MAX }
    }
}

/// How an inner solve ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InnerEnd {
    /// The residual is within the tolerance.
    Converged,
    /// The limit of iterations truncated it.
    IterationLimit,
    /// A direction without positive curvature was met; the answer has gone along it or stands before it.
    NegativeCurvature,
    /// The arithmetic broke down.
    Breakdown,
}

/// The answer with what diagnostics want to know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct InnerAnswer {
    /// d (n).
    pub d: Vec<f64>,
    /// λ (m).
    pub multipliers: Vec<f64>,
    /// How it ended.
    pub end: InnerEnd,
    /// Iterations.
    pub iterations: usize,
    /// Products with B.
    pub products: usize,
    /// ‖projected gradient at d‖ relative to that of the particular solution (0 where both vanish).
    pub residual_ratio: f64,
    /// max|Ad − b| over the free part.
    pub constraint_residual: f64,
    /// Corrections that brought d back onto A d = b.
    pub refinements: usize,
    /// ‖r₀‖ as an inexact method sees it; ∞ for the others.
    pub projected_gradient_norm: f64,
    /// A direction p with A p = 0 and pᵀBp ≤ 0, if one was met.
    pub negative_curvature: Option<Vec<f64>>,
}

impl InnerAnswer {
    /// True if curvature or the limit of iterations cut the solve short.
    pub fn is_truncated(&self) -> bool {
        matches!(self.end, InnerEnd::IterationLimit | InnerEnd::NegativeCurvature)
    }
}

/// A method.
pub trait InnerMethod {
    /// Solves.
    ///
    /// # Errors
    /// What a product with B reports.
    ///
    /// # Panics
    /// If a length does not fit.
    fn solve(
        &self,
        problem: &InnerProblem<'_>,
        product: &mut Product<'_>,
        preconditioner: Option<&dyn Preconditioner>,
        settings: &InnerSettings,
    ) -> Result<InnerAnswer, SqpError>;
}

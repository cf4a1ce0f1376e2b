//! Projected conjugate gradients with a Cholesky factor of AAᵀ as projector: for few rows.

use super::preconditioner::Preconditioner;
use super::projection::CholeskyProjection;
use super::{InnerAnswer, InnerMethod, InnerProblem, InnerSettings, Product, projected_cg};
use crate::sqp::functions::SqpError;

/// The method.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProjectedCgCholesky;

impl InnerMethod for ProjectedCgCholesky {
    fn solve(
        &self,
        problem: &InnerProblem<'_>,
        product: &mut Product<'_>,
        preconditioner: Option<&dyn Preconditioner>,
        settings: &InnerSettings,
    ) -> Result<InnerAnswer, SqpError> {
        let projection = |problem: &_| Box::new(CholeskyProjection::new(problem)) as Box<_>;
        projected_cg::solve(problem, product, preconditioner, settings, projection)
    }
}

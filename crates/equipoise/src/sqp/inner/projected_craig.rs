//! Projected conjugate gradients with CRAIG's method as projector: products with A and Aᵀ only.

use super::craig::CraigProjection;
use super::preconditioner::Preconditioner;
use super::{InnerAnswer, InnerMethod, InnerProblem, InnerSettings, Product, projected_cg};
use crate::sqp::functions::SqpError;

/// The method.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProjectedCgCraig;

impl InnerMethod for ProjectedCgCraig {
    fn solve(
        &self,
        problem: &InnerProblem<'_>,
        product: &mut Product<'_>,
        preconditioner: Option<&dyn Preconditioner>,
        settings: &InnerSettings,
    ) -> Result<InnerAnswer, SqpError> {
        let projection = |_: &_| Box::new(CraigProjection) as Box<_>;
        projected_cg::solve(problem, product, preconditioner, settings, projection)
    }
}

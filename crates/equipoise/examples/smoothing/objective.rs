//! The model as an objective of the outer search.

use super::inner::InnerFailure;
use super::penalized::PenalizedRegression;
use equipoise::outer::{
    DeclaredHessian, Derivative, EfsEval, EvalOrder, ObjectiveError, OuterCapability, OuterEval,
    OuterObjective,
};

/// What the search may ask for; it decides the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Gradient and Hessian: cubic regularisation.
    SecondOrder,
    /// The gradient: BFGS.
    FirstOrder,
    /// The Fellner–Schall step alone: the fixed point.
    FixedPoint,
}

/// A model that offers some of its derivatives.
pub struct SmoothingObjective<'a> {
    model: &'a PenalizedRegression,
    offer: Offer,
}

impl<'a> SmoothingObjective<'a> {
    pub fn new(model: &'a PenalizedRegression, offer: Offer) -> Self {
        Self { model, offer }
    }
}

/// Where the inner solve fails, the trial is infeasible and the search tries a shorter step.
fn rejected(failure: InnerFailure) -> ObjectiveError {
    ObjectiveError::Recoverable(failure.0)
}

impl OuterObjective for SmoothingObjective<'_> {
    fn capability(&self) -> OuterCapability {
        let mut capability = OuterCapability::new(self.model.num_penalties());
        match self.offer {
            Offer::SecondOrder => {
                capability.gradient = Derivative::Analytic;
                capability.hessian = DeclaredHessian::Dense;
            }
            Offer::FirstOrder => capability.gradient = Derivative::Analytic,
            Offer::FixedPoint => capability.fixed_point_available = true,
        }
        capability
    }

    fn eval_cost(&mut self, rho: &[f64]) -> Result<f64, ObjectiveError> {
        self.model.value(rho).map_err(rejected)
    }

    fn eval(&mut self, rho: &[f64]) -> Result<OuterEval, ObjectiveError> {
        let at = self.model.evaluate(rho).map_err(rejected)?;
        Ok(OuterEval { inner_beta: Some(at.beta), ..OuterEval::new(at.value, at.gradient) }
            .with_hessian(at.hessian))
    }

    fn eval_with_order(&mut self, rho: &[f64], order: EvalOrder) -> Result<OuterEval, ObjectiveError> {
        if order == EvalOrder::Value {
            return Ok(OuterEval::new(self.eval_cost(rho)?, vec![0.0; rho.len()]));
        }
        let mut eval = self.eval(rho)?;
        if order == EvalOrder::ValueAndGradient {
            eval.hessian = equipoise::outer::HessianForm::Unavailable;
        }
        Ok(eval)
    }

    fn eval_efs(&mut self, rho: &[f64]) -> Result<EfsEval, ObjectiveError> {
        let at = self.model.evaluate(rho).map_err(rejected)?;
        Ok(EfsEval { cost: at.value, steps: at.efs_step, inner_beta: Some(at.beta), ..EfsEval::default() })
    }
}

//! An objective as a fixed-point problem of `smooth`.

use super::barrier::BarrierConfig;
use super::bridge::or_rejected;
use super::evaluator::Evaluator;
use super::objective::{EfsEval, EvalOrder};
use crate::smooth::{BarrierState, FixedPoint, FixedPointEvaluation, HessianForm, HessianOperator};
use argmin::core::{CostFunction, Error};
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// The objective behind a shared reference.
pub(super) struct FixedPointBridge<'r, 'a> {
    pub evaluator: &'r RefCell<Evaluator<'a>>,
    pub barrier: Option<&'r BarrierConfig>,
    /// Whether derivatives may be asked for the border axes.
    pub has_gradient: bool,
    pub has_hessian: bool,
    /// The barrier at the last evaluation.
    pub state: Cell<BarrierState>,
}

impl FixedPointBridge<'_, '_> {
    /// Takes an evaluation that was made before the solver starts.
    pub fn note(&self, eval: &EfsEval) -> FixedPointEvaluation {
        self.state.set(self.barrier_state(eval));
        as_evaluation(eval)
    }

    fn barrier_state(&self, eval: &EfsEval) -> BarrierState {
        let Some(barrier) = self.barrier else { return BarrierState::Absent };
        let slacks = match (&eval.barrier_slacks, &eval.inner_beta) {
            (Some(slacks), _) => slacks.clone(),
            (None, Some(beta)) => barrier.slacks(beta),
            // Nothing is known of the coefficients: the guard cannot speak.
            (None, None) => return BarrierState::Harmless,
        };
        let reference = eval.inner_hessian_scale.unwrap_or(1.0);
        if barrier.is_significant(&slacks, reference, BarrierConfig::SIGNIFICANT) {
            BarrierState::Significant
        } else if barrier.is_locally_concentrated(
            &slacks,
            BarrierConfig::CONCENTRATED_RATIO,
            BarrierConfig::SATURATION,
        ) {
            BarrierState::Concentrated
        } else {
            BarrierState::Harmless
        }
    }
}

/// What the solver sees of an evaluation.
fn as_evaluation(eval: &EfsEval) -> FixedPointEvaluation {
    FixedPointEvaluation {
        value: eval.cost,
        step: eval.steps.clone(),
        psi_gradient: eval.psi_gradient.clone(),
        enclosure_gap: eval.logdet_enclosure_gap,
    }
}

impl CostFunction for FixedPointBridge<'_, '_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, theta: &Vec<f64>) -> Result<f64, Error> {
        let found = self.evaluator.borrow_mut().sample(theta, EvalOrder::Value);
        or_rejected(found.map(|eval| eval.cost), f64::INFINITY)
    }
}

impl FixedPoint for FixedPointBridge<'_, '_> {
    fn evaluate(&self, theta: &[f64]) -> Result<FixedPointEvaluation, Error> {
        let eval = self.evaluator.borrow_mut().fixed_point(theta).map_err(Error::new)?;
        Ok(self.note(&eval))
    }

    fn barrier(&self, _: &FixedPointEvaluation) -> BarrierState {
        self.state.get()
    }

    fn border_gradient(&self, theta: &[f64]) -> Result<Option<Vec<f64>>, Error> {
        if !self.has_gradient {
            return Ok(None);
        }
        let found = self.evaluator.borrow_mut().sample(theta, EvalOrder::ValueAndGradient);
        found.map(|eval| Some(eval.gradient)).map_err(Error::new)
    }

    fn border_hessian(&self, theta: &[f64]) -> Result<Option<Arc<dyn HessianOperator>>, Error> {
        if !self.has_hessian {
            return Ok(None);
        }
        let found = self.evaluator.borrow_mut().sample(theta, EvalOrder::ValueGradientHessian);
        Ok(match found.map_err(Error::new)?.hessian {
            HessianForm::Operator(operator) => Some(operator),
            _ => None,
        })
    }
}

//! An objective as argmin problems: what the solvers of `smooth` see.
//!
//! A trial that the objective rejects has the value +∞ (or a gradient that is not a number), so that the solver shortens its step. Every
//! other error ends the solver and comes out of argmin's error as the [`ObjectiveError`] that it was.

use super::error::ObjectiveError;
use super::evaluator::Evaluator;
use super::hessian::checked_dense;
use super::objective::EvalOrder;
use crate::smooth::HessianForm;
use argmin::core::{CostFunction, Error, Gradient, Hessian};
use std::cell::RefCell;

/// How much a trial evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trials {
    /// Value and gradient at every trial: the line search needs both.
    WithGradient,
    /// The value at every trial, derivatives where it was accepted.
    ValueFirst,
}

/// The objective behind a shared reference, as argmin wants it.
pub(super) struct Bridge<'r, 'a> {
    pub evaluator: &'r RefCell<Evaluator<'a>>,
    pub trials: Trials,
}

impl Bridge<'_, '_> {
    fn derivative_order(&self) -> EvalOrder {
        match self.trials {
            Trials::WithGradient => EvalOrder::ValueAndGradient,
            Trials::ValueFirst => EvalOrder::ValueGradientHessian,
        }
    }
}

/// A rejected trial becomes `rejected`; other errors go through argmin.
pub(super) fn or_rejected<T>(found: Result<T, ObjectiveError>, rejected: T) -> Result<T, Error> {
    match found {
        Ok(found) => Ok(found),
        Err(ObjectiveError::Recoverable(_)) => Ok(rejected),
        Err(error) => Err(Error::new(error)),
    }
}

impl CostFunction for Bridge<'_, '_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, theta: &Vec<f64>) -> Result<f64, Error> {
        let order = match self.trials {
            Trials::WithGradient => EvalOrder::ValueAndGradient,
            Trials::ValueFirst => EvalOrder::Value,
        };
        let found = self.evaluator.borrow_mut().sample(theta, order);
        or_rejected(found.map(|eval| eval.cost), f64::INFINITY)
    }
}

impl Gradient for Bridge<'_, '_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, theta: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let found = self.evaluator.borrow_mut().sample(theta, self.derivative_order());
        or_rejected(found.map(|eval| eval.gradient), vec![f64::NAN; theta.len()])
    }
}

impl Hessian for Bridge<'_, '_> {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;

    fn hessian(&self, theta: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        let n = theta.len();
        let eval =
            self.evaluator.borrow_mut().sample(theta, EvalOrder::ValueGradientHessian).map_err(Error::new)?;
        let dense =
            checked_dense(&eval.hessian, n).map_err(|fault| Error::new(RoutingFault(fault.to_string())))?;
        Ok(dense.chunks_exact(n.max(1)).map(<[f64]>::to_vec).collect())
    }
}

/// The objective gave another form of Hessian than at the seed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct RoutingFault(String);

/// The same with the Hessian in the objective's own form, for the matrix-free trust region.
pub(super) struct OperatorBridge<'r, 'a>(pub Bridge<'r, 'a>);

impl CostFunction for OperatorBridge<'_, '_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, theta: &Vec<f64>) -> Result<f64, Error> {
        self.0.cost(theta)
    }
}

impl Gradient for OperatorBridge<'_, '_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, theta: &Vec<f64>) -> Result<Vec<f64>, Error> {
        self.0.gradient(theta)
    }
}

impl Hessian for OperatorBridge<'_, '_> {
    type Param = Vec<f64>;
    type Hessian = HessianForm;

    fn hessian(&self, theta: &Vec<f64>) -> Result<HessianForm, Error> {
        let eval = self.0.evaluator.borrow_mut().sample(theta, EvalOrder::ValueGradientHessian);
        eval.map(|eval| eval.hessian).map_err(Error::new)
    }
}

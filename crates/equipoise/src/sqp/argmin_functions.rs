//! Functions of a problem from argmin's traits and one trait for constraints.

use argmin::core::{CostFunction, Gradient, Hessian};

use super::functions::{Functions, Provides, UserError};
use crate::error::InputError;

/// Jacobians of cₑ (mₑ × n) and of cᵢ (mᵢ × n), row-major.
pub type Jacobians = (Vec<f64>, Vec<f64>);

/// cₑ(x) = 0 and cᵢ(x) ≥ 0 beside argmin's `CostFunction` and `Gradient`.
pub trait Constraints {
    /// cₑ(x) (mₑ).
    ///
    /// # Errors
    /// The user's own.
    fn equalities(&self, x: &[f64]) -> Result<Vec<f64>, argmin::core::Error> {
        let _ = x;
        Ok(Vec::new())
    }

    /// cᵢ(x) (mᵢ).
    ///
    /// # Errors
    /// The user's own.
    fn inequalities(&self, x: &[f64]) -> Result<Vec<f64>, argmin::core::Error> {
        let _ = x;
        Ok(Vec::new())
    }

    /// Both Jacobians; `None` asks for differences.
    ///
    /// # Errors
    /// The user's own.
    fn jacobians(&self, x: &[f64]) -> Result<Option<Jacobians>, argmin::core::Error> {
        let _ = x;
        Ok(None)
    }
}

/// Wraps a problem that implements argmin's traits over `Vec<f64>` and [`Constraints`].
#[derive(Debug, Clone)]
pub struct ArgminFunctions<P> {
    problem: P,
    has_jacobians: bool,
}

impl<P> ArgminFunctions<P>
where
    P: CostFunction<Param = Vec<f64>, Output = f64>
        + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>
        + Constraints,
{
    /// `x0` is used to ask once whether there are Jacobians.
    ///
    /// # Errors
    /// The user's own.
    pub fn new(problem: P, x0: &[f64]) -> Result<Self, UserError> {
        let has_jacobians = problem.jacobians(x0)?.is_some();
        Ok(Self { problem, has_jacobians })
    }
}

/// The same with argmin's `Hessian` of the objective; constraints' second derivatives come from differences of their Jacobians.
#[derive(Debug, Clone)]
pub struct ArgminFunctionsWithHessian<P>(ArgminFunctions<P>);

impl<P> ArgminFunctionsWithHessian<P>
where
    P: CostFunction<Param = Vec<f64>, Output = f64>
        + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>
        + Hessian<Param = Vec<f64>, Hessian = Vec<Vec<f64>>>
        + Constraints,
{
    /// `x0` is used to ask once whether there are Jacobians.
    ///
    /// # Errors
    /// The user's own.
    pub fn new(problem: P, x0: &[f64]) -> Result<Self, UserError> {
        Ok(Self(ArgminFunctions::new(problem, x0)?))
    }
}

fn fill(path: &str, values: &[f64], out: &mut [f64]) -> Result<(), UserError> {
    if values.len() != out.len() {
        return Err(Box::new(InputError::length(path, out.len(), values.len())));
    }
    out.copy_from_slice(values);
    Ok(())
}

impl<P> Functions for ArgminFunctions<P>
where
    P: CostFunction<Param = Vec<f64>, Output = f64>
        + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>
        + Constraints,
{
    fn provides(&self) -> Provides {
        Provides { gradient: true, jacobian: self.has_jacobians, ..Provides::default() }
    }

    fn objective(&mut self, x: &[f64]) -> Result<f64, UserError> {
        Ok(self.problem.cost(&x.to_vec())?)
    }

    fn gradient(&mut self, x: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        fill("gradient", &self.problem.gradient(&x.to_vec())?, out)
    }

    fn constraints(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        fill("equalities", &self.problem.equalities(x)?, equalities)?;
        fill("inequalities", &self.problem.inequalities(x)?, inequalities)
    }

    fn jacobian(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        let (first, second) = self.problem.jacobians(x)?.unwrap_or_default();
        fill("equalityJacobian", &first, equalities)?;
        fill("inequalityJacobian", &second, inequalities)
    }
}

impl<P> Functions for ArgminFunctionsWithHessian<P>
where
    P: CostFunction<Param = Vec<f64>, Output = f64>
        + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>
        + Hessian<Param = Vec<f64>, Hessian = Vec<Vec<f64>>>
        + Constraints,
{
    fn provides(&self) -> Provides {
        Provides { objective_hessian_product: true, ..self.0.provides() }
    }

    fn objective(&mut self, x: &[f64]) -> Result<f64, UserError> {
        self.0.objective(x)
    }

    fn gradient(&mut self, x: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        self.0.gradient(x, out)
    }

    fn constraints(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        self.0.constraints(x, equalities, inequalities)
    }

    fn jacobian(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        self.0.jacobian(x, equalities, inequalities)
    }

    fn objective_hessian_product(&mut self, x: &[f64], v: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        let hessian = self.0.problem.hessian(&x.to_vec())?;
        let image: Vec<f64> = hessian.iter().map(|row| row.iter().zip(v).map(|(h, v)| h * v).sum()).collect();
        fill("hessian", &image, out)
    }
}

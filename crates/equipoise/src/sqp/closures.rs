//! Functions of a problem from closures.

use super::functions::{Functions, Provides, UserError};
use super::problem::SqpProblem;
use crate::error::InputError;

type Value = dyn FnMut(&[f64]) -> Result<f64, UserError>;
type Vector = dyn FnMut(&[f64]) -> Result<Vec<f64>, UserError>;
type Product = dyn FnMut(&[f64], &[f64]) -> Result<Vec<f64>, UserError>;
type WeightedProduct = dyn FnMut(&[f64], &[f64], &[f64]) -> Result<Vec<f64>, UserError>;

/// [`Functions`] from closures that return vectors, whose lengths are checked at every call.
///
/// ```
/// use equipoise::control::Control;
/// use equipoise::sqp::{Closures, SqpOptions, SqpProblem, minimize};
///
/// // min (x − 2)² + (y − 1)² over x² + y² ≤ 1
/// let problem = SqpProblem::new(vec![0.5, 0.5])?.with_constraints(0, 1);
/// let mut functions = Closures::new(&problem, |x| Ok((x[0] - 2.0).powi(2) + (x[1] - 1.0).powi(2)))
///     .gradient(|x| Ok(vec![2.0 * (x[0] - 2.0), 2.0 * (x[1] - 1.0)]))
///     .inequalities(|x| Ok(vec![1.0 - x[0] * x[0] - x[1] * x[1]]))
///     .inequality_jacobian(|x| Ok(vec![-2.0 * x[0], -2.0 * x[1]]));
/// let result = minimize(&problem, &mut functions, &SqpOptions::default(), None, &Control::default())?;
/// assert_eq!(result.status.as_str(), "converged");
/// assert!((result.x[0] - 2.0 / 5f64.sqrt()).abs() < 1e-7);
/// # Ok::<(), equipoise::sqp::SqpError>(())
/// ```
pub struct Closures {
    n: usize,
    sizes: (usize, usize),
    objective: Box<Value>,
    gradient: Option<Box<Vector>>,
    constraints: (Option<Box<Vector>>, Option<Box<Vector>>),
    jacobians: (Option<Box<Vector>>, Option<Box<Vector>>),
    objective_product: Option<Box<Product>>,
    constraint_product: Option<Box<WeightedProduct>>,
    linear: bool,
}

impl Closures {
    /// f(x) for a problem of these sizes.
    pub fn new(
        problem: &SqpProblem,
        objective: impl FnMut(&[f64]) -> Result<f64, UserError> + 'static,
    ) -> Self {
        Self {
            n: problem.num_variables(),
            sizes: (problem.num_equalities(), problem.num_inequalities()),
            objective: Box::new(objective),
            gradient: None,
            constraints: (None, None),
            jacobians: (None, None),
            objective_product: None,
            constraint_product: None,
            linear: false,
        }
    }

    /// ∇f(x) (n).
    pub fn gradient(mut self, f: impl FnMut(&[f64]) -> Result<Vec<f64>, UserError> + 'static) -> Self {
        self.gradient = Some(Box::new(f));
        self
    }

    /// cₑ(x) (mₑ).
    pub fn equalities(mut self, f: impl FnMut(&[f64]) -> Result<Vec<f64>, UserError> + 'static) -> Self {
        self.constraints.0 = Some(Box::new(f));
        self
    }

    /// cᵢ(x) (mᵢ).
    pub fn inequalities(mut self, f: impl FnMut(&[f64]) -> Result<Vec<f64>, UserError> + 'static) -> Self {
        self.constraints.1 = Some(Box::new(f));
        self
    }

    /// Jacobian of cₑ (mₑ × n, row-major). Both Jacobians are needed where there are both kinds of constraints, else differences
    /// are taken.
    pub fn equality_jacobian(
        mut self,
        f: impl FnMut(&[f64]) -> Result<Vec<f64>, UserError> + 'static,
    ) -> Self {
        self.jacobians.0 = Some(Box::new(f));
        self
    }

    /// Jacobian of cᵢ (mᵢ × n, row-major).
    pub fn inequality_jacobian(
        mut self,
        f: impl FnMut(&[f64]) -> Result<Vec<f64>, UserError> + 'static,
    ) -> Self {
        self.jacobians.1 = Some(Box::new(f));
        self
    }

    /// ∇²f(x)·v (n), called as `(x, v)`.
    pub fn hessian_product(
        mut self,
        f: impl FnMut(&[f64], &[f64]) -> Result<Vec<f64>, UserError> + 'static,
    ) -> Self {
        self.objective_product = Some(Box::new(f));
        self
    }

    /// Σ wᵢ∇²cᵢ(x)·v (n), called as `(x, weights, v)` with the equalities' weights first.
    pub fn constraint_hessian_product(
        mut self,
        f: impl FnMut(&[f64], &[f64], &[f64]) -> Result<Vec<f64>, UserError> + 'static,
    ) -> Self {
        self.constraint_product = Some(Box::new(f));
        self
    }

    /// Says that all constraints are affine.
    pub fn linear_constraints(mut self) -> Self {
        self.linear = true;
        self
    }
}

/// Copies a vector of the right length.
fn fill(path: &str, values: Vec<f64>, out: &mut [f64]) -> Result<(), UserError> {
    if values.len() != out.len() {
        return Err(Box::new(InputError::length(path, out.len(), values.len())));
    }
    out.copy_from_slice(&values);
    Ok(())
}

/// Calls one closure of a pair, if its part is not empty.
fn part(path: &str, f: &mut Option<Box<Vector>>, x: &[f64], out: &mut [f64]) -> Result<(), UserError> {
    match f {
        _ if out.is_empty() => Ok(()),
        Some(f) => fill(path, f(x)?, out),
        None => Err(Box::new(InputError::length(path, out.len(), 0))),
    }
}

impl Functions for Closures {
    fn provides(&self) -> Provides {
        let covered = |count: usize, f: &Option<Box<Vector>>| count == 0 || f.is_some();
        Provides {
            gradient: self.gradient.is_some(),
            jacobian: covered(self.sizes.0, &self.jacobians.0) && covered(self.sizes.1, &self.jacobians.1),
            objective_hessian_product: self.objective_product.is_some(),
            constraint_hessian_product: self.constraint_product.is_some(),
            linear_constraints: self.linear,
        }
    }

    fn objective(&mut self, x: &[f64]) -> Result<f64, UserError> {
        (self.objective)(x)
    }

    fn gradient(&mut self, x: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        part("gradient", &mut self.gradient, x, out)
    }

    fn constraints(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        part("equalities", &mut self.constraints.0, x, equalities)?;
        part("inequalities", &mut self.constraints.1, x, inequalities)
    }

    fn jacobian(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        part("equalityJacobian", &mut self.jacobians.0, x, equalities)?;
        part("inequalityJacobian", &mut self.jacobians.1, x, inequalities)
    }

    fn objective_hessian_product(&mut self, x: &[f64], v: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        match &mut self.objective_product {
            Some(f) => fill("hessianProduct", f(x, v)?, out),
            None => Err(Box::new(InputError::length("hessianProduct", self.n, 0))),
        }
    }

    fn constraint_hessian_product(
        &mut self,
        x: &[f64],
        weights: &[f64],
        v: &[f64],
        out: &mut [f64],
    ) -> Result<(), UserError> {
        match &mut self.constraint_product {
            Some(f) => fill("constraintHessianProduct", f(x, weights, v)?, out),
            None => Err(Box::new(InputError::length("constraintHessianProduct", self.n, 0))),
        }
    }
}

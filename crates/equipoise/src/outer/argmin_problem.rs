//! Problems written for argmin, accepted as they are.

use super::capability::{DeclaredHessian, Derivative, OuterCapability};
use super::error::ObjectiveError;
use super::objective::{EvalOrder, OuterEval, OuterObjective};
use argmin::core::{CostFunction, Error, Gradient, Hessian};

type Function<P, T> = fn(&P, &Vec<f64>) -> Result<T, Error>;

/// Where the gradient comes from.
enum Slope<P> {
    Analytic(Function<P, Vec<f64>>),
    Differences,
}

/// A problem over `Vec<f64>` that implements argmin's [`CostFunction`], with [`Gradient`] and [`Hessian`] (n rows of n) where it has them. An
/// error of the problem rejects the trial, unless it is an [`ObjectiveError`] inside argmin's error, which counts as itself.
///
/// ```
/// use argmin::core::{CostFunction, Error};
/// use equipoise::control::Control;
/// use equipoise::outer::{ArgminObjective, OuterProblem};
///
/// struct Valley;
/// impl CostFunction for Valley {
///     type Param = Vec<f64>;
///     type Output = f64;
///     fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
///         Ok(100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2))
///     }
/// }
///
/// let problem = OuterProblem::new(2).with_initial_rho(vec![-1.2, 1.0]);
/// let result = problem.run(&mut ArgminObjective::by_differences(Valley, 2), "", &Control::default())?;
/// assert!(result.converged && (result.rho[0] - 1.0).abs() < 1e-3);
/// # Ok::<(), equipoise::outer::OuterError>(())
/// ```
pub struct ArgminObjective<P> {
    problem: P,
    n_params: usize,
    cost: Function<P, f64>,
    gradient: Slope<P>,
    hessian: Option<Function<P, Vec<Vec<f64>>>>,
}

impl<P: CostFunction<Param = Vec<f64>, Output = f64>> ArgminObjective<P> {
    /// A problem of n parameters that has values only: the gradient is taken by central differences, 2n values each, with steps
    /// ε^{1/3}(1 + |θᵢ|). They may leave the bounds by that much.
    pub fn by_differences(problem: P, n_params: usize) -> Self {
        Self { problem, n_params, cost: P::cost, gradient: Slope::Differences, hessian: None }
    }
}

impl<P> ArgminObjective<P>
where
    P: CostFunction<Param = Vec<f64>, Output = f64> + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>,
{
    /// A problem of n parameters with a gradient.
    pub fn with_gradient(problem: P, n_params: usize) -> Self {
        Self { problem, n_params, cost: P::cost, gradient: Slope::Analytic(P::gradient), hessian: None }
    }
}

impl<P> ArgminObjective<P>
where
    P: CostFunction<Param = Vec<f64>, Output = f64>
        + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>
        + Hessian<Param = Vec<f64>, Hessian = Vec<Vec<f64>>>,
{
    /// A problem of n parameters with a gradient and a dense Hessian.
    pub fn with_hessian(problem: P, n_params: usize) -> Self {
        let hessian = Some(P::hessian as Function<P, Vec<Vec<f64>>>);
        Self { problem, n_params, cost: P::cost, gradient: Slope::Analytic(P::gradient), hessian }
    }
}

impl<P> ArgminObjective<P> {
    /// The problem, given back.
    pub fn into_inner(self) -> P {
        self.problem
    }

    fn gradient(&self, theta: &Vec<f64>) -> Result<Vec<f64>, ObjectiveError> {
        let Slope::Analytic(gradient) = self.gradient else { return self.differences(theta) };
        gradient(&self.problem, theta).map_err(as_objective_error)
    }

    fn differences(&self, theta: &[f64]) -> Result<Vec<f64>, ObjectiveError> {
        let mut point = theta.to_vec();
        let mut gradient = Vec::with_capacity(theta.len());
        for i in 0..theta.len() {
            let step = libm::cbrt(f64::EPSILON) * (1.0 + theta[i].abs());
            let mut value = |x: f64| {
                point[i] = x;
                (self.cost)(&self.problem, &point).map_err(as_objective_error)
            };
            let (ahead, behind) = (value(theta[i] + step)?, value(theta[i] - step)?);
            point[i] = theta[i];
            gradient.push((ahead - behind) / (2.0 * step));
        }
        Ok(gradient)
    }
}

fn as_objective_error(error: Error) -> ObjectiveError {
    match error.downcast::<ObjectiveError>() {
        Ok(error) => error,
        Err(other) => ObjectiveError::Recoverable(other.to_string()),
    }
}

impl<P> OuterObjective for ArgminObjective<P> {
    fn capability(&self) -> OuterCapability {
        let hessian =
            if self.hessian.is_some() { DeclaredHessian::Dense } else { DeclaredHessian::Unavailable };
        OuterCapability { gradient: Derivative::Analytic, hessian, ..OuterCapability::new(self.n_params) }
    }

    fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        (self.cost)(&self.problem, &theta.to_vec()).map_err(as_objective_error)
    }

    fn eval(&mut self, theta: &[f64]) -> Result<OuterEval, ObjectiveError> {
        self.eval_with_order(theta, EvalOrder::ValueGradientHessian)
    }

    fn eval_with_order(&mut self, theta: &[f64], order: EvalOrder) -> Result<OuterEval, ObjectiveError> {
        let theta = theta.to_vec();
        let cost = self.eval_cost(&theta)?;
        if order == EvalOrder::Value || !cost.is_finite() {
            return Ok(OuterEval::new(cost, vec![0.0; theta.len()]));
        }
        let eval = OuterEval::new(cost, self.gradient(&theta)?);
        match self.hessian {
            Some(hessian) if order == EvalOrder::ValueGradientHessian => {
                let rows = hessian(&self.problem, &theta).map_err(as_objective_error)?;
                Ok(eval.with_hessian(rows.into_iter().flatten().collect()))
            }
            _ => Ok(eval),
        }
    }
}

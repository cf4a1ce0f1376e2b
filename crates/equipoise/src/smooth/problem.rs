//! What the solvers ask of a problem, and the first sample of a run.

use super::SmoothError;
use super::bounds::Bounds;
use crate::numeric::sum::max_abs;
use argmin::core::{CostFunction, Error, Gradient, IterState, Problem};

/// Problems with a value and a gradient.
pub(super) trait Smooth:
    CostFunction<Param = Vec<f64>, Output = f64> + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>
{
}

impl<O> Smooth for O where
    O: CostFunction<Param = Vec<f64>, Output = f64> + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>
{
}

/// ∇f(x), of the right length.
pub(super) fn gradient<O: Smooth>(problem: &mut Problem<O>, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
    let gradient = problem.gradient(x)?;
    if gradient.len() != x.len() {
        return Err(SmoothError::GradientLength { expected: x.len(), received: gradient.len() }.into());
    }
    Ok(gradient)
}

/// f and its gradient at a point; no gradient is asked for where f is not finite or not `wanted`.
pub(super) fn evaluate<O: Smooth>(
    problem: &mut Problem<O>,
    x: &Vec<f64>,
    wanted: &dyn Fn(f64) -> bool,
) -> Result<(f64, Option<Vec<f64>>), Error> {
    let value = problem.cost(x)?;
    if !value.is_finite() || !wanted(value) {
        return Ok((value, None));
    }
    Ok((value, Some(gradient(problem, x)?)))
}

/// The first point of a run with its sample.
pub(super) struct FirstSample {
    /// x, in the box.
    pub x: Vec<f64>,
    pub value: f64,
    /// None where the value or the gradient is not finite.
    pub gradient: Option<Vec<f64>>,
    /// Whether the state's own sample was taken: its Hessian then belongs to x too.
    pub from_state: bool,
}

/// Takes the start from the state. If the state carries a finite value and a gradient and its point lies in the box, they are the first
/// sample; else the problem is evaluated at the clipped point.
pub(super) fn first_sample<O: Smooth, H>(
    problem: &mut Problem<O>,
    bounds: &Bounds,
    state: &mut IterState<Vec<f64>, Vec<f64>, (), H, (), f64>,
) -> Result<FirstSample, Error> {
    let given = state.take_param();
    let x = bounds.start(given.clone())?;
    let known = state.take_gradient().filter(|g| g.len() == x.len() && max_abs(g).is_finite());
    let value = state.get_cost();
    if let (Some(gradient), true) = (known, value.is_finite() && given.as_ref() == Some(&x)) {
        return Ok(FirstSample { x, value, gradient: Some(gradient), from_state: true });
    }
    let (value, gradient) = evaluate(problem, &x, &|_| true)?;
    let gradient = gradient.filter(|gradient| max_abs(gradient).is_finite());
    Ok(FirstSample { x, value, gradient, from_state: false })
}

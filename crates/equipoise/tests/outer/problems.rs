//! Objectives for the tests.

use equipoise::outer::{
    DeclaredHessian, Derivative, EvalOrder, ObjectiveError, OuterCapability, OuterEval, OuterEvent,
    OuterObjective, OuterProblem,
};
use std::sync::{Arc, Mutex};

/// What was asked of an objective, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    Value(Vec<f64>),
    Order(Vec<f64>, EvalOrder),
    Reset,
    Finalize(Vec<f64>),
    Probing(bool),
}

/// Σ (θᵢ − cᵢ)², with a value centre and a gradient centre of their own.
pub struct Quadratic {
    pub value_center: Vec<f64>,
    pub gradient_center: Vec<f64>,
    pub hessian: DeclaredHessian,
    pub calls: Vec<Call>,
}

impl Quadratic {
    pub fn honest(center: &[f64]) -> Self {
        Self::with_centers(center, center)
    }

    pub fn with_centers(value: &[f64], gradient: &[f64]) -> Self {
        Self {
            value_center: value.to_vec(),
            gradient_center: gradient.to_vec(),
            hessian: DeclaredHessian::Unavailable,
            calls: Vec::new(),
        }
    }

    fn value(&self, theta: &[f64]) -> f64 {
        theta.iter().zip(&self.value_center).map(|(t, c)| (t - c) * (t - c)).sum()
    }
}

impl OuterObjective for Quadratic {
    fn capability(&self) -> OuterCapability {
        OuterCapability {
            gradient: Derivative::Analytic,
            hessian: self.hessian,
            ..OuterCapability::new(self.value_center.len())
        }
    }

    fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        self.calls.push(Call::Value(theta.to_vec()));
        Ok(self.value(theta))
    }

    fn eval_with_order(&mut self, theta: &[f64], order: EvalOrder) -> Result<OuterEval, ObjectiveError> {
        if order == EvalOrder::Value {
            return Ok(OuterEval::new(self.eval_cost(theta)?, vec![0.0; theta.len()]));
        }
        self.calls.push(Call::Order(theta.to_vec(), order));
        let gradient = theta.iter().zip(&self.gradient_center).map(|(t, c)| 2.0 * (t - c)).collect();
        let eval = OuterEval::new(self.value(theta), gradient);
        if order == EvalOrder::ValueGradientHessian && self.hessian == DeclaredHessian::Dense {
            let n = theta.len();
            let diagonal = (0..n * n).map(|k| if k / n == k % n { 2.0 } else { 0.0 }).collect();
            return Ok(eval.with_hessian(diagonal));
        }
        Ok(eval)
    }

    fn reset(&mut self) {
        self.calls.push(Call::Reset);
    }

    fn set_probing(&mut self, probing: bool) {
        self.calls.push(Call::Probing(probing));
    }

    fn finalize_outer_result(
        &mut self,
        theta: &[f64],
        _: &equipoise::outer::OuterPlan,
    ) -> Result<(), ObjectiveError> {
        self.calls.push(Call::Finalize(theta.to_vec()));
        Ok(())
    }
}

/// A problem that keeps its events.
pub fn recorded(problem: OuterProblem) -> (OuterProblem, Arc<Mutex<Vec<OuterEvent>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&events);
    (problem.with_observer(move |event| sink.lock().unwrap().push(event.clone())), events)
}

/// Rosenbrock's valley with derivatives of every order.
pub fn rosenbrock(theta: &[f64]) -> OuterEval {
    let (x, y) = (theta[0], theta[1]);
    let t = y - x * x;
    let gradient = vec![-400.0 * x * t - 2.0 * (1.0 - x), 200.0 * t];
    let hessian = vec![1200.0 * x * x - 400.0 * y + 2.0, -400.0 * x, -400.0 * x, 200.0];
    OuterEval::new(100.0 * t * t + (1.0 - x) * (1.0 - x), gradient).with_hessian(hessian)
}

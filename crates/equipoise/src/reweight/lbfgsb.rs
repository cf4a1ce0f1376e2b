//! The primal rung: projected limited-memory BFGS on the multipliers with the analytic gradient, under argmin's executor.
//!
//! Minimises P(m)/L₀. This is the method that the national projects used first (SciPy's L-BFGS-B); it stays for comparison
//! and as a rung: its stop test is on the projected gradient, which says little about the multipliers where λ is tiny.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{CostFunction, Error, Executor, Gradient, KV, State};

use super::penalty::PenaltyForm;
use super::solve::RungOutcome;
use crate::control::{Control, IterationRecord};
use crate::numeric::sum::dot;
use crate::smooth::SmoothState;
use crate::smooth::{Lbfgsb, SmoothStop};
use crate::status::Status;

/// The search ends once maxᵢ |mᵢ − clip(mᵢ − gᵢ)| ≤ this, g the gradient of P/L₀.
const GRADIENT_TOLERANCE: f64 = 1e-12;

/// P(m)/L₀ in plain doubles.
struct ScaledObjective<'f, 'p> {
    form: &'f PenaltyForm<'p>,
    c: Vec<f64>,
    inverse_scale: Vec<f64>,
    inverse_loss: f64,
    /// The point of the last cost and its misses: the gradient is asked for at the same point.
    last: RefCell<(Vec<f64>, Vec<f64>)>,
}

impl<'f, 'p> ScaledObjective<'f, 'p> {
    fn new(form: &'f PenaltyForm<'p>) -> Self {
        let moments = form.moments;
        Self {
            form,
            c: moments.c.iter().map(|c| c.to_f64()).collect(),
            inverse_scale: moments.scale.iter().map(|s| 1.0 / s.to_f64()).collect(),
            inverse_loss: 1.0 / moments.initial_loss.to_f64(),
            last: RefCell::default(),
        }
    }

    /// r = Bᵀm − c
    fn misses(&self, multipliers: &[f64]) -> Vec<f64> {
        let weights = &self.form.problem.design_weights;
        let weighted: Vec<f64> = multipliers.iter().zip(weights).map(|(m, w)| m * w).collect();
        let mut misses = vec![0.0; self.c.len()];
        self.form.problem.matrix.transposed_times(&weighted, &mut misses, self.form.workers);
        for (j, r) in misses.iter_mut().enumerate() {
            *r = *r * self.inverse_scale[j] - self.c[j];
        }
        misses
    }
}

impl CostFunction for ScaledObjective<'_, '_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, multipliers: &Vec<f64>) -> Result<f64, Error> {
        let misses = self.misses(multipliers);
        let partial = self.form.workers.map_chunks(multipliers.len(), |range| {
            range.map(|i| self.form.lambda(i) * (multipliers[i] - 1.0) * (multipliers[i] - 1.0)).sum::<f64>()
        });
        let objective = dot(&misses, &misses) + partial.iter().sum::<f64>();
        self.last.replace((multipliers.clone(), misses));
        Ok(objective * self.inverse_loss)
    }
}

impl Gradient for ScaledObjective<'_, '_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, multipliers: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let form = self.form;
        let last = self.last.borrow();
        let misses = if last.0 == *multipliers { last.1.clone() } else { self.misses(multipliers) };
        let v: Vec<f64> = misses.iter().zip(&self.inverse_scale).map(|(r, s)| r * s).collect();
        let inverse_loss = self.inverse_loss;
        let mut gradient = vec![0.0; multipliers.len()];
        form.problem.matrix.times(&v, &mut gradient, form.workers);
        form.workers.fill(&mut gradient, |start, chunk| {
            for (offset, g) in chunk.iter_mut().enumerate() {
                let i = start + offset;
                let loss = form.problem.design_weights[i] * *g;
                *g = 2.0 * inverse_loss * (loss + form.lambda(i) * (multipliers[i] - 1.0));
            }
        });
        Ok(gradient)
    }
}

pub(super) fn solve(
    form: &PenaltyForm<'_>,
    start: Vec<f64>,
    iteration_limit: u32,
    control: &Control,
) -> RungOutcome {
    let n = start.len();
    let (lower, upper) = (0..n).map(|i| form.problem.bounds.of(i)).unzip();
    let progress = Progress { control: control.clone(), history: Arc::default() };
    let history = Arc::clone(&progress.history);
    let stop = control.clone();
    let solver = Lbfgsb::new(lower, upper)
        .expect("the problem's bounds are validated")
        .gradient_tolerance(GRADIENT_TOLERANCE)
        .stop_when(Arc::new(move || stop.must_stop()));
    let run = Executor::new(ScaledObjective::new(form), solver)
        .configure(|state| state.param(start.clone()).max_iters(u64::from(iteration_limit)))
        .add_observer(progress, ObserverMode::Always)
        .run();
    let history = std::mem::take(&mut *history.lock().unwrap_or_else(PoisonError::into_inner));
    match run {
        Ok(mut result) => {
            let (end, message) = describe(result.solver.stop());
            RungOutcome {
                multipliers: result.state.take_best_param().unwrap_or(start),
                end,
                message,
                iterations: result.state.get_iter() as u32,
                history,
            }
        }
        // The objective never fails, so that this is an error of the frame itself.
        Err(error) => RungOutcome {
            multipliers: start,
            end: Status::NumericalFailure,
            message: error.to_string(),
            iterations: 0,
            history,
        },
    }
}

fn describe(stop: SmoothStop) -> (Status, String) {
    match stop {
        SmoothStop::Stationary { norm, tolerance } => (
            Status::NotCertified,
            format!(
                "the projected gradient of the objective over L₀, {norm:.1e}, is at most {tolerance:.1e}"
            ),
        ),
        SmoothStop::FunctionStalled { change, limit } => {
            (Status::NotCertified, format!("the objective changed by {change:.1e}, at most {limit:.1e}"))
        }
        SmoothStop::RoundingLimit { norm, iterations, .. } => (
            Status::NotCertified,
            format!("no progress beyond rounding in {iterations} steps (projected gradient {norm:.1e})"),
        ),
        SmoothStop::LineSearchFailed => {
            (Status::NotCertified, "no step decreases the objective beyond its rounding error".into())
        }
        SmoothStop::Cancelled => (Status::Cancelled, "cancelled, or out of time".into()),
        SmoothStop::NotFinite => {
            (Status::NumericalFailure, "the objective or its gradient is not finite".into())
        }
        SmoothStop::IterationLimit | SmoothStop::TargetCost | SmoothStop::Running => {
            (Status::IterationLimit, "the iteration limit was reached".into())
        }
        // Ends of the other solvers only.
        other => (Status::NumericalFailure, format!("{other:?}")),
    }
}

/// Turns argmin's iterations into records.
struct Progress {
    control: Control,
    history: Arc<Mutex<Vec<IterationRecord>>>,
}

impl Observe<SmoothState> for Progress {
    fn observe_iter(&mut self, state: &SmoothState, kv: &KV) -> Result<(), Error> {
        let residual = kv.get("projected_gradient").and_then(|v| v.get_float()).unwrap_or(f64::NAN);
        let record = IterationRecord {
            method: "lbfgsb".into(),
            iteration: state.get_iter() as u32,
            residual,
            objective: Some(state.get_cost()),
            step_length: 1.0,
            num_free: 0,
            num_changed: 0,
        };
        self.control.report(&record);
        self.history.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        Ok(())
    }
}

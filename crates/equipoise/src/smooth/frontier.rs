//! Fellner–Schall steps of many coordinates at once, each on its own, with an optional coupled border.
//!
//! Meant for at least [`FRONTIER_COORDINATES`] coordinates: time per iteration and memory are linear in their number.

use super::bounds::Bounds;
use super::fixed_point::{FixedPoint, FixedPointEvaluation};
use super::fixed_point_iteration::{backtrack, check_lengths};
use super::quasi_newton::{SmoothState, StopHook, make_best};
use super::{SmoothError, SmoothStop};
use crate::numeric::cholesky::Cholesky;
use crate::numeric::parallel::Workers;
use argmin::core::{CostFunction, Error, KV, Problem, Solver, State, TerminationReason, TerminationStatus};
use argmin::kv;
use std::fmt;
use std::sync::Arc;

/// From this many coordinates on the per-coordinate iteration is meant to be used.
pub const FRONTIER_COORDINATES: usize = 64;

/// No step of one coordinate is longer.
const LARGEST_STEP: f64 = 5.0;
/// Below this a tolerance means nothing for logarithms.
const SMALLEST_TOLERANCE: f64 = 1e-12;
/// The border is left alone where its gradient is below this.
const SMALLEST_BORDER_GRADIENT: f64 = 1e-12;
/// Ridge of the border's system relative to its mean diagonal entry.
const BORDER_RIDGE: f64 = 1e-8;
/// h of the differences where the border has no Hessian.
const DIFFERENCE_STEP: f64 = 1e-4;

/// Follows the steps of a [`FixedPoint`] problem within lower ≤ x ≤ upper, coordinate by coordinate.
///
/// In each iteration a step is clamped to ±5 (one that is not finite counts as 0), the axes of the border get a joint Newton step
/// where the problem has their gradient, and the whole is taken at the largest of the fractions 1, 1/2, …, 2⁻⁸ at which f does not rise.
///
/// A run ends as [`SmoothStop::StepStationary`] if maxᵢ |P(x + s)ᵢ − xᵢ| ≤ t = max(tolerance, 1e-12) — the *projected* step, so that a
/// coordinate at its bound does not keep the run going — and the enclosure gap, where one is reported, is at most t. It ends as
/// [`SmoothStop::LineSearchFailed`] if no fraction of the step will do, and as [`SmoothStop::EnclosureOpen`] if only the gap is in the
/// way and x cannot move any more.
pub struct Frontier {
    bounds: Bounds,
    tolerance: f64,
    border: Vec<usize>,
    stop_when: Option<StopHook>,
    stop: SmoothStop,
    num_iterations: u64,
    step_norm: f64,
    ignored_steps: u64,
    evaluation: FixedPointEvaluation,
}

impl Frontier {
    /// A solver for lower ≤ x ≤ upper with the default options. Both vectors have length n; a bound may be infinite, and equal bounds
    /// fix a variable.
    ///
    /// # Errors
    /// [`SmoothError`] if the lengths differ, a bound is NaN, or a lower bound exceeds its upper bound.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, SmoothError> {
        Ok(Self {
            bounds: Bounds::new(lower, upper)?,
            tolerance: 1e-5,
            border: Vec::new(),
            stop_when: None,
            stop: SmoothStop::Running,
            num_iterations: 0,
            step_norm: f64::INFINITY,
            ignored_steps: 0,
            evaluation: FixedPointEvaluation::default(),
        })
    }

    /// Largest projected step of a converged run, > 0; 1e-5 by default.
    #[must_use]
    pub fn step_tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Axes that are coupled with one another and step together, none by default. Order and repetition do not matter.
    ///
    /// # Errors
    /// [`SmoothError::CoordinateIndex`] for the first axis that is out of range.
    pub fn border(mut self, axes: &[usize]) -> Result<Self, SmoothError> {
        let dimension = self.bounds.len();
        if let Some(&index) = axes.iter().find(|&&axis| axis >= dimension) {
            return Err(SmoothError::CoordinateIndex { name: "border", index, dimension });
        }
        self.border = axes.to_vec();
        self.border.sort_unstable();
        self.border.dedup();
        Ok(self)
    }

    /// The border's axes, ascending.
    pub fn border_axes(&self) -> &[usize] {
        &self.border
    }

    /// Ends the run once `hook` returns true. It is asked once per iteration.
    #[must_use]
    pub fn stop_when(mut self, hook: Arc<dyn Fn() -> bool + Send + Sync>) -> Self {
        self.stop_when = Some(hook);
        self
    }

    /// What ended the run.
    pub fn stop(&self) -> SmoothStop {
        self.stop
    }

    /// Number of steps taken.
    pub fn num_iterations(&self) -> u64 {
        self.num_iterations
    }

    /// maxᵢ |P(x + s)ᵢ − xᵢ| at the current point; infinite before a run.
    pub fn step_norm(&self) -> f64 {
        self.step_norm
    }

    /// How many single steps were not finite and counted as 0.
    pub fn ignored_steps(&self) -> u64 {
        self.ignored_steps
    }

    /// t
    fn smallest_step(&self) -> f64 {
        self.tolerance.max(SMALLEST_TOLERANCE)
    }

    /// Takes the evaluation at x, clamps its steps and lets the border step together.
    fn take<O>(&mut self, problem: &mut Problem<O>, x: &[f64]) -> Result<Option<SmoothStop>, Error>
    where
        O: CostFunction<Param = Vec<f64>, Output = f64> + FixedPoint,
    {
        let evaluation = problem.problem("fixed_point_count", |problem| problem.evaluate(x))?;
        check_lengths(&evaluation, x.len(), 0)?;
        self.evaluation = evaluation;
        if !self.evaluation.value.is_finite() {
            return Ok(Some(SmoothStop::NotFinite));
        }
        self.clamp_steps(x);
        if !self.border.is_empty()
            && let Some(newton) = self.border_step(problem, x)
        {
            for (axis, step) in newton {
                self.evaluation.step[axis] = step;
            }
            self.clamp_steps(x);
        }
        Ok(None)
    }

    /// Clamps the steps, counts those that are not finite as 0, and measures them, in one pass: a long vector does not stay in the cache.
    fn clamp_steps(&mut self, x: &[f64]) {
        self.step_norm = 0.0;
        for (i, (step, &x)) in self.evaluation.step.iter_mut().zip(x).enumerate() {
            if step.is_finite() {
                *step = step.clamp(-LARGEST_STEP, LARGEST_STEP);
            } else {
                *step = 0.0;
                self.ignored_steps += 1;
            }
            self.step_norm = self.step_norm.max(self.bounds.projected_component(i, x, *step).abs());
        }
    }

    /// Solves (H_BB + ridge · I) s_B = −g_B over the border's axes B that may move; none where that is impossible.
    fn border_step<O: FixedPoint>(&self, problem: &mut Problem<O>, x: &[f64]) -> Option<Vec<(usize, f64)>> {
        let gradient = problem.problem("border_count", |problem| problem.border_gradient(x)).ok()??;
        let usable = gradient.len() == x.len() && self.border.iter().all(|&i| gradient[i].is_finite());
        let axes: Vec<usize> = self
            .border
            .iter()
            .copied()
            .filter(|&i| usable && !self.bounds.holds(i, x[i], gradient[i]))
            .collect();
        let largest = axes.iter().fold(0.0f64, |largest, &i| largest.max(gradient[i].abs()));
        if largest <= SMALLEST_BORDER_GRADIENT {
            return None;
        }
        let mut block = vec![0.0; axes.len() * axes.len()];
        match problem.problem("border_count", |problem| problem.border_hessian(x)).ok()? {
            Some(operator) => border_block(&axes, x.len(), |v, out| operator.apply(v, out), &mut block)?,
            None => {
                let differenced = |v: &[f64], out: &mut [f64]| differenced_product(problem, x, v, out);
                border_block(&axes, x.len(), differenced, &mut block)?;
            }
        }
        solve_with_ridge(&axes, &block, &gradient)
    }

    fn stop_with(&mut self, stop: SmoothStop) -> TerminationReason {
        self.stop = stop;
        stop.termination_reason()
    }

    /// The stop at the current point, if the step is small.
    fn small_step(&self) -> Option<SmoothStop> {
        let tolerance = self.smallest_step();
        if self.step_norm > tolerance {
            return None;
        }
        match self.evaluation.enclosure_gap {
            Some(gap) if gap.is_nan() || gap > tolerance => {
                (self.step_norm == 0.0).then_some(SmoothStop::EnclosureOpen { gap, tolerance })
            }
            _ => Some(SmoothStop::StepStationary { norm: self.step_norm, tolerance }),
        }
    }
}

/// H_BB by one product per axis.
fn border_block(
    axes: &[usize],
    n: usize,
    mut product: impl FnMut(&[f64], &mut [f64]) -> Result<(), Error>,
    block: &mut [f64],
) -> Option<()> {
    let (mut unit, mut column) = (vec![0.0; n], vec![0.0; n]);
    for (k, &axis) in axes.iter().enumerate() {
        unit[axis] = 1.0;
        product(&unit, &mut column).ok()?;
        unit[axis] = 0.0;
        for (j, &other) in axes.iter().enumerate() {
            block[j * axes.len() + k] = column[other];
        }
    }
    Some(())
}

/// Hv ≈ (g(x + hv) − g(x − hv)) / 2h for a unit vector v.
fn differenced_product<O: FixedPoint>(
    problem: &mut Problem<O>,
    x: &[f64],
    v: &[f64],
    out: &mut [f64],
) -> Result<(), Error> {
    let mut at = |by: f64| -> Result<Vec<f64>, Error> {
        let point: Vec<f64> = x.iter().zip(v).map(|(x, v)| x + by * v).collect();
        let gradient = problem.problem("border_count", |problem| problem.border_gradient(&point))?;
        gradient
            .filter(|g| g.len() == x.len())
            .ok_or_else(|| SmoothError::GradientLength { expected: x.len(), received: 0 }.into())
    };
    let (ahead, behind) = (at(DIFFERENCE_STEP)?, at(-DIFFERENCE_STEP)?);
    for (out, (a, b)) in out.iter_mut().zip(ahead.iter().zip(&behind)) {
        *out = (a - b) / (2.0 * DIFFERENCE_STEP);
    }
    Ok(())
}

/// (H_BB + 1e-8 · mean |Hᵢᵢ| · I)⁻¹(−g_B); none if it is not positive definite.
fn solve_with_ridge(axes: &[usize], block: &[f64], gradient: &[f64]) -> Option<Vec<(usize, f64)>> {
    let m = axes.len();
    let ridge = BORDER_RIDGE * (0..m).map(|i| block[i * m + i].abs()).sum::<f64>() / m as f64;
    let mut cholesky = Cholesky::new(m);
    let entry =
        |i: usize, j: usize| 0.5 * (block[i * m + j] + block[j * m + i]) + if i == j { ridge } else { 0.0 };
    cholesky.factor(entry, &Workers::inline()).ok()?;
    let mut step: Vec<f64> = axes.iter().map(|&i| -gradient[i]).collect();
    cholesky.solve(&mut step);
    step.iter().all(|s| s.is_finite()).then(|| axes.iter().copied().zip(step).collect())
}

impl fmt::Debug for Frontier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("frontier EFS")
            .field("dimension", &self.bounds.len())
            .field("border", &self.border)
            .field("stop", &self.stop)
            .field("num_iterations", &self.num_iterations)
            .field("step_norm", &self.step_norm)
            .finish_non_exhaustive()
    }
}

impl<O> Solver<O, SmoothState> for Frontier
where
    O: CostFunction<Param = Vec<f64>, Output = f64> + FixedPoint,
{
    fn name(&self) -> &str {
        "frontier EFS"
    }

    fn init(
        &mut self,
        problem: &mut Problem<O>,
        mut state: SmoothState,
    ) -> Result<(SmoothState, Option<KV>), Error> {
        SmoothError::check_positive("step_tolerance", self.tolerance)?;
        (self.stop, self.num_iterations, self.ignored_steps) = (SmoothStop::Running, 0, 0);
        let x = self.bounds.start(state.take_param())?;
        let stop = self.take(problem, &x)?;
        let mut state = state.param(x).cost(self.evaluation.value);
        if let Some(stop) = stop {
            state = state.terminate_with(self.stop_with(stop));
        }
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        mut state: SmoothState,
    ) -> Result<(SmoothState, Option<KV>), Error> {
        // Set by `init`; a state without it was not made by this solver.
        let x = state.take_param().ok_or(SmoothError::NoStart)?;
        if let Some(stop) = self.small_step() {
            let mut state = state.param(x).cost(self.evaluation.value);
            make_best(&mut state);
            return Ok((state.terminate_with(self.stop_with(stop)), None));
        }
        let found = backtrack(problem, &self.bounds, &x, &self.evaluation.step, self.evaluation.value)?;
        let Some(next) = found else {
            let reason = self.stop_with(SmoothStop::LineSearchFailed);
            return Ok((state.param(x).terminate_with(reason), None));
        };
        let stop = self.take(problem, &next)?;
        self.num_iterations += 1;
        let mut state = state.param(next).cost(self.evaluation.value);
        if let Some(stop) = stop {
            state = state.terminate_with(self.stop_with(stop));
        }
        Ok((state, Some(kv!("projected_step" => self.step_norm;))))
    }

    fn terminate(&mut self, state: &SmoothState) -> TerminationStatus {
        if self.stop_when.as_ref().is_some_and(|hook| hook()) {
            return TerminationStatus::Terminated(self.stop_with(SmoothStop::Cancelled));
        }
        self.stop = self.stop.or_limits(state);
        TerminationStatus::NotTerminated
    }
}

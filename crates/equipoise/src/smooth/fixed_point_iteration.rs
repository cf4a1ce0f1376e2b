//! Fellner–Schall fixed points over a box, plain (ρ) and hybrid (ρ and ψ).

use super::bounds::Bounds;
use super::fixed_point::{BarrierState, FixedPoint, FixedPointEvaluation, FixedPointFallback};
use super::quasi_newton::{SmoothState, StopHook, make_best};
use super::{SmoothError, SmoothStop};
use argmin::core::{CostFunction, Error, KV, Problem, Solver, State, TerminationReason, TerminationStatus};
use argmin::kv;
use std::fmt;
use std::sync::Arc;

/// Steps whose largest entry is below this are taken as they are.
const NEGLIGIBLE: f64 = 1e-12;
/// Without a barrier, steps whose largest entry is below this are taken without a search.
const UNSEARCHED: f64 = 0.5;
/// The search tries the fractions 1, 1/2, …, 2⁻⁸ of a step.
const SEARCH_TRIALS: i32 = 9;
/// A trial is accepted if f ≤ f₀ + this · max(|f₀|, 1).
const SEARCH_SLACK: f64 = 1e-12;

/// Follows the steps of a [`FixedPoint`] problem within lower ≤ x ≤ upper.
///
/// A run ends as [`SmoothStop::StepStationary`] if every coordinate's *projected* step is small,
///
/// |P(x + s)ᵢ − xᵢ| ≤ tolerance · max(|xᵢ|, 1) for ψ, tolerance for the others (1e-5 by default),
///
/// so that a coordinate whose step points out of the box does not count. Else the step is taken: as it is where it is small and no
/// barrier is about, else the largest of the fractions 1, 1/2, …, 2⁻⁸ at which f does not rise. Where that is impossible, or where the
/// steps cannot be trusted, the run ends as [`SmoothStop::FirstOrderFallback`] with the reason: a method with gradients should go on.
///
/// ```
/// use argmin::core::{CostFunction, Error, Executor, State};
/// use equipoise::smooth::{FixedPoint, FixedPointEvaluation, FixedPointIteration, SmoothStop};
///
/// /// f = Σ (xᵢ − 1)²; the step halves the distance to its minimiser.
/// struct Halving;
/// impl CostFunction for Halving {
///     type Param = Vec<f64>;
///     type Output = f64;
///     fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
///         Ok(x.iter().map(|x| (x - 1.0).powi(2)).sum())
///     }
/// }
/// impl FixedPoint for Halving {
///     fn evaluate(&self, x: &[f64]) -> Result<FixedPointEvaluation, Error> {
///         let step = x.iter().map(|x| 0.5 * (1.0 - x)).collect();
///         Ok(FixedPointEvaluation { value: self.cost(&x.to_vec())?, step, ..Default::default() })
///     }
/// }
///
/// // The second coordinate cannot reach 1.
/// let solver = FixedPointIteration::new(vec![-9.0; 2], vec![9.0, 0.25])?.step_tolerance(1e-9);
/// let result = Executor::new(Halving, solver).configure(|state| state.param(vec![-4.0, 0.0])).run()?;
/// assert!(matches!(result.solver.stop(), SmoothStop::StepStationary { .. }));
/// let x = result.state.get_best_param().unwrap();
/// assert!((x[0] - 1.0).abs() < 1e-8 && x[1] == 0.25);
/// # Ok::<(), Error>(())
/// ```
pub struct FixedPointIteration {
    bounds: Bounds,
    tolerance: f64,
    psi: Vec<usize>,
    first_evaluation: Option<FixedPointEvaluation>,
    stop_when: Option<StopHook>,
    stop: SmoothStop,
    num_iterations: u64,
    step_norm: f64,
    is_psi: Vec<bool>,
    evaluation: FixedPointEvaluation,
}

impl FixedPointIteration {
    /// A solver for lower ≤ x ≤ upper with the default options. Both vectors have length n; a bound may be infinite, and equal bounds
    /// fix a variable.
    ///
    /// # Errors
    /// [`SmoothError`] if the lengths differ, a bound is NaN, or a lower bound exceeds its upper bound.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, SmoothError> {
        Ok(Self {
            bounds: Bounds::new(lower, upper)?,
            tolerance: 1e-5,
            psi: Vec::new(),
            first_evaluation: None,
            stop_when: None,
            stop: SmoothStop::Running,
            num_iterations: 0,
            step_norm: f64::INFINITY,
            is_psi: Vec::new(),
            evaluation: FixedPointEvaluation::default(),
        })
    }

    /// Largest projected step of a converged run, > 0; 1e-5 by default.
    #[must_use]
    pub fn step_tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Indices of the ψ coordinates, none by default: their steps are scaled by max(|xᵢ|, 1), guarded by their gradient, and left out
    /// where f only falls without them.
    #[must_use]
    pub fn psi_indices(mut self, indices: Vec<usize>) -> Self {
        self.psi = indices;
        self
    }

    /// The evaluation at the start, if it was made already (for a validity test, say): it is not made again.
    #[must_use]
    pub fn first_evaluation(mut self, evaluation: FixedPointEvaluation) -> Self {
        self.first_evaluation = Some(evaluation);
        self
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

    /// Largest projected and scaled step at the current point; infinite before a run.
    pub fn step_norm(&self) -> f64 {
        self.step_norm
    }

    /// The evaluation at the current point.
    pub fn evaluation(&self) -> &FixedPointEvaluation {
        &self.evaluation
    }

    /// maxᵢ |P(x + s)ᵢ − xᵢ| / scaleᵢ, scaleᵢ = max(|xᵢ|, 1) for ψ and 1 for the others.
    fn projected_step_norm(&self, x: &[f64]) -> f64 {
        let projected = self.bounds.projected_step(x, &self.evaluation.step);
        let scaled = |i: usize| projected[i].abs() / if self.is_psi[i] { x[i].abs().max(1.0) } else { 1.0 };
        (0..x.len()).map(scaled).fold(0.0, f64::max)
    }

    /// Takes an evaluation at x. None if it is usable; a stop if a number in it is not finite.
    fn take(
        &mut self,
        evaluation: FixedPointEvaluation,
        x: &[f64],
    ) -> Result<Option<SmoothStop>, SmoothError> {
        check_lengths(&evaluation, x.len(), self.psi.len())?;
        self.evaluation = evaluation;
        let finite = self.evaluation.value.is_finite() && self.evaluation.step.iter().all(|s| s.is_finite());
        if !finite {
            return Ok(Some(SmoothStop::NotFinite));
        }
        self.step_norm = self.projected_step_norm(x);
        Ok(None)
    }

    /// The reason not to trust the step at x, if there is one.
    fn distrust(&self, barrier: BarrierState, x: &[f64]) -> Option<FixedPointFallback> {
        match barrier {
            BarrierState::Significant => return Some(FixedPointFallback::BarrierCurvature),
            BarrierState::Concentrated => return Some(FixedPointFallback::BarrierConcentrated),
            BarrierState::Absent | BarrierState::Harmless => {}
        }
        let slopes = self.evaluation.psi_gradient.as_ref()?;
        let step = self.psi.iter().map(|&i| self.evaluation.step[i].abs()).fold(0.0, f64::max);
        let mut gradient = 0.0f64;
        for (&i, &slope) in self.psi.iter().zip(slopes) {
            gradient = gradient.max(self.bounds.projected_component(i, x[i], -slope).abs());
        }
        let tolerance = self.tolerance;
        (step <= tolerance && gradient > tolerance)
            .then_some(FixedPointFallback::PsiNotStationary { gradient, tolerance })
    }

    /// The next point along the step, or the reason to fall back.
    fn next_point<O>(
        &self,
        problem: &mut Problem<O>,
        barrier: BarrierState,
        x: &[f64],
    ) -> Result<Result<Vec<f64>, FixedPointFallback>, Error>
    where
        O: CostFunction<Param = Vec<f64>, Output = f64>,
    {
        let (step, value) = (&self.evaluation.step, self.evaluation.value);
        let largest = step.iter().fold(0.0f64, |largest, s| largest.max(s.abs()));
        if largest < NEGLIGIBLE || (barrier == BarrierState::Absent && largest < UNSEARCHED) {
            return Ok(Ok(self.bounds.moved(x, step, 1.0)));
        }
        if let Some(found) = backtrack(problem, &self.bounds, x, step, value)? {
            return Ok(Ok(found));
        }
        if self.psi.is_empty() {
            return Ok(Err(FixedPointFallback::NoDescent));
        }
        let mut without_psi = step.clone();
        for &i in &self.psi {
            without_psi[i] = 0.0;
        }
        let found = backtrack(problem, &self.bounds, x, &without_psi, value)?;
        // f falls along ρ alone: the fixed point of ψ is not one of f.
        let reason =
            if found.is_some() { FixedPointFallback::PsiStagnation } else { FixedPointFallback::NoDescent };
        Ok(Err(reason))
    }

    fn stop_with(&mut self, stop: SmoothStop) -> TerminationReason {
        self.stop = stop;
        stop.termination_reason()
    }
}

/// Lengths of an evaluation at a point of n coordinates.
pub(super) fn check_lengths(
    evaluation: &FixedPointEvaluation,
    n: usize,
    num_psi: usize,
) -> Result<(), SmoothError> {
    if evaluation.step.len() != n {
        return Err(SmoothError::FixedPointStepLength { expected: n, received: evaluation.step.len() });
    }
    match &evaluation.psi_gradient {
        Some(gradient) if gradient.len() != num_psi => {
            Err(SmoothError::PsiGradientLength { expected: num_psi, received: gradient.len() })
        }
        _ => Ok(()),
    }
}

/// The first of P(x + αs), α = 1, 1/2, …, 2⁻⁸, where f ≤ f₀ + 1e-12 max(|f₀|, 1); none if there is none.
pub(super) fn backtrack<O>(
    problem: &mut Problem<O>,
    bounds: &Bounds,
    x: &[f64],
    step: &[f64],
    value: f64,
) -> Result<Option<Vec<f64>>, Error>
where
    O: CostFunction<Param = Vec<f64>, Output = f64>,
{
    let limit = value + SEARCH_SLACK * value.abs().max(1.0);
    let mut alpha = 1.0;
    for _ in 0..SEARCH_TRIALS {
        let trial = bounds.moved(x, step, alpha);
        // False for NaN.
        if problem.cost(&trial)? <= limit {
            return Ok(Some(trial));
        }
        alpha *= 0.5;
    }
    Ok(None)
}

impl fmt::Debug for FixedPointIteration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EFS")
            .field("dimension", &self.bounds.len())
            .field("stop", &self.stop)
            .field("num_iterations", &self.num_iterations)
            .field("step_norm", &self.step_norm)
            .finish_non_exhaustive()
    }
}

impl<O> Solver<O, SmoothState> for FixedPointIteration
where
    O: CostFunction<Param = Vec<f64>, Output = f64> + FixedPoint,
{
    fn name(&self) -> &str {
        if self.psi.is_empty() { "EFS" } else { "hybrid EFS" }
    }

    fn init(
        &mut self,
        problem: &mut Problem<O>,
        mut state: SmoothState,
    ) -> Result<(SmoothState, Option<KV>), Error> {
        let n = self.bounds.len();
        SmoothError::check_positive("step_tolerance", self.tolerance)?;
        if let Some(&index) = self.psi.iter().find(|&&i| i >= n) {
            return Err(SmoothError::CoordinateIndex { name: "psi_indices", index, dimension: n }.into());
        }
        self.is_psi = vec![false; n];
        for &i in &self.psi {
            self.is_psi[i] = true;
        }
        (self.stop, self.num_iterations, self.step_norm) = (SmoothStop::Running, 0, f64::INFINITY);
        let x = self.bounds.start(state.take_param())?;
        let evaluation = match self.first_evaluation.take() {
            Some(evaluation) => evaluation,
            None => problem.problem("fixed_point_count", |problem| problem.evaluate(&x))?,
        };
        let stop = self.take(evaluation, &x)?;
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
        let evaluation = std::mem::take(&mut self.evaluation);
        let barrier = problem.problem("barrier_count", |problem| Ok(problem.barrier(&evaluation)))?;
        self.evaluation = evaluation;
        if let Some(reason) = self.distrust(barrier, &x) {
            let reason = self.stop_with(SmoothStop::FirstOrderFallback(reason));
            return Ok((state.param(x).terminate_with(reason), None));
        }
        if self.step_norm <= self.tolerance {
            let stop = SmoothStop::StepStationary { norm: self.step_norm, tolerance: self.tolerance };
            let mut state = state.param(x).cost(self.evaluation.value);
            make_best(&mut state);
            return Ok((state.terminate_with(self.stop_with(stop)), None));
        }
        let next = match self.next_point(problem, barrier, &x)? {
            Ok(next) => next,
            Err(reason) => {
                let reason = self.stop_with(SmoothStop::FirstOrderFallback(reason));
                return Ok((state.param(x).terminate_with(reason), None));
            }
        };
        let evaluation = problem.problem("fixed_point_count", |problem| problem.evaluate(&next))?;
        self.num_iterations += 1;
        let stop = self.take(evaluation, &next)?;
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

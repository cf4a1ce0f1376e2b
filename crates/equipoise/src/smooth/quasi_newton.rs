//! Quasi-Newton methods for smooth problems with bounds: one loop, whatever the model of the curvature.
//!
//! Each iteration minimises the model g·d + ½dᵀBd over the box (exactly or nearly), and the line search of Moré and Thuente
//! ([`line_search`](super::line_search)) chooses how far to go towards that minimiser. [`Lbfgsb`](super::Lbfgsb) holds B as a
//! few pairs of vectors, [`Bfgs`](super::Bfgs) as a dense matrix.

use super::bounds::Bounds;
use super::cost_stall::{CostStallGuard, CostStallOptions, CostStallVerdict};
use super::line_search::{LineSearchStart, LineSearchStatus, MoreThuente};
use super::problem::{FirstSample, Smooth, evaluate, first_sample};
use super::stationarity::{StationarityTest, StationarityTolerances};
use super::stop::{CANCELLATION_NOISE, Progress, VALUE_NOISE};
use super::{SmoothError, SmoothStop};
use crate::numeric::sum::{dot, norm_two};
use argmin::core::{
    CostFunction, Error, Gradient, IterState, KV, Problem, Solver, State, TerminationReason,
    TerminationStatus,
};
use argmin::kv;
use std::fmt;
use std::sync::Arc;

/// While the model knows no scale, the first trial is at most this times max(1, ‖x‖) long: it may reach the mirror image of x.
const LONGEST_FIRST_STEP: f64 = 2.0;

/// The state of argmin that these solvers work on: point and gradient as `Vec<f64>`, no matrices.
pub type SmoothState = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// Hook that ends a run when it returns true.
pub(super) type StopHook = Arc<dyn Fn() -> bool + Send + Sync>;

/// A positive definite model B of the curvature.
pub trait CurvatureModel {
    /// The solver's name.
    const NAME: &'static str;
    /// Forgets everything and takes problems of n variables.
    ///
    /// # Errors
    /// [`SmoothError`] if an option of the model does not fit n.
    fn start(&mut self, dimension: usize) -> Result<(), SmoothError>;
    /// True while B says nothing of the scale of f.
    fn is_unscaled(&self) -> bool;
    /// B = I again, after a step that failed.
    fn reset(&mut self);
    /// Writes a point of the box where the model g·d + ½dᵀBd, d = target − x, is (nearly) least. False where rounding spoils it.
    /// `direction` (n) is scratch.
    fn minimise(
        &mut self,
        bounds: &Bounds,
        x: &[f64],
        g: &[f64],
        direction: &mut [f64],
        target: &mut [f64],
    ) -> bool;
    /// Takes the step from (x, g) to (x_next, g_next).
    fn update(&mut self, x: &[f64], x_next: &[f64], g: &[f64], g_next: &[f64]);
}

/// Minimises f(x) subject to lower ≤ x ≤ upper, for any problem that implements argmin's [`CostFunction`] and
/// [`Gradient`] over `Vec<f64>`.
///
/// All points have the length n of the bounds; f is evaluated within the box only. The start point is clipped to the
/// box. With the default stop test the run ends when maxᵢ |P(x − g)ᵢ − xᵢ| ≤ 1e-5, P the projection onto the box; the
/// tolerance is in the unit of x and of f per unit of x alike, so scale the variables. Two runs give the same bits.
///
/// The number of evaluations is in argmin's `result.problem.counts`. An error of the problem ends `run` unchanged; any
/// other end leaves the best point in the state and the reason in [`stop`](Self::stop).
///
/// Where the change of f along a line is no more than its rounding error, steps are accepted by their slopes (see
/// [`LineSearchStart::value_noise`]), so that the projected gradient can fall well below √(ε|f|). Among points whose
/// values differ by rounding only, the best one is the one of the smallest projected gradient.
pub struct QuasiNewton<M> {
    bounds: Bounds,
    tolerances: StationarityTolerances,
    test: StationarityTest,
    function_tolerance: Option<f64>,
    cost_stall: Option<CostStallOptions>,
    guard: Option<CostStallGuard>,
    line_search: MoreThuente,
    stop_when: Option<StopHook>,
    step_caps: Option<Vec<f64>>,
    stop: SmoothStop,
    progress: Progress,
    /// Rounding error of f relative to |f|, as far as the run knows.
    value_noise: f64,
    model: M,
    /// x̄, the minimiser of the model; the line search starts towards it.
    target: Vec<f64>,
    direction: Vec<f64>,
    trial: Vec<f64>,
}

/// A point that the line search accepted; its coordinates are in `Lbfgsb::trial`.
struct Step {
    value: f64,
    gradient: Vec<f64>,
}

/// Why the closure of the line search gave up.
enum Interruption {
    Cancelled,
    Problem(Error),
}

impl<M: CurvatureModel> QuasiNewton<M> {
    pub(super) fn with_model(lower: Vec<f64>, upper: Vec<f64>, model: M) -> Result<Self, SmoothError> {
        let tolerances = StationarityTolerances::default();
        Ok(Self {
            bounds: Bounds::new(lower, upper)?,
            test: tolerances.at_start(0.0),
            tolerances,
            function_tolerance: None,
            cost_stall: None,
            guard: None,
            line_search: MoreThuente::default(),
            stop_when: None,
            step_caps: None,
            stop: SmoothStop::Running,
            progress: Progress::new(f64::INFINITY, f64::INFINITY),
            value_noise: VALUE_NOISE,
            model,
            target: Vec::new(),
            direction: Vec::new(),
            trial: Vec::new(),
        })
    }

    pub(super) fn model_mut(&mut self) -> &mut M {
        &mut self.model
    }

    /// No variable moves by more than `caps[i]` (n, each > 0, may be infinite) in one iteration: longer directions are
    /// scaled as a whole. Off by default.
    #[must_use]
    pub fn step_caps(mut self, caps: Option<Vec<f64>>) -> Self {
        self.step_caps = caps;
        self
    }

    /// Stops when maxᵢ |P(x − g)ᵢ − xᵢ| ≤ `tolerance`; 1e-5 by default.
    #[must_use]
    pub fn gradient_tolerance(mut self, tolerance: f64) -> Self {
        self.tolerances.gradient = tolerance;
        self
    }

    /// All tolerances of the test of stationarity ([`StationarityTest`]); without a Hessian it asks S1 alone.
    #[must_use]
    pub fn stationarity_tolerances(mut self, tolerances: StationarityTolerances) -> Self {
        self.tolerances = tolerances;
        self
    }

    /// Ends runs whose value stalls; off by default. A run that is told to go on forgets its model.
    #[must_use]
    pub fn cost_stall(mut self, options: Option<CostStallOptions>) -> Self {
        self.cost_stall = options;
        self
    }

    /// Stops when |f_{k+1} − f_k| ≤ `tolerance` · max(|f_k|, |f_{k+1}|, 1); off by default.
    #[must_use]
    pub fn function_tolerance(mut self, tolerance: Option<f64>) -> Self {
        self.function_tolerance = tolerance;
        self
    }

    /// Largest number of evaluations in one line search, at least 1; 20 by default.
    #[must_use]
    pub fn max_line_search_evaluations(mut self, evaluations: usize) -> Self {
        self.line_search.max_evaluations = evaluations.max(1);
        self
    }

    /// Ends the run once `hook` returns true. It is asked once per iteration and before every trial of a line search.
    #[must_use]
    pub fn stop_when(mut self, hook: Arc<dyn Fn() -> bool + Send + Sync>) -> Self {
        self.stop_when = Some(hook);
        self
    }

    /// What ended the run.
    pub fn stop(&self) -> SmoothStop {
        self.stop
    }

    /// Number of steps taken. argmin's own count also has an iteration that found no step.
    pub fn num_iterations(&self) -> u64 {
        self.progress.num_iterations
    }

    /// maxᵢ |P(x − g)ᵢ − xᵢ| at the best point of the state; infinite before a run.
    pub fn projected_gradient_norm(&self) -> f64 {
        self.progress.norm_at_best
    }

    /// The cost-stall guard of the run, with its best point and gradient.
    pub fn cost_stall_guard(&self) -> Option<&CostStallGuard> {
        self.guard.as_ref()
    }

    fn is_cancelled(&self) -> bool {
        self.stop_when.as_ref().is_some_and(|hook| hook())
    }

    /// Computes the model's minimiser x̄ and d = x̄ − x; returns gᵀd. None where rounding spoils the model: a factorisation
    /// fails or d does not descend.
    fn find_direction(&mut self, x: &[f64], g: &[f64]) -> Option<f64> {
        let Self { bounds, model, direction, target, step_caps, .. } = self;
        if !model.minimise(bounds, x, g, direction, target) {
            return None;
        }
        for i in 0..x.len() {
            direction[i] = target[i] - x[i];
        }
        let fraction = allowed_fraction(step_caps.as_deref(), direction);
        if fraction < 1.0 {
            for i in 0..x.len() {
                direction[i] *= fraction;
                target[i] = bounds.clip(i, x[i] + direction[i]);
            }
        }
        let slope = dot(g, direction);
        (slope < 0.0 && slope.is_finite()).then_some(slope)
    }

    /// Searches along d; the accepted point is in `trial`. The inner error says why there is none.
    fn search_line<O: Smooth>(
        &mut self,
        problem: &mut Problem<O>,
        x: &[f64],
        value: f64,
        slope: f64,
    ) -> Result<Result<Step, SmoothStop>, Error> {
        let mut largest = self.bounds.largest_step(x, &self.direction);
        let allowed = allowed_fraction(self.step_caps.as_deref(), &self.direction);
        if allowed < largest.0 {
            largest = (allowed, None);
        }
        // B = I knows nothing of the scale of f, but the start may know something of that of x.
        let longest = LONGEST_FIRST_STEP * norm_two(x).max(1.0);
        let unit = if self.model.is_unscaled() { longest / norm_two(&self.direction) } else { 1.0 };
        let start = LineSearchStart {
            value,
            slope,
            first_step: unit.min(1.0),
            largest_step: largest.0.max(1.0),
            value_noise: self.value_noise * value.abs(),
        };
        let mut trial = std::mem::take(&mut self.trial);
        let mut found = None;
        let mut evaluate = |alpha: f64, wanted: &dyn Fn(f64) -> bool| {
            if self.is_cancelled() {
                return Err(Interruption::Cancelled);
            }
            if alpha == 1.0 {
                trial.copy_from_slice(&self.target);
            } else {
                self.bounds.point_at(x, &self.direction, alpha, largest, &mut trial);
            }
            let (value, gradient) = evaluate(problem, &trial, wanted).map_err(Interruption::Problem)?;
            let slope = gradient.as_ref().map(|gradient| dot(gradient, &self.direction));
            found = gradient.map(|gradient| Step { value, gradient });
            Ok((value, slope))
        };
        let mut outcome = self.line_search.search(&start, &mut evaluate);
        if let Ok(best) = &outcome
            && best.step > 0.0
            && best.step != best.last_step
        {
            outcome = evaluate(best.step, &|_| true).map(|_| *best);
        }
        self.trial = trial;
        Ok(match outcome {
            Ok(outcome) if outcome.step > 0.0 => found
                // Without the condition on the slope the value itself has to fall, not its estimate by slopes.
                .filter(|step| outcome.status.is_wolfe() || step.value < value)
                .ok_or(SmoothStop::LineSearchFailed),
            Ok(outcome) if outcome.status == LineSearchStatus::NotFinite => Err(SmoothStop::NotFinite),
            Ok(_) => Err(SmoothStop::LineSearchFailed),
            Err(Interruption::Cancelled) => Err(SmoothStop::Cancelled),
            Err(Interruption::Problem(error)) => return Err(error),
        })
    }

    /// Finds the next point. After a failure it is tried again with a larger rounding error of f, which from then on
    /// holds for the run, and then without memory, along the projected steepest descent.
    fn find_step<O: Smooth>(
        &mut self,
        problem: &mut Problem<O>,
        x: &[f64],
        value: f64,
        g: &[f64],
    ) -> Result<Result<Step, SmoothStop>, Error> {
        loop {
            let Some(slope) = self.find_direction(x, g) else {
                if self.model.is_unscaled() {
                    return Ok(Err(SmoothStop::LineSearchFailed));
                }
                self.model.reset();
                continue;
            };
            match self.search_line(problem, x, value, slope)? {
                Err(SmoothStop::LineSearchFailed) if self.value_noise < CANCELLATION_NOISE => {
                    self.value_noise = CANCELLATION_NOISE;
                }
                Err(SmoothStop::LineSearchFailed | SmoothStop::NotFinite) if !self.model.is_unscaled() => {
                    self.model.reset();
                }
                step => return Ok(step),
            }
        }
    }

    /// Makes the current point the best one where argmin, which asks for a smaller f, would not: f did not fall by more
    /// than rounding, but the projected gradient did.
    fn settle_best(&mut self, state: &mut SmoothState) {
        if state.cost < state.best_cost {
            self.progress.norm_at_best = self.progress.norm;
        } else if self.progress.norm < self.progress.norm_at_best {
            self.progress.norm_at_best = self.progress.norm;
            make_best(state);
        }
    }

    /// The cost-stall guard's word on the accepted step: the stop of a flat valley; a run that is stuck loses its model.
    fn watch_the_value(&mut self, x: &[f64], step: &Step) -> Option<SmoothStop> {
        let guard = self.guard.as_mut()?;
        match guard.observe(x, step.value, &step.gradient, self.progress.norm) {
            CostStallVerdict::KeepDescending => self.model.reset(),
            CostStallVerdict::FlatValley => {
                let norm = guard.best().map_or(self.progress.norm, |best| best.projected_gradient);
                return Some(SmoothStop::CostStall { norm, tolerance: self.test.gradient });
            }
            CostStallVerdict::Stationary => {
                let norm = guard.best().map_or(self.progress.norm, |best| best.projected_gradient);
                return Some(SmoothStop::Stationary { norm, tolerance: self.test.gradient });
            }
            CostStallVerdict::Progress => {}
        }
        None
    }

    fn stop_with(&mut self, stop: SmoothStop) -> TerminationReason {
        self.stop = stop;
        stop.termination_reason()
    }
}

/// Makes the current point the best one.
pub(super) fn make_best<H>(state: &mut IterState<Vec<f64>, Vec<f64>, (), H, (), f64>) {
    state.prev_best_param = state.best_param.take();
    state.prev_best_cost = state.best_cost;
    state.best_param.clone_from(&state.param);
    state.best_cost = state.cost;
    state.last_best_iter = state.iter;
}

impl<M: CurvatureModel> fmt::Debug for QuasiNewton<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(M::NAME)
            .field("dimension", &self.bounds.len())
            .field("tolerances", &self.tolerances)
            .field("stop", &self.stop)
            .field("num_iterations", &self.progress.num_iterations)
            .finish_non_exhaustive()
    }
}

/// The largest α for which no |αdᵢ| exceeds its cap.
fn allowed_fraction(caps: Option<&[f64]>, direction: &[f64]) -> f64 {
    let Some(caps) = caps else { return f64::INFINITY };
    let ratio = |(cap, d): (&f64, &f64)| if *d == 0.0 { f64::INFINITY } else { cap / d.abs() };
    caps.iter().zip(direction).map(ratio).fold(f64::INFINITY, f64::min)
}

fn check_caps(caps: Option<&[f64]>, n: usize) -> Result<(), SmoothError> {
    let Some(caps) = caps else { return Ok(()) };
    if caps.len() != n {
        return Err(SmoothError::StepCapLength { expected: n, received: caps.len() });
    }
    match caps.iter().position(|&cap| cap.is_nan() || cap <= 0.0) {
        Some(index) => Err(SmoothError::StepCap { index, value: caps[index] }),
        None => Ok(()),
    }
}

impl<O, M: CurvatureModel> Solver<O, SmoothState> for QuasiNewton<M>
where
    O: CostFunction<Param = Vec<f64>, Output = f64> + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>,
{
    fn name(&self) -> &str {
        M::NAME
    }

    fn init(
        &mut self,
        problem: &mut Problem<O>,
        mut state: SmoothState,
    ) -> Result<(SmoothState, Option<KV>), Error> {
        self.tolerances.check()?;
        SmoothError::check_tolerance("function_tolerance", self.function_tolerance)?;
        let n = self.bounds.len();
        check_caps(self.step_caps.as_deref(), n)?;
        self.model.start(n)?;
        self.value_noise = VALUE_NOISE;
        for vector in [&mut self.target, &mut self.direction, &mut self.trial] {
            vector.clear();
            vector.resize(n, 0.0);
        }
        self.stop = SmoothStop::Running;
        self.progress = Progress::new(f64::INFINITY, f64::INFINITY);
        let FirstSample { x, value, gradient, .. } = first_sample(problem, &self.bounds, &mut state)?;
        let Some(gradient) = gradient else {
            let reason = self.stop_with(SmoothStop::NotFinite);
            return Ok((state.param(x).cost(value).terminate_with(reason), None));
        };
        self.test = self.tolerances.at_start(value);
        self.guard = self.cost_stall.map(|options| CostStallGuard::new(options, self.test));
        self.progress = Progress::new(value, self.bounds.projected_gradient_norm(&x, &gradient));
        if let Some(guard) = &mut self.guard {
            guard.observe(&x, value, &gradient, self.progress.norm);
        }
        Ok((state.param(x).gradient(gradient).cost(value), None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        mut state: SmoothState,
    ) -> Result<(SmoothState, Option<KV>), Error> {
        let value = state.get_cost();
        // Both were set by `init`; a state without them was not made by this solver.
        let x = state.take_param().ok_or(SmoothError::NoStart)?;
        let g = state.take_gradient().ok_or(SmoothError::NoStart)?;
        let step = match self.find_step(problem, &x, value, &g)? {
            Ok(step) => step,
            Err(stop) => {
                let reason = self.stop_with(stop);
                return Ok((state.param(x).gradient(g).terminate_with(reason), None));
            }
        };
        self.model.update(&x, &self.trial, &g, &step.gradient);
        let x_next = std::mem::replace(&mut self.trial, x);
        let norm = self.bounds.projected_gradient_norm(&x_next, &step.gradient);
        self.progress.record(value, step.value, norm);
        let stalled = self.watch_the_value(&x_next, &step);
        let mut state = state.param(x_next).gradient(step.gradient).cost(step.value);
        self.settle_best(&mut state);
        if let Some(stop) = stalled {
            state = state.terminate_with(self.stop_with(stop));
        }
        Ok((state, Some(kv!("projected_gradient" => norm;))))
    }

    fn terminate(&mut self, state: &SmoothState) -> TerminationStatus {
        if let Some(stop) = self.progress.stop(&self.test, self.function_tolerance) {
            return TerminationStatus::Terminated(self.stop_with(stop));
        }
        if self.is_cancelled() {
            return TerminationStatus::Terminated(self.stop_with(SmoothStop::Cancelled));
        }
        self.stop = self.stop.or_limits(state);
        TerminationStatus::NotTerminated
    }
}

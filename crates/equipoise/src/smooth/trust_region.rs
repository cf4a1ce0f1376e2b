//! Matrix-free trust region over a box: the Hessian is known by its products only.
//!
//! Sources: T. Steihaug, SIAM J. Numer. Anal. 20 (1983) 626–637; C.-J. Lin, J. J. Moré, SIAM J. Optim. 9 (1999) 1100–1127; A. R. Conn,
//! N. I. M. Gould, Ph. L. Toint, *Trust-Region Methods*, SIAM 2000, chapters 6 and 7 (constants 0.1, 0.25, 0.75).

use super::bounds::Bounds;
use super::cost_stall::{CostStallGuard, CostStallOptions, CostStallVerdict};
use super::curvature::{LeastCurvature, free_variables, least_curvature_of, reduced_curvature};
use super::hessian_operator::{HessianForm, HessianOperator};
use super::negative_curvature::{CurvatureWalk, CurvatureWalkStart, walk_negative_curvature};
use super::problem::{Smooth, first_sample, gradient};
use super::quasi_newton::{StopHook, make_best};
use super::stationarity::{
    CurvatureVerdict, Stationarity, StationarityTest, StationarityTolerances, value_noise,
};
use super::stop::RoutingMismatch;
use super::trust_region_step::Model;
use super::{SmoothError, SmoothStop};
use crate::numeric::sum::max_abs;
use argmin::core::{
    CostFunction, Error, Gradient, Hessian, IterState, KV, Problem, Solver, State, TerminationReason,
    TerminationStatus,
};
use argmin::kv;
use std::fmt;
use std::sync::Arc;

/// Ratio of actual to predicted decrease from which a step is accepted.
const ACCEPTED: f64 = 0.1;
/// Below this ratio the radius shrinks; above the other it grows, if the region ended the step.
const POOR: f64 = 0.25;
const GOOD: f64 = 0.75;
const LARGEST_RADIUS: f64 = 1e6;
/// A radius below this times max(1, maxᵢ |xᵢ|) ends the run.
const SMALLEST_RADIUS: f64 = 1e-13;
/// The model is minimised until its gradient falls to this part.
const FORCING: f64 = 0.5;
/// Above this many free variables the Newton decrement is not asked.
const DECREMENT_LIMIT: usize = 128;
/// The decrement is measured once a step's predicted decrease is below this times its limit.
const NEAR: f64 = 100.0;

/// The state of argmin that this solver works on.
pub type OperatorState = IterState<Vec<f64>, Vec<f64>, (), HessianForm, (), f64>;

/// Minimises f(x) subject to lower ≤ x ≤ upper, for problems that implement argmin's [`CostFunction`], [`Gradient`] and [`Hessian`] with a
/// [`HessianForm::Operator`] at every point. f is evaluated within the box only; two runs give the same bits.
///
/// Each step minimises g·s + ½sᵀHs over ‖s‖ ≤ Δ and the box by conjugate gradients. It is accepted if f falls by at least 0.1 of what the
/// model predicts; Δ shrinks below 0.25 and grows above 0.75.
///
/// A run ends as [`SmoothStop::Stationary`] by the test of [`StationarityTest`]: at a point with a small gradient the least curvature over
/// the free variables is measured (exactly up to 128 of them, by 64 Lanczos steps above), and negative curvature is walked along. It
/// ends as [`SmoothStop::RejectFloor`] when Δ falls below 1e-13 · max(1, maxᵢ |xᵢ|), and as [`SmoothStop::RoutingMismatch`] if the problem
/// gives a dense Hessian or none.
pub struct TrustRegion {
    bounds: Bounds,
    tolerances: StationarityTolerances,
    test: StationarityTest,
    initial_radius: f64,
    radius: f64,
    cost_stall: Option<CostStallOptions>,
    guard: Option<CostStallGuard>,
    stop_when: Option<StopHook>,
    stop: SmoothStop,
    norm: f64,
    num_iterations: u64,
    num_rejected: u64,
    hessian: Option<Arc<dyn HessianOperator>>,
    /// Decrease that the model predicted for the last step.
    predicted: f64,
    stationarity: Option<Stationarity>,
    least: Option<LeastCurvature>,
}

/// The problems this solver takes.
trait OperatorProblem: Smooth + Hessian<Param = Vec<f64>, Hessian = HessianForm> {}

impl<O> OperatorProblem for O where O: Smooth + Hessian<Param = Vec<f64>, Hessian = HessianForm> {}

/// A point with its sample.
struct Iterate {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

impl TrustRegion {
    /// A solver for lower ≤ x ≤ upper with the default options. Both vectors have length n; a bound may be infinite, and equal bounds
    /// fix a variable.
    ///
    /// # Errors
    /// [`SmoothError`] if the lengths differ, a bound is NaN, or a lower bound exceeds its upper bound.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, SmoothError> {
        let tolerances = StationarityTolerances::default();
        Ok(Self {
            bounds: Bounds::new(lower, upper)?,
            test: tolerances.at_start(0.0),
            tolerances,
            initial_radius: 1.0,
            radius: 1.0,
            cost_stall: None,
            guard: None,
            stop_when: None,
            stop: SmoothStop::Running,
            norm: f64::INFINITY,
            num_iterations: 0,
            num_rejected: 0,
            hessian: None,
            predicted: f64::INFINITY,
            stationarity: None,
            least: None,
        })
    }

    /// Stops when maxᵢ |P(x − g)ᵢ − xᵢ| ≤ `tolerance` and no negative curvature is resolved; 1e-5 by default.
    #[must_use]
    pub fn gradient_tolerance(mut self, tolerance: f64) -> Self {
        self.tolerances.gradient = tolerance;
        self
    }

    /// All tolerances of the stationarity test. The Newton decrement is asked up to 128 free variables.
    #[must_use]
    pub fn stationarity_tolerances(mut self, tolerances: StationarityTolerances) -> Self {
        self.tolerances = tolerances;
        self
    }

    /// Δ before the first step, > 0; 1 by default.
    #[must_use]
    pub fn initial_radius(mut self, radius: f64) -> Self {
        self.initial_radius = radius;
        self
    }

    /// Ends runs whose value stalls; off by default.
    #[must_use]
    pub fn cost_stall(mut self, options: Option<CostStallOptions>) -> Self {
        self.cost_stall = options;
        self
    }

    /// Ends the run once `hook` returns true. It is asked once per trial point.
    #[must_use]
    pub fn stop_when(mut self, hook: Arc<dyn Fn() -> bool + Send + Sync>) -> Self {
        self.stop_when = Some(hook);
        self
    }

    /// What ended the run.
    pub fn stop(&self) -> SmoothStop {
        self.stop
    }

    /// Number of accepted steps.
    pub fn num_iterations(&self) -> u64 {
        self.num_iterations
    }

    /// Number of rejected trial points.
    pub fn num_rejected(&self) -> u64 {
        self.num_rejected
    }

    /// maxᵢ |P(x − g)ᵢ − xᵢ| at the current point.
    pub fn projected_gradient_norm(&self) -> f64 {
        self.norm
    }

    /// Δ, to go on with in another run.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// What the test of stationarity found where it was last asked with the curvature: at the end of a converged run.
    pub fn stationarity(&self) -> Option<&Stationarity> {
        self.stationarity.as_ref()
    }

    /// The cost-stall guard of the run, with its best point.
    pub fn cost_stall_guard(&self) -> Option<&CostStallGuard> {
        self.guard.as_ref()
    }

    fn is_cancelled(&self) -> bool {
        self.stop_when.as_ref().is_some_and(|hook| hook())
    }

    /// Keeps the operator at a point of n variables, or says why it cannot.
    fn take_hessian(&mut self, form: HessianForm, n: usize) -> Result<Option<SmoothStop>, SmoothError> {
        match form {
            HessianForm::Operator(operator) if operator.dim() == n => self.hessian = Some(operator),
            HessianForm::Operator(operator) => {
                return Err(SmoothError::OperatorDimension { expected: n, received: operator.dim() });
            }
            HessianForm::Dense(_) => return Ok(Some(SmoothStop::RoutingMismatch(RoutingMismatch::Dense))),
            HessianForm::Unavailable => {
                return Ok(Some(SmoothStop::RoutingMismatch(RoutingMismatch::Unavailable)));
            }
        }
        Ok(None)
    }

    /// Tries steps, each with a smaller region, until one is accepted.
    fn search<O: OperatorProblem>(
        &mut self,
        problem: &mut Problem<O>,
        operator: &dyn HessianOperator,
        at: &Iterate,
    ) -> Result<Result<Iterate, SmoothStop>, Error> {
        let noise = value_noise(at.value);
        let floor = SMALLEST_RADIUS * max_abs(&at.x).max(1.0);
        let mut first_predicted = None;
        loop {
            if self.is_cancelled() {
                return Ok(Err(SmoothStop::Cancelled));
            }
            let model = Model {
                bounds: &self.bounds,
                hessian: operator,
                x: &at.x,
                gradient: &at.gradient,
                radius: self.radius,
                forcing: FORCING,
            };
            let Some(step) = model.step()? else {
                return Ok(Err(SmoothStop::NumericallyConverged { predicted: 0.0, noise, norm: self.norm }));
            };
            let promised = *first_predicted.get_or_insert(step.predicted);
            let value = problem.cost(&step.target)?;
            let actual = at.value - value;
            let ratio = actual / step.predicted;
            // Where f cannot tell, the gradient does.
            let cannot_tell = step.predicted <= noise && actual.abs() <= noise;
            if value.is_finite() && (ratio >= ACCEPTED || cannot_tell) {
                let g = gradient(problem, &step.target)?;
                let norm = self.bounds.projected_gradient_norm(&step.target, &g);
                if cannot_tell && norm >= self.norm {
                    let predicted = step.predicted;
                    return Ok(Err(SmoothStop::NumericallyConverged { predicted, noise, norm: self.norm }));
                }
                if max_abs(&g).is_finite() {
                    self.predicted = step.predicted;
                    self.update_radius(if cannot_tell { 1.0 } else { ratio }, step.length, step.at_boundary);
                    return Ok(Ok(Iterate { x: step.target, value, gradient: g }));
                }
            }
            self.num_rejected += 1;
            if promised <= noise {
                let stop = SmoothStop::NumericallyConverged { predicted: promised, noise, norm: self.norm };
                return Ok(Err(stop));
            }
            self.radius = POOR * step.length.min(self.radius);
            if self.radius < floor {
                return Ok(Err(SmoothStop::RejectFloor { radius: self.radius }));
            }
        }
    }

    fn update_radius(&mut self, ratio: f64, length: f64, at_boundary: bool) {
        if ratio < POOR {
            self.radius = 0.5 * length.min(self.radius);
        } else if ratio > GOOD && at_boundary {
            self.radius = (2.0 * self.radius).min(LARGEST_RADIUS);
        }
    }

    /// The test at a point whose gradient is small or whose decrement may be: with the curvature, and the direction to walk if negative.
    fn judge(
        &mut self,
        operator: &dyn HessianOperator,
        at: &Iterate,
    ) -> Result<(Stationarity, Option<LeastCurvature>), Error> {
        let (x, g) = (&at.x, &at.gradient);
        let free = free_variables(&self.bounds, x, g);
        if self.test.decrement.is_some() && free.len() <= DECREMENT_LIMIT {
            let curvature = reduced_curvature(operator, free, x.len())?;
            let found = self.test.judge(&self.bounds, x, at.value, g, curvature.as_ref());
            return Ok((found, curvature.and_then(|curvature| curvature.least_curvature(x.len()))));
        }
        let least = if free.is_empty() { None } else { least_curvature_of(operator, &self.bounds, x, g)? };
        let verdict = match &least {
            Some(least) => least.verdict(&self.bounds, x, value_noise(at.value)),
            None if free.is_empty() => CurvatureVerdict::NonNegative { least: None },
            None => CurvatureVerdict::Unmeasured,
        };
        Ok((self.test.judge_by(&self.bounds, x, at.value, g, None, verdict), least))
    }

    /// Asks the test at a point whose gradient is small, or whose decrement may be.
    fn measure(&mut self, operator: &dyn HessianOperator, at: &Iterate) -> Result<(), Error> {
        (self.stationarity, self.least) = (None, None);
        let near = self.test.decrement_limit(at.value).is_some_and(|limit| self.predicted <= NEAR * limit);
        if self.test.accepts_gradient(self.norm) || near {
            let (found, least) = self.judge(operator, at)?;
            (self.stationarity, self.least) = (Some(found), least);
        }
        Ok(())
    }

    /// At a saddle: walks along its negative curvature. None elsewhere.
    fn leave_saddle<O: OperatorProblem>(
        &mut self,
        problem: &mut Problem<O>,
        at: &Iterate,
    ) -> Result<Option<Result<Iterate, SmoothStop>>, Error> {
        let saddle = self.stationarity.as_ref().is_some_and(|s| s.is_saddle() && s.gradient_is_small());
        let Some(least) = self.least.take().filter(|_| saddle) else { return Ok(None) };
        let (direction, noise) = (&least.direction, value_noise(at.value));
        let start = CurvatureWalkStart { x: &at.x, value: at.value, direction, least: least.value, noise };
        match walk_negative_curvature(&self.bounds, &start, |x| problem.cost(&x.to_vec()))? {
            CurvatureWalk::Descent { x, value } => {
                let gradient = gradient(problem, &x)?;
                self.radius = self.radius.max(self.initial_radius);
                Ok(Some(Ok(Iterate { x, value, gradient })))
            }
            CurvatureWalk::Contradicted => {
                Ok(Some(Err(SmoothStop::CurvatureContradicted { least: least.value, norm: self.norm })))
            }
        }
    }

    /// The guard's word on the point, if it ends the run.
    fn guard(&mut self, at: &Iterate) -> Option<SmoothStop> {
        let guard = self.guard.as_mut()?;
        match guard.observe(&at.x, at.value, &at.gradient, self.norm) {
            CostStallVerdict::FlatValley => {
                let norm = guard.best().map_or(self.norm, |best| best.projected_gradient);
                Some(SmoothStop::CostStall { norm, tolerance: self.test.gradient })
            }
            CostStallVerdict::KeepDescending => {
                self.radius = self.initial_radius;
                None
            }
            // The test itself ends the run at the next iteration.
            CostStallVerdict::Stationary | CostStallVerdict::Progress => None,
        }
    }

    fn stop_with(&mut self, stop: SmoothStop) -> TerminationReason {
        self.stop = stop;
        stop.termination_reason()
    }
}

impl fmt::Debug for TrustRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("trust region")
            .field("dimension", &self.bounds.len())
            .field("stop", &self.stop)
            .field("num_iterations", &self.num_iterations)
            .field("radius", &self.radius)
            .finish_non_exhaustive()
    }
}

impl<O> Solver<O, OperatorState> for TrustRegion
where
    O: CostFunction<Param = Vec<f64>, Output = f64>
        + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>
        + Hessian<Param = Vec<f64>, Hessian = HessianForm>,
{
    fn name(&self) -> &str {
        "matrix-free trust region"
    }

    fn init(
        &mut self,
        problem: &mut Problem<O>,
        mut state: OperatorState,
    ) -> Result<(OperatorState, Option<KV>), Error> {
        self.tolerances.check()?;
        SmoothError::check_positive("initial_radius", self.initial_radius)?;
        self.radius = self.initial_radius.min(LARGEST_RADIUS);
        (self.stop, self.num_iterations, self.num_rejected) = (SmoothStop::Running, 0, 0);
        (self.hessian, self.stationarity, self.least) = (None, None, None);
        self.norm = f64::INFINITY;
        let first = first_sample(problem, &self.bounds, &mut state)?;
        let Some(gradient) = first.gradient else {
            let reason = self.stop_with(SmoothStop::NotFinite);
            return Ok((state.param(first.x).cost(first.value).terminate_with(reason), None));
        };
        self.test = self.tolerances.at_start(first.value);
        self.guard = self.cost_stall.map(|options| CostStallGuard::new(options, self.test));
        self.norm = self.bounds.projected_gradient_norm(&first.x, &gradient);
        let given = state.take_hessian().filter(|_| first.from_state);
        let form = given.map_or_else(|| problem.hessian(&first.x), Ok)?;
        let mismatch = self.take_hessian(form, first.x.len())?;
        self.predicted = f64::INFINITY;
        let at = Iterate { x: first.x, value: first.value, gradient };
        if let Some(operator) = self.hessian.clone() {
            self.measure(&*operator, &at)?;
        }
        let mut state = state.param(at.x).gradient(at.gradient).cost(at.value);
        if let Some(stop) = mismatch {
            state = state.terminate_with(self.stop_with(stop));
        }
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        mut state: OperatorState,
    ) -> Result<(OperatorState, Option<KV>), Error> {
        // All were set by `init`; a state without them was not made by this solver.
        let value = state.get_cost();
        let x = state.take_param().ok_or(SmoothError::NoStart)?;
        let gradient = state.take_gradient().ok_or(SmoothError::NoStart)?;
        let operator = self.hessian.clone().ok_or(SmoothError::NoStart)?;
        let at = Iterate { x, value, gradient };
        let next = match self.leave_saddle(problem, &at)? {
            Some(next) => next,
            None => self.search(problem, &*operator, &at)?,
        };
        let stop = match next {
            Ok(next) => return self.accept(problem, state, &at, next),
            Err(stop) => stop,
        };
        let mut state = state.param(at.x).gradient(at.gradient).cost(at.value);
        if stop.is_converged() {
            make_best(&mut state);
        }
        Ok((state.terminate_with(self.stop_with(stop)), None))
    }

    fn terminate(&mut self, state: &OperatorState) -> TerminationStatus {
        if self.stationarity.as_ref().is_some_and(Stationarity::is_stationary) {
            let stop = SmoothStop::Stationary { norm: self.norm, tolerance: self.test.gradient };
            return TerminationStatus::Terminated(self.stop_with(stop));
        }
        self.stop = self.stop.or_limits(state);
        TerminationStatus::NotTerminated
    }
}

impl TrustRegion {
    /// Moves to the next point and takes its Hessian.
    fn accept<O: OperatorProblem>(
        &mut self,
        problem: &mut Problem<O>,
        state: OperatorState,
        from: &Iterate,
        next: Iterate,
    ) -> Result<(OperatorState, Option<KV>), Error> {
        self.num_iterations += 1;
        self.norm = self.bounds.projected_gradient_norm(&next.x, &next.gradient);
        let mismatch = self.take_hessian(problem.hessian(&next.x)?, next.x.len())?;
        if let (Some(operator), None) = (self.hessian.clone(), mismatch) {
            self.measure(&*operator, &next)?;
        }
        let stop = mismatch.or_else(|| self.guard(&next));
        let accepted_for_its_gradient = next.value >= from.value;
        let mut state = state.param(next.x).gradient(next.gradient).cost(next.value);
        // argmin, which looks at f alone, would keep the point before.
        if accepted_for_its_gradient {
            make_best(&mut state);
        }
        if let Some(stop) = stop {
            state = state.terminate_with(self.stop_with(stop));
        }
        Ok((state, Some(kv!("projected_gradient" => self.norm; "radius" => self.radius;))))
    }
}

//! Adaptive cubic regularisation with bounds, for problems with a dense Hessian.
//!
//! Each step minimises g·d + ½dᵀHd + (σ/3)‖d‖³ over the free variables exactly; where that leaves the box, the shifted model
//! g·d + ½dᵀ(H + λI)d, λ = σ‖d‖, is minimised over the box instead. σ grows when f disagrees with the model. At a saddle the
//! step follows the negative curvature: a run ends only where none is resolved.
//!
//! Source: C. Cartis, N. I. M. Gould, Ph. L. Toint, Math. Programming 127 (2011) 245–295 (Algorithm ARC); its constants η₁ = 0.1,
//! η₂ = 0.9.

use super::bounds::Bounds;
use super::box_quadratic::BoxQuadratic;
use super::cost_stall::{CostStallGuard, CostStallOptions, CostStallVerdict};
use super::cubic_step::cubic_step;
use super::curvature::FreeCurvature;
use super::hessian_operator::symmetrise;
use super::negative_curvature::{CurvatureWalk, CurvatureWalkStart, walk_negative_curvature};
use super::problem::{Smooth, first_sample, gradient};
use super::quasi_newton::{StopHook, make_best};
use super::stationarity::{Stationarity, StationarityTest, StationarityTolerances, value_noise};
use super::{SmoothError, SmoothStop};
use crate::numeric::parallel::Workers;
use crate::numeric::sum::{dot, max_abs, norm_two};
use argmin::core::{
    CostFunction, Error, Gradient, Hessian, IterState, KV, Problem, Solver, State, TerminationReason,
    TerminationStatus,
};
use argmin::kv;
use std::fmt;
use std::sync::Arc;

/// Ratios of actual to predicted decrease from which a step is accepted, and from which the model counts as very good.
const ACCEPTED: f64 = 0.1;
const VERY_GOOD: f64 = 0.9;
/// What σ is divided by after a very good step, and multiplied by after a rejected one.
const RELAX: f64 = 10.0;
const TIGHTEN: f64 = 4.0;
const SMALLEST_REGULARISATION: f64 = 1e-10;
/// σ is in units of f per cubed unit of x, so that only a bound far from every scale is safe; the length of the step ends a run.
const LARGEST_REGULARISATION: f64 = 1e100;
/// A rejected step that is shorter than this times max(1, maxᵢ |xᵢ|) ends the run.
const SHORTEST_STEP: f64 = 1e-13;
/// Steps in a row at the rounding level of f that do not lower the projected gradient.
const MAX_ROUNDING_STEPS: u32 = 3;

/// The state of argmin that this solver works on: the Hessian as rows.
pub type SecondOrderState = IterState<Vec<f64>, Vec<f64>, (), Vec<Vec<f64>>, (), f64>;

/// Minimises f(x) subject to lower ≤ x ≤ upper, for any problem that implements argmin's [`CostFunction`], [`Gradient`] and
/// [`Hessian`] (symmetric, n rows of n) over `Vec<f64>`. f is evaluated within the box only; two runs give the same bits.
///
/// A run ends as [`SmoothStop::Stationary`] by the test of [`StationarityTest`], which here includes the Newton decrement (if asked) and
/// the curvature over the free variables: where negative curvature is resolved the step follows it. It ends as
/// [`SmoothStop::RejectFloor`] when a step of length 1e-13 · max(1, maxᵢ |xᵢ|) is rejected, and as [`SmoothStop::NumericallyConverged`] where the model predicts less than the
/// rounding error of f and the gradient no longer falls. A trial whose value, gradient or Hessian is not finite is rejected.
pub struct Cubic {
    bounds: Bounds,
    tolerances: StationarityTolerances,
    test: StationarityTest,
    cost_stall: Option<CostStallOptions>,
    guard: Option<CostStallGuard>,
    initial_sigma: f64,
    sigma: f64,
    stop_when: Option<StopHook>,
    stop: SmoothStop,
    norm: f64,
    num_iterations: u64,
    rounding_steps: u32,
    curvature: Option<FreeCurvature>,
    stationarity: Option<Stationarity>,
    /// H (n × n by rows)
    hessian: Vec<f64>,
    subproblem: BoxQuadratic,
    direction: Vec<f64>,
    target: Vec<f64>,
}

/// The problems this solver takes.
trait SecondOrder: Smooth + Hessian<Param = Vec<f64>, Hessian = Vec<Vec<f64>>> {}

impl<O> SecondOrder for O where O: Smooth + Hessian<Param = Vec<f64>, Hessian = Vec<Vec<f64>>> {}

/// A point with its sample and the curvature there.
struct Iterate {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    curvature: FreeCurvature,
}

impl Cubic {
    /// A solver for lower ≤ x ≤ upper with the default options. Both vectors have length n; a bound may be infinite, and
    /// equal bounds fix a variable.
    ///
    /// # Errors
    /// [`SmoothError`] if the lengths differ, a bound is NaN, or a lower bound exceeds its upper bound.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, SmoothError> {
        let tolerances = StationarityTolerances::default();
        Ok(Self {
            bounds: Bounds::new(lower, upper)?,
            test: tolerances.at_start(0.0),
            tolerances,
            cost_stall: None,
            guard: None,
            initial_sigma: 1.0,
            sigma: 1.0,
            stop_when: None,
            stop: SmoothStop::Running,
            norm: f64::INFINITY,
            num_iterations: 0,
            rounding_steps: 0,
            curvature: None,
            stationarity: None,
            hessian: Vec::new(),
            subproblem: BoxQuadratic::default(),
            direction: Vec::new(),
            target: Vec::new(),
        })
    }

    /// Stops when maxᵢ |P(x − g)ᵢ − xᵢ| ≤ `tolerance` and no negative curvature is resolved; 1e-5 by default.
    #[must_use]
    pub fn gradient_tolerance(mut self, tolerance: f64) -> Self {
        self.tolerances.gradient = tolerance;
        self
    }

    /// All tolerances of the stationarity test.
    #[must_use]
    pub fn stationarity_tolerances(mut self, tolerances: StationarityTolerances) -> Self {
        self.tolerances = tolerances;
        self
    }

    /// Ends runs whose value stalls; off by default. A run that is told to go on starts with σ anew.
    #[must_use]
    pub fn cost_stall(mut self, options: Option<CostStallOptions>) -> Self {
        self.cost_stall = options;
        self
    }

    /// σ before the first step, > 0; 1 by default, at least 1e-10.
    #[must_use]
    pub fn initial_regularisation(mut self, sigma: f64) -> Self {
        self.initial_sigma = sigma;
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

    /// Number of accepted steps.
    pub fn num_iterations(&self) -> u64 {
        self.num_iterations
    }

    /// maxᵢ |P(x − g)ᵢ − xᵢ| at the current point.
    pub fn projected_gradient_norm(&self) -> f64 {
        self.norm
    }

    /// σ, to go on with in another run.
    pub fn regularisation(&self) -> f64 {
        self.sigma
    }

    /// The curvature at the current point.
    pub fn curvature(&self) -> Option<&FreeCurvature> {
        self.curvature.as_ref()
    }

    /// What the test of stationarity found at the current point.
    pub fn stationarity(&self) -> Option<&Stationarity> {
        self.stationarity.as_ref()
    }

    /// The cost-stall guard of the run, with its best point and gradient.
    pub fn cost_stall_guard(&self) -> Option<&CostStallGuard> {
        self.guard.as_ref()
    }

    /// The point with its Hessian over the free variables; none where the Hessian is not finite.
    fn iterate(
        &self,
        x: Vec<f64>,
        value: f64,
        gradient: Vec<f64>,
        rows: &[Vec<f64>],
    ) -> Result<Option<Iterate>, SmoothError> {
        let n = x.len();
        let received = rows.iter().map(Vec::len).find(|&length| length != n).unwrap_or(rows.len());
        if rows.len() != n || received != n {
            return Err(SmoothError::HessianShape { expected: n, received });
        }
        let mut hessian: Vec<f64> = rows.iter().flatten().copied().collect();
        if symmetrise(&mut hessian, n).is_err() {
            return Ok(None);
        }
        let curvature = FreeCurvature::new(&self.bounds, &x, &gradient, &hessian);
        Ok(curvature.map(|curvature| Iterate { x, value, gradient, hessian, curvature }))
    }

    /// Makes a point the current one: the state gets its x, f and gradient, the solver keeps the rest.
    fn settle_at(&mut self, at: Iterate, state: SecondOrderState) -> SecondOrderState {
        let Iterate { x, value, gradient, hessian, curvature } = at;
        let found = self.test.judge(&self.bounds, &x, value, &gradient, Some(&curvature));
        self.norm = found.projected_gradient;
        self.stationarity = Some(found);
        self.hessian = hessian;
        self.curvature = Some(curvature);
        state.param(x).gradient(gradient).cost(value)
    }

    /// Writes x + d into `target` and d into `direction`; returns the decrease that the cubic model predicts.
    fn find_step(&mut self, x: &[f64], g: &[f64]) -> Option<f64> {
        let n = x.len();
        let curvature = self.curvature.as_ref()?;
        if curvature.free.is_empty() {
            return None;
        }
        let reduced: Vec<f64> = curvature.free.iter().map(|&i| g[i]).collect();
        let step = cubic_step(&curvature.eigen, &reduced, self.sigma);
        self.direction.fill(0.0);
        for (&i, d) in curvature.free.iter().zip(&step.step) {
            self.direction[i] = *d;
        }
        let stays = (0..n).all(|i| {
            let moved = x[i] + self.direction[i];
            self.bounds.clip(i, moved) == moved
        });
        if stays {
            for i in 0..n {
                self.target[i] = x[i] + self.direction[i];
            }
        } else if !self.minimise_shifted(x, g, step.shift) {
            // Not positive definite over what became free: as far along the step as the box allows.
            let largest = self.bounds.largest_step(x, &self.direction);
            self.bounds.point_at(x, &self.direction, largest.0.min(1.0), largest, &mut self.target);
            for i in 0..n {
                self.direction[i] = self.target[i] - x[i];
            }
        }
        let d = &self.direction;
        let energy: f64 = (0..n).map(|i| d[i] * dot(&self.hessian[i * n..(i + 1) * n], d)).sum();
        let length = dot(d, d).sqrt();
        let predicted = -dot(g, d) - 0.5 * energy - self.sigma / 3.0 * length * length * length;
        (predicted > 0.0 && predicted.is_finite()).then_some(predicted)
    }

    /// Minimises g·d + ½dᵀ(H + λI)d over the box.
    fn minimise_shifted(&mut self, x: &[f64], g: &[f64], shift: f64) -> bool {
        let n = x.len();
        let mut shifted = self.hessian.clone();
        for i in 0..n {
            // The margin keeps the hard case, where H + λI is singular, factorable.
            shifted[i * n + i] += shift * (1.0 + 1e-10);
        }
        let mut direction = vec![0.0; n];
        let workers = Workers::inline();
        if !self.subproblem.minimise(
            &shifted,
            None,
            &self.bounds,
            x,
            g,
            &workers,
            &mut direction,
            &mut self.target,
        ) || max_abs(&direction) == 0.0
        {
            return false;
        }
        self.direction = direction;
        true
    }

    fn stop_with(&mut self, stop: SmoothStop) -> TerminationReason {
        self.stop = stop;
        stop.termination_reason()
    }
}

impl fmt::Debug for Cubic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ARC")
            .field("dimension", &self.bounds.len())
            .field("stop", &self.stop)
            .field("num_iterations", &self.num_iterations)
            .field("regularisation", &self.sigma)
            .finish_non_exhaustive()
    }
}

/// What a search for a step gives: the next point and the ratio of actual to predicted decrease, or why there is none.
type Found = Result<(Iterate, f64), SmoothStop>;

impl Cubic {
    /// Tries steps, each with a larger σ, until one is accepted.
    fn search<O: SecondOrder>(
        &mut self,
        problem: &mut Problem<O>,
        x: &[f64],
        value: f64,
        g: &[f64],
    ) -> Result<Found, Error> {
        let noise = value_noise(value);
        let mut first_predicted = None;
        loop {
            if self.stop_when.as_ref().is_some_and(|hook| hook()) {
                return Ok(Err(SmoothStop::Cancelled));
            }
            let Some(predicted) = self.find_step(x, g) else { return Ok(Err(self.at_rounding(0.0, noise))) };
            let promised = *first_predicted.get_or_insert(predicted);
            let trial = problem.cost(&self.target)?;
            let ratio = (value - trial) / predicted;
            // Where f cannot tell, the gradient does.
            let cannot_tell = predicted <= noise && (value - trial).abs() <= noise;
            if trial.is_finite() && (ratio >= ACCEPTED || cannot_tell) {
                let found = self.sample(problem, trial)?;
                if cannot_tell {
                    let Some(next) = found.filter(|next| self.falls(next)) else {
                        return Ok(Err(self.at_rounding(predicted, noise)));
                    };
                    return Ok(Ok((next, VERY_GOOD)));
                }
                if let Some(next) = found {
                    self.rounding_steps = 0;
                    return Ok(Ok((next, ratio)));
                }
            }
            if promised <= noise {
                return Ok(Err(self.at_rounding(promised, noise)));
            }
            self.sigma *= TIGHTEN;
            let radius = norm_two(&self.direction);
            if radius <= SHORTEST_STEP * max_abs(x).max(1.0) || self.sigma > LARGEST_REGULARISATION {
                return Ok(Err(SmoothStop::RejectFloor { radius }));
            }
        }
    }

    /// Gradient and Hessian at the target, where f is `value`; none where they are not finite.
    fn sample<O: SecondOrder>(&self, problem: &mut Problem<O>, value: f64) -> Result<Option<Iterate>, Error> {
        let gradient = gradient(problem, &self.target)?;
        if !max_abs(&gradient).is_finite() {
            return Ok(None);
        }
        let rows = problem.hessian(&self.target)?;
        Ok(self.iterate(self.target.clone(), value, gradient, &rows)?)
    }

    /// Whether a step at the rounding level of f lowers the projected gradient, and not for the third time by less than half.
    fn falls(&mut self, next: &Iterate) -> bool {
        let norm = self.bounds.projected_gradient_norm(&next.x, &next.gradient);
        self.rounding_steps = if norm < 0.5 * self.norm { 0 } else { self.rounding_steps + 1 };
        norm < self.norm && self.rounding_steps < MAX_ROUNDING_STEPS
    }

    fn at_rounding(&self, predicted: f64, noise: f64) -> SmoothStop {
        SmoothStop::NumericallyConverged { predicted, noise, norm: self.norm }
    }

    /// Where no cubic step was found at a point of resolved negative curvature, f itself is asked along it.
    fn walk<O: SecondOrder>(
        &mut self,
        problem: &mut Problem<O>,
        x: &[f64],
        value: f64,
        stop: SmoothStop,
    ) -> Result<Found, Error> {
        let saddle = self.stationarity.as_ref().is_some_and(Stationarity::is_saddle);
        let least = self.curvature.as_ref().and_then(|curvature| curvature.least_curvature(x.len()));
        let (true, Some(least), false) = (saddle, least, stop == SmoothStop::Cancelled) else {
            return Ok(Err(stop));
        };
        let (direction, noise) = (&least.direction, value_noise(value));
        let start = CurvatureWalkStart { x, value, direction, least: least.value, noise };
        let contradicted = SmoothStop::CurvatureContradicted { least: least.value, norm: self.norm };
        match walk_negative_curvature(&self.bounds, &start, |x| problem.cost(&x.to_vec()))? {
            CurvatureWalk::Descent { x, value } => {
                self.target = x;
                self.sigma = self.initial_sigma.clamp(SMALLEST_REGULARISATION, LARGEST_REGULARISATION);
                let next = self.sample(problem, value)?;
                Ok(next.map(|next| (next, ACCEPTED)).ok_or(SmoothStop::NotFinite))
            }
            CurvatureWalk::Contradicted => Ok(Err(contradicted)),
        }
    }

    /// The guard's word on the point, if it ends the run.
    fn watch_the_value(&mut self, at: &Iterate) -> Option<SmoothStop> {
        let norm = self.bounds.projected_gradient_norm(&at.x, &at.gradient);
        let guard = self.guard.as_mut()?;
        match guard.observe(&at.x, at.value, &at.gradient, norm) {
            CostStallVerdict::FlatValley => {
                let norm = guard.best().map_or(norm, |best| best.projected_gradient);
                Some(SmoothStop::CostStall { norm, tolerance: self.test.gradient })
            }
            CostStallVerdict::KeepDescending => {
                self.sigma = self.initial_sigma;
                None
            }
            // The test itself ends the run where the point is no saddle.
            CostStallVerdict::Stationary | CostStallVerdict::Progress => None,
        }
    }
}

impl<O> Solver<O, SecondOrderState> for Cubic
where
    O: CostFunction<Param = Vec<f64>, Output = f64>
        + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>
        + Hessian<Param = Vec<f64>, Hessian = Vec<Vec<f64>>>,
{
    fn name(&self) -> &str {
        "ARC"
    }

    fn init(
        &mut self,
        problem: &mut Problem<O>,
        mut state: SecondOrderState,
    ) -> Result<(SecondOrderState, Option<KV>), Error> {
        self.tolerances.check()?;
        SmoothError::check_positive("initial_regularisation", self.initial_sigma)?;
        let n = self.bounds.len();
        (self.direction, self.target) = (vec![0.0; n], vec![0.0; n]);
        self.sigma = self.initial_sigma.clamp(SMALLEST_REGULARISATION, LARGEST_REGULARISATION);
        (self.stop, self.num_iterations, self.rounding_steps) = (SmoothStop::Running, 0, 0);
        (self.curvature, self.stationarity) = (None, None);
        let first = first_sample(problem, &self.bounds, &mut state)?;
        self.test = self.tolerances.at_start(first.value);
        self.guard = self.cost_stall.map(|options| CostStallGuard::new(options, self.test));
        let at = match first.gradient {
            Some(gradient) => {
                let given = state.take_hessian().filter(|_| first.from_state);
                let rows = given.map_or_else(|| problem.hessian(&first.x), Ok)?;
                self.iterate(first.x.clone(), first.value, gradient, &rows)?
            }
            None => None,
        };
        let Some(at) = at else {
            let reason = self.stop_with(SmoothStop::NotFinite);
            return Ok((state.param(first.x).cost(first.value).terminate_with(reason), None));
        };
        self.watch_the_value(&at);
        Ok((self.settle_at(at, state), None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        mut state: SecondOrderState,
    ) -> Result<(SecondOrderState, Option<KV>), Error> {
        let value = state.get_cost();
        // Both were set by `init`; a state without them was not made by this solver.
        let x = state.take_param().ok_or(SmoothError::NoStart)?;
        let g = state.take_gradient().ok_or(SmoothError::NoStart)?;
        let found = match self.search(problem, &x, value, &g)? {
            Err(stop) => self.walk(problem, &x, value, stop)?,
            found => found,
        };
        let (next, ratio) = match found {
            Ok(found) => found,
            Err(stop) => {
                let reason = self.stop_with(stop);
                return Ok((state.param(x).gradient(g).terminate_with(reason), None));
            }
        };
        if ratio >= VERY_GOOD {
            self.sigma = (self.sigma / RELAX).max(SMALLEST_REGULARISATION);
        }
        self.num_iterations += 1;
        let stalled = self.watch_the_value(&next);
        let accepted_for_its_gradient = next.value >= value;
        let mut state = self.settle_at(next, state);
        // argmin, which looks at f alone, would keep the point before.
        if accepted_for_its_gradient {
            make_best(&mut state);
        }
        if let Some(stop) = stalled {
            state = state.terminate_with(self.stop_with(stop));
        }
        Ok((state, Some(kv!("projected_gradient" => self.norm; "regularisation" => self.sigma;))))
    }

    fn terminate(&mut self, state: &SecondOrderState) -> TerminationStatus {
        if self.stationarity.as_ref().is_some_and(Stationarity::is_stationary) {
            let stop = SmoothStop::Stationary { norm: self.norm, tolerance: self.test.gradient };
            return TerminationStatus::Terminated(self.stop_with(stop));
        }
        self.stop = self.stop.or_limits(state);
        TerminationStatus::NotTerminated
    }
}

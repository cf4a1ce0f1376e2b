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
use super::cubic_step::cubic_step;
use super::curvature::FreeCurvature;
use super::quasi_newton::{StopHook, make_best};
use super::stop::VALUE_NOISE;
use super::{SmoothError, SmoothStop};
use crate::numeric::parallel::Workers;
use crate::numeric::sum::{dot, max_abs};
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
const LARGEST_REGULARISATION: f64 = 1e12;
/// Steps in a row at the rounding level of f that do not lower the projected gradient.
const MAX_ROUNDING_STEPS: u32 = 3;

/// The state of argmin that this solver works on: the Hessian as rows.
pub type SecondOrderState = IterState<Vec<f64>, Vec<f64>, (), Vec<Vec<f64>>, (), f64>;

/// Minimises f(x) subject to lower ≤ x ≤ upper, for any problem that implements argmin's [`CostFunction`], [`Gradient`] and
/// [`Hessian`] (symmetric, n rows of n) over `Vec<f64>`. f is evaluated within the box only; two runs give the same bits.
///
/// A run ends as [`SmoothStop::Stationary`] only if maxᵢ |P(x − g)ᵢ − xᵢ| ≤ tolerance (1e-5 by default) and no negative
/// curvature over the free variables is resolved.
pub struct Cubic {
    bounds: Bounds,
    tolerance: f64,
    initial_sigma: f64,
    sigma: f64,
    stop_when: Option<StopHook>,
    stop: SmoothStop,
    norm: f64,
    num_iterations: u64,
    rounding_steps: u32,
    curvature: Option<FreeCurvature>,
    /// H (n × n by rows)
    hessian: Vec<f64>,
    subproblem: BoxQuadratic,
    direction: Vec<f64>,
    target: Vec<f64>,
}

/// The problems this solver takes.
trait SecondOrder:
    CostFunction<Param = Vec<f64>, Output = f64>
    + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>
    + Hessian<Param = Vec<f64>, Hessian = Vec<Vec<f64>>>
{
}

impl<O> SecondOrder for O where
    O: CostFunction<Param = Vec<f64>, Output = f64>
        + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>
        + Hessian<Param = Vec<f64>, Hessian = Vec<Vec<f64>>>
{
}

impl Cubic {
    /// A solver for lower ≤ x ≤ upper with the default options. Both vectors have length n; a bound may be infinite, and
    /// equal bounds fix a variable.
    ///
    /// # Errors
    /// [`SmoothError`] if the lengths differ, a bound is NaN, or a lower bound exceeds its upper bound.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, SmoothError> {
        Ok(Self {
            bounds: Bounds::new(lower, upper)?,
            tolerance: 1e-5,
            initial_sigma: 1.0,
            sigma: 1.0,
            stop_when: None,
            stop: SmoothStop::Running,
            norm: f64::INFINITY,
            num_iterations: 0,
            rounding_steps: 0,
            curvature: None,
            hessian: Vec::new(),
            subproblem: BoxQuadratic::default(),
            direction: Vec::new(),
            target: Vec::new(),
        })
    }

    /// Stops when maxᵢ |P(x − g)ᵢ − xᵢ| ≤ `tolerance`; 1e-5 by default.
    #[must_use]
    pub fn gradient_tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// σ before the first step, > 0; 1 by default.
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

    /// Takes the Hessian at x, decomposes it over the free variables.
    fn take_hessian(&mut self, rows: &[Vec<f64>], x: &[f64], g: &[f64]) -> Result<bool, SmoothError> {
        let n = x.len();
        let received = rows.iter().map(Vec::len).find(|&length| length != n).unwrap_or(rows.len());
        if rows.len() != n || received != n {
            return Err(SmoothError::HessianShape { expected: n, received });
        }
        self.hessian.clear();
        self.hessian.extend(rows.iter().flatten());
        // The lower triangle decides; a small asymmetry of rounding is averaged away.
        for i in 0..n {
            for j in 0..i {
                let mean = 0.5 * (self.hessian[i * n + j] + self.hessian[j * n + i]);
                self.hessian[i * n + j] = mean;
                self.hessian[j * n + i] = mean;
            }
        }
        self.norm = self.bounds.projected_gradient_norm(x, g);
        self.curvature = FreeCurvature::new(&self.bounds, x, g, &self.hessian);
        Ok(self.curvature.is_some())
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
        if !self.subproblem.minimise(&shifted, &self.bounds, x, g, &workers, &mut direction, &mut self.target)
            || max_abs(&direction) == 0.0
        {
            return false;
        }
        self.direction = direction;
        true
    }

    /// True if the run may end at this point: stationary, and no negative curvature resolved.
    fn stationary(&self) -> Option<SmoothStop> {
        let negative = self.curvature.as_ref().is_some_and(FreeCurvature::is_negative);
        (self.norm <= self.tolerance && !negative)
            .then_some(SmoothStop::Stationary { norm: self.norm, tolerance: self.tolerance })
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

/// A trial point that was accepted.
struct Accepted {
    value: f64,
    gradient: Vec<f64>,
    ratio: f64,
}

impl Cubic {
    /// Tries steps, each with a larger σ, until one is accepted.
    fn search<O: SecondOrder>(
        &mut self,
        problem: &mut Problem<O>,
        x: &[f64],
        value: f64,
        g: &[f64],
    ) -> Result<Result<Accepted, SmoothStop>, Error> {
        loop {
            if self.stop_when.as_ref().is_some_and(|hook| hook()) {
                return Ok(Err(SmoothStop::Cancelled));
            }
            let Some(predicted) = self.find_step(x, g) else {
                return Ok(Err(self.at_rounding()));
            };
            let noise = VALUE_NOISE * value.abs();
            let trial = problem.cost(&self.target)?;
            let ratio = (value - trial) / predicted;
            // Where f cannot tell, the gradient does.
            let cannot_tell = predicted <= noise && (value - trial).abs() <= noise;
            if trial.is_finite() && (ratio >= ACCEPTED || cannot_tell) {
                let gradient = problem.gradient(&self.target)?;
                if gradient.len() != x.len() {
                    return Err(
                        SmoothError::GradientLength { expected: x.len(), received: gradient.len() }.into()
                    );
                }
                if max_abs(&gradient).is_finite() {
                    if !cannot_tell {
                        self.rounding_steps = 0;
                        return Ok(Ok(Accepted { value: trial, gradient, ratio }));
                    }
                    let norm = self.bounds.projected_gradient_norm(&self.target, &gradient);
                    self.rounding_steps = if norm < 0.5 * self.norm { 0 } else { self.rounding_steps + 1 };
                    return Ok(if norm < self.norm && self.rounding_steps < MAX_ROUNDING_STEPS {
                        Ok(Accepted { value: trial, gradient, ratio: VERY_GOOD })
                    } else {
                        Err(self.at_rounding())
                    });
                }
            }
            self.sigma *= TIGHTEN;
            if self.sigma > LARGEST_REGULARISATION {
                return Ok(Err(SmoothStop::LineSearchFailed));
            }
        }
    }

    fn at_rounding(&self) -> SmoothStop {
        SmoothStop::RoundingLimit {
            norm: self.norm,
            tolerance: self.tolerance,
            iterations: self.num_iterations,
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
        let named = [("gradient_tolerance", self.tolerance), ("initial_regularisation", self.initial_sigma)];
        for (name, value) in named {
            if value.is_nan() || value < 0.0 {
                return Err(SmoothError::Tolerance { name, value }.into());
            }
        }
        let x = self.bounds.start(state.take_param())?;
        self.direction = vec![0.0; x.len()];
        self.target = vec![0.0; x.len()];
        self.sigma = self.initial_sigma.clamp(SMALLEST_REGULARISATION, LARGEST_REGULARISATION);
        (self.stop, self.num_iterations, self.rounding_steps) = (SmoothStop::Running, 0, 0);
        let value = problem.cost(&x)?;
        let gradient = if value.is_finite() { problem.gradient(&x)? } else { Vec::new() };
        if value.is_finite() && gradient.len() != x.len() {
            return Err(SmoothError::GradientLength { expected: x.len(), received: gradient.len() }.into());
        }
        let finite = value.is_finite() && max_abs(&gradient).is_finite();
        if !finite || !self.take_hessian(&problem.hessian(&x)?, &x, &gradient)? {
            let reason = self.stop_with(SmoothStop::NotFinite);
            return Ok((state.param(x).cost(value).terminate_with(reason), None));
        }
        Ok((state.param(x).gradient(gradient).cost(value), None))
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
        let accepted = match self.search(problem, &x, value, &g)? {
            Ok(accepted) => accepted,
            Err(stop) => {
                let reason = self.stop_with(stop);
                return Ok((state.param(x).gradient(g).terminate_with(reason), None));
            }
        };
        if accepted.ratio >= VERY_GOOD {
            self.sigma = (self.sigma / RELAX).max(SMALLEST_REGULARISATION);
        }
        self.num_iterations += 1;
        let x = self.target.clone();
        let rows = problem.hessian(&x)?;
        let finite = self.take_hessian(&rows, &x, &accepted.gradient)?;
        let (norm, sigma) = (self.norm, self.sigma);
        let mut state = state.param(x).gradient(accepted.gradient).cost(accepted.value);
        // Accepted for its gradient: argmin, which looks at f alone, would keep the point before.
        if accepted.value >= value {
            make_best(&mut state);
        }
        if !finite {
            let reason = self.stop_with(SmoothStop::NotFinite);
            state = state.terminate_with(reason);
        }
        Ok((state, Some(kv!("projected_gradient" => norm; "regularisation" => sigma;))))
    }

    fn terminate(&mut self, state: &SecondOrderState) -> TerminationStatus {
        if let Some(stop) = self.stationary() {
            return TerminationStatus::Terminated(self.stop_with(stop));
        }
        if state.iter >= state.max_iters {
            self.stop = SmoothStop::IterationLimit;
        } else if state.best_cost <= state.target_cost {
            self.stop = SmoothStop::TargetCost;
        }
        TerminationStatus::NotTerminated
    }
}

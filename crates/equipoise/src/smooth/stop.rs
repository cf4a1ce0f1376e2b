//! Errors, stop reasons and stop tests of the solvers.

use super::fixed_point::FixedPointFallback;
use super::stationarity::StationarityTest;
use argmin::core::{IterState, TerminationReason};

/// Wrong input to a solver. Inside argmin's error it is found by `downcast_ref::<SmoothError>()`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SmoothError {
    /// The two bound vectors differ in length.
    #[error("upper: expected {lower} numbers as in lower, received {upper}")]
    BoundLengths {
        /// Length of the lower bounds.
        lower: usize,
        /// Length of the upper bounds.
        upper: usize,
    },
    /// No finite number lies between the bounds of one variable.
    #[error("lower[{index}]: expected a number not above upper[{index}] = {upper}, received {lower}")]
    Bounds {
        /// Index of the variable.
        index: usize,
        /// Its lower bound.
        lower: f64,
        /// Its upper bound.
        upper: f64,
    },
    /// A tolerance is negative or not a number.
    #[error("{name}: expected a number not below 0, received {value}")]
    Tolerance {
        /// Name of the option.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// The step caps have another length than the bounds.
    #[error("step_caps: expected {expected} numbers, received {received}")]
    StepCapLength {
        /// Length of the bounds.
        expected: usize,
        /// Number of caps.
        received: usize,
    },
    /// A step cap is not positive.
    #[error("step_caps[{index}]: expected a positive number, received {value}")]
    StepCap {
        /// Index of the variable.
        index: usize,
        /// Its cap.
        value: f64,
    },
    /// The state has no start point.
    #[error("param: expected a start point in the state, received none")]
    NoStart,
    /// The start point has another length than the bounds.
    #[error("param: expected {expected} numbers, received {received}")]
    StartLength {
        /// Length of the bounds.
        expected: usize,
        /// Length of the start point.
        received: usize,
    },
    /// The start point, clipped to the box, is not finite.
    #[error("param[{index}]: expected a finite number, received {value}")]
    StartNotFinite {
        /// Index of the variable.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// The problem returned a gradient of another length than its argument.
    #[error("gradient: expected {expected} numbers, received {received}")]
    GradientLength {
        /// Length of the argument.
        expected: usize,
        /// Length of the gradient.
        received: usize,
    },
    /// The problem returned a Hessian of another shape than its argument.
    #[error("hessian: expected {expected} rows of as many numbers, received {received}")]
    HessianShape {
        /// Length of the argument.
        expected: usize,
        /// Number of rows, or length of the first row that differs.
        received: usize,
    },
    /// The Hessian operator has another dimension than its point.
    #[error("hessian operator: expected dimension {expected}, received {received}")]
    OperatorDimension {
        /// Length of the point.
        expected: usize,
        /// Dimension of the operator.
        received: usize,
    },
    /// The first metric has another number of entries than n².
    #[error("initial_metric: expected {expected} numbers, received {received}")]
    MetricLength {
        /// n²
        expected: usize,
        /// Number of entries.
        received: usize,
    },
    /// An option is not a positive number.
    #[error("{name}: expected a positive number, received {value}")]
    NotPositive {
        /// Name of the option.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// An index names no variable.
    #[error("{name}: expected an index below {dimension}, received {index}, which is out of range")]
    CoordinateIndex {
        /// Name of the option.
        name: &'static str,
        /// The index.
        index: usize,
        /// Number of variables.
        dimension: usize,
    },
    /// A fixed-point step has another length than its point.
    #[error("step: expected {expected} numbers, received {received}")]
    FixedPointStepLength {
        /// Length of the point.
        expected: usize,
        /// Length of the step.
        received: usize,
    },
    /// The ψ gradient has another length than there are ψ coordinates.
    #[error("psi_gradient: expected {expected} numbers, received {received}")]
    PsiGradientLength {
        /// Number of ψ coordinates.
        expected: usize,
        /// Length of the gradient.
        received: usize,
    },
}

impl SmoothError {
    /// # Errors
    /// [`SmoothError::Tolerance`] if the value is negative or NaN.
    pub(super) fn check_tolerance(name: &'static str, value: Option<f64>) -> Result<(), Self> {
        match value {
            Some(value) if value.is_nan() || value < 0.0 => Err(Self::Tolerance { name, value }),
            _ => Ok(()),
        }
    }

    /// # Errors
    /// [`SmoothError::NotPositive`] if `value` is not above 0.
    pub(super) fn check_positive(name: &'static str, value: f64) -> Result<(), Self> {
        if value > 0.0 { Ok(()) } else { Err(Self::NotPositive { name, value }) }
    }
}

/// What the problem gave where the matrix-free trust region needs an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoutingMismatch {
    /// A dense Hessian: cubic regularisation suits it.
    Dense,
    /// No Hessian: a quasi-Newton method suits it.
    Unavailable,
}

/// What ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum SmoothStop {
    /// Nothing yet: the run has not begun, goes on, or was ended from outside (argmin's time limit).
    #[default]
    Running,
    /// The projected gradient is small: `norm` ≤ `tolerance`.
    Stationary {
        /// maxᵢ |P(x − g)ᵢ − xᵢ|, P the projection onto the box.
        norm: f64,
        /// The gradient tolerance.
        tolerance: f64,
    },
    /// The last step changed the objective by little: `change` ≤ `limit`. Only with a function tolerance.
    FunctionStalled {
        /// |f_{k+1} − f_k|.
        change: f64,
        /// Function tolerance times max(|f_k|, |f_{k+1}|, 1).
        limit: f64,
    },
    /// `iterations` steps in a row neither lowered f by more than its rounding error nor lowered the projected gradient
    /// below its smallest value so far, which is above `tolerance`: the arithmetic gives no more.
    RoundingLimit {
        /// maxᵢ |P(x − g)ᵢ − xᵢ| at the best point.
        norm: f64,
        /// The gradient tolerance.
        tolerance: f64,
        /// Number of steps without progress.
        iterations: u64,
    },
    /// No step decreases f, not even along the projected steepest-descent direction: f and its gradient contradict each
    /// other, or the rounding error of f exceeds 1e-6 |f|.
    LineSearchFailed,
    /// The hook given to [`stop_when`](super::QuasiNewton::stop_when) returned true.
    Cancelled,
    /// f or its gradient was not finite at the start, or at every trial point of an iteration.
    NotFinite,
    /// argmin's limit on iterations was reached.
    IterationLimit,
    /// argmin's target cost was reached.
    TargetCost,
    /// The model predicts a decrease below the rounding error of f, and no negative curvature is resolved: `predicted` ≤ `noise`. The
    /// arithmetic shows no better point, though the projected gradient is above `tolerance`.
    NumericallyConverged {
        /// Decrease that the model predicts.
        predicted: f64,
        /// Rounding error of f.
        noise: f64,
        /// maxᵢ |P(x − g)ᵢ − xᵢ|
        norm: f64,
    },
    /// Every step was rejected down to the shortest one: f and its derivatives contradict each other. A further run from here ends alike.
    RejectFloor {
        /// Length (∞ > radius > 0) or reciprocal regularisation of the last step that was tried.
        radius: f64,
    },
    /// The problem gave another form of Hessian than this solver works with.
    RoutingMismatch(RoutingMismatch),
    /// The value has stalled where the gradient is not small, as the cost-stall guard says: a flat valley.
    CostStall {
        /// maxᵢ |P(x − g)ᵢ − xᵢ| at the best point.
        norm: f64,
        /// The gradient tolerance.
        tolerance: f64,
    },
    /// A stationary point whose Hessian shows negative curvature that f does not: the two contradict each other.
    CurvatureContradicted {
        /// The least eigenvalue.
        least: f64,
        /// maxᵢ |P(x − g)ᵢ − xᵢ|
        norm: f64,
    },
    /// The projected fixed-point step is small: `norm` ≤ `tolerance`.
    StepStationary {
        /// The largest projected (and for ψ scaled) step.
        norm: f64,
        /// The step tolerance.
        tolerance: f64,
    },
    /// The fixed-point steps cannot be followed; a method with gradients should go on.
    FirstOrderFallback(FixedPointFallback),
    /// The fixed-point step is zero, but f is known only up to `gap` > `tolerance`.
    EnclosureOpen {
        /// The enclosure gap.
        gap: f64,
        /// The step tolerance.
        tolerance: f64,
    },
}

impl SmoothStop {
    /// True if the solver's own test of a minimiser holds: stationary, numerically converged, or a fixed point. A certificate still has
    /// to say so.
    pub fn is_converged(self) -> bool {
        matches!(
            self,
            Self::Stationary { .. } | Self::NumericallyConverged { .. } | Self::StepStationary { .. }
        )
    }

    /// The same, or argmin's own limits where one is reached: argmin applies them itself, the solver only says so in its own words.
    pub(super) fn or_limits<H>(self, state: &IterState<Vec<f64>, Vec<f64>, (), H, (), f64>) -> Self {
        if state.iter >= state.max_iters {
            Self::IterationLimit
        } else if state.best_cost <= state.target_cost {
            Self::TargetCost
        } else {
            self
        }
    }

    /// The reason as argmin says it.
    pub(super) fn termination_reason(self) -> TerminationReason {
        let exit = |text: &str| TerminationReason::SolverExit(text.to_owned());
        match self {
            Self::Stationary { .. }
            | Self::FunctionStalled { .. }
            | Self::NumericallyConverged { .. }
            | Self::StepStationary { .. } => TerminationReason::SolverConverged,
            Self::RejectFloor { .. } => exit("every step was rejected"),
            Self::RoutingMismatch(_) => exit("the Hessian has another form"),
            Self::CostStall { .. } => exit("the value stalls"),
            Self::CurvatureContradicted { .. } => exit("the negative curvature is contradicted"),
            Self::FirstOrderFallback(_) => exit("the fixed-point steps cannot be followed"),
            Self::EnclosureOpen { .. } => exit("the enclosure gap is open"),
            Self::RoundingLimit { .. } => exit("no progress beyond rounding"),
            Self::LineSearchFailed => exit("line search failed"),
            Self::NotFinite => exit("objective or gradient not finite"),
            Self::Cancelled => TerminationReason::Interrupt,
            Self::IterationLimit => TerminationReason::MaxItersReached,
            Self::TargetCost => TerminationReason::TargetCostReached,
            Self::Running => exit("running"),
        }
    }
}

/// Rounding error of an objective relative to its value: 1024 roundings, for sums of many terms.
pub(super) const VALUE_NOISE: f64 = 1024.0 * f64::EPSILON;

/// The same for an objective that is a small difference of large terms; Hager and Zhang's ε.
pub(super) const CANCELLATION_NOISE: f64 = 1e-6;

/// Steps without progress after which the run has reached the rounding limit. On ill-conditioned problems the projected
/// gradient rises for dozens of steps before it falls again, so this only guards against a run without end.
const MAX_STEPS_WITHOUT_PROGRESS: u64 = 100;

/// What the stop tests look at.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    pub num_iterations: u64,
    /// maxᵢ |P(x − g)ᵢ − xᵢ| at the current point.
    pub norm: f64,
    /// The same at the best point.
    pub norm_at_best: f64,
    smallest_norm: f64,
    lowest_value: f64,
    /// The last two values of f, the newer first.
    values: Option<(f64, f64)>,
    without_progress: u64,
}

impl Progress {
    pub fn new(value: f64, norm: f64) -> Self {
        Self {
            num_iterations: 0,
            norm,
            norm_at_best: norm,
            smallest_norm: norm,
            lowest_value: value,
            values: None,
            without_progress: 0,
        }
    }

    /// Records an accepted step.
    pub fn record(&mut self, value_before: f64, value: f64, norm: f64) {
        self.num_iterations += 1;
        self.norm = norm;
        self.values = Some((value, value_before));
        let lower = value < self.lowest_value - VALUE_NOISE * self.lowest_value.abs();
        if lower || norm < self.smallest_norm {
            self.without_progress = 0;
        } else {
            self.without_progress += 1;
        }
        if lower {
            self.lowest_value = value;
        }
        self.smallest_norm = self.smallest_norm.min(norm);
    }

    /// Change of f in the last step: |f_{k+1} − f_k| ≤ tolerance · max(|f_k|, |f_{k+1}|, 1). Returns both sides; none
    /// without a tolerance or a step.
    pub fn function_change(&self, tolerance: Option<f64>) -> Option<(f64, f64)> {
        let (value, before) = self.values?;
        Some(((value - before).abs(), tolerance? * value.abs().max(before.abs()).max(1.0)))
    }

    /// Rounding limit: steps in a row without progress ≥ 100. Returns both sides.
    pub fn rounding_limit(&self) -> (u64, u64) {
        (self.without_progress, MAX_STEPS_WITHOUT_PROGRESS)
    }

    /// The first of the tests that holds.
    pub fn stop(&self, test: &StationarityTest, function_tolerance: Option<f64>) -> Option<SmoothStop> {
        let (norm, tolerance) = (self.norm, test.gradient);
        if test.accepts_gradient(norm) {
            return Some(SmoothStop::Stationary { norm, tolerance });
        }
        if let Some((change, limit)) = self.function_change(function_tolerance)
            && change <= limit
        {
            return Some(SmoothStop::FunctionStalled { change, limit });
        }
        let (iterations, limit) = self.rounding_limit();
        (iterations >= limit).then_some(SmoothStop::RoundingLimit {
            norm: self.norm_at_best,
            tolerance,
            iterations,
        })
    }
}

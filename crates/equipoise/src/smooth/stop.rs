//! Errors, stop reasons and stop tests of the solvers.

use argmin::core::TerminationReason;

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
}

impl SmoothStop {
    /// The reason as argmin says it.
    pub(super) fn termination_reason(self) -> TerminationReason {
        let exit = |text: &str| TerminationReason::SolverExit(text.to_owned());
        match self {
            Self::Stationary { .. } | Self::FunctionStalled { .. } => TerminationReason::SolverConverged,
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

/// Tolerances of the stop tests.
#[derive(Debug, Clone)]
pub(super) struct Tolerances {
    pub gradient: f64,
    pub function: Option<f64>,
}

impl Tolerances {
    pub fn check(&self) -> Result<(), SmoothError> {
        let named = [("gradient_tolerance", Some(self.gradient)), ("function_tolerance", self.function)];
        for (name, value) in named {
            if let Some(value) = value.filter(|value| value.is_nan() || *value < 0.0) {
                return Err(SmoothError::Tolerance { name, value });
            }
        }
        Ok(())
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

    /// Stationarity: maxᵢ |P(x − g)ᵢ − xᵢ| ≤ tolerance. Returns both sides.
    pub fn stationarity(&self, tolerances: &Tolerances) -> (f64, f64) {
        (self.norm, tolerances.gradient)
    }

    /// Change of f in the last step: |f_{k+1} − f_k| ≤ tolerance · max(|f_k|, |f_{k+1}|, 1). Returns both sides; none
    /// without a tolerance or a step.
    pub fn function_change(&self, tolerances: &Tolerances) -> Option<(f64, f64)> {
        let (value, before) = self.values?;
        Some(((value - before).abs(), tolerances.function? * value.abs().max(before.abs()).max(1.0)))
    }

    /// Rounding limit: steps in a row without progress ≥ 100. Returns both sides.
    pub fn rounding_limit(&self) -> (u64, u64) {
        (self.without_progress, MAX_STEPS_WITHOUT_PROGRESS)
    }

    /// The first of the tests that holds.
    pub fn stop(&self, tolerances: &Tolerances) -> Option<SmoothStop> {
        let (norm, tolerance) = self.stationarity(tolerances);
        if norm <= tolerance {
            return Some(SmoothStop::Stationary { norm, tolerance });
        }
        if let Some((change, limit)) = self.function_change(tolerances)
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

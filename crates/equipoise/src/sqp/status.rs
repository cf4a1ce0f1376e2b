//! How a run ended, with the likely cause and the option to change.

use serde::{Deserialize, Serialize};

/// How a run ended. `Converged` only if the independent check of the first-order conditions says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SqpStatus {
    /// The run goes on.
    Running,
    /// The scaled first-order conditions hold within the tolerances.
    Converged,
    /// `max_steps` steps were taken.
    MaxSteps,
    /// The merit function stopped falling before the conditions held.
    MeritStagnation,
    /// No step along the search direction lowers the merit function, again and again.
    LineSearchFailure,
    /// The quadratic subproblem failed again and again.
    QpSubproblemFailure,
    /// The merit function rose far above its best value; the best point is returned.
    IterateBlowup,
    /// No point satisfies the constraints near here: a certificate, or a stationary point of the violation.
    Infeasible,
    /// f, a constraint or a derivative is not finite at the start, or everywhere near the last point.
    Nonfinite,
    /// The steps became negligible before the conditions held.
    Stalled,
    /// Only the projected gradient of the inexact inner solver is small (`use_inexact_stationarity`).
    InexactStationary,
    /// The objective falls without end along the feasible set, as far as double precision goes.
    Unbounded,
    /// The caller's cancellation or the time limit ended the run.
    Cancelled,
}

impl SqpStatus {
    /// Every status.
    pub const ALL: [Self; 13] = [
        Self::Running,
        Self::Converged,
        Self::MaxSteps,
        Self::MeritStagnation,
        Self::LineSearchFailure,
        Self::QpSubproblemFailure,
        Self::IterateBlowup,
        Self::Infeasible,
        Self::Nonfinite,
        Self::Stalled,
        Self::InexactStationary,
        Self::Unbounded,
        Self::Cancelled,
    ];

    /// The status as it appears in JavaScript and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Converged => "converged",
            Self::MaxSteps => "max_steps",
            Self::MeritStagnation => "merit_stagnation",
            Self::LineSearchFailure => "line_search_failure",
            Self::QpSubproblemFailure => "qp_subproblem_failure",
            Self::IterateBlowup => "iterate_blowup",
            Self::Infeasible => "infeasible",
            Self::Nonfinite => "nonfinite",
            Self::Stalled => "stalled",
            Self::InexactStationary => "inexact_stationary",
            Self::Unbounded => "unbounded",
            Self::Cancelled => "cancelled",
        }
    }

    /// One sentence for a reader: the likely cause and the option to change.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Running => "The run has not ended.",
            Self::Converged => {
                "The first-order conditions hold: stationarity, feasibility, complementarity and signs, checked independently."
            }
            Self::MaxSteps => {
                "The step limit was reached while the conditions still improved: raise `max_steps`, or give exact second \
                 derivatives (`use_exact_hvp`)."
            }
            Self::MeritStagnation => {
                "The merit function stopped falling: the tolerances may be below the rounding error of f; loosen \
                 `stationarity_tolerance`, or check the derivatives with `check_derivatives`."
            }
            Self::LineSearchFailure => {
                "No step along the direction lowers the merit function: most often a wrong derivative (run \
                 `check_derivatives`), else a kink or noise in f; or raise `line_search_max_steps`."
            }
            Self::QpSubproblemFailure => {
                "The quadratic subproblem failed repeatedly: raise `qp_max_iter`, scale the constraints (`scaling`), or look \
                 for dependent constraints."
            }
            Self::IterateBlowup => {
                "The merit function rose far above its best value, which is returned: the model of the curvature is poor; \
                 give exact second derivatives (`use_exact_hvp`), bounds, or a lower `divergence_patience`."
            }
            Self::Infeasible => {
                "The constraints cannot hold together near this point; the rows that stand in the way are listed: relax one \
                 of them, or start elsewhere (`x0`)."
            }
            Self::Nonfinite => {
                "A function or derivative is not finite here: choose another `x0`, or bounds that keep logarithms, roots and \
                 quotients defined."
            }
            Self::Stalled => {
                "The steps became negligible before the conditions held: f may be noisy or its derivatives inexact; use \
                 analytic derivatives or central differences (`finite_differences`), or loosen `stationarity_tolerance`."
            }
            Self::InexactStationary => {
                "Only the inexact inner solver's projected gradient is small, not the full condition: loosen \
                 `stationarity_tolerance`, or use another `inner_solver`."
            }
            Self::Unbounded => {
                "The objective falls without end within the constraints: add bounds or a constraint that limits it."
            }
            Self::Cancelled => {
                "The run was cancelled or reached its time limit; the best point so far is returned."
            }
        }
    }
}

impl std::fmt::Display for SqpStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

//! Why a run ended, as a closed set.

use serde::{Deserialize, Serialize};

/// The one stated reason for which a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StopReason {
    /// The point is stationary by the one test and the certificate does not contradict it.
    Converged,
    /// The objective declared a seed terminal.
    TerminalSeed,
    /// The point was the final answer of an earlier run with the same key.
    CachedFinal,
    /// The limit on outer iterations.
    IterationBudget,
    /// The trust region or the cubic regularisation rejects steps at its limit.
    RejectFloor,
    /// The criterion no longer falls although the gradient is not small.
    CostStallFlatValley,
    /// The objective gave another form of Hessian than it declared.
    RoutingMismatch,
    /// No step along the search direction lowers the criterion.
    LineSearchFailed,
    /// Rounding errors of the criterion hide further progress.
    RoundingLimit,
    /// No multiple of a fixed-point step lowers the criterion.
    FixedPointStalled,
    /// The fixed point handed over to a solver that uses gradients, and there was none.
    FirstOrderFallback,
    /// The criterion or its gradient was not finite at every trial.
    NotFinite,
    /// The solver took the point for stationary; the one test does not.
    NotStationary,
    /// The gradient is not that of the criterion: the certificate found them apart.
    CriterionBroken,
    /// The Hessian shows negative curvature that the criterion does not: the two contradict each other.
    CurvatureContradicted,
    /// The fixed point stands still, but its log determinant is not known closely enough.
    EnclosureOpen,
    /// The point is stationary, but the criterion curves down there: a maximum or a saddle.
    CurvesDown,
    /// The objective ended the run with an error of its own.
    Aborted,
    /// The caller's cancellation or the time limit.
    Cancelled,
}

impl StopReason {
    /// Every reason.
    pub const ALL: [Self; 19] = [
        Self::Converged,
        Self::TerminalSeed,
        Self::CachedFinal,
        Self::IterationBudget,
        Self::RejectFloor,
        Self::CostStallFlatValley,
        Self::RoutingMismatch,
        Self::LineSearchFailed,
        Self::RoundingLimit,
        Self::FixedPointStalled,
        Self::FirstOrderFallback,
        Self::NotFinite,
        Self::NotStationary,
        Self::CriterionBroken,
        Self::CurvatureContradicted,
        Self::EnclosureOpen,
        Self::CurvesDown,
        Self::Aborted,
        Self::Cancelled,
    ];

    /// The reason as it appears in JavaScript and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::TerminalSeed => "terminalSeed",
            Self::CachedFinal => "cachedFinal",
            Self::IterationBudget => "iterationBudget",
            Self::RejectFloor => "rejectFloor",
            Self::CostStallFlatValley => "costStallFlatValley",
            Self::RoutingMismatch => "routingMismatch",
            Self::LineSearchFailed => "lineSearchFailed",
            Self::RoundingLimit => "roundingLimit",
            Self::FixedPointStalled => "fixedPointStalled",
            Self::FirstOrderFallback => "firstOrderFallback",
            Self::NotFinite => "notFinite",
            Self::NotStationary => "notStationary",
            Self::CriterionBroken => "criterionBroken",
            Self::CurvatureContradicted => "curvatureContradicted",
            Self::EnclosureOpen => "enclosureOpen",
            Self::CurvesDown => "curvesDown",
            Self::Aborted => "aborted",
            Self::Cancelled => "cancelled",
        }
    }

    /// One sentence for a reader: what it means and, where it is not an answer, what to do.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Converged => {
                "The point is stationary, and the audit of the gradient does not contradict it."
            }
            Self::TerminalSeed => "The objective declared a starting point terminal; nothing was searched.",
            Self::CachedFinal => {
                "The answer of an earlier run with the same key was returned; nothing was searched."
            }
            Self::IterationBudget => "The limit on iterations came first: raise `max_iter`.",
            Self::RejectFloor => {
                "The second-order solver rejected steps down to its smallest: the Hessian or the gradient does not fit the criterion here."
            }
            Self::CostStallFlatValley => {
                "The criterion stopped falling before the gradient was small: a flat valley, or a criterion less accurate than the tolerance."
            }
            Self::RoutingMismatch => "The objective gave another form of Hessian than it declared.",
            Self::LineSearchFailed => {
                "No step lowers the criterion: the gradient does not fit it, or its inner solve is too inaccurate."
            }
            Self::RoundingLimit => {
                "Rounding errors of the criterion hide further progress: loosen `tolerance` or solve the inner problem more accurately."
            }
            Self::FixedPointStalled => {
                "No part of the fixed-point step lowers the criterion: give a gradient as well."
            }
            Self::FirstOrderFallback => {
                "The fixed point is not valid here and there is no gradient to go on with: give a gradient as well."
            }
            Self::NotFinite => "The criterion or its gradient was not finite at every trial.",
            Self::NotStationary => {
                "The solver stopped of itself, but the point is not stationary by the common test."
            }
            Self::CriterionBroken => {
                "The gradient is not the gradient of the criterion: correct the objective; the point is not to be trusted."
            }
            Self::CurvatureContradicted => {
                "The Hessian shows negative curvature along which the criterion does not fall: correct the Hessian."
            }
            Self::EnclosureOpen => {
                "The fixed point stands still, but its log determinant is only bounded: tighten the bounds of it."
            }
            Self::CurvesDown => {
                "The point is stationary, but the criterion curves down there: a maximum or a saddle; start elsewhere, or give a Hessian."
            }
            Self::Aborted => "The objective ended the run with an error of its own.",
            Self::Cancelled => {
                "The run was cancelled or reached its time limit; the best point so far is returned."
            }
        }
    }

    /// True where the run's point is an answer.
    pub fn is_converged(self) -> bool {
        matches!(self, Self::Converged | Self::TerminalSeed | Self::CachedFinal)
    }
}

impl std::fmt::Display for StopReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

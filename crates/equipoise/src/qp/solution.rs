//! What a quadratic solve returns.

use serde::{Deserialize, Serialize};

use super::feasibility::Feasibility;
use super::options::QpMethod;
use super::unbounded::Ray;
use crate::certificate::linear_system::Member;
use crate::certificate::quadratic::QuadraticResiduals;

/// How a quadratic solve ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QpStatus {
    /// The independent check finds every residual within the tolerance.
    Converged,
    /// The constraints contradict each other: the evidence is in `infeasibility`.
    Infeasible,
    /// The point is feasible, and from it the objective falls without end along `ray`.
    Unbounded,
    /// P has a negative eigenvalue.
    NotConvex,
    /// The method ended, but the residuals exceed the tolerance.
    NotCertified,
    /// The limit of steps was reached.
    IterationLimit,
    /// The caller's flag or the time limit ended the run.
    Cancelled,
}

impl QpStatus {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Converged,
        Self::Infeasible,
        Self::Unbounded,
        Self::NotConvex,
        Self::NotCertified,
        Self::IterationLimit,
        Self::Cancelled,
    ];

    /// The status as it appears in JavaScript.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::Infeasible => "infeasible",
            Self::Unbounded => "unbounded",
            Self::NotConvex => "not_convex",
            Self::NotCertified => "not_certified",
            Self::IterationLimit => "iteration_limit",
            Self::Cancelled => "cancelled",
        }
    }

    /// One sentence for a reader: what it means and, where it is not converged, what to do.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Converged => {
                "The optimality conditions hold within the tolerance: the answer is a global minimum."
            }
            Self::Infeasible => {
                "It is proven that no point meets all constraints: the Farkas vector weighs the rows that contradict \
                 each other; widen one of them."
            }
            Self::Unbounded => {
                "The objective falls without end along the ray: bound a variable that moves along it, or correct q."
            }
            Self::NotConvex => {
                "P has a negative eigenvalue, so that a local minimum proves nothing: correct P."
            }
            Self::NotCertified => {
                "The method stopped, but its residuals exceed the tolerance: rescale the data or loosen `tolerance`."
            }
            Self::IterationLimit => {
                "The limit of steps was reached before the answer was proven: raise `iterationLimit`."
            }
            Self::Cancelled => {
                "The run was cancelled or reached its time limit; the point is not an optimum."
            }
        }
    }

    /// True where no other method could say more.
    pub(super) fn is_final(self) -> bool {
        !matches!(self, Self::NotCertified | Self::IterationLimit)
    }
}

/// One method that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QpAttempt {
    /// Which.
    pub method: QpMethod,
    /// How it ended.
    pub status: QpStatus,
    /// Steps taken.
    pub iterations: usize,
    /// Its relative residual; infinite where it gave no point.
    pub residual: f64,
}

/// The answer to a quadratic program with its certificate.
#[derive(Debug, Clone)]
pub struct QpSolution {
    /// How the solve ended.
    pub status: QpStatus,
    /// The point (n); NaN where there is none.
    pub x: Vec<f64>,
    /// Multipliers of the rows (m): positive ones press on the lower side.
    pub row_multipliers: Vec<f64>,
    /// Multipliers of the bounds (n), with the same signs.
    pub bound_multipliers: Vec<f64>,
    /// The constraints that bind: a warm start for a like problem.
    pub working_set: Vec<Member>,
    /// What the independent check finds; the objective and its dual bound are there too.
    pub residuals: QuadraticResiduals,
    /// The evidence of infeasibility.
    pub infeasibility: Option<Feasibility>,
    /// The direction in which the objective falls without end.
    pub ray: Option<Ray>,
    /// The method whose answer this is.
    pub method: QpMethod,
    /// Constraints taken in or dropped, or interior-point steps.
    pub iterations: usize,
    /// Every method tried, in order.
    pub attempts: Vec<QpAttempt>,
}

impl QpSolution {
    /// ½xᵀPx + qᵀx.
    pub fn objective(&self) -> f64 {
        self.residuals.objective
    }

    /// True if the certificate holds.
    pub fn is_converged(&self) -> bool {
        self.status == QpStatus::Converged
    }

    pub(super) fn attempt(&self) -> QpAttempt {
        QpAttempt {
            method: self.method,
            status: self.status,
            iterations: self.iterations,
            residual: self.residuals.relative(),
        }
    }
}

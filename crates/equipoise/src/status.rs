//! Outcomes, as closed sets: a status is never a lie.

use serde::{Deserialize, Serialize};

/// How a solve ended. `Converged` means that the independent certificate holds, whatever made the loop stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The certified distance bound is within the tolerance.
    Converged,
    /// The solver stopped of itself, but the certificate does not reach the tolerance.
    NotCertified,
    /// The iteration limit ended the run before the certificate held.
    IterationLimit,
    /// The caller's cancellation or the time limit ended the run; the best point comes with its honest certificate.
    Cancelled,
    /// The arithmetic broke down (overflow, a pivot that is not positive); evidence is in the attempts.
    NumericalFailure,
    /// It is proven that no point satisfies the hard constraints; the proof is in the result.
    Infeasible,
}

impl Status {
    /// Every outcome.
    pub const ALL: [Self; 6] = [
        Self::Converged,
        Self::NotCertified,
        Self::IterationLimit,
        Self::Cancelled,
        Self::NumericalFailure,
        Self::Infeasible,
    ];

    /// The status as it appears in JavaScript and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::NotCertified => "not_certified",
            Self::IterationLimit => "iteration_limit",
            Self::Cancelled => "cancelled",
            Self::NumericalFailure => "numerical_failure",
            Self::Infeasible => "infeasible",
        }
    }

    /// One sentence for a reader: what it means and, where it is not converged, what to do.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Converged => {
                "The answer is proven: its distance from the unique optimum is within the tolerance."
            }
            Self::NotCertified => {
                "The solver stopped, but the distance from the optimum is not proven to be within the tolerance: \
                 loosen `tolerance`, raise `penalty`, or use method auto."
            }
            Self::IterationLimit => {
                "The iteration limit was reached before the answer was proven: raise `max_iterations`."
            }
            Self::Cancelled => {
                "The run was cancelled or reached its time limit; the best point so far is returned with the bound \
                 that holds for it."
            }
            Self::NumericalFailure => {
                "The arithmetic broke down; the attempts say where: check the scale of the targets and the penalty."
            }
            Self::Infeasible => {
                "It is proven that the hard constraints cannot hold together: widen a tolerance or the bounds, or make the \
                 bands elastic."
            }
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

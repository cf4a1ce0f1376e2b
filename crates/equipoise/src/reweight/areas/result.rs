//! What a batch returns of each area.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::InputError;
use crate::reweight::FormAnswer;
use crate::status::Status;

/// How an area ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AreaStatus {
    /// [`Status::Converged`]
    Converged,
    /// [`Status::NotCertified`]
    NotCertified,
    /// [`Status::IterationLimit`]
    IterationLimit,
    /// [`Status::Cancelled`]
    Cancelled,
    /// [`Status::NumericalFailure`]
    NumericalFailure,
    /// [`Status::Infeasible`]
    Infeasible,
    /// No record of the area counts for any of its targets: there is nothing to solve.
    Impossible,
    /// The form is undefined for this area; the error says why.
    BadInput,
    /// The batch was cancelled before this area's turn.
    NotSolved,
}

impl AreaStatus {
    /// Every outcome.
    pub const ALL: [Self; 9] = [
        Self::Converged,
        Self::NotCertified,
        Self::IterationLimit,
        Self::Cancelled,
        Self::NumericalFailure,
        Self::Infeasible,
        Self::Impossible,
        Self::BadInput,
        Self::NotSolved,
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
            Self::Impossible => "impossible",
            Self::BadInput => "bad_input",
            Self::NotSolved => "not_solved",
        }
    }

    /// One sentence for a reader: what it means and, where it is not converged, what to do.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Converged => Status::Converged.sentence(),
            Self::NotCertified => Status::NotCertified.sentence(),
            Self::IterationLimit => Status::IterationLimit.sentence(),
            Self::Cancelled => Status::Cancelled.sentence(),
            Self::NumericalFailure => Status::NumericalFailure.sentence(),
            Self::Infeasible => Status::Infeasible.sentence(),
            Self::Impossible => {
                "No record of the area counts for any of its targets: check its records and the targets it leaves out."
            }
            Self::BadInput => "The form is undefined for this area; the error says why.",
            Self::NotSolved => "The batch was cancelled before this area's turn.",
        }
    }
}

impl From<Status> for AreaStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Converged => Self::Converged,
            Status::NotCertified => Self::NotCertified,
            Status::IterationLimit => Self::IterationLimit,
            Status::Cancelled => Self::Cancelled,
            Status::NumericalFailure => Self::NumericalFailure,
            Status::Infeasible => Self::Infeasible,
        }
    }
}

impl std::fmt::Display for AreaStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One area solved, as it comes out of the batch.
#[derive(Debug, Clone)]
pub struct AreaResult {
    /// Position in the list of areas.
    pub index: usize,
    /// The area's key.
    pub key: String,
    /// 0: as asked; r ≥ 1: solved again with the bounds that the r-th round of the exhaustion cap lowered. It replaces the results
    /// of earlier rounds.
    pub round: u32,
    /// How it ended.
    pub status: AreaStatus,
    /// The status in words.
    pub message: String,
    /// Upper bounds of the area's records in a round r ≥ 1, as the exhaustion cap lowered them: the answer is that of the
    /// area with these bounds. `None` in round 0.
    pub upper_bounds: Option<Vec<f64>>,
    /// The answer, over the area's records and the targets it keeps; none where nothing was solved.
    pub answer: Option<FormAnswer>,
    /// Why nothing was solved, with status `BadInput`; the path is relative to the area alone.
    pub error: Option<InputError>,
    /// Indices in the problem of the targets that the answer's rows and dual values are for.
    pub targets: Arc<[u32]>,
    /// Seconds that it took.
    pub seconds: f64,
}

/// How far each target of an answer is missed, as a fraction of |total| (as it is, where the total is 0): from its band, or in
/// the other forms from its total.
pub(super) fn misses(answer: &FormAnswer) -> Vec<f64> {
    match answer {
        FormAnswer::Penalty(answer) => answer.targets.iter().map(|t| t.relative_error.abs()).collect(),
        FormAnswer::Bands(answer) => {
            let of = |total: f64| if total == 0.0 { 1.0 } else { total.abs() };
            answer.targets.iter().map(|t| t.outside / of(t.target)).collect()
        }
        FormAnswer::Calibration(answer) => answer.targets.iter().map(|t| t.relative_error.abs()).collect(),
    }
}

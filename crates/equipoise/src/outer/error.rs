//! Errors of objectives, of seeds and of runs.

use super::plan::PlanError;
use super::result::{FallbackReason, OuterResult};
use crate::error::InputError;
use serde::{Deserialize, Serialize};

/// The error of a caller's own code, kept as it is.
pub type CallerError = Box<dyn std::error::Error + Send + Sync>;

/// What an objective reports instead of an evaluation.
#[derive(Debug, thiserror::Error)]
pub enum ObjectiveError {
    /// The trial is rejected; the solver tries a shorter step.
    #[error("{0}")]
    Recoverable(String),
    /// The solver stops and the seed has failed.
    #[error("{0}")]
    Fatal(String),
    /// The inner problem is defective in a way that other seeds share (rank, aliasing, active sets).
    #[error(transparent)]
    Structural(#[from] StructuralFailure),
    /// The fixed point is not valid here: the attempt ends and the next one, without fixed points, begins.
    #[error("the fixed point hands over to a solver that uses gradients: {0}")]
    FirstOrderFallback(FallbackReason),
    /// The run ends; the caller gets this error unchanged, with the best point so far.
    #[error("the objective ended the run: {0}")]
    Abort(CallerError),
}

/// A defect of the inner problem.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[error("{diagnosis} in {block}")]
pub struct StructuralFailure {
    /// What it is, as a short name that is the same for the same defect (`rankDeficient`).
    pub diagnosis: String,
    /// The inner block that has it.
    pub block: String,
    /// The number that shows it (a pivot, a condition number), where there is one.
    pub magnitude: Option<f64>,
}

/// When a seed was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SeedPhase {
    /// Before its solver started.
    Validation,
    /// While its solver ran.
    Solver,
}

/// A seed that gave no result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeedRejection {
    /// Index of the seed in its attempt, from 0.
    pub seed: usize,
    /// When it was rejected.
    pub phase: SeedPhase,
    /// Why, in words.
    pub reason: String,
    /// The defect of the inner problem, where that was the cause.
    pub structural: Option<StructuralFailure>,
}

/// No seed of an attempt gave a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeedFailure {
    /// The run's context.
    pub context: String,
    /// Seeds generated, ranked by screening, passed by validation, and started by the solver.
    pub generated: usize,
    /// Seeds ranked by screening.
    pub screened: usize,
    /// Seeds that passed validation.
    pub validated: usize,
    /// Seeds that the solver started from.
    pub started: usize,
    /// Each rejection.
    pub rejections: Vec<SeedRejection>,
    /// The defect that all rejections share, if they do.
    pub common_cause: Option<StructuralFailure>,
    /// Why remaining seeds were skipped, if they were.
    pub early_exit: Option<String>,
}

impl std::fmt::Display for SeedFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.context.is_empty() {
            write!(f, "{}: ", self.context)?;
        }
        if self.started == 0 {
            f.write_str("no seed passed validation")?;
        } else {
            write!(f, "all {} started seeds failed", self.started)?;
        }
        write!(
            f,
            " (generated {}, screened {}, validated {}, started {})",
            self.generated, self.screened, self.validated, self.started
        )?;
        for rejection in &self.rejections {
            let phase = match rejection.phase {
                SeedPhase::Validation => "validation",
                SeedPhase::Solver => "solver",
            };
            write!(f, "; seed {} in {phase}: {}", rejection.seed, rejection.reason)?;
        }
        if let Some(cause) = &self.common_cause {
            write!(f, "; common cause: {cause}")?;
        }
        if let Some(exit) = &self.early_exit {
            write!(f, "; {exit}")?;
        }
        Ok(())
    }
}

/// Why a run has no result.
#[derive(Debug, thiserror::Error)]
pub enum OuterError {
    /// Wrong input, found before any evaluation.
    #[error(transparent)]
    Input(#[from] InputError),
    /// No solver can work with what the objective computes.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Every seed of every attempt failed.
    #[error("{failure}")]
    Seeds {
        /// The last attempt's report.
        failure: Box<SeedFailure>,
        /// The lowest point that a solver saw and its value, if any was seen.
        lowest: Option<(Vec<f64>, f64)>,
    },
    /// The objective ended the run ([`ObjectiveError::Abort`]); its error is unchanged.
    #[error("the objective ended the run: {source}")]
    Aborted {
        /// The objective's own error.
        source: CallerError,
        /// The best point before that, if there is one. Its certificate has not been computed: that would evaluate again.
        best: Option<Box<OuterResult>>,
    },
    /// The objective failed where no seed can be blamed: at its only point (no parameters), or while the winner was installed.
    #[error("{message}")]
    Objective {
        /// What the objective said.
        message: String,
        /// The best point, if there is one.
        best: Option<Box<OuterResult>>,
    },
    /// The run was cancelled before any point was evaluated.
    #[error("the run was cancelled before any point was evaluated")]
    Cancelled,
}

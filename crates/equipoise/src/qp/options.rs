//! Options of a quadratic solve.

use serde::{Deserialize, Serialize};

use crate::error::{InputCode, InputError};

/// How a quadratic program is solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QpMethod {
    /// The active set for dense and for small problems, the interior point for large sparse ones, each the rescue of the other.
    #[default]
    Auto,
    /// The dual active set (Goldfarb and Idnani), within proximal steps where P is singular.
    ActiveSet,
    /// Clarabel's interior point, then the same certificate.
    InteriorPoint,
}

impl std::str::FromStr for QpMethod {
    type Err = InputError;

    fn from_str(name: &str) -> Result<Self, InputError> {
        Self::ALL.into_iter().find(|method| method.as_str() == name).ok_or_else(|| {
            let rule = "auto, active_set or interior_point";
            InputError::new(InputCode::OutOfRange, "method", rule, format!("{name:?}"))
        })
    }
}

impl QpMethod {
    /// Every method.
    pub const ALL: [Self; 3] = [Self::Auto, Self::ActiveSet, Self::InteriorPoint];

    /// The method as it appears in JavaScript.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::ActiveSet => "active_set",
            Self::InteriorPoint => "interior_point",
        }
    }
}

/// Options of [`QpProblem::solve`](super::problem::QpProblem::solve).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct QpOptions {
    /// Which method.
    pub method: QpMethod,
    /// Largest relative residual that counts as solved: see
    /// [`QuadraticResiduals::relative`](crate::certificate::quadratic::QuadraticResiduals::relative).
    pub tolerance: f64,
    /// Steps of a method; `None` means 50(m + n) + 100 for the active set and 200 for the interior point.
    pub iteration_limit: Option<usize>,
    /// Seconds after which a run ends; `None` means no limit.
    pub time_limit_seconds: Option<f64>,
    /// True to start from the working set of the last solve of the same problem.
    pub warm_start: bool,
}

impl Default for QpOptions {
    fn default() -> Self {
        Self {
            method: QpMethod::Auto,
            tolerance: 1e-9,
            iteration_limit: None,
            time_limit_seconds: None,
            warm_start: true,
        }
    }
}

impl QpOptions {
    /// Checks the values.
    ///
    /// # Errors
    /// A tolerance outside (0, 1), a time limit that is not positive.
    pub fn validate(&self) -> Result<(), InputError> {
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            return Err(InputError::out_of_range("tolerance", "a number in (0, 1)", self.tolerance));
        }
        match self.time_limit_seconds {
            Some(limit) if limit.is_nan() || limit <= 0.0 => {
                Err(InputError::out_of_range("timeLimitSeconds", "a positive number", limit))
            }
            _ => Ok(()),
        }
    }
}

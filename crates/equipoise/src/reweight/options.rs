//! How to solve: every default and range is stated here, once.

use serde::{Deserialize, Serialize};

use crate::error::{InputCode, InputError};

/// Which method to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The ladder newton → lbfgsb → clarabel: the first rung whose answer is certified ends it.
    #[default]
    Auto,
    /// Dual semismooth Newton with the double-double finish.
    Newton,
    /// Projected limited-memory BFGS on the multipliers.
    Lbfgsb,
    /// The general interior-point solver Clarabel.
    Clarabel,
}

impl Method {
    /// All methods, by name.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Newton, Self::Lbfgsb, Self::Clarabel];

    /// The name in options and results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Newton => "newton",
            Self::Lbfgsb => "lbfgsb",
            Self::Clarabel => "clarabel",
        }
    }
}

impl std::str::FromStr for Method {
    type Err = InputError;

    fn from_str(name: &str) -> Result<Self, InputError> {
        Self::ALL.into_iter().find(|m| m.as_str() == name).ok_or_else(|| {
            InputError::new(
                InputCode::OutOfRange,
                "method",
                "auto, newton, lbfgsb or clarabel",
                format!("{name:?}"),
            )
        })
    }
}

/// Where the search starts. The answer does not depend on it beyond its certificate.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Start {
    /// The design weights: every multiplier 1, every dual value 0.
    #[default]
    DesignWeights,
    /// Given multipliers (n, the caller's order), clipped into the bounds.
    Multipliers(Vec<f64>),
    /// Given dual values v (k), such as [`crate::reweight::Reweighting::dual`] of an earlier answer.
    Dual(Vec<f64>),
}

/// Options of a solve; [`ReweightOptions::default`] gives the stated defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct ReweightOptions {
    /// Weight of staying near the design weights, relative to the initial loss: > 0, dimensionless, default 1e-2.
    pub penalty: f64,
    /// Default [`Method::Auto`].
    pub method: Method,
    /// The answer is `converged` if the certified bound on maxᵢ |mᵢ − mᵢ*| is at most this: > 0, default 1e-9.
    pub tolerance: f64,
    /// Iterations allowed to each method: ≥ 1; default (`None`) 100 for newton, 20,000 for lbfgsb, 200 for clarabel.
    pub max_iterations: Option<u32>,
    /// Seconds after which the run ends as `cancelled` with its best point: > 0, default none.
    pub time_limit_seconds: Option<f64>,
    /// Threads to use; 0 (the default) means as many as the machine offers. The bits of the answer do not depend on it.
    pub threads: usize,
    /// Where the search starts.
    pub start: Start,
    /// Solve records that are the same to the problem as one and start from there (newton), where at most half of the records
    /// are distinct: default true. The certificate is that of all records, and the bits of the answer do not depend on it.
    pub group_identical: bool,
}

impl Default for ReweightOptions {
    fn default() -> Self {
        Self {
            penalty: 1e-2,
            method: Method::Auto,
            tolerance: 1e-9,
            max_iterations: None,
            time_limit_seconds: None,
            threads: 0,
            start: Start::DesignWeights,
            group_identical: true,
        }
    }
}

/// More threads than this are refused: it is surely a mistake, and each would cost a stack.
pub const MAX_THREADS: usize = 1024;

impl ReweightOptions {
    /// The stated defaults with this penalty.
    pub fn with_penalty(penalty: f64) -> Self {
        Self { penalty, ..Self::default() }
    }

    /// Iterations that these options allow to one method.
    pub fn iteration_limit(&self, method: Method) -> u32 {
        self.max_iterations.unwrap_or(match method {
            Method::Auto | Method::Newton => 100,
            Method::Lbfgsb => 20_000,
            Method::Clarabel => 200,
        })
    }

    /// Checks every range that does not depend on the problem.
    ///
    /// # Errors
    /// The option that is out of its range, by its name.
    pub fn validate_ranges(&self) -> Result<(), InputError> {
        let positive = |path: &str, value: f64| {
            if !value.is_finite() {
                return Err(InputError::not_finite(path, value));
            }
            if value < 0.0 {
                return Err(InputError::out_of_range(path, "a positive number", value));
            }
            Ok(())
        };
        positive("penalty", self.penalty)?;
        if self.penalty == 0.0 {
            return Err(InputError::new(
                InputCode::NotUnique,
                "penalty",
                "a positive number: with 0 many sets of weights fit the targets equally well (use e.g. 1e-9)",
                "0",
            ));
        }
        for (path, value) in
            [("tolerance", Some(self.tolerance)), ("timeLimitSeconds", self.time_limit_seconds)]
        {
            if let Some(value) = value {
                positive(path, value)?;
                if value == 0.0 {
                    return Err(InputError::out_of_range(path, "a positive number", value));
                }
            }
        }
        if self.max_iterations == Some(0) {
            return Err(InputError::out_of_range("maxIterations", "at least 1", 0.0));
        }
        if self.threads > MAX_THREADS {
            return Err(InputError::new(
                InputCode::OutOfRange,
                "threads",
                format!("at most {MAX_THREADS}"),
                self.threads.to_string(),
            ));
        }
        Ok(())
    }

    /// Checks everything for a problem with n records and k targets.
    pub(super) fn validate(&self, num_records: usize, num_targets: usize) -> Result<(), InputError> {
        self.validate_ranges()?;
        let (path, values, length) = match &self.start {
            Start::DesignWeights => return Ok(()),
            Start::Multipliers(m) => ("startMultipliers", m, num_records),
            Start::Dual(y) => ("startDual", y, num_targets),
        };
        if values.len() != length {
            return Err(InputError::length(path, length, values.len()));
        }
        match values.iter().position(|v| !v.is_finite()) {
            Some(i) => Err(InputError::not_finite(format!("{path}[{i}]"), values[i])),
            None => Ok(()),
        }
    }
}

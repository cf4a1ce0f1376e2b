//! How far to look for explanations: every default and range is stated here, once.

use crate::error::{InputCode, InputError};
use crate::reweight::options::MAX_THREADS;

/// Options of an explanation; [`ExplainOptions::default`] gives the stated defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainOptions {
    /// Minimal sets to look for beside the targets that are impossible alone, which are all reported. Default 4.
    pub max_sets: usize,
    /// Records named per set, those that press most. Default 5.
    pub max_records: usize,
    /// True (the default) to look for the cheapest relaxations too.
    pub relaxations: bool,
    /// Largest violation of a total that counts as met, relative to max(1, |edge|): > 0, default 1e-9.
    pub tolerance: f64,
    /// Seconds after which the search ends with what was proven so far: > 0, default none.
    pub time_limit_seconds: Option<f64>,
    /// Threads to use; 0 (the default) means as many as the machine offers. The answer does not depend on it.
    pub threads: usize,
}

impl Default for ExplainOptions {
    fn default() -> Self {
        Self {
            max_sets: 4,
            max_records: 5,
            relaxations: true,
            tolerance: 1e-9,
            time_limit_seconds: None,
            threads: 0,
        }
    }
}

impl ExplainOptions {
    /// Checks every range.
    pub(super) fn validate(&self) -> Result<(), InputError> {
        for (path, value) in
            [("tolerance", Some(self.tolerance)), ("timeLimitSeconds", self.time_limit_seconds)]
        {
            match value {
                Some(value) if !value.is_finite() => return Err(InputError::not_finite(path, value)),
                Some(value) if value <= 0.0 => {
                    return Err(InputError::out_of_range(path, "a positive number", value));
                }
                _ => {}
            }
        }
        if self.threads > MAX_THREADS {
            let expected = format!("at most {MAX_THREADS}");
            return Err(InputError::new(
                InputCode::OutOfRange,
                "threads",
                expected,
                self.threads.to_string(),
            ));
        }
        Ok(())
    }
}

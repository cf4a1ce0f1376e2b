//! How to solve the band form: every default and range is stated here, once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{InputCode, InputError};
use crate::reweight::options::{MAX_THREADS, ReweightOptions};
use crate::reweight::problem::ReweightProblem;

/// The totals that count as meeting a target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Within this fraction of |total|, e.g. 0.005.
    Relative(f64),
    /// Within this distance of the total, in its units.
    Absolute(f64),
    /// Between these two values, in the units of the total.
    Between {
        /// Least acceptable total.
        lower: f64,
        /// Largest acceptable total.
        upper: f64,
    },
}

/// What a total outside its band costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BandWeight {
    /// M times the squared distance from the band, in units of the target: M > 0.
    Elastic(f64),
    /// M = ∞: every band holds, or the problem is infeasible.
    Hard,
}

/// Which method to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BandMethod {
    /// The ladder proximal newton → clarabel: the first rung whose answer is certified ends it.
    #[default]
    Auto,
    /// Dual proximal Newton with the double-double finish.
    ProximalNewton,
    /// The general interior-point solver Clarabel.
    Clarabel,
}

impl BandMethod {
    /// The name in options and results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::ProximalNewton => "proximal_newton",
            Self::Clarabel => "clarabel",
        }
    }
}

/// Options of a band solve; [`BandOptions::default`] gives the stated defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct BandOptions {
    /// The band of every target without one of its own; default ±0.5 % of the total.
    pub band: Band,
    /// Bands of single targets, by index.
    pub overrides: BTreeMap<usize, Band>,
    /// Band half-width, in units of the total, of targets whose total is 0 and that have no band of their own: a relative
    /// tolerance says nothing there. Default none, which makes such a target an input error.
    pub zero_tolerance: Option<f64>,
    /// Default elastic with M = 1e6.
    pub weight: BandWeight,
    /// Coefficient dᵢ > 0 of (mᵢ − 1)² per record (n); default 1 for each.
    pub distance_weights: Option<Vec<f64>>,
    /// Default [`BandMethod::Auto`].
    pub method: BandMethod,
    /// The answer is `converged` if the certified bound on maxᵢ |mᵢ − mᵢ*| is at most this: > 0, default 1e-9.
    pub tolerance: f64,
    /// Iterations allowed to each method: ≥ 1; default (`None`) 1,000 for proximal newton, 200 for clarabel.
    pub max_iterations: Option<u32>,
    /// Seconds after which the run ends as `cancelled` with its best point: > 0, default none.
    pub time_limit_seconds: Option<f64>,
    /// Threads to use; 0 (the default) means as many as the machine offers. The bits of the answer do not depend on it.
    pub threads: usize,
}

impl Default for BandOptions {
    fn default() -> Self {
        let shared = ReweightOptions::default();
        Self {
            band: Band::Relative(0.005),
            overrides: BTreeMap::new(),
            zero_tolerance: None,
            weight: BandWeight::Elastic(1e6),
            distance_weights: None,
            method: BandMethod::Auto,
            tolerance: shared.tolerance,
            max_iterations: None,
            time_limit_seconds: shared.time_limit_seconds,
            threads: shared.threads,
        }
    }
}

impl BandOptions {
    /// Iterations that these options allow to one method.
    pub fn iteration_limit(&self, method: BandMethod) -> u32 {
        self.max_iterations.unwrap_or(match method {
            BandMethod::Auto | BandMethod::ProximalNewton => 1000,
            BandMethod::Clarabel => 200,
        })
    }

    /// Checks every range, and the bands against the targets they belong to.
    pub(super) fn validate(&self, problem: &ReweightProblem) -> Result<(), InputError> {
        positive("tolerance", self.tolerance)?;
        if let BandWeight::Elastic(weight) = self.weight {
            positive("weight", weight)?;
        }
        if let Some(seconds) = self.time_limit_seconds {
            positive("timeLimitSeconds", seconds)?;
        }
        if self.max_iterations == Some(0) {
            return Err(InputError::out_of_range("maxIterations", "at least 1", 0.0));
        }
        if self.threads > MAX_THREADS {
            let received = self.threads.to_string();
            let expected = format!("at most {MAX_THREADS}");
            return Err(InputError::new(InputCode::OutOfRange, "threads", expected, received));
        }
        if let Some(weights) = &self.distance_weights {
            if weights.len() != problem.num_records() {
                return Err(InputError::length("distanceWeights", problem.num_records(), weights.len()));
            }
            for (i, &weight) in weights.iter().enumerate() {
                positive(&format!("distanceWeights[{i}]"), weight)?;
            }
        }
        check_band("band", self.band)?;
        if let Some(tolerance) = self.zero_tolerance {
            not_negative("zeroTolerance", tolerance)?;
        }
        for (&j, &band) in &self.overrides {
            if j >= problem.num_targets() {
                let expected = format!("an index below {}", problem.num_targets());
                return Err(InputError::new(InputCode::OutOfRange, "overrides", expected, j.to_string()));
            }
            check_band(&format!("targets[{j}].tolerance"), band)?;
        }
        for (j, target) in problem.targets().iter().enumerate() {
            if target.total == 0.0 && matches!(self.band_of(j, target.total), Band::Relative(_)) {
                return Err(InputError::new(
                    InputCode::OutOfRange,
                    format!("targets[{j}].tolerance"),
                    "an absolute tolerance, since the total is 0 (or set the tolerance of zero targets)",
                    format!("a relative one for target {:?}", target.name),
                ));
            }
        }
        Ok(())
    }

    /// The band of target j, whose total is given.
    pub(super) fn band_of(&self, j: usize, total: f64) -> Band {
        match (self.overrides.get(&j), self.zero_tolerance) {
            (Some(&band), _) => band,
            (None, Some(tolerance)) if total == 0.0 => Band::Absolute(tolerance),
            _ => self.band,
        }
    }
}

fn positive(path: &str, value: f64) -> Result<(), InputError> {
    if !value.is_finite() {
        return Err(InputError::not_finite(path, value));
    }
    if value <= 0.0 {
        return Err(InputError::out_of_range(path, "a positive number", value));
    }
    Ok(())
}

fn not_negative(path: &str, value: f64) -> Result<(), InputError> {
    if !value.is_finite() {
        return Err(InputError::not_finite(path, value));
    }
    if value < 0.0 {
        return Err(InputError::out_of_range(path, "0 or more", value));
    }
    Ok(())
}

fn check_band(path: &str, band: Band) -> Result<(), InputError> {
    match band {
        Band::Relative(tolerance) | Band::Absolute(tolerance) => not_negative(path, tolerance),
        Band::Between { lower, upper } => {
            for (side, value) in [("lower", lower), ("upper", upper)] {
                if !value.is_finite() {
                    return Err(InputError::not_finite(format!("{path}.{side}"), value));
                }
            }
            if lower > upper {
                return Err(InputError::out_of_range(
                    format!("{path}.lower"),
                    format!("at most the upper edge {upper}"),
                    lower,
                ));
            }
            Ok(())
        }
    }
}

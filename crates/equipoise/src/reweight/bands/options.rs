//! How to solve the band form: every default and range is stated here, once.

use serde::{Deserialize, Serialize};

use super::target_bands::BandOverride;
use crate::error::{InputCode, InputError};
use crate::reweight::options::{MAX_THREADS, ReweightOptions};
use crate::reweight::problem::ReweightProblem;

/// The totals that count as meeting a target. In JSON: a number is relative, else `{"absolute": 5}` or `{"lower": 1, "upper": 2}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "PlainBand", into = "PlainBand")]
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

/// What a total outside its band costs. In JSON: a number, or `"hard"`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "PlainWeight", into = "PlainWeight")]
pub enum BandWeight {
    /// M times the squared distance from the band, in units of the target: M > 0.
    Elastic(f64),
    /// M = ∞: every band holds, or the problem is infeasible.
    Hard,
}

/// A band as JSON has it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PlainBand {
    Relative(f64),
    Absolute { absolute: f64 },
    Between { lower: f64, upper: f64 },
}

impl From<Band> for PlainBand {
    fn from(band: Band) -> Self {
        match band {
            Band::Relative(fraction) => Self::Relative(fraction),
            Band::Absolute(absolute) => Self::Absolute { absolute },
            Band::Between { lower, upper } => Self::Between { lower, upper },
        }
    }
}

impl From<PlainBand> for Band {
    fn from(band: PlainBand) -> Self {
        match band {
            PlainBand::Relative(fraction) => Self::Relative(fraction),
            PlainBand::Absolute { absolute } => Self::Absolute(absolute),
            PlainBand::Between { lower, upper } => Self::Between { lower, upper },
        }
    }
}

/// A weight as JSON has it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PlainWeight {
    Elastic(f64),
    Word(WeightWord),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WeightWord {
    Hard,
}

impl From<BandWeight> for PlainWeight {
    fn from(weight: BandWeight) -> Self {
        match weight {
            BandWeight::Elastic(weight) => Self::Elastic(weight),
            BandWeight::Hard => Self::Word(WeightWord::Hard),
        }
    }
}

impl From<PlainWeight> for BandWeight {
    fn from(weight: PlainWeight) -> Self {
        match weight {
            PlainWeight::Elastic(weight) => Self::Elastic(weight),
            PlainWeight::Word(WeightWord::Hard) => Self::Hard,
        }
    }
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
    /// All methods, by name.
    pub const ALL: [Self; 3] = [Self::Auto, Self::ProximalNewton, Self::Clarabel];

    /// The name in options and results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::ProximalNewton => "proximal_newton",
            Self::Clarabel => "clarabel",
        }
    }
}

impl std::str::FromStr for BandMethod {
    type Err = InputError;

    fn from_str(name: &str) -> Result<Self, InputError> {
        Self::ALL.into_iter().find(|m| m.as_str() == name).ok_or_else(|| {
            let expected = "auto, proximal_newton or clarabel";
            InputError::new(InputCode::OutOfRange, "method", expected, format!("{name:?}"))
        })
    }
}

/// Options of a band solve; [`BandOptions::default`] gives the stated defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct BandOptions {
    /// The band of every target without one of its own; default ±0.5 % of the total.
    pub band: Band,
    /// Other bands and weights for some targets, in order: later ones win. Default none.
    pub overrides: Vec<BandOverride>,
    /// Band half-width, in units of the total, of targets whose total is 0 and that have no band of their own: a relative
    /// tolerance says nothing there. Default none, which makes such a target an input error.
    pub zero_tolerance: Option<f64>,
    /// The weight of every target without one of its own; default elastic with M = 1e6.
    pub weight: BandWeight,
    /// Factor > 0 of the weight Mⱼ of each target (k), which an elastic band has; hard bands stay hard. Default 1 for each.
    pub importance: Option<Vec<f64>>,
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
    /// Solve records that are the same to the problem (row, bounds, w⁰/d) as one and start from there (proximal newton), where at
    /// most half of the records are distinct: default true. The certificate is that of all records, and the bits of the
    /// multipliers do not depend on it.
    pub group_identical: bool,
}

impl Default for BandOptions {
    fn default() -> Self {
        let shared = ReweightOptions::default();
        Self {
            band: Band::Relative(0.005),
            overrides: Vec::new(),
            zero_tolerance: None,
            weight: BandWeight::Elastic(1e6),
            importance: None,
            distance_weights: None,
            method: BandMethod::Auto,
            tolerance: shared.tolerance,
            max_iterations: None,
            time_limit_seconds: shared.time_limit_seconds,
            threads: shared.threads,
            group_identical: shared.group_identical,
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

    /// Checks them against the problem they are for.
    ///
    /// # Errors
    /// As [`ReweightProblem::solve_bands`].
    pub fn validate(&self, problem: &ReweightProblem) -> Result<(), InputError> {
        positive("tolerance", self.tolerance)?;
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
        self.target_bands(problem.targets()).map(drop)
    }
}

pub(super) fn positive(path: &str, value: f64) -> Result<(), InputError> {
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

pub(super) fn check_band(path: &str, band: Band) -> Result<(), InputError> {
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

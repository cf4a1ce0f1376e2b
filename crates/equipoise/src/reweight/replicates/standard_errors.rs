//! Standard errors of totals, means and ratios from replicate weights.
//!
//! v(θ) = Σᵣ cᵣ(θᵣ − θ₀)² over R replicates, with
//!
//! | method | cᵣ |
//! | --- | --- |
//! | JK1, one unit left out at a time | (R − 1)/R |
//! | JKn, one unit of a stratum of nₕ left out | (nₕ − 1)/nₕ, given for each replicate |
//! | bootstrap | 1/R |
//! | BRR, balanced half-samples | 1/R |
//! | Fay's BRR, weights perturbed to ρ and 2 − ρ | 1/(R(1 − ρ)²) |
//!
//! Sources: K. M. Wolter, Introduction to Variance Estimation, 2nd ed., Springer 2007, ch. 3 (half-samples), 4 (jackknife),
//! 5 (bootstrap); D. R. Judkins, J. Official Statistics 6 (1990) 223–239 (Fay's method); J. N. K. Rao, C. F. J. Wu, K. Yue,
//! Survey Methodology 18 (1992) 209–217 (rescaled bootstrap weights).

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::error::{InputCode, InputError};
use crate::numeric::dd::{self, Dd};
use crate::numeric::student_t::two_sided_quantile;

/// How the replicates were made, which says what each counts.
#[derive(Debug, Clone, PartialEq)]
pub enum Replication {
    /// Unstratified jackknife: cᵣ = (R − 1)/R.
    Jk1,
    /// Stratified jackknife: cᵣ given (R, each ≥ 0), usually (nₕ − 1)/nₕ with nₕ the units of the replicate's stratum.
    Jkn {
        /// cᵣ for each replicate.
        coefficients: Vec<f64>,
    },
    /// Bootstrap: cᵣ = 1/R.
    Bootstrap,
    /// Balanced half-samples: cᵣ = 1/R.
    Brr,
    /// Fay's balanced half-samples: cᵣ = 1/(R(1 − ρ)²).
    Fay {
        /// The factor ρ of the weights of the other half-sample: 0 ≤ ρ < 1.
        rho: f64,
    },
}

impl Replication {
    /// By its name in options: `jk1`, `jkn` (with coefficients), `bootstrap`, `brr`, `fay` (with ρ).
    ///
    /// # Errors
    /// Another name; what the method needs is missing (`coefficients`, `rho`).
    pub fn named(name: &str, coefficients: Option<Vec<f64>>, rho: Option<f64>) -> Result<Self, InputError> {
        let needed = |path: &str, expected: &str| InputError::new(InputCode::Empty, path, expected, "none");
        match name {
            "jk1" => Ok(Self::Jk1),
            "jkn" => coefficients
                .map(|coefficients| Self::Jkn { coefficients })
                .ok_or_else(|| needed("coefficients", "one for each replicate (jkn)")),
            "bootstrap" => Ok(Self::Bootstrap),
            "brr" => Ok(Self::Brr),
            "fay" => {
                rho.map(|rho| Self::Fay { rho }).ok_or_else(|| needed("rho", "the factor of Fay's method"))
            }
            _ => Err(InputError::new(
                InputCode::OutOfRange,
                "method",
                "jk1, jkn, bootstrap, brr or fay",
                format!("{name:?}"),
            )),
        }
    }
}

/// What the replicate estimates are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Centre {
    /// The estimate from the full sample: takes the bias of the replicates in.
    #[default]
    FullSample,
    /// The mean of the replicate estimates.
    ReplicateMean,
}

/// What to do about replicates without weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingReplicates {
    /// They are an input error.
    #[default]
    Refuse,
    /// They are left out and named; R counts the rest. With JKn the variance lacks their terms.
    LeaveOut,
}

/// How to find standard errors.
#[derive(Debug, Clone, PartialEq)]
pub struct StandardErrorOptions {
    /// How the replicates were made.
    pub method: Replication,
    /// Default the full sample.
    pub centre: Centre,
    /// Probability of the confidence interval: between 0 and 1, default 0.95.
    pub confidence_level: f64,
    /// Degrees of freedom of Student's t, > 0, such as units less strata; default none: the normal distribution.
    pub degrees_of_freedom: Option<f64>,
    /// Default refuse.
    pub missing: MissingReplicates,
}

impl StandardErrorOptions {
    /// The stated defaults with this method.
    pub fn new(method: Replication) -> Self {
        Self {
            method,
            centre: Centre::default(),
            confidence_level: 0.95,
            degrees_of_freedom: None,
            missing: MissingReplicates::default(),
        }
    }
}

/// What to estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistic {
    /// Name in results and errors.
    pub name: String,
    /// What it is made of.
    pub kind: StatisticKind,
}

/// A function of weighted totals; every vector has n values.
#[derive(Debug, Clone, PartialEq)]
pub enum StatisticKind {
    /// Σ wᵢxᵢ
    Total {
        /// x
        values: Vec<f64>,
    },
    /// Σ wᵢxᵢ / Σ wᵢ
    Mean {
        /// x
        values: Vec<f64>,
    },
    /// Σ wᵢxᵢ / Σ wᵢzᵢ
    Ratio {
        /// x
        numerator: Vec<f64>,
        /// z
        denominator: Vec<f64>,
    },
}

impl Statistic {
    /// Σ wᵢxᵢ of the values x (n).
    pub fn total(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), kind: StatisticKind::Total { values } }
    }

    /// The weighted mean of the values (n).
    pub fn mean(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), kind: StatisticKind::Mean { values } }
    }

    /// The ratio of two totals (n values each).
    pub fn ratio(name: impl Into<String>, numerator: Vec<f64>, denominator: Vec<f64>) -> Self {
        Self { name: name.into(), kind: StatisticKind::Ratio { numerator, denominator } }
    }

    /// The estimate from these weights; NaN or infinite where its denominator is 0.
    fn estimate(&self, weights: ArrayView1<'_, f64>) -> Dd {
        let total = |values: &[f64]| dd::sum(weights.iter().zip(values).map(|(w, x)| Dd::product(*w, *x)));
        match &self.kind {
            StatisticKind::Total { values } => total(values),
            StatisticKind::Mean { values } => total(values) / dd::sum(weights.iter().map(|&w| Dd::from(w))),
            StatisticKind::Ratio { numerator, denominator } => total(numerator) / total(denominator),
        }
    }
}

/// One statistic with its standard error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandardError {
    /// The statistic's name.
    pub name: String,
    /// From the full sample's weights, in the units of the values times weight (a total), or of the values.
    pub estimate: f64,
    /// √variance
    pub standard_error: f64,
    /// Squared units of the estimate.
    pub variance: f64,
    /// Standard error / |estimate|.
    pub coefficient_of_variation: f64,
    /// Lower end of the confidence interval, estimate − quantile × standard error.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// The estimate from each replicate that counts (R).
    pub replicate_estimates: Vec<f64>,
    /// Replicates in which the estimate is undefined (a denominator of 0): the standard error is then NaN.
    pub undefined: Vec<usize>,
}

/// All statistics asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandardErrors {
    /// One per statistic, in their order.
    pub rows: Vec<StandardError>,
    /// Replicates that count, R.
    pub num_replicates: usize,
    /// Replicates that do not, by index.
    pub left_out: Vec<usize>,
    /// Multiple of the standard error at the ends of the confidence intervals.
    pub quantile: f64,
}

/// Estimates and standard errors from the full sample's weights (n) and those of R replicates (n each; `None` for a replicate
/// without an answer).
///
/// # Errors
/// No replicates or statistics; lengths other than n (coefficients: R); values, weights or coefficients that are not finite,
/// coefficients below 0; ρ outside [0, 1); a confidence level outside (0, 1); degrees of freedom that are not positive; a
/// missing replicate (`replicates[3]`) unless they may be left out.
pub fn standard_errors(
    weights: ArrayView1<'_, f64>,
    replicates: &[Option<ArrayView1<'_, f64>>],
    statistics: &[Statistic],
    options: &StandardErrorOptions,
) -> Result<StandardErrors, InputError> {
    validate_weights(weights, replicates, options.missing)?;
    validate_statistics(statistics, weights.len())?;
    validate_options(options, replicates.len())?;
    let counted: Vec<usize> = (0..replicates.len()).filter(|&r| replicates[r].is_some()).collect();
    if counted.is_empty() {
        let expected = "at least one replicate with weights";
        return Err(InputError::new(InputCode::Empty, "replicates", expected, "none"));
    }
    let used: Vec<ArrayView1<'_, f64>> = replicates.iter().flatten().copied().collect();
    let coefficients = coefficients(&options.method, &counted);
    let quantile =
        two_sided_quantile(options.confidence_level, options.degrees_of_freedom.unwrap_or(f64::INFINITY));
    let rows = statistics
        .iter()
        .map(|statistic| {
            let estimate = statistic.estimate(weights);
            let estimates: Vec<Dd> = used.iter().map(|&weights| statistic.estimate(weights)).collect();
            let variance = variance(estimate, &estimates, &coefficients, options.centre).to_f64();
            let (estimate, standard_error) = (estimate.to_f64(), variance.sqrt());
            let replicate_estimates: Vec<f64> = estimates.iter().map(|e| e.to_f64()).collect();
            StandardError {
                name: statistic.name.clone(),
                estimate,
                standard_error,
                variance,
                coefficient_of_variation: standard_error / estimate.abs(),
                lower: estimate - quantile * standard_error,
                upper: estimate + quantile * standard_error,
                undefined: counted
                    .iter()
                    .zip(&replicate_estimates)
                    .filter(|(_, e)| !e.is_finite())
                    .map(|(&r, _)| r)
                    .collect(),
                replicate_estimates,
            }
        })
        .collect();
    let left_out = (0..replicates.len()).filter(|&r| replicates[r].is_none()).collect();
    Ok(StandardErrors { rows, num_replicates: counted.len(), left_out, quantile })
}

/// Σᵣ cᵣ(θᵣ − θ₀)²; NaN where an estimate is not finite.
fn variance(full_sample: Dd, estimates: &[Dd], coefficients: &[f64], centre: Centre) -> Dd {
    if !(full_sample.is_finite() && estimates.iter().all(|e| e.is_finite())) {
        return Dd::from(f64::NAN);
    }
    let centre = match centre {
        Centre::FullSample => full_sample,
        Centre::ReplicateMean => dd::sum(estimates.iter().copied()).over(estimates.len() as f64),
    };
    dd::sum(estimates.iter().zip(coefficients).map(|(&e, &c)| (e - centre).square().times(c)))
}

/// cᵣ of the replicates that count.
fn coefficients(method: &Replication, counted: &[usize]) -> Vec<f64> {
    let number = counted.len() as f64;
    let same = |coefficient: f64| vec![coefficient; counted.len()];
    match method {
        Replication::Jk1 => same((number - 1.0) / number),
        Replication::Jkn { coefficients } => counted.iter().map(|&r| coefficients[r]).collect(),
        Replication::Bootstrap | Replication::Brr => same(1.0 / number),
        Replication::Fay { rho } => same(1.0 / (number * (1.0 - rho) * (1.0 - rho))),
    }
}

fn validate_weights(
    weights: ArrayView1<'_, f64>,
    replicates: &[Option<ArrayView1<'_, f64>>],
    missing: MissingReplicates,
) -> Result<(), InputError> {
    finite("weights", weights.iter())?;
    for (r, replicate) in replicates.iter().enumerate() {
        let place = format!("replicates[{r}]");
        match replicate {
            None if missing == MissingReplicates::Refuse => {
                let expected = "weights that converged (or missing: leave_out)";
                return Err(InputError::new(InputCode::Empty, place, expected, "none"));
            }
            None => {}
            Some(values) if values.len() != weights.len() => {
                return Err(InputError::length(place, weights.len(), values.len()));
            }
            Some(values) => finite(&place, values.iter())?,
        }
    }
    Ok(())
}

fn validate_statistics(statistics: &[Statistic], num_records: usize) -> Result<(), InputError> {
    if statistics.is_empty() {
        return Err(InputError::new(InputCode::Empty, "statistics", "at least one statistic", "none"));
    }
    for (s, statistic) in statistics.iter().enumerate() {
        let parts: &[(&str, &[f64])] = match &statistic.kind {
            StatisticKind::Total { values } => &[("total", values)],
            StatisticKind::Mean { values } => &[("mean", values)],
            StatisticKind::Ratio { numerator, denominator } => {
                &[("numerator", numerator), ("denominator", denominator)]
            }
        };
        for (name, values) in parts {
            let place = format!("statistics[{s}].{name}");
            if values.len() != num_records {
                return Err(InputError::length(place, num_records, values.len()));
            }
            finite(&place, values.iter())?;
        }
    }
    Ok(())
}

fn validate_options(options: &StandardErrorOptions, num_replicates: usize) -> Result<(), InputError> {
    match &options.method {
        Replication::Jkn { coefficients } => {
            if coefficients.len() != num_replicates {
                return Err(InputError::length("coefficients", num_replicates, coefficients.len()));
            }
            finite("coefficients", coefficients.iter())?;
            if let Some(r) = coefficients.iter().position(|&c| c < 0.0) {
                let place = format!("coefficients[{r}]");
                return Err(InputError::out_of_range(place, "0 or more", coefficients[r]));
            }
        }
        Replication::Fay { rho } if !(0.0..1.0).contains(rho) => {
            return Err(InputError::out_of_range("rho", "at least 0 and less than 1", *rho));
        }
        _ => {}
    }
    let level = options.confidence_level;
    if !(level > 0.0 && level < 1.0) {
        return Err(InputError::out_of_range("confidenceLevel", "between 0 and 1", level));
    }
    match options.degrees_of_freedom {
        Some(degrees) if !(degrees.is_finite() && degrees > 0.0) => {
            Err(InputError::out_of_range("degreesOfFreedom", "a positive number", degrees))
        }
        _ => Ok(()),
    }
}

fn finite<'a>(place: &str, mut values: impl Iterator<Item = &'a f64> + Clone) -> Result<(), InputError> {
    match values.clone().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(i) => {
            let value = *values.nth(i).expect("found there");
            Err(InputError::not_finite(format!("{place}[{i}]"), value))
        }
    }
}

//! What to calibrate with: distances, weights of the distance, clusters, costs of relaxed totals.

use serde::{Deserialize, Serialize};

use crate::error::{InputCode, InputError};
use crate::reweight::MAX_THREADS;
use crate::reweight::problem::ReweightProblem;
use crate::reweight::target_system::{Reach, TargetSystem, Units};

/// The distance G between a multiplier and 1; F is the inverse of G′, so that F(0) = F′(0) = 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "name")]
pub enum Distance {
    /// Chi-square: G = (g − 1)²/2, F(v) = 1 + v. Multipliers may become negative.
    #[default]
    Linear,
    /// The same within the bounds of the problem: F(v) = min(max(1 + v, L), U).
    TruncatedLinear,
    /// Exponential: G = g log g − g + 1, F(v) = eᵛ.
    Raking,
    /// Bounded by the bounds of the problem, which must satisfy L < 1 < U:
    /// G = [(g − L) log((g − L)/(1 − L)) + (U − g) log((U − g)/(U − 1))]/A, A = (U − L)/((1 − L)(U − 1)).
    Logit,
    /// Hyperbolic sine: G′ = sinh(α(g − 1/g))/(2α), F(v) = y/2 + √(y²/4 + 1) with y = asinh(2αv)/α.
    HyperbolicSine {
        /// α > 0; 1 is usual.
        alpha: f64,
    },
}

impl Distance {
    /// α of the hyperbolic sine where none is given.
    pub const DEFAULT_ALPHA: f64 = 1.0;

    /// All distances, by name.
    pub const ALL: [Self; 5] = [
        Self::Linear,
        Self::TruncatedLinear,
        Self::Raking,
        Self::Logit,
        Self::HyperbolicSine { alpha: Self::DEFAULT_ALPHA },
    ];

    /// The name in options and results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::TruncatedLinear => "truncated",
            Self::Raking => "raking",
            Self::Logit => "logit",
            Self::HyperbolicSine { .. } => "sinh",
        }
    }

    /// True if the multipliers stay within the bounds of the problem.
    pub fn is_bounded(self) -> bool {
        matches!(self, Self::TruncatedLinear | Self::Logit)
    }
}

impl std::str::FromStr for Distance {
    type Err = InputError;

    fn from_str(name: &str) -> Result<Self, InputError> {
        Self::ALL.into_iter().find(|d| d.as_str() == name).ok_or_else(|| {
            InputError::new(
                InputCode::OutOfRange,
                "distance",
                "linear, truncated, raking, logit or sinh",
                format!("{name:?}"),
            )
        })
    }
}

/// Options of a calibration; [`CalibrationOptions::default`] gives the stated defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationOptions {
    /// Default [`Distance::Linear`]. Truncated linear and logit take their bounds from the problem.
    pub distance: Distance,
    /// qᵢ > 0 (n): record i's distance counts w⁰ᵢ/qᵢ; `None` means 1.
    pub q_weights: Option<Vec<f64>>,
    /// Cluster (household) of each record (n): records of one cluster get one multiplier. `None`: each its own.
    pub clusters: Option<Vec<u32>>,
    /// Cost Cⱼ > 0 per squared unit of a missed total (k): the objective gains Σ Cⱼ(Aᵀw − t)ⱼ²/2 and the total is *relaxed*
    /// (ridge calibration). Infinite means exact, as does `None` for all.
    pub costs: Option<Vec<f64>>,
    /// The answer is `converged` if every exact total is met to this relative error *and* the certified bound on
    /// maxᵢ |gᵢ − gᵢ*| is at most this: > 0, default 1e-9.
    pub tolerance: f64,
    /// Newton iterations: ≥ 1, default 200.
    pub max_iterations: u32,
    /// Seconds after which the run ends as `cancelled`: > 0, default none.
    pub time_limit_seconds: Option<f64>,
    /// Threads to use; 0 (the default) means as many as the machine offers. The bits of the answer do not depend on it.
    pub threads: usize,
    /// Solve records that are the same to the problem (row, q, bounds; the design weights may differ) as one and start from
    /// there, where at most half of the records are distinct and no clusters are given: default true. The certificate is that of
    /// all records, and the bits of the multipliers do not depend on it.
    pub group_identical: bool,
}

impl Default for CalibrationOptions {
    fn default() -> Self {
        Self {
            distance: Distance::Linear,
            q_weights: None,
            clusters: None,
            costs: None,
            tolerance: 1e-9,
            max_iterations: 200,
            time_limit_seconds: None,
            threads: 0,
            group_identical: true,
        }
    }
}

impl CalibrationOptions {
    /// The stated defaults with this distance.
    pub fn with_distance(distance: Distance) -> Self {
        Self { distance, ..Self::default() }
    }

    /// Checks them against the problem they are for.
    ///
    /// # Errors
    /// As [`ReweightProblem::calibrate`].
    pub fn validate(&self, problem: &ReweightProblem) -> Result<(), InputError> {
        positive("tolerance", self.tolerance)?;
        if let Some(limit) = self.time_limit_seconds {
            positive("timeLimitSeconds", limit)?;
        }
        if self.max_iterations == 0 {
            return Err(InputError::out_of_range("maxIterations", "at least 1", 0.0));
        }
        if self.threads > MAX_THREADS {
            return Err(InputError::out_of_range(
                "threads",
                format!("at most {MAX_THREADS}"),
                self.threads as f64,
            ));
        }
        if let Distance::HyperbolicSine { alpha } = self.distance {
            positive("distance.alpha", alpha)?;
        }
        if let Some(q) = &self.q_weights {
            length("qWeights", problem.num_records(), q.len())?;
            q.iter().enumerate().try_for_each(|(i, &q)| positive(&format!("qWeights[{i}]"), q))?;
        }
        if let Some(costs) = &self.costs {
            length("costs", problem.num_targets(), costs.len())?;
            for (j, &cost) in costs.iter().enumerate() {
                if cost.is_nan() || cost <= 0.0 {
                    return Err(InputError::out_of_range(
                        format!("costs[{j}]"),
                        "a positive number, or infinity for an exact total",
                        cost,
                    ));
                }
            }
        }
        if self.distance == Distance::Logit {
            validate_logit_bounds(problem)?;
        }
        match &self.clusters {
            None => Ok(()),
            Some(clusters) => {
                length("clusters", problem.num_records(), clusters.len())?;
                self.validate_clusters(problem, clusters)
            }
        }
    }

    /// The exact totals as a system in the final weights, with the multipliers that the distance allows.
    pub(in crate::reweight) fn target_system<'a>(&self, problem: &'a ReweightProblem) -> TargetSystem<'a> {
        let reach = match self.distance {
            Distance::Linear => Reach::Free,
            Distance::TruncatedLinear => Reach::Within,
            Distance::Logit => Reach::StrictlyWithin,
            Distance::Raking | Distance::HyperbolicSine { .. } => Reach::Positive,
        };
        let is_exact = |j: usize| self.costs.as_ref().is_none_or(|costs| costs[j].is_infinite());
        let edges =
            (problem.targets().iter().enumerate())
                .map(|(j, target)| {
                    if is_exact(j) {
                        (target.total, target.total)
                    } else {
                        (f64::NEG_INFINITY, f64::INFINITY)
                    }
                })
                .unzip();
        let units = match &self.clusters {
            None => Units::single(problem.num_records()),
            Some(clusters) => Units::clusters(clusters),
        };
        TargetSystem::new(problem, reach, edges, units)
    }

    /// Members of a cluster must agree in what one common weight is made of.
    fn validate_clusters(&self, problem: &ReweightProblem, clusters: &[u32]) -> Result<(), InputError> {
        let mut order: Vec<u32> = (0..clusters.len() as u32).collect();
        order.sort_by_key(|&i| clusters[i as usize]);
        for group in order.chunk_by(|&a, &b| clusters[a as usize] == clusters[b as usize]) {
            let first = group[0] as usize;
            for &member in group {
                let i = member as usize;
                let (weight, common) = (problem.design_weights[i], problem.design_weights[first]);
                if weight != common {
                    return Err(InputError::out_of_range(
                        format!("designWeights[{i}]"),
                        format!(
                            "{common}, the design weight of record {first} in the same cluster {}",
                            clusters[i]
                        ),
                        weight,
                    ));
                }
                if self.distance.is_bounded() && problem.bounds.of(i) != problem.bounds.of(first) {
                    let ((lower, upper), (low, high)) = (problem.bounds.of(i), problem.bounds.of(first));
                    return Err(InputError::new(
                        InputCode::OutOfRange,
                        format!("bounds.lower[{i}]"),
                        format!("[{low}, {high}], the bounds of record {first} in the same cluster"),
                        format!("[{lower}, {upper}]"),
                    ));
                }
            }
        }
        Ok(())
    }
}

fn validate_logit_bounds(problem: &ReweightProblem) -> Result<(), InputError> {
    let uniform = matches!(problem.bounds, crate::reweight::Bounds::Uniform { .. });
    let records = if uniform { 1 } else { problem.num_records() };
    for i in 0..records {
        let (lower, upper) = problem.bounds.of(i);
        let place =
            |side: &str| if uniform { format!("bounds.{side}") } else { format!("bounds.{side}[{i}]") };
        if lower >= 1.0 {
            return Err(InputError::out_of_range(place("lower"), "a number below 1 (logit)", lower));
        }
        if upper <= 1.0 {
            return Err(InputError::out_of_range(place("upper"), "a number above 1 (logit)", upper));
        }
    }
    Ok(())
}

fn length(path: &str, expected: usize, received: usize) -> Result<(), InputError> {
    if expected == received { Ok(()) } else { Err(InputError::length(path, expected, received)) }
}

fn positive(path: &str, value: f64) -> Result<(), InputError> {
    if !value.is_finite() {
        Err(InputError::not_finite(path, value))
    } else if value <= 0.0 {
        Err(InputError::out_of_range(path, "a positive number", value))
    } else {
        Ok(())
    }
}

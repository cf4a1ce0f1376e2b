//! Whether exp(−F) near its minimum looks like the normal distribution that its Hessian says: a check of the Laplace approximation that
//! intervals for smoothing parameters rest on.
//!
//! Points are drawn from that normal distribution and weighted by the true criterion; the tail of the weights, by the shape k̂ of a
//! generalised Pareto distribution, says how far the two are apart. With a few dozen draws this is a smoke test, no estimate.

mod assess;
mod draws;
mod importance;
pub mod pareto;

pub use assess::{Assessed, Assessment, assess};
pub use importance::{WeightTail, tail_count, weight_tail};

use crate::error::InputError;
use serde::{Deserialize, Serialize};

/// k̂ from which tails are suspect.
const SUSPECT_SHAPE: f64 = 0.5;
/// k̂ from which they are heavy: importance weights of that shape are of no practical use (Vehtari et al., section 3.2.4).
const HEAVY_SHAPE: f64 = 0.7;
/// Fewest draws: below this there is no tail of five.
const FEWEST_DRAWS: usize = 10;

/// How much an assessment may cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UncertaintyOptions {
    /// Whether there is an assessment. Default true.
    pub enabled: bool,
    /// Number of draws M; less than 10 count as 10. Default 32.
    pub num_draws: usize,
    /// Largest number of ρ coordinates for which draws say anything. Default 4.
    pub max_coordinates: usize,
    /// Largest work (M + 1) K n p: K ρ coordinates, n observations, p inner coefficients, 1 where a size is not known. Default
    /// 2,000,000.
    pub max_work: usize,
}

impl Default for UncertaintyOptions {
    fn default() -> Self {
        Self { enabled: true, num_draws: 32, max_coordinates: 4, max_work: 2_000_000 }
    }
}

impl UncertaintyOptions {
    /// The number of draws made.
    pub fn effective_draws(&self) -> usize {
        self.num_draws.max(FEWEST_DRAWS)
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// More draws than 1,000,000.
    pub fn validate(&self) -> Result<(), InputError> {
        let most = 1_000_000;
        if self.num_draws > most {
            let path = "uncertainty.numDraws";
            return Err(InputError::out_of_range(path, format!("at most {most}"), self.num_draws as f64));
        }
        Ok(())
    }

    /// Why nothing is drawn for K ρ coordinates of a problem of n observations and p coefficients, if so.
    fn refusal(&self, num_rho: usize, n_obs: Option<usize>, p: Option<usize>) -> Option<String> {
        if !self.enabled {
            return Some("switched off".into());
        }
        if num_rho == 0 {
            return Some("no smoothing parameters".into());
        }
        if num_rho > self.max_coordinates {
            return Some(format!("{num_rho} smoothing parameters are more than {}", self.max_coordinates));
        }
        let factors = [num_rho, n_obs.unwrap_or(1), p.unwrap_or(1)];
        let work = factors.iter().fold(self.effective_draws() + 1, |w, f| w.saturating_mul(*f));
        (work > self.max_work).then(|| format!("the work {work} is more than {}", self.max_work))
    }
}

/// What the draws say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "verdict")]
pub enum UncertaintyVerdict {
    /// k̂ < 1/2.
    NoEvidenceOfHeavyTails,
    /// 1/2 ≤ k̂ < 0.7: normal intervals for ρ are doubtful.
    SuspectedHeavyTails,
    /// k̂ ≥ 0.7: normal intervals for ρ are wrong.
    HeavyTailsDetected,
    /// Nothing can be said.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// The assessment of a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UncertaintyDiagnostic {
    /// The verdict.
    #[serde(flatten)]
    pub verdict: UncertaintyVerdict,
    /// The shape of the tail of the weights, where it was estimated.
    pub k_hat: Option<f64>,
    /// How many equally weighted draws the draws are worth.
    pub effective_draws: Option<f64>,
    /// Draws made.
    pub num_draws: usize,
    /// Draws outside the box; their weight is zero, and nothing was evaluated there.
    pub num_outside: usize,
    /// Draws where the criterion could not be evaluated; their weight is zero.
    pub num_failed: usize,
    /// Evaluations of the objective: 0 where nothing was tried, 1 where it ended at the point itself, else 1 and one per draw in the
    /// box.
    pub num_evaluations: u64,
    /// The ρ coordinates that were drawn; those at a bound are held fixed, as ψ is.
    pub coordinates: Vec<usize>,
    /// √(H⁻¹)ᵢᵢ of each of them: standard errors if the criterion is −log of a likelihood and the verdict is favourable.
    pub standard_errors: Vec<f64>,
}

impl UncertaintyDiagnostic {
    fn skipped(reason: impl Into<String>, num_evaluations: u64) -> Self {
        Self {
            verdict: UncertaintyVerdict::Skipped { reason: reason.into() },
            k_hat: None,
            effective_draws: None,
            num_draws: 0,
            num_outside: 0,
            num_failed: 0,
            num_evaluations,
            coordinates: Vec::new(),
            standard_errors: Vec::new(),
        }
    }

    /// A sentence for a reader.
    pub fn sentence(&self) -> String {
        let k_hat = self.k_hat.unwrap_or(f64::NAN);
        match &self.verdict {
            UncertaintyVerdict::NoEvidenceOfHeavyTails => {
                format!(
                    "No evidence against normal smoothing parameters (k-hat {k_hat:.2}, {} draws).",
                    self.num_draws
                )
            }
            UncertaintyVerdict::SuspectedHeavyTails => {
                format!("Normal intervals for the smoothing parameters are doubtful (k-hat {k_hat:.2}).")
            }
            UncertaintyVerdict::HeavyTailsDetected => {
                format!(
                    "Normal intervals for the smoothing parameters are wrong: heavy tails (k-hat {k_hat:.2})."
                )
            }
            UncertaintyVerdict::Skipped { reason } => format!("Not assessed: {reason}."),
        }
    }
}

/// The verdict on a shape.
fn verdict_of(k_hat: f64) -> UncertaintyVerdict {
    if k_hat < SUSPECT_SHAPE {
        UncertaintyVerdict::NoEvidenceOfHeavyTails
    } else if k_hat < HEAVY_SHAPE {
        UncertaintyVerdict::SuspectedHeavyTails
    } else {
        UncertaintyVerdict::HeavyTailsDetected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_work_admitted_is_that_of_the_table() {
        let options = UncertaintyOptions::default();
        for (num_rho, most) in [(1, 60_606), (2, 30_303), (3, 20_202), (4, 15_151)] {
            assert_eq!(options.refusal(num_rho, Some(most), None), None);
            assert!(options.refusal(num_rho, Some(most + 1), None).unwrap().contains("work"));
            assert!(options.refusal(num_rho, Some(usize::MAX), Some(usize::MAX)).is_some());
        }
        assert_eq!(options.refusal(0, None, None).unwrap(), "no smoothing parameters");
        assert!(options.refusal(5, None, None).is_some());
        assert_eq!(UncertaintyOptions { num_draws: 3, ..options }.effective_draws(), 10);
    }

    #[test]
    fn the_three_verdicts() {
        assert_eq!(verdict_of(0.49), UncertaintyVerdict::NoEvidenceOfHeavyTails);
        assert_eq!(verdict_of(0.5), UncertaintyVerdict::SuspectedHeavyTails);
        assert_eq!(verdict_of(0.7), UncertaintyVerdict::HeavyTailsDetected);
    }

    #[test]
    fn the_verdict_is_part_of_the_record_in_json() {
        let skipped = UncertaintyDiagnostic::skipped("switched off", 0);
        let json = serde_json::to_value(&skipped).unwrap();
        assert_eq!((&json["verdict"], &json["reason"]), (&"skipped".into(), &"switched off".into()));
        assert_eq!(serde_json::from_value::<UncertaintyDiagnostic>(json).unwrap(), skipped);
    }
}

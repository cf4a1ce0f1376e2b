//! From weights to integers, and what the rounding did to cells and totals.

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::cube;
use super::largest_remainder;
use crate::control::Stopwatch;
use crate::error::{InputCode, InputError};
use crate::numeric::dd::{self, Dd};
use crate::numeric::digest::Digest;
use crate::reweight::ReweightProblem;

/// How to round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundingMethod {
    /// Balanced random rounding: unbiased, and it keeps the totals.
    #[default]
    Cube,
    /// Deterministic: the missing units of each cell go to its largest fractional parts.
    LargestRemainder,
}

impl RoundingMethod {
    /// All methods.
    pub const ALL: [Self; 2] = [Self::Cube, Self::LargestRemainder];

    /// The name in options and results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cube => "cube",
            Self::LargestRemainder => "largest_remainder",
        }
    }
}

impl std::str::FromStr for RoundingMethod {
    type Err = InputError;

    fn from_str(name: &str) -> Result<Self, InputError> {
        Self::ALL.into_iter().find(|m| m.as_str() == name).ok_or_else(|| {
            let expected = "cube or largest_remainder";
            InputError::new(InputCode::OutOfRange, "method", expected, format!("{name:?}"))
        })
    }
}

/// Options of the rounding; [`IntegerOptions::default`] gives the stated defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegerOptions {
    /// Default [`RoundingMethod::Cube`].
    pub method: RoundingMethod,
    /// Cell of each record (n): its sum of weights becomes an integer next to what it was. Default one cell.
    pub cells: Option<Vec<u32>>,
    /// How far rounding may move the total of target j, as a fraction of Σᵢ wᵢ|Aᵢⱼ|: ≥ 0, default 1e-3. The status says
    /// whether it holds.
    pub max_total_error: f64,
    /// Seed of the random numbers of the cube method, default 0: the same seed gives the same integers everywhere.
    pub seed: u64,
}

impl Default for IntegerOptions {
    fn default() -> Self {
        Self { method: RoundingMethod::default(), cells: None, max_total_error: 1e-3, seed: 0 }
    }
}

/// Whether the distance asked for holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegerStatus {
    /// Every total is within the stated distance of what it was.
    WithinDistance,
    /// At least one is not; the rows say which.
    BeyondDistance,
}

impl IntegerStatus {
    /// Every outcome.
    pub const ALL: [Self; 2] = [Self::WithinDistance, Self::BeyondDistance];

    /// The status as it appears in JavaScript.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WithinDistance => "within_distance",
            Self::BeyondDistance => "beyond_distance",
        }
    }

    /// One sentence for a reader.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::WithinDistance => {
                "Every total of the integers is within the stated distance of what it was."
            }
            Self::BeyondDistance => {
                "Rounding moved at least one total further than stated: allow a larger distance, use the cube method or \
                 fewer cells."
            }
        }
    }
}

/// What rounding did to one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegerTarget {
    /// The target's name.
    pub name: String,
    /// The total asked for.
    pub target: f64,
    /// The total at the given weights.
    pub before: f64,
    /// The total at the integers.
    pub after: f64,
    /// after − before
    pub error: f64,
    /// The distance allowed: the fraction asked for of Σ wᵢ|Aᵢⱼ|.
    pub allowed: f64,
    /// True if |error| ≤ allowed.
    pub within: bool,
}

/// Integer weights with their evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegerWeights {
    /// Whether the stated distance holds.
    pub status: IntegerStatus,
    /// The status in words.
    pub message: String,
    /// The method that made the integers.
    pub method: RoundingMethod,
    /// Each the floor or ceiling of the weight given (n).
    pub weights: Vec<u32>,
    /// One row per target.
    pub targets: Vec<IntegerTarget>,
    /// Index of the target whose error is the largest part of what is allowed.
    pub worst_target: usize,
    /// Number of cells.
    pub num_cells: usize,
    /// Largest |sum of the integers − sum of the weights| of a cell: below 1 for the cube method, at most ½ for the largest
    /// remainder.
    pub largest_cell_error: f64,
    /// Sum of the weights given.
    pub sum_before: f64,
    /// Sum of the integers.
    pub sum_after: f64,
    /// Records whose weight was no integer.
    pub num_rounded: usize,
    /// FNV-1a 64 over the integers as little-endian IEEE doubles.
    pub digest: Digest,
    /// Seconds of the whole rounding.
    pub seconds: f64,
}

/// Records by cell: cells are numbered from 0 in the order of their ids.
pub(super) struct Cells {
    /// Cell of each record.
    pub of_record: Vec<u32>,
    /// Σ w of each.
    pub totals: Vec<Dd>,
}

impl ReweightProblem {
    /// Rounds weights (n, each ≥ 0), such as final weights, to integers; see [`crate::reweight::integer`].
    ///
    /// # Errors
    /// A length other than n; a weight that is negative, not finite or 2³² − 1 or more; a distance that is negative or not finite.
    pub fn integer_weights(
        &self,
        weights: ArrayView1<'_, f64>,
        options: &IntegerOptions,
    ) -> Result<IntegerWeights, InputError> {
        let watch = Stopwatch::default();
        let weights = weights.to_vec();
        validate(&weights, options, self.num_records())?;
        let cells = Cells::new(&weights, options.cells.as_deref());
        let sizes = self.absolute_totals(&weights);
        let integers = match options.method {
            RoundingMethod::Cube => cube::round(&self.matrix, &weights, &cells, &sizes, options.seed),
            RoundingMethod::LargestRemainder => largest_remainder::round(&weights, &cells),
        };
        let allowed: Vec<f64> = sizes.iter().map(|size| options.max_total_error * size).collect();
        let targets = self.integer_targets(&weights, &integers, &allowed);
        let share = |t: &IntegerTarget| if t.error == 0.0 { 0.0 } else { t.error.abs() / t.allowed };
        let worst_target =
            (0..targets.len()).fold(0, |w, j| if share(&targets[j]) > share(&targets[w]) { j } else { w });
        let status = if targets.iter().all(|t| t.within) {
            IntegerStatus::WithinDistance
        } else {
            IntegerStatus::BeyondDistance
        };
        Ok(IntegerWeights {
            status,
            message: status.sentence().into(),
            method: options.method,
            targets,
            worst_target,
            num_cells: cells.totals.len(),
            largest_cell_error: cells.largest_error(&integers),
            sum_before: dd::sum(weights.iter().map(|&w| Dd::from(w))).to_f64(),
            sum_after: integers.iter().map(|&w| u64::from(w)).sum::<u64>() as f64,
            num_rounded: weights.iter().filter(|w| w.fract() != 0.0).count(),
            digest: Digest::of(integers.iter().map(|&w| f64::from(w))),
            weights: integers,
            seconds: watch.seconds(),
        })
    }

    /// Σᵢ wᵢ|Aᵢⱼ| of each target.
    fn absolute_totals(&self, weights: &[f64]) -> Vec<f64> {
        (0..self.num_targets())
            .map(|j| {
                let (rows, values) = self.matrix.column(j);
                let terms = rows.iter().zip(values).map(|(&i, a)| Dd::product(weights[i as usize], a.abs()));
                dd::sum(terms).to_f64()
            })
            .collect()
    }

    fn integer_targets(&self, weights: &[f64], integers: &[u32], allowed: &[f64]) -> Vec<IntegerTarget> {
        (0..self.num_targets())
            .map(|j| {
                let (rows, values) = self.matrix.column(j);
                let total = |weight: &dyn Fn(usize) -> f64| {
                    dd::sum(rows.iter().zip(values).map(|(&i, &a)| Dd::product(weight(i as usize), a)))
                };
                let (before, after) = (total(&|i| weights[i]), total(&|i| f64::from(integers[i])));
                let error = (after - before).to_f64();
                IntegerTarget {
                    name: self.targets[j].name.clone(),
                    target: self.targets[j].total,
                    before: before.to_f64(),
                    after: after.to_f64(),
                    error,
                    allowed: allowed[j],
                    within: error.abs() <= allowed[j],
                }
            })
            .collect()
    }
}

impl Cells {
    fn new(weights: &[f64], ids: Option<&[u32]>) -> Self {
        let of_record = match ids {
            None => vec![0; weights.len()],
            Some(ids) => {
                let mut sorted = ids.to_vec();
                sorted.sort_unstable();
                sorted.dedup();
                ids.iter().map(|id| sorted.binary_search(id).unwrap_or_else(|i| i) as u32).collect()
            }
        };
        let num_cells = of_record.iter().max().map_or(1, |&last| last as usize + 1);
        let mut totals = vec![Dd::ZERO; num_cells];
        for (&cell, &weight) in of_record.iter().zip(weights) {
            let total = &mut totals[cell as usize];
            *total = *total + Dd::from(weight);
        }
        Self { of_record, totals }
    }

    /// Largest |Σ integers − Σ weights|.
    fn largest_error(&self, integers: &[u32]) -> f64 {
        let mut errors: Vec<Dd> = self.totals.iter().map(|&total| -total).collect();
        for (&cell, &integer) in self.of_record.iter().zip(integers) {
            let error = &mut errors[cell as usize];
            *error = *error + Dd::from(f64::from(integer));
        }
        errors.iter().map(|e| e.to_f64().abs()).fold(0.0, f64::max)
    }
}

fn validate(weights: &[f64], options: &IntegerOptions, num_records: usize) -> Result<(), InputError> {
    if weights.len() != num_records {
        return Err(InputError::length("weights", num_records, weights.len()));
    }
    let limit = f64::from(u32::MAX);
    if let Some(i) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0 && *w < limit)) {
        let (place, weight) = (format!("weights[{i}]"), weights[i]);
        return Err(if weight.is_finite() {
            InputError::out_of_range(place, format!("0 or more, and less than {limit}"), weight)
        } else {
            InputError::not_finite(place, weight)
        });
    }
    match &options.cells {
        Some(cells) if cells.len() != num_records => {
            return Err(InputError::length("cells", num_records, cells.len()));
        }
        _ => {}
    }
    let distance = options.max_total_error;
    if !distance.is_finite() {
        return Err(InputError::not_finite("maxTotalError", distance));
    }
    if distance < 0.0 {
        return Err(InputError::out_of_range("maxTotalError", "0 or more", distance));
    }
    Ok(())
}

//! Exhaustion: how much of each record's design weight the areas use together, Eᵢ = Σₐ wₐᵢ/w⁰ᵢ.
//!
//! The sums are held in fixed point, in units of 2⁻⁶⁴, so that they are exact beyond the rounding of each quotient and do not
//! depend on the order of the areas. Ninety-six bits hold one: an exhaustion of 2³¹ or more is reported as 2³¹.

use serde::{Deserialize, Serialize};

use crate::error::{InputCode, InputError};
use crate::reweight::problem::validate_design_weights;
use crate::reweight::result::Quantile;

/// Units per 1.
const UNITS: f64 = 18_446_744_073_709_551_616.0; // 2⁶⁴
/// Records named as the most exhausted.
const NUM_WORST: usize = 10;
const PROBABILITIES: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

/// Sums over areas, one per record (n).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exhaustion {
    sums: FixedPoint,
}

/// Sums in units of 2⁻⁶⁴, each in 96 bits: the upper 64, then the lower 32.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FixedPoint {
    high: Vec<i64>,
    low: Vec<u32>,
}

impl FixedPoint {
    fn zeros(n: usize) -> Self {
        Self { high: vec![0; n], low: vec![0; n] }
    }

    fn len(&self) -> usize {
        self.high.len()
    }

    fn get(&self, i: usize) -> i128 {
        i128::from(self.high[i]) << 32 | i128::from(self.low[i])
    }

    /// Adds `value`; a sum beyond 96 bits becomes the largest (or least) that they hold.
    fn add(&mut self, i: usize, value: i128) {
        let sum = self.get(i).saturating_add(value);
        self.high[i] = (sum >> 32).clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        self.low[i] = sum as u32;
    }

    fn iter(&self) -> impl Iterator<Item = i128> + '_ {
        (0..self.len()).map(|i| self.get(i))
    }
}

/// A number in units of 2⁻⁶⁴, cut off below.
pub(super) fn fixed(value: f64) -> i128 {
    (value * UNITS) as i128
}

/// The double nearest to a number in units of 2⁻⁶⁴.
pub(super) fn float(sum: i128) -> f64 {
    sum as f64 / UNITS
}

impl Exhaustion {
    /// Nothing used yet of the records with these design weights (n).
    ///
    /// # Errors
    /// No design weight, or one that is not positive and finite.
    pub fn new(design_weights: &[f64]) -> Result<Self, InputError> {
        if design_weights.is_empty() {
            return Err(InputError::new(InputCode::Empty, "designWeights", "at least one record", "none"));
        }
        validate_design_weights(design_weights, design_weights.len())?;
        Ok(Self::of_records(design_weights.len()))
    }

    /// Nothing used yet of n records, n > 0.
    pub(super) fn of_records(num_records: usize) -> Self {
        Self { sums: FixedPoint::zeros(num_records) }
    }

    /// Adds the final weights of an area, whose records are `records` (ascending; `None`: all). The design weights are those
    /// of [`Exhaustion::new`].
    ///
    /// # Errors
    /// Not as many weights as records; a weight that is not finite; a record that does not exist. Nothing is added then.
    pub fn add(
        &mut self,
        design_weights: &[f64],
        weights: &[f64],
        records: Option<&[u32]>,
    ) -> Result<(), InputError> {
        let n = self.sums.len();
        for (path, expected, received) in [
            ("designWeights", n, design_weights.len()),
            ("weights", records.map_or(n, <[u32]>::len), weights.len()),
        ] {
            if expected != received {
                return Err(InputError::length(path, expected, received));
            }
        }
        if let Some(i) = weights.iter().position(|w| !w.is_finite()) {
            return Err(InputError::not_finite(format!("weights[{i}]"), weights[i]));
        }
        if let Some((i, record)) =
            records.unwrap_or_default().iter().enumerate().find(|(_, r)| **r as usize >= n)
        {
            return Err(InputError::new(
                InputCode::OutOfRange,
                format!("records[{i}]"),
                format!("an index below {n}"),
                record.to_string(),
            ));
        }
        self.add_valid(design_weights, weights, records);
        Ok(())
    }

    /// [`Exhaustion::add`] of what a solve returned.
    pub(super) fn add_valid(&mut self, design_weights: &[f64], weights: &[f64], records: Option<&[u32]>) {
        match records {
            None => {
                for (i, (w, w0)) in weights.iter().zip(design_weights).enumerate() {
                    self.sums.add(i, fixed(w / w0));
                }
            }
            Some(records) => {
                for (&i, w) in records.iter().zip(weights) {
                    self.sums.add(i as usize, fixed(w / design_weights[i as usize]));
                }
            }
        }
    }

    /// Eᵢ of each record (n) in units of 2⁻⁶⁴.
    pub(super) fn sums(&self) -> impl Iterator<Item = i128> + '_ {
        self.sums.iter()
    }

    /// Eᵢ of each record (n).
    pub fn values(&self) -> Vec<f64> {
        self.sums.iter().map(float).collect()
    }

    /// Reads the sums; `cap` is what a record may reach.
    pub fn table(&self, cap: Option<f64>) -> ExhaustionTable {
        let values = self.values();
        let n = values.len();
        let mut ascending = values.clone();
        ascending.sort_unstable_by(f64::total_cmp);
        let quantile = |p: f64| {
            let rank = ((p * n as f64).ceil() as usize).clamp(1, n) - 1;
            Quantile { probability: p, value: ascending[rank] }
        };
        let mut order: Vec<u32> = (0..n as u32).collect();
        let most = |i: &u32, j: &u32| values[*j as usize].total_cmp(&values[*i as usize]).then(i.cmp(j));
        let num_worst = NUM_WORST.min(n);
        order.select_nth_unstable_by(num_worst - 1, most);
        order.truncate(num_worst);
        order.sort_unstable_by(most);
        ExhaustionTable {
            minimum: ascending[0],
            maximum: ascending[n - 1],
            mean: float(self.sums.iter().sum::<i128>() / n as i128),
            quantiles: PROBABILITIES.map(quantile).to_vec(),
            num_above_one: values.iter().filter(|v| **v > 1.0).count(),
            cap,
            num_above_cap: cap.map(|cap| values.iter().filter(|v| is_above(**v, cap)).count()),
            worst: order
                .into_iter()
                .map(|record| RecordExhaustion { record, exhaustion: values[record as usize] })
                .collect(),
        }
    }
}

/// True where a sum exceeds the cap by more than the rounding of its terms.
pub(super) fn is_above(exhaustion: f64, cap: f64) -> bool {
    exhaustion > cap * (1.0 + CAP_ROUNDING)
}

/// Weights are rounded products, and so are the bounds that meet a cap: their sum may exceed it by this fraction.
pub const CAP_ROUNDING: f64 = 1e-12;

/// How the records' exhaustion is distributed, over the areas whose answer is certified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExhaustionTable {
    /// Least exhaustion.
    pub minimum: f64,
    /// Largest exhaustion.
    pub maximum: f64,
    /// Mean exhaustion.
    pub mean: f64,
    /// Order statistics.
    pub quantiles: Vec<Quantile>,
    /// Records of which the areas use more than the whole design weight.
    pub num_above_one: usize,
    /// What a record may reach, if that was limited.
    pub cap: Option<f64>,
    /// Records above the cap by more than a fraction of [`CAP_ROUNDING`].
    pub num_above_cap: Option<usize>,
    /// The most exhausted records, the first of equals first.
    pub worst: Vec<RecordExhaustion>,
}

/// One record's exhaustion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordExhaustion {
    /// Index of the record.
    pub record: u32,
    /// Eᵢ
    pub exhaustion: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_either_sign_are_exact_and_stay_within_96_bits() {
        let mut sums = FixedPoint::zeros(3);
        let terms = [0.1, -0.7, 3.5e5, -1e-9, 2.0f64.powi(-64), -3.5e5];
        for (i, factor) in [1.0, -1.0].into_iter().enumerate() {
            let mut exact = 0;
            for term in terms {
                sums.add(i, fixed(factor * term));
                exact += fixed(factor * term);
                assert_eq!(sums.get(i), exact);
            }
        }
        for value in [1e12, -1e12] {
            sums.add(2, fixed(value));
            sums.add(2, fixed(value));
            assert_eq!(float(sums.get(2)), value.signum() * 2f64.powi(31));
            sums = FixedPoint::zeros(3);
        }
        assert_eq!(sums.iter().collect::<Vec<_>>(), [0; 3]);
    }
}

//! The tail of importance weights: k-hat and the effective number of draws.
//!
//! Source: A. Vehtari, D. Simpson, A. Gelman, Y. Yao and J. Gabry, Pareto smoothed importance sampling, Journal of Machine Learning
//! Research 25 (2024).

use super::pareto::{self, FEWEST_EXCESSES};
use crate::numeric::sum::sum;
use serde::{Deserialize, Serialize};

/// Log weights closer together than this, relative to the largest (at least 1), are equal.
const FLAT: f64 = 1e-12;

/// What the largest weights look like.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WeightTail {
    /// Shape of the generalised Pareto distribution of the largest weights; 0 where all weights are equal. From 1/2 on their
    /// variance is infinite, from 1 on their mean.
    pub k_hat: f64,
    /// Number of weights that count as the tail.
    pub tail_count: usize,
    /// (Σw)²/Σw²: how many equal weights would be worth as much.
    pub effective_draws: f64,
}

/// The number of largest weights that are the tail of n: at least 5, ⌈√n⌉ if that is less than a fifth of them, never all.
pub fn tail_count(n: usize) -> usize {
    let root = n.isqrt() + usize::from(n.isqrt() * n.isqrt() < n);
    root.max(FEWEST_EXCESSES).min(n.div_ceil(5).max(FEWEST_EXCESSES)).min(n.saturating_sub(1))
}

/// Judges weights given by their logarithms; −∞ is a weight of zero. `None` where nothing can be said: no weight is positive, one is
/// NaN or +∞, or fewer than five weights exceed the threshold.
pub fn weight_tail(log_weights: &[f64]) -> Option<WeightTail> {
    let largest = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let unusable = log_weights.iter().any(|w| w.is_nan()) || !largest.is_finite();
    if unusable {
        return None;
    }
    let least = log_weights.iter().copied().fold(f64::INFINITY, f64::min);
    let n = log_weights.len();
    let tail_count = tail_count(n);
    if largest - least <= FLAT * largest.abs().max(1.0) {
        return Some(WeightTail { k_hat: 0.0, tail_count, effective_draws: n as f64 });
    }
    let mut weights: Vec<f64> = log_weights.iter().map(|w| libm::exp(w - largest)).collect();
    let squares: Vec<f64> = weights.iter().map(|w| w * w).collect();
    let total = sum(&weights);
    let effective_draws = total * total / sum(&squares);
    weights.sort_by(f64::total_cmp);
    let (body, tail) = weights.split_at(n - tail_count);
    let threshold = *body.last()?;
    let excesses: Vec<f64> = tail.iter().map(|w| w - threshold).filter(|x| *x > 0.0).collect();
    pareto::fit(&excesses).map(|fit| WeightTail { k_hat: fit.shape, tail_count, effective_draws })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_the_tail() {
        let sizes = [10, 32, 64, 100, 1000].map(tail_count);
        assert_eq!(sizes, [5, 6, 8, 10, 32]);
        assert_eq!([0, 1, 2, 5, 6].map(tail_count), [0, 0, 1, 4, 5]);
    }

    #[test]
    fn equal_weights_have_no_tail() {
        let tail = weight_tail(&[-3.5; 12]).unwrap();
        assert_eq!((tail.k_hat, tail.effective_draws), (0.0, 12.0));
    }

    #[test]
    fn pareto_weights_show_their_shape() {
        for shape in [0.2, 0.7, 1.3] {
            let n = 40_000;
            // Log weights of a Pareto variable by inversion at the midpoints.
            let weights: Vec<f64> =
                (1..=n).map(|i| -shape * libm::log((f64::from(i) - 0.5) / f64::from(n))).collect();
            let tail = weight_tail(&weights).unwrap();
            assert_eq!(tail.tail_count, 200);
            assert!((tail.k_hat - shape).abs() < 0.06, "{shape}: {tail:?}");
        }
    }

    #[test]
    fn weights_of_zero_count_and_bad_ones_are_refused() {
        let mut weights: Vec<f64> = (0..20).map(|i| 0.3 * f64::from(i)).collect();
        weights.push(f64::NEG_INFINITY);
        assert!(weight_tail(&weights).is_some());
        assert_eq!(weight_tail(&[f64::NEG_INFINITY; 12]), None);
        weights.push(f64::NAN);
        assert_eq!(weight_tail(&weights), None);
        assert_eq!(weight_tail(&[f64::INFINITY, 0.0, 1.0]), None);
        assert_eq!(weight_tail(&[]), None);
        // Two distinct values: only the larger exceeds the threshold, once.
        let mut two = vec![0.0; 11];
        two.push(1.0);
        assert_eq!(weight_tail(&two), None);
    }
}

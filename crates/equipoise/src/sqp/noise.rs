//! The noise of a function, from differences of values at equally spaced points.
//!
//! J. J. Moré and S. M. Wild, Estimating computational noise, SIAM J. Sci. Comput. 33 (2011): the k-th differences of a smooth
//! function vanish as the spacing does, so that σ̂ₖ² = γₖ/(m+1−k)·Σ(Δᵏf)² with γₖ = (k!)²/(2k)! estimates the variance of what is left.

/// Points of the table.
const POINTS: usize = 9;
/// Estimates of this many orders in a row must agree within a factor 4.
const AGREEING: usize = 3;

/// The noise of f near a point.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueNoise {
    /// Standard deviation of the noise.
    pub level: f64,
    /// The same relative to the size of f.
    pub relative: f64,
    /// The values it was estimated from.
    pub values: Vec<f64>,
}

impl ValueNoise {
    /// From values at equally spaced points that are close together; `size` is that of f in general.
    ///
    /// None if the values are not finite, or the orders disagree: the points are then too far apart.
    pub fn of(values: Vec<f64>, size: f64) -> Option<Self> {
        if values.len() < POINTS || values.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let mut differences = values.clone();
        let (mut estimates, mut signs) = (Vec::new(), Vec::new());
        let mut factor = 1.0;
        for k in 1..values.len() - 1 {
            differences = differences.windows(2).map(|pair| pair[1] - pair[0]).collect();
            factor *= 0.5 * k as f64 / (2 * k - 1) as f64;
            let mean = differences.iter().map(|d| d * d).sum::<f64>() / differences.len() as f64;
            estimates.push(libm::sqrt(factor * mean));
            signs.push(differences.iter().any(|d| *d > 0.0) && differences.iter().any(|d| *d < 0.0));
        }
        let window = |i: usize| &estimates[i..i + AGREEING];
        let level = (0..estimates.len() + 1 - AGREEING)
            .find(|&i| {
                let largest = window(i).iter().copied().fold(0.0, f64::max);
                let least = window(i).iter().copied().fold(f64::INFINITY, f64::min);
                signs[i] && largest <= 4.0 * least
            })
            .map(|i| estimates[i])?;
        let size = values.iter().fold(size.abs(), |a, v| a.max(v.abs()));
        let relative = if size > 0.0 { level / size } else { 0.0 };
        Some(Self { level, relative, values })
    }

    /// The relative step at which a forward difference of f loses least: √noise.
    pub fn difference_step(&self) -> f64 {
        libm::sqrt(self.relative).clamp(1e-8, 0.1)
    }
}

/// The points of the table along ±1 directions, within the bounds; `x` is in the middle.
pub(super) fn points(x: &[f64], lower: &[f64], upper: &[f64]) -> Vec<Vec<f64>> {
    // Far enough for values to differ in their last bits, close enough for a smooth function to be a straight line.
    const SPACING: f64 = 1e-10;
    let half = (POINTS / 2) as f64;
    let step = |j: usize| {
        let size = SPACING * x[j].abs().max(1.0);
        let room = (x[j] - lower[j]).min(upper[j] - x[j]);
        // Signs that alternate in an irregular way, the same in every run.
        let sign = if (j * j + j / 2).is_multiple_of(3) { 1.0 } else { -1.0 };
        if room >= half * size { sign * size } else { 0.0 }
    };
    let steps: Vec<f64> = (0..x.len()).map(step).collect();
    (0..POINTS).map(|p| x.iter().zip(&steps).map(|(x, s)| x + (p as f64 - half) * s).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{RngCore, SeedableRng};

    fn scattered(level: f64, slope: f64) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut uniform = || random.next_u64() as f64 / 2f64.powi(64) - 0.5;
        // A uniform variable on [−½, ½] has the standard deviation 1/√12.
        (0..POINTS).map(|i| 5.0 + slope * i as f64 + level * 12f64.sqrt() * uniform()).collect()
    }

    #[test]
    fn the_level_is_found_beneath_a_slope() {
        for level in [1e-3, 1e-6, 1e-9] {
            for slope in [0.0, 1e-10, 0.1 * level] {
                let noise = ValueNoise::of(scattered(level, slope), 0.0).unwrap();
                assert!(
                    noise.level > level / 4.0 && noise.level < 4.0 * level,
                    "{level} {slope}: {}",
                    noise.level
                );
            }
        }
    }

    #[test]
    fn a_smooth_function_shows_rounding_only() {
        let values: Vec<f64> = (0..POINTS).map(|i| libm::exp(1.0 + 1e-10 * i as f64)).collect();
        assert!(ValueNoise::of(values, 0.0).is_none_or(|noise| noise.relative < 1e-14));
        assert_eq!(ValueNoise::of(vec![f64::NAN; POINTS], 0.0), None);
    }

    #[test]
    fn points_stay_within_the_bounds() {
        for point in points(&[0.0, 3.0], &[0.0, -1.0], &[1.0, 5.0]) {
            assert_eq!(point[0], 0.0);
            assert!((point[1] - 3.0).abs() < 1e-8);
        }
    }
}

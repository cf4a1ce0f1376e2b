//! The generalised Pareto distribution: fit of shape and scale to a tail.
//!
//! Source: J. Zhang and M. A. Stephens, A new and efficient estimation method for the generalized Pareto distribution,
//! Technometrics 51 (2009) 316–325, with the shrinkage of small samples of A. Vehtari, D. Simpson, A. Gelman, Y. Yao and
//! J. Gabry, Pareto smoothed importance sampling, Journal of Machine Learning Research 25 (2024), appendix C.
//!
//! (The fit by moments, k = ½(1 − mean²/variance), is below ½ for every sample: it can never report a heavy tail.)

use crate::numeric::sum::sum;

/// Fewest excesses from which a shape is estimated.
pub const FEWEST_EXCESSES: usize = 5;
/// Weight of the prior on the grid of Zhang and Stephens (their section 3).
const PRIOR: f64 = 3.0;
/// Points of the grid for an empty sample; √n more for n excesses.
const GRID_BASE: usize = 30;
/// The estimate of k counts as n observations, the value ½ as this many more.
const SHRINKAGE: f64 = 10.0;

/// Shape k and scale σ of P(X > x) = (1 + kx/σ)^(−1/k).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParetoFit {
    /// k as the data alone say. Moments of order 1/k and above do not exist.
    pub raw_shape: f64,
    /// k shrunk towards ½: (nk + 10·½)/(n + 10).
    pub shape: f64,
    /// σ > 0, in the unit of the excesses.
    pub scale: f64,
}

/// Fits excesses over a threshold, ascending and positive. `None` for fewer than [`FEWEST_EXCESSES`], or where one is not
/// positive and finite.
///
/// With θ = −k/σ the profile likelihood has one parameter; its mean under a data-dependent prior is taken over a grid of
/// 30 + ⌊√n⌋ points (equations 5 to 8 of Zhang and Stephens).
pub fn fit(excesses: &[f64]) -> Option<ParetoFit> {
    let n = excesses.len();
    let usable = excesses.iter().all(|x| *x > 0.0 && x.is_finite()) && excesses.is_sorted();
    if n < FEWEST_EXCESSES || !usable {
        return None;
    }
    let largest = excesses[n - 1];
    let quartile = excesses[(n + 2) / 4 - 1];
    let grid_size = GRID_BASE + n.isqrt();
    let grid: Vec<f64> = (1..=grid_size)
        .map(|i| {
            let spread = 1.0 - (grid_size as f64 / (i as f64 - 0.5)).sqrt();
            1.0 / largest + spread / (PRIOR * quartile)
        })
        .collect();
    let likelihoods: Vec<f64> = grid.iter().map(|&theta| profile_likelihood(theta, excesses)).collect();
    let weighted: Vec<f64> = grid
        .iter()
        .zip(&likelihoods)
        .map(|(theta, own)| {
            let ratios: Vec<f64> = likelihoods.iter().map(|other| libm::exp(other - own)).collect();
            theta / sum(&ratios)
        })
        .collect();
    let theta = sum(&weighted);
    let raw_shape = profile_shape(theta, excesses);
    let scale = scale_of(theta, raw_shape, excesses);
    let n = n as f64;
    let fit = ParetoFit { raw_shape, shape: (n * raw_shape + SHRINKAGE * 0.5) / (n + SHRINKAGE), scale };
    (fit.raw_shape.is_finite() && fit.scale > 0.0 && fit.scale.is_finite()).then_some(fit)
}

/// k(θ) = mean of log(1 − θx).
fn profile_shape(theta: f64, excesses: &[f64]) -> f64 {
    let terms: Vec<f64> = excesses.iter().map(|x| libm::log1p(-theta * x)).collect();
    sum(&terms) / excesses.len() as f64
}

/// σ = −k/θ; its limit at θ = 0 is the mean (an exponential tail).
fn scale_of(theta: f64, shape: f64, excesses: &[f64]) -> f64 {
    if shape == 0.0 { sum(excesses) / excesses.len() as f64 } else { -shape / theta }
}

/// n(−log σ(θ) − k(θ) − 1).
fn profile_likelihood(theta: f64, excesses: &[f64]) -> f64 {
    let shape = profile_shape(theta, excesses);
    excesses.len() as f64 * (-libm::log(scale_of(theta, shape, excesses)) - shape - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The quantiles of the distribution at (i − ½)/n, i = 1 … n: a sample without noise.
    fn quantiles(n: usize, shape: f64, scale: f64) -> Vec<f64> {
        (1..=n)
            .map(|i| {
                let upper = 1.0 - (i as f64 - 0.5) / n as f64;
                if shape == 0.0 {
                    -scale * libm::log(upper)
                } else {
                    scale * (libm::pow(upper, -shape) - 1.0) / shape
                }
            })
            .collect()
    }

    #[test]
    fn recovers_the_shape_and_scale_of_quantiles() {
        for shape in [-0.3, 0.0, 0.35, 0.7, 1.0, 1.5] {
            let fitted = fit(&quantiles(2000, shape, 1.7)).unwrap();
            assert!((fitted.raw_shape - shape).abs() < 0.03, "{shape}: {fitted:?}");
            assert!((fitted.scale - 1.7).abs() < 0.08, "{shape}: {fitted:?}");
            assert!((fitted.shape - shape).abs() < 0.03, "{shape}: {fitted:?}");
        }
    }

    /// Against `_gpdfit` of ArviZ 0.23.4 on samples made by inversion from the fractional parts of i/golden ratio.
    #[test]
    fn agrees_with_a_published_implementation() {
        let cases = [
            (5, 0.5, 1.0, 0.568_348_634_563_395_9, 0.593_028_237_713_304_6),
            (6, 1.0, 2.0, 0.500_056_588_716_248_4, 2.316_818_649_214_188),
            (32, 0.7, 1.0, 0.585_560_323_075_251_3, 1.077_424_335_502_923_6),
            (100, 0.35, 1.7, 0.326_385_244_712_497_64, 1.729_721_925_502_285_5),
            (1000, 0.35, 1.7, 0.355_070_307_535_929_9, 1.694_561_191_534_295),
            (1000, 1.5, 0.01, 1.489_393_474_530_569_5, 0.010_014_824_015_319_754),
        ];
        for (n, shape, scale, expected_shape, expected_scale) in cases {
            let mut sample: Vec<f64> = (1..=n)
                .map(|i| (f64::from(i) * 0.618_033_988_749_894_9) % 1.0)
                .map(|u| scale * (libm::pow(1.0 - u, -shape) - 1.0) / shape)
                .collect();
            sample.sort_by(f64::total_cmp);
            let fitted = fit(&sample).unwrap();
            assert!((fitted.shape - expected_shape).abs() < 1e-12, "{n}: {fitted:?}");
            assert!((fitted.scale / expected_scale - 1.0).abs() < 1e-12, "{n}: {fitted:?}");
        }
    }

    #[test]
    fn the_scale_of_the_sample_does_not_change_its_shape() {
        let sample = quantiles(50, 0.6, 1.0);
        let scaled: Vec<f64> = sample.iter().map(|x| x * 1024.0).collect();
        let (one, other) = (fit(&sample).unwrap(), fit(&scaled).unwrap());
        assert!((one.raw_shape - other.raw_shape).abs() < 1e-13);
        assert!((one.scale * 1024.0 / other.scale - 1.0).abs() < 1e-13);
    }

    #[test]
    fn a_small_sample_is_drawn_towards_one_half() {
        let fitted = fit(&quantiles(6, 0.0, 1.0)).unwrap();
        assert_eq!(fitted.shape, (6.0 * fitted.raw_shape + 5.0) / 16.0);
    }

    #[test]
    fn refuses_what_is_no_tail() {
        assert_eq!(fit(&[1.0, 2.0, 3.0, 4.0]), None);
        assert_eq!(fit(&[0.0, 1.0, 2.0, 3.0, 4.0]), None);
        assert_eq!(fit(&[1.0, 2.0, 3.0, 4.0, f64::INFINITY]), None);
        assert_eq!(fit(&[5.0, 4.0, 3.0, 2.0, 1.0]), None);
        assert!(fit(&[2.0; 5]).is_some_and(|fit| fit.raw_shape.is_finite()));
    }
}

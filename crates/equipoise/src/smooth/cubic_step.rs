//! The minimiser of a cubic model, exactly.
//!
//! m(d) = g·d + ½dᵀHd + (σ/3)‖d‖³ is least at the d with (H + λI)d = −g, λ = σ‖d‖ and H + λI positive semidefinite
//! (C. Cartis, N. I. M. Gould, Ph. L. Toint, Math. Programming 127 (2011) 245–295, Theorem 3.1). With H = VΛVᵀ it is a root of
//! one increasing function of λ.

use crate::numeric::sum::{axpy, dot};
use crate::numeric::symmetric_eigen::SymmetricEigen;

/// λ is found to this relative accuracy.
const ACCURACY: f64 = 1e-14;
const MAX_ITERATIONS: usize = 200;
/// Components of g along the least eigenvectors below this times ‖g‖ (or all of g below it times 1) leave the step to the eigenvector.
const HARD_CASE: f64 = 1e-13;

/// A step and its shift.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CubicStep {
    /// d (n)
    pub step: Vec<f64>,
    /// λ = σ‖d‖
    pub shift: f64,
}

/// Minimises the model over all d. σ > 0.
pub(super) fn cubic_step(hessian: &SymmetricEigen, g: &[f64], sigma: f64) -> CubicStep {
    let n = g.len();
    let along: Vec<f64> = (0..n).map(|i| dot(hessian.vector(i), g)).collect();
    let least = hessian.values[0];
    let floor = (-least).max(0.0);
    let norm_at = |shift: f64| {
        let squares = along.iter().zip(&hessian.values).map(|(a, value)| {
            let component = if *a == 0.0 { 0.0 } else { a / (value + shift) };
            component * component
        });
        squares.sum::<f64>().sqrt()
    };
    let size = dot(g, g).sqrt();
    let at_least = |value: f64| value <= least + 1e-12 * least.abs();
    let faces_least =
        along.iter().zip(&hessian.values).any(|(a, v)| at_least(*v) && a.abs() > HARD_CASE * size);
    if floor > 0.0 && !faces_least {
        let rest: f64 = along
            .iter()
            .zip(&hessian.values)
            .filter(|(_, v)| !at_least(**v))
            .map(|(a, v)| (a / (v + floor)).powi(2))
            .sum();
        let wanted = floor / sigma;
        if rest.sqrt() < wanted {
            return hard_case(hessian, &along, floor, (wanted * wanted - rest).sqrt(), at_least);
        }
    }
    let shift = root(floor, sigma, norm_at, size);
    let mut step = vec![0.0; n];
    for i in 0..n {
        axpy(-along[i] / (hessian.values[i] + shift), hessian.vector(i), &mut step);
    }
    CubicStep { step, shift }
}

/// The λ > floor with ‖d(λ)‖ = λ/σ: the left side falls, the right side grows. Newton on 1/‖d‖ − σ/λ would need derivatives;
/// bisection of the bracket by secants is as exact and cannot leave it.
fn root(floor: f64, sigma: f64, norm_at: impl Fn(f64) -> f64, size: f64) -> f64 {
    // ‖d‖ ≤ ‖g‖/(λ − floor), so λ(λ − floor) ≥ σ‖g‖ is beyond the root.
    let mut high = 0.5 * (floor + (floor * floor + 4.0 * sigma * size).sqrt()) * (1.0 + 1e-12);
    let mut low = floor;
    let excess = |shift: f64| {
        let norm = norm_at(shift);
        // Compared as reciprocals: nearly linear in λ.
        sigma / shift - 1.0 / norm
    };
    let (mut below, mut above) = (None, None);
    for _ in 0..MAX_ITERATIONS {
        if high - low <= ACCURACY * high {
            break;
        }
        let middle = 0.5 * (low + high);
        let secant = match (below, above) {
            (Some((a, fa)), Some((b, fb))) if fa != fb => (a * fb - b * fa) / (fb - fa),
            _ => middle,
        };
        let margin = 1e-3 * (high - low);
        let trial = if secant > low + margin && secant < high - margin { secant } else { middle };
        let value = excess(trial);
        if value > 0.0 {
            // λ/σ < ‖d‖: too small.
            (low, below) = (trial, Some((trial, value)));
        } else {
            (high, above) = (trial, Some((trial, value)));
        }
    }
    high
}

/// g has no component along the least eigenvectors: the step takes the length that is missing from the first of them, with
/// the sign that makes its largest entry positive.
fn hard_case(
    hessian: &SymmetricEigen,
    along: &[f64],
    shift: f64,
    missing: f64,
    at_least: impl Fn(f64) -> bool,
) -> CubicStep {
    let n = along.len();
    let mut step = vec![0.0; n];
    for i in 0..n {
        if !at_least(hessian.values[i]) {
            axpy(-along[i] / (hessian.values[i] + shift), hessian.vector(i), &mut step);
        }
    }
    let vector = hessian.vector(0);
    let largest = vector.iter().copied().reduce(|a, b| if b.abs() > a.abs() { b } else { a }).unwrap_or(1.0);
    axpy(if largest < 0.0 { -missing } else { missing }, vector, &mut step);
    CubicStep { step, shift }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const N: usize = 5;

    fn model(h: &[f64], g: &[f64], sigma: f64, d: &[f64]) -> f64 {
        let hd: Vec<f64> = (0..g.len()).map(|i| dot(&h[i * g.len()..(i + 1) * g.len()], d)).collect();
        dot(g, d) + 0.5 * dot(d, &hd) + sigma / 3.0 * dot(d, d).powf(1.5)
    }

    proptest! {
        /// Theorem 3.1 itself: the conditions that make a global minimiser.
        #[test]
        fn the_step_meets_the_conditions_of_a_global_minimiser(
            entries in prop::collection::vec(-2.0f64..2.0, N * N),
            g in prop::collection::vec(-3.0f64..3.0, N),
            sigma in 1e-3f64..10.0,
            trial in prop::collection::vec(-3.0f64..3.0, N),
        ) {
            let mut h = vec![0.0; N * N];
            for i in 0..N {
                for j in 0..N {
                    h[i * N + j] = entries[i.max(j) * N + i.min(j)];
                }
            }
            let eigen = SymmetricEigen::new(&h, N).unwrap();
            let CubicStep { step, shift } = cubic_step(&eigen, &g, sigma);
            for i in 0..N {
                let residual = dot(&h[i * N..(i + 1) * N], &step) + shift * step[i] + g[i];
                prop_assert!(residual.abs() < 1e-9, "{residual:e}");
            }
            prop_assert!((shift - sigma * dot(&step, &step).sqrt()).abs() <= 1e-9 * shift.max(1.0));
            prop_assert!(eigen.values[0] + shift >= -1e-12);
            prop_assert!(model(&h, &g, sigma, &step) <= model(&h, &g, sigma, &trial) + 1e-9);
        }
    }

    #[test]
    fn at_a_saddle_the_step_follows_the_negative_curvature() {
        let h = [2.0, 0.0, 0.0, -3.0];
        let eigen = SymmetricEigen::new(&h, 2).unwrap();
        for g in [[0.0, 0.0], [1.0, 0.0]] {
            let CubicStep { step, shift } = cubic_step(&eigen, &g, 0.5);
            assert!((shift - 3.0).abs() < 1e-12);
            assert!((dot(&step, &step).sqrt() - 6.0).abs() < 1e-12);
            assert!(step[1] > 0.0 && model(&h, &g, 0.5, &step) < 0.0);
        }
    }
}

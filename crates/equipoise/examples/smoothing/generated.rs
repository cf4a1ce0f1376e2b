//! Data without a file: a smooth curve with noise, in a basis of B-splines with difference penalties (P-splines).
//!
//! Source: P. H. C. Eilers and B. D. Marx, Flexible smoothing with B-splines and penalties, Statistical Science 11 (1996) 89–121.

use super::matrix::Matrix;
use super::penalized::{Criterion, Family, PenalizedRegression, Penalty};

/// Twelve primes after 2 and 3.
const PRIMES: [f64; 12] = [5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0, 31.0, 37.0, 41.0, 43.0];
/// Columns of each smooth.
const BASIS: usize = 12;

/// A curve and a second, weaker one in another variable, with n responses: E y = f₁(u) + f₂(v).
pub fn two_curves(n: usize, family: Family, criterion: Criterion) -> PenalizedRegression {
    let (mut rows, mut y) = (Vec::new(), Vec::new());
    for i in 1..=n {
        // Fractional parts of multiples of irrational numbers are evenly spread; the sum of twelve less six is nearly normal.
        let uniform = |prime: f64| (i as f64 * prime.sqrt()) % 1.0;
        let (u, v) = (uniform(2.0), uniform(3.0));
        let curve = libm::sin(6.0 * u) + 0.5 * v * v;
        let noise: f64 = PRIMES.map(uniform).iter().sum::<f64>() - 6.0;
        let mut row = vec![1.0];
        row.extend(centred(u));
        row.extend(centred(v));
        rows.push(row);
        y.push(match family {
            Family::Gaussian => curve + 0.3 * noise,
            Family::Poisson => libm::round(libm::exp(1.0 + curve + 0.2 * noise)),
        });
    }
    let penalties = [0, 1].map(|k| Penalty { first: 1 + k * (BASIS - 1), matrix: second_differences() });
    PenalizedRegression::new(&Matrix::from_rows(&rows), &y, family, criterion, &penalties)
}

/// The basis at u less its last function, so that the constant belongs to the intercept alone.
fn centred(u: f64) -> Vec<f64> {
    (0..BASIS - 1).map(|j| cubic_spline(u * (BASIS - 3) as f64 - (j as f64 - 1.0))).collect()
}

/// The cubic B-spline on the integers, centred at 0.
fn cubic_spline(t: f64) -> f64 {
    let t = t.abs();
    if t < 1.0 {
        (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0
    } else if t < 2.0 {
        (2.0 - t) * (2.0 - t) * (2.0 - t) / 6.0
    } else {
        0.0
    }
}

/// DᵀD of second differences of all coefficients, the last of which is 0.
fn second_differences() -> Matrix {
    let size = BASIS - 1;
    let mut penalty = Matrix::zeros(size, size);
    for first in 0..BASIS - 2 {
        let difference = [(first, 1.0), (first + 1, -2.0), (first + 2, 1.0)];
        for (i, a) in difference {
            for (j, b) in difference {
                if i < size && j < size {
                    penalty.entries[i * size + j] += a * b;
                }
            }
        }
    }
    penalty
}

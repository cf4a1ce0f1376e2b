//! Singular values of small dense matrices by one-sided Jacobi rotations of the rows (Hestenes 1958), which find tiny values to high
//! relative accuracy where the Gram matrix has lost them.

use super::sum::{dot, norm_two};

/// Rounds of rotations over all pairs; a handful settles every matrix met.
const SWEEPS: usize = 60;

/// The singular values of `matrix` (rows × columns, row-major), the largest first; min(rows, columns) of them.
///
/// # Panics
/// If the length is not rows · columns.
pub fn singular_values(matrix: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    assert_eq!(matrix.len(), rows * columns);
    let mut vectors: Vec<Vec<f64>> = if rows <= columns {
        matrix.chunks_exact(columns.max(1)).map(<[f64]>::to_vec).collect()
    } else {
        (0..columns).map(|j| (0..rows).map(|i| matrix[i * columns + j]).collect()).collect()
    };
    for _ in 0..SWEEPS {
        if !sweep(&mut vectors) {
            break;
        }
    }
    let mut values: Vec<f64> = vectors.iter().map(|v| norm_two(v)).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

/// Makes each pair of vectors orthogonal in turn. False if all were.
fn sweep(vectors: &mut [Vec<f64>]) -> bool {
    let mut rotated = false;
    for p in 0..vectors.len() {
        for q in p + 1..vectors.len() {
            let (head, tail) = vectors.split_at_mut(q);
            rotated |= rotate(&mut head[p], &mut tail[0]);
        }
    }
    rotated
}

/// The rotation of two vectors that makes them orthogonal; false if they are, to rounding.
fn rotate(a: &mut [f64], b: &mut [f64]) -> bool {
    let (aa, bb, ab) = (dot(a, a), dot(b, b), dot(a, b));
    // The product of two roots does not overflow where the product of the squares does.
    if ab.is_nan() || ab.abs() <= f64::EPSILON * aa.sqrt() * bb.sqrt() {
        return false;
    }
    let zeta = (bb - aa) / (2.0 * ab);
    let t = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
    let c = 1.0 / (1.0 + t * t).sqrt();
    let s = c * t;
    for (x, y) in a.iter_mut().zip(b) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_values_are_found_beside_large_ones() {
        // Rows (1, 1) and (1, 1 + 1e-12): the product of the singular values is the determinant, their squares add up to the norm.
        let values = singular_values(&[1.0, 1.0, 1.0, 1.0 + 1e-12], 2, 2);
        assert!((values[0] - 2.0).abs() < 1e-11);
        assert!((values[1] * values[0] / ((1.0 + 1e-12) - 1.0) - 1.0).abs() < 1e-3, "{values:?}");
        let graded = singular_values(&[1e8, 0.0, 0.0, 0.0, 1e-8, 0.0], 2, 3);
        assert_eq!(graded, [1e8, 1e-8]);
    }

    #[test]
    fn shapes_and_dependence_do_not_matter() {
        let twice = singular_values(&[3.0, 4.0, 3.0, 4.0], 2, 2);
        assert!((twice[0] - 50f64.sqrt()).abs() < 1e-14 && twice[1] < 1e-15);
        let tall = singular_values(&[3.0, 0.0, 0.0, 2.0, 4.0, 0.0], 3, 2);
        assert!((tall[0] - 5.0).abs() < 1e-15 && (tall[1] - 2.0).abs() < 1e-15);
        assert!(singular_values(&[], 0, 3).is_empty());
    }
}

//! Sums of a fixed shape.
//!
//! Every sum is split over eight lanes and the lanes are added by one fixed tree, so that its value is a function of
//! the data alone. None of these functions uses threads, fused multiply-add or runtime-dispatched instructions.

const LANES: usize = 8;

/// Adds the eight lanes in the fixed order ((0+4)+(2+6))+((1+5)+(3+7)).
fn tree(s: [f64; LANES]) -> f64 {
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

/// Inner product Σ aᵢbᵢ.
///
/// # Panics
/// If the slices differ in length.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let mut lanes = [0.0; LANES];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    let mut sum = tree(lanes);
    for (x, y) in a_rest.iter().zip(b_rest) {
        sum += x * y;
    }
    sum
}

/// Plain sum Σ aᵢ.
pub fn sum(a: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (blocks, rest) = a.as_chunks::<LANES>();
    for x in blocks {
        for lane in 0..LANES {
            lanes[lane] += x[lane];
        }
    }
    let mut sum = tree(lanes);
    for x in rest {
        sum += x;
    }
    sum
}

/// Euclidean norm √Σ aᵢ² (no guard against overflow: callers scale their data).
pub fn norm_two(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// Largest absolute value; 0 for an empty slice, NaN if any entry is NaN.
pub fn max_abs(a: &[f64]) -> f64 {
    let mut largest = 0.0f64;
    for x in a {
        let magnitude = x.abs();
        if magnitude > largest || magnitude.is_nan() {
            largest = magnitude;
        }
        if largest.is_nan() {
            return f64::NAN;
        }
    }
    largest
}

/// y ← y + αx.
///
/// # Panics
/// If the slices differ in length.
pub fn axpy(alpha: f64, x: &[f64], y: &mut [f64]) {
    assert_eq!(x.len(), y.len());
    for (y, x) in y.iter_mut().zip(x) {
        *y += alpha * x;
    }
}

/// outₚ = Σ columnₚ·x for columns of stride ≥ len(x), with the bits of [`dot`]; two columns share the loads of x.
///
/// # Panics
/// If there are fewer than `out.len()` columns.
pub fn dots(columns: &[f64], stride: usize, x: &[f64], out: &mut [f64]) {
    let column = |p: usize| &columns[p * stride..p * stride + x.len()];
    let (pairs, rest) = out.as_chunks_mut::<2>();
    for (p, pair) in pairs.iter_mut().enumerate() {
        *pair = dot_two(column(2 * p), column(2 * p + 1), x);
    }
    for out in rest {
        *out = dot(column(2 * pairs.len()), x);
    }
}

/// a·x and b·x.
fn dot_two(a: &[f64], b: &[f64], x: &[f64]) -> [f64; 2] {
    let (mut of_a, mut of_b) = ([0.0; LANES], [0.0; LANES]);
    let (x_blocks, x_rest) = x.as_chunks::<LANES>();
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for ((x, a), b) in x_blocks.iter().zip(a_blocks).zip(b_blocks) {
        for lane in 0..LANES {
            of_a[lane] += a[lane] * x[lane];
            of_b[lane] += b[lane] * x[lane];
        }
    }
    let mut sums = [tree(of_a), tree(of_b)];
    for ((x, a), b) in x_rest.iter().zip(a_rest).zip(b_rest) {
        sums[0] += a * x;
        sums[1] += b * x;
    }
    sums
}

/// y ← y + Σ αₚ·columnₚ for columns of stride ≥ len(y), with the bits of one [`axpy`] after the other; four share the loads of y.
///
/// # Panics
/// If there are fewer than `alphas.len()` columns.
pub fn axpys(alphas: &[f64], columns: &[f64], stride: usize, y: &mut [f64]) {
    let len = y.len();
    let column = |p: usize| &columns[p * stride..p * stride + len];
    let (fours, rest) = alphas.as_chunks::<4>();
    for (q, &[a, b, c, d]) in fours.iter().enumerate() {
        let (of_a, of_b) = (column(4 * q), column(4 * q + 1));
        let (of_c, of_d) = (column(4 * q + 2), column(4 * q + 3));
        for j in 0..len {
            y[j] = (((y[j] + a * of_a[j]) + b * of_b[j]) + c * of_c[j]) + d * of_d[j];
        }
    }
    for (p, &alpha) in rest.iter().enumerate() {
        axpy(alpha, column(4 * fours.len() + p), y);
    }
}

/// Neumaier's compensated sum: the error is about that of one rounding, whatever the cancellation.
///
/// Source: A. Neumaier, ZAMM 54 (1974) 39–51.
#[derive(Debug, Clone, Copy, Default)]
pub struct CompensatedSum {
    sum: f64,
    compensation: f64,
}

impl CompensatedSum {
    /// Adds one term.
    #[inline]
    pub fn add(&mut self, x: f64) {
        let t = self.sum + x;
        self.compensation += if self.sum.abs() >= x.abs() { (self.sum - t) + x } else { (x - t) + self.sum };
        self.sum = t;
    }

    /// The compensated value.
    #[inline]
    pub fn value(self) -> f64 {
        self.sum + self.compensation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_columns_give_the_bits_of_one_at_a_time() {
        let value = |i: usize| 1.0 / (1.0 + (i * i % 97) as f64) - 0.3;
        for (n, count) in [(0, 3), (1, 1), (7, 4), (8, 5), (21, 9), (100, 2)] {
            let stride = n + 3;
            let columns: Vec<f64> = (0..stride * count).map(value).collect();
            let x: Vec<f64> = (0..n).map(|i| value(i + 31)).collect();
            let column = |p: usize| &columns[p * stride..p * stride + n];
            let mut found = vec![0.0; count];
            dots(&columns, stride, &x, &mut found);
            assert!((0..count).all(|p| found[p].to_bits() == dot(column(p), &x).to_bits()));
            let (mut together, mut in_turn) = (x.clone(), x.clone());
            axpys(&found, &columns, stride, &mut together);
            (0..count).for_each(|p| axpy(found[p], column(p), &mut in_turn));
            assert!(together.iter().zip(&in_turn).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }

    #[test]
    fn dot_and_sum_agree_with_exact_integers() {
        for n in 0..40usize {
            let a: Vec<f64> = (0..n).map(|i| i as f64 - 7.0).collect();
            let b: Vec<f64> = (0..n).map(|i| (3 * i) as f64 + 1.0).collect();
            let exact: i64 = (0..n as i64).map(|i| (i - 7) * (3 * i + 1)).sum();
            assert_eq!(dot(&a, &b), exact as f64);
            assert_eq!(sum(&a), (0..n as i64).map(|i| i - 7).sum::<i64>() as f64);
        }
    }

    #[test]
    fn compensated_sum_survives_cancellation() {
        let mut s = CompensatedSum::default();
        for x in [1.0, 1e100, 1.0, -1e100] {
            s.add(x);
        }
        assert_eq!(s.value(), 2.0);
    }

    #[test]
    fn max_abs_reports_nan() {
        assert!(max_abs(&[1.0, f64::NAN, 2.0]).is_nan());
        assert_eq!(max_abs(&[]), 0.0);
        assert_eq!(max_abs(&[1.0, -3.0]), 3.0);
    }
}

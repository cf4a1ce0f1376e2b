//! Sums of a fixed shape.
//!
//! Every sum is split over eight lanes, or four where four sums are taken at once, and the lanes are added by one fixed tree, so
//! that its value is a function of the data alone. None of these functions uses threads, fused multiply-add or runtime-dispatched instructions.

use wide::f64x2;

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

/// outₚ = columnₚ·x for columns of stride ≥ len(x), each with the bits of [`dot_four`].
///
/// # Panics
/// If there are fewer than `out.len()` columns.
pub fn dots(columns: &[f64], stride: usize, x: &[f64], out: &mut [f64]) {
    let column = |p: usize| &columns[p * stride..p * stride + x.len()];
    let (fours, rest) = out.as_chunks_mut::<4>();
    let last = 4 * fours.len();
    for (q, four) in fours.iter_mut().enumerate() {
        let p = 4 * q;
        *four = dot_four([column(p), column(p + 1), column(p + 2), column(p + 3)], x);
    }
    if !rest.is_empty() {
        // Fewer than four: the last one is repeated.
        let p = |q: usize| last + q.min(rest.len() - 1);
        let four = dot_four([column(p(0)), column(p(1)), column(p(2)), column(p(3))], x);
        rest.copy_from_slice(&four[..rest.len()]);
    }
}

/// The inner products of four vectors with x, which share the loads of x. Each is a sum over four lanes, added in the order
/// (0+2)+(1+3), and then over the rest.
///
/// # Panics
/// If a vector is shorter than x.
#[inline(always)]
pub fn dot_four<'a>(vectors: [&'a [f64]; 4], x: &[f64]) -> [f64; 4] {
    let len = x.len();
    let [a, b, c, d] = vectors;
    let [a, b, c, d] = [&a[..len], &b[..len], &c[..len], &d[..len]];
    let x_blocks = x.as_chunks::<4>().0;
    // Slices of one length, indexed together: no bounds are checked within the loop.
    let count = x_blocks.len();
    let blocks = |v: &'a [f64]| &v.as_chunks::<4>().0[..count];
    let (a_blocks, b_blocks, c_blocks, d_blocks) = (blocks(a), blocks(b), blocks(c), blocks(d));
    let mut lanes = [[f64x2::ZERO; 2]; 4];
    for i in 0..count {
        let (x, v) = (pairs(&x_blocks[i]), [&a_blocks[i], &b_blocks[i], &c_blocks[i], &d_blocks[i]]);
        for p in 0..4 {
            let v = pairs(v[p]);
            lanes[p][0] += v[0] * x[0];
            lanes[p][1] += v[1] * x[1];
        }
    }
    let mut sums = [0.0; 4];
    for p in 0..4 {
        let [even, odd] = (lanes[p][0] + lanes[p][1]).to_array();
        sums[p] = even + odd;
    }
    for i in 4 * count..len {
        let v = [a[i], b[i], c[i], d[i]];
        for p in 0..4 {
            sums[p] += v[p] * x[i];
        }
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
    for (q, alphas) in fours.iter().enumerate() {
        let p = 4 * q;
        axpy_four(alphas, [column(p), column(p + 1), column(p + 2), column(p + 3)], y);
    }
    for (p, &alpha) in rest.iter().enumerate() {
        axpy(alpha, column(4 * fours.len() + p), y);
    }
}

/// y ← y + Σ αₚxₚ for four vectors.
#[inline(always)]
fn axpy_four<'a>(alphas: &[f64; 4], vectors: [&'a [f64]; 4], y: &mut [f64]) {
    let len = y.len();
    let [a, b, c, d] = vectors;
    let [a, b, c, d] = [&a[..len], &b[..len], &c[..len], &d[..len]];
    let y_blocks = y.as_chunks_mut::<4>().0;
    let count = y_blocks.len();
    let blocks = |v: &'a [f64]| &v.as_chunks::<4>().0[..count];
    let (a_blocks, b_blocks, c_blocks, d_blocks) = (blocks(a), blocks(b), blocks(c), blocks(d));
    let [wa, wb, wc, wd] = alphas.map(f64x2::splat);
    for i in 0..count {
        let (a, b, c, d) =
            (pairs(&a_blocks[i]), pairs(&b_blocks[i]), pairs(&c_blocks[i]), pairs(&d_blocks[i]));
        let mut sums = pairs(&y_blocks[i]);
        for half in 0..2 {
            let sum = (sums[half] + wa * a[half]) + wb * b[half];
            sums[half] = (sum + wc * c[half]) + wd * d[half];
        }
        y_blocks[i] = together(sums);
    }
    for i in 4 * count..len {
        y[i] = (((y[i] + alphas[0] * a[i]) + alphas[1] * b[i]) + alphas[2] * c[i]) + alphas[3] * d[i];
    }
}

/// (a, b) ← (ca + sb, cb − sa).
///
/// # Panics
/// If b is shorter than a.
pub fn rotate(c: f64, s: f64, a: &mut [f64], b: &mut [f64]) {
    let b = &mut b[..a.len()];
    let (a_blocks, a_rest) = a.as_chunks_mut::<4>();
    let (b_blocks, b_rest) = b.as_chunks_mut::<4>();
    let (wc, ws) = (f64x2::splat(c), f64x2::splat(s));
    for (a, b) in a_blocks.iter_mut().zip(b_blocks) {
        let (of_a, of_b) = (pairs(a), pairs(b));
        *a = together([wc * of_a[0] + ws * of_b[0], wc * of_a[1] + ws * of_b[1]]);
        *b = together([wc * of_b[0] - ws * of_a[0], wc * of_b[1] - ws * of_a[1]]);
    }
    for (a, b) in a_rest.iter_mut().zip(b_rest) {
        (*a, *b) = (c * *a + s * *b, c * *b - s * *a);
    }
}

/// Four numbers as two pairs of lanes.
#[inline(always)]
fn pairs(v: &[f64; 4]) -> [f64x2; 2] {
    [f64x2::new([v[0], v[1]]), f64x2::new([v[2], v[3]])]
}

/// Two pairs of lanes as four numbers.
#[inline(always)]
fn together([low, high]: [f64x2; 2]) -> [f64; 4] {
    let ([a, b], [c, d]) = (low.to_array(), high.to_array());
    [a, b, c, d]
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
    fn rotating_is_rotating_each_pair() {
        let (c, s) = (0.6, 0.8);
        for n in 0..11 {
            let a: Vec<f64> = (0..n).map(|i| f64::from(i).sqrt()).collect();
            let b: Vec<f64> = (0..n).map(|i| 1.0 / f64::from(1 + i)).collect();
            let (mut x, mut y) = (a.clone(), b.clone());
            rotate(c, s, &mut x, &mut y);
            let alone = |i: usize| (c * a[i] + s * b[i], c * b[i] - s * a[i]);
            assert!((0..a.len()).all(|i| (x[i], y[i]) == alone(i)));
        }
    }

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
            for p in 0..count {
                let alone = dot_four([column(p); 4], &x)[0];
                assert!(found[p].to_bits() == alone.to_bits());
                assert!((alone - dot(column(p), &x)).abs() <= 1e-14 * n as f64);
            }
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

//! Double-double arithmetic: a number held as the unevaluated sum of two doubles, about 106 significant bits.
//!
//! Products use Dekker's splitting instead of a fused multiply-add, so that the bits are the same on every CPU.
//! Valid while no product overflows or falls below about 1e-290 (an error term would be lost).
//!
//! Sources: T. J. Dekker, Numer. Math. 18 (1971) 224–242; D. E. Knuth, TAOCP 2, §4.2.2; T. Ogita, S. M. Rump,
//! S. Oishi, SIAM J. Sci. Comput. 26 (2005) 1955–1988 (Dot2); M. Joldes, J.-M. Muller, V. Popescu, ACM TOMS 44 (2017)
//! (error bounds of the pair operations).

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

use wide::{f64x2, f64x4};

/// A bound on the relative error of one [`Dd`] operation: 16 u² with u = 2⁻⁵³ (the worst proven constant, that of
/// the division, is below 10 u²).
pub const DD_EPSILON: f64 = 16.0 * (f64::EPSILON / 2.0) * (f64::EPSILON / 2.0);

/// a + b = s + e exactly (Knuth).
#[inline(always)]
pub fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let t = s - a;
    (s, (a - (s - t)) + (b - t))
}

/// a + b = s + e exactly, for |a| ≥ |b| or a = 0 (Dekker).
#[inline(always)]
fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    (s, b - (s - a))
}

/// Upper 26 bits and the remainder (Dekker's splitting).
#[inline(always)]
fn split(a: f64) -> (f64, f64) {
    let t = 134_217_729.0 * a; // 2²⁷ + 1
    let high = t - (t - a);
    (high, a - high)
}

/// a·b = p + e exactly (Dekker).
#[inline(always)]
pub fn two_prod(a: f64, b: f64) -> (f64, f64) {
    let p = a * b;
    let (a_high, a_low) = split(a);
    let (b_high, b_low) = split(b);
    (p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low)
}

/// The unevaluated sum `high + low`, |low| ≤ ½ ulp(high).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Dd {
    /// The number rounded to double.
    pub high: f64,
    /// The rest.
    pub low: f64,
}

impl Dd {
    /// Zero.
    pub const ZERO: Self = Self { high: 0.0, low: 0.0 };
    /// One.
    pub const ONE: Self = Self { high: 1.0, low: 0.0 };

    /// The exact sum of two doubles.
    #[inline(always)]
    pub fn sum(a: f64, b: f64) -> Self {
        let (high, low) = two_sum(a, b);
        Self { high, low }
    }

    /// The exact product of two doubles.
    #[inline(always)]
    pub fn product(a: f64, b: f64) -> Self {
        let (high, low) = two_prod(a, b);
        Self { high, low }
    }

    /// Normalises `high + low` when |high| ≥ |low|.
    #[inline(always)]
    fn normalised(high: f64, low: f64) -> Self {
        let (high, low) = fast_two_sum(high, low);
        Self { high, low }
    }

    /// The same number with |low| ≤ ½ ulp(high) for certain: what it is when read back from its two doubles by [`Dd::sum`].
    #[inline(always)]
    pub fn renormalised(self) -> Self {
        Self::sum(self.high, self.low)
    }

    /// The nearest double.
    #[inline(always)]
    pub fn to_f64(self) -> f64 {
        self.high + self.low
    }

    /// Product with a double.
    #[inline(always)]
    pub fn times(self, b: f64) -> Self {
        let (p, e) = two_prod(self.high, b);
        Self::normalised(p, e + self.low * b)
    }

    /// Quotient by a double.
    #[inline(always)]
    pub fn over(self, b: f64) -> Self {
        let q = self.high / b;
        let (p, e) = two_prod(q, b);
        let rest = ((self.high - p) - e) + self.low;
        Self::normalised(q, rest / b)
    }

    /// [`Dd::over`] with 1/b at hand: no division.
    #[inline(always)]
    pub fn over_by(self, b: f64, inverse: f64) -> Self {
        let q = self.high * inverse;
        let (p, e) = two_prod(q, b);
        let rest = ((self.high - p) - e) + self.low;
        Self::normalised(q, rest * inverse)
    }

    /// Absolute value.
    #[inline(always)]
    pub fn abs(self) -> Self {
        if self.high < 0.0 || (self.high == 0.0 && self.low < 0.0) { -self } else { self }
    }

    /// self².
    #[inline(always)]
    pub fn square(self) -> Self {
        self * self
    }

    /// Square root of a non-negative number (one Newton correction of the double root).
    pub fn sqrt(self) -> Self {
        if self.high <= 0.0 {
            return Self::ZERO;
        }
        let root = self.high.sqrt();
        let rest = (self - Self::product(root, root)).high;
        Self::normalised(root, rest / (2.0 * root))
    }

    /// True if neither part is NaN or infinite.
    pub fn is_finite(self) -> bool {
        self.high.is_finite() && self.low.is_finite()
    }
}

impl From<f64> for Dd {
    #[inline(always)]
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

impl Add for Dd {
    type Output = Self;
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        let (s, e) = two_sum(self.high, b.high);
        let (t, f) = two_sum(self.low, b.low);
        let (s, e) = fast_two_sum(s, e + t);
        Self::normalised(s, e + f)
    }
}

impl Sub for Dd {
    type Output = Self;
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self + -b
    }
}

impl Neg for Dd {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self { high: -self.high, low: -self.low }
    }
}

impl Mul for Dd {
    type Output = Self;
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        let (p, e) = two_prod(self.high, b.high);
        Self::normalised(p, e + (self.high * b.low + self.low * b.high))
    }
}

impl Div for Dd {
    type Output = Self;
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        let q = self.high / b.high;
        let rest = self - b.times(q);
        let correction = rest.high / b.high;
        let rest = rest - b.times(correction);
        let (q, e) = fast_two_sum(q, correction);
        Self::normalised(q, e + rest.high / b.high)
    }
}

impl PartialOrd for Dd {
    #[inline(always)]
    fn partial_cmp(&self, b: &Self) -> Option<Ordering> {
        match self.high.partial_cmp(&b.high) {
            Some(Ordering::Equal) => self.low.partial_cmp(&b.low),
            other => other,
        }
    }
}

/// A pair with a bound on its error, side by side in memory because they are gathered together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Uncertain {
    /// The number.
    pub value: Dd,
    /// |value − the true number| is at most this.
    pub error: f64,
}

/// Ogita–Rump–Oishi accumulator: the sum of products carried as `sum + error`, the error terms in plain doubles.
///
/// After n terms the pair differs from the exact sum by at most γ₂ₙ² Σ|terms|, γ₂ₙ = 2nu/(1 − 2nu): see
/// [`Accumulator::relative_error`]. Much cheaper than n pair additions, because only `sum` is on the critical path.
#[derive(Debug, Clone, Copy, Default)]
pub struct Accumulator {
    sum: f64,
    error: f64,
}

impl Accumulator {
    /// Adds (b + b_low)·a, b_low being of the order of b's rounding error.
    #[inline(always)]
    pub fn add_product(&mut self, a: f64, b: f64, b_low: f64) {
        let (p, e) = two_prod(a, b);
        let (s, f) = two_sum(self.sum, p);
        self.sum = s;
        self.error += f + (e + a * b_low);
    }

    /// The sum as a pair.
    #[inline(always)]
    pub fn value(self) -> Dd {
        Dd::sum(self.sum, self.error)
    }

    /// γ² factor of the error after `terms` additions (three roundings per term reach `error`), relative to Σ|terms|.
    pub fn relative_error(terms: usize) -> f64 {
        let gamma = 3.0 * (terms + 1) as f64 * (f64::EPSILON / 2.0);
        2.0 * gamma * gamma
    }
}

/// Four independent [`Accumulator`]s side by side in vector registers of the baseline CPU: the same bits as one by one.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccumulatorLanes {
    sum: f64x4,
    error: f64x4,
}

impl AccumulatorLanes {
    /// Number of lanes.
    pub const LANES: usize = 4;

    /// Adds a·(b + b_low) to each lane.
    #[inline(always)]
    pub fn add_products(&mut self, a: f64x4, b: f64x4, b_low: f64x4) {
        let (p, e) = two_prod_lanes(a, b);
        self.add(p, e + a * b_low);
    }

    /// Adds a·b to each lane.
    #[inline(always)]
    pub fn add_plain_products(&mut self, a: f64x4, b: f64x4) {
        let (p, e) = two_prod_lanes(a, b);
        self.add(p, e);
    }

    #[inline(always)]
    fn add(&mut self, p: f64x4, e: f64x4) {
        let s = self.sum + p;
        let t = s - self.sum;
        let f = (self.sum - (s - t)) + (p - t);
        self.sum = s;
        self.error += f + e;
    }

    /// Each lane.
    #[inline(always)]
    pub fn values(&self) -> [Dd; Self::LANES] {
        let (sums, errors) = (self.sum.to_array(), self.error.to_array());
        std::array::from_fn(|lane| Dd::sum(sums[lane], errors[lane]))
    }

    /// The sum of the lanes, in order.
    #[inline(always)]
    pub fn value(&self) -> Dd {
        sum(self.values())
    }
}

#[inline(always)]
fn two_prod_lanes(a: f64x4, b: f64x4) -> (f64x4, f64x4) {
    let p = a * b;
    let (a_high, a_rest) = split_lanes(a);
    let (b_high, b_rest) = split_lanes(b);
    (p, ((a_high * b_high - p) + a_high * b_rest + a_rest * b_high) + a_rest * b_rest)
}

#[inline(always)]
fn split_lanes(a: f64x4) -> (f64x4, f64x4) {
    let t = a * 134_217_729.0;
    let high = t - (t - a);
    (high, a - high)
}

/// A pair (high + low) with both parts already split, for many products with the same factor.
#[derive(Debug, Clone, Copy, Default)]
pub struct SplitDd {
    high: f64,
    high_upper: f64,
    high_lower: f64,
    low: f64,
    low_upper: f64,
    low_lower: f64,
}

impl From<Dd> for SplitDd {
    fn from(x: Dd) -> Self {
        let ((high_upper, high_lower), (low_upper, low_lower)) = (split(x.high), split(x.low));
        Self { high: x.high, high_upper, high_lower, low: x.low, low_upper, low_lower }
    }
}

/// A sum of products of doubles and pairs, two entries at a time.
pub trait RowSum: Default {
    /// Adds the products aₑ·b[indexₑ].
    fn add_row(&mut self, indices: &[u32], a: &[f64], b: &[SplitDd]);
    /// The sum rounded to a pair.
    fn value(self) -> Dd;
    /// Σ|terms|, to a few roundings.
    fn magnitude(&self) -> f64;
    /// The error after `terms` additions, before rounding to a pair, relative to Σ|terms|.
    fn relative_error(terms: usize) -> f64;
}

/// A sum of products of doubles and pairs carried in two levels: half the work of [`TripleAccumulator`], with an error of two
/// roundings of Σ|terms|.
///
/// After n terms each of `error` and the products that it gathers has seen at most n + 6 roundings of parts that are
/// themselves at most (n + 1)uΣ|terms|. (Dot2 of T. Ogita, S. M. Rump, S. Oishi, SIAM J. Sci. Comput. 26 (2005) 1955–1988.)
#[derive(Debug, Clone, Copy, Default)]
pub struct PairAccumulator {
    sum: f64x2,
    error: f64x2,
    magnitude: f64x2,
}

impl PairAccumulator {
    /// Adds a·b in each lane.
    #[inline(always)]
    fn add_products(&mut self, a: [f64; 2], b: [&SplitDd; 2]) {
        let lanes = |part: fn(&SplitDd) -> f64| f64x2::new([part(b[0]), part(b[1])]);
        let a = f64x2::new(a);
        let t = a * 134_217_729.0;
        let a_upper = t - (t - a);
        let a_lower = a - a_upper;
        let (high, upper, lower) = (lanes(|b| b.high), lanes(|b| b.high_upper), lanes(|b| b.high_lower));
        let p = a * high;
        let e = ((a_upper * upper - p) + a_upper * lower + a_lower * upper) + a_lower * lower;
        let (sum, from_sum) = two_sum_lanes(self.sum, p);
        self.sum = sum;
        self.error += from_sum + (e + a * lanes(|b| b.low));
        self.magnitude += p.abs();
    }
}

impl RowSum for PairAccumulator {
    #[inline(always)]
    fn add_row(&mut self, indices: &[u32], a: &[f64], b: &[SplitDd]) {
        let (index_pairs, last_index) = indices.as_chunks::<2>();
        let (a_pairs, last_a) = a.as_chunks::<2>();
        for (&[i, j], &a) in index_pairs.iter().zip(a_pairs) {
            self.add_products(a, [&b[i as usize], &b[j as usize]]);
        }
        if let (&[i], &[a]) = (last_index, last_a) {
            self.add_products([a, 0.0], [&b[i as usize]; 2]);
        }
    }

    #[inline(always)]
    fn value(self) -> Dd {
        let ([s, t], [e, f]) = (self.sum.to_array(), self.error.to_array());
        Dd::sum(s, e) + Dd::sum(t, f)
    }

    #[inline(always)]
    fn magnitude(&self) -> f64 {
        let [m, n] = self.magnitude.to_array();
        m + n
    }

    fn relative_error(terms: usize) -> f64 {
        let gamma = (terms + 6) as f64 * (f64::EPSILON / 2.0);
        2.0 * gamma * gamma
    }
}

/// A sum of products of doubles and pairs carried in three levels, in two lanes: the error stays far below that of a pair
/// even where the terms cancel by many orders of magnitude.
///
/// After n terms the levels together differ from the exact sum by at most 2γ³Σ|terms|, γ = 8(n + 4)u: see
/// [`TripleAccumulator::relative_error`]. (K-fold summation of Ogita, Rump and Oishi with K = 3.)
#[derive(Debug, Clone, Copy, Default)]
pub struct TripleAccumulator {
    sum: f64x2,
    error: f64x2,
    rest: f64x2,
    magnitude: f64x2,
}

impl TripleAccumulator {
    /// Adds a·b in each lane.
    #[inline(always)]
    pub fn add_products(&mut self, a: [f64; 2], b: [&SplitDd; 2]) {
        let lanes = |part: fn(&SplitDd) -> f64| f64x2::new([part(b[0]), part(b[1])]);
        let a = f64x2::new(a);
        let t = a * 134_217_729.0;
        let a_upper = t - (t - a);
        let a_lower = a - a_upper;
        let product = |b: f64x2, upper: f64x2, lower: f64x2| {
            let p = a * b;
            (p, ((a_upper * upper - p) + a_upper * lower + a_lower * upper) + a_lower * lower)
        };
        let (p, e) = product(lanes(|b| b.high), lanes(|b| b.high_upper), lanes(|b| b.high_lower));
        let (q, r) = product(lanes(|b| b.low), lanes(|b| b.low_upper), lanes(|b| b.low_lower));
        let (sum, from_sum) = two_sum_lanes(self.sum, p);
        let (second, from_second) = two_sum_lanes(e, q);
        let (error, lost) = two_sum_lanes(self.error, from_sum);
        let (error, lost_too) = two_sum_lanes(error, second);
        self.sum = sum;
        self.error = error;
        self.rest += (r + from_second) + (lost + lost_too);
        self.magnitude += p.abs();
    }
}

impl RowSum for TripleAccumulator {
    #[inline(always)]
    fn add_row(&mut self, indices: &[u32], a: &[f64], b: &[SplitDd]) {
        let (index_pairs, last_index) = indices.as_chunks::<2>();
        let (a_pairs, last_a) = a.as_chunks::<2>();
        for (&[i, j], &a) in index_pairs.iter().zip(a_pairs) {
            self.add_products(a, [&b[i as usize], &b[j as usize]]);
        }
        if let (&[i], &[a]) = (last_index, last_a) {
            self.add_products([a, 0.0], [&b[i as usize]; 2]);
        }
    }

    #[inline(always)]
    fn value(self) -> Dd {
        let ([s, t], [e, f], [r, g]) = (self.sum.to_array(), self.error.to_array(), self.rest.to_array());
        let (sum, from_sum) = two_sum(s, t);
        let (error, lost) = two_sum(e, f);
        let (error, lost_too) = two_sum(error, from_sum);
        let (sum, low) = two_sum(sum, error);
        Dd::sum(sum, low) + Dd::from((r + g) + (lost + lost_too))
    }

    #[inline(always)]
    fn magnitude(&self) -> f64 {
        let [m, n] = self.magnitude.to_array();
        m + n
    }

    fn relative_error(terms: usize) -> f64 {
        let gamma = 8.0 * (terms + 4) as f64 * (f64::EPSILON / 2.0);
        2.0 * gamma * gamma * gamma
    }
}

#[inline(always)]
fn two_sum_lanes(a: f64x2, b: f64x2) -> (f64x2, f64x2) {
    let s = a + b;
    let t = s - a;
    (s, (a - (s - t)) + (b - t))
}

/// Pair sum of a slice of pairs, in order.
pub fn sum(values: impl IntoIterator<Item = Dd>) -> Dd {
    values.into_iter().fold(Dd::ZERO, |a, b| a + b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use num_traits::{Signed, ToPrimitive, Zero};
    use proptest::prelude::*;

    fn exact(x: f64) -> BigRational {
        BigRational::from_float(x).unwrap()
    }
    fn exact_dd(x: Dd) -> BigRational {
        exact(x.high) + exact(x.low)
    }
    fn relative_error(got: Dd, want: &BigRational) -> f64 {
        if want.is_zero() {
            return (exact_dd(got)).abs().to_f64().unwrap();
        }
        ((exact_dd(got) - want) / want).abs().to_f64().unwrap()
    }
    fn pair() -> impl Strategy<Value = Dd> {
        (-1.0f64..1.0, -1.0f64..1.0, -40i32..40)
            .prop_map(|(a, b, e)| Dd::sum(a * 2f64.powi(e), b * 2f64.powi(e - 53)))
            .prop_filter("non-zero", |d| d.high.abs() > 1e-20)
    }

    proptest! {
        #[test]
        fn operations_stay_within_the_stated_relative_error(a in pair(), b in pair()) {
            prop_assert!(relative_error(a * b, &(exact_dd(a) * exact_dd(b))) <= DD_EPSILON);
            prop_assert!(relative_error(a / b, &(exact_dd(a) / exact_dd(b))) <= DD_EPSILON);
            prop_assert!(relative_error(a.over(b.high), &(exact_dd(a) / exact(b.high))) <= DD_EPSILON);
            prop_assert!(relative_error(a.over_by(b.high, 1.0 / b.high), &(exact_dd(a) / exact(b.high))) <= DD_EPSILON);
            prop_assert!(relative_error(a.times(b.high), &(exact_dd(a) * exact(b.high))) <= DD_EPSILON);
            prop_assert!(relative_error(a + b, &(exact_dd(a) + exact_dd(b))) <= DD_EPSILON);
            let root = a.abs().sqrt();
            prop_assert!(relative_error(root * root, &exact_dd(a.abs())) <= 4.0 * DD_EPSILON);
        }

        #[test]
        fn accumulator_stays_within_its_bound(
            terms in prop::collection::vec((-1e3f64..1e3, -1e3f64..1e3, -1.0f64..1.0), 1..200)
        ) {
            let mut got = Accumulator::default();
            let mut want = BigRational::from(BigInt::zero());
            let mut magnitude = 0.0;
            for &(a, b, low) in &terms {
                let low = low * b.abs() * f64::EPSILON / 2.0;
                got.add_product(a, b, low);
                want += exact(a) * (exact(b) + exact(low));
                magnitude += (a * b).abs();
            }
            let error = (exact_dd(got.value()) - want).abs().to_f64().unwrap();
            prop_assert!(error <= Accumulator::relative_error(terms.len()) * magnitude);
        }

        #[test]
        fn pair_accumulator_stays_within_its_bound(
            terms in prop::collection::vec((-1e3f64..1e3, -1e3f64..1e3, -1.0f64..1.0), 1..60),
            tail in -1e-12f64..1e-12,
        ) {
            // Each term and its negative, and a small rest: nearly everything cancels.
            let mirrored = terms.iter().map(|&(a, b, l)| (-a, b, l));
            let all: Vec<_> = terms.iter().copied().chain(mirrored).chain([(tail, 1.0, 0.0)]).collect();
            let pairs: Vec<Dd> =
                all.iter().map(|&(_, b, low)| Dd::sum(b, low * b.abs() * f64::EPSILON / 2.0)).collect();
            let split: Vec<SplitDd> = pairs.iter().map(|&b| SplitDd::from(b)).collect();
            let factors: Vec<f64> = all.iter().map(|t| t.0).collect();
            let mut got = PairAccumulator::default();
            got.add_row(&(0..all.len() as u32).collect::<Vec<_>>(), &factors, &split);
            let want: BigRational = factors.iter().zip(&pairs).map(|(&a, &b)| exact(a) * exact_dd(b)).sum();
            let bound = PairAccumulator::relative_error(all.len()) * got.magnitude() * (1.0 + 1e-12)
                + DD_EPSILON * want.abs().to_f64().unwrap();
            let error = (exact_dd(got.value()) - &want).abs().to_f64().unwrap();
            prop_assert!(error <= bound, "{error:e} > {bound:e}");
        }

        #[test]
        fn triple_accumulator_survives_heavy_cancellation(
            terms in prop::collection::vec((-1e3f64..1e3, -1e3f64..1e3, -1.0f64..1.0), 1..60),
            tail in -1e-12f64..1e-12,
        ) {
            let mut got = TripleAccumulator::default();
            let mut lane = 0;
            let mut want = BigRational::from(BigInt::zero());
            let mut magnitude = 0.0;
            // Each term and its negative, and a small rest: nearly everything cancels.
            let mirrored = terms.iter().map(|&(a, b, l)| (-a, b, l));
            for (a, b, low) in terms.iter().copied().chain(mirrored).chain([(tail, 1.0, 0.0)]) {
                let pair = Dd::sum(b, low * b.abs() * f64::EPSILON / 2.0);
                want += exact(a) * exact_dd(pair);
                lane ^= 1;
                let factors = if lane == 0 { [a, 0.0] } else { [0.0, a] };
                got.add_products(factors, [&SplitDd::from(pair); 2]);
                magnitude += (a * b).abs();
            }
            let error = (exact_dd(got.value()) - &want).abs().to_f64().unwrap();
            let bound = TripleAccumulator::relative_error(2 * terms.len() + 1) * magnitude
                + DD_EPSILON * want.abs().to_f64().unwrap();
            prop_assert!(error <= bound, "{error:e} > {bound:e}");
        }
    }
}

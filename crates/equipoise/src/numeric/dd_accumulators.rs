//! Sums of products in double-double, with the error in terms of doubles carried beside the sum.
//!
//! Sources: T. Ogita, S. M. Rump, S. Oishi, SIAM J. Sci. Comput. 26 (2005) 1955–1988 (Dot2).

use wide::{f64x2, f64x4};

use super::dd::{Dd, split, sum, two_prod, two_sum};

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

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use num_traits::{Signed, ToPrimitive, Zero};
    use proptest::prelude::*;

    use super::*;
    use crate::numeric::dd::DD_EPSILON;
    use crate::numeric::dd::tests::{exact, exact_dd};

    proptest! {
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

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
pub(super) fn split(a: f64) -> (f64, f64) {
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

/// Pair sum of a slice of pairs, in order.
pub fn sum(values: impl IntoIterator<Item = Dd>) -> Dd {
    values.into_iter().fold(Dd::ZERO, |a, b| a + b)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use num_rational::BigRational;
    use num_traits::{Signed, ToPrimitive, Zero};
    use proptest::prelude::*;

    pub fn exact(x: f64) -> BigRational {
        BigRational::from_float(x).unwrap()
    }
    pub fn exact_dd(x: Dd) -> BigRational {
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
    }
}

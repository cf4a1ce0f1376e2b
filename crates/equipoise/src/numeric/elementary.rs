//! Exponential, logarithm and inverse hyperbolic sine of pairs.
//!
//! Taylor series after reduction of the argument; the starting values come from `libm`, so that the bits are the same on
//! every platform.

use super::dd::Dd;

/// A bound on the relative error of [`exp`] while its value and argument are normal (tests measure below 2⁻¹⁰⁰), and on
/// the error of [`ln`] relative to max(1, |ln x|).
pub const ELEMENTARY_EPSILON: f64 = 1.0 / 79_228_162_514_264_337_593_543_950_336.0; // 2⁻⁹⁶

/// log 2 as a pair.
const LN_2: Dd = Dd { high: std::f64::consts::LN_2, low: 2.319_046_813_846_299_6e-17 };

/// The argument is divided by 2 to this power before the series.
const HALVINGS: u32 = 5;

/// 1/n! for n = 2 … 14, the reciprocals of integers below 2⁵³.
const FACTORIALS: [f64; 13] = [
    2.0,
    6.0,
    24.0,
    120.0,
    720.0,
    5_040.0,
    40_320.0,
    362_880.0,
    3_628_800.0,
    39_916_800.0,
    479_001_600.0,
    6_227_020_800.0,
    87_178_291_200.0,
];

/// eˣ; infinite above 709.7, 0 below −745.
///
/// x = n log 2 + 2⁵r, |r| ≤ 0.011: eʳ − 1 by its Taylor series, then five times s ← 2s + s² and a scaling by 2ⁿ.
pub fn exp(x: Dd) -> Dd {
    let leading = libm::exp(x.high);
    if leading == 0.0 || !leading.is_finite() {
        return Dd::from(leading);
    }
    let n = libm::rint(x.high / LN_2.high);
    let r = (x - LN_2.times(n)).times(1.0 / f64::from(1u32 << HALVINGS));
    // Terms below 2⁻¹¹⁰ of the leading one need one double each.
    let mut s = r;
    let mut power = r;
    for factorial in FACTORIALS {
        power = power * r;
        s = s + power.over(factorial);
    }
    for _ in 0..HALVINGS {
        s = s.times(2.0) + s.square();
    }
    let value = s + Dd::ONE;
    let n = n as i32;
    Dd { high: libm::ldexp(value.high, n), low: libm::ldexp(value.low, n) }
}

/// log x for x > 0: one correction of the double logarithm, whose error is then of the third order.
pub fn ln(x: Dd) -> Dd {
    let start = libm::log(x.high);
    let rest = x * exp(Dd::from(-start)) - Dd::ONE;
    Dd::from(start) + (rest - rest.square().times(0.5))
}

/// asinh x, with an error below 2⁻⁹⁴ max(1, |asinh x|).
pub fn asinh(x: Dd) -> Dd {
    let magnitude = x.abs();
    let value = ln(magnitude + (magnitude.square() + Dd::ONE).sqrt());
    if x.high < 0.0 { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use num_traits::{Signed, ToPrimitive, Zero};
    use proptest::prelude::*;

    /// 2⁻³⁰⁰-accurate fixed-point number of a pair.
    const BITS: u32 = 300;

    fn fixed(x: Dd) -> BigInt {
        let one = BigRational::from_integer(BigInt::from(1) << BITS);
        let exact = BigRational::from_float(x.high).unwrap() + BigRational::from_float(x.low).unwrap();
        (exact * one).to_integer()
    }

    /// eˣ by the series of x/2¹⁰, squared ten times.
    fn fixed_exp(x: &BigInt) -> BigInt {
        let r = x >> 10;
        let mut term = BigInt::from(1) << BITS;
        let mut sum = term.clone();
        let mut n = 1;
        while !term.is_zero() && n < 400 {
            term = ((&term * &r) >> BITS) / n;
            sum += &term;
            n += 1;
        }
        for _ in 0..10 {
            sum = (&sum * &sum) >> BITS;
        }
        sum
    }

    fn relative(ours: &BigInt, exact: &BigInt) -> f64 {
        let ratio = BigRational::new((ours - exact).abs(), exact.abs());
        ratio.to_f64().unwrap()
    }

    proptest! {
        #[test]
        fn exp_and_ln_keep_a_hundred_bits(x in -60.0f64..60.0, low in -1.0f64..1.0) {
            let x = Dd::sum(x, low * x * f64::EPSILON / 4.0);
            let value = exp(x);
            prop_assert!(relative(&fixed(value), &fixed_exp(&fixed(x))) < ELEMENTARY_EPSILON / 4.0);
            let back = (ln(value) - x).to_f64().abs();
            prop_assert!(back < ELEMENTARY_EPSILON * x.high.abs().max(1.0), "{back:e}");
        }

        #[test]
        fn asinh_inverts_sinh(y in -30.0f64..30.0) {
            let e = exp(Dd::from(y));
            let sinh = (e - Dd::ONE / e).times(0.5);
            let error = (asinh(sinh) - Dd::from(y)).to_f64().abs();
            prop_assert!(error < 4.0 * ELEMENTARY_EPSILON * y.abs().max(1.0), "{error:e}");
        }
    }

    #[test]
    fn limits() {
        assert_eq!(exp(Dd::ZERO), Dd::ONE);
        assert_eq!(exp(Dd::from(-800.0)), Dd::ZERO);
        assert_eq!(exp(Dd::from(800.0)).high, f64::INFINITY);
        assert_eq!(ln(Dd::ONE), Dd::ZERO);
    }
}

//! Quantiles of Student's t and of the normal distribution, the same bits everywhere: `libm` and bisection.

/// The t with P(|T| ≤ t) = `level` for T of Student's distribution with `degrees_of_freedom` > 0; infinite ones mean the
/// normal distribution. 0 < `level` < 1. Relative error about 1e-13 up to a million degrees of freedom.
pub fn two_sided_quantile(level: f64, degrees_of_freedom: f64) -> f64 {
    let outside = |t: f64| {
        if degrees_of_freedom.is_infinite() {
            libm::erfc(t * std::f64::consts::FRAC_1_SQRT_2)
        } else {
            // P(|T| > t) = I_x(ν/2, 1/2), x = ν/(ν + t²)
            let (nu, square) = (degrees_of_freedom, t * t);
            regularised_beta(nu / (nu + square), square / (nu + square), 0.5 * nu, 0.5)
        }
    };
    bisect_decreasing(outside, 1.0 - level)
}

/// The t ≥ 0 at which a decreasing function falls to `value`, to the last bit of the computed function.
fn bisect_decreasing(function: impl Fn(f64) -> f64, value: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while function(high) > value && high < f64::MAX / 4.0 {
        (low, high) = (high, 2.0 * high);
    }
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return high;
        }
        if function(middle) > value {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// I_x(a, b) for 0 ≤ x ≤ 1, `rest` = 1 − x, by its continued fraction (DLMF 8.17.22) on the side where that converges fast.
fn regularised_beta(x: f64, rest: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if rest <= 0.0 {
        return 1.0;
    }
    let log_front =
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log(rest);
    let front = libm::exp(log_front);
    if x < (a + 1.0) / (a + b + 2.0) {
        front / a / beta_fraction(x, a, b)
    } else {
        1.0 - front / b / beta_fraction(rest, b, a)
    }
}

/// 1 + d₁/(1 + d₂/(1 + …)) with d₂ₘ = m(b − m)x/((a + 2m − 1)(a + 2m)), d₂ₘ₊₁ = −(a + m)(a + b + m)x/((a + 2m)(a + 2m + 1)),
/// by the modified method of Lentz.
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |v: f64| if v.abs() < TINY { TINY } else { v };
    let coefficient = |n: u32| {
        let m = f64::from(n / 2);
        if n.is_multiple_of(2) {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        }
    };
    let (mut fraction, mut c, mut d) = (1.0, 1.0, 0.0);
    for n in 1..100_000 {
        let term = coefficient(n);
        d = 1.0 / away_from_zero(1.0 + term * d);
        c = away_from_zero(1.0 + term / c);
        let factor: f64 = c * d;
        fraction *= factor;
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, want: f64, relative: f64) {
        assert!((value - want).abs() <= relative * want, "{value} against {want}");
    }

    /// ν = 1 is Cauchy, tan(πp/2); ν = 2 is p√2/√(1 − p²); ν = 4 solves a cubic, here inverted.
    #[test]
    fn closed_forms_are_met() {
        for level in [0.1, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999] {
            close(two_sided_quantile(level, 1.0), libm::tan(std::f64::consts::FRAC_PI_2 * level), 1e-12);
            let two = level * (2.0 / (1.0 - level * level)).sqrt();
            close(two_sided_quantile(level, 2.0), two, 1e-12);
            let t = two_sided_quantile(level, 4.0);
            let sine = t / (4.0 + t * t).sqrt();
            close(1.5 * sine - 0.5 * sine * sine * sine, level, 1e-13);
        }
    }

    /// Two-sided 95 % and 99 % points as printed in statistical tables.
    #[test]
    fn tables_are_met() {
        let table = [
            (5.0, 2.570582, 4.032143),
            (10.0, 2.228139, 3.169273),
            (30.0, 2.042272, 2.749996),
            (120.0, 1.979930, 2.617421),
            (f64::INFINITY, 1.959964, 2.575829),
        ];
        for (nu, five, one) in table {
            assert!((two_sided_quantile(0.95, nu) - five).abs() < 6e-7, "{nu}");
            assert!((two_sided_quantile(0.99, nu) - one).abs() < 6e-7, "{nu}");
        }
        assert!((two_sided_quantile(0.95, 1e6) - 1.959_966_4).abs() < 1e-7);
    }
}

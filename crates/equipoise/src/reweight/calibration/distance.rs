//! The distances: F and F′ in doubles and in pairs, and the value of G.

use super::options::Distance;
use crate::numeric::dd::{DD_EPSILON, Dd};
use crate::numeric::elementary::{self, ELEMENTARY_EPSILON};

/// A multiplier g = F(v) and its slope F′(v).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Point {
    pub multiplier: f64,
    pub slope: f64,
}

/// A multiplier held as a pair.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ExactPoint {
    pub multiplier: Dd,
    pub slope: f64,
    /// |multiplier − F(true v)| is at most this.
    pub error: f64,
    /// Distance of v from the nearest kink of F (infinite for a smooth F).
    pub margin: f64,
}

/// The distance of one record: [`Distance`] with that record's bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordDistance {
    pub distance: Distance,
    pub lower: f64,
    pub upper: f64,
}

impl RecordDistance {
    /// F and F′ at v.
    #[inline]
    pub fn point(&self, v: f64) -> Point {
        let (lower, upper) = (self.lower, self.upper);
        match self.distance {
            Distance::Linear => Point { multiplier: 1.0 + v, slope: 1.0 },
            Distance::TruncatedLinear => {
                let free = 1.0 + v;
                let inside = lower < free && free < upper;
                Point { multiplier: free.max(lower).min(upper), slope: f64::from(u8::from(inside)) }
            }
            Distance::Raking => {
                let g = libm::exp(v);
                Point { multiplier: g, slope: g }
            }
            Distance::Logit => {
                let rate = self.logit_rate().to_f64();
                let e = libm::exp(-(rate * v).abs());
                let (to_lower, to_upper) = (1.0 - lower, upper - 1.0);
                let width = upper - lower;
                let denominator = if v >= 0.0 { to_upper * e + to_lower } else { to_upper + to_lower * e };
                // g − L and U − g, each without cancellation.
                let below = width * to_lower * if v >= 0.0 { 1.0 } else { e } / denominator;
                let above = width * to_upper * if v >= 0.0 { e } else { 1.0 } / denominator;
                let g = if v >= 0.0 { upper - above } else { lower + below };
                Point { multiplier: g, slope: rate * below * above / width }
            }
            Distance::HyperbolicSine { alpha } => {
                let y = libm::asinh(2.0 * alpha * v) / alpha;
                let root = libm::sqrt(y * y + 4.0);
                let g = if y >= 0.0 { 0.5 * (y + root) } else { 2.0 / (root - y) };
                Point { multiplier: g, slope: self.sinh_slope(v, g, root) }
            }
        }
    }

    /// F at v known to ± `v_error`, in pairs.
    pub fn exact_point(&self, v: Dd, v_error: f64) -> ExactPoint {
        let (lower, upper) = (self.lower, self.upper);
        let smooth = |multiplier: Dd, slope: f64, relative: f64| ExactPoint {
            multiplier,
            slope,
            // F′ changes by less than 1 % over the interval of the error, which is of the order 1e-28.
            error: 1.01 * slope * v_error + relative * multiplier.high.abs(),
            margin: f64::INFINITY,
        };
        match self.distance {
            Distance::Linear => smooth(Dd::ONE + v, 1.0, DD_EPSILON),
            Distance::TruncatedLinear => {
                let free = Dd::ONE + v;
                let to_lower = (free - Dd::from(lower)).to_f64();
                let to_upper = (Dd::from(upper) - free).to_f64();
                let margin = to_lower.abs().min(to_upper.abs());
                let error = v_error + DD_EPSILON * free.high.abs();
                let at = |bound: f64| ExactPoint {
                    multiplier: Dd::from(bound),
                    slope: 0.0,
                    error: if margin > error { 0.0 } else { error },
                    margin,
                };
                if to_lower <= 0.0 {
                    at(lower)
                } else if to_upper <= 0.0 {
                    at(upper)
                } else {
                    ExactPoint { multiplier: free, slope: 1.0, error, margin }
                }
            }
            Distance::Raking => {
                let g = elementary::exp(v);
                smooth(g, g.high, ELEMENTARY_EPSILON)
            }
            Distance::Logit => {
                let rate = self.logit_rate();
                let z = rate * v;
                let e = elementary::exp(-z.abs());
                let (to_lower, to_upper) = (Dd::sum(1.0, -lower), Dd::sum(upper, -1.0));
                let width = Dd::sum(upper, -lower);
                let up = v.high >= 0.0;
                let denominator = if up { to_upper * e + to_lower } else { to_upper + to_lower * e };
                let side = |d: Dd, small: bool| width * d * if small { e } else { Dd::ONE } / denominator;
                let (below, above) = (side(to_lower, !up), side(to_upper, up));
                let g = if up { Dd::from(upper) - above } else { Dd::from(lower) + below };
                let slope = rate.high * below.high * above.high / width.high;
                let v_error = v_error + 4.0 * DD_EPSILON * v.high.abs();
                let near = below.high.min(above.high);
                let error = 1.01 * slope * v_error
                    + 2.0 * ELEMENTARY_EPSILON * near
                    + 2.0 * DD_EPSILON * g.high.abs().max(upper.abs()).max(lower.abs());
                ExactPoint { multiplier: g, slope, error, margin: f64::INFINITY }
            }
            Distance::HyperbolicSine { alpha } => {
                let y = elementary::asinh(v.times(2.0 * alpha)).over(alpha);
                let root = (y.square() + Dd::from(4.0)).sqrt();
                let g = if y.high >= 0.0 { (y + root).times(0.5) } else { Dd::from(2.0) / (root - y) };
                let slope = self.sinh_slope(v.high, g.high, root.high);
                // dg/dy = g/√(y² + 4) ≤ g/2; the error of y is that of asinh, over α.
                let relative = 8.0 * ELEMENTARY_EPSILON * (1.0 / alpha + y.high.abs() + 1.0);
                smooth(g, slope, relative)
            }
        }
    }

    /// G′(g), the inverse of F: ±∞ at the ends of a smooth F, NaN beyond; of the truncated distance the one without bounds.
    pub fn derivative(&self, g: f64) -> f64 {
        match self.distance {
            Distance::Linear | Distance::TruncatedLinear => g - 1.0,
            Distance::Raking => libm::log(g),
            Distance::Logit => {
                let below = libm::log((g - self.lower) / (1.0 - self.lower));
                let above = libm::log((self.upper - g) / (self.upper - 1.0));
                (below - above) / self.logit_rate().to_f64()
            }
            Distance::HyperbolicSine { alpha } => libm::sinh(alpha * (g - 1.0 / g)) / (2.0 * alpha),
        }
    }

    /// True if the distance allows the multiplier, the ends included.
    pub fn allows(&self, g: f64) -> bool {
        match self.distance {
            Distance::Linear => g.is_finite(),
            Distance::TruncatedLinear | Distance::Logit => (self.lower..=self.upper).contains(&g),
            Distance::Raking | Distance::HyperbolicSine { .. } => g >= 0.0,
        }
    }

    /// An upper bound on G(g) − G(ĝ) − v(g − ĝ) for a multiplier g that the distance allows, ĝ = F(v) being `point` and
    /// |g − ĝ| ≤ `apart`.
    ///
    /// The relative entropies of raking and logit are at most (g − ĝ)²/F′ (χ² bounds them), the quadratic ones half of that; that
    /// of the hyperbolic sine is at most twice as much where F′ changes by no more than a factor 2 in between, else the
    /// symmetric (G′(g) − v)(g − ĝ) bounds it.
    pub fn divergence_bound(&self, g: f64, point: &ExactPoint, apart: f64) -> f64 {
        if apart == 0.0 {
            return 0.0;
        }
        match self.distance {
            // At a bound the term is (v − G′(ĝ))(g − ĝ) + (g − ĝ)²/2.
            Distance::TruncatedLinear if point.slope == 0.0 => apart * (point.margin + apart),
            Distance::HyperbolicSine { .. } if apart > 0.34 * point.slope / self.slope_rate() => {
                let change = (self.derivative(g) - self.derivative(point.multiplier.high)).abs();
                apart * change * (1.0 + 1e-9)
            }
            _ => 2.0 * apart * (apart / point.slope),
        }
    }

    /// A bound on |F″/F′|: over an interval of v of length δ the slope changes by at most a factor e^(bound δ).
    pub fn slope_rate(&self) -> f64 {
        match self.distance {
            Distance::Linear | Distance::TruncatedLinear => 0.0,
            Distance::Raking => 1.0,
            // F′ = A (g − L)(U − g)/(U − L) is the logistic density in Av.
            Distance::Logit => self.logit_rate().to_f64() * (1.0 + 1e-12),
            // log F′ = log g − log √(y² + 4) + log(2/√(1 + 4α²v²)): |d/dy| of the first two ≤ 3/4, |dy/dv| ≤ 2, |d/dv| of the
            // third ≤ α.
            Distance::HyperbolicSine { alpha } => 1.5 + alpha,
        }
    }

    /// G(g), to a few roundings.
    pub fn value(&self, g: f64) -> f64 {
        match self.distance {
            Distance::Linear | Distance::TruncatedLinear => 0.5 * (g - 1.0) * (g - 1.0),
            Distance::Raking => entropy(g - 1.0),
            Distance::Logit => {
                // The linear terms of the two entropies cancel.
                let (to_lower, to_upper) = (1.0 - self.lower, self.upper - 1.0);
                let shift = g - 1.0;
                (to_lower * entropy(shift / to_lower) + to_upper * entropy(-shift / to_upper))
                    / self.logit_rate().to_f64()
            }
            Distance::HyperbolicSine { alpha } => sinh_value(g, alpha),
        }
    }

    /// A = (U − L)/((1 − L)(U − 1))
    fn logit_rate(&self) -> Dd {
        Dd::sum(self.upper, -self.lower) / (Dd::sum(1.0, -self.lower) * Dd::sum(self.upper, -1.0))
    }

    fn sinh_slope(&self, v: f64, g: f64, root: f64) -> f64 {
        let Distance::HyperbolicSine { alpha } = self.distance else { return f64::NAN };
        let x = 2.0 * alpha * v;
        2.0 * g / (root * libm::sqrt(1.0 + x * x))
    }
}

/// x log x − x + 1 at x = 1 + shift ≥ 0, without cancellation near 1; 1 at x = 0.
fn entropy(shift: f64) -> f64 {
    if shift.abs() < 0.02 {
        // Σ (−1)ᵏ shiftᵏ/(k(k − 1)), k ≥ 2
        let mut sum = 0.0;
        for k in (2..12).rev() {
            let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
            sum = sum * shift + sign / (f64::from(k) * f64::from(k - 1));
        }
        return sum * shift * shift;
    }
    let x = 1.0 + shift;
    if x <= 0.0 { 1.0 } else { x * libm::log1p(shift) - shift }
}

/// Nodes and weights of the five-point Gauss–Legendre rule on [−1, 1].
const GAUSS: [(f64, f64); 5] = [
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (0.906_179_845_938_664, 0.236_926_885_056_189_1),
    (-0.906_179_845_938_664, 0.236_926_885_056_189_1),
];

/// ∫₁^g sinh(α(x − 1/x))/(2α) dx with x = eᶻ, by the composite Gauss rule with steps over which the argument of sinh grows
/// by at most 1/8.
fn sinh_value(g: f64, alpha: f64) -> f64 {
    if g <= 0.0 {
        return f64::INFINITY;
    }
    let end = libm::log(g);
    let steps = (end.abs() * (1.0 + 2.0 * alpha * libm::cosh(end)) * 8.0).ceil().clamp(1.0, 100_000.0);
    let width = end / steps;
    let mut sum = 0.0;
    for step in 0..steps as u32 {
        let middle = (f64::from(step) + 0.5) * width;
        for (node, weight) in GAUSS {
            let z = middle + 0.5 * width * node;
            sum += weight * libm::sinh(2.0 * alpha * libm::sinh(z)) * libm::exp(z);
        }
    }
    sum * 0.5 * width / (2.0 * alpha)
}

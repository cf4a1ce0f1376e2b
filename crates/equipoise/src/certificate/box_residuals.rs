//! First-order residuals of a minimisation over a box.

/// What a point and its gradient say about optimality over lo ≤ x ≤ hi.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BoxResiduals {
    /// maxᵢ |xᵢ − clip(xᵢ − gᵢ, loᵢ, hiᵢ)|: 0 exactly at a stationary point.
    pub stationarity: f64,
    /// maxᵢ distance of xᵢ from its interval.
    pub feasibility: f64,
    /// maxᵢ of max(gᵢ, 0)(xᵢ − loᵢ) and max(−gᵢ, 0)(hiᵢ − xᵢ).
    pub complementarity: f64,
    /// Number of xᵢ ≤ loᵢ.
    pub num_at_lower: u32,
    /// Number of xᵢ ≥ hiᵢ (with loᵢ < hiᵢ: a fixed variable counts as lower).
    pub num_at_upper: u32,
}

impl BoxResiduals {
    /// The residuals of two disjoint sets of variables together.
    pub fn merge(self, other: Self) -> Self {
        Self {
            stationarity: larger(self.stationarity, other.stationarity),
            feasibility: larger(self.feasibility, other.feasibility),
            complementarity: larger(self.complementarity, other.complementarity),
            num_at_lower: self.num_at_lower + other.num_at_lower,
            num_at_upper: self.num_at_upper + other.num_at_upper,
        }
    }

    /// Of the point `x` (n) with gradient `gradient` (n) and the interval `bounds(i)`.
    pub fn new(x: &[f64], gradient: &[f64], bounds: impl Fn(usize) -> (f64, f64)) -> Self {
        let mut out = Self::default();
        for (i, (&x, &g)) in x.iter().zip(gradient).enumerate() {
            let (lower, upper) = bounds(i);
            out.stationarity = larger(out.stationarity, (x - (x - g).max(lower).min(upper)).abs());
            let outside = if x < lower { lower - x } else { x - upper.min(x) };
            out.feasibility = larger(out.feasibility, outside);
            let product = if g > 0.0 { g * (x - lower) } else { -g * (upper - x) };
            out.complementarity = larger(out.complementarity, product.abs());
            if x <= lower {
                out.num_at_lower += 1;
            } else if x >= upper {
                out.num_at_upper += 1;
            }
        }
        out
    }
}

/// The larger number; a NaN must show, not vanish as in `max`.
pub(crate) fn larger(a: f64, b: f64) -> f64 {
    if b.is_nan() || b > a { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stationary_point_has_no_residual() {
        let x = [0.0, 1.0, 0.5, 2.0];
        let gradient = [3.0, -2.0, 0.0, 7.0];
        let bounds = [(0.0, 1.0), (0.0, 1.0), (0.0, 1.0), (2.0, 2.0)];
        let r = BoxResiduals::new(&x, &gradient, |i| bounds[i]);
        assert_eq!((r.stationarity, r.feasibility, r.complementarity), (0.0, 0.0, 0.0));
        assert_eq!((r.num_at_lower, r.num_at_upper), (2, 1));
    }

    #[test]
    fn faults_show() {
        let r = BoxResiduals::new(&[0.5, 3.0], &[0.25, 0.0], |_| (0.0, 1.0));
        assert_eq!((r.stationarity, r.feasibility, r.complementarity), (2.0, 2.0, 0.125));
        assert!(BoxResiduals::new(&[f64::NAN], &[0.0], |_| (0.0, 1.0)).feasibility.is_nan());
        assert!(BoxResiduals::new(&[0.5], &[f64::NAN], |_| (0.0, 1.0)).complementarity.is_nan());
    }
}

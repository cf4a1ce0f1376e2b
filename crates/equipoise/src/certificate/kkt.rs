//! First-order conditions of a nonlinear problem, from values and derivatives at a point and its multipliers alone.
//!
//! For min f(x) over cₑ(x) = 0, cᵢ(x) ≥ 0, l ≤ x ≤ u: ∇f = Jₑᵀλₑ + Jᵢᵀλᵢ + z with λᵢ ≥ 0, zⱼ ≥ 0 at lower and ≤ 0 at upper
//! bounds, and each multiplier zero where its constraint is slack.

use serde::{Deserialize, Serialize};

use super::box_residuals::larger;
use crate::numeric::dd::Dd;
use crate::numeric::dd_accumulators::Accumulator;

/// Values and derivatives at a point.
#[derive(Debug, Clone, Copy)]
pub struct KktPoint<'a> {
    /// The point (n).
    pub x: &'a [f64],
    /// ∇f (n).
    pub gradient: &'a [f64],
    /// c (m): equalities first.
    pub constraints: &'a [f64],
    /// J (m × n, row-major).
    pub jacobian: &'a [f64],
    /// Number of equalities.
    pub num_equalities: usize,
    /// l (n).
    pub lower: &'a [f64],
    /// u (n).
    pub upper: &'a [f64],
    /// Size of ∇f elsewhere, at the start say: an interior minimum has no size of its own.
    pub reference_gradient: f64,
}

/// What a point and its multipliers say about optimality.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KktResiduals {
    /// ‖∇f − Jᵀλ − z‖∞, computed in double-double.
    pub stationarity: f64,
    /// max(‖∇f‖∞, reference gradient, |λᵢ|‖aᵢ‖∞, |zⱼ|): what stationarity is measured against.
    pub scale: f64,
    /// stationarity / scale (0 if both are).
    pub relative_stationarity: f64,
    /// The largest violation of a constraint or bound, in its own units.
    pub violation: f64,
    /// max min(|λᵢ|‖aᵢ‖∞ / scale, |cᵢ| / (‖aᵢ‖∞ max(1, ‖x‖∞))) over inequalities and bounds.
    pub complementarity: f64,
    /// The largest multiplier of the wrong sign, times ‖aᵢ‖∞ / scale.
    pub dual_sign: f64,
}

impl KktResiduals {
    /// Of the multipliers `multipliers` (m) and `bound_multipliers` (n).
    ///
    /// # Panics
    /// If a length does not match.
    pub fn new(point: &KktPoint<'_>, multipliers: &[f64], bound_multipliers: &[f64]) -> Self {
        let (n, m) = (point.x.len(), point.constraints.len());
        assert!(point.gradient.len() == n && point.jacobian.len() == m * n && multipliers.len() == m);
        assert!(bound_multipliers.len() == n && point.lower.len() == n && point.upper.len() == n);
        let size = |values: &[f64]| values.iter().fold(0.0, |a, v| larger(a, v.abs()));
        let rows: Vec<f64> = (0..m).map(|i| size(&point.jacobian[i * n..(i + 1) * n])).collect();
        let mut out =
            Self { scale: larger(size(point.gradient), point.reference_gradient), ..Self::default() };
        for i in 0..m {
            out.scale = larger(out.scale, multipliers[i].abs() * rows[i]);
        }
        out.scale = larger(out.scale, size(bound_multipliers));
        out.stationarity = lagrangian_gradient(point, multipliers, bound_multipliers);
        out.relative_stationarity = relative(out.stationarity, out.scale);
        let reach = size(point.x).max(1.0);
        for i in 0..m {
            let (c, y) = (point.constraints[i], multipliers[i]);
            if i < point.num_equalities {
                out.violation = larger(out.violation, c.abs());
                continue;
            }
            let force = relative(y.abs() * rows[i], out.scale);
            let slack = if rows[i] > 0.0 { c.abs() / (rows[i] * reach) } else { c.abs() };
            out.one_sided(c, y, force, slack);
        }
        for j in 0..n {
            let (z, x) = (bound_multipliers[j], point.x[j]);
            let force = relative(z.abs(), out.scale);
            for (distance, multiplier) in
                [(x - point.lower[j], z.max(0.0)), (point.upper[j] - x, (-z).max(0.0))]
            {
                let force = if multiplier > 0.0 { force } else { 0.0 };
                out.one_sided(distance, multiplier, force, distance.abs() / reach);
            }
        }
        out
    }

    /// Adds the inequality c ≥ 0 with multiplier y.
    fn one_sided(&mut self, c: f64, y: f64, force: f64, slack: f64) {
        self.violation = larger(self.violation, if c >= 0.0 { 0.0 } else { -c });
        if y < 0.0 {
            self.dual_sign = larger(self.dual_sign, force);
        }
        let pair = if force <= slack { force } else { slack };
        self.complementarity = larger(self.complementarity, if force.is_nan() { force } else { pair });
    }

    /// stationarity ≤ max(relative·scale, absolute), violation ≤ feasibility, complementarity and sign ≤ relative.
    pub fn hold(&self, relative: f64, absolute: f64, feasibility: f64) -> bool {
        self.stationarity <= (relative * self.scale).max(absolute)
            && self.violation <= feasibility
            && self.complementarity <= relative
            && self.dual_sign <= relative
    }
}

fn relative(value: f64, scale: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value / scale }
}

fn lagrangian_gradient(point: &KktPoint<'_>, multipliers: &[f64], bound_multipliers: &[f64]) -> f64 {
    let n = point.x.len();
    let mut sums = vec![Accumulator::default(); n];
    for (i, &y) in multipliers.iter().enumerate().filter(|(_, y)| **y != 0.0) {
        let row = &point.jacobian[i * n..(i + 1) * n];
        sums.iter_mut().zip(row).for_each(|(sum, &a)| sum.add_product(a, y, 0.0));
    }
    let mut largest = 0.0;
    for j in 0..n {
        let rest = Dd::from(point.gradient[j]) - sums[j].value() - Dd::from(bound_multipliers[j]);
        largest = larger(largest, rest.to_f64().abs());
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residuals_vanish_at_the_solution_and_show_faults() {
        // min x² + y² over x + y ≥ 2, y ≤ 0.5: x = 1.5, λ = 3, z = (0, −2).
        let infinite = f64::INFINITY;
        let check = |x: [f64; 2], y: f64, z: [f64; 2]| {
            let point = KktPoint {
                x: &x,
                gradient: &[2.0 * x[0], 2.0 * x[1]],
                constraints: &[x[0] + x[1] - 2.0],
                jacobian: &[1.0, 1.0],
                num_equalities: 0,
                lower: &[-infinite; 2],
                upper: &[infinite, 0.5],
                reference_gradient: 0.0,
            };
            KktResiduals::new(&point, &[y], &z)
        };
        let exact = check([1.5, 0.5], 3.0, [0.0, -2.0]);
        assert_eq!((exact.stationarity, exact.violation, exact.complementarity), (0.0, 0.0, 0.0));
        assert_eq!((exact.scale, exact.dual_sign), (3.0, 0.0));
        assert!(exact.hold(1e-15, 0.0, 0.0));
        assert_eq!(check([1.5, 0.5], 2.0, [0.0, -2.0]).stationarity, 1.0);
        assert_eq!(check([1.0, 0.5], 3.0, [0.0, -2.0]).violation, 0.5);
        assert!(check([1.5, 0.5], -3.0, [0.0, -2.0]).dual_sign > 0.9);
        assert!(check([3.0, 0.5], 3.0, [0.0, -2.0]).complementarity > 0.4);
        assert!(!check([f64::NAN, 0.5], 3.0, [0.0, -2.0]).hold(1e9, 1e9, 1e9));
        // A lower-bound multiplier without a bound.
        assert!(check([1.5, 0.5], 3.0, [1.0, -2.0]).complementarity > 0.1);
    }
}

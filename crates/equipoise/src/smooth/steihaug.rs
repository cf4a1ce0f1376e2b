//! Conjugate gradients within a trust region, by products with the Hessian.
//!
//! Source: T. Steihaug, SIAM J. Numer. Anal. 20 (1983) 626–637; Ph. L. Toint, in *Sparse Matrices and their Uses* (1981) 57–88.

use super::hessian_operator::HessianOperator;
use crate::numeric::sum::{axpy, dot, norm_two};
use argmin::core::Error;

/// Why the iteration ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SteihaugEnd {
    /// The model's gradient is small: the step lies inside the region.
    Interior,
    /// The step met the boundary of the region.
    Boundary,
    /// Negative curvature was met and followed to the boundary.
    NegativeCurvature,
    /// As many products as there are variables, and some more, were made.
    Limit,
}

/// The problem: minimise r·w + ½wᵀHw over the w that vanish where `free` is false, ‖o + w‖ ≤ Δ.
pub(super) struct Region<'a> {
    pub hessian: &'a dyn HessianOperator,
    /// Which variables may move (n).
    pub free: &'a [bool],
    /// o (n), inside the region.
    pub origin: &'a [f64],
    /// Δ
    pub radius: f64,
    /// The iteration ends where the model's gradient over the free variables is below this.
    pub small: f64,
}

impl Region<'_> {
    /// Writes w into `step`; `residual` is r and becomes the model's gradient r + Hw over the free variables (zero elsewhere).
    pub fn minimise(&self, residual: &mut [f64], step: &mut [f64]) -> Result<SteihaugEnd, Error> {
        let n = residual.len();
        step.fill(0.0);
        mask(residual, self.free);
        let mut direction: Vec<f64> = residual.iter().map(|r| -r).collect();
        let mut product = vec![0.0; n];
        let mut squared = dot(residual, residual);
        for _ in 0..2 * n + 10 {
            if squared.sqrt() <= self.small {
                return Ok(SteihaugEnd::Interior);
            }
            self.hessian.apply(&direction, &mut product)?;
            mask(&mut product, self.free);
            let curvature = dot(&direction, &product);
            let alpha = squared / curvature;
            if !(curvature > 0.0 && alpha.is_finite()) {
                self.to_boundary(step, &direction, &product, residual);
                return Ok(SteihaugEnd::NegativeCurvature);
            }
            let ahead: Vec<f64> = (0..n).map(|i| self.origin[i] + step[i] + alpha * direction[i]).collect();
            if norm_two(&ahead) >= self.radius {
                self.to_boundary(step, &direction, &product, residual);
                return Ok(SteihaugEnd::Boundary);
            }
            axpy(alpha, &direction, step);
            axpy(alpha, &product, residual);
            let squared_next = dot(residual, residual);
            let beta = squared_next / squared;
            for i in 0..n {
                direction[i] = beta * direction[i] - residual[i];
            }
            squared = squared_next;
        }
        Ok(SteihaugEnd::Limit)
    }

    /// Moves the step along the direction to ‖o + w‖ = Δ.
    fn to_boundary(&self, step: &mut [f64], direction: &[f64], product: &[f64], residual: &mut [f64]) {
        let from: Vec<f64> = self.origin.iter().zip(&*step).map(|(o, w)| o + w).collect();
        let tau = distance_to_sphere(&from, direction, self.radius);
        axpy(tau, direction, step);
        axpy(tau, product, residual);
    }
}

/// The τ ≥ 0 with ‖u + τp‖ = Δ for ‖u‖ ≤ Δ, by the root formula that does not cancel.
fn distance_to_sphere(u: &[f64], p: &[f64], radius: f64) -> f64 {
    let (uu, up, pp) = (dot(u, u), dot(u, p), dot(p, p));
    let room = (radius * radius - uu).max(0.0);
    let root = (up * up + pp * room).sqrt();
    let tau = if up > 0.0 { room / (up + root) } else { (root - up) / pp };
    if tau.is_finite() { tau } else { 0.0 }
}

fn mask(vector: &mut [f64], free: &[bool]) {
    for (entry, &free) in vector.iter_mut().zip(free) {
        if !free {
            *entry = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Dense(Vec<f64>, usize);

    impl HessianOperator for Dense {
        fn dim(&self) -> usize {
            self.1
        }
        fn apply(&self, v: &[f64], out: &mut [f64]) -> Result<(), Error> {
            for (out, row) in out.iter_mut().zip(self.0.chunks_exact(self.1)) {
                *out = dot(row, v);
            }
            Ok(())
        }
    }

    fn model(h: &Dense, r: &[f64], w: &[f64]) -> f64 {
        let mut hw = vec![0.0; w.len()];
        h.apply(w, &mut hw).unwrap();
        dot(r, w) + 0.5 * dot(w, &hw)
    }

    /// The least value of the model over the disc ‖w‖ ≤ Δ of the plane, over a fine grid of radii and angles.
    fn brute_force(h: &Dense, r: &[f64], radius: f64) -> f64 {
        let mut least = 0.0f64;
        for i in 1..=200 {
            for k in 0..720 {
                let (length, angle) =
                    (radius * f64::from(i) / 200.0, f64::from(k) * std::f64::consts::PI / 360.0);
                least = least.min(model(h, r, &[length * libm::cos(angle), length * libm::sin(angle)]));
            }
        }
        least
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// In the plane: inside the region the step is the exact minimiser; on the boundary the decrease is at least half of the best
        /// one (Yuan, Math. Programming 87 (2000): at least half for convex models); with negative curvature at least the Cauchy decrease.
        #[test]
        fn the_step_is_as_good_as_the_theory_says(
            entries in prop::collection::vec(-2.0f64..2.0, 3),
            r in prop::collection::vec(-3.0f64..3.0, 2),
            radius in 0.1f64..3.0,
        ) {
            let h = Dense(vec![entries[0], entries[1], entries[1], entries[2]], 2);
            let (mut residual, mut step) = (r.clone(), vec![0.0; 2]);
            let region = Region { hessian: &h, free: &[true; 2], origin: &[0.0; 2], radius, small: 1e-10 };
            let end = region.minimise(&mut residual, &mut step).unwrap();
            prop_assert!(norm_two(&step) <= radius * (1.0 + 1e-12));
            let (reached, best) = (model(&h, &r, &step), brute_force(&h, &r, radius));
            let convex = entries[0] > 0.0 && entries[0] * entries[2] > entries[1] * entries[1];
            match end {
                SteihaugEnd::Interior => prop_assert!(reached <= best + 1e-9),
                _ if convex => prop_assert!(reached <= 0.5 * best + 1e-9, "{reached} {best}"),
                _ => {
                    let size = norm_two(&r);
                    let along = (1..=1000).map(|k| -f64::from(k) / 1000.0 * radius / size);
                    let cauchy = along.map(|t| model(&h, &r, &[t * r[0], t * r[1]])).fold(0.0, f64::min);
                    prop_assert!(reached <= cauchy + 1e-9, "{reached} {cauchy}");
                }
            }
            if end != SteihaugEnd::Interior {
                prop_assert!((norm_two(&step) - radius).abs() <= 1e-9 * radius);
            }
        }
    }

    #[test]
    fn held_variables_stay_and_the_residual_is_the_models_gradient() {
        let h = Dense(vec![4.0, 1.0, 0.0, 1.0, 3.0, 1.0, 0.0, 1.0, 2.0], 3);
        let (mut residual, mut step) = (vec![1.0, -2.0, 3.0], vec![9.0; 3]);
        let free = [true, false, true];
        let region = Region { hessian: &h, free: &free, origin: &[0.0; 3], radius: 100.0, small: 1e-12 };
        assert_eq!(region.minimise(&mut residual, &mut step).unwrap(), SteihaugEnd::Interior);
        assert!((step[0] + 0.25).abs() < 1e-14 && step[1] == 0.0 && (step[2] + 1.5).abs() < 1e-14);
        assert!(residual.iter().all(|r| r.abs() < 1e-12));
    }

    #[test]
    fn the_sphere_is_met_from_any_origin() {
        for (u, p) in [
            ([0.3, 0.0], [1.0, 0.0]),
            ([0.3, 0.0], [-1.0, 0.0]),
            ([0.6, 0.8], [0.6, 0.8]),
            ([0.0, 0.5], [2.0, 0.1]),
        ] {
            let tau = distance_to_sphere(&u, &p, 1.0);
            let met = [u[0] + tau * p[0], u[1] + tau * p[1]];
            assert!(tau >= 0.0 && (norm_two(&met) - 1.0).abs() < 1e-14, "{u:?} {p:?} {tau}");
        }
    }
}

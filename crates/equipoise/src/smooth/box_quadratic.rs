//! A convex quadratic over a box, dense.
//!
//! Source: D. P. Bertsekas, SIAM J. Control Optim. 20 (1982) 221–246 (projected Newton method).

use super::bounds::Bounds;
use super::dense_inverse::DenseInverse;
use crate::numeric::cholesky::Cholesky;
use crate::numeric::parallel::Workers;
use crate::numeric::sum::max_abs;

/// The gradient of the model over the free variables is zero once it is below this times what it was at x.
const MODEL_ACCURACY: f64 = 1e-10;
/// Steps of the projected Newton method on one model.
const MAX_MODEL_STEPS: usize = 30;
/// Sufficient decrease along the projected path, and the trials of its backtracking.
const SUFFICIENT_DECREASE: f64 = 1e-4;
const MAX_BACKTRACKING: usize = 40;

/// Minimiser of g·d + ½dᵀBd over lower − x ≤ d ≤ upper − x, by the projected Newton method.
#[derive(Debug, Default)]
pub(super) struct BoxQuadratic {
    free: Vec<usize>,
    /// g + Bd
    residual: Vec<f64>,
    /// Newton step of the free variables.
    newton: Vec<f64>,
    trial: Vec<f64>,
    trial_residual: Vec<f64>,
}

impl BoxQuadratic {
    /// Writes x + d into `target` and d into `d`; B (n × n, symmetric by rows) is positive definite over the variables that are free.
    /// False where not even a first step was found. With B⁻¹ at hand a Newton step costs O(n²); its errors are corrected by the next one.
    pub fn minimise(
        &mut self,
        b: &[f64],
        mut inverse: Option<&mut DenseInverse>,
        bounds: &Bounds,
        x: &[f64],
        g: &[f64],
        workers: &Workers,
        d: &mut [f64],
        target: &mut [f64],
    ) -> bool {
        let n = x.len();
        d.fill(0.0);
        target.copy_from_slice(x);
        self.residual.clear();
        self.residual.extend_from_slice(g);
        for vector in [&mut self.trial, &mut self.trial_residual] {
            vector.clear();
            vector.resize(n, 0.0);
        }
        let mut first = None;
        for _ in 0..MAX_MODEL_STEPS {
            self.find_free(bounds, target);
            let largest = self.free.iter().map(|&i| self.residual[i].abs()).fold(0.0, f64::max);
            if largest <= MODEL_ACCURACY * *first.get_or_insert(largest) {
                return true;
            }
            let found = inverse
                .as_mut()
                .is_some_and(|inverse| inverse.newton_step(&self.free, &self.residual, &mut self.newton));
            if !(found || self.find_newton_step(b, n, workers))
                || !self.search_path(b, bounds, x, g, d, target)
            {
                // The model as far as it is minimised still gives a descent direction.
                return max_abs(d) > 0.0;
            }
        }
        true
    }

    /// The variables that are not held at a bound by the sign of the model's gradient.
    fn find_free(&mut self, bounds: &Bounds, target: &[f64]) {
        self.free.clear();
        self.free.extend((0..target.len()).filter(|&i| !bounds.holds(i, target[i], self.residual[i])));
    }

    /// p_F = −B_FF⁻¹ r_F
    fn find_newton_step(&mut self, b: &[f64], n: usize, workers: &Workers) -> bool {
        let free = &self.free;
        let mut cholesky = Cholesky::new(free.len());
        if cholesky.factor(|i, j| b[free[i] * n + free[j]], workers).is_err() {
            return false;
        }
        self.newton.clear();
        self.newton.extend(free.iter().map(|&i| -self.residual[i]));
        cholesky.solve(&mut self.newton);
        self.newton.iter().all(|p| p.is_finite())
    }

    /// Moves along P(x + d + αp) until the model has decreased enough; false if no step does.
    fn search_path(
        &mut self,
        b: &[f64],
        bounds: &Bounds,
        x: &[f64],
        g: &[f64],
        d: &mut [f64],
        target: &mut [f64],
    ) -> bool {
        let n = x.len();
        let mut alpha = 1.0;
        for _ in 0..MAX_BACKTRACKING {
            self.trial.copy_from_slice(target);
            for (&i, p) in self.free.iter().zip(&self.newton) {
                self.trial[i] = bounds.clip(i, target[i] + alpha * p);
            }
            let mut slope = 0.0;
            for &i in &self.free {
                slope += self.residual[i] * (self.trial[i] - target[i]);
            }
            // q(new) − q(old) = r·e + ½eᵀBe = ½e·(r + r_new), e the move.
            for (i, row) in b.chunks_exact(n).enumerate() {
                let product: f64 =
                    row.iter().zip(self.trial.iter().zip(x)).map(|(b, (t, x))| b * (t - x)).sum();
                self.trial_residual[i] = g[i] + product;
            }
            let mut change = 0.0;
            for &i in &self.free {
                change += 0.5 * (self.trial[i] - target[i]) * (self.residual[i] + self.trial_residual[i]);
            }
            if slope < 0.0 && change <= SUFFICIENT_DECREASE * slope {
                target.copy_from_slice(&self.trial);
                std::mem::swap(&mut self.residual, &mut self.trial_residual);
                for i in 0..n {
                    d[i] = target[i] - x[i];
                }
                return true;
            }
            alpha *= 0.5;
        }
        false
    }
}

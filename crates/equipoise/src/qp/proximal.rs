//! Semidefinite Hessians: the proximal point method around the dual active-set method.
//!
//! x⁺ = argmin ½xᵀ(P + ρI)x + (q − ρx)ᵀx has the multipliers of the original problem up to the stationarity residual
//! ρ(x⁺ − x), which the independent check sees. Each outer step starts from the working set of the last one.
//!
//! Source: R. T. Rockafellar, SIAM J. Control Optim. 14 (1976) 877–898.

use super::dual_active_set::{QuadraticAnswer, QuadraticEnd, QuadraticOptions, QuadraticProblem};

/// ρ relative to the largest diagonal entry of P (to 1 where P = 0).
const PROXIMAL_WEIGHT: f64 = 1e-5;
/// Outer steps.
const OUTER_LIMIT: usize = 200;

impl QuadraticProblem {
    /// Solves a convex problem: directly where P is positive definite, else by the proximal point method.
    ///
    /// Where the outer steps run out a ray is looked for: `Unbounded` with one that the checker accepts, else `NotCertified`.
    pub fn solve_convex(&self, options: &QuadraticOptions) -> QuadraticAnswer {
        let direct = self.solve(options);
        if direct.end != QuadraticEnd::NotPositiveDefinite {
            return direct;
        }
        let n = self.linear().len();
        let largest = (0..n).map(|j| self.hessian()[j * n + j]).fold(0.0, f64::max);
        let weight = PROXIMAL_WEIGHT * if largest > 0.0 { largest } else { 1.0 };
        let mut hessian = self.hessian().to_vec();
        (0..n).for_each(|j| hessian[j * n + j] += weight);
        let mut inner = self.with_objective(hessian, self.linear().to_vec());
        let mut inner_options = options.clone();
        let mut iterations = 0;
        let mut last = direct;
        for _ in 0..OUTER_LIMIT {
            let mut answer = inner.solve(&inner_options);
            iterations += answer.iterations;
            answer.iterations = iterations;
            if !matches!(answer.end, QuadraticEnd::Solved | QuadraticEnd::NotCertified) {
                return answer;
            }
            inner_options.start.clone_from(&answer.working_set);
            let linear = self.linear().iter().zip(&answer.x).map(|(q, x)| q - weight * x).collect();
            self.certify(&mut answer, options);
            if answer.end == QuadraticEnd::Solved {
                return answer;
            }
            last = answer;
            inner = inner.with_objective(inner.hessian().to_vec(), linear);
        }
        let is_feasible = last.residuals.feasibility <= options.tolerance;
        if let Some(ray) = is_feasible.then(|| self.find_ray(options.tolerance)).flatten() {
            last.end = QuadraticEnd::Unbounded(ray);
        }
        last
    }
}

//! Semidefinite Hessians: the proximal point method around the dual active-set method.
//!
//! x⁺ = argmin ½xᵀ(P + ρI)x + (q − ρx)ᵀx has the multipliers of the original problem up to the stationarity residual
//! ρ(x⁺ − x), which the independent check sees. P + ρI is factored once; each step starts from the working set of the last one.
//!
//! Source: R. T. Rockafellar, SIAM J. Control Optim. 14 (1976) 877–898.

use super::active_set::{End, Task};
use super::options::QpOptions;
use super::problem::QpProblem;
use super::solution::{QpSolution, QpStatus};
use super::unbounded::{Ray, find_ray};
use crate::certificate::ray::check_ray;
use crate::control::Control;
use crate::numeric::sum::max_abs;

/// ρ relative to the largest diagonal entry of P (to 1 where P = 0).
const PROXIMAL_WEIGHT: f64 = 1e-5;
/// Outer steps.
const OUTER_LIMIT: usize = 200;

impl QpProblem {
    /// Factors P, or P + ρI where P is singular, unless that is done; the ρ, or `None` if P has a negative eigenvalue.
    pub(super) fn factor(&mut self) -> Option<f64> {
        if self.factored.is_none() {
            let n = self.program.num_columns();
            let diagonal =
                |j: usize| self.program.hessian.row(j).entries().find(|e| e.0 == j).map_or(0.0, |e| e.1);
            let largest = (0..n).map(diagonal).fold(0.0, f64::max);
            let weight = PROXIMAL_WEIGHT * if largest > 0.0 { largest } else { 1.0 };
            self.factored =
                [0.0, weight].into_iter().find(|&shift| self.active_set.factor(&self.program, shift).is_ok());
        }
        self.factored
    }

    /// The outer loop. Where it runs out, a ray is looked for.
    pub(super) fn by_proximal_steps(
        &mut self,
        weight: f64,
        options: &QpOptions,
        control: &Control,
    ) -> QpSolution {
        let mut start = if options.warm_start { std::mem::take(&mut self.start) } else { Vec::new() };
        let mut linear = self.program.linear.clone();
        let mut limit = self.limit(options);
        let (mut iterations, mut last) = (0, None::<QpSolution>);
        for _ in 0..OUTER_LIMIT {
            let task = Task { program: &self.program, shift: weight, linear: &linear, limit, control };
            let end = self.active_set.run(&task, &start);
            iterations += self.active_set.iterations;
            limit = limit.saturating_sub(self.active_set.iterations);
            let is_optimal = end == End::Optimal;
            let mut solution = self.judged(end, options);
            solution.iterations = iterations;
            if solution.is_converged() || !is_optimal {
                return solution;
            }
            if let Some(ray) =
                last.as_ref().and_then(|last| self.ray_between(last, &solution, options.tolerance))
            {
                return unbounded(solution, ray);
            }
            start.clone_from(&solution.working_set);
            for ((l, q), x) in linear.iter_mut().zip(&self.program.linear).zip(&solution.x) {
                *l = q - weight * x;
            }
            last = Some(solution);
        }
        let last = last.expect("at least one outer step was made");
        let is_feasible = last.residuals.feasibility <= options.tolerance;
        match is_feasible.then(|| find_ray(&self.program, options.tolerance)).flatten() {
            Some(ray) => unbounded(last, ray),
            None => last,
        }
    }

    /// The way from one outer point to the next, if the checker finds that the objective falls along it without end.
    fn ray_between(&self, last: &QpSolution, next: &QpSolution, tolerance: f64) -> Option<Ray> {
        let mut direction: Vec<f64> = next.x.iter().zip(&last.x).map(|(a, b)| a - b).collect();
        let largest = max_abs(&direction);
        direction.iter_mut().for_each(|d| *d /= largest);
        let is_feasible = next.residuals.feasibility <= tolerance;
        let check = check_ray(&self.program, &direction, tolerance);
        (is_feasible && check.proven).then_some(Ray { direction, check })
    }
}

fn unbounded(mut solution: QpSolution, ray: Ray) -> QpSolution {
    solution.status = QpStatus::Unbounded;
    solution.ray = Some(ray);
    solution
}

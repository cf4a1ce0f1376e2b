//! What a run remembers of its best points, and the tests that end it before convergence.

use super::evaluation::Point;
use super::merit::Merit;
use super::options::SqpOptions;

/// The best points so far and the counts of steps in a row.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// The point of lowest merit at the current weights (values only).
    best: Option<Point>,
    /// The feasible point of lowest f.
    best_feasible: Option<Point>,
    pub without_improvement: u64,
    pub blowups: u64,
    pub zero_steps: u64,
    pub line_search_failures: u64,
    pub subproblem_failures: u64,
    pub is_regression: bool,
}

impl Progress {
    /// Takes in the point after a step. The best merit is evaluated again at the current weights, so that points are compared
    /// under one merit function.
    pub fn record(
        &mut self,
        point: &Point,
        violation: f64,
        merit: &Merit,
        feasibility: f64,
        options: &SqpOptions,
    ) {
        let value = merit.value(point.f, &point.c);
        let best = self.best_merit(merit);
        let scale = best.map_or(0.0, |b| b.abs().max(point.f.abs()));
        self.is_regression = best.is_some_and(|b| value > b + 1e-12 * scale);
        if best.is_none_or(|b| value < b - options.stagnation_tol * scale) {
            self.without_improvement = 0;
        } else {
            self.without_improvement += 1;
        }
        let jump = best.is_some_and(|b| {
            let size = self.best.as_ref().map_or(0.0, |p| p.f.abs().max(merit.penalty(&p.c)));
            let limit = options.divergence_factor * b.abs().max(size).max(f64::MIN_POSITIVE);
            value.is_nan() || value - b > limit
        });
        self.blowups = if jump { self.blowups + 1 } else { 0 };
        if best.is_none_or(|b| value < b) {
            self.best = Some(point.clone_values());
        }
        let lower = self.best_feasible.as_ref().is_none_or(|p| point.f < p.f);
        if violation <= feasibility && lower {
            self.best_feasible = Some(point.clone_values());
        }
    }

    /// φ of the best point at the current weights.
    pub fn best_merit(&self, merit: &Merit) -> Option<f64> {
        self.best.as_ref().map(|p| merit.value(p.f, &p.c))
    }

    /// The point to return to after divergence.
    pub fn best_point(&self) -> Option<&Point> {
        self.best_feasible.as_ref().or(self.best.as_ref())
    }
}

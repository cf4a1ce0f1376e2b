//! Projections onto the null space of A, and the solutions of A t = b next to a point.

use super::restricted::Restricted;
use crate::numeric::cholesky::Cholesky;
use crate::numeric::parallel::Workers;
use crate::numeric::sum::axpy;

/// The ridge, relative to the diagonal, where rows depend on one another.
const RIDGE: f64 = 1e-12;

/// What projected methods need of A.
pub(super) trait Projection {
    /// The solution of A t = b nearest to `near` (n).
    fn particular(&self, problem: &Restricted, near: Vec<f64>) -> Vec<f64>;
    /// v ← v − Aᵀ(AAᵀ)⁻¹Av.
    fn project(&self, problem: &Restricted, v: &mut [f64]);
    /// (AAᵀ)⁻¹Av: the multipliers that v leaves the least of.
    fn multipliers(&self, problem: &Restricted, v: &[f64]) -> Vec<f64>;
}

/// With a Cholesky factor of AAᵀ, each solve refined once.
pub(super) struct CholeskyProjection(Option<Cholesky>);

impl CholeskyProjection {
    pub(super) fn new(problem: &Restricted) -> Self {
        Self::of(problem.m, |i, j| crate::numeric::sum::dot(problem.row(i), problem.row(j)))
    }

    /// Of the Gram matrix (m × m) whose lower triangle is `gram`; rows that depend on one another are held apart by a ridge.
    pub(super) fn of(m: usize, gram: impl Fn(usize, usize) -> f64 + Sync + Send) -> Self {
        let mut cholesky = Cholesky::new(m);
        let entry = |i: usize, j: usize, ridge: f64| {
            let value = gram(i, j);
            // A row without free entries binds nothing.
            if i == j { if value > 0.0 { value * (1.0 + ridge) } else { 1.0 } } else { value }
        };
        let factored = [0.0, RIDGE, 1e-8].into_iter().any(|ridge| {
            let done = cholesky.factor(|i, j| entry(i, j, ridge), &Workers::inline());
            done.is_ok() && cholesky.smallest_pivot() > 0.1 * RIDGE
        });
        Self((m > 0 && factored).then_some(cholesky))
    }

    /// y ← (AAᵀ)⁻¹y.
    pub(super) fn solve(&self, y: &mut [f64]) {
        if let Some(cholesky) = &self.0 {
            cholesky.solve(y);
        }
    }
}

impl Projection for CholeskyProjection {
    fn particular(&self, problem: &Restricted, mut t: Vec<f64>) -> Vec<f64> {
        for _ in 0..3 {
            let mut y = problem.shortfalls(&t);
            self.solve(&mut y);
            axpy(1.0, &problem.transposed_times(&y), &mut t);
        }
        t
    }

    fn project(&self, problem: &Restricted, v: &mut [f64]) {
        for _ in 0..2 {
            let mut y = problem.rows_times(v);
            self.solve(&mut y);
            (0..problem.m).for_each(|i| axpy(-y[i], problem.row(i), v));
        }
    }

    fn multipliers(&self, problem: &Restricted, v: &[f64]) -> Vec<f64> {
        let mut rest = v.to_vec();
        let mut out = vec![0.0; problem.m];
        for _ in 0..2 {
            let mut y = problem.rows_times(&rest);
            self.solve(&mut y);
            axpy(-1.0, &problem.transposed_times(&y), &mut rest);
            axpy(1.0, &y, &mut out);
        }
        out
    }
}

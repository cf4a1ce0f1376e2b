//! Minimisation of the quadratic model over the variables that are free at the Cauchy point.
//!
//! Sources: Byrd, Lu, Nocedal and Zhu 1995, §5.1 (direct primal method) and the truncation of §5; J. L. Morales, J. Nocedal,
//! ACM TOMS 38 (2011) article 7 (the minimiser is projected onto the box instead, and truncated only where the projection
//! does not descend: far fewer iterations where many variables meet their bounds at once).

use super::super::bounds::Bounds;
use super::super::limited_memory::LimitedMemory;
use crate::numeric::sum::dot;

/// Storage of the minimisation, reused from one iteration to the next.
#[derive(Debug)]
pub(super) struct Subspace {
    is_free: Vec<bool>,
    /// r = Zᵀ(g + θ(xᶜ − x) − W M c), zero at the variables that are not free; then the step.
    reduced: Vec<f64>,
    /// W times a vector of length 2k.
    combination: Vec<f64>,
    small: Vec<f64>,
}

impl Subspace {
    pub fn new(dimension: usize) -> Self {
        Self {
            is_free: vec![false; dimension],
            reduced: vec![0.0; dimension],
            combination: vec![0.0; dimension],
            small: Vec::new(),
        }
    }

    /// Moves `point` from the Cauchy point xᶜ to the minimiser of the model over the free variables, brought into the box. `c` = Wᵀ(xᶜ − x). Returns false, and leaves the point, where the factorisation fails.
    pub fn run(
        &mut self,
        bounds: &Bounds,
        memory: &mut LimitedMemory,
        x: &[f64],
        g: &[f64],
        c: &[f64],
        point: &mut [f64],
    ) -> bool {
        let mut any_free = false;
        for i in 0..point.len() {
            self.is_free[i] = bounds.lower[i] < point[i] && point[i] < bounds.upper[i];
            any_free |= self.is_free[i];
        }
        // With B = I the Cauchy point minimises the model over its free variables already.
        if memory.is_empty() || !any_free {
            return true;
        }
        self.reduced_gradient(memory, x, g, c, point);
        memory.transpose_times(&self.reduced, &mut self.small);
        if !memory.solve_reduced(&self.is_free, &mut self.small) {
            return false;
        }
        // d = −r/θ − ZᵀW v/θ² with v the solution of the small system.
        let theta = memory.theta();
        self.combination.fill(0.0);
        memory.add_times(-1.0 / (theta * theta), &self.small, &mut self.combination);
        for i in 0..point.len() {
            self.reduced[i] =
                if self.is_free[i] { self.combination[i] - self.reduced[i] / theta } else { 0.0 };
        }
        self.step_to_minimiser(bounds, x, g, point);
        true
    }

    /// The minimiser projected onto the box where that descends from x; else as far towards it as the box allows.
    fn step_to_minimiser(&mut self, bounds: &Bounds, x: &[f64], g: &[f64], point: &mut [f64]) {
        bounds.point_at(point, &self.reduced, 1.0, (f64::INFINITY, None), &mut self.combination);
        let slope = dot(g, &self.combination) - dot(g, x);
        if slope >= 0.0 {
            let largest = bounds.largest_step(point, &self.reduced);
            bounds.point_at(point, &self.reduced, largest.0.min(1.0), largest, &mut self.combination);
        }
        point.copy_from_slice(&self.combination);
    }

    fn reduced_gradient(&mut self, memory: &LimitedMemory, x: &[f64], g: &[f64], c: &[f64], point: &[f64]) {
        self.small.clear();
        self.small.resize(c.len(), 0.0);
        memory.middle_times(c, &mut self.small);
        self.combination.fill(0.0);
        memory.add_times(-1.0, &self.small, &mut self.combination);
        let theta = memory.theta();
        for i in 0..point.len() {
            self.reduced[i] =
                if self.is_free[i] { g[i] + theta * (point[i] - x[i]) + self.combination[i] } else { 0.0 };
        }
    }
}

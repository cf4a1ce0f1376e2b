//! Generalised Cauchy point: the first minimiser of the quadratic model along the projected steepest-descent path.
//!
//! Source: Byrd, Lu, Nocedal and Zhu 1995, §4, Algorithm CP.

use super::super::bounds::Bounds;
use super::super::limited_memory::LimitedMemory;
use crate::numeric::sum::{CompensatedSum, axpy, dot};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Path parameter at which a variable meets its bound. Ordered so that the heap yields the smallest first, and of equal
/// ones the one of the smallest index.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Breakpoint {
    at: f64,
    variable: usize,
}

impl Eq for Breakpoint {}

impl Ord for Breakpoint {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at).then(other.variable.cmp(&self.variable))
    }
}

impl PartialOrd for Breakpoint {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Storage of the search, reused from one iteration to the next.
#[derive(Debug, Default)]
pub(super) struct CauchySearch {
    breakpoints: Vec<Breakpoint>,
    /// p = Wᵀd, of length 2k.
    p: Vec<f64>,
    /// The row of W of the variable that meets its bound, and M times it.
    row: Vec<f64>,
    middle_row: Vec<f64>,
    /// c = Wᵀ(xᶜ − x), of length 2k: the subspace minimisation needs it.
    pub c: Vec<f64>,
}

impl CauchySearch {
    /// Writes the Cauchy point xᶜ of the model at x with gradient g into `point`; `direction` (length n) is overwritten.
    pub fn run(
        &mut self,
        bounds: &Bounds,
        memory: &LimitedMemory,
        x: &[f64],
        g: &[f64],
        direction: &mut [f64],
        point: &mut [f64],
    ) {
        point.copy_from_slice(x);
        let mut num_moving = self.start_path(bounds, x, g, direction);
        for v in [&mut self.p, &mut self.row, &mut self.middle_row, &mut self.c] {
            v.clear();
            v.resize(2 * memory.num_pairs(), 0.0);
        }
        memory.transpose_times(direction, &mut self.p);
        memory.middle_times(&self.p, &mut self.middle_row);
        let theta = memory.theta();

        // The model along the path has slope f' and curvature f'' at its parameter t. Both lose most of their size as
        // variables stop, hence the compensated sums.
        let squared = dot(direction, direction);
        let initial_curvature = theta * squared - dot(&self.p, &self.middle_row);
        let smallest_curvature = f64::EPSILON * (theta * squared);
        let (mut slope, mut curvature) = (CompensatedSum::default(), CompensatedSum::default());
        slope.add(-squared);
        curvature.add(initial_curvature);
        let to_minimum = |slope: CompensatedSum, curvature: CompensatedSum| {
            (-slope.value() / curvature.value().max(smallest_curvature)).max(0.0)
        };

        let mut heap = BinaryHeap::from(std::mem::take(&mut self.breakpoints));
        let (mut t, mut remaining) = (0.0, to_minimum(slope, curvature));
        while let Some(&Breakpoint { at, variable: b }) = heap.peek() {
            let interval = at - t;
            if remaining < interval {
                break;
            }
            heap.pop();
            t = at;
            point[b] = if direction[b] > 0.0 { bounds.upper[b] } else { bounds.lower[b] };
            direction[b] = 0.0;
            num_moving -= 1;
            axpy(interval, &self.p, &mut self.c);

            memory.row(b, &mut self.row);
            memory.middle_times(&self.row, &mut self.middle_row);
            let g_b = g[b];
            slope.add(interval * curvature.value());
            slope.add(g_b * g_b);
            slope.add(theta * g_b * (point[b] - x[b]));
            slope.add(-g_b * dot(&self.middle_row, &self.c));
            curvature.add(-theta * g_b * g_b);
            curvature.add(-2.0 * g_b * dot(&self.middle_row, &self.p));
            curvature.add(-g_b * g_b * dot(&self.middle_row, &self.row));
            axpy(g_b, &self.row, &mut self.p);
            remaining = if num_moving == 0 { 0.0 } else { to_minimum(slope, curvature) };
        }
        self.breakpoints = heap.into_vec();

        t += remaining;
        axpy(remaining, &self.p, &mut self.c);
        for i in 0..x.len() {
            if direction[i] != 0.0 {
                point[i] = bounds.clip(i, x[i] + t * direction[i]);
            }
        }
    }

    /// Sets the direction of the first segment, −g without the variables that cannot move, and lists the breakpoints of
    /// the others; returns how many move.
    fn start_path(&mut self, bounds: &Bounds, x: &[f64], g: &[f64], direction: &mut [f64]) -> usize {
        self.breakpoints.clear();
        let mut num_moving = 0;
        for i in 0..x.len() {
            let at = if g[i] < 0.0 {
                (x[i] - bounds.upper[i]) / g[i]
            } else if g[i] > 0.0 {
                (x[i] - bounds.lower[i]) / g[i]
            } else {
                0.0
            };
            direction[i] = if at > 0.0 { -g[i] } else { 0.0 };
            if at > 0.0 {
                num_moving += 1;
                if at < f64::INFINITY {
                    self.breakpoints.push(Breakpoint { at, variable: i });
                }
            }
        }
        num_moving
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The model value gᵀz + ½zᵀBz at z = point − x, from the compact form.
    fn model(memory: &LimitedMemory, x: &[f64], g: &[f64], point: &[f64]) -> f64 {
        let z: Vec<f64> = point.iter().zip(x).map(|(p, x)| p - x).collect();
        let k = 2 * memory.num_pairs();
        let (mut v, mut mv) = (vec![0.0; k], vec![0.0; k]);
        memory.transpose_times(&z, &mut v);
        memory.middle_times(&v, &mut mv);
        dot(g, &z) + 0.5 * (memory.theta() * dot(&z, &z) - dot(&v, &mv))
    }

    #[test]
    fn the_point_is_the_first_minimiser_on_the_path() {
        let n = 6;
        let bounds = Bounds::new(
            vec![-1.0, 0.0, -0.3, f64::NEG_INFINITY, -2.0, -0.1],
            vec![1.0, 0.0, f64::INFINITY, 0.4, 2.0, 0.1],
        )
        .unwrap();
        let mut memory = LimitedMemory::new(n, 3);
        let zero = vec![0.0; n];
        for k in 0..4 {
            let s: Vec<f64> = (0..n).map(|i| ((i * i + 3 * k) % 7) as f64 - 2.5).collect();
            let y: Vec<f64> = (0..n).map(|i| (0.2 + i as f64) * s[i]).collect();
            memory.update(&zero, &s, &zero, &y);
        }
        let x = zero.clone();
        for scale in [0.1, 1.0, 10.0] {
            let g: Vec<f64> = [3.0, -1.0, 2.0, -4.0, 0.5, 1.0].iter().map(|g| scale * g).collect();
            let mut search = CauchySearch::default();
            let (mut direction, mut point) = (zero.clone(), zero.clone());
            search.run(&bounds, &memory, &x, &g, &mut direction, &mut point);
            // Walk along the path in small steps to the first increase of the model.
            let path = |t: f64| -> Vec<f64> { (0..n).map(|i| bounds.clip(i, x[i] - t * g[i])).collect() };
            let (mut t, mut lowest) = (0.0, 0.0);
            let step = 1e-5 / scale;
            loop {
                let value = model(&memory, &x, &g, &path(t + step));
                if value > lowest || t > 100.0 {
                    break;
                }
                (t, lowest) = (t + step, value);
            }
            let walked = path(t);
            for i in 0..n {
                assert!((walked[i] - point[i]).abs() < 1e-4, "{scale} {i}: {} {}", walked[i], point[i]);
            }
            let mut c = vec![0.0; 2 * memory.num_pairs()];
            let z: Vec<f64> = point.iter().zip(&x).map(|(p, x)| p - x).collect();
            memory.transpose_times(&z, &mut c);
            for (expected, c) in c.iter().zip(&search.c) {
                assert!((expected - c).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn ties_come_in_the_order_of_the_variables() {
        let mut heap = BinaryHeap::from(
            [(2.0, 0), (1.0, 3), (1.0, 1), (1.0, 2)]
                .map(|(at, variable)| Breakpoint { at, variable })
                .to_vec(),
        );
        let order: Vec<usize> = std::iter::from_fn(|| heap.pop()).map(|b| b.variable).collect();
        assert_eq!(order, [1, 2, 3, 0]);
    }
}

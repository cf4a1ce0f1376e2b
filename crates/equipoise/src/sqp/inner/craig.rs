//! CRAIG's method for the solution of A t = b of least norm, by Golub–Kahan bidiagonalisation: products with A and Aᵀ only.
//!
//! Sources: J. E. Craig, J. Math. Phys. 34 (1955) 64–73; C. C. Paige, M. A. Saunders, ACM TOMS 8 (1982) 43–71, §7.

use super::projection::Projection;
use super::restricted::Restricted;
use crate::numeric::sum::{axpy, norm_two};

/// Residual relative to ‖b‖.
const TOLERANCE: f64 = 1e-15;
/// Iterations per row, and beyond.
const ITERATIONS_PER_ROW: usize = 4;
/// α or β below this part of the largest ends the bidiagonalisation.
const BREAKDOWN: f64 = 1e-14;

pub(super) struct CraigProjection;

/// The solution t of A t = b of least norm with the y of t = Aᵀy.
fn craig(problem: &Restricted, right_side: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (n, m) = (problem.n, problem.m);
    let (mut t, mut y) = (vec![0.0; n], vec![0.0; m]);
    let start = norm_two(right_side);
    if start == 0.0 {
        return (t, y);
    }
    let scaled = |v: &[f64], by: f64| -> Vec<f64> { v.iter().map(|v| v / by).collect() };
    let mut us = vec![scaled(right_side, start)];
    let mut v = problem.transposed_times(&us[0]);
    let mut alpha = norm_two(&v);
    let mut largest = alpha;
    if alpha == 0.0 {
        return (t, y);
    }
    v = scaled(&v, alpha);
    let mut vs = vec![v.clone()];
    // t = Σ sₖvₖ, and y = Σ sₖwₖ with Aᵀwₖ = vₖ.
    let mut s = start / alpha;
    let mut w = scaled(&us[0], alpha);
    axpy(s, &v, &mut t);
    axpy(s, &w, &mut y);
    for _ in 1..ITERATIONS_PER_ROW * m + 10 {
        let mut u = problem.rows_times(&v);
        axpy(-alpha, us.last().expect("one at least"), &mut u);
        orthogonalise(&mut u, &us);
        let beta = norm_two(&u);
        largest = largest.max(beta);
        if beta <= BREAKDOWN * largest || beta * s.abs() <= TOLERANCE * start || us.len() >= m.min(n) {
            break;
        }
        u = scaled(&u, beta);
        let mut next = problem.transposed_times(&u);
        axpy(-beta, &v, &mut next);
        orthogonalise(&mut next, &vs);
        alpha = norm_two(&next);
        largest = largest.max(alpha);
        if alpha <= BREAKDOWN * largest {
            break;
        }
        v = scaled(&next, alpha);
        s *= -beta / alpha;
        w = u.iter().zip(&w).map(|(u, w)| (u - beta * w) / alpha).collect();
        axpy(s, &v, &mut t);
        axpy(s, &w, &mut y);
        us.push(u);
        vs.push(v.clone());
    }
    (t, y)
}

/// Gram–Schmidt against all vectors so far: there are at most as many as rows.
fn orthogonalise(v: &mut [f64], against: &[Vec<f64>]) {
    for other in against {
        axpy(-crate::numeric::sum::dot(v, other), other, v);
    }
}

impl Projection for CraigProjection {
    fn particular(&self, problem: &Restricted, mut t: Vec<f64>) -> Vec<f64> {
        for _ in 0..3 {
            axpy(1.0, &craig(problem, &problem.shortfalls(&t)).0, &mut t);
        }
        t
    }

    fn project(&self, problem: &Restricted, v: &mut [f64]) {
        for _ in 0..2 {
            axpy(-1.0, &craig(problem, &problem.rows_times(v)).0, v);
        }
    }

    fn multipliers(&self, problem: &Restricted, v: &[f64]) -> Vec<f64> {
        let mut rest = v.to_vec();
        let mut out = vec![0.0; problem.m];
        for _ in 0..2 {
            let (t, y) = craig(problem, &problem.rows_times(&rest));
            axpy(-1.0, &t, &mut rest);
            axpy(1.0, &y, &mut out);
        }
        out
    }
}

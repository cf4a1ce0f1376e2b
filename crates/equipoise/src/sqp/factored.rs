//! The equations of a guess of the working set by factors of B and a Schur complement for the rows.
//!
//! For bounds at values d_X, free variables F and binding rows W:
//!   S λ = b_W − A_WX d_X − A_WF B_FF⁻¹ r,  S = A_WF B_FF⁻¹ A_WFᵀ,  r = −(g + B d_X)_F,  d_F = B_FF⁻¹(r + A_WFᵀ λ).

use super::functions::SqpError;
use super::hessian::curvature::{Curvature, Reduced};
use super::primal_dual::{Equations, Guess, Guessing};
use super::subproblem::{Direction, Linearisation};
use crate::certificate::linear_system::Member;
use crate::numeric::cholesky::Cholesky;
use crate::numeric::parallel::Workers;
use crate::numeric::sum::{axpy, dot, max_abs, norm_two};

/// Corrections of one solution at most, and the residual below which none is needed.
const CORRECTIONS: usize = 3;
const RESIDUAL: f64 = 1e-13;
/// Smallest pivot of S (rows scaled to 1) with which its rows count as independent.
const INDEPENDENT: f64 = 1e-12;

/// The equations by factors of B.
struct Factored<'a> {
    curvature: &'a dyn Curvature,
    factors: Option<Factors<'a>>,
}

/// What depends on the free variables alone: kept while they stay the same.
struct Factors<'a> {
    free: Vec<usize>,
    reduced: Box<dyn Reduced + 'a>,
    /// A_iF of each row used so far, 0 elsewhere (n).
    normals: Vec<Option<Vec<f64>>>,
    /// B_FF⁻¹A_iFᵀ of the same.
    solved: Vec<Option<Vec<f64>>>,
    /// A_iF B_FF⁻¹A_jFᵀ for j ≤ i (m × m); NaN where not needed yet.
    products: Vec<f64>,
}

impl<'a> Factors<'a> {
    fn new(curvature: &'a dyn Curvature, free: Vec<usize>, m: usize) -> Option<Self> {
        let reduced = curvature.reduced(&free)?;
        Some(Self {
            free,
            reduced,
            normals: vec![None; m],
            solved: vec![None; m],
            products: vec![f64::NAN; m * m],
        })
    }

    /// Prepares the given rows (ascending).
    fn prepare(&mut self, problem: &Linearisation<'_>, rows: &[usize]) {
        let m = self.normals.len();
        for &i in rows {
            if self.solved[i].is_none() {
                let mut normal = vec![0.0; problem.lower.len()];
                self.free.iter().for_each(|&j| normal[j] = problem.point.row(i)[j]);
                let mut solved = normal.clone();
                self.reduced.solve(&mut solved);
                (self.normals[i], self.solved[i]) = (Some(normal), Some(solved));
            }
        }
        for (k, &i) in rows.iter().enumerate() {
            for &j in &rows[..=k] {
                if self.products[i * m + j].is_nan() {
                    self.products[i * m + j] = dot(self.normal(i), self.solved(j));
                }
            }
        }
    }

    fn normal(&self, i: usize) -> &[f64] {
        self.normals[i].as_deref().unwrap_or_default()
    }

    fn solved(&self, i: usize) -> &[f64] {
        self.solved[i].as_deref().unwrap_or_default()
    }
}

impl Linearisation<'_> {
    /// The solution from the working set `start`, or `None` where the guesses do not settle.
    pub(super) fn solve_primal_dual(
        &self,
        curvature: &dyn Curvature,
        linear: &[f64],
        start: &[Member],
        guessing: &Guessing,
    ) -> Option<Direction> {
        let mut equations = Factored { curvature, factors: None };
        self.settle(&mut equations, linear, start, guessing).ok().flatten()
    }
}

impl Equations for Factored<'_> {
    fn solve(&mut self, guess: &mut Guess<'_>) -> Result<bool, SqpError> {
        Ok(self.solution(guess).is_some())
    }

    fn product(&mut self, v: &[f64]) -> Result<Vec<f64>, SqpError> {
        Ok(self.curvature.product(v))
    }
}

impl Factored<'_> {
    /// `None` where the equations are singular.
    fn solution(&mut self, guess: &mut Guess<'_>) -> Option<()> {
        let n = guess.d.len();
        let mut d: Vec<f64> = (0..n).map(|j| guess.value_at_bound(j).unwrap_or(0.0)).collect();
        let free: Vec<usize> = (0..n).filter(|&j| guess.value_at_bound(j).is_none()).collect();
        let at_rest = d.iter().all(|d| *d == 0.0);
        let mut image = if at_rest { vec![0.0; n] } else { self.curvature.product(&d) };
        let point = guess.problem.point;
        let mut factors = match self.factors.take().filter(|known| known.free == free) {
            Some(known) => known,
            None => Factors::new(self.curvature, free, point.c.len())?,
        };
        let working = guess.working_rows();
        factors.prepare(guess.problem, &working);
        let mut force = vec![0.0; n];
        factors.free.iter().for_each(|&j| force[j] = -(guess.linear[j] + image[j]));
        let right: Vec<f64> = working.iter().map(|&i| -point.c[i] - dot(point.row(i), &d)).collect();
        let system = Saddle::new(&factors, &working)?;
        let (step, multipliers, step_image) = system.solve_refined(self.curvature, &force, &right);
        axpy(1.0, &step, &mut d);
        axpy(1.0, &step_image, &mut image);
        self.factors = Some(factors);
        let finite = guess.take(&d, &working, &multipliers);
        guess.image = Some(image);
        finite.then_some(())
    }
}

/// [B −Aᵀ; A 0][d; λ] = [r; b] over the free variables by the Schur complement.
struct Saddle<'a> {
    factors: &'a Factors<'a>,
    working: &'a [usize],
    complement: Option<Cholesky>,
}

impl<'a> Saddle<'a> {
    fn new(factors: &'a Factors<'a>, working: &'a [usize]) -> Option<Self> {
        let (k, m) = (working.len(), factors.normals.len());
        if k == 0 {
            return Some(Self { factors, working, complement: None });
        }
        let mut complement = Cholesky::new(k);
        let products = &factors.products;
        let entry = |i: usize, j: usize| products[working[i] * m + working[j]];
        complement.factor(entry, &Workers::inline()).ok()?;
        let independent = complement.smallest_pivot() > INDEPENDENT;
        independent.then_some(Self { factors, working, complement: Some(complement) })
    }

    /// d, λ and Bd, corrected with the residuals of the equations as they stand until these are those of rounding.
    fn solve_refined(
        &self,
        curvature: &dyn Curvature,
        r: &[f64],
        b: &[f64],
    ) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let (mut d, mut multipliers) = self.solve(r, b);
        let mut image = curvature.product(&d);
        let mut last = f64::INFINITY;
        for _ in 0..CORRECTIONS {
            let mut residual = vec![0.0; d.len()];
            self.factors.free.iter().for_each(|&j| residual[j] = r[j] - image[j]);
            for (&i, &y) in self.working.iter().zip(&multipliers) {
                axpy(y, self.factors.normal(i), &mut residual);
            }
            let gap = |(&i, b): (&usize, &f64)| b - dot(self.factors.normal(i), &d);
            let gaps: Vec<f64> = self.working.iter().zip(b).map(gap).collect();
            let size = max_abs(r).max(max_abs(&image));
            let reach = b.iter().fold(norm_two(&d), |a, b| a.max(b.abs()));
            let relative = (max_abs(&residual) / size.max(f64::MIN_POSITIVE))
                .max(max_abs(&gaps) / reach.max(f64::MIN_POSITIVE));
            if !(relative > RESIDUAL && relative < 0.5 * last) {
                break;
            }
            last = relative;
            let (more, more_multipliers) = self.solve(&residual, &gaps);
            axpy(1.0, &more, &mut d);
            axpy(1.0, &more_multipliers, &mut multipliers);
            axpy(1.0, &curvature.product(&more), &mut image);
        }
        (d, multipliers, image)
    }

    fn solve(&self, r: &[f64], b: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut d = r.to_vec();
        self.factors.reduced.solve(&mut d);
        let gap = |(&i, b): (&usize, &f64)| b - dot(self.factors.normal(i), &d);
        let mut multipliers: Vec<f64> = self.working.iter().zip(b).map(gap).collect();
        if let Some(complement) = &self.complement {
            complement.solve(&mut multipliers);
            for (&i, &y) in self.working.iter().zip(&multipliers) {
                axpy(y, self.factors.solved(i), &mut d);
            }
        }
        (d, multipliers)
    }
}

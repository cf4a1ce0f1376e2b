//! MINRES-QLP on the saddle-point system [[B, Aᵀ], [A, 0]] [t; y] = [−g; b], λ = −y: also where it is singular, then the solution of
//! least length.
//!
//! The preconditioner is diag(M, (AMAᵀ)⁻¹). Afterwards t is brought onto A t = b in the metric of M.
//!
//! Source: S.-C. T. Choi, C. C. Paige, M. A. Saunders, SIAM J. Sci. Comput. 33 (2011) 1810–1836; the names of the scalars are theirs.

use super::preconditioner::Preconditioner;
use super::projected_cg::finish;
use super::projection::{CholeskyProjection, Projection};
use super::restricted::Restricted;
use super::{InnerAnswer, InnerEnd, InnerMethod, InnerProblem, InnerSettings, Product};
use crate::numeric::sum::{axpy, dot, max_abs, norm_two};
use crate::sqp::functions::SqpError;

/// β below this part of β₁ ends the Lanczos process.
const BREAKDOWN: f64 = 1e-15;
/// A diagonal entry of L below this part of the operator's norm is none.
const SINGULAR: f64 = 1e-14;
/// Rounds that bring t back onto A t = b.
const ROUNDS: usize = 3;

/// The method.
#[derive(Debug, Clone, Copy, Default)]
pub struct MinresQlp;

impl InnerMethod for MinresQlp {
    fn solve(
        &self,
        problem: &InnerProblem<'_>,
        product: &mut Product<'_>,
        preconditioner: Option<&dyn Preconditioner>,
        settings: &InnerSettings,
    ) -> Result<InnerAnswer, SqpError> {
        let mut saddle = Saddle::new(Restricted::new(problem, product)?, preconditioner);
        let run = saddle.minres_qlp(product, settings)?;
        let mut t = run.x;
        t.truncate(saddle.problem.n);
        let refinements = saddle.bring_back(&mut t);
        let projection = CholeskyProjection::new(&saddle.problem);
        let particular = projection.particular(&saddle.problem, vec![0.0; saddle.problem.n]);
        let start = saddle.projected_gradient(product, &projection, &particular)?;
        // Where the reduced Hessian is not positive the stationary point is none to go to.
        let along: Vec<f64> = t.iter().zip(&particular).map(|(t, s)| t - s).collect();
        let image = saddle.problem.product(product, &along)?;
        let is_negative = dot(&along, &image) < 0.0;
        let negative = is_negative.then_some(along);
        let end = if is_negative { InnerEnd::NegativeCurvature } else { run.end };
        let answer = finish(saddle.problem, product, &projection, t, start, end, run.iterations, negative)?;
        Ok(InnerAnswer { refinements, ..answer })
    }
}

/// The system with its preconditioner.
struct Saddle<'a> {
    problem: Restricted,
    preconditioner: Option<&'a dyn Preconditioner>,
    /// M Aᵀ by rows, and the factor of A M Aᵀ.
    images: Vec<Vec<f64>>,
    core: CholeskyProjection,
}

struct Run {
    x: Vec<f64>,
    end: InnerEnd,
    iterations: usize,
}

impl<'a> Saddle<'a> {
    fn new(problem: Restricted, preconditioner: Option<&'a dyn Preconditioner>) -> Self {
        let images: Vec<Vec<f64>> =
            (0..problem.m).map(|i| metric(&problem, preconditioner, problem.row(i))).collect();
        let core = CholeskyProjection::of(problem.m, |i, j| dot(problem.row(i), &images[j]));
        Self { problem, preconditioner, images, core }
    }

    /// z = diag(M, (AMAᵀ)⁻¹) r.
    fn precondition(&self, r: &[f64]) -> Vec<f64> {
        let (top, bottom) = r.split_at(self.problem.n);
        let mut out = metric(&self.problem, self.preconditioner, top);
        let mut y = bottom.to_vec();
        self.core.solve(&mut y);
        out.extend(y);
        out
    }

    fn operator(&mut self, product: &mut Product<'_>, v: &[f64]) -> Result<Vec<f64>, SqpError> {
        let (t, y) = v.split_at(self.problem.n);
        let mut out = self.problem.product(product, t)?;
        axpy(1.0, &self.problem.transposed_times(y), &mut out);
        out.extend(self.problem.rows_times(t));
        Ok(out)
    }

    fn projected_gradient(
        &mut self,
        product: &mut Product<'_>,
        projection: &CholeskyProjection,
        t: &[f64],
    ) -> Result<f64, SqpError> {
        let mut gradient = self.problem.product(product, t)?;
        axpy(1.0, &self.problem.gradient, &mut gradient);
        projection.project(&self.problem, &mut gradient);
        Ok(norm_two(&gradient))
    }

    /// t ← t + MAᵀ(AMAᵀ)⁻¹(b − A t) until the rows hold to rounding; the number of rounds.
    fn bring_back(&self, t: &mut [f64]) -> usize {
        let size = max_abs(&self.problem.right_side).max(max_abs(t)) * max_abs(&self.problem.rows);
        for round in 0..ROUNDS {
            let mut y = self.problem.shortfalls(t);
            if max_abs(&y) <= 4.0 * f64::EPSILON * size {
                return round;
            }
            self.core.solve(&mut y);
            self.images.iter().zip(&y).for_each(|(image, y)| axpy(*y, image, t));
        }
        ROUNDS
    }

    fn minres_qlp(&mut self, product: &mut Product<'_>, settings: &InnerSettings) -> Result<Run, SqpError> {
        let mut r2: Vec<f64> = self.problem.gradient.iter().map(|g| -g).collect();
        r2.extend_from_slice(&self.problem.right_side);
        let mut r1 = r2.clone();
        let mut z = self.precondition(&r2);
        let beta1 = dot(&r2, &z).max(0.0).sqrt();
        let mut solution = Solution::new(r2.len());
        let mut scalars = Scalars::new(beta1);
        let (mut beta, mut iterations, mut end) = (beta1, 0, InnerEnd::Converged);
        if beta1 == 0.0 {
            return Ok(Run { x: solution.x, end, iterations });
        }
        loop {
            if iterations >= settings.iteration_limit {
                end = InnerEnd::IterationLimit;
                break;
            }
            iterations += 1;
            let v: Vec<f64> = z.iter().map(|z| z / beta).collect();
            let mut r3 = self.operator(product, &v)?;
            if iterations > 1 {
                axpy(-beta / scalars.last_beta, &r1, &mut r3);
            }
            let alpha = dot(&r3, &v);
            axpy(-alpha / beta, &r2, &mut r3);
            r1 = std::mem::replace(&mut r2, r3);
            z = self.precondition(&r2);
            let next = dot(&r2, &z).max(0.0).sqrt();
            if !(alpha.is_finite() && next.is_finite()) {
                end = InnerEnd::Breakdown;
                break;
            }
            let stationary = scalars.advance(iterations, alpha, beta, next);
            if stationary <= settings.tolerance * scalars.norm {
                // The last point was a least-squares solution already.
                break;
            }
            solution.advance(iterations, &scalars, v);
            scalars.turn();
            let is_small = scalars.phi <= settings.tolerance * beta1;
            if is_small || next <= BREAKDOWN * scalars.norm * beta1.max(1.0) {
                break;
            }
            beta = next;
        }
        Ok(Run { x: solution.x, end, iterations })
    }
}

fn metric(problem: &Restricted, preconditioner: Option<&dyn Preconditioner>, v: &[f64]) -> Vec<f64> {
    let Some(preconditioner) = preconditioner else { return v.to_vec() };
    let mut out = vec![0.0; v.len()];
    preconditioner.apply(v, &mut out);
    problem.masked(out)
}

/// The reflections from both sides and what they make of the tridiagonal matrix; `_l` is one step back, `_l2` two.
struct Scalars {
    last_beta: f64,
    norm: f64,
    phi: f64,
    left: (f64, f64),
    right1: (f64, f64),
    right2: (f64, f64),
    delta_next: f64,
    epsilon_next: f64,
    gamma: [f64; 3],
    tau: [f64; 3],
    eta: [f64; 3],
    theta: [f64; 3],
    mu: [f64; 5],
}

impl Scalars {
    fn new(beta1: f64) -> Self {
        let flip = (-1.0, 0.0);
        Self {
            last_beta: 0.0,
            norm: 0.0,
            phi: beta1,
            left: flip,
            right1: flip,
            right2: flip,
            delta_next: 0.0,
            epsilon_next: 0.0,
            gamma: [0.0; 3],
            tau: [0.0; 3],
            eta: [0.0; 3],
            theta: [0.0; 3],
            mu: [0.0; 5],
        }
    }

    /// Takes in column k of the tridiagonal matrix; returns ‖K r‖/‖r‖ of the point before.
    fn advance(&mut self, k: usize, alpha: f64, beta: f64, next: f64) -> f64 {
        self.last_beta = beta;
        self.norm =
            self.norm.max((alpha * alpha + next * next + if k > 1 { beta * beta } else { 0.0 }).sqrt());
        // The reflection from the left of the step before, then that of this one.
        let (c, s) = self.left;
        let mut delta = c * self.delta_next + s * alpha;
        let gamma_bar = s * self.delta_next - c * alpha;
        self.epsilon_next = s * next;
        self.delta_next = -c * next;
        let stationary = (gamma_bar * gamma_bar + self.delta_next * self.delta_next).sqrt();
        self.gamma = [0.0, self.gamma[0], self.gamma[1]];
        let (c, s, mut gamma) = reflection(gamma_bar, next);
        self.left = (c, s);
        self.tau = [c * self.phi, self.tau[0], self.tau[1]];
        self.phi *= s;
        // The reflections from the right.
        if k > 2 {
            let (c, s) = self.right2;
            self.eta = [s * gamma, self.eta[0], self.eta[1]];
            let before = self.theta[0];
            self.theta = [0.0, c * before + s * delta, self.theta[1]];
            delta = s * before - c * delta;
            gamma *= -c;
        }
        if k > 1 {
            let (c, s, gamma_l) = reflection(self.gamma[1], delta);
            self.right1 = (c, s);
            self.gamma[1] = gamma_l;
            self.theta[0] = s * gamma;
            gamma *= -c;
        }
        self.gamma[0] = gamma;
        self.coefficients(k);
        stationary
    }

    /// The last three coefficients of the solution.
    fn coefficients(&mut self, k: usize) {
        let [_, _, mu2, mu3, _] = self.mu;
        let (mu3, mu4) = (mu2, mu3);
        let floor = SINGULAR * self.norm;
        let quotient = |numerator: f64, pivot: f64| if pivot.abs() > floor { numerator / pivot } else { 0.0 };
        let (tau, eta, theta, gamma) = (&self.tau, &self.eta, &self.theta, &self.gamma);
        let mu2 = if k > 2 { quotient(tau[2] - eta[2] * mu4 - theta[2] * mu3, gamma[2]) } else { self.mu[1] };
        let mu1 = if k > 1 { quotient(tau[1] - eta[1] * mu3 - theta[1] * mu2, gamma[1]) } else { self.mu[0] };
        let mu0 = quotient(tau[0] - eta[0] * mu2 - theta[0] * mu1, gamma[0]);
        self.mu = [mu0, mu1, mu2, mu3, mu4];
    }

    /// The reflection that meets the next column.
    fn turn(&mut self) {
        let (c, s, gamma) = reflection(self.gamma[1], self.epsilon_next);
        self.right2 = (c, s);
        self.gamma[1] = gamma;
    }
}

/// x with the last directions that it is made of.
struct Solution {
    x: Vec<f64>,
    settled: Vec<f64>,
    w: [Vec<f64>; 3],
}

impl Solution {
    fn new(length: usize) -> Self {
        let zero = || vec![0.0; length];
        Self { x: zero(), settled: zero(), w: [zero(), zero(), zero()] }
    }

    fn advance(&mut self, k: usize, scalars: &Scalars, v: Vec<f64>) {
        let ((c1, s1), (c2, s2)) = (scalars.right1, scalars.right2);
        let [w, w_l, w_l2] = &mut self.w;
        for i in 0..v.len() {
            (w[i], w_l[i], w_l2[i]) = match k {
                1 => (v[i], 0.0, 0.0),
                2 => (w[i] * s1 - v[i] * c1, w[i] * c1 + v[i] * s1, w_l[i]),
                _ => {
                    let middle = w_l[i] * s2 - v[i] * c2;
                    (w[i] * s1 - middle * c1, w[i] * c1 + middle * s1, w_l[i] * c2 + v[i] * s2)
                }
            };
        }
        axpy(scalars.mu[2], w_l2, &mut self.settled);
        self.x.clone_from(&self.settled);
        axpy(scalars.mu[1], w_l, &mut self.x);
        axpy(scalars.mu[0], w, &mut self.x);
    }
}

/// c, s and r with c·a + s·b = r, s·a − c·b = 0.
fn reflection(a: f64, b: f64) -> (f64, f64, f64) {
    let r = libm::hypot(a, b);
    if r == 0.0 { (1.0, 0.0, 0.0) } else { (a / r, b / r, r) }
}

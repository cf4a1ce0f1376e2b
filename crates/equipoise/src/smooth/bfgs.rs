//! BFGS with a dense matrix, for smooth problems with bounds and up to some hundreds of variables.
//!
//! Sources: J. Nocedal, S. J. Wright, *Numerical Optimization*, 2nd ed., §6.1 (update (6.19), first scale (6.20)); D. P.
//! Bertsekas, SIAM J. Control Optim. 20 (1982) 221–246 (projected Newton method, here for the model over the box).

use super::SmoothError;
use super::bounds::Bounds;
use super::quasi_newton::{CurvatureModel, QuasiNewton};
use crate::numeric::cholesky::Cholesky;
use crate::numeric::parallel::Workers;
use crate::numeric::sum::{axpy, dot, max_abs};

/// The gradient of the model over the free variables is zero once it is below this times what it was at x.
const MODEL_ACCURACY: f64 = 1e-10;
/// Steps of the projected Newton method on one model.
const MAX_MODEL_STEPS: usize = 30;
/// Sufficient decrease along the projected path, and the trials of its backtracking.
const SUFFICIENT_DECREASE: f64 = 1e-4;
const MAX_BACKTRACKING: usize = 40;

/// The BFGS method with a dense matrix and bounds; what it shares with [`Lbfgsb`](super::Lbfgsb) is said at
/// [`QuasiNewton`]. Storage is 2n² numbers; an iteration factors the matrix of the variables that are free, O(n³/3).
///
/// ```
/// use argmin::core::{CostFunction, Error, Executor, Gradient, State};
/// use equipoise::smooth::{Bfgs, SmoothStop};
///
/// /// Rosenbrock's function.
/// struct Valley;
/// impl CostFunction for Valley {
///     type Param = Vec<f64>;
///     type Output = f64;
///     fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
///         Ok(100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2))
///     }
/// }
/// impl Gradient for Valley {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         let t = x[1] - x[0] * x[0];
///         Ok(vec![-400.0 * x[0] * t - 2.0 * (1.0 - x[0]), 200.0 * t])
///     }
/// }
///
/// // The minimiser over x₀ ≤ 0.5 is (0.5, 0.25).
/// let solver = Bfgs::new(vec![-2.0; 2], vec![0.5, 2.0])?.gradient_tolerance(1e-8);
/// let result = Executor::new(Valley, solver).configure(|state| state.param(vec![-1.2, 1.0])).run()?;
/// assert!(matches!(result.solver.stop(), SmoothStop::Stationary { .. }));
/// let x = result.state.get_best_param().unwrap();
/// assert!(x[0] == 0.5 && (x[1] - 0.25).abs() < 1e-8);
/// # Ok::<(), Error>(())
/// ```
pub type Bfgs = QuasiNewton<DenseModel>;

/// What B is before the first step.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum InitialMetric {
    /// The identity, scaled by yᵀy/sᵀy after the first step.
    #[default]
    Identity,
    /// This number (> 0) times the identity.
    Scalar(f64),
    /// This symmetric positive definite matrix (n × n by rows).
    Dense(Vec<f64>),
}

/// B as a dense matrix.
#[derive(Debug)]
pub struct DenseModel {
    initial: InitialMetric,
    /// B (n × n, symmetric, by rows).
    matrix: Vec<f64>,
    dimension: usize,
    unscaled: bool,
    workers: Workers,
    subproblem: BoxQuadratic,
    /// s, y, Bs
    step: Vec<f64>,
    change: Vec<f64>,
    product: Vec<f64>,
}

impl Bfgs {
    /// A solver for lower ≤ x ≤ upper with the default options. Both vectors have length n; a bound may be infinite, and
    /// equal bounds fix a variable.
    ///
    /// # Errors
    /// [`SmoothError`] if the lengths differ, a bound is NaN, or a lower bound exceeds its upper bound.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, SmoothError> {
        let model = DenseModel {
            initial: InitialMetric::Identity,
            matrix: Vec::new(),
            dimension: 0,
            unscaled: true,
            workers: Workers::inline(),
            subproblem: BoxQuadratic::default(),
            step: Vec::new(),
            change: Vec::new(),
            product: Vec::new(),
        };
        Self::with_model(lower, upper, model)
    }

    /// B before the first step, the identity by default: the Hessian of a similar problem saves iterations.
    #[must_use]
    pub fn initial_metric(mut self, metric: InitialMetric) -> Self {
        self.model_mut().initial = metric;
        self
    }

    /// Threads of the factorisations; one by default. The bits do not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.model_mut().workers = Workers::new(threads);
        self
    }
}

impl DenseModel {
    fn set_diagonal(&mut self, value: f64) {
        self.matrix.fill(0.0);
        for i in 0..self.dimension {
            self.matrix[i * self.dimension + i] = value;
        }
    }
}

impl CurvatureModel for DenseModel {
    const NAME: &'static str = "BFGS";

    fn start(&mut self, dimension: usize) {
        self.dimension = dimension;
        self.matrix.clear();
        self.matrix.resize(dimension * dimension, 0.0);
        for vector in [&mut self.step, &mut self.change, &mut self.product] {
            vector.clear();
            vector.resize(dimension, 0.0);
        }
        self.unscaled = self.initial == InitialMetric::Identity;
        match &self.initial {
            InitialMetric::Identity => self.set_diagonal(1.0),
            InitialMetric::Scalar(value) => self.set_diagonal(*value),
            InitialMetric::Dense(matrix) => self.matrix.copy_from_slice(matrix),
        }
    }

    fn is_unscaled(&self) -> bool {
        self.unscaled
    }

    fn reset(&mut self) {
        self.set_diagonal(1.0);
        self.unscaled = true;
    }

    fn minimise(
        &mut self,
        bounds: &Bounds,
        x: &[f64],
        g: &[f64],
        direction: &mut [f64],
        target: &mut [f64],
    ) -> bool {
        self.subproblem.minimise(&self.matrix, bounds, x, g, &self.workers, direction, target)
    }

    /// B ← B − (Bs)(Bs)ᵀ/sᵀBs + yyᵀ/sᵀy, skipped where sᵀy ≤ ε‖y‖² (a step cut short by the box).
    fn update(&mut self, x: &[f64], x_next: &[f64], g: &[f64], g_next: &[f64]) {
        let n = self.dimension;
        for i in 0..n {
            self.step[i] = x_next[i] - x[i];
            self.change[i] = g_next[i] - g[i];
        }
        let (curvature, squared) = (dot(&self.step, &self.change), dot(&self.change, &self.change));
        if !(curvature > f64::EPSILON * squared && curvature.is_finite()) {
            return;
        }
        if self.unscaled {
            self.set_diagonal(squared / curvature);
            self.unscaled = false;
        }
        for (row, product) in self.matrix.chunks_exact(n).zip(&mut self.product) {
            *product = dot(row, &self.step);
        }
        let energy = dot(&self.step, &self.product);
        for (i, row) in self.matrix.chunks_exact_mut(n).enumerate() {
            let (p, y) = (self.product[i] / energy, self.change[i] / curvature);
            axpy(-p, &self.product, row);
            axpy(y, &self.change, row);
        }
    }
}

/// Minimiser of g·d + ½dᵀBd over lower − x ≤ d ≤ upper − x, by the projected Newton method.
#[derive(Debug, Default)]
struct BoxQuadratic {
    free: Vec<usize>,
    /// g + Bd
    residual: Vec<f64>,
    /// Newton step of the free variables.
    newton: Vec<f64>,
    trial: Vec<f64>,
    trial_residual: Vec<f64>,
}

impl BoxQuadratic {
    fn minimise(
        &mut self,
        b: &[f64],
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
            if !self.find_newton_step(b, n, workers) || !self.search_path(b, bounds, x, g, d, target) {
                // The model as far as it is minimised still gives a descent direction.
                return max_abs(d) > 0.0;
            }
        }
        true
    }

    /// The variables that are not held at a bound by the sign of the model's gradient.
    fn find_free(&mut self, bounds: &Bounds, target: &[f64]) {
        self.free.clear();
        for i in 0..target.len() {
            let held = (target[i] <= bounds.lower[i] && self.residual[i] > 0.0)
                || (target[i] >= bounds.upper[i] && self.residual[i] < 0.0)
                || bounds.lower[i] == bounds.upper[i];
            if !held {
                self.free.push(i);
            }
        }
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

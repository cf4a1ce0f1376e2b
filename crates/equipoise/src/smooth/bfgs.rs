//! BFGS with a dense matrix, for smooth problems with bounds and up to some hundreds of variables.
//!
//! Sources: J. Nocedal, S. J. Wright, *Numerical Optimization*, 2nd ed., §6.1 (update (6.19)); M. Al-Baali, J. Optim. Theory Appl. 96 (1998)
//! 533–553 (the matrix is scaled down by min(1, sᵀy/sᵀBs) before each update: large eigenvalues are corrected at once).

use super::SmoothError;
use super::bounds::Bounds;
use super::box_quadratic::BoxQuadratic;
use super::dense_inverse::DenseInverse;
use super::hessian_operator::symmetrise;
use super::quasi_newton::{CurvatureModel, QuasiNewton};
use crate::numeric::cholesky::Cholesky;
use crate::numeric::parallel::Workers;
use crate::numeric::sum::{dot, norm_two};

/// Up to this many variables the matrix is factored in every iteration.
const FACTORED: usize = 64;

/// The BFGS method with a dense matrix and bounds; what it shares with [`Lbfgsb`](super::Lbfgsb) is said at
/// [`QuasiNewton`]. Storage is 2n² numbers. Up to 64 variables an iteration factors the matrix of those that are free; above that the inverse is
/// kept up to date, and an iteration costs O(n²) while at most a quarter of the variables are held at bounds.
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
    /// The identity, scaled by sᵀy/sᵀs after the first step, which tries at most the length 2 max(1, ‖x‖).
    #[default]
    Identity,
    /// This number (> 0) times the identity.
    Scalar(f64),
    /// This symmetric positive definite matrix (n × n by rows).
    Dense(Vec<f64>),
}

impl InitialMetric {
    /// The Hessian of a similar problem or of an earlier run (n × n by rows) as first metric, if it is finite and H + r·I, r = 1e-8 · max(1,
    /// maxᵢ |Hᵢᵢ|), is positive definite.
    pub fn from_hessian(hessian: &[f64]) -> Option<Self> {
        let n = hessian.len().isqrt();
        let mut matrix = hessian.to_vec();
        if n * n != hessian.len() || symmetrise(&mut matrix, n).is_err() {
            return None;
        }
        let ridge = 1e-8 * (0..n).map(|i| matrix[i * n + i].abs()).fold(1.0, f64::max);
        for i in 0..n {
            matrix[i * n + i] += ridge;
        }
        let mut cholesky = Cholesky::new(n);
        cholesky.factor(|i, j| matrix[i * n + j], &Workers::inline()).is_ok().then_some(Self::Dense(matrix))
    }

    /// ‖g‖ within [1e-3, 1e3] times the identity: the first step then has about unit length. None where g is zero or not finite.
    pub fn from_gradient(gradient: &[f64]) -> Option<Self> {
        let size = norm_two(gradient);
        (size > 0.0 && size.is_finite()).then(|| Self::Scalar(size.clamp(1e-3, 1e3)))
    }
}

/// B as a dense matrix.
#[derive(Debug)]
pub struct DenseModel {
    initial: InitialMetric,
    /// B (n × n, symmetric, by rows).
    matrix: Vec<f64>,
    /// B⁻¹ for more than 64 variables.
    inverse: Option<DenseInverse>,
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
            inverse: None,
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
        if self.dimension > FACTORED {
            self.inverse = Some(DenseInverse::of_diagonal(self.dimension, value));
        }
        self.matrix.fill(0.0);
        for i in 0..self.dimension {
            self.matrix[i * self.dimension + i] = value;
        }
    }
}

impl CurvatureModel for DenseModel {
    const NAME: &'static str = "BFGS";

    fn start(&mut self, dimension: usize) -> Result<(), SmoothError> {
        match &self.initial {
            InitialMetric::Dense(matrix) if matrix.len() != dimension * dimension => {
                return Err(SmoothError::MetricLength {
                    expected: dimension * dimension,
                    received: matrix.len(),
                });
            }
            InitialMetric::Scalar(value) => SmoothError::check_positive("initial_metric", *value)?,
            _ => {}
        }
        self.dimension = dimension;
        self.matrix.clear();
        self.matrix.resize(dimension * dimension, 0.0);
        for vector in [&mut self.step, &mut self.change, &mut self.product] {
            vector.clear();
            vector.resize(dimension, 0.0);
        }
        self.unscaled = self.initial == InitialMetric::Identity;
        self.inverse = None;
        match &self.initial {
            InitialMetric::Identity => self.set_diagonal(1.0),
            InitialMetric::Scalar(value) => self.set_diagonal(*value),
            InitialMetric::Dense(matrix) => {
                self.matrix.copy_from_slice(matrix);
                if dimension > FACTORED {
                    self.inverse = DenseInverse::of(matrix, dimension, &self.workers);
                }
            }
        }
        Ok(())
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
        let Self { subproblem, matrix, inverse, workers, .. } = self;
        subproblem.minimise(matrix, inverse.as_mut(), bounds, x, g, workers, direction, target)
    }

    /// B ← τ(B − (Bs)(Bs)ᵀ/sᵀBs) + yyᵀ/sᵀy with τ = min(1, sᵀy/sᵀBs), skipped where sᵀy ≤ ε‖y‖² (a step cut short by the box).
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
            self.set_diagonal(curvature / dot(&self.step, &self.step));
            self.unscaled = false;
        }
        for (row, product) in self.matrix.chunks_exact(n).zip(&mut self.product) {
            *product = dot(row, &self.step);
        }
        let energy = dot(&self.step, &self.product);
        let tau = (curvature / energy).min(1.0);
        for (i, row) in self.matrix.chunks_exact_mut(n).enumerate() {
            let (p, y) = (tau * self.product[i] / energy, self.change[i] / curvature);
            for ((b, product), change) in row.iter_mut().zip(&self.product).zip(&self.change) {
                *b = tau * *b - p * product + y * change;
            }
        }
        if let Some(inverse) = &mut self.inverse {
            if tau < 1.0 {
                inverse.scale(tau);
            }
            inverse.update(&self.step, &self.change, curvature);
        }
    }
}

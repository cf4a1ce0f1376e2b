//! L-BFGS-B: limited-memory BFGS for smooth problems with bounds.
//!
//! Source: R. H. Byrd, P. Lu, J. Nocedal and C. Zhu, *A limited memory algorithm for bound constrained optimization*, SIAM
//! J. Sci. Comput. 16 (1995) 1190–1208: generalised Cauchy point (§4), minimisation over the free variables by the
//! direct primal method (§5.1) and truncation to the box along the segment.

mod cauchy;
mod subspace;

use super::SmoothError;
use super::bounds::Bounds;
use super::limited_memory::LimitedMemory;
use super::quasi_newton::{CurvatureModel, QuasiNewton};
use cauchy::CauchySearch;
use subspace::Subspace;

/// The limited-memory BFGS method with bounds; what it shares with [`Bfgs`](super::Bfgs) is said at [`QuasiNewton`].
///
/// ```
/// use argmin::core::{CostFunction, Error, Executor, Gradient, State};
/// use equipoise::smooth::{Lbfgsb, SmoothStop};
///
/// /// (x₀ − 3)² + (x₁ + 1)²
/// struct Distance;
/// impl CostFunction for Distance {
///     type Param = Vec<f64>;
///     type Output = f64;
///     fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
///         Ok((x[0] - 3.0).powi(2) + (x[1] + 1.0).powi(2))
///     }
/// }
/// impl Gradient for Distance {
///     type Param = Vec<f64>;
///     type Gradient = Vec<f64>;
///     fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
///         Ok(vec![2.0 * (x[0] - 3.0), 2.0 * (x[1] + 1.0)])
///     }
/// }
///
/// let solver = Lbfgsb::new(vec![0.0, 0.0], vec![2.0, f64::INFINITY])?;
/// let result = Executor::new(Distance, solver).configure(|state| state.param(vec![1.0, 1.0])).run()?;
/// assert!(matches!(result.solver.stop(), SmoothStop::Stationary { .. }));
/// assert_eq!(result.state.get_best_param(), Some(&vec![2.0, 0.0]));
/// # Ok::<(), Error>(())
/// ```
pub type Lbfgsb = QuasiNewton<LimitedMemoryModel>;

/// B as a few pairs of steps and changes of the gradient.
#[derive(Debug)]
pub struct LimitedMemoryModel {
    capacity: usize,
    memory: LimitedMemory,
    cauchy: CauchySearch,
    subspace: Subspace,
}

impl Lbfgsb {
    /// A solver for lower ≤ x ≤ upper with the default options. Both vectors have length n; a bound may be infinite, and
    /// equal bounds fix a variable.
    ///
    /// # Errors
    /// [`SmoothError`] if the lengths differ, a bound is NaN, or a lower bound exceeds its upper bound.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, SmoothError> {
        let model = LimitedMemoryModel {
            capacity: 10,
            memory: LimitedMemory::new(0, 0),
            cauchy: CauchySearch::default(),
            subspace: Subspace::new(0),
        };
        Self::with_model(lower, upper, model)
    }

    /// Number m of correction pairs kept, 10 by default. Storage is about (2m + 10)n numbers, work per iteration O(mn).
    /// 0 gives the projected steepest-descent method.
    #[must_use]
    pub fn memory(mut self, num_pairs: usize) -> Self {
        self.model_mut().capacity = num_pairs;
        self
    }
}

impl CurvatureModel for LimitedMemoryModel {
    const NAME: &'static str = "L-BFGS-B";

    fn start(&mut self, dimension: usize) -> Result<(), SmoothError> {
        self.memory = LimitedMemory::new(dimension, self.capacity);
        self.subspace = Subspace::new(dimension);
        Ok(())
    }

    fn is_unscaled(&self) -> bool {
        self.memory.is_empty()
    }

    fn reset(&mut self) {
        self.memory.reset();
    }

    fn minimise(
        &mut self,
        bounds: &Bounds,
        x: &[f64],
        g: &[f64],
        direction: &mut [f64],
        target: &mut [f64],
    ) -> bool {
        let Self { memory, cauchy, subspace, .. } = self;
        cauchy.run(bounds, memory, x, g, direction, target);
        subspace.run(bounds, memory, x, g, &cauchy.c, target)
    }

    fn update(&mut self, x: &[f64], x_next: &[f64], g: &[f64], g_next: &[f64]) {
        self.memory.update(x, x_next, g, g_next);
    }
}

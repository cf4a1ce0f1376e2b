//! A quadratic program that is set up once and solved many times.

use super::active_set::ActiveSet;
use super::options::QpOptions;
use super::solution::QpSolution;
use crate::certificate::linear_system::{Member, Part};
use crate::certificate::quadratic::{
    QuadraticProgram, check_bounds, check_linear, check_shape, check_symmetric,
};
use crate::error::InputError;
use crate::numeric::matrix::Matrix;

/// min ½xᵀPx + qᵀx over l ≤ Ax ≤ u and bounds, with P positive semidefinite: set up, solve, update, solve again.
///
/// Factors of P are kept until P changes, and the working set of one solve is the start of the next.
///
/// ```
/// use equipoise::numeric::matrix::Matrix;
/// use equipoise::qp::{QpOptions, QpProblem};
///
/// // min ½x² + ½y² with x + y = 2 and y ≤ 0.5.
/// let row = Matrix::dense(1, 2, vec![1.0, 1.0])?;
/// let bounds = (vec![f64::NEG_INFINITY; 2], vec![f64::INFINITY, 0.5]);
/// let p = Matrix::scaled_identity(2, 1.0);
/// let mut problem = QpProblem::new(p, vec![0.0; 2], row, (vec![2.0], vec![2.0]), bounds)?;
/// let solution = problem.solve(&QpOptions::default());
/// assert!(solution.is_converged());
/// assert!((solution.x[0] - 1.5).abs() < 1e-15 && solution.x[1] == 0.5);
/// assert!((solution.row_multipliers[0] - 1.5).abs() < 1e-15);
/// problem.set_row_bounds(vec![4.0], vec![4.0])?;
/// assert!((problem.solve(&QpOptions::default()).x[0] - 3.5).abs() < 1e-15);
/// # Ok::<(), equipoise::error::InputError>(())
/// ```
#[derive(Debug, Clone)]
pub struct QpProblem {
    pub(super) program: QuadraticProgram,
    pub(super) active_set: ActiveSet,
    /// The shift with which P is factored, if it is.
    pub(super) factored: Option<f64>,
    /// True if the lengths of the rows are known to the active set.
    pub(super) measured: bool,
    /// The working set to start from.
    pub(super) start: Vec<Member>,
}

impl QpProblem {
    /// With P (n × n, symmetric, both triangles), q (n), A (m × n), its bounds (m) and bounds of the variables (n); a bound that is not
    /// there is ±∞.
    ///
    /// # Errors
    /// See [`QuadraticProgram::new`].
    pub fn new(
        hessian: Matrix,
        linear: Vec<f64>,
        matrix: Matrix,
        row_bounds: (Vec<f64>, Vec<f64>),
        bounds: (Vec<f64>, Vec<f64>),
    ) -> Result<Self, InputError> {
        Ok(QuadraticProgram::new(hessian, linear, matrix, row_bounds, bounds)?.into())
    }

    /// The data as they stand.
    pub fn program(&self) -> &QuadraticProgram {
        &self.program
    }

    /// Memory of data and factors, bytes, roughly.
    pub fn memory_bytes(&self) -> usize {
        let (m, n) = (self.program.num_rows(), self.program.num_columns());
        let stored = self.program.hessian.num_stored() + self.program.matrix.num_stored();
        8 * (2 * stored + 3 * n * n + 8 * (m + n))
    }

    /// Replaces q.
    ///
    /// # Errors
    /// Another length than n, an entry that is not finite; nothing is then changed, and so below.
    pub fn set_linear(&mut self, linear: &[f64]) -> Result<(), InputError> {
        check_linear(linear, self.program.num_columns())?;
        self.program.linear.copy_from_slice(linear);
        Ok(())
    }

    /// Replaces the bounds of the rows.
    ///
    /// # Errors
    /// Another length than m, a bound that is NaN or infinite on the wrong side.
    pub fn set_row_bounds(&mut self, lower: Vec<f64>, upper: Vec<f64>) -> Result<(), InputError> {
        check_bounds([("l", &lower), ("u", &upper)], self.program.num_rows())?;
        (self.program.row_lower, self.program.row_upper) = (lower, upper);
        Ok(())
    }

    /// Replaces the bounds of the variables.
    ///
    /// # Errors
    /// Another length than n, a bound that is NaN or infinite on the wrong side.
    pub fn set_bounds(&mut self, lower: Vec<f64>, upper: Vec<f64>) -> Result<(), InputError> {
        check_bounds([("bounds.lower", &lower), ("bounds.upper", &upper)], self.program.num_columns())?;
        (self.program.lower, self.program.upper) = (lower, upper);
        Ok(())
    }

    /// Replaces P, which is then factored anew.
    ///
    /// # Errors
    /// Another shape than n × n, a P that is not symmetric.
    pub fn set_hessian(&mut self, hessian: Matrix) -> Result<(), InputError> {
        check_symmetric(&hessian, self.program.num_columns())?;
        self.program.hessian = hessian;
        self.factored = None;
        Ok(())
    }

    /// Replaces A by one of the same shape.
    ///
    /// # Errors
    /// Another shape.
    pub fn set_matrix(&mut self, matrix: Matrix) -> Result<(), InputError> {
        check_shape("A", &matrix, self.program.num_rows(), self.program.num_columns())?;
        self.program.matrix = matrix;
        self.measured = false;
        Ok(())
    }

    /// The working set that the next solve starts from: members that the problem does not have, or that depend on the ones before,
    /// are passed over.
    pub fn set_working_set(&mut self, working_set: &[Member]) {
        let (m, n) = (self.program.num_rows(), self.program.num_columns());
        let exists = |member: &&Member| match member.part {
            Part::Row(i) => i < m,
            Part::Column(j) => j < n,
        };
        self.start.clear();
        self.start.extend(working_set.iter().filter(exists));
    }
}

impl From<QuadraticProgram> for QpProblem {
    fn from(program: QuadraticProgram) -> Self {
        let active_set = ActiveSet::default();
        Self { program, active_set, factored: None, measured: false, start: Vec::new() }
    }
}

/// Solves min ½xᵀPx + qᵀx over l ≤ Ax ≤ u and bounds once: see [`QpProblem`] for the arguments.
///
/// # Errors
/// See [`QuadraticProgram::new`] and [`QpOptions::validate`].
pub fn solve_qp(
    hessian: Matrix,
    linear: Vec<f64>,
    matrix: Matrix,
    row_bounds: (Vec<f64>, Vec<f64>),
    bounds: (Vec<f64>, Vec<f64>),
    options: &QpOptions,
) -> Result<QpSolution, InputError> {
    options.validate()?;
    Ok(QpProblem::new(hessian, linear, matrix, row_bounds, bounds)?.solve(options))
}

//! First-order residuals and the dual bound of a convex quadratic program, from the data and the answer alone.
//!
//! For min ½xᵀPx + qᵀx over rl ≤ Ax ≤ ru, xl ≤ x ≤ xu the optimum has multipliers y (rows) and z (bounds) with
//! Px + q = Aᵀy + z, each pressing on its lower side if positive and on its upper side if negative.

use serde::Serialize;

use super::box_residuals::larger;
use super::linear_system::{Edge, LinearSystem, Member, Part};
use crate::error::{InputCode, InputError};
use crate::numeric::dd::Dd;
use crate::numeric::matrix::{Matrix, Row};
use crate::numeric::sum::{max_abs, norm_two};

/// The data of min ½xᵀPx + qᵀx over rl ≤ Ax ≤ ru, xl ≤ x ≤ xu; a bound that is not there is ±∞.
#[derive(Debug, Clone)]
pub struct QuadraticProgram {
    pub(crate) hessian: Matrix,
    pub(crate) linear: Vec<f64>,
    pub(crate) matrix: Matrix,
    pub(crate) row_lower: Vec<f64>,
    pub(crate) row_upper: Vec<f64>,
    pub(crate) lower: Vec<f64>,
    pub(crate) upper: Vec<f64>,
}

impl QuadraticProgram {
    /// With P (n × n, symmetric, both triangles), q (n), A (m × n), row bounds (m) and bounds of the variables (n).
    ///
    /// # Errors
    /// A shape that does not fit (`P`, `A`, `l`), an entry that is not finite (`q[3]`), a P that is not symmetric (`P[7][2]`), a bound
    /// that is NaN or infinite on the wrong side (`bounds.lower[2]`). An empty interval is a contradiction to prove, not wrong
    /// input.
    pub fn new(
        hessian: Matrix,
        linear: Vec<f64>,
        matrix: Matrix,
        row_bounds: (Vec<f64>, Vec<f64>),
        bounds: (Vec<f64>, Vec<f64>),
    ) -> Result<Self, InputError> {
        let (m, n) = (matrix.num_rows(), linear.len());
        check_symmetric(&hessian, n)?;
        check_linear(&linear, n)?;
        check_shape("A", &matrix, m, n)?;
        let ((row_lower, row_upper), (lower, upper)) = (row_bounds, bounds);
        check_bounds([("l", &row_lower), ("u", &row_upper)], m)?;
        check_bounds([("bounds.lower", &lower), ("bounds.upper", &upper)], n)?;
        Ok(Self { hessian, linear, matrix, row_lower, row_upper, lower, upper })
    }

    /// Number of rows, m.
    pub fn num_rows(&self) -> usize {
        self.matrix.num_rows()
    }

    /// Number of variables, n.
    pub fn num_columns(&self) -> usize {
        self.linear.len()
    }

    /// P.
    pub fn hessian(&self) -> &Matrix {
        &self.hessian
    }

    /// q.
    pub fn linear(&self) -> &[f64] {
        &self.linear
    }

    /// A.
    pub fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// The interval of a row or variable.
    #[inline]
    pub fn interval(&self, part: Part) -> (f64, f64) {
        match part {
            Part::Row(i) => (self.row_lower[i], self.row_upper[i]),
            Part::Column(j) => (self.lower[j], self.upper[j]),
        }
    }

    /// The bound that a member stands for (±∞ where there is none).
    #[inline]
    pub fn bound(&self, member: Member) -> f64 {
        let (lower, upper) = self.interval(member.part);
        if member.edge == Edge::Lower { lower } else { upper }
    }

    /// Rows, then columns.
    pub fn parts(&self) -> impl Iterator<Item = Part> + use<> {
        (0..self.num_rows()).map(Part::Row).chain((0..self.num_columns()).map(Part::Column))
    }

    /// The first row or variable whose lower side lies above its upper side.
    pub fn empty_interval(&self) -> Option<Part> {
        self.parts().find(|&part| {
            let (lower, upper) = self.interval(part);
            lower > upper
        })
    }

    /// The value of a row or variable in double-double.
    pub fn value_dd(&self, part: Part, x: &[f64]) -> Dd {
        match part {
            Part::Row(i) => self.matrix.row(i).dot_dd(x),
            Part::Column(j) => Dd::from(x[j]),
        }
    }

    /// The constraints alone.
    ///
    /// # Errors
    /// More entries than the indices of a sparse matrix can count.
    pub fn system(&self) -> Result<LinearSystem, InputError> {
        LinearSystem::new(
            self.matrix.to_sparse()?,
            (self.row_lower.clone(), self.row_upper.clone()),
            (self.lower.clone(), self.upper.clone()),
        )
    }

    /// Px + shift·x + linear in double-double.
    pub(crate) fn gradient_dd(&self, shift: f64, linear: &[f64], x: &[f64]) -> Vec<Dd> {
        let gradient = |j: usize| {
            let sum = self.hessian.row(j).dot_dd(x) + Dd::from(linear[j]);
            if shift == 0.0 { sum } else { sum + Dd::product(shift, x[j]) }
        };
        (0..x.len()).map(gradient).collect()
    }
}

/// P is n × n and symmetric.
pub(crate) fn check_symmetric(hessian: &Matrix, n: usize) -> Result<(), InputError> {
    check_shape("P", hessian, n, n)?;
    let fault = |i: usize, j: usize, a: f64, b: f64| {
        let rule = format!("the value of P[{j}][{i}], {b} (P is symmetric)");
        Err(InputError::new(InputCode::OutOfRange, format!("P[{i}][{j}]"), rule, a.to_string()))
    };
    match hessian {
        Matrix::Dense(dense) => {
            let values = dense.values();
            for i in 0..n {
                if let Some(j) = (0..i).find(|&j| values[i * n + j] != values[j * n + i]) {
                    return fault(j, i, values[j * n + i], values[i * n + j]);
                }
            }
        }
        Matrix::Sparse(sparse) => {
            for i in 0..n {
                let ((columns, row), (rows, column)) = (sparse.row(i), sparse.column(i));
                if (columns, row) != (rows, column) {
                    let entry = |indices: &[u32], values: &[f64], j: usize| {
                        indices.binary_search(&(j as u32)).map_or(0.0, |e| values[e])
                    };
                    let mut indices = columns.iter().chain(rows).map(|&j| j as usize);
                    let pair = |j: usize| (entry(columns, row, j), entry(rows, column, j));
                    if let Some(j) = indices.find(|&j| pair(j).0 != pair(j).1) {
                        return fault(i, j, pair(j).0, pair(j).1);
                    }
                }
            }
        }
    }
    Ok(())
}

/// q has length n and is finite.
pub(crate) fn check_linear(linear: &[f64], n: usize) -> Result<(), InputError> {
    if linear.len() != n {
        return Err(InputError::length("q", n, linear.len()));
    }
    match linear.iter().position(|v| !v.is_finite()) {
        Some(k) => Err(InputError::not_finite(format!("q[{k}]"), linear[k])),
        None => Ok(()),
    }
}

/// The matrix is m × n.
pub(crate) fn check_shape(path: &str, matrix: &Matrix, m: usize, n: usize) -> Result<(), InputError> {
    let received = (matrix.num_rows(), matrix.num_columns());
    if received != (m, n) {
        let words = |(rows, columns): (usize, usize)| format!("{rows} rows and {columns} columns");
        return Err(InputError::new(InputCode::Dimension, path, words((m, n)), words(received)));
    }
    Ok(())
}

/// Both sides have the length, and none is NaN or infinite on the wrong side.
pub(crate) fn check_bounds(sides: [(&str, &[f64]); 2], length: usize) -> Result<(), InputError> {
    for ((path, side), wrong) in sides.into_iter().zip([f64::INFINITY, f64::NEG_INFINITY]) {
        if side.len() != length {
            return Err(InputError::length(path, length, side.len()));
        }
        if let Some(i) = side.iter().position(|&b| b.is_nan() || b == wrong) {
            let rule = format!("a number or {}", -wrong);
            return Err(InputError::new(
                InputCode::NotFinite,
                format!("{path}[{i}]"),
                rule,
                side[i].to_string(),
            ));
        }
    }
    Ok(())
}

/// What a point and its multipliers say about optimality; the residuals are all zero exactly at a solution.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuadraticResiduals {
    /// maxⱼ |Px + q − Aᵀy − z|ⱼ.
    pub stationarity: f64,
    /// The largest violation of a row or bound, relative to max(1, |bound|).
    pub feasibility: f64,
    /// max |multiplier|·|distance from the side it presses on|; infinite where that side is not there.
    pub complementarity: f64,
    /// What stationarity is judged against: the largest entry of q, Px, z and |yᵢ|·maxⱼ|Aᵢⱼ|.
    pub scale: f64,
    /// max(1, max|x|): complementarity is judged against this times `scale`.
    pub size: f64,
    /// max(½|xᵀPx| + |qᵀx|, `scale`): what the duality gap is judged against.
    pub gap_scale: f64,
    /// ½xᵀPx + qᵀx.
    pub objective: f64,
    /// −½xᵀPx + Σ yᵢ·(its side) + Σ zⱼ·(its side), for P positive semidefinite a lower bound on the optimum when the stationarity residual r
    /// is zero, and in general on ½x'ᵀPx' + (q − r)ᵀx' over every feasible x'; −∞ where a multiplier presses on no bound.
    pub dual_objective: f64,
}

impl QuadraticResiduals {
    /// Of the point `x` (n) with `row_multipliers` (m) and `bound_multipliers` (n), evaluated in double-double.
    ///
    /// # Panics
    /// If a length does not match the program.
    pub fn new(
        program: &QuadraticProgram,
        x: &[f64],
        row_multipliers: &[f64],
        bound_multipliers: &[f64],
    ) -> Self {
        let (m, n) = (program.num_rows(), program.num_columns());
        assert!(x.len() == n && row_multipliers.len() == m && bound_multipliers.len() == n);
        let mut out = Self { size: max_abs(x).max(1.0), ..Self::default() };
        let pressure = program.matrix.transposed_times_dd(row_multipliers);
        let (mut curved, mut linear) = (Dd::ZERO, Dd::ZERO);
        for j in 0..n {
            let image = program.hessian.row(j).dot_dd(x);
            let (q, z) = (program.linear[j], bound_multipliers[j]);
            curved = curved + image.times(x[j]);
            linear = linear + Dd::product(q, x[j]);
            let residual = image + Dd::from(q) - pressure[j] - Dd::from(z);
            out.stationarity = larger(out.stationarity, residual.to_f64().abs());
            out.scale = out.scale.max(image.to_f64().abs()).max(q.abs()).max(z.abs());
        }
        for (i, y) in row_multipliers.iter().enumerate().filter(|(_, y)| **y != 0.0) {
            out.scale = out.scale.max(y.abs() * program.matrix.row(i).max_abs());
        }
        out.objective = (curved.times(0.5) + linear).to_f64();
        out.gap_scale = out.scale.max(0.5 * curved.to_f64().abs() + linear.to_f64().abs());
        let mut dual = -curved.times(0.5);
        let mut press = |part: Part, value: Dd, multiplier: f64| {
            let (lower, upper) = program.interval(part);
            for (bound, outside) in [(lower, Dd::from(lower) - value), (upper, value - Dd::from(upper))] {
                if bound.is_finite() {
                    let violation = outside.to_f64().max(0.0) / bound.abs().max(1.0);
                    let violation = if value.is_finite() { violation } else { f64::NAN };
                    out.feasibility = larger(out.feasibility, violation);
                }
            }
            if multiplier != 0.0 {
                let side = if multiplier > 0.0 { lower } else { upper };
                let distance =
                    if side.is_finite() { (value - Dd::from(side)).to_f64() } else { f64::INFINITY };
                out.complementarity = larger(out.complementarity, (multiplier * distance).abs());
                dual = if side.is_finite() {
                    dual + Dd::product(multiplier, side)
                } else {
                    Dd::from(f64::NEG_INFINITY)
                };
            }
        };
        let length = norm_two(x);
        for i in 0..m {
            let (part, row) = (Part::Row(i), program.matrix.row(i));
            if row_multipliers[i] != 0.0 || !is_inside(row, program.interval(part), x, length) {
                press(part, program.value_dd(part, x), row_multipliers[i]);
            }
        }
        for j in 0..n {
            press(Part::Column(j), Dd::from(x[j]), bound_multipliers[j]);
        }
        let dual = dual.high + dual.low;
        out.dual_objective = if dual.is_nan() { f64::NEG_INFINITY } else { dual };
        out
    }

    /// max(stationarity / scale, feasibility, complementarity / (scale·size), gap / gap_scale): what is compared with the
    /// tolerance.
    pub fn relative(&self) -> f64 {
        let part = |residual: f64, scale: f64| if residual == 0.0 { 0.0 } else { residual / scale };
        let stationarity = part(self.stationarity, self.scale);
        let complementarity = part(self.complementarity, self.scale * self.size);
        let gap = part(self.gap(), self.gap_scale);
        larger(larger(stationarity, self.feasibility), larger(complementarity, gap))
    }

    /// |objective − dual objective|; infinite where there is none.
    pub fn gap(&self) -> f64 {
        let gap = (self.objective - self.dual_objective).abs();
        if gap.is_nan() { f64::INFINITY } else { gap }
    }

    /// No point at all: every residual infinite.
    pub(crate) fn none() -> Self {
        Self {
            stationarity: f64::INFINITY,
            feasibility: f64::INFINITY,
            complementarity: f64::INFINITY,
            scale: 1.0,
            size: 1.0,
            gap_scale: 1.0,
            objective: f64::NAN,
            dual_objective: f64::NEG_INFINITY,
        }
    }
}

/// True if the row lies inside its interval by more than any rounding of its value in doubles: no more need be known of a row
/// whose multiplier is zero. The error of the sum is below (n + 2)·u·Σ|aⱼxⱼ| ≤ (n + 2)·u·‖a‖·‖x‖, taken twice for the roundings
/// of the norms.
fn is_inside(row: Row<'_>, (lower, upper): (f64, f64), x: &[f64], length: f64) -> bool {
    let value = row.dot(x);
    let error = (x.len() as f64 + 2.0) * f64::EPSILON * row.norm() * length;
    value - error >= lower && value + error <= upper
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> QuadraticProgram {
        let infinite = f64::INFINITY;
        let bounds = (vec![-infinite; 2], vec![infinite, 0.5]);
        let row = Matrix::dense(1, 2, vec![1.0, 1.0]).unwrap();
        let rows = (vec![2.0], vec![infinite]);
        QuadraticProgram::new(Matrix::scaled_identity(2, 1.0), vec![0.0; 2], row, rows, bounds).unwrap()
    }

    #[test]
    fn residuals_vanish_at_the_solution_and_show_faults() {
        // min ½x² + ½y² with x + y ≥ 2, y ≤ 0.5: x = 1.5, y = 0.5, multiplier 1.5 of the row, −1 of the bound.
        let residuals =
            |x: [f64; 2], y: f64, z: f64| QuadraticResiduals::new(&program(), &x, &[y], &[0.0, z]);
        let exact = residuals([1.5, 0.5], 1.5, -1.0);
        assert_eq!((exact.relative(), exact.objective, exact.dual_objective), (0.0, 1.25, 1.25));
        assert_eq!((exact.scale, exact.size, exact.gap_scale), (1.5, 1.5, 1.5));
        assert_eq!(residuals([1.5, 0.5], 1.0, -1.0).stationarity, 0.5);
        assert_eq!(residuals([1.0, 0.5], 1.5, -1.0).feasibility, 0.25);
        let wrong_sign = residuals([1.5, 0.5], -1.5, -1.0);
        assert_eq!(wrong_sign.complementarity, f64::INFINITY);
        assert_eq!(wrong_sign.dual_objective, f64::NEG_INFINITY);
        assert!(residuals([f64::NAN, 0.5], 1.5, -1.0).relative().is_nan());
        assert!(QuadraticResiduals::none().relative().is_infinite());
    }

    #[test]
    fn weak_duality_brackets_the_optimum() {
        // Feasible point, multipliers with stationarity 0 but not complementary: dual ≤ 1.25 ≤ primal.
        let loose = QuadraticResiduals::new(&program(), &[2.0, 0.5], &[2.0], &[0.0, -1.5]);
        assert_eq!(loose.stationarity, 0.0);
        assert_eq!(loose.gap(), loose.objective - loose.dual_objective);
        assert!(loose.relative() >= loose.gap() / 4.0);
        assert!(loose.dual_objective <= 1.25 && loose.objective >= 1.25);
    }

    #[test]
    fn bad_input_is_named() {
        let path = |p: Matrix, q: Vec<f64>, a: Matrix, l: Vec<f64>, u: Vec<f64>| {
            let bounds = (vec![f64::NEG_INFINITY; 2], vec![f64::INFINITY; 2]);
            QuadraticProgram::new(p, q, a, (l, u), bounds).unwrap_err().path
        };
        let identity = || Matrix::scaled_identity(2, 1.0);
        let row = || Matrix::dense(1, 2, vec![1.0, 1.0]).unwrap();
        let skew = Matrix::dense(2, 2, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(path(Matrix::scaled_identity(3, 1.0), vec![0.0; 2], row(), vec![0.0], vec![0.0]), "P");
        assert_eq!(path(skew.clone(), vec![0.0; 2], row(), vec![0.0], vec![0.0]), "P[0][1]");
        let skew = Matrix::from(skew.to_sparse().unwrap());
        assert_eq!(path(skew, vec![0.0; 2], row(), vec![0.0], vec![0.0]), "P[0][1]");
        assert_eq!(path(identity(), vec![0.0, f64::NAN], row(), vec![0.0], vec![0.0]), "q[1]");
        assert_eq!(
            path(identity(), vec![0.0; 2], Matrix::scaled_identity(3, 1.0), vec![0.0; 3], vec![0.0; 3]),
            "A"
        );
        assert_eq!(path(identity(), vec![0.0; 2], row(), vec![], vec![0.0]), "l");
        assert_eq!(path(identity(), vec![0.0; 2], row(), vec![0.0], vec![f64::NEG_INFINITY]), "u[0]");
    }
}

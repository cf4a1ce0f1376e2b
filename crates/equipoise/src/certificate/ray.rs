//! Checks that a convex quadratic program decreases without end along a ray.
//!
//! From any feasible x the points x + td, t ≥ 0, stay feasible and ½xᵀPx + qᵀx falls without limit if Pd = 0, qᵀd < 0, aᵢᵀd ≥ 0 where
//! row i has a lower side and ≤ 0 where it has an upper one, and likewise dⱼ with the bounds of xⱼ.

use super::box_residuals::larger;
use super::linear_system::Part;
use super::quadratic::QuadraticProgram;
use crate::numeric::matrix::Row;
use crate::numeric::sum::max_abs;

/// What a ray is worth, for max|d| = 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RayCheck {
    /// −qᵀd: the fall of the objective per unit of t.
    pub descent: f64,
    /// max |Pd|; 0 exactly where the ray is one without any tolerance.
    pub curvature: f64,
    /// The largest part of the ray that leaves a side of a row or bound, the row's entries having size 1; likewise.
    pub violation: f64,
    /// True if the descent is positive beyond the tolerance, and curvature and violation are within it.
    pub proven: bool,
}

/// Checks the ray `d` (n) of a program whose constraints are feasible.
///
/// # Panics
/// If the length does not match the program.
pub fn check_ray(program: &QuadraticProgram, d: &[f64], tolerance: f64) -> RayCheck {
    let n = program.num_columns();
    assert!(d.len() == n);
    let largest = max_abs(d);
    let size = if largest > 0.0 && largest.is_finite() { largest } else { f64::NAN };
    let dot = |row: Row<'_>| row.dot_dd(d).to_f64() / size;
    let curvature = (0..n).map(|i| dot(program.hessian().row(i)).abs()).fold(0.0, larger);
    let mut violation = 0.0;
    for part in program.parts() {
        let (value, entry) = match part {
            Part::Row(i) => (dot(program.matrix().row(i)), program.matrix().row(i).max_abs()),
            Part::Column(j) => (d[j] / size, 1.0),
        };
        let value = value / entry.max(f64::MIN_POSITIVE);
        let (lower, upper) = program.interval(part);
        let below = if lower.is_finite() { -value } else { 0.0 };
        let above = if upper.is_finite() { value } else { 0.0 };
        violation = larger(violation, if value.is_nan() { value } else { below.max(above).max(0.0) });
    }
    let descent = -dot(Row::Dense(program.linear()));
    let proven = descent > tolerance * max_abs(program.linear())
        && curvature <= tolerance * program.hessian().max_abs().max(f64::MIN_POSITIVE)
        && violation <= tolerance;
    RayCheck { descent, curvature, violation, proven }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::matrix::Matrix;

    #[test]
    fn only_a_ray_passes() {
        // ½x² − y over x − y ≤ 3, 0 ≤ x ≤ 40, y ≥ 0: along (0, 1) without end.
        let infinite = f64::INFINITY;
        let row = Matrix::dense(1, 2, vec![1.0, -1.0]).unwrap();
        let hessian = Matrix::dense(2, 2, vec![1.0, 0.0, 0.0, 0.0]).unwrap();
        let bounds = (vec![0.0; 2], vec![40.0, infinite]);
        let rows = (vec![-infinite], vec![3.0]);
        let program = QuadraticProgram::new(hessian, vec![0.0, -1.0], row, rows, bounds).unwrap();
        let check = |d: [f64; 2]| check_ray(&program, &d, 1e-9);
        let ray = check([0.0, 2.0]);
        assert!(ray.proven);
        assert_eq!((ray.descent, ray.curvature, ray.violation), (1.0, 0.0, 0.0));
        assert!(!check([1.0, 1.0]).proven, "curved, and x is bounded");
        assert!(!check([0.0, -1.0]).proven, "uphill");
        assert!(!check([0.0, 0.0]).proven);
        assert!(!check([f64::NAN, 1.0]).proven);
        assert!(!check([1e-3, 1.0]).proven);
    }
}

//! Checks that a convex quadratic program decreases without end along a ray.
//!
//! From any feasible x the points x + td, t ≥ 0, stay feasible and ½xᵀPx + qᵀx falls without limit if Pd = 0, qᵀd < 0, aᵢᵀd ≥ 0 where
//! row i has a lower side and ≤ 0 where it has an upper one, and likewise dⱼ with the bounds of xⱼ.

use super::box_residuals::larger;
use super::linear_system::{Edge, LinearSystem, Part};
use crate::numeric::dd::{Accumulator, Dd};
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

/// Checks the ray `d` (n) of ½xᵀPx + qᵀx over a feasible system; `hessian` is P (n × n, row-major).
///
/// # Panics
/// If a length does not match the system.
pub fn check_ray(
    hessian: &[f64],
    linear: &[f64],
    system: &LinearSystem,
    d: &[f64],
    tolerance: f64,
) -> RayCheck {
    let n = system.num_columns();
    assert!(hessian.len() == n * n && linear.len() == n && d.len() == n);
    let largest = max_abs(d);
    let size = if largest > 0.0 && largest.is_finite() { largest } else { f64::NAN };
    let dot = |a: &[f64]| -> f64 {
        let mut sum = Accumulator::default();
        a.iter().zip(d).for_each(|(&a, &d)| sum.add_product(a, d, 0.0));
        sum.value().to_f64() / size
    };
    let rows = (0..n).map(|i| &hessian[i * n..(i + 1) * n]);
    let curvature = rows.map(|row| dot(row).abs()).fold(0.0, larger);
    let mut violation = 0.0;
    for member in system.members() {
        let (value, entry) = match member.part {
            Part::Row(i) => (system.row_value(i, d), max_abs(system.matrix.row(i).1)),
            Part::Column(j) => (Dd::from(d[j]), 1.0),
        };
        let value = value.to_f64() / (size * entry.max(f64::MIN_POSITIVE));
        violation = larger(violation, if member.edge == Edge::Lower { -value } else { value }.max(0.0));
    }
    let descent = -dot(linear);
    let proven = descent > tolerance * max_abs(linear)
        && curvature <= tolerance * max_abs(hessian).max(f64::MIN_POSITIVE)
        && violation <= tolerance;
    RayCheck { descent, curvature, violation, proven }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::sparse::SparseMatrix;

    #[test]
    fn only_a_ray_passes() {
        // ½x² − y over x − y ≤ 3, 0 ≤ x ≤ 40, y ≥ 0: along (0, 1) without end.
        let infinite = f64::INFINITY;
        let matrix = SparseMatrix::from_dense_columns(1, [&[1.0][..], &[-1.0]]).unwrap();
        let bounds = (vec![0.0; 2], vec![40.0, infinite]);
        let system = LinearSystem::new(matrix, (vec![-infinite], vec![3.0]), bounds).unwrap();
        let check = |d: [f64; 2]| check_ray(&[1.0, 0.0, 0.0, 0.0], &[0.0, -1.0], &system, &d, 1e-9);
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

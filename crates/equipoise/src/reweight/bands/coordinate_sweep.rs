//! Exact minimisation of the dual in one coordinate at a time, over the columns with few records.
//!
//! Targets that few records count for make φ turn sharply along their coordinate; a sweep after a shortened step settles
//! them at almost no cost.

use super::form::BandForm;
use super::proximal_newton::Stage;
use crate::numeric::sparse::SparseMatrix;

/// Columns with at most this many records are swept.
const SPARSE: usize = 5;
const MAX_ROOT_STEPS: usize = 60;

/// The dual point and the records' state that moves with it.
pub(super) struct Point<'a> {
    pub dual: &'a mut [f64],
    /// zᵢ − 1
    pub unclipped: &'a mut [f64],
    pub inverse_scale: &'a [f64],
}

/// The columns that [`sweep`] visits.
pub(super) fn sparse_columns(matrix: &SparseMatrix) -> Vec<usize> {
    (0..matrix.num_columns()).filter(|&j| matrix.column(j).0.len() <= SPARSE).collect()
}

/// One pass over `columns`, each coordinate moved to its minimum.
pub(super) fn sweep(form: &BandForm<'_>, stage: &Stage, columns: &[usize], point: Point<'_>) {
    let Point { dual, unclipped, inverse_scale } = point;
    let problem = form.problem;
    for &j in columns {
        let (rows, values) = problem.matrix.column(j);
        let s = inverse_scale[j];
        let records = rows.iter().zip(values);
        // Slope and curvature of the smooth part of φ at yⱼ + δ.
        let derivatives = |delta: f64| {
            let ridge = 0.5 / stage.elastic[j];
            let (mut slope, mut curvature) = (ridge * (dual[j] + delta), ridge);
            for (&i, a) in records.clone() {
                let i = i as usize;
                let (lower, upper) = problem.bounds.of(i);
                let b = problem.design_weights[i] * a * s;
                let z = 1.0 + (unclipped[i] - delta * form.ratio(i) * a * s);
                slope -= b * z.clamp(lower, upper);
                if lower < z && z < upper {
                    curvature += b * form.ratio(i) * a * s;
                }
            }
            (slope, curvature)
        };
        let delta = coordinate_minimum(dual[j], stage.lower[j], stage.upper[j], derivatives);
        if delta != 0.0 {
            for (&i, a) in records {
                unclipped[i as usize] -= delta * form.ratio(i as usize) * a * s;
            }
            dual[j] += delta;
        }
    }
}

/// The δ that minimises φ along one coordinate: exactly −y where the kink holds it.
fn coordinate_minimum(y: f64, lower: f64, upper: f64, derivatives: impl Fn(f64) -> (f64, f64)) -> f64 {
    let at_kink = -derivatives(-y).0;
    if (lower..=upper).contains(&at_kink) {
        return -y;
    }
    let upward = at_kink > upper;
    let edge = if upward { upper } else { lower };
    let mut bracket = if upward { (-y, f64::INFINITY) } else { (f64::NEG_INFINITY, -y) };
    let mut delta = if (y > 0.0) == upward && y != 0.0 { 0.0 } else { -y };
    for _ in 0..MAX_ROOT_STEPS {
        let (slope, curvature) = derivatives(delta);
        let slope = slope + edge;
        if slope == 0.0 {
            break;
        }
        if slope < 0.0 {
            bracket.0 = delta;
        } else {
            bracket.1 = delta;
        }
        let mut next = delta - slope / curvature;
        if !(bracket.0 < next && next < bracket.1) {
            next = if bracket.0.is_finite() && bracket.1.is_finite() {
                0.5 * (bracket.0 + bracket.1)
            } else {
                next.clamp(bracket.0, bracket.1)
            };
        }
        if (next - delta).abs() <= 1e-13 * (1.0 + (y + delta).abs()) {
            return next;
        }
        delta = next;
    }
    delta
}

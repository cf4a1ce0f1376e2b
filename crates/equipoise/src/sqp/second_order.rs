//! The second-order correction: a step back onto curved constraints after a full step that left them.
//!
//! p = argmin ‖p‖ with A_W p = −c_W(x + d) for the working set W, bounds of W held. It undoes the second-order error of the
//! linearisation, without which the merit function may refuse every full step (Maratos effect).
//!
//! Source: R. Fletcher, Lecture Notes in Mathematics 912 (1982) 85–114; J. Nocedal, S. J. Wright (2006) (18.36).

use super::evaluation::Point;
use super::row_basis::RowBasis;
use super::subproblem::{Direction, rows_and_bounds};

/// d + p clipped to [lower, upper] (n each, relative to x); `c_trial` is c(x + d).
pub(super) fn corrected(
    point: &Point,
    direction: &Direction,
    c_trial: &[f64],
    lower: &[f64],
    upper: &[f64],
) -> Vec<f64> {
    let n = point.x.len();
    let (rows, free) = rows_and_bounds(&direction.working_set, n);
    let basis = RowBasis::new(rows.iter().map(|&i| point.row(i)), &free);
    let right: Vec<f64> = rows.iter().map(|&i| -c_trial[i]).collect();
    let p = basis.minimum_norm(&right, n);
    (0..n).map(|j| (direction.d[j] + p[j]).max(lower[j]).min(upper[j])).collect()
}

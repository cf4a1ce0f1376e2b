//! The general rung: the band form as a sparse quadratic program for the interior-point solver Clarabel.
//!
//! Variables (m, a, e) with a = Bᵀm as equality rows and e the slack of the elastic bands:
//!
//! ```text
//! min Σ dᵢ(mᵢ − 1)² + Σ Mⱼeⱼ²    subject to  Bᵀm − a = 0,  lb ≤ a − e ≤ ub,  lo ≤ m ≤ hi
//! ```

use clarabel::algebra::CscMatrix;

use super::form::BandForm;
use crate::control::{Control, IterationRecord};
use crate::numeric::dd::Dd;
use crate::reweight::interior_point::{self, ConvexProgram};
use crate::status::Status;

/// What Clarabel returned: multipliers clipped into their bounds and v = y ⊘ s.
pub(super) struct Solution {
    pub multipliers: Vec<f64>,
    pub dual: Vec<Dd>,
    /// How its loop ended, before the certificate has spoken.
    pub end: Status,
    pub message: String,
    pub iterations: u32,
    pub history: Vec<IterationRecord>,
}

pub(super) fn solve(
    form: &BandForm<'_>,
    iteration_limit: u32,
    threads: usize,
    control: &Control,
) -> Solution {
    let (n, k) = (form.num_records(), form.num_targets());
    let bounds = &form.problem.bounds;
    match interior_point::solve(&program(form), iteration_limit, threads, control) {
        Ok(solution) => Solution {
            multipliers: bounds.clip(&solution.x[..n]),
            dual: (0..k).map(|j| dual(form, &solution.z, j)).collect(),
            end: solution.end(),
            message: solution.message,
            iterations: solution.record.iteration,
            history: vec![solution.record],
        },
        Err(message) => Solution {
            multipliers: bounds.clip(&vec![1.0; n]),
            dual: vec![Dd::ZERO; k],
            end: Status::NumericalFailure,
            message,
            iterations: 0,
            history: Vec::new(),
        },
    }
}

/// vⱼ: the multiplier of the upper edge less that of the lower one, in units of the total.
fn dual(form: &BandForm<'_>, z: &[f64], j: usize) -> Dd {
    let k = form.num_targets();
    let y = z[k + j] - z[2 * k + j];
    if y.is_finite() { Dd::from(y).over(form.scale[j]) } else { Dd::ZERO }
}

fn program(form: &BandForm<'_>) -> ConvexProgram {
    let (n, k) = (form.num_records(), form.num_targets());
    let slacks: Vec<(usize, f64)> =
        form.elastic.iter().enumerate().filter_map(|(j, m)| m.map(|m| (j, m))).collect();
    let size = n + k + slacks.len();
    let (mut starts, mut rows, mut diagonal) = (vec![0], Vec::new(), Vec::new());
    for variable in 0..size {
        if !(n..n + k).contains(&variable) {
            rows.push(variable);
            diagonal.push(
                2.0 * if variable < n { form.distance_weight(variable) } else { slacks[variable - n - k].1 },
            );
        }
        starts.push(rows.len());
    }
    let (constraints, right_side) = constraints(form, &slacks);
    ConvexProgram {
        hessian: CscMatrix::new(size, size, starts, rows, diagonal),
        linear: (0..size).map(|v| if v < n { -2.0 * form.distance_weight(v) } else { 0.0 }).collect(),
        constraints,
        right_side,
        num_equalities: k,
    }
}

/// Rows [Bᵀ −I 0; 0 I −I; 0 −I I; −I 0 0; I 0 0] and right side [0; ub; −lb; −lo; hi].
fn constraints(form: &BandForm<'_>, slacks: &[(usize, f64)]) -> (CscMatrix<f64>, Vec<f64>) {
    let (n, k) = (form.num_records(), form.num_targets());
    let problem = form.problem;
    let (mut starts, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
    for i in 0..n {
        let (columns, entries) = problem.matrix.row(i);
        for (&j, a) in columns.iter().zip(entries) {
            rows.push(j as usize);
            values.push(problem.design_weights[i] * a / form.scale[j as usize]);
        }
        rows.extend([3 * k + i, 3 * k + n + i]);
        values.extend([-1.0, 1.0]);
        starts.push(rows.len());
    }
    for j in 0..k {
        rows.extend([j, k + j, 2 * k + j]);
        values.extend([-1.0, 1.0, -1.0]);
        starts.push(rows.len());
    }
    for &(j, _) in slacks {
        rows.extend([k + j, 2 * k + j]);
        values.extend([-1.0, 1.0]);
        starts.push(rows.len());
    }
    let right_side = std::iter::repeat_n(0.0, k)
        .chain(form.upper.iter().map(|e| e.value.to_f64()))
        .chain(form.lower.iter().map(|e| -e.value.to_f64()))
        .chain((0..n).map(|i| -problem.bounds.of(i).0))
        .chain((0..n).map(|i| problem.bounds.of(i).1))
        .collect();
    (CscMatrix::new(3 * k + 2 * n, n + k + slacks.len(), starts, rows, values), right_side)
}

//! The general rung: the penalty form as a sparse quadratic program for the interior-point solver Clarabel.
//!
//! Variables (m, r) with r = Bᵀm − c as equality rows, so that the Hessian stays diagonal:
//!
//! ```text
//! min (‖r‖² + Σ λᵢ(mᵢ − 1)²)/L₀    subject to  Bᵀm − r = c,  lo ≤ m ≤ hi
//! ```

use clarabel::algebra::CscMatrix;

use super::interior_point::{self, ConvexProgram};
use super::penalty::PenaltyForm;
use super::solve::RungOutcome;
use crate::control::Control;
use crate::status::Status;

pub(super) fn solve(
    form: &PenaltyForm<'_>,
    iteration_limit: u32,
    threads: usize,
    control: &Control,
) -> RungOutcome {
    let n = form.num_records();
    let bounds = &form.problem.bounds;
    match interior_point::solve(&program(form), iteration_limit, threads, control) {
        Ok(solution) => RungOutcome {
            multipliers: bounds.clip(&solution.x[..n]),
            end: solution.end(),
            message: solution.message,
            iterations: solution.record.iteration,
            history: vec![solution.record],
        },
        Err(message) => RungOutcome {
            multipliers: bounds.clip(&vec![1.0; n]),
            end: Status::NumericalFailure,
            message,
            iterations: 0,
            history: Vec::new(),
        },
    }
}

fn program(form: &PenaltyForm<'_>) -> ConvexProgram {
    let (n, k) = (form.num_records(), form.num_targets());
    let loss = form.moments.initial_loss.to_f64();
    let lambda: Vec<f64> = (0..n).map(|i| form.lambda(i) / loss).collect();
    let diagonal = lambda.iter().map(|l| 2.0 * l).chain(std::iter::repeat_n(2.0 / loss, k)).collect();
    let (constraints, right_side) = constraints(form);
    ConvexProgram {
        hessian: CscMatrix::new(n + k, n + k, (0..=n + k).collect(), (0..n + k).collect(), diagonal),
        linear: lambda.iter().map(|l| -2.0 * l).chain(std::iter::repeat_n(0.0, k)).collect(),
        constraints,
        right_side,
        num_equalities: k,
    }
}

/// Rows [Bᵀ −I; −I 0; I 0] and right side [c; −lo; hi].
fn constraints(form: &PenaltyForm<'_>) -> (CscMatrix<f64>, Vec<f64>) {
    let (n, k) = (form.num_records(), form.num_targets());
    let problem = form.problem;
    let (mut starts, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
    for i in 0..n {
        let (columns, entries) = problem.matrix.row(i);
        for (&j, a) in columns.iter().zip(entries) {
            rows.push(j as usize);
            values.push(problem.design_weights[i] * a / form.moments.scale[j as usize].to_f64());
        }
        rows.extend([k + i, k + n + i]);
        values.extend([-1.0, 1.0]);
        starts.push(rows.len());
    }
    for j in 0..k {
        rows.push(j);
        values.push(-1.0);
        starts.push(rows.len());
    }
    let right_side = (form.moments.c.iter().map(|c| c.to_f64()))
        .chain((0..n).map(|i| -problem.bounds.of(i).0))
        .chain((0..n).map(|i| problem.bounds.of(i).1))
        .collect();
    (CscMatrix::new(k + 2 * n, n + k, starts, rows, values), right_side)
}

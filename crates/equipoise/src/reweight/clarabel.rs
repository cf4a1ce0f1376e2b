//! The general rung: the penalty form as a sparse quadratic program for the interior-point solver Clarabel.
//!
//! Variables (m, r) with r = Bᵀm − c as equality rows, so that the Hessian stays diagonal:
//!
//! ```text
//! min (‖r‖² + Σ λᵢ(mᵢ − 1)²)/L₀    subject to  Bᵀm − r = c,  lo ≤ m ≤ hi
//! ```
//!
//! Source: P. J. Goulart, Y. Chen, Clarabel: an interior-point solver for conic programs with quadratic objectives (2024).

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettingsBuilder, DefaultSolver, IPSolver, SolverStatus, SupportedConeT};

use super::penalty::PenaltyForm;
use super::solve::{RungEnd, RungOutcome};
use crate::control::{Control, IterationRecord};

pub(super) fn solve(
    form: &PenaltyForm<'_>,
    iteration_limit: u32,
    threads: usize,
    control: &Control,
) -> RungOutcome {
    let (n, k) = (form.num_records(), form.num_targets());
    let loss = form.moments.initial_loss.to_f64();
    let lambda: Vec<f64> = (0..n).map(|i| form.lambda(i) / loss).collect();
    let diagonal: Vec<f64> =
        lambda.iter().map(|l| 2.0 * l).chain(std::iter::repeat_n(2.0 / loss, k)).collect();
    let hessian = CscMatrix::new(n + k, n + k, (0..=n + k).collect(), (0..n + k).collect(), diagonal);
    let linear: Vec<f64> = lambda.iter().map(|l| -2.0 * l).chain(std::iter::repeat_n(0.0, k)).collect();
    let (constraints, right_side) = constraints(form);
    let cones = [SupportedConeT::ZeroConeT(k), SupportedConeT::NonnegativeConeT(2 * n)];
    let failed = |message: String| RungOutcome {
        multipliers: clipped(form, &vec![1.0; n]),
        end: RungEnd::Failed,
        message,
        iterations: 0,
        history: Vec::new(),
    };
    let mut settings = DefaultSettingsBuilder::default();
    settings.verbose(false).max_iter(iteration_limit).max_threads(threads as u32);
    if let Some(seconds) = control.seconds_left() {
        settings.time_limit(seconds);
    }
    let settings = match settings.build() {
        Ok(settings) => settings,
        Err(error) => return failed(format!("Clarabel refused its settings: {error}")),
    };
    let mut solver = match DefaultSolver::new(&hessian, &linear, &constraints, &right_side, &cones, settings)
    {
        Ok(solver) => solver,
        Err(error) => return failed(format!("Clarabel refused the problem: {error}")),
    };
    let stop = control.clone();
    solver.set_termination_callback(move |_| stop.must_stop());
    solver.solve();
    let solution = &solver.solution;
    let end = match solution.status {
        SolverStatus::Solved | SolverStatus::AlmostSolved => RungEnd::Finished,
        SolverStatus::MaxIterations => RungEnd::IterationLimit,
        SolverStatus::MaxTime | SolverStatus::CallbackTerminated => RungEnd::Cancelled,
        _ => RungEnd::Failed,
    };
    let record = IterationRecord {
        method: "clarabel".into(),
        iteration: solution.iterations,
        residual: solution.r_prim.max(solution.r_dual),
        objective: Some(solution.obj_val),
        step_length: 1.0,
        num_free: 0,
        num_changed: 0,
    };
    control.report(&record);
    RungOutcome {
        multipliers: clipped(form, &solution.x[..n]),
        end,
        message: format!("Clarabel ended with status {:?}", solution.status),
        iterations: solution.iterations,
        history: vec![record],
    }
}

/// An interior point is inside only up to its tolerance; the answer must respect the bounds.
fn clipped(form: &PenaltyForm<'_>, multipliers: &[f64]) -> Vec<f64> {
    multipliers
        .iter()
        .enumerate()
        .map(|(i, m)| {
            let (lower, upper) = form.problem.bounds.of(i);
            if m.is_finite() { m.clamp(lower, upper) } else { 1.0f64.clamp(lower, upper) }
        })
        .collect()
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

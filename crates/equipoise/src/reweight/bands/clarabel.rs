//! The general rung: the band form as a sparse quadratic program for the interior-point solver Clarabel.
//!
//! Variables (m, a, e) with a = Bᵀm as equality rows and e the slack of the elastic bands:
//!
//! ```text
//! min Σ dᵢ(mᵢ − 1)² + Σ Mⱼeⱼ²    subject to  Bᵀm − a = 0,  lb ≤ a − e ≤ ub,  lo ≤ m ≤ hi
//! ```
//!
//! Source: P. J. Goulart, Y. Chen, Clarabel: an interior-point solver for conic programs with quadratic objectives (2024).

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettingsBuilder, DefaultSolver, IPSolver, SolverStatus, SupportedConeT};

use super::form::BandForm;
use crate::control::{Control, IterationRecord};
use crate::numeric::dd::Dd;
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
    let hessian = CscMatrix::new(size, size, starts, rows, diagonal);
    let linear: Vec<f64> =
        (0..size).map(|v| if v < n { -2.0 * form.distance_weight(v) } else { 0.0 }).collect();
    let (constraints, right_side) = constraints(form, &slacks);
    let cones = [SupportedConeT::ZeroConeT(k), SupportedConeT::NonnegativeConeT(2 * k + 2 * n)];
    let failed = |message: String| Solution {
        multipliers: clipped(form, &vec![1.0; n]),
        dual: vec![Dd::ZERO; k],
        end: Status::NumericalFailure,
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
        SolverStatus::Solved
        | SolverStatus::AlmostSolved
        | SolverStatus::PrimalInfeasible
        | SolverStatus::AlmostPrimalInfeasible => Status::NotCertified,
        SolverStatus::MaxIterations => Status::IterationLimit,
        SolverStatus::MaxTime | SolverStatus::CallbackTerminated => Status::Cancelled,
        _ => Status::NumericalFailure,
    };
    let record = IterationRecord {
        method: "clarabel".into(),
        iteration: solution.iterations,
        residual: solution.r_dual,
        objective: Some(solution.obj_val),
        step_length: 1.0,
        num_free: 0,
        num_changed: 0,
    };
    control.report(&record);
    let dual = (0..k)
        .map(|j| {
            let y = solution.z[k + j] - solution.z[2 * k + j];
            if y.is_finite() { Dd::from(y).over(form.scale[j]) } else { Dd::ZERO }
        })
        .collect();
    Solution {
        multipliers: clipped(form, &solution.x[..n]),
        dual,
        end,
        message: format!("Clarabel ended with status {:?}", solution.status),
        iterations: solution.iterations,
        history: vec![record],
    }
}

/// An interior point is inside only up to its tolerance; the answer must respect the bounds.
fn clipped(form: &BandForm<'_>, multipliers: &[f64]) -> Vec<f64> {
    multipliers
        .iter()
        .enumerate()
        .map(|(i, m)| {
            let (lower, upper) = form.problem.bounds.of(i);
            if m.is_finite() { m.clamp(lower, upper) } else { 1.0f64.clamp(lower, upper) }
        })
        .collect()
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

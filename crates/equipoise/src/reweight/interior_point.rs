//! Clarabel's interior point on a convex quadratic program: its settings, its limits and the ways it ends, for the rungs of
//! the penalty and band forms.
//!
//! Source: P. J. Goulart, Y. Chen, Clarabel: an interior-point solver for conic programs with quadratic objectives (2024).

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettingsBuilder, DefaultSolver, IPSolver, SolverStatus, SupportedConeT};

use crate::control::{Control, IterationRecord};
use crate::status::Status;

/// min ½xᵀPx + qᵀx subject to Ax = b in the first rows and Ax ≤ b in the others.
pub(super) struct ConvexProgram {
    /// P, upper triangle (n × n).
    pub hessian: CscMatrix<f64>,
    /// q (n).
    pub linear: Vec<f64>,
    /// A (m × n).
    pub constraints: CscMatrix<f64>,
    /// b (m).
    pub right_side: Vec<f64>,
    /// Rows of A that are equations.
    pub num_equalities: usize,
}

/// What Clarabel returned; nothing of it is believed before it is checked.
pub(super) struct InteriorPoint {
    /// The point (n).
    pub x: Vec<f64>,
    /// Multipliers of the rows (m).
    pub z: Vec<f64>,
    /// Its own word.
    pub status: SolverStatus,
    /// The same in a sentence.
    pub message: String,
    /// Its iterations as one record.
    pub record: IterationRecord,
}

impl InteriorPoint {
    /// How its loop ended, before a certificate has spoken.
    pub fn end(&self) -> Status {
        match self.status {
            SolverStatus::Solved
            | SolverStatus::AlmostSolved
            | SolverStatus::PrimalInfeasible
            | SolverStatus::AlmostPrimalInfeasible => Status::NotCertified,
            SolverStatus::MaxIterations => Status::IterationLimit,
            SolverStatus::MaxTime | SolverStatus::CallbackTerminated => Status::Cancelled,
            _ => Status::NumericalFailure,
        }
    }
}

/// Runs it on `threads` threads (0: as it likes) until it stops by itself, or the control says so.
///
/// # Errors
/// Clarabel's reason, where it refuses the program.
pub(super) fn solve(
    program: &ConvexProgram,
    iteration_limit: u32,
    threads: usize,
    control: &Control,
) -> Result<InteriorPoint, String> {
    let ConvexProgram { hessian, linear, constraints, right_side, num_equalities } = program;
    let cones = [
        SupportedConeT::ZeroConeT(*num_equalities),
        SupportedConeT::NonnegativeConeT(right_side.len() - num_equalities),
    ];
    let mut settings = DefaultSettingsBuilder::default();
    settings.verbose(false).max_iter(iteration_limit).max_threads(threads as u32);
    if let Some(seconds) = control.seconds_left() {
        settings.time_limit(seconds);
    }
    let settings = settings.build().map_err(|error| format!("Clarabel refused its settings: {error}"))?;
    let mut solver = DefaultSolver::new(hessian, linear, constraints, right_side, &cones, settings)
        .map_err(|error| format!("Clarabel refused the problem: {error}"))?;
    let stop = control.clone();
    solver.set_termination_callback(move |_| stop.must_stop());
    solver.solve();
    let solution = solver.solution;
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
    let message = format!("Clarabel ended with status {:?}", solution.status);
    Ok(InteriorPoint { x: solution.x, z: solution.z, status: solution.status, message, record })
}

//! Runs a solver of `smooth` on a problem and looks on after every iteration.

use argmin::core::{Error, IterState, Problem, Solver, State, TerminationReason, TerminationStatus};

/// argmin's state over vectors.
pub(super) type VectorState<H> = IterState<Vec<f64>, Vec<f64>, (), H, (), f64>;

/// Runs `solver` from `start`, as argmin's executor does. `look` sees the solver and its state at the start and after every iteration, and
/// ends the run when it returns true.
pub(super) fn drive<O, S, H>(
    solver: &mut S,
    problem: O,
    start: &[f64],
    max_iter: usize,
    look: &mut dyn FnMut(&S, &VectorState<H>) -> bool,
) -> Result<VectorState<H>, Error>
where
    S: Solver<O, VectorState<H>>,
    VectorState<H>: State<Param = Vec<f64>, Float = f64>,
{
    let mut problem = Problem::new(problem);
    let state = VectorState::<H>::new().param(start.to_vec()).max_iters(max_iter as u64);
    let (mut state, _) = solver.init(&mut problem, state)?;
    state.update();
    loop {
        if look(solver, &state) {
            return Ok(state.terminate_with(TerminationReason::SolverExit("stationary".to_owned())));
        }
        if state.terminated() {
            return Ok(state);
        }
        if let TerminationStatus::Terminated(reason) = solver.terminate_internal(&state) {
            return Ok(state.terminate_with(reason));
        }
        let (next, _) = solver.next_iter(&mut problem, state)?;
        state = next;
        state.update();
        state.increment_iter();
    }
}

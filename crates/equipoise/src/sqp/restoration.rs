//! The feasibility phase: where a run gives up at a point that violates constraints, Σ violations alone is minimised from there.
//!
//! min Σt over cₑ(x) + p − q = 0, cᵢ(x) + t ≥ 0, lower ≤ x ≤ upper, t, p, q ≥ 0 is feasible at every x, so that the solver itself
//! solves it. Its certificate proves a stationary point of the violation, or there is a feasible point to start from again.

use super::evaluation::{Evaluator, Point};
use super::functions::{Functions, Provides, SqpError, UserError};
use super::merit::Merit;
use super::multipliers::Multipliers;
use super::options::SqpOptions;
use super::problem::SqpProblem;
use super::progress::Progress;
use super::run::Run;
use super::status::SqpStatus;
use super::{choices::Scaling, infeasibility, termination};

/// Variables up to which the phase is run.
const LARGEST: usize = 500;
/// Relative stationarity of the violation that counts.
const STATIONARY: f64 = 1e-6;
/// Steps of the phase.
const STEPS: u64 = 300;

/// Σ violations as a problem of its own: x, then a slack for each inequality, then two for each equality.
struct Violations<'r, 'f> {
    evaluator: &'r mut Evaluator<'f>,
    point: Point,
    num_equalities: usize,
}

impl Violations<'_, '_> {
    /// The slack variables of constraint i with their signs.
    fn slacks(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + use<> {
        let (n, m, equalities) = (self.point.x.len(), self.point.c.len(), self.num_equalities);
        let first = if i < equalities { n + m - equalities + 2 * i } else { n + i - equalities };
        [(first, 1.0), (first + 1, -1.0)].into_iter().take(if i < equalities { 2 } else { 1 })
    }

    fn set_point(&mut self, z: &[f64]) {
        let n = self.point.x.len();
        self.point.x.copy_from_slice(&z[..n]);
    }
}

impl Functions for Violations<'_, '_> {
    fn provides(&self) -> Provides {
        let linear_constraints = self.evaluator.provides().linear_constraints;
        Provides { gradient: true, jacobian: true, linear_constraints, ..Provides::default() }
    }

    fn objective(&mut self, z: &[f64]) -> Result<f64, UserError> {
        Ok(z[self.point.x.len()..].iter().sum())
    }

    fn gradient(&mut self, _: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        let (of_x, of_slacks) = out.split_at_mut(self.point.x.len());
        of_x.fill(0.0);
        of_slacks.fill(1.0);
        Ok(())
    }

    fn constraints(
        &mut self,
        z: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        self.set_point(z);
        self.evaluator.constraints(&mut self.point).map_err(SqpError::into_user)?;
        for (i, out) in equalities.iter_mut().chain(inequalities).enumerate() {
            *out = self.point.c[i] + self.slacks(i).map(|(k, sign)| sign * z[k]).sum::<f64>();
        }
        Ok(())
    }

    fn jacobian(
        &mut self,
        z: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        let n = self.point.x.len();
        if self.point.x != z[..n] {
            self.set_point(z);
            self.evaluator.constraints(&mut self.point).map_err(SqpError::into_user)?;
        }
        self.evaluator.jacobian(&mut self.point).map_err(SqpError::into_user)?;
        let rows = equalities.chunks_exact_mut(z.len()).chain(inequalities.chunks_exact_mut(z.len()));
        for (i, row) in rows.enumerate() {
            row.fill(0.0);
            row[..n].copy_from_slice(self.point.row(i));
            self.slacks(i).for_each(|(k, sign)| row[k] = sign);
        }
        Ok(())
    }
}

/// What the phase found.
enum Found {
    /// A point that satisfies the constraints (n).
    Feasible(Vec<f64>),
    /// A stationary point of Σ violations (n), how stationary it is, and the multipliers of the constraints (m).
    Stationary(Vec<f64>, f64, Vec<f64>),
    Nothing,
}

/// After a run that gave up where constraints are violated: `Infeasible` with evidence, or on from a feasible point (once).
pub(super) fn after_failure(run: &mut Run<'_>) -> Result<(), SqpError> {
    let is_possible =
        run.point.x.len() <= LARGEST && run.point.has_finite_derivatives() && !run.is_restoration;
    if !is_possible || run.violation() <= run.options.feasibility_tolerance {
        return Ok(());
    }
    let found = minimise_violation(run)?;
    if let Found::Stationary(x, stationarity, multipliers) = &found
        && move_to(run, x)?
    {
        run.infeasibility = Some(infeasibility::evidence(run, false, *stationarity, multipliers));
        run.status = SqpStatus::Infeasible;
    } else if let Found::Feasible(x) = &found
        && may_go_on(run)
        && move_to(run, x)?
    {
        start_again(run);
    }
    Ok(())
}

fn may_go_on(run: &Run<'_>) -> bool {
    use SqpStatus::{LineSearchFailure, MeritStagnation, QpSubproblemFailure, Stalled};
    !run.is_restored
        && matches!(run.status, LineSearchFailure | MeritStagnation | QpSubproblemFailure | Stalled)
}

fn minimise_violation(run: &mut Run<'_>) -> Result<Found, SqpError> {
    let (n, m, equalities) = (run.point.x.len(), run.point.c.len(), run.problem.num_equalities());
    let mut start = run.point.x.clone();
    start.extend(run.merit.violations(&run.point.c).skip(equalities));
    start.extend(run.point.c[..equalities].iter().flat_map(|c| [(-c).max(0.0), c.max(0.0)]));
    let num_slacks = start.len() - n;
    let bounds = |side: &[f64], of_slacks: f64| {
        side.iter().copied().chain(std::iter::repeat_n(of_slacks, num_slacks)).collect()
    };
    let lower = bounds(run.problem.lower(), 0.0);
    let upper = bounds(run.problem.upper(), f64::INFINITY);
    let problem =
        SqpProblem::new(start)?.with_bounds(lower, upper)?.with_constraints(equalities, m - equalities);
    let options = SqpOptions {
        scaling: Scaling::Off,
        stationarity_tolerance: STATIONARY,
        max_steps: STEPS,
        ..SqpOptions::default()
    };
    let point = Point { gradient: vec![0.0; n], jacobian: vec![0.0; m * n], ..run.point.clone_values() };
    let factors = run.evaluator.factors.constraints.clone();
    let mut functions = Violations { evaluator: &mut run.evaluator, point, num_equalities: equalities };
    let evaluator = Evaluator::new(&mut functions, &problem, &options);
    let mut phase = Run::new(&problem, evaluator, &options, None, run.control)?;
    phase.is_restoration = true;
    phase.run()?;
    let x = phase.point.x[..n].to_vec();
    let converged = phase.status == SqpStatus::Converged;
    let certified = phase.certified.take();
    drop(phase);
    let mut point = Point { x, ..functions.point };
    run.evaluator.constraints(&mut point)?;
    let largest = run.merit.violations(&point.c).zip(&factors).map(|(v, s)| v / s).fold(0.0, f64::max);
    Ok(match certified {
        _ if largest <= run.options.feasibility_tolerance => Found::Feasible(point.x),
        Some((multipliers, residuals)) if converged => {
            Found::Stationary(point.x, residuals.relative_stationarity, multipliers.rows)
        }
        _ => Found::Nothing,
    })
}

/// To x with everything evaluated there; false where that is not finite.
fn move_to(run: &mut Run<'_>, x: &[f64]) -> Result<bool, SqpError> {
    let mut point = Point { x: x.to_vec(), ..run.point.clone() };
    run.evaluator.values(&mut point)?;
    if !point.has_finite_values() {
        return Ok(false);
    }
    run.evaluator.derivatives(&mut point)?;
    let is_finite = point.has_finite_derivatives();
    if is_finite {
        run.point = point;
    }
    Ok(is_finite)
}

/// As at the start of a run.
fn start_again(run: &mut Run<'_>) {
    let (n, m, options) = (run.point.x.len(), run.point.c.len(), run.options);
    run.is_restored = true;
    run.status = SqpStatus::Running;
    run.merit = Merit::new(m, run.problem.num_equalities(), options.initial_penalty, options.penalty_update);
    run.model.reset(1.0);
    run.working_set.clear();
    run.watchdog = None;
    run.progress = Progress::default();
    let violation = run.violation();
    run.progress.record(&run.point, violation, &run.merit, options.feasibility_tolerance, options);
    run.multipliers = Multipliers::zero(n, m);
    run.multipliers = termination::fit(run);
}

//! The watchdog: a full step that the merit function refuses may be taken on trial; if the merit is not below what the refused
//! step should have reached within a few steps, the run returns and searches along the old direction.
//!
//! Source: R. M. Chamberlain, M. J. D. Powell, C. Lemaréchal, H. C. Pedersen, Math. Programming Study 16 (1982) 1–17.

use super::evaluation::Point;
use super::functions::SqpError;
use super::line_search::{LineSearch, Searched};
use super::merit::Merit;
use super::model::Model;
use super::multipliers::Multipliers;
use super::options::SqpOptions;
use super::run::Run;
use super::subproblem::Direction;
use crate::certificate::linear_system::Member;

/// A trial step may raise the merit function by this many times its size at most.
const LARGEST_RISE: f64 = 10.0;

/// Where to return to.
#[derive(Debug, Clone)]
pub(super) struct Watchdog {
    point: Point,
    model: Model,
    multipliers: Multipliers,
    working_set: Vec<Member>,
    direction: Direction,
    slope: f64,
    steps_left: u64,
}

impl Watchdog {
    /// What the steps on trial must reach at the current weights: φ + c₁D of the old point.
    fn reference(&self, merit: &Merit, options: &SqpOptions) -> f64 {
        merit.value(self.point.f, &self.point.c) + options.armijo_c1 * self.slope
    }
}

/// The search of a step, with the watchdog around it. `None` if the run returned to the old point, from which it then searched:
/// the second value is that search, along the direction in the third.
pub(super) fn search(
    run: &mut Run<'_>,
    direction: &Direction,
    slope: f64,
    room: &(Vec<f64>, Vec<f64>),
) -> Result<(Searched, Option<Direction>), SqpError> {
    let full = full_step(run, direction, slope, room)?;
    let Some(watchdog) = run.watchdog.take() else {
        if full.success {
            return Ok((full, None));
        }
        if may_begin(run, &full) {
            run.watchdog = Some(Watchdog {
                point: run.point.clone(),
                model: run.model.clone(),
                multipliers: run.multipliers.clone(),
                working_set: run.working_set.clone(),
                direction: direction.clone(),
                slope,
                steps_left: run.options.watchdog_steps,
            });
            return Ok((Searched { success: true, ..full }, None));
        }
        return Ok((shorter(run, direction, slope, room, full)?, None));
    };
    let value = run.merit.value(full.trial.f, &full.trial.c);
    if full.trial.has_finite_values() && value <= watchdog.reference(&run.merit, run.options) {
        return Ok((Searched { success: true, ..full }, None));
    }
    if watchdog.steps_left > 1 && (full.success || is_bounded(run, &full)) {
        run.watchdog = Some(Watchdog { steps_left: watchdog.steps_left - 1, ..watchdog });
        return Ok((Searched { success: true, ..full }, None));
    }
    run.point = watchdog.point;
    run.model = watchdog.model;
    run.multipliers = watchdog.multipliers;
    run.working_set = watchdog.working_set;
    let room = run.room();
    let refused = Searched { success: false, step_length: 1.0, ..full };
    let searched = shorter(run, &watchdog.direction, watchdog.slope, &room, refused)?;
    Ok((searched, Some(watchdog.direction)))
}

/// Only after a full step, while f and c stay finite and of their size.
fn may_begin(run: &Run<'_>, full: &Searched) -> bool {
    run.options.watchdog_steps > 0 && run.last_step_was_full && is_bounded(run, full)
}

fn is_bounded(run: &Run<'_>, full: &Searched) -> bool {
    let merit = &run.merit;
    let start = merit.value(run.point.f, &run.point.c);
    let size = run.point.f.abs().max(merit.penalty(&run.point.c)).max(full.trial.f.abs().min(start.abs()));
    let value = merit.value(full.trial.f, &full.trial.c);
    full.trial.has_finite_values() && value <= start + LARGEST_RISE * size
}

fn with_search<T>(
    run: &mut Run<'_>,
    direction: &Direction,
    slope: f64,
    (lower, upper): &(Vec<f64>, Vec<f64>),
    task: impl FnOnce(&LineSearch<'_>, &mut super::evaluation::Evaluator<'_>) -> T,
) -> T {
    let search = LineSearch {
        options: run.options,
        merit: &run.merit,
        point: &run.point,
        direction,
        slope,
        lower,
        upper,
        bounds: (run.problem.lower(), run.problem.upper()),
    };
    task(&search, &mut run.evaluator)
}

fn full_step(
    run: &mut Run<'_>,
    direction: &Direction,
    slope: f64,
    room: &(Vec<f64>, Vec<f64>),
) -> Result<Searched, SqpError> {
    with_search(run, direction, slope, room, |search, evaluator| search.full_step(evaluator))
}

fn shorter(
    run: &mut Run<'_>,
    direction: &Direction,
    slope: f64,
    room: &(Vec<f64>, Vec<f64>),
    refused: Searched,
) -> Result<Searched, SqpError> {
    with_search(run, direction, slope, room, |search, evaluator| search.shorter_steps(evaluator, refused))
}

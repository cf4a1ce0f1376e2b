//! Solves the areas of a batch side by side and hands each result over as it ends.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use super::caps::{Caps, dual};
use super::options::{Area, AreasOptions};
use super::plan::Plan;
use super::result::{AreaResult, AreaStatus};
use super::structure::Structures;
use super::summary::{AreasSummary, Entry, Tally};
use crate::control::{CancelFlag, Control, Stopwatch};
use crate::error::InputError;
use crate::reweight::problem::{Bounds, ReweightProblem};

impl ReweightProblem {
    /// Solves many areas over the one matrix; see [`crate::reweight::areas`].
    ///
    /// `sink` gets each result as it ends, in no fixed order, on the calling thread; while it works (or waits), at most one more
    /// result per thread is finished. With an exhaustion cap the areas are solved in rounds and the result of a later round replaces
    /// that of an earlier one. If `sink` breaks, `cancel` is set, and the batch ends as it does when the caller sets it: running
    /// solves end as `cancelled`, the others are not begun.
    ///
    /// An area that fails is a result with its status; it never ends the batch.
    ///
    /// # Errors
    /// Before anything is solved, for the whole list: an option out of range; no areas; a key that is empty or occurs twice; a
    /// scale that is not positive; a total that is not finite, or not as many as targets; no total at all; a target whose form
    /// is undefined; a pattern that matches nothing; a negative tolerance; bounds that cross; a record that does not exist; an
    /// exhaustion cap below what the lower bounds add up to. The path names the place (`areas[3].totals[2]`).
    pub fn solve_areas(
        &self,
        areas: &[Area],
        options: &AreasOptions,
        cancel: &CancelFlag,
        mut sink: impl FnMut(AreaResult) -> ControlFlow<()>,
    ) -> Result<AreasSummary, InputError> {
        let plan = Plan::new(self, areas, options)?;
        let watch = Stopwatch::default();
        tracing::info!(num_areas = areas.len(), form = options.form.as_str(), "areas start");
        let mut batch = Batch::new(&plan, cancel);
        let mut tally = batch.run_round(0, &mut sink);
        let mut rounds = 0;
        if let Some(cap) = options.exhaustion_cap {
            let mut caps = Caps::new(&plan, cap);
            while rounds < options.max_rounds && !cancel.is_cancelled() {
                if caps.lower(tally.exhaustion.sums(), std::mem::take(&mut batch.duals)) == 0 {
                    break;
                }
                rounds += 1;
                batch.caps = Some(caps);
                tally = batch.run_round(rounds, &mut sink);
                caps = batch.caps.take().expect("it was given to the round");
            }
        }
        let summary = AreasSummary::new(&plan, batch.entries, &tally, rounds, watch.seconds());
        tracing::info!(rounds, digest = %summary.digest, "areas end");
        Ok(summary)
    }

    /// Checks a batch without solving anything.
    ///
    /// # Errors
    /// As [`ReweightProblem::solve_areas`].
    pub fn check_areas(&self, areas: &[Area], options: &AreasOptions) -> Result<(), InputError> {
        Plan::new(self, areas, options).map(|_| ())
    }
}

struct Batch<'a> {
    plan: &'a Plan<'a>,
    cancel: &'a CancelFlag,
    threads: usize,
    caps: Option<Caps>,
    /// The latest result of each area.
    entries: Vec<Entry>,
    /// Dual values of the certified answers of the latest round, if there is a cap to be met.
    duals: Vec<Option<Vec<f64>>>,
}

impl<'a> Batch<'a> {
    fn new(plan: &'a Plan<'a>, cancel: &'a CancelFlag) -> Self {
        let threads = match plan.options.threads {
            0 => thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let entries = (0..plan.areas.len()).map(|index| Entry::unsolved(plan, index)).collect();
        Self { plan, cancel, threads, caps: None, entries, duals: Vec::new() }
    }

    /// Solves every area, in a later round every area with a certified answer. An area may fail in a later round: what it
    /// had before then exceeds the cap, and is not counted any more.
    fn run_round(&mut self, round: u32, sink: &mut impl FnMut(AreaResult) -> ControlFlow<()>) -> Tally {
        let mut todo: Vec<usize> = (0..self.plan.areas.len())
            .filter(|&index| round == 0 || self.entries[index].status() == AreaStatus::Converged)
            .collect();
        // Areas that share a matrix follow one another: few matrices are held at a time.
        todo.sort_by_key(|&index| self.plan.areas[index].pattern);
        let patterns = todo.iter().map(|&index| self.plan.areas[index].pattern);
        let structures = Structures::new(self.plan, patterns);
        let tally = Mutex::new(Tally::new(self.plan.problem.num_records()));
        let next = AtomicUsize::new(0);
        let (sender, receiver) = mpsc::sync_channel::<AreaResult>(0);
        let mut entries = std::mem::take(&mut self.entries);
        let mut duals = vec![None; entries.len()];
        let this = &*self;
        let work = |sender: mpsc::SyncSender<AreaResult>| {
            while !this.cancel.is_cancelled() {
                let Some(&index) = todo.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                let result = this.solve_area(index, round, &structures);
                tally.lock().unwrap_or_else(PoisonError::into_inner).add(this.plan, &result);
                if sender.send(result).is_err() {
                    break;
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..this.threads.min(todo.len()) {
                let sender = sender.clone();
                scope.spawn(|| work(sender));
            }
            drop(sender);
            for result in receiver {
                entries[result.index] = Entry::of(this.plan, &result);
                duals[result.index] = this.dual(&result);
                if sink(result).is_break() {
                    this.cancel.cancel();
                    break;
                }
            }
        });
        (self.entries, self.duals) = (entries, duals);
        tally.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The dual values of a certified answer, where a cap may need them.
    fn dual(&self, result: &AreaResult) -> Option<Vec<f64>> {
        let answer = result.answer.as_ref().filter(|_| result.status == AreaStatus::Converged)?;
        self.plan.options.exhaustion_cap.map(|_| dual(answer))
    }

    /// An area alone on this thread.
    fn solve_area(&self, index: usize, round: u32, structures: &Structures<'_>) -> AreaResult {
        let watch = Stopwatch::default();
        let (plan, area) = (self.plan, &self.plan.areas[index]);
        let shared = structures.take(area.pattern, &plan.pattern(area));
        let mut problem = plan.area_problem(area, shared, plan.bounds(area).into_owned());
        if let Some(caps) = &self.caps {
            problem.bounds = caps.bounds(plan, area, index, &problem);
        }
        let mut result = AreaResult {
            index,
            key: area.area.key.clone(),
            round,
            status: AreaStatus::Impossible,
            message: AreaStatus::Impossible.sentence().into(),
            upper_bounds: match &problem.bounds {
                Bounds::PerRecord { upper, .. } if round > 0 => Some(upper.clone()),
                _ => None,
            },
            answer: None,
            error: None,
            targets: plan.kept(area).into(),
            seconds: 0.0,
        };
        if problem.impossible_targets().len() < problem.num_targets() {
            let mut control = Control::default().with_cancel(self.cancel.clone());
            match problem.solve_form(&plan.area_form(area), &mut control) {
                Ok(answer) => {
                    result.status = answer.status().into();
                    result.message = answer.message().into();
                    result.answer = Some(answer);
                }
                Err(error) => {
                    result.status = AreaStatus::BadInput;
                    result.message = error.to_string();
                    result.error = Some(error);
                }
            }
        }
        result.seconds = watch.seconds();
        tracing::info!(key = result.key, round, status = result.status.as_str(), "area ends");
        result
    }
}

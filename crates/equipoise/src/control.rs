//! Cancellation, time limits and progress: the only place of the library that reads a clock. A limit may end a run (the
//! status says so); it never chooses a path.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A flag that another thread sets to end a run after its current iteration.
#[derive(Debug, Clone, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    /// Asks the run to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once [`CancelFlag::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What an iteration achieved, for progress displays and convergence plots.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IterationRecord {
    /// The method that is running: `newton`, `finish`, `lbfgsb`, `clarabel`.
    pub method: String,
    /// Iteration within the method, from 0.
    pub iteration: u32,
    /// The method's own stop measure, relative to its start (dimensionless).
    pub residual: f64,
    /// Objective value, where the method computes it.
    pub objective: Option<f64>,
    /// Length of the step taken to reach this point (1 is a full Newton step).
    pub step_length: f64,
    /// Number of multipliers strictly between their bounds.
    pub num_free: u32,
    /// Number of multipliers that met or left a bound in this iteration.
    pub num_changed: u32,
}

type Listener = dyn FnMut(&IterationRecord) + Send;

/// The caller's hold on a run: a flag, a deadline and a listener, each optional. Clones share all three.
#[derive(Clone, Default)]
pub struct Control {
    cancel: CancelFlag,
    deadline: Option<Instant>,
    listener: Option<Arc<Mutex<Listener>>>,
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("cancel", &self.cancel).finish_non_exhaustive()
    }
}

impl Control {
    /// Ends the run when `flag` is set.
    pub fn with_cancel(mut self, flag: CancelFlag) -> Self {
        self.cancel = flag;
        self
    }

    /// Calls `listener` after every iteration, on the solver's thread.
    pub fn with_progress(mut self, listener: impl FnMut(&IterationRecord) + Send + 'static) -> Self {
        self.listener = Some(Arc::new(Mutex::new(listener)));
        self
    }

    /// The same flag and deadline without the listener, for a solve that is a part of another run.
    pub(crate) fn without_progress(&self) -> Self {
        Self { listener: None, ..self.clone() }
    }

    /// Starts the clock of a time limit (seconds); none means no limit.
    pub fn start_clock(&mut self, limit_seconds: Option<f64>) {
        self.deadline = limit_seconds
            .and_then(|s| Duration::try_from_secs_f64(s).ok())
            .and_then(|limit| Instant::now().checked_add(limit));
    }

    /// True when the run must end: cancelled or out of time.
    pub fn must_stop(&self) -> bool {
        self.cancel.is_cancelled() || self.deadline.is_some_and(|d| Instant::now() >= d)
    }

    /// Seconds left before the deadline, if there is one.
    pub fn seconds_left(&self) -> Option<f64> {
        self.deadline.map(|d| d.saturating_duration_since(Instant::now()).as_secs_f64())
    }

    /// Tells the listener and the event log about an iteration.
    pub fn report(&self, record: &IterationRecord) {
        tracing::debug!(
            method = record.method,
            iteration = record.iteration,
            residual = record.residual,
            step_length = record.step_length,
            num_free = record.num_free,
            num_changed = record.num_changed,
            "iteration"
        );
        if let Some(listener) = &self.listener {
            // A listener that panicked has poisoned the lock; the panic itself is on its way to the caller.
            listener.lock().unwrap_or_else(PoisonError::into_inner)(record);
        }
    }
}

/// Seconds since 1970, for dates of files; 0 where the clock is set before that.
pub fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |elapsed| elapsed.as_secs_f64())
}

/// Measures the parts of a run. Times are reported beside the answer and never enter it.
#[derive(Debug)]
pub struct Stopwatch(Instant);

impl Default for Stopwatch {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Stopwatch {
    /// Seconds since the last lap, which starts a new one.
    pub fn lap(&mut self) -> f64 {
        let now = Instant::now();
        let seconds = (now - self.0).as_secs_f64();
        self.0 = now;
        seconds
    }

    /// Seconds since the last lap.
    pub fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

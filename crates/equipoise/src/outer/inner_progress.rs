//! What objective and search tell each other about the accuracy of inner solves.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Shared between an objective and the search. The objective reads [`cap`](Self::cap) before an inner solve and
/// [`report`](Self::report)s after it; the search sets the cap before each evaluation.
#[derive(Debug)]
pub struct InnerProgress {
    cap: AtomicUsize,
    accepted_steps: AtomicUsize,
    last_iterations: AtomicUsize,
    last_converged: AtomicBool,
    residual: AtomicU64,
    gain_ratio: AtomicU64,
}

impl Default for InnerProgress {
    fn default() -> Self {
        Self {
            cap: AtomicUsize::new(0),
            accepted_steps: AtomicUsize::new(0),
            last_iterations: AtomicUsize::new(0),
            last_converged: AtomicBool::new(false),
            residual: AtomicU64::new(f64::NAN.to_bits()),
            gain_ratio: AtomicU64::new(f64::NAN.to_bits()),
        }
    }
}

impl InnerProgress {
    /// Largest number of inner iterations of the next solve; 0: no cap.
    pub fn cap(&self) -> usize {
        self.cap.load(Ordering::SeqCst)
    }

    /// Sets the cap.
    pub fn set_cap(&self, cap: usize) {
        self.cap.store(cap, Ordering::SeqCst);
    }

    /// Reports an inner solve: its iterations, whether it converged, and, where known, the residual of the predictor that started it and
    /// the ratio of actual to predicted decrease.
    pub fn report(&self, iterations: usize, converged: bool, residual: Option<f64>, gain_ratio: Option<f64>) {
        self.last_iterations.store(iterations, Ordering::SeqCst);
        self.last_converged.store(converged, Ordering::SeqCst);
        self.residual.store(residual.unwrap_or(f64::NAN).to_bits(), Ordering::SeqCst);
        self.gain_ratio.store(gain_ratio.unwrap_or(f64::NAN).to_bits(), Ordering::SeqCst);
    }

    /// Iterations of the last inner solve and whether it converged; none before the first report.
    pub fn last_solve(&self) -> Option<(usize, bool)> {
        match self.last_iterations.load(Ordering::SeqCst) {
            0 => None,
            iterations => Some((iterations, self.last_converged.load(Ordering::SeqCst))),
        }
    }

    /// The residual of the predictor, where known.
    pub fn residual(&self) -> Option<f64> {
        known(&self.residual)
    }

    /// The ratio of actual to predicted decrease, where known.
    pub fn gain_ratio(&self) -> Option<f64> {
        known(&self.gain_ratio)
    }

    /// Outer steps accepted so far.
    pub fn accepted_steps(&self) -> usize {
        self.accepted_steps.load(Ordering::SeqCst)
    }

    pub(super) fn count_accepted_step(&self) {
        self.accepted_steps.fetch_add(1, Ordering::SeqCst);
    }

    /// Forgets all reports, for a new start.
    pub(super) fn reset(&self) {
        self.cap.store(0, Ordering::SeqCst);
        self.accepted_steps.store(0, Ordering::SeqCst);
        self.report(0, false, None, None);
    }
}

fn known(bits: &AtomicU64) -> Option<f64> {
    Some(f64::from_bits(bits.load(Ordering::SeqCst))).filter(|value| !value.is_nan())
}

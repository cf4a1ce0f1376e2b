//! Ends a search whose value no longer falls, and says which of three things that means.

use super::stationarity::StationarityTest;

/// Options of the guard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostStallOptions {
    /// Observations in a row without progress after which the guard speaks, at least 1; 6 by default (quasi-Newton), 3 suits
    /// second-order methods.
    pub window: usize,
    /// An observation is progress if it lowers the best value f* by more than this times 1 + |f*|; 1e-7 by default.
    pub relative_progress: f64,
    /// How often a stuck run is told to go on; 2 by default.
    pub max_escapes: usize,
}

impl Default for CostStallOptions {
    fn default() -> Self {
        Self { window: 6, relative_progress: 1e-7, max_escapes: 2 }
    }
}

impl CostStallOptions {
    /// Progress as a hundredth of a run's tolerance, at least 1e-7.
    #[must_use]
    pub fn for_tolerance(self, tolerance: f64) -> Self {
        Self { relative_progress: (0.01 * tolerance).max(1e-7), ..self }
    }
}

/// What the guard says after an observation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CostStallVerdict {
    /// Nothing: there is progress, or not enough observations without it.
    Progress,
    /// The value stalls where the stationarity test holds: S1, projected gradient ≤ ε.
    Stationary,
    /// The value stalls far from stationary, projected gradient > min(1.5 · band, 5) with band = min(1e-3 (1 + |f*|), 1), and an escape is
    /// left: the search should forget its model and go on.
    KeepDescending,
    /// The value stalls on a flat valley: not stationary, but no escape is left or the gradient is within the band.
    FlatValley,
}

/// The best point that the guard has seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Incumbent {
    /// x (n)
    pub x: Vec<f64>,
    /// f(x)
    pub value: f64,
    /// ∇f(x) (n)
    pub gradient: Vec<f64>,
    /// maxᵢ |P(x − g)ᵢ − xᵢ|
    pub projected_gradient: f64,
}

/// Watches the values of a search. The first observation counts as progress.
#[derive(Debug, Clone)]
pub struct CostStallGuard {
    options: CostStallOptions,
    test: StationarityTest,
    best: Option<Incumbent>,
    without_progress: usize,
    escapes: usize,
}

impl CostStallGuard {
    /// A guard of a run that stops by `test`.
    pub fn new(options: CostStallOptions, test: StationarityTest) -> Self {
        Self { options, test, best: None, without_progress: 0, escapes: 0 }
    }

    /// The best point so far, with its gradient.
    pub fn best(&self) -> Option<&Incumbent> {
        self.best.as_ref()
    }

    /// How often the run was told to go on.
    pub fn escapes(&self) -> usize {
        self.escapes
    }

    /// Takes a point with its value, gradient and projected gradient norm. A value that is not finite ends the row without progress.
    pub fn observe(
        &mut self,
        x: &[f64],
        value: f64,
        gradient: &[f64],
        projected_gradient: f64,
    ) -> CostStallVerdict {
        if !value.is_finite() {
            self.without_progress = 0;
            return CostStallVerdict::Progress;
        }
        let progress = self.is_progress(value);
        if self.best.as_ref().is_none_or(|best| is_better(best, value, projected_gradient)) {
            let (x, gradient) = (x.to_vec(), gradient.to_vec());
            self.best = Some(Incumbent { x, value, gradient, projected_gradient });
        }
        if progress {
            self.without_progress = 0;
            return CostStallVerdict::Progress;
        }
        self.without_progress += 1;
        if self.without_progress < self.options.window.max(1) {
            CostStallVerdict::Progress
        } else {
            self.decide()
        }
    }

    /// f* − f > r (1 + |f*|); true for the first observation.
    fn is_progress(&self, value: f64) -> bool {
        self.best
            .as_ref()
            .is_none_or(|best| best.value - value > self.options.relative_progress * (1.0 + best.value.abs()))
    }

    fn decide(&mut self) -> CostStallVerdict {
        let Some(best) = &self.best else { return CostStallVerdict::Progress };
        if self.test.accepts_gradient(best.projected_gradient) {
            return CostStallVerdict::Stationary;
        }
        if best.projected_gradient > stuck_above(best.value) && self.escapes < self.options.max_escapes {
            self.escapes += 1;
            self.without_progress = 0;
            return CostStallVerdict::KeepDescending;
        }
        CostStallVerdict::FlatValley
    }
}

/// Lower, or equal with a smaller projected gradient.
fn is_better(best: &Incumbent, value: f64, projected_gradient: f64) -> bool {
    value < best.value || (value == best.value && projected_gradient < best.projected_gradient)
}

/// min(1.5 · band, 5), band = min(1e-3 (1 + |f|), 1): a projected gradient above it is stuck, not flat.
pub fn stuck_above(value: f64) -> f64 {
    let band = (1e-3 * (1.0 + value.abs())).min(1.0);
    (1.5 * band).min(5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(window: usize) -> CostStallGuard {
        let test = StationarityTest { gradient: 1e-3, decrement: None };
        CostStallGuard::new(CostStallOptions { window, ..CostStallOptions::default() }, test)
    }

    #[test]
    fn the_first_observation_is_progress_so_a_flat_run_stops_at_the_seventh() {
        let mut guard = guard(6);
        for k in 0..6 {
            let verdict = guard.observe(&[f64::from(k)], 1.0, &[0.0], 0.0);
            assert_eq!(verdict, CostStallVerdict::Progress, "{k}");
        }
        assert_eq!(guard.observe(&[6.0], 1.0, &[0.0], 0.0), CostStallVerdict::Stationary);
        assert_eq!(guard.best().unwrap().x, [0.0]);
    }

    #[test]
    fn the_three_verdicts() {
        // Within the band of 599: 0.6 < 0.9.
        assert!((stuck_above(599.0) - 0.9).abs() < 1e-12);
        assert!((stuck_above(329.259) - 1.5 * 0.330259).abs() < 1e-12);
        assert_eq!(stuck_above(1e6), 1.5);
        let run = |norm: f64| {
            let mut guard = guard(3);
            let mut verdicts = Vec::new();
            for _ in 0..12 {
                let verdict = guard.observe(&[1.0], 599.0, &[norm], norm);
                if verdict != CostStallVerdict::Progress {
                    verdicts.push(verdict);
                }
            }
            (verdicts, guard)
        };
        assert_eq!(run(1e-4).0[0], CostStallVerdict::Stationary);
        assert_eq!(run(0.6).0[0], CostStallVerdict::FlatValley);
        let (verdicts, guard) = run(11.0);
        let stuck = CostStallVerdict::KeepDescending;
        assert_eq!(verdicts[..3], [stuck, stuck, CostStallVerdict::FlatValley]);
        assert_eq!(guard.escapes(), 2);
        assert_eq!(guard.best().unwrap().gradient, [11.0]);
    }

    #[test]
    fn progress_and_values_that_are_not_finite_end_the_row() {
        let mut guard = guard(2);
        let mut see = |value: f64| guard.observe(&[value], value, &[1e-6], 1e-6);
        let progress = CostStallVerdict::Progress;
        assert_eq!([see(2.0), see(2.0), see(1.0), see(1.0)], [progress; 4]);
        assert_eq!([see(f64::INFINITY), see(1.0)], [progress; 2]);
        // Falls by less than 1e-7 (1 + |f*|): the best point moves, the row goes on.
        assert_eq!(see(1.0 - 1e-8), CostStallVerdict::Stationary);
        assert_eq!(guard.best().unwrap().value, 1.0 - 1e-8);
    }
}

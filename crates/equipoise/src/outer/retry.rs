//! When a second-order solver is started again from where it stopped.

use super::candidate::Candidate;
use super::stop_reason::StopReason;

/// Retries per attempt.
pub(super) const MAX_RETRIES: usize = 2;
/// From the second retry on the gradient must have fallen by this factor: otherwise a further run would replay the last one.
const REQUIRED_FALL: f64 = 0.5;

/// What a run of the ladder left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stage {
    pub converged: bool,
    pub stop_reason: StopReason,
    /// The projected gradient norm, where there is a gradient.
    pub gradient_norm: Option<f64>,
}

impl Stage {
    pub fn of(candidate: &Candidate) -> Self {
        Self {
            converged: candidate.converged,
            stop_reason: candidate.stop_reason,
            gradient_norm: candidate.stationarity.as_ref().map(|found| found.projected_gradient),
        }
    }
}

/// True if another run is worth it: fewer than 2 retries so far, not converged, not stopped for good (reject floor, cancellation, another form
/// of Hessian), a gradient to judge by, and from the second retry on a projected gradient below half the previous one.
pub(super) fn wants_retry(stages: &[Stage]) -> bool {
    let Some(now) = stages.last() else { return false };
    let retries = stages.len() - 1;
    let final_stop = matches!(
        now.stop_reason,
        StopReason::RejectFloor | StopReason::Cancelled | StopReason::RoutingMismatch
    );
    if retries >= MAX_RETRIES || now.converged || final_stop {
        return false;
    }
    let Some(norm) = now.gradient_norm else { return false };
    match stages.len().checked_sub(2).map(|previous| stages[previous].gradient_norm) {
        None => true,
        Some(previous) => previous.is_some_and(|previous| {
            norm.is_finite() && previous.is_finite() && norm < REQUIRED_FALL * previous
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs that the ladder makes of a script of gradient norms.
    fn runs(script: &[(StopReason, f64)]) -> usize {
        let mut stages = Vec::new();
        for &(stop_reason, norm) in script {
            stages.push(Stage { converged: false, stop_reason, gradient_norm: Some(norm) });
            if !wants_retry(&stages) {
                break;
            }
        }
        stages.len()
    }

    #[test]
    fn the_scripts() {
        let budget = |norm| (StopReason::IterationBudget, norm);
        assert_eq!(runs(&[(StopReason::RejectFloor, 1.0), budget(0.1)]), 1);
        assert_eq!(runs(&[budget(1.0), budget(0.6), budget(0.1)]), 2);
        assert_eq!(runs(&[budget(1.0), budget(0.4), budget(0.3), budget(0.1)]), 3);
        assert_eq!(runs(&[budget(1.0), budget(0.4), budget(0.1), budget(0.01), budget(0.001)]), 3);
        assert_eq!(runs(&[budget(1.0), budget(f64::NAN), budget(0.1)]), 2);
    }

    #[test]
    fn converged_runs_and_runs_without_gradient_are_kept() {
        let stage = Stage { converged: true, stop_reason: StopReason::Converged, gradient_norm: Some(1.0) };
        assert!(!wants_retry(&[stage]));
        let stage = Stage { converged: false, stop_reason: StopReason::IterationBudget, gradient_norm: None };
        assert!(!wants_retry(&[stage]));
        assert!(!wants_retry(&[]));
    }
}

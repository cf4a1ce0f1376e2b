//! How many iterations an inner solve may take, as a function of what the last one reported.
//!
//! A value that decides a trial must come from a full inner solve: a capped one is another function than the one the gradient
//! differentiates, and freezes the search. So only derivative evaluations are capped.

/// What the outer search knows when it asks for the next inner solve.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct InnerFeedback {
    /// Number of accepted outer steps.
    pub accepted_steps: usize,
    /// Iterations of the last inner solve and whether it converged; none before the first report.
    pub last_solve: Option<InnerReport>,
    /// Relative residual of the predictor that started the last inner solve; none if unknown.
    pub predictor_residual: Option<f64>,
    /// Actual over predicted decrease of the last accepted outer step; none if unknown.
    pub gain_ratio: Option<f64>,
    /// ‖g_last‖ / ‖g_first‖ of the outer run; none before two gradients.
    pub gradient_ratio: Option<f64>,
}

/// The end of an inner solve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InnerReport {
    /// Its iterations.
    pub iterations: usize,
    /// Whether it converged.
    pub converged: bool,
}

const SMALLEST_CAP: usize = 3;
const LARGEST_CAP: usize = 64;

impl InnerFeedback {
    /// The cap of the next derivative evaluation's inner solve; `None` means uncapped.
    ///
    /// - ‖g_last‖/‖g_first‖ < 0.01: uncapped, accuracy decides now.
    /// - The last solve converged in k iterations: k + 1 where the predictor's residual is below 0.01, k + 4 from 0.1 on, else k + 2;
    ///   2 more where the gain ratio is below 0.5.
    /// - It did not converge: max(2k, k + 4), or max(3k, k + 4) where the gain ratio is below 0.3.
    /// - Both within 3 to 64. No report: 3, 5, 10 after 0, 1, 2 or more accepted steps.
    pub fn cap(&self) -> Option<usize> {
        if self.gradient_ratio.is_some_and(|ratio| ratio < 0.01) {
            return None;
        }
        let below = |ratio: Option<f64>, limit: f64| ratio.is_some_and(|ratio| ratio < limit);
        Some(match self.last_solve {
            None => [3, 5, 10][self.accepted_steps.min(2)],
            Some(InnerReport { iterations, converged: true }) => {
                let margin = match self.predictor_residual {
                    Some(residual) if residual < 0.01 => 1,
                    Some(residual) if residual >= 0.1 => 4,
                    _ => 2,
                };
                let distrust = if below(self.gain_ratio, 0.5) { 2 } else { 0 };
                iterations.saturating_add(margin + distrust).clamp(SMALLEST_CAP, LARGEST_CAP)
            }
            Some(InnerReport { iterations, converged: false }) => {
                let multiple = if below(self.gain_ratio, 0.3) { 3 } else { 2 };
                let grown = iterations.saturating_mul(multiple).max(iterations.saturating_add(4));
                grown.clamp(SMALLEST_CAP, LARGEST_CAP)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(iterations: usize, converged: bool) -> InnerFeedback {
        InnerFeedback { last_solve: Some(InnerReport { iterations, converged }), ..InnerFeedback::default() }
    }

    #[test]
    fn the_schedule_is_the_published_table() {
        let converged = after(5, true);
        let residual = |residual| InnerFeedback { predictor_residual: Some(residual), ..converged };
        assert_eq!(residual(0.005).cap(), Some(6));
        assert_eq!(converged.cap(), Some(7));
        assert_eq!(residual(0.05).cap(), Some(7));
        assert_eq!(residual(0.2).cap(), Some(9));
        assert_eq!(InnerFeedback { gain_ratio: Some(0.4), ..residual(0.2) }.cap(), Some(11));
        assert_eq!(InnerFeedback { gain_ratio: Some(0.5), ..residual(0.2) }.cap(), Some(9));

        let short = after(10, false);
        assert_eq!(short.cap(), Some(20));
        assert_eq!(InnerFeedback { gain_ratio: Some(0.2), ..short }.cap(), Some(30));
        assert_eq!(after(1, false).cap(), Some(5));

        assert_eq!(InnerFeedback { gradient_ratio: Some(0.009), ..short }.cap(), None);
        assert_eq!(InnerFeedback { gradient_ratio: Some(0.01), ..short }.cap(), Some(20));
        assert_eq!(after(usize::MAX, false).cap(), Some(64));
        assert_eq!(after(1_000_000, true).cap(), Some(64));
        assert_eq!(after(0, true).cap(), Some(3));

        for (accepted_steps, cap) in [(0, 3), (1, 5), (2, 10), (77, 10)] {
            assert_eq!(InnerFeedback { accepted_steps, ..InnerFeedback::default() }.cap(), Some(cap));
        }
    }
}

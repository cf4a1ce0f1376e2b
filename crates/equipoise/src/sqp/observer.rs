//! What an observer sees after every step; without one nothing of this is computed.

use super::counters::SqpCounters;
use super::summary::StepSummary;

/// Receives every step of a run.
pub trait StepObserver {
    /// Called after each step.
    fn step(&mut self, summary: &StepSummary, counters: &SqpCounters, state: &SqpState);
}

impl<F: FnMut(&StepSummary, &SqpCounters, &SqpState)> StepObserver for F {
    fn step(&mut self, summary: &StepSummary, counters: &SqpCounters, state: &SqpState) {
        self(summary, counters, state);
    }
}

/// Multipliers of one family, with the reference's signs: all inequality multipliers are ≥ 0 at a solution.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MultiplierSet {
    /// Of the equalities (mₑ).
    pub equalities: Vec<f64>,
    /// Of the inequalities (mᵢ).
    pub inequalities: Vec<f64>,
    /// Of the lower bounds (n).
    pub lower: Vec<f64>,
    /// Of the upper bounds (n), ≥ 0 as well.
    pub upper: Vec<f64>,
}

/// The quasi-Newton matrix of a state.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HessianSnapshot {
    /// γ = yᵀy/sᵀy of the last pair.
    pub gamma: f64,
    /// Diagonal of the dense matrix, or of the initial matrix of a limited memory (n).
    pub diagonal: Vec<f64>,
    /// Pairs in store.
    pub num_pairs: usize,
    /// Steps s of the pairs, oldest first (num_pairs × n).
    pub steps: Vec<f64>,
    /// Changes y of the Lagrangian's gradient (num_pairs × n).
    pub gradient_changes: Vec<f64>,
    /// Smallest eigenvalue that the convexification found, where the exact Hessian is used; 0 if none was negative.
    pub negative_curvature: f64,
    /// What was added to the diagonal for convexity.
    pub shift: f64,
}

/// Everything at the point after a step, in the user's units.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SqpState {
    /// Number of the step, from 1; 0 is the start.
    pub step: u64,
    /// The point (n).
    pub x: Vec<f64>,
    /// f.
    pub objective: f64,
    /// ∇f (n).
    pub gradient: Vec<f64>,
    /// cₑ (mₑ).
    pub equalities: Vec<f64>,
    /// cᵢ (mᵢ).
    pub inequalities: Vec<f64>,
    /// Jacobian of cₑ (mₑ × n, row-major).
    pub equality_jacobian: Vec<f64>,
    /// Jacobian of cᵢ (mᵢ × n, row-major).
    pub inequality_jacobian: Vec<f64>,
    /// Multipliers of the last subproblem.
    pub subproblem_multipliers: MultiplierSet,
    /// Multipliers that fit the gradient best, inequalities clamped to ≥ 0.
    pub least_squares_multipliers: MultiplierSet,
    /// ∇f − Jᵀλ − z with the latter (n).
    pub lagrangian_gradient: Vec<f64>,
    /// Penalty weights (mₑ + mᵢ).
    pub penalty_weights: Vec<f64>,
    /// The curvature model.
    pub hessian: HessianSnapshot,
    /// Whether each inequality is in the last working set: rows (mᵢ), lower bounds (n), upper bounds (n).
    pub active: Vec<bool>,
    /// Direction of the step (n).
    pub direction: Vec<f64>,
    /// Length of the step along it.
    pub step_length: f64,
    /// The subproblem needed elastic mode: its linearised constraints contradict each other.
    pub elastic: bool,
    /// Constraints that entered or left the working set against the last step.
    pub working_set_changes: u64,
    /// Truncated inner solves of this step (curvature or iteration limit).
    pub cg_truncations: u64,
    /// Lowest merit so far, at the current weights.
    pub best_merit: f64,
}

impl SqpState {
    /// A digest of the numbers of the state: equal for equal runs.
    pub fn digest(&self) -> String {
        let parts = [
            &self.x,
            &self.gradient,
            &self.equalities,
            &self.inequalities,
            &self.penalty_weights,
            &self.direction,
            &self.hessian.diagonal,
        ];
        let scalars = [self.objective, self.step_length, self.hessian.gamma];
        let all = parts.into_iter().flatten().copied().chain(scalars);
        crate::numeric::digest::Digest::of(all).to_string()
    }
}

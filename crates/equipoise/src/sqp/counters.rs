//! What happened over a whole run, counted.

use serde::{Deserialize, Serialize};

/// The counters of a run; the names are those of the public project slsqp-jax, whose diagnostics they feed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SqpCounters {
    /// Steps whose quadratic subproblem was not solved (its budget included).
    pub n_qp_inner_failures: u64,
    /// Steps whose line search failed.
    pub n_ls_failures: u64,
    /// Curvature pairs that were not stored.
    pub n_lbfgs_skips: u64,
    /// Steps whose direction was not finite.
    pub n_nan_directions: u64,
    /// Largest scale γ = yᵀy/sᵀy of the quasi-Newton matrix.
    pub max_gamma: f64,
    /// Smallest diagonal entry of the quasi-Newton matrix over the run (of its initial matrix, if it is limited-memory).
    pub min_diag: f64,
    /// Largest such entry.
    pub max_diag: f64,
    /// Smallest singular value of the Jacobian of the equalities at any point; ∞ without observer or equalities.
    pub eq_jac_min_sv_est: f64,
    /// Smallest step length accepted.
    pub ls_alpha_min: f64,
    /// Line searches that failed in a row up to the end.
    pub tail_ls_failures: u64,
    /// Reduced solves after variables were fixed at their bounds.
    pub n_bound_fix_solves: u64,
    /// Largest number of variables at a bound in a subproblem's solution.
    pub max_bound_fixed: u64,
    /// Largest number of active inequalities, bounds included.
    pub max_active_ineq: u64,
    /// Largest working set of a subproblem, bounds included, equalities not.
    pub max_qp_active_size: u64,
    /// Steps after which the merit function, at the current penalty, was above its best value at that penalty.
    pub n_merit_regressions: u64,
    /// Subproblems that ended at `qp_max_iter`.
    pub n_qp_budget_exhausted: u64,
    /// Subproblems ended because a constraint went in and out of the working set in turn.
    pub n_qp_ping_pong: u64,
    /// Most iterations of one subproblem.
    pub max_qp_iterations: u64,
    /// Steps whose predicted working set was not used (warm-up or no trust).
    pub n_lpeca_bypassed: u64,
    /// Steps whose predicted working set was cut to the number of degrees of freedom.
    pub n_lpeca_capped: u64,
    /// Variables fixed beforehand because the prediction said so.
    pub n_lpeca_bounds_prefixed: u64,
    /// Rounds of projection refinement of the saddle-point solver.
    pub n_proj_refinements: u64,
    /// Largest residual left by those projections.
    pub max_proj_residual: f64,
    /// Steps at which the merit function was far above its best value.
    pub n_divergence_blowups: u64,
    /// True once that happened `divergence_patience` times in a row.
    pub divergence_triggered: bool,
    /// Smallest projected gradient that an inexact inner solver saw; ∞ for the others.
    pub min_projected_grad_norm: f64,
    /// Steps whose projected gradient was below the gradient of the Lagrangian.
    pub n_steps_inexact_below_classical: u64,
}

impl Default for SqpCounters {
    fn default() -> Self {
        Self {
            n_qp_inner_failures: 0,
            n_ls_failures: 0,
            n_lbfgs_skips: 0,
            n_nan_directions: 0,
            max_gamma: 0.0,
            min_diag: f64::INFINITY,
            max_diag: 0.0,
            eq_jac_min_sv_est: f64::INFINITY,
            ls_alpha_min: 1.0,
            tail_ls_failures: 0,
            n_bound_fix_solves: 0,
            max_bound_fixed: 0,
            max_active_ineq: 0,
            max_qp_active_size: 0,
            n_merit_regressions: 0,
            n_qp_budget_exhausted: 0,
            n_qp_ping_pong: 0,
            max_qp_iterations: 0,
            n_lpeca_bypassed: 0,
            n_lpeca_capped: 0,
            n_lpeca_bounds_prefixed: 0,
            n_proj_refinements: 0,
            max_proj_residual: 0.0,
            n_divergence_blowups: 0,
            divergence_triggered: false,
            min_projected_grad_norm: f64::INFINITY,
            n_steps_inexact_below_classical: 0,
        }
    }
}

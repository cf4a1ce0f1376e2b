//! The counters with what they mean.

use crate::sqp::counters::SqpCounters;

/// Name, value and meaning of every counter.
pub(super) fn rows(c: &SqpCounters) -> Vec<(&'static str, f64, &'static str)> {
    let flag = f64::from(u8::from(c.divergence_triggered));
    macro_rules! rows {
        ($($name:ident: $meaning:literal,)*) => {
            vec![$((stringify!($name), c.$name as f64, $meaning)),*, (
                "divergence_triggered",
                flag,
                "1 once blow-ups in a row reached divergence_patience",
            )]
        };
    }
    rows! {
        n_qp_inner_failures: "steps whose subproblem was not solved, its budget included",
        n_ls_failures: "steps whose line search failed",
        n_lbfgs_skips: "curvature pairs that were not stored",
        n_nan_directions: "steps whose direction was not finite",
        max_gamma: "largest curvature scale of the quasi-Newton matrix",
        min_diag: "smallest diagonal entry of the quasi-Newton matrix over the run",
        max_diag: "largest such entry",
        eq_jac_min_sv_est: "smallest singular value of the equalities' Jacobian at any point",
        ls_alpha_min: "smallest step length",
        tail_ls_failures: "line searches that failed in a row up to the end",
        n_bound_fix_solves: "reduced solves after variables were fixed at bounds",
        max_bound_fixed: "most variables at a bound in one subproblem",
        max_active_ineq: "most active inequalities, bounds included",
        max_qp_active_size: "largest working set of a subproblem, without equalities",
        n_merit_regressions: "accepted steps above the best merit at the same penalty",
        n_qp_budget_exhausted: "subproblems that ended at qp_max_iter",
        n_qp_ping_pong: "subproblems with a constraint going in and out in turn",
        max_qp_iterations: "most iterations of one subproblem",
        n_lpeca_bypassed: "steps whose predicted working set was not used",
        n_lpeca_capped: "steps whose predicted working set was cut",
        n_lpeca_bounds_prefixed: "variables fixed at bounds by prediction",
        n_proj_refinements: "refinements of the saddle-point solver's projection",
        max_proj_residual: "largest residual left by it",
        n_divergence_blowups: "steps with the merit function far above its best value",
        min_projected_grad_norm: "smallest projected gradient of an inexact inner solver",
        n_steps_inexact_below_classical: "steps whose projected gradient was below the Lagrangian's",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_twenty_seven_are_listed() {
        let names: Vec<&str> = rows(&SqpCounters::default()).iter().map(|row| row.0).collect();
        let text = serde_json::to_value(SqpCounters::default()).unwrap();
        assert_eq!(names.len(), 27);
        assert!(text.as_object().unwrap().keys().all(|name| names.contains(&name.as_str())));
    }
}

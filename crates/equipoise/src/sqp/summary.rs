//! One record of numbers per step, for diagnostics and traces.

use serde::{Deserialize, Serialize};

use crate::numeric::digest::Digest;

/// The value of one field of a [`StepSummary`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SummaryValue {
    /// A real number.
    Number(f64),
    /// A count.
    Count(u64),
    /// Yes or no.
    Flag(bool),
}

impl SummaryValue {
    /// The value as a number; a flag is 1 or 0.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Number(value) => value,
            Self::Count(value) => value as f64,
            Self::Flag(value) => f64::from(u8::from(value)),
        }
    }

    /// Eleven significant digits after the first; equal text stands for equal values in a digest.
    fn text(self) -> String {
        match self {
            Self::Number(value) => format!("{value:.11e}"),
            Self::Count(value) => value.to_string(),
            Self::Flag(value) => value.to_string(),
        }
    }
}

impl From<f64> for SummaryValue {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<u64> for SummaryValue {
    fn from(value: u64) -> Self {
        Self::Count(value)
    }
}

impl From<bool> for SummaryValue {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

macro_rules! summary {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $initial:expr,)*) => {
        /// The state after a step in 39 numbers, in the user's units; names as in the public project slsqp-jax.
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        pub struct StepSummary {
            $($(#[$doc])* pub $name: $kind,)*
        }

        impl Default for StepSummary {
            fn default() -> Self {
                Self { $($name: $initial,)* }
            }
        }

        impl StepSummary {
            /// The names of the fields, in order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Every field with its name, in order.
            pub fn fields(&self) -> Vec<(&'static str, SummaryValue)> {
                vec![$((stringify!($name), SummaryValue::from(self.$name))),*]
            }
        }
    };
}

summary! {
    /// Number of the step, from 1.
    step_count: u64 = 0,
    /// f after the step.
    f_val: f64 = 0.0,
    /// f + Σ weightᵢ·violationᵢ with the current weights.
    merit: f64 = 0.0,
    /// Accepted step length.
    last_alpha: f64 = 1.0,
    /// Iterations of all subproblems so far.
    qp_iterations_total: u64 = 0,
    /// Iterations of this step's subproblem.
    qp_iterations_step: u64 = 0,
    /// The subproblem was solved.
    qp_converged: bool = true,
    /// The subproblem ended at its budget.
    qp_reached_max_iter: bool = false,
    /// The subproblem ended because a constraint went in and out in turn.
    qp_ping_ponged: bool = false,
    /// The subproblem was not solved, and not for want of budget.
    qp_real_failure: bool = false,
    /// The line search accepted a step.
    ls_success: bool = true,
    /// Subproblems that failed in a row.
    consecutive_qp_failures: u64 = 0,
    /// Line searches that failed in a row.
    consecutive_ls_failures: u64 = 0,
    /// Negligible steps in a row.
    consecutive_zero_steps: u64 = 0,
    /// ‖∇f‖₂.
    grad_norm: f64 = 0.0,
    /// ‖∇f − Jᵀλ − z‖₂ with the multipliers that fit best.
    grad_lagrangian_norm: f64 = 0.0,
    /// f − λ·c.
    lagrangian_value: f64 = 0.0,
    /// ‖∇L‖₂ / max(|L|, 1).
    rel_kkt: f64 = 0.0,
    /// max(‖∇f‖, |λᵢ|‖aᵢ‖, |zⱼ|).
    kkt_scale: f64 = 0.0,
    /// ‖∇L‖₂ / max(kkt_scale, 1).
    kkt_ratio: f64 = f64::INFINITY,
    /// Scale yᵀy/sᵀy of the quasi-Newton matrix.
    gamma: f64 = 1.0,
    /// Smallest diagonal entry of the (initial) quasi-Newton matrix.
    min_diag: f64 = 1.0,
    /// Largest such entry.
    max_diag: f64 = 1.0,
    /// max_diag / max(min_diag, 1e-30).
    diag_kappa: f64 = 1.0,
    /// Curvature pairs in store.
    lbfgs_count: u64 = 0,
    /// The pair of this step was not stored.
    lbfgs_skipped: bool = false,
    /// Largest multiplier of an equality.
    max_abs_mult_eq: f64 = 0.0,
    /// Largest multiplier of an inequality or bound.
    max_abs_mult_ineq: f64 = 0.0,
    /// Largest ratio of the subproblem's multipliers to those that fit best, over rows where either matters.
    qp_vs_ls_multiplier_ratio: f64 = 1.0,
    /// Active inequalities, bounds included.
    n_active_ineq: u64 = 0,
    /// Smallest singular value of the equalities' Jacobian so far.
    eq_jac_min_sv_est: f64 = f64::INFINITY,
    /// Projected gradient as an inexact inner solver saw it.
    projected_grad_norm: f64 = f64::INFINITY,
    /// Largest penalty weight.
    merit_penalty: f64 = 1.0,
    /// max |cₑ|.
    max_eq_violation: f64 = 0.0,
    /// max(0, −cᵢ), bounds included.
    max_ineq_violation: f64 = 0.0,
    /// Largest projection residual so far.
    proj_residual_high_water: f64 = 0.0,
    /// The run is being given up as diverging.
    diverging: bool = false,
    /// Steps in a row at which the merit function was far above its best value.
    blowup_count: u64 = 0,
    /// The line search succeeded, yet the merit function is above its best value at the current penalty.
    merit_regression_step: bool = false,
}

impl StepSummary {
    /// A digest of all fields with twelve significant digits each: two runs of the same problem must agree.
    pub fn digest(&self) -> String {
        let mut digest = Digest::default();
        for (name, value) in self.fields() {
            digest.add_bytes(format!("{name}={}|", value.text()).as_bytes());
        }
        digest.to_string()
    }

    /// The names of the fields whose values differ in a digest.
    pub fn differing_fields(&self, other: &Self) -> Vec<&'static str> {
        let pairs = self.fields().into_iter().zip(other.fields());
        pairs.filter(|((_, a), (_, b))| a.text() != b.text()).map(|((name, _), _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_sees_twelve_significant_digits_of_every_size() {
        assert_eq!(StepSummary::NAMES.len(), 39);
        let base = StepSummary { f_val: 1e-30, ..StepSummary::default() };
        let moved = StepSummary { f_val: 1.00000000001e-30, ..base };
        let rounding = StepSummary { f_val: 1.00000000000001e-30, ..base };
        assert_eq!(base.digest(), rounding.digest());
        assert_ne!(base.digest(), moved.digest());
        assert_eq!(base.differing_fields(&moved), ["f_val"]);
        let nan = StepSummary { merit: f64::NAN, ..base };
        assert!(nan.differing_fields(&nan).is_empty());
    }
}

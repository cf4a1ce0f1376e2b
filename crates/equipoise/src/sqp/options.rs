//! Options of the solver with their defaults; the names of slsqp-jax are kept where they exist.

use serde::{Deserialize, Serialize};

use super::choices::{
    ActiveSetMethod, DampingReference, FiniteDifferences, HessianChoice, InitialHessian, InnerSolver,
    PenaltyUpdate, PreconditionerType, Scaling,
};
use crate::error::{InputCode, InputError};

macro_rules! options {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $initial:expr,)*) => {
        /// Options of [`minimize`](super::minimize); each has a default.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default, rename_all = "camelCase", deny_unknown_fields)]
        pub struct SqpOptions {
            $($(#[$doc])* pub $name: $kind,)*
        }

        impl Default for SqpOptions {
            fn default() -> Self {
                Self { $($name: $initial,)* }
            }
        }

        impl SqpOptions {
            /// The names of all options as in Rust, in order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];
        }
    };
}

options! {
    /// Largest ‖∇f − Jᵀλ − z‖∞ and complementarity, relative to max(‖∇f‖, ‖∇f(x₀)‖, |λᵢ|‖aᵢ‖, |zⱼ|).
    stationarity_tolerance: f64 = 1e-7,
    /// The same as an absolute limit, in units of the gradient; whichever is larger counts.
    absolute_stationarity_tolerance: f64 = 0.0,
    /// Largest violation of a constraint, in the user's units.
    feasibility_tolerance: f64 = 1e-8,
    /// A step is negligible below this part of max(1, |xⱼ|).
    step_tolerance: f64 = 1e-14,
    /// Steps.
    max_steps: u64 = 3000,
    /// No convergence before this many steps.
    min_steps: u64 = 0,
    /// Relative fall of the merit function that counts as progress.
    stagnation_tol: f64 = 1e-15,
    /// Steps without progress after which the run ends; `None` means max_steps/10, at least 20 and at most 50.
    stagnation_patience: Option<u64> = None,
    /// A merit above the best one by this many times max(|best|, its scale) is a blow-up.
    divergence_factor: f64 = 10.0,
    /// Blow-ups in a row after which the run returns to the best point and ends.
    divergence_patience: u64 = 3,
    /// The objective below −this, at a feasible point, counts as unbounded.
    unbounded_objective: f64 = 1e20,

    /// Where the curvature comes from.
    hessian: HessianChoice = HessianChoice::Auto,
    /// Use exact Hessian products where the functions provide them.
    use_exact_hvp: bool = true,
    /// Variables up to which exact Hessians are dense matrices.
    dense_limit: usize = 600,
    /// Variables up to which BFGS is dense (`hessian` auto).
    bfgs_limit: usize = 30,
    /// Pairs of the limited memory.
    lbfgs_memory: usize = 10,
    /// Initial matrix of the limited memory.
    lbfgs_initial: InitialHessian = InitialHessian::Auto,
    /// Powell's damping: a pair with sᵀy below this part of sᵀBs is mixed; 0 switches it off.
    damping_threshold: f64 = 0.35,
    /// What it is mixed with.
    damping_reference: DampingReference = DampingReference::Full,
    /// Smallest entry of the diagonal initial matrix.
    lbfgs_diag_floor: f64 = 1e-4,
    /// Largest entry of the diagonal initial matrix.
    lbfgs_diag_ceil: f64 = 1e6,

    /// How the penalty weights follow the multipliers.
    penalty_update: PenaltyUpdate = PenaltyUpdate::PredictedReduction,
    /// Penalty weight at the start.
    initial_penalty: f64 = 1.0,
    /// Trials of one line search.
    line_search_max_steps: u64 = 30,
    /// Part of the predicted decrease that a step must reach.
    armijo_c1: f64 = 1e-4,
    /// Failed line searches in a row: at this many the quasi-Newton matrix is reset, at twice as many the run ends.
    ls_failure_patience: u64 = 3,
    /// Correct a full step that violates the constraints more than before.
    second_order_correction: bool = true,
    /// Steps that may raise the merit function before it must be below where it was; 0 switches the watchdog off.
    watchdog_steps: u64 = 1,

    /// Constraints taken in or dropped in one subproblem; `None` means 50 (m + n) + 100.
    qp_max_iter: Option<u64> = None,
    /// Failed subproblems in a row: at this many the quasi-Newton matrix is reset, at twice as many the run ends.
    qp_failure_patience: u64 = 3,
    /// Largest weight of the elastic mode, relative to the gradient of the objective.
    elastic_weight_limit: f64 = 1e10,
    /// Negligible steps in a row after which the run ends as stalled.
    zero_step_patience: u64 = 3,
    /// Times that a constraint may go in and out of the working set in turn.
    qp_ping_pong_threshold: u64 = 1 << 31,
    /// A multiplier below minus this (relative to the largest) drops its constraint.
    mult_drop_floor: f64 = 1e-12,
    /// How active constraints are identified.
    active_set_method: ActiveSetMethod = ActiveSetMethod::Expand,
    /// Exponent of LPEC-A's threshold (β·ρ̄)^σ.
    lpeca_sigma: f64 = 0.9,
    /// Factor β of the threshold; `None` means 1/(mᵢ + n + mₑ).
    lpeca_beta: Option<f64> = None,
    /// Refine LPEC-A's multipliers by a linear program.
    lpeca_use_lp: bool = false,
    /// Largest ρ̄ at which the prediction is used.
    lpeca_trust_threshold: f64 = 1.0,
    /// Steps before the prediction is used.
    lpeca_warmup_steps: u64 = 3,
    /// Let the prediction fix variables at bounds.
    lpeca_predict_bounds: bool = true,

    /// How the subproblem's linear systems are solved.
    inner_solver: InnerSolver = InnerSolver::Auto,
    /// Iterations of one matrix-free solve.
    qp_max_cg_iter: u64 = 200,
    /// Residual of the matrix-free solvers, relative to their start.
    qp_cg_tolerance: f64 = 1e-10,
    /// Tie the residual of the matrix-free solvers to the outer residual.
    adaptive_cg_tol: bool = false,
    /// Curvature below this part of the largest counts as negative.
    cg_regularization: f64 = 1e-12,
    /// Precondition the matrix-free solvers.
    use_preconditioner: bool = true,
    /// With what.
    preconditioner_type: PreconditionerType = PreconditionerType::Lbfgs,
    /// Probes of the diagonal preconditioner.
    diagonal_n_probes: u64 = 20,
    /// Exponent of the proximal (stabilised) form of the equalities; 0 means off.
    proximal_tau: f64 = 0.0,
    /// Smallest proximal weight.
    proximal_mu_min: f64 = 1e-8,
    /// Largest proximal weight.
    proximal_mu_max: f64 = 0.1,
    /// End where only the inner solver's projected gradient is small, with a status of its own.
    use_inexact_stationarity: bool = false,

    /// Automatic scaling at the start.
    scaling: Scaling = Scaling::Uniform,
    /// Size to which gradients are brought; `None` means the scaling's own.
    scaling_target: Option<f64> = None,
    /// Largest factor; `None` means the scaling's own.
    scaling_max_factor: Option<f64> = None,

    /// Differences for derivatives that are not given.
    finite_differences: FiniteDifferences = FiniteDifferences::Forward,
    /// Step relative to max(1, |xⱼ|); `None` means ε^½ (forward) or ε^⅓ (central).
    finite_difference_step: Option<f64> = None,
}

impl SqpOptions {
    /// Checks every value.
    ///
    /// # Errors
    /// The first option outside its range, by its name in camel case.
    pub fn check(&self) -> Result<(), InputError> {
        let positive = |v: f64| v > 0.0 && v.is_finite();
        let not_negative = |v: f64| v >= 0.0 && v.is_finite();
        let fraction = |v: f64| v > 0.0 && v < 1.0;
        let optional = |v: Option<f64>| v.unwrap_or(1.0);
        let rules: [(&str, f64, bool, &str); 24] = [
            (
                "stationarityTolerance",
                self.stationarity_tolerance,
                positive(self.stationarity_tolerance),
                POSITIVE,
            ),
            (
                "absoluteStationarityTolerance",
                self.absolute_stationarity_tolerance,
                not_negative(self.absolute_stationarity_tolerance),
                NOT_NEGATIVE,
            ),
            (
                "feasibilityTolerance",
                self.feasibility_tolerance,
                positive(self.feasibility_tolerance),
                POSITIVE,
            ),
            ("stepTolerance", self.step_tolerance, not_negative(self.step_tolerance), NOT_NEGATIVE),
            ("stagnationTol", self.stagnation_tol, not_negative(self.stagnation_tol), NOT_NEGATIVE),
            ("divergenceFactor", self.divergence_factor, positive(self.divergence_factor), POSITIVE),
            ("unboundedObjective", self.unbounded_objective, self.unbounded_objective > 0.0, POSITIVE),
            (
                "dampingThreshold",
                self.damping_threshold,
                (0.0..1.0).contains(&self.damping_threshold),
                BELOW_ONE,
            ),
            ("lbfgsDiagFloor", self.lbfgs_diag_floor, positive(self.lbfgs_diag_floor), POSITIVE),
            (
                "lbfgsDiagCeil",
                self.lbfgs_diag_ceil,
                self.lbfgs_diag_ceil >= self.lbfgs_diag_floor,
                "lbfgsDiagFloor or more",
            ),
            ("initialPenalty", self.initial_penalty, positive(self.initial_penalty), POSITIVE),
            ("armijoC1", self.armijo_c1, fraction(self.armijo_c1), FRACTION),
            ("elasticWeightLimit", self.elastic_weight_limit, positive(self.elastic_weight_limit), POSITIVE),
            ("multDropFloor", self.mult_drop_floor, not_negative(self.mult_drop_floor), NOT_NEGATIVE),
            ("lpecaSigma", self.lpeca_sigma, fraction(self.lpeca_sigma), FRACTION),
            ("lpecaBeta", optional(self.lpeca_beta), positive(optional(self.lpeca_beta)), POSITIVE),
            (
                "lpecaTrustThreshold",
                self.lpeca_trust_threshold,
                not_negative(self.lpeca_trust_threshold),
                NOT_NEGATIVE,
            ),
            ("qpCgTolerance", self.qp_cg_tolerance, fraction(self.qp_cg_tolerance), FRACTION),
            ("cgRegularization", self.cg_regularization, not_negative(self.cg_regularization), NOT_NEGATIVE),
            ("proximalTau", self.proximal_tau, (0.0..1.0).contains(&self.proximal_tau), BELOW_ONE),
            ("proximalMuMin", self.proximal_mu_min, positive(self.proximal_mu_min), POSITIVE),
            (
                "proximalMuMax",
                self.proximal_mu_max,
                self.proximal_mu_max >= self.proximal_mu_min,
                "proximalMuMin or more",
            ),
            (
                "scalingTarget",
                optional(self.scaling_target),
                positive(optional(self.scaling_target)),
                POSITIVE,
            ),
            (
                "finiteDifferenceStep",
                optional(self.finite_difference_step),
                positive(optional(self.finite_difference_step)),
                POSITIVE,
            ),
        ];
        if let Some((name, value, _, rule)) = rules.into_iter().find(|rule| !rule.2) {
            return Err(InputError::out_of_range(name, rule, value));
        }
        let factor = optional(self.scaling_max_factor);
        let least = if self.scaling == Scaling::Uniform { 1.0 } else { f64::MIN_POSITIVE };
        if !(factor >= least && factor.is_finite()) {
            return Err(InputError::out_of_range("scalingMaxFactor", format!("at least {least}"), factor));
        }
        let counts = [
            ("maxSteps", self.max_steps),
            ("lbfgsMemory", self.lbfgs_memory as u64),
            ("lineSearchMaxSteps", self.line_search_max_steps),
            ("lsFailurePatience", self.ls_failure_patience),
            ("qpFailurePatience", self.qp_failure_patience),
            ("zeroStepPatience", self.zero_step_patience),
            ("divergencePatience", self.divergence_patience),
            ("qpMaxCgIter", self.qp_max_cg_iter),
            ("diagonalNProbes", self.diagonal_n_probes),
            ("qpMaxIter", self.qp_max_iter.unwrap_or(1)),
        ];
        match counts.into_iter().find(|(_, count)| *count == 0) {
            Some((name, _)) => Err(InputError::new(InputCode::OutOfRange, name, "at least 1", "0")),
            None => Ok(()),
        }
    }

    /// Whether exact products are wanted where they are given.
    pub(super) fn wants_exact_products(&self) -> bool {
        match self.hessian {
            HessianChoice::Exact => true,
            HessianChoice::Auto => self.use_exact_hvp,
            HessianChoice::Bfgs | HessianChoice::LimitedMemory => false,
        }
    }

    /// Steps without progress after which the run ends.
    pub(super) fn patience(&self) -> u64 {
        self.stagnation_patience.unwrap_or((self.max_steps / 10).clamp(20, 50))
    }
}

const POSITIVE: &str = "a positive number";
const NOT_NEGATIVE: &str = "a number not below 0";
const FRACTION: &str = "a number between 0 and 1";
const BELOW_ONE: &str = "a number from 0 to below 1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_faults_are_named() {
        assert_eq!(SqpOptions::default().check(), Ok(()));
        let fault = |change: fn(&mut SqpOptions)| {
            let mut options = SqpOptions::default();
            change(&mut options);
            options.check().unwrap_err().path
        };
        assert_eq!(fault(|o| o.stationarity_tolerance = f64::NAN), "stationarityTolerance");
        assert_eq!(fault(|o| o.lpeca_sigma = 1.0), "lpecaSigma");
        assert_eq!(fault(|o| o.proximal_tau = 1.0), "proximalTau");
        assert_eq!(fault(|o| o.scaling_max_factor = Some(0.5)), "scalingMaxFactor");
        assert_eq!(fault(|o| o.max_steps = 0), "maxSteps");
    }

    #[test]
    fn unknown_names_are_refused_with_the_list() {
        let error = serde_json::from_str::<SqpOptions>(r#"{"maxStep": 3}"#).unwrap_err().to_string();
        assert!(error.contains("maxStep") && error.contains("maxSteps"), "{error}");
        let read: SqpOptions = serde_json::from_str(r#"{"maxSteps": 3, "scaling": "off"}"#).unwrap();
        assert_eq!((read.max_steps, read.scaling), (3, Scaling::Off));
    }
}

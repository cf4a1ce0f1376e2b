//! The configuration of a run: a builder whose defaults are the only ones there are.

use super::barrier::BarrierConfig;
use super::cache::CacheSession;
use super::capability::{DeclaredHessian, Derivative, OuterCapability};
use super::event::{Observer, OuterEvent};
use super::inner_progress::InnerProgress;
use super::seed_config::SeedConfig;
use super::uncertainty::UncertaintyOptions;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

/// Whether a failed attempt may be followed by another solver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FallbackPolicy {
    /// After a fixed point that fails, a solver that uses gradients.
    #[default]
    Automatic,
    /// One attempt only.
    Disabled,
}

/// The size of the inner problem, for rules that weigh costs and for the limit of the Newton decrement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProblemSize {
    /// Number of observations.
    pub n_obs: Option<usize>,
    /// Number of inner coefficients.
    pub p_coefficients: Option<usize>,
}

/// A search over n parameters: what is asked of the solvers. Every option is optional; [`run`](Self::run) checks them all before it
/// evaluates anything.
///
/// | option | default |
/// | --- | --- |
/// | `gradient`, `hessian` | unavailable; only for [`objective`](Self::objective), the closure adapter |
/// | `psi_dim` | 0 |
/// | `tolerance` | 1e-5 |
/// | `rel_cost_tolerance` | as `tolerance` |
/// | `max_iter` | 200 |
/// | `bounds` | ±`rho_bound` in every coordinate |
/// | `rho_bound` | 30 |
/// | `seed_config` | [`SeedConfig::default`] |
/// | `fallback_policy` | automatic |
/// | `continuation_prewarm` | true |
/// | `uncertainty` | [`UncertaintyOptions::default`] |
/// | everything else | none, false |
///
/// A point is stationary where maxᵢ |P(θ − g)ᵢ − θᵢ| ≤ max(tolerance, 1e-9 · objective_scale, rel_cost_tolerance · (1 + |F|)), P the
/// projection onto the bounds ([`StationarityReport`](super::StationarityReport) says the rest).
#[derive(Clone)]
pub struct OuterProblem {
    pub(super) n_params: usize,
    pub(super) gradient: Derivative,
    pub(super) hessian: DeclaredHessian,
    pub(super) prefer_gradient_only: bool,
    pub(super) disable_fixed_point: bool,
    pub(super) psi_dim: usize,
    pub(super) barrier: Option<BarrierConfig>,
    pub(super) tolerance: f64,
    pub(super) rel_cost_tolerance: Option<f64>,
    pub(super) max_iter: usize,
    pub(super) bounds: Option<(Vec<f64>, Vec<f64>)>,
    pub(super) rho_bound: f64,
    pub(super) seed_config: SeedConfig,
    pub(super) heuristic: Option<Vec<f64>>,
    pub(super) initial_rho: Option<Vec<f64>>,
    pub(super) fallback_policy: FallbackPolicy,
    pub(super) screening_cap: Option<Arc<AtomicUsize>>,
    pub(super) screen_initial_rho: bool,
    pub(super) inner_progress: Option<Arc<InnerProgress>>,
    pub(super) operator_initial_trust_radius: Option<f64>,
    pub(super) arc_initial_regularization: Option<f64>,
    pub(super) objective_scale: Option<f64>,
    pub(super) bfgs_step_cap: Option<f64>,
    pub(super) bfgs_step_cap_psi: Option<f64>,
    pub(super) limited_memory: Option<usize>,
    pub(super) border_axes: Vec<usize>,
    pub(super) problem_size: ProblemSize,
    pub(super) continuation_prewarm: bool,
    pub(super) uncertainty: UncertaintyOptions,
    pub(super) cache_session: Option<Arc<CacheSession>>,
    pub(super) cache_mirrors: Vec<Arc<CacheSession>>,
    pub(super) rho_canonical_keys: Option<Vec<u64>>,
    pub(super) observer: Option<Observer>,
    /// Set where the start comes from an earlier run: no pre-warm then, and BFGS starts from a metric.
    pub(super) warm_start: bool,
    /// The Hessian that came with the start (n × n by rows).
    pub(super) warm_start_hessian: Option<Vec<f64>>,
}

impl fmt::Debug for OuterProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OuterProblem")
            .field("n_params", &self.n_params)
            .field("psi_dim", &self.psi_dim)
            .field("tolerance", &self.tolerance)
            .field("max_iter", &self.max_iter)
            .field("bounds", &self.bounds)
            .field("seed_config", &self.seed_config)
            .finish_non_exhaustive()
    }
}

impl OuterProblem {
    /// A search over n parameters with every option at its default.
    pub fn new(n_params: usize) -> Self {
        Self {
            n_params,
            gradient: Derivative::Unavailable,
            hessian: DeclaredHessian::Unavailable,
            prefer_gradient_only: false,
            disable_fixed_point: false,
            psi_dim: 0,
            barrier: None,
            tolerance: 1e-5,
            rel_cost_tolerance: None,
            max_iter: 200,
            bounds: None,
            rho_bound: 30.0,
            seed_config: SeedConfig::default(),
            heuristic: None,
            initial_rho: None,
            fallback_policy: FallbackPolicy::Automatic,
            screening_cap: None,
            screen_initial_rho: false,
            inner_progress: None,
            operator_initial_trust_radius: None,
            arc_initial_regularization: None,
            objective_scale: None,
            bfgs_step_cap: None,
            bfgs_step_cap_psi: None,
            limited_memory: None,
            border_axes: Vec::new(),
            problem_size: ProblemSize::default(),
            continuation_prewarm: true,
            uncertainty: UncertaintyOptions::default(),
            cache_session: None,
            cache_mirrors: Vec::new(),
            rho_canonical_keys: None,
            observer: None,
            warm_start: false,
            warm_start_hessian: None,
        }
    }

    /// Number of parameters n.
    pub fn n_params(&self) -> usize {
        self.n_params
    }

    /// Whether closures given to [`objective`](Self::objective) compute gradients.
    #[must_use]
    pub fn with_gradient(mut self, gradient: Derivative) -> Self {
        self.gradient = gradient;
        self
    }

    /// The form in which closures given to [`objective`](Self::objective) compute the Hessian.
    #[must_use]
    pub fn with_hessian(mut self, hessian: DeclaredHessian) -> Self {
        self.hessian = hessian;
        self
    }

    /// Carried to the capability; it changes no plan.
    #[must_use]
    pub fn with_prefer_gradient_only(mut self, prefer: bool) -> Self {
        self.prefer_gradient_only = prefer;
        self
    }

    /// Forbids the fixed-point solvers, for models where their structural assumption fails.
    #[must_use]
    pub fn with_disable_fixed_point(mut self, disable: bool) -> Self {
        self.disable_fixed_point = disable;
        self
    }

    /// Length of the trailing block ψ, at most n.
    #[must_use]
    pub fn with_psi_dim(mut self, psi_dim: usize) -> Self {
        self.psi_dim = psi_dim;
        self
    }

    /// The log-barrier on inner coefficients, which a fixed point looks at.
    #[must_use]
    pub fn with_barrier(mut self, barrier: Option<BarrierConfig>) -> Self {
        self.barrier = barrier;
        self
    }

    /// The absolute tolerance of the projected gradient and of fixed-point steps, > 0.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The tolerance of the projected gradient relative to 1 + |F|, > 0; as `tolerance` unless given.
    #[must_use]
    pub fn with_rel_cost_tolerance(mut self, tolerance: Option<f64>) -> Self {
        self.rel_cost_tolerance = tolerance;
        self
    }

    /// Largest number of outer iterations of one solver run, at least 1. With 1 there is no certificate.
    #[must_use]
    pub fn with_max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = max_iter;
        self
    }

    /// Bounds lower ≤ θ ≤ upper (n each); a side may be infinite.
    #[must_use]
    pub fn with_bounds(mut self, lower: Vec<f64>, upper: Vec<f64>) -> Self {
        self.bounds = Some((lower, upper));
        self
    }

    /// Without bounds every coordinate lies in ±`bound`, > 0.
    #[must_use]
    pub fn with_rho_bound(mut self, bound: f64) -> Self {
        self.rho_bound = bound;
        self
    }

    /// Seeds and their budget.
    #[must_use]
    pub fn with_seed_config(mut self, config: SeedConfig) -> Self {
        self.seed_config = config;
        self
    }

    /// An anchor for the seeds (n, in the space of θ): the first seed.
    #[must_use]
    pub fn with_heuristic(mut self, anchor: Vec<f64>) -> Self {
        self.heuristic = Some(anchor);
        self
    }

    /// An explicit start (n).
    #[must_use]
    pub fn with_initial_rho(mut self, start: Vec<f64>) -> Self {
        self.initial_rho = Some(start);
        self
    }

    /// Whether a failed fixed point is followed by a solver that uses gradients.
    #[must_use]
    pub fn with_fallback_policy(mut self, policy: FallbackPolicy) -> Self {
        self.fallback_policy = policy;
        self
    }

    /// The cap on inner iterations that screening sets (0: none) and the objective obeys; without it there is no screening.
    #[must_use]
    pub fn with_screening_cap(mut self, cap: Arc<AtomicUsize>) -> Self {
        self.screening_cap = Some(cap);
        self
    }

    /// Lets screening rank an explicit start behind other seeds even where only one seed may be used.
    #[must_use]
    pub fn with_screen_initial_rho(mut self, screen: bool) -> Self {
        self.screen_initial_rho = screen;
        self
    }

    /// What the objective tells of its inner solves, and the cap that the search sets for them.
    #[must_use]
    pub fn with_inner_progress(mut self, progress: Arc<InnerProgress>) -> Self {
        self.inner_progress = Some(progress);
        self
    }

    /// First radius of the matrix-free trust region, > 0; below 1e-6 it is raised to 1e-6.
    #[must_use]
    pub fn with_operator_initial_trust_radius(mut self, radius: Option<f64>) -> Self {
        self.operator_initial_trust_radius = radius;
        self
    }

    /// First σ of the cubic regularisation, > 0.
    #[must_use]
    pub fn with_arc_initial_regularization(mut self, sigma: Option<f64>) -> Self {
        self.arc_initial_regularization = sigma;
        self
    }

    /// The size of the criterion, > 0: the gradient need not be below 1e-9 times it.
    #[must_use]
    pub fn with_objective_scale(mut self, scale: Option<f64>) -> Self {
        self.objective_scale = scale;
        self
    }

    /// Longest step of BFGS in a ρ coordinate, > 0; 5 is a good value.
    #[must_use]
    pub fn with_bfgs_step_cap(mut self, cap: Option<f64>) -> Self {
        self.bfgs_step_cap = cap;
        self
    }

    /// Longest step of BFGS in a ψ coordinate, > 0; 1 is a good value.
    #[must_use]
    pub fn with_bfgs_step_cap_psi(mut self, cap: Option<f64>) -> Self {
        self.bfgs_step_cap_psi = cap;
        self
    }

    /// Quasi-Newton with this many pairs of vectors (L-BFGS-B) instead of a dense matrix, for thousands of parameters.
    #[must_use]
    pub fn with_limited_memory(mut self, num_pairs: Option<usize>) -> Self {
        self.limited_memory = num_pairs;
        self
    }

    /// Axes that the fixed point at frontier scale couples by a Newton step; needs operator Hessians.
    #[must_use]
    pub fn with_border_axes(mut self, axes: Vec<usize>) -> Self {
        self.border_axes = axes;
        self
    }

    /// The size of the inner problem.
    #[must_use]
    pub fn with_problem_size(mut self, n_obs: usize, p_coefficients: usize) -> Self {
        self.problem_size = ProblemSize { n_obs: Some(n_obs), p_coefficients: Some(p_coefficients) };
        self
    }

    /// Whether objectives that allow it are walked to each seed from heavier smoothing.
    #[must_use]
    pub fn with_continuation_prewarm(mut self, enabled: bool) -> Self {
        self.continuation_prewarm = enabled;
        self
    }

    /// How much the assessment of the smoothing parameters' uncertainty may cost.
    #[must_use]
    pub fn with_uncertainty(mut self, options: UncertaintyOptions) -> Self {
        self.uncertainty = options;
        self
    }

    /// Starts from what a session has, keeps checkpoints there, and leaves the answer there.
    #[must_use]
    pub fn with_cache(mut self, session: Arc<CacheSession>) -> Self {
        self.cache_session = Some(session);
        self
    }

    /// Further sessions that get every checkpoint and the answer, but are not read.
    #[must_use]
    pub fn with_cache_mirrors(mut self, sessions: Vec<Arc<CacheSession>>) -> Self {
        self.cache_mirrors = sessions;
        self
    }

    /// A key for each ρ coordinate, made of its content alone: the search runs in the order of the keys, so that the order in which the
    /// terms of a model were written changes no bit. Coordinates with equal keys must be interchangeable.
    #[must_use]
    pub fn with_rho_canonical_keys(mut self, keys: Vec<u64>) -> Self {
        self.rho_canonical_keys = Some(keys);
        self
    }

    /// Says that the start comes from an earlier run, with its Hessian if there is one: no pre-warm then, and quasi-Newton starts from
    /// that Hessian.
    #[must_use]
    pub fn with_warm_start(mut self, start: Vec<f64>, hessian: Option<Vec<f64>>) -> Self {
        self.initial_rho = Some(start);
        self.screen_initial_rho = false;
        self.warm_start = true;
        self.warm_start_hessian = hessian;
        self
    }

    /// Calls `observer` with every event, on the thread of the run. Events also go to `tracing`.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Fn(&OuterEvent) + Send + Sync + 'static) -> Self {
        self.observer = Some(Observer::new(observer));
        self
    }

    /// What the options say of an objective made of closures, without its fixed-point hook.
    pub fn capability(&self) -> OuterCapability {
        OuterCapability {
            n_params: self.n_params,
            psi_dim: self.psi_dim,
            gradient: self.gradient,
            hessian: self.hessian,
            fixed_point_available: false,
            disable_fixed_point: self.disable_fixed_point,
            prefer_gradient_only: self.prefer_gradient_only,
            barrier: self.barrier.clone(),
        }
    }

    /// The bounds of every coordinate (n each).
    pub fn effective_bounds(&self) -> (Vec<f64>, Vec<f64>) {
        self.bounds
            .clone()
            .unwrap_or_else(|| (vec![-self.rho_bound; self.n_params], vec![self.rho_bound; self.n_params]))
    }
}

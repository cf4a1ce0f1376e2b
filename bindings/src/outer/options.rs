//! Options of an outer search. What is null keeps its default.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use equipoise::error::{InputCode, InputError};
use equipoise::outer::cache::{CacheKey, CacheSession, DirectoryOptions, DirectoryStore};
use equipoise::outer::uncertainty::UncertaintyOptions;
use equipoise::outer::{
    BarrierConfig, DeclaredHessian, Derivative, FallbackPolicy, InnerProgress, Materialisation,
    OuterCapability, OuterProblem, RiskProfile, SeedConfig,
};
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde::de::DeserializeOwned;

#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeOuterOptions {
    pub num_params: u32,
    pub gradient: Option<String>,
    pub hessian: Option<String>,
    pub materialisation: Option<String>,
    pub estimated_cost: Option<f64>,
    pub fixed_point_available: bool,
    pub barrier: Option<NativeBarrier>,
    pub prefer_gradient_only: Option<bool>,
    pub disable_fixed_point: Option<bool>,
    pub psi_dim: Option<u32>,
    pub tolerance: Option<f64>,
    pub rel_cost_tolerance: Option<f64>,
    pub max_iter: Option<u32>,
    pub lower: Option<Float64Array>,
    pub upper: Option<Float64Array>,
    pub rho_bound: Option<f64>,
    pub seed_config: Option<NativeSeedConfig>,
    pub heuristic: Option<Float64Array>,
    pub initial_rho: Option<Float64Array>,
    pub fallback_policy: Option<String>,
    pub screening: bool,
    pub screen_initial_rho: Option<bool>,
    pub inner_cap_schedule: bool,
    pub operator_initial_trust_radius: Option<f64>,
    pub arc_initial_regularization: Option<f64>,
    pub objective_scale: Option<f64>,
    pub bfgs_step_cap: Option<f64>,
    pub bfgs_step_cap_psi: Option<f64>,
    pub limited_memory: Option<u32>,
    pub border_axes: Option<Uint32Array>,
    pub num_observations: Option<u32>,
    pub num_coefficients: Option<u32>,
    pub continuation_prewarm: Option<bool>,
    pub context: Option<String>,
    pub time_limit_seconds: Option<f64>,
    pub uncertainty: Option<NativeUncertainty>,
    pub canonical_keys: Option<BigUint64Array>,
    pub cache: Option<NativeCache>,
}

#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeUncertainty {
    pub enabled: Option<bool>,
    pub num_draws: Option<u32>,
    pub max_coordinates: Option<u32>,
    pub max_work: Option<f64>,
}

/// Sessions with stores in folders.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeCache {
    pub session: NativeCacheSession,
    pub near_key: Option<String>,
    pub mirrors: Vec<NativeCacheSession>,
}

#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeCacheSession {
    pub directory: String,
    pub key: String,
    pub time_to_live_seconds: Option<f64>,
    pub size_budget_bytes: Option<f64>,
    pub rewrite_seconds: Option<f64>,
}

#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeSeedConfig {
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub max_seeds: Option<u32>,
    pub seed_budget: Option<u32>,
    pub screen_max_inner_iterations: Option<u32>,
    pub risk_profile: Option<String>,
    pub num_auxiliary_trailing: Option<u32>,
    pub over_smoothing_probe_rho: Option<f64>,
}

#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeBarrier {
    pub tau: Option<f64>,
    pub constrained_indices: Uint32Array,
    pub lower_bounds: Float64Array,
    pub bound_signs: Option<Float64Array>,
}

type Parsed<T> = std::result::Result<T, InputError>;

const MATERIALISATIONS: &str = "unavailable, repeatedProducts, batchedProducts or explicit";

/// A choice by its name; `known` are the names that there are.
fn choice<T: DeserializeOwned>(path: &str, name: &str, known: &str) -> Parsed<T> {
    serde_json::from_value(serde_json::Value::from(name)).map_err(|_| unknown(path, name, known))
}

fn unknown(path: &str, name: &str, known: &str) -> InputError {
    InputError::new(InputCode::OutOfRange, path, known, format!("{name:?}"))
}

impl NativeBarrier {
    fn into_config(self) -> BarrierConfig {
        let indices = self.constrained_indices.iter().map(|index| *index as usize).collect();
        let above = BarrierConfig::above(indices, self.lower_bounds.to_vec());
        BarrierConfig {
            tau: self.tau.unwrap_or(above.tau),
            bound_signs: self.bound_signs.map_or(above.bound_signs, |signs| signs.to_vec()),
            ..above
        }
    }
}

impl NativeSeedConfig {
    fn into_config(self) -> Parsed<SeedConfig> {
        let default = SeedConfig::default();
        let count = |given: Option<u32>, default| given.map_or(default, |count| count as usize);
        Ok(SeedConfig {
            bounds: (self.lower.unwrap_or(default.bounds.0), self.upper.unwrap_or(default.bounds.1)),
            max_seeds: count(self.max_seeds, default.max_seeds),
            seed_budget: count(self.seed_budget, default.seed_budget),
            screen_max_inner_iterations: count(
                self.screen_max_inner_iterations,
                default.screen_max_inner_iterations,
            ),
            risk_profile: match self.risk_profile {
                None => default.risk_profile,
                Some(name) => choice::<RiskProfile>(
                    "seedConfig.riskProfile",
                    &name,
                    "gaussian, generalizedLinear or survival",
                )?,
            },
            num_auxiliary_trailing: count(self.num_auxiliary_trailing, default.num_auxiliary_trailing),
            over_smoothing_probe_rho: self.over_smoothing_probe_rho.or(default.over_smoothing_probe_rho),
        })
    }
}

impl NativeUncertainty {
    fn into_options(self) -> UncertaintyOptions {
        let default = UncertaintyOptions::default();
        let count = |given: Option<u32>, default| given.map_or(default, |count| count as usize);
        UncertaintyOptions {
            enabled: self.enabled.unwrap_or(default.enabled),
            num_draws: count(self.num_draws, default.num_draws),
            max_coordinates: count(self.max_coordinates, default.max_coordinates),
            max_work: self.max_work.map_or(default.max_work, |work| work as usize),
        }
    }
}

impl NativeCacheSession {
    fn open(self, near_key: Option<String>) -> Parsed<Arc<CacheSession>> {
        let default = DirectoryOptions::default();
        let options = DirectoryOptions {
            time_to_live_seconds: self.time_to_live_seconds.unwrap_or(default.time_to_live_seconds),
            size_budget_bytes: self.size_budget_bytes.map_or(default.size_budget_bytes, |bytes| bytes as u64),
        };
        let store = DirectoryStore::open(self.directory, options)?;
        let mut session = CacheSession::new(Arc::new(store), CacheKey::new(self.key)?);
        if let Some(seconds) = self.rewrite_seconds {
            session = session.with_rewrite_seconds(seconds);
        }
        Ok(Arc::new(match near_key {
            Some(key) => session.with_entry_of(&CacheKey::new(key)?),
            None => session,
        }))
    }
}

/// An outer problem, and what is shared between it and its objective.
pub struct Configured {
    pub problem: OuterProblem,
    pub capability: OuterCapability,
    pub materialisation: Materialisation,
    pub screening_cap: Option<Arc<AtomicUsize>>,
    pub inner_progress: Option<Arc<InnerProgress>>,
    pub context: String,
    pub time_limit_seconds: Option<f64>,
}

impl NativeOuterOptions {
    /// Converts; ranges are checked by the run.
    pub fn into_problem(self) -> Parsed<Configured> {
        let mut problem = OuterProblem::new(self.num_params as usize);
        let materialisation = match &self.materialisation {
            None => Materialisation::default(),
            Some(name) => match name.as_str() {
                "unavailable" => Materialisation::Unavailable,
                "repeatedProducts" => Materialisation::RepeatedProducts,
                "batchedProducts" => Materialisation::BatchedProducts,
                "explicit" => Materialisation::Explicit,
                _ => return Err(unknown("objective.materialisation", name, MATERIALISATIONS)),
            },
        };
        if let Some(name) = &self.gradient {
            let gradient: Derivative = choice("objective.gradient", name, "analytic or unavailable")?;
            problem = problem.with_gradient(gradient);
        }
        if let Some(name) = &self.hessian {
            problem = problem.with_hessian(match name.as_str() {
                "dense" => DeclaredHessian::Dense,
                "either" => DeclaredHessian::Either,
                "operator" => {
                    DeclaredHessian::Operator { materialisation, estimated_cost: self.estimated_cost }
                }
                "unavailable" => DeclaredHessian::Unavailable,
                _ => {
                    return Err(unknown("objective.hessian", name, "dense, operator, either or unavailable"));
                }
            });
        }
        macro_rules! given {
            ($($name:ident => $with:ident),*) => { $(if let Some(value) = self.$name { problem = problem.$with(value); })* };
        }
        macro_rules! optional {
            ($($name:ident => $with:ident),*) => { $(if self.$name.is_some() { problem = problem.$with(self.$name); })* };
        }
        given!(
            prefer_gradient_only => with_prefer_gradient_only,
            disable_fixed_point => with_disable_fixed_point,
            tolerance => with_tolerance,
            rho_bound => with_rho_bound,
            screen_initial_rho => with_screen_initial_rho,
            continuation_prewarm => with_continuation_prewarm
        );
        optional!(
            rel_cost_tolerance => with_rel_cost_tolerance,
            operator_initial_trust_radius => with_operator_initial_trust_radius,
            arc_initial_regularization => with_arc_initial_regularization,
            objective_scale => with_objective_scale,
            bfgs_step_cap => with_bfgs_step_cap,
            bfgs_step_cap_psi => with_bfgs_step_cap_psi
        );
        if let Some(psi_dim) = self.psi_dim {
            problem = problem.with_psi_dim(psi_dim as usize);
        }
        if let Some(max_iter) = self.max_iter {
            problem = problem.with_max_iter(max_iter as usize);
        }
        if let Some(pairs) = self.limited_memory {
            problem = problem.with_limited_memory(Some(pairs as usize));
        }
        if let (Some(lower), Some(upper)) = (self.lower, self.upper) {
            problem = problem.with_bounds(lower.to_vec(), upper.to_vec());
        }
        if let Some(config) = self.seed_config {
            problem = problem.with_seed_config(config.into_config()?);
        }
        if let Some(anchor) = self.heuristic {
            problem = problem.with_heuristic(anchor.to_vec());
        }
        if let Some(start) = self.initial_rho {
            problem = problem.with_initial_rho(start.to_vec());
        }
        if let Some(name) = self.fallback_policy {
            let policy: FallbackPolicy = choice("fallbackPolicy", &name, "automatic or disabled")?;
            problem = problem.with_fallback_policy(policy);
        }
        if let Some(axes) = self.border_axes {
            problem = problem.with_border_axes(axes.iter().map(|axis| *axis as usize).collect());
        }
        if let (Some(n), Some(p)) = (self.num_observations, self.num_coefficients) {
            problem = problem.with_problem_size(n as usize, p as usize);
        }
        if let Some(uncertainty) = self.uncertainty {
            problem = problem.with_uncertainty(uncertainty.into_options());
        }
        if let Some(keys) = self.canonical_keys {
            problem = problem.with_rho_canonical_keys(keys.to_vec());
        }
        if let Some(NativeCache { session, near_key, mirrors }) = self.cache {
            problem = problem.with_cache(session.open(near_key)?);
            let mirrors = mirrors.into_iter().map(|mirror| mirror.open(None)).collect::<Parsed<_>>()?;
            problem = problem.with_cache_mirrors(mirrors);
        }
        problem = problem.with_barrier(self.barrier.map(NativeBarrier::into_config));
        let screening_cap = self.screening.then(Arc::<AtomicUsize>::default);
        if let Some(cap) = &screening_cap {
            problem = problem.with_screening_cap(Arc::clone(cap));
        }
        let inner_progress = self.inner_cap_schedule.then(Arc::<InnerProgress>::default);
        if let Some(progress) = &inner_progress {
            problem = problem.with_inner_progress(Arc::clone(progress));
        }
        let capability =
            OuterCapability { fixed_point_available: self.fixed_point_available, ..problem.capability() };
        Ok(Configured {
            problem,
            capability,
            materialisation,
            screening_cap,
            inner_progress,
            context: self.context.unwrap_or_default(),
            time_limit_seconds: self.time_limit_seconds,
        })
    }
}

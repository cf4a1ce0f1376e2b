//! The outer optimiser: a search over a few to a few hundred hyper-parameters whose objective hides an expensive inner solve
//! (REML, LAML, GCV, a marginal likelihood).
//!
//! θ has n numbers: first ρ (log smoothing parameters), then ψ (`psi_dim` numbers that move the design, such as kernel scales).
//! An [`OuterObjective`] says what it can compute ([`OuterCapability`]); [`plan`] chooses the solver; [`OuterProblem::run`] climbs down
//! a ladder of attempts over a list of seeds, keeps the best point of all of them, and ends with one stated [`StopReason`] and a
//! [`CriterionCertificate`].
//!
//! | module | for |
//! | --- | --- |
//! | `config`, `validate` | [`OuterProblem`]: every option, its default, its range |
//! | `capability`, `plan` | what an objective can compute, and the solver that follows |
//! | `objective`, `hessian`, `error` | the objective trait, its records and its errors |
//! | `closures`, `argmin_problem` | objectives from closures and from argmin problems |
//! | `barrier` | log-barrier description and its two predicates |
//! | `seeds` | candidates, screening, multistart |
//! | `surroundings` | what lies around a search: the cache, the canonical order, the assessment |
//! | `run`, `attempt`, `bridge` | the ladder, one attempt, the adapter to the solvers |
//! | `stationarity`, `certificate`, `audit` | the one test of stationarity, the first-order audit, the per-coordinate audit |
//! | `result`, `stop_reason`, `event` | what a run returns and reports |
//! | [`uncertainty`] | whether the criterion near its minimum is as normal as its Hessian says |
//! | [`cache`] | answers and checkpoints of earlier runs |
//! | [`canonical_order`] | an order of coordinates that does not depend on how the model was written |

mod argmin_problem;
mod attempt;
mod audit;
mod audit_result;
mod barrier;
mod bridge;
pub mod cache;
mod candidate;
pub mod canonical_order;
mod capability;
mod certificate;
mod closures;
mod config;
mod defaults;
mod direction;
mod drive;
mod error;
mod evaluator;
mod event;
mod fixed_point_bridge;
mod grid;
mod hessian;
mod inner_progress;
mod multistart;
mod objective;
mod plan;
mod prewarm;
mod result;
mod retry;
mod run;
mod screening;
mod search;
mod seed_config;
mod seeds;
mod stationarity;
mod stop_reason;
mod surroundings;
pub mod uncertainty;
mod validate;

pub use crate::smooth::{HessianForm, HessianOperator, Materialisation};
pub use argmin_problem::ArgminObjective;
pub use audit::{AuditVerdict, CoordinateAudit, GradientAudit, audit_gradient};
pub use barrier::BarrierConfig;
pub use capability::{DeclaredHessian, Derivative, OuterCapability};
pub use certificate::CriterionCertificate;
pub use closures::ClosureObjective;
pub use config::{FallbackPolicy, OuterProblem, ProblemSize};
pub use defaults::OuterDefaults;
pub use error::{
    CallerError, ObjectiveError, OuterError, SeedFailure, SeedPhase, SeedRejection, StructuralFailure,
};
pub use event::OuterEvent;
pub use inner_progress::InnerProgress;
pub use multistart::Multistart;
pub use objective::{EfsEval, EvalOrder, HomotopyEntry, OuterEval, OuterObjective, SeedOutcome};
pub use plan::{
    FRONTIER_MIN_PARAMS, HessianSource, OuterPlan, OuterSolver, PlanError, SMALL_OUTER_BFGS_MAX_PARAMS,
    dispatch, fallback_attempts, plan, primary_capability,
};
pub use result::{AttemptReport, EvaluationCounts, FallbackReason, OuterIteration, OuterResult, SeedReport};
pub use seed_config::{RiskProfile, SeedConfig};
pub use stationarity::{Curvature, StationarityReport};
pub use stop_reason::StopReason;

//! What happens during a run, for logs, progress displays and reports.

use super::error::SeedRejection;
use super::plan::{HessianSource, OuterPlan, OuterSolver};
use super::result::{FallbackReason, OuterIteration};
use super::stop_reason::StopReason;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An event of a run. Every event goes to `tracing` (target `equipoise::outer`) and to the observer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "event")]
pub enum OuterEvent {
    /// A plan was chosen: one per dispatch.
    Plan {
        /// The run's context.
        context: String,
        /// Number of the attempt, from 0.
        attempt: usize,
        /// Number of parameters.
        n_params: usize,
        /// Whether the objective gives gradients.
        gradient: bool,
        /// Whether it gives Hessians.
        hessian: bool,
        /// The solver.
        solver: OuterSolver,
        /// The source of its curvature.
        hessian_source: HessianSource,
        /// Remarks: that a barrier will be looked at, that the hybrid may hand over.
        notes: Vec<String>,
    },
    /// A stage of the screening cascade.
    Screening {
        /// The cap on inner iterations of the stage; 0: none.
        cap: usize,
        /// Seeds with a finite proxy.
        finite: usize,
        /// Seeds evaluated.
        evaluated: usize,
    },
    /// Seeds in the order in which they will be started.
    Seeds {
        /// Number of seeds.
        count: usize,
        /// How many may be started.
        budget: usize,
        /// Whether screening ordered them.
        screened: bool,
    },
    /// A solver starts from a seed.
    SeedStarted {
        /// Index of the seed in its attempt.
        seed: usize,
        /// The start.
        theta: Vec<f64>,
        /// The criterion there.
        value: f64,
    },
    /// A seed was rejected.
    SeedRejected(SeedRejection),
    /// An outer iteration.
    Iteration(OuterIteration),
    /// The second-order solver is started again from where it stopped.
    Retry {
        /// Number of the retry, from 1.
        retry: usize,
        /// Projected gradient norm at the new start.
        projected_gradient_norm: f64,
    },
    /// The fixed point hands over.
    Fallback {
        /// Why.
        reason: FallbackReason,
    },
    /// A remark about continuation, homotopy or warm starts.
    Note {
        /// What it is about (`prewarm`, `homotopy`, `warmStart`).
        topic: String,
        /// What happened.
        text: String,
    },
    /// An attempt ended.
    AttemptEnded {
        /// Number of the attempt, from 0.
        attempt: usize,
        /// Its plan.
        plan: OuterPlan,
        /// Why it ended; none where no seed gave a result.
        stop_reason: Option<StopReason>,
        /// The best value found.
        value: Option<f64>,
    },
    /// The first-order audit, in words.
    Certificate {
        /// True if gradient and criterion agree, the curvature is not negative and nothing is railed.
        clean: bool,
        /// The verdict in words.
        summary: String,
    },
    /// The gradient is not that of the criterion.
    BrokenCriterion {
        /// The verdict in words.
        summary: String,
    },
    /// The run ended.
    Finished {
        /// Why.
        stop_reason: StopReason,
        /// Whether the point is an answer.
        converged: bool,
        /// The criterion.
        value: f64,
        /// Outer iterations of all solver runs.
        iterations: usize,
    },
}

/// The caller's listener.
#[derive(Clone)]
pub(super) struct Observer(Arc<dyn Fn(&OuterEvent) + Send + Sync>);

impl Observer {
    pub fn new(observer: impl Fn(&OuterEvent) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observer))
    }

    pub fn call(&self, event: &OuterEvent) {
        (self.0)(event);
    }
}

/// Sends an event to `tracing` and to the observer.
pub(super) fn emit(observer: Option<&Observer>, event: &OuterEvent) {
    trace(event);
    if let Some(observer) = observer {
        observer.call(event);
    }
}

fn trace(event: &OuterEvent) {
    const TARGET: &str = "equipoise::outer";
    match event {
        OuterEvent::Plan { context, attempt, n_params, gradient, hessian, solver, hessian_source, notes } => {
            tracing::info!(
                target: TARGET,
                context, attempt, n_params, gradient, hessian,
                solver = solver.as_str(),
                hessian_source = hessian_source.as_str(),
                notes = notes.join("; "),
                "plan"
            );
        }
        OuterEvent::Iteration(i) => tracing::debug!(
            target: TARGET,
            iteration = i.iteration,
            value = i.value,
            projected_gradient_norm = i.projected_gradient_norm,
            step_norm = i.step_norm,
            "iteration"
        ),
        OuterEvent::BrokenCriterion { summary } => {
            tracing::error!(target: TARGET, summary, "broken criterion")
        }
        OuterEvent::Certificate { clean: true, summary } => {
            tracing::info!(target: TARGET, summary, "certificate")
        }
        OuterEvent::Certificate { clean: false, summary } => {
            tracing::warn!(target: TARGET, summary, "certificate")
        }
        OuterEvent::SeedRejected(rejection) => tracing::warn!(
            target: TARGET, seed = rejection.seed, reason = rejection.reason, "seed rejected"
        ),
        other => tracing::info!(target: TARGET, event = ?other),
    }
}

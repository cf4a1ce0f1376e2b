//! An objective whose evaluations are offered to the cache.

use super::payload::CachedPoint;
use super::session::CacheSession;
use crate::outer::{
    EfsEval, EvalOrder, HomotopyEntry, ObjectiveError, OuterCapability, OuterEval, OuterObjective, OuterPlan,
    SeedOutcome,
};
use std::sync::Arc;

/// Offers every finite evaluation of an objective, with the inner coefficients that came with it, as a checkpoint to a session and its
/// mirrors. Screening proxies are no values of the criterion and are not offered. Everything is forwarded.
pub struct CheckpointingObjective<O> {
    inner: O,
    sessions: Vec<Arc<CacheSession>>,
    num_evaluations: u64,
    last_beta: Vec<f64>,
    is_probing: bool,
    /// A cached point with its inner coefficients.
    resumed: Option<(Vec<f64>, Vec<f64>)>,
}

impl<O: OuterObjective> CheckpointingObjective<O> {
    /// The objective `inner`, whose evaluations go to the sessions.
    pub fn new(inner: O, sessions: Vec<Arc<CacheSession>>) -> Self {
        Self { inner, sessions, num_evaluations: 0, last_beta: Vec::new(), is_probing: false, resumed: None }
    }

    /// Offers the inner coefficients `beta` to the objective whenever the search evaluates at the cached point `theta`: its start, after
    /// each reset.
    #[must_use]
    pub fn resuming(mut self, theta: Vec<f64>, beta: Vec<f64>) -> Self {
        self.resumed = (!beta.is_empty()).then_some((theta, beta));
        self
    }

    /// What becomes of the coefficients is logged; it never keeps a run from going on.
    fn install_at(&mut self, theta: &[f64]) {
        let Some((start, beta)) = &self.resumed else { return };
        if self.is_probing || start != theta {
            return;
        }
        match self.inner.seed_inner_state(beta) {
            Ok(SeedOutcome::NoSlot) => tracing::warn!("the objective has no place for cached coefficients"),
            Err(error) => tracing::warn!(%error, "cached coefficients were not installed"),
            Ok(outcome) => tracing::info!(?outcome, "cached coefficients"),
        }
    }

    /// The inner coefficients that came with the last evaluation that had any; empty before.
    pub fn last_beta(&self) -> &[f64] {
        &self.last_beta
    }

    fn offer(&mut self, theta: &[f64], cost: f64, beta: Option<&[f64]>) {
        self.num_evaluations += 1;
        if let Some(beta) = beta {
            self.last_beta = beta.to_vec();
        }
        let beta = beta.unwrap_or_default();
        if self.is_probing || !cost.is_finite() || beta.iter().chain(theta).any(|x| !x.is_finite()) {
            return;
        }
        let point = CachedPoint::checkpoint(theta, beta, cost, self.num_evaluations);
        for session in &self.sessions {
            // Checked above: nothing keeps the point from being encoded.
            session.checkpoint(cost, self.num_evaluations, || point.encode().unwrap_or_default());
        }
    }
}

impl<O: OuterObjective> OuterObjective for CheckpointingObjective<O> {
    fn capability(&self) -> OuterCapability {
        self.inner.capability()
    }

    fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        self.install_at(theta);
        let cost = self.inner.eval_cost(theta)?;
        self.offer(theta, cost, None);
        Ok(cost)
    }

    fn eval(&mut self, theta: &[f64]) -> Result<OuterEval, ObjectiveError> {
        self.install_at(theta);
        let eval = self.inner.eval(theta)?;
        self.offer(theta, eval.cost, eval.inner_beta.as_deref());
        Ok(eval)
    }

    fn eval_with_order(&mut self, theta: &[f64], order: EvalOrder) -> Result<OuterEval, ObjectiveError> {
        self.install_at(theta);
        let eval = self.inner.eval_with_order(theta, order)?;
        self.offer(theta, eval.cost, eval.inner_beta.as_deref());
        Ok(eval)
    }

    fn eval_efs(&mut self, theta: &[f64]) -> Result<EfsEval, ObjectiveError> {
        self.install_at(theta);
        let eval = self.inner.eval_efs(theta)?;
        self.offer(theta, eval.cost, eval.inner_beta.as_deref());
        Ok(eval)
    }

    fn eval_screening_proxy(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        self.inner.eval_screening_proxy(theta)
    }

    fn reset(&mut self) {
        self.inner.reset();
    }

    fn seed_inner_state(&mut self, beta: &[f64]) -> Result<SeedOutcome, ObjectiveError> {
        self.inner.seed_inner_state(beta)
    }

    fn allow_continuation_prewarm(&self) -> bool {
        self.inner.allow_continuation_prewarm()
    }

    fn requires_continuation_path_entry(&self) -> bool {
        self.inner.requires_continuation_path_entry()
    }

    fn curvature_homotopy_entry(&mut self, theta: &[f64]) -> Result<HomotopyEntry, ObjectiveError> {
        self.inner.curvature_homotopy_entry(theta)
    }

    fn accept_seed_without_outer_iterations(&mut self, theta: &[f64]) -> Result<Option<f64>, ObjectiveError> {
        self.inner.accept_seed_without_outer_iterations(theta)
    }

    fn finalize_outer_result(&mut self, theta: &[f64], plan: &OuterPlan) -> Result<(), ObjectiveError> {
        self.inner.finalize_outer_result(theta, plan)
    }

    fn set_probing(&mut self, probing: bool) {
        self.is_probing = probing;
        self.inner.set_probing(probing);
    }
}

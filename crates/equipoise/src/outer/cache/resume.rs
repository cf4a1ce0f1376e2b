//! What a run takes from the cache at its beginning and leaves there at its end.

use super::payload::{CacheDecision, CachedPoint, classify};
use super::session::{CacheSession, EntrySource, Loaded, WriteOutcome};
use crate::outer::{CriterionCertificate, OuterProblem, OuterResult};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The value at a cached answer must be reproduced to this, relative to 1 + |F|: other data under the same key change more, inner solves
/// from another start less.
const REPRODUCED: f64 = 1e-8;

/// What became of the cache's offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CacheOutcome {
    /// Nothing usable was found.
    Miss,
    /// An entry was found that cannot be used.
    Discarded,
    /// The search started from the cached point.
    Seed,
    /// The cached answer is returned.
    ExactFinal,
    /// There was an answer, but the objective no longer has its value there: the search started from the point.
    Stale,
}

/// What a run had to do with the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheReport {
    /// First 8 digits of the key's fingerprint.
    pub key: String,
    /// What became of the cache's offer.
    pub outcome: CacheOutcome,
    /// Where the entry came from.
    pub source: Option<EntrySource>,
    /// The reason of a miss or of a discarded entry.
    pub reason: Option<String>,
    /// Whether the answer was stored at the end.
    pub saved: bool,
}

impl CacheReport {
    /// A line for events and reports.
    pub fn sentence(&self) -> String {
        let Self { key, outcome, reason, .. } = self;
        let reason = reason.as_deref().unwrap_or("no reason");
        match outcome {
            CacheOutcome::Miss => format!("key {key}: miss, {reason}"),
            CacheOutcome::Discarded => format!("key {key}: entry discarded, {reason}"),
            CacheOutcome::Seed => format!("key {key}: hit, the search starts from the cached point"),
            CacheOutcome::ExactFinal => format!("key {key}: hit, the cached answer is returned"),
            CacheOutcome::Stale => format!("key {key}: the cached answer is stale, {reason}"),
        }
    }
}

/// What the cache offers a run.
pub(in crate::outer) enum Offer {
    /// The answer.
    Answer(CachedPoint),
    /// A start.
    Start(CachedPoint),
    /// Nothing.
    Nothing,
}

/// Asks the session for what there is.
pub(in crate::outer) fn consult(problem: &OuterProblem, session: &CacheSession) -> (Offer, CacheReport) {
    let mut report = CacheReport {
        key: session.key().short(),
        outcome: CacheOutcome::Miss,
        source: None,
        reason: None,
        saved: false,
    };
    let (entry, source) = match session.load() {
        Loaded::Found(entry, source) => (entry, source),
        Loaded::Miss(reason) => {
            report.reason = Some(reason);
            return (Offer::Nothing, report);
        }
    };
    report.source = Some(source);
    let (lower, upper) = problem.effective_bounds();
    let offer = match classify(&entry, source, problem.tolerance, &lower, &upper) {
        CacheDecision::ExactFinal(point) => {
            report.outcome = CacheOutcome::ExactFinal;
            Offer::Answer(point)
        }
        CacheDecision::Seed(point) => {
            report.outcome = CacheOutcome::Seed;
            Offer::Start(point)
        }
        CacheDecision::Discard(reason) => {
            report.outcome = CacheOutcome::Discarded;
            report.reason = Some(reason);
            Offer::Nothing
        }
    };
    (offer, report)
}

/// Why a cached answer does not hold for an objective whose value there is `value`, if so.
pub(in crate::outer) fn staleness(point: &CachedPoint, value: f64) -> Option<String> {
    let is_reproduced = (value - point.cost).abs() <= REPRODUCED * (1.0 + point.cost.abs());
    (!is_reproduced).then(|| format!("the criterion there is {value}, it was {}", point.cost))
}

/// The options of a run that starts from a cached point.
pub(in crate::outer) fn started_from(problem: &OuterProblem, point: &CachedPoint) -> OuterProblem {
    let hessian = point.hessian_of_order(problem.n_params).map(<[f64]>::to_vec);
    problem.clone().with_warm_start(point.rho.clone(), hessian)
}

/// The certificate that came with a cached answer.
pub(in crate::outer) fn certificate_of(point: &CachedPoint) -> Option<CriterionCertificate> {
    point.certificate.clone().and_then(|json| serde_json::from_value(json).ok())
}

/// Stores the answer of a run that converged, with its mirrors; a failure of one does not keep the others from being written. True if the
/// session has it.
pub(in crate::outer) fn save(
    problem: &OuterProblem,
    sessions: &[Arc<CacheSession>],
    result: &OuterResult,
    last_beta: &[f64],
) -> bool {
    if !result.converged || !result.final_value.is_finite() {
        return false;
    }
    let beta = result.inner_beta.as_deref().unwrap_or(last_beta);
    let iterations = result.iterations as u64;
    let mut point = CachedPoint::checkpoint(&result.rho, beta, result.final_value, iterations)
        .with_hessian(result.final_hessian.as_deref().unwrap_or_default());
    point.gradient = result.final_gradient.clone().unwrap_or_default();
    point.tolerance = Some(problem.tolerance);
    point.certificate = result.criterion_certificate.as_ref().and_then(|c| serde_json::to_value(c).ok());
    let Some(payload) = point.encode() else { return false };
    let outcomes: Vec<WriteOutcome> =
        sessions.iter().map(|s| s.finish(result.final_value, iterations, payload.clone())).collect();
    outcomes.first() == Some(&WriteOutcome::Written)
}

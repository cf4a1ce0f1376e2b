//! The screening cascade: a cheap ranking of seeds by truncated inner solves.

use super::config::OuterProblem;
use super::error::ObjectiveError;
use super::evaluator::Evaluator;
use super::event::{OuterEvent, emit};
use super::seeds::SeedList;
use std::sync::atomic::Ordering;

/// Multiples of the first cap; then no cap.
const STAGES: [usize; 3] = [1, 4, 16];

/// True if seeds are screened: a cap is configured, there are more seeds than may be used, and no explicit start is protected (one seed
/// only, and `screen_initial_rho` is off).
pub(super) fn is_wanted(problem: &OuterProblem, list: &SeedList) -> bool {
    let start_is_protected = problem.initial_rho.is_some()
        && list.budget == 1
        && list.seeds.len() > 1
        && !problem.screen_initial_rho;
    problem.screening_cap.is_some() && list.seeds.len() > list.budget && !start_is_protected
}

/// Ranks the seeds (ascending proxy; seeds without a finite one keep their order behind): the first stage in which any seed has a finite
/// proxy decides. Returns the order as indices, and the number of seeds that were ranked.
pub(super) fn rank(
    problem: &OuterProblem,
    evaluator: &mut Evaluator<'_>,
    seeds: &[Vec<f64>],
) -> Result<(Vec<usize>, usize), ObjectiveError> {
    let unranked = (0..seeds.len()).collect();
    let Some(atomic) = &problem.screening_cap else { return Ok((unranked, 0)) };
    let previous = atomic.load(Ordering::SeqCst);
    let first = problem.seed_config.screen_max_inner_iterations.max(1);
    let caps = STAGES.iter().map(|stage| first.saturating_mul(*stage)).chain([0]);
    let mut ranked = None;
    evaluator.objective.set_probing(true);
    for cap in caps {
        let proxies = stage(problem, evaluator, seeds, cap);
        let proxies = match proxies {
            Ok(proxies) => proxies,
            Err(error) => {
                evaluator.objective.set_probing(false);
                atomic.store(previous, Ordering::SeqCst);
                return Err(error);
            }
        };
        let finite = proxies.iter().flatten().count();
        emit(problem.observer.as_ref(), &OuterEvent::Screening { cap, finite, evaluated: seeds.len() });
        if finite > 0 {
            let mut order: Vec<usize> = (0..seeds.len()).collect();
            order.sort_by(|&a, &b| match (proxies[a], proxies[b]) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (None, None) => std::cmp::Ordering::Equal,
            });
            ranked = Some((order, finite));
            break;
        }
    }
    evaluator.objective.set_probing(false);
    atomic.store(previous, Ordering::SeqCst);
    evaluator.reset_objective();
    Ok(ranked.unwrap_or((unranked, 0)))
}

/// One stage: the proxy of every seed under the cap.
fn stage(
    problem: &OuterProblem,
    evaluator: &mut Evaluator<'_>,
    seeds: &[Vec<f64>],
    cap: usize,
) -> Result<Vec<Option<f64>>, ObjectiveError> {
    let Some(atomic) = &problem.screening_cap else { return Ok(vec![None; seeds.len()]) };
    let mut proxies = Vec::with_capacity(seeds.len());
    for seed in seeds {
        // A reset may clear the cap, and may need it.
        atomic.store(cap, Ordering::SeqCst);
        evaluator.reset_objective();
        atomic.store(cap, Ordering::SeqCst);
        evaluator.counts.screening += 1;
        proxies.push(match evaluator.objective.eval_screening_proxy(seed) {
            Ok(proxy) => Some(proxy).filter(|proxy| proxy.is_finite()),
            Err(ObjectiveError::Abort(error)) => return Err(ObjectiveError::Abort(error)),
            Err(_) => None,
        });
    }
    Ok(proxies)
}

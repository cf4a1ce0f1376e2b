//! Options, events, results and errors between native and canonical order.

use super::permutation::{Permutation, tied};
use crate::error::{InputCode, InputError};
use crate::numeric::digest::Digest;
use crate::outer::event::Observer;
use crate::outer::{OuterError, OuterEvent, OuterProblem, OuterResult};
use std::sync::Arc;

/// The canonical order of a problem with keys, if it is another than the native one, and the coordinates that nothing tells apart.
/// Equal keys are ordered by what the options say of each coordinate: bounds, start, heuristic vector.
pub(in crate::outer) fn order_of(
    problem: &OuterProblem,
    keys: &[u64],
) -> (Option<Permutation>, Vec<Vec<usize>>) {
    let (lower, upper) = problem.effective_bounds();
    let lists: Vec<&[f64]> =
        [Some(&lower), Some(&upper), problem.initial_rho.as_ref(), problem.heuristic.as_ref()]
            .into_iter()
            .flatten()
            .map(Vec::as_slice)
            .collect();
    (Permutation::new(keys, problem.n_params, &lists), tied(keys, &lists))
}

/// Checks the keys: one per ρ coordinate.
///
/// # Errors
/// [`InputCode::Dimension`] for another number; [`InputCode::OutOfRange`] where seeds take trailing ρ coordinates from the heuristic
/// vector, which an order of content cannot respect.
pub(in crate::outer) fn check_keys(problem: &OuterProblem) -> Result<(), InputError> {
    let Some(keys) = &problem.rho_canonical_keys else { return Ok(()) };
    let num_rho = problem.n_params - problem.psi_dim;
    if keys.len() != num_rho {
        return Err(InputError::length("rhoCanonicalKeys", num_rho, keys.len()));
    }
    if problem.seed_config.num_auxiliary_trailing > problem.psi_dim {
        return Err(InputError::new(
            InputCode::OutOfRange,
            "seedConfig.numAuxiliaryTrailing",
            format!("at most {}, the number of psi coordinates, beside canonical keys", problem.psi_dim),
            problem.seed_config.num_auxiliary_trailing.to_string(),
        ));
    }
    Ok(())
}

/// The options in canonical order, without the keys. Events reach the observer in native order.
pub(in crate::outer) fn canonical_problem(problem: &OuterProblem, order: &Arc<Permutation>) -> OuterProblem {
    let vector = |v: &Option<Vec<f64>>| v.as_ref().map(|v| order.to_canonical(v));
    let mut border_axes: Vec<usize> =
        problem.border_axes.iter().map(|&axis| order.index_to_canonical(axis)).collect();
    border_axes.sort_unstable();
    let observer = problem.observer.clone().map(|inner| {
        let order = Arc::clone(order);
        Observer::new(move |event| inner.call(&native_event(event, &order)))
    });
    OuterProblem {
        rho_canonical_keys: None,
        initial_rho: vector(&problem.initial_rho),
        heuristic: vector(&problem.heuristic),
        bounds: problem.bounds.as_ref().map(|(lo, hi)| (order.to_canonical(lo), order.to_canonical(hi))),
        warm_start_hessian: problem.warm_start_hessian.as_ref().map(|h| order.matrix_to_canonical(h)),
        border_axes,
        observer,
        ..problem.clone()
    }
}

fn native_event(event: &OuterEvent, order: &Permutation) -> OuterEvent {
    let mut event = event.clone();
    if let OuterEvent::SeedStarted { theta, .. } = &mut event {
        *theta = order.to_native(theta);
    }
    event
}

/// A result of a canonical run in native order.
pub(in crate::outer) fn native_result(mut result: OuterResult, order: &Permutation) -> OuterResult {
    result.rho = order.to_native(&result.rho);
    result.final_gradient = result.final_gradient.map(|g| order.to_native(&g));
    result.final_hessian = result.final_hessian.map(|h| order.matrix_to_native(&h));
    if let Some(certificate) = &mut result.criterion_certificate {
        certificate.direction = order.to_native(&certificate.direction);
        certificate.lambdas_railed = order.indices_to_native(&certificate.lambdas_railed);
        certificate.psi_railed = order.indices_to_native(&certificate.psi_railed);
    }
    if let Some(uncertainty) = &mut result.uncertainty {
        // Errors and coordinates are pairs: sorted together.
        let mut pairs: Vec<(usize, f64)> = uncertainty
            .coordinates
            .iter()
            .map(|&i| order.index_to_native(i))
            .zip(uncertainty.standard_errors.iter().copied())
            .collect();
        pairs.sort_by_key(|(i, _)| *i);
        (uncertainty.coordinates, uncertainty.standard_errors) = pairs.into_iter().unzip();
    }
    for seed in result.attempts.iter_mut().flat_map(|attempt| &mut attempt.seeds) {
        seed.start = order.to_native(&seed.start);
    }
    result.digest = Digest::of(result.rho.iter().copied().chain([result.final_value])).to_string();
    result
}

/// An error of a canonical run in native order.
pub(in crate::outer) fn native_error(error: OuterError, order: &Permutation) -> OuterError {
    let native = |best: Option<Box<OuterResult>>| best.map(|best| Box::new(native_result(*best, order)));
    match error {
        OuterError::Aborted { source, best } => OuterError::Aborted { source, best: native(best) },
        OuterError::Objective { message, best } => OuterError::Objective { message, best: native(best) },
        OuterError::Seeds { failure, lowest } => {
            let lowest = lowest.map(|(theta, value)| (order.to_native(&theta), value));
            OuterError::Seeds { failure, lowest }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outer::SeedConfig;

    #[test]
    fn keys_cover_the_smoothing_parameters() {
        let problem = || OuterProblem::new(3).with_psi_dim(1);
        problem().with_rho_canonical_keys(vec![2, 1]).validate().unwrap();
        for keys in [vec![], vec![1], vec![1, 2, 3]] {
            let error = problem().with_rho_canonical_keys(keys).validate().unwrap_err();
            assert_eq!((error.code, error.path.as_str()), (InputCode::Dimension, "rhoCanonicalKeys"));
        }
        let trailing = SeedConfig { num_auxiliary_trailing: 2, ..SeedConfig::default() };
        let error =
            problem().with_seed_config(trailing).with_rho_canonical_keys(vec![2, 1]).validate().unwrap_err();
        assert_eq!(error.path, "seedConfig.numAuxiliaryTrailing");
    }

    #[test]
    fn options_and_events_change_order() {
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let events = Arc::clone(&seen);
        let problem = OuterProblem::new(3)
            .with_initial_rho(vec![1.0, 2.0, 3.0])
            .with_bounds(vec![-1.0, -2.0, -3.0], vec![4.0, 5.0, 6.0])
            .with_warm_start(vec![1.0, 2.0, 3.0], Some((0..9).map(f64::from).collect()))
            .with_border_axes(vec![0, 2])
            .with_observer(move |event| events.lock().unwrap().push(event.clone()));
        let (order, tied) = order_of(&problem, &[3, 1, 2]);
        assert!(tied.is_empty());
        let order = Arc::new(order.unwrap());
        let canonical = canonical_problem(&problem, &order);
        assert_eq!(canonical.initial_rho, Some(vec![2.0, 3.0, 1.0]));
        assert_eq!(canonical.bounds, Some((vec![-2.0, -3.0, -1.0], vec![5.0, 6.0, 4.0])));
        assert_eq!(canonical.border_axes, [1, 2]);
        assert_eq!(canonical.warm_start_hessian.unwrap()[..3], [4.0, 5.0, 3.0]);
        let event = OuterEvent::SeedStarted { seed: 0, theta: vec![2.0, 3.0, 1.0], value: 0.5 };
        canonical.observer.unwrap().call(&event);
        let native = OuterEvent::SeedStarted { seed: 0, theta: vec![1.0, 2.0, 3.0], value: 0.5 };
        assert_eq!(*seen.lock().unwrap(), [native]);
    }

    #[test]
    fn equal_keys_are_told_apart_by_the_options() {
        let problem = OuterProblem::new(2).with_initial_rho(vec![2.0, 1.0]);
        let (order, tied) = order_of(&problem, &[7, 7]);
        assert_eq!((order.unwrap().to_canonical(&[0, 1]), tied.len()), (vec![1, 0], 0));
        let (order, tied) = order_of(&OuterProblem::new(2), &[7, 7]);
        assert_eq!((order, tied), (None, vec![vec![0, 1]]));
    }
}

//! The screening cascade.

use crate::problems::recorded;
use equipoise::control::Control;
use equipoise::outer::{
    Derivative, ObjectiveError, OuterEval, OuterEvent, OuterProblem, RiskProfile, SeedConfig,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

type Proxies = Rc<RefCell<Vec<(usize, f64)>>>;

/// Runs a one-dimensional search with screening; returns the proxies asked for (cap, seed), the start of the first solver, and the cap left.
fn screened(
    config: SeedConfig,
    start: Option<f64>,
    screen_start: bool,
    proxy: fn(usize, f64) -> f64,
) -> (Vec<(usize, f64)>, f64, usize, Vec<OuterEvent>) {
    let cap = Arc::new(AtomicUsize::new(99));
    let (mut problem, events) = recorded(
        OuterProblem::new(1)
            .with_gradient(Derivative::Analytic)
            .with_seed_config(config)
            .with_bounds(vec![-12.0], vec![12.0])
            .with_screening_cap(Arc::clone(&cap))
            .with_screen_initial_rho(screen_start),
    );
    if let Some(start) = start {
        problem = problem.with_initial_rho(vec![start]);
    }
    let asked: Proxies = Rc::default();
    let log = Rc::clone(&asked);
    let current = Arc::clone(&cap);
    let mut objective = problem
        .objective((), |(), x| Ok(x[0] * x[0]))
        .with_eval(|(), x| Ok(OuterEval::new(x[0] * x[0], vec![2.0 * x[0]])))
        // A reset that clears the cap: it has to be set again.
        .with_reset({
            let cap = Arc::clone(&cap);
            move |()| cap.store(0, Ordering::SeqCst)
        })
        .with_screening_proxy(move |(), x| {
            let cap = current.load(Ordering::SeqCst);
            log.borrow_mut().push((cap, x[0]));
            match proxy(cap, x[0]) {
                -1.0 => Err(ObjectiveError::Recoverable("no proxy".into())),
                value => Ok(value),
            }
        });
    let result = problem.run(&mut objective, "", &Control::default()).unwrap();
    drop(objective);
    let first = result.attempts[0].seeds[0].start[0];
    let asked = asked.borrow().clone();
    assert_eq!(result.evaluations.screening, asked.len() as u64);
    // The last reset of the run came after the screening.
    let events = events.lock().unwrap().clone();
    (asked, first, cap.load(Ordering::SeqCst), events)
}

fn glm(budget: usize) -> SeedConfig {
    SeedConfig { seed_budget: budget, risk_profile: RiskProfile::GeneralizedLinear, ..SeedConfig::default() }
}

#[test]
fn the_cascade_stops_at_the_first_stage_with_a_finite_proxy() {
    let (asked, first, _, events) =
        screened(glm(2), None, false, |cap, x| if cap == 0 { (x - 3.0).abs() } else { f64::NAN });
    let caps: Vec<usize> = asked.iter().map(|(cap, _)| *cap).collect();
    let expected: Vec<usize> = [3, 12, 48, 0].iter().flat_map(|cap| [*cap; 12]).collect();
    assert_eq!(caps, expected);
    assert_eq!(first, 3.0);
    let stages: Vec<(usize, usize)> = events
        .iter()
        .filter_map(|event| match event {
            OuterEvent::Screening { cap, finite, .. } => Some((*cap, *finite)),
            _ => None,
        })
        .collect();
    assert_eq!(stages, [(3, 0), (12, 0), (48, 0), (0, 12)]);
}

#[test]
fn one_finite_proxy_is_enough_and_errors_count_as_none() {
    let (asked, first, _, _) = screened(glm(2), None, false, |_, x| {
        if x == -2.0 {
            5.0
        } else if x > 2.0 {
            -1.0
        } else {
            f64::INFINITY
        }
    });
    assert_eq!(asked.len(), 12);
    assert_eq!(first, -2.0);
}

#[test]
fn a_seed_at_the_boundary_comes_last_although_it_is_cheapest() {
    let (_, first, _, _) = screened(glm(2), None, false, |_, x| -x);
    // 12 is the cheapest, 5 the next.
    assert_eq!(first, 5.0);
}

#[test]
fn nothing_finite_keeps_the_order() {
    let (asked, first, _, _) = screened(glm(2), None, false, |_, _| f64::NAN);
    assert_eq!((asked.len(), first), (48, 1.0));
}

#[test]
fn an_explicit_start_is_protected_where_one_seed_may_be_used() {
    let proxy = |_, x: f64| (x - 3.0).abs();
    let (asked, first, _, _) = screened(glm(1), Some(0.75), false, proxy);
    assert_eq!((asked.len(), first), (0, 0.75));
    let (asked, first, _, _) = screened(glm(1), Some(0.75), true, proxy);
    assert_eq!((asked.len(), first), (13, 3.0));
    let (asked, _, _, _) = screened(glm(2), Some(0.75), false, proxy);
    assert_eq!(asked.len(), 13);
    // As many seeds as may be used: nothing to rank.
    let (asked, _, _, _) = screened(SeedConfig { max_seeds: 2, ..glm(2) }, None, false, proxy);
    assert_eq!(asked.len(), 0);
}

#[test]
fn the_previous_cap_is_restored() {
    let cap = Arc::new(AtomicUsize::new(7));
    let problem = OuterProblem::new(1)
        .with_gradient(Derivative::Analytic)
        .with_seed_config(glm(2))
        .with_screening_cap(Arc::clone(&cap));
    let mut objective = problem
        .objective((), |(), x| Ok(x[0] * x[0]))
        .with_eval(|(), x| Ok(OuterEval::new(x[0] * x[0], vec![2.0 * x[0]])));
    problem.run(&mut objective, "", &Control::default()).unwrap();
    assert_eq!(cap.load(Ordering::SeqCst), 7);
}

#[test]
fn the_grid_reaches_a_pair_that_only_pays_off_together() {
    // Four coordinates: the last two want the upper bound 12, but only both of them.
    let value = |x: &[f64]| {
        let both = if x[2] == 12.0 && x[3] == 12.0 { -100.0 } else { (x[2].max(0.0) + x[3].max(0.0)) * 0.1 };
        (x[0] - 3.0).powi(2) + (x[1] + 3.0).powi(2) + both
    };
    let problem = OuterProblem::new(4);
    let mut objective = problem.objective(0, |count, x| {
        *count += 1;
        if x[0] > 9.0 { Err(ObjectiveError::Recoverable("too heavy".into())) } else { Ok(value(x)) }
    });
    let best = problem.grid_start(&mut objective, &[0.0; 4]).unwrap();
    assert_eq!(best[2..], [12.0, 12.0]);
    assert_eq!(best[..2], [3.0, -3.0]);
    assert!(*objective.state() < 200);
}

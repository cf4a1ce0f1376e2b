//! Behaviour of the bound-constrained L-BFGS solver as a user of argmin sees it.

use crate::common::{Objective, best, projected_gradient_norm, run};
use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{Error, Executor, KV, State, TerminationReason};
use equipoise::smooth::SmoothState;
use equipoise::smooth::{Lbfgsb, SmoothError, SmoothStop};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

const INFINITY: f64 = f64::INFINITY;

/// Σ 100(x_{i+1} − x_i²)² + (1 − x_i)².
fn rosenbrock(x: &[f64]) -> Result<(f64, Vec<f64>), Error> {
    let mut g = vec![0.0; x.len()];
    let mut f = 0.0;
    for i in 0..x.len() - 1 {
        let t = x[i + 1] - x[i] * x[i];
        f += 100.0 * t * t + (1.0 - x[i]) * (1.0 - x[i]);
        g[i] += -400.0 * x[i] * t - 2.0 * (1.0 - x[i]);
        g[i + 1] += 200.0 * t;
    }
    Ok((f, g))
}

/// A reproducible number in [0, 1) for each index.
fn scatter(i: usize) -> f64 {
    (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17) as f64 / 2f64.powi(64)
}

#[test]
fn rosenbrock_in_several_sizes() {
    for n in [2, 10, 101, 1000] {
        let solver = Lbfgsb::new(vec![-INFINITY; n], vec![INFINITY; n]).unwrap().gradient_tolerance(1e-8);
        let start: Vec<f64> = (0..n).map(|i| if i.is_multiple_of(2) { -1.2 } else { 1.0 }).collect();
        let result = run(rosenbrock, solver, &start).unwrap();
        assert!(matches!(result.solver.stop(), SmoothStop::Stationary { .. }), "{n}: {:?}", result.solver);
        // n ≥ 4 has a second minimum near x₀ = −1 with f ≈ 4.
        assert!(result.state.get_best_cost() < 4.1, "{n}");
        if n == 2 {
            assert!(best(&result).iter().all(|x| (x - 1.0).abs() < 1e-7));
        }
    }
}

#[test]
fn rosenbrock_with_active_bounds() {
    let n = 50;
    let (lower, upper) = (vec![-2.0; n], vec![0.9; n]);
    let solver = Lbfgsb::new(lower.clone(), upper.clone()).unwrap().gradient_tolerance(1e-8);
    let result = run(rosenbrock, solver, &vec![-1.2; n]).unwrap();
    assert!(matches!(result.solver.stop(), SmoothStop::Stationary { .. }), "{:?}", result.solver);
    let x = best(&result);
    let norm = projected_gradient_norm(x, &rosenbrock(x).unwrap().1, &lower, &upper);
    assert!(norm <= 1e-8, "{norm}");
    assert!(x.contains(&0.9));
}

#[test]
fn tight_gradients_below_the_rounding_of_the_value() {
    let n = 400;
    let curvature = |i: usize| 1.0 + 9.0 * scatter(i);
    let f = |x: &[f64], constant: f64| {
        let mut g = vec![0.0; n];
        let mut f = constant;
        for i in 0..n {
            let previous = if i > 0 { x[i] - x[i - 1] } else { 0.0 };
            let b = 40.0 * (scatter(i + n) - 0.3);
            f += 0.5 * curvature(i) * x[i] * x[i] - b * x[i] + 0.5 * previous * previous;
            g[i] += curvature(i) * x[i] - b + previous;
            if i > 0 {
                g[i - 1] -= previous;
            }
        }
        (f, g)
    };
    let (lower, upper) = (vec![-1.0; n], vec![INFINITY; n]);
    let minimise = |constant: f64| {
        let solver = Lbfgsb::new(lower.clone(), upper.clone()).unwrap().gradient_tolerance(1e-9);
        let result = run(|x: &[f64]| Ok(f(x, constant)), solver, &vec![0.0; n]).unwrap();
        let stop = result.solver.stop();
        assert!(matches!(stop, SmoothStop::Stationary { .. }), "{stop:?} with {constant}");
        let x = best(&result);
        assert!(projected_gradient_norm(x, &f(x, constant).1, &lower, &upper) <= 1.01e-9);
        result.state.get_best_cost()
    };
    // A monotone test on f stalls at a projected gradient near √(ε L |f*|) ≈ 1e-6.
    let minimum = minimise(0.0);
    assert!(minimum < -1e3, "{minimum}");
    // f* is a small difference of large terms: its rounding error is far above ε|f*|.
    minimise(1e-2 - minimum);
}

#[test]
fn an_unreachable_tolerance_ends_at_the_rounding_limit() {
    let n = 5;
    let f = |x: &[f64]| {
        let mut f = 1e3;
        let mut g = vec![0.0; n];
        for i in 0..n {
            let t = (x[i] - 1.0 / 3.0) * (1.0 + i as f64);
            f += t * t;
            g[i] = 2.0 * t * (1.0 + i as f64) + 1e-9 * (x[i] * 1e12).sin();
        }
        Ok((f, g))
    };
    let solver = Lbfgsb::new(vec![0.0; n], vec![1.0; n]).unwrap().gradient_tolerance(0.0);
    let result = run(f, solver, &vec![0.9; n]).unwrap();
    let SmoothStop::RoundingLimit { norm, tolerance, .. } = result.solver.stop() else {
        panic!("{:?}", result.solver)
    };
    let x = best(&result);
    assert!((norm - projected_gradient_norm(x, &f(x).unwrap().1, &[0.0; 5], &[1.0; 5])).abs() < 1e-15);
    assert_eq!((norm, tolerance), (result.solver.projected_gradient_norm(), 0.0));
    assert!(best(&result).iter().all(|x| (x - 1.0 / 3.0).abs() < 1e-6));
}

#[test]
fn fixed_variables_stay_and_the_start_is_clipped() {
    let seen_outside = AtomicUsize::new(0);
    let f = |x: &[f64]| {
        if x[0] != 0.5 || !(-1.0..=2.0).contains(&x[1]) {
            seen_outside.fetch_add(1, Ordering::Relaxed);
        }
        rosenbrock(x)
    };
    let solver = Lbfgsb::new(vec![0.5, -1.0], vec![0.5, 2.0]).unwrap();
    let result = run(f, solver, &[-7.0, 70.0]).unwrap();
    assert!(matches!(result.solver.stop(), SmoothStop::Stationary { .. }));
    assert_eq!(best(&result)[0], 0.5);
    assert!((best(&result)[1] - 0.25).abs() < 1e-7);
    assert_eq!(seen_outside.load(Ordering::Relaxed), 0);
}

#[test]
fn a_box_without_interior_is_stationary_at_once() {
    let solver = Lbfgsb::new(vec![0.5, 2.0], vec![0.5, 2.0]).unwrap();
    let result = run(rosenbrock, solver, &[0.0, 0.0]).unwrap();
    assert_eq!(result.solver.stop(), SmoothStop::Stationary { norm: 0.0, tolerance: 1e-5 });
    assert_eq!((best(&result), result.solver.num_iterations()), ([0.5, 2.0].as_slice(), 0));
}

#[test]
fn all_variables_at_bounds_at_the_optimum() {
    let n = 30;
    let sign = |i: usize| if i.is_multiple_of(3) { -1.0 } else { 1.0 };
    let f = |x: &[f64]| {
        let value = (0..n).map(|i| sign(i) * x[i] * (1.0 + i as f64) + 0.1 * x[i] * x[i]).sum();
        Ok((value, (0..n).map(|i| sign(i) * (1.0 + i as f64) + 0.2 * x[i]).collect()))
    };
    let solver = Lbfgsb::new(vec![-1.0; n], vec![2.0; n]).unwrap().gradient_tolerance(0.0);
    let result = run(f, solver, &vec![0.3; n]).unwrap();
    assert_eq!(result.solver.stop(), SmoothStop::Stationary { norm: 0.0, tolerance: 0.0 });
    for (i, x) in best(&result).iter().enumerate() {
        assert_eq!(*x, if sign(i) < 0.0 { 2.0 } else { -1.0 });
    }
}

#[test]
fn one_variable() {
    // x⁴ − 2x: minimum at 2^(−1/3).
    let quartic = |x: &[f64]| Ok((x[0].powi(4) - 2.0 * x[0], vec![4.0 * x[0].powi(3) - 2.0]));
    for (lower, upper, expected) in
        [(-INFINITY, INFINITY, 0.5f64.cbrt()), (-3.0, 0.5, 0.5), (0.9, INFINITY, 0.9)]
    {
        let solver = Lbfgsb::new(vec![lower], vec![upper]).unwrap().gradient_tolerance(1e-10);
        let result = run(quartic, solver, &[-2.0]).unwrap();
        assert!(matches!(result.solver.stop(), SmoothStop::Stationary { .. }), "{:?}", result.solver);
        assert!((best(&result)[0] - expected).abs() < 1e-9);
    }
}

#[test]
fn every_memory_size_converges() {
    for memory in [0, 1, 2, 3, 30] {
        let n = 6;
        let f = |x: &[f64]| {
            let value = (0..n).map(|i| 0.5 * (1.0 + i as f64) * (x[i] - 0.2 * i as f64).powi(2)).sum();
            Ok((value, (0..n).map(|i| (1.0 + i as f64) * (x[i] - 0.2 * i as f64)).collect()))
        };
        let solver = Lbfgsb::new(vec![0.1; n], vec![0.7; n]).unwrap().memory(memory).gradient_tolerance(1e-8);
        let result = run(f, solver, &vec![0.5; n]).unwrap();
        assert!(
            matches!(result.solver.stop(), SmoothStop::Stationary { .. }),
            "{memory}: {:?}",
            result.solver
        );
        for (i, x) in best(&result).iter().enumerate() {
            assert!((x - (0.2 * i as f64).clamp(0.1, 0.7)).abs() < 1e-8);
        }
    }
}

#[test]
fn the_function_tolerance_states_both_sides() {
    let solver = Lbfgsb::new(vec![-INFINITY; 2], vec![INFINITY; 2])
        .unwrap()
        .gradient_tolerance(0.0)
        .function_tolerance(Some(1e-3));
    let result = run(rosenbrock, solver, &[-1.2, 1.0]).unwrap();
    let SmoothStop::FunctionStalled { change, limit } = result.solver.stop() else {
        panic!("{:?}", result.solver)
    };
    assert!(change <= limit);
    assert_eq!(change, (result.state.get_cost() - result.state.get_prev_cost()).abs());
    assert_eq!(result.state.get_termination_reason(), Some(&TerminationReason::SolverConverged));
}

#[test]
fn limits_of_argmin_end_the_run() {
    let solver = || Lbfgsb::new(vec![-INFINITY; 2], vec![INFINITY; 2]).unwrap();
    let start = vec![-1.2, 1.0];
    let result = Executor::new(Objective(rosenbrock), solver())
        .configure(|state| state.param(start.clone()).max_iters(3))
        .run()
        .unwrap();
    assert_eq!((result.solver.stop(), result.solver.num_iterations()), (SmoothStop::IterationLimit, 3));
    assert_eq!(result.state.get_termination_reason(), Some(&TerminationReason::MaxItersReached));
    let result = Executor::new(Objective(rosenbrock), solver())
        .configure(|state| state.param(start).target_cost(1.0))
        .run()
        .unwrap();
    assert_eq!(result.solver.stop(), SmoothStop::TargetCost);
    assert!(result.state.get_best_cost() <= 1.0);
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("objective failed at call {0}")]
struct Failure(usize);

#[test]
fn the_error_of_the_problem_passes_through() {
    for fails_at in [1, 2, 9] {
        let calls = AtomicUsize::new(0);
        let f = |x: &[f64]| {
            let call = calls.fetch_add(1, Ordering::Relaxed) + 1;
            if call == fails_at { Err(Failure(call).into()) } else { rosenbrock(x) }
        };
        let solver = Lbfgsb::new(vec![-INFINITY; 2], vec![INFINITY; 2]).unwrap();
        let error = run(f, solver, &[-1.2, 1.0]).err().expect("the failure ends the run");
        assert_eq!(error.downcast_ref(), Some(&Failure(fails_at)));
    }
}

#[test]
fn cancellation_keeps_the_best_point() {
    // Asked once before the first iteration, then before every trial and after every step.
    for allowed in [0, 1, 2, 15] {
        let asked = Arc::new(AtomicUsize::new(0));
        let hook = Arc::clone(&asked);
        let solver = Lbfgsb::new(vec![-INFINITY; 4], vec![INFINITY; 4])
            .unwrap()
            .stop_when(Arc::new(move || hook.fetch_add(1, Ordering::Relaxed) >= allowed));
        let result = run(rosenbrock, solver, &[-1.2; 4]).unwrap();
        assert_eq!(result.solver.stop(), SmoothStop::Cancelled);
        assert_eq!(result.state.get_termination_reason(), Some(&TerminationReason::Interrupt));
        assert_eq!(asked.load(Ordering::Relaxed), allowed + 1);
        let x = best(&result);
        assert_eq!(rosenbrock(x).unwrap().0, result.state.get_best_cost());
        assert!(result.state.get_best_cost() <= rosenbrock(&[-1.2; 4]).unwrap().0);
    }
}

#[test]
fn values_that_are_not_finite() {
    let bounds = || Lbfgsb::new(vec![-INFINITY; 2], vec![INFINITY; 2]).unwrap();
    // From the start on: no best point.
    let result = run(|_: &[f64]| Ok((f64::NAN, vec![0.0; 2])), bounds(), &[1.0, 1.0]).unwrap();
    assert_eq!(result.solver.stop(), SmoothStop::NotFinite);
    let result = run(|_: &[f64]| Ok((0.0, vec![0.0, f64::INFINITY])), bounds(), &[1.0, 1.0]).unwrap();
    assert_eq!(result.solver.stop(), SmoothStop::NotFinite);
    // Everywhere after some calls: the best point so far stays.
    let calls = AtomicUsize::new(0);
    let f = |x: &[f64]| {
        let (value, gradient) = rosenbrock(x)?;
        Ok((if calls.fetch_add(1, Ordering::Relaxed) < 20 { value } else { f64::NAN }, gradient))
    };
    let result = run(f, bounds(), &[-1.2, 1.0]).unwrap();
    assert_eq!(result.solver.stop(), SmoothStop::NotFinite);
    let cost = result.state.get_best_cost();
    assert!(cost.is_finite() && cost < 24.2);
    assert_eq!(rosenbrock(best(&result)).unwrap().0, cost);
    // Beyond a line: the step is shortened. −ln x − ln(3 − x − y) − ln y has its maximum of the product at (1, 1).
    let barrier = |x: &[f64]| {
        let rest = 3.0 - x[0] - x[1];
        let value = -x[0].ln() - x[1].ln() - rest.ln();
        Ok((value, vec![1.0 / rest - 1.0 / x[0], 1.0 / rest - 1.0 / x[1]]))
    };
    let result = run(barrier, bounds().gradient_tolerance(1e-9), &[2.98, 0.01]).unwrap();
    assert!(matches!(result.solver.stop(), SmoothStop::Stationary { .. }), "{:?}", result.solver);
    assert!(best(&result).iter().all(|x| (x - 1.0).abs() < 1e-9));
}

#[test]
fn a_wrong_gradient_ends_as_a_failed_line_search() {
    let uphill = |x: &[f64]| Ok((x[0] * x[0], vec![-1.0]));
    let solver = Lbfgsb::new(vec![-9.0], vec![9.0]).unwrap();
    let result = run(uphill, solver, &[1.0]).unwrap();
    assert_eq!(result.solver.stop(), SmoothStop::LineSearchFailed);
    assert_eq!(best(&result), [1.0]);
}

#[test]
fn wrong_input_is_a_typed_error() {
    let nan = f64::NAN;
    let bounds = |lower: &[f64], upper: &[f64]| Lbfgsb::new(lower.to_vec(), upper.to_vec()).unwrap_err();
    assert_eq!(bounds(&[0.0], &[1.0, 2.0]), SmoothError::BoundLengths { lower: 1, upper: 2 });
    let crossing = bounds(&[0.0, 3.0], &[1.0, 2.0]);
    assert_eq!(crossing, SmoothError::Bounds { index: 1, lower: 3.0, upper: 2.0 });
    assert_eq!(crossing.to_string(), "lower[1]: expected a number not above upper[1] = 2, received 3");
    assert!(matches!(bounds(&[nan], &[1.0]), SmoothError::Bounds { index: 0, .. }));
    assert!(matches!(bounds(&[0.0], &[nan]), SmoothError::Bounds { index: 0, .. }));
    assert!(matches!(bounds(&[INFINITY], &[INFINITY]), SmoothError::Bounds { .. }));

    let solver = || Lbfgsb::new(vec![-INFINITY; 2], vec![INFINITY; 2]).unwrap();
    let error = |solver, start: &[f64]| -> SmoothError {
        let error = run(rosenbrock, solver, start).err().expect("wrong input");
        error.downcast().expect("typed")
    };
    assert_eq!(error(solver(), &[1.0]), SmoothError::StartLength { expected: 2, received: 1 });
    assert!(matches!(error(solver(), &[1.0, nan]), SmoothError::StartNotFinite { index: 1, .. }));
    assert!(matches!(error(solver(), &[INFINITY, 1.0]), SmoothError::StartNotFinite { index: 0, .. }));
    let tolerance = error(solver().gradient_tolerance(-1.0), &[1.0, 1.0]);
    assert_eq!(tolerance, SmoothError::Tolerance { name: "gradient_tolerance", value: -1.0 });
    assert!(matches!(
        error(solver().function_tolerance(Some(nan)), &[1.0, 1.0]),
        SmoothError::Tolerance { name: "function_tolerance", .. }
    ));
    let short = run(|_: &[f64]| Ok((1.0, vec![0.0])), solver(), &[1.0, 1.0]).err().expect("wrong gradient");
    assert_eq!(short.downcast_ref(), Some(&SmoothError::GradientLength { expected: 2, received: 1 }));
    let unset = Executor::new(Objective(rosenbrock), solver()).run().err().expect("no start");
    assert_eq!(unset.downcast_ref(), Some(&SmoothError::NoStart));
}

/// Costs as an observer sees them.
struct Recorder(Arc<std::sync::Mutex<Vec<f64>>>, Arc<AtomicU64>);

impl Observe<SmoothState> for Recorder {
    fn observe_iter(&mut self, state: &SmoothState, _: &KV) -> Result<(), Error> {
        self.0.lock().unwrap().push(state.get_cost());
        self.1.store(state.get_iter(), Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn observers_see_the_cost_and_argmin_counts_the_evaluations() {
    let costs = Arc::new(std::sync::Mutex::new(Vec::new()));
    let iteration = Arc::new(AtomicU64::new(0));
    let calls = AtomicUsize::new(0);
    let f = |x: &[f64]| {
        calls.fetch_add(1, Ordering::Relaxed);
        rosenbrock(x)
    };
    let solver = Lbfgsb::new(vec![-INFINITY; 2], vec![INFINITY; 2]).unwrap();
    let result = Executor::new(Objective(f), solver)
        .configure(|state| state.param(vec![-1.2, 1.0]))
        .add_observer(Recorder(Arc::clone(&costs), Arc::clone(&iteration)), ObserverMode::Always)
        .run()
        .unwrap();
    let costs = costs.lock().unwrap();
    assert_eq!(costs.len() as u64, result.solver.num_iterations());
    assert_eq!(iteration.load(Ordering::Relaxed) + 1, result.solver.num_iterations());
    assert!(costs.windows(2).all(|pair| pair[1] <= pair[0]));
    assert_eq!(*costs.last().unwrap(), result.state.get_best_cost());
    let counts = &result.problem.counts;
    assert_eq!(counts["cost_count"] + counts["gradient_count"], calls.load(Ordering::Relaxed) as u64);
    assert!(result.solver.projected_gradient_norm() <= 1e-5);
}

#[test]
fn two_runs_give_the_same_bits() {
    let n = 300;
    let f = |x: &[f64]| {
        let (mut f, mut g) = rosenbrock(x)?;
        for i in 0..n {
            f += scatter(i) * x[i];
            g[i] += scatter(i);
        }
        Ok((f, g))
    };
    let once = || {
        let lower: Vec<f64> = (0..n).map(|i| scatter(i + 7) - 1.5).collect();
        let upper: Vec<f64> = lower.iter().map(|lower| lower + 1.5).collect();
        let solver = Lbfgsb::new(lower, upper).unwrap().gradient_tolerance(1e-8);
        let result = run(f, solver, &vec![0.0; n]).unwrap();
        let bits: Vec<u64> = best(&result).iter().map(|x| x.to_bits()).collect();
        (bits, result.solver.num_iterations(), result.problem.counts["cost_count"])
    };
    assert_eq!(once(), once());
}

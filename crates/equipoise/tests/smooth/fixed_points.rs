//! Fixed points: Fellner–Schall steps, plain, hybrid and at frontier scale.

use argmin::core::{CostFunction, Error, Executor, State};
use equipoise::smooth::{
    BarrierState, FixedPoint, FixedPointEvaluation, FixedPointFallback, FixedPointIteration, Frontier,
    HessianOperator, SmoothError, SmoothState, SmoothStop,
};
use std::cell::Cell;
use std::sync::Arc;

use crate::operators::Products;

/// A fixed-point problem from closures.
struct Problem<F, S> {
    cost: F,
    evaluate: S,
    barrier: BarrierState,
}

impl<F: Fn(&[f64]) -> f64, S> CostFunction for Problem<F, S> {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok((self.cost)(x))
    }
}

impl<F, S: Fn(&[f64]) -> FixedPointEvaluation> FixedPoint for Problem<F, S> {
    fn evaluate(&self, x: &[f64]) -> Result<FixedPointEvaluation, Error> {
        Ok((self.evaluate)(x))
    }
    fn barrier(&self, _: &FixedPointEvaluation) -> BarrierState {
        self.barrier
    }
}

fn run_with(
    cost: impl Fn(&[f64]) -> f64,
    evaluate: impl Fn(&[f64]) -> FixedPointEvaluation,
    barrier: BarrierState,
    solver: FixedPointIteration,
    start: &[f64],
    max_iters: u64,
) -> Result<(SmoothState, FixedPointIteration), Error> {
    let result = Executor::new(Problem { cost, evaluate, barrier }, solver)
        .configure(|state| state.param(start.to_vec()).max_iters(max_iters))
        .run()?;
    Ok((result.state, result.solver))
}

fn iteration(n: usize) -> FixedPointIteration {
    FixedPointIteration::new(vec![-30.0; n], vec![30.0; n]).unwrap()
}

fn step(value: f64, step: Vec<f64>) -> FixedPointEvaluation {
    FixedPointEvaluation { value, step, ..FixedPointEvaluation::default() }
}

/// One ψ step of length 1 at 0, where only half of it lowers f: half is taken, and the run goes on.
#[test]
fn a_long_step_is_halved_until_f_falls() {
    let (n, psi) = (12, 11);
    let cost = |x: &[f64]| match x[11] {
        0.0 => 1.0,
        0.5 => 0.5,
        _ => 2.0,
    };
    let evaluate = |x: &[f64]| {
        let mut raw = vec![0.0; n];
        raw[psi] = 1.0;
        step(cost(x), raw)
    };
    let solver = iteration(n).psi_indices(vec![psi]);
    let (state, solver) = run_with(cost, evaluate, BarrierState::Absent, solver, &vec![0.0; n], 1).unwrap();
    let mut expected = vec![0.0; n];
    expected[psi] = 0.5;
    assert_eq!(state.get_param().unwrap(), &expected);
    assert_eq!((solver.stop(), solver.num_iterations()), (SmoothStop::IterationLimit, 1));
}

/// The step points out of the box for good: the projected step is zero, and the run has converged.
#[test]
fn a_railed_optimum_ends_the_run_early() {
    let cost = |x: &[f64]| (x[0] - 0.5).powi(2) - x[1];
    let evaluate = |x: &[f64]| step(cost(x), vec![0.5 * (0.5 - x[0]), 3.0]);
    let (state, solver) =
        run_with(cost, evaluate, BarrierState::Absent, iteration(2), &[0.0, 29.0], 200).unwrap();
    assert!(matches!(solver.stop(), SmoothStop::StepStationary { .. }), "{solver:?}");
    assert!(solver.num_iterations() < 20);
    let x = state.get_best_param().unwrap();
    assert!((x[0] - 0.5).abs() < 1e-4 && x[1] == 30.0);
}

#[test]
fn every_fallback_has_its_reason() {
    let falling = |x: &[f64]| -x[0];
    let long = |x: &[f64]| step(-x[0], vec![2.0, 0.0]);
    let stop = |barrier, psi_gradient: Option<f64>, psi_step: f64, cost: fn(&[f64]) -> f64| {
        let evaluate = move |x: &[f64]| FixedPointEvaluation {
            value: cost(x),
            step: vec![2.0, psi_step],
            psi_gradient: psi_gradient.map(|g| vec![g]),
            ..FixedPointEvaluation::default()
        };
        let solver = iteration(2).psi_indices(vec![1]);
        run_with(cost, evaluate, barrier, solver, &[0.0; 2], 50).unwrap().1.stop()
    };
    let rising = |x: &[f64]| x[0].abs();
    let only_rho = |x: &[f64]| -x[0] + if x[1] == 0.0 { 0.0 } else { 99.0 };
    let fallback = SmoothStop::FirstOrderFallback;
    assert_eq!(
        stop(BarrierState::Significant, None, 0.0, falling),
        fallback(FixedPointFallback::BarrierCurvature)
    );
    assert_eq!(
        stop(BarrierState::Concentrated, None, 0.0, falling),
        fallback(FixedPointFallback::BarrierConcentrated)
    );
    let reason = FixedPointFallback::PsiNotStationary { gradient: 0.25, tolerance: 1e-5 };
    assert_eq!(stop(BarrierState::Absent, Some(-0.25), 0.0, falling), fallback(reason));
    assert_eq!(stop(BarrierState::Harmless, None, 0.0, rising), fallback(FixedPointFallback::NoDescent));
    assert_eq!(stop(BarrierState::Absent, None, 1.0, only_rho), fallback(FixedPointFallback::PsiStagnation));
    // Without ψ there is nothing to leave out.
    let cost = |x: &[f64]| x[0].abs();
    let evaluate = |x: &[f64]| step(x[0].abs(), vec![2.0]);
    let (_, solver) = run_with(cost, evaluate, BarrierState::Absent, iteration(1), &[0.0], 50).unwrap();
    assert_eq!(solver.stop(), fallback(FixedPointFallback::NoDescent));
    // A run that reaches its limit says so.
    let solver = FixedPointIteration::new(vec![-1e9; 2], vec![1e9; 2]).unwrap();
    let (_, solver) = run_with(falling, long, BarrierState::Absent, solver, &[0.0; 2], 5).unwrap();
    assert_eq!(solver.stop(), SmoothStop::IterationLimit);
}

/// A small step is taken without a search, unless there is a barrier.
#[test]
fn small_steps_are_searched_only_where_there_is_a_barrier() {
    for (barrier, searched) in [(BarrierState::Absent, false), (BarrierState::Harmless, true)] {
        let calls = Cell::new(0);
        let cost = |x: &[f64]| {
            calls.set(calls.get() + 1);
            x[0] * x[0]
        };
        let evaluate = |x: &[f64]| step(x[0] * x[0], vec![-0.5 * x[0]]);
        run_with(cost, evaluate, barrier, iteration(1), &[0.75], 1).unwrap();
        assert_eq!(calls.get() > 0, searched);
    }
}

#[test]
fn a_first_evaluation_that_was_made_already_is_not_made_again() {
    let calls = Cell::new(0);
    let evaluate = |x: &[f64]| {
        calls.set(calls.get() + 1);
        step(x[0] * x[0], vec![-x[0]])
    };
    let cost = |x: &[f64]| x[0] * x[0];
    let solver = iteration(1).first_evaluation(step(0.0625, vec![-0.25]));
    let (_, solver) = run_with(cost, evaluate, BarrierState::Absent, solver, &[0.25], 10).unwrap();
    assert!(matches!(solver.stop(), SmoothStop::StepStationary { .. }));
    assert_eq!(calls.get(), 1);
}

#[test]
fn evaluations_of_the_wrong_shape_are_errors_and_ones_that_are_not_finite_an_outcome() {
    let cost = |_: &[f64]| 0.0;
    let error = |evaluation: FixedPointEvaluation, solver: FixedPointIteration| {
        let evaluate = move |_: &[f64]| evaluation.clone();
        run_with(cost, evaluate, BarrierState::Absent, solver, &[0.0; 2], 5).map(|_| ()).unwrap_err()
    };
    let short = error(step(0.0, vec![1.0]), iteration(2));
    assert_eq!(short.downcast_ref(), Some(&SmoothError::FixedPointStepLength { expected: 2, received: 1 }));
    let wrong = FixedPointEvaluation { psi_gradient: Some(vec![1.0; 2]), ..step(0.0, vec![1.0; 2]) };
    let psi = error(wrong, iteration(2).psi_indices(vec![1]));
    assert_eq!(psi.downcast_ref(), Some(&SmoothError::PsiGradientLength { expected: 1, received: 2 }));
    let out = error(step(0.0, vec![1.0; 2]), iteration(2).psi_indices(vec![2]));
    let expected = SmoothError::CoordinateIndex { name: "psi_indices", index: 2, dimension: 2 };
    assert_eq!(out.downcast_ref(), Some(&expected));
    let evaluate = |_: &[f64]| step(0.0, vec![f64::NAN; 2]);
    let (_, solver) = run_with(cost, evaluate, BarrierState::Absent, iteration(2), &[0.0; 2], 5).unwrap();
    assert_eq!(solver.stop(), SmoothStop::NotFinite);
}

/// ½ Σᵢⱼ Aᵢⱼ(xᵢ − tᵢ)(xⱼ − tⱼ) with the Newton steps of its diagonal, and what the border needs.
struct Quadratic {
    a: Vec<f64>,
    target: Vec<f64>,
    gap: Option<f64>,
    has_operator: bool,
}

impl Quadratic {
    fn diagonal(n: usize) -> Self {
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            a[i * n + i] = 1.0 + (i % 5) as f64;
        }
        let target = (0..n).map(|i| 2.0 * libm::sin(0.37 * i as f64)).collect();
        Self { a, target, gap: None, has_operator: false }
    }

    /// 2I with axes 0 and 1 coupled by 0.4.
    fn coupled(n: usize, has_operator: bool) -> Self {
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            a[i * n + i] = 2.0;
        }
        (a[1], a[n]) = (0.4, 0.4);
        let target = (0..n).map(|i| 1.0 - 0.5 * i as f64).collect();
        Self { a, target, gap: None, has_operator }
    }

    fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let n = x.len();
        (0..n).map(|i| (0..n).map(|j| self.a[i * n + j] * (x[j] - self.target[j])).sum()).collect()
    }
}

impl CostFunction for Quadratic {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        let g = self.gradient(x);
        Ok(0.5 * g.iter().zip(x.iter().zip(&self.target)).map(|(g, (x, t))| g * (x - t)).sum::<f64>())
    }
}

impl FixedPoint for Quadratic {
    fn evaluate(&self, x: &[f64]) -> Result<FixedPointEvaluation, Error> {
        let n = x.len();
        let g = self.gradient(x);
        let step = (0..n).map(|i| -g[i] / self.a[i * n + i]).collect();
        let value = self.cost(&x.to_vec())?;
        Ok(FixedPointEvaluation { value, step, enclosure_gap: self.gap, ..FixedPointEvaluation::default() })
    }
    fn border_gradient(&self, x: &[f64]) -> Result<Option<Vec<f64>>, Error> {
        Ok(Some(self.gradient(x)))
    }
    fn border_hessian(&self, x: &[f64]) -> Result<Option<Arc<dyn HessianOperator>>, Error> {
        let operator = || Arc::new(Products(self.a.clone(), x.len())) as Arc<dyn HessianOperator>;
        Ok(self.has_operator.then(operator))
    }
}

fn frontier(problem: Quadratic, solver: Frontier, max_iters: u64) -> (SmoothState, Frontier, Vec<f64>) {
    let target = problem.target.clone();
    let result = Executor::new(problem, solver)
        .configure(|state| state.param(vec![0.0; target.len()]).max_iters(max_iters))
        .run()
        .unwrap();
    (result.state, result.solver, target)
}

fn wide_frontier(n: usize, tolerance: f64) -> Frontier {
    Frontier::new(vec![-30.0; n], vec![30.0; n]).unwrap().step_tolerance(tolerance)
}

#[test]
fn ninety_six_separate_coordinates_converge() {
    let (state, solver, target) = frontier(Quadratic::diagonal(96), wide_frontier(96, 1e-9), 200);
    assert!(matches!(solver.stop(), SmoothStop::StepStationary { .. }), "{solver:?}");
    assert!(solver.border_axes().is_empty());
    for (x, t) in state.get_best_param().unwrap().iter().zip(&target) {
        assert!((x - t).abs() < 1e-6);
    }
    assert!(state.get_best_cost() < 1e-10);
}

/// With the border's Newton step the coupled axes take one step, by products and by differences of gradients alike.
#[test]
fn a_coupled_border_steps_together() {
    for has_operator in [true, false] {
        for (n, axes) in [(6, vec![0, 1]), (4, vec![3, 2, 1, 0])] {
            let solver = wide_frontier(n, 1e-8).border(&axes).unwrap();
            let (state, solver, target) = frontier(Quadratic::coupled(n, has_operator), solver, 50);
            assert!(matches!(solver.stop(), SmoothStop::StepStationary { .. }), "{solver:?}");
            assert!(solver.step_norm() < 1e-8 && solver.num_iterations() <= 2, "{solver:?}");
            for (x, t) in state.get_best_param().unwrap().iter().zip(&target) {
                assert!((x - t).abs() < 1e-5);
            }
        }
    }
    // Without the border the same problem needs the steps of a contraction by 0.2.
    let (_, solver, _) = frontier(Quadratic::coupled(6, true), wide_frontier(6, 1e-8), 50);
    assert!(solver.num_iterations() > 5);
}

#[test]
fn border_axes_are_sorted_and_checked() {
    let axes = wide_frontier(8, 1e-6).border(&[5, 1, 5, 3]).unwrap().border_axes().to_vec();
    assert_eq!(axes, [1, 3, 5]);
    let error = wide_frontier(4, 1e-6).border(&[4]).unwrap_err();
    assert_eq!(error, SmoothError::CoordinateIndex { name: "border", index: 4, dimension: 4 });
    assert!(error.to_string().contains("out of range"));
}

#[test]
fn an_open_enclosure_gap_blocks_convergence() {
    for (gap, converges) in [(1e-2, false), (1e-9, true), (f64::NAN, false)] {
        let problem = Quadratic { gap: Some(gap), ..Quadratic::diagonal(64) };
        let (_, solver, _) = frontier(problem, wide_frontier(64, 1e-6), 200);
        assert_eq!(matches!(solver.stop(), SmoothStop::StepStationary { .. }), converges, "{solver:?}");
        if !converges {
            assert!(matches!(solver.stop(), SmoothStop::EnclosureOpen { tolerance: 1e-6, .. }), "{solver:?}");
            assert!(solver.num_iterations() < 10);
        }
    }
}

/// Half of the targets lie outside the box: their coordinates rail, and the run ends as soon as the others are there.
#[test]
fn railed_coordinates_do_not_keep_the_frontier_going() {
    let n = 64;
    let solver = Frontier::new(vec![-0.5; n], vec![0.5; n]).unwrap().step_tolerance(1e-9);
    let (state, solver, target) = frontier(Quadratic::diagonal(n), solver, 200);
    assert!(matches!(solver.stop(), SmoothStop::StepStationary { .. }), "{solver:?}");
    assert!(solver.num_iterations() < 5);
    for (x, t) in state.get_best_param().unwrap().iter().zip(&target) {
        assert!((x - t.clamp(-0.5, 0.5)).abs() < 1e-9);
    }
}

/// Steps are clamped to ±5; one that is not finite counts as zero and is counted.
#[test]
fn steps_of_the_frontier_are_clamped() {
    struct Wild;
    impl CostFunction for Wild {
        type Param = Vec<f64>;
        type Output = f64;
        fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
            Ok(-x[0])
        }
    }
    impl FixedPoint for Wild {
        fn evaluate(&self, x: &[f64]) -> Result<FixedPointEvaluation, Error> {
            Ok(step(-x[0], vec![1e3, f64::NAN, -1e3]))
        }
    }
    let result = Executor::new(Wild, wide_frontier(3, 1e-6))
        .configure(|state| state.param(vec![0.0; 3]).max_iters(1))
        .run()
        .unwrap();
    assert_eq!(result.state.get_param().unwrap(), &[5.0, 0.0, -5.0]);
    assert_eq!(result.solver.ignored_steps(), 2);
}

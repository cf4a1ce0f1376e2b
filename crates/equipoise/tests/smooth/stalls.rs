//! Samples that are handed over, and guards against runs without progress.

use crate::common::Objective;
use argmin::core::{CostFunction, Error, Executor, Gradient, Hessian, State};
use equipoise::smooth::{Bfgs, CostStallOptions, Cubic, SmoothError, SmoothStop, StationarityTolerances};
use std::cell::Cell;

/// A flat valley: f falls by less than 1e-7 a step, the gradient stays at 1e-4.
fn valley(x: &[f64]) -> Result<(f64, Vec<f64>), Error> {
    Ok((1e-4 * x[0], vec![1e-4]))
}

#[test]
fn a_flat_valley_ends_as_such_with_its_gradient() {
    let caps = Some(vec![1e-4]);
    let solver = Bfgs::new(vec![-1e6], vec![1e6]).unwrap().step_caps(caps);
    let solver = solver.cost_stall(Some(CostStallOptions::default()));
    let result = Executor::new(Objective(valley), solver)
        .configure(|state| state.param(vec![0.0]).max_iters(1000))
        .run()
        .unwrap();
    let stop = result.solver.stop();
    assert!(matches!(stop, SmoothStop::CostStall { tolerance: 1e-5, .. }), "{stop:?}");
    // The first observation is progress, six more are not.
    assert_eq!(result.solver.num_iterations(), 6);
    let best = result.solver.cost_stall_guard().unwrap().best().unwrap();
    assert_eq!((best.gradient.as_slice(), best.projected_gradient), ([1e-4].as_slice(), 1e-4));
    assert_eq!(&best.x, result.state.get_best_param().unwrap());
}

/// The same valley with a gradient of 10: stuck, not flat, so that the run is told to go on twice before it ends.
#[test]
fn a_stuck_run_escapes_a_bounded_number_of_times() {
    let steep = |x: &[f64]| Ok((10.0 * x[0], vec![10.0]));
    let solver = Bfgs::new(vec![-1e6], vec![1e6]).unwrap().step_caps(Some(vec![1e-10]));
    let solver = solver.cost_stall(Some(CostStallOptions::default()));
    let result = Executor::new(Objective(steep), solver)
        .configure(|state| state.param(vec![0.0]).max_iters(1000))
        .run()
        .unwrap();
    assert!(matches!(result.solver.stop(), SmoothStop::CostStall { .. }));
    assert_eq!(result.solver.num_iterations(), 18);
    assert_eq!(result.solver.cost_stall_guard().unwrap().escapes(), 2);
}

/// Counts what it is asked.
struct Counted {
    values: Cell<usize>,
    gradients: Cell<usize>,
    hessians: Cell<usize>,
}

impl CostFunction for Counted {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        self.values.set(self.values.get() + 1);
        Ok((x[0] - 1.0).powi(2))
    }
}

impl Gradient for Counted {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        self.gradients.set(self.gradients.get() + 1);
        Ok(vec![2.0 * (x[0] - 1.0)])
    }
}

impl Hessian for Counted {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;
    fn hessian(&self, _: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        self.hessians.set(self.hessians.get() + 1);
        Ok(vec![vec![2.0]])
    }
}

fn counted() -> Counted {
    Counted { values: Cell::new(0), gradients: Cell::new(0), hessians: Cell::new(0) }
}

#[test]
fn the_sample_of_the_start_is_taken_from_the_state() {
    // At the minimiser, with its sample: nothing is left to ask.
    let solver = Bfgs::new(vec![-9.0], vec![9.0]).unwrap();
    let result = Executor::new(counted(), solver)
        .configure(|state| state.param(vec![1.0]).cost(0.0).gradient(vec![0.0]))
        .run()
        .unwrap();
    let problem = result.problem.problem.unwrap();
    assert_eq!((problem.values.get(), problem.gradients.get()), (0, 0));
    assert!(matches!(result.solver.stop(), SmoothStop::Stationary { .. }));
    let solver = Cubic::new(vec![-9.0], vec![9.0]).unwrap();
    let result = Executor::new(counted(), solver)
        .configure(|state| state.param(vec![1.0]).cost(0.0).gradient(vec![0.0]).hessian(vec![vec![2.0]]))
        .run()
        .unwrap();
    let problem = result.problem.problem.unwrap();
    assert_eq!((problem.values.get(), problem.gradients.get(), problem.hessians.get()), (0, 0, 0));
    // Outside the box the sample belongs to another point: the clipped one is evaluated.
    let solver = Bfgs::new(vec![2.0], vec![9.0]).unwrap();
    let result = Executor::new(counted(), solver)
        .configure(|state| state.param(vec![1.0]).cost(0.0).gradient(vec![0.0]))
        .run()
        .unwrap();
    assert_eq!(result.state.get_best_param().unwrap(), &[2.0]);
    assert_eq!(result.problem.problem.unwrap().values.get(), 1);
}

/// The tolerance that grows with |f₀| ends a run that the absolute one would not.
#[test]
fn the_relative_tolerance_counts_from_the_first_value() {
    let f = |x: &[f64]| Ok((1e3 + libm::exp(x[0]) - x[0], vec![libm::exp(x[0]) - 1.0]));
    let run = |relative_to_value| {
        let tolerances = StationarityTolerances { relative_to_value, ..StationarityTolerances::default() };
        let solver = Bfgs::new(vec![-9.0], vec![9.0]).unwrap().stationarity_tolerances(tolerances);
        let configured = Executor::new(Objective(f), solver).configure(|state| state.param(vec![3.0]));
        configured.run().unwrap().solver
    };
    let (absolute, relative) = (run(None), run(Some(1e-5)));
    assert!(relative.num_iterations() < absolute.num_iterations());
    let SmoothStop::Stationary { norm, tolerance } = relative.stop() else { panic!("{relative:?}") };
    let first = 1e3 + libm::exp(3.0) - 3.0;
    assert!((tolerance - 1e-5 * (1.0 + first)).abs() < 1e-12 && norm <= tolerance && norm > 1e-5);
    let tolerances = StationarityTolerances { relative_to_value: Some(f64::NAN), ..Default::default() };
    let solver = Bfgs::new(vec![-9.0], vec![9.0]).unwrap().stationarity_tolerances(tolerances);
    let error = Executor::new(Objective(f), solver).configure(|state| state.param(vec![3.0])).run();
    let error = error.map(|_| ()).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(SmoothError::Tolerance { name: "relative_to_value", .. })));
}

/// A Hessian that is not finite at a trial point rejects the trial, not the run.
#[test]
fn a_trial_whose_hessian_is_not_finite_is_rejected() {
    struct Broken;
    impl CostFunction for Broken {
        type Param = Vec<f64>;
        type Output = f64;
        fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
            Ok((x[0] - 1.0).powi(2))
        }
    }
    impl Gradient for Broken {
        type Param = Vec<f64>;
        type Gradient = Vec<f64>;
        fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
            Ok(vec![2.0 * (x[0] - 1.0)])
        }
    }
    impl Hessian for Broken {
        type Param = Vec<f64>;
        type Hessian = Vec<Vec<f64>>;
        fn hessian(&self, x: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
            // Not finite on a stretch of the way.
            Ok(vec![vec![if (-4.0..-2.0).contains(&x[0]) { f64::NAN } else { 2.0 }]])
        }
    }
    let solver =
        Cubic::new(vec![-99.0], vec![99.0]).unwrap().initial_regularisation(0.3).gradient_tolerance(1e-9);
    let result = Executor::new(Broken, solver)
        .configure(|state| state.param(vec![-6.0]).max_iters(500))
        .run()
        .unwrap();
    assert!(matches!(result.solver.stop(), SmoothStop::Stationary { .. }), "{:?}", result.solver);
}

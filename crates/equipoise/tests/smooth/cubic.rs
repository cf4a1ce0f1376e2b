//! Cubic regularisation where gradients alone would mislead, and its errors.

use argmin::core::{CostFunction, Error, Executor, Gradient, Hessian, State};
use equipoise::smooth::{Cubic, SmoothError, SmoothStop};

/// f = x₁² − x₀² + x₀⁴/4: a saddle at 0, minima at (±√2, 0) of value −1.
struct Saddle;

impl CostFunction for Saddle {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok(x[1] * x[1] - x[0] * x[0] + 0.25 * x[0].powi(4))
    }
}

impl Gradient for Saddle {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(vec![x[0].powi(3) - 2.0 * x[0], 2.0 * x[1]])
    }
}

impl Hessian for Saddle {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;
    fn hessian(&self, x: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        Ok(vec![vec![3.0 * x[0] * x[0] - 2.0, 0.0], vec![0.0, 2.0]])
    }
}

fn run(solver: Cubic, start: [f64; 2]) -> Result<(Vec<f64>, Cubic), Error> {
    let result =
        Executor::new(Saddle, solver).configure(|state| state.param(start.to_vec()).max_iters(200)).run()?;
    Ok((result.state.get_best_param().unwrap().clone(), result.solver))
}

#[test]
fn a_saddle_is_left_along_its_negative_curvature() {
    for start in [[0.0, 0.0], [0.0, 3.0]] {
        let solver = Cubic::new(vec![-9.0; 2], vec![9.0; 2]).unwrap().gradient_tolerance(1e-9);
        let (x, solver) = run(solver, start).unwrap();
        assert!(matches!(solver.stop(), SmoothStop::Stationary { .. }), "{solver:?}");
        assert!((x[0].abs() - 2f64.sqrt()).abs() < 1e-8 && x[1].abs() < 1e-8, "{x:?}");
        assert!(!solver.curvature().unwrap().is_negative());
    }
}

/// Where the bounds hold the saddle's direction fixed, the saddle of f is the minimiser of the problem.
#[test]
fn curvature_counts_over_the_free_variables_only() {
    let solver = Cubic::new(vec![0.0, -9.0], vec![0.0, 9.0]).unwrap().gradient_tolerance(1e-9);
    let (x, solver) = run(solver, [0.0, 3.0]).unwrap();
    assert!(matches!(solver.stop(), SmoothStop::Stationary { .. }));
    assert!(x[0] == 0.0 && x[1].abs() < 1e-9);
    assert_eq!(solver.curvature().unwrap().free, [1]);
}

#[test]
fn two_runs_give_the_same_bits() {
    let solver = || Cubic::new(vec![-0.3, -9.0], vec![1.3, 9.0]).unwrap().gradient_tolerance(1e-9);
    let (first, second) = (run(solver(), [-0.2, 0.7]).unwrap().0, run(solver(), [-0.2, 0.7]).unwrap().0);
    assert_eq!(
        first.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
        second.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    );
}

/// A Hessian of the wrong shape.
struct Misshapen(Vec<Vec<f64>>);

impl CostFunction for Misshapen {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok(x[0] * x[0] + x[1] * x[1])
    }
}

impl Gradient for Misshapen {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(vec![2.0 * x[0], 2.0 * x[1]])
    }
}

impl Hessian for Misshapen {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;
    fn hessian(&self, _: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        Ok(self.0.clone())
    }
}

#[test]
fn a_misshapen_hessian_is_an_error_and_one_that_is_not_finite_an_outcome() {
    for (hessian, received) in [(vec![vec![2.0, 0.0]], 1), (vec![vec![2.0, 0.0], vec![0.0]], 1)] {
        let solver = Cubic::new(vec![-1.0; 2], vec![1.0; 2]).unwrap();
        let error = Executor::new(Misshapen(hessian), solver)
            .configure(|state| state.param(vec![0.5, 0.5]))
            .run()
            .map(|_| ())
            .unwrap_err();
        assert_eq!(
            error.downcast_ref::<SmoothError>(),
            Some(&SmoothError::HessianShape { expected: 2, received })
        );
    }
    let solver = Cubic::new(vec![-1.0; 2], vec![1.0; 2]).unwrap();
    let hessian = vec![vec![2.0, f64::NAN], vec![f64::NAN, 2.0]];
    let result = Executor::new(Misshapen(hessian), solver)
        .configure(|state| state.param(vec![0.5, 0.5]))
        .run()
        .unwrap();
    assert_eq!(result.solver.stop(), SmoothStop::NotFinite);
}

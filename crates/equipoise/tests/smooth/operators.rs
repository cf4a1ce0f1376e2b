//! Problems whose Hessian is known by its products, for the trust region.

use argmin::core::{CostFunction, Error, Executor, Gradient, Hessian, State};
use equipoise::smooth::{
    CurvatureVerdict, HessianForm, HessianOperator, Materialisation, OperatorState, RoutingMismatch,
    SmoothError, SmoothStop, StationarityTolerances, TrustRegion,
};
use std::cell::Cell;
use std::sync::Arc;

/// A dense matrix by its products.
pub struct Products(pub Vec<f64>, pub usize);

impl HessianOperator for Products {
    fn dim(&self) -> usize {
        self.1
    }
    fn apply(&self, v: &[f64], out: &mut [f64]) -> Result<(), Error> {
        for (out, row) in out.iter_mut().zip(self.0.chunks_exact(self.1)) {
            *out = row.iter().zip(v).map(|(h, v)| h * v).sum();
        }
        Ok(())
    }
    fn materialisation(&self) -> Materialisation {
        Materialisation::RepeatedProducts
    }
}

/// A problem from closures.
struct Closures<F, G, H>(F, G, H);

impl<F: Fn(&[f64]) -> f64, G, H> CostFunction for Closures<F, G, H> {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok((self.0)(x))
    }
}

impl<F, G: Fn(&[f64]) -> Vec<f64>, H> Gradient for Closures<F, G, H> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok((self.1)(x))
    }
}

impl<F, G, H: Fn(&[f64]) -> HessianForm> Hessian for Closures<F, G, H> {
    type Param = Vec<f64>;
    type Hessian = HessianForm;
    fn hessian(&self, x: &Vec<f64>) -> Result<HessianForm, Error> {
        Ok((self.2)(x))
    }
}

fn run(
    f: impl Fn(&[f64]) -> f64,
    g: impl Fn(&[f64]) -> Vec<f64>,
    h: impl Fn(&[f64]) -> HessianForm,
    solver: TrustRegion,
    start: &[f64],
) -> Result<(OperatorState, TrustRegion), Error> {
    let result = Executor::new(Closures(f, g, h), solver)
        .configure(|state| state.param(start.to_vec()).max_iters(500))
        .run()?;
    Ok((result.state, result.solver))
}

fn operator(matrix: Vec<f64>, n: usize) -> HessianForm {
    HessianForm::Operator(Arc::new(Products(matrix, n)))
}

/// A diagonal matrix by its products.
struct Diagonal(Vec<f64>);

impl HessianOperator for Diagonal {
    fn dim(&self) -> usize {
        self.0.len()
    }
    fn apply(&self, v: &[f64], out: &mut [f64]) -> Result<(), Error> {
        for i in 0..v.len() {
            out[i] = self.0[i] * v[i];
        }
        Ok(())
    }
}

fn wide(n: usize) -> TrustRegion {
    TrustRegion::new(vec![-9.0; n], vec![9.0; n]).unwrap().gradient_tolerance(1e-9)
}

/// Σ wᵢ (xᵢ² − 1)², a double well in every coordinate: 0 is a maximum, (±1, …) are minima.
struct Wells;

impl Wells {
    fn weight(i: usize) -> f64 {
        0.25 + (i % 7) as f64
    }

    fn value(x: &[f64]) -> f64 {
        (0..x.len()).map(|i| Self::weight(i) * (x[i] * x[i] - 1.0).powi(2)).sum()
    }

    fn gradient(x: &[f64]) -> Vec<f64> {
        (0..x.len()).map(|i| 4.0 * Self::weight(i) * x[i] * (x[i] * x[i] - 1.0)).collect()
    }

    fn hessian(x: &[f64]) -> HessianForm {
        let diagonal = (0..x.len()).map(|i| 4.0 * Self::weight(i) * (3.0 * x[i] * x[i] - 1.0));
        HessianForm::Operator(Arc::new(Diagonal(diagonal.collect())))
    }
}

/// At 0 the gradient vanishes; the negative curvature is walked along until none is left, exactly measured (n = 3) and by Lanczos (n = 200).
#[test]
fn a_stationary_maximum_is_left_along_its_negative_curvature() {
    for (n, moved) in [(3, 3), (200, 200)] {
        let (state, solver) =
            run(Wells::value, Wells::gradient, Wells::hessian, wide(n), &vec![0.0; n]).unwrap();
        let x = state.get_best_param().unwrap();
        assert!(matches!(solver.stop(), SmoothStop::Stationary { .. }), "{solver:?}");
        assert_eq!(x.iter().filter(|x| (x.abs() - 1.0).abs() < 1e-8).count(), moved);
        let verdict = solver.stationarity().unwrap().curvature;
        assert!(
            matches!(verdict, CurvatureVerdict::NonNegative { least: Some(least) } if least > 1.0),
            "{verdict:?}"
        );
    }
}

/// A convex quadratic of 300 variables over a box whose solution is known: xᵢ = P(i/100 − 1).
#[test]
fn a_large_quadratic_over_a_box_is_solved_by_products() {
    let n = 300;
    let target = |i: usize| i as f64 / 100.0 - 1.0;
    let weight = |i: usize| 1.0 + (i % 11) as f64;
    let f = |x: &[f64]| (0..n).map(|i| 0.5 * weight(i) * (x[i] - target(i)).powi(2)).sum();
    let g = |x: &[f64]| (0..n).map(|i| weight(i) * (x[i] - target(i))).collect::<Vec<f64>>();
    let h = |_: &[f64]| HessianForm::Operator(Arc::new(Diagonal((0..n).map(weight).collect())));
    let solver = TrustRegion::new(vec![-0.5; n], vec![1.25; n]).unwrap().gradient_tolerance(1e-9);
    let (state, solver) = run(f, g, h, solver, &vec![0.0; n]).unwrap();
    assert!(matches!(solver.stop(), SmoothStop::Stationary { .. }), "{solver:?}");
    for (i, x) in state.get_best_param().unwrap().iter().enumerate() {
        assert!((x - target(i).clamp(-0.5, 1.25)).abs() < 1e-9, "{i}: {x}");
    }
    // The steps met the region's boundary: it has grown.
    assert!(solver.radius() > 1.0);
}

#[test]
fn the_radius_is_handed_back_and_taken_up() {
    let (_, first) =
        run(Wells::value, Wells::gradient, Wells::hessian, wide(2).initial_radius(1e-3), &[3.0, -4.0])
            .unwrap();
    assert!(first.radius() > 1e-3 && first.radius().is_finite());
    let (state, second) = run(
        Wells::value,
        Wells::gradient,
        Wells::hessian,
        wide(2).initial_radius(first.radius()),
        &[3.0, -4.0],
    )
    .unwrap();
    assert!(second.num_iterations() < first.num_iterations());
    assert!(state.get_best_cost() < 1e-16);
    let error = run(Wells::value, Wells::gradient, Wells::hessian, wide(2).initial_radius(0.0), &[1.0, 1.0])
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&SmoothError::NotPositive { name: "initial_radius", value: 0.0 }));
}

/// A gradient that points uphill: every step is rejected, down to the floor.
#[test]
fn a_gradient_that_contradicts_f_ends_at_the_reject_floor() {
    let f = |x: &[f64]| x[0] * x[0];
    let g = |x: &[f64]| vec![-2.0 * x[0]];
    let h = |_: &[f64]| operator(vec![2.0], 1);
    let (state, solver) = run(f, g, h, wide(1), &[1.0]).unwrap();
    assert!(matches!(solver.stop(), SmoothStop::RejectFloor { radius } if radius < 1e-13), "{solver:?}");
    assert_eq!(state.get_best_param().unwrap(), &[1.0]);
    assert!(solver.num_rejected() > 10);
}

#[test]
fn another_form_of_hessian_is_a_routing_mismatch_with_the_best_point() {
    let f = |x: &[f64]| x[0].powi(4);
    let g = |x: &[f64]| vec![4.0 * x[0].powi(3)];
    for (form, reason) in [
        (HessianForm::Dense(vec![1.0]), RoutingMismatch::Dense),
        (HessianForm::Unavailable, RoutingMismatch::Unavailable),
    ] {
        // From the third Hessian on, the problem gives the other form.
        let count = Cell::new(0);
        let h = |x: &[f64]| {
            count.set(count.get() + 1);
            if count.get() < 3 { operator(vec![12.0 * x[0] * x[0]], 1) } else { form.clone() }
        };
        let (state, solver) = run(f, g, h, wide(1), &[2.0]).unwrap();
        assert_eq!(solver.stop(), SmoothStop::RoutingMismatch(reason));
        assert!(state.get_best_cost() < 16.0);
    }
    let h = |_: &[f64]| operator(vec![1.0; 4], 2);
    let error = run(f, g, h, wide(1), &[2.0]).map(|_| ()).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&SmoothError::OperatorDimension { expected: 1, received: 2 }));
}

/// The claim of negative curvature is false: f is convex.
#[test]
fn curvature_that_f_does_not_show_is_contradicted() {
    let f = |x: &[f64]| x[0] * x[0];
    let g = |x: &[f64]| vec![2.0 * x[0]];
    let h = |_: &[f64]| operator(vec![-3.0], 1);
    let (_, solver) = run(f, g, h, wide(1), &[0.0]).unwrap();
    assert!(matches!(solver.stop(), SmoothStop::CurvatureContradicted { least, .. } if least == -3.0));
}

/// τ ends a run whose gradient is not small, but whose Newton step gains nothing.
#[test]
fn the_newton_decrement_ends_a_run() {
    let f = |x: &[f64]| 1e6 * (x[0] - 1.0).powi(4) + 1e6 * (x[0] - 1.0).powi(2);
    let g = |x: &[f64]| vec![4e6 * (x[0] - 1.0).powi(3) + 2e6 * (x[0] - 1.0)];
    let h = |x: &[f64]| operator(vec![12e6 * (x[0] - 1.0).powi(2) + 2e6], 1);
    let tolerances = StationarityTolerances { gradient: 1e-9, decrement: Some(1e-3), ..Default::default() };
    let (_, solver) = run(f, g, h, wide(1).stationarity_tolerances(tolerances), &[3.0]).unwrap();
    assert!(matches!(solver.stop(), SmoothStop::Stationary { .. }), "{solver:?}");
    let found = solver.stationarity().unwrap();
    assert!(found.decrement.unwrap() <= 1e-3);
}

#[test]
fn two_runs_give_the_same_bits() {
    let bits = || {
        let (state, _) =
            run(Wells::value, Wells::gradient, Wells::hessian, wide(5), &[0.3, -0.2, 3.0, 0.0, 1.7]).unwrap();
        state.get_best_param().unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(bits(), bits());
}

//! BFGS with a dense matrix against exact answers of its own kind of problem.

use crate::common::{Objective, projected_gradient_norm};
use argmin::core::{Error, State};
use equipoise::smooth::{Bfgs, InitialMetric, SmoothError, SmoothStop};
use proptest::prelude::*;

fn run<F>(f: F, solver: Bfgs, start: &[f64]) -> Result<(Vec<f64>, Bfgs, u64), Error>
where
    F: Fn(&[f64]) -> Result<(f64, Vec<f64>), Error>,
{
    let result = argmin::core::Executor::new(Objective(f), solver)
        .configure(|state| state.param(start.to_vec()).max_iters(2000))
        .run()?;
    let count = result.problem.counts["cost_count"];
    Ok((result.state.get_best_param().unwrap().clone(), result.solver, count))
}

/// ½xᵀHx + q·x with H = LLᵀ + I.
fn quadratic(l: &[f64], q: &[f64], x: &[f64]) -> (f64, Vec<f64>) {
    let n = q.len();
    let y: Vec<f64> = (0..n).map(|j| (0..n).map(|i| l[i * n + j] * x[i]).sum()).collect();
    let hx: Vec<f64> = (0..n).map(|i| x[i] + (0..n).map(|j| l[i * n + j] * y[j]).sum::<f64>()).collect();
    let value = (0..n).map(|i| x[i] * (0.5 * hx[i] + q[i])).sum();
    (value, (0..n).map(|i| hx[i] + q[i]).collect())
}

proptest! {
    /// A strictly convex quadratic over a box has one minimiser, where the projected gradient vanishes.
    #[test]
    fn quadratics_over_boxes_are_solved(
        l in prop::collection::vec(-2.0f64..2.0, 36),
        q in prop::collection::vec(-5.0f64..5.0, 6),
        sides in prop::collection::vec((-2.0f64..1.0, 0.0f64..2.0), 6),
        start in prop::collection::vec(-3.0f64..3.0, 6),
    ) {
        let lower: Vec<f64> = sides.iter().map(|s| s.0).collect();
        let upper: Vec<f64> = sides.iter().map(|s| s.0 + s.1).collect();
        let solver = Bfgs::new(lower.clone(), upper.clone()).unwrap().gradient_tolerance(1e-9);
        let (x, solver, _) = run(|x: &[f64]| Ok(quadratic(&l, &q, x)), solver, &start).unwrap();
        prop_assert!(matches!(solver.stop(), SmoothStop::Stationary { .. }), "{:?}", solver);
        let (_, g) = quadratic(&l, &q, &x);
        prop_assert!(projected_gradient_norm(&x, &g, &lower, &upper) <= 1.1e-9);
    }
}

/// With the exact Hessian as the first metric the model is the function: one step.
#[test]
fn the_hessian_as_first_metric_solves_a_quadratic_in_one_step() {
    let hessian = vec![4.0, 1.0, 1.0, 3.0];
    let f = |x: &[f64]| {
        let g = [4.0 * x[0] + x[1] - 1.0, x[0] + 3.0 * x[1] - 2.0];
        Ok((2.0 * x[0] * x[0] + x[0] * x[1] + 1.5 * x[1] * x[1] - x[0] - 2.0 * x[1], g.to_vec()))
    };
    let solver = Bfgs::new(vec![-9.0; 2], vec![9.0; 2]).unwrap().gradient_tolerance(1e-12);
    let (x, solver, count) =
        run(f, solver.initial_metric(InitialMetric::Dense(hessian)), &[5.0, -7.0]).unwrap();
    assert_eq!((solver.num_iterations(), count), (1, 2));
    assert!((x[0] - 1.0 / 11.0).abs() < 1e-12 && (x[1] - 7.0 / 11.0).abs() < 1e-12);
    // The same bound to x₀ ≤ 0: the model is minimised over the box, so one step again.
    let solver = Bfgs::new(vec![-9.0; 2], vec![0.0, 9.0]).unwrap().gradient_tolerance(1e-12);
    let metric = InitialMetric::Dense(vec![4.0, 1.0, 1.0, 3.0]);
    let (x, solver, _) = run(f, solver.initial_metric(metric), &[-5.0, -7.0]).unwrap();
    assert_eq!(solver.num_iterations(), 1);
    assert!(x[0] == 0.0 && (x[1] - 2.0 / 3.0).abs() < 1e-12);
}

#[test]
fn no_variable_moves_further_than_its_cap() {
    let seen = std::cell::RefCell::new(Vec::<Vec<f64>>::new());
    let f = |x: &[f64]| {
        seen.borrow_mut().push(x.to_vec());
        Ok(((x[0] - 40.0).powi(2) + (x[1] - 3.0).powi(2), vec![2.0 * (x[0] - 40.0), 2.0 * (x[1] - 3.0)]))
    };
    let solver = Bfgs::new(vec![-100.0; 2], vec![100.0; 2]).unwrap().step_caps(Some(vec![5.0, 1.0]));
    let (x, solver, _) = run(f, solver, &[0.0, 0.0]).unwrap();
    assert!((x[0] - 40.0).abs() < 1e-4 && (x[1] - 3.0).abs() < 1e-4);
    assert!(solver.num_iterations() >= 8);
    for pair in seen.borrow().windows(2) {
        assert!((pair[1][0] - pair[0][0]).abs() <= 5.0 * (1.0 + 1e-12), "{pair:?}");
        assert!((pair[1][1] - pair[0][1]).abs() <= 1.0 + 1e-12, "{pair:?}");
    }
}

#[test]
fn wrong_caps_are_refused_with_their_place() {
    let f = |x: &[f64]| Ok((x[0] * x[0], vec![2.0 * x[0], 0.0]));
    for (caps, expected) in [
        (vec![1.0], SmoothError::StepCapLength { expected: 2, received: 1 }),
        (vec![1.0, 0.0], SmoothError::StepCap { index: 1, value: 0.0 }),
    ] {
        let solver = Bfgs::new(vec![-1.0; 2], vec![1.0; 2]).unwrap().step_caps(Some(caps));
        let error = run(f, solver, &[0.5, 0.5]).map(|(x, ..)| x).unwrap_err();
        assert_eq!(error.downcast_ref::<SmoothError>(), Some(&expected));
    }
}

/// ½(x − t)ᵀ(D + eeᵀ)(x − t) with Dᵢᵢ = 1 + i mod 9: more variables than BFGS factors, and coupled.
fn coupled(n: usize) -> impl Fn(&[f64]) -> Result<(f64, Vec<f64>), Error> {
    move |x: &[f64]| {
        let e: Vec<f64> = (0..n).map(|i| x[i] - libm::sin(i as f64)).collect();
        let total: f64 = e.iter().sum();
        let g: Vec<f64> = (0..n).map(|i| (1.0 + (i % 9) as f64) * e[i] + total).collect();
        Ok((0.5 * e.iter().zip(&g).map(|(e, g)| e * g).sum::<f64>(), g))
    }
}

/// With more than 64 variables the inverse is kept up to date; held variables, few and many, are taken out of it.
#[test]
fn many_variables_with_few_and_many_at_their_bounds() {
    let n = 100;
    for bound in [9.0, 0.97, 0.2] {
        let (lower, upper) = (vec![-bound; n], vec![bound; n]);
        let solver = Bfgs::new(lower.clone(), upper.clone()).unwrap().gradient_tolerance(1e-9);
        let (x, solver, _) = run(coupled(n), solver, &vec![0.0; n]).unwrap();
        assert!(matches!(solver.stop(), SmoothStop::Stationary { .. }), "{solver:?}");
        let (_, g) = coupled(n)(&x).unwrap();
        assert!(projected_gradient_norm(&x, &g, &lower, &upper) <= 1.1e-9);
        assert_eq!(x.iter().any(|x| x.abs() == bound), bound < 1.0);
    }
}

#[test]
fn every_number_of_threads_gives_the_same_bits() {
    let n = 100;
    let bits = |threads: usize| {
        let solver =
            Bfgs::new(vec![-0.3; n], vec![0.3; n]).unwrap().threads(threads).gradient_tolerance(1e-9);
        let (x, ..) = run(coupled(n), solver, &vec![0.0; n]).unwrap();
        x.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    };
    let one = bits(1);
    for threads in [2, 4, 8] {
        assert_eq!(bits(threads), one, "{threads} threads");
    }
}

#[test]
fn metrics_are_made_of_what_is_usable_only() {
    assert_eq!(InitialMetric::from_hessian(&[2.0, 0.0, 0.0, -1.0]), None);
    assert_eq!(InitialMetric::from_hessian(&[2.0, 0.0, f64::NAN, 1.0]), None);
    assert_eq!(InitialMetric::from_hessian(&[2.0, 0.0, 1.0]), None);
    // Singular, but for the ridge.
    let Some(InitialMetric::Dense(matrix)) = InitialMetric::from_hessian(&[1.0, 1.0, 1.0, 1.0]) else {
        panic!()
    };
    assert!(matrix[0] > 1.0 && matrix[0] < 1.0 + 1e-7 && matrix[1] == 1.0);
    assert_eq!(InitialMetric::from_gradient(&[3.0, 4.0]), Some(InitialMetric::Scalar(5.0)));
    assert_eq!(InitialMetric::from_gradient(&[1e-9]), Some(InitialMetric::Scalar(1e-3)));
    assert_eq!(InitialMetric::from_gradient(&[1e9]), Some(InitialMetric::Scalar(1e3)));
    assert_eq!(InitialMetric::from_gradient(&[0.0]), None);
    let f = |x: &[f64]| Ok((x[0] * x[0], vec![2.0 * x[0], 0.0]));
    for (metric, expected) in [
        (InitialMetric::Dense(vec![1.0]), SmoothError::MetricLength { expected: 4, received: 1 }),
        (InitialMetric::Scalar(0.0), SmoothError::NotPositive { name: "initial_metric", value: 0.0 }),
    ] {
        let solver = Bfgs::new(vec![-1.0; 2], vec![1.0; 2]).unwrap().initial_metric(metric);
        let error = run(f, solver, &[0.5, 0.5]).map(|(x, ..)| x).unwrap_err();
        assert_eq!(error.downcast_ref::<SmoothError>(), Some(&expected));
    }
}

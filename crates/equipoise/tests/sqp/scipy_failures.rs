//! Failures that are reported of SciPy's SLSQP (and of NLopt's): each ends in the right answer or in an honest status here.

use super::support::solve;
use equipoise::sqp::{Closures, SqpOptions, SqpProblem, SqpStatus};

fn problem(start: &[f64], equalities: usize, inequalities: usize) -> SqpProblem {
    SqpProblem::new(start.to_vec()).unwrap().with_constraints(equalities, inequalities)
}

/// scipy#7323: success on x ≥ 1 and x ≤ 0.
#[test]
fn contradicting_inequalities_are_infeasible_with_both_rows_named() {
    let problem = problem(&[0.5], 0, 2).with_names(vec![], vec!["floor".into(), "ceiling".into()]).unwrap();
    for linear in [false, true] {
        let mut f =
            Closures::new(&problem, |x| Ok(x[0] * x[0])).inequalities(|x| Ok(vec![x[0] - 1.0, -x[0]]));
        if linear {
            f = f.linear_constraints();
        }
        let result = solve(&problem, &mut f, &SqpOptions::default());
        assert_eq!(result.status, SqpStatus::Infeasible, "{}", result.message);
        let evidence = result.infeasibility.unwrap();
        assert_eq!(evidence.global, linear);
        let mut names: Vec<&str> = evidence.rows.iter().map(|row| row.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["ceiling", "floor"]);
    }
}

/// scipy#5743, #6951, #7282, #7618, NLopt #368, #552: success with violated equalities.
#[test]
fn an_equality_out_of_reach_is_locally_infeasible() {
    // x² + y² = −1 has no solution; the violation is stationary at 0.
    let problem = problem(&[0.7, -0.3], 1, 0);
    let mut f = Closures::new(&problem, |x| Ok(x[0] + x[1]))
        .equalities(|x| Ok(vec![x[0] * x[0] + x[1] * x[1] + 1.0]))
        .equality_jacobian(|x| Ok(vec![2.0 * x[0], 2.0 * x[1]]));
    let result = solve(&problem, &mut f, &SqpOptions::default());
    assert_ne!(result.status, SqpStatus::Converged);
    assert_eq!(result.status, SqpStatus::Infeasible, "{}", result.message);
    assert!(!result.infeasibility.unwrap().global);
}

/// Two equalities x = 0 and x = 1.
#[test]
fn contradicting_equalities_are_infeasible() {
    let problem = problem(&[0.5], 2, 0);
    let mut f = Closures::new(&problem, |x| Ok(x[0] * x[0])).equalities(|x| Ok(vec![x[0], x[0] - 1.0]));
    let result = solve(&problem, &mut f, &SqpOptions::default());
    assert_eq!(result.status, SqpStatus::Infeasible, "{}", result.message);
    assert_eq!(result.infeasibility.unwrap().rows.len(), 2);
}

/// scipy#12981: a portfolio with one weight fixed by its bounds and a return to reach.
#[test]
fn fixed_variables_and_an_equality_give_the_one_feasible_point() {
    let returns = [0.0, 0.1, 0.5, 0.2, 1.0];
    let target = 0.2 * returns[2] + 0.8 * returns[4];
    let problem = problem(&[0.2; 5], 2, 0)
        .with_bounds(vec![0.0, 0.0, 0.2, 0.0, 0.0], vec![1.0, 1.0, 0.2, 1.0, 1.0])
        .unwrap();
    let mut f = Closures::new(&problem, |x| Ok(x.iter().map(|w| w * w).sum()))
        .gradient(|x| Ok(x.iter().map(|w| 2.0 * w).collect()))
        .equalities(move |x| {
            let total: f64 = x.iter().sum();
            let gain: f64 = x.iter().zip(&returns).map(|(w, r)| w * r).sum();
            Ok(vec![total - 1.0, gain - target])
        });
    let result = solve(&problem, &mut f, &SqpOptions::default());
    // The feasible set is one point, which differences of the constraints leave all but empty.
    assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
    for (x, want) in result.x.iter().zip([0.0, 0.0, 0.2, 0.0, 0.8]) {
        assert!((x - want).abs() < 1e-7, "{:?}", result.x);
    }
}

/// scipy#7314: an equality that is 0 everywhere, with a Jacobian of zeros.
#[test]
fn a_constant_zero_equality_is_no_obstacle() {
    let problem = problem(&[3.0, -1.0], 1, 0);
    let mut f = Closures::new(&problem, |x| Ok((x[0] - 1.0).powi(2) + (x[1] - 2.0).powi(2)))
        .gradient(|x| Ok(vec![2.0 * (x[0] - 1.0), 2.0 * (x[1] - 2.0)]))
        .equalities(|_| Ok(vec![0.0]))
        .equality_jacobian(|_| Ok(vec![0.0, 0.0]));
    let result = solve(&problem, &mut f, &SqpOptions::default());
    assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
    assert!((result.x[0] - 1.0).abs() < 1e-6 && (result.x[1] - 2.0).abs() < 1e-6);
}

/// scipy#9640: NaN with success after a singular update.
#[test]
fn values_that_are_not_finite_never_come_back_as_success() {
    let problem = problem(&[0.5], 0, 0);
    // log x − x² rises without end of its definition: f is NaN for x ≤ 0.
    let mut f = Closures::new(&problem, |x| Ok(x[0].ln() + x[0] * x[0] * 1e-3));
    let result = solve(&problem, &mut f, &SqpOptions::default());
    assert_ne!(result.status, SqpStatus::Converged, "{}", result.message);
    assert!(result.x[0].is_finite() && result.objective.is_finite());
}

/// jacobwilliams/slsqp#17: stuck at a point that is no minimiser, with success; here the start satisfies the equality and f is flat.
#[test]
fn a_start_on_the_constraint_with_a_small_gradient_is_left() {
    let problem = problem(&[0.0, 2.0], 1, 0);
    let scale = 1e-6;
    let mut f = Closures::new(&problem, move |x| Ok(scale * ((x[0] - 6.0).powi(2) + (x[1] + 4.0).powi(2))))
        .gradient(move |x| Ok(vec![2.0 * scale * (x[0] - 6.0), 2.0 * scale * (x[1] + 4.0)]))
        .equalities(|x| Ok(vec![x[0] + x[1] - 2.0]))
        .equality_jacobian(|_| Ok(vec![1.0, 1.0]));
    let result = solve(&problem, &mut f, &SqpOptions::default());
    assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
    assert!((result.x[0] - 6.0).abs() < 1e-5 && (result.x[1] + 4.0).abs() < 1e-5, "{:?}", result.x);
}

/// scipy#6024 and others: bounds of 1e12 in place of infinity do not spoil the answer.
#[test]
fn huge_bounds_are_as_good_as_none() {
    let problem = problem(&[0.5, 0.5], 0, 1).with_bounds(vec![-1e12; 2], vec![1e12; 2]).unwrap();
    let mut f = Closures::new(&problem, |x| Ok((x[0] - 2.0).powi(2) + (x[1] - 1.0).powi(2)))
        .gradient(|x| Ok(vec![2.0 * (x[0] - 2.0), 2.0 * (x[1] - 1.0)]))
        .inequalities(|x| Ok(vec![1.0 - x[0] * x[0] - x[1] * x[1]]));
    let result = solve(&problem, &mut f, &SqpOptions::default());
    assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
    assert!((result.x[0] - 2.0 / 5f64.sqrt()).abs() < 1e-6);
}

/// scipy#8065: a start at a maximum satisfies the first-order conditions; the answer must not pretend more than that.
#[test]
fn with_exact_hessians_negative_curvature_is_seen_at_a_maximum_over_the_bounds() {
    let problem = problem(&[0.1, 0.2], 0, 0);
    let mut f = Closures::new(&problem, |x| Ok(x.iter().map(|x| x.powi(4) - x * x).sum()))
        .gradient(|x| Ok(x.iter().map(|x| 4.0 * x.powi(3) - 2.0 * x).collect()))
        .hessian_product(|x, v| Ok(x.iter().zip(v).map(|(x, v)| (12.0 * x * x - 2.0) * v).collect()));
    let result = solve(&problem, &mut f, &SqpOptions::default());
    assert_eq!(result.status, SqpStatus::Converged, "{}", result.message);
    assert!((result.objective + 0.5).abs() < 1e-9, "{}", result.objective);
}

//! Constraints that do not meet: `infeasible` with the rows responsible, and controls that must not be accused.

use equipoise::control::Control;
use equipoise::sqp::{Closures, SqpOptions, SqpProblem, SqpResult, SqpStatus, minimize};

/// c(x) and ∇c(x).
type Row = fn(&[f64]) -> (f64, Vec<f64>);

/// min (x₀ − 5)² + Σ(xⱼ − 1)² over the rows, equalities first, from the start.
fn run(
    start: &[f64],
    bounds: (f64, f64),
    equalities: &'static [Row],
    inequalities: &'static [Row],
) -> SqpResult {
    let n = start.len();
    let names = |kind: &str, rows: &[Row]| (0..rows.len()).map(|i| format!("{kind} {i}")).collect::<Vec<_>>();
    let problem = SqpProblem::new(start.to_vec())
        .and_then(|p| p.with_bounds(vec![bounds.0; n], vec![bounds.1; n]))
        .and_then(|p| {
            p.with_constraints(equalities.len(), inequalities.len()).with_names(
                vec![],
                names("equality", equalities).into_iter().chain(names("inequality", inequalities)).collect(),
            )
        })
        .expect("valid");
    let goal = |j: usize| if j == 0 { 5.0 } else { 1.0 };
    let values = |rows: &'static [Row]| move |x: &[f64]| Ok(rows.iter().map(|row| row(x).0).collect());
    let slopes = |rows: &'static [Row]| move |x: &[f64]| Ok(rows.iter().flat_map(|row| row(x).1).collect());
    let mut functions = Closures::new(&problem, move |x| Ok((0..n).map(|j| (x[j] - goal(j)).powi(2)).sum()))
        .gradient(move |x| Ok((0..n).map(|j| 2.0 * (x[j] - goal(j))).collect()))
        .equalities(values(equalities))
        .equality_jacobian(slopes(equalities))
        .inequalities(values(inequalities))
        .inequality_jacobian(slopes(inequalities));
    minimize(&problem, &mut functions, &SqpOptions::default(), None, &Control::default()).expect("valid")
}

fn assert_infeasible(result: &SqpResult, names: &[&str]) {
    assert_eq!(result.status, SqpStatus::Infeasible, "{}", result.message);
    let evidence = result.infeasibility.as_ref().expect("evidence");
    let mut found: Vec<&str> = evidence.rows.iter().map(|row| row.name.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, names, "{}", result.message);
    assert!(!evidence.global && evidence.violation > 1e-3 && evidence.stationarity < 1e-4, "{evidence:?}");
}

/// r² − ‖x − centre‖² in the plane.
fn disc(x: &[f64], centre: [f64; 2], radius: f64) -> (f64, Vec<f64>) {
    let d = [x[0] - centre[0], x[1] - centre[1]];
    (radius * radius - d[0] * d[0] - d[1] * d[1], vec![-2.0 * d[0], -2.0 * d[1]])
}

const UNIT_DISC: Row = |x| disc(x, [0.0, 0.0], 1.0);
const FREE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
const STARTS: [[f64; 2]; 6] = [[0.0, 0.0], [2.0, 1.0], [3.0, 0.5], [-4.0, 2.0], [10.0, -7.0], [0.3, 30.0]];

#[test]
fn a_disc_beside_a_half_plane() {
    for start in STARTS {
        let result = run(&start, FREE, &[], &[UNIT_DISC, |x| (x[0] - 3.0, vec![1.0, 0.0])]);
        assert_infeasible(&result, &["inequality 0", "inequality 1"]);
        // Σ violations is least where the disc ends.
        assert!((result.x[0] - 1.0).abs() < 1e-4 && result.x[1].abs() < 1e-2, "{:?}", result.x);
    }
}

#[test]
fn two_discs_apart() {
    for start in STARTS {
        let result = run(&start, FREE, &[], &[UNIT_DISC, |x| disc(x, [4.0, 0.0], 1.0)]);
        assert_infeasible(&result, &["inequality 0", "inequality 1"]);
    }
}

#[test]
fn curves_that_run_in_parallel() {
    for start in STARTS {
        let rows: &'static [Row] = &[
            |x| (x[1] - x[0] * x[0] - 1.0, vec![-2.0 * x[0], 1.0]),
            |x| (x[0] * x[0] - x[1], vec![2.0 * x[0], -1.0]),
        ];
        assert_infeasible(&run(&start, FREE, &[], rows), &["inequality 0", "inequality 1"]);
    }
}

#[test]
fn a_circle_and_a_line_as_equalities() {
    for start in STARTS {
        let result = run(&start, FREE, &[UNIT_DISC, |x| (x[0] - 3.0, vec![1.0, 0.0])], &[]);
        assert_infeasible(&result, &["equality 0", "equality 1"]);
    }
}

#[test]
fn a_ball_outside_a_box() {
    const BALL: Row = |x| {
        let square: f64 = x.iter().map(|x| (x - 3.0) * (x - 3.0)).sum();
        (1.0 - square, x.iter().map(|x| -2.0 * (x - 3.0)).collect())
    };
    for start in [[0.5; 3], [0.0, 1.0, 0.2], [1.0; 3]] {
        let result = run(&start, (0.0, 1.0), &[], &[BALL]);
        assert_infeasible(&result, &["inequality 0"]);
        assert!(result.x.iter().all(|x| (x - 1.0).abs() < 1e-6), "{:?}", result.x);
    }
}

#[test]
fn constraints_that_meet_are_not_accused() {
    let cases: [&'static [Row]; 4] = [
        &[UNIT_DISC, |x| (x[0] - 0.5, vec![1.0, 0.0])],
        // A single point, where no multipliers exist.
        &[UNIT_DISC, |x| (x[0] - 1.0, vec![1.0, 0.0])],
        // Outside the disc.
        &[
            |x| (-UNIT_DISC(x).0, UNIT_DISC(x).1.iter().map(|v| -v).collect()),
            |x| (x[0] - 3.0, vec![1.0, 0.0]),
        ],
        // A cusp.
        &[
            |x| ((1.0 - x[0]).powi(3) - x[1], vec![-3.0 * (1.0 - x[0]).powi(2), -1.0]),
            |x| (x[1], vec![0.0, 1.0]),
        ],
    ];
    for (k, rows) in cases.into_iter().enumerate() {
        for start in STARTS {
            let result = run(&start, FREE, &[], rows);
            assert_ne!(result.status, SqpStatus::Infeasible, "case {k} from {start:?}: {}", result.message);
            if k == 0 || k == 2 {
                assert_eq!(
                    result.status,
                    SqpStatus::Converged,
                    "case {k} from {start:?}: {}",
                    result.message
                );
            }
        }
    }
}

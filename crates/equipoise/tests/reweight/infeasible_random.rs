//! Small random systems against Fourier–Motzkin elimination in integers: the answer must be the true one.

use equipoise::certificate::conflict::check_conflict;
use equipoise::certificate::infeasibility::{Proof, check_farkas};
use equipoise::certificate::linear_system::LinearSystem;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::qp::conflict::{Candidates, background, find_conflict};
use equipoise::qp::feasibility::{Feasibility, FeasibilityOptions, check_feasibility};
use equipoise::qp::relaxation::cheapest_relaxation;
use equipoise_testset::property_cases;
use proptest::prelude::*;

/// a·x ≤ b with the integers (a, b) in lowest terms.
type Inequality = Vec<i128>;

fn reduced(mut inequality: Inequality) -> Inequality {
    let gcd = inequality.iter().fold(0i128, |a, &b| {
        let (mut a, mut b) = (a.abs(), b.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    });
    if gcd > 1 {
        inequality.iter_mut().for_each(|v| *v /= gcd);
    }
    inequality
}

/// Eliminates every variable; what remains, 0 ≤ b, decides.
fn is_feasible(mut inequalities: Vec<Inequality>, num_variables: usize) -> bool {
    for j in 0..num_variables {
        let (with, mut rest): (Vec<_>, Vec<_>) = inequalities.into_iter().partition(|q| q[j] != 0);
        for above in with.iter().filter(|q| q[j] > 0) {
            for below in with.iter().filter(|q| q[j] < 0) {
                let combined = above.iter().zip(below).map(|(a, b)| a * -below[j] + b * above[j]).collect();
                rest.push(reduced(combined));
            }
        }
        rest.sort();
        rest.dedup();
        inequalities = rest;
    }
    inequalities.iter().all(|q| q[num_variables] >= 0)
}

fn inequalities(system: &LinearSystem) -> Vec<Inequality> {
    let n = system.num_columns();
    let mut out = Vec::new();
    let mut add = |a: Vec<f64>, lower: f64, upper: f64| {
        for (sign, bound) in [(1.0, upper), (-1.0, -lower)] {
            if bound.is_finite() {
                out.push(a.iter().map(|v| sign * v).chain([bound]).map(|v| v as i128).collect());
            }
        }
    };
    for i in 0..system.num_rows() {
        let mut a = vec![0.0; n];
        let (columns, values) = system.matrix.row(i);
        columns.iter().zip(values).for_each(|(&j, &v)| a[j as usize] = v);
        add(a, system.row_lower[i], system.row_upper[i]);
    }
    for j in 0..n {
        let mut a = vec![0.0; n];
        a[j] = 1.0;
        add(a, system.lower[j], system.upper[j]);
    }
    out
}

/// An interval of integers, one- or two-sided, possibly a single point.
fn interval() -> impl Strategy<Value = (f64, f64)> {
    (0..5u8, -6i32..6, 0i32..5).prop_map(|(kind, lower, width)| {
        let (lower, width) = (f64::from(lower), f64::from(width));
        match kind {
            0 => (lower, f64::INFINITY),
            1 => (f64::NEG_INFINITY, lower),
            2 => (lower, lower),
            _ => (lower, lower + width),
        }
    })
}

fn system() -> impl Strategy<Value = LinearSystem> {
    (1..4usize, 1..6usize).prop_flat_map(|(n, m)| {
        let matrix = prop::collection::vec(prop_oneof![2 => Just(0i32), 5 => -4i32..5], m * n);
        let rows = prop::collection::vec(interval(), m);
        let free = prop::collection::vec(prop::option::weighted(0.6, interval()), n);
        (matrix, rows, free).prop_map(move |(matrix, rows, columns)| {
            let dense: Vec<Vec<f64>> =
                (0..n).map(|j| (0..m).map(|i| f64::from(matrix[i * n + j])).collect()).collect();
            let matrix = SparseMatrix::from_dense_columns(m, dense.iter().map(|c| &c[..])).unwrap();
            let free = (f64::NEG_INFINITY, f64::INFINITY);
            let columns = columns.into_iter().map(|c| c.unwrap_or(free)).unzip();
            LinearSystem::new(matrix, rows.into_iter().unzip(), columns).unwrap()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(property_cases(1500)))]
    #[test]
    fn the_answer_is_the_true_one(system in system()) {
        let truth = is_feasible(inequalities(&system), system.num_columns());
        let options = FeasibilityOptions::default();
        match check_feasibility(&system, &options) {
            Feasibility::Feasible { point, .. } => {
                prop_assert!(truth);
                prop_assert!(system.max_violation(&point) <= 1e-9);
            }
            Feasibility::Infeasible { farkas, .. } => {
                prop_assert!(!truth);
                prop_assert_ne!(check_farkas(&system, &farkas).unwrap().proof, Proof::Rejected);
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn conflicts_are_truly_minimal(system in system()) {
        let options = FeasibilityOptions::default();
        let n = system.num_columns();
        if !is_feasible(inequalities(&system), n) {
            for candidates in [Candidates::RowsAndBounds, Candidates::Rows] {
                let conflict = find_conflict(&system, candidates, &options).unwrap();
                let background = background(&system, candidates);
                prop_assert!(check_conflict(&system, &conflict, &background, 1e-9).unwrap().minimal);
                let feasible = |removed: Option<usize>| {
                    let kept = (0..conflict.members.len()).filter(|&k| Some(k) != removed);
                    let members: Vec<_> = kept.map(|k| conflict.members[k]).chain(background.clone()).collect();
                    is_feasible(inequalities(&system.restricted_to(&members)), n)
                };
                prop_assert!(!feasible(None));
                for k in 0..conflict.members.len() {
                    prop_assert!(feasible(Some(k)));
                }
            }
        }
    }

    #[test]
    fn the_cheapest_relaxation_is_feasible_and_its_prices_prove_the_cost(system in system()) {
        let options = FeasibilityOptions::default();
        let prices = vec![1.0; system.num_rows()];
        let relaxation = cheapest_relaxation(&system, &prices, &options).unwrap();
        // The variables' intervals are never empty here, so that moving rows always suffices.
        let relaxation = relaxation.expect("a relaxation");
        let truth = is_feasible(inequalities(&system), system.num_columns());
        prop_assert_eq!(relaxation.changes.is_empty(), truth);
        if !truth {
            // max over |y| ≤ 1 of gap(y) is the least total change (LP duality).
            let y = &relaxation.multipliers;
            let gap = check_farkas(&system, y).unwrap().gap;
            prop_assert!((gap - relaxation.cost).abs() <= 1e-6 * relaxation.cost.max(1.0));
        }
    }
}

#[test]
fn an_empty_interval_is_a_conflict_of_its_two_sides() {
    let matrix = SparseMatrix::from_dense_columns(1, [&[2.0][..], &[1.0]]).unwrap();
    for (rows, columns) in [
        ((vec![3.0], vec![1.0]), (vec![0.0; 2], vec![1.0; 2])),
        ((vec![0.0], vec![1.0]), (vec![0.0, 3.0], vec![1.0, 2.0])),
    ] {
        let system = LinearSystem::new(matrix.clone(), rows, columns).unwrap();
        let options = FeasibilityOptions::default();
        assert_eq!(check_feasibility(&system, &options).as_str(), "infeasible");
        let conflict = find_conflict(&system, Candidates::default(), &options).unwrap();
        assert_eq!(conflict.members.len(), 2);
        assert!(check_conflict(&system, &conflict, &[], 1e-9).unwrap().minimal);
    }
}

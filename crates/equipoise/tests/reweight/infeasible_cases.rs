//! The Netlib infeasible set and feasible controls: proofs recomputed here in exact rationals, conflicts checked here.

use equipoise::certificate::conflict::{Conflict, Evidence, check_conflict};
use equipoise::certificate::infeasibility::Proof;
use equipoise::certificate::linear_system::{Edge, LinearSystem, Member, Part};
use equipoise::numeric::matrix::Matrix;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::qp::conflict::{Candidates, background, find_conflict};
use equipoise::qp::feasibility::{Feasibility, FeasibilityOptions, check_feasibility};
use equipoise::qp::relaxation::{cheapest_relaxation, single_row_relaxations};
use equipoise::qp::unbounded::find_ray;
use equipoise::qp::{QpOptions, QpProblem, QpStatus};
use equipoise_testset::{LinearConstraints, cases_folder, read_lp, read_maros_meszaros, read_mps};
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};

use crate::oracle::exact;

const MPS: [&str; 10] =
    ["bgprtr", "box1", "ex72a", "forest6", "galenet", "itest2", "itest6", "klein1", "refinery", "woodinfe"];

fn system(c: LinearConstraints) -> LinearSystem {
    let (m, n) = (c.row_names.len(), c.column_names.len());
    let rows: Vec<u32> = c.entries.iter().map(|e| e.0).collect();
    let columns: Vec<u32> = c.entries.iter().map(|e| e.1).collect();
    let values: Vec<f64> = c.entries.iter().map(|e| e.2).collect();
    let matrix = SparseMatrix::from_triples(m, n, &rows, &columns, &values).unwrap();
    LinearSystem::new(matrix, (c.row_lower, c.row_upper), (c.lower, c.upper))
        .unwrap()
        .with_names(c.row_names, c.column_names)
        .unwrap()
}

/// The infeasible cases by name, or none where there are no cases.
fn infeasible() -> Vec<(String, LinearSystem)> {
    let Some(folder) = cases_folder() else { return Vec::new() };
    let read = |file: &str| std::fs::read_to_string(folder.join("infeasible").join(file)).unwrap();
    let mut all: Vec<(String, LinearSystem)> =
        MPS.iter().map(|name| (name.to_string(), system(read_mps(&read(&format!("{name}.mps")))))).collect();
    all.push(("qpinfeasible".into(), system(read_lp(&read("qpinfeasible.lp")))));
    all
}

/// gap(y)/max|y| of the cases' README in exact rationals, with its tolerance for infinite bounds; −∞ if that is exceeded.
fn exact_gap(system: &LinearSystem, y: &[f64]) -> f64 {
    let largest = y.iter().fold(0.0f64, |a, v| a.max(v.abs()));
    let mut gap = BigRational::zero();
    for (i, &y) in y.iter().enumerate().filter(|(_, y)| **y != 0.0) {
        let side = if y > 0.0 { system.row_lower[i] } else { system.row_upper[i] };
        if side.is_infinite() {
            return f64::NEG_INFINITY;
        }
        gap += exact(y) * exact(side);
    }
    for j in 0..system.num_columns() {
        let (rows, values) = system.matrix.column(j);
        let z: BigRational = rows.iter().zip(values).map(|(&i, &a)| exact(a) * exact(y[i as usize])).sum();
        if z.is_zero() {
            continue;
        }
        let side = if z.is_positive() { system.upper[j] } else { system.lower[j] };
        if side.is_finite() {
            gap -= z * exact(side);
        } else {
            let entry = values.iter().fold(0.0f64, |a, v| a.max(v.abs()));
            if z.abs().to_f64().unwrap() > 1e-9 * largest * entry {
                return f64::NEG_INFINITY;
            }
        }
    }
    (gap / exact(largest)).to_f64().unwrap()
}

// Figures of a run, shown on request (`--nocapture`).
#[expect(clippy::print_stdout)]
#[test]
fn every_infeasible_case_is_proven() {
    for (name, system) in infeasible() {
        let answer = check_feasibility(&system, &FeasibilityOptions::default());
        let Feasibility::Infeasible { farkas, check } = &answer else { panic!("{name}: {answer:?}") };
        let gap = exact_gap(&system, farkas);
        println!("{name}: {:?} relative gap {gap:.6e} neglected {:e}", check.proof, check.neglected);
        assert!(gap > 1e-6, "{name}: {gap:e}");
        assert!(check.relative_gap <= gap * (1.0 + 1e-9) + 1e-15, "{name}: not a lower bound");
        assert!((check.relative_gap - gap).abs() <= 1e-6 * gap, "{name}: {} {gap}", check.relative_gap);
        assert_ne!(check.proof, Proof::Rejected, "{name}");
    }
}

/// Contradictory, and feasible without any one of its members: from the members, the vector and the points alone.
fn assert_minimal(name: &str, system: &LinearSystem, conflict: &Conflict, background: &[Member]) {
    let all: Vec<Member> = conflict.members.iter().chain(background).copied().collect();
    let Evidence::Farkas(y) = &conflict.evidence else { panic!("{name}: {conflict:?}") };
    let gap = exact_gap(&system.restricted_to(&all), y);
    assert!(gap > 1e-6, "{name}: {gap:e}");
    assert_eq!(conflict.witnesses.len(), conflict.members.len());
    for (removed, witness) in conflict.members.iter().zip(&conflict.witnesses) {
        let x = witness
            .as_ref()
            .unwrap_or_else(|| panic!("{name}: no witness for {}", system.describe(*removed)));
        for other in all.iter().filter(|m| *m != removed) {
            let value = match other.part {
                Part::Column(j) => exact(x[j]),
                Part::Row(i) => {
                    let (columns, values) = system.matrix.row(i);
                    columns.iter().zip(values).map(|(&j, &a)| exact(a) * exact(x[j as usize])).sum()
                }
            };
            let bound = system.bound(*other);
            let excess = (value - exact(bound)).to_f64().unwrap();
            let outside = if other.edge == Edge::Lower { -excess } else { excess };
            assert!(
                outside <= 1e-7 * bound.abs().max(1.0),
                "{name}: {} by {outside:e}",
                system.describe(*other)
            );
        }
    }
    let check = check_conflict(system, conflict, background, 1e-7).unwrap();
    assert!(check.minimal, "{name}: {check:?}");
}

#[expect(clippy::print_stdout)]
#[test]
fn conflicts_are_minimal() {
    for (name, system) in infeasible() {
        for candidates in [Candidates::RowsAndBounds, Candidates::Rows] {
            let conflict = find_conflict(&system, candidates, &FeasibilityOptions::default())
                .unwrap_or_else(|| panic!("{name}: no conflict"));
            println!("{name} {candidates:?}: {} members", conflict.members.len());
            assert_minimal(&name, &system, &conflict, &background(&system, candidates));
        }
    }
}

#[expect(clippy::print_stdout)]
#[test]
fn relaxations_make_the_system_feasible() {
    for (name, system) in infeasible() {
        let options = FeasibilityOptions::default();
        let prices = vec![1.0; system.num_rows()];
        let relaxation = cheapest_relaxation(&system, &prices, &options).unwrap();
        let Some(relaxation) = relaxation else { panic!("{name}: no relaxation") };
        let mut relaxed = system.clone();
        for change in &relaxation.changes {
            let Part::Row(i) = change.member.part else { panic!("{name}: a bound moved") };
            match change.member.edge {
                Edge::Lower => relaxed.row_lower[i] = change.new_bound,
                Edge::Upper => relaxed.row_upper[i] = change.new_bound,
            }
        }
        println!("{name}: cost {} in {} changes", relaxation.cost, relaxation.changes.len());
        assert!(relaxed.max_violation(&relaxation.point) <= 1e-9, "{name}");
        // Any y with |y| ≤ 1 bounds the cost of every relaxation from below by its gap.
        let y = &relaxation.multipliers;
        let largest = y.iter().fold(0.0f64, |a, v| a.max(v.abs()));
        assert!(largest <= 1.0 + 1e-9, "{name}: {largest}");
        let bound = exact_gap(&system, y) * largest;
        assert!(
            (bound - relaxation.cost).abs() <= 1e-6 * relaxation.cost,
            "{name}: {bound} {}",
            relaxation.cost
        );
        for single in single_row_relaxations(&system, &[relaxation_row(&relaxation)], &options).unwrap() {
            assert!(
                single.cost >= relaxation.cost * (1.0 - 1e-6),
                "{name}: {} {}",
                single.cost,
                relaxation.cost
            );
        }
    }
}

fn relaxation_row(relaxation: &equipoise::qp::relaxation::Relaxation) -> usize {
    match relaxation.changes[0].member.part {
        Part::Row(i) | Part::Column(i) => i,
    }
}

#[expect(clippy::print_stdout)]
#[test]
fn feasible_controls_are_never_accused() {
    let Some(folder) = cases_folder() else { return };
    let text = std::fs::read_to_string(folder.join("qp_maros_meszaros.json")).unwrap();
    for program in read_maros_meszaros(&text) {
        let system = system(program.constraints);
        let answer = check_feasibility(&system, &FeasibilityOptions::default());
        let Feasibility::Feasible { point, violation } = &answer else {
            panic!("{}: {answer:?}", program.name)
        };
        println!("{}: violation {violation:e}", program.name);
        assert!(system.max_violation(point) <= 1e-9);
    }
    let unbounded = std::fs::read_to_string(folder.join("infeasible/qpunbounded.lp")).unwrap();
    let answer = check_feasibility(&system(read_lp(&unbounded)), &FeasibilityOptions::default());
    assert_eq!(answer.as_str(), "feasible");
}

/// ½x₁² − x₂ (the two `.lp` cases maximise its negative) over the constraints of a file, variables in the file's order.
fn quadratic_case(file: &str) -> Option<(QpProblem, LinearSystem)> {
    let text = std::fs::read_to_string(cases_folder()?.join("infeasible").join(file)).unwrap();
    let system = system(read_lp(&text));
    assert_eq!((system.name(Part::Column(0)), system.name(Part::Column(1))), ("x2".into(), "x1".into()));
    let p = Matrix::dense(2, 2, vec![0.0, 0.0, 0.0, 1.0]).unwrap();
    Some((quadratic(p, vec![-1.0, 0.0], &system), system))
}

fn quadratic(p: Matrix, q: Vec<f64>, system: &LinearSystem) -> QpProblem {
    let rows = (system.row_lower.clone(), system.row_upper.clone());
    let bounds = (system.lower.clone(), system.upper.clone());
    QpProblem::new(p, q, system.matrix.clone().into(), rows, bounds).unwrap()
}

#[test]
fn the_unbounded_program_ends_with_a_ray() {
    let Some((mut problem, system)) = quadratic_case("qpunbounded.lp") else { return };
    let answer = problem.solve(&QpOptions::default());
    assert_eq!(answer.status, QpStatus::Unbounded);
    // Along x2 alone: no curvature, no bound, the objective falls by 1 per unit.
    let ray = answer.ray.unwrap();
    assert!((ray.direction[0] - 1.0).abs() <= 1e-9 && ray.direction[1].abs() <= 1e-9, "{ray:?}");
    assert!(ray.check.proven && (ray.check.descent - 1.0).abs() <= 1e-9);
    assert!(system.max_violation(&answer.x) <= 1e-9);
    let found = find_ray(problem.program(), 1e-9).unwrap();
    assert_eq!(found.direction, [1.0, 0.0]);
    assert_eq!((found.check.descent, found.check.curvature, found.check.violation), (1.0, 0.0, 0.0));
    let further: Vec<f64> = answer.x.iter().zip(&found.direction).map(|(x, d)| x + 1e6 * d).collect();
    assert!(system.max_violation(&further) <= 1e-9);
}

#[test]
fn the_infeasible_program_is_not_called_unbounded() {
    let Some((mut problem, system)) = quadratic_case("qpinfeasible.lp") else { return };
    let answer = problem.solve(&QpOptions::default());
    assert_eq!(answer.status, QpStatus::Infeasible);
    let Some(Feasibility::Infeasible { farkas, .. }) = &answer.infeasibility else { panic!("{answer:?}") };
    assert!(exact_gap(&system, farkas) > 1e-6);
    assert!(find_ray(problem.program(), 1e-9).is_none());
}

#[test]
fn bounded_programs_have_no_ray() {
    let matrix = SparseMatrix::from_dense_columns(1, [&[1.0][..], &[1.0]]).unwrap();
    let infinite = f64::INFINITY;
    // min −x − 2y over x, y ≥ 0: bounded by x + y ≤ 4 only.
    let problem = |upper: f64| {
        let bounds = (vec![0.0; 2], vec![infinite; 2]);
        let system = LinearSystem::new(matrix.clone(), (vec![-infinite], vec![upper]), bounds).unwrap();
        quadratic(Matrix::scaled_identity(2, 0.0), vec![-1.0, -2.0], &system)
    };
    let bounded = problem(4.0).solve(&QpOptions::default());
    assert_eq!(bounded.status, QpStatus::Converged);
    assert!(find_ray(problem(4.0).program(), 1e-9).is_none());
    let unbounded = problem(infinite).solve(&QpOptions::default());
    assert_eq!(unbounded.status, QpStatus::Unbounded);
}

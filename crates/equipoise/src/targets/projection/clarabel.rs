//! Clarabel's interior point on the projection: a second opinion in doubles, and a rung where the active set ends in doubt.

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettingsBuilder, DefaultSolver, IPSolver, SolverStatus, SupportedConeT};

use super::dual_active_set::{Side, WorkingSet};
use super::problem::{Path, Problem, Scalar, Segment};

/// A level counts as attained within this.
const ATTAINED: f64 = 1e-7;
/// A row presses if its multiplier exceeds this.
const PRESSES: f64 = 1e-7;

/// Values of the names and the working set read from them. Nothing of it is believed before it is checked.
pub(crate) struct Offer {
    pub values: Vec<f64>,
    pub working: WorkingSet,
}

/// One inequality Σ aⱼxⱼ ≤ b.
struct Half {
    terms: Vec<(usize, f64)>,
    bound: f64,
}

/// Solves in doubles; `None` unless Clarabel reports an optimum.
pub(crate) fn propose(problem: &Problem) -> Option<Offer> {
    let n = problem.names.len();
    let kinked: Vec<usize> = (0..n).filter(|&i| problem.names[i].kink.is_some()).collect();
    let columns = n + kinked.len();
    let row_sides = row_sides(problem);
    let mut halves: Vec<Half> = row_sides.iter().map(|s| half_of_row(problem, s)).collect();
    halves.extend(halves_of_names(problem, &kinked));
    let mut entries: Vec<Vec<(usize, f64)>> = vec![Vec::new(); columns];
    for (k, half) in halves.iter().enumerate() {
        half.terms.iter().for_each(|&(j, a)| entries[j].push((k, a)));
    }
    let matrix = sparse(halves.len(), &entries);
    let hessian = sparse(
        columns,
        &(0..columns).map(|j| if j < n { vec![(j, 1.0)] } else { vec![] }).collect::<Vec<_>>(),
    );
    let mut linear: Vec<f64> = problem.names.iter().map(|name| -f64::of(&name.target)).collect();
    linear.extend(kinked.iter().filter_map(|&i| problem.names[i].kink.as_ref()).map(|k| f64::of(&k.slope)));
    let bounds: Vec<f64> = halves.iter().map(|half| half.bound).collect();
    let cones = [SupportedConeT::NonnegativeConeT(halves.len())];
    let settings = DefaultSettingsBuilder::default()
        .verbose(false)
        .max_iter(200)
        .tol_gap_abs(1e-12)
        .tol_gap_rel(1e-12)
        .tol_feas(1e-12)
        .build()
        .ok()?;
    let mut solver = DefaultSolver::new(&hessian, &linear, &matrix, &bounds, &cones, settings).ok()?;
    solver.solve();
    let solution = &solver.solution;
    if !matches!(solution.status, SolverStatus::Solved | SolverStatus::AlmostSolved) {
        return None;
    }
    let values = solution.x[..n].to_vec();
    let rows = row_sides.iter().zip(&solution.z).filter(|(_, z)| **z > PRESSES);
    let mut rows: Vec<(usize, Side)> = rows.map(|(&side, _)| side).collect();
    rows.iter_mut().for_each(|(r, side)| {
        if problem.rows[*r].lower == problem.rows[*r].upper {
            *side = Side::Equal;
        }
    });
    let segments = problem.names.iter().zip(&values).map(|(name, &w)| segment(name, w)).collect();
    Some(Offer { values, working: WorkingSet { rows, segments } })
}

fn row_sides(problem: &Problem) -> Vec<(usize, Side)> {
    let sides = |(r, row): (usize, &super::problem::Row)| {
        let lower = row.lower.map(|_| (r, Side::Lower));
        lower.into_iter().chain(row.upper.map(|_| (r, Side::Upper))).collect::<Vec<_>>()
    };
    problem.rows.iter().enumerate().flat_map(sides).collect()
}

fn half_of_row(problem: &Problem, &(r, side): &(usize, Side)) -> Half {
    let row = &problem.rows[r];
    let (sign, bound) = if side == Side::Lower { (-1.0, row.lower) } else { (1.0, row.upper) };
    Half {
        terms: row.terms.iter().map(|(i, a)| (*i, sign * f64::of(a))).collect(),
        bound: sign * f64::of(&bound.expect("a side has a bound")),
    }
}

fn halves_of_names(problem: &Problem, kinked: &[usize]) -> Vec<Half> {
    let n = problem.names.len();
    let mut halves = Vec::new();
    for (i, name) in problem.names.iter().enumerate() {
        halves.extend(name.lower.iter().map(|l| Half { terms: vec![(i, -1.0)], bound: -f64::of(l) }));
        halves.extend(name.upper.iter().map(|u| Half { terms: vec![(i, 1.0)], bound: f64::of(u) }));
    }
    for (position, &i) in kinked.iter().enumerate() {
        let anchor = problem.names[i].kink.as_ref().map_or(0.0, |kink| f64::of(&kink.anchor));
        halves.push(Half { terms: vec![(i, 1.0), (n + position, -1.0)], bound: anchor });
        halves.push(Half { terms: vec![(i, -1.0), (n + position, -1.0)], bound: -anchor });
    }
    halves
}

fn segment(name: &super::problem::Name, w: f64) -> Segment {
    let path = Path::new(name, |d| Some(f64::of(d))).expect("every decimal converts");
    let near = |level: Option<f64>| level.is_some_and(|level| (w - level).abs() <= ATTAINED);
    if near(path.lower) {
        Segment::AtLower
    } else if near(path.upper) {
        Segment::AtUpper
    } else if near(path.anchor) {
        Segment::AtAnchor
    } else if path.anchor.is_some_and(|anchor| w < anchor) {
        Segment::BelowAnchor
    } else {
        Segment::AboveAnchor
    }
}

fn sparse(rows: usize, columns: &[Vec<(usize, f64)>]) -> CscMatrix<f64> {
    let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for column in columns {
        for &(row, value) in column {
            indices.push(row);
            values.push(value);
        }
        starts.push(indices.len());
    }
    CscMatrix::new(rows, columns.len(), starts, indices, values)
}

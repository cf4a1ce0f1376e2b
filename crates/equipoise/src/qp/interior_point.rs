//! The general rung: Clarabel's interior point, for problems too large for the dense methods or where they break down.
//! Nothing of what it offers is believed before it is checked.

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettings, DefaultSolver, IPSolver, SolverStatus, SupportedConeT};

use crate::certificate::linear_system::{Edge, LinearSystem, Member, Part};
use crate::numeric::matrix::Matrix;
use crate::numeric::sum::max_abs;

/// Entries of a Farkas vector below this multiple of the largest are taken for zero.
const NOISE: f64 = 1e-9;
/// Gap and residuals asked of an optimum: below what the certificate asks.
const ACCURACY: f64 = 1e-11;
/// Interior-point steps.
const ITERATION_LIMIT: usize = 200;

/// ½xᵀPx + qᵀx.
pub(super) struct Quadratic<'a> {
    pub(super) hessian: &'a Matrix,
    pub(super) linear: &'a [f64],
}

/// What the rung offers.
pub(super) enum Offer {
    /// A point that should be optimal, with the multipliers of rows and bounds (positive ones press on the lower side).
    Point { x: Vec<f64>, row_multipliers: Vec<f64>, bound_multipliers: Vec<f64> },
    /// A Farkas vector.
    Farkas(Vec<f64>),
    /// Neither, with the solver's own word.
    Nothing(String),
}

/// An offer with the steps that it took.
pub(super) struct Answer {
    pub(super) offer: Offer,
    pub(super) iterations: usize,
    /// True if a limit ended the run.
    pub(super) limited: bool,
}

/// A point of the system, or a Farkas vector.
pub(super) fn solve(system: &LinearSystem) -> Offer {
    let settings = settings((None, None));
    let n = system.num_columns();
    let zero = CscMatrix::zeros((n, n));
    run(system, &zero, &vec![0.0; n], settings, |status| {
        matches!(status, SolverStatus::Solved | SolverStatus::AlmostSolved)
    })
    .offer
}

/// The minimum over the system, within the limits of steps and seconds: the best point even where the solver is not content with it.
pub(super) fn solve_quadratic(
    system: &LinearSystem,
    objective: &Quadratic<'_>,
    limits: (Option<usize>, Option<f64>),
) -> Answer {
    let mut settings = settings(limits);
    (settings.tol_gap_abs, settings.tol_gap_rel, settings.tol_feas) = (ACCURACY, ACCURACY, ACCURACY);
    let n = system.num_columns();
    // P is symmetric: the upper part of column j is row j up to its diagonal.
    let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for j in 0..n {
        let upper = objective.hessian.row(j).entries().filter(|&(i, p)| i <= j && p != 0.0);
        for (i, p) in upper {
            indices.push(i);
            values.push(p);
        }
        starts.push(indices.len());
    }
    let hessian = CscMatrix::new(n, n, starts, indices, values);
    run(system, &hessian, objective.linear, settings, |status| {
        !matches!(status, SolverStatus::DualInfeasible | SolverStatus::AlmostDualInfeasible)
    })
}

fn settings((iterations, seconds): (Option<usize>, Option<f64>)) -> DefaultSettings<f64> {
    DefaultSettings {
        verbose: false,
        max_iter: iterations.unwrap_or(ITERATION_LIMIT).try_into().unwrap_or(u32::MAX),
        time_limit: seconds.unwrap_or(f64::INFINITY),
        ..DefaultSettings::default()
    }
}

fn run(
    system: &LinearSystem,
    hessian: &CscMatrix<f64>,
    linear: &[f64],
    settings: DefaultSettings<f64>,
    is_point: impl Fn(SolverStatus) -> bool,
) -> Answer {
    let standard = StandardForm::new(system);
    let (matrix, right_side, cones) = (&standard.matrix, &standard.right_side, &standard.cones);
    let mut solver = match DefaultSolver::new(hessian, linear, matrix, right_side, cones, settings) {
        Ok(solver) => solver,
        Err(error) => {
            let offer = Offer::Nothing(format!("Clarabel refused the problem: {error}"));
            return Answer { offer, iterations: 0, limited: false };
        }
    };
    solver.solve();
    let solution = &solver.solution;
    let offer = match solution.status {
        SolverStatus::PrimalInfeasible | SolverStatus::AlmostPrimalInfeasible => {
            let mut y = standard.multipliers(system, &solution.z).0;
            let noise = NOISE * max_abs(&y);
            y.iter_mut().filter(|v| v.abs() <= noise).for_each(|v| *v = 0.0);
            Offer::Farkas(y)
        }
        status if is_point(status) && solution.x.iter().all(|x| x.is_finite()) => {
            let (row_multipliers, bound_multipliers) = standard.multipliers(system, &solution.z);
            Offer::Point { x: solution.x.clone(), row_multipliers, bound_multipliers }
        }
        status => Offer::Nothing(format!("Clarabel ended with status {status:?}")),
    };
    let limited = matches!(solution.status, SolverStatus::MaxIterations | SolverStatus::MaxTime);
    Answer { offer, iterations: solution.iterations as usize, limited }
}

/// a·x + s = b, s in the cones: equalities first (one row for both sides), then one row per other side.
struct StandardForm {
    rows: Vec<Member>,
    matrix: CscMatrix<f64>,
    right_side: Vec<f64>,
    cones: [SupportedConeT<f64>; 2],
}

impl StandardForm {
    fn new(system: &LinearSystem) -> Self {
        let sides: Vec<Member> = system.members().collect();
        let is_equality = |member: &Member| {
            let (lower, upper) = system.interval(member.part);
            lower == upper
        };
        let mut rows: Vec<Member> = sides.iter().copied().filter(is_equality).collect();
        rows.retain(|member| member.edge == Edge::Upper);
        let num_equalities = rows.len();
        rows.extend(sides.iter().copied().filter(|m| !is_equality(m)));
        let mut columns: Vec<Vec<(usize, f64)>> = vec![Vec::new(); system.num_columns()];
        let mut right_side = Vec::with_capacity(rows.len());
        for (k, &member) in rows.iter().enumerate() {
            let sign = sign(member);
            right_side.push(sign * system.bound(member));
            match member.part {
                Part::Column(j) => columns[j].push((k, sign)),
                Part::Row(i) => {
                    let (indices, values) = system.matrix.row(i);
                    indices.iter().zip(values).for_each(|(&j, a)| columns[j as usize].push((k, sign * a)));
                }
            }
        }
        let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
        for column in &columns {
            for &(k, value) in column {
                indices.push(k);
                values.push(value);
            }
            starts.push(indices.len());
        }
        let matrix = CscMatrix::new(rows.len(), columns.len(), starts, indices, values);
        let cones = [
            SupportedConeT::ZeroConeT(num_equalities),
            SupportedConeT::NonnegativeConeT(rows.len() - num_equalities),
        ];
        Self { rows, matrix, right_side, cones }
    }

    /// The multipliers of rows and bounds from those of the standard form.
    fn multipliers(&self, system: &LinearSystem, z: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (mut rows, mut bounds) = (vec![0.0; system.num_rows()], vec![0.0; system.num_columns()]);
        for (member, z) in self.rows.iter().zip(z) {
            match member.part {
                Part::Row(i) => rows[i] -= sign(*member) * z,
                Part::Column(j) => bounds[j] -= sign(*member) * z,
            }
        }
        (rows, bounds)
    }
}

/// +1 for a·x ≤ upper, −1 for −a·x ≤ −lower.
fn sign(member: Member) -> f64 {
    match member.edge {
        Edge::Upper => 1.0,
        Edge::Lower => -1.0,
    }
}

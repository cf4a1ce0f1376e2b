//! The general rung: Clarabel's interior point on the feasibility problem, for systems too large for the simplex method
//! or where it breaks down.

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettingsBuilder, DefaultSolver, IPSolver, SolverStatus, SupportedConeT};

use crate::certificate::linear_system::{Edge, LinearSystem, Member, Part};

/// Entries of a Farkas vector below this multiple of the largest are taken for zero.
const NOISE: f64 = 1e-9;

/// What the rung offers; nothing of it is believed before it is checked.
pub(super) enum Offer {
    /// A point that should be feasible.
    Point(Vec<f64>),
    /// A Farkas vector.
    Farkas(Vec<f64>),
    /// Neither, with the solver's own word.
    Nothing(String),
}

pub(super) fn solve(system: &LinearSystem) -> Offer {
    let n = system.num_columns();
    let sides: Vec<Member> = system.members().collect();
    let is_equality = |member: &Member| {
        let (lower, upper) = system.interval(member.part);
        lower == upper
    };
    // Equalities first (one row for both sides), then one row per other side: a·x + s = b.
    let mut equalities: Vec<Member> = sides.iter().copied().filter(is_equality).collect();
    equalities.retain(|member| member.edge == Edge::Upper);
    let num_equalities = equalities.len();
    let rows: Vec<Member> =
        equalities.into_iter().chain(sides.iter().copied().filter(|m| !is_equality(m))).collect();
    let mut columns: Vec<Vec<(usize, f64)>> = vec![Vec::new(); n];
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
    let matrix = CscMatrix::new(rows.len(), n, starts, indices, values);
    let cones = [
        SupportedConeT::ZeroConeT(num_equalities),
        SupportedConeT::NonnegativeConeT(rows.len() - num_equalities),
    ];
    let settings = match DefaultSettingsBuilder::default().verbose(false).max_iter(200).build() {
        Ok(settings) => settings,
        Err(error) => return Offer::Nothing(format!("Clarabel refused its settings: {error}")),
    };
    let zero = CscMatrix::zeros((n, n));
    let mut solver = match DefaultSolver::new(&zero, &vec![0.0; n], &matrix, &right_side, &cones, settings) {
        Ok(solver) => solver,
        Err(error) => return Offer::Nothing(format!("Clarabel refused the problem: {error}")),
    };
    solver.solve();
    let solution = &solver.solution;
    match solution.status {
        SolverStatus::PrimalInfeasible | SolverStatus::AlmostPrimalInfeasible => {
            let mut y = vec![0.0; system.num_rows()];
            for (member, z) in rows.iter().zip(&solution.z) {
                if let Part::Row(i) = member.part {
                    y[i] -= sign(*member) * z;
                }
            }
            let noise = NOISE * crate::numeric::sum::max_abs(&y);
            y.iter_mut().filter(|v| v.abs() <= noise).for_each(|v| *v = 0.0);
            Offer::Farkas(y)
        }
        SolverStatus::Solved | SolverStatus::AlmostSolved => Offer::Point(solution.x.clone()),
        status => Offer::Nothing(format!("Clarabel ended with status {status:?}")),
    }
}

/// +1 for a·x ≤ upper, −1 for −a·x ≤ −lower.
fn sign(member: Member) -> f64 {
    match member.edge {
        Edge::Upper => 1.0,
        Edge::Lower => -1.0,
    }
}

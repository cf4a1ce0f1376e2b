//! A minimal contradicting set, by deletion filtering on Farkas certificates (J. W. Chinneck, E. W. Dravnieks, ORSA J.
//! Computing 3 (1991) 157–168): each member is dropped in turn; if the rest is still contradictory, the set shrinks to
//! what the new proof presses on, else the member stays and the point found without it is its witness.

use super::elastic::Elastic;
use super::feasibility::{Feasibility, FeasibilityOptions, check_feasibility, decide};
use crate::certificate::conflict::{Conflict, Evidence};
use crate::certificate::linear_system::{Edge, LinearSystem, Member, Part};

/// What may be dropped in the search for a minimal set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Candidates {
    /// Sides of rows and of variables' bounds: the usual irreducible infeasible subsystem.
    #[default]
    RowsAndBounds,
    /// Sides of rows only: the bounds of the variables stay in force throughout (very many records, few targets).
    Rows,
}

/// A minimal contradicting set of an infeasible system, starting from the evidence of its infeasibility.
///
/// Returns `None` if the evidence does not hold. Where a step could not be decided the member stays without a witness:
/// the set is contradictory, but [`check_conflict`](crate::certificate::conflict::check_conflict) will not call it minimal.
pub fn find_conflict(
    system: &LinearSystem,
    candidates: Candidates,
    options: &FeasibilityOptions,
) -> Option<Conflict> {
    let (mut farkas, check) = match check_feasibility(system, options) {
        Feasibility::Infeasible { farkas, check } => (farkas, check),
        Feasibility::EmptyInterval(part) => return Some(empty_interval(system, part)),
        Feasibility::Feasible { .. } | Feasibility::Unknown { .. } => return None,
    };
    let background = background(system, candidates);
    let is_candidate = |m: &Member| candidates == Candidates::RowsAndBounds || matches!(m.part, Part::Row(_));
    let mut remaining: Vec<Member> = check.support.into_iter().filter(is_candidate).collect();
    let mut kept: Vec<(Member, Option<Vec<f64>>)> = Vec::new();
    let with = |members: &[Member]| system.restricted_to(&[members, &background].concat());
    // The support alone may prove less than the whole system did (a neglected product needs the other bounds).
    let mut current = with(&remaining);
    let mut simplex = Elastic::new(&current);
    match decide(&current, &mut simplex, options) {
        Feasibility::Infeasible { farkas: y, check } => {
            remaining.retain(|m| check.support.contains(m));
            farkas = y;
        }
        _ => {
            remaining = system.members().filter(is_candidate).collect();
            current = with(&remaining);
            simplex = Elastic::new(&current);
            if !matches!(decide(&current, &mut simplex, options), Feasibility::Infeasible { .. }) {
                return None;
            }
        }
    }
    while let Some(member) = remaining.pop() {
        let members: Vec<Member> = kept.iter().map(|k| k.0).chain(remaining.iter().copied()).collect();
        let without = with(&members);
        let mut trial = simplex.clone();
        trial.set_bounds(&without);
        match decide_or_restart(&without, &mut trial, options) {
            Feasibility::Infeasible { farkas: y, check } => {
                farkas = y;
                remaining.retain(|m| check.support.contains(m));
                kept.retain(|(m, witness)| witness.is_some() || check.support.contains(m));
                simplex = trial;
            }
            Feasibility::Feasible { point, .. } => kept.push((member, Some(point))),
            Feasibility::EmptyInterval(_) | Feasibility::Unknown { .. } => kept.push((member, None)),
        }
    }
    kept.sort_by_key(|k| k.0);
    let (members, witnesses) = kept.into_iter().unzip();
    Some(Conflict { members, evidence: Evidence::Farkas(farkas), witnesses })
}

/// The bounds that stay in force beside the members of a conflict.
pub fn background(system: &LinearSystem, candidates: Candidates) -> Vec<Member> {
    match candidates {
        Candidates::RowsAndBounds => Vec::new(),
        Candidates::Rows => system.members().filter(|m| matches!(m.part, Part::Column(_))).collect(),
    }
}

/// From the warm start; from scratch where that decides nothing.
fn decide_or_restart(system: &LinearSystem, warm: &mut Elastic, options: &FeasibilityOptions) -> Feasibility {
    match decide(system, warm, options) {
        Feasibility::Unknown { .. } => {
            *warm = Elastic::new(system);
            decide(system, warm, options)
        }
        decided => decided,
    }
}

fn empty_interval(system: &LinearSystem, part: Part) -> Conflict {
    let members = [Edge::Lower, Edge::Upper].map(|edge| Member { part, edge });
    // Without one side any point on the other side is a witness, as far as these two are concerned; a point for a row
    // is the least-norm one.
    let witnesses = members.map(|removed| {
        let other = if removed == members[0] { members[1] } else { members[0] };
        Some(point_on(system, part, system.bound(other)))
    });
    Conflict { members: members.into(), evidence: Evidence::EmptyInterval, witnesses: witnesses.into() }
}

/// A point where the row or variable takes `value`; zero for an empty row.
fn point_on(system: &LinearSystem, part: Part, value: f64) -> Vec<f64> {
    let mut x = vec![0.0; system.num_columns()];
    match part {
        Part::Column(j) => x[j] = value,
        Part::Row(i) => {
            let (columns, values) = system.matrix.row(i);
            let largest = values.iter().zip(columns).max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
            if let Some((a, &j)) = largest {
                x[j as usize] = value / a;
            }
        }
    }
    x
}

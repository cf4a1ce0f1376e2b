//! Checks that a set of inequalities is contradictory and that no member of it can be spared.

use super::infeasibility::{FarkasCheck, Proof, check_farkas};
use super::linear_system::{Edge, LinearSystem, Member};
use crate::error::InputError;

/// What shows that a set of inequalities cannot hold together.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// A Farkas vector, one number per row of the system.
    Farkas(Vec<f64>),
    /// The interval of one row or variable is empty: its lower side lies above its upper side.
    EmptyInterval,
}

/// A contradictory set of inequalities, with the evidence for its minimality.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// The inequalities, rows first.
    pub members: Vec<Member>,
    /// Why they contradict each other.
    pub evidence: Evidence,
    /// For each member, a point that satisfies all the other members; `None` where none was found.
    pub witnesses: Vec<Option<Vec<f64>>>,
}

/// The result of [`check_conflict`].
#[derive(Debug, Clone, PartialEq)]
pub struct ConflictCheck {
    /// The evidence, checked on the system of the members alone.
    pub proof: Proof,
    /// The check of the Farkas vector, where the evidence is one.
    pub farkas: Option<FarkasCheck>,
    /// The largest violation of a witness, relative to max(1, |bound|); infinite where a witness is missing.
    pub witness_violation: f64,
    /// True if the set is contradictory and every witness is within the tolerance: a minimal set.
    pub minimal: bool,
}

/// Checks a conflict against the system it came from; `background` bounds stay in force beside the members.
///
/// # Errors
/// A Farkas vector of another length than the rows.
pub fn check_conflict(
    system: &LinearSystem,
    conflict: &Conflict,
    background: &[Member],
    tolerance: f64,
) -> Result<ConflictCheck, InputError> {
    let in_force: Vec<Member> = conflict.members.iter().chain(background).copied().collect();
    let (proof, farkas) = match &conflict.evidence {
        Evidence::EmptyInterval => (empty_interval_proof(system, &conflict.members), None),
        Evidence::Farkas(y) => {
            let check = check_farkas(&system.restricted_to(&in_force), y)?;
            (check.proof, Some(check))
        }
    };
    let mut worst = if conflict.witnesses.len() == conflict.members.len() { 0.0f64 } else { f64::INFINITY };
    for (removed, witness) in conflict.members.iter().zip(&conflict.witnesses) {
        worst = worst.max(match witness {
            Some(x) if x.len() == system.num_columns() && x.iter().all(|v| v.is_finite()) => {
                let others = in_force.iter().filter(|m| *m != removed);
                others.map(|&m| system.violation(m, x)).fold(0.0, super::box_residuals::larger)
            }
            _ => f64::INFINITY,
        });
    }
    let minimal = proof != Proof::Rejected && worst <= tolerance;
    Ok(ConflictCheck { proof, farkas, witness_violation: worst, minimal })
}

fn empty_interval_proof(system: &LinearSystem, members: &[Member]) -> Proof {
    match members {
        [a, b]
            if a.part == b.part
                && (a.edge, b.edge) == (Edge::Lower, Edge::Upper)
                && system.bound(*a) > system.bound(*b) =>
        {
            Proof::Rigorous
        }
        _ => Proof::Rejected,
    }
}

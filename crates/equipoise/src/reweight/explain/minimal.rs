//! Minimal contradicting sets of targets, the bounds of the records being in force throughout.
//!
//! * A target is *impossible alone* if its interval lies beyond its least or greatest total, a sum over its records.
//! * A contradiction is made *sharp* before it is cut down: moving every edge outwards by the fraction τ of its target lowers
//!   the gap of a proof y by τ Σ|yⱼ|sⱼ, so that y proves every τ below its ratio. The proof of a larger τ has a larger ratio, and
//!   near the largest it presses on few targets (Dinkelbach's iteration, Management Science 13 (1967) 492–498).
//! * *Deletion filter* (J. W. Chinneck, E. W. Dravnieks, ORSA J. Computing 3 (1991) 157–168): each target is left out in turn; if
//!   the others still contradict one another the set shrinks to what the new proof presses on, else the target stays, and the
//!   multipliers found without it are its witness. Targets are left out with both edges, so that a set is minimal by target
//!   and by edge.
//! * *Several sets* come from the tree of R. Reiter (Artificial Intelligence 32 (1987) 57–95): each node leaves out one target of
//!   every set above it, and is labelled by a set that avoids those or, if the rest can be met, is a leaf.

use std::collections::{BTreeSet, VecDeque};

use super::decide::{Decider, Decision};
use crate::numeric::sum::max_abs;
use crate::reweight::contradiction::{Contradiction, accept, impossible_alone};
use crate::reweight::target_system::TargetSystem;

/// Proofs sought beyond the first one when it is made sharp.
const SHARPENINGS: u32 = 6;
/// Each asks for a ratio larger by this factor.
const SHARPENING_FACTOR: f64 = 1.3;
/// Supports up to this size go to the deletion filter as they are.
const SHARP_ENOUGH: usize = 4;
/// The part of a proof's gap that may be given up to press on fewer targets.
const SPARE_GAP: f64 = 0.5;

/// Whole numbers up to this are tried as factors of a proof.
const LARGEST_FACTOR: u32 = 6;

/// A contradicting set with its proof.
#[derive(Debug, Clone)]
pub(super) struct FoundSet {
    /// Ascending.
    pub targets: Vec<usize>,
    pub contradiction: Contradiction,
    /// True if for each member a witness was found that meets the others.
    pub minimal: bool,
}

/// What the search over several sets found.
#[derive(Default)]
pub(super) struct Found {
    pub sets: Vec<FoundSet>,
    /// The first, and so a smallest, collection of targets without which the others can be met; with a witness.
    pub removal: Option<Vec<usize>>,
    /// The proof or witness for all targets together.
    pub first: Option<Contradiction>,
    pub feasible: bool,
    /// True if every minimal set is among `sets`.
    pub complete: bool,
}

/// Looks for the targets that are impossible alone, then for minimal sets until `max_sets` of them are found.
pub(super) fn search(system: &TargetSystem<'_>, decider: &mut Decider<'_>) -> Found {
    let mut found = Found { sets: all_impossible_alone(system), complete: true, ..Found::default() };
    found.first = found.sets.first().map(|set| set.contradiction.clone());
    let enough = found.sets.len() + decider.options.max_sets;
    let mut nodes = VecDeque::from([Vec::new()]);
    let mut seen: BTreeSet<Vec<usize>> = BTreeSet::new();
    let mut removals: Vec<Vec<usize>> = Vec::new();
    while let Some(left_out) = nodes.pop_front() {
        if removals.iter().any(|removal| removal.iter().all(|j| left_out.contains(j))) {
            continue;
        }
        let avoids = |set: &&FoundSet| set.targets.iter().all(|j| !left_out.contains(j));
        let known = found.sets.iter().find(avoids).map(|set| set.targets.clone());
        let label = match known {
            Some(label) => label,
            // Whether all targets can be met is always asked.
            None if found.first.is_some() && (found.sets.len() >= enough || decider.control.must_stop()) => {
                found.complete = false;
                break;
            }
            None => {
                let rest: Vec<usize> =
                    system.targets().into_iter().filter(|j| !left_out.contains(j)).collect();
                match decider.decide(&system.restricted_to(&rest)) {
                    Decision::Feasible => {
                        found.feasible |= left_out.is_empty();
                        found.removal.get_or_insert_with(|| left_out.clone());
                        removals.push(left_out);
                        continue;
                    }
                    Decision::Unknown => {
                        found.complete = false;
                        continue;
                    }
                    Decision::Infeasible(contradiction) => {
                        found.first.get_or_insert_with(|| contradiction.clone());
                        if found.sets.len() >= enough {
                            found.complete = false;
                            break;
                        }
                        let sharp = sharpened(&system.restricted_to(&rest), contradiction, decider);
                        let set = minimal_set(system, sharp, decider);
                        let label = set.targets.clone();
                        found.sets.push(set);
                        label
                    }
                }
            }
        };
        for j in label {
            let mut child = left_out.clone();
            child.push(j);
            child.sort_unstable();
            if seen.insert(child.clone()) {
                nodes.push_back(child);
            }
        }
    }
    found
}

/// Every target whose interval lies beyond its least or greatest total.
fn all_impossible_alone(system: &TargetSystem<'_>) -> Vec<FoundSet> {
    let set = |j: usize| {
        let contradiction = impossible_alone(system, j)?;
        Some(FoundSet { targets: vec![j], contradiction, minimal: true })
    };
    system.targets().into_iter().filter_map(set).collect()
}

/// A proof of a larger ratio gap/Σ|yⱼ|sⱼ, which presses on fewer targets.
fn sharpened(system: &TargetSystem<'_>, first: Contradiction, decider: &mut Decider<'_>) -> Contradiction {
    let mut best = sparse(system, first);
    if !system.reach.is_bounded() {
        return best;
    }
    let mut factor = SHARPENING_FACTOR;
    for _ in 0..SHARPENINGS {
        if best.support().len() <= SHARP_ENOUGH {
            break;
        }
        let fraction = factor * ratio(system, &best);
        let part = system.restricted_to(&best.support());
        let wider = part.widened(|j, _| fraction * part.size(j));
        match decider.decide(&wider) {
            Decision::Infeasible(proof) => match accept(&part, proof.combination) {
                Some(proof) => best = sparse(&part, proof),
                None => break,
            },
            Decision::Feasible | Decision::Unknown => factor = 1.0 + 0.3 * (factor - 1.0),
        }
    }
    best
}

/// gap/Σ|yⱼ|sⱼ: the fraction by which every target would have to give way at least.
fn ratio(system: &TargetSystem<'_>, contradiction: &Contradiction) -> f64 {
    let sizes = contradiction.combination.iter().enumerate().map(|(j, y)| y.abs() * system.size(j));
    contradiction.check.gap / sizes.sum::<f64>()
}

/// The proof without the targets that contribute least to it, as far as their records can make up for them.
fn sparse(system: &TargetSystem<'_>, contradiction: Contradiction) -> Contradiction {
    if !system.reach.is_bounded() {
        return contradiction;
    }
    // Without target j the two sides come nearer by at most |yⱼ| times how far its total can lie from its edge.
    let mut parts: Vec<(f64, usize)> = (contradiction.support().into_iter())
        .map(|j| {
            let (least, greatest) = system.extremes(j);
            let y = contradiction.combination[j];
            let edge = if y > 0.0 { system.lower[j] } else { system.upper[j] };
            ((y * (edge - least)).abs().max((y * (edge - greatest)).abs()), j)
        })
        .collect();
    parts.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut combination = contradiction.combination.clone();
    let mut given_up = 0.0;
    for (part, j) in parts {
        given_up += part;
        if given_up > SPARE_GAP * contradiction.check.gap {
            break;
        }
        combination[j] = 0.0;
    }
    if combination == contradiction.combination {
        return contradiction;
    }
    accept(system, combination).unwrap_or(contradiction)
}

/// The deletion filter, the least important targets first.
pub(super) fn minimal_set(
    system: &TargetSystem<'_>,
    contradiction: Contradiction,
    decider: &mut Decider<'_>,
) -> FoundSet {
    let mut current = contradiction;
    let mut remaining = current.support();
    let importance = |j: usize| current.combination[j].abs() * system.size(j);
    remaining.sort_by(|&a, &b| importance(b).total_cmp(&importance(a)).then(a.cmp(&b)));
    let mut kept: Vec<(usize, bool)> = Vec::new();
    while let Some(left_out) = remaining.pop() {
        let others: Vec<usize> = kept.iter().map(|k| k.0).chain(remaining.iter().copied()).collect();
        if others.is_empty() {
            // Nothing but the bounds of the records, which never cross.
            kept.push((left_out, true));
            break;
        }
        let part = system.restricted_to(&others);
        match decider.decide(&part) {
            Decision::Infeasible(proof) => {
                current = sparse(&part, proof);
                remaining.retain(|&j| current.combination[j] != 0.0);
                // A member with a witness is part of every proof; one that was not decided may turn out to be needless.
                kept.retain(|&(j, decided)| decided || current.combination[j] != 0.0);
            }
            Decision::Feasible => kept.push((left_out, true)),
            Decision::Unknown => kept.push((left_out, false)),
        }
    }
    let mut targets: Vec<usize> = kept.iter().map(|k| k.0).collect();
    targets.sort_unstable();
    let pressed = current.support();
    let minimal = kept.iter().all(|k| k.1) && pressed == targets;
    let part = system.restricted_to(&targets);
    let current = in_whole_numbers(&part, current);
    match accept(&part, current.combination.clone()) {
        Some(contradiction) => FoundSet { targets, contradiction, minimal },
        // The proof rests on a target outside the set, which the filter cannot leave behind.
        None => FoundSet { targets: pressed, contradiction: current, minimal: false },
    }
}

/// The proof in small whole numbers, where these prove it too: sums of categories then read as such.
fn in_whole_numbers(system: &TargetSystem<'_>, contradiction: Contradiction) -> Contradiction {
    let largest = max_abs(&contradiction.combination);
    let support = contradiction.support();
    let whole = (1..=LARGEST_FACTOR).find_map(|size| {
        let whole = contradiction.combination.iter().map(|y| libm::rint(y / largest * f64::from(size)));
        let whole: Vec<f64> = whole.collect();
        if support.iter().all(|&j| whole[j] != 0.0) { accept(system, whole) } else { None }
    });
    whole.unwrap_or(contradiction)
}

//! The cheapest ways out: what must give way, by how much, and a proof that less would not do.
//!
//! A proof y of a contradiction bounds every way out: edges moved outwards by eⱼ leave it standing unless Σ |yⱼ|eⱼ ≥ gap(y).
//! Hence two iterations, each ending with multipliers that meet the relaxed targets:
//!
//! * along one direction (a single target, or all in proportion) the least move is approached from below, each failed trial
//!   giving a new proof and so a larger bound (Newton's method on a concave function);
//! * for the least sum of relative moves the proofs are the cuts of a small linear program (J. F. Benders, Numerische
//!   Mathematik 4 (1962) 238–252); few variables are solved outright instead, and where many cuts do not suffice elastic bands
//!   come near it.

use super::condensed::Condensed;
use super::decide::{Decider, Decision, OPEN_MARGIN, SIMPLEX_GROUPS};
use crate::certificate::linear_system::{Edge, LinearSystem, Part};
use crate::numeric::dd::Dd;
use crate::numeric::sparse::SparseMatrix;
use crate::qp::feasibility::FeasibilityOptions;
use crate::qp::relaxation::cheapest_relaxation;
use crate::reweight::contradiction::{Contradiction, accept};
use crate::reweight::target_system::TargetSystem;

/// Trials go beyond what is proven necessary by this fraction, and by ten times as much after one that decides nothing.
const BEYOND: f64 = 1e-4;
const MAX_TRIALS: u32 = 25;
/// Cuts after which the elastic bands are asked instead.
const MAX_CUTS: u32 = 12;
/// Answers of elastic bands, each with weights from the one before: a target that is off by the first share of the cost has
/// weight 1, and none is taken to be off by less than the second.
const REWEIGHTINGS: u32 = 10;
const SHARE_OF_ONE: f64 = 1e-2;
const LEAST_SHARE: f64 = 1e-5;

/// A target, its edge, and how far that goes outwards, in units of the total.
pub(super) type Move = (usize, Edge, f64);

/// Edges moved outwards, with which the targets can be met.
#[derive(Debug, Clone)]
pub(super) struct WayOut {
    /// (target, edge, amount > 0 in the target's units), ascending.
    pub moves: Vec<Move>,
    /// No way out of this kind costs less.
    pub at_least: f64,
    /// Σ amount/|target| of the moves; for a single target or all in proportion the fraction of that.
    pub cost: f64,
}

/// The least move of `edge` of target `j` alone with which the targets of `system` can be met; `None` if none helps.
pub(super) fn single(
    system: &TargetSystem<'_>,
    contradiction: &Contradiction,
    (target, edge): (usize, Edge),
    decider: &mut Decider<'_>,
) -> Option<WayOut> {
    let direction = |j: usize, e: Edge| if j == target && e == edge { system.size(j) } else { 0.0 };
    let (fraction, at_least) = least_widening(system, contradiction, &direction, decider)?;
    let moves = vec![(target, edge, fraction * system.size(target))];
    Some(WayOut { moves, at_least, cost: fraction })
}

/// The least fraction by which all targets must give way together.
pub(super) fn in_proportion(
    system: &TargetSystem<'_>,
    contradiction: &Contradiction,
    decider: &mut Decider<'_>,
) -> Option<WayOut> {
    let direction = |j: usize, _: Edge| system.size(j);
    let (fraction, at_least) = least_widening(system, contradiction, &direction, decider)?;
    let edges = |j: usize| [Edge::Lower, Edge::Upper].map(|edge| (j, edge, fraction * system.size(j)));
    Some(WayOut { moves: system.targets().into_iter().flat_map(edges).collect(), at_least, cost: fraction })
}

/// The least sum of relative moves over all targets.
pub(super) fn cheapest(
    system: &TargetSystem<'_>,
    contradiction: &Contradiction,
    decider: &mut Decider<'_>,
) -> Option<WayOut> {
    let condensed = Condensed::new(system);
    if condensed.num_groups() <= SIMPLEX_GROUPS {
        cheapest_by_simplex(system, &condensed, decider)
    } else {
        cheapest_by_cuts(system, contradiction, decider)
    }
}

/// (τ, τ₀): moving each edge by τ · direction makes the system feasible, and no fraction below τ₀ does.
fn least_widening(
    system: &TargetSystem<'_>,
    contradiction: &Contradiction,
    direction: &dyn Fn(usize, Edge) -> f64,
    decider: &mut Decider<'_>,
) -> Option<(f64, f64)> {
    let bound = |contradiction: &Contradiction| {
        let moved = pressed_edges(contradiction).map(|(j, edge, y)| y * direction(j, edge)).sum::<f64>();
        if moved > 0.0 { Some(contradiction.check.gap / moved) } else { None }
    };
    let mut proven = bound(contradiction)?;
    let mut beyond = BEYOND;
    for _ in 0..MAX_TRIALS {
        let trial = proven * (1.0 + beyond);
        match decider.decide(&system.widened(|j, edge| trial * direction(j, edge))) {
            Decision::Feasible => return Some((trial, proven)),
            // The same combination, on the system as it was.
            Decision::Infeasible(proof) => {
                proven = bound(&accept(system, proof.combination)?)?.max(proven);
            }
            Decision::Unknown if beyond < 0.1 && !decider.control.must_stop() => beyond *= 10.0,
            Decision::Unknown => return None,
        }
    }
    None
}

/// (target, edge, |yⱼ|) of the edges that a proof presses on.
pub(super) fn pressed_edges(contradiction: &Contradiction) -> impl Iterator<Item = (usize, Edge, f64)> + '_ {
    let terms = contradiction.combination.iter().enumerate().filter(|(_, y)| **y != 0.0);
    terms.map(|(j, &y)| (j, if y > 0.0 { Edge::Lower } else { Edge::Upper }, y.abs()))
}

fn cheapest_by_simplex(
    system: &TargetSystem<'_>,
    condensed: &Condensed<'_, '_>,
    decider: &mut Decider<'_>,
) -> Option<WayOut> {
    let margin = if system.reach.is_open() { OPEN_MARGIN } else { 0.0 };
    let question = condensed.linear_system(margin).ok()?;
    let prices: Vec<f64> = condensed.targets.iter().map(|&j| 1.0 / system.size(j)).collect();
    let limits = FeasibilityOptions { tolerance: decider.options.tolerance, ..Default::default() };
    let relaxation = cheapest_relaxation(&question, &prices, &limits).ok()??;
    let moves: Vec<Move> = (relaxation.changes.iter())
        .filter_map(|change| match change.member.part {
            Part::Row(p) => Some((condensed.targets[p], change.member.edge, change.amount)),
            Part::Column(_) => None,
        })
        .collect();
    let relaxed = moved(system, &moves);
    if !decider.accepts(&relaxed, &condensed.expand(&relaxation.point)) {
        return None;
    }
    let proof = accept(system, condensed.spread(&relaxation.multipliers));
    let at_least = proof.map_or(0.0, |proof| {
        let price = |(j, _, y): (usize, Edge, f64)| y * system.size(j);
        proof.check.gap / pressed_edges(&proof).map(price).fold(0.0, f64::max)
    });
    Some(WayOut { cost: cost(system, &moves), moves, at_least })
}

fn cheapest_by_cuts(
    system: &TargetSystem<'_>,
    first: &Contradiction,
    decider: &mut Decider<'_>,
) -> Option<WayOut> {
    let mut cuts = vec![first.clone()];
    loop {
        let (moves, at_least) = cheapest_under(system, &cuts)?;
        if cuts.len() as u32 >= MAX_CUTS {
            return cheapest_by_reweighting(system, at_least, decider);
        }
        let beyond = |&(j, edge, amount): &(usize, Edge, f64)| (j, edge, amount * (1.0 + 10.0 * BEYOND));
        let moves: Vec<Move> = moves.iter().map(beyond).collect();
        match decider.decide(&moved(system, &moves)) {
            Decision::Feasible => return Some(WayOut { cost: cost(system, &moves), moves, at_least }),
            Decision::Infeasible(proof) => cuts.push(accept(system, proof.combination)?),
            Decision::Unknown => return None,
        }
    }
}

/// Moves that reach as far as the answer of the elastic bands whose weights are those of a sum of distances: each is divided by
/// what its target was off in the answer before (I. Daubechies et al., Comm. Pure Appl. Math. 63 (2010) 1–38). The dual of each
/// answer bounds the cost from below.
fn cheapest_by_reweighting(
    system: &TargetSystem<'_>,
    mut at_least: f64,
    decider: &mut Decider<'_>,
) -> Option<WayOut> {
    if !system.reach.is_bounded() {
        return None;
    }
    let condensed = Condensed::new(system);
    let mut importance = vec![1.0; condensed.targets.len()];
    let mut best: Option<WayOut> = None;
    for _ in 0..REWEIGHTINGS {
        let (multipliers, dual) = decider.elastic_answer(&condensed, system, &importance)?;
        if let Some(proof) = accept(system, dual) {
            let prices = pressed_edges(&proof).map(|(j, _, y)| y * system.size(j));
            at_least = at_least.max(proof.check.gap / prices.fold(0.0, f64::max));
        }
        let moves = moves_to(system, &multipliers);
        let cost = cost(system, &moves);
        let is_better = best.as_ref().is_none_or(|other| cost < other.cost);
        if is_better && decider.accepts(&moved(system, &moves), &multipliers) {
            best = Some(WayOut { moves: moves.clone(), cost, at_least });
        }
        if cost <= at_least * (1.0 + 10.0 * BEYOND) {
            break;
        }
        for (p, &j) in condensed.targets.iter().enumerate() {
            let off: f64 = moves.iter().filter(|m| m.0 == j).map(|m| m.2 / system.size(j)).sum();
            importance[p] = (cost * SHARE_OF_ONE) / (off + cost * LEAST_SHARE);
        }
    }
    best.map(|way| WayOut { at_least, ..way })
}

/// How far each edge must go for these multipliers to meet the targets.
fn moves_to(system: &TargetSystem<'_>, multipliers: &[f64]) -> Vec<Move> {
    let off = |j: usize| {
        let total = system.total(j, multipliers);
        let below = (Dd::from(system.lower[j]) - total).to_f64();
        let above = (total - Dd::from(system.upper[j])).to_f64();
        let outwards = |distance: f64| distance * (1.0 + 1e-12);
        if below > 0.0 {
            Some((j, Edge::Lower, outwards(below)))
        } else if above > 0.0 {
            Some((j, Edge::Upper, outwards(above)))
        } else {
            None
        }
    };
    system.targets().into_iter().filter_map(off).collect()
}

/// min Σ eⱼ/sⱼ over e ≥ 0 that no cut forbids, and that minimum.
fn cheapest_under(system: &TargetSystem<'_>, cuts: &[Contradiction]) -> Option<(Vec<Move>, f64)> {
    let mut edges: Vec<(usize, Edge)> =
        cuts.iter().flat_map(|cut| pressed_edges(cut).map(|e| (e.0, e.1)).collect::<Vec<_>>()).collect();
    edges.sort_unstable();
    edges.dedup();
    // Variables eⱼ/sⱼ; first a row "at most 0" for each, which may give way at price 1, then the cuts, which may not.
    let v = edges.len();
    let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for p in 0..v as u32 {
        rows.push(p);
        columns.push(p);
        values.push(1.0);
    }
    let mut lower = vec![f64::NEG_INFINITY; v];
    for (c, cut) in cuts.iter().enumerate() {
        for (j, edge, y) in pressed_edges(cut) {
            rows.push((v + c) as u32);
            columns.push(edges.binary_search(&(j, edge)).ok()? as u32);
            values.push(y * system.size(j) / cut.check.gap);
        }
        lower.push(1.0);
    }
    let mut upper = vec![0.0; v];
    upper.resize(v + cuts.len(), f64::INFINITY);
    let matrix = SparseMatrix::from_triples(v + cuts.len(), v, &rows, &columns, &values).ok()?;
    let bounds = (vec![0.0; v], vec![f64::INFINITY; v]);
    let program = LinearSystem::new(matrix, (lower, upper), bounds).ok()?;
    let mut prices = vec![1.0; v];
    prices.resize(v + cuts.len(), f64::INFINITY);
    let answer = cheapest_relaxation(&program, &prices, &FeasibilityOptions::default()).ok()??;
    let moves = (edges.into_iter().zip(&answer.point))
        .filter(|(_, fraction)| **fraction > 0.0)
        .map(|((j, edge), fraction)| (j, edge, fraction * system.size(j)))
        .collect();
    Some((moves, answer.cost))
}

/// The system with these edges moved outwards.
pub(super) fn moved<'a>(system: &TargetSystem<'a>, moves: &[(usize, Edge, f64)]) -> TargetSystem<'a> {
    let amount =
        |j: usize, edge: Edge| moves.iter().filter(|m| (m.0, m.1) == (j, edge)).map(|m| m.2).sum::<f64>();
    system.widened(amount)
}

fn cost(system: &TargetSystem<'_>, moves: &[(usize, Edge, f64)]) -> f64 {
    moves.iter().map(|&(j, _, amount)| amount / system.size(j)).sum()
}

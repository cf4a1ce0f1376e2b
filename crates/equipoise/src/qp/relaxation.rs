//! The cheapest ways out of a contradiction: changes of row bounds of least total price, and the single rows whose change
//! alone suffices. The bounds of the variables stay as they are.

use super::elastic::{Elastic, ElasticEnd};
use super::feasibility::FeasibilityOptions;
use crate::certificate::linear_system::{Edge, LinearSystem, Member, Part};
use crate::error::InputError;

/// Price of a violated variable bound against the dearest row: bounds are to hold.
const BOUND_PRICE: f64 = 1e6;

/// One row bound to move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundChange {
    /// The side to move.
    pub member: Member,
    /// By how much, outwards (> 0), in the row's units.
    pub amount: f64,
    /// Its new bound.
    pub new_bound: f64,
}

/// A set of changes with which the system is feasible.
#[derive(Debug, Clone, PartialEq)]
pub struct Relaxation {
    /// The changes, by row.
    pub changes: Vec<BoundChange>,
    /// Σ price·amount.
    pub cost: f64,
    /// Multiplier of each row (m): |yᵢ| is the fall of the cost per unit by which the side it presses on (lower if
    /// yᵢ > 0) is moved outwards. gap(y) = cost proves that no relaxation is cheaper.
    pub multipliers: Vec<f64>,
    /// A feasible point of the relaxed system (n).
    pub point: Vec<f64>,
    /// The largest violation of a variable's bound at that point, relative to max(1, |bound|).
    pub bound_violation: f64,
}

/// The changes of least Σ priceᵢ·amountᵢ; `prices` (m, > 0) are per unit of each row; infinite means "may not move".
///
/// Returns `None` if no change of the rows that may move helps, or the method did not finish.
///
/// # Errors
/// A number of prices other than the rows, a price that is not positive.
pub fn cheapest_relaxation(
    system: &LinearSystem,
    prices: &[f64],
    options: &FeasibilityOptions,
) -> Result<Option<Relaxation>, InputError> {
    if prices.len() != system.num_rows() {
        return Err(InputError::length("prices", system.num_rows(), prices.len()));
    }
    if let Some(i) = prices.iter().position(|&p| p.is_nan() || p <= 0.0) {
        return Err(InputError::out_of_range(format!("prices[{i}]"), "a positive price", prices[i]));
    }
    let dearest =
        prices.iter().copied().filter(|p| p.is_finite()).fold(0.0f64, f64::max).max(f64::MIN_POSITIVE);
    let finite: Vec<f64> = prices.iter().map(|p| p.min(BOUND_PRICE * dearest)).collect();
    let mut simplex = Elastic::new(system);
    simplex.set_weights(&finite, BOUND_PRICE * dearest);
    if simplex.run(options.limit(system)) != ElasticEnd::Optimal {
        return Ok(None);
    }
    let mut point = simplex.point();
    let columns = |m: &Member| matches!(m.part, Part::Column(_));
    let bound_violation =
        system.members().filter(columns).map(|m| system.violation(m, &point)).fold(0.0, f64::max);
    if bound_violation > options.tolerance {
        return Ok(None);
    }
    for (x, (lower, upper)) in point.iter_mut().zip(system.lower.iter().zip(&system.upper)) {
        *x = x.max(*lower).min(*upper);
    }
    let mut changes = Vec::new();
    let mut cost = 0.0;
    for member in system.members() {
        let Part::Row(i) = member.part else { break };
        if system.violation(member, &point) <= options.tolerance {
            continue;
        }
        if prices[i].is_infinite() {
            return Ok(None);
        }
        let new_bound = outward(member.edge, system.row_value(i, &point).to_f64());
        let amount = (new_bound - system.bound(member)).abs();
        cost += prices[i] * amount;
        changes.push(BoundChange { member, amount, new_bound });
    }
    Ok(Some(Relaxation { changes, cost, multipliers: simplex.multipliers(), point, bound_violation }))
}

/// For each row of `rows`, the least change of that row alone with which the system is feasible, where there is one.
///
/// # Errors
/// None beyond those of [`cheapest_relaxation`].
pub fn single_row_relaxations(
    system: &LinearSystem,
    rows: &[usize],
    options: &FeasibilityOptions,
) -> Result<Vec<Relaxation>, InputError> {
    let mut out = Vec::new();
    for &row in rows {
        let mut prices = vec![f64::INFINITY; system.num_rows()];
        prices[row] = 1.0;
        out.extend(cheapest_relaxation(system, &prices, options)?.filter(|r| !r.changes.is_empty()));
    }
    Ok(out)
}

/// A bound one rounding further out, so that the point lies inside.
fn outward(edge: Edge, value: f64) -> f64 {
    match edge {
        Edge::Lower => value.next_down(),
        Edge::Upper => value.next_up(),
    }
}

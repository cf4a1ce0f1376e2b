//! Stage 2: what may be bought, sold, or is locked.

use foldhash::{HashMap, HashMapExt, HashSet};
use rust_decimal::Decimal;

use super::market::Market;
use super::result::ExcludedInstrument;
use crate::targets::Text;
use crate::targets::request::Request;
use crate::targets::request::snapshot::ShelfStatus;
use crate::targets::stage3::{TargetName, TargetProblem};

/// The universe of a run.
#[derive(Default)]
pub(super) struct Eligible {
    pub buy: Vec<Text>,
    pub sell: Vec<Text>,
    pub excluded: Vec<ExcludedInstrument>,
    pub shelf_missing: Vec<Text>,
    pub problem: TargetProblem,
}

/// The model in order, then the holdings; `weights` are those of the positions.
pub(super) fn universe(request: &Request, market: &Market<'_>, weights: &[Decimal]) -> Eligible {
    let mut out = Eligible::default();
    // Looked up only, as the set below: the order of hashes decides nothing.
    let positions = &request.portfolio_snapshot.positions;
    let mut index: HashMap<Text, usize> =
        HashMap::with_capacity(request.model_portfolio.len() + positions.len());
    let mut current: HashMap<&str, Decimal> = HashMap::with_capacity(positions.len());
    for (position, weight) in positions.iter().zip(weights) {
        *current.entry(&position.instrument_id).or_default() += *weight;
    }
    let mut add = |out: &mut Eligible, id: &str, weight: Decimal, tradeable: bool| {
        if let Some(&k) = index.get(id) {
            // Of duplicate model rows the last counts.
            (out.problem.names[k].weight, out.problem.names[k].tradeable) = (weight, tradeable);
            return;
        }
        index.insert(id.into(), out.problem.names.len());
        out.problem.names.push(TargetName {
            instrument_id: id.into(),
            weight,
            tradeable,
            model_weight: Decimal::ZERO,
            current_weight: current.get(id).copied().unwrap_or_default(),
            attributes: market.shelf(id).map(|entry| entry.attributes.clone()).unwrap_or_default(),
        });
    };
    add_model(request, market, &mut out, &mut add);
    add_holdings(request, market, weights, &mut out, &mut add);
    let model = request.model_portfolio.iter().map(|t| (t.instrument_id.clone(), t.weight)).collect();
    out.problem.model = model;
    for target in &request.model_portfolio {
        if let Some(&k) = index.get(target.instrument_id.as_str()) {
            out.problem.names[k].model_weight = target.weight;
        }
    }
    for attribute in request.shelf_entries.iter().flat_map(|entry| entry.attributes.keys()) {
        if !out.problem.known_attributes.contains(attribute) {
            out.problem.known_attributes.insert(attribute.clone());
        }
    }
    out
}

type Add<'a> = dyn FnMut(&mut Eligible, &str, Decimal, bool) + 'a;

fn excluded(id: &str, reason_code: String) -> ExcludedInstrument {
    ExcludedInstrument { instrument_id: id.into(), reason_code }
}

fn add_model(request: &Request, market: &Market<'_>, out: &mut Eligible, add: &mut Add<'_>) {
    for target in &request.model_portfolio {
        let id = target.instrument_id.as_str();
        let Some(entry) = market.shelf(id) else {
            super::valuation::note(&mut out.shelf_missing, id);
            continue;
        };
        let code = || excluded(id, format!("SHELF_STATUS_{}", entry.status.as_str()));
        match entry.status {
            ShelfStatus::Banned | ShelfStatus::Suspended => out.excluded.push(code()),
            ShelfStatus::Restricted if !request.options.allow_restricted => out.excluded.push(code()),
            ShelfStatus::SellOnly => {
                out.problem.sell_only_excess += target.weight;
                add(out, id, Decimal::ZERO, false);
                out.sell.push(id.into());
                out.excluded.push(code());
            }
            ShelfStatus::Approved | ShelfStatus::Restricted => {
                add(out, id, target.weight, true);
                out.buy.push(id.into());
                out.sell.push(id.into());
            }
        }
    }
}

fn add_holdings(
    request: &Request,
    market: &Market<'_>,
    weights: &[Decimal],
    out: &mut Eligible,
    add: &mut Add<'_>,
) {
    let mut seen: HashSet<Text> = out.problem.names.iter().map(|n| n.instrument_id.clone()).collect();
    for (position, weight) in request.portfolio_snapshot.positions.iter().zip(weights) {
        let id = position.instrument_id.as_str();
        if position.quantity.is_zero() || !seen.insert(id.into()) {
            continue;
        }
        match market.shelf(id).map(|entry| entry.status) {
            None => {
                add(out, id, *weight, false);
                out.excluded.push(excluded(id, "LOCKED_DUE_TO_MISSING_SHELF".into()));
            }
            Some(ShelfStatus::Approved | ShelfStatus::SellOnly) => {
                add(out, id, Decimal::ZERO, false);
                out.sell.push(id.into());
            }
            Some(status) => {
                add(out, id, *weight, false);
                if request.options.unlock_to.contains_key(id) {
                    out.sell.push(id.into());
                }
                out.excluded.push(excluded(id, format!("LOCKED_DUE_TO_{}", status.as_str())));
            }
        }
    }
}

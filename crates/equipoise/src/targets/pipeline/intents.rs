//! Stage 4: from target weights to whole units.

use compact_str::format_compact;
use foldhash::{HashMap, HashMapExt};
use rust_decimal::Decimal;

use super::market::{Market, over, times};
use super::result::{DataQuality, Rationale, SecurityIntent, Side, SuppressedIntent, TargetInstrument};
use super::valuation::note;
use crate::error::InputError;
use crate::targets::json::decimal_text;
use crate::targets::request::Request;
use crate::targets::request::snapshot::{Money, Position};

/// What stage 4 makes.
#[derive(Default)]
pub(super) struct Trades {
    pub intents: Vec<SecurityIntent>,
    pub suppressed: Vec<SuppressedIntent>,
}

/// Intents in the order of the trace; `may_trade` says which names are not locked.
pub(super) fn intents(
    request: &Request,
    market: &Market<'_>,
    targets: &[TargetInstrument],
    total: Decimal,
    may_trade: impl Fn(&str) -> bool,
    missing: &mut DataQuality,
) -> Result<Trades, InputError> {
    // Looked up only: the order of hashes decides nothing.
    let positions = &request.portfolio_snapshot.positions;
    let mut held: HashMap<&str, &Position> = HashMap::with_capacity(positions.len());
    for position in positions {
        held.entry(&position.instrument_id).or_insert(position);
    }
    let mut trades = Trades::default();
    for target in targets {
        let id = target.instrument_id.as_str();
        let Some(price) = market.price(id) else {
            note(&mut missing.price_missing, id);
            continue;
        };
        let Some(rate) = market.rate(&price.currency) else {
            note(&mut missing.fx_missing, &format!("{}/{}", price.currency, market.base));
            continue;
        };
        if price.price.is_zero() || !may_trade(id) {
            continue;
        }
        let wanted = over(times(total, target.final_weight)?, rate)?;
        let current = match held.get(id) {
            None => Decimal::ZERO,
            Some(Position { market_value: Some(stated), .. }) => stated.amount,
            Some(position) => times(position.quantity, price.price)?,
        };
        let delta = wanted - current;
        let side = if delta > Decimal::ZERO { Side::Buy } else { Side::Sell };
        let quantity = over(delta.abs(), price.price)?.floor();
        let amount = times(quantity, price.price)?;
        let notional = Money { amount, currency: price.currency.clone() };
        let of_shelf = market.shelf(id).and_then(|entry| entry.min_notional.as_ref());
        let threshold = request.options.min_trade_notional.as_ref().or(of_shelf).map(|t| t.amount);
        if let Some(threshold) = threshold.filter(|t| request.options.suppress_dust_trades && amount < *t) {
            trades.suppressed.push(SuppressedIntent {
                instrument_id: id.into(),
                reason: "BELOW_MIN_NOTIONAL",
                intended_notional: notional,
                threshold,
            });
            continue;
        }
        if quantity > Decimal::ZERO {
            trades.intents.push(SecurityIntent {
                intent_id: format_compact!("oi_{}", trades.intents.len() + 1),
                instrument_id: id.into(),
                side,
                quantity: quantity.normalize(),
                notional_base: market.in_base(times(amount, rate)?),
                notional,
                dependencies: Vec::new(),
                rationale: Rationale { code: "DRIFT_REBALANCE", message: drift(target) },
                constraints_applied: if threshold.is_some() { vec!["MIN_NOTIONAL"] } else { Vec::new() },
            });
        }
    }
    Ok(trades)
}

/// "from 3 % to 4.25 %": one for each trade, so without the machinery of `format!`.
fn drift(target: &TargetInstrument) -> String {
    let mut message = String::with_capacity(32);
    for (word, weight) in [("from ", target.current_weight), (" to ", target.final_weight)] {
        let part = (weight * Decimal::ONE_HUNDRED).round_dp(2).normalize();
        message.push_str(word);
        message.push_str(&decimal_text(&part));
        message.push_str(" %");
    }
    message
}

//! Stage 5, first part: currencies, dependencies, and the portfolio after all trades.

use foldhash::{HashMap, HashMapExt};
use rust_decimal::Decimal;

use super::market::{Market, plus, times};
use super::result::{FxIntent, Intent, Rationale, SecurityIntent, Side};
use crate::error::InputError;
use crate::targets::Text;
use crate::targets::request::Request;
use crate::targets::request::snapshot::{Money, Position};

/// Cash by currency, in the order in which the currencies came.
pub(super) type Cash = Vec<(Text, Decimal)>;

/// Adds to the cash of a currency.
fn add(cash: &mut Cash, currency: &str, amount: Decimal) -> Result<(), InputError> {
    match cash.iter_mut().find(|own| own.0 == currency) {
        Some(own) => own.1 = plus(own.1, amount)?,
        None => cash.push((currency.into(), amount)),
    }
    Ok(())
}

/// The cash of the snapshot; balances of one currency add up.
pub(super) fn opening_cash(request: &Request) -> Result<Cash, InputError> {
    let mut cash = Cash::new();
    for balance in &request.portfolio_snapshot.cash_balances {
        add(&mut cash, &balance.currency, balance.amount)?;
    }
    Ok(cash)
}

/// Sales, currency trades, purchases: with what each depends on.
pub(super) fn ordered(
    request: &Request,
    market: &Market<'_>,
    mut securities: Vec<SecurityIntent>,
) -> Result<Vec<Intent>, InputError> {
    let mut projected = opening_cash(request)?;
    for intent in &securities {
        let signed = if intent.side == Side::Sell { intent.notional.amount } else { -intent.notional.amount };
        add(&mut projected, &intent.notional.currency, signed)?;
    }
    let mut fx = Vec::new();
    for (currency, amount) in &projected {
        if currency == market.base || amount.is_zero() {
            continue;
        }
        if let Some(rate) = market.rate(currency) {
            fx.push(exchange(request, market, currency, *amount, rate, fx.len() + 1, &securities)?);
        }
    }
    for k in 0..securities.len() {
        if securities[k].side == Side::Buy {
            securities[k].dependencies = dependencies(&securities[k], &securities, &fx);
        }
    }
    let (sales, purchases): (Vec<_>, Vec<_>) = securities.into_iter().partition(|i| i.side == Side::Sell);
    let sales = sales.into_iter().map(Intent::Security);
    let purchases = purchases.into_iter().map(Intent::Security);
    Ok(sales.chain(fx.into_iter().map(Intent::Fx)).chain(purchases).collect())
}

/// The trade that covers a deficit, with the buffer, or sweeps a surplus.
fn exchange(
    request: &Request,
    market: &Market<'_>,
    currency: &str,
    amount: Decimal,
    rate: Decimal,
    number: usize,
    securities: &[SecurityIntent],
) -> Result<FxIntent, InputError> {
    let funding = amount.is_sign_negative();
    let size = if funding { times(-amount, Decimal::ONE + request.options.fx_buffer_pct)? } else { amount };
    let foreign = Money { amount: size.normalize(), currency: currency.into() };
    let base = market.in_base(times(size, rate)?.normalize());
    let last_sale =
        securities.iter().rev().find(|i| i.side == Side::Sell && i.notional.currency == currency && !funding);
    let (buy, sell, code, message) = if funding {
        (foreign, base, "FUNDING", format!("buys {currency} for purchases"))
    } else {
        (base, foreign, "SWEEP", format!("turns what is left of {currency} into {}", market.base))
    };
    Ok(FxIntent {
        intent_id: format!("oi_fx_{number}").into(),
        pair: format!("{currency}/{}", market.base).into(),
        buy,
        sell,
        rate: rate.normalize(),
        dependencies: last_sale.map(|sale| sale.intent_id.clone()).into_iter().collect(),
        rationale: Rationale { code, message },
    })
}

/// The funding of the purchase's currency, and the last sale in it.
fn dependencies(intent: &SecurityIntent, securities: &[SecurityIntent], fx: &[FxIntent]) -> Vec<Text> {
    let currency = &intent.notional.currency;
    let funds = |fx: &&FxIntent| fx.rationale.code == "FUNDING" && fx.buy.currency == *currency;
    let funding = fx.iter().find(funds).map(|fx| fx.intent_id.clone());
    let sells = |i: &&SecurityIntent| i.side == Side::Sell && i.notional.currency == *currency;
    let sale = securities.iter().rev().find(sells).map(|i| i.intent_id.clone());
    funding.into_iter().chain(sale).collect()
}

/// Holdings and cash after all intents. What is traded loses its stated market value.
pub(super) fn after(request: &Request, intents: &[Intent]) -> Result<(Vec<Position>, Cash), InputError> {
    let mut positions = request.portfolio_snapshot.positions.clone();
    let mut cash = opening_cash(request)?;
    // Looked up only: the order of hashes decides nothing. Of duplicates the first is traded.
    let mut index: HashMap<&str, usize> = HashMap::with_capacity(positions.len() + intents.len());
    for (k, position) in request.portfolio_snapshot.positions.iter().enumerate() {
        index.entry(&position.instrument_id).or_insert(k);
    }
    for intent in intents {
        match intent {
            Intent::Fx(fx) => {
                add(&mut cash, &fx.buy.currency, fx.buy.amount)?;
                add(&mut cash, &fx.sell.currency, -fx.sell.amount)?;
            }
            Intent::Security(trade) => {
                let sells = trade.side == Side::Sell;
                let quantity = if sells { -trade.quantity } else { trade.quantity };
                let paid = if sells { trade.notional.amount } else { -trade.notional.amount };
                add(&mut cash, &trade.notional.currency, paid)?;
                let instrument_id = &trade.instrument_id;
                let k = *index.entry(instrument_id).or_insert_with(|| {
                    let quantity = Decimal::ZERO;
                    let instrument_id = instrument_id.clone();
                    positions.push(Position { instrument_id, quantity, market_value: None });
                    positions.len() - 1
                });
                positions[k].quantity = plus(positions[k].quantity, quantity)?.normalize();
                positions[k].market_value = None;
            }
        }
    }
    positions.retain(|position| !position.quantity.is_zero());
    Ok((positions, cash))
}

//! Stage 1: what the portfolio is worth in base currency.

use std::collections::BTreeMap;

use foldhash::HashMap;
use rust_decimal::Decimal;

use super::market::{Market, over, plus, times};
use super::result::{Allocation, CashState, DataQuality, PositionState, SimulatedState};
use crate::error::InputError;
use crate::targets::Text;
use crate::targets::request::options::ValuationMode;
use crate::targets::request::snapshot::{Money, Position};

/// Decimal places of weights that are shown.
const WEIGHT_PLACES: u32 = 4;

/// A valued portfolio.
pub(super) struct Valuation {
    pub state: SimulatedState,
    /// Total value in base currency.
    pub total: Decimal,
    /// Weights by position, all digits.
    pub weights: Vec<Decimal>,
    /// Value of cash in base currency over the total.
    pub cash_weight: Decimal,
}

/// Values holdings and cash; what is missing is added to `missing`.
pub(super) fn value(
    market: &Market<'_>,
    positions: &[Position],
    cash: &[(Text, Decimal)],
    mode: ValuationMode,
    missing: &mut DataQuality,
) -> Result<Valuation, InputError> {
    let mut values = Vec::with_capacity(positions.len());
    let mut total = Decimal::ZERO;
    for position in positions {
        let own = own_value(market, position, mode, missing)?;
        let base = in_base(market, &own, missing)?;
        total = plus(total, base)?;
        values.push((own, base));
    }
    let mut cash_value = Decimal::ZERO;
    for (currency, amount) in cash {
        let money = Money { amount: *amount, currency: currency.clone() };
        cash_value = plus(cash_value, in_base(market, &money, missing)?)?;
    }
    total = plus(total, cash_value)?;
    let divisor = if total.is_zero() { Decimal::ONE } else { total };
    let mut weights = Vec::with_capacity(values.len());
    for (_, base) in &values {
        weights.push(over(*base, divisor)?);
    }
    let mut valued = Vec::with_capacity(positions.len());
    for ((position, (own, base)), weight) in positions.iter().zip(values).zip(&weights) {
        let class =
            market.shelf(&position.instrument_id).map_or("UNKNOWN", |entry| entry.asset_class.as_str());
        valued.push(PositionState {
            instrument_id: position.instrument_id.clone(),
            quantity: position.quantity,
            asset_class: class.into(),
            value_in_instrument_ccy: own,
            value_in_base_ccy: market.in_base(base),
            weight: weight.round_dp(WEIGHT_PLACES),
        });
    }
    let state = state(market, valued, cash, cash_value, total, divisor)?;
    Ok(Valuation { state, total, weights, cash_weight: over(cash_value, divisor)? })
}

/// The value in the position's own currency; 0 in base where there is no price.
fn own_value(
    market: &Market<'_>,
    position: &Position,
    mode: ValuationMode,
    missing: &mut DataQuality,
) -> Result<Money, InputError> {
    let price = market.price(&position.instrument_id);
    if price.is_none() {
        note(&mut missing.price_missing, &position.instrument_id);
    }
    if let (ValuationMode::TrustSnapshot, Some(stated)) = (mode, &position.market_value) {
        return Ok(stated.clone());
    }
    match price {
        Some(price) => {
            let amount = times(position.quantity, price.price)?;
            Ok(Money { amount, currency: price.currency.clone() })
        }
        None => Ok(market.in_base(Decimal::ZERO)),
    }
}

fn in_base(market: &Market<'_>, money: &Money, missing: &mut DataQuality) -> Result<Decimal, InputError> {
    match market.rate(&money.currency) {
        Some(rate) => times(money.amount, rate),
        None => {
            note(&mut missing.fx_missing, &format!("{}/{}", money.currency, market.base));
            Ok(Decimal::ZERO)
        }
    }
}

/// Adds a name once.
pub(super) fn note(list: &mut Vec<Text>, name: &str) {
    if !list.iter().any(|own| own == name) {
        list.push(name.into());
    }
}

fn state(
    market: &Market<'_>,
    positions: Vec<PositionState>,
    cash: &[(Text, Decimal)],
    cash_value: Decimal,
    total: Decimal,
    divisor: Decimal,
) -> Result<SimulatedState, InputError> {
    let mut by_class: Sums = Sums::default();
    let mut by_instrument = Sums::default();
    let mut by_attribute: BTreeMap<Text, Sums> = BTreeMap::new();
    for position in &positions {
        let value = position.value_in_base_ccy.amount;
        by_class.add(&position.asset_class, value)?;
        by_instrument.add(&position.instrument_id, value)?;
        for (key, group) in
            market.shelf(&position.instrument_id).iter().flat_map(|entry| entry.attributes.iter())
        {
            by_attribute.entry(key.clone()).or_default().add(group, value)?;
        }
    }
    by_class.add("CASH", cash_value)?;
    let allocation = if by_instrument.sums.len() == positions.len() {
        // Each instrument once: its part is that of its position.
        positions.iter().map(PositionState::allocation).collect()
    } else {
        by_instrument.allocations(market, divisor)?
    };
    let mut attributes = BTreeMap::new();
    for (key, sums) in by_attribute {
        attributes.insert(key, sums.allocations(market, divisor)?);
    }
    Ok(SimulatedState {
        total_value: market.in_base(total),
        cash_balances: cash.iter().map(|(c, a)| CashState { currency: c.clone(), amount: *a }).collect(),
        positions,
        allocation_by_asset_class: by_class.allocations(market, divisor)?,
        allocation_by_instrument: allocation.clone(),
        allocation,
        allocation_by_attribute: attributes,
    })
}

impl PositionState {
    fn allocation(&self) -> Allocation {
        let (key, value) = (self.instrument_id.clone(), self.value_in_base_ccy.clone());
        Allocation { key, weight: self.weight, value }
    }
}

/// Sums by key, in the order in which the keys came.
#[derive(Default)]
struct Sums {
    sums: Vec<(Text, Decimal)>,
    /// Looked up only: the order is that of the sums.
    index: HashMap<Text, usize>,
}

impl Sums {
    fn add(&mut self, key: &str, value: Decimal) -> Result<(), InputError> {
        match self.index.get(key) {
            Some(&k) => self.sums[k].1 = plus(self.sums[k].1, value)?,
            None => {
                self.index.insert(key.into(), self.sums.len());
                self.sums.push((key.into(), value));
            }
        }
        Ok(())
    }

    fn allocations(self, market: &Market<'_>, divisor: Decimal) -> Result<Vec<Allocation>, InputError> {
        let allocation = |(key, value): (Text, Decimal)| {
            let weight = over(value, divisor)?.round_dp(WEIGHT_PLACES);
            Ok(Allocation { key, weight, value: market.in_base(value) })
        };
        self.sums.into_iter().map(allocation).collect()
    }
}

//! Portfolio, market data, model and shelf.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::{HashSet, HashSetExt};
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use super::document::Node;
use super::reader::{Fields, Place, decimal, fault, text, within};
use crate::error::{InputCode, InputError};
use crate::targets::Text;

/// An amount in a currency.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Money {
    /// How much.
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub amount: Decimal,
    /// Of which currency.
    pub currency: Text,
}

/// What is held of one instrument.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Position {
    /// The instrument.
    pub instrument_id: Text,
    /// Units; may be negative.
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub quantity: Decimal,
    /// Its value, in its own currency, where the custodian states one.
    pub market_value: Option<Money>,
}

/// Cash of one currency.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CashBalance {
    /// The currency.
    pub currency: Text,
    /// How much.
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub amount: Decimal,
}

/// What the client has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PortfolioSnapshot {
    /// The portfolio.
    pub portfolio_id: Text,
    /// The state of the portfolio, if it has a name.
    pub snapshot_id: Option<Text>,
    /// The currency in which weights are measured.
    pub base_currency: Text,
    /// Holdings.
    pub positions: Vec<Position>,
    /// Cash.
    pub cash_balances: Vec<CashBalance>,
}

/// The price of one unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Price {
    /// The instrument.
    pub instrument_id: Text,
    /// The price (≥ 0).
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub price: Decimal,
    /// Its currency.
    pub currency: Text,
}

/// The rate of a pair `AAA/BBB`: units of BBB for one of AAA.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FxRate {
    /// `AAA/BBB`.
    pub pair: Text,
    /// The rate (≥ 0; 0 counts as missing).
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub rate: Decimal,
}

/// Prices and rates.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MarketDataSnapshot {
    /// The state of the market, if it has a name.
    pub snapshot_id: Option<Text>,
    /// Prices; of duplicates the first counts.
    pub prices: Vec<Price>,
    /// Rates; of duplicates the first counts.
    pub fx_rates: Vec<FxRate>,
}

/// The model's weight of one instrument.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelTarget {
    /// The instrument.
    pub instrument_id: Text,
    /// Its weight (0.25 = 25 %).
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub weight: Decimal,
}

/// What may be done with an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ShelfStatus {
    /// Bought and sold.
    Approved,
    /// Bought only if `allow_restricted`.
    Restricted,
    /// Neither.
    Banned,
    /// Neither, for now.
    Suspended,
    /// Sold only.
    SellOnly,
}

impl ShelfStatus {
    /// The word of the request.
    pub fn as_str(self) -> &'static str {
        SHELF_STATUSES.iter().find(|s| s.1 == self).map_or("", |s| s.0)
    }
}

const SHELF_STATUSES: [(&str, ShelfStatus); 5] = [
    ("APPROVED", ShelfStatus::Approved),
    ("RESTRICTED", ShelfStatus::Restricted),
    ("BANNED", ShelfStatus::Banned),
    ("SUSPENDED", ShelfStatus::Suspended),
    ("SELL_ONLY", ShelfStatus::SellOnly),
];

/// A least amount; the currency is for the reader only.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Threshold {
    /// How much, in the currency of the trade.
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub amount: Decimal,
    /// As written.
    pub currency: Option<Text>,
}

/// What is known of an instrument.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShelfEntry {
    /// The instrument.
    pub instrument_id: Text,
    /// What may be done with it.
    pub status: ShelfStatus,
    /// Its class (`UNKNOWN` if none is given).
    pub asset_class: Text,
    /// Trades below this are dust.
    pub min_notional: Option<Threshold>,
    /// Properties by which groups are formed: `sector` → `TECH`.
    #[serde(serialize_with = "shared")]
    pub attributes: Arc<BTreeMap<Text, Text>>,
}

/// What is shared, written as if it were not.
fn shared<T: Serialize, S: Serializer>(value: &Arc<T>, serializer: S) -> Result<S::Ok, S::Error> {
    (**value).serialize(serializer)
}

/// What of the input is judged more strictly in strict mode.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strictness {
    /// Unknown names and duplicates are refused.
    pub strict: bool,
    /// Least model weight that strict mode takes.
    pub least_weight: Decimal,
}

impl Strictness {
    fn only(self, fields: &Fields<'_>, known: &[&str]) -> Result<(), InputError> {
        if self.strict { fields.only(known) } else { Ok(()) }
    }

    /// In strict mode, an error if the name came before. The names seen are asked for, never listed.
    fn unique(self, seen: &mut HashSet<Text>, name: &str, path: Place<'_>) -> Result<(), InputError> {
        if self.strict && !seen.insert(name.into()) {
            return Err(fault(InputCode::Duplicate, path, "each name once", format!("{name:?} again")));
        }
        Ok(())
    }
}

pub(super) fn money(value: &Node<'_>, path: Place<'_>) -> Result<Money, InputError> {
    let fields = Fields::of(value, path)?;
    fields.only(&["amount", "currency"])?;
    Ok(Money { amount: fields.decimal("amount")?, currency: fields.text("currency")? })
}

/// `{amount, currency}` or a plain number.
pub(super) fn threshold(value: &Node<'_>, path: Place<'_>) -> Result<Threshold, InputError> {
    if let Node::Object(_) = value {
        let Money { amount, currency } = money(value, path)?;
        return Ok(Threshold { amount, currency: Some(currency) });
    }
    Ok(Threshold { amount: decimal(value, path)?, currency: None })
}

pub(super) fn portfolio(
    (value, path): (&Node<'_>, Place<'_>),
    mode: Strictness,
) -> Result<PortfolioSnapshot, InputError> {
    let fields = Fields::of(value, path)?;
    mode.only(&fields, &["portfolio_id", "snapshot_id", "base_currency", "positions", "cash_balances"])?;
    let (mut held, mut currencies) = (HashSet::new(), HashSet::new());
    let position = |value: &Node<'_>, path: Place<'_>| {
        let fields = Fields::of(value, path)?;
        mode.only(&fields, &["instrument_id", "quantity", "market_value", "lots"])?;
        let instrument_id = fields.text("instrument_id")?;
        mode.unique(&mut held, &instrument_id, fields.path("instrument_id"))?;
        let market_value = fields.get("market_value").map(|v| money(v, fields.path("market_value")));
        Ok(Position {
            instrument_id,
            quantity: fields.decimal("quantity")?,
            market_value: market_value.transpose()?,
        })
    };
    let balance = |value: &Node<'_>, path: Place<'_>| {
        let fields = Fields::of(value, path)?;
        mode.only(&fields, &["currency", "amount", "settled", "pending"])?;
        let currency = fields.text("currency")?;
        mode.unique(&mut currencies, &currency, fields.path("currency"))?;
        Ok(CashBalance { currency, amount: fields.decimal("amount")? })
    };
    Ok(PortfolioSnapshot {
        portfolio_id: fields.text("portfolio_id")?,
        snapshot_id: fields.optional_text("snapshot_id")?,
        base_currency: fields.text("base_currency")?,
        positions: fields.list("positions", position)?,
        cash_balances: fields.list("cash_balances", balance)?,
    })
}

pub(super) fn market(
    (value, path): (&Node<'_>, Place<'_>),
    mode: Strictness,
) -> Result<MarketDataSnapshot, InputError> {
    let fields = Fields::of(value, path)?;
    mode.only(&fields, &["snapshot_id", "prices", "fx_rates"])?;
    let (mut priced, mut pairs) = (HashSet::new(), HashSet::new());
    let price = |value: &Node<'_>, path: Place<'_>| {
        let fields = Fields::of(value, path)?;
        mode.only(&fields, &["instrument_id", "price", "currency"])?;
        let instrument_id = fields.text("instrument_id")?;
        mode.unique(&mut priced, &instrument_id, fields.path("instrument_id"))?;
        let price = not_negative(&fields, "price")?;
        Ok(Price { instrument_id, price, currency: fields.text("currency")? })
    };
    let rate = |value: &Node<'_>, path: Place<'_>| {
        let fields = Fields::of(value, path)?;
        mode.only(&fields, &["pair", "rate"])?;
        let pair = fields.text("pair")?;
        mode.unique(&mut pairs, &pair, fields.path("pair"))?;
        Ok(FxRate { pair, rate: not_negative(&fields, "rate")? })
    };
    Ok(MarketDataSnapshot {
        snapshot_id: fields.optional_text("snapshot_id")?,
        prices: fields.list("prices", price)?,
        fx_rates: fields.list("fx_rates", rate)?,
    })
}

fn not_negative(fields: &Fields<'_>, key: &str) -> Result<Decimal, InputError> {
    let value = fields.decimal(key)?;
    if value.is_sign_negative() && !value.is_zero() {
        return Err(fault(InputCode::OutOfRange, fields.path(key), "a number from 0", value.to_string()));
    }
    Ok(value)
}

/// Largest size of a model weight, so that values stay within 28 digits.
const LARGEST_WEIGHT: i64 = 1000;

pub(super) fn model(
    (value, path): (&Node<'_>, Place<'_>),
    mode: Strictness,
) -> Result<Vec<ModelTarget>, InputError> {
    let fields = Fields::of(value, path)?;
    mode.only(&fields, &["targets"])?;
    let mut seen = HashSet::new();
    fields.list("targets", |value, path| {
        let fields = Fields::of(value, path)?;
        mode.only(&fields, &["instrument_id", "weight"])?;
        let instrument_id = fields.text("instrument_id")?;
        mode.unique(&mut seen, &instrument_id, fields.path("instrument_id"))?;
        let (lower, upper) = if mode.strict {
            (mode.least_weight, Decimal::ONE)
        } else {
            (Decimal::from(-LARGEST_WEIGHT), Decimal::from(LARGEST_WEIGHT))
        };
        let weight = within(fields.decimal("weight")?, fields.path("weight"), lower, upper)?;
        Ok(ModelTarget { instrument_id, weight })
    })
}

pub(super) fn shelf_entry(
    value: &Node<'_>,
    path: Place<'_>,
    mode: Strictness,
    seen: &mut HashSet<Text>,
) -> Result<ShelfEntry, InputError> {
    let known = [
        "instrument_id",
        "status",
        "asset_class",
        "min_notional",
        "attributes",
        "issuer_id",
        "liquidity_tier",
        "settlement_days",
    ];
    let fields = Fields::of(value, path)?;
    mode.only(&fields, &known)?;
    let instrument_id = fields.text("instrument_id")?;
    mode.unique(seen, &instrument_id, fields.path("instrument_id"))?;
    fields.required("status")?;
    let mut attributes = BTreeMap::new();
    if let Some(value) = fields.get("attributes") {
        let path = fields.path("attributes");
        for (key, value) in Fields::of(value, path)?.entries() {
            attributes.insert(key.into(), text(value, path.field(key))?);
        }
    }
    let min_notional = fields.get("min_notional").map(|v| threshold(v, fields.path("min_notional")));
    Ok(ShelfEntry {
        instrument_id,
        status: fields.word("status", &SHELF_STATUSES, ShelfStatus::Approved)?,
        asset_class: fields.optional_text("asset_class")?.unwrap_or_else(|| "UNKNOWN".into()),
        min_notional: min_notional.transpose()?,
        attributes: attributes.into(),
    })
}

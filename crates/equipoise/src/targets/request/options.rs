//! The options of a rebalance and their defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use rust_decimal::Decimal;
use serde::Serialize;

use super::document::Node;
use super::reader::{Fields, Place, decimal, fault, within};
use super::snapshot::{Threshold, threshold};
use crate::error::{InputCode, InputError};
use crate::targets::Text;

/// Decimal places of limits and coefficients in strict mode, so that exact comparisons fit 128 bits.
const LIMIT_PLACES: u32 = 12;
const COEFFICIENT_PLACES: u32 = 8;
const LARGEST_COEFFICIENT: i64 = 1_000_000;

/// How holdings are valued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ValuationMode {
    /// Quantity times price.
    Calculated,
    /// The stated market value where there is one.
    TrustSnapshot,
}

/// How target weights are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TargetMethod {
    /// Steps in a fixed order.
    Heuristic,
    /// The closest weights to the model under all rules at once.
    Solver,
}

impl TargetMethod {
    /// The word of the request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Heuristic => "HEURISTIC",
            Self::Solver => "SOLVER",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Heuristic => Self::Solver,
            Self::Solver => Self::Heuristic,
        }
    }
}

/// Whose behaviour in rounding and in the defects of the heuristic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RoundingMode {
    /// As the reference does: half-even to 4 decimals, known defects included.
    Parity,
    /// Every rule holds exactly in the weights returned.
    Strict,
}

/// Whether the distance of cash from the model's cash counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CashObjective {
    /// Cash is what is left.
    Free,
    /// (cash − (1 − Σ model))² is part of the objective.
    Penalised,
}

/// Where the model weight of sell-only names goes with the solver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SellOnlyPolicy {
    /// To cash.
    Cash,
    /// To the buyable names, in proportion to their model weights.
    Redistribute,
}

/// Limits on the total weight of a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupConstraint {
    /// In [0, 1].
    pub max_weight: Option<Decimal>,
    /// In [0, 1]; strict mode only.
    pub min_weight: Option<Decimal>,
}

/// Limits on the weight of one name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PositionBounds {
    /// Least weight.
    pub min_weight: Option<Decimal>,
    /// Largest weight.
    pub max_weight: Option<Decimal>,
}

/// lower ≤ Σ aᵢwᵢ ≤ upper over the names of the universe; names outside it count as 0.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LinearConstraint {
    /// Its name, by which it is reported.
    pub name: Text,
    /// a, by instrument.
    pub coefficients: BTreeMap<Text, Decimal>,
    /// Lower limit.
    pub lower: Option<Decimal>,
    /// Upper limit.
    pub upper: Option<Decimal>,
}

/// Options of a rebalance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Options {
    /// How holdings are valued.
    pub valuation_mode: ValuationMode,
    /// How target weights are found.
    pub target_method: TargetMethod,
    /// Parity or strict.
    pub rounding_mode: RoundingMode,
    /// Run the other method too and compare.
    pub compare_target_methods: bool,
    /// Weights that differ by more than this differ.
    pub compare_target_methods_tolerance: Decimal,
    /// Least weight of cash.
    pub cash_band_min_weight: Decimal,
    /// Largest weight of cash.
    pub cash_band_max_weight: Decimal,
    /// Largest weight of any name.
    pub single_position_max_weight: Option<Decimal>,
    /// Cash that the heuristic keeps; in strict mode the solver keeps it too.
    pub min_cash_buffer_pct: Decimal,
    /// Limits of groups `attribute:value`.
    pub group_constraints: BTreeMap<String, GroupConstraint>,
    /// Trades below this are dust; it comes before the shelf's.
    pub min_trade_notional: Option<Threshold>,
    /// Leave out trades that are dust.
    pub suppress_dust_trades: bool,
    /// Accepted for compatibility; nothing reads it.
    pub dust_trade_threshold: Option<Threshold>,
    /// Restricted names of the model may be bought.
    pub allow_restricted: bool,
    /// Foreign currency bought beyond what is needed.
    pub fx_buffer_pct: Decimal,
    /// A missing price blocks.
    pub block_on_missing_prices: bool,
    /// A missing rate blocks.
    pub block_on_missing_fx: bool,
    /// Largest turnover as a part of the portfolio's value.
    pub max_turnover_pct: Option<Decimal>,
    /// Strict: whether cash is part of the objective.
    pub cash_objective: CashObjective,
    /// Strict: where the weight of sell-only names goes.
    pub sell_only_policy: SellOnlyPolicy,
    /// Strict: limits of single names.
    pub position_bounds: BTreeMap<Text, PositionBounds>,
    /// Strict: weights down to `short_floor`.
    pub allow_short: bool,
    /// Strict: the least weight of any name (≤ 0), stated where `allow_short`.
    pub short_floor: Option<Decimal>,
    /// Strict: named linear constraints.
    pub linear_constraints: Vec<LinearConstraint>,
    /// Strict: γ ≥ 0 in γ·Σ|w − current|.
    pub turnover_penalty: Decimal,
    /// Strict: cᵢ ≥ 0 in Σ cᵢ|wᵢ − current|.
    pub cost_rates: BTreeMap<Text, Decimal>,
    /// Strict: nothing is sold.
    pub buys_only: bool,
    /// Strict: locked holdings that may be traded down to a weight, if the rules need it.
    pub unlock_to: BTreeMap<Text, Decimal>,
    /// Strict: solve with Clarabel too and report how far it is from the exact weights.
    pub cross_check: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            valuation_mode: ValuationMode::Calculated,
            target_method: TargetMethod::Heuristic,
            rounding_mode: RoundingMode::Strict,
            compare_target_methods: false,
            compare_target_methods_tolerance: Decimal::new(1, 4),
            cash_band_min_weight: Decimal::ZERO,
            cash_band_max_weight: Decimal::ONE,
            single_position_max_weight: None,
            min_cash_buffer_pct: Decimal::ZERO,
            group_constraints: BTreeMap::new(),
            min_trade_notional: None,
            suppress_dust_trades: true,
            dust_trade_threshold: None,
            allow_restricted: false,
            fx_buffer_pct: Decimal::new(1, 2),
            block_on_missing_prices: true,
            block_on_missing_fx: true,
            max_turnover_pct: None,
            cash_objective: CashObjective::Free,
            sell_only_policy: SellOnlyPolicy::Cash,
            position_bounds: BTreeMap::new(),
            allow_short: false,
            short_floor: None,
            linear_constraints: Vec::new(),
            turnover_penalty: Decimal::ZERO,
            cost_rates: BTreeMap::new(),
            buys_only: false,
            unlock_to: BTreeMap::new(),
            cross_check: false,
        }
    }
}

/// Names of both modes.
const COMMON: [&str; 18] = [
    "valuation_mode",
    "target_method",
    "rounding_mode",
    "compare_target_methods",
    "compare_target_methods_tolerance",
    "cash_band_min_weight",
    "cash_band_max_weight",
    "single_position_max_weight",
    "min_cash_buffer_pct",
    "group_constraints",
    "min_trade_notional",
    "suppress_dust_trades",
    "dust_trade_threshold",
    "allow_restricted",
    "fx_buffer_pct",
    "block_on_missing_prices",
    "block_on_missing_fx",
    "max_turnover_pct",
];

/// Names of strict mode alone.
const STRICT: [&str; 11] = [
    "cash_objective",
    "sell_only_policy",
    "position_bounds",
    "allow_short",
    "short_floor",
    "linear_constraints",
    "turnover_penalty",
    "cost_rates",
    "buys_only",
    "unlock_to",
    "cross_check",
];

/// Reads the options at `path`.
pub(super) fn options(value: &Node<'_>, path: Place<'_>) -> Result<Options, InputError> {
    let fields = Fields::of(value, path)?;
    let default = Options::default();
    let modes = [("PARITY", RoundingMode::Parity), ("STRICT", RoundingMode::Strict)];
    let rounding_mode = fields.word("rounding_mode", &modes, default.rounding_mode)?;
    let known: Vec<&str> = COMMON.iter().chain(&STRICT).copied().collect();
    fields.only(&known)?;
    if rounding_mode == RoundingMode::Parity
        && let Some(key) = STRICT.iter().find(|key| fields.get(key).is_some())
    {
        let expected = "it only with rounding_mode STRICT";
        return Err(fault(InputCode::UnknownField, fields.path(key), expected, "it with PARITY"));
    }
    let strict = rounding_mode == RoundingMode::Strict;
    let valuations =
        [("CALCULATED", ValuationMode::Calculated), ("TRUST_SNAPSHOT", ValuationMode::TrustSnapshot)];
    let methods = [("HEURISTIC", TargetMethod::Heuristic), ("SOLVER", TargetMethod::Solver)];
    let number = |key: &str, default: Decimal| Ok(fields.optional_decimal(key)?.unwrap_or(default));
    let limit = |key: &str, default: Decimal| {
        let value: Decimal = number(key, default)?;
        if strict { short(value, fields.path(key), LIMIT_PLACES) } else { Ok(value) }
    };
    let part = |key: &str| {
        let value = fields.optional_decimal(key)?;
        value.map(|v| within(v, fields.path(key), Decimal::ZERO, Decimal::ONE)).transpose()
    };
    let dust = |key: &str| fields.get(key).map(|v| threshold(v, fields.path(key))).transpose();
    let mut read = Options {
        valuation_mode: fields.word("valuation_mode", &valuations, default.valuation_mode)?,
        target_method: fields.word("target_method", &methods, default.target_method)?,
        rounding_mode,
        compare_target_methods: fields.flag("compare_target_methods", default.compare_target_methods)?,
        compare_target_methods_tolerance: number(
            "compare_target_methods_tolerance",
            default.compare_target_methods_tolerance,
        )?,
        cash_band_min_weight: limit("cash_band_min_weight", default.cash_band_min_weight)?,
        cash_band_max_weight: limit("cash_band_max_weight", default.cash_band_max_weight)?,
        single_position_max_weight: part("single_position_max_weight")?,
        min_cash_buffer_pct: limit("min_cash_buffer_pct", default.min_cash_buffer_pct)?,
        group_constraints: group_constraints(&fields, strict)?,
        min_trade_notional: dust("min_trade_notional")?,
        suppress_dust_trades: fields.flag("suppress_dust_trades", default.suppress_dust_trades)?,
        dust_trade_threshold: dust("dust_trade_threshold")?,
        allow_restricted: fields.flag("allow_restricted", default.allow_restricted)?,
        fx_buffer_pct: number("fx_buffer_pct", default.fx_buffer_pct)?,
        block_on_missing_prices: fields.flag("block_on_missing_prices", default.block_on_missing_prices)?,
        block_on_missing_fx: fields.flag("block_on_missing_fx", default.block_on_missing_fx)?,
        max_turnover_pct: part("max_turnover_pct")?,
        ..default
    };
    if strict {
        if let Some(cap) = read.single_position_max_weight {
            short(cap, fields.path("single_position_max_weight"), LIMIT_PLACES)?;
        }
        strict_options(&fields, &mut read)?;
    }
    Ok(read)
}

fn strict_options(fields: &Fields<'_>, read: &mut Options) -> Result<(), InputError> {
    let cash = [("FREE", CashObjective::Free), ("PENALISED", CashObjective::Penalised)];
    let policies = [("CASH", SellOnlyPolicy::Cash), ("REDISTRIBUTE", SellOnlyPolicy::Redistribute)];
    read.cash_objective = fields.word("cash_objective", &cash, read.cash_objective)?;
    read.sell_only_policy = fields.word("sell_only_policy", &policies, read.sell_only_policy)?;
    read.allow_short = fields.flag("allow_short", read.allow_short)?;
    read.buys_only = fields.flag("buys_only", read.buys_only)?;
    read.cross_check = fields.flag("cross_check", read.cross_check)?;
    read.short_floor = short_floor(fields, read.allow_short)?;
    let path = fields.path("turnover_penalty");
    let penalty = fields.optional_decimal("turnover_penalty")?.unwrap_or(read.turnover_penalty);
    read.turnover_penalty =
        short(within(penalty, path, Decimal::ZERO, Decimal::ONE_THOUSAND)?, path, LIMIT_PLACES)?;
    fields.members("cost_rates", |id, value, path| {
        let rate = within(decimal(value, path)?, path, Decimal::ZERO, Decimal::ONE_THOUSAND)?;
        read.cost_rates.insert(id.into(), short(rate, path, LIMIT_PLACES)?);
        Ok(())
    })?;
    fields.members("unlock_to", |id, value, path| {
        let limit = within(decimal(value, path)?, path, Decimal::NEGATIVE_ONE, Decimal::ONE)?;
        read.unlock_to.insert(id.into(), short(limit, path, LIMIT_PLACES)?);
        Ok(())
    })?;
    fields.members("position_bounds", |id, value, path| {
        let own = Fields::of(value, path)?;
        own.only(&["min_weight", "max_weight"])?;
        let bound = |key: &str| {
            let value = own.optional_decimal(key)?;
            let least = if read.allow_short { Decimal::NEGATIVE_ONE } else { Decimal::ZERO };
            let checked =
                |v| short(within(v, own.path(key), least, Decimal::ONE)?, own.path(key), LIMIT_PLACES);
            value.map(checked).transpose()
        };
        let bounds = PositionBounds { min_weight: bound("min_weight")?, max_weight: bound("max_weight")? };
        read.position_bounds.insert(id.into(), bounds);
        Ok(())
    })?;
    let mut names = BTreeSet::new();
    read.linear_constraints =
        fields.list("linear_constraints", |value, path| linear_constraint(value, path, &mut names))?;
    Ok(())
}

fn short_floor(fields: &Fields<'_>, allow_short: bool) -> Result<Option<Decimal>, InputError> {
    let path = fields.path("short_floor");
    match (fields.optional_decimal("short_floor")?, allow_short) {
        (None, false) => Ok(None),
        (None, true) => Err(fault(InputCode::Missing, path, "a floor where allow_short is true", "nothing")),
        (Some(floor), true) => {
            let floor = within(floor, path, Decimal::NEGATIVE_ONE, Decimal::ZERO)?;
            Ok(Some(short(floor, path, LIMIT_PLACES)?))
        }
        (Some(floor), false) => {
            let expected = "no floor unless allow_short is true";
            Err(fault(InputCode::OutOfRange, path, expected, floor.to_string()))
        }
    }
}

fn group_constraints(
    fields: &Fields<'_>,
    strict: bool,
) -> Result<BTreeMap<String, GroupConstraint>, InputError> {
    let mut groups = BTreeMap::new();
    fields.members("group_constraints", |key, value, path| {
        let parts: Vec<&str> = key.split(':').collect();
        if parts.len() != 2 || parts.iter().any(|part| part.is_empty()) {
            let expected = "a key of the form attribute:value";
            return Err(fault(InputCode::OutOfRange, path, expected, format!("{key:?}")));
        }
        let own = Fields::of(value, path)?;
        own.only(if strict { &["max_weight", "min_weight"] } else { &["max_weight"] })?;
        let part = |name: &str| {
            let value = own.optional_decimal(name)?;
            value.map(|v| within(v, own.path(name), Decimal::ZERO, Decimal::ONE)).transpose()
        };
        let group = GroupConstraint { max_weight: part("max_weight")?, min_weight: part("min_weight")? };
        if group.min_weight.is_none() {
            own.required("max_weight")?;
        }
        if strict {
            for (name, value) in [("max_weight", group.max_weight), ("min_weight", group.min_weight)] {
                value.map(|v| short(v, own.path(name), LIMIT_PLACES)).transpose()?;
            }
        }
        groups.insert(key.to_string(), group);
        Ok(())
    })?;
    Ok(groups)
}

fn linear_constraint(
    value: &Node<'_>,
    path: Place<'_>,
    names: &mut BTreeSet<Text>,
) -> Result<LinearConstraint, InputError> {
    let fields = Fields::of(value, path)?;
    fields.only(&["name", "coefficients", "lower", "upper"])?;
    let name = fields.text("name")?;
    if !names.insert(name.clone()) {
        let received = format!("{name:?} again");
        return Err(fault(InputCode::Duplicate, fields.path("name"), "each name once", received));
    }
    fields.required("coefficients")?;
    let mut coefficients = BTreeMap::new();
    fields.members("coefficients", |id, value, path| {
        let largest = Decimal::from(LARGEST_COEFFICIENT);
        let coefficient = within(decimal(value, path)?, path, -largest, largest)?;
        coefficients.insert(id.into(), short(coefficient, path, COEFFICIENT_PLACES)?);
        Ok(())
    })?;
    if coefficients.is_empty() {
        let path = fields.path("coefficients");
        return Err(fault(InputCode::Empty, path, "at least one coefficient", "none"));
    }
    let limit = |key: &str| {
        let largest = Decimal::from(LARGEST_COEFFICIENT * 1000);
        let value = fields.optional_decimal(key)?;
        let checked =
            |v| short(within(v, fields.path(key), -largest, largest)?, fields.path(key), LIMIT_PLACES);
        value.map(checked).transpose()
    };
    let (lower, upper) = (limit("lower")?, limit("upper")?);
    if lower.is_none() && upper.is_none() {
        return Err(fault(InputCode::Missing, fields.path("upper"), "a lower or an upper limit", "neither"));
    }
    Ok(LinearConstraint { name, coefficients, lower, upper })
}

/// The number, if it has at most that many decimal places.
fn short(value: Decimal, path: impl Display, places: u32) -> Result<Decimal, InputError> {
    if value.normalize().scale() <= places {
        return Ok(value);
    }
    let expected = format!("at most {places} decimal places in strict mode");
    Err(fault(InputCode::OutOfRange, path, &expected, value.to_string()))
}

//! Results, as they are written to JSON: decimals as texts, names of the reference.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;

use crate::targets::Text;
use crate::targets::request::options::{RoundingMode, TargetMethod};
use crate::targets::request::snapshot::Money;
use crate::targets::stage3::answer::{GroupConstraintEvent, InfeasibilityReport, RunStatus, SolveAudit};
use crate::targets::stage3::comparison::TargetMethodComparison;

/// A holding, valued.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PositionState {
    /// The instrument.
    pub instrument_id: Text,
    /// Units.
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub quantity: Decimal,
    /// Its class.
    pub asset_class: Text,
    /// The value in its own currency.
    pub value_in_instrument_ccy: Money,
    /// The value in base currency.
    pub value_in_base_ccy: Money,
    /// Its part of the total, four decimals.
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub weight: Decimal,
}

/// A part of the portfolio.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Allocation {
    /// An asset class, an instrument, or the value of an attribute.
    pub key: Text,
    /// Its part of the total, four decimals.
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub weight: Decimal,
    /// Its value in base currency.
    pub value: Money,
}

/// Cash of one currency.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CashState {
    /// The currency.
    pub currency: Text,
    /// How much.
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub amount: Decimal,
}

/// The portfolio before or after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimulatedState {
    /// In base currency.
    pub total_value: Money,
    /// Cash by currency.
    pub cash_balances: Vec<CashState>,
    /// Holdings.
    pub positions: Vec<PositionState>,
    /// By class; cash is the class `CASH`.
    pub allocation_by_asset_class: Vec<Allocation>,
    /// By instrument.
    pub allocation_by_instrument: Vec<Allocation>,
    /// The same again, for clients that read this name.
    pub allocation: Vec<Allocation>,
    /// By the value of each attribute.
    pub allocation_by_attribute: BTreeMap<Text, Vec<Allocation>>,
}

/// A name that is not traded as the model asks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExcludedInstrument {
    /// The instrument.
    pub instrument_id: Text,
    /// Why.
    pub reason_code: String,
}

/// Which part of the data was there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// Prices.
    pub price_coverage_pct: Decimal,
    /// Rates.
    pub fx_coverage_pct: Decimal,
}

/// What may be traded.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Universe {
    /// Of this run.
    pub universe_id: String,
    /// Names that may be bought.
    pub eligible_for_buy: Vec<Text>,
    /// Names that may be sold.
    pub eligible_for_sell: Vec<Text>,
    /// Names that are not traded as the model asks.
    pub excluded: Vec<ExcludedInstrument>,
    /// Which part of the data was there.
    pub coverage: Coverage,
}

/// A target weight.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetInstrument {
    /// The instrument.
    pub instrument_id: Text,
    /// The model's weight.
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub model_weight: Decimal,
    /// The target weight.
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub final_weight: Decimal,
    /// Its value in base currency.
    pub final_value: Money,
    /// The weight held now.
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub current_weight: Decimal,
    /// What happened to it, in the words of the reference.
    pub tags: Vec<&'static str>,
    /// The rules that hold the weight where it is.
    pub reasons: Vec<Text>,
}

/// The targets of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Target {
    /// Of this run.
    pub target_id: String,
    /// Always empty.
    pub strategy: BTreeMap<String, String>,
    /// Model rows in order, then the rest of the universe.
    pub targets: Vec<TargetInstrument>,
}

/// A code with a sentence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rationale {
    /// `DRIFT_REBALANCE`, `FUNDING`, `SWEEP`.
    pub code: &'static str,
    /// In words.
    pub message: String,
}

/// A trade to make.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "intent_type")]
pub enum Intent {
    /// Units of an instrument.
    #[serde(rename = "SECURITY_TRADE")]
    Security(SecurityIntent),
    /// One currency for another.
    #[serde(rename = "FX_SPOT")]
    Fx(FxIntent),
}

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Side {
    /// More of it.
    Buy,
    /// Less of it.
    Sell,
}

/// Units of an instrument to trade.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SecurityIntent {
    /// `oi_1`, …
    pub intent_id: Text,
    /// The instrument.
    pub instrument_id: Text,
    /// Buy or sell.
    pub side: Side,
    /// Whole units.
    #[serde(serialize_with = "crate::targets::json::decimal")]
    pub quantity: Decimal,
    /// Units times price.
    pub notional: Money,
    /// The same in base currency.
    pub notional_base: Money,
    /// Intents that come first.
    pub dependencies: Vec<Text>,
    /// Why.
    pub rationale: Rationale,
    /// `MIN_NOTIONAL` where a threshold applies.
    pub constraints_applied: Vec<&'static str>,
}

/// Currency to trade.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FxIntent {
    /// `oi_fx_1`, …
    pub intent_id: Text,
    /// `AAA/BBB`: the foreign currency, then the base.
    pub pair: Text,
    /// What is bought.
    pub buy: Money,
    /// What is sold.
    pub sell: Money,
    /// Units of base for one of the foreign currency.
    pub rate: Decimal,
    /// Intents that come first.
    pub dependencies: Vec<Text>,
    /// Why.
    pub rationale: Rationale,
}

/// A trade that is too small.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuppressedIntent {
    /// The instrument.
    pub instrument_id: Text,
    /// `BELOW_MIN_NOTIONAL`.
    pub reason: &'static str,
    /// Its size.
    pub intended_notional: Money,
    /// The least size.
    pub threshold: Decimal,
}

/// A trade beyond the turnover cap.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DroppedIntent {
    /// `oi_2`, …
    pub intent_id: Text,
    /// The instrument.
    pub instrument_id: Text,
    /// `TURNOVER_LIMIT`.
    pub reason: &'static str,
    /// Its size in base currency.
    pub potential_notional: Money,
    /// Its part of the portfolio's value.
    pub score: Decimal,
}

/// What is missing, each once.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct DataQuality {
    /// Instruments without a price.
    pub price_missing: Vec<Text>,
    /// Pairs without a rate.
    pub fx_missing: Vec<Text>,
    /// Model names without a shelf entry.
    pub shelf_missing: Vec<Text>,
}

/// What a run has to say.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Diagnostics {
    /// In order, duplicates kept.
    pub warnings: Vec<String>,
    /// Trades that are too small.
    pub suppressed_intents: Vec<SuppressedIntent>,
    /// Trades beyond the turnover cap.
    pub dropped_intents: Vec<DroppedIntent>,
    /// What the heuristic did about groups.
    pub group_constraint_events: Vec<GroupConstraintEvent>,
    /// What is missing.
    pub data_quality: DataQuality,
    /// Why there are no weights.
    pub infeasibility: Option<InfeasibilityReport>,
    /// How the solve went.
    pub solve: Option<SolveAudit>,
}

/// A rule, checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleResult {
    /// `CASH_BAND`, …
    pub rule_id: &'static str,
    /// `HARD` or `SOFT`.
    pub severity: &'static str,
    /// `PASS` or `FAIL`.
    pub status: &'static str,
    /// What was found.
    pub measured: Decimal,
    /// The limits.
    pub threshold: BTreeMap<&'static str, Decimal>,
    /// A code.
    pub reason_code: String,
    /// In words.
    pub message: String,
}

/// The value before against that after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reconciliation {
    /// Before.
    pub before_total_value: Money,
    /// After.
    pub after_total_value: Money,
    /// After less before.
    pub delta: Money,
    /// What it may be.
    pub tolerance: Money,
    /// `OK` or `MISMATCH`.
    pub status: &'static str,
}

/// In words, and the other method's answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// One sentence.
    pub summary: String,
    /// Both methods side by side, where asked for.
    pub target_method_comparison: Option<TargetMethodComparison>,
}

/// Where a result comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lineage {
    /// The portfolio.
    pub portfolio_snapshot_id: Text,
    /// The market.
    pub market_data_snapshot_id: Text,
    /// The idempotency key, as given; without one the digest of the request.
    pub request_hash: String,
    /// SHA-256 of the canonical request.
    pub request_digest: String,
    /// The version of this library.
    pub engine_version: &'static str,
}

/// The result of a rebalance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RebalanceResult {
    /// `rr_` and 16 digits of the request's digest.
    pub rebalance_run_id: String,
    /// As given, or `c_none`.
    pub correlation_id: String,
    /// The outcome.
    pub status: RunStatus,
    /// How target weights were found.
    pub target_method: TargetMethod,
    /// Parity or strict.
    pub rounding_mode: RoundingMode,
    /// The portfolio now.
    pub before: SimulatedState,
    /// What may be traded.
    pub universe: Universe,
    /// Target weights.
    pub target: Target,
    /// Trades: sales, currencies, purchases.
    pub intents: Vec<Intent>,
    /// The portfolio after them.
    pub after_simulated: SimulatedState,
    /// The value before against that after; absent in a blocked run.
    pub reconciliation: Option<Reconciliation>,
    /// Rules on the state after.
    pub rule_results: Vec<RuleResult>,
    /// In words.
    pub explanation: Explanation,
    /// What the run has to say.
    pub diagnostics: Diagnostics,
    /// Where it comes from.
    pub lineage: Lineage,
}

/// Stages 1 to 3 alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetsResult {
    /// `rr_` and 16 digits of the request's digest.
    pub rebalance_run_id: String,
    /// As given, or `c_none`.
    pub correlation_id: String,
    /// The outcome of stage 3, blocked also where data are missing.
    pub status: RunStatus,
    /// How target weights were found.
    pub target_method: TargetMethod,
    /// Parity or strict.
    pub rounding_mode: RoundingMode,
    /// The portfolio now.
    pub before: SimulatedState,
    /// What may be traded.
    pub universe: Universe,
    /// Target weights.
    pub target: Target,
    /// In words.
    pub explanation: Explanation,
    /// What the run has to say.
    pub diagnostics: Diagnostics,
    /// Where it comes from.
    pub lineage: Lineage,
}

/// What a scenario comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScenarioMetrics {
    /// The outcome.
    pub status: RunStatus,
    /// Trades in securities.
    pub security_intent_count: usize,
    /// Σ of their sizes in base currency.
    pub gross_turnover_notional_base: Money,
}

/// Several scenarios over one snapshot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnalyzeResult {
    /// `ra_` and 16 digits over the requests' digests.
    pub batch_run_id: String,
    /// As given, or `c_none`.
    pub correlation_id: String,
    /// By scenario.
    pub results: BTreeMap<String, RebalanceResult>,
    /// By scenario.
    pub comparison_metrics: BTreeMap<String, ScenarioMetrics>,
    /// `INVALID_OPTIONS: …`, by scenario.
    pub failed_scenarios: BTreeMap<String, String>,
    /// `PARTIAL_BATCH_FAILURE` where some failed.
    pub warnings: Vec<&'static str>,
    /// Where it comes from.
    pub lineage: Lineage,
}

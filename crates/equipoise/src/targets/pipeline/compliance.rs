//! Stage 5, second part: rules on the state after, and reconciliation.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::market::{Market, over, times};
use super::result::{DataQuality, Reconciliation, RuleResult};
use super::valuation::Valuation;
use crate::error::InputError;
use crate::targets::request::Options;
use crate::targets::request::options::RoundingMode;
use crate::targets::stage3::RunStatus;

/// What a position or group may exceed its limit by, once units are whole.
const LIMIT_TOLERANCE: Decimal = Decimal::from_parts(1, 0, 0, false, 3);
/// 0.5 + 0.0005 × value.
const RECONCILIATION: (Decimal, Decimal) =
    (Decimal::from_parts(5, 0, 0, false, 1), Decimal::from_parts(5, 0, 0, false, 4));

/// True if something is missing that blocks.
pub(super) fn blocks(missing: &DataQuality, options: &Options) -> bool {
    !missing.shelf_missing.is_empty()
        || (options.block_on_missing_prices && !missing.price_missing.is_empty())
        || (options.block_on_missing_fx && !missing.fx_missing.is_empty())
}

fn result(
    rule_id: &'static str,
    severity: &'static str,
    passes: bool,
    measured: Decimal,
    threshold: &[(&'static str, Decimal)],
    reason_code: impl Into<String>,
    message: impl Into<String>,
) -> RuleResult {
    RuleResult {
        rule_id,
        severity,
        status: if passes { "PASS" } else { "FAIL" },
        measured: measured.normalize(),
        threshold: threshold.iter().copied().collect::<BTreeMap<_, _>>(),
        reason_code: reason_code.into(),
        message: message.into(),
    }
}

/// All rules, in their order; `suppressed`: some trades were too small.
pub(super) fn rules(
    options: &Options,
    state: &Valuation,
    market: &Market<'_>,
    missing: &DataQuality,
    suppressed: usize,
) -> Result<Vec<RuleResult>, InputError> {
    let divisor = if state.total.is_zero() { Decimal::ONE } else { state.total };
    let mut results = vec![cash_band(options, state)];
    results.extend(single_positions(options, state));
    let count = missing.price_missing.len() + missing.fx_missing.len() + missing.shelf_missing.len();
    let complete = !blocks(missing, options);
    let code = if complete { "OK" } else { "MISSING_DATA" };
    let message = format!("{count} missing items");
    results.push(result(
        "DATA_QUALITY",
        "HARD",
        complete,
        count.into(),
        &[("max", Decimal::ZERO)],
        code,
        message,
    ));
    let code = if suppressed > 0 { "INTENTS_SUPPRESSED" } else { "OK" };
    let message = format!("{suppressed} trades below the least size");
    results.push(result("MIN_TRADE_SIZE", "SOFT", true, suppressed.into(), &[], code, message));
    results.push(no_shorting(options, state));
    let least = state.state.cash_balances.iter().map(|c| c.amount).fold(Decimal::ZERO, Decimal::min);
    let covered = !least.is_sign_negative() || least.is_zero();
    let code = if covered { "OK" } else { "NEGATIVE_CASH_BALANCE" };
    results.push(result(
        "INSUFFICIENT_CASH",
        "HARD",
        covered,
        least,
        &[("min", Decimal::ZERO)],
        code,
        "least cash balance",
    ));
    if options.rounding_mode == RoundingMode::Strict {
        results.extend(groups(options, state, market, divisor)?);
    }
    Ok(results)
}

fn cash_band(options: &Options, state: &Valuation) -> RuleResult {
    let (min, max) = (options.cash_band_min_weight, options.cash_band_max_weight);
    let passes = state.cash_weight >= min && state.cash_weight <= max;
    let code = if passes { "OK" } else { "THRESHOLD_BREACH" };
    let limits = [("min", min), ("max", max)];
    result("CASH_BAND", "SOFT", passes, state.cash_weight, &limits, code, "weight of cash")
}

fn single_positions(options: &Options, state: &Valuation) -> Vec<RuleResult> {
    let id = "SINGLE_POSITION_MAX";
    let weights = state.state.positions.iter().zip(&state.weights);
    let largest = state.weights.iter().copied().fold(Decimal::ZERO, Decimal::max);
    let Some(cap) = options.single_position_max_weight else {
        let limits = [("max", Decimal::NEGATIVE_ONE)];
        return vec![result(id, "HARD", true, largest, &limits, "NO_LIMIT_SET", "no limit is set")];
    };
    let limits = [("max", cap)];
    let over: Vec<RuleResult> = weights
        .filter(|(_, weight)| **weight > cap + LIMIT_TOLERANCE)
        .map(|(position, weight)| {
            let message = format!("weight of {}", position.instrument_id);
            result(id, "HARD", false, *weight, &limits, "LIMIT_BREACH", message)
        })
        .collect();
    if over.is_empty() {
        return vec![result(id, "HARD", true, largest, &limits, "OK", "largest weight")];
    }
    over
}

fn no_shorting(options: &Options, state: &Valuation) -> RuleResult {
    let id = "NO_SHORTING";
    let positions = state.state.positions.iter().zip(&state.weights);
    if let Some(floor) = options.short_floor {
        let least = state.weights.iter().copied().fold(Decimal::ZERO, Decimal::min);
        let passes = least >= floor - LIMIT_TOLERANCE;
        let code = if passes { "OK" } else { "SHORT_FLOOR_BREACH" };
        return result(id, "HARD", passes, least, &[("min", floor)], code, "least weight");
    }
    let short = positions.map(|(p, _)| p.quantity).fold(Decimal::ZERO, Decimal::min);
    let passes = short.is_zero();
    let code = if passes { "OK" } else { "SELL_EXCEEDS_HOLDINGS" };
    result(id, "HARD", passes, short, &[("min", Decimal::ZERO)], code, "least quantity")
}

/// Group limits after trading, which the reference does not look at.
fn groups(
    options: &Options,
    state: &Valuation,
    market: &Market<'_>,
    divisor: Decimal,
) -> Result<Vec<RuleResult>, InputError> {
    let mut results = Vec::new();
    let positions = state.state.positions.iter();
    let entries: Vec<_> = positions.map(|position| market.shelf(&position.instrument_id)).collect();
    for (key, limits) in &options.group_constraints {
        let (Some((attribute, group)), Some(max)) = (key.split_once(':'), limits.max_weight) else {
            continue;
        };
        let mut value = Decimal::ZERO;
        for (position, entry) in state.state.positions.iter().zip(&entries) {
            if entry.and_then(|e| e.attributes.get(attribute)).is_some_and(|own| own == group) {
                value += position.value_in_base_ccy.amount;
            }
        }
        let weight = over(value, divisor)?;
        let passes = weight <= max + LIMIT_TOLERANCE;
        let code = if passes { "OK" } else { "LIMIT_BREACH" };
        let message = format!("weight of {key}");
        results.push(result("GROUP_MAX", "HARD", passes, weight, &[("max", max)], code, message));
    }
    Ok(results)
}

/// The value before against that after, and a failed rule where they differ.
pub(super) fn reconcile(
    market: &Market<'_>,
    before: Decimal,
    after: Decimal,
) -> Result<(Reconciliation, Option<RuleResult>), InputError> {
    let delta = after - before;
    let tolerance = RECONCILIATION.0 + times(RECONCILIATION.1, before)?;
    let agrees = delta.abs() <= tolerance;
    let failure = (!agrees).then(|| {
        let limits = [("max", tolerance.normalize())];
        let message = "value after less value before";
        result("RECONCILIATION", "HARD", false, delta, &limits, "VALUE_MISMATCH", message)
    });
    let reconciliation = Reconciliation {
        before_total_value: market.in_base(before),
        after_total_value: market.in_base(after),
        delta: market.in_base(delta.normalize()),
        tolerance: market.in_base(tolerance.normalize()),
        status: if agrees { "OK" } else { "MISMATCH" },
    };
    Ok((reconciliation, failure))
}

/// The status that the rules leave.
pub(super) fn status(rules: &[RuleResult]) -> RunStatus {
    let fails = |severity: &str| rules.iter().any(|r| r.status == "FAIL" && r.severity == severity);
    if fails("HARD") {
        RunStatus::Blocked
    } else if fails("SOFT") {
        RunStatus::PendingReview
    } else {
        RunStatus::Ready
    }
}

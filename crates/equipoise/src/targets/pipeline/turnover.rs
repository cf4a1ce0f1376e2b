//! The cap on turnover: whole intents, the largest first, as long as they fit.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::market::{Market, over, plus, times};
use super::result::{DroppedIntent, SecurityIntent};
use crate::error::InputError;

/// Keeps what fits into `part` of the total value, in the order given; returns what was dropped.
///
/// Candidates come by share of the value (largest first), then lower notional, instrument and intent; one that does not fit is
/// skipped and the next one tried.
pub(super) fn cap(
    market: &Market<'_>,
    intents: &mut Vec<SecurityIntent>,
    part: Decimal,
    total: Decimal,
) -> Result<Vec<DroppedIntent>, InputError> {
    let budget = times(total, part)?;
    let divisor = if total.is_zero() { Decimal::ONE } else { total };
    let mut candidates = Vec::with_capacity(intents.len());
    for intent in intents.iter() {
        candidates.push((over(intent.notional_base.amount, divisor)?, intent.clone()));
    }
    candidates.sort_by(|(a, first), (b, second)| {
        let by_share = b.cmp(a);
        let by_size = first.notional_base.amount.cmp(&second.notional_base.amount);
        let by_name = first.instrument_id.cmp(&second.instrument_id);
        by_share.then(by_size).then(by_name).then(first.intent_id.cmp(&second.intent_id))
    });
    let mut used = Decimal::ZERO;
    let mut kept = BTreeSet::new();
    let mut dropped = Vec::new();
    for (share, intent) in candidates {
        let with = plus(used, intent.notional_base.amount)?;
        if with <= budget {
            used = with;
            kept.insert(intent.intent_id);
        } else {
            dropped.push(DroppedIntent {
                intent_id: intent.intent_id,
                instrument_id: intent.instrument_id,
                reason: "TURNOVER_LIMIT",
                potential_notional: market.in_base(intent.notional_base.amount),
                score: share.normalize(),
            });
        }
    }
    intents.retain(|intent| kept.contains(&intent.intent_id));
    Ok(dropped)
}

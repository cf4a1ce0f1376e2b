//! Several named sets of options over one snapshot.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use super::result::{AnalyzeResult, Intent, Lineage, RebalanceResult, ScenarioMetrics};
use super::simulate::{lineage, simulate};
use crate::error::InputError;
use crate::targets::request::AnalyzeRequest;
use crate::targets::request::snapshot::Money;
use crate::targets::{Identity, Text};

/// Every scenario, in the order of their names. One whose options are refused fails alone.
///
/// # Errors
/// None: a scenario that fails is listed.
pub fn analyze(request: &AnalyzeRequest, identity: &Identity) -> Result<AnalyzeResult, InputError> {
    let mut results = BTreeMap::new();
    let mut metrics = BTreeMap::new();
    let mut failed = BTreeMap::new();
    let mut digest = Sha256::new();
    let mut source: Option<Lineage> = None;
    for (name, scenario) in &request.scenarios {
        digest.update(name.as_bytes());
        let outcome = match scenario {
            Err(error) => Err(format!("INVALID_OPTIONS: {error}")),
            Ok(request) => {
                let own = request.digest();
                digest.update(own.as_bytes());
                source.get_or_insert_with(|| lineage(request, &own, identity));
                simulate(request, identity).map_err(|error| format!("SCENARIO_EXECUTION_ERROR: {error}"))
            }
        };
        match outcome {
            Err(reason) => {
                failed.insert(name.clone(), reason);
            }
            Ok(result) => {
                metrics.insert(name.clone(), measured(&result));
                results.insert(name.clone(), result);
            }
        }
    }
    let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let lineage = Lineage {
        request_hash: identity.idempotency_key.clone().unwrap_or_else(|| digest.clone()),
        request_digest: digest.clone(),
        ..source.unwrap_or_else(|| Lineage {
            portfolio_snapshot_id: Text::default(),
            market_data_snapshot_id: Text::default(),
            request_hash: String::new(),
            request_digest: String::new(),
            engine_version: env!("CARGO_PKG_VERSION"),
        })
    };
    Ok(AnalyzeResult {
        batch_run_id: format!("ra_{}", &digest[..16]),
        correlation_id: identity.correlation(),
        results,
        comparison_metrics: metrics,
        warnings: if failed.is_empty() { Vec::new() } else { vec!["PARTIAL_BATCH_FAILURE"] },
        failed_scenarios: failed,
        lineage,
    })
}

fn measured(result: &RebalanceResult) -> ScenarioMetrics {
    let trades = result.intents.iter().filter_map(|intent| match intent {
        Intent::Security(trade) => Some(trade.notional_base.amount),
        Intent::Fx(_) => None,
    });
    let amounts: Vec<Decimal> = trades.collect();
    ScenarioMetrics {
        status: result.status,
        security_intent_count: amounts.len(),
        gross_turnover_notional_base: Money {
            amount: amounts.iter().sum::<Decimal>().normalize(),
            currency: result.before.total_value.currency.clone(),
        },
    }
}

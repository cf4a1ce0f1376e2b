//! Portfolio targets: the closest weights to a model under hard rules, and the rebalance around them.
//!
//! | module | for |
//! | --- | --- |
//! | [`request`] | requests, read with the place of every fault; canonical form and digest |
//! | [`stage3`] | target weights: solver, heuristic, why there are none, both side by side |
//! | [`pipeline`] | valuation, universe, intents, currencies, rules: one pure function |
//! | [`reasons`] | the table of all codes |
//!
//! ```
//! use equipoise::targets::{Identity, simulate_json};
//!
//! let request = r#"{
//!   "portfolio_snapshot": {"portfolio_id": "pf", "base_currency": "USD",
//!     "cash_balances": [{"currency": "USD", "amount": "1000"}]},
//!   "market_data_snapshot": {"prices": [
//!     {"instrument_id": "TECH_A", "price": "100", "currency": "USD"},
//!     {"instrument_id": "BOND_B", "price": "100", "currency": "USD"}]},
//!   "model_portfolio": {"targets": [
//!     {"instrument_id": "TECH_A", "weight": "1"}, {"instrument_id": "BOND_B", "weight": "0"}]},
//!   "shelf_entries": [
//!     {"instrument_id": "TECH_A", "status": "APPROVED", "attributes": {"sector": "TECH"}},
//!     {"instrument_id": "BOND_B", "status": "APPROVED", "attributes": {"sector": "FI"}}],
//!   "options": {"target_method": "SOLVER", "single_position_max_weight": "0.4",
//!     "cash_band_min_weight": "0.5", "cash_band_max_weight": "0.5",
//!     "group_constraints": {"sector:TECH": {"max_weight": "0.3"}}}
//! }"#;
//! let result = simulate_json(request, &Identity::default())?;
//! assert!(result.contains(r#""status":"READY""#));
//! # Ok::<(), equipoise::error::InputError>(())
//! ```

mod json;
pub mod pipeline;
mod projection;
pub mod reasons;
pub mod request;
pub mod stage3;

/// The texts of requests and results: short ones, such as names of instruments, take no memory of their own.
pub use compact_str::CompactString as Text;

use crate::error::InputError;
pub use json::written;
use pipeline::{analyze, generate_targets, simulate};
use request::{AnalyzeRequest, Request};

/// What a caller wants to find again in the result. Nothing else of the result depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Becomes `lineage.request_hash`.
    pub idempotency_key: Option<String>,
    /// Becomes `correlation_id`.
    pub correlation_id: Option<String>,
}

impl Identity {
    fn correlation(&self) -> String {
        self.correlation_id.clone().unwrap_or_else(|| "c_none".into())
    }
}

/// [`simulate`] from JSON to JSON.
///
/// # Errors
/// As [`Request::from_json`] and [`simulate`].
pub fn simulate_json(request: &str, identity: &Identity) -> Result<String, InputError> {
    Ok(written(&simulate(&Request::from_json(request)?, identity)?))
}

/// [`generate_targets`] from JSON to JSON.
///
/// # Errors
/// As [`Request::from_json`] and [`generate_targets`].
pub fn targets_json(request: &str, identity: &Identity) -> Result<String, InputError> {
    Ok(written(&generate_targets(&Request::from_json(request)?, identity)?))
}

/// [`analyze`] from JSON to JSON.
///
/// # Errors
/// As [`AnalyzeRequest::from_json`].
pub fn analyze_json(request: &str, identity: &Identity) -> Result<String, InputError> {
    Ok(written(&analyze(&AnalyzeRequest::from_json(request)?, identity)?))
}

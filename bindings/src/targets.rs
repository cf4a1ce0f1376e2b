//! Portfolio targets and rebalances: one call for each request, JSON in and JSON out.

use equipoise::error::InputError;
use equipoise::targets::reasons::REASON_CODES;
use equipoise::targets::request::Options;
use equipoise::targets::{Identity, analyze_json, simulate_json, targets_json, written};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::errors::contained;

type Function = fn(&str, &Identity) -> std::result::Result<String, InputError>;

fn call(
    env: &Env,
    function: Function,
    request: &str,
    idempotency_key: Option<String>,
    correlation_id: Option<String>,
) -> Result<String> {
    contained(env, || Ok(function(request, &Identity { idempotency_key, correlation_id })?))
}

#[napi]
pub fn simulate_rebalance(
    env: &Env,
    request: String,
    idempotency_key: Option<String>,
    correlation_id: Option<String>,
) -> Result<String> {
    call(env, simulate_json, &request, idempotency_key, correlation_id)
}

#[napi]
pub fn rebalance_targets(
    env: &Env,
    request: String,
    idempotency_key: Option<String>,
    correlation_id: Option<String>,
) -> Result<String> {
    call(env, targets_json, &request, idempotency_key, correlation_id)
}

#[napi]
pub fn analyze_rebalance(
    env: &Env,
    request: String,
    idempotency_key: Option<String>,
    correlation_id: Option<String>,
) -> Result<String> {
    call(env, analyze_json, &request, idempotency_key, correlation_id)
}

/// The default options, as JSON.
#[napi]
pub fn rebalance_defaults() -> String {
    written(&Options::default())
}

/// The table of codes, as JSON.
#[napi]
pub fn rebalance_reason_codes() -> String {
    written(&REASON_CODES)
}

//! Portfolio targets and rebalances: one call for each request, JSON in and JSON out.

use equipoise::error::InputError;
use equipoise::targets::reasons::REASON_CODES;
use equipoise::targets::request::Options;
use equipoise::targets::{Identity, analyze_json, simulate_json, targets_json, written};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::errors::{Failure, caught, contained};

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

/// What to run.
#[napi(string_enum = "camelCase")]
pub enum RebalanceRun {
    Simulate,
    Targets,
    Analyze,
}

/// A run on a thread of libuv's pool: JavaScript's thread answers other requests meanwhile.
pub struct RunTask {
    function: Function,
    request: Vec<u8>,
    identity: Identity,
}

impl Task for RunTask {
    type Output = std::result::Result<String, Failure>;
    type JsValue = Buffer;

    fn compute(&mut self) -> Result<Self::Output> {
        Ok(caught(|| {
            // Bytes that are no UTF-8 are replaced, as they are where JavaScript makes a text of a body.
            let request = String::from_utf8_lossy(&self.request);
            Ok((self.function)(&request, &self.identity)?)
        }))
    }

    fn resolve(&mut self, env: Env, output: Self::Output) -> Result<Buffer> {
        output.map(|json| json.into_bytes().into()).map_err(|failure| failure.into_js(&env))
    }
}

/// The result of a request that is given in bytes, in bytes.
#[napi(ts_return_type = "Promise<Buffer>")]
pub fn run_rebalance(
    run: RebalanceRun,
    request: &[u8],
    idempotency_key: Option<String>,
    correlation_id: Option<String>,
) -> AsyncTask<RunTask> {
    let function = match run {
        RebalanceRun::Simulate => simulate_json,
        RebalanceRun::Targets => targets_json,
        RebalanceRun::Analyze => analyze_json,
    };
    let identity = Identity { idempotency_key, correlation_id };
    AsyncTask::new(RunTask { function, request: request.to_vec(), identity })
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

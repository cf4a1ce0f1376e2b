//! Portfolio targets and rebalances: one call for each request, JSON in and JSON out.

use std::sync::OnceLock;

use equipoise::error::InputError;
use equipoise::targets::reasons::REASON_CODES;
use equipoise::targets::request::Options;
use equipoise::targets::{Identity, analyze_json, simulate_json, targets_json, written};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::errors::{caught, contained};

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

/// One thread for each processor: more would only keep JavaScript's thread from its turn, and libuv's pool has files to read.
fn runners() -> Result<&'static rayon::ThreadPool> {
    static RUNNERS: OnceLock<Option<rayon::ThreadPool>> = OnceLock::new();
    let build = || rayon::ThreadPoolBuilder::new().thread_name(|i| format!("equipoise-run-{i}")).build().ok();
    RUNNERS.get_or_init(build).as_ref().ok_or_else(|| Error::from_reason("no thread could be started"))
}

/// The result of a request that is given in bytes: written into `place`, and the promise is of how many bytes it takes there; if it is
/// longer, the promise is of a buffer of its own. Runs take place on threads of their own, so that JavaScript's answers other requests
/// meanwhile.
#[napi(ts_return_type = "Promise<number | Buffer>")]
pub fn run_rebalance<'env>(
    env: &'env Env,
    run: RebalanceRun,
    request: &[u8],
    idempotency_key: Option<String>,
    correlation_id: Option<String>,
    mut place: Buffer,
) -> Result<Object<'env>> {
    type Written = Either<u32, Buffer>;
    type Resolver = Box<dyn FnOnce(Env) -> Result<Written> + Send>;
    let function: Function = match run {
        RebalanceRun::Simulate => simulate_json,
        RebalanceRun::Targets => targets_json,
        RebalanceRun::Analyze => analyze_json,
    };
    let identity = Identity { idempotency_key, correlation_id };
    let request = request.to_vec();
    let runners = runners()?;
    let (deferred, promise) = env.create_deferred::<Written, Resolver>()?;
    runners.spawn(move || {
        let outcome = caught(|| {
            // Bytes that are no UTF-8 are replaced, as they are where JavaScript makes a text of a body.
            let request = String::from_utf8_lossy(&request);
            Ok(function(&request, &identity)?)
        });
        // On JavaScript's thread, which alone may write where it reads.
        deferred.resolve(Box::new(move |env| match outcome {
            Ok(json) => match place.get_mut(..json.len()) {
                Some(place) => {
                    place.copy_from_slice(json.as_bytes());
                    Ok(Either::A(json.len() as u32))
                }
                None => Ok(Either::B(json.into_bytes().into())),
            },
            Err(failure) => Err(failure.into_js(&env)),
        }));
    });
    Ok(promise)
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

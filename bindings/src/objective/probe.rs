//! The boundary alone, without a solver: for its tests and its benchmark.

use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::control::CancelToken;
use crate::errors::Failure;
use crate::objective::callback::Dispatch;
use crate::objective::direct;
use crate::objective::message::{Evaluate, NoReply};
use crate::objective::session::{Session, start};
use equipoise::control::CancelFlag;

/// What the evaluations came to.
#[napi(object)]
pub struct Probed {
    /// Sum of the numbers of all records.
    pub sum: f64,
    /// Number of records.
    pub records: u32,
    /// Reasons of rejected points.
    pub rejected: Vec<String>,
    pub stopped: bool,
}

/// Asks `times` times for kind k at x with x[0] = k, k the number of the question.
fn probe(
    evaluate: &dyn Evaluate,
    cancel: &CancelFlag,
    mut x: Vec<f64>,
    times: u32,
    panic_at: Option<u32>,
) -> Probed {
    let mut probed = Probed { sum: 0.0, records: 0, rejected: Vec::new(), stopped: false };
    for k in 0..times {
        assert!(panic_at != Some(k), "deliberate panic at {k}");
        if cancel.is_cancelled() {
            probed.stopped = true;
            break;
        }
        x[0] = f64::from(k);
        match evaluate.evaluate(k, [&x, &[], &[f64::from(k)]]) {
            Ok(mut reply) => {
                probed.sum += reply.number().unwrap_or(f64::NAN);
                probed.sum += reply.vector().map_or(0.0, |vector| vector.iter().sum::<f64>());
                probed.records += 1;
            }
            Err(NoReply::Rejected(reason)) => probed.rejected.push(reason),
            Err(NoReply::Stopped) => {
                probed.stopped = true;
                break;
            }
        }
    }
    probed
}

/// The records are a number and an optional vector.
#[napi(js_name = "__evaluateForTest")]
pub fn evaluate_for_test(
    env: &Env,
    dispatch: Dispatch<'_>,
    x: Float64ArraySlice<'_>,
    times: u32,
    panic_at: Option<u32>,
) -> Result<Probed> {
    let never = CancelFlag::default();
    direct::run(env, &dispatch, |evaluate| {
        Ok::<_, Failure>(probe(&*evaluate, &never, x.to_vec(), times, panic_at))
    })
}

/// The same on a thread of its own.
#[napi(js_name = "__startForTest")]
pub fn start_for_test(
    env: &Env,
    dispatch: Dispatch<'_>,
    wake: Function<'_, (), ()>,
    token: &CancelToken,
    x: Float64ArraySlice<'_>,
    times: u32,
    panic_at: Option<u32>,
) -> Result<Session> {
    let (x, cancel) = (x.to_vec(), token.flag());
    start(env, &dispatch, &wake, move |evaluate| Ok(probe(&*evaluate, &cancel, x, times, panic_at)))
}

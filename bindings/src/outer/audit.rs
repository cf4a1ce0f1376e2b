//! The audit of a gradient, coordinate by coordinate, on JavaScript's thread or on its own.

use std::sync::Arc;

use equipoise::outer::{GradientAudit, ObjectiveError, audit_gradient};
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde::Serialize;

use crate::convert::Plain;
use crate::errors::{Failure, contained};
use crate::objective::callback::Dispatch;
use crate::objective::direct;
use crate::objective::message::Evaluate;
use crate::objective::session::{Session, start};
use crate::outer::objective::{JsObjective, NativeOuterHooks, Stopped};
use crate::outer::options::{Configured, NativeOuterOptions};

/// How an audit ended.
#[derive(Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Audited {
    Audit {
        audit: GradientAudit,
    },
    /// Something of the user's ended it; the façade has it.
    Stopped,
    /// A point of the differences was rejected, or the gradient has another length.
    Failed {
        message: String,
    },
}

/// All that an audit takes to its thread.
struct Audit {
    configured: Configured,
    hooks: NativeOuterHooks,
    theta: Vec<f64>,
    step: f64,
}

impl Audit {
    fn run(self, evaluate: Arc<dyn Evaluate>) -> std::result::Result<Plain<Audited>, Failure> {
        let mut objective = JsObjective::new(evaluate, &self.configured, self.hooks);
        Ok(Plain(match audit_gradient(&mut objective, &self.theta, self.step) {
            Ok(audit) => Audited::Audit { audit },
            Err(ObjectiveError::Abort(source)) if source.is::<Stopped>() => Audited::Stopped,
            Err(error) => Audited::Failed { message: error.to_string() },
        }))
    }
}

fn valid(env: &Env, options: NativeOuterOptions) -> Result<Configured> {
    contained(env, || {
        let configured = options.into_problem()?;
        configured.problem.validate()?;
        Ok(configured)
    })
}

/// Audits on this thread. `theta` has as many numbers as the options say; `step` is positive.
#[napi(ts_return_type = "object")]
pub fn audit_outer_gradient_sync(
    env: &Env,
    dispatch: Dispatch<'_>,
    options: NativeOuterOptions,
    hooks: NativeOuterHooks,
    theta: Float64Array,
    step: f64,
) -> Result<Plain<Audited>> {
    let audit = Audit { configured: valid(env, options)?, hooks, theta: theta.to_vec(), step };
    direct::run(env, &dispatch, |evaluate| audit.run(evaluate))
}

/// Starts an audit on a thread of its own.
#[napi]
pub fn audit_outer_gradient_start(
    env: &Env,
    dispatch: Dispatch<'_>,
    wake: Function<'_, (), ()>,
    options: NativeOuterOptions,
    hooks: NativeOuterHooks,
    theta: Float64Array,
    step: f64,
) -> Result<Session> {
    let audit = Audit { configured: valid(env, options)?, hooks, theta: theta.to_vec(), step };
    start(env, &dispatch, &wake, move |evaluate| audit.run(evaluate))
}

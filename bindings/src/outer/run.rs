//! Runs of the outer optimiser, on JavaScript's thread or on their own.

use std::sync::Arc;

use equipoise::control::Control;
use equipoise::error::InputError;
use equipoise::outer::{OuterError, OuterEvent, OuterResult, SeedFailure};
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde::Serialize;

use crate::control::CancelToken;
use crate::convert::Plain;
use crate::errors::{Failure, contained};
use crate::objective::callback::Dispatch;
use crate::objective::direct;
use crate::objective::message::Evaluate;
use crate::objective::notices::Notices;
use crate::objective::session::{Session, start};
use crate::outer::objective::{JsObjective, NativeOuterHooks, Stopped};
use crate::outer::options::{Configured, NativeOuterOptions};

/// How a run ended, for the façade to return or throw.
#[derive(Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Ended {
    /// With a result.
    Result { result: Box<OuterResult> },
    /// Something of the user's ended it; the façade has it.
    Stopped { best: Option<Box<OuterResult>> },
    /// Without a result, for a reason of the objective's.
    Failed {
        code: &'static str,
        message: String,
        best: Option<Box<OuterResult>>,
        seeds: Option<Box<SeedFailure>>,
        lowest: Option<(Vec<f64>, f64)>,
    },
}

impl Ended {
    pub fn of(outcome: std::result::Result<OuterResult, OuterError>) -> std::result::Result<Self, Failure> {
        let failed = |code, message, best| Self::Failed { code, message, best, seeds: None, lowest: None };
        Ok(match outcome {
            Ok(result) => Self::Result { result: Box::new(result) },
            Err(OuterError::Input(error)) => return Err(error.into()),
            Err(OuterError::Aborted { source, best }) if source.is::<Stopped>() => Self::Stopped { best },
            Err(OuterError::Aborted { source, best }) => failed("objective", source.to_string(), best),
            Err(OuterError::Objective { message, best }) => failed("objective", message, best),
            Err(OuterError::Seeds { failure, lowest }) => Self::Failed {
                code: "seeds",
                message: failure.to_string(),
                best: None,
                seeds: Some(failure),
                lowest,
            },
            Err(OuterError::Plan(error)) => failed("no_plan", error.to_string(), None),
            Err(error @ OuterError::Cancelled) => failed("cancelled", error.to_string(), None),
        })
    }
}

/// What tells the façade's listeners of events; none if nobody listens.
pub fn observer(notices: &Notices) -> Option<impl Fn(&OuterEvent) + Send + Sync + 'static> {
    let (iterations, events) = (notices.iterations(), notices.events());
    (iterations.is_some() || events.is_some()).then_some(move |event: &OuterEvent| {
        if let (OuterEvent::Iteration(record), Some(queue)) = (event, &iterations) {
            queue.iteration(record.clone());
        }
        if let Some(queue) = &events {
            queue.event(event.clone());
        }
    })
}

/// All that a run takes to its thread.
struct Run {
    configured: Configured,
    hooks: NativeOuterHooks,
    control: Control,
}

impl Run {
    fn new(
        options: NativeOuterOptions,
        hooks: NativeOuterHooks,
        notices: &Notices,
        token: &CancelToken,
    ) -> std::result::Result<Self, InputError> {
        let mut configured = options.into_problem()?;
        configured.problem.validate()?;
        if let Some(observer) = observer(notices) {
            configured.problem = configured.problem.with_observer(observer);
        }
        let mut control = Control::default().with_cancel(token.flag());
        control.start_clock(configured.time_limit_seconds);
        Ok(Self { configured, hooks, control })
    }

    fn run(self, evaluate: Arc<dyn Evaluate>) -> std::result::Result<Plain<Ended>, Failure> {
        let Configured { problem, context, .. } = &self.configured;
        let mut objective = JsObjective::new(evaluate, &self.configured, self.hooks);
        Ended::of(problem.run(&mut objective, context, &self.control)).map(Plain)
    }
}

/// Runs on this thread.
#[napi(ts_return_type = "object")]
pub fn minimize_outer_sync(
    env: &Env,
    dispatch: Dispatch<'_>,
    options: NativeOuterOptions,
    hooks: NativeOuterHooks,
    notices: &Notices,
) -> Result<Plain<Ended>> {
    let run = contained(env, || Ok(Run::new(options, hooks, notices, &CancelToken::default())?))?;
    direct::run(env, &dispatch, |evaluate| run.run(evaluate))
}

/// Starts a run on a thread of its own.
#[napi]
pub fn minimize_outer_start(
    env: &Env,
    dispatch: Dispatch<'_>,
    wake: Function<'_, (), ()>,
    options: NativeOuterOptions,
    hooks: NativeOuterHooks,
    notices: &Notices,
    token: &CancelToken,
) -> Result<Session> {
    let run = contained(env, || Ok(Run::new(options, hooks, notices, token)?))?;
    start(env, &dispatch, &wake, move |evaluate| run.run(evaluate))
}

/// Checks options alone.
#[napi]
pub fn check_outer_options(env: &Env, options: NativeOuterOptions) -> Result<()> {
    contained(env, || Ok(options.into_problem()?.problem.validate()?))
}

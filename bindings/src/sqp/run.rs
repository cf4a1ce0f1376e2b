//! Runs of the constrained solver, on JavaScript's thread or on their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use equipoise::control::{CancelFlag, Control};
use equipoise::error::{InputCode, InputError};
use equipoise::sqp::diagnostics::{Artifact, DiagnoseOptions, Registry, diagnose_with};
use equipoise::sqp::{
    IntervalRows, SqpCounters, SqpError, SqpOptions, SqpProblem, SqpResult, SqpState, SqpStatus,
    StepObserver, StepSummary, minimize,
};
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde::Serialize;

use crate::control::CancelToken;
use crate::convert::{Plain, Sentences};
use crate::errors::{Failure, contained};
use crate::objective::callback::Dispatch;
use crate::objective::direct;
use crate::objective::message::Evaluate;
use crate::objective::notices::{Notices, Queue};
use crate::objective::session::{Session, start};
use crate::sqp::functions::{JsFunctions, NativeProvides};
use crate::sqp::problem::{LinearBlock, NativeSqpProblem, ProblemParts};

/// A result, and the multipliers of the user's rows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Solution {
    result: SqpResult,
    row_multipliers: Vec<f64>,
    /// The functions were stopped from JavaScript's side.
    stopped: bool,
}

/// A result with its explanation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    solution: Solution,
    /// JSON.
    report: String,
    text: String,
    /// Arrays behind the signals, by signal and name.
    artifacts: BTreeMap<String, BTreeMap<String, Artifact>>,
}

/// All that a run takes to its thread.
struct Run {
    problem: SqpProblem,
    rows: IntervalRows,
    linear: Vec<LinearBlock>,
    options: SqpOptions,
    provides: NativeProvides,
    control: Control,
    steps: Option<Queue>,
    events: Option<Queue>,
    /// Set by the functions when JavaScript stops the run; the caller's own flag is another.
    stopped: CancelFlag,
}

impl Run {
    fn new(
        problem: NativeSqpProblem,
        provides: NativeProvides,
        notices: &Notices,
        token: &CancelToken,
    ) -> std::result::Result<Self, InputError> {
        let ProblemParts { problem, rows, linear, options, time_limit_seconds } = problem.into_parts()?;
        let mut control = Control::default().with_cancel(token.flag());
        control.start_clock(time_limit_seconds);
        let (steps, events) = (notices.iterations(), notices.events());
        Ok(Self { problem, rows, linear, options, provides, control, steps, events, stopped: token.flag() })
    }

    fn functions(&mut self, evaluate: Arc<dyn Evaluate>) -> JsFunctions {
        JsFunctions {
            evaluate,
            provides: self.provides,
            rows: self.rows.clone(),
            linear: std::mem::take(&mut self.linear),
            cancel: self.stopped.clone(),
        }
    }

    fn run(mut self, evaluate: Arc<dyn Evaluate>) -> std::result::Result<Plain<Solution>, Failure> {
        let mut functions = self.functions(evaluate);
        let mut report = self.steps.take().map(|queue| {
            move |summary: &StepSummary, _: &SqpCounters, _: &SqpState| queue.iteration(*summary)
        });
        let observer = report.as_mut().map(|report| report as &mut dyn StepObserver);
        let solve = || minimize(&self.problem, &mut functions, &self.options, observer, &self.control);
        let result = Queue::with_events(self.events.clone(), solve).map_err(failure)?;
        Ok(Plain(self.solution(result)))
    }

    /// The run, and why it ended as it did.
    fn diagnose(
        mut self,
        evaluate: Arc<dyn Evaluate>,
        options: DiagnoseOptions,
    ) -> std::result::Result<Plain<Explained>, Failure> {
        let mut functions = self.functions(evaluate);
        let registry = Registry::default();
        let solve = || {
            diagnose_with(&self.problem, &mut functions, &self.options, &registry, &options, &self.control)
        };
        let found = Queue::with_events(self.events.clone(), solve).map_err(failure)?;
        Ok(Plain(Explained {
            report: found.report.json(),
            text: found.report.text(),
            artifacts: found.signals.into_iter().map(|signal| (signal.name, signal.artifacts)).collect(),
            solution: self.solution(found.result),
        }))
    }

    /// The result in the user's rows; a run that JavaScript stopped was cancelled.
    fn solution(&self, mut result: SqpResult) -> Solution {
        let stopped = self.stopped.is_cancelled();
        if stopped && result.status != SqpStatus::Converged {
            result.status = SqpStatus::Cancelled;
            result.message = SqpStatus::Cancelled.sentence().to_owned();
        }
        let row_multipliers = self.rows.gather(&result.equality_multipliers, &result.inequality_multipliers);
        Solution { result, row_multipliers, stopped }
    }
}

fn failure(error: SqpError) -> Failure {
    match error {
        SqpError::Input(error) => error.into(),
        // The functions of JavaScript return none.
        SqpError::User(error) => Failure::Panic(error.to_string()),
    }
}

/// Runs on this thread.
#[napi(ts_return_type = "object")]
pub fn minimize_sqp_sync(
    env: &Env,
    dispatch: Dispatch<'_>,
    problem: NativeSqpProblem,
    provides: NativeProvides,
    notices: &Notices,
) -> Result<Plain<Solution>> {
    let run = contained(env, || Ok(Run::new(problem, provides, notices, &CancelToken::default())?))?;
    direct::run(env, &dispatch, |evaluate| run.run(evaluate))
}

/// Starts a run on a thread of its own.
#[napi]
pub fn minimize_sqp_start(
    env: &Env,
    dispatch: Dispatch<'_>,
    wake: Function<'_, (), ()>,
    problem: NativeSqpProblem,
    provides: NativeProvides,
    notices: &Notices,
    token: &CancelToken,
) -> Result<Session> {
    let run = contained(env, || Ok(Run::new(problem, provides, notices, token)?))?;
    start(env, &dispatch, &wake, move |evaluate| run.run(evaluate))
}

/// Runs on this thread and explains; `diagnose` is JSON.
#[napi(ts_return_type = "object")]
pub fn diagnose_sqp_sync(
    env: &Env,
    dispatch: Dispatch<'_>,
    problem: NativeSqpProblem,
    provides: NativeProvides,
    diagnose: String,
    notices: &Notices,
) -> Result<Plain<Explained>> {
    let (run, options) = contained(env, || {
        Ok((Run::new(problem, provides, notices, &CancelToken::default())?, diagnose_options(&diagnose)?))
    })?;
    direct::run(env, &dispatch, |evaluate| run.diagnose(evaluate, options))
}

/// Starts a run with an explanation on a thread of its own.
#[napi]
pub fn diagnose_sqp_start(
    env: &Env,
    dispatch: Dispatch<'_>,
    wake: Function<'_, (), ()>,
    problem: NativeSqpProblem,
    provides: NativeProvides,
    diagnose: String,
    notices: &Notices,
    token: &CancelToken,
) -> Result<Session> {
    let (run, options) =
        contained(env, || Ok((Run::new(problem, provides, notices, token)?, diagnose_options(&diagnose)?)))?;
    start(env, &dispatch, &wake, move |evaluate| run.diagnose(evaluate, options))
}

fn diagnose_options(json: &str) -> std::result::Result<DiagnoseOptions, InputError> {
    let fault = |error: serde_json::Error| {
        InputError::new(InputCode::UnknownField, "diagnose", "options of a diagnosis", error.to_string())
    };
    serde_json::from_str(json).map_err(fault)
}

/// Every option with its default.
#[napi(ts_return_type = "object")]
pub fn sqp_defaults() -> Plain<SqpOptions> {
    Plain(SqpOptions::default())
}

/// Every status with its sentence.
#[napi(ts_return_type = "Record<string, string>")]
pub fn sqp_status_sentences() -> Plain<Sentences> {
    Plain(SqpStatus::ALL.iter().map(|status| (status.as_str(), status.sentence())).collect())
}

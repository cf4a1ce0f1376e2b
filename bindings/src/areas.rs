//! Areas: a batch on threads of its own, from which JavaScript takes one result after the other.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use equipoise::control::CancelFlag;
use equipoise::error::InputError;
use equipoise::reweight::ReweightProblem;
use equipoise::reweight::areas::{
    Area, AreaResult, AreaStatus, AreasOptions, AreasSummary, Exhaustion, TargetDrop, digest_of_areas,
};
use equipoise::reweight::bands::TargetSelector;
use napi::JsDeferred;
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;
use serde::Serialize;

use crate::bands::{NativeBand, NativeBandOverride, band_overrides};
use crate::control::{CancelToken, Channel, Listener};
use crate::convert::{Plain, Sentences};
use crate::errors::{Failure, caught, contained};
use crate::form::{AnySolution, NativeForm};
use crate::problem::{NativeBounds, NativeReweightProblem};

/// Targets to leave out.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeDrop {
    #[napi(js_name = "match")]
    pub pattern: String,
    pub optional: bool,
}

/// What is null is as in the problem.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeArea {
    pub key: String,
    pub weight_scale: Option<f64>,
    /// NaN leaves the target out.
    pub totals: Option<Float64Array>,
    pub drop: Vec<NativeDrop>,
    pub band: Option<NativeBand>,
    pub overrides: Vec<NativeBandOverride>,
    pub bounds: Option<NativeBounds>,
    pub records: Option<Uint32Array>,
}

/// What is null keeps its default.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeAreasOptions {
    pub form: NativeForm,
    pub threads: Option<u32>,
    pub exhaustion_cap: Option<f64>,
    pub max_rounds: Option<u32>,
    pub miss_tolerance: Option<f64>,
}

#[napi]
impl NativeReweightProblem {
    /// Checks the whole batch and starts it.
    #[napi]
    pub fn solve_areas(
        &self,
        env: &Env,
        areas: Vec<NativeArea>,
        options: NativeAreasOptions,
        token: &CancelToken,
        #[napi(ts_arg_type = "((progress: object) => void) | null")] on_progress: Option<
            Listener<'_, AreaProgress>,
        >,
    ) -> Result<NativeAreasRun> {
        let progress = on_progress.as_ref().map(Channel::new).transpose()?;
        let (problem, areas, options) = contained(env, || {
            let problem = self.problem()?;
            let options = options.into_options()?;
            let areas = areas
                .into_iter()
                .enumerate()
                .map(|(index, area)| area.into_area(index, problem.num_records()))
                .collect::<std::result::Result<Vec<_>, _>>()?;
            problem.check_areas(&areas, &options)?;
            Ok((problem, areas, options))
        })?;
        let run = NativeAreasRun { exchange: Arc::default(), cancel: token.flag() };
        let batch = Batch { problem, areas, options, progress, cancel: token.flag() };
        let exchange = run.exchange.clone();
        thread::Builder::new()
            .name("equipoise-areas".into())
            .spawn(move || {
                let outcome = caught(|| batch.solve(&exchange));
                exchange.finish(outcome);
            })
            .map_err(|error| Error::from_reason(format!("no thread could be started: {error}")))?;
        Ok(run)
    }
}

/// All that a batch takes to its thread.
struct Batch {
    problem: Arc<ReweightProblem>,
    areas: Vec<Area>,
    options: AreasOptions,
    progress: Option<Channel<AreaProgress>>,
    cancel: CancelFlag,
}

/// What is known of the batch when an area ends.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AreaProgress {
    key: String,
    status: AreaStatus,
    round: u32,
    /// Areas that ended in this round, this one included.
    done: usize,
    /// Areas of the batch.
    total: usize,
    seconds: f64,
}

impl Batch {
    fn solve(&self, exchange: &Exchange) -> std::result::Result<AreasSummary, Failure> {
        let (mut round, mut done) = (0, 0);
        Ok(self.problem.solve_areas(&self.areas, &self.options, &self.cancel, |result| {
            if result.round > round {
                (round, done) = (result.round, 0);
            }
            done += 1;
            if let Some(channel) = &self.progress {
                channel.send(AreaProgress {
                    key: result.key.clone(),
                    status: result.status,
                    round,
                    done,
                    total: self.areas.len(),
                    seconds: result.seconds,
                });
            }
            exchange.hand_over(result)
        })?)
    }
}

type Deferred<T> = JsDeferred<T, Box<dyn FnOnce(Env) -> Result<T> + Send>>;

/// Where the batch waits for JavaScript to ask for the next result: no more results are finished than the batch has threads.
#[derive(Default)]
struct Exchange {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Promises of results, in the order in which they were asked for.
    asked: VecDeque<Deferred<Option<AreaSolution>>>,
    /// True if nobody wants the results any more, but the summary.
    discard: bool,
    /// True if the batch is to end.
    stopped: bool,
    /// The promise of the summary.
    summary: Option<Deferred<SummarySolution>>,
    /// Set at the end; taken by the promise of the summary.
    outcome: Option<std::result::Result<AreasSummary, Failure>>,
    finished: bool,
}

impl Exchange {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until JavaScript asks for a result, and hands this one over.
    fn hand_over(&self, result: AreaResult) -> ControlFlow<()> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return ControlFlow::Break(());
            }
            if state.discard {
                return ControlFlow::Continue(());
            }
            if let Some(deferred) = state.asked.pop_front() {
                deferred.resolve(Box::new(move |_| Ok(Some(AreaSolution(result)))));
                return ControlFlow::Continue(());
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn finish(&self, outcome: std::result::Result<AreasSummary, Failure>) {
        let mut state = self.lock();
        state.finished = true;
        for deferred in state.asked.drain(..) {
            deferred.resolve(Box::new(|_| Ok(None)));
        }
        match state.summary.take() {
            Some(deferred) => resolve_summary(deferred, outcome),
            None => state.outcome = Some(outcome),
        }
    }
}

fn resolve_summary(deferred: Deferred<SummarySolution>, outcome: std::result::Result<AreasSummary, Failure>) {
    deferred
        .resolve(Box::new(move |env| outcome.map(SummarySolution).map_err(|failure| failure.into_js(&env))));
}

/// A batch that is running. It ends when nobody holds it any more.
#[napi(custom_finalize)]
pub struct NativeAreasRun {
    exchange: Arc<Exchange>,
    cancel: CancelFlag,
}

#[napi]
impl NativeAreasRun {
    /// The next result; null after the last.
    #[napi(ts_return_type = "Promise<object | null>")]
    pub fn next<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let (deferred, promise) = env.create_deferred::<Option<AreaSolution>, _>()?;
        let deferred: Deferred<Option<AreaSolution>> = deferred;
        let mut state = self.exchange.lock();
        if state.finished {
            deferred.resolve(Box::new(|_| Ok(None)));
        } else {
            state.asked.push_back(deferred);
            self.exchange.changed.notify_all();
        }
        Ok(promise)
    }

    /// The summary, when the batch has ended. To be called once.
    #[napi(ts_return_type = "Promise<object>")]
    pub fn summary<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let (deferred, promise) = env.create_deferred::<SummarySolution, _>()?;
        let deferred: Deferred<SummarySolution> = deferred;
        let mut state = self.exchange.lock();
        match state.outcome.take() {
            Some(outcome) => resolve_summary(deferred, outcome),
            None => state.summary = Some(deferred),
        }
        Ok(promise)
    }

    /// Lets the batch run to its end without handing results over.
    #[napi]
    pub fn discard(&self) {
        self.exchange.lock().discard = true;
        self.exchange.changed.notify_all();
    }

    /// Ends the batch: what is running ends at its next iteration.
    #[napi]
    pub fn stop(&self) {
        self.cancel.cancel();
        self.exchange.lock().stopped = true;
        self.exchange.changed.notify_all();
    }
}

impl ObjectFinalize for NativeAreasRun {
    fn finalize(self, _: Env) -> Result<()> {
        self.stop();
        Ok(())
    }
}

impl NativeArea {
    fn into_area(self, index: usize, num_records: usize) -> std::result::Result<Area, InputError> {
        let default = Area::new(self.key);
        let records = self.records.map(|records| records.to_vec());
        let num_records = records.as_ref().map_or(num_records, Vec::len);
        let total = |total: &f64| Some(*total).filter(|total| !total.is_nan());
        let drop = |drop: NativeDrop| TargetDrop {
            targets: TargetSelector::Pattern(drop.pattern),
            optional: drop.optional,
        };
        Ok(Area {
            weight_scale: self.weight_scale.unwrap_or(default.weight_scale),
            totals: self.totals.map(|totals| totals.iter().map(total).collect()),
            drop: self.drop.into_iter().map(drop).collect(),
            band: self.band.map(NativeBand::into_band),
            overrides: band_overrides(self.overrides)
                .map_err(|error| InputError { path: format!("areas[{index}].{}", error.path), ..error })?,
            bounds: self.bounds.map(|bounds| bounds.into_bounds(num_records)),
            records,
            ..default
        })
    }
}

impl NativeAreasOptions {
    fn into_options(self) -> std::result::Result<AreasOptions, InputError> {
        let default = AreasOptions::default();
        let name = match &self.form {
            NativeForm { bands: Some(_), .. } => "bands",
            NativeForm { calibration: Some(_), .. } => "calibration",
            _ => "penalty",
        };
        let within = |error: InputError| InputError { path: format!("{name}.{}", error.path), ..error };
        Ok(AreasOptions {
            form: self.form.into_form().map_err(within)?,
            threads: self.threads.map_or(default.threads, |threads| threads as usize),
            exhaustion_cap: self.exhaustion_cap.or(default.exhaustion_cap),
            max_rounds: self.max_rounds.unwrap_or(default.max_rounds),
            miss_tolerance: self.miss_tolerance.unwrap_or(default.miss_tolerance),
        })
    }
}

/// A result on its way to JavaScript.
pub struct AreaSolution(AreaResult);

#[derive(Serialize)]
struct PlainArea<'a> {
    index: usize,
    key: &'a str,
    round: u32,
    status: AreaStatus,
    message: &'a str,
    seconds: f64,
    error: Option<PlainError<'a>>,
}

#[derive(Serialize)]
struct PlainError<'a> {
    code: &'static str,
    path: &'a str,
    expected: &'a str,
    received: &'a str,
}

impl ToNapiValue for AreaSolution {
    unsafe fn to_napi_value(env: sys::napi_env, Self(area): Self) -> Result<sys::napi_value> {
        let error = area.error.as_ref().map(|error| PlainError {
            code: error.code.as_str(),
            path: &error.path,
            expected: &error.expected,
            received: &error.received,
        });
        let plain = PlainArea {
            index: area.index,
            key: &area.key,
            round: area.round,
            status: area.status,
            message: &area.message,
            seconds: area.seconds,
            error,
        };
        let mut object = Object::from_raw(env, Env::from_raw(env).to_js_value(&plain)?.raw());
        object.set_named_property("targets", Uint32Array::new(area.targets.to_vec()))?;
        object.set_named_property("upperBounds", area.upper_bounds.map(Float64Array::new))?;
        object.set_named_property("result", area.answer.map(AnySolution))?;
        Ok(object.raw())
    }
}

/// A summary on its way to JavaScript.
pub struct SummarySolution(AreasSummary);

impl ToNapiValue for SummarySolution {
    unsafe fn to_napi_value(env: sys::napi_env, Self(mut summary): Self) -> Result<sys::napi_value> {
        let by_record = std::mem::take(&mut summary.exhaustion_by_record);
        let mut object = Object::from_raw(env, Env::from_raw(env).to_js_value(&summary)?.raw());
        object.set_named_property("exhaustionByRecord", Float64Array::new(by_record))?;
        Ok(object.raw())
    }
}

/// Exhaustion by weights from anywhere, such as files of an earlier run.
#[napi]
pub struct NativeExhaustion {
    design_weights: Vec<f64>,
    sums: Exhaustion,
}

#[napi]
impl NativeExhaustion {
    #[napi(constructor)]
    pub fn new(env: Env, design_weights: Float64ArraySlice<'_>) -> Result<Self> {
        contained(&env, || {
            let sums = Exhaustion::new(&design_weights)?;
            Ok(Self { design_weights: design_weights.to_vec(), sums })
        })
    }

    #[napi]
    pub fn add(
        &mut self,
        env: &Env,
        weights: Float64ArraySlice<'_>,
        records: Option<Uint32ArraySlice<'_>>,
    ) -> Result<()> {
        contained(env, || Ok(self.sums.add(&self.design_weights, &weights, records.as_deref())?))
    }

    #[napi(ts_return_type = "object")]
    pub fn table(
        &self,
        env: &Env,
        cap: Option<f64>,
    ) -> Result<Plain<equipoise::reweight::areas::ExhaustionTable>> {
        contained(env, || Ok(Plain(self.sums.table(cap))))
    }

    #[napi]
    pub fn values(&self) -> Float64Array {
        Float64Array::new(self.sums.values())
    }
}

/// One digest over those of many areas, null where an area has none.
#[napi]
pub fn areas_digest(env: &Env, keys: Vec<String>, digests: Vec<Option<String>>) -> Result<String> {
    contained(env, || {
        let areas = keys.iter().map(String::as_str).zip(digests.iter().map(Option::as_deref));
        Ok(digest_of_areas(areas).to_string())
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    threads: usize,
    exhaustion_cap: Option<f64>,
    max_rounds: u32,
    miss_tolerance: f64,
}

/// The defaults of the options.
#[napi(ts_return_type = "object")]
pub fn areas_defaults(env: &Env) -> Result<Plain<Defaults>> {
    contained(env, || {
        let AreasOptions { threads, exhaustion_cap, max_rounds, miss_tolerance, .. } =
            AreasOptions::default();
        Ok(Plain(Defaults { threads, exhaustion_cap, max_rounds, miss_tolerance }))
    })
}

/// Every status with its sentence.
#[napi(ts_return_type = "Record<string, string>")]
pub fn area_status_sentences() -> Plain<Sentences> {
    Plain(AreaStatus::ALL.iter().map(|status| (status.as_str(), status.sentence())).collect())
}

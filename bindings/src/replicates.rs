//! Replicate weights: the batch, and standard errors from it.

use equipoise::control::Control;
use equipoise::error::{InputCode, InputError};
use equipoise::reweight::replicates::{
    Centre, MissingReplicates, Replicate, ReplicateBatch, Replication, StandardErrorOptions, StandardErrors,
    Statistic, standard_errors,
};
use equipoise::reweight::{Form, ReweightOptions};
use equipoise::status::Status;
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;
use ndarray::ArrayView1;
use serde::Serialize;

use crate::answer::to_object;
use crate::control::{CancelToken, Channel, Listener, on_own_thread};
use crate::convert::Plain;
use crate::errors::contained;
use crate::form::{AnySolution, NativeForm};
use crate::problem::NativeReweightProblem;

/// One replicate has ended.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicateProgress {
    index: usize,
    status: Status,
    num_replicates: usize,
}

#[napi]
impl NativeReweightProblem {
    #[napi(ts_return_type = "Promise<object>")]
    pub fn solve_replicates<'env>(
        &self,
        env: &'env Env,
        columns: Vec<Float64ArraySlice<'_>>,
        form: NativeForm,
        threads: Option<u32>,
        token: &CancelToken,
        #[napi(ts_arg_type = "((progress: object) => void) | null")] on_progress: Option<
            Listener<'_, ReplicateProgress>,
        >,
    ) -> Result<Object<'env>> {
        let channel = on_progress.as_ref().map(Channel::new).transpose()?;
        let control = Control::default().with_cancel(token.flag());
        let threads = threads.map_or(ReweightOptions::default().threads, |threads| threads as usize);
        let (problem, form): (_, Form) = contained(env, || Ok((self.problem()?, form.into_form()?)))?;
        let columns: Vec<Vec<f64>> = columns.iter().map(|column| column.to_vec()).collect();
        on_own_thread(env, move || {
            let done = |replicate: &Replicate| {
                if let Some(channel) = &channel {
                    channel.send(ReplicateProgress {
                        index: replicate.index,
                        status: replicate.status,
                        num_replicates: columns.len(),
                    });
                }
            };
            Ok(Batch(problem.solve_replicates(&columns, &form, threads, &control, &done)?))
        })
    }
}

/// All replicates.
pub struct Batch(ReplicateBatch);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchSummary {
    num_converged: usize,
    digest: String,
    threads: usize,
    seconds: f64,
}

impl ToNapiValue for Batch {
    unsafe fn to_napi_value(env: sys::napi_env, Self(batch): Self) -> Result<sys::napi_value> {
        let summary = BatchSummary {
            num_converged: batch.num_converged,
            digest: batch.digest.to_string(),
            threads: batch.threads,
            seconds: batch.seconds,
        };
        let mut object = Object::from_raw(env, to_object(env, &summary, [])?);
        let replicates: Vec<One> = batch.replicates.into_iter().map(One).collect();
        object.set_named_property("replicates", replicates)?;
        Ok(object.raw())
    }
}

/// One replicate.
struct One(Replicate);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneSummary<'a> {
    index: usize,
    status: Status,
    message: &'a str,
    num_records: usize,
    distance_bound: f64,
    largest_relative_error: f64,
    iterations: u32,
    digest: String,
    input_error: Option<PlainError<'a>>,
}

#[derive(Serialize)]
struct PlainError<'a> {
    code: &'static str,
    path: &'a str,
    expected: &'a str,
    received: &'a str,
}

impl<'a> PlainError<'a> {
    fn new(error: &'a InputError) -> Self {
        let InputError { code, path, expected, received } = error;
        Self { code: code.as_str(), path, expected, received }
    }
}

impl ToNapiValue for One {
    unsafe fn to_napi_value(env: sys::napi_env, Self(replicate): Self) -> Result<sys::napi_value> {
        let summary = OneSummary {
            index: replicate.index,
            status: replicate.status,
            message: &replicate.message,
            num_records: replicate.num_records,
            distance_bound: replicate.distance_bound,
            largest_relative_error: replicate.largest_relative_error,
            iterations: replicate.iterations,
            digest: replicate.digest.to_string(),
            input_error: replicate.input_error.as_ref().map(PlainError::new),
        };
        let vectors = [("weights", replicate.weights)];
        let mut object = Object::from_raw(env, to_object(env, &summary, vectors)?);
        match replicate.evidence {
            Some(answer) => object.set_named_property("evidence", AnySolution(answer))?,
            None => object.set_named_property("evidence", Null)?,
        }
        Ok(object.raw())
    }
}

/// What to estimate: a total, a mean, or a numerator with a denominator; the others are null.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeStatistic {
    pub name: String,
    pub total: Option<Float64Array>,
    pub mean: Option<Float64Array>,
    pub numerator: Option<Float64Array>,
    pub denominator: Option<Float64Array>,
}

/// What is null keeps its default; the method needs what its name says.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeStandardErrorOptions {
    pub method: String,
    pub coefficients: Option<Float64Array>,
    pub rho: Option<f64>,
    pub centre: Option<String>,
    pub confidence_level: Option<f64>,
    pub degrees_of_freedom: Option<f64>,
    pub missing: Option<String>,
}

/// Estimates with standard errors; a replicate that is null has no answer.
#[napi(js_name = "standardErrors", ts_return_type = "object")]
pub fn standard_errors_of(
    env: &Env,
    weights: Float64ArraySlice<'_>,
    replicates: Vec<Option<Float64Array>>,
    statistics: Vec<NativeStatistic>,
    options: NativeStandardErrorOptions,
) -> Result<Plain<StandardErrors>> {
    contained(env, || {
        let replicates: Vec<Option<ArrayView1<'_, f64>>> =
            replicates.iter().map(|r| r.as_ref().map(|values| ArrayView1::from(&values[..]))).collect();
        let statistics: Vec<Statistic> = statistics.into_iter().map(Statistic::from).collect();
        let weights = ArrayView1::from(&weights[..]);
        Ok(Plain(standard_errors(weights, &replicates, &statistics, &options.into_options()?)?))
    })
}

impl From<NativeStatistic> for Statistic {
    fn from(statistic: NativeStatistic) -> Self {
        let values = |array: Option<Float64Array>| array.map(|values| values.to_vec()).unwrap_or_default();
        match statistic {
            NativeStatistic { name, total: Some(total), .. } => Self::total(name, total.to_vec()),
            NativeStatistic { name, mean: Some(mean), .. } => Self::mean(name, mean.to_vec()),
            NativeStatistic { name, numerator, denominator, .. } => {
                Self::ratio(name, values(numerator), values(denominator))
            }
        }
    }
}

impl NativeStandardErrorOptions {
    fn into_options(self) -> std::result::Result<StandardErrorOptions, InputError> {
        let coefficients = self.coefficients.map(|values| values.to_vec());
        let default = StandardErrorOptions::new(Replication::named(&self.method, coefficients, self.rho)?);
        Ok(StandardErrorOptions {
            centre: self.centre.map_or(Ok(default.centre), |name| centre(&name))?,
            confidence_level: self.confidence_level.unwrap_or(default.confidence_level),
            degrees_of_freedom: self.degrees_of_freedom.or(default.degrees_of_freedom),
            missing: self.missing.map_or(Ok(default.missing), |name| missing(&name))?,
            method: default.method,
        })
    }
}

fn centre(name: &str) -> std::result::Result<Centre, InputError> {
    match name {
        "full_sample" => Ok(Centre::FullSample),
        "replicate_mean" => Ok(Centre::ReplicateMean),
        _ => Err(unknown("centre", "full_sample or replicate_mean", name)),
    }
}

fn missing(name: &str) -> std::result::Result<MissingReplicates, InputError> {
    match name {
        "refuse" => Ok(MissingReplicates::Refuse),
        "leave_out" => Ok(MissingReplicates::LeaveOut),
        _ => Err(unknown("missing", "refuse or leave_out", name)),
    }
}

fn unknown(path: &str, expected: &str, name: &str) -> InputError {
    InputError::new(InputCode::OutOfRange, path, expected, format!("{name:?}"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    centre: Centre,
    confidence_level: f64,
    degrees_of_freedom: Option<f64>,
    missing: MissingReplicates,
}

/// The defaults of the options of standard errors, whatever the method.
#[napi(ts_return_type = "object")]
pub fn standard_error_defaults(env: &Env) -> Result<Plain<Defaults>> {
    contained(env, || {
        let default = StandardErrorOptions::new(Replication::Jk1);
        Ok(Plain(Defaults {
            centre: default.centre,
            confidence_level: default.confidence_level,
            degrees_of_freedom: default.degrees_of_freedom,
            missing: default.missing,
        }))
    })
}

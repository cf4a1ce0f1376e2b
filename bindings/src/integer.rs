//! Integer weights.

use equipoise::error::InputError;
use equipoise::reweight::integer::{
    IntegerOptions, IntegerStatus, IntegerTarget, IntegerWeights, RoundingMethod,
};
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;
use ndarray::ArrayView1;
use serde::Serialize;

use crate::answer::to_object;
use crate::control::on_own_thread;
use crate::convert::{Plain, Sentences};
use crate::errors::contained;
use crate::problem::NativeReweightProblem;

/// What is null keeps its default. The seed is a whole number below 2⁵³.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeIntegerOptions {
    pub method: Option<String>,
    pub cells: Option<Uint32Array>,
    pub max_total_error: Option<f64>,
    pub seed: Option<f64>,
}

#[napi]
impl NativeReweightProblem {
    #[napi(ts_return_type = "Promise<object>")]
    pub fn integer_weights<'env>(
        &self,
        env: &'env Env,
        weights: Float64ArraySlice<'_>,
        options: NativeIntegerOptions,
    ) -> Result<Object<'env>> {
        let (problem, options) = contained(env, || Ok((self.problem()?, options.into_options()?)))?;
        let weights = weights.to_vec();
        on_own_thread(env, move || {
            Ok(Rounded(problem.integer_weights(ArrayView1::from(&weights), &options)?))
        })
    }
}

impl NativeIntegerOptions {
    fn into_options(self) -> std::result::Result<IntegerOptions, InputError> {
        let default = IntegerOptions::default();
        Ok(IntegerOptions {
            method: self.method.map_or(Ok(default.method), |name| name.parse())?,
            cells: self.cells.map(|cells| cells.to_vec()),
            max_total_error: self.max_total_error.unwrap_or(default.max_total_error),
            seed: self.seed.map_or(default.seed, |seed| seed as u64),
        })
    }
}

/// Integers with their evidence.
pub struct Rounded(IntegerWeights);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    status: IntegerStatus,
    message: &'a str,
    method: RoundingMethod,
    targets: &'a [IntegerTarget],
    worst_target: usize,
    num_cells: usize,
    largest_cell_error: f64,
    sum_before: f64,
    sum_after: f64,
    num_rounded: usize,
    digest: String,
    seconds: f64,
}

impl ToNapiValue for Rounded {
    unsafe fn to_napi_value(env: sys::napi_env, Self(rounded): Self) -> Result<sys::napi_value> {
        let summary = Summary {
            status: rounded.status,
            message: &rounded.message,
            method: rounded.method,
            targets: &rounded.targets,
            worst_target: rounded.worst_target,
            num_cells: rounded.num_cells,
            largest_cell_error: rounded.largest_cell_error,
            sum_before: rounded.sum_before,
            sum_after: rounded.sum_after,
            num_rounded: rounded.num_rounded,
            digest: rounded.digest.to_string(),
            seconds: rounded.seconds,
        };
        let mut object = Object::from_raw(env, to_object(env, &summary, [])?);
        object.set_named_property("weights", Uint32Array::new(rounded.weights))?;
        Ok(object.raw())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    method: RoundingMethod,
    max_total_error: f64,
    seed: u64,
}

/// The defaults of the options.
#[napi(ts_return_type = "object")]
pub fn integer_defaults(env: &Env) -> Result<Plain<Defaults>> {
    contained(env, || {
        let IntegerOptions { method, max_total_error, seed, .. } = IntegerOptions::default();
        Ok(Plain(Defaults { method, max_total_error, seed }))
    })
}

/// Every status with its sentence.
#[napi(ts_return_type = "Record<string, string>")]
pub fn integer_status_sentences() -> Plain<Sentences> {
    Plain(IntegerStatus::ALL.iter().map(|status| (status.as_str(), status.sentence())).collect())
}

/// The names of the methods.
#[napi]
pub fn rounding_methods() -> Vec<&'static str> {
    RoundingMethod::ALL.iter().map(|method| method.as_str()).collect()
}

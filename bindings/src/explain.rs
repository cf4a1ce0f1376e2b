//! Why targets cannot be met, and what would help.

use equipoise::reweight::explain::ExplainOptions;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde::Serialize;

use crate::bands::NativeBandOptions;
use crate::calibration::NativeCalibrationOptions;
use crate::convert::Plain;
use crate::errors::contained;
use crate::problem::NativeReweightProblem;
use crate::run::{NativeControl, Run};

/// What is null keeps its default.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeExplainOptions {
    pub max_sets: Option<u32>,
    pub max_records: Option<u32>,
    pub relaxations: Option<bool>,
    pub tolerance: Option<f64>,
    pub time_limit_seconds: Option<f64>,
    pub threads: Option<u32>,
}

#[napi]
impl NativeReweightProblem {
    #[napi(ts_return_type = "Promise<object>")]
    pub fn explain_bands<'env>(
        &self,
        env: &'env Env,
        bands: NativeBandOptions,
        options: NativeExplainOptions,
        control: NativeControl<'_>,
    ) -> Result<Object<'env>> {
        let run = Run::new(env, self, &control, || Ok((bands.into_options()?, options.into_options())))?;
        run.start(env, |problem, (bands, options), control| {
            Ok(Plain(problem.explain_bands_with(bands, options, control)?))
        })
    }

    #[napi(ts_return_type = "Promise<object>")]
    pub fn explain_calibration<'env>(
        &self,
        env: &'env Env,
        calibration: NativeCalibrationOptions,
        options: NativeExplainOptions,
        control: NativeControl<'_>,
    ) -> Result<Object<'env>> {
        let run =
            Run::new(env, self, &control, || Ok((calibration.into_options()?, options.into_options())))?;
        run.start(env, |problem, (calibration, options), control| {
            Ok(Plain(problem.explain_calibration_with(calibration, options, control)?))
        })
    }
}

impl NativeExplainOptions {
    pub fn into_options(self) -> ExplainOptions {
        let default = ExplainOptions::default();
        let count = |given: Option<u32>, default: usize| given.map_or(default, |number| number as usize);
        ExplainOptions {
            max_sets: count(self.max_sets, default.max_sets),
            max_records: count(self.max_records, default.max_records),
            relaxations: self.relaxations.unwrap_or(default.relaxations),
            tolerance: self.tolerance.unwrap_or(default.tolerance),
            time_limit_seconds: self.time_limit_seconds.or(default.time_limit_seconds),
            threads: count(self.threads, default.threads),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    max_sets: usize,
    max_records: usize,
    relaxations: bool,
    tolerance: f64,
    time_limit_seconds: Option<f64>,
    threads: usize,
}

/// The defaults of the options.
#[napi(ts_return_type = "object")]
pub fn explain_defaults(env: &Env) -> Result<Plain<Defaults>> {
    contained(env, || {
        let default = ExplainOptions::default();
        Ok(Plain(Defaults {
            max_sets: default.max_sets,
            max_records: default.max_records,
            relaxations: default.relaxations,
            tolerance: default.tolerance,
            time_limit_seconds: default.time_limit_seconds,
            threads: default.threads,
        }))
    })
}

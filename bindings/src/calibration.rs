//! Calibration: totals met exactly, at the least distance.

use equipoise::control::IterationRecord;
use equipoise::error::InputError;
use equipoise::reweight::Distribution;
use equipoise::reweight::calibration::{
    Calibration, CalibrationCertificate, CalibrationCertification, CalibrationOptions, CalibrationStatus,
    CalibrationTarget, Distance, InfeasibilityProof,
};
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;
use ndarray::{Array1, ArrayView1};
use serde::Serialize;

use crate::answer::{NativeAnswer, to_object};
use crate::convert::{Plain, Sentences};
use crate::errors::contained;
use crate::problem::NativeReweightProblem;
use crate::run::{NativeControl, Run};

/// What is null keeps its default.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeCalibrationOptions {
    pub distance: Option<String>,
    pub alpha: Option<f64>,
    pub q_weights: Option<Float64Array>,
    pub clusters: Option<Uint32Array>,
    pub costs: Option<Float64Array>,
    pub tolerance: Option<f64>,
    pub max_iterations: Option<u32>,
    pub time_limit_seconds: Option<f64>,
    pub threads: Option<u32>,
    pub group_identical: Option<bool>,
}

#[napi]
impl NativeReweightProblem {
    #[napi(ts_return_type = "Promise<object>")]
    pub fn calibrate<'env>(
        &self,
        env: &'env Env,
        options: NativeCalibrationOptions,
        control: NativeControl<'_>,
    ) -> Result<Object<'env>> {
        let run = Run::new(env, self, &control, || options.into_options())?;
        run.start(env, |problem, options, control| {
            Ok(CalibrationSolution(problem.calibrate_with(options, control)?))
        })
    }

    #[napi(ts_return_type = "object")]
    pub fn calibrate_sync(
        &self,
        env: &Env,
        options: NativeCalibrationOptions,
    ) -> Result<CalibrationSolution> {
        contained(env, || Ok(CalibrationSolution(self.problem()?.calibrate(&options.into_options()?)?)))
    }

    #[napi(ts_return_type = "object")]
    pub fn certify_calibration(
        &self,
        env: &Env,
        answer: NativeAnswer,
        options: NativeCalibrationOptions,
    ) -> Result<CalibrationChecked> {
        contained(env, || {
            let options = options.into_options()?;
            let (multipliers, lambda) = (answer.multipliers(), answer.dual_point());
            Ok(CalibrationChecked(self.problem()?.certify_calibration(multipliers, lambda, &options)?))
        })
    }

    /// Null if the combination proves nothing.
    #[napi(ts_return_type = "object | null")]
    pub fn certify_calibration_infeasibility(
        &self,
        env: &Env,
        combination: Float64ArraySlice<'_>,
        options: NativeCalibrationOptions,
    ) -> Result<Plain<Option<InfeasibilityProof>>> {
        contained(env, || {
            let combination = ArrayView1::from(&combination[..]);
            Ok(Plain(self.problem()?.check_infeasibility(combination, &options.into_options()?)?))
        })
    }

    #[napi]
    pub fn check_calibration_options(&self, env: &Env, options: NativeCalibrationOptions) -> Result<()> {
        contained(env, || Ok(options.into_options()?.validate(&*self.problem()?)?))
    }
}

impl NativeCalibrationOptions {
    pub fn into_options(self) -> std::result::Result<CalibrationOptions, InputError> {
        let default = CalibrationOptions::default();
        let distance = self.distance.map_or(Ok(default.distance), |name| name.parse())?;
        Ok(CalibrationOptions {
            distance: match (distance, self.alpha) {
                (Distance::HyperbolicSine { .. }, Some(alpha)) => Distance::HyperbolicSine { alpha },
                (distance, _) => distance,
            },
            q_weights: self.q_weights.map(|weights| weights.to_vec()),
            clusters: self.clusters.map(|clusters| clusters.to_vec()),
            costs: self.costs.map(|costs| costs.to_vec()),
            tolerance: self.tolerance.unwrap_or(default.tolerance),
            max_iterations: self.max_iterations.unwrap_or(default.max_iterations),
            time_limit_seconds: self.time_limit_seconds.or(default.time_limit_seconds),
            threads: self.threads.map_or(default.threads, |threads| threads as usize),
            group_identical: self.group_identical.unwrap_or(default.group_identical),
        })
    }
}

/// An answer.
pub struct CalibrationSolution(pub Calibration);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    status: CalibrationStatus,
    message: &'a str,
    iterations: u32,
    digest: String,
    num_groups: usize,
    certificate: &'a CalibrationCertificate,
    infeasibility: Option<&'a InfeasibilityProof>,
    targets: &'a [CalibrationTarget],
    distribution: &'a Distribution,
    history: &'a [IterationRecord],
}

impl ToNapiValue for CalibrationSolution {
    unsafe fn to_napi_value(env: sys::napi_env, Self(answer): Self) -> Result<sys::napi_value> {
        let summary = Summary {
            status: answer.status,
            message: &answer.message,
            iterations: answer.iterations,
            digest: answer.digest.to_string(),
            num_groups: answer.num_groups,
            certificate: &answer.certificate,
            infeasibility: answer.infeasibility.as_ref(),
            targets: &answer.targets,
            distribution: &answer.distribution,
            history: &answer.history,
        };
        let vectors = [
            ("weights", answer.weights),
            ("multipliers", answer.multipliers),
            ("lambda", answer.lambda),
            ("lambdaLow", answer.lambda_low),
        ];
        to_object(env, &summary, vectors)
    }
}

/// An independent check.
pub struct CalibrationChecked(CalibrationCertification);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckedSummary<'a> {
    certificate: &'a CalibrationCertificate,
    targets: &'a [CalibrationTarget],
    digest: String,
    is_certified: bool,
}

impl ToNapiValue for CalibrationChecked {
    unsafe fn to_napi_value(env: sys::napi_env, Self(checked): Self) -> Result<sys::napi_value> {
        let summary = CheckedSummary {
            certificate: &checked.certificate,
            targets: &checked.targets,
            digest: checked.digest.to_string(),
            is_certified: checked.is_certified,
        };
        to_object(env, &summary, [("distanceBounds", Array1::from(checked.distance_bounds))])
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    distance: &'static str,
    alpha: f64,
    tolerance: f64,
    max_iterations: u32,
    time_limit_seconds: Option<f64>,
    threads: usize,
    group_identical: bool,
}

/// The defaults of the options.
#[napi(ts_return_type = "object")]
pub fn calibration_defaults(env: &Env) -> Result<Plain<Defaults>> {
    contained(env, || {
        let default = CalibrationOptions::default();
        Ok(Plain(Defaults {
            distance: default.distance.as_str(),
            alpha: Distance::DEFAULT_ALPHA,
            tolerance: default.tolerance,
            max_iterations: default.max_iterations,
            time_limit_seconds: default.time_limit_seconds,
            threads: default.threads,
            group_identical: default.group_identical,
        }))
    })
}

/// Every status with its sentence.
#[napi(ts_return_type = "Record<string, string>")]
pub fn calibration_status_sentences() -> Plain<Sentences> {
    Plain(CalibrationStatus::ALL.iter().map(|status| (status.as_str(), status.sentence())).collect())
}

/// The names of the distances.
#[napi]
pub fn calibration_distances() -> Vec<&'static str> {
    Distance::ALL.iter().map(|distance| distance.as_str()).collect()
}

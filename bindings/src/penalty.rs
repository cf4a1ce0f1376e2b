//! The penalty form: solve, sweep, certify.

use equipoise::control::IterationRecord;
use equipoise::error::InputError;
use equipoise::reweight::{
    Attempt, Bounds, Certificate, Certification, Distribution, Method, PENALTY_STATUSES, ReweightOptions,
    Reweighting, Start, TargetResult, Timing,
};
use equipoise::status::Status;
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;
use ndarray::Array1;
use serde::Serialize;

use crate::answer::{NativeAnswer, to_object};
use crate::convert::{Plain, Sentences};
use crate::errors::contained;
use crate::problem::NativeReweightProblem;
use crate::run::{NativeControl, Run};

/// What is null keeps its default.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeOptions {
    pub penalty: Option<f64>,
    pub method: Option<String>,
    pub tolerance: Option<f64>,
    pub max_iterations: Option<u32>,
    pub time_limit_seconds: Option<f64>,
    pub threads: Option<u32>,
    pub group_identical: Option<bool>,
    pub start_multipliers: Option<Float64Array>,
    pub start_dual: Option<Float64Array>,
}

#[napi]
impl NativeReweightProblem {
    #[napi(ts_return_type = "Promise<object>")]
    pub fn solve<'env>(
        &self,
        env: &'env Env,
        options: NativeOptions,
        control: NativeControl<'_>,
    ) -> Result<Object<'env>> {
        let run = Run::new(env, self, &control, || options.into_options())?;
        run.start(env, |problem, options, control| Ok(Solution(problem.solve_with(options, control)?)))
    }

    #[napi(ts_return_type = "Promise<object[]>")]
    pub fn sweep<'env>(
        &self,
        env: &'env Env,
        penalties: Float64ArraySlice<'_>,
        options: NativeOptions,
        control: NativeControl<'_>,
    ) -> Result<Object<'env>> {
        let run = Run::new(env, self, &control, || options.into_options())?;
        let penalties = penalties.to_vec();
        run.start(env, move |problem, options, control| {
            let answers = problem.sweep(&penalties, options, control)?;
            Ok(answers.into_iter().map(Solution).collect::<Vec<_>>())
        })
    }

    #[napi(ts_return_type = "object")]
    pub fn solve_sync(&self, env: &Env, options: NativeOptions) -> Result<Solution> {
        contained(env, || Ok(Solution(self.problem()?.solve(&options.into_options()?)?)))
    }

    #[napi(ts_return_type = "object")]
    pub fn certify(
        &self,
        env: &Env,
        answer: NativeAnswer,
        penalty: f64,
        threads: Option<u32>,
    ) -> Result<Checked> {
        contained(env, || {
            let threads = threads.map_or(ReweightOptions::default().threads, |threads| threads as usize);
            let (multipliers, dual) = (answer.multipliers(), answer.dual_point());
            Ok(Checked(self.problem()?.certify(multipliers, dual, penalty, threads)?))
        })
    }
}

impl NativeOptions {
    pub fn into_options(self) -> std::result::Result<ReweightOptions, InputError> {
        let default = ReweightOptions::default();
        Ok(ReweightOptions {
            penalty: self.penalty.unwrap_or(default.penalty),
            method: self.method.map_or(Ok(default.method), |name| name.parse())?,
            tolerance: self.tolerance.unwrap_or(default.tolerance),
            max_iterations: self.max_iterations.or(default.max_iterations),
            time_limit_seconds: self.time_limit_seconds.or(default.time_limit_seconds),
            threads: self.threads.map_or(default.threads, |threads| threads as usize),
            group_identical: self.group_identical.unwrap_or(default.group_identical),
            start: match (self.start_multipliers, self.start_dual) {
                (Some(multipliers), _) => Start::Multipliers(multipliers.to_vec()),
                (None, Some(dual)) => Start::Dual(dual.to_vec()),
                (None, None) => default.start,
            },
        })
    }
}

/// An answer.
pub struct Solution(pub Reweighting);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    status: Status,
    message: &'a str,
    method: Method,
    iterations: u32,
    digest: String,
    num_groups: usize,
    certificate: &'a Certificate,
    smallest_pivot: Option<f64>,
    targets: &'a [TargetResult],
    distribution: &'a Distribution,
    attempts: &'a [Attempt],
    history: &'a [IterationRecord],
    warnings: &'a [String],
    impossible_targets: &'a [usize],
    timing: &'a Timing,
}

impl ToNapiValue for Solution {
    unsafe fn to_napi_value(env: sys::napi_env, Self(answer): Self) -> Result<sys::napi_value> {
        let summary = Summary {
            status: answer.status,
            message: &answer.message,
            method: answer.method,
            iterations: answer.iterations,
            digest: answer.digest.to_string(),
            num_groups: answer.num_groups,
            certificate: &answer.certificate,
            smallest_pivot: answer.smallest_pivot,
            targets: &answer.targets,
            distribution: &answer.distribution,
            attempts: &answer.attempts,
            history: &answer.history,
            warnings: &answer.warnings,
            impossible_targets: &answer.impossible_targets,
            timing: &answer.timing,
        };
        let vectors = [
            ("weights", answer.weights),
            ("multipliers", answer.multipliers),
            ("dual", answer.dual),
            ("dualLow", answer.dual_low),
        ];
        to_object(env, &summary, vectors)
    }
}

/// An independent check.
pub struct Checked(Certification);

#[derive(Serialize)]
struct CheckedSummary<'a> {
    certificate: &'a Certificate,
    targets: &'a [TargetResult],
    digest: String,
}

impl ToNapiValue for Checked {
    unsafe fn to_napi_value(env: sys::napi_env, Self(checked): Self) -> Result<sys::napi_value> {
        let summary = CheckedSummary {
            certificate: &checked.certificate,
            targets: &checked.targets,
            digest: checked.digest.to_string(),
        };
        to_object(env, &summary, [("distanceBounds", Array1::from(checked.distance_bounds))])
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    penalty: f64,
    method: Method,
    tolerance: f64,
    max_iterations: MaxIterations,
    time_limit_seconds: Option<f64>,
    threads: usize,
    group_identical: bool,
    bounds: [f64; 2],
}

#[derive(Serialize)]
struct MaxIterations {
    newton: u32,
    lbfgsb: u32,
    clarabel: u32,
}

/// The defaults of the options and of the bounds.
#[napi(ts_return_type = "object")]
pub fn reweight_defaults(env: &Env) -> Result<Plain<Defaults>> {
    contained(env, || {
        let default = ReweightOptions::default();
        let (lower, upper) = Bounds::default().of(0);
        Ok(Plain(Defaults {
            penalty: default.penalty,
            method: default.method,
            tolerance: default.tolerance,
            max_iterations: MaxIterations {
                newton: default.iteration_limit(Method::Newton),
                lbfgsb: default.iteration_limit(Method::Lbfgsb),
                clarabel: default.iteration_limit(Method::Clarabel),
            },
            time_limit_seconds: default.time_limit_seconds,
            threads: default.threads,
            group_identical: default.group_identical,
            bounds: [lower, upper],
        }))
    })
}

/// Checks the ranges of the options alone.
#[napi]
pub fn check_options(env: &Env, options: NativeOptions) -> Result<()> {
    contained(env, || Ok(options.into_options()?.validate_ranges()?))
}

/// Every status with its sentence.
#[napi(ts_return_type = "Record<string, string>")]
pub fn status_sentences() -> Plain<Sentences> {
    Plain(PENALTY_STATUSES.iter().map(|status| (status.as_str(), status.sentence())).collect())
}

/// The names of the methods.
#[napi]
pub fn reweight_methods() -> Vec<&'static str> {
    Method::ALL.iter().map(|method| method.as_str()).collect()
}

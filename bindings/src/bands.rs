//! The band form: totals within bands.

use equipoise::control::IterationRecord;
use equipoise::error::{InputCode, InputError};
use equipoise::reweight::bands::{
    Band, BandAttempt, BandCertificate, BandCertification, BandInfeasibility, BandMethod, BandOptions,
    BandOverride, BandReweighting, BandTargetResult, BandWeight, TargetSelector,
};
use equipoise::reweight::{Distribution, Timing};
use equipoise::status::Status;
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

/// A band: `relative`, `absolute`, or both edges; the others are null.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeBand {
    pub relative: Option<f64>,
    pub absolute: Option<f64>,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}

/// Another band or weight for the targets whose names match the pattern; what is null stays as it is.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeBandOverride {
    #[napi(js_name = "match")]
    pub pattern: String,
    pub band: Option<NativeBand>,
    pub weight: Option<Either<f64, String>>,
    pub optional: bool,
}

/// What is null keeps its default.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeBandOptions {
    pub band: Option<NativeBand>,
    pub overrides: Option<Vec<NativeBandOverride>>,
    pub zero_tolerance: Option<f64>,
    /// A number, or `hard`.
    pub weight: Option<Either<f64, String>>,
    pub importance: Option<Float64Array>,
    pub distance_weights: Option<Float64Array>,
    pub method: Option<String>,
    pub tolerance: Option<f64>,
    pub max_iterations: Option<u32>,
    pub time_limit_seconds: Option<f64>,
    pub threads: Option<u32>,
    pub group_identical: Option<bool>,
}

#[napi]
impl NativeReweightProblem {
    #[napi(ts_return_type = "Promise<object>")]
    pub fn solve_bands<'env>(
        &self,
        env: &'env Env,
        options: NativeBandOptions,
        control: NativeControl<'_>,
    ) -> Result<Object<'env>> {
        let run = Run::new(env, self, &control, || options.into_options())?;
        run.start(env, |problem, options, control| {
            Ok(BandSolution(problem.solve_bands_with(options, control)?))
        })
    }

    #[napi(ts_return_type = "object")]
    pub fn solve_bands_sync(&self, env: &Env, options: NativeBandOptions) -> Result<BandSolution> {
        contained(env, || Ok(BandSolution(self.problem()?.solve_bands(&options.into_options()?)?)))
    }

    #[napi(ts_return_type = "object")]
    pub fn certify_bands(
        &self,
        env: &Env,
        answer: NativeAnswer,
        options: NativeBandOptions,
    ) -> Result<BandChecked> {
        contained(env, || {
            let options = options.into_options()?;
            let (multipliers, dual) = (answer.multipliers(), answer.dual_point());
            Ok(BandChecked(self.problem()?.certify_bands(multipliers, dual, &options)?))
        })
    }

    #[napi]
    pub fn certify_band_infeasibility(
        &self,
        env: &Env,
        direction: Float64ArraySlice<'_>,
        options: NativeBandOptions,
    ) -> Result<f64> {
        contained(env, || {
            let direction = ArrayView1::from(&direction[..]);
            Ok(self.problem()?.certify_band_infeasibility(direction, &options.into_options()?)?)
        })
    }

    #[napi]
    pub fn check_band_options(&self, env: &Env, options: NativeBandOptions) -> Result<()> {
        contained(env, || Ok(options.into_options()?.validate(&*self.problem()?)?))
    }
}

impl NativeBand {
    pub fn into_band(self) -> Band {
        match (self.relative, self.absolute, self.lower, self.upper) {
            (Some(fraction), ..) => Band::Relative(fraction),
            (None, Some(distance), ..) => Band::Absolute(distance),
            (None, None, lower, upper) => Band::Between {
                lower: lower.unwrap_or(f64::NEG_INFINITY),
                upper: upper.unwrap_or(f64::INFINITY),
            },
        }
    }
}

impl NativeBandOptions {
    pub fn into_options(self) -> std::result::Result<BandOptions, InputError> {
        let default = BandOptions::default();
        Ok(BandOptions {
            band: self.band.map_or(default.band, NativeBand::into_band),
            overrides: band_overrides(self.overrides.unwrap_or_default())?,
            zero_tolerance: self.zero_tolerance.or(default.zero_tolerance),
            weight: self.weight.map_or(Ok(default.weight), |value| weight("weight", value))?,
            importance: self.importance.map(|values| values.to_vec()),
            distance_weights: self.distance_weights.map(|weights| weights.to_vec()),
            method: self.method.map_or(Ok(default.method), |name| name.parse())?,
            tolerance: self.tolerance.unwrap_or(default.tolerance),
            max_iterations: self.max_iterations.or(default.max_iterations),
            time_limit_seconds: self.time_limit_seconds.or(default.time_limit_seconds),
            threads: self.threads.map_or(default.threads, |threads| threads as usize),
            group_identical: self.group_identical.unwrap_or(default.group_identical),
        })
    }
}

pub fn band_overrides(
    changes: Vec<NativeBandOverride>,
) -> std::result::Result<Vec<BandOverride>, InputError> {
    let convert = |(i, change): (usize, NativeBandOverride)| {
        Ok(BandOverride {
            targets: TargetSelector::Pattern(change.pattern),
            band: change.band.map(NativeBand::into_band),
            weight: change
                .weight
                .map(|value| weight(&format!("overrides[{i}].weight"), value))
                .transpose()?,
            optional: change.optional,
        })
    };
    changes.into_iter().enumerate().map(convert).collect()
}

fn weight(path: &str, weight: Either<f64, String>) -> std::result::Result<BandWeight, InputError> {
    match weight {
        Either::A(value) => Ok(BandWeight::Elastic(value)),
        Either::B(name) if name == "hard" => Ok(BandWeight::Hard),
        Either::B(name) => {
            let expected = "a positive number, or 'hard'";
            Err(InputError::new(InputCode::OutOfRange, path, expected, format!("{name:?}")))
        }
    }
}

/// An answer.
pub struct BandSolution(pub BandReweighting);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    status: Status,
    message: &'a str,
    method: BandMethod,
    iterations: u32,
    digest: String,
    num_groups: usize,
    certificate: &'a BandCertificate,
    smallest_pivot: Option<f64>,
    targets: &'a [BandTargetResult],
    distribution: &'a Distribution,
    attempts: &'a [BandAttempt],
    history: &'a [IterationRecord],
    warnings: &'a [String],
    impossible_targets: &'a [usize],
    infeasibility: Option<Infeasibility<'a>>,
    timing: &'a Timing,
}

#[derive(Serialize)]
struct Infeasibility<'a> {
    direction: &'a [f64],
    margin: f64,
}

impl ToNapiValue for BandSolution {
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
            infeasibility: answer.infeasibility.as_ref().map(Infeasibility::new),
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

impl<'a> Infeasibility<'a> {
    fn new(proof: &'a BandInfeasibility) -> Self {
        // A vector of the solver's own is contiguous.
        Self { direction: proof.direction.as_slice().unwrap_or_default(), margin: proof.margin }
    }
}

/// An independent check.
pub struct BandChecked(BandCertification);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckedSummary<'a> {
    certificate: &'a BandCertificate,
    targets: &'a [BandTargetResult],
    digest: String,
    is_certified: bool,
}

impl ToNapiValue for BandChecked {
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
    band: Band,
    zero_tolerance: Option<f64>,
    weight: BandWeight,
    method: BandMethod,
    tolerance: f64,
    max_iterations: MaxIterations,
    time_limit_seconds: Option<f64>,
    threads: usize,
    group_identical: bool,
}

#[derive(Serialize)]
struct MaxIterations {
    proximal_newton: u32,
    clarabel: u32,
}

/// The defaults of the options.
#[napi(ts_return_type = "object")]
pub fn band_defaults(env: &Env) -> Result<Plain<Defaults>> {
    contained(env, || {
        let default = BandOptions::default();
        Ok(Plain(Defaults {
            band: default.band,
            zero_tolerance: default.zero_tolerance,
            weight: default.weight,
            method: default.method,
            tolerance: default.tolerance,
            max_iterations: MaxIterations {
                proximal_newton: default.iteration_limit(BandMethod::ProximalNewton),
                clarabel: default.iteration_limit(BandMethod::Clarabel),
            },
            time_limit_seconds: default.time_limit_seconds,
            threads: default.threads,
            group_identical: default.group_identical,
        }))
    })
}

/// Every status with its sentence.
#[napi(ts_return_type = "Record<string, string>")]
pub fn band_status_sentences() -> Plain<Sentences> {
    Plain(Status::ALL.iter().map(|status| (status.as_str(), status.sentence())).collect())
}

/// The names of the methods.
#[napi]
pub fn band_methods() -> Vec<&'static str> {
    BandMethod::ALL.iter().map(|method| method.as_str()).collect()
}

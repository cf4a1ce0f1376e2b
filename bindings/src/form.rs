//! The choice of a form, for batches.

use equipoise::error::InputError;
use equipoise::reweight::{Form, FormAnswer, ReweightOptions};
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;

use crate::bands::{BandSolution, NativeBandOptions};
use crate::calibration::{CalibrationSolution, NativeCalibrationOptions};
use crate::penalty::{NativeOptions, Solution};

/// Options of the form that is chosen; the others are null.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeForm {
    pub penalty: Option<NativeOptions>,
    pub bands: Option<NativeBandOptions>,
    pub calibration: Option<NativeCalibrationOptions>,
}

impl NativeForm {
    pub fn into_form(self) -> std::result::Result<Form, InputError> {
        Ok(match self {
            Self { bands: Some(options), .. } => Form::Bands(options.into_options()?),
            Self { calibration: Some(options), .. } => Form::Calibration(options.into_options()?),
            Self { penalty: Some(options), .. } => Form::Penalty(options.into_options()?),
            _ => Form::Penalty(ReweightOptions::default()),
        })
    }
}

/// An answer of whichever form, as its own solve gives it.
pub struct AnySolution(pub FormAnswer);

impl ToNapiValue for AnySolution {
    unsafe fn to_napi_value(env: sys::napi_env, Self(answer): Self) -> Result<sys::napi_value> {
        // SAFETY: the environment is the caller's, which is valid for the call.
        unsafe {
            match answer {
                FormAnswer::Penalty(answer) => Solution::to_napi_value(env, Solution(answer)),
                FormAnswer::Bands(answer) => BandSolution::to_napi_value(env, BandSolution(answer)),
                FormAnswer::Calibration(answer) => {
                    CalibrationSolution::to_napi_value(env, CalibrationSolution(answer))
                }
            }
        }
    }
}

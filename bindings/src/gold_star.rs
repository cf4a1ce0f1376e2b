//! Comparison with reference weights.

use equipoise::certificate::gold_star::{Comparison, DistanceBounds, Tolerances, compare};
use napi::bindgen_prelude::*;
use napi_derive::napi;
use ndarray::ArrayView1;

use crate::convert::Plain;
use crate::errors::contained;

#[napi(ts_return_type = "object")]
pub fn compare_weights(
    env: &Env,
    ours: Float64ArraySlice<'_>,
    reference: Float64ArraySlice<'_>,
    relative: Option<f64>,
    absolute: Option<f64>,
    distance_bounds: Option<Either<f64, Float64Array>>,
) -> Result<Plain<Comparison>> {
    contained(env, || {
        let default = Tolerances::default();
        let tolerances = Tolerances {
            relative: relative.unwrap_or(default.relative),
            absolute: absolute.unwrap_or(default.absolute),
        };
        let bounds = match &distance_bounds {
            None => DistanceBounds::Unknown,
            Some(Either::A(bound)) => DistanceBounds::Uniform(*bound),
            Some(Either::B(bounds)) => DistanceBounds::PerRecord(ArrayView1::from(&bounds[..])),
        };
        Ok(Plain(compare(
            ArrayView1::from(&ours[..]),
            ArrayView1::from(&reference[..]),
            &tolerances,
            bounds,
        )?))
    })
}

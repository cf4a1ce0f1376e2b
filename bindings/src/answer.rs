//! Answers on their way to JavaScript and back: vectors as typed arrays that take over the memory, the rest as plain data.

use equipoise::reweight::DualPoint;
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;
use ndarray::{Array1, ArrayView1};
use serde::Serialize;

/// An answer to be checked.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeAnswer {
    pub multipliers: Float64Array,
    pub dual: Option<Float64Array>,
    pub dual_low: Option<Float64Array>,
}

impl NativeAnswer {
    pub fn multipliers(&self) -> ArrayView1<'_, f64> {
        ArrayView1::from(&self.multipliers[..])
    }

    pub fn dual_point(&self) -> Option<DualPoint<'_>> {
        self.dual.as_ref().map(|high| DualPoint {
            high: ArrayView1::from(&high[..]),
            low: self.dual_low.as_ref().map(|low| ArrayView1::from(&low[..])),
        })
    }
}

/// The object of what `summary` serialises to, and of the vectors.
pub fn to_object<const N: usize>(
    env: sys::napi_env,
    summary: &impl Serialize,
    vectors: [(&str, Array1<f64>); N],
) -> Result<sys::napi_value> {
    let mut object = Object::from_raw(env, Env::from_raw(env).to_js_value(summary)?.raw());
    for (name, values) in vectors {
        object.set_named_property(name, Float64Array::new(values.into_raw_vec_and_offset().0))?;
    }
    Ok(object.raw())
}

//! Plain values: whatever serialises with serde becomes objects, arrays, numbers (NaN and infinities included) and strings.

use std::collections::BTreeMap;

use napi::bindgen_prelude::*;
use napi::sys;
use serde::Serialize;

/// A value that JavaScript sees as plain data.
pub struct Plain<T>(pub T);

impl<T: Serialize> ToNapiValue for Plain<T> {
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> Result<sys::napi_value> {
        Ok(Env::from_raw(env).to_js_value(&value.0)?.raw())
    }
}

/// What each status means, by its name.
pub type Sentences = BTreeMap<&'static str, &'static str>;

//! N-API bindings of the `equipoise` crate.

use napi_derive::napi;

/// The version of the Rust crate behind the addon.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

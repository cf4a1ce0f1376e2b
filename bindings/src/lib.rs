//! N-API bindings of the `equipoise` crate: converts, calls, converts back.
//!
//! | module | for |
//! | --- | --- |
//! | [`errors`] | what crosses the boundary when something is wrong; no panic does |
//! | [`control`] | cancellation, progress, threads of their own |
//! | [`events`] | `tracing` events on their way to JavaScript |
//! | [`convert`] | plain values |
//! | [`problem`] | reweighting problems in native memory |
//! | [`matrix`], [`chunks`] | matrices and problems that come in blocks of rows |
//! | [`run`] | one solve on a thread of its own |
//! | [`answer`] | vectors of answers, both ways |
//! | [`penalty`], [`bands`], [`calibration`] | the forms: options, solve, results, defaults |
//! | [`priorities`] | bands met in the order of ranks |
//! | [`explain`] | why targets cannot be met |
//! | [`form`] | the choice of a form, for batches |
//! | [`integer`] | integer weights |
//! | [`replicates`] | replicate weights and standard errors |
//! | [`areas`] | many areas over one matrix, one result after the other |
//! | [`objective`] | objectives written in JavaScript, synchronous or not |
//! | [`outer`] | the outer optimiser |
//! | [`sqp`] | constrained minimisation |
//! | [`qp`] | convex quadratic programs |
//! | [`gold_star`] | comparison with reference weights |
//! | [`synthetic`] | the generated national population |
//! | [`targets`] | portfolio targets and rebalances |

// Public only so that the test build, which registers nothing with Node, does not call everything unused.
pub mod answer;
pub mod areas;
pub mod bands;
pub mod calibration;
pub mod chunks;
pub mod control;
pub mod convert;
pub mod errors;
pub mod events;
pub mod explain;
pub mod form;
pub mod gold_star;
pub mod integer;
pub mod matrix;
pub mod objective;
pub mod outer;
pub mod penalty;
pub mod priorities;
pub mod problem;
pub mod qp;
pub mod replicates;
pub mod run;
pub mod sqp;
pub mod synthetic;
pub mod targets;

use equipoise::numeric::digest::Digest;
use napi::bindgen_prelude::*;
use napi_derive::napi;

/// Rebalances make thousands of small values on their threads, some of which JavaScript's thread gives back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The version of the Rust crate behind the addon.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// FNV-1a 64 over the little-endian IEEE bytes of the values, as 16 hexadecimal digits.
#[napi]
pub fn digest(env: &Env, values: Float64ArraySlice<'_>) -> Result<String> {
    errors::contained(env, || Ok(Digest::of(values.iter().copied()).to_string()))
}

/// Panics, on this thread or on a solver's: for the test that no panic crosses the boundary.
#[napi(js_name = "__panicForTest", ts_return_type = "Promise<never> | never")]
pub fn panic_for_test<'env>(env: &'env Env, asynchronous: bool) -> Result<Object<'env>> {
    if asynchronous {
        return control::on_own_thread(env, || -> std::result::Result<(), _> { panic!("deliberate panic") });
    }
    errors::contained(env, || panic!("deliberate panic"))
}

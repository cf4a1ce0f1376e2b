//! Problems whose records come in chunks.

use std::sync::{Mutex, MutexGuard, PoisonError};

use equipoise::reweight::{Bounds, ChunkedProblem, RecordChunk, ReweightProblem};
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;

use crate::control::on_own_thread;
use crate::errors::{Failure, contained};
use crate::matrix::{NativeSparse, storage_in};
use crate::problem::{NativeBounds, NativeData, NativeReweightProblem, into_targets};

/// A problem that takes its records chunk by chunk.
#[napi]
pub struct NativeChunkedProblem(Mutex<Option<ChunkedProblem>>);

#[napi]
impl NativeChunkedProblem {
    /// `data` has targets and bounds; without a folder the matrix is in memory.
    #[napi(constructor)]
    pub fn new(env: &Env, data: NativeData, folder: Option<String>) -> Result<Self> {
        contained(env, || {
            let bounds = data.bounds.map_or_else(Bounds::default, |bounds| bounds.into_bounds(0));
            let problem = ReweightProblem::chunked(into_targets(data.targets), bounds, storage_in(folder))?;
            Ok(Self(Mutex::new(Some(problem))))
        })
    }

    #[napi]
    pub fn push(
        &self,
        env: &Env,
        matrix: NativeSparse,
        design_weights: Float64ArraySlice<'_>,
        bounds: Option<NativeBounds>,
    ) -> Result<()> {
        contained(env, || {
            let mut slot = self.slot();
            let problem = slot.as_mut().ok_or(Failure::Disposed)?;
            let num_records = design_weights.len();
            Ok(problem.push(RecordChunk {
                matrix: matrix.into_matrix(num_records, problem.num_targets())?,
                design_weights: design_weights.to_vec(),
                bounds: bounds.map(|bounds| bounds.into_bounds(num_records)),
            })?)
        })
    }

    #[napi(ts_return_type = "Promise<NativeReweightProblem>")]
    pub fn finish<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let problem = contained(env, || self.slot().take().ok_or(Failure::Disposed))?;
        on_own_thread(env, move || Ok(Finished(problem.finish()?)))
    }

    /// Gives memory and files back; the object is of no use any more.
    #[napi]
    pub fn discard(&self) {
        self.slot().take();
    }
}

impl NativeChunkedProblem {
    fn slot(&self) -> MutexGuard<'_, Option<ChunkedProblem>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A problem on its way to JavaScript.
struct Finished(ReweightProblem);

impl ToNapiValue for Finished {
    unsafe fn to_napi_value(env: sys::napi_env, Self(problem): Self) -> Result<sys::napi_value> {
        let problem = NativeReweightProblem::holding(&Env::from_raw(env), problem)?;
        // SAFETY: `env` is the environment that this conversion runs in.
        unsafe { NativeReweightProblem::to_napi_value(env, problem) }
    }
}

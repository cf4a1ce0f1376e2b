//! Bands by priority.

use equipoise::reweight::bands::{PriorityReweighting, RankResult};
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;

use crate::bands::{BandSolution, NativeBandOptions};
use crate::convert::Plain;
use crate::problem::NativeReweightProblem;
use crate::run::{NativeControl, Run};

#[napi]
impl NativeReweightProblem {
    #[napi(ts_return_type = "Promise<object>")]
    pub fn solve_bands_by_priority<'env>(
        &self,
        env: &'env Env,
        ranks: Uint32ArraySlice<'_>,
        options: NativeBandOptions,
        control: NativeControl<'_>,
    ) -> Result<Object<'env>> {
        let run = Run::new(env, self, &control, || options.into_options())?;
        let ranks = ranks.to_vec();
        run.start(env, move |problem, options, control| {
            Ok(PrioritySolution(problem.solve_bands_by_priority_with(options, &ranks, control)?))
        })
    }
}

/// An answer by priority.
pub struct PrioritySolution(PriorityReweighting);

impl ToNapiValue for PrioritySolution {
    unsafe fn to_napi_value(env: sys::napi_env, Self(solution): Self) -> Result<sys::napi_value> {
        let PriorityReweighting { ranks, answer, outside } = solution;
        let mut object = Object::new(&Env::from_raw(env))?;
        object.set_named_property("ranks", Plain::<Vec<RankResult>>(ranks))?;
        object.set_named_property("answer", BandSolution(answer))?;
        object.set_named_property("outside", Float64Array::new(outside))?;
        Ok(object.raw())
    }
}

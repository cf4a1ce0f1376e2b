//! Hessians of which JavaScript computes products with vectors.

use std::sync::{Arc, PoisonError};

use argmin::core::Error;
use equipoise::outer::{HessianOperator, Materialisation};

use crate::objective::message::{Evaluate, NoReply};
use crate::outer::objective::{OuterQuestion, Released, Stopped};

/// The façade keeps the operator under its number.
pub struct JsHessian {
    pub evaluate: Arc<dyn Evaluate>,
    pub dimension: usize,
    pub number: f64,
    pub materialisation: Materialisation,
    pub released: Released,
}

impl HessianOperator for JsHessian {
    fn dim(&self) -> usize {
        self.dimension
    }

    fn apply(&self, v: &[f64], out: &mut [f64]) -> Result<(), Error> {
        self.apply_batch(v, 1, out)
    }

    /// A product of another length, or a refused one, is NaN: the solver rejects it.
    fn apply_batch(&self, vectors: &[f64], _: usize, out: &mut [f64]) -> Result<(), Error> {
        let question = OuterQuestion::HessianProducts as u32;
        match self.evaluate.evaluate(question, [vectors, &[], &[self.number]]) {
            Ok(mut reply) => match reply.vector() {
                Some(products) if products.len() == out.len() => out.copy_from_slice(&products),
                _ => out.fill(f64::NAN),
            },
            Err(NoReply::Rejected(_)) => out.fill(f64::NAN),
            Err(NoReply::Stopped) => return Err(Stopped.into()),
        }
        Ok(())
    }

    fn materialisation(&self) -> Materialisation {
        self.materialisation
    }
}

impl Drop for JsHessian {
    fn drop(&mut self) {
        self.released.lock().unwrap_or_else(PoisonError::into_inner).push(self.number);
    }
}

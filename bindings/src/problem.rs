//! Reweighting problems whose data live in native memory: copied once, solved many times in any form.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use equipoise::error::InputError;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::{Bounds, ReweightProblem, Target, validate_design_weights, validate_targets};
use napi::bindgen_prelude::*;
use napi_derive::napi;
use ndarray::ArrayView1;

use crate::errors::{Failure, contained};
use crate::matrix::{NativeMatrix, NativeSparse};

#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeTarget {
    pub name: String,
    pub total: f64,
    pub scale: Option<f64>,
}

#[napi(object, object_to_js = false)]
pub struct NativeBounds {
    pub lower: Either<f64, Float64Array>,
    pub upper: Either<f64, Float64Array>,
}

/// The data beside the matrix; what is null keeps its default, or what it was.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeData {
    pub design_weights: Option<Float64Array>,
    pub targets: Option<Vec<NativeTarget>>,
    pub bounds: Option<NativeBounds>,
}

/// A problem in native memory. A running solve holds its own reference to the data: `update` and `dispose` do not wait for it.
#[napi(custom_finalize)]
pub struct NativeReweightProblem {
    bytes: i64,
    data: Mutex<Option<Arc<ReweightProblem>>>,
}

#[napi]
impl NativeReweightProblem {
    #[napi(constructor)]
    pub fn new(env: &Env, matrix: NativeSparse, data: NativeData) -> Result<Self> {
        let problem = contained(env, || {
            let (num_records, num_targets) = data.size();
            Ok(data.into_problem(matrix.into_matrix(num_records, num_targets)?)?)
        })?;
        Self::holding(env, problem)
    }

    /// A problem with a matrix that is there already and may serve others too.
    #[napi(factory)]
    pub fn from_matrix(env: &Env, matrix: &NativeMatrix, data: NativeData) -> Result<Self> {
        let problem = contained(env, || Ok(data.into_problem(matrix.matrix()?)?))?;
        Self::holding(env, problem)
    }

    #[napi(getter)]
    pub fn num_records(&self, env: &Env) -> Result<f64> {
        contained(env, || Ok(self.problem()?.num_records() as f64))
    }

    #[napi(getter)]
    pub fn num_targets(&self, env: &Env) -> Result<f64> {
        contained(env, || Ok(self.problem()?.num_targets() as f64))
    }

    #[napi(getter)]
    pub fn num_nonzeros(&self, env: &Env) -> Result<f64> {
        contained(env, || Ok(self.problem()?.num_nonzeros() as f64))
    }

    /// Replaces what is not null. On an error nothing has changed.
    #[napi]
    pub fn update(&self, env: &Env, change: NativeData) -> Result<()> {
        contained(env, || {
            let mut changed = (*self.problem()?).clone();
            if let Some(weights) = &change.design_weights {
                changed.set_design_weights(ArrayView1::from(&weights[..]))?;
            }
            if let Some(targets) = change.targets {
                changed.set_targets(targets.into_iter().map(Target::from).collect())?;
            }
            if let Some(bounds) = change.bounds {
                changed.set_bounds(bounds.into_bounds(changed.num_records()))?;
            }
            *self.slot() = Some(Arc::new(changed));
            Ok(())
        })
    }

    /// Frees the data now, or when the solves that run on them end.
    #[napi]
    pub fn dispose(&self, env: &Env) -> Result<()> {
        if self.slot().take().is_some() {
            env.adjust_external_memory(-self.bytes)?;
        }
        Ok(())
    }
}

impl ObjectFinalize for NativeReweightProblem {
    fn finalize(self, env: Env) -> Result<()> {
        self.dispose(&env)
    }
}

impl NativeReweightProblem {
    /// The problem as an object of JavaScript.
    pub fn holding(env: &Env, problem: ReweightProblem) -> Result<Self> {
        // V8 sees an object of a hundred bytes and would never collect it.
        let bytes = problem.memory_bytes() as i64;
        env.adjust_external_memory(bytes)?;
        Ok(Self { bytes, data: Mutex::new(Some(Arc::new(problem))) })
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<ReweightProblem>>> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The data as they are now.
    pub fn problem(&self) -> std::result::Result<Arc<ReweightProblem>, Failure> {
        self.slot().clone().ok_or(Failure::Disposed)
    }
}

impl NativeData {
    /// Records and targets, as the data say.
    fn size(&self) -> (usize, usize) {
        (self.design_weights.as_ref().map_or(0, |w| w.len()), self.targets.as_ref().map_or(0, Vec::len))
    }

    fn into_problem(
        self,
        matrix: impl Into<Arc<SparseMatrix>>,
    ) -> std::result::Result<ReweightProblem, InputError> {
        let weights = self.design_weights.as_deref().unwrap_or_default();
        let mut builder =
            ReweightProblem::builder(matrix, ArrayView1::from(weights), into_targets(self.targets));
        if let Some(bounds) = self.bounds {
            builder = builder.bounds(bounds.into_bounds(weights.len()));
        }
        builder.build()
    }
}

/// None are none.
pub fn into_targets(targets: Option<Vec<NativeTarget>>) -> Vec<Target> {
    targets.unwrap_or_default().into_iter().map(Target::from).collect()
}

impl From<NativeTarget> for Target {
    fn from(NativeTarget { name, total, scale }: NativeTarget) -> Self {
        Self { name, total, scale }
    }
}

impl NativeBounds {
    fn length(&self) -> Option<usize> {
        [&self.lower, &self.upper].into_iter().find_map(|side| match side {
            Either::A(_) => None,
            Either::B(values) => Some(values.len()),
        })
    }

    pub fn into_bounds(self, num_records: usize) -> Bounds {
        let each = |side: Either<f64, Float64Array>| match side {
            Either::A(value) => vec![value; num_records],
            Either::B(values) => values.to_vec(),
        };
        match (self.lower, self.upper) {
            (Either::A(lower), Either::A(upper)) => Bounds::Uniform { lower, upper },
            (lower, upper) => Bounds::PerRecord { lower: each(lower), upper: each(upper) },
        }
    }
}

/// Checks what is not null, each value alone.
#[napi]
pub fn check_data(env: &Env, data: NativeData) -> Result<()> {
    contained(env, || {
        if let Some(weights) = &data.design_weights {
            validate_design_weights(weights, weights.len())?;
        }
        if let Some(targets) = data.targets {
            let targets: Vec<Target> = targets.into_iter().map(Target::from).collect();
            validate_targets(&targets, targets.len())?;
        }
        if let Some(bounds) = data.bounds {
            let num_records = bounds.length().unwrap_or(1);
            bounds.into_bounds(num_records).validate(num_records)?;
        }
        Ok(())
    })
}

//! Reweighting problems whose data live in native memory: copied once, solved many times.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use equipoise::control::{Control, IterationRecord};
use equipoise::error::InputError;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::{
    Bounds, Certification, DualPoint, Method, PENALTY_STATUSES, ReweightOptions, ReweightProblem,
    Reweighting, Start, Target, validate_design_weights, validate_targets,
};
use equipoise::status::Status;
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;
use ndarray::ArrayView1;
use serde::Serialize;

use crate::control::{CancelToken, Channel, Listener, on_own_thread};
use crate::convert::Plain;
use crate::errors::{Failure, contained};
use crate::events::{Forwarder, SolverEvent};

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

/// What is null keeps its default.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeOptions {
    pub penalty: Option<f64>,
    pub method: Option<String>,
    pub tolerance: Option<f64>,
    pub max_iterations: Option<u32>,
    pub time_limit_seconds: Option<f64>,
    pub threads: Option<u32>,
    pub start_multipliers: Option<Float64Array>,
    pub start_dual: Option<Float64Array>,
}

/// A problem in native memory. A running solve holds its own reference to the data: `update` and `dispose` do not wait for it.
#[napi(custom_finalize)]
pub struct NativeReweightProblem {
    bytes: i64,
    data: Mutex<Option<Arc<ReweightProblem>>>,
}

#[napi]
impl NativeReweightProblem {
    #[napi(factory)]
    pub fn from_csc(
        env: &Env,
        column_starts: Uint32ArraySlice<'_>,
        row_indices: Uint32ArraySlice<'_>,
        values: Float64ArraySlice<'_>,
        data: NativeData,
    ) -> Result<Self> {
        Self::new(env, data, |num_records, _| {
            let num_targets = column_starts.len().saturating_sub(1);
            let (starts, rows) = (column_starts.to_vec(), row_indices.to_vec());
            SparseMatrix::from_csc(num_records, num_targets, starts, rows, values.to_vec())
        })
    }

    #[napi(factory)]
    pub fn from_triples(
        env: &Env,
        rows: Uint32ArraySlice<'_>,
        columns: Uint32ArraySlice<'_>,
        values: Float64ArraySlice<'_>,
        data: NativeData,
    ) -> Result<Self> {
        Self::new(env, data, |num_records, num_targets| {
            SparseMatrix::from_triples(num_records, num_targets, &rows, &columns, &values)
        })
    }

    #[napi(factory)]
    pub fn from_columns(env: &Env, columns: Vec<Float64Array>, data: NativeData) -> Result<Self> {
        Self::new(env, data, |num_records, _| {
            SparseMatrix::from_dense_columns(num_records, columns.iter().map(|column| &column[..]))
        })
    }

    #[napi(getter)]
    pub fn num_nonzeros(&self, env: &Env) -> Result<f64> {
        contained(env, || Ok(self.problem()?.num_nonzeros() as f64))
    }

    #[napi(ts_return_type = "Promise<object>")]
    pub fn solve<'env>(
        &self,
        env: &'env Env,
        options: NativeOptions,
        token: &CancelToken,
        #[napi(ts_arg_type = "((record: object) => void) | null")] on_progress: Option<
            Listener<'_, IterationRecord>,
        >,
        #[napi(ts_arg_type = "((event: object) => void) | null")] on_event: Option<Listener<'_, SolverEvent>>,
    ) -> Result<Object<'env>> {
        let run = self.run(env, options, token, on_progress, on_event)?;
        on_own_thread(env, move || {
            run.under_control(|problem, options, control| Ok(Solution(problem.solve_with(options, control)?)))
        })
    }

    #[napi(ts_return_type = "Promise<object[]>")]
    pub fn sweep<'env>(
        &self,
        env: &'env Env,
        penalties: Float64ArraySlice<'_>,
        options: NativeOptions,
        token: &CancelToken,
        #[napi(ts_arg_type = "((record: object) => void) | null")] on_progress: Option<
            Listener<'_, IterationRecord>,
        >,
        #[napi(ts_arg_type = "((event: object) => void) | null")] on_event: Option<Listener<'_, SolverEvent>>,
    ) -> Result<Object<'env>> {
        let run = self.run(env, options, token, on_progress, on_event)?;
        let penalties = penalties.to_vec();
        on_own_thread(env, move || {
            run.under_control(|problem, options, control| {
                Ok(problem.sweep(&penalties, options, control)?.into_iter().map(Solution).collect::<Vec<_>>())
            })
        })
    }

    #[napi(ts_return_type = "object")]
    pub fn solve_sync(&self, env: &Env, options: NativeOptions) -> Result<Solution> {
        contained(env, || Ok(Solution(self.problem()?.solve(&options.into_options()?)?)))
    }

    #[napi(ts_return_type = "object")]
    pub fn certify(
        &self,
        env: &Env,
        multipliers: Float64ArraySlice<'_>,
        dual: Option<Float64ArraySlice<'_>>,
        dual_low: Option<Float64ArraySlice<'_>>,
        penalty: f64,
        threads: Option<u32>,
    ) -> Result<Checked> {
        contained(env, || {
            let dual = dual.as_ref().map(|high| DualPoint {
                high: ArrayView1::from(&high[..]),
                low: dual_low.as_ref().map(|low| ArrayView1::from(&low[..])),
            });
            let threads = threads.map_or(ReweightOptions::default().threads, |threads| threads as usize);
            Ok(Checked(self.problem()?.certify(
                ArrayView1::from(&multipliers[..]),
                dual,
                penalty,
                threads,
            )?))
        })
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
    fn new(
        env: &Env,
        data: NativeData,
        matrix: impl FnOnce(usize, usize) -> std::result::Result<SparseMatrix, InputError>,
    ) -> Result<Self> {
        let problem = contained(env, || {
            let weights = data.design_weights.as_deref().unwrap_or_default();
            let targets: Vec<Target> =
                data.targets.unwrap_or_default().into_iter().map(Target::from).collect();
            let matrix = matrix(weights.len(), targets.len())?;
            let mut builder = ReweightProblem::builder(matrix, ArrayView1::from(weights), targets);
            if let Some(bounds) = data.bounds {
                builder = builder.bounds(bounds.into_bounds(weights.len()));
            }
            Ok(builder.build()?)
        })?;
        // Both sides of the matrix, and five vectors of n: V8 sees an object of a hundred bytes and would never collect it.
        let bytes = (24 * problem.num_nonzeros() + 40 * problem.num_records()) as i64;
        env.adjust_external_memory(bytes)?;
        Ok(Self { bytes, data: Mutex::new(Some(Arc::new(problem))) })
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<ReweightProblem>>> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn problem(&self) -> std::result::Result<Arc<ReweightProblem>, Failure> {
        self.slot().clone().ok_or(Failure::Disposed)
    }

    fn run(
        &self,
        env: &Env,
        options: NativeOptions,
        token: &CancelToken,
        on_progress: Option<Listener<'_, IterationRecord>>,
        on_event: Option<Listener<'_, SolverEvent>>,
    ) -> Result<Run> {
        let progress = on_progress.as_ref().map(Channel::new).transpose()?;
        let events = on_event.as_ref().map(Channel::new).transpose()?;
        let mut control = Control::default().with_cancel(token.flag());
        if let Some(channel) = progress {
            control = control.with_progress(move |record| channel.send(record.clone()));
        }
        contained(env, || {
            Ok(Run { problem: self.problem()?, options: options.into_options()?, control, events })
        })
    }
}

/// All that a solve takes to its thread.
struct Run {
    problem: Arc<ReweightProblem>,
    options: ReweightOptions,
    control: Control,
    events: Option<Channel<SolverEvent>>,
}

impl Run {
    fn under_control<T>(
        mut self,
        solve: impl FnOnce(&ReweightProblem, &ReweightOptions, &mut Control) -> std::result::Result<T, Failure>,
    ) -> std::result::Result<T, Failure> {
        let solve = || solve(&self.problem, &self.options, &mut self.control);
        match self.events {
            None => solve(),
            Some(channel) => tracing::dispatcher::with_default(&Forwarder(channel).into(), solve),
        }
    }
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

    fn into_bounds(self, num_records: usize) -> Bounds {
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

impl NativeOptions {
    fn into_options(self) -> std::result::Result<ReweightOptions, InputError> {
        let default = ReweightOptions::default();
        Ok(ReweightOptions {
            penalty: self.penalty.unwrap_or(default.penalty),
            method: self.method.map_or(Ok(default.method), |name| name.parse())?,
            tolerance: self.tolerance.unwrap_or(default.tolerance),
            max_iterations: self.max_iterations.or(default.max_iterations),
            time_limit_seconds: self.time_limit_seconds.or(default.time_limit_seconds),
            threads: self.threads.map_or(default.threads, |threads| threads as usize),
            start: match (self.start_multipliers, self.start_dual) {
                (Some(multipliers), _) => Start::Multipliers(multipliers.to_vec()),
                (None, Some(dual)) => Start::Dual(dual.to_vec()),
                (None, None) => default.start,
            },
        })
    }
}

/// An answer: vectors as typed arrays that take over the memory, the rest as plain data.
pub struct Solution(Reweighting);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    status: Status,
    message: &'a str,
    method: Method,
    iterations: u32,
    digest: String,
    certificate: &'a equipoise::reweight::Certificate,
    smallest_pivot: Option<f64>,
    targets: &'a [equipoise::reweight::TargetResult],
    distribution: &'a equipoise::reweight::Distribution,
    attempts: &'a [equipoise::reweight::Attempt],
    history: &'a [IterationRecord],
    warnings: &'a [String],
    impossible_targets: &'a [usize],
    timing: &'a equipoise::reweight::Timing,
}

impl ToNapiValue for Solution {
    unsafe fn to_napi_value(env: sys::napi_env, Self(answer): Self) -> Result<sys::napi_value> {
        let summary = Env::from_raw(env).to_js_value(&Summary {
            status: answer.status,
            message: &answer.message,
            method: answer.method,
            iterations: answer.iterations,
            digest: answer.digest.to_string(),
            certificate: &answer.certificate,
            smallest_pivot: answer.smallest_pivot,
            targets: &answer.targets,
            distribution: &answer.distribution,
            attempts: &answer.attempts,
            history: &answer.history,
            warnings: &answer.warnings,
            impossible_targets: &answer.impossible_targets,
            timing: &answer.timing,
        })?;
        let mut object = Object::from_raw(env, summary.raw());
        for (name, values) in [
            ("weights", answer.weights),
            ("multipliers", answer.multipliers),
            ("dual", answer.dual),
            ("dualLow", answer.dual_low),
        ] {
            object.set_named_property(name, Float64Array::new(values.into_raw_vec_and_offset().0))?;
        }
        Ok(object.raw())
    }
}

/// An independent check.
pub struct Checked(Certification);

#[derive(Serialize)]
struct CheckedSummary<'a> {
    certificate: &'a equipoise::reweight::Certificate,
    targets: &'a [equipoise::reweight::TargetResult],
    digest: String,
}

impl ToNapiValue for Checked {
    unsafe fn to_napi_value(env: sys::napi_env, Self(checked): Self) -> Result<sys::napi_value> {
        let summary = Env::from_raw(env).to_js_value(&CheckedSummary {
            certificate: &checked.certificate,
            targets: &checked.targets,
            digest: checked.digest.to_string(),
        })?;
        let mut object = Object::from_raw(env, summary.raw());
        object.set_named_property("distanceBounds", Float64Array::new(checked.distance_bounds))?;
        Ok(object.raw())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    penalty: f64,
    method: Method,
    tolerance: f64,
    max_iterations: MaxIterations,
    time_limit_seconds: Option<f64>,
    threads: usize,
    bounds: [f64; 2],
}

#[derive(Serialize)]
struct MaxIterations {
    newton: u32,
    lbfgsb: u32,
    clarabel: u32,
}

/// The defaults of the options and of the bounds.
#[napi(ts_return_type = "object")]
pub fn reweight_defaults(env: &Env) -> Result<Plain<Defaults>> {
    contained(env, || {
        let default = ReweightOptions::default();
        let (lower, upper) = Bounds::default().of(0);
        Ok(Plain(Defaults {
            penalty: default.penalty,
            method: default.method,
            tolerance: default.tolerance,
            max_iterations: MaxIterations {
                newton: default.iteration_limit(Method::Newton),
                lbfgsb: default.iteration_limit(Method::Lbfgsb),
                clarabel: default.iteration_limit(Method::Clarabel),
            },
            time_limit_seconds: default.time_limit_seconds,
            threads: default.threads,
            bounds: [lower, upper],
        }))
    })
}

/// Checks the ranges of the options alone.
#[napi]
pub fn check_options(env: &Env, options: NativeOptions) -> Result<()> {
    contained(env, || Ok(options.into_options()?.validate_ranges()?))
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

/// Every status with its sentence.
#[napi(ts_return_type = "Record<string, string>")]
pub fn status_sentences() -> Plain<std::collections::BTreeMap<&'static str, &'static str>> {
    Plain(PENALTY_STATUSES.iter().map(|status| (status.as_str(), status.sentence())).collect())
}

/// The names of the methods.
#[napi]
pub fn reweight_methods() -> Vec<&'static str> {
    Method::ALL.iter().map(|method| method.as_str()).collect()
}

//! Convex quadratic programs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use equipoise::certificate::infeasibility::Proof;
use equipoise::certificate::linear_system::{Edge, Member, Part};
use equipoise::certificate::quadratic::QuadraticResiduals;
use equipoise::control::Control;
use equipoise::error::InputError;
use equipoise::numeric::digest::Digest;
use equipoise::numeric::matrix::Matrix;
use equipoise::qp::feasibility::Feasibility;
use equipoise::qp::{QpAttempt, QpMethod, QpOptions, QpProblem, QpSolution, QpStatus};
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;
use serde::Serialize;

use crate::control::on_own_thread;
use crate::convert::{Plain, Sentences};
use crate::errors::{Failure, contained};
use crate::matrix::NativeSparse;
use crate::run::NativeControl;

/// Dense rows one after the other, or a sparse matrix.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeQpMatrix {
    pub num_rows: u32,
    pub num_columns: u32,
    pub dense: Option<Float64Array>,
    pub sparse: Option<NativeSparse>,
}

impl NativeQpMatrix {
    /// A copy; errors name `path`.
    fn into_matrix(self, path: &str) -> std::result::Result<Matrix, InputError> {
        let (m, n) = (self.num_rows as usize, self.num_columns as usize);
        let matrix = match self.sparse {
            Some(sparse) => sparse.into_matrix(m, n).map(Matrix::from),
            None => Matrix::dense(m, n, self.dense.as_deref().unwrap_or_default().to_vec()),
        };
        matrix.map_err(|error| InputError { path: error.path.replacen("values", path, 1), ..error })
    }
}

/// What is null keeps its value; a new problem has every part.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeQpData {
    pub hessian: Option<NativeQpMatrix>,
    pub linear: Option<Float64Array>,
    pub matrix: Option<NativeQpMatrix>,
    pub row_lower: Option<Float64Array>,
    pub row_upper: Option<Float64Array>,
    pub lower: Option<Float64Array>,
    pub upper: Option<Float64Array>,
}

/// What is null keeps its default.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeQpOptions {
    pub method: Option<String>,
    pub tolerance: Option<f64>,
    pub iteration_limit: Option<u32>,
    pub time_limit_seconds: Option<f64>,
    pub warm_start: Option<bool>,
}

impl NativeQpOptions {
    fn into_options(self) -> std::result::Result<QpOptions, InputError> {
        let default = QpOptions::default();
        let options = QpOptions {
            method: self.method.map_or(Ok(default.method), |name| name.parse())?,
            tolerance: self.tolerance.unwrap_or(default.tolerance),
            iteration_limit: self.iteration_limit.map_or(default.iteration_limit, |k| Some(k as usize)),
            time_limit_seconds: self.time_limit_seconds.or(default.time_limit_seconds),
            warm_start: self.warm_start.unwrap_or(default.warm_start),
        };
        options.validate()?;
        Ok(options)
    }
}

/// A problem in native memory. A solve on a thread of its own works on a copy and gives its working set back.
#[napi(custom_finalize)]
pub struct NativeQpProblem {
    bytes: i64,
    problem: Arc<Mutex<Option<QpProblem>>>,
}

#[napi]
impl NativeQpProblem {
    #[napi(constructor)]
    pub fn new(env: &Env, data: NativeQpData) -> Result<Self> {
        let problem = contained(env, || {
            let empty = |name: &str| InputError::length(name, 1, 0);
            let vector = |values: Option<Float64Array>| values.as_deref().unwrap_or_default().to_vec();
            Ok(QpProblem::new(
                data.hessian.ok_or_else(|| empty("P"))?.into_matrix("P")?,
                vector(data.linear),
                data.matrix.ok_or_else(|| empty("A"))?.into_matrix("A")?,
                (vector(data.row_lower), vector(data.row_upper)),
                (vector(data.lower), vector(data.upper)),
            )?)
        })?;
        let bytes = problem.memory_bytes() as i64;
        env.adjust_external_memory(bytes)?;
        Ok(Self { bytes, problem: Arc::new(Mutex::new(Some(problem))) })
    }

    #[napi(ts_return_type = "Promise<object>")]
    pub fn solve<'env>(
        &self,
        env: &'env Env,
        options: NativeQpOptions,
        control: NativeControl<'_>,
    ) -> Result<Object<'env>> {
        let (mut copy, options) =
            contained(env, || Ok((self.slot().clone().ok_or(Failure::Disposed)?, options.into_options()?)))?;
        let control = Control::default().with_cancel(control.token.flag());
        let shared = self.problem.clone();
        on_own_thread(env, move || {
            let solution = copy.solve_with(&options, &control);
            if let Some(problem) = &mut *locked(&shared) {
                problem.set_working_set(&solution.working_set);
            }
            Ok(Answer(solution))
        })
    }

    #[napi(ts_return_type = "object")]
    pub fn solve_sync(&self, env: &Env, options: NativeQpOptions) -> Result<Answer> {
        contained(env, || {
            let options = options.into_options()?;
            Ok(Answer(self.slot().as_mut().ok_or(Failure::Disposed)?.solve(&options)))
        })
    }

    /// Replaces what is not null. On an error nothing has changed.
    #[napi]
    pub fn update(&self, env: &Env, change: NativeQpData) -> Result<()> {
        contained(env, || {
            let mut slot = self.slot();
            let mut changed = slot.clone().ok_or(Failure::Disposed)?;
            if let Some(hessian) = change.hessian {
                changed.set_hessian(hessian.into_matrix("P")?)?;
            }
            if let Some(linear) = change.linear {
                changed.set_linear(&linear)?;
            }
            if let Some(matrix) = change.matrix {
                changed.set_matrix(matrix.into_matrix("A")?)?;
            }
            if let (Some(lower), Some(upper)) = (change.row_lower, change.row_upper) {
                changed.set_row_bounds(lower.to_vec(), upper.to_vec())?;
            }
            if let (Some(lower), Some(upper)) = (change.lower, change.upper) {
                changed.set_bounds(lower.to_vec(), upper.to_vec())?;
            }
            *slot = Some(changed);
            Ok(())
        })
    }

    /// Frees the data; running solves have their own.
    #[napi]
    pub fn dispose(&self, env: &Env) -> Result<()> {
        if self.slot().take().is_some() {
            env.adjust_external_memory(-self.bytes)?;
        }
        Ok(())
    }
}

impl ObjectFinalize for NativeQpProblem {
    fn finalize(self, env: Env) -> Result<()> {
        self.dispose(&env)
    }
}

impl NativeQpProblem {
    fn slot(&self) -> MutexGuard<'_, Option<QpProblem>> {
        locked(&self.problem)
    }
}

fn locked(problem: &Mutex<Option<QpProblem>>) -> MutexGuard<'_, Option<QpProblem>> {
    problem.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A solution on its way to JavaScript.
pub struct Answer(QpSolution);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    status: QpStatus,
    message: &'a str,
    method: QpMethod,
    iterations: usize,
    objective: f64,
    dual_objective: f64,
    digest: String,
    certificate: Certificate<'a>,
    working_set: Vec<Side>,
    infeasibility: Option<Contradiction>,
    ray: Option<RaySummary<'a>>,
    attempts: &'a [QpAttempt],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate<'a> {
    #[serde(flatten)]
    residuals: &'a QuadraticResiduals,
    relative_residual: f64,
    gap: f64,
}

/// A side of a row or of a variable's bounds.
#[derive(Serialize)]
struct Side {
    kind: &'static str,
    index: usize,
    edge: &'static str,
}

impl From<Member> for Side {
    fn from(member: Member) -> Self {
        let (kind, index) = place(member.part);
        Self { kind, index, edge: if member.edge == Edge::Lower { "lower" } else { "upper" } }
    }
}

fn place(part: Part) -> (&'static str, usize) {
    match part {
        Part::Row(i) => ("row", i),
        Part::Column(j) => ("variable", j),
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
enum Contradiction {
    Farkas { rows: Vec<f64>, is_rigorous: bool, relative_gap: f64, sides: Vec<Side> },
    EmptyInterval { of: &'static str, index: usize },
}

impl Contradiction {
    fn new(evidence: &Feasibility) -> Option<Self> {
        match evidence {
            Feasibility::Infeasible { farkas, check } => Some(Self::Farkas {
                rows: farkas.clone(),
                is_rigorous: check.proof == Proof::Rigorous,
                relative_gap: check.relative_gap,
                sides: check.support.iter().map(|&member| member.into()).collect(),
            }),
            Feasibility::EmptyInterval(part) => {
                let (of, index) = place(*part);
                Some(Self::EmptyInterval { of, index })
            }
            Feasibility::Feasible { .. } | Feasibility::Unknown { .. } => None,
        }
    }
}

#[derive(Serialize)]
struct RaySummary<'a> {
    direction: &'a [f64],
    descent: f64,
    curvature: f64,
    violation: f64,
}

impl ToNapiValue for Answer {
    unsafe fn to_napi_value(env: sys::napi_env, Self(solution): Self) -> Result<sys::napi_value> {
        let residuals = &solution.residuals;
        let summary = Summary {
            status: solution.status,
            message: solution.status.sentence(),
            method: solution.method,
            iterations: solution.iterations,
            objective: residuals.objective,
            dual_objective: residuals.dual_objective,
            digest: Digest::of(solution.x.iter().copied()).to_string(),
            certificate: Certificate {
                residuals,
                relative_residual: residuals.relative(),
                gap: residuals.gap(),
            },
            working_set: solution.working_set.iter().map(|&member| member.into()).collect(),
            infeasibility: solution.infeasibility.as_ref().and_then(Contradiction::new),
            ray: solution.ray.as_ref().map(|ray| RaySummary {
                direction: &ray.direction,
                descent: ray.check.descent,
                curvature: ray.check.curvature,
                violation: ray.check.violation,
            }),
            attempts: &solution.attempts,
        };
        let mut object = Object::from_raw(env, Env::from_raw(env).to_js_value(&summary)?.raw());
        for (name, values) in [
            ("x", solution.x),
            ("rowMultipliers", solution.row_multipliers),
            ("boundMultipliers", solution.bound_multipliers),
        ] {
            object.set_named_property(name, Float64Array::new(values))?;
        }
        Ok(object.raw())
    }
}

/// The defaults of the options.
#[napi(ts_return_type = "object")]
pub fn qp_defaults(env: &Env) -> Result<Plain<QpOptions>> {
    contained(env, || Ok(Plain(QpOptions::default())))
}

/// Every status with its sentence.
#[napi(ts_return_type = "Record<string, string>")]
pub fn qp_status_sentences() -> Plain<Sentences> {
    Plain(QpStatus::ALL.iter().map(|status| (status.as_str(), status.sentence())).collect())
}

/// The names of the methods.
#[napi]
pub fn qp_methods() -> Vec<&'static str> {
    QpMethod::ALL.iter().map(|method| method.as_str()).collect()
}

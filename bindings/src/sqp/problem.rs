//! Constrained problems as the façade describes them.

use equipoise::error::InputError;
use equipoise::numeric::sum::dot;
use equipoise::sqp::{IntervalRows, SqpOptions, SqpProblem};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::errors::contained;

/// Rows of a matrix (row-major) that are constraints; `first_row` is their place among all rows.
pub struct LinearBlock {
    pub first_row: usize,
    pub num_rows: usize,
    pub matrix: Vec<f64>,
}

impl LinearBlock {
    /// Ax.
    pub fn values(&self, x: &[f64], out: &mut [f64]) {
        for (value, row) in out.iter_mut().zip(self.matrix.chunks(x.len())) {
            *value = dot(row, x);
        }
    }
}

#[napi(object, object_to_js = false)]
pub struct NativeLinearBlock {
    pub first_row: u32,
    pub num_rows: u32,
    pub matrix: Float64Array,
}

#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeSqpProblem {
    pub start: Float64Array,
    pub lower: Option<Float64Array>,
    pub upper: Option<Float64Array>,
    pub row_lower: Float64Array,
    pub row_upper: Float64Array,
    pub row_names: Vec<String>,
    pub linear: Vec<NativeLinearBlock>,
    pub variable_names: Vec<String>,
    /// Options in JSON, by their names.
    pub options: String,
    pub time_limit_seconds: Option<f64>,
}

/// The same as the crate takes it.
pub struct ProblemParts {
    pub problem: SqpProblem,
    pub rows: IntervalRows,
    pub linear: Vec<LinearBlock>,
    pub options: SqpOptions,
    pub time_limit_seconds: Option<f64>,
}

type Parsed<T> = std::result::Result<T, InputError>;

impl NativeSqpProblem {
    pub fn into_parts(self) -> Parsed<ProblemParts> {
        let rows = IntervalRows::new(self.row_lower.to_vec(), self.row_upper.to_vec())?;
        let names = if self.row_names.is_empty() { Vec::new() } else { rows.names(&self.row_names) };
        let problem = bounded(&self.start, self.lower.as_deref(), self.upper.as_deref())?
            .with_constraints(rows.num_equalities(), rows.num_inequalities())
            .with_names(self.variable_names, names)?;
        let linear = self.linear.into_iter().map(|block| LinearBlock {
            first_row: block.first_row as usize,
            num_rows: block.num_rows as usize,
            matrix: block.matrix.to_vec(),
        });
        let options = options(&self.options)?;
        let (linear, time_limit_seconds) = (linear.collect(), self.time_limit_seconds);
        Ok(ProblemParts { problem, rows, linear, options, time_limit_seconds })
    }
}

fn bounded(start: &[f64], lower: Option<&[f64]>, upper: Option<&[f64]>) -> Parsed<SqpProblem> {
    let problem = SqpProblem::new(start.to_vec())?;
    match (lower, upper) {
        (Some(lower), Some(upper)) => problem.with_bounds(lower.to_vec(), upper.to_vec()),
        _ => Ok(problem),
    }
}

/// Options from JSON; each is read alone, so that a fault has its name.
fn options(json: &str) -> Parsed<SqpOptions> {
    use equipoise::error::InputCode::OutOfRange;
    let fault = |path: &str, error: serde_json::Error| {
        InputError::new(OutOfRange, path, "a value that the option may have", error.to_string())
    };
    let all: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(json).map_err(|error| fault("options", error))?;
    for (name, value) in &all {
        let alone = serde_json::Map::from_iter([(name.clone(), value.clone())]);
        serde_json::from_value::<SqpOptions>(alone.into()).map_err(|error| fault(name, error))?;
    }
    let options: SqpOptions = serde_json::from_value(all.into()).map_err(|error| fault("options", error))?;
    options.check()?;
    Ok(options)
}

/// The start, clipped to the bounds; checks both.
#[napi]
pub fn sqp_start(
    env: &Env,
    start: Float64ArraySlice<'_>,
    lower: Option<Float64Array>,
    upper: Option<Float64Array>,
) -> Result<Float64Array> {
    contained(env, || {
        let problem = bounded(&start, lower.as_deref(), upper.as_deref())?;
        Ok(Float64Array::new(problem.start().to_vec()))
    })
}

/// Checks options alone.
#[napi]
pub fn check_sqp_options(env: &Env, json: String) -> Result<()> {
    contained(env, || options(&json).map(|_| ()).map_err(Into::into))
}

//! The models of `examples/smoothing`: their values, their derivatives, and their fits by every plan.

#[path = "../../examples/smoothing/derivatives.rs"]
mod derivatives;
#[path = "../../examples/smoothing/generated.rs"]
mod generated;
#[path = "../../examples/smoothing/inner.rs"]
mod inner;
#[path = "../../examples/smoothing/matrix.rs"]
mod matrix;
#[path = "../../examples/smoothing/objective.rs"]
mod objective;
#[path = "../../examples/smoothing/penalized.rs"]
mod penalized;
#[path = "../../examples/smoothing/published.rs"]
mod published;

mod cache;
mod canonical;
mod fits;
mod runs;
mod values;

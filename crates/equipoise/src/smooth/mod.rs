//! Smooth optimisation: line searches, the limited-memory matrix, and the bound-constrained L-BFGS solver.
//!
//! Problems implement argmin's `CostFunction` and `Gradient` over `Vec<f64>`; solvers implement argmin's `Solver`.

mod bounds;
pub mod lbfgsb;
mod limited_memory;
pub mod line_search;
mod restricted_products;
mod small_dense;

pub use lbfgsb::{Lbfgsb, LbfgsbError, LbfgsbStop};

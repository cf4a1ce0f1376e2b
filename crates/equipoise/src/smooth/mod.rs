//! Smooth optimisation with bounds: line searches and quasi-Newton methods.
//!
//! Problems implement argmin's `CostFunction` and `Gradient` over `Vec<f64>`; solvers implement argmin's `Solver`.

mod bfgs;
mod bounds;
mod box_quadratic;
mod cubic;
mod cubic_step;
mod curvature;
mod hessian_operator;
mod lbfgsb;
mod limited_memory;
pub mod line_search;
mod quasi_newton;
mod restricted_products;
mod small_dense;
mod stop;

pub use bfgs::{Bfgs, DenseModel, InitialMetric};
pub use cubic::{Cubic, SecondOrderState};
pub use curvature::FreeCurvature;
pub use hessian_operator::{
    DifferencedGradient, GradientFunction, HessianError, HessianForm, HessianOperator, Materialisation,
};
pub use lbfgsb::{Lbfgsb, LimitedMemoryModel};
pub use quasi_newton::{QuasiNewton, SmoothState};
pub use stop::{SmoothError, SmoothStop};

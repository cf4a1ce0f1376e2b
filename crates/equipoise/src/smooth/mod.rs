//! Smooth optimisation with bounds: line searches, quasi-Newton and second-order methods, fixed points, and the test of stationarity
//! that they share.
//!
//! Problems implement argmin's `CostFunction` and `Gradient` over `Vec<f64>`; solvers implement argmin's `Solver`. The page
//! `docs/smooth.md` says which solver suits which problem.

mod bfgs;
mod bounds;
mod box_quadratic;
mod cost_stall;
mod cubic;
mod cubic_step;
mod curvature;
mod dense_inverse;
mod fixed_point;
mod fixed_point_iteration;
mod frontier;
mod hessian_operator;
mod inner_cap;
mod lbfgsb;
mod limited_memory;
pub mod line_search;
mod negative_curvature;
mod probes;
mod problem;
mod quasi_newton;
mod restricted_products;
mod small_dense;
mod stationarity;
mod steihaug;
mod stop;
mod trust_region;
mod trust_region_step;

pub use bfgs::{Bfgs, DenseModel, InitialMetric};
pub use bounds::Bounds;
pub use cost_stall::{CostStallGuard, CostStallOptions, CostStallVerdict, Incumbent, stuck_above};
pub use cubic::{Cubic, SecondOrderState};
pub use curvature::{FreeCurvature, LeastCurvature};
pub use fixed_point::{BarrierState, FixedPoint, FixedPointEvaluation, FixedPointFallback};
pub use fixed_point_iteration::FixedPointIteration;
pub use frontier::{FRONTIER_COORDINATES, Frontier};
pub use hessian_operator::{
    DifferencedGradient, GradientFunction, HessianError, HessianForm, HessianOperator, Materialisation,
};
pub use inner_cap::{InnerFeedback, InnerReport};
pub use lbfgsb::{Lbfgsb, LimitedMemoryModel};
pub use negative_curvature::{CurvatureWalk, CurvatureWalkStart, walk_negative_curvature};
pub use probes::{Probe, ProbeMemo, ProbeRefusals};
pub(crate) use quasi_newton::CurvatureModel;
pub use quasi_newton::{QuasiNewton, SmoothState};
pub use stationarity::{
    CurvatureVerdict, Stationarity, StationarityTest, StationarityTolerances, value_noise,
};
pub use stop::{RoutingMismatch, SmoothError, SmoothStop};
pub use trust_region::{OperatorState, TrustRegion};

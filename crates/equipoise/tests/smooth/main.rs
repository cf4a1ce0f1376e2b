//! The solvers of smooth problems over boxes.

mod bfgs;
mod cases;
mod common;
mod cubic;
mod fixed_points;
mod lbfgsb;
mod lbfgsb_quadratics;
mod operators;
mod stalls;

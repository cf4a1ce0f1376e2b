//! The solvers of smooth problems over boxes.

mod bfgs;
mod cases;
mod common;
mod cubic;
mod lbfgsb;
mod lbfgsb_quadratics;

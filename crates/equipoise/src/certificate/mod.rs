//! Independent checks of answers: none of them uses the solver that made the answer.

pub mod box_residuals;
pub mod conflict;
pub mod gold_star;
pub mod infeasibility;
pub mod kkt;
pub mod linear_system;
pub mod quadratic;
pub mod ray;

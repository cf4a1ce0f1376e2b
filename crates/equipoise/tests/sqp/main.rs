//! Tests of the SQP solver.

mod bad_input;
mod defects;
mod families;
mod fronts;
mod hock_schittkowski;
mod observed;
mod scipy_failures;
mod support;

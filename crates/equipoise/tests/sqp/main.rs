//! Tests of the SQP solver.

mod active_set_defects;
mod bad_input;
mod defects;
mod families;
mod fronts;
mod hock_schittkowski;
mod infeasible;
mod observed;
mod scipy_failures;
mod selectable;
mod support;

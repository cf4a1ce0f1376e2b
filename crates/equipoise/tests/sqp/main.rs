//! Tests of the SQP solver.

mod hock_schittkowski;
mod support;

//! Deterministic kernels: every result is a function of the data alone, never of threads, CPU features or scheduling.

pub mod cholesky;
pub mod dd;
pub mod dd_accumulators;
pub mod digest;
pub mod elementary;
pub mod exact;
pub mod gram;
pub mod matrix;
pub mod parallel;
pub mod repeated_rows;
pub mod singular_values;
pub mod sparse;
pub mod sparse_builder;
mod sparse_products;
pub mod storage;
pub mod student_t;
pub mod sum;
pub mod symmetric_eigen;
pub mod updatable_cholesky;

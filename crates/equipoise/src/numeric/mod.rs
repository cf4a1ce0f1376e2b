//! Deterministic kernels: every result is a function of the data alone, never of threads, CPU features or scheduling.

pub mod sum;

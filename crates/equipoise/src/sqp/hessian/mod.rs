//! Models of the Lagrangian's curvature.

pub(super) mod bfgs;
pub(super) mod curvature;
pub(super) mod exact;
pub(super) mod limited_memory;
mod pair_products;
mod quasi_definite;

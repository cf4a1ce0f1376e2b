//! Models of the Lagrangian's curvature.

pub(super) mod bfgs;
pub(super) mod exact;

//! Certified optimisation.
#![deny(missing_docs)]

pub mod numeric;
pub mod smooth;

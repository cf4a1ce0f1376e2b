//! Certified optimisation.
#![deny(missing_docs)]

pub mod error;
pub mod numeric;

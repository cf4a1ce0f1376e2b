//! Certified optimisation.
#![deny(missing_docs)]

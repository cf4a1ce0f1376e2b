//! Smooth optimisation.

pub mod line_search;

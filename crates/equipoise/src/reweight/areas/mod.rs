//! Areas: many problems over one matrix, such as the states or districts of a national model, or the areas of a survey.
//!
//! Each area has a scale of the design weights, totals, and optionally bands, bounds, dropped targets or records of its own
//! ([`Area`]); all share the matrix, which is held once. They are solved side by side, each by one thread, so that an area's
//! answer has the bits of the area solved alone: it does not depend on the other areas, their order, or the number of
//! threads. Nothing is carried from one area to the next, dual values included.
//!
//! Beside the matrix, a thread holds the vectors of one solve and one result; where areas leave out targets or have records
//! of their own it also holds the reduced matrix of its area, which areas with the same targets and records share.
//!
//! Over the areas together, Eᵢ = Σₐ wₐᵢ/w⁰ᵢ says how much of each record is used ([`ExhaustionTable`]). A cap on it is met by
//! solving again, in rounds, with lowered upper bounds: a record beyond the cap gets in each area the bound loₐ + f(mₐ − loₐ), the factor
//! f being the same for all areas, such that the bounds together are the cap.
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use equipoise::control::CancelFlag;
//! use equipoise::numeric::sparse::SparseMatrix;
//! use equipoise::reweight::areas::{Area, AreasOptions};
//! use equipoise::reweight::{ReweightProblem, Target};
//! use ndarray::array;
//!
//! # fn main() -> Result<(), equipoise::error::InputError> {
//! let matrix = SparseMatrix::from_dense_columns(4, [&[1.0, 1.0, 1.0, 1.0][..], &[0.0, 2.0, 1.0, 0.0]])?;
//! let weights = array![100.0, 120.0, 80.0, 100.0];
//! let targets = vec![Target::new("households", 400.0), Target::new("children", 320.0)];
//! let problem = ReweightProblem::builder(matrix, weights.view(), targets).build()?;
//! let north = Area { weight_scale: 0.6, totals: Some(vec![Some(250.0), Some(190.0)]), ..Area::new("north") };
//! let south = Area { weight_scale: 0.4, totals: Some(vec![Some(150.0), None]), ..Area::new("south") };
//! let summary = problem.solve_areas(&[north, south], &AreasOptions::default(), &CancelFlag::default(), |area| {
//!     assert_eq!(area.status.as_str(), "converged");
//!     ControlFlow::Continue(())
//! })?;
//! assert!(summary.all_converged);
//! # Ok(())
//! # }
//! ```

mod caps;
mod exhaustion;
mod options;
mod plan;
mod result;
mod solve;
mod structure;
mod summary;

pub use exhaustion::{CAP_ROUNDING, Exhaustion, ExhaustionTable, RecordExhaustion};
pub use options::{Area, AreasOptions, TargetDrop};
pub use result::{AreaResult, AreaStatus};
pub use summary::{
    AreaRow, AreasSummary, MULTIPLIER_EDGES, Missed, MultiplierCounts, TargetSummary, digest_of_areas,
};

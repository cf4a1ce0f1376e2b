//! Reweighting: multipliers for design weights that bring weighted totals to their targets.
//!
//! The penalty form of n records with design weights w⁰, a sparse matrix A (n × k), totals t, scales s (s = t + 1 unless
//! given) and bounds lo ≤ m ≤ hi:
//!
//! ```text
//! min Σⱼ ((Σᵢ w⁰ᵢmᵢAᵢⱼ − tⱼ)/sⱼ)² + penalty · L₀ · Σᵢ (w⁰ᵢ²/Σw⁰²)(mᵢ − 1)²
//! ```
//!
//! L₀ being the first sum at m = 1. It is strictly convex: one answer, which the newton method returns rounded to doubles,
//! with a certificate that bounds the distance of every multiplier from it.
//!
//! ```
//! use equipoise::reweight::{ReweightOptions, ReweightProblem, Target};
//! use equipoise::numeric::sparse::SparseMatrix;
//! use ndarray::array;
//!
//! # fn main() -> Result<(), equipoise::error::InputError> {
//! // Four households; the first target counts them, the second their children.
//! let matrix = SparseMatrix::from_dense_columns(4, [&[1.0, 1.0, 1.0, 1.0][..], &[0.0, 2.0, 1.0, 0.0]])?;
//! let weights = array![100.0, 120.0, 80.0, 100.0];
//! let targets = vec![Target::new("households", 420.0), Target::new("children", 400.0)];
//! let problem = ReweightProblem::builder(matrix, weights.view(), targets).build()?;
//! let answer = problem.solve(&ReweightOptions::with_penalty(1e-6))?;
//! assert_eq!(answer.status.as_str(), "converged");
//! assert!(answer.certificate.distance_bound < 1e-15);
//! # Ok(())
//! # }
//! ```

pub mod areas;
pub mod bands;
pub mod calibration;
mod certificate;
mod chunks;
mod clarabel;
mod common_design;
mod contradiction;
mod dual_evaluation;
pub mod explain;
mod form_choice;
mod grouping;
pub mod integer;
mod interior_point;
mod lbfgsb;
mod newton;
mod options;
mod penalty;
mod problem;
pub mod replicates;
mod result;
mod solve;
pub mod synthetic;
mod target_system;

pub use certificate::{Certificate, Certification, DualPoint};
pub use chunks::{ChunkedProblem, RecordChunk};
pub use form_choice::{Form, FormAnswer};
pub use options::{MAX_THREADS, Method, ReweightOptions, Start};
pub use problem::{
    Bounds, ReweightProblem, ReweightProblemBuilder, Target, validate_design_weights, validate_targets,
};
pub use result::{Attempt, Distribution, PENALTY_STATUSES, Quantile, Reweighting, TargetResult, Timing};

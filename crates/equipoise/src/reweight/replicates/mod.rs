//! Replicate weights: a list of replicate design weights (jackknife, bootstrap, balanced half-samples) is reweighted to the same
//! targets, and the variance of any total, mean or ratio follows from how its estimate varies over the replicates.
//!
//! ```text
//! v(θ) = Σᵣ cᵣ (θᵣ − θ₀)²
//! ```
//!
//! θᵣ is the estimate from replicate r and θ₀ the one from the full sample, or the mean of the replicates. Each replicate is
//! a problem of its own over the records whose weight in it is positive: what a jackknife has dropped keeps the weight 0.
//!
//! ```
//! use equipoise::control::Control;
//! use equipoise::numeric::sparse::SparseMatrix;
//! use equipoise::reweight::calibration::CalibrationOptions;
//! use equipoise::reweight::replicates::{
//!     Replication, Statistic, StandardErrorOptions, standard_errors,
//! };
//! use equipoise::reweight::{Form, ReweightProblem, Target};
//! use ndarray::array;
//!
//! # fn main() -> Result<(), equipoise::error::InputError> {
//! // Four households; their number is known, their children are to be estimated.
//! let matrix = SparseMatrix::from_dense_columns(4, [&[1.0, 1.0, 1.0, 1.0][..]])?;
//! let weights = array![100.0, 120.0, 80.0, 100.0];
//! let problem =
//!     ReweightProblem::builder(matrix, weights.view(), vec![Target::new("households", 420.0)]).build()?;
//! // The jackknife leaves one household out at a time.
//! let columns: Vec<Vec<f64>> = (0..4)
//!     .map(|r| weights.iter().enumerate().map(|(i, w)| if i == r { 0.0 } else { w * 4.0 / 3.0 }).collect())
//!     .collect();
//! let form = Form::Calibration(CalibrationOptions::default());
//! let full = problem.solve_form(&form, &mut Control::default())?;
//! let batch = problem.solve_replicates(&columns, &form, 0, &Control::default(), &|_| {})?;
//! let children = Statistic::total("children", vec![0.0, 2.0, 1.0, 0.0]);
//! let households = Statistic::total("households", vec![1.0; 4]);
//! let options = StandardErrorOptions::new(Replication::Jk1);
//! let found = standard_errors(full.weights().view(), &batch.converged(), &[children, households], &options)?;
//! assert!(found.rows[0].standard_error > 100.0);
//! // A calibrated total does not vary.
//! assert!(found.rows[1].standard_error < 1e-12);
//! # Ok(())
//! # }
//! ```

mod batch;
mod standard_errors;
mod subset;

pub use batch::{Replicate, ReplicateBatch};
pub use standard_errors::{
    Centre, MissingReplicates, Replication, StandardError, StandardErrorOptions, StandardErrors, Statistic,
    StatisticKind, standard_errors,
};

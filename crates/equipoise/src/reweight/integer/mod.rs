//! Integer weights: unbiased, controlled rounding of final weights, for population synthesis.
//!
//! Every weight becomes its floor or its ceiling. With the cube method the expectation of each is the weight itself; the sum within
//! every cell is the floor or ceiling of the cell's total, so is the sum over all records, and the totals of the targets are
//! kept but for the rounding of the last few records. The largest remainder rounds each cell's total to the nearest integer
//! and gives the missing units to the largest fractional parts: deterministic, but neither unbiased nor mindful of the targets.
//!
//! Whether every total stays within the distance asked for is recomputed from the integers and said in the status.
//!
//! Sources: J.-C. Deville, Y. Tillé, Efficient balanced sampling: the cube method, Biometrika 91 (2004) 893–912; G. Chauvet,
//! Y. Tillé, A fast algorithm for balanced sampling, Computational Statistics 21 (2006) 53–62 (a few records at a time); L. H. Cox,
//! A constructive procedure for unbiased controlled rounding, J. Amer. Statist. Assoc. 82 (1987) 520–524.
//!
//! ```
//! use equipoise::numeric::sparse::SparseMatrix;
//! use equipoise::reweight::integer::{IntegerOptions, IntegerStatus};
//! use equipoise::reweight::{ReweightProblem, Target};
//! use ndarray::array;
//!
//! # fn main() -> Result<(), equipoise::error::InputError> {
//! // Four households; the target counts their children.
//! let matrix = SparseMatrix::from_dense_columns(4, [&[0.0, 2.0, 1.0, 0.0][..]])?;
//! let weights = array![2.5, 1.25, 3.5, 0.75];
//! let problem =
//!     ReweightProblem::builder(matrix, weights.view(), vec![Target::new("children", 6.0)]).build()?;
//! let options = IntegerOptions { max_total_error: 0.25, ..IntegerOptions::default() };
//! let rounded = problem.integer_weights(weights.view(), &options)?;
//! assert_eq!(rounded.weights.iter().sum::<u32>(), 8);
//! assert_eq!(rounded.status, IntegerStatus::WithinDistance);
//! # Ok(())
//! # }
//! ```

mod cube;
mod largest_remainder;
mod round;
mod working_basis;

pub use round::{IntegerOptions, IntegerStatus, IntegerTarget, IntegerWeights, RoundingMethod};

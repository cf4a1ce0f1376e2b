//! Calibration: multipliers as near 1 as a distance says that meet the totals exactly.
//!
//! For n records with design weights w⁰, a sparse matrix A (n × k), totals t, and weights 1/q of the distance G:
//!
//! ```text
//! min Σᵢ (w⁰ᵢ/qᵢ) G(gᵢ) + Σⱼ Cⱼ(missⱼ)²/2     subject to  missⱼ = Σᵢ w⁰ᵢgᵢAᵢⱼ − tⱼ,  missⱼ = 0 where the total is exact
//! ```
//!
//! The solution is gᵢ = F(qᵢ(Aλ)ᵢ), F the inverse of G′, with λ the maximiser of the concave dual. The newton method finds
//! λ in doubles and finishes it in pairs, so that the multipliers returned are the optimum correctly rounded, with a
//! certificate that bounds their distance from it. Totals that no multipliers meet end as `infeasible` with a checked
//! proof, never by a guess.
//!
//! Sources: J.-C. Deville, C.-E. Särndal, J. Amer. Statist. Assoc. 87 (1992) 376–382 (distances, dual equations); J.-C. Deville,
//! C.-E. Särndal, O. Sautory, J. Amer. Statist. Assoc. 88 (1993) 1013–1020 (raking, logit, hyperbolic sine); G. Lemaître,
//! J. Dufour, Survey Methodology 13 (1987) 199–207 (one weight per household); J. N. K. Rao, A. C. Singh, Proc. Survey Research
//! Methods, ASA (1997) 57–65 (relaxed totals).
//!
//! ```
//! use equipoise::numeric::sparse::SparseMatrix;
//! use equipoise::reweight::calibration::{CalibrationOptions, Distance};
//! use equipoise::reweight::{ReweightProblem, Target};
//! use ndarray::array;
//!
//! # fn main() -> Result<(), equipoise::error::InputError> {
//! // Four households; the first target counts them, the second their children.
//! let matrix = SparseMatrix::from_dense_columns(4, [&[1.0, 1.0, 1.0, 1.0][..], &[0.0, 2.0, 1.0, 0.0]])?;
//! let weights = array![100.0, 120.0, 80.0, 100.0];
//! let targets = vec![Target::new("households", 420.0), Target::new("children", 400.0)];
//! let problem = ReweightProblem::builder(matrix, weights.view(), targets).build()?;
//! let answer = problem.calibrate(&CalibrationOptions::with_distance(Distance::Raking))?;
//! assert_eq!(answer.status.as_str(), "converged");
//! assert!(answer.certificate.distance_bound < 1e-15);
//! # Ok(())
//! # }
//! ```

mod certificate;
mod certify;
mod distance;
mod form;
mod grouped;
mod infeasibility;
mod newton;
mod options;
mod pivoted;
mod result;
mod solve;

pub use certificate::CalibrationCertificate;
pub use certify::CalibrationCertification;
pub use infeasibility::InfeasibilityProof;
pub use options::{CalibrationOptions, Distance};
pub use result::{Calibration, CalibrationStatus, CalibrationTarget};

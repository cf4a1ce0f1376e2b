//! The band form: totals within bands instead of on targets.
//!
//! ```text
//! min Σ dᵢ(mᵢ − 1)² + Σ Mⱼ dist((Σᵢ w⁰ᵢmᵢAᵢⱼ)/sⱼ, [lbⱼ, ubⱼ])²      lo ≤ m ≤ hi
//! ```
//!
//! with sⱼ = |tⱼ| unless given and the band tⱼ/sⱼ ± tolerance. Mⱼ is finite (elastic, default 1e6) or infinite (hard), and may
//! differ from target to target; an elastic band of zero width penalises every miss. The dual is minimised by a proximal Newton method, the last digits come from Newton corrections in double-double, and the certificate
//! bounds the distance of every multiplier from the one optimum. Hard bands end with that, or with a proof that they
//! cannot hold together.
//!
//! ```
//! use equipoise::numeric::sparse::SparseMatrix;
//! use equipoise::reweight::bands::{BandOptions, Binding};
//! use equipoise::reweight::{ReweightProblem, Target};
//! use ndarray::array;
//!
//! # fn main() -> Result<(), equipoise::error::InputError> {
//! // Four households; the first target counts them, the second their children.
//! let matrix = SparseMatrix::from_dense_columns(4, [&[1.0, 1.0, 1.0, 1.0][..], &[0.0, 2.0, 1.0, 0.0]])?;
//! let weights = array![100.0, 120.0, 80.0, 100.0];
//! let targets = vec![Target::new("households", 420.0), Target::new("children", 400.0)];
//! let problem = ReweightProblem::builder(matrix, weights.view(), targets).build()?;
//! let answer = problem.solve_bands(&BandOptions::default())?;
//! assert_eq!(answer.status.as_str(), "converged");
//! assert!(answer.certificate.distance_bound < 1e-15);
//! assert_eq!(answer.targets[1].binding, Binding::Lower);
//! # Ok(())
//! # }
//! ```

mod certificate;
mod certify;
mod clarabel;
mod coordinate_sweep;
mod farkas;
mod finish;
mod form;
mod free_gram;
mod grouped;
mod implied;
mod interior;
mod options;
mod outer;
mod priorities;
mod proximal_newton;
mod result;
mod settled;
mod solve;
mod subproblem;
mod target_bands;

pub use certificate::BandCertificate;
pub use certify::BandCertification;
pub use options::{Band, BandMethod, BandOptions, BandWeight};
pub use priorities::{PriorityReweighting, RankResult};
pub use result::{BandAttempt, BandInfeasibility, BandReweighting, BandTargetResult, Binding};
pub(super) use target_bands::TargetBand;
pub use target_bands::{BandOverride, TargetSelector};

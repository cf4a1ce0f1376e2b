//! Checks of band answers from anywhere: from the data and the answer alone, without the solver's word for anything.

use ndarray::ArrayView1;

use super::certificate::{BandCertificate, certificate, record_bounds};
use super::farkas;
use super::form::{BandEvaluation, BandForm};
use super::options::BandOptions;
use super::result::{BandTargetResult, target_results};
use super::settled::Settled;
use crate::control::Control;
use crate::error::InputError;
use crate::numeric::dd::{Dd, Uncertain};
use crate::numeric::digest::Digest;
use crate::numeric::parallel::Workers;
use crate::reweight::certificate::{DualPoint, checked};
use crate::reweight::problem::ReweightProblem;

/// The result of [`ReweightProblem::certify_bands`].
#[derive(Debug, Clone)]
pub struct BandCertification {
    /// The certificate.
    pub certificate: BandCertificate,
    /// One row per target.
    pub targets: Vec<BandTargetResult>,
    /// |mᵢ − mᵢ*| is at most this, for every record (n).
    pub distance_bounds: Vec<f64>,
    /// Digest of the multipliers.
    pub digest: Digest,
    /// True if the answer is the optimum within the tolerance of the options: the status `converged`.
    pub is_certified: bool,
}

impl BandCertificate {
    /// True if distance bound ≤ tolerance and the multipliers lie within their bounds.
    pub(super) fn holds(&self, tolerance: f64) -> bool {
        self.distance_bound <= tolerance && self.feasibility == 0.0
    }
}

impl ReweightProblem {
    /// Checks an answer from anywhere: multipliers (n) and, if known, the dual values that come with them (yⱼ/sⱼ, as in
    /// [`crate::reweight::bands::BandReweighting::dual`]). Without them vⱼ = 2Mⱼ times the violation over sⱼ is used, whose bound
    /// is weak for large Mⱼ and says nothing of hard bands that press. For a converged answer it gives the numbers of the solve.
    ///
    /// Of the options, those of the method play no part.
    ///
    /// # Errors
    /// As [`ReweightProblem::solve_bands`]; lengths that differ, numbers that are not finite.
    pub fn certify_bands(
        &self,
        multipliers: ArrayView1<'_, f64>,
        dual: Option<DualPoint<'_>>,
        options: &BandOptions,
    ) -> Result<BandCertification, InputError> {
        options.validate(self)?;
        let bands = options.target_bands(self.targets())?;
        let multipliers = checked(multipliers, "multipliers", self.num_records())?;
        let dual = dual.map(|point| point.pairs(self.num_targets())).transpose()?;
        let workers = Workers::new(options.threads);
        let form = BandForm::new(self, &bands, options, &workers);
        let (scaled, after) = form.totals(&multipliers);
        let dual = dual.unwrap_or_else(|| dual_of_violations(&form, &scaled));
        let mut evaluation = BandEvaluation::new(&form);
        form.evaluate_dual(&dual, Some(&multipliers), &mut evaluation);
        let settled = Settled::of(&form, &dual, &evaluation, &Control::default());
        let certificate = certificate(&form, &dual, &evaluation, settled.as_ref(), &scaled);
        let gap = certificate.duality_gap;
        Ok(BandCertification {
            is_certified: certificate.holds(options.tolerance),
            targets: target_results(&form, &dual, &scaled, &after),
            distance_bounds: record_bounds(&form, &evaluation, settled.as_ref(), gap),
            certificate,
            digest: Digest::of(multipliers),
        })
    }

    /// Checks a proof that the hard bands cannot hold together: `direction` (k, yⱼ/sⱼ, 0 at every elastic target) as in
    /// [`crate::reweight::bands::BandInfeasibility`]. The margin returned is what the proof is worth after every rounding error:
    /// positive means proven.
    ///
    /// # Errors
    /// As [`ReweightProblem::solve_bands`]; a length that differs, a number that is not finite; `direction[3]` where it is not 0
    /// although that target is elastic.
    pub fn certify_band_infeasibility(
        &self,
        direction: ArrayView1<'_, f64>,
        options: &BandOptions,
    ) -> Result<f64, InputError> {
        options.validate(self)?;
        let bands = options.target_bands(self.targets())?;
        let direction = checked(direction, "direction", self.num_targets())?;
        let elastic = bands.iter().zip(&direction).position(|(band, v)| band.elastic.is_some() && *v != 0.0);
        if let Some(j) = elastic {
            let place = format!("direction[{j}]");
            return Err(InputError::out_of_range(place, "0 for a target that is elastic", direction[j]));
        }
        let workers = Workers::new(options.threads);
        Ok(farkas::margin(&BandForm::new(self, &bands, options, &workers), &direction))
    }
}

/// vⱼ = 2Mⱼ(aⱼ − nearest edge)/sⱼ, which is the dual value of an elastic band at the optimum; 0 for a hard one.
fn dual_of_violations(form: &BandForm<'_>, reached: &[Uncertain]) -> Vec<Dd> {
    let outside = |j: usize| {
        let (above, below) = (reached[j].value - form.upper[j].value, reached[j].value - form.lower[j].value);
        if above > Dd::ZERO {
            above
        } else if below < Dd::ZERO {
            below
        } else {
            Dd::ZERO
        }
    };
    let value =
        |j: usize| form.elastic[j].map_or(Dd::ZERO, |m| outside(j).times(2.0 * m).over(form.scale[j]));
    (0..form.num_targets()).map(|j| value(j).renormalised()).collect()
}

//! Checks of calibrated weights from anywhere: from the data and the answer alone, without the solver's word for anything.

use ndarray::ArrayView1;

use super::certificate::{CalibrationCertificate, judge};
use super::form::Form;
use super::infeasibility::InfeasibilityProof;
use super::options::CalibrationOptions;
use super::pivoted::PivotedCholesky;
use super::result::CalibrationTarget;
use super::solve::target_rows;
use crate::error::InputError;
use crate::numeric::dd::Dd;
use crate::numeric::digest::Digest;
use crate::numeric::parallel::Workers;
use crate::reweight::certificate::{DualPoint, checked};
use crate::reweight::contradiction::accept;
use crate::reweight::problem::ReweightProblem;

/// The result of [`ReweightProblem::certify_calibration`].
#[derive(Debug, Clone)]
pub struct CalibrationCertification {
    /// The certificate.
    pub certificate: CalibrationCertificate,
    /// One row per target.
    pub targets: Vec<CalibrationTarget>,
    /// |gᵢ − gᵢ*| is at most this, for every record (n).
    pub distance_bounds: Vec<f64>,
    /// Digest of the multipliers.
    pub digest: Digest,
    /// True if the answer is the optimum within the tolerance of the options: the status `converged`.
    pub is_certified: bool,
}

impl ReweightProblem {
    /// Checks an answer from anywhere: multipliers (n) and, if known, the dual values λ that come with them (k, as in
    /// [`crate::reweight::calibration::Calibration::lambda`]). Without them λ is fitted to the multipliers, whose bound is weaker:
    /// it holds for the doubles given, about 1e-12 where the totals are well conditioned. For a converged answer with its λ it
    /// gives the numbers of the solve.
    ///
    /// Multipliers that the distance does not allow, or that differ within a cluster, are never certified.
    ///
    /// # Errors
    /// As [`ReweightProblem::calibrate`]; lengths that differ, numbers that are not finite.
    pub fn certify_calibration(
        &self,
        multipliers: ArrayView1<'_, f64>,
        lambda: Option<DualPoint<'_>>,
        options: &CalibrationOptions,
    ) -> Result<CalibrationCertification, InputError> {
        options.validate(self)?;
        let multipliers = checked(multipliers, "multipliers", self.num_records())?;
        let lambda = lambda.map(|point| point.pairs(self.num_targets())).transpose()?;
        let workers = Workers::new(options.threads);
        let form = Form::new(self, options, &workers);
        let lambda = lambda.unwrap_or_else(|| fitted(&form, &multipliers));
        let all: Vec<usize> = (0..form.num_targets()).collect();
        let gram = form.gram(|u| form.weights[u] * form.q[u]);
        let structure = PivotedCholesky::new(&gram, form.num_targets(), &all);
        let evaluation = form.evaluate_exactly(&lambda);
        let judgement = judge(&form, &lambda, &evaluation, &structure.order, Some(multipliers));
        let bound_of = |i: usize| judgement.distance_bounds[form.unit_of(i)];
        Ok(CalibrationCertification {
            is_certified: judgement.certificate.holds(options.tolerance),
            targets: target_rows(&form, &lambda, &judgement),
            distance_bounds: (0..self.num_records()).map(bound_of).collect(),
            digest: Digest::of(judgement.multipliers.iter().copied()),
            certificate: judgement.certificate,
        })
    }

    /// Checks a combination of the targets (k) as a proof that the exact totals cannot be met; `None` if it proves nothing.
    ///
    /// # Errors
    /// As [`ReweightProblem::calibrate`]; a length that differs, a number that is not finite.
    pub fn check_infeasibility(
        &self,
        combination: ArrayView1<'_, f64>,
        options: &CalibrationOptions,
    ) -> Result<Option<InfeasibilityProof>, InputError> {
        options.validate(self)?;
        let combination = checked(combination, "combination", self.num_targets())?;
        Ok(accept(&options.target_system(self), combination).map(InfeasibilityProof::new))
    }
}

/// λ with q(Aλ) = G′(g) as nearly as may be: least squares with the weights w F′/q, a miss of a relaxed total being λⱼ/Cⱼ. Records
/// at an end of the distance say nothing.
fn fitted(form: &Form<'_>, multipliers: &[f64]) -> Vec<Dd> {
    let mut given = vec![f64::NAN; form.num_units()];
    for (i, &g) in multipliers.iter().enumerate() {
        given[form.unit_of(i)] = g;
    }
    let points: Vec<(f64, f64)> = (given.iter().enumerate())
        .map(|(u, &g)| {
            let distance = form.distance(u);
            let v = distance.derivative(g);
            if v.is_finite() { (v, distance.point(v).slope) } else { (0.0, 0.0) }
        })
        .collect();
    let hessian = form.gram(|u| form.weights[u] * form.q[u] * points[u].1);
    let weighted: Vec<f64> = points.iter().zip(&*form.weights).map(|((v, slope), w)| w * slope * v).collect();
    let reached: Vec<f64> = given.iter().zip(&*form.weights).map(|(g, w)| w * g).collect();
    let (mut right, mut totals) = (vec![0.0; form.num_targets()], vec![0.0; form.num_targets()]);
    form.matrix.transposed_times(&weighted, &mut right, form.workers);
    form.matrix.transposed_times(&reached, &mut totals, form.workers);
    for j in (0..right.len()).filter(|&j| !form.is_exact(j)) {
        right[j] += form.totals[j] - totals[j];
    }
    let all: Vec<usize> = (0..form.num_targets()).collect();
    let factor = PivotedCholesky::new(&hessian, form.num_targets(), &all);
    factor.solve(&right).into_iter().map(|l| Dd::from(if l.is_finite() { l } else { 0.0 })).collect()
}

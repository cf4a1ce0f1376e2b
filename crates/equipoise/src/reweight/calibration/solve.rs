//! From options to a judged answer.

use ndarray::Array1;

use super::certificate::{self, CalibrationCertificate, Judgement};
use super::form::Form;
use super::grouped::grouped_start;
use super::infeasibility::{self, InfeasibilityProof};
use super::newton::{self, End};
use super::options::CalibrationOptions;
use super::result::{Calibration, CalibrationStatus, CalibrationTarget};
use crate::control::{Control, Stopwatch};
use crate::error::InputError;
use crate::numeric::dd::Dd;
use crate::numeric::parallel::Workers;
use crate::reweight::grouping::GroupedStart;
use crate::reweight::result::FinalWeights;
use crate::reweight::{ReweightProblem, Timing};

impl ReweightProblem {
    /// Calibrates the weights to the totals; see [`crate::reweight::calibration`] for the mathematics. The scales of the targets
    /// are not used; the bounds only by the bounded distances.
    ///
    /// A limit, a cancellation or an infeasible set of totals is a status with evidence, never an error.
    ///
    /// # Errors
    /// An option out of range or of the wrong length; bounds that do not enclose 1 (logit); members of a cluster that differ
    /// in design weight or bounds.
    pub fn calibrate(&self, options: &CalibrationOptions) -> Result<Calibration, InputError> {
        self.calibrate_with(options, &mut Control::default())
    }

    /// [`ReweightProblem::calibrate`] under the caller's control: cancellation, progress.
    ///
    /// # Errors
    /// As [`ReweightProblem::calibrate`].
    pub fn calibrate_with(
        &self,
        options: &CalibrationOptions,
        control: &mut Control,
    ) -> Result<Calibration, InputError> {
        options.validate(self)?;
        let total = Stopwatch::default();
        let mut watch = Stopwatch::default();
        control.start_clock(options.time_limit_seconds);
        let workers = Workers::new(options.threads);
        let mut timing = Timing { threads: workers.threads(), ..Timing::default() };
        let form = Form::new(self, options, &workers);
        timing.form_seconds = watch.lap();
        tracing::info!(
            num_records = self.num_records(),
            num_targets = self.num_targets(),
            distance = options.distance.as_str(),
            "calibration starts"
        );
        let (run, num_groups) = run_from_groups(&form, control, &mut timing)
            .unwrap_or_else(|| (Run::new(&form, None, control, &mut timing), self.num_records()));
        let Run { outcome, judgement, mut status } = run;
        watch.lap();
        let mut proof = None;
        if !matches!(status, CalibrationStatus::Converged | CalibrationStatus::Cancelled) {
            proof = infeasibility::prove(&form, &outcome, control);
            if proof.is_some() {
                status = CalibrationStatus::Infeasible;
            }
        }
        timing.certificate_seconds += watch.lap();
        let targets = target_rows(&form, &outcome.lambda, &judgement);
        let FinalWeights { weights, digest, distribution } =
            FinalWeights::new(self, &judgement.multipliers, &workers);
        tracing::info!(status = status.as_str(), %digest, "calibration ends");
        timing.report_seconds = watch.lap();
        timing.total_seconds = total.seconds();
        Ok(Calibration {
            status,
            message: message(self, status, proof.as_ref()),
            distribution,
            weights: Array1::from(weights),
            multipliers: Array1::from(judgement.multipliers),
            lambda: outcome.lambda.iter().map(|l| l.high).collect(),
            lambda_low: outcome.lambda.iter().map(|l| l.low).collect(),
            certificate: judgement.certificate,
            infeasibility: proof,
            targets,
            iterations: outcome.iterations,
            history: outcome.history,
            num_groups,
            digest,
            timing,
        })
    }
}

/// A run of newton with its certificate.
struct Run {
    outcome: newton::Outcome,
    judgement: Judgement,
    status: CalibrationStatus,
}

impl Run {
    fn new(form: &Form<'_>, start: Option<&[f64]>, control: &Control, timing: &mut Timing) -> Self {
        let outcome = newton::solve(form, start, control, timing);
        let watch = Stopwatch::default();
        let independent = &outcome.structure.order;
        let judgement = certificate::judge(form, &outcome.lambda, &outcome.evaluation, independent, None);
        timing.certificate_seconds += watch.seconds();
        let status = status(outcome.end, &judgement.certificate, form.options.tolerance);
        Self { outcome, judgement, status }
    }
}

/// Newton over groups of identical records, then over all records from there; with the number of groups. `None` where there
/// are no such groups, or where that does not end in a certified answer: the solve then runs as if it had not been tried.
fn run_from_groups(form: &Form<'_>, control: &Control, timing: &mut Timing) -> Option<(Run, usize)> {
    if !form.options.group_identical {
        return None;
    }
    let watch = Stopwatch::default();
    let grouped = grouped_start(form, control);
    timing.grouping_seconds = watch.seconds();
    let GroupedStart { dual, num_groups, iterations, mut history } = grouped?;
    let mut run = Run::new(form, Some(&dual), control, timing);
    run.outcome.iterations += iterations;
    history.append(&mut run.outcome.history);
    run.outcome.history = history;
    tracing::info!(num_groups, status = run.status.as_str(), "newton from groups ended");
    (run.status == CalibrationStatus::Converged).then_some((run, num_groups))
}

/// Converged if and only if the totals and the distance from the optimum are proven within the tolerance.
fn status(end: End, certificate: &CalibrationCertificate, tolerance: f64) -> CalibrationStatus {
    if certificate.holds(tolerance) {
        return CalibrationStatus::Converged;
    }
    match end {
        End::Finished | End::Stalled | End::Unbounded => CalibrationStatus::NotCertified,
        End::IterationLimit => CalibrationStatus::IterationLimit,
        End::Cancelled => CalibrationStatus::Cancelled,
        End::NotFinite => CalibrationStatus::NumericalFailure,
    }
}

fn message(
    problem: &ReweightProblem,
    status: CalibrationStatus,
    proof: Option<&InfeasibilityProof>,
) -> String {
    let Some(proof) = proof else { return status.sentence().into() };
    let names: Vec<&str> = proof.targets.iter().take(8).map(|&j| problem.targets[j].name.as_str()).collect();
    let more = if proof.targets.len() > 8 { ", …" } else { "" };
    format!(
        "{} They are: {}{more} (their combination asks for {:.6e}, at most {:.6e} is attainable).",
        status.sentence(),
        names.join(", "),
        proof.required,
        proof.attainable
    )
}

/// One row per target.
pub(super) fn target_rows(form: &Form<'_>, lambda: &[Dd], judgement: &Judgement) -> Vec<CalibrationTarget> {
    let problem = form.problem;
    (0..form.num_targets())
        .map(|j| {
            let target = &problem.targets[j];
            let after = judgement.after[j];
            let miss = (after - Dd::from(target.total)).to_f64();
            let impossible = problem.matrix.column(j).0.is_empty();
            CalibrationTarget {
                name: target.name.clone(),
                target: target.total,
                before: problem.moments.before[j].to_f64(),
                after: after.to_f64(),
                relative_error: if target.total == 0.0 { miss } else { miss / target.total.abs() },
                lambda: lambda[j].to_f64(),
                relaxed: !form.is_exact(j),
                dependent: judgement.dependent[j] && !impossible,
                impossible,
            }
        })
        .collect()
}

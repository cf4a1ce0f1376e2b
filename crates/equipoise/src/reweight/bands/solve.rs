//! The ladder: proximal newton → clarabel, each answer judged by the same certificate.

use ndarray::Array1;

use super::certificate::{BandCertificate, certificate};
use super::clarabel;
use super::form::{BandEvaluation, BandForm};
use super::grouped::grouped_start;
use super::options::{BandMethod, BandOptions};
use super::outer;
use super::proximal_newton::StageEnd;
use super::result::{BandAttempt, BandInfeasibility, BandReweighting, BandTargetResult, target_results};
use super::settled::Settled;
use super::target_bands::TargetBand;
use crate::control::{Control, IterationRecord, Stopwatch};
use crate::error::InputError;
use crate::numeric::dd::Dd;
use crate::numeric::parallel::Workers;
use crate::reweight::grouping::GroupedStart;
use crate::reweight::problem::ReweightProblem;
use crate::reweight::result::{FinalWeights, Timing};
use crate::status::Status;

/// A rung's answer with its certificate.
struct Judged {
    multipliers: Vec<f64>,
    dual: Vec<Dd>,
    certificate: BandCertificate,
    targets: Vec<BandTargetResult>,
    attempt: BandAttempt,
    history: Vec<IterationRecord>,
    smallest_pivot: Option<f64>,
    infeasibility: Option<BandInfeasibility>,
}

impl Judged {
    fn is_decided(&self) -> bool {
        matches!(self.attempt.outcome, Status::Converged | Status::Infeasible)
    }
}

impl ReweightProblem {
    /// Solves the band form; see [`crate::reweight::bands`] for the mathematics.
    ///
    /// A numerical failure, a limit, a cancellation or proven infeasibility is a status with evidence, never an error.
    ///
    /// # Errors
    /// An option out of range; a band whose tolerance is negative or whose edges cross; an override that matches no target and is
    /// not optional (`overrides[2].match`); a target with total 0 and no absolute tolerance (`targets[3].tolerance`).
    pub fn solve_bands(&self, options: &BandOptions) -> Result<BandReweighting, InputError> {
        self.solve_bands_with(options, &mut Control::default())
    }

    /// [`ReweightProblem::solve_bands`] under the caller's control: cancellation, progress.
    ///
    /// # Errors
    /// As [`ReweightProblem::solve_bands`].
    pub fn solve_bands_with(
        &self,
        options: &BandOptions,
        control: &mut Control,
    ) -> Result<BandReweighting, InputError> {
        options.validate(self)?;
        let bands = options.target_bands(self.targets())?;
        control.start_clock(options.time_limit_seconds);
        let workers = Workers::new(options.threads);
        Ok(self.solve_target_bands(&bands, options, &workers, control))
    }

    /// The ladder for the given bands and weights of the targets (k); those of the options are not looked at.
    pub(super) fn solve_target_bands(
        &self,
        bands: &[TargetBand],
        options: &BandOptions,
        workers: &Workers,
        control: &Control,
    ) -> BandReweighting {
        let total = Stopwatch::default();
        let mut watch = Stopwatch::default();
        let mut timing = Timing { threads: workers.threads(), ..Timing::default() };
        let form = BandForm::new(self, bands, options, workers);
        timing.form_seconds = watch.lap();
        tracing::info!(
            num_records = self.num_records(),
            num_targets = self.num_targets(),
            num_hard = bands.iter().filter(|band| band.elastic.is_none()).count(),
            method = options.method.as_str(),
            "band reweighting starts"
        );
        let mut judged: Vec<Judged> = Vec::new();
        let grouped = run_from_groups(&form, bands, options, control, &mut timing);
        let num_groups = grouped.as_ref().map_or(self.num_records(), |&(_, num_groups)| num_groups);
        judged.extend(grouped.map(|(rung, _)| rung));
        for &method in rungs(options.method) {
            if judged.last().is_some_and(Judged::is_decided) || (!judged.is_empty() && control.must_stop()) {
                break;
            }
            let rung = run_rung(&form, method, options, control, &mut timing);
            tracing::info!(
                method = method.as_str(),
                outcome = rung.attempt.outcome.as_str(),
                distance_bound = rung.certificate.distance_bound,
                "rung ended"
            );
            judged.push(rung);
        }
        watch.lap();
        let mut answer = self.assemble_bands(judged, num_groups, workers, timing);
        answer.timing.report_seconds = watch.lap();
        answer.timing.total_seconds = total.seconds();
        tracing::info!(status = answer.status.as_str(), digest = %answer.digest, "band reweighting ends");
        answer
    }

    /// Takes the best judged answer and reads it.
    fn assemble_bands(
        &self,
        judged: Vec<Judged>,
        num_groups: usize,
        workers: &Workers,
        timing: Timing,
    ) -> BandReweighting {
        let attempts: Vec<BandAttempt> = judged.iter().map(|j| j.attempt.clone()).collect();
        let history = judged.iter().flat_map(|j| j.history.iter().cloned()).collect();
        let rank = |j: &Judged| match (&j.infeasibility, j.certificate.distance_bound) {
            (Some(_), _) => -1.0,
            (None, bound) if bound.is_nan() => f64::INFINITY,
            (None, bound) => bound,
        };
        let best = judged
            .into_iter()
            .reduce(|a, b| if rank(&b) < rank(&a) { b } else { a })
            .expect("every method has at least one rung");
        let FinalWeights { weights, digest, distribution } =
            FinalWeights::new(self, &best.multipliers, workers);
        BandReweighting {
            status: best.attempt.outcome,
            message: best.attempt.outcome.sentence().into(),
            method: best.attempt.method,
            distribution,
            digest,
            weights: Array1::from(weights),
            multipliers: Array1::from(best.multipliers),
            dual: best.dual.iter().map(|v| v.high).collect(),
            dual_low: best.dual.iter().map(|v| v.low).collect(),
            iterations: best.attempt.iterations,
            certificate: best.certificate,
            targets: best.targets,
            attempts,
            history,
            warnings: self.warnings(),
            impossible_targets: self.impossible_targets(),
            num_groups,
            infeasibility: best.infeasibility,
            smallest_pivot: best.smallest_pivot,
            timing,
        }
    }
}

fn rungs(method: BandMethod) -> &'static [BandMethod] {
    match method {
        BandMethod::Auto => &[BandMethod::ProximalNewton, BandMethod::Clarabel],
        BandMethod::ProximalNewton => &[BandMethod::ProximalNewton],
        BandMethod::Clarabel => &[BandMethod::Clarabel],
    }
}

/// Proximal newton over groups of identical records, settled over all records from there; with the number of groups. `None` where
/// there are no such groups, or where that does not end in a certified answer: the ladder then runs as if it had not been tried.
fn run_from_groups(
    form: &BandForm<'_>,
    bands: &[TargetBand],
    options: &BandOptions,
    control: &Control,
    timing: &mut Timing,
) -> Option<(Judged, usize)> {
    if !options.group_identical || options.method == BandMethod::Clarabel {
        return None;
    }
    let mut watch = Stopwatch::default();
    let grouped = grouped_start(form, bands, options, control);
    timing.grouping_seconds = watch.lap();
    let GroupedStart { dual, num_groups, iterations, mut history } = grouped?;
    let mut rung = judge_outcome(form, outer::settle(form, dual, timing)?, options.tolerance, timing);
    rung.attempt.iterations += iterations;
    history.append(&mut rung.history);
    rung.history = history;
    tracing::info!(num_groups, outcome = rung.attempt.outcome.as_str(), "proximal newton from groups ended");
    (rung.attempt.outcome == Status::Converged).then_some((rung, num_groups))
}

fn run_rung(
    form: &BandForm<'_>,
    method: BandMethod,
    options: &BandOptions,
    control: &Control,
    timing: &mut Timing,
) -> Judged {
    let limit = options.iteration_limit(method);
    if method == BandMethod::Clarabel {
        let mut watch = Stopwatch::default();
        let solution = clarabel::solve(form, limit, options.threads, control);
        timing.clarabel_seconds += watch.lap();
        let mut evaluation = BandEvaluation::new(form);
        form.evaluate_dual(&solution.dual, Some(&solution.multipliers), &mut evaluation);
        let attempt = Unjudged {
            method,
            end: solution.end,
            message: solution.message,
            iterations: solution.iterations,
            history: solution.history,
            smallest_pivot: None,
            infeasibility: None,
        };
        let settled = Settled::of(form, &solution.dual, &evaluation, control);
        return attempt.judge(form, solution.dual, evaluation, settled.as_ref(), options.tolerance, timing);
    }
    judge_outcome(form, outer::solve(form, limit, control, timing), options.tolerance, timing)
}

fn judge_outcome(
    form: &BandForm<'_>,
    outcome: outer::Outcome,
    tolerance: f64,
    timing: &mut Timing,
) -> Judged {
    let (end, message) = describe(&outcome.stop);
    let infeasibility =
        outcome.infeasible.map(|(v, margin)| BandInfeasibility { direction: Array1::from(v), margin });
    let attempt = Unjudged {
        method: BandMethod::ProximalNewton,
        end,
        message: match infeasibility {
            Some(_) => "a direction proves that the bands cannot hold together".into(),
            None => message,
        },
        iterations: outcome.run.iterations,
        history: outcome.run.history,
        smallest_pivot: outcome.finished.smallest_pivot,
        infeasibility,
    };
    let finished = outcome.finished;
    let settled = outcome.settled.as_ref();
    attempt.judge(form, finished.dual, finished.evaluation, settled, tolerance, timing)
}

/// What a rung's loop says of itself.
struct Unjudged {
    method: BandMethod,
    end: Status,
    message: String,
    iterations: u32,
    history: Vec<IterationRecord>,
    smallest_pivot: Option<f64>,
    infeasibility: Option<BandInfeasibility>,
}

impl Unjudged {
    /// Converged if and only if distance bound ≤ tolerance and the multipliers lie within their bounds; infeasible if and
    /// only if a direction proves it.
    fn judge(
        self,
        form: &BandForm<'_>,
        dual: Vec<Dd>,
        evaluation: BandEvaluation,
        settled: Option<&Settled>,
        tolerance: f64,
        timing: &mut Timing,
    ) -> Judged {
        let mut watch = Stopwatch::default();
        let (scaled, after) = form.totals(&evaluation.dual.answer);
        let certificate = certificate(form, &dual, &evaluation, settled, &scaled);
        let targets = target_results(form, &dual, &scaled, &after);
        timing.certificate_seconds += watch.lap();
        let outcome = match self.infeasibility {
            Some(_) => Status::Infeasible,
            None if certificate.holds(tolerance) => Status::Converged,
            None => self.end,
        };
        let attempt = BandAttempt {
            method: self.method,
            outcome,
            message: self.message,
            iterations: self.iterations,
            distance_bound: Some(certificate.distance_bound).filter(|b| b.is_finite()),
        };
        Judged {
            multipliers: evaluation.dual.answer,
            dual,
            certificate,
            targets,
            attempt,
            history: self.history,
            smallest_pivot: self.smallest_pivot,
            infeasibility: self.infeasibility,
        }
    }
}

fn describe(stop: &StageEnd) -> (Status, String) {
    match stop {
        StageEnd::Solved => (Status::NotCertified, "the gap of the last stage closed".into()),
        StageEnd::ShortSteps => (Status::NotCertified, "the steps of the last stage became short".into()),
        StageEnd::StepLimit => (Status::NotCertified, "the last stage used up its steps".into()),
        StageEnd::IterationLimit => (Status::IterationLimit, "the iteration limit was reached".into()),
        StageEnd::Cancelled => (Status::Cancelled, "cancelled, or out of time".into()),
        StageEnd::Factorisation(failure) => {
            (Status::NumericalFailure, format!("the Newton matrix could not be factored: {failure}"))
        }
        StageEnd::NotFinite => (Status::NumericalFailure, "the gap is not finite".into()),
    }
}

//! The ladder: newton → lbfgsb → clarabel, each answer judged by the same certificate.

use ndarray::Array1;

use super::certificate::{self, Certificate, Primal};
use super::clarabel;
use super::dual_evaluation::DualEvaluation;
use super::grouping::GroupedStart;
use super::lbfgsb;
use super::newton::{self, NewtonStop, Structure};
use super::options::{Method, ReweightOptions, Start};
use super::penalty::PenaltyForm;
use super::problem::ReweightProblem;
use super::result::{Attempt, FinalWeights, Reweighting, TargetResult, Timing};
use crate::control::{Control, IterationRecord, Stopwatch};
use crate::error::InputError;
use crate::numeric::dd::Dd;
use crate::numeric::parallel::Workers;
use crate::status::Status;

/// The answer of one rung: multipliers and what its loop says.
pub(super) struct RungOutcome {
    pub multipliers: Vec<f64>,
    /// Why its loop ended, before the certificate has spoken.
    pub end: Status,
    pub message: String,
    pub iterations: u32,
    pub history: Vec<IterationRecord>,
}

/// A rung's answer with its certificate.
struct Judged {
    multipliers: Vec<f64>,
    dual: Vec<Dd>,
    certificate: Certificate,
    targets: Vec<TargetResult>,
    attempt: Attempt,
    history: Vec<IterationRecord>,
    smallest_pivot: Option<f64>,
}

impl Judged {
    fn is_certified(&self) -> bool {
        self.attempt.outcome == Status::Converged
    }
}

impl ReweightProblem {
    /// Solves the penalty form; see [`crate::reweight`] for the mathematics.
    ///
    /// A numerical failure, a limit or a cancellation is a status with evidence, never an error.
    ///
    /// # Errors
    /// An option out of range; a start of the wrong length; `penalty` where the form is undefined (the design weights
    /// meet every target exactly, so that L₀ = 0, but the bounds exclude the multiplier 1).
    pub fn solve(&self, options: &ReweightOptions) -> Result<Reweighting, InputError> {
        self.solve_with(options, &mut Control::default())
    }

    /// [`ReweightProblem::solve`] under the caller's control: cancellation, progress.
    ///
    /// # Errors
    /// As [`ReweightProblem::solve`].
    pub fn solve_with(
        &self,
        options: &ReweightOptions,
        control: &mut Control,
    ) -> Result<Reweighting, InputError> {
        options.validate(self.num_records(), self.num_targets())?;
        self.solve_reusing(options, control, &mut Structure::default())
    }

    /// Solves for each penalty in turn, each newton starting from the dual values of the one before and reusing its Gram
    /// matrix; `options.penalty` is not used.
    ///
    /// # Errors
    /// As [`ReweightProblem::solve`], the path naming the penalty (`penalties[2]`), before any work.
    pub fn sweep(
        &self,
        penalties: &[f64],
        options: &ReweightOptions,
        control: &mut Control,
    ) -> Result<Vec<Reweighting>, InputError> {
        let with = |penalty: f64| ReweightOptions { penalty, ..options.clone() };
        for (i, &penalty) in penalties.iter().enumerate() {
            with(penalty).validate(self.num_records(), self.num_targets()).map_err(|mut error| {
                if error.path == "penalty" {
                    error.path = format!("penalties[{i}]");
                }
                error
            })?;
        }
        let mut structure = Structure::default();
        let mut start = options.start.clone();
        let mut answers: Vec<Reweighting> = Vec::with_capacity(penalties.len());
        for &penalty in penalties {
            let options = ReweightOptions { start, ..with(penalty) };
            let answer = self.solve_reusing(&options, control, &mut structure)?;
            start = Start::Dual(answer.dual.to_vec());
            answers.push(answer);
        }
        Ok(answers)
    }

    fn solve_reusing(
        &self,
        options: &ReweightOptions,
        control: &mut Control,
        structure: &mut Structure,
    ) -> Result<Reweighting, InputError> {
        let total = Stopwatch::default();
        let mut watch = Stopwatch::default();
        control.start_clock(options.time_limit_seconds);
        let workers = Workers::new(options.threads);
        let mut timing = Timing { threads: workers.threads(), ..Timing::default() };
        let form = PenaltyForm::new(self, options.penalty, &workers);
        timing.form_seconds = watch.lap();
        tracing::info!(
            num_records = self.num_records(),
            num_targets = self.num_targets(),
            penalty = options.penalty,
            method = options.method.as_str(),
            "reweighting starts"
        );
        if self.moments.initial_loss == Dd::ZERO {
            return self.answer_zero_loss(&form, timing, options);
        }
        let mut judged: Vec<Judged> = Vec::new();
        let grouped = run_from_groups(&form, options, structure, control, &mut timing);
        let num_groups = grouped.as_ref().map_or(self.num_records(), |&(_, num_groups)| num_groups);
        judged.extend(grouped.map(|(rung, _)| rung));
        for &method in rungs(options.method) {
            if judged.last().is_some_and(Judged::is_certified) || (!judged.is_empty() && control.must_stop())
            {
                break;
            }
            let rung = run_rung(&form, method, options, structure, control, &mut timing);
            tracing::info!(
                method = method.as_str(),
                outcome = rung.attempt.outcome.as_str(),
                distance_bound = rung.certificate.distance_bound,
                "rung ended"
            );
            judged.push(rung);
        }
        let mut watch = Stopwatch::default();
        let mut answer = self.assemble(judged, num_groups, &workers, timing);
        answer.timing.report_seconds = watch.lap();
        answer.timing.total_seconds = total.seconds();
        tracing::info!(status = answer.status.as_str(), digest = %answer.digest, "reweighting ends");
        Ok(answer)
    }

    /// Takes the best judged answer and reads it.
    fn assemble(
        &self,
        judged: Vec<Judged>,
        num_groups: usize,
        workers: &Workers,
        timing: Timing,
    ) -> Reweighting {
        let attempts: Vec<Attempt> = judged.iter().map(|j| j.attempt.clone()).collect();
        let history = judged.iter().flat_map(|j| j.history.iter().cloned()).collect();
        let rank = |j: &Judged| match j.certificate.distance_bound {
            bound if bound.is_nan() => f64::INFINITY,
            bound => bound,
        };
        let best = judged
            .into_iter()
            .reduce(|a, b| if rank(&b) < rank(&a) { b } else { a })
            .expect("every method has at least one rung");
        let mut warnings = self.warnings();
        if let Some(pivot) = best.smallest_pivot.filter(|p| *p < 1e-14) {
            warnings.push(format!(
                "the targets are nearly dependent at this penalty (smallest scaled pivot {pivot:.1e}); the certificate accounts for it"
            ));
        }
        let FinalWeights { weights, digest, distribution } =
            FinalWeights::new(self, &best.multipliers, workers);
        Reweighting {
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
            warnings,
            impossible_targets: self.impossible_targets(),
            num_groups,
            smallest_pivot: best.smallest_pivot,
            timing,
        }
    }

    /// The design weights meet every target: m = 1 is the answer, where the bounds allow it.
    fn answer_zero_loss(
        &self,
        form: &PenaltyForm<'_>,
        timing: Timing,
        options: &ReweightOptions,
    ) -> Result<Reweighting, InputError> {
        self.check_zero_loss()?;
        let multipliers = vec![1.0; self.num_records()];
        let primal = Primal::new(form, &multipliers);
        let (certificate, targets, _) = certificate::zero_loss(form, &multipliers, &primal);
        let method = rungs(options.method)[0];
        let message = if self.moments.meets_all_targets {
            "the design weights meet every target exactly: every multiplier is 1"
        } else {
            "the initial loss, which scales the penalty, is below the precision of double-double"
        };
        let attempt = judge(method, Status::NotCertified, message.into(), 0, &certificate, options.tolerance);
        let dual = vec![Dd::ZERO; self.num_targets()];
        Ok(self.assemble(
            vec![Judged {
                multipliers,
                dual,
                certificate,
                targets,
                attempt,
                history: Vec::new(),
                smallest_pivot: None,
            }],
            self.num_records(),
            form.workers,
            timing,
        ))
    }
}

fn rungs(method: Method) -> &'static [Method] {
    match method {
        Method::Auto => &[Method::Newton, Method::Lbfgsb, Method::Clarabel],
        Method::Newton => &[Method::Newton],
        Method::Lbfgsb => &[Method::Lbfgsb],
        Method::Clarabel => &[Method::Clarabel],
    }
}

/// Newton over groups of identical records, then over all records from there; with the number of groups. `None` where there
/// are no such groups, or where that does not end in a certified answer: the ladder then runs as if it had not been tried.
fn run_from_groups(
    form: &PenaltyForm<'_>,
    options: &ReweightOptions,
    structure: &mut Structure,
    control: &mut Control,
    timing: &mut Timing,
) -> Option<(Judged, usize)> {
    if !options.group_identical || rungs(options.method)[0] != Method::Newton {
        return None;
    }
    let mut watch = Stopwatch::default();
    let grouped = newton::grouped_start(form, options, structure, control);
    timing.grouping_seconds = watch.lap();
    let GroupedStart { dual, num_groups, iterations, mut history } = grouped?;
    let started = ReweightOptions { start: Start::Dual(dual), ..options.clone() };
    let mut rung = run_rung(form, Method::Newton, &started, structure, control, timing);
    rung.attempt.iterations += iterations;
    history.append(&mut rung.history);
    rung.history = history;
    tracing::info!(num_groups, outcome = rung.attempt.outcome.as_str(), "newton from groups ended");
    if rung.is_certified() {
        return Some((rung, num_groups));
    }
    *structure = Structure::default();
    None
}

fn run_rung(
    form: &PenaltyForm<'_>,
    method: Method,
    options: &ReweightOptions,
    structure: &mut Structure,
    control: &mut Control,
    timing: &mut Timing,
) -> Judged {
    let limit = options.iteration_limit(method);
    match method {
        Method::Auto | Method::Newton => {
            let start = start_dual(form, &options.start);
            let out = newton::solve(form, &start, limit, structure, control, timing);
            let mut watch = Stopwatch::default();
            let primal = Primal::new(form, &out.evaluation.answer);
            let certificate = certificate::certificate(form, &out.dual, &out.evaluation, &primal);
            let targets = primal.target_results(form, &out.dual);
            timing.certificate_seconds += watch.lap();
            let (end, message) = describe_newton(&out.stop);
            let attempt =
                judge(Method::Newton, end, message, out.iterations, &certificate, options.tolerance);
            Judged {
                multipliers: out.evaluation.answer,
                dual: out.dual,
                certificate,
                targets,
                attempt,
                history: out.history,
                smallest_pivot: out.smallest_pivot,
            }
        }
        Method::Lbfgsb | Method::Clarabel => {
            let start = start_multipliers(form, &options.start);
            let mut watch = Stopwatch::default();
            let out = if method == Method::Lbfgsb {
                let out = lbfgsb::solve(form, start, limit, control);
                timing.lbfgsb_seconds += watch.lap();
                out
            } else {
                let out = clarabel::solve(form, limit, options.threads, control);
                timing.clarabel_seconds += watch.lap();
                out
            };
            let primal = Primal::new(form, &out.multipliers);
            let dual = primal.dual(form);
            let mut evaluation = DualEvaluation::new(form);
            form.evaluate_dual(&dual, Some(&out.multipliers), &mut evaluation);
            let certificate = certificate::certificate(form, &dual, &evaluation, &primal);
            let targets = primal.target_results(form, &dual);
            timing.certificate_seconds += watch.lap();
            let attempt =
                judge(method, out.end, out.message, out.iterations, &certificate, options.tolerance);
            Judged {
                multipliers: out.multipliers,
                dual,
                certificate,
                targets,
                attempt,
                history: out.history,
                smallest_pivot: None,
            }
        }
    }
}

/// Converged if and only if distance bound ≤ tolerance and the multipliers lie within their bounds.
fn judge(
    method: Method,
    end: Status,
    message: String,
    iterations: u32,
    certificate: &Certificate,
    tolerance: f64,
) -> Attempt {
    let certified = certificate.distance_bound <= tolerance && certificate.feasibility == 0.0;
    let outcome = if certified { Status::Converged } else { end };
    let distance_bound = Some(certificate.distance_bound).filter(|b| b.is_finite());
    Attempt { method, outcome, message, iterations, distance_bound }
}

fn describe_newton(stop: &NewtonStop) -> (Status, String) {
    match stop {
        NewtonStop::Residual => {
            (Status::NotCertified, "the dual residual reached the level of the finish".into())
        }
        NewtonStop::ExactStep => {
            (Status::NotCertified, "a full step changed no record's state: the step is exact".into())
        }
        NewtonStop::RoundingLevel => {
            (Status::NotCertified, "the dual residual reached the rounding level of doubles".into())
        }
        NewtonStop::IterationLimit => (Status::IterationLimit, "the iteration limit was reached".into()),
        NewtonStop::Cancelled => (Status::Cancelled, "cancelled, or out of time".into()),
        NewtonStop::Factorisation(failure) => {
            (Status::NumericalFailure, format!("the Newton matrix could not be factored: {failure}"))
        }
        NewtonStop::NotFinite => (Status::NumericalFailure, "the dual residual is not finite".into()),
    }
}

/// Dual values to start newton from.
fn start_dual(form: &PenaltyForm<'_>, start: &Start) -> Vec<f64> {
    match start {
        Start::DesignWeights => vec![0.0; form.num_targets()],
        Start::Dual(v) => v.clone(),
        Start::Multipliers(_) => {
            let answer = start_multipliers(form, start);
            Primal::new(form, &answer).dual(form).iter().map(|v| v.to_f64()).collect()
        }
    }
}

/// Multipliers to start a primal method from, within the bounds.
fn start_multipliers(form: &PenaltyForm<'_>, start: &Start) -> Vec<f64> {
    let problem = form.problem;
    let clip = |(i, m): (usize, f64)| {
        let (lower, upper) = problem.bounds.of(i);
        m.clamp(lower, upper)
    };
    match start {
        Start::DesignWeights => (0..form.num_records()).map(|i| clip((i, 1.0))).collect(),
        Start::Multipliers(m) => m.iter().copied().enumerate().map(clip).collect(),
        Start::Dual(v) => {
            let v: Vec<Dd> = v.iter().map(|&v| Dd::from(v)).collect();
            let mut evaluation = DualEvaluation::new(form);
            form.evaluate_dual(&v, None, &mut evaluation);
            evaluation.answer
        }
    }
}

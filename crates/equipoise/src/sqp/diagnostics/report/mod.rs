//! The report of a run: what happened, what looks suspicious, what to try. As text and as JSON.

mod counters;
mod json;
mod text;

use super::context::EndContext;
use super::playbook::{Diagnosis, is_in_scope};
use super::recorder::{ActiveTrack, StepRecord};
use super::signal::Signal;
use crate::sqp::options::SqpOptions;
use crate::sqp::scaling::ScaleFactors;
use crate::sqp::status::SqpStatus;

/// Constraints whose activity is shown.
const TRACKS: usize = 40;

/// Everything the text and the JSON show, in the user's units.
#[derive(Debug, Clone)]
pub struct Report {
    /// How the run ended.
    pub status: SqpStatus,
    /// The same in a sentence, with numbers.
    pub message: String,
    /// Steps taken, and allowed.
    pub steps: (u64, u64),
    /// The factors of the automatic scaling.
    pub scaling: ScaleFactors,
    /// Tolerances: relative stationarity, feasibility.
    pub tolerances: (f64, f64),
    /// The numbers of the last step by label; empty without steps.
    pub metrics: Vec<(&'static str, f64)>,
    /// Signals that bear on this end, the most trustworthy first.
    pub signals: Vec<Signal>,
    /// The others.
    pub less_likely: Vec<Signal>,
    /// What several signals together mean.
    pub diagnoses: Vec<Diagnosis>,
    /// Counters: name, value, meaning.
    pub counters: Vec<(&'static str, f64, &'static str)>,
    /// Every step.
    pub trajectory: Vec<StepRecord>,
    /// When constraints were active: at most 40, those that changed most.
    pub active: Vec<ActiveTrack>,
    /// The options of the run.
    pub options: SqpOptions,
}

impl Report {
    pub(super) fn new(context: &EndContext<'_>, fired: &[Signal], diagnoses: Vec<Diagnosis>) -> Self {
        let result = context.result;
        let mut sorted = fired.to_vec();
        sorted.sort_by(|a, b| b.confidence.cmp(&a.confidence).then_with(|| a.name.cmp(&b.name)));
        let (signals, less_likely) = sorted.into_iter().partition(|s| is_in_scope(result.status, &s.name));
        Self {
            status: result.status,
            message: result.message.clone(),
            steps: (result.steps, context.options.max_steps),
            scaling: result.scale_factors.clone(),
            tolerances: (context.options.stationarity_tolerance, context.options.feasibility_tolerance),
            metrics: metrics(context),
            signals,
            less_likely,
            diagnoses,
            counters: counters::rows(&result.counters),
            trajectory: context.history.to_vec(),
            active: context.active_sets.tracks(context.problem, TRACKS),
            options: context.options.clone(),
        }
    }

    /// The report for a terminal, 88 columns wide.
    pub fn text(&self) -> String {
        text::render(self, false)
    }

    /// The same with the mechanism behind every signal.
    pub fn text_with_details(&self) -> String {
        text::render(self, true)
    }

    /// The report as strict JSON; numbers that are not finite are the strings "nan", "inf" and "-inf".
    pub fn json(&self) -> String {
        json::render(self)
    }
}

/// The last step and the point returned.
fn metrics(context: &EndContext<'_>) -> Vec<(&'static str, f64)> {
    let Some(last) = context.last() else { return Vec::new() };
    let residuals = &context.result.residuals;
    vec![
        ("objective f", context.result.objective),
        ("relative stationarity", residuals.relative_stationarity),
        ("largest violation", residuals.violation),
        ("complementarity", residuals.complementarity),
        ("L1 merit (last step)", last.merit),
        ("Lagrangian (last step)", last.lagrangian_value),
        ("|grad f| (last step)", last.grad_norm),
        ("|grad L| (last step)", last.grad_lagrangian_norm),
        ("scale mu_max (last step)", last.kkt_scale),
        ("|grad L| / max(mu_max, 1)", last.kkt_ratio),
        ("|grad L| / max(|L|, 1)", last.rel_kkt),
        ("max |c_eq| (last step)", last.max_eq_violation),
        ("max violation c_ineq (last step)", last.max_ineq_violation),
        ("penalty rho", last.merit_penalty),
        ("last step length alpha", last.last_alpha),
        ("curvature scale gamma", last.gamma),
        ("diagonal ratio kappa", last.diag_kappa),
        ("smallest diagonal", last.min_diag),
        ("largest diagonal", last.max_diag),
        ("active inequalities", last.n_active_ineq as f64),
    ]
}

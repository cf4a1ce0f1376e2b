//! The entry: run, ask, explain.

use serde::{Deserialize, Serialize};

use super::context::EndContext;
use super::playbook::diagnoses;
use super::probes::{self, ProbeOptions};
use super::recorder::{ActiveSets, Recorder, StepRecord};
use super::registry::Registry;
use super::report::Report;
use super::signal::Signal;
use crate::control::Control;
use crate::sqp::functions::{Functions, SqpError};
use crate::sqp::options::SqpOptions;
use crate::sqp::problem::SqpProblem;
use crate::sqp::result::SqpResult;
use crate::sqp::solve::minimize;

/// What a diagnosis does besides the run itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct DiagnoseOptions {
    /// Extra evaluations after the run.
    pub probes: ProbeOptions,
}

/// A run with its explanation.
#[derive(Debug, Clone)]
pub struct Diagnosed {
    /// The answer, the same bits as without a diagnosis.
    pub result: SqpResult,
    /// What fired, with artifacts, in the order of firing.
    pub signals: Vec<Signal>,
    /// The explanation for people.
    pub report: Report,
    /// Every step.
    pub history: Vec<StepRecord>,
    /// The working sets of all steps.
    pub active_sets: ActiveSets,
}

/// [`minimize`] with the default signals; a report comes out whether or not the run converged.
///
/// # Errors
/// As [`minimize`]; a user's error in one of the extra evaluations after the run.
pub fn diagnose(
    problem: &SqpProblem,
    functions: &mut dyn Functions,
    options: &SqpOptions,
    control: &Control,
) -> Result<Diagnosed, SqpError> {
    diagnose_with(problem, functions, options, &Registry::default(), &DiagnoseOptions::default(), control)
}

/// [`diagnose`] with evaluators and probes of the caller's choice.
///
/// # Errors
/// As [`diagnose`].
pub fn diagnose_with(
    problem: &SqpProblem,
    functions: &mut dyn Functions,
    options: &SqpOptions,
    registry: &Registry,
    diagnose: &DiagnoseOptions,
    control: &Control,
) -> Result<Diagnosed, SqpError> {
    let mut recorder = Recorder::new(problem, options, registry);
    let result = minimize(problem, &mut *functions, options, Some(&mut recorder), control)?;
    let Recorder { history, mut fired, active_sets, state, .. } = recorder;
    let probes = probes::run(problem, functions, &result, options.feasibility_tolerance, diagnose.probes)?;
    let context = EndContext {
        problem,
        options,
        result: &result,
        state: state.as_ref(),
        history: &history,
        active_sets: &active_sets,
        probes: &probes,
    };
    registry.at_end(&context, &mut fired);
    let report = Report::new(&context, &fired, diagnoses(&fired, options));
    Ok(Diagnosed { result, signals: fired, report, history, active_sets })
}

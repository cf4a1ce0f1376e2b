//! Which form a batch solves, and an answer of any form.

use ndarray::Array1;

use super::bands::{BandOptions, BandReweighting};
use super::calibration::{Calibration, CalibrationOptions, CalibrationStatus};
use super::options::ReweightOptions;
use super::problem::ReweightProblem;
use super::result::{Distribution, Reweighting};
use crate::control::Control;
use crate::error::InputError;
use crate::numeric::digest::Digest;
use crate::status::Status;

/// The form to solve, with its options.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// [`ReweightProblem::solve`].
    Penalty(ReweightOptions),
    /// [`ReweightProblem::solve_bands`].
    Bands(BandOptions),
    /// [`ReweightProblem::calibrate`].
    Calibration(CalibrationOptions),
}

impl Form {
    /// The name in options and results.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Penalty(_) => "penalty",
            Self::Bands(_) => "bands",
            Self::Calibration(_) => "calibrate",
        }
    }

    /// The same form on this many threads: a batch gives each of its solves one.
    pub fn with_threads(mut self, threads: usize) -> Self {
        *match &mut self {
            Self::Penalty(options) => &mut options.threads,
            Self::Bands(options) => &mut options.threads,
            Self::Calibration(options) => &mut options.threads,
        } = threads;
        self
    }

    /// Checks the options against the problem, before any work.
    pub(super) fn validate(&self, problem: &ReweightProblem) -> Result<(), InputError> {
        match self {
            Self::Penalty(options) => options.validate(problem.num_records(), problem.num_targets()),
            Self::Bands(options) => {
                options.validate(problem)?;
                options.target_bands(problem.targets()).map(|_| ())
            }
            Self::Calibration(options) => options.validate(problem),
        }
    }
}

/// An answer of the form that was asked for.
#[derive(Debug, Clone)]
pub enum FormAnswer {
    /// Of the penalty form.
    Penalty(Reweighting),
    /// Of the band form.
    Bands(BandReweighting),
    /// Of calibration.
    Calibration(Calibration),
}

/// What every form's answer has, read from whichever it is.
macro_rules! of_any_form {
    ($self:ident, $answer:ident => $value:expr) => {
        match $self {
            FormAnswer::Penalty($answer) => $value,
            FormAnswer::Bands($answer) => $value,
            FormAnswer::Calibration($answer) => $value,
        }
    };
}

impl FormAnswer {
    /// How the solve ended.
    pub fn status(&self) -> Status {
        match self {
            Self::Penalty(answer) => answer.status,
            Self::Bands(answer) => answer.status,
            Self::Calibration(answer) => match answer.status {
                CalibrationStatus::Converged => Status::Converged,
                CalibrationStatus::Infeasible => Status::Infeasible,
                CalibrationStatus::NotCertified => Status::NotCertified,
                CalibrationStatus::IterationLimit => Status::IterationLimit,
                CalibrationStatus::Cancelled => Status::Cancelled,
                CalibrationStatus::NumericalFailure => Status::NumericalFailure,
            },
        }
    }

    /// The status in words.
    pub fn message(&self) -> &str {
        of_any_form!(self, answer => &answer.message)
    }

    /// Final weights (n).
    pub fn weights(&self) -> &Array1<f64> {
        of_any_form!(self, answer => &answer.weights)
    }

    /// Multipliers (n).
    pub fn multipliers(&self) -> &Array1<f64> {
        of_any_form!(self, answer => &answer.multipliers)
    }

    /// How multipliers and weights are distributed.
    pub fn distribution(&self) -> &Distribution {
        of_any_form!(self, answer => &answer.distribution)
    }

    /// Certified bound on the distance of every multiplier from the optimum.
    pub fn distance_bound(&self) -> f64 {
        of_any_form!(self, answer => answer.certificate.distance_bound)
    }

    /// Iterations of the method that made the answer.
    pub fn iterations(&self) -> u32 {
        of_any_form!(self, answer => answer.iterations)
    }

    /// Largest |relative error| of a target; for a target of 0, of the total itself.
    pub fn largest_relative_error(&self) -> f64 {
        let larger = |a: f64, b: f64| if b > a || b.is_nan() { b } else { a };
        of_any_form!(self, answer => answer.targets.iter().map(|t| t.relative_error.abs()).fold(0.0, larger))
    }

    /// Digest of the multipliers.
    pub fn digest(&self) -> Digest {
        of_any_form!(self, answer => answer.digest)
    }
}

impl ReweightProblem {
    /// Solves whichever form is asked for.
    ///
    /// # Errors
    /// As the solve of the form.
    pub fn solve_form(&self, form: &Form, control: &mut Control) -> Result<FormAnswer, InputError> {
        Ok(match form {
            Form::Penalty(options) => FormAnswer::Penalty(self.solve_with(options, control)?),
            Form::Bands(options) => FormAnswer::Bands(self.solve_bands_with(options, control)?),
            Form::Calibration(options) => FormAnswer::Calibration(self.calibrate_with(options, control)?),
        })
    }
}

//! Evaluations of an objective: checked, counted, remembered.

use super::error::ObjectiveError;
use super::hessian::{check_dimension, checked_dense};
use super::inner_progress::InnerProgress;
use super::objective::{EfsEval, EvalOrder, OuterEval, OuterObjective};
use super::plan::OuterPlan;
use super::result::EvaluationCounts;
use crate::numeric::sum::norm_two;
use crate::smooth::{HessianForm, InnerFeedback, InnerReport};
use std::collections::VecDeque;
use std::sync::Arc;

/// Samples kept for points that are asked for again: a line search's worth.
const REMEMBERED_SAMPLES: usize = 24;
/// Rejected points kept, fewer where they are long.
const REMEMBERED_REJECTIONS: usize = 256;
/// Numbers that the rejected points may hold.
const REMEMBERED_NUMBERS: usize = 1 << 20;
/// Rejected trials in a row, before any has been accepted, after which a seed has failed.
const MAX_REJECTIONS_AT_START: usize = 25;

/// The lowest point of a solver run.
#[derive(Debug, Clone)]
pub(super) struct Incumbent {
    pub theta: Vec<f64>,
    pub value: f64,
    pub gradient: Option<Vec<f64>>,
    pub inner_beta: Option<Vec<f64>>,
}

/// What was found at a point.
#[derive(Debug, Clone)]
struct Remembered {
    theta: Vec<f64>,
    order: EvalOrder,
    eval: OuterEval,
}

/// An objective under evaluation.
pub(super) struct Evaluator<'a> {
    pub objective: &'a mut dyn OuterObjective,
    pub counts: EvaluationCounts,
    /// The lowest point since [`start_run`](Self::start_run).
    pub best: Option<Incumbent>,
    /// The lowest point of all solver runs.
    pub lowest: Option<Incumbent>,
    n_params: usize,
    psi_dim: usize,
    progress: Option<Arc<InnerProgress>>,
    capping: bool,
    samples: VecDeque<Remembered>,
    rejections: VecDeque<(Vec<f64>, String)>,
    rejected_in_a_row: usize,
    accepted_any: bool,
    first_gradient_norm: Option<f64>,
    last_gradient_norm: Option<f64>,
}

impl<'a> Evaluator<'a> {
    pub fn new(
        objective: &'a mut dyn OuterObjective,
        n_params: usize,
        psi_dim: usize,
        progress: Option<Arc<InnerProgress>>,
    ) -> Self {
        Self {
            objective,
            counts: EvaluationCounts::default(),
            best: None,
            lowest: None,
            n_params,
            psi_dim,
            progress,
            capping: true,
            samples: VecDeque::new(),
            rejections: VecDeque::new(),
            rejected_in_a_row: 0,
            accepted_any: false,
            first_gradient_norm: None,
            last_gradient_norm: None,
        }
    }

    /// Forgets everything but the counts: the inner state was reset, so that the same point may now have other values.
    pub fn start_run(&mut self) {
        self.best = None;
        self.samples.clear();
        self.rejections.clear();
        (self.rejected_in_a_row, self.accepted_any) = (0, false);
        (self.first_gradient_norm, self.last_gradient_norm) = (None, None);
    }

    pub fn reset_objective(&mut self) {
        self.objective.reset();
        if let Some(progress) = &self.progress {
            progress.reset();
        }
        self.start_run();
    }

    /// Whether inner solves may be capped at all.
    pub fn set_capping(&mut self, capping: bool) {
        self.capping = capping;
    }

    /// Brings the inner state to the winner, by a full inner solve.
    pub fn install(&mut self, theta: &[f64], plan: &OuterPlan) -> Result<(), ObjectiveError> {
        self.uncap();
        self.counts.value += 1;
        self.objective.finalize_outer_result(theta, plan)
    }

    /// The next inner solve is not capped.
    fn uncap(&self) {
        if let Some(progress) = &self.progress {
            progress.set_cap(0);
        }
    }

    /// The criterion, from a full inner solve: a capped one is another function than the one the gradient differentiates.
    pub fn value(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        self.uncap();
        self.counts.value += 1;
        let value = self.objective.eval_cost(theta)?;
        self.checked_value(value)
    }

    /// The criterion for the certificate; none where it cannot be evaluated.
    pub fn audit_value(&mut self, theta: &[f64]) -> Result<Option<f64>, ObjectiveError> {
        self.uncap();
        self.counts.audit += 1;
        match self.objective.eval_cost(theta) {
            Ok(value) => Ok(Some(value).filter(|value| value.is_finite())),
            Err(ObjectiveError::Abort(error)) => Err(ObjectiveError::Abort(error)),
            Err(_) => Ok(None),
        }
    }

    fn checked_value(&self, value: f64) -> Result<f64, ObjectiveError> {
        if value.is_finite() {
            Ok(value)
        } else {
            Err(ObjectiveError::Recoverable(format!("the criterion is {value}")))
        }
    }

    /// An evaluation of the given order, or the one remembered for exactly these bits. A trial that was rejected is rejected again
    /// without being evaluated.
    pub fn sample(&mut self, theta: &[f64], order: EvalOrder) -> Result<OuterEval, ObjectiveError> {
        if let Some(known) =
            self.samples.iter().rev().find(|known| known.order >= order && known.theta == theta)
        {
            return Ok(known.eval.clone());
        }
        if let Some((_, reason)) = self.rejections.iter().find(|(rejected, _)| rejected == theta) {
            return Err(ObjectiveError::Recoverable(reason.clone()));
        }
        let found = match self.evaluate(theta, order) {
            Err(ObjectiveError::Structural(failure)) if self.best.is_some() => {
                Err(ObjectiveError::Recoverable(failure.to_string()))
            }
            found => found,
        };
        match found {
            Ok(eval) => {
                self.remember(theta, order, &eval);
                Ok(eval)
            }
            Err(ObjectiveError::Recoverable(reason)) => Err(self.reject(theta, reason)),
            Err(error) => Err(error),
        }
    }

    fn remember(&mut self, theta: &[f64], order: EvalOrder, eval: &OuterEval) {
        self.rejected_in_a_row = 0;
        self.accepted_any = self.best.is_some();
        if self.samples.len() == REMEMBERED_SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(Remembered { theta: theta.to_vec(), order, eval: eval.clone() });
        let gradient = (order > EvalOrder::Value).then(|| eval.gradient.clone());
        if let Some(gradient) = &gradient {
            let norm = norm_two(gradient);
            self.first_gradient_norm.get_or_insert(norm);
            self.last_gradient_norm = Some(norm);
        }
        self.offer(theta, eval.cost, gradient, eval.inner_beta.clone());
    }

    /// Keeps a point if it is the lowest so far.
    pub fn offer(
        &mut self,
        theta: &[f64],
        value: f64,
        gradient: Option<Vec<f64>>,
        inner_beta: Option<Vec<f64>>,
    ) {
        let replaces = |best: &Option<Incumbent>| {
            best.as_ref().is_none_or(|best| {
                value < best.value || (value == best.value && best.gradient.is_none() && best.theta == theta)
            })
        };
        if !replaces(&self.best) && !replaces(&self.lowest) {
            return;
        }
        let found = Incumbent { theta: theta.to_vec(), value, gradient, inner_beta };
        if replaces(&self.lowest) {
            self.lowest = Some(found.clone());
        }
        if replaces(&self.best) {
            self.best = Some(found);
        }
    }

    fn reject(&mut self, theta: &[f64], reason: String) -> ObjectiveError {
        let room = (REMEMBERED_NUMBERS / self.n_params.max(1)).clamp(1, REMEMBERED_REJECTIONS);
        if self.rejections.len() >= room {
            self.rejections.pop_front();
        }
        self.rejections.push_back((theta.to_vec(), reason.clone()));
        self.rejected_in_a_row += 1;
        if !self.accepted_any && self.rejected_in_a_row >= MAX_REJECTIONS_AT_START {
            return ObjectiveError::Fatal(format!(
                "{MAX_REJECTIONS_AT_START} trials in a row were rejected, the last one because {reason}"
            ));
        }
        ObjectiveError::Recoverable(reason)
    }

    /// Evaluates with the capped inner solve that the schedule allows; a solve that the cap cut short is repeated without it.
    fn evaluate(&mut self, theta: &[f64], order: EvalOrder) -> Result<OuterEval, ObjectiveError> {
        if order == EvalOrder::Value {
            let cost = self.value(theta)?;
            return Ok(OuterEval { cost, ..OuterEval::default() });
        }
        let capped = self.set_cap();
        let eval = self.evaluate_once(theta, order);
        let cut_short = capped
            && self.progress.as_ref().and_then(|p| p.last_solve()).is_some_and(|(_, converged)| !converged);
        if cut_short {
            self.uncap();
            return self.evaluate_once(theta, order);
        }
        eval
    }

    /// Sets the cap by the schedule; true if there is one.
    fn set_cap(&self) -> bool {
        let Some(progress) = self.progress.as_ref().filter(|_| self.capping) else {
            self.uncap();
            return false;
        };
        let gradient_ratio = match (self.last_gradient_norm, self.first_gradient_norm) {
            (Some(last), Some(first)) if first > 0.0 => Some(last / first),
            _ => None,
        };
        let feedback = InnerFeedback {
            accepted_steps: progress.accepted_steps(),
            last_solve: progress
                .last_solve()
                .map(|(iterations, converged)| InnerReport { iterations, converged }),
            predictor_residual: progress.residual(),
            gain_ratio: progress.gain_ratio(),
            gradient_ratio,
        };
        let cap = feedback.cap();
        progress.set_cap(cap.unwrap_or(0));
        cap.is_some()
    }

    fn evaluate_once(&mut self, theta: &[f64], order: EvalOrder) -> Result<OuterEval, ObjectiveError> {
        if order == EvalOrder::ValueGradientHessian {
            self.counts.hessian += 1;
        } else {
            self.counts.gradient += 1;
        }
        let eval = self.objective.eval_with_order(theta, order)?;
        self.checked_value(eval.cost)?;
        self.check_vector("gradient", &eval.gradient)?;
        if order == EvalOrder::ValueGradientHessian {
            self.check_hessian(&eval.hessian)?;
        }
        Ok(eval)
    }

    fn check_vector(&self, name: &str, vector: &[f64]) -> Result<(), ObjectiveError> {
        if vector.len() != self.n_params {
            return Err(ObjectiveError::Recoverable(format!(
                "{name}: expected {} numbers, received {} (rho {}, psi {})",
                self.n_params,
                vector.len(),
                self.n_params - self.psi_dim,
                self.psi_dim
            )));
        }
        match vector.iter().position(|value| !value.is_finite()) {
            Some(i) => {
                let block = if i < self.n_params - self.psi_dim { "rho" } else { "psi" };
                let value = vector[i];
                Err(ObjectiveError::Recoverable(format!("{name}[{i}] ({block}) is {value}")))
            }
            None => Ok(()),
        }
    }

    fn check_hessian(&self, hessian: &HessianForm) -> Result<(), ObjectiveError> {
        let fault = match hessian {
            HessianForm::Dense(_) => checked_dense(hessian, self.n_params).err(),
            other => check_dimension(other, self.n_params).err(),
        };
        fault.map_or(Ok(()), |fault| Err(ObjectiveError::Recoverable(fault.to_string())))
    }

    /// A fixed-point evaluation.
    pub fn fixed_point(&mut self, theta: &[f64]) -> Result<EfsEval, ObjectiveError> {
        self.uncap();
        self.counts.fixed_point += 1;
        let eval = self.objective.eval_efs(theta)?;
        self.checked_value(eval.cost)?;
        self.check_vector("step", &eval.steps)?;
        self.check_psi(&eval)?;
        self.offer(theta, eval.cost, None, eval.inner_beta.clone());
        Ok(eval)
    }

    fn check_psi(&self, eval: &EfsEval) -> Result<(), ObjectiveError> {
        let fault = |text: String| Err(ObjectiveError::Recoverable(text));
        if let Some(gradient) = &eval.psi_gradient {
            let expected = eval.psi_indices.as_ref().map_or(self.psi_dim, Vec::len);
            if gradient.len() != expected {
                return fault(format!(
                    "psiGradient: expected {expected} numbers, received {}",
                    gradient.len()
                ));
            }
        }
        if let Some(indices) = &eval.psi_indices {
            if indices.len() != self.psi_dim {
                return fault(format!(
                    "psiIndices: expected {} indices, received {}",
                    self.psi_dim,
                    indices.len()
                ));
            }
            let first = self.n_params - self.psi_dim;
            if let Some(index) = indices.iter().find(|&&i| i < first || i >= self.n_params) {
                return fault(format!("psiIndices: expected indices from {first} on, received {index}"));
            }
        }
        Ok(())
    }

    /// Tells the objective's feedback that a step was accepted.
    pub fn count_accepted_step(&self) {
        if let Some(progress) = &self.progress {
            progress.count_accepted_step();
        }
    }
}

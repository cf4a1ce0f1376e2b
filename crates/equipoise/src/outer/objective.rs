//! The objective of an outer search.

use super::capability::OuterCapability;
use super::error::ObjectiveError;
use super::plan::OuterPlan;
use crate::smooth::HessianForm;
use serde::{Deserialize, Serialize};

/// How much of an evaluation is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EvalOrder {
    /// The value.
    Value,
    /// The value and the gradient.
    ValueAndGradient,
    /// The value, the gradient and the Hessian.
    ValueGradientHessian,
}

/// An evaluation at θ.
#[derive(Debug, Clone, Default)]
pub struct OuterEval {
    /// The criterion; +∞ says that θ is infeasible and a trial there is rejected.
    pub cost: f64,
    /// The gradient (n).
    pub gradient: Vec<f64>,
    /// The Hessian.
    pub hessian: HessianForm,
    /// Inner coefficients that a later evaluation nearby may start from.
    pub inner_beta: Option<Vec<f64>>,
}

impl OuterEval {
    /// An evaluation without a Hessian.
    pub fn new(cost: f64, gradient: Vec<f64>) -> Self {
        Self { cost, gradient, ..Self::default() }
    }

    /// An infeasible point of n parameters: cost +∞, gradient zero.
    pub fn infeasible(n_params: usize) -> Self {
        Self::new(f64::INFINITY, vec![0.0; n_params])
    }

    /// With a dense Hessian (n × n by rows).
    #[must_use]
    pub fn with_hessian(mut self, matrix: Vec<f64>) -> Self {
        self.hessian = HessianForm::Dense(matrix);
        self
    }
}

/// A fixed-point evaluation at θ.
#[derive(Debug, Clone, Default)]
pub struct EfsEval {
    /// The criterion.
    pub cost: f64,
    /// The step, added to θ (n). For ρ the Fellner–Schall step is ln(1 − 2gᵢ/qᵢ), gᵢ the gradient and qᵢ the curvature scale of the
    /// penalty.
    pub steps: Vec<f64>,
    /// Inner coefficients.
    pub inner_beta: Option<Vec<f64>>,
    /// The gradient in ψ (one number per entry of `psi_indices`).
    pub psi_gradient: Option<Vec<f64>>,
    /// The indices in θ that `psi_gradient` speaks of.
    pub psi_indices: Option<Vec<usize>>,
    /// Curvature scale of the inner Hessian, to which a barrier is compared.
    pub inner_hessian_scale: Option<f64>,
    /// Width of the enclosure of the log determinant, where it is only bounded.
    pub logdet_enclosure_gap: Option<f64>,
    /// Barrier slacks at the inner solution, where the objective has a barrier; else they are taken from `inner_beta`.
    pub barrier_slacks: Option<Vec<f64>>,
}

/// What became of inner coefficients offered to an objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SeedOutcome {
    /// Taken (or there were none to take).
    Installed,
    /// The objective has no inner state.
    NoSlot,
    /// The length does not fit the objective's inner blocks; only θ is used.
    Incompatible,
}

/// What became of a certified walk to a start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "outcome")]
pub enum HomotopyEntry {
    /// The objective has no such walk.
    None,
    /// The walk arrived; the inner state is at θ.
    Arrived,
    /// The walk gave up; the run goes on without it.
    Refused {
        /// Why.
        reason: String,
    },
}

/// A criterion F(θ) to be minimised. Only [`capability`](Self::capability) and [`eval_cost`](Self::eval_cost) must be written; what is
/// declared in the capability must be written too.
///
/// Values and derivatives must come from inner solves of one accuracy: the certificate compares them.
pub trait OuterObjective {
    /// What this objective computes; the same at every call.
    fn capability(&self) -> OuterCapability;

    /// The criterion at θ.
    ///
    /// # Errors
    /// [`ObjectiveError`] as described there; an infeasible θ is better said by +∞.
    fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError>;

    /// Everything that the capability declares: value, gradient, Hessian.
    ///
    /// # Errors
    /// As [`eval_cost`](Self::eval_cost).
    fn eval(&mut self, theta: &[f64]) -> Result<OuterEval, ObjectiveError> {
        let cost = self.eval_cost(theta)?;
        Ok(OuterEval { cost, gradient: vec![0.0; theta.len()], ..OuterEval::default() })
    }

    /// As much as `order` asks for; more is allowed.
    ///
    /// # Errors
    /// As [`eval_cost`](Self::eval_cost).
    fn eval_with_order(&mut self, theta: &[f64], order: EvalOrder) -> Result<OuterEval, ObjectiveError> {
        match order {
            EvalOrder::Value => {
                let cost = self.eval_cost(theta)?;
                Ok(OuterEval { cost, gradient: vec![0.0; theta.len()], ..OuterEval::default() })
            }
            EvalOrder::ValueAndGradient | EvalOrder::ValueGradientHessian => self.eval(theta),
        }
    }

    /// The criterion and the fixed-point step.
    ///
    /// # Errors
    /// As [`eval_cost`](Self::eval_cost); without the method, that it is missing.
    fn eval_efs(&mut self, theta: &[f64]) -> Result<EfsEval, ObjectiveError> {
        let _ = theta;
        Err(ObjectiveError::Fatal(
            "the objective declares fixed-point steps and does not compute them".into(),
        ))
    }

    /// A number that ranks seeds under truncated inner solves. Under truncation a log determinant means nothing: rank by the best
    /// penalised deviance instead.
    ///
    /// # Errors
    /// As [`eval_cost`](Self::eval_cost).
    fn eval_screening_proxy(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        self.eval_cost(theta)
    }

    /// Brings the inner state back to where it was at the beginning.
    fn reset(&mut self) {}

    /// Offers inner coefficients to start from. Empty coefficients mean that there are none.
    ///
    /// # Errors
    /// Where installing them fails; the run goes on without.
    fn seed_inner_state(&mut self, beta: &[f64]) -> Result<SeedOutcome, ObjectiveError> {
        let _ = beta;
        Ok(SeedOutcome::NoSlot)
    }

    /// True if the run may walk to each seed from heavier smoothing, passing inner coefficients along.
    fn allow_continuation_prewarm(&self) -> bool {
        false
    }

    /// True if each seed must be entered from heavier smoothing. Trouble on the way then moves the entry to a heavier regime instead of
    /// rejecting the seed.
    fn requires_continuation_path_entry(&self) -> bool {
        false
    }

    /// Walks to θ by a certified homotopy of the objective's own.
    ///
    /// # Errors
    /// Where the walk fails; the run goes on without it.
    fn curvature_homotopy_entry(&mut self, theta: &[f64]) -> Result<HomotopyEntry, ObjectiveError> {
        match theta.iter().position(|t| !t.is_finite()) {
            Some(i) => Err(ObjectiveError::Recoverable(format!("theta[{i}] is not finite: {}", theta[i]))),
            None => Ok(HomotopyEntry::None),
        }
    }

    /// The criterion at a seed that is already terminal, so that no outer iteration is needed.
    ///
    /// # Errors
    /// As [`eval_cost`](Self::eval_cost).
    fn accept_seed_without_outer_iterations(&mut self, theta: &[f64]) -> Result<Option<f64>, ObjectiveError> {
        let _ = theta;
        Ok(None)
    }

    /// True: the evaluations that follow are probes (screening, pre-warm, certificate), of which nothing is worth keeping; false: they are no
    /// longer.
    fn set_probing(&mut self, probing: bool) {
        let _ = probing;
    }

    /// Brings the inner state to the winner.
    ///
    /// # Errors
    /// As [`eval_cost`](Self::eval_cost); the run then fails.
    fn finalize_outer_result(&mut self, theta: &[f64], plan: &OuterPlan) -> Result<(), ObjectiveError> {
        let _ = plan;
        self.eval_cost(theta).map(|_| ())
    }
}

impl<O: OuterObjective + ?Sized> OuterObjective for &mut O {
    fn capability(&self) -> OuterCapability {
        (**self).capability()
    }
    fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        (**self).eval_cost(theta)
    }
    fn eval(&mut self, theta: &[f64]) -> Result<OuterEval, ObjectiveError> {
        (**self).eval(theta)
    }
    fn eval_with_order(&mut self, theta: &[f64], order: EvalOrder) -> Result<OuterEval, ObjectiveError> {
        (**self).eval_with_order(theta, order)
    }
    fn eval_efs(&mut self, theta: &[f64]) -> Result<EfsEval, ObjectiveError> {
        (**self).eval_efs(theta)
    }
    fn eval_screening_proxy(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        (**self).eval_screening_proxy(theta)
    }
    fn reset(&mut self) {
        (**self).reset();
    }
    fn seed_inner_state(&mut self, beta: &[f64]) -> Result<SeedOutcome, ObjectiveError> {
        (**self).seed_inner_state(beta)
    }
    fn allow_continuation_prewarm(&self) -> bool {
        (**self).allow_continuation_prewarm()
    }
    fn requires_continuation_path_entry(&self) -> bool {
        (**self).requires_continuation_path_entry()
    }
    fn curvature_homotopy_entry(&mut self, theta: &[f64]) -> Result<HomotopyEntry, ObjectiveError> {
        (**self).curvature_homotopy_entry(theta)
    }
    fn accept_seed_without_outer_iterations(&mut self, theta: &[f64]) -> Result<Option<f64>, ObjectiveError> {
        (**self).accept_seed_without_outer_iterations(theta)
    }
    fn set_probing(&mut self, probing: bool) {
        (**self).set_probing(probing);
    }
    fn finalize_outer_result(&mut self, theta: &[f64], plan: &OuterPlan) -> Result<(), ObjectiveError> {
        (**self).finalize_outer_result(theta, plan)
    }
}

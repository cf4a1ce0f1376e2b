//! The outer objective that the façade's functions compute.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use equipoise::outer::{
    EfsEval, EvalOrder, FallbackReason, HessianForm, HomotopyEntry, InnerProgress, Materialisation,
    ObjectiveError, OuterCapability, OuterEval, OuterObjective, OuterPlan, SeedOutcome, StructuralFailure,
};
use napi_derive::napi;
use serde::Deserialize;

use crate::objective::message::{Evaluate, NoReply, Reply};
use crate::outer::operator::JsHessian;
use crate::outer::options::Configured;

/// What is asked of an objective. The vectors are θ, whatever the question needs beside it, and [cap on inner iterations].
#[napi]
pub enum OuterQuestion {
    Value,
    Gradient,
    Hessian,
    FixedPoint,
    ScreeningProxy,
    Reset,
    SeedInnerState,
    HomotopyEntry,
    AcceptSeed,
    Finalize,
    HessianProducts,
}

/// Which questions the objective answers beside its values and derivatives; the others have Rust's own answers.
#[napi(object, object_to_js = false)]
pub struct NativeOuterHooks {
    pub screening_proxy: bool,
    pub reset: bool,
    pub seed_inner_state: bool,
    pub homotopy_entry: bool,
    pub accept_seed: bool,
    pub finalize: bool,
    pub allows_continuation: bool,
    pub requires_continuation: bool,
}

/// The run was stopped from JavaScript's side; what stopped it is kept there.
#[derive(Debug, thiserror::Error)]
#[error("stopped")]
pub struct Stopped;

/// Why a point was rejected, as the façade says it.
#[derive(Deserialize)]
struct Rejection {
    reason: String,
    scope: Scope,
    defect: Option<StructuralFailure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Scope {
    Point,
    Seed,
    FixedPoint,
}

impl From<NoReply> for ObjectiveError {
    fn from(reply: NoReply) -> Self {
        let NoReply::Rejected(text) = reply else { return Self::Abort(Box::new(Stopped)) };
        let Ok(Rejection { reason, scope, defect }) = serde_json::from_str(&text) else {
            return Self::Recoverable(text);
        };
        match (defect, scope) {
            (Some(defect), _) => Self::Structural(defect),
            (None, Scope::Point) => Self::Recoverable(reason),
            (None, Scope::Seed) => Self::Fatal(reason),
            (None, Scope::FixedPoint) => {
                Self::FirstOrderFallback(FallbackReason::Objective { message: reason })
            }
        }
    }
}

/// Numbers of operators that are no longer needed.
pub type Released = Arc<Mutex<Vec<f64>>>;

/// An objective in JavaScript.
pub struct JsObjective {
    pub evaluate: Arc<dyn Evaluate>,
    pub capability: OuterCapability,
    pub materialisation: Materialisation,
    pub hooks: NativeOuterHooks,
    pub screening_cap: Option<Arc<AtomicUsize>>,
    pub inner_progress: Option<Arc<InnerProgress>>,
    /// The façade hears of them with the next evaluation.
    pub released: Released,
}

type Evaluated<T> = Result<T, ObjectiveError>;

impl JsObjective {
    pub fn new(evaluate: Arc<dyn Evaluate>, configured: &Configured, hooks: NativeOuterHooks) -> Self {
        Self {
            evaluate,
            capability: configured.capability.clone(),
            materialisation: configured.materialisation,
            hooks,
            screening_cap: configured.screening_cap.clone(),
            inner_progress: configured.inner_progress.clone(),
            released: Arc::default(),
        }
    }

    fn ask(&self, question: OuterQuestion, vectors: [&[f64]; 3]) -> Evaluated<Reply> {
        Ok(self.evaluate.evaluate(question as u32, vectors)?)
    }

    /// A question about θ. The record ends with what the inner solve was like.
    fn ask_at<T>(
        &self,
        question: OuterQuestion,
        theta: &[f64],
        read: impl FnOnce(&mut Reply) -> T,
    ) -> Evaluated<T> {
        let caps = [
            self.screening_cap.as_ref().map_or(0, |cap| cap.load(Ordering::SeqCst)),
            self.inner_progress.as_ref().map_or(0, |progress| progress.cap()),
        ];
        // 0 means no cap.
        let cap = caps.into_iter().filter(|cap| *cap > 0).min().unwrap_or(0);
        let released = std::mem::take(&mut *self.released.lock().unwrap_or_else(PoisonError::into_inner));
        let mut reply = self.ask(question, [theta, &released, &[cap as f64]])?;
        let evaluated = read(&mut reply);
        if let (Some(progress), Some(solve)) = (&self.inner_progress, reply.vector()) {
            let known = |value: f64| Some(value).filter(|value| !value.is_nan());
            progress.report(solve[0] as usize, solve[1] != 0.0, known(solve[2]), known(solve[3]));
        }
        Ok(evaluated)
    }

    fn evaluation(&self, question: OuterQuestion, theta: &[f64]) -> Evaluated<OuterEval> {
        self.ask_at(question, theta, |reply| OuterEval {
            cost: reply.number().unwrap_or(f64::NAN),
            gradient: reply.vector().unwrap_or_default(),
            hessian: self.hessian(reply),
            inner_beta: reply.vector(),
        })
    }

    /// Two fields: a dense matrix, or dimension and number of an operator.
    fn hessian(&self, reply: &mut Reply) -> HessianForm {
        let (dense, operator) = (reply.vector(), reply.vector());
        match (dense, operator) {
            (Some(matrix), _) => HessianForm::Dense(matrix),
            (None, Some(operator)) => HessianForm::Operator(Arc::new(JsHessian {
                evaluate: Arc::clone(&self.evaluate),
                dimension: operator[0] as usize,
                number: operator[1],
                materialisation: self.materialisation,
                released: Arc::clone(&self.released),
            })),
            (None, None) => HessianForm::Unavailable,
        }
    }
}

impl OuterObjective for JsObjective {
    fn capability(&self) -> OuterCapability {
        self.capability.clone()
    }

    fn eval_cost(&mut self, theta: &[f64]) -> Evaluated<f64> {
        Ok(self.evaluation(OuterQuestion::Value, theta)?.cost)
    }

    fn eval(&mut self, theta: &[f64]) -> Evaluated<OuterEval> {
        let order = match (self.capability.has_gradient(), self.capability.hessian.is_analytic()) {
            (_, true) => EvalOrder::ValueGradientHessian,
            (true, false) => EvalOrder::ValueAndGradient,
            (false, false) => EvalOrder::Value,
        };
        self.eval_with_order(theta, order)
    }

    fn eval_with_order(&mut self, theta: &[f64], order: EvalOrder) -> Evaluated<OuterEval> {
        match order {
            EvalOrder::Value => {
                let mut evaluation = self.evaluation(OuterQuestion::Value, theta)?;
                evaluation.gradient = vec![0.0; theta.len()];
                Ok(evaluation)
            }
            EvalOrder::ValueAndGradient => self.evaluation(OuterQuestion::Gradient, theta),
            EvalOrder::ValueGradientHessian => self.evaluation(OuterQuestion::Hessian, theta),
        }
    }

    fn eval_efs(&mut self, theta: &[f64]) -> Evaluated<EfsEval> {
        self.ask_at(OuterQuestion::FixedPoint, theta, |reply| EfsEval {
            cost: reply.number().unwrap_or(f64::NAN),
            steps: reply.vector().unwrap_or_default(),
            inner_beta: reply.vector(),
            psi_gradient: reply.vector(),
            psi_indices: reply.vector().map(|indices| indices.iter().map(|index| *index as usize).collect()),
            inner_hessian_scale: reply.number(),
            logdet_enclosure_gap: reply.number(),
            barrier_slacks: reply.vector(),
        })
    }

    fn eval_screening_proxy(&mut self, theta: &[f64]) -> Evaluated<f64> {
        if !self.hooks.screening_proxy {
            return self.eval_cost(theta);
        }
        self.ask_at(OuterQuestion::ScreeningProxy, theta, |reply| reply.number().unwrap_or(f64::NAN))
    }

    fn reset(&mut self) {
        if self.hooks.reset {
            // A run that was stopped hears of it at the next question.
            let _ = self.ask(OuterQuestion::Reset, [&[]; 3]);
        }
    }

    fn seed_inner_state(&mut self, beta: &[f64]) -> Evaluated<SeedOutcome> {
        if !self.hooks.seed_inner_state {
            return Ok(SeedOutcome::NoSlot);
        }
        if beta.is_empty() {
            return Ok(SeedOutcome::Installed);
        }
        let outcome = self.ask(OuterQuestion::SeedInnerState, [beta, &[], &[]])?.number();
        Ok([SeedOutcome::Installed, SeedOutcome::NoSlot, SeedOutcome::Incompatible]
            [outcome.unwrap_or(1.0) as usize])
    }

    fn allow_continuation_prewarm(&self) -> bool {
        self.hooks.allows_continuation && self.hooks.seed_inner_state
    }

    fn requires_continuation_path_entry(&self) -> bool {
        self.hooks.requires_continuation
    }

    fn curvature_homotopy_entry(&mut self, theta: &[f64]) -> Evaluated<HomotopyEntry> {
        if let Some(i) = theta.iter().position(|t| !t.is_finite()) {
            return Err(ObjectiveError::Recoverable(format!("theta[{i}] is not finite: {}", theta[i])));
        }
        if !self.hooks.homotopy_entry {
            return Ok(HomotopyEntry::None);
        }
        let reply = self.evaluate.evaluate(OuterQuestion::HomotopyEntry as u32, [theta, &[], &[]]);
        match reply {
            Ok(mut reply) => Ok(match reply.number() {
                Some(1.0) => HomotopyEntry::Arrived,
                _ => HomotopyEntry::None,
            }),
            Err(NoReply::Stopped) => Err(NoReply::Stopped.into()),
            Err(rejected) => {
                Ok(HomotopyEntry::Refused { reason: ObjectiveError::from(rejected).to_string() })
            }
        }
    }

    fn accept_seed_without_outer_iterations(&mut self, theta: &[f64]) -> Evaluated<Option<f64>> {
        if !self.hooks.accept_seed {
            return Ok(None);
        }
        Ok(self.ask(OuterQuestion::AcceptSeed, [theta, &[], &[]])?.number())
    }

    fn finalize_outer_result(&mut self, theta: &[f64], plan: &OuterPlan) -> Evaluated<()> {
        if !self.hooks.finalize {
            return self.eval_cost(theta).map(|_| ());
        }
        let plan = [plan.solver as u32, plan.hessian_source as u32].map(f64::from);
        self.ask(OuterQuestion::Finalize, [theta, &plan, &[]]).map(|_| ())
    }
}

//! One solver run from one seed.

use super::bridge::{Bridge, OperatorBridge, RoutingFault, Trials};
use super::candidate::{Candidate, judge, tolerances};
use super::capability::OuterCapability;
use super::config::OuterProblem;
use super::drive::{VectorState, drive};
use super::error::ObjectiveError;
use super::evaluator::Evaluator;
use super::event::{OuterEvent, emit};
use super::fixed_point_bridge::FixedPointBridge;
use super::hessian::checked_dense;
use super::objective::{EfsEval, EvalOrder, OuterEval};
use super::plan::{OuterPlan, OuterSolver};
use super::result::{FallbackReason, OuterIteration};
use super::stop_reason::StopReason;
use crate::control::Control;
use crate::numeric::sum::max_abs;
use crate::smooth::{
    BarrierState, Bfgs, Bounds, CostStallOptions, Cubic, CurvatureModel, CurvatureVerdict,
    FixedPointFallback, FixedPointIteration, Frontier, HessianForm, InitialMetric, Lbfgsb, QuasiNewton,
    SmoothState, SmoothStop, Stationarity, StationarityTolerances, TrustRegion, value_noise,
};
use argmin::core::Error;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// Above this many parameters an operator Hessian stays an operator.
const MAX_MATERIALISED: usize = 64;
/// Smallest first radius of the matrix-free trust region.
const SMALLEST_FIRST_RADIUS: f64 = 1e-6;
/// Observations without progress after which a second-order run is stalled.
const SECOND_ORDER_WINDOW: usize = 3;

/// The first evaluation of a seed, which has passed validation.
pub(super) enum First {
    Derivatives(OuterEval),
    FixedPoint(EfsEval),
}

impl First {
    pub fn value(&self) -> f64 {
        match self {
            Self::Derivatives(eval) => eval.cost,
            Self::FixedPoint(eval) => eval.cost,
        }
    }
}

/// One run of one solver.
pub(super) struct Search<'r> {
    pub problem: &'r OuterProblem,
    pub capability: &'r OuterCapability,
    pub bounds: &'r Bounds,
    pub plan: OuterPlan,
    pub control: &'r Control,
    pub attempt: usize,
    pub seed: usize,
}

/// What a run leaves behind.
struct Ended {
    stop: SmoothStop,
    /// The common test held and ended the run.
    stationary: bool,
    best: Option<(Vec<f64>, f64)>,
    method: &'static str,
    trust_radius: Option<f64>,
    /// What a matrix-free solver measured of the curvature at its last point.
    curvature: Option<CurvatureVerdict>,
}

type StopHook = Arc<dyn Fn() -> bool + Send + Sync>;

impl Search<'_> {
    /// Evaluates a seed as far as its solver needs.
    pub fn validate(&self, evaluator: &mut Evaluator<'_>, seed: &[f64]) -> Result<First, ObjectiveError> {
        match self.plan.solver {
            OuterSolver::Arc => {
                let mut eval = evaluator.sample(seed, EvalOrder::ValueGradientHessian)?;
                if eval.hessian.dim().is_none() {
                    return Err(ObjectiveError::Recoverable(
                        "the objective declares a Hessian and gives none".to_owned(),
                    ));
                }
                if seed.len() <= MAX_MATERIALISED && becomes_dense(&eval.hessian) {
                    let dense = checked_dense(&eval.hessian, seed.len())
                        .map_err(|fault| ObjectiveError::Recoverable(fault.to_string()))?;
                    eval.hessian = HessianForm::Dense(dense);
                }
                Ok(First::Derivatives(eval))
            }
            OuterSolver::Bfgs => evaluator.sample(seed, EvalOrder::ValueAndGradient).map(First::Derivatives),
            OuterSolver::Efs | OuterSolver::HybridEfs | OuterSolver::FrontierEfs => {
                evaluator.fixed_point(seed).map(First::FixedPoint)
            }
        }
    }

    /// Runs the plan's solver. An error means that the seed failed (or that the run must end).
    pub fn run(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        seed: &[f64],
        first: First,
    ) -> Result<Candidate, ObjectiveError> {
        let mut path = Vec::new();
        let ended = match (self.plan.solver, first) {
            (OuterSolver::Bfgs, First::Derivatives(eval)) => {
                self.quasi_newton(evaluator, seed, &eval, &mut path)
            }
            (_, First::Derivatives(eval)) => match eval.hessian {
                HessianForm::Operator(_) => self.trust_region(evaluator, seed, &mut path),
                _ => self.cubic(evaluator, seed, &mut path),
            },
            (OuterSolver::FrontierEfs, First::FixedPoint(_)) => self.frontier(evaluator, seed, &mut path),
            (_, First::FixedPoint(eval)) => self.fixed_point(evaluator, seed, &eval, &mut path),
        };
        let ended = ended.or_else(|error| self.ended_by(error, evaluator))?;
        self.candidate(evaluator, ended, path)
    }

    /// An error of the objective inside a solver: most are the seed's failure, a missing form of Hessian and a hand-over are ends.
    fn ended_by(&self, error: Error, evaluator: &RefCell<Evaluator<'_>>) -> Result<Ended, ObjectiveError> {
        let best = evaluator.borrow().best.as_ref().map(|best| (best.theta.clone(), best.value));
        if error.is::<RoutingFault>() {
            let stop = SmoothStop::RoutingMismatch(crate::smooth::RoutingMismatch::Unavailable);
            return Ok(Ended {
                stop,
                stationary: false,
                best,
                method: "ARC",
                trust_radius: None,
                curvature: None,
            });
        }
        Err(match error.downcast::<ObjectiveError>() {
            Ok(error) => error,
            Err(other) => ObjectiveError::Fatal(other.to_string()),
        })
    }

    fn stop_hook(&self) -> StopHook {
        let control = self.control.without_progress();
        Arc::new(move || control.must_stop())
    }

    /// The absolute part of the tolerances, for the solver's own test; the relative part is asked of every iterate by [`look`](Self::look).
    fn solver_tolerances(&self) -> StationarityTolerances {
        StationarityTolerances { relative_to_value: None, ..tolerances(self.problem) }
    }

    /// Progress is a hundredth of the tighter tolerance, 1e-7 by default: who asks for more is not stopped before. Who asks for less than the
    /// rounding of values gets no guard: the solver's own rounding limit, which also looks at the gradient, ends the run.
    fn cost_stall(&self, window: usize) -> Option<CostStallOptions> {
        let relative = self.problem.rel_cost_tolerance.unwrap_or(self.problem.tolerance);
        let relative_progress = 0.01 * self.problem.tolerance.min(relative);
        (relative_progress > value_noise(1.0)).then_some(CostStallOptions {
            window,
            relative_progress,
            ..CostStallOptions::default()
        })
    }

    fn sides(&self) -> (Vec<f64>, Vec<f64>) {
        (self.bounds.lower().to_vec(), self.bounds.upper().to_vec())
    }

    fn quasi_newton(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        seed: &[f64],
        first: &OuterEval,
        path: &mut Vec<OuterIteration>,
    ) -> Result<Ended, Error> {
        let (lower, upper) = self.sides();
        match self.problem.limited_memory {
            Some(pairs) => {
                let solver = Lbfgsb::new(lower, upper)?.memory(pairs);
                self.run_quasi_newton(solver, "L-BFGS-B", evaluator, seed, path)
            }
            None => {
                let solver = Bfgs::new(lower, upper)?.initial_metric(self.initial_metric(seed, first));
                self.run_quasi_newton(solver, "BFGS", evaluator, seed, path)
            }
        }
    }

    fn run_quasi_newton<M: CurvatureModel>(
        &self,
        solver: QuasiNewton<M>,
        method: &'static str,
        evaluator: &RefCell<Evaluator<'_>>,
        seed: &[f64],
        path: &mut Vec<OuterIteration>,
    ) -> Result<Ended, Error> {
        let mut solver = solver
            .stationarity_tolerances(self.solver_tolerances())
            .cost_stall(self.cost_stall(CostStallOptions::default().window))
            .step_caps(self.step_caps())
            .stop_when(self.stop_hook());
        let bridge = Bridge { evaluator, trials: Trials::WithGradient };
        let mut stationary = false;
        let state =
            drive(&mut solver, bridge, seed, self.problem.max_iter, &mut |_, state: &SmoothState| {
                stationary = self.look(evaluator, state, None, path);
                stationary
            })?;
        Ok(Ended {
            stop: solver.stop(),
            stationary,
            best: best_of(&state),
            method,
            trust_radius: None,
            curvature: None,
        })
    }

    fn cubic(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        seed: &[f64],
        path: &mut Vec<OuterIteration>,
    ) -> Result<Ended, Error> {
        let (lower, upper) = self.sides();
        let mut solver = Cubic::new(lower, upper)?
            .stationarity_tolerances(self.solver_tolerances())
            .cost_stall(self.cost_stall(SECOND_ORDER_WINDOW))
            .stop_when(self.stop_hook());
        if let Some(sigma) = self.problem.arc_initial_regularization {
            solver = solver.initial_regularisation(sigma);
        }
        let bridge = Bridge { evaluator, trials: Trials::ValueFirst };
        let mut stationary = false;
        let state = drive(&mut solver, bridge, seed, self.problem.max_iter, &mut |solver: &Cubic, state| {
            stationary = self.look(evaluator, state, solver.stationarity(), path);
            stationary
        })?;
        Ok(Ended {
            stop: solver.stop(),
            stationary,
            best: best_of(&state),
            method: "ARC",
            trust_radius: None,
            curvature: None,
        })
    }

    fn trust_region(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        seed: &[f64],
        path: &mut Vec<OuterIteration>,
    ) -> Result<Ended, Error> {
        let (lower, upper) = self.sides();
        let mut solver = TrustRegion::new(lower, upper)?
            .stationarity_tolerances(self.solver_tolerances())
            .cost_stall(self.cost_stall(SECOND_ORDER_WINDOW))
            .stop_when(self.stop_hook());
        if let Some(radius) = self.problem.operator_initial_trust_radius {
            solver = solver.initial_radius(radius.max(SMALLEST_FIRST_RADIUS));
        }
        let bridge = OperatorBridge(Bridge { evaluator, trials: Trials::ValueFirst });
        let mut stationary = false;
        let state =
            drive(&mut solver, bridge, seed, self.problem.max_iter, &mut |solver: &TrustRegion, state| {
                // The curvature is measured where the solver's own test holds.
                self.record(evaluator, state, path);
                stationary = solver.stationarity().is_some_and(Stationarity::is_stationary);
                false
            })?;
        let (stop, trust_radius) = (solver.stop(), Some(solver.radius()));
        let curvature = solver.stationarity().map(|found| found.curvature);
        Ok(Ended { stop, stationary, best: best_of(&state), method: "trust region", trust_radius, curvature })
    }

    fn fixed_point_bridge<'s, 'a>(
        &'s self,
        evaluator: &'s RefCell<Evaluator<'a>>,
    ) -> FixedPointBridge<'s, 'a> {
        let barrier = self.capability.barrier.as_ref().or(self.problem.barrier.as_ref());
        FixedPointBridge {
            evaluator,
            barrier,
            has_gradient: self.capability.has_gradient(),
            has_hessian: self.capability.hessian.is_analytic(),
            state: Cell::new(BarrierState::Absent),
        }
    }

    fn fixed_point(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        seed: &[f64],
        first: &EfsEval,
        path: &mut Vec<OuterIteration>,
    ) -> Result<Ended, Error> {
        let (lower, upper) = self.sides();
        let bridge = self.fixed_point_bridge(evaluator);
        let mut solver = FixedPointIteration::new(lower, upper)?
            .step_tolerance(self.problem.tolerance)
            .psi_indices((self.capability.rho_dim()..seed.len()).collect())
            .first_evaluation(bridge.note(first))
            .stop_when(self.stop_hook());
        let method = if self.capability.psi_dim == 0 { "EFS" } else { "hybrid EFS" };
        let state =
            drive(&mut solver, bridge, seed, self.problem.max_iter, &mut |_, state: &SmoothState| {
                self.record(evaluator, state, path);
                false
            })?;
        Ok(Ended {
            stop: solver.stop(),
            stationary: false,
            best: best_of(&state),
            method,
            trust_radius: None,
            curvature: None,
        })
    }

    fn frontier(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        seed: &[f64],
        path: &mut Vec<OuterIteration>,
    ) -> Result<Ended, Error> {
        let (lower, upper) = self.sides();
        let mut solver = Frontier::new(lower, upper)?
            .step_tolerance(self.problem.tolerance)
            .border(&self.problem.border_axes)?
            .stop_when(self.stop_hook());
        let bridge = self.fixed_point_bridge(evaluator);
        let state =
            drive(&mut solver, bridge, seed, self.problem.max_iter, &mut |_, state: &SmoothState| {
                self.record(evaluator, state, path);
                false
            })?;
        let (stop, best) = (solver.stop(), best_of(&state));
        Ok(Ended {
            stop,
            stationary: false,
            best,
            method: "frontier EFS",
            trust_radius: None,
            curvature: None,
        })
    }

    /// Records an iterate and asks the common test of it; `found` is what a second-order solver knows of it already.
    fn look<H>(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        state: &VectorState<H>,
        found: Option<&Stationarity>,
        path: &mut Vec<OuterIteration>,
    ) -> bool {
        self.record(evaluator, state, path);
        let Some(norm) = path.last().and_then(|last| last.projected_gradient_norm) else { return false };
        if found.is_some_and(Stationarity::is_saddle) {
            return false;
        }
        let limit = tolerances(self.problem).at_start(state.cost);
        limit.accepts_gradient(norm) || found.is_some_and(Stationarity::decrement_is_small)
    }

    fn record<H>(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        state: &VectorState<H>,
        path: &mut Vec<OuterIteration>,
    ) {
        let (Some(theta), true) = (&state.param, state.cost.is_finite()) else { return };
        let step_norm = state.prev_param.as_ref().filter(|_| !path.is_empty()).map(|before| {
            let step: Vec<f64> = theta.iter().zip(before).map(|(a, b)| a - b).collect();
            max_abs(&step)
        });
        let projected_gradient_norm =
            state.get_gradient().map(|gradient| self.bounds.projected_gradient_norm(theta, gradient));
        let iteration = OuterIteration {
            attempt: self.attempt,
            seed: self.seed,
            iteration: path.len(),
            value: state.cost,
            projected_gradient_norm,
            step_norm,
        };
        if !path.is_empty() {
            evaluator.borrow().count_accepted_step();
        }
        emit(self.problem.observer.as_ref(), &OuterEvent::Iteration(iteration.clone()));
        path.push(iteration);
    }

    /// Longest steps per coordinate; none where no cap is set.
    fn step_caps(&self) -> Option<Vec<f64>> {
        let (rho, psi) = (self.problem.bfgs_step_cap, self.problem.bfgs_step_cap_psi);
        if rho.is_none() && psi.is_none() {
            return None;
        }
        let rho_dim = self.capability.rho_dim();
        let cap = |i: usize| if i < rho_dim { rho } else { psi };
        Some((0..self.problem.n_params).map(|i| cap(i).unwrap_or(f64::INFINITY)).collect())
    }

    /// Seeds that come from an earlier run, or from the caller, start with a metric: the Hessian that came with them, else the size of the
    /// gradient.
    fn initial_metric(&self, seed: &[f64], first: &OuterEval) -> InitialMetric {
        let is_start = self.problem.initial_rho.as_deref() == Some(seed);
        if !self.problem.warm_start && !is_start {
            return InitialMetric::Identity;
        }
        let hessian = self.problem.warm_start_hessian.as_deref().filter(|_| is_start);
        hessian
            .and_then(InitialMetric::from_hessian)
            .or_else(|| InitialMetric::from_gradient(&first.gradient))
            .unwrap_or(InitialMetric::Identity)
    }

    /// The best point of the run, judged by the common test.
    fn candidate(
        &self,
        evaluator: &RefCell<Evaluator<'_>>,
        ended: Ended,
        path: Vec<OuterIteration>,
    ) -> Result<Candidate, ObjectiveError> {
        let mut evaluator = evaluator.borrow_mut();
        let incumbent = evaluator.best.clone();
        let Some((theta, value)) =
            ended.best.or_else(|| incumbent.clone().map(|best| (best.theta, best.value)))
        else {
            return Err(ObjectiveError::Fatal("the criterion was not finite at any trial".to_owned()));
        };
        let inner_beta = incumbent.filter(|best| best.theta == theta).and_then(|best| best.inner_beta);
        let (gradient, hessian) = self.derivatives(&mut evaluator, &theta);
        let stationarity = gradient.as_ref().map(|gradient| {
            let found =
                judge(&tolerances(self.problem), self.bounds, &theta, value, gradient, hessian.as_deref());
            ended.curvature.map_or(found.clone(), |curvature| found.with_curvature(curvature))
        });
        let fallback = fallback_of(ended.stop);
        let settled = ended.stationary || ended.stop.is_converged();
        let converged = match &stationarity {
            Some(found) => found.holds && (settled || !self.plan.solver.is_fixed_point()),
            None => matches!(ended.stop, SmoothStop::StepStationary { .. }),
        };
        let stop_reason =
            if converged { StopReason::Converged } else { reason_of(ended.stop, ended.stationary) };
        Ok(Candidate {
            theta,
            value,
            gradient,
            hessian,
            stationarity,
            converged,
            stop_reason,
            plan: self.plan,
            method: ended.method,
            iterations: path.len().saturating_sub(1),
            trust_radius: ended.trust_radius,
            fallback,
            inner_beta,
            path,
        })
    }

    /// Gradient and dense Hessian at the best point, as far as the objective gives them; usually remembered from the run.
    fn derivatives(
        &self,
        evaluator: &mut Evaluator<'_>,
        theta: &[f64],
    ) -> (Option<Vec<f64>>, Option<Vec<f64>>) {
        if !self.capability.has_gradient() {
            return (None, None);
        }
        let second = self.plan.solver == OuterSolver::Arc;
        let order = if second { EvalOrder::ValueGradientHessian } else { EvalOrder::ValueAndGradient };
        let Ok(eval) = evaluator.sample(theta, order) else { return (None, None) };
        let dense = (second && theta.len() <= MAX_MATERIALISED
            || matches!(eval.hessian, HessianForm::Dense(_)))
        .then(|| checked_dense(&eval.hessian, theta.len()).ok())
        .flatten();
        (Some(eval.gradient), dense.filter(|_| second))
    }
}

fn becomes_dense(hessian: &HessianForm) -> bool {
    match hessian {
        HessianForm::Operator(operator) => {
            operator.materialisation() != crate::smooth::Materialisation::Unavailable
        }
        HessianForm::Dense(_) => true,
        HessianForm::Unavailable => false,
    }
}

/// The best point of a state.
fn best_of<H>(state: &VectorState<H>) -> Option<(Vec<f64>, f64)> {
    state.best_param.clone().filter(|_| state.best_cost.is_finite()).map(|theta| (theta, state.best_cost))
}

fn fallback_of(stop: SmoothStop) -> Option<FallbackReason> {
    let SmoothStop::FirstOrderFallback(reason) = stop else { return None };
    Some(match reason {
        FixedPointFallback::BarrierCurvature => FallbackReason::BarrierSignificant,
        FixedPointFallback::BarrierConcentrated => FallbackReason::BarrierConcentrated,
        FixedPointFallback::PsiNotStationary { gradient, tolerance } => {
            FallbackReason::PsiNotStationary { gradient, tolerance }
        }
        FixedPointFallback::NoDescent => FallbackReason::NoAcceptableStep,
        FixedPointFallback::PsiStagnation => FallbackReason::PsiStagnation,
    })
}

/// The reason of a run that is not stationary by the common test.
fn reason_of(stop: SmoothStop, stationary: bool) -> StopReason {
    match stop {
        _ if stationary => StopReason::NotStationary,
        SmoothStop::Stationary { .. } | SmoothStop::StepStationary { .. } | SmoothStop::TargetCost => {
            StopReason::NotStationary
        }
        SmoothStop::NumericallyConverged { .. } | SmoothStop::RoundingLimit { .. } => {
            StopReason::RoundingLimit
        }
        SmoothStop::FunctionStalled { .. } | SmoothStop::CostStall { .. } => StopReason::CostStallFlatValley,
        SmoothStop::LineSearchFailed => StopReason::LineSearchFailed,
        SmoothStop::Cancelled => StopReason::Cancelled,
        SmoothStop::NotFinite => StopReason::NotFinite,
        SmoothStop::IterationLimit | SmoothStop::Running => StopReason::IterationBudget,
        SmoothStop::RejectFloor { .. } => StopReason::RejectFloor,
        SmoothStop::RoutingMismatch(_) => StopReason::RoutingMismatch,
        SmoothStop::CurvatureContradicted { .. } => StopReason::CurvatureContradicted,
        SmoothStop::FirstOrderFallback(_) => StopReason::FirstOrderFallback,
        SmoothStop::EnclosureOpen { .. } => StopReason::EnclosureOpen,
    }
}

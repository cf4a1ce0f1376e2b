//! An objective made of closures over a state.

use super::capability::OuterCapability;
use super::config::OuterProblem;
use super::error::ObjectiveError;
use super::objective::{EfsEval, EvalOrder, HomotopyEntry, OuterEval, OuterObjective, SeedOutcome};
use super::plan::OuterPlan;

type Values<'a, S, T> = Box<dyn FnMut(&mut S, &[f64]) -> Result<T, ObjectiveError> + 'a>;
type Orders<'a, S> = Box<dyn FnMut(&mut S, &[f64], EvalOrder) -> Result<OuterEval, ObjectiveError> + 'a>;
type Resets<'a, S> = Box<dyn FnMut(&mut S) + 'a>;
type Installs<'a, S> = Box<dyn FnMut(&mut S, &[f64], &OuterPlan) -> Result<(), ObjectiveError> + 'a>;

/// An objective of closures over a state of type `S`, made by [`OuterProblem::objective`]. What it declares follows from the options of the
/// problem and from the closures that it has: with `with_efs` it has a fixed point.
///
/// ```
/// use equipoise::control::Control;
/// use equipoise::outer::{Derivative, OuterEval, OuterProblem};
///
/// // F(θ) = Σ (θᵢ − i)², and a count of the evaluations.
/// let problem = OuterProblem::new(2).with_gradient(Derivative::Analytic);
/// let mut objective = problem
///     .objective(0u32, |count, theta| {
///         *count += 1;
///         Ok(theta.iter().enumerate().map(|(i, t)| (t - i as f64).powi(2)).sum())
///     })
///     .with_eval(|count, theta| {
///         *count += 1;
///         let gradient = theta.iter().enumerate().map(|(i, t)| 2.0 * (t - i as f64)).collect();
///         let cost = theta.iter().enumerate().map(|(i, t)| (t - i as f64).powi(2)).sum();
///         Ok(OuterEval::new(cost, gradient))
///     });
/// let result = problem.run(&mut objective, "two centres", &Control::default())?;
/// assert!(result.converged && (result.rho[1] - 1.0).abs() < 1e-5);
/// assert_eq!(u64::from(*objective.state()), result.evaluations.total());
/// # Ok::<(), equipoise::outer::OuterError>(())
/// ```
pub struct ClosureObjective<'a, S> {
    capability: OuterCapability,
    state: S,
    cost: Values<'a, S, f64>,
    eval: Option<Values<'a, S, OuterEval>>,
    order: Option<Orders<'a, S>>,
    efs: Option<Values<'a, S, EfsEval>>,
    screening: Option<Values<'a, S, f64>>,
    reset: Option<Resets<'a, S>>,
    seed: Option<Values<'a, S, SeedOutcome>>,
    homotopy: Option<Values<'a, S, HomotopyEntry>>,
    terminal: Option<Values<'a, S, Option<f64>>>,
    finalize: Option<Installs<'a, S>>,
    allow_prewarm: bool,
    requires_continuation: bool,
}

impl OuterProblem {
    /// An objective over `state` with the criterion `cost`; further closures are added to it.
    pub fn objective<'a, S>(
        &self,
        state: S,
        cost: impl FnMut(&mut S, &[f64]) -> Result<f64, ObjectiveError> + 'a,
    ) -> ClosureObjective<'a, S> {
        ClosureObjective {
            capability: self.capability(),
            state,
            cost: Box::new(cost),
            eval: None,
            order: None,
            efs: None,
            screening: None,
            reset: None,
            seed: None,
            homotopy: None,
            terminal: None,
            finalize: None,
            allow_prewarm: self.continuation_prewarm,
            requires_continuation: false,
        }
    }
}

impl<'a, S> ClosureObjective<'a, S> {
    /// The state.
    pub fn state(&self) -> &S {
        &self.state
    }

    /// The state, given back.
    pub fn into_state(self) -> S {
        self.state
    }

    /// Value, gradient and Hessian, as declared.
    #[must_use]
    pub fn with_eval(
        mut self,
        eval: impl FnMut(&mut S, &[f64]) -> Result<OuterEval, ObjectiveError> + 'a,
    ) -> Self {
        self.eval = Some(Box::new(eval));
        self
    }

    /// As much as is asked for; without it values come from `cost` and everything else from `eval`.
    #[must_use]
    pub fn with_eval_order(
        mut self,
        eval: impl FnMut(&mut S, &[f64], EvalOrder) -> Result<OuterEval, ObjectiveError> + 'a,
    ) -> Self {
        self.order = Some(Box::new(eval));
        self
    }

    /// Fixed-point steps; the objective then declares them.
    #[must_use]
    pub fn with_efs(
        mut self,
        efs: impl FnMut(&mut S, &[f64]) -> Result<EfsEval, ObjectiveError> + 'a,
    ) -> Self {
        self.efs = Some(Box::new(efs));
        self.capability.fixed_point_available = true;
        self
    }

    /// The number that ranks seeds.
    #[must_use]
    pub fn with_screening_proxy(
        mut self,
        proxy: impl FnMut(&mut S, &[f64]) -> Result<f64, ObjectiveError> + 'a,
    ) -> Self {
        self.screening = Some(Box::new(proxy));
        self
    }

    /// Brings the state back to its beginning.
    #[must_use]
    pub fn with_reset(mut self, reset: impl FnMut(&mut S) + 'a) -> Self {
        self.reset = Some(Box::new(reset));
        self
    }

    /// Takes inner coefficients. Only with this hook the runner walks to seeds from heavier smoothing.
    #[must_use]
    pub fn with_seed(
        mut self,
        seed: impl FnMut(&mut S, &[f64]) -> Result<SeedOutcome, ObjectiveError> + 'a,
    ) -> Self {
        self.seed = Some(Box::new(seed));
        self
    }

    /// A certified walk to each seed.
    #[must_use]
    pub fn with_homotopy(
        mut self,
        walk: impl FnMut(&mut S, &[f64]) -> Result<HomotopyEntry, ObjectiveError> + 'a,
    ) -> Self {
        self.homotopy = Some(Box::new(walk));
        self
    }

    /// The criterion at seeds that are terminal.
    #[must_use]
    pub fn with_terminal_seed(
        mut self,
        terminal: impl FnMut(&mut S, &[f64]) -> Result<Option<f64>, ObjectiveError> + 'a,
    ) -> Self {
        self.terminal = Some(Box::new(terminal));
        self
    }

    /// Installs the winner; without it `cost` is evaluated there once more.
    #[must_use]
    pub fn with_finalize(
        mut self,
        finalize: impl FnMut(&mut S, &[f64], &OuterPlan) -> Result<(), ObjectiveError> + 'a,
    ) -> Self {
        self.finalize = Some(Box::new(finalize));
        self
    }

    /// Every seed must be entered from heavier smoothing.
    #[must_use]
    pub fn with_required_continuation(mut self, required: bool) -> Self {
        self.requires_continuation = required;
        self
    }
}

impl<S> OuterObjective for ClosureObjective<'_, S> {
    fn capability(&self) -> OuterCapability {
        self.capability.clone()
    }

    fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        (self.cost)(&mut self.state, theta)
    }

    fn eval(&mut self, theta: &[f64]) -> Result<OuterEval, ObjectiveError> {
        match (&mut self.eval, &mut self.order) {
            (Some(eval), _) => eval(&mut self.state, theta),
            (None, Some(order)) => order(&mut self.state, theta, EvalOrder::ValueGradientHessian),
            (None, None) => Err(ObjectiveError::Fatal(
                "the problem declares derivatives and the objective has no closure for them".to_owned(),
            )),
        }
    }

    fn eval_with_order(&mut self, theta: &[f64], order: EvalOrder) -> Result<OuterEval, ObjectiveError> {
        match (&mut self.order, order) {
            (Some(eval), _) => eval(&mut self.state, theta, order),
            (None, EvalOrder::Value) => {
                let cost = self.eval_cost(theta)?;
                Ok(OuterEval { cost, gradient: vec![0.0; theta.len()], ..OuterEval::default() })
            }
            (None, _) => self.eval(theta),
        }
    }

    fn eval_efs(&mut self, theta: &[f64]) -> Result<EfsEval, ObjectiveError> {
        match &mut self.efs {
            Some(efs) => efs(&mut self.state, theta),
            None => Err(ObjectiveError::Fatal("the objective has no fixed-point steps".to_owned())),
        }
    }

    fn eval_screening_proxy(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        match &mut self.screening {
            Some(proxy) => proxy(&mut self.state, theta),
            None => self.eval_cost(theta),
        }
    }

    fn reset(&mut self) {
        if let Some(reset) = &mut self.reset {
            reset(&mut self.state);
        }
    }

    fn seed_inner_state(&mut self, beta: &[f64]) -> Result<SeedOutcome, ObjectiveError> {
        match &mut self.seed {
            None => Ok(SeedOutcome::NoSlot),
            Some(_) if beta.is_empty() => Ok(SeedOutcome::Installed),
            Some(seed) => seed(&mut self.state, beta),
        }
    }

    fn allow_continuation_prewarm(&self) -> bool {
        self.allow_prewarm && self.seed.is_some()
    }

    fn requires_continuation_path_entry(&self) -> bool {
        self.requires_continuation
    }

    fn curvature_homotopy_entry(&mut self, theta: &[f64]) -> Result<HomotopyEntry, ObjectiveError> {
        match &mut self.homotopy {
            Some(walk) => walk(&mut self.state, theta),
            None => Ok(HomotopyEntry::None),
        }
    }

    fn accept_seed_without_outer_iterations(&mut self, theta: &[f64]) -> Result<Option<f64>, ObjectiveError> {
        match &mut self.terminal {
            Some(terminal) => terminal(&mut self.state, theta),
            None => Ok(None),
        }
    }

    fn finalize_outer_result(&mut self, theta: &[f64], plan: &OuterPlan) -> Result<(), ObjectiveError> {
        match &mut self.finalize {
            Some(finalize) => finalize(&mut self.state, theta, plan),
            None => self.eval_cost(theta).map(|_| ()),
        }
    }
}

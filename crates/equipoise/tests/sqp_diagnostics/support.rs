//! Problems from closures, and contexts made by hand.

use equipoise::control::Control;
use equipoise::sqp::diagnostics::context::{EndContext, StepContext};
use equipoise::sqp::diagnostics::probes::{ProbeOptions, Probes};
use equipoise::sqp::diagnostics::registry::Evaluator;
use equipoise::sqp::diagnostics::{
    ActiveSets, DiagnoseOptions, Diagnosed, Registry, Signal, StepRecord, diagnose_with,
};
use equipoise::sqp::{
    Evaluations, Functions, Provides, ScaleFactors, SqpCounters, SqpOptions, SqpProblem, SqpResult, SqpState,
    SqpStatus, StepSummary, UserError,
};

use equipoise_testset::nlp::families::FamilyProblem;

type Scalar = Box<dyn Fn(&[f64]) -> f64>;
type Vector = Box<dyn Fn(&[f64]) -> Vec<f64>>;

/// A problem from closures; derivatives that are not given are differenced by the solver.
pub struct Case {
    pub problem: SqpProblem,
    pub options: SqpOptions,
    objective: Scalar,
    gradient: Option<Vector>,
    constraints: Vector,
    jacobian: Option<Vector>,
    /// ∇²f (n × n); the constraints are affine.
    hessian: Option<Vector>,
}

impl Case {
    pub fn new(start: &[f64], objective: impl Fn(&[f64]) -> f64 + 'static) -> Self {
        Self {
            problem: SqpProblem::new(start.to_vec()).unwrap(),
            options: SqpOptions::default(),
            objective: Box::new(objective),
            gradient: None,
            constraints: Box::new(|_| Vec::new()),
            jacobian: None,
            hessian: None,
        }
    }

    pub fn gradient(mut self, gradient: impl Fn(&[f64]) -> Vec<f64> + 'static) -> Self {
        self.gradient = Some(Box::new(gradient));
        self
    }

    pub fn hessian(mut self, hessian: impl Fn(&[f64]) -> Vec<f64> + 'static) -> Self {
        self.hessian = Some(Box::new(hessian));
        self
    }

    pub fn bounds(mut self, lower: &[f64], upper: &[f64]) -> Self {
        self.problem = self.problem.with_bounds(lower.to_vec(), upper.to_vec()).unwrap();
        self
    }

    /// c and its Jacobian by rows, equalities first.
    pub fn constraints(
        mut self,
        equalities: usize,
        inequalities: usize,
        constraints: impl Fn(&[f64]) -> Vec<f64> + 'static,
        jacobian: impl Fn(&[f64]) -> Vec<f64> + 'static,
    ) -> Self {
        self.problem = self.problem.with_constraints(equalities, inequalities);
        self.constraints = Box::new(constraints);
        self.jacobian = Some(Box::new(jacobian));
        self
    }

    pub fn options(mut self, change: impl FnOnce(&mut SqpOptions)) -> Self {
        change(&mut self.options);
        self
    }

    /// The diagnosis with every probe.
    pub fn diagnose(&mut self) -> Diagnosed {
        self.diagnose_with(&self.options.clone(), DiagnoseOptions { probes: ProbeOptions::default() })
    }

    pub fn diagnose_with(&mut self, options: &SqpOptions, diagnose: DiagnoseOptions) -> Diagnosed {
        let problem = self.problem.clone();
        diagnose_with(&problem, self, options, &Registry::default(), &diagnose, &Control::default()).unwrap()
    }
}

impl Functions for Case {
    fn provides(&self) -> Provides {
        Provides {
            gradient: self.gradient.is_some(),
            jacobian: self.jacobian.is_some(),
            objective_hessian_product: self.hessian.is_some(),
            constraint_hessian_product: false,
            linear_constraints: self.hessian.is_some(),
        }
    }

    fn objective(&mut self, x: &[f64]) -> Result<f64, UserError> {
        Ok((self.objective)(x))
    }

    fn gradient(&mut self, x: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        out.copy_from_slice(&self.gradient.as_ref().unwrap()(x));
        Ok(())
    }

    fn constraints(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        let c = (self.constraints)(x);
        let (first, last) = c.split_at(equalities.len());
        equalities.copy_from_slice(first);
        inequalities.copy_from_slice(last);
        Ok(())
    }

    fn jacobian(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        let j = self.jacobian.as_ref().unwrap()(x);
        let (first, last) = j.split_at(equalities.len());
        equalities.copy_from_slice(first);
        inequalities.copy_from_slice(last);
        Ok(())
    }

    fn objective_hessian_product(&mut self, x: &[f64], v: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        let h = self.hessian.as_ref().unwrap()(x);
        for (out, row) in out.iter_mut().zip(h.chunks_exact(v.len())) {
            *out = row.iter().zip(v).map(|(a, v)| a * v).sum();
        }
        Ok(())
    }
}

/// A run made by hand.
pub struct Synthetic {
    pub problem: SqpProblem,
    pub options: SqpOptions,
    pub result: SqpResult,
    pub state: SqpState,
    pub history: Vec<StepRecord>,
    pub active_sets: ActiveSets,
    pub probes: Probes,
}

impl Synthetic {
    /// `count` steps, each as `change` makes it from its number (from 1); two variables, no constraints.
    pub fn steps(count: u64, change: impl Fn(u64, &mut StepSummary)) -> Self {
        let history = (1..=count)
            .map(|step| {
                let mut summary = StepSummary { step_count: step, ..StepSummary::default() };
                change(step, &mut summary);
                StepRecord { summary, ..StepRecord::default() }
            })
            .collect();
        Self {
            problem: SqpProblem::new(vec![0.0; 2]).unwrap(),
            options: SqpOptions::default(),
            result: result(count),
            state: SqpState::default(),
            history,
            active_sets: ActiveSets::default(),
            probes: Probes::default(),
        }
    }

    pub fn counters(mut self, change: impl FnOnce(&mut SqpCounters)) -> Self {
        change(&mut self.result.counters);
        self
    }

    pub fn status(mut self, status: SqpStatus) -> Self {
        self.result.status = status;
        self
    }

    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// What the evaluator `name` says: after the first step at which it fires, or after the run.
    pub fn fires(&self, name: &str) -> Option<Signal> {
        let registry = Registry::default();
        let entry = registry.entries().iter().find(|entry| entry.name == name).expect("a registered name");
        let signal = match &entry.evaluator {
            Evaluator::PerStep(evaluate) => (1..=self.history.len()).find_map(|steps| {
                evaluate(&StepContext {
                    problem: &self.problem,
                    options: &self.options,
                    counters: &self.result.counters,
                    state: &self.state,
                    history: &self.history[..steps],
                })
            }),
            Evaluator::EndOfRun(evaluate) => evaluate(&EndContext {
                problem: &self.problem,
                options: &self.options,
                result: &self.result,
                state: Some(&self.state),
                history: &self.history,
                active_sets: &self.active_sets,
                probes: &self.probes,
            }),
        };
        if let Some(signal) = &signal {
            assert_eq!((signal.name.as_str(), signal.specificity), (name, entry.specificity));
            assert!(
                !signal.summary.is_empty() && !signal.detail.is_empty() && !signal.suggestions.is_empty()
            );
        }
        signal
    }
}

fn result(steps: u64) -> SqpResult {
    SqpResult {
        status: SqpStatus::MaxSteps,
        message: "made by hand".into(),
        x: vec![0.0; 2],
        objective: 1.0,
        gradient: vec![0.0; 2],
        equalities: Vec::new(),
        inequalities: Vec::new(),
        equality_multipliers: Vec::new(),
        inequality_multipliers: Vec::new(),
        bound_multipliers: vec![0.0; 2],
        residuals: Default::default(),
        projected_stationarity: None,
        steps,
        qp_iterations: 0,
        evaluations: Evaluations::default(),
        merit_penalty: 1.0,
        rolled_back: false,
        infeasibility: None,
        scale_factors: ScaleFactors::identity(0),
        counters: SqpCounters::default(),
        digest: String::new(),
    }
}

/// A problem of a family, with its Hessian.
pub fn of_family(family: FamilyProblem) -> Case {
    let n = family.start.len();
    let family = std::rc::Rc::new(family);
    let [f, g, h, c] = std::array::from_fn(|_| family.clone());
    let matrix = family.matrix.clone();
    Case::new(&family.start, move |x| f.value(x))
        .gradient(move |x| {
            let mut out = vec![0.0; n];
            g.gradient(x, &mut out);
            out
        })
        .hessian(move |x| {
            let mut out = vec![0.0; n * n];
            for (j, row) in out.chunks_exact_mut(n).enumerate() {
                let unit: Vec<f64> = (0..n).map(|k| f64::from(u8::from(k == j))).collect();
                h.hessian_product(x, &unit, row);
            }
            out
        })
        .bounds(&family.lower, &family.upper)
        .constraints(
            family.num_equalities,
            family.num_inequalities,
            move |x| c.constraints(x),
            move |_| matrix.clone(),
        )
}

/// Rosenbrock's valley.
pub fn rosenbrock(x: &[f64]) -> f64 {
    100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2)
}

pub fn rosenbrock_gradient(x: &[f64]) -> Vec<f64> {
    let rest = x[1] - x[0] * x[0];
    vec![-400.0 * x[0] * rest - 2.0 * (1.0 - x[0]), 200.0 * rest]
}

/// A parabola with scatter of 1e-5, differenced over steps that are far too short for it.
pub fn noisy_quadratic() -> Case {
    Case::new(&[3.0, 2.0], |x| (x[0] - 1.0).powi(2) + (x[1] + 0.5).powi(2) + 1.0 + 1e-5 * scatter(x))
}

/// In [−½, ½]; depends on every bit of x.
fn scatter(x: &[f64]) -> f64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in x.iter().flat_map(|v| v.to_bits().to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (hash >> 11) as f64 / (1u64 << 53) as f64 - 0.5
}

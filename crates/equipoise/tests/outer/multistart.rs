//! A search from every seed, on several threads.

use crate::problems::rosenbrock;
use equipoise::control::{CancelFlag, Control};
use equipoise::outer::{
    DeclaredHessian, Derivative, ObjectiveError, OuterCapability, OuterError, OuterEval, OuterObjective,
    OuterProblem, OuterResult, RiskProfile, SeedConfig,
};

/// A tilted sum of double wells: 2ⁿ minima, the lowest where every θᵢ is near −3. Slow for some seeds.
struct Wells {
    n: usize,
    fails: bool,
    spin: u64,
}

impl OuterObjective for Wells {
    fn capability(&self) -> OuterCapability {
        OuterCapability { gradient: Derivative::Analytic, ..OuterCapability::new(self.n) }
    }
    fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        Ok(self.eval(theta)?.cost)
    }
    fn eval(&mut self, theta: &[f64]) -> Result<OuterEval, ObjectiveError> {
        if self.fails {
            return Err(ObjectiveError::Recoverable("this one fails".into()));
        }
        for k in 0..self.spin {
            std::hint::black_box(libm::sin(k as f64));
        }
        let cost = theta.iter().map(|x| 0.05 * (x * x - 9.0).powi(2) + 0.3 * x).sum();
        let gradient = theta.iter().map(|x| 0.2 * x * (x * x - 9.0) + 0.3).collect();
        Ok(OuterEval::new(cost, gradient))
    }
}

fn run(threads: usize) -> OuterResult {
    let seeds = SeedConfig { risk_profile: RiskProfile::Gaussian, ..SeedConfig::default() };
    let problem = OuterProblem::new(3).with_seed_config(seeds);
    let make =
        |seed: usize| Wells { n: 3, fails: seed == 1, spin: if seed.is_multiple_of(3) { 2000 } else { 0 } };
    problem.run_multistart(make, "wells", &Control::default(), threads).unwrap()
}

#[test]
fn the_outcome_has_the_same_bits_for_every_number_of_threads() {
    let one = run(1);
    assert!(one.converged && one.rho.iter().all(|x| *x < -2.5), "{:?}", one.rho);
    assert!(one.criterion_certificate.as_ref().unwrap().consistent);
    assert_eq!(one.attempts.len(), 11);
    for threads in [2, 3, 4, 8] {
        let other = run(threads);
        assert_eq!(other, one);
        assert_eq!(serde_json::to_string(&other).unwrap(), serde_json::to_string(&one).unwrap());
    }
}

#[test]
fn ties_go_to_the_lowest_index() {
    // Symmetric wells: both minima have one value.
    let problem = OuterProblem::new(1)
        .with_gradient(Derivative::Analytic)
        .with_seed_config(SeedConfig { risk_profile: RiskProfile::Gaussian, ..SeedConfig::default() });
    let value = |x: f64| (x * x - 9.0).powi(2);
    let make = |_| {
        problem
            .objective((), move |(), x| Ok(value(x[0])))
            .with_eval(move |(), x| Ok(OuterEval::new(value(x[0]), vec![4.0 * x[0] * (x[0] * x[0] - 9.0)])))
    };
    for threads in [1, 4] {
        let result = problem.run_multistart(make, "", &Control::default(), threads).unwrap();
        // Seed 0 is the maximum between the wells; seed 1 (−3) is the first that ends in a well.
        assert!((result.rho[0] + 3.0).abs() < 1e-3, "{:?}", result.rho);
    }
}

#[test]
fn errors_and_cancellation() {
    let problem = OuterProblem::new(3);
    let make = |_| Wells { n: 3, fails: true, spin: 0 };
    let error = problem.run_multistart(make, "", &Control::default(), 2).unwrap_err();
    assert!(matches!(error, OuterError::Seeds { .. }));
    let flag = CancelFlag::default();
    flag.cancel();
    let make = |_| Wells { n: 3, fails: false, spin: 0 };
    let error = problem.run_multistart(make, "", &Control::default().with_cancel(flag), 2).unwrap_err();
    assert!(matches!(error, OuterError::Cancelled));
    let error = OuterProblem::new(2).run_multistart(make, "", &Control::default(), 2).unwrap_err();
    assert!(matches!(error, OuterError::Input(_)));
}

/// Stops the run at its first evaluation, or never.
struct Stopping(Wells, bool);

impl OuterObjective for Stopping {
    fn capability(&self) -> OuterCapability {
        self.0.capability()
    }
    fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        Ok(self.eval(theta)?.cost)
    }
    fn eval(&mut self, theta: &[f64]) -> Result<OuterEval, ObjectiveError> {
        if self.1 { Err(ObjectiveError::Abort("stopped".into())) } else { self.0.eval(theta) }
    }
}

#[test]
fn an_abort_keeps_the_lowest_point_of_all_searches() {
    let seeds = SeedConfig { risk_profile: RiskProfile::Gaussian, ..SeedConfig::default() };
    let problem = OuterProblem::new(3).with_seed_config(seeds);
    let make = |seed: usize| Stopping(Wells { n: 3, fails: false, spin: 0 }, seed == 0);
    let whole = problem
        .run_multistart(|_| Wells { n: 3, fails: false, spin: 0 }, "", &Control::default(), 1)
        .unwrap();
    for threads in [1, 4] {
        match problem.run_multistart(make, "", &Control::default(), threads).unwrap_err() {
            OuterError::Aborted { source, best } => {
                assert_eq!(source.to_string(), "stopped");
                // From another seed the same minimum is reached to rounding.
                assert!((best.unwrap().final_value - whole.final_value).abs() < 1e-9);
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn two_runs_have_the_same_bits() {
    let run = || {
        let problem = OuterProblem::new(2)
            .with_gradient(Derivative::Analytic)
            .with_hessian(DeclaredHessian::Dense)
            .with_initial_rho(vec![-1.2, 1.0]);
        let mut objective =
            problem.objective((), |(), x| Ok(rosenbrock(x).cost)).with_eval(|(), x| Ok(rosenbrock(x)));
        problem.run(&mut objective, "", &Control::default()).unwrap()
    };
    assert_eq!(run(), run());
}

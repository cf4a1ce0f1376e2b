//! Runs with a cache and with an assessment of uncertainty.

use equipoise::control::{CancelFlag, Control};
use equipoise::outer::cache::{
    CacheKey, CacheOutcome, CacheSession, CacheStore, DirectoryOptions, DirectoryStore, EntryKind,
};
use equipoise::outer::uncertainty::{UncertaintyOptions, UncertaintyVerdict};
use equipoise::outer::{
    DeclaredHessian, Derivative, ObjectiveError, OuterCapability, OuterEval, OuterEvent, OuterObjective,
    OuterProblem, SeedOutcome, StopReason,
};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// ½a|θ − c|² with inner coefficients that follow θ, and a record of what is asked.
struct Bowl {
    centre: Vec<f64>,
    curvature: f64,
    installed: Vec<Vec<f64>>,
    evaluated: Vec<Vec<f64>>,
    /// Ends the run at this evaluation.
    stop_at: Option<usize>,
    flag: CancelFlag,
}

impl Bowl {
    fn new(centre: &[f64]) -> Self {
        Self {
            centre: centre.to_vec(),
            curvature: 3.0,
            installed: Vec::new(),
            evaluated: Vec::new(),
            stop_at: None,
            flag: CancelFlag::default(),
        }
    }
}

impl OuterObjective for Bowl {
    fn capability(&self) -> OuterCapability {
        OuterCapability {
            gradient: Derivative::Analytic,
            hessian: DeclaredHessian::Dense,
            ..OuterCapability::new(self.centre.len())
        }
    }
    fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        self.evaluated.push(theta.to_vec());
        if self.stop_at.is_some_and(|at| self.evaluated.len() >= at) {
            self.flag.cancel();
        }
        let squares: f64 = theta.iter().zip(&self.centre).map(|(t, c)| (t - c) * (t - c)).sum();
        Ok(0.5 * self.curvature * squares + libm::log(libm::cosh(theta[0])))
    }
    fn eval(&mut self, theta: &[f64]) -> Result<OuterEval, ObjectiveError> {
        let cost = self.eval_cost(theta)?;
        let mut gradient: Vec<f64> =
            theta.iter().zip(&self.centre).map(|(t, c)| self.curvature * (t - c)).collect();
        gradient[0] += libm::tanh(theta[0]);
        let n = theta.len();
        let mut hessian = vec![0.0; n * n];
        for i in 0..n {
            hessian[i * n + i] = self.curvature;
        }
        hessian[0] += 1.0 - libm::tanh(theta[0]) * libm::tanh(theta[0]);
        let beta = theta.iter().map(|t| 10.0 * t).collect();
        Ok(OuterEval { inner_beta: Some(beta), ..OuterEval::new(cost, gradient) }.with_hessian(hessian))
    }
    fn seed_inner_state(&mut self, beta: &[f64]) -> Result<SeedOutcome, ObjectiveError> {
        self.installed.push(beta.to_vec());
        Ok(SeedOutcome::Installed)
    }
}

fn key() -> CacheKey {
    CacheKey::new("bowl").unwrap()
}

fn session(folder: &Path) -> Arc<CacheSession> {
    let store = DirectoryStore::open(folder, DirectoryOptions::default()).unwrap();
    Arc::new(CacheSession::new(Arc::new(store), key()))
}

fn problem() -> OuterProblem {
    let off = UncertaintyOptions { enabled: false, ..UncertaintyOptions::default() };
    OuterProblem::new(2).with_initial_rho(vec![4.0, -3.0]).with_tolerance(1e-9).with_uncertainty(off)
}

#[test]
fn the_second_run_returns_the_answer_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut bowl = Bowl::new(&[1.0, -0.5]);
    let first =
        problem().with_cache(session(folder.path())).run(&mut bowl, "first", &Control::default()).unwrap();
    assert!(first.converged);
    let report = first.cache.as_ref().unwrap();
    assert_eq!((report.outcome, report.saved), (CacheOutcome::Miss, true));
    let mut again = Bowl::new(&[1.0, -0.5]);
    let second =
        problem().with_cache(session(folder.path())).run(&mut again, "second", &Control::default()).unwrap();
    assert_eq!((second.stop_reason, second.converged), (StopReason::CachedFinal, true));
    assert_eq!(second.cache.unwrap().outcome, CacheOutcome::ExactFinal);
    assert_eq!((&second.rho, second.final_value.to_bits()), (&first.rho, first.final_value.to_bits()));
    assert_eq!(second.digest, first.digest);
    assert_eq!(second.final_gradient, first.final_gradient);
    assert_eq!(second.criterion_certificate, first.criterion_certificate);
    assert_eq!(again.evaluated, [first.rho.clone(), first.rho.clone()], "to check it and to install it");
    assert_eq!(second.evaluations.total(), 2);
    assert_eq!(again.installed, [first.inner_beta.unwrap()]);
}

#[test]
fn an_answer_that_no_longer_holds_is_only_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let run = |centre: &[f64]| {
        problem()
            .with_cache(session(folder.path()))
            .run(&mut Bowl::new(centre), "", &Control::default())
            .unwrap()
    };
    run(&[1.0, -0.5]);
    let other = run(&[1.1, -0.5]);
    assert_eq!(other.cache.as_ref().unwrap().outcome, CacheOutcome::Stale);
    assert_eq!(other.stop_reason, StopReason::Converged);
    assert!((other.rho[1] + 0.5).abs() < 1e-8);
}

#[test]
fn a_run_goes_on_where_it_was_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let mut bowl = Bowl { stop_at: Some(3), ..Bowl::new(&[1.0, -0.5]) };
    let control = Control::default().with_cancel(bowl.flag.clone());
    let cancelled = problem().with_cache(session(folder.path())).run(&mut bowl, "", &control).unwrap();
    assert_eq!((cancelled.stop_reason, cancelled.converged), (StopReason::Cancelled, false));
    assert!(!cancelled.cache.as_ref().unwrap().saved);
    let store = DirectoryStore::open(folder.path(), DirectoryOptions::default()).unwrap();
    let stored = store.read(&key()).unwrap().best().unwrap().clone();
    assert_eq!(stored.kind, EntryKind::Checkpoint);
    let lowest = cancelled.final_value;
    assert_eq!(stored.objective, Some(lowest));
    let mut again = Bowl::new(&[1.0, -0.5]);
    let resumed =
        problem().with_cache(session(folder.path())).run(&mut again, "", &Control::default()).unwrap();
    assert!(resumed.converged);
    assert_eq!(resumed.cache.unwrap().outcome, CacheOutcome::Seed);
    assert!(Bowl::new(&[1.0, -0.5]).eval_cost(&again.evaluated[0]).unwrap() == lowest, "from the best point");
    let cold = problem().run(&mut Bowl::new(&[1.0, -0.5]), "", &Control::default()).unwrap();
    for (x, y) in resumed.rho.iter().zip(&cold.rho) {
        assert!((x - y).abs() < 1e-8);
    }
}

#[test]
fn probes_are_not_kept_and_mirrors_get_everything() {
    let (folder, mirror) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut bowl = Bowl { stop_at: Some(2), ..Bowl::new(&[1.0, -0.5]) };
    let control = Control::default().with_cancel(bowl.flag.clone());
    let result = problem()
        .with_cache(session(folder.path()))
        .with_cache_mirrors(vec![session(mirror.path())])
        .run(&mut bowl, "", &control)
        .unwrap();
    // The audit evaluates four times more beside the point that was reached; none of those points is stored although one is lower.
    assert!(result.criterion_certificate.is_some(), "{:?}", result.certificate_absent);
    let lowest_of_all = bowl
        .evaluated
        .iter()
        .map(|theta| Bowl::new(&[1.0, -0.5]).eval_cost(theta).unwrap())
        .fold(f64::INFINITY, f64::min);
    assert!(lowest_of_all < result.final_value);
    for place in [folder.path(), mirror.path()] {
        let store = DirectoryStore::open(place, DirectoryOptions::default()).unwrap();
        assert_eq!(store.read(&key()).unwrap().best().unwrap().objective, Some(result.final_value));
    }
}

#[test]
fn corrupt_entries_are_misses_that_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let run = || {
        problem()
            .with_cache(session(folder.path()))
            .run(&mut Bowl::new(&[1.0, -0.5]), "", &Control::default())
            .unwrap()
    };
    let first = run();
    let place = folder.path().join(key().fingerprint());
    let file = std::fs::read_dir(place).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    let second = run();
    assert_eq!(second.digest, first.digest);
    let report = second.cache.unwrap();
    assert_eq!(report.outcome, CacheOutcome::Miss);
    assert!(report.reason.unwrap().contains("corrupt"));
}

#[test]
fn the_cache_is_mentioned_in_the_events() {
    let folder = tempfile::tempdir().unwrap();
    let notes = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&notes);
    let observed = problem().with_cache(session(folder.path())).with_observer(move |event| {
        if let OuterEvent::Note { topic, text } = event {
            seen.lock().unwrap().push(format!("{topic}: {text}"));
        }
    });
    observed.run(&mut Bowl::new(&[1.0, -0.5]), "", &Control::default()).unwrap();
    let expected = format!("cache: key {}: miss, nothing is stored under this key", key().short());
    assert!(notes.lock().unwrap().contains(&expected), "{notes:?}");
}

/// n = 8, p = 3, one parameter, minimum at 0.25, start 1.5: the run is the same bits with and without the assessment.
#[test]
fn the_assessment_changes_nothing_of_the_run() {
    let quadratic = || {
        let mut bowl = Bowl::new(&[0.25]);
        bowl.curvature = 2.0;
        bowl
    };
    let problem = OuterProblem::new(1).with_initial_rho(vec![1.5]).with_problem_size(8, 3);
    let with = problem.run(&mut quadratic(), "", &Control::default()).unwrap();
    let off = UncertaintyOptions { enabled: false, ..UncertaintyOptions::default() };
    let without = problem.with_uncertainty(off).run(&mut quadratic(), "", &Control::default()).unwrap();
    assert_eq!(with.rho, without.rho);
    assert_eq!(with.final_value.to_bits(), without.final_value.to_bits());
    assert_eq!((with.iterations, with.final_grad_norm), (without.iterations, without.final_grad_norm));
    assert_eq!(with.path, without.path);
    let diagnostic = with.uncertainty.unwrap();
    assert_eq!(diagnostic.verdict, UncertaintyVerdict::NoEvidenceOfHeavyTails);
    assert_eq!(diagnostic.num_evaluations, 33);
    assert_eq!(with.evaluations.total() - without.evaluations.total(), 33);
    let reason = "switched off".to_owned();
    assert_eq!(without.uncertainty.unwrap().verdict, UncertaintyVerdict::Skipped { reason });
}

/// The objective ends at its winner, after all draws.
#[test]
fn the_inner_state_is_restored_after_the_draws() {
    let mut bowl = Bowl::new(&[0.25]);
    let problem = OuterProblem::new(1).with_initial_rho(vec![1.5]);
    let result = problem.run(&mut bowl, "", &Control::default()).unwrap();
    assert!(result.uncertainty.unwrap().num_draws > 0);
    assert_eq!(bowl.evaluated.last(), Some(&result.rho));
    let beta = vec![10.0 * result.rho[0]];
    assert_eq!(bowl.installed.last(), Some(&beta));
}

#[test]
fn one_iteration_has_neither_certificate_nor_assessment_and_no_parameters_have_no_draws() {
    let once = OuterProblem::new(1).with_max_iter(1).run(&mut Bowl::new(&[0.25]), "", &Control::default());
    let once = once.unwrap();
    assert_eq!((once.uncertainty, once.criterion_certificate), (None, None));
    struct Constant;
    impl OuterObjective for Constant {
        fn capability(&self) -> OuterCapability {
            OuterCapability { gradient: Derivative::Analytic, ..OuterCapability::new(0) }
        }
        fn eval_cost(&mut self, _: &[f64]) -> Result<f64, ObjectiveError> {
            Ok(4.0)
        }
    }
    let empty = OuterProblem::new(0).run(&mut Constant, "", &Control::default()).unwrap();
    assert_eq!((empty.converged, empty.final_value, empty.evaluations.total()), (true, 4.0, 1));
    let reason = "no smoothing parameters".to_owned();
    assert_eq!(empty.uncertainty.unwrap().verdict, UncertaintyVerdict::Skipped { reason });
}

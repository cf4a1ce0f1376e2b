//! Wrong input is refused before any work, with a code and the place; limits and cancellation end a run honestly.

use std::sync::mpsc;

use equipoise::control::{CancelFlag, Control};
use equipoise::error::{InputCode, InputError};
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::{
    Bounds, DualPoint, MAX_THREADS, Method, ReweightOptions, ReweightProblem, Reweighting, Start, Target,
};
use equipoise::status::Status;
use ndarray::{Array1, ArrayView1, array};

const NOT_NUMBERS: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

fn matrix() -> SparseMatrix {
    SparseMatrix::from_dense_columns(3, [&[1.0, 1.0, 1.0][..], &[0.0, 2.0, 1.0]]).unwrap()
}

fn targets() -> Vec<Target> {
    vec![Target::new("households", 400.0), Target::new("children", 350.0)]
}

fn weights() -> Array1<f64> {
    array![100.0, 120.0, 80.0]
}

fn problem() -> ReweightProblem {
    ReweightProblem::builder(matrix(), weights().view(), targets()).build().unwrap()
}

#[track_caller]
fn assert_refused<T>(result: Result<T, InputError>, code: InputCode, path: &str) {
    let Err(error) = result else { panic!("{path} was accepted") };
    assert_eq!((error.code, error.path.as_str()), (code, path), "{error}");
    assert_eq!(
        error.to_string(),
        format!("{path}: expected {}, received {}", error.expected, error.received)
    );
    assert!(!error.expected.is_empty() && !error.received.is_empty());
}

#[track_caller]
fn assert_weights_refused(weights: &[f64], code: InputCode, path: &str) {
    let view = ArrayView1::from(weights);
    assert_refused(ReweightProblem::builder(matrix(), view, targets()).build(), code, path);
    let mut kept = problem();
    let before = kept.solve(&ReweightOptions::default()).unwrap().digest;
    assert_refused(kept.set_design_weights(view), code, path);
    assert_eq!(kept.solve(&ReweightOptions::default()).unwrap().digest, before);
}

#[track_caller]
fn assert_targets_refused(targets: Vec<Target>, code: InputCode, path: &str) {
    let built = ReweightProblem::builder(matrix(), weights().view(), targets.clone()).build();
    assert_refused(built, code, path);
    let mut kept = problem();
    assert_refused(kept.set_targets(targets), code, path);
    assert_eq!(kept.targets(), problem().targets());
}

#[track_caller]
fn assert_bounds_refused(bounds: Bounds, code: InputCode, path: &str) {
    let builder = ReweightProblem::builder(matrix(), weights().view(), targets());
    assert_refused(builder.bounds(bounds.clone()).build(), code, path);
    let mut kept = problem();
    let before = kept.solve(&ReweightOptions::default()).unwrap().digest;
    assert_refused(kept.set_bounds(bounds), code, path);
    assert_eq!(kept.solve(&ReweightOptions::default()).unwrap().digest, before);
}

#[track_caller]
fn assert_option_refused(options: ReweightOptions, code: InputCode, path: &str) {
    assert_refused(problem().solve(&options), code, path);
}

#[test]
fn design_weights() {
    assert_weights_refused(&[100.0, 120.0], InputCode::Dimension, "designWeights");
    assert_weights_refused(&[100.0, 120.0, 80.0, 1.0], InputCode::Dimension, "designWeights");
    assert_weights_refused(&[100.0, 0.0, 80.0], InputCode::OutOfRange, "designWeights[1]");
    assert_weights_refused(&[100.0, 120.0, -1e-300], InputCode::OutOfRange, "designWeights[2]");
    for x in NOT_NUMBERS {
        assert_weights_refused(&[x, 120.0, 80.0], InputCode::NotFinite, "designWeights[0]");
    }
}

#[test]
fn no_records() {
    let empty = SparseMatrix::from_dense_columns(0, [&[][..]]).unwrap();
    let built = ReweightProblem::builder(empty, ArrayView1::from(&[]), vec![Target::new("a", 1.0)]).build();
    assert_refused(built, InputCode::Empty, "designWeights");
}

#[test]
fn targets_and_scales() {
    let with = |second: Target| vec![Target::new("households", 400.0), second];
    assert_targets_refused(vec![], InputCode::Empty, "targets");
    assert_targets_refused(targets()[..1].to_vec(), InputCode::Dimension, "targets");
    assert_targets_refused(with(Target::new("households", 3.0)), InputCode::Duplicate, "targets[1].name");
    assert_targets_refused(with(Target::new("debt", -1.0)), InputCode::Singular, "targets[1].total");
    assert_targets_refused(
        with(Target::new("debt", 5.0).with_scale(0.0)),
        InputCode::Singular,
        "targets[1].scale",
    );
    assert_targets_refused(
        with(Target::new("debt", 5.0).with_scale(-0.0)),
        InputCode::Singular,
        "targets[1].scale",
    );
    for x in NOT_NUMBERS {
        assert_targets_refused(with(Target::new("debt", x)), InputCode::NotFinite, "targets[1].total");
        let scaled = with(Target::new("debt", 5.0).with_scale(x));
        assert_targets_refused(scaled, InputCode::NotFinite, "targets[1].scale");
    }
    // The message names the target itself, not only its place.
    let built = ReweightProblem::builder(matrix(), weights().view(), with(Target::new("debt", -1.0))).build();
    assert!(built.unwrap_err().received.contains("debt"));
    // A total of -1 is fine where a scale is given.
    let scaled = with(Target::new("debt", -1.0).with_scale(100.0));
    assert!(ReweightProblem::builder(matrix(), weights().view(), scaled).build().is_ok());
}

#[test]
fn bounds() {
    let uniform = |lower, upper| Bounds::Uniform { lower, upper };
    let per_record =
        |lower: &[f64], upper: &[f64]| Bounds::PerRecord { lower: lower.into(), upper: upper.into() };
    assert_bounds_refused(uniform(2.0, 1.0), InputCode::OutOfRange, "bounds.lower");
    for x in NOT_NUMBERS {
        assert_bounds_refused(uniform(x, 10.0), InputCode::NotFinite, "bounds.lower");
        assert_bounds_refused(uniform(0.1, x), InputCode::NotFinite, "bounds.upper");
        let one_bad = per_record(&[0.1, 0.1, 0.1], &[10.0, x, 10.0]);
        assert_bounds_refused(one_bad, InputCode::NotFinite, "bounds.upper[1]");
    }
    let tens = [10.0; 3];
    assert_bounds_refused(per_record(&[0.1; 2], &tens), InputCode::Dimension, "bounds.lower");
    assert_bounds_refused(per_record(&[0.1; 3], &[10.0; 4]), InputCode::Dimension, "bounds.upper");
    assert_bounds_refused(per_record(&[0.1, 0.1, 11.0], &tens), InputCode::OutOfRange, "bounds.lower[2]");
}

#[test]
fn bounds_that_exclude_one_are_allowed_with_a_warning() {
    let bounds = Bounds::PerRecord { lower: vec![0.1, 1.5, 0.1], upper: vec![10.0, 10.0, 0.5] };
    let builder = ReweightProblem::builder(matrix(), weights().view(), targets());
    let answer = builder.bounds(bounds).build().unwrap().solve(&ReweightOptions::default()).unwrap();
    assert_eq!(answer.status, Status::Converged);
    assert!(answer.warnings.iter().any(|w| w.contains("2 records exclude 1")), "{:?}", answer.warnings);
    assert!(problem().solve(&ReweightOptions::default()).unwrap().warnings.is_empty());
}

#[test]
fn an_impossible_target_is_kept_and_listed() {
    let empty_column = SparseMatrix::from_dense_columns(3, [&[1.0, 1.0, 1.0][..], &[0.0; 3]]).unwrap();
    let built = ReweightProblem::builder(empty_column, weights().view(), targets()).build().unwrap();
    let answer = built.solve(&ReweightOptions::default()).unwrap();
    assert_eq!(answer.status, Status::Converged);
    assert_eq!(answer.impossible_targets, [1]);
    assert_eq!(answer.targets.iter().map(|row| row.impossible).collect::<Vec<_>>(), [false, true]);
    assert!(answer.warnings.iter().any(|w| w.contains("children")), "{:?}", answer.warnings);
}

#[test]
fn design_weights_that_meet_every_target_need_bounds_that_allow_them() {
    let met = || vec![Target::new("households", 300.0), Target::new("children", 320.0)];
    let answer = ReweightProblem::builder(matrix(), weights().view(), met()).build().unwrap();
    let answer = answer.solve(&ReweightOptions::default()).unwrap();
    assert_eq!((answer.status, answer.multipliers.to_vec()), (Status::Converged, vec![1.0; 3]));
    let excluding = Bounds::Uniform { lower: 1.5, upper: 2.0 };
    let built =
        ReweightProblem::builder(matrix(), weights().view(), met()).bounds(excluding).build().unwrap();
    assert_refused(built.solve(&ReweightOptions::default()), InputCode::NotUnique, "bounds");
    let check = built.certify(array![1.0, 1.0, 1.0].view(), None, 1e-2, 1);
    assert_refused(check, InputCode::NotUnique, "bounds");
}

#[test]
fn penalty_and_other_options() {
    let default = ReweightOptions::default;
    let penalty = |penalty| ReweightOptions { penalty, ..default() };
    assert_option_refused(penalty(-1e-2), InputCode::OutOfRange, "penalty");
    assert_option_refused(penalty(0.0), InputCode::NotUnique, "penalty");
    assert_option_refused(
        ReweightOptions { tolerance: 0.0, ..default() },
        InputCode::OutOfRange,
        "tolerance",
    );
    assert_option_refused(
        ReweightOptions { tolerance: -1.0, ..default() },
        InputCode::OutOfRange,
        "tolerance",
    );
    for x in NOT_NUMBERS {
        assert_option_refused(penalty(x), InputCode::NotFinite, "penalty");
        assert_option_refused(
            ReweightOptions { tolerance: x, ..default() },
            InputCode::NotFinite,
            "tolerance",
        );
        let limit = ReweightOptions { time_limit_seconds: Some(x), ..default() };
        assert_option_refused(limit, InputCode::NotFinite, "timeLimitSeconds");
    }
    for seconds in [0.0, -1.0] {
        let limit = ReweightOptions { time_limit_seconds: Some(seconds), ..default() };
        assert_option_refused(limit, InputCode::OutOfRange, "timeLimitSeconds");
    }
    let iterations = ReweightOptions { max_iterations: Some(0), ..default() };
    assert_option_refused(iterations, InputCode::OutOfRange, "maxIterations");
    let threads = ReweightOptions { threads: MAX_THREADS + 1, ..default() };
    assert_option_refused(threads, InputCode::OutOfRange, "threads");
    assert_refused("simplex".parse::<Method>(), InputCode::OutOfRange, "method");
}

#[test]
fn starts() {
    let start = |start| ReweightOptions { start, ..ReweightOptions::default() };
    let multipliers = |m: &[f64]| start(Start::Multipliers(m.to_vec()));
    let dual = |v: &[f64]| start(Start::Dual(v.to_vec()));
    assert_option_refused(multipliers(&[1.0; 2]), InputCode::Dimension, "startMultipliers");
    assert_option_refused(dual(&[0.0; 3]), InputCode::Dimension, "startDual");
    for x in NOT_NUMBERS {
        assert_option_refused(multipliers(&[1.0, 1.0, x]), InputCode::NotFinite, "startMultipliers[2]");
        assert_option_refused(dual(&[0.0, x]), InputCode::NotFinite, "startDual[1]");
    }
    // Outside the bounds a start is clipped, not refused.
    assert_eq!(problem().solve(&multipliers(&[-5.0, 99.0, 1.0])).unwrap().status, Status::Converged);
}

#[test]
fn sweeps_name_the_penalty() {
    let sweep =
        |penalties: &[f64]| problem().sweep(penalties, &ReweightOptions::default(), &mut Control::default());
    assert_refused(sweep(&[1e-2, 1e-4, 0.0]), InputCode::NotUnique, "penalties[2]");
    assert_refused(sweep(&[1e-2, -1.0]), InputCode::OutOfRange, "penalties[1]");
    assert_refused(sweep(&[f64::NAN]), InputCode::NotFinite, "penalties[0]");
    assert!(sweep(&[]).unwrap().is_empty());
}

#[test]
fn certify() {
    let problem = problem();
    let certify = |m: &[f64], penalty| problem.certify(ArrayView1::from(m), None, penalty, 1);
    assert_refused(certify(&[1.0; 2], 1e-2), InputCode::Dimension, "multipliers");
    assert_refused(certify(&[1.0, f64::NAN, 1.0], 1e-2), InputCode::NotFinite, "multipliers[1]");
    assert_refused(certify(&[1.0; 3], -1.0), InputCode::OutOfRange, "penalty");
    assert_refused(certify(&[1.0; 3], 0.0), InputCode::NotUnique, "penalty");
    let with_dual = |high: &[f64], low: &[f64]| {
        let point = DualPoint { high: ArrayView1::from(high), low: Some(ArrayView1::from(low)) };
        problem.certify(array![1.0, 1.0, 1.0].view(), Some(point), 1e-2, 1)
    };
    assert_refused(with_dual(&[0.0; 3], &[0.0; 2]), InputCode::Dimension, "dual");
    assert_refused(with_dual(&[0.0; 2], &[0.0; 1]), InputCode::Dimension, "dualLow");
    assert_refused(with_dual(&[0.0, f64::INFINITY], &[0.0; 2]), InputCode::NotFinite, "dual[1]");
    assert_refused(with_dual(&[0.0; 2], &[f64::NAN, 0.0]), InputCode::NotFinite, "dualLow[0]");
}

#[test]
fn matrices() {
    let triples = |rows: &[u32], columns: &[u32], values: &[f64]| {
        SparseMatrix::from_triples(3, 2, rows, columns, values)
    };
    assert_refused(triples(&[0, 3], &[0, 0], &[1.0; 2]), InputCode::OutOfRange, "matrix.rows[1]");
    assert_refused(triples(&[0, 1], &[2, 0], &[1.0; 2]), InputCode::OutOfRange, "matrix.columns[0]");
    assert_refused(triples(&[0], &[0, 1], &[1.0; 2]), InputCode::Dimension, "matrix.rows");
    assert_refused(triples(&[0, 1], &[0], &[1.0; 2]), InputCode::Dimension, "matrix.columns");
    let csc = |starts: &[u32], rows: &[u32], values: &[f64]| {
        SparseMatrix::from_csc(3, 2, starts.to_vec(), rows.to_vec(), values.to_vec())
    };
    assert_refused(csc(&[0, 1], &[0], &[1.0]), InputCode::Dimension, "matrix.columnStarts");
    assert_refused(csc(&[1, 1, 1], &[0], &[1.0]), InputCode::OutOfRange, "matrix.columnStarts[0]");
    assert_refused(csc(&[0, 2, 1], &[0], &[1.0]), InputCode::OutOfRange, "matrix.columnStarts[2]");
    assert_refused(csc(&[0, 1, 2], &[0], &[1.0]), InputCode::OutOfRange, "matrix.columnStarts[2]");
    assert_refused(csc(&[0, 1, 2], &[0, 1], &[1.0]), InputCode::Dimension, "matrix.rowIndices");
    assert_refused(csc(&[0, 1, 2], &[0, 3], &[1.0; 2]), InputCode::OutOfRange, "matrix.rowIndices[1]");
    let short = SparseMatrix::from_dense_columns(3, [&[1.0; 3][..], &[1.0; 2]]);
    assert_refused(short, InputCode::Dimension, "matrix.columns[1]");
    for x in NOT_NUMBERS {
        assert_refused(triples(&[0, 1], &[0, 0], &[1.0, x]), InputCode::NotFinite, "matrix.values[1]");
        assert_refused(csc(&[0, 1, 2], &[0, 1], &[x, 1.0]), InputCode::NotFinite, "matrix.values[0]");
        let dense = SparseMatrix::from_dense_columns(3, [&[1.0, x, 1.0][..]]);
        assert_refused(dense, InputCode::NotFinite, "matrix.columns[0][1]");
    }
    // Finite entries may add up to an infinite one.
    let sum = triples(&[0, 0], &[1, 1], &[f64::MAX, f64::MAX]);
    assert_refused(sum, InputCode::NotFinite, "matrix");
}

#[test]
fn sizes_beyond_the_indices() {
    let limit = u32::MAX as usize;
    for (rows, columns) in [(limit, 1), (1, limit), (usize::MAX, 1), (1, usize::MAX)] {
        let triples = SparseMatrix::from_triples(rows, columns, &[], &[], &[]);
        assert_refused(triples, InputCode::TooLarge, "matrix");
        let csc = SparseMatrix::from_csc(rows, columns, vec![0], vec![], vec![]);
        assert_refused(csc, InputCode::TooLarge, "matrix");
    }
}

fn national() -> ReweightProblem {
    let population = NationalPopulation::generate(2_000, 100, 1).unwrap();
    let targets = population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect();
    ReweightProblem::builder(population.matrix, ArrayView1::from(&population.weight), targets)
        .build()
        .unwrap()
}

/// The certificate of an unfinished answer says the same as an independent check, and does not flatter it.
fn assert_honest(problem: &ReweightProblem, answer: &Reweighting, status: Status, best: &Reweighting) {
    assert_eq!(answer.status, status, "{}", answer.message);
    let certificate = &answer.certificate;
    assert!(certificate.distance_bound > 1e-9, "{:e}", certificate.distance_bound);
    assert_eq!(certificate.feasibility, 0.0);
    for (m, optimal) in answer.multipliers.iter().zip(&best.multipliers) {
        assert!((m - optimal).abs() <= certificate.distance_bound + best.certificate.distance_bound);
    }
    let dual = DualPoint { high: answer.dual.view(), low: Some(answer.dual_low.view()) };
    let again = problem.certify(answer.multipliers.view(), Some(dual), 1e-4, 1).unwrap();
    assert_eq!(&again.certificate, certificate);
    assert_eq!(again.digest, answer.digest);
    let outcome = |a: &equipoise::reweight::Attempt| a.outcome;
    assert!(answer.attempts.iter().map(outcome).all(|o| o != Status::Converged));
}

const METHODS: [Method; 4] = [Method::Auto, Method::Newton, Method::Lbfgsb, Method::Clarabel];

fn penalised(method: Method) -> ReweightOptions {
    ReweightOptions { penalty: 1e-4, method, threads: 1, ..ReweightOptions::default() }
}

#[test]
fn a_flag_set_before_the_start_ends_the_run() {
    let problem = national();
    let best = problem.solve(&penalised(Method::Newton)).unwrap();
    for method in METHODS {
        let flag = CancelFlag::default();
        flag.cancel();
        let mut control = Control::default().with_cancel(flag);
        let answer = problem.solve_with(&penalised(method), &mut control).unwrap();
        assert_honest(&problem, &answer, Status::Cancelled, &best);
        assert_eq!(answer.attempts.len(), 1, "{method:?}: no further rung after a cancellation");
    }
}

#[test]
fn a_progress_listener_may_cancel() {
    let problem = national();
    let best = problem.solve(&penalised(Method::Newton)).unwrap();
    for method in [Method::Auto, Method::Newton, Method::Lbfgsb] {
        let flag = CancelFlag::default();
        let (sender, received) = mpsc::channel();
        let to_cancel = flag.clone();
        let mut control = Control::default().with_cancel(flag).with_progress(move |record| {
            sender.send(record.clone()).unwrap();
            if record.iteration == 2 {
                to_cancel.cancel();
            }
        });
        let answer = problem.solve_with(&penalised(method), &mut control).unwrap();
        drop(control);
        assert_honest(&problem, &answer, Status::Cancelled, &best);
        // No iteration follows the one whose record set the flag.
        assert_eq!(answer.history.last().map(|record| record.iteration), Some(2), "{method:?}");
        assert_eq!(received.iter().collect::<Vec<_>>(), answer.history, "{method:?}");
    }
}

#[test]
fn a_time_limit_ends_the_run() {
    let problem = national();
    let best = problem.solve(&penalised(Method::Newton)).unwrap();
    for method in METHODS {
        let options = ReweightOptions { time_limit_seconds: Some(1e-9), ..penalised(method) };
        let answer = problem.solve(&options).unwrap();
        assert_honest(&problem, &answer, Status::Cancelled, &best);
    }
    // A limit beyond what a clock can hold is no limit.
    let endless = ReweightOptions { time_limit_seconds: Some(f64::MAX), ..penalised(Method::Newton) };
    assert_eq!(problem.solve(&endless).unwrap().digest, best.digest);
}

#[test]
fn an_iteration_limit_ends_the_run() {
    let problem = national();
    let best = problem.solve(&penalised(Method::Newton)).unwrap();
    for method in [Method::Newton, Method::Lbfgsb, Method::Clarabel] {
        let options = ReweightOptions { max_iterations: Some(1), ..penalised(method) };
        let answer = problem.solve(&options).unwrap();
        assert_honest(&problem, &answer, Status::IterationLimit, &best);
        assert_eq!(answer.iterations, 1, "{method:?}");
    }
    // On the ladder every rung has its turn, and the best answer of all is returned.
    let answer =
        problem.solve(&ReweightOptions { max_iterations: Some(1), ..penalised(Method::Auto) }).unwrap();
    assert_honest(&problem, &answer, Status::IterationLimit, &best);
    assert_eq!(answer.attempts.len(), 3);
    let least = answer.attempts.iter().filter_map(|a| a.distance_bound).fold(f64::INFINITY, f64::min);
    assert_eq!(answer.certificate.distance_bound, least);
}

//! Calibrated weights checked from the data and the answer alone: right ones pass with the numbers of the solve, tampered ones
//! do not pass.

use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::calibration::{
    Calibration, CalibrationCertification, CalibrationOptions, CalibrationStatus, Distance,
};
use equipoise::reweight::{Bounds, DualPoint, ReweightProblem, Target};
use ndarray::{Array1, ArrayView1};

const DISTANCES: [Distance; 6] = [
    Distance::Linear,
    Distance::TruncatedLinear,
    Distance::Raking,
    Distance::Logit,
    Distance::HyperbolicSine { alpha: 1.0 },
    Distance::HyperbolicSine { alpha: 0.2 },
];

/// 60 records, 5 targets (the fourth 0 of nothing, the last the sum of the first two), totals that need factors from about 0.7 to
/// 1.5.
fn problem() -> ReweightProblem {
    let n = 60;
    let wave = |i: usize, rate: f64| (i as f64 * rate).sin();
    let weights: Vec<f64> = (0..n).map(|i| 50.0 + (20.0 * wave(i, 1.3)).round()).collect();
    let mut columns: Vec<Vec<f64>> = (1..5)
        .map(|j| (0..n).map(|i| (3.0 * wave(i * j + j, 0.7 + j as f64)).round().max(0.0)).collect())
        .collect();
    columns.push((0..n).map(|i| columns[0][i] + columns[1][i]).collect());
    let factor = |i: usize| 1.1 + 0.3 * wave(i, 0.9);
    let totals = columns
        .iter()
        .map(|column| (0..n).map(|i| (1e3 * weights[i] * factor(i)).round() * column[i]).sum::<f64>() / 1e3);
    let targets: Vec<Target> = totals.enumerate().map(|(j, t)| Target::new(format!("t{j}"), t)).collect();
    let matrix = SparseMatrix::from_dense_columns(n, columns.iter().map(Vec::as_slice)).unwrap();
    ReweightProblem::builder(matrix, ArrayView1::from(&weights), targets)
        .bounds(Bounds::Uniform { lower: 0.6, upper: 1.6 })
        .build()
        .unwrap()
}

fn solved(problem: &ReweightProblem, options: &CalibrationOptions) -> Calibration {
    let answer = problem.calibrate(options).unwrap();
    let what = options.distance;
    assert_eq!(answer.status, CalibrationStatus::Converged, "{what:?}: {:?}", answer.certificate);
    answer
}

fn certify(
    problem: &ReweightProblem,
    options: &CalibrationOptions,
    multipliers: &Array1<f64>,
    answer: &Calibration,
) -> CalibrationCertification {
    let lambda = DualPoint { high: answer.lambda.view(), low: Some(answer.lambda_low.view()) };
    problem.certify_calibration(multipliers.view(), Some(lambda), options).unwrap()
}

#[test]
fn an_answer_with_its_dual_gives_the_numbers_of_the_solve() {
    let problem = problem();
    let relaxed = vec![f64::INFINITY, 0.01, f64::INFINITY, 1e-4, f64::INFINITY];
    let clusters: Vec<u32> = (0..60).map(|i| if i < 50 { i } else { 99 }).collect();
    for distance in DISTANCES {
        let plain = CalibrationOptions::with_distance(distance);
        let q_weights = Some((0..60).map(|i| 0.5 + f64::from(i % 3)).collect());
        let with_costs = CalibrationOptions { costs: Some(relaxed.clone()), q_weights, ..plain.clone() };
        for options in [plain, with_costs] {
            let answer = solved(&problem, &options);
            let again = certify(&problem, &options, &answer.multipliers, &answer);
            assert!(again.is_certified, "{distance:?}");
            assert_eq!(again.certificate, answer.certificate, "{distance:?}");
            assert_eq!(again.targets, answer.targets, "{distance:?}");
            assert_eq!(again.digest, answer.digest, "{distance:?}");
            let largest = again.distance_bounds.iter().copied().fold(0.0, f64::max);
            assert_eq!(largest, answer.certificate.distance_bound, "{distance:?}");
        }
    }
    // Members of a cluster need equal design weights: another problem.
    let mut equal = problem.clone();
    equal.set_design_weights(ArrayView1::from(&vec![52.0; 60])).unwrap();
    let options = CalibrationOptions {
        clusters: Some(clusters),
        ..CalibrationOptions::with_distance(Distance::Raking)
    };
    let answer = solved(&equal, &options);
    assert_eq!(certify(&equal, &options, &answer.multipliers, &answer).certificate, answer.certificate);
    let mut split = answer.multipliers.clone();
    split[59] += 1e-12;
    let refused = certify(&equal, &options, &split, &answer);
    assert!(!refused.is_certified && refused.certificate.distance_bound.is_infinite());
}

#[test]
fn multipliers_alone_are_certified_less_sharply() {
    let problem = problem();
    for distance in DISTANCES {
        let options = CalibrationOptions::with_distance(distance);
        let answer = solved(&problem, &options);
        let alone = problem.certify_calibration(answer.multipliers.view(), None, &options).unwrap();
        let bound = alone.certificate.distance_bound;
        assert!(alone.is_certified && bound <= 1e-11, "{distance:?}: {bound:e}");
        assert!(bound >= answer.certificate.bound_before_rounding, "{distance:?}");
    }
}

#[test]
fn tampered_answers_are_refused() {
    let problem = problem();
    for distance in DISTANCES {
        let options = CalibrationOptions::with_distance(distance);
        let answer = solved(&problem, &options);
        let refused = |multipliers: &Array1<f64>, by: f64| {
            let check = certify(&problem, &options, multipliers, &answer);
            assert!(!check.is_certified, "{distance:?} {by}");
            // The bound is one: the optimum is that far away, to the rounding of the answer it is compared with.
            assert!(check.certificate.distance_bound >= by - 1e-15, "{distance:?} {by}");
            assert!(check.certificate.duality_gap >= 0.0, "{distance:?} {by}");
        };
        for by in [1e-8, 1e-3, 0.05] {
            let mut one = answer.multipliers.clone();
            one[7] += by;
            refused(&one, by);
            // Scaled to miss every total a little.
            let all = answer.multipliers.mapv(|g| g * (1.0 + by));
            refused(&all, 0.5 * by);
        }
        let mut exchanged = answer.multipliers.clone();
        exchanged.swap(3, 4);
        let apart = (answer.multipliers[3] - answer.multipliers[4]).abs();
        assert!(apart > 1e-3);
        refused(&exchanged, apart);
        let beyond = if distance.is_bounded() { 1.6000001 } else { -0.1 };
        let mut outside = answer.multipliers.clone();
        outside[0] = beyond;
        let check = certify(&problem, &options, &outside, &answer);
        assert!(!check.is_certified);
        if distance != Distance::Linear {
            assert!(check.certificate.distance_bound.is_infinite(), "{distance:?}");
        }
        // The right weights with a wrong dual point prove nothing near the truth, and claim nothing.
        let mut lambda = answer.lambda.clone();
        lambda[0] += 1e-4;
        let wrong = DualPoint { high: lambda.view(), low: None };
        let check = problem.certify_calibration(answer.multipliers.view(), Some(wrong), &options).unwrap();
        assert!(!check.is_certified, "{distance:?}");
    }
}

#[test]
fn the_gap_of_other_weights_is_an_upper_bound() {
    // P(g) − P* for other weights that meet the totals: those of another distance.
    let problem = problem();
    let linear = solved(&problem, &CalibrationOptions::with_distance(Distance::Linear));
    for distance in DISTANCES {
        let options = CalibrationOptions::with_distance(distance);
        let answer = solved(&problem, &options);
        let other = certify(&problem, &options, &linear.multipliers, &answer);
        let excess = other.certificate.objective - answer.certificate.objective;
        assert!(excess >= -1e-9, "{distance:?}: {excess:e}");
        assert!(other.certificate.duality_gap >= excess - 1e-9, "{distance:?}: {excess:e}");
    }
}

#[test]
fn wrong_input_is_named() {
    let problem = problem();
    let options = CalibrationOptions::default();
    let ones = Array1::<f64>::ones(60);
    let path = |multipliers: &Array1<f64>, lambda: Option<DualPoint<'_>>| {
        problem.certify_calibration(multipliers.view(), lambda, &options).unwrap_err().path
    };
    assert_eq!(path(&Array1::ones(59), None), "multipliers");
    let mut nan = ones.clone();
    nan[5] = f64::NAN;
    assert_eq!(path(&nan, None), "multipliers[5]");
    let short = Array1::<f64>::zeros(4);
    assert_eq!(path(&ones, Some(DualPoint { high: short.view(), low: None })), "dual");
    let combination = problem.check_infeasibility(short.view(), &options).unwrap_err();
    assert_eq!(combination.path, "combination");
}

#[test]
fn the_timing_names_the_threads() {
    let options = CalibrationOptions { threads: 2, ..CalibrationOptions::default() };
    assert_eq!(problem().calibrate(&options).unwrap().timing.threads, 2);
}

//! Calibration against published and high-precision references: INSEE's CALMAR, the R package survey, the travel survey.
//!
//! The cases are found in the folder named by EQUIPOISE_CASES, else in `../shared/cases` beside the workspace; without
//! them these tests say so and pass.

use std::path::PathBuf;

use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::calibration::{Calibration, CalibrationOptions, CalibrationStatus, Distance};
use equipoise::reweight::{Bounds, ReweightProblem, Target};
use equipoise_testset::cases_folder;
use ndarray::ArrayView1;
use serde_json::Value;

use crate::survey::Area;

fn folder(name: &str) -> Option<PathBuf> {
    cases_folder().map(|cases| cases.join(name))
}

fn json(path: PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(&path).expect("a case file")).expect("JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("an array").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().expect("an array").iter().map(|x| x.as_str().expect("a string").to_string()).collect()
}

struct Survey {
    problem: ReweightProblem,
    reference: Vec<f64>,
    case: Value,
}

fn survey(name: &str) -> Option<Survey> {
    let case = json(folder("survey")?.join(format!("{name}.json")));
    let weights = numbers(&case["d"]);
    let columns: Vec<Vec<f64>> = case["A_rows"].as_array().unwrap().iter().map(numbers).collect();
    let matrix = SparseMatrix::from_dense_columns(weights.len(), columns.iter().map(Vec::as_slice)).unwrap();
    let targets = (strings(&case["constraint_names"]).iter().zip(numbers(&case["targets"])))
        .map(|(name, total)| Target::new(name, total))
        .collect();
    let bounds = if name.starts_with("calmar") { (0.2, 1.3) } else { (0.4, 2.2) };
    let problem = ReweightProblem::builder(matrix, ArrayView1::from(&weights), targets)
        .bounds(Bounds::Uniform { lower: bounds.0, upper: bounds.1 })
        .build()
        .unwrap();
    let reference = case.get("w_reference_calmar").map(numbers).unwrap_or_default();
    Some(Survey { problem, reference, case })
}

fn calibrate(problem: &ReweightProblem, distance: Distance) -> Calibration {
    problem.calibrate(&CalibrationOptions::with_distance(distance)).unwrap()
}

#[allow(clippy::print_stderr)]
fn assert_converged(name: &str, answer: &Calibration) {
    let c = &answer.certificate;
    eprintln!(
        "{name}: {} iterations, residual {:.1e}, gap {:.1e}, distance bound {:.1e} ({:.1e} before rounding)",
        answer.iterations, c.constraint_residual, c.relative_gap, c.distance_bound, c.bound_before_rounding
    );
    assert_eq!(answer.status, CalibrationStatus::Converged, "{name}: {:?}\n{:?}", c, answer.history);
    assert!(c.constraint_residual <= 1e-15, "{name}: {:e}", c.constraint_residual);
    assert!(c.relative_gap <= 1e-14, "{name}: {:e}", c.relative_gap);
    assert!(answer.multipliers.iter().all(|g| g.is_finite()));
}

#[test]
fn calmar_weights_are_reproduced() {
    let cases = [
        ("calmar_lin", Distance::Linear, 1e-7),
        ("calmar_raking", Distance::Raking, 1e-7),
        ("calmar_logit", Distance::Logit, 1e-7),
        // Printed to four decimals, of weights near 15.
        ("movies_Linear", Distance::Linear, 5.1e-5 / 15.0),
        ("movies_Raking", Distance::Raking, 5.1e-5 / 15.0),
        ("movies_Logit", Distance::Logit, 5.1e-5 / 15.0),
    ];
    for (name, distance, tolerance) in cases {
        let Some(survey) = survey(name) else { return };
        let answer = calibrate(&survey.problem, distance);
        assert_converged(name, &answer);
        let mean = survey.reference.iter().sum::<f64>() / survey.reference.len() as f64;
        for (i, (ours, reference)) in answer.weights.iter().zip(&survey.reference).enumerate() {
            assert!((ours - reference).abs() <= tolerance * mean, "{name}, unit {i}: {ours}, {reference}");
        }
        let recomputed = numbers(&survey.case["w_recomputed_newton"]);
        for (ours, reference) in answer.weights.iter().zip(&recomputed) {
            assert!((ours - reference).abs() <= 1e-9 * mean, "{name}: {ours}, {reference}");
        }
        // Category totals sum to one population: 16 of 17 and 6 of 8 targets are independent.
        let dependent = answer.targets.iter().filter(|t| t.dependent).count();
        assert_eq!(dependent, if name.starts_with("calmar") { 1 } else { 2 }, "{name}");
    }
}

#[test]
fn raking_reproduces_the_school_survey() {
    let Some(survey) = survey("api_rake_stype_schwide") else { return };
    let answer = calibrate(&survey.problem, Distance::Raking);
    assert_converged("api", &answer);
    let w = answer.weights.to_vec();
    let total = |values: &[f64]| w.iter().zip(values).map(|(w, y)| w * y).sum::<f64>();
    let mean = total(&numbers(&survey.case["y_api00"])) / w.iter().sum::<f64>();
    assert!((mean - 641.2303209).abs() < 1e-6, "{mean}");
    let enrolment = total(&numbers(&survey.case["y_enroll"]));
    assert!((enrolment - 3_647_280.148).abs() < 1e-3, "{enrolment}");
}

#[test]
fn narrow_ratios_and_contradicting_totals_are_proven_infeasible() {
    let Some(survey) = survey("movies_Linear") else { return };
    for (lower, upper) in [(0.6, 2.0), (0.5, 1.5)] {
        let mut problem = survey.problem.clone();
        problem.set_bounds(Bounds::Uniform { lower, upper }).unwrap();
        for distance in [Distance::TruncatedLinear, Distance::Logit] {
            let answer = calibrate(&problem, distance);
            assert_eq!(answer.status, CalibrationStatus::Infeasible, "{distance:?} {lower} {upper}");
            assert!(answer.infeasibility.unwrap().gap > 0.0);
        }
    }
    // The largest feasible lower ratio is 0.4678899.
    let mut problem = survey.problem.clone();
    problem.set_bounds(Bounds::Uniform { lower: 0.4678, upper: 2.0 }).unwrap();
    let answer = calibrate(&problem, Distance::TruncatedLinear);
    assert_eq!(answer.status, CalibrationStatus::Converged, "{:?}", answer.certificate);
    problem.set_bounds(Bounds::Uniform { lower: 0.4679, upper: 2.0 }).unwrap();
    let answer = calibrate(&problem, Distance::TruncatedLinear);
    assert_eq!(answer.status, CalibrationStatus::Infeasible, "{:?}", answer.certificate);

    // The categories sum to 230, the added row asks for 300.
    let mut columns: Vec<Vec<f64>> = survey.case["A_rows"].as_array().unwrap().iter().map(numbers).collect();
    let weights = numbers(&survey.case["d"]);
    columns.push(vec![1.0; weights.len()]);
    let matrix = SparseMatrix::from_dense_columns(weights.len(), columns.iter().map(Vec::as_slice)).unwrap();
    let mut targets = survey.problem.targets().to_vec();
    targets.push(Target::new("population", 300.0));
    let problem = ReweightProblem::builder(matrix, ArrayView1::from(&weights), targets).build().unwrap();
    for distance in [Distance::Linear, Distance::Raking, Distance::HyperbolicSine { alpha: 1.0 }] {
        let answer = calibrate(&problem, distance);
        assert_eq!(answer.status, CalibrationStatus::Infeasible, "{distance:?}: {:?}", answer.certificate);
        let proof = answer.infeasibility.unwrap();
        assert!(proof.targets.contains(&(problem.num_targets() - 1)), "{distance:?}: {proof:?}");
    }
}

#[test]
#[allow(clippy::print_stderr)]
fn travel_survey_agrees_with_the_200_bit_reference() {
    let Some(folder) = folder("travel_survey") else { return };
    let reference = json(folder.join("reference.json"));
    let areas = [1, 2, 3, 4].map(|area| Area::read(&folder, area));
    let distances = [("linear", Distance::Linear), ("raking", Distance::Raking), ("logit", Distance::Logit)];
    for set in ["independent_18", "independent_19", "independent_26", "independent_27"] {
        let case = &reference["calibration"][set];
        let names = strings(&case["targets"]);
        for (area, survey) in (1..).zip(&areas) {
            let problem = survey.problem(&names, 4.0);
            for (name, distance) in distances {
                let case = &case["per_area"][area.to_string()][name];
                let answer = calibrate(&problem, distance);
                let label = format!("{set} area {area} {name}");
                if !case["feasible"].as_bool().expect("feasible") {
                    assert_eq!(
                        answer.status,
                        CalibrationStatus::Infeasible,
                        "{label}: {:?}",
                        answer.certificate
                    );
                    let proof = answer.infeasibility.expect("a proof");
                    let members: Vec<&str> = proof.targets.iter().map(|&j| names[j].as_str()).collect();
                    eprintln!("{label}: infeasible after {} iterations: {members:?}", answer.iterations);
                    if set == "independent_19" {
                        assert_eq!(members, ["PComm_o"], "{label}");
                    }
                    continue;
                }
                assert_converged(&label, &answer);
                let ratio: f64 = answer.certificate.objective
                    / case["distance"]
                        .as_str()
                        .map_or_else(|| case["distance"].as_f64(), |s| s.parse().ok())
                        .unwrap();
                assert!((ratio - 1.0).abs() <= 1e-12, "{label}: objective off by {:e}", ratio - 1.0);
                let Some(records) = reference["records"][area.to_string()]["record"].as_array() else {
                    panic!("records of area {area}")
                };
                for (record, g) in records.iter().zip(numbers(&case["g"])) {
                    let ours = answer.multipliers[record.as_u64().unwrap() as usize];
                    assert!((ours - g).abs() <= 1e-14 * g.abs().max(1e-2), "{label}: {ours}, reference {g}");
                }
                let sum: f64 = case["sum_of_g_times_cos_of_record"].as_str().map_or_else(
                    || case["sum_of_g_times_cos_of_record"].as_f64().unwrap(),
                    |s| s.parse().unwrap(),
                );
                let ours: f64 =
                    answer.multipliers.iter().enumerate().map(|(i, g)| g * (i as f64).cos()).sum();
                assert!((ours - sum).abs() <= 1e-10 * sum.abs(), "{label}: {ours}, reference {sum}");
            }
        }
    }
}

//! Real data: the travel survey cases, whose reference answers were computed in 200-bit arithmetic.

use std::collections::HashMap;

use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::{ReweightOptions, ReweightProblem, Reweighting, Target};
use equipoise::status::Status;
use ndarray::ArrayView1;
use serde::Deserialize;

use crate::survey::{Area, folder};

const AREAS: [u32; 4] = [1, 2, 3, 4];
/// The first targets of every area are the set `controls`; the set `all` has all of them.
const SETS: [(&str, usize); 2] = [("controls", 25), ("all", 35)];
const PENALTIES: [(&str, f64); 3] = [("1e-2", 1e-2), ("1e-4", 1e-4), ("1e-6", 1e-6)];
/// The reference answers are for the weights as decimals: reading them as doubles moves a multiplier by less than 1e-15.
const MULTIPLIER_TOLERANCE: f64 = 4e-15;

#[derive(Deserialize)]
struct Reference {
    records: HashMap<String, ListedRecords>,
    penalty_form: HashMap<String, HashMap<String, SetAnswers>>,
}

#[derive(Deserialize)]
struct ListedRecords {
    record: Vec<usize>,
}

#[derive(Deserialize)]
struct SetAnswers {
    per_area: HashMap<String, AreaAnswer>,
    joint: JointAnswer,
}

#[derive(Deserialize)]
struct JointAnswer {
    objective: String,
    loss: String,
    #[serde(rename = "L0")]
    initial_loss: String,
    per_area: HashMap<String, AreaVector>,
}

#[derive(Deserialize)]
struct AreaAnswer {
    objective: String,
    loss: String,
    #[serde(rename = "L0")]
    initial_loss: String,
    max_abs_relative_miss: f64,
    #[serde(flatten)]
    vector: AreaVector,
}

#[derive(Deserialize)]
struct AreaVector {
    n_at_lower: usize,
    n_at_upper: usize,
    sum_of_m: String,
    sum_of_m_times_cos_of_record: String,
    m: Vec<f64>,
}

/// The problem of some areas with the first `num_targets` targets of each: block diagonal.
fn problem(areas: &[&Area], num_targets: usize) -> ReweightProblem {
    let (mut weights, mut targets) = (Vec::new(), Vec::new());
    let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (a, area) in areas.iter().enumerate() {
        let (first_row, first_column) = (weights.len() as u32, targets.len() as u32);
        for &(record, target, value) in area.entries.iter().filter(|entry| entry.1 < num_targets) {
            rows.push(first_row + record);
            columns.push(first_column + target as u32);
            values.push(value);
        }
        weights.extend(&area.weights);
        let of_area = area.targets.iter().take(num_targets);
        targets.extend(of_area.map(|(name, total)| Target::new(format!("{name}, area {}", a + 1), *total)));
    }
    let matrix = SparseMatrix::from_triples(weights.len(), targets.len(), &rows, &columns, &values).unwrap();
    ReweightProblem::builder(matrix, ArrayView1::from(&weights), targets).build().unwrap()
}

fn solve(problem: &ReweightProblem, penalty: f64, what: &str) -> Reweighting {
    let answer = problem.solve(&ReweightOptions::with_penalty(penalty)).unwrap();
    let certificate = &answer.certificate;
    assert_eq!(answer.status, Status::Converged, "{what}");
    assert!(certificate.bound_before_rounding <= 1e-16, "{what}: {:e}", certificate.bound_before_rounding);
    assert!(
        certificate.relative_distance_bound <= 1e-15,
        "{what}: {:e}",
        certificate.relative_distance_bound
    );
    answer
}

fn assert_close(value: f64, reference: &str, relative: f64, what: &str) {
    let reference: f64 = reference.parse().unwrap();
    assert!(
        (value - reference).abs() <= relative * reference.abs(),
        "{what}: {value:e} against {reference:e}, relative difference {:e}",
        (value - reference).abs() / reference.abs()
    );
}

fn check_vector(multipliers: &[f64], listed: &[usize], reference: &AreaVector, what: &str) {
    for (&record, m) in listed.iter().zip(&reference.m) {
        let difference = (multipliers[record] - m).abs();
        assert!(difference <= MULTIPLIER_TOLERANCE, "{what}, record {record}: off by {difference:e}");
    }
    let count = |bound: f64| multipliers.iter().filter(|m| **m == bound).count();
    assert_eq!((count(0.1), count(10.0)), (reference.n_at_lower, reference.n_at_upper), "{what}");
    // Every record counts in these sums: each may be off by its decimal weight's rounding, 1e-15.
    let rounding = 1e-15 * multipliers.len() as f64;
    let sum = sum_without_rounding(multipliers.iter().copied());
    let cosines = sum_without_rounding(multipliers.iter().enumerate().map(|(i, m)| m * (i as f64).cos()));
    for (value, text) in [(sum, &reference.sum_of_m), (cosines, &reference.sum_of_m_times_cos_of_record)] {
        let wanted: f64 = text.parse().unwrap();
        assert!((value - wanted).abs() <= rounding, "{what}: sum {value} against {wanted}");
    }
}

/// In fixed point: numbers of this size are multiples of 2⁻⁶⁰ or lose less than that.
fn sum_without_rounding(terms: impl Iterator<Item = f64>) -> f64 {
    let unit = 2f64.powi(60);
    terms.map(|x| (x * unit) as i128).sum::<i128>() as f64 / unit
}

#[test]
fn every_area_set_and_penalty_meets_the_reference() {
    let Some(folder) = folder() else { return };
    let reference: Reference =
        serde_json::from_str(&std::fs::read_to_string(folder.join("reference.json")).unwrap()).unwrap();
    let areas = AREAS.map(|area| Area::read(&folder, area));
    for (set, num_targets) in SETS {
        let problems: Vec<ReweightProblem> = areas.iter().map(|area| problem(&[area], num_targets)).collect();
        let joint = problem(&areas.iter().collect::<Vec<_>>(), num_targets);
        for (name, penalty) in PENALTIES {
            let answers = &reference.penalty_form[set][name];
            for (area, problem) in AREAS.iter().zip(&problems) {
                let what = format!("{set}, penalty {name}, area {area}");
                check_area(problem, penalty, &answers.per_area[&area.to_string()], &reference, *area, &what);
            }
            let what = format!("{set}, penalty {name}, jointly");
            let answer = solve(&joint, penalty, &what);
            check_objective(&answer, penalty, &answers.joint.objective, &answers.joint.loss, &what);
            assert_close(initial_loss(&answer), &answers.joint.initial_loss, 1e-13, &what);
            let mut first = 0;
            for (area, data) in AREAS.iter().zip(&areas) {
                let own = first..first + data.weights.len();
                first = own.end;
                let key = area.to_string();
                check_vector(
                    &answer.multipliers.as_slice().unwrap()[own],
                    &reference.records[&key].record,
                    &answers.joint.per_area[&key],
                    &format!("{what}, area {area}"),
                );
            }
        }
    }
}

fn check_area(
    problem: &ReweightProblem,
    penalty: f64,
    wanted: &AreaAnswer,
    reference: &Reference,
    area: u32,
    what: &str,
) {
    let answer = solve(problem, penalty, what);
    check_objective(&answer, penalty, &wanted.objective, &wanted.loss, what);
    assert_close(initial_loss(&answer), &wanted.initial_loss, 1e-13, what);
    let listed = &reference.records[&area.to_string()].record;
    check_vector(answer.multipliers.as_slice().unwrap(), listed, &wanted.vector, what);
    assert_eq!(answer.certificate.num_at_lower as usize, wanted.vector.n_at_lower, "{what}");
    assert_eq!(answer.certificate.num_at_upper as usize, wanted.vector.n_at_upper, "{what}");
    let miss = answer.targets.iter().map(|row| row.relative_error.abs()).fold(0.0, f64::max);
    assert!((miss - wanted.max_abs_relative_miss).abs() <= 1e-12, "{what}: largest miss {miss}");
}

fn check_objective(answer: &Reweighting, penalty: f64, objective: &str, loss: &str, what: &str) {
    assert_close(answer.certificate.objective, objective, 1e-13, &format!("{what}, objective"));
    // The loss is not minimised itself: it moves in proportion to the rounding of the multipliers, the more so the less the
    // penalty term leaves of it.
    let relative = if penalty > 1e-3 { 1e-12 } else { 1e-9 };
    assert_close(answer.certificate.loss, loss, relative, &format!("{what}, loss"));
}

/// L₀ from the rows of the targets: the loss at the design weights.
fn initial_loss(answer: &Reweighting) -> f64 {
    answer.targets.iter().map(|row| ((row.before - row.target) / (row.target + 1.0)).powi(2)).sum()
}

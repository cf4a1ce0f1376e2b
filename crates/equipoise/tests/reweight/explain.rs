//! Explanations of contradictions: small cases with known answers, claims checked here in exact rationals, and never an
//! accusation of what can be met.

use std::sync::{Arc, Mutex};

use equipoise::control::Control;
use equipoise::error::InputError;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::bands::{Band, BandOptions, BandOverride, BandWeight};
use equipoise::reweight::calibration::{CalibrationOptions, Distance};
use equipoise::reweight::explain::{
    ExplainOptions, Explanation, ExplanationStatus, MinimalSet, RelaxationKind, Side,
};
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::{Bounds, ReweightProblem, Target};
use equipoise_testset::property_cases;
use ndarray::ArrayView1;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use proptest::prelude::*;

use crate::oracle::exact;

fn problem(columns: &[&[f64]], totals: &[f64], weights: &[f64], bounds: (f64, f64)) -> ReweightProblem {
    let matrix = SparseMatrix::from_dense_columns(weights.len(), columns.iter().copied()).unwrap();
    let targets = totals.iter().enumerate().map(|(j, &t)| Target::new(format!("t{j}"), t)).collect();
    ReweightProblem::builder(matrix, ArrayView1::from(weights), targets)
        .bounds(Bounds::Uniform { lower: bounds.0, upper: bounds.1 })
        .build()
        .unwrap()
}

fn hard(band: Band) -> BandOptions {
    BandOptions { band, weight: BandWeight::Hard, ..BandOptions::default() }
}

fn names(set: &MinimalSet) -> Vec<&str> {
    set.members.iter().map(|m| m.name.as_str()).collect()
}

/// Σ min over the edges of yⱼtⱼ less Σ max over the bounds of w(aᵀy)m, in exact rationals: positive proves the contradiction.
fn exact_gap(
    columns: &[&[f64]],
    weights: &[f64],
    bounds: (f64, f64),
    edges: &dyn Fn(usize) -> (f64, f64),
    y: &[f64],
) -> BigRational {
    let mut gap = BigRational::zero();
    for (j, &y) in y.iter().enumerate().filter(|(_, y)| **y != 0.0) {
        let (lower, upper) = edges(j);
        gap += exact(y) * exact(if y > 0.0 { lower } else { upper });
    }
    for (i, &w) in weights.iter().enumerate() {
        let z: BigRational = columns.iter().zip(y).map(|(column, &y)| exact(column[i]) * exact(y)).sum();
        gap -= exact(w) * exact(if z.is_positive() { bounds.1 } else { bounds.0 }) * z;
    }
    gap
}

#[test]
fn a_total_out_of_reach_is_named_with_what_would_do() {
    // The second target counts one record of weight 80 three times: at most 960.
    let columns: [&[f64]; 2] = [&[1.0, 1.0, 1.0, 1.0], &[0.0, 0.0, 3.0, 0.0]];
    let problem = problem(&columns, &[420.0, 2000.0], &[100.0, 120.0, 80.0, 100.0], (0.5, 4.0));
    let why = problem.explain_bands(&hard(Band::Relative(0.005)), &ExplainOptions::default()).unwrap();
    assert_eq!(why.status, ExplanationStatus::Infeasible);
    assert_eq!(why.minimal_sets.len(), 1);
    let set = &why.minimal_sets[0];
    assert_eq!(names(set), ["t1"]);
    assert!(set.minimal && why.all_sets);
    assert_eq!((set.num_at_lower, set.num_at_upper), (0, 1));
    assert_eq!((set.records[0].record, set.records[0].side, set.records[0].bound), (2, Side::Upper, 4.0));
    // Moving that bound by (1990 − 960)/240 would close the gap.
    assert!((set.records[0].pressure * 1030.0 / 240.0 - 1.0).abs() < 1e-9);
    assert_eq!(why.removal, Some(vec![1]));
    let least = why.relaxations.iter().find(|r| r.kind == RelaxationKind::LeastSum).unwrap();
    assert_eq!(least.changes.len(), 1);
    // The first target leaves that record a weight of 422.1 − 160, the other three being at half theirs.
    assert!((least.changes[0].to - 786.3).abs() < 1e-6, "{least:?}");
    assert!((least.cost - 0.60185).abs() < 1e-9 && (least.cost_at_least - 0.60185).abs() < 1e-9, "{least:?}");
    let single = why.relaxations.iter().find(|r| r.kind == RelaxationKind::OneTarget).unwrap();
    assert!(single.changes[0].to <= 960.0 && single.changes[0].to > 959.0, "{single:?}");
    assert!(why.message.contains("t1 asks for 1,990 to 2,010"), "{}", why.message);
}

#[test]
fn all_sets_are_found_where_there_are_few() {
    // {t0, t1} (parts of t2 exceed it) and {t3}, whatever the order.
    let columns: [&[f64]; 4] =
        [&[1.0, 0.0, 0.0, 0.0], &[0.0, 1.0, 1.0, 0.0], &[1.0, 1.0, 1.0, 0.0], &[0.0, 0.0, 0.0, 1.0]];
    let problem = problem(&columns, &[60.0, 60.0, 100.0, 500.0], &[50.0, 25.0, 25.0, 10.0], (0.1, 10.0));
    let why = problem.explain_bands(&hard(Band::Relative(0.01)), &ExplainOptions::default()).unwrap();
    let mut sets: Vec<Vec<&str>> = why.minimal_sets.iter().map(names).collect();
    sets.sort();
    assert_eq!(sets, [vec!["t0", "t1", "t2"], vec!["t3"]]);
    assert!(why.all_sets && why.minimal_sets.iter().all(|set| set.minimal));
    // t3 and any one of the others.
    assert_eq!(why.removal.as_ref().map(Vec::len), Some(2));
    let sides: Vec<Side> = why.minimal_sets[1].members.iter().map(|m| m.side).collect();
    assert_eq!(sides, [Side::Lower, Side::Lower, Side::Upper]);
    let sentence = &why.minimal_sets[1].sentence;
    assert!(sentence.contains("t0 + t1 − t2 must be at least 17.8"), "{sentence}");
    // 60·0.99·2 − 101 = 17.8 over totals of 60, 60 and 100: the last is the cheapest to move.
    let least = why.relaxations.iter().find(|r| r.kind == RelaxationKind::LeastSum).unwrap();
    assert!((least.cost - (0.178 + 395.0 / 500.0)).abs() < 1e-6, "{least:?}");
}

#[test]
fn what_can_be_met_is_never_accused() {
    let columns: [&[f64]; 2] = [&[1.0, 1.0, 1.0, 1.0], &[0.0, 0.0, 3.0, 0.0]];
    let problem = problem(&columns, &[420.0, 400.0], &[100.0, 120.0, 80.0, 100.0], (0.5, 4.0));
    let options = ExplainOptions::default();
    let check = |why: Explanation| {
        assert_eq!(why.status, ExplanationStatus::Feasible, "{}", why.message);
        assert!(why.minimal_sets.is_empty() && why.relaxations.is_empty() && why.all_sets);
        assert_eq!((why.combination, why.removal), (None, None));
    };
    check(problem.explain_bands(&hard(Band::Relative(0.005)), &options).unwrap());
    check(problem.explain_bands(&hard(Band::Relative(0.0)), &options).unwrap());
    for distance in [
        Distance::Linear,
        Distance::TruncatedLinear,
        Distance::Raking,
        Distance::Logit,
        Distance::HyperbolicSine { alpha: 1.0 },
    ] {
        check(problem.explain_calibration(&CalibrationOptions::with_distance(distance), &options).unwrap());
    }
}

#[test]
fn open_bounds_are_not_taken_for_attained() {
    // The total can be met only with a multiplier of 0 (raking), or of 4 for every record (logit).
    let columns: [&[f64]; 2] = [&[1.0, 1.0], &[1.0, 0.0]];
    let explain = |totals: &[f64], distance: Distance| {
        let problem = problem(&columns, totals, &[10.0, 10.0], (0.5, 4.0));
        problem
            .explain_calibration(&CalibrationOptions::with_distance(distance), &ExplainOptions::default())
            .unwrap()
    };
    let raking = explain(&[30.0, 30.0], Distance::Raking);
    assert_eq!(raking.status, ExplanationStatus::Infeasible, "{raking:?}");
    assert_eq!(names(&raking.minimal_sets[0]), ["t0", "t1"]);
    assert!(raking.minimal_sets[0].minimal);
    assert_eq!(raking.minimal_sets[0].gap, 0.0);
    assert_eq!(explain(&[30.0, 0.0], Distance::Raking).minimal_sets[0].members.len(), 1);
    // Multipliers below 4 come within the tolerance of it: feasible is what can be met to the tolerance.
    assert_eq!(explain(&[80.0, 40.0], Distance::Logit).status, ExplanationStatus::Feasible);
    assert_eq!(explain(&[80.001, 40.0], Distance::Logit).status, ExplanationStatus::Infeasible);
    assert_eq!(explain(&[80.0, 40.0], Distance::TruncatedLinear).status, ExplanationStatus::Feasible);
    assert_eq!(explain(&[30.0, 30.0], Distance::Linear).status, ExplanationStatus::Feasible);
}

#[test]
fn sums_that_disagree_are_explained_for_every_distance() {
    // t2 = t0 + t1 by the data, not by the totals.
    let columns: [&[f64]; 4] = [&[1.0, 0.0, 1.0], &[0.0, 1.0, 1.0], &[1.0, 1.0, 2.0], &[0.3, 0.7, 0.1]];
    let problem = problem(&columns, &[50.0, 60.0, 113.0, 35.0], &[20.0, 30.0, 25.0], (0.5, 4.0));
    for distance in [Distance::Linear, Distance::Raking, Distance::Logit, Distance::TruncatedLinear] {
        let why = problem
            .explain_calibration(&CalibrationOptions::with_distance(distance), &ExplainOptions::default())
            .unwrap();
        assert_eq!(why.status, ExplanationStatus::Infeasible, "{distance:?}");
        let set = &why.minimal_sets[0];
        assert_eq!(names(set), ["t0", "t1", "t2"], "{distance:?}");
        assert!(set.minimal, "{distance:?}");
        let least = why.relaxations.iter().find(|r| r.kind == RelaxationKind::LeastSum);
        let least = least.unwrap_or_else(|| panic!("{distance:?}"));
        assert!((least.cost - 3.0 / 113.0).abs() < 1e-6, "{distance:?}: {least:?}");
    }
}

#[test]
fn members_of_a_cluster_share_their_multiplier() {
    let columns: [&[f64]; 2] = [&[1.0, 0.0, 1.0], &[0.0, 1.0, 0.0]];
    let problem = problem(&columns, &[30.0, 30.0], &[10.0, 10.0, 10.0], (0.5, 4.0));
    let options = |clusters| CalibrationOptions {
        clusters,
        ..CalibrationOptions::with_distance(Distance::TruncatedLinear)
    };
    let explain = |clusters| {
        problem.explain_calibration(&options(clusters), &ExplainOptions::default()).unwrap().status
    };
    assert_eq!(explain(None), ExplanationStatus::Feasible);
    // One multiplier for all: 20m = 30 and 10m = 30.
    assert_eq!(explain(Some(vec![7, 7, 7])), ExplanationStatus::Infeasible);
    assert_eq!(explain(Some(vec![7, 7, 9])), ExplanationStatus::Infeasible);
    assert_eq!(explain(Some(vec![7, 9, 7])), ExplanationStatus::Feasible);
}

#[test]
fn elastic_bands_beside_hard_ones_are_left_out() {
    let columns: [&[f64]; 2] = [&[1.0, 1.0], &[1.0, 0.0]];
    let problem = problem(&columns, &[20.0, 500.0], &[10.0, 10.0], (0.5, 4.0));
    let explain = |overrides| {
        let bands = BandOptions { overrides, ..hard(Band::Relative(0.01)) };
        problem.explain_bands(&bands, &ExplainOptions::default()).unwrap().status
    };
    assert_eq!(explain(vec![]), ExplanationStatus::Infeasible);
    assert_eq!(
        explain(vec![BandOverride::weight("t1", BandWeight::Elastic(1e6))]),
        ExplanationStatus::Feasible
    );
    let all_elastic = BandOptions { band: Band::Relative(0.01), ..BandOptions::default() };
    let why = problem.explain_bands(&all_elastic, &ExplainOptions::default()).unwrap();
    assert_eq!(why.status, ExplanationStatus::Infeasible);
}

#[test]
fn a_national_problem_is_explained() {
    let population = NationalPopulation::generate(20_000, 92, 1).unwrap();
    let weights = ArrayView1::from(&population.weight);
    let named = |j: usize| Target::new(population.targets[j].name.clone(), population.targets[j].total);
    let targets = (0..92).map(named).collect();
    let problem = ReweightProblem::builder(population.matrix.clone(), weights, targets).build().unwrap();
    let bands = hard(Band::Relative(0.005));
    let options =
        |threads| ExplainOptions { max_sets: 2, relaxations: false, threads, ..ExplainOptions::default() };
    let why = problem.explain_bands(&bands, &options(1)).unwrap();
    assert_eq!(why.status, ExplanationStatus::Infeasible);
    assert!(why.minimal_sets.len() >= 2 && why.minimal_sets.iter().all(|set| set.minimal));
    let other = problem.explain_bands(&bands, &options(2)).unwrap();
    assert_eq!(why.minimal_sets, other.minimal_sets, "the number of threads");
    for set in &why.minimal_sets {
        // The members alone, then without each: what the band solver says of them.
        let solve = |members: &[usize]| {
            let columns: Vec<Vec<f64>> = members
                .iter()
                .map(|&j| {
                    let mut column = vec![0.0; 20_000];
                    let (rows, values) = population.matrix.column(j);
                    rows.iter().zip(values).for_each(|(&i, &a)| column[i as usize] = a);
                    column
                })
                .collect();
            let matrix = SparseMatrix::from_dense_columns(20_000, columns.iter().map(Vec::as_slice)).unwrap();
            let targets = members.iter().map(|&j| named(j)).collect();
            let part = ReweightProblem::builder(matrix, weights, targets).build().unwrap();
            part.solve_bands(&bands).unwrap()
        };
        let members: Vec<usize> = set.members.iter().map(|m| m.target).collect();
        assert!(solve(&members).infeasibility.is_some(), "{}", set.sentence);
        for left_out in 0..members.len() {
            let others = [&members[..left_out], &members[left_out + 1..]].concat();
            let answer = solve(&others);
            assert!(answer.infeasibility.is_none(), "{}", set.sentence);
            assert!(answer.certificate.largest_violation < 1e-9, "{} without {left_out}", set.sentence);
        }
    }
}

#[test]
fn the_cheapest_relaxation_of_many_records_is_nearly_proven() {
    // More groups than the simplex method is asked with.
    let population = NationalPopulation::generate(30_000, 92, 1).unwrap();
    let weights = ArrayView1::from(&population.weight);
    let targets = population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect();
    let problem = ReweightProblem::builder(population.matrix.clone(), weights, targets).build().unwrap();
    let bands = hard(Band::Relative(0.005));
    let options = ExplainOptions { max_sets: 1, ..ExplainOptions::default() };
    let why = problem.explain_bands(&bands, &options).unwrap();
    let least = why.relaxations.iter().find(|r| r.kind == RelaxationKind::LeastSum).unwrap();
    assert!(least.cost >= least.cost_at_least && least.cost <= 1.01 * least.cost_at_least, "{least:?}");
    let sum: f64 = least.changes.iter().map(|c| c.fraction).sum();
    assert!((sum - least.cost).abs() <= 1e-9 * sum);
    // With these changes the bands can be met, by the band solver's word.
    let mut relaxed = bands;
    for (j, target) in population.targets.iter().enumerate() {
        let width = 0.005 * target.total.abs();
        let moved = |side: Side, edge: f64| {
            least.changes.iter().find(|c| c.target == j && c.side == side).map_or(edge, |c| c.to)
        };
        let lower = moved(Side::Lower, target.total - width);
        let upper = moved(Side::Upper, target.total + width);
        relaxed.overrides.push(BandOverride::band(target.name.clone(), Band::Between { lower, upper }));
    }
    let answer = problem.solve_bands(&relaxed).unwrap();
    assert!(answer.infeasibility.is_none());
    assert!(answer.certificate.largest_violation <= 1e-9, "{:e}", answer.certificate.largest_violation);
}

#[test]
fn without_sets_the_question_is_still_decided_and_only_questions_are_reported() {
    let problem = problem(&[&[1.0, 2.0], &[2.0, 1.0]], &[60.0, 110.0], &[10.0, 10.0], (0.5, 4.0));
    let options = ExplainOptions { max_sets: 0, ..ExplainOptions::default() };
    let reports = Arc::new(Mutex::new(Vec::new()));
    let seen = reports.clone();
    let mut control =
        Control::default().with_progress(move |record| seen.lock().unwrap().push(record.method.clone()));
    let why = problem.explain_bands_with(&hard(Band::Relative(0.01)), &options, &mut control).unwrap();
    assert_eq!(why.status, ExplanationStatus::Infeasible);
    assert!(why.combination.is_some() && why.minimal_sets.is_empty() && !why.all_sets);
    let reports = reports.lock().unwrap();
    assert!(!reports.is_empty() && reports.iter().all(|method| method == "explain"), "{reports:?}");
}

#[test]
fn options_out_of_range_are_named() {
    let problem = problem(&[&[1.0]], &[1.0], &[1.0], (0.5, 4.0));
    let path = |options: ExplainOptions| -> Result<(), InputError> {
        problem.explain_bands(&BandOptions::default(), &options).map(|_| ())
    };
    let options = ExplainOptions::default;
    assert_eq!(path(ExplainOptions { tolerance: 0.0, ..options() }).unwrap_err().path, "tolerance");
    assert_eq!(path(ExplainOptions { threads: 99_999, ..options() }).unwrap_err().path, "threads");
    let limit = ExplainOptions { time_limit_seconds: Some(f64::NAN), ..options() };
    assert_eq!(path(limit).unwrap_err().path, "timeLimitSeconds");
}

#[test]
fn a_run_out_of_time_claims_nothing() {
    let problem = problem(&[&[1.0, 2.0], &[2.0, 1.0]], &[90.0, 10.0], &[10.0, 10.0], (0.5, 4.0));
    let options = ExplainOptions { time_limit_seconds: Some(1e-9), ..ExplainOptions::default() };
    let why = problem.explain_bands(&hard(Band::Relative(0.01)), &options).unwrap();
    assert_ne!(why.status, ExplanationStatus::Feasible);
    assert!(!why.all_sets);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(property_cases(60)))]

    /// Every claim holds in exact rationals, every set is minimal by a second look, every question is decided.
    #[test]
    fn claims_hold_exactly(
        entries in prop::collection::vec(-2i32..4, 5 * 12),
        weights in prop::collection::vec(1u32..200, 12),
        factors in prop::collection::vec(0.2f64..5.0, 12),
        shifts in prop::collection::vec(-60i32..60, 5),
        tolerance in 0.001f64..0.05,
    ) {
        let weights: Vec<f64> = weights.into_iter().map(f64::from).collect();
        let columns: Vec<Vec<f64>> =
            (0..5).map(|j| (0..12).map(|i| f64::from(entries[j * 12 + i])).collect()).collect();
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let reached = |column: &[f64]| -> f64 { (0..12).map(|i| column[i] * weights[i] * factors[i]).sum() };
        let totals: Vec<f64> = (0..5)
            .map(|j| (reached(columns[j]) + 10.0 * f64::from(shifts[j])).round())
            .map(|t| if t == 0.0 || t == -1.0 { 1.0 } else { t })
            .collect();
        let bounds = (0.5, 2.0);
        let problem = problem(&columns, &totals, &weights, bounds);
        let bands = hard(Band::Relative(tolerance));
        let why = problem.explain_bands(&bands, &ExplainOptions::default()).unwrap();
        prop_assert_ne!(why.status, ExplanationStatus::Unknown);
        let edges = |j: usize| {
            let width = tolerance * totals[j].abs();
            (totals[j] - width - 1e-12 * totals[j].abs(), totals[j] + width + 1e-12 * totals[j].abs())
        };
        let gap = |y: &[f64]| exact_gap(&columns, &weights, bounds, &edges, y);
        if let Some(y) = &why.combination {
            prop_assert!(gap(y).is_positive());
        } else {
            prop_assert_eq!(why.status, ExplanationStatus::Feasible);
        }
        for set in &why.minimal_sets {
            prop_assert!(set.minimal, "{}", set.sentence);
            let mut y = vec![0.0; 5];
            set.members.iter().for_each(|m| y[m.target] = m.factor);
            prop_assert!(gap(&y).is_positive(), "{}", set.sentence);
            for left_out in &set.members {
                let others: Vec<usize> =
                    set.members.iter().map(|m| m.target).filter(|&j| j != left_out.target).collect();
                if others.is_empty() {
                    continue;
                }
                let columns: Vec<&[f64]> = others.iter().map(|&j| columns[j]).collect();
                let totals: Vec<f64> = others.iter().map(|&j| totals[j]).collect();
                let rest = self::problem(&columns, &totals, &weights, bounds);
                let answer = rest.solve_bands(&bands).unwrap();
                prop_assert!(answer.certificate.largest_violation < 1e-9, "{}", set.sentence);
            }
        }
        for way in &why.relaxations {
            prop_assert!(way.cost >= way.cost_at_least * (1.0 - 1e-9));
            prop_assert!(way.cost_at_least >= 0.998 * way.cost, "{}", way.sentence);
        }
        if why.status == ExplanationStatus::Infeasible {
            prop_assert!(why.relaxations.iter().any(|r| r.kind == RelaxationKind::LeastSum));
        }
    }
}

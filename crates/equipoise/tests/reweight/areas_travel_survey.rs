//! The four areas of the travel survey as one batch, against reference answers computed in 200-bit arithmetic.

use std::collections::HashMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use equipoise::control::CancelFlag;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::areas::{Area, AreaResult, AreaStatus, AreasOptions, AreasSummary, TargetDrop};
use equipoise::reweight::bands::TargetSelector;
use equipoise::reweight::{Bounds, ReweightProblem, Target};
use ndarray::ArrayView1;
use serde_json::Value;

use crate::survey::{folder, number, rows};

/// All four areas over one matrix of 27,980 households by 35 targets, in the order of records.csv; totals are those of each area.
fn survey(folder: &Path) -> (ReweightProblem, Vec<Area>) {
    let records: Vec<(u32, usize, u64, f64)> = rows(&folder.join("records.csv.gz"));
    let mut members = vec![Vec::new(); 4];
    for (i, (area, position, ..)) in records.iter().enumerate() {
        let of_area: &mut Vec<u32> = &mut members[*area as usize - 1];
        assert_eq!(of_area.len(), *position, "records of an area come in its own order");
        of_area.push(i as u32);
    }
    let mut totals: Vec<Vec<Option<f64>>> = vec![Vec::new(); 4];
    let mut targets = Vec::new();
    for row in rows::<HashMap<String, String>>(&folder.join("targets.csv")) {
        let area: usize = row["area"].parse().unwrap();
        let total: f64 = row["total"].parse().unwrap();
        totals[area - 1].push(Some(total));
        if area == 1 {
            targets.push(Target::new(row["name"].clone(), total));
        }
    }
    let (mut row_indices, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (area, members) in members.iter().enumerate() {
        for (record, target, value) in
            rows::<(usize, u32, f64)>(&folder.join(format!("matrix_area{}.csv.gz", area + 1)))
        {
            row_indices.push(members[record]);
            columns.push(target);
            values.push(value);
        }
    }
    let matrix = SparseMatrix::from_triples(records.len(), 35, &row_indices, &columns, &values).unwrap();
    let weights: Vec<f64> = records.iter().map(|record| record.3).collect();
    let problem = ReweightProblem::builder(matrix, ArrayView1::from(&weights), targets)
        .bounds(Bounds::Uniform { lower: 0.5, upper: 4.0 })
        .build()
        .unwrap();
    let areas = (members.into_iter().zip(totals))
        .enumerate()
        .map(|(area, (records, totals))| Area {
            totals: Some(totals),
            records: Some(records),
            ..Area::new((area + 1).to_string())
        })
        .collect();
    (problem, areas)
}

fn run(problem: &ReweightProblem, areas: &[Area], threads: usize) -> (AreasSummary, Vec<AreaResult>) {
    let options = AreasOptions { threads, ..AreasOptions::default() };
    let mut results = Vec::new();
    let summary = problem
        .solve_areas(areas, &options, &CancelFlag::default(), |result| {
            results.push(result);
            ControlFlow::Continue(())
        })
        .unwrap();
    results.sort_by_key(|result| result.index);
    (summary, results)
}

/// The reference sets, made of the 35 targets by leaving some out.
fn sets(problem: &ReweightProblem) -> [(&'static str, Vec<TargetDrop>); 3] {
    let drop = |j: usize| TargetDrop { targets: TargetSelector::Index(j), optional: false };
    let added: Vec<TargetDrop> = (25..35).map(drop).collect();
    let other = problem.targets().iter().position(|t| t.name == "PComm_o").unwrap();
    let without: Vec<TargetDrop> = added.iter().cloned().chain([drop(other)]).collect();
    [("controls", added), ("all", Vec::new()), ("controls_without_PComm_o", without)]
}

#[test]
fn a_batch_agrees_with_the_reference_in_any_order() {
    let Some(folder) = folder() else { return };
    let (problem, areas) = survey(&folder);
    let reference: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("reference.json")).unwrap()).unwrap();
    let mut largest = 0.0f64;
    for (set, drop) in sets(&problem) {
        let areas: Vec<Area> = areas.iter().map(|a| Area { drop: drop.clone(), ..a.clone() }).collect();
        let (summary, results) = run(&problem, &areas, 1);
        assert_eq!(summary.statuses[&AreaStatus::Converged], 4, "{set}");
        for result in &results {
            let what = format!("{set}, area {}", result.key);
            let answer = result.answer.as_ref().unwrap();
            assert_eq!(result.targets.len(), 35 - drop.len(), "{what}");
            let want = &reference["band_form"][set]["per_area"][&result.key];
            let named = reference["records"][&result.key]["record"].as_array().unwrap();
            for (record, x) in named.iter().zip(want["x"].as_array().unwrap()) {
                let apart = (answer.multipliers()[record.as_u64().unwrap() as usize] - number(x)).abs();
                largest = largest.max(apart);
                assert!(apart <= 1e-13, "{what}, record {record}: {apart:e}");
            }
            let cosine: f64 =
                answer.multipliers().iter().enumerate().map(|(i, x)| x * libm::cos(i as f64)).sum();
            let want = number(&want["sum_of_x_times_cos_of_record"]);
            assert!((cosine - want).abs() <= 1e-11 * want.abs().max(1.0), "{what}: {cosine} against {want}");
        }
        let backwards: Vec<Area> = areas.iter().rev().cloned().collect();
        for (list, threads) in [(&areas, 2), (&areas, 4), (&backwards, 1), (&backwards, 3)] {
            let (again, _) = run(&problem, list, threads);
            assert_eq!(again.digest, summary.digest, "{set}, {threads} threads");
            assert_eq!(again.exhaustion, summary.exhaustion, "{set}, {threads} threads");
            assert_eq!(again.multipliers, summary.multipliers, "{set}, {threads} threads");
        }
    }
    writeln!(std::io::stderr(), "largest distance from the 200-bit reference: {largest:.1e}").unwrap();
}

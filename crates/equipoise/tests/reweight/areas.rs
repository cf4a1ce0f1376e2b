//! Batches of areas: every answer that of the area alone, whatever surrounds it; faults named before any work; exhaustion and its
//! cap against a straightforward recomputation.

use std::ops::ControlFlow;

use equipoise::control::{CancelFlag, Control};
use equipoise::error::{InputCode, InputError};
use equipoise::numeric::digest::Digest;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::areas::{
    Area, AreaResult, AreaStatus, AreasOptions, AreasSummary, CAP_ROUNDING, TargetDrop,
};
use equipoise::reweight::bands::{Band, BandOptions, BandOverride, BandWeight, TargetSelector};
use equipoise::reweight::calibration::{CalibrationOptions, Distance};
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::{Bounds, Form, ReweightOptions, ReweightProblem, Start, Target};
use ndarray::{ArrayView1, array};

const RECORDS: usize = 3000;
const TARGETS: usize = 24;

fn national() -> (NationalPopulation, ReweightProblem) {
    let population = NationalPopulation::generate(RECORDS, TARGETS, 1).unwrap();
    let targets = population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect();
    let weights = ArrayView1::from(&population.weight);
    let problem = ReweightProblem::builder(population.matrix.clone(), weights, targets).build().unwrap();
    (population, problem)
}

/// Areas that share everything but scale and totals.
fn districts(problem: &ReweightProblem, number: usize) -> Vec<Area> {
    let spread = |seed: usize| libm::sin(seed as f64 * 12.9898);
    (0..number)
        .map(|a| {
            let share = (1.0 + 0.5 * spread(a + 1)) / number as f64;
            let total = |(j, t): (usize, &Target)| Some(t.total * share * (1.0 + 0.03 * spread(100 * a + j)));
            Area {
                weight_scale: share,
                totals: Some(problem.targets().iter().enumerate().map(total).collect()),
                ..Area::new(format!("district {a}"))
            }
        })
        .collect()
}

fn forms() -> [Form; 3] {
    [
        Form::Penalty(ReweightOptions::with_penalty(1e-3)),
        Form::Bands(BandOptions::default()),
        Form::Calibration(CalibrationOptions::with_distance(Distance::TruncatedLinear)),
    ]
}

fn run(
    problem: &ReweightProblem,
    areas: &[Area],
    options: &AreasOptions,
) -> Result<(AreasSummary, Vec<AreaResult>), InputError> {
    let mut results = Vec::new();
    let summary = problem.solve_areas(areas, options, &CancelFlag::default(), |result| {
        results.push(result);
        ControlFlow::Continue(())
    })?;
    results.sort_by_key(|result| (result.round, result.index));
    Ok((summary, results))
}

/// The area as a problem of its own, built from the data without the batch.
fn alone(population: &NationalPopulation, area: &Area) -> ReweightProblem {
    let rows: Vec<u32> = area.records.clone().unwrap_or_else(|| (0..RECORDS as u32).collect());
    let (mut columns, mut targets) = (Vec::new(), Vec::new());
    for (j, total) in area.totals.as_ref().unwrap().iter().enumerate() {
        let Some(total) = total else { continue };
        let (column_rows, values) = population.matrix.column(j);
        let mut column = vec![0.0; RECORDS];
        column_rows.iter().zip(values).for_each(|(&i, v)| column[i as usize] = *v);
        columns.push(rows.iter().map(|&i| column[i as usize]).collect::<Vec<f64>>());
        targets.push(Target::new(population.targets[j].name.clone(), *total));
    }
    let matrix = SparseMatrix::from_dense_columns(rows.len(), columns.iter().map(Vec::as_slice)).unwrap();
    let weights: Vec<f64> = rows.iter().map(|&i| area.weight_scale * population.weight[i as usize]).collect();
    let bounds = area.bounds.clone().unwrap_or_default();
    ReweightProblem::builder(matrix, ArrayView1::from(&weights), targets).bounds(bounds).build().unwrap()
}

#[test]
fn an_area_of_a_batch_has_the_bits_of_the_area_alone() {
    let (population, problem) = national();
    let mut areas = districts(&problem, 6);
    areas[1].bounds = Some(Bounds::Uniform { lower: 0.3, upper: 3.0 });
    areas[2].totals.as_mut().unwrap()[5] = None;
    areas[3].records = Some((0..RECORDS as u32).filter(|i| i % 3 != 0).collect());
    areas[4].records = Some((0..RECORDS as u32).filter(|i| i % 2 == 0).collect());
    areas[4].totals.as_mut().unwrap()[7] = None;
    for form in forms() {
        let options = AreasOptions { form: form.clone(), threads: 2, ..AreasOptions::default() };
        let (summary, results) = run(&problem, &areas, &options).unwrap();
        let again = run(&problem, &areas, &AreasOptions { threads: 4, ..options }).unwrap().0;
        assert_eq!(again.digest, summary.digest);
        assert_eq!(again.exhaustion, summary.exhaustion);
        assert_eq!(again.multipliers, summary.multipliers);
        for (area, result) in areas.iter().zip(&results) {
            let answer = result.answer.as_ref().unwrap();
            let own = alone(&population, area).solve_form(&form, &mut Default::default()).unwrap();
            assert_eq!(own.digest(), answer.digest(), "{} in the form {}", area.key, form.as_str());
            assert_eq!(own.weights(), answer.weights(), "{}", area.key);
            assert_eq!(result.status, own.status().into());
        }
        assert_eq!(summary.statuses.get(&AreaStatus::Converged), Some(&6), "{}", form.as_str());
    }
}

#[test]
fn exhaustion_is_the_sum_over_the_areas() {
    let (population, problem) = national();
    let mut areas = districts(&problem, 5);
    areas[2].records = Some((0..RECORDS as u32).filter(|i| i % 2 == 0).collect());
    let (summary, results) = run(&problem, &areas, &AreasOptions::default()).unwrap();
    let mut sums = vec![0.0; RECORDS];
    for (area, result) in areas.iter().zip(&results) {
        for (position, w) in result.answer.as_ref().unwrap().weights().iter().enumerate() {
            let i = area.records.as_ref().map_or(position, |records| records[position] as usize);
            sums[i] += w / population.weight[i];
        }
    }
    let table = &summary.exhaustion;
    let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-13 * b.abs(), "{a} against {b}");
    close(table.minimum, sums.iter().copied().fold(f64::INFINITY, f64::min));
    close(table.maximum, sums.iter().copied().fold(0.0, f64::max));
    close(table.mean, sums.iter().sum::<f64>() / RECORDS as f64);
    let near_one = sums.iter().filter(|e| (**e - 1.0).abs() < 1e-12).count();
    let above = sums.iter().filter(|e| **e > 1.0).count();
    assert!(table.num_above_one.abs_diff(above) <= near_one);
    for worst in &table.worst {
        close(worst.exhaustion, sums[worst.record as usize]);
    }
    assert_eq!(table.worst.len(), 10);
    summary.exhaustion_by_record.iter().zip(&sums).for_each(|(e, sum)| close(*e, *sum));
    assert!(table.worst.windows(2).all(|pair| pair[0].exhaustion >= pair[1].exhaustion));
    assert_eq!(table.worst[0].exhaustion, table.maximum);
    let counted: u64 = summary.multipliers.counts.iter().sum();
    assert_eq!(counted as usize, 4 * RECORDS + RECORDS / 2);
}

#[test]
fn a_cap_holds_whatever_the_order() {
    let (population, problem) = national();
    let areas = districts(&problem, 4);
    for form in [Form::Penalty(ReweightOptions::with_penalty(1e-3)), Form::Bands(BandOptions::default())] {
        let free = AreasOptions { form, ..AreasOptions::default() };
        let before = run(&problem, &areas, &free).unwrap().0.exhaustion;
        let cap = 0.5 * (before.maximum + 1.0);
        let capped = AreasOptions { exhaustion_cap: Some(cap), ..free };
        let (summary, results) = run(&problem, &areas, &capped).unwrap();
        assert!(results.iter().all(|result| result.upper_bounds.is_some() == (result.round > 0)));
        assert!(before.maximum > cap && summary.rounds > 0);
        assert_eq!(summary.exhaustion.num_above_cap, Some(0), "{} rounds", summary.rounds);
        assert!(summary.exhaustion.maximum <= cap * (1.0 + CAP_ROUNDING));
        // The last result of each area is the one that counts.
        let mut sums = vec![0.0; RECORDS];
        for result in results.iter().filter(|result| result.round == summary.rounds) {
            assert_eq!(result.status, AreaStatus::Converged);
            assert_eq!(summary.areas[result.index].round, summary.rounds);
            let answer = result.answer.as_ref().unwrap();
            // It is the answer of the area alone with the bounds that the cap left it.
            let upper = result.upper_bounds.clone().unwrap();
            let bounds = Bounds::PerRecord { lower: vec![Bounds::default().of(0).0; RECORDS], upper };
            let area = Area { bounds: Some(bounds), ..areas[result.index].clone() };
            let by_itself = alone(&population, &area).solve_form(&capped.form, &mut Control::default());
            assert_eq!(by_itself.unwrap().digest(), answer.digest());
            let weights = answer.weights();
            sums.iter_mut().zip(weights).zip(&population.weight).for_each(|((sum, w), w0)| *sum += w / w0);
        }
        assert!(sums.iter().all(|sum| *sum <= cap * (1.0 + 2.0 * CAP_ROUNDING)));
        assert!(sums.iter().filter(|sum| **sum > 0.999 * cap).count() >= before.num_above_one / 1000);
        let backwards: Vec<Area> = areas.iter().rev().cloned().collect();
        for threads in [1, 3] {
            let again = run(&problem, &backwards, &AreasOptions { threads, ..capped.clone() }).unwrap().0;
            assert_eq!((again.digest, again.rounds), (summary.digest.clone(), summary.rounds));
            assert_eq!(again.exhaustion, summary.exhaustion);
        }
    }
}

#[test]
fn a_bad_area_does_not_stop_the_others() {
    // The third target has no record at all; the fourth record counts for nothing.
    let columns: [&[f64]; 3] = [&[1.0, 1.0, 1.0, 0.0], &[0.0, 2.0, 1.0, 0.0], &[0.0; 4]];
    let matrix = SparseMatrix::from_dense_columns(4, columns).unwrap();
    let targets = ["households", "children", "none"].map(|name| Target::new(name, 300.0)).to_vec();
    let weights = array![100.0, 120.0, 80.0, 100.0];
    let problem = ReweightProblem::builder(matrix, weights.view(), targets).build().unwrap();
    let area = |key: &str, totals: [Option<f64>; 3]| Area { totals: Some(totals.to_vec()), ..Area::new(key) };
    let areas = [
        area("good", [Some(310.0), Some(320.0), None]),
        area("contradiction", [Some(1.0), Some(500.0), None]),
        area("nothing to reach", [None, None, Some(7.0)]),
        Area { records: Some(vec![3]), ..area("nobody", [Some(1.0), Some(1.0), None]) },
        area("good too", [Some(300.0), None, None]),
    ];
    let hard = BandOptions { weight: BandWeight::Hard, ..BandOptions::default() };
    let options = AreasOptions { form: Form::Bands(hard), ..AreasOptions::default() };
    let (summary, results) = run(&problem, &areas, &options).unwrap();
    let want = [
        AreaStatus::Converged,
        AreaStatus::Infeasible,
        AreaStatus::Impossible,
        AreaStatus::Impossible,
        AreaStatus::Converged,
    ];
    assert_eq!(results.iter().map(|r| r.status).collect::<Vec<_>>(), want);
    assert_eq!(summary.areas.iter().map(|row| row.status).collect::<Vec<_>>(), want);
    assert!(!summary.all_converged);
    assert_eq!(summary.statuses[&AreaStatus::Impossible], 2);
    assert_eq!(summary.worst, [1, 2, 3]);
    assert!(results[2].answer.is_none() && results[1].answer.is_some());
    // Only the two good areas are counted.
    assert_eq!(summary.multipliers.counts.iter().sum::<u64>(), 8);

    // The penalty form is undefined where the design weights meet every target but the bounds exclude 1.
    let undefined = Area {
        bounds: Some(Bounds::Uniform { lower: 1.5, upper: 2.0 }),
        ..area("undefined", [Some(300.0), None, None])
    };
    let penalty =
        AreasOptions { form: Form::Penalty(ReweightOptions::with_penalty(1e-3)), ..AreasOptions::default() };
    let (summary, results) = run(&problem, &[undefined, areas[0].clone()], &penalty).unwrap();
    assert_eq!(results[0].status, AreaStatus::BadInput);
    assert!(results[0].error.is_some());
    assert_eq!(results[1].status, AreaStatus::Converged);
    assert_eq!(summary.areas[0].digest, None);
}

#[test]
fn missed_targets_are_listed() {
    let (_, problem) = national();
    let mut areas = districts(&problem, 3);
    // Out of reach for multipliers of at most 10.
    areas[1].totals.as_mut().unwrap()[4] = Some(1e3 * problem.targets()[4].total);
    let (summary, results) = run(&problem, &areas, &AreasOptions::default()).unwrap();
    let missed = summary.missed.iter().find(|m| (m.area, m.target) == (1, 4)).unwrap();
    let equipoise::reweight::FormAnswer::Bands(answer) = results[1].answer.as_ref().unwrap() else {
        panic!("the band form answers")
    };
    assert_eq!(missed.miss, answer.targets[4].outside / answer.targets[4].target.abs());
    assert!(missed.miss > 0.5);
    assert_eq!(summary.targets[4].largest_miss, Some(*missed));
    assert_eq!(summary.areas[1].largest_miss, Some(*missed));
    assert_eq!(summary.worst[0], 1);
    for (j, target) in summary.targets.iter().enumerate() {
        assert_eq!(target.num_areas, 3);
        assert_eq!(target.num_missed, summary.missed.iter().filter(|m| m.target == j).count());
    }
}

#[test]
fn overrides_are_resolved_against_all_targets() {
    let (population, problem) = national();
    let mut areas = districts(&problem, 2);
    let name = population.targets[3].name.clone();
    areas[0].totals.as_mut().unwrap()[3] = None;
    areas[0].drop = vec![TargetDrop { targets: TargetSelector::Pattern("no such*".into()), optional: true }];
    // It matches a target that the area leaves out: that is no mistake.
    areas[0].overrides = vec![BandOverride::band(name, Band::Relative(0.1))];
    areas[1].band = Some(Band::Relative(0.02));
    areas[1].overrides = vec![BandOverride::band("*", Band::Relative(0.03))];
    let form = Form::Bands(BandOptions {
        overrides: vec![BandOverride::weight("*", BandWeight::Elastic(1e5))],
        ..BandOptions::default()
    });
    let options = AreasOptions { form, ..AreasOptions::default() };
    let (_, results) = run(&problem, &areas, &options).unwrap();
    for (area, result, band) in [(&areas[0], &results[0], 0.005), (&areas[1], &results[1], 0.03)] {
        let own = BandOptions {
            band: Band::Relative(band),
            weight: BandWeight::Elastic(1e5),
            ..BandOptions::default()
        };
        let own = alone(&population, area).solve_bands(&own).unwrap();
        assert_eq!(own.digest, result.answer.as_ref().unwrap().digest(), "{}", area.key);
    }
}

#[test]
fn a_sink_that_breaks_ends_the_batch() {
    let (_, problem) = national();
    let areas = districts(&problem, 12);
    let cancel = CancelFlag::default();
    let mut seen = 0;
    let options = AreasOptions { threads: 2, ..AreasOptions::default() };
    let summary = problem
        .solve_areas(&areas, &options, &cancel, |_| {
            seen += 1;
            if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(seen, 3);
    assert!(cancel.is_cancelled());
    assert_eq!(summary.statuses[&AreaStatus::NotSolved], 9);
    assert!(!summary.all_converged);
}

#[test]
fn every_fault_is_named_before_any_work() {
    let (_, problem) = national();
    let fault = |options: AreasOptions, change: fn(&mut Vec<Area>)| {
        let mut areas = districts(&problem, 3);
        change(&mut areas);
        let error = problem
            .solve_areas(&areas, &options, &CancelFlag::default(), |_| panic!("nothing may be solved"))
            .unwrap_err();
        (error.path, error.code)
    };
    let of_areas = |change: fn(&mut Vec<Area>)| fault(AreasOptions::default(), change);
    let at = |path: &str, code: InputCode| (path.to_string(), code);
    use InputCode::{Dimension, Duplicate, Empty, NotFinite, OutOfRange, Singular};
    assert_eq!(of_areas(|areas| areas.clear()), at("areas", Empty));
    assert_eq!(of_areas(|areas| areas[1].key.clear()), at("areas[1].key", Empty));
    assert_eq!(of_areas(|areas| areas[2].key = "district 0".into()), at("areas[2].key", Duplicate));
    assert_eq!(of_areas(|areas| areas[1].weight_scale = 0.0), at("areas[1].weightScale", OutOfRange));
    assert_eq!(of_areas(|areas| areas[1].weight_scale = f64::NAN), at("areas[1].weightScale", NotFinite));
    assert_eq!(of_areas(|areas| areas[1].weight_scale = 1e308), at("areas[1].weightScale", OutOfRange));
    assert_eq!(of_areas(|areas| areas[2].totals = Some(vec![Some(1.0)])), at("areas[2].totals", Dimension));
    assert_eq!(
        of_areas(|areas| areas[2].totals.as_mut().unwrap()[7] = Some(f64::INFINITY)),
        at("areas[2].totals[7]", NotFinite)
    );
    assert_eq!(
        of_areas(|areas| areas[2].totals.as_mut().unwrap()[7] = Some(0.0)),
        at("areas[2].totals[7]", OutOfRange)
    );
    assert_eq!(
        of_areas(|areas| areas[2].totals.as_mut().unwrap()[7] = Some(-1.0)),
        at("areas[2].totals[7]", Singular)
    );
    assert_eq!(of_areas(|areas| areas[0].totals = Some(vec![None; TARGETS])), at("areas[0].totals", Empty));
    assert_eq!(
        of_areas(|areas| {
            let targets = TargetSelector::Pattern("no such*".into());
            areas[1].drop = vec![TargetDrop { targets, optional: false }];
        }),
        at("areas[1].drop[0]", Empty)
    );
    assert_eq!(
        of_areas(|areas| areas[1].band = Some(Band::Relative(-0.01))),
        at("areas[1].band", OutOfRange)
    );
    assert_eq!(
        of_areas(|areas| areas[1].overrides = vec![BandOverride::band("*", Band::Absolute(f64::NAN))]),
        at("areas[1].overrides[0].band", NotFinite)
    );
    assert_eq!(
        of_areas(|areas| areas[1].overrides = vec![BandOverride::band("nobody", Band::Relative(0.1))]),
        at("areas[1].overrides[0].match", Empty)
    );
    assert_eq!(
        of_areas(|areas| areas[1].bounds = Some(Bounds::Uniform { lower: 2.0, upper: 1.0 })),
        at("areas[1].bounds.lower", OutOfRange)
    );
    assert_eq!(
        of_areas(|areas| {
            let (lower, mut upper) = (vec![0.5; RECORDS], vec![2.0; RECORDS]);
            upper[17] = 0.25;
            areas[1].bounds = Some(Bounds::PerRecord { lower, upper });
        }),
        at("areas[1].bounds.lower[17]", OutOfRange)
    );
    assert_eq!(of_areas(|areas| areas[1].records = Some(Vec::new())), at("areas[1].records", Empty));
    assert_eq!(of_areas(|areas| areas[1].records = Some(vec![3, 3])), at("areas[1].records[1]", OutOfRange));
    assert_eq!(
        of_areas(|areas| areas[1].records = Some(vec![1, RECORDS as u32])),
        at("areas[1].records[1]", OutOfRange)
    );

    let with = |options: AreasOptions| fault(options, |_| ());
    let default = AreasOptions::default;
    assert_eq!(with(AreasOptions { threads: 5000, ..default() }), at("threads", OutOfRange));
    assert_eq!(with(AreasOptions { max_rounds: 0, ..default() }), at("maxRounds", OutOfRange));
    assert_eq!(with(AreasOptions { miss_tolerance: -1.0, ..default() }), at("missTolerance", OutOfRange));
    let capped = |cap| AreasOptions { exhaustion_cap: Some(cap), ..default() };
    assert_eq!(with(capped(f64::NAN)), at("exhaustionCap", NotFinite));
    assert_eq!(with(capped(0.0)), at("exhaustionCap", OutOfRange));
    // The lower bounds of 0.1 alone add up to about 0.1.
    assert_eq!(with(capped(0.05)), at("exhaustionCap", OutOfRange));
    let bands = |options| AreasOptions { form: Form::Bands(options), ..default() };
    assert_eq!(
        with(bands(BandOptions { tolerance: 0.0, ..BandOptions::default() })),
        at("bands.tolerance", OutOfRange)
    );
    let overrides = vec![BandOverride::band("nobody", Band::Relative(0.1))];
    assert_eq!(
        with(bands(BandOptions { overrides, ..BandOptions::default() })),
        at("bands.overrides[0].match", Empty)
    );
    let penalty = |options| AreasOptions { form: Form::Penalty(options), ..default() };
    assert_eq!(with(penalty(ReweightOptions::with_penalty(-1.0))), at("penalty.penalty", OutOfRange));
    let start = Start::Dual(vec![0.0; TARGETS]);
    assert_eq!(
        with(penalty(ReweightOptions { start, ..ReweightOptions::default() })),
        at("penalty.startDual", OutOfRange)
    );
    let calibration = |options| AreasOptions { form: Form::Calibration(options), ..default() };
    let logit = || CalibrationOptions::with_distance(Distance::Logit);
    assert_eq!(
        fault(calibration(logit()), |areas| areas[2].bounds =
            Some(Bounds::Uniform { lower: 1.0, upper: 3.0 })),
        at("areas[2].bounds.lower", OutOfRange)
    );
    assert_eq!(
        with(AreasOptions { exhaustion_cap: Some(2.0), ..calibration(logit()) }),
        at("exhaustionCap", OutOfRange)
    );
    assert_eq!(
        fault(calibration(logit()), |areas| areas[0].band = Some(Band::Relative(0.1))),
        at("areas[0].band", OutOfRange)
    );
}

#[test]
fn the_digest_is_that_of_the_sorted_keys() {
    let (_, problem) = national();
    let areas = districts(&problem, 2);
    let (summary, _) = run(&problem, &areas, &AreasOptions::default()).unwrap();
    let mut want = Digest::default();
    for row in &summary.areas {
        want.add_bytes(format!("{}\0{}\n", row.key, row.digest.as_ref().unwrap()).as_bytes());
    }
    assert_eq!(summary.digest, want.to_string());
}

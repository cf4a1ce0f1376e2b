//! Identical records are solved as one: the bits of the answer are those of the solve without groups, in every form.

use std::io::Write;

use equipoise::control::Control;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::bands::{BandOptions, BandWeight};
use equipoise::reweight::calibration::{CalibrationOptions, Distance};
use equipoise::reweight::{Bounds, Form, FormAnswer, ReweightOptions, ReweightProblem, Target};
use equipoise::status::Status;
use ndarray::ArrayView1;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::survey::{Area, folder};

fn grouped(form: &Form, group_identical: bool) -> Form {
    let mut form = form.clone();
    match &mut form {
        Form::Penalty(options) => options.group_identical = group_identical,
        Form::Bands(options) => options.group_identical = group_identical,
        Form::Calibration(options) => options.group_identical = group_identical,
    }
    form
}

fn num_groups(answer: &FormAnswer) -> usize {
    match answer {
        FormAnswer::Penalty(answer) => answer.num_groups,
        FormAnswer::Bands(answer) => answer.num_groups,
        FormAnswer::Calibration(answer) => answer.num_groups,
    }
}

/// Solves with and without groups; the multipliers must agree to the bit. Returns the number of groups.
fn check(problem: &ReweightProblem, form: &Form, what: &str) -> usize {
    let solve = |form: &Form| problem.solve_form(form, &mut Control::default()).unwrap();
    let (with, without) = (solve(&grouped(form, true)), solve(&grouped(form, false)));
    assert_eq!(with.status(), Status::Converged, "{what}: {}", with.message());
    assert_eq!(without.status(), Status::Converged, "{what}");
    assert!(with.distance_bound() <= 1e-13, "{what}: {}", with.distance_bound());
    assert_eq!(with.multipliers(), without.multipliers(), "{what}");
    assert_eq!(with.weights(), without.weights(), "{what}");
    assert_eq!(with.digest(), without.digest(), "{what}");
    assert_eq!(num_groups(&without), problem.num_records(), "{what}");
    for threads in [1, 2, 4] {
        assert_eq!(solve(&grouped(form, true).with_threads(threads)).digest(), with.digest(), "{what}");
    }
    num_groups(&with)
}

/// What a record is a copy of, with the weight of each kind.
struct Copies {
    kind_of: Vec<usize>,
    columns: Vec<Vec<f64>>,
    weights: Vec<f64>,
}

impl Copies {
    /// `kinds` different records in shuffled copies; `factor` is the share of the design total that is asked for.
    fn new(kinds: usize, copies: usize, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |limit: usize| random.next_u32() as usize % limit;
        let mut kind_of: Vec<usize> = (0..kinds).chain((0..kinds * copies).map(|_| below(kinds))).collect();
        for i in (1..kind_of.len()).rev() {
            kind_of.swap(i, below(i + 1));
        }
        let column = |make: &mut dyn FnMut(usize) -> f64| (0..kinds).map(make).collect::<Vec<f64>>();
        let columns = vec![
            vec![1.0; kinds],
            column(&mut |kind| (1 + 3 * (kind * 37 % kinds) + below(3)) as f64),
            column(&mut |kind| f64::from((kind % 3 == 0) as u8)),
            column(&mut |_| below(4) as f64),
        ];
        let weights = column(&mut |kind| 20.0 + (kind * 7919 % 100) as f64 + below(100) as f64 / 128.0);
        Self { kind_of, columns, weights }
    }

    fn of_records(&self, of_kind: &[f64]) -> Vec<f64> {
        self.kind_of.iter().map(|&kind| of_kind[kind]).collect()
    }

    fn problem(&self, weights: &[f64]) -> ReweightProblem {
        let columns: Vec<Vec<f64>> = self.columns.iter().map(|c| self.of_records(c)).collect();
        let targets =
            columns.iter().zip([1.02, 0.99, 1.03, 0.98]).enumerate().map(|(j, (column, factor))| {
                let total: f64 = column.iter().zip(weights).map(|(x, w)| x * w).sum();
                Target::new(format!("t{j}"), (total * factor).round())
            });
        let matrix = SparseMatrix::from_dense_columns(self.kind_of.len(), columns.iter().map(Vec::as_slice));
        let side = |base: f64| {
            let of_kind: Vec<f64> = (0..self.weights.len()).map(|k| base + (k % 2) as f64 * 0.05).collect();
            self.of_records(&of_kind)
        };
        ReweightProblem::builder(matrix.unwrap(), ArrayView1::from(weights), targets.clone().collect())
            .bounds(Bounds::PerRecord { lower: side(0.85), upper: side(1.1) })
            .build()
            .unwrap()
    }
}

fn distances() -> [Distance; 5] {
    [
        Distance::Linear,
        Distance::TruncatedLinear,
        Distance::Raking,
        Distance::Logit,
        Distance::HyperbolicSine { alpha: 1.0 },
    ]
}

#[test]
fn copies_are_solved_once_in_every_form() {
    for seed in 0..6 {
        let copies = Copies::new(60 + 40 * seed as usize, 6, seed);
        let kinds = copies.weights.len();
        let weights = copies.of_records(&copies.weights);
        let problem = copies.problem(&weights);
        for penalty in [1e-1, 1e-3, 1e-5] {
            let form = Form::Penalty(ReweightOptions::with_penalty(penalty));
            assert_eq!(check(&problem, &form, &format!("penalty {penalty}, seed {seed}")), kinds);
        }
        for (name, weight) in [("elastic", BandWeight::Elastic(1e6)), ("hard", BandWeight::Hard)] {
            let form = Form::Bands(BandOptions { weight, ..BandOptions::default() });
            assert_eq!(check(&problem, &form, &format!("{name} bands, seed {seed}")), kinds);
        }
        for distance in distances() {
            let form = Form::Calibration(CalibrationOptions::with_distance(distance));
            assert_eq!(check(&problem, &form, &format!("{}, seed {seed}", distance.as_str())), kinds);
        }
    }
}

/// Copies that differ in their design weights: calibration does not mind, bands do not where d is proportional to the weight, and
/// the penalty form has no groups.
#[test]
fn what_a_form_counts_as_identical() {
    let copies = Copies::new(80, 6, 20);
    let n = copies.kind_of.len();
    let weights: Vec<f64> = copies
        .of_records(&copies.weights)
        .iter()
        .enumerate()
        .map(|(i, w)| w + (i % 97) as f64 / 128.0)
        .collect();
    let problem = copies.problem(&weights);
    for distance in distances() {
        let q: Vec<f64> = copies.kind_of.iter().map(|&kind| 1.0 + (kind % 2) as f64).collect();
        let options =
            CalibrationOptions { q_weights: Some(q), ..CalibrationOptions::with_distance(distance) };
        assert_eq!(check(&problem, &Form::Calibration(options), distance.as_str()), 80);
    }
    let proportional = BandOptions { distance_weights: Some(weights.clone()), ..BandOptions::default() };
    assert_eq!(check(&problem, &Form::Bands(proportional), "d proportional to w"), 80);
    assert_eq!(check(&problem, &Form::Bands(BandOptions::default()), "d = 1"), n);
    let penalty = Form::Penalty(ReweightOptions::with_penalty(1e-3));
    assert_eq!(check(&problem, &penalty, "penalty"), n);
    // Clusters are units of their own.
    let clusters = Some((0..n as u32).collect());
    let clustered = CalibrationOptions { clusters, ..CalibrationOptions::default() };
    assert_eq!(check(&problem, &Form::Calibration(clustered), "clusters"), n);
}

#[test]
fn few_repeats_are_not_grouped() {
    let mut copies = Copies::new(200, 6, 3);
    // Every record its own kind but for a handful.
    copies.kind_of.sort_unstable();
    copies.kind_of.dedup();
    copies.kind_of.extend(0..20);
    let problem = copies.problem(&copies.of_records(&copies.weights));
    let form = Form::Penalty(ReweightOptions::with_penalty(1e-3));
    assert_eq!(check(&problem, &form, "few repeats"), 220);
}

#[test]
fn a_contradiction_is_proven_over_all_records() {
    let copies = Copies::new(50, 8, 9);
    let problem = copies.problem(&copies.of_records(&copies.weights));
    let mut targets = problem.targets().to_vec();
    targets[0].total *= 1.5;
    let mut problem = problem;
    problem.set_targets(targets).unwrap();
    let hard = Form::Bands(BandOptions { weight: BandWeight::Hard, ..BandOptions::default() });
    let truncated = Form::Calibration(CalibrationOptions::with_distance(Distance::TruncatedLinear));
    for form in [hard, truncated] {
        let solve = |group| problem.solve_form(&grouped(&form, group), &mut Control::default()).unwrap();
        let (with, without) = (solve(true), solve(false));
        assert_eq!((with.status(), without.status()), (Status::Infeasible, Status::Infeasible));
        assert_eq!(with.digest(), without.digest());
        assert_eq!(num_groups(&with), problem.num_records());
    }
}

#[test]
fn the_travel_survey_has_the_same_bits() {
    let Some(folder) = folder() else { return };
    for area in 1..=4 {
        let survey = Area::read(&folder, area);
        let problem = survey.problem(&survey.names(25), 4.0);
        let n = problem.num_records();
        let penalty = Form::Penalty(ReweightOptions::with_penalty(1e-4));
        let mut groups = vec![check(&problem, &penalty, &format!("area {area}, penalty"))];
        let proportional = BandOptions { distance_weights: Some(survey.weights), ..BandOptions::default() };
        for (what, options) in [("bands", BandOptions::default()), ("bands, d = w", proportional)] {
            groups.push(check(&problem, &Form::Bands(options), &format!("area {area}, {what}")));
        }
        let raking = Form::Calibration(CalibrationOptions {
            costs: Some(vec![1e-3; 25]),
            ..CalibrationOptions::with_distance(Distance::Raking)
        });
        groups.push(check(&problem, &raking, &format!("area {area}, raking")));
        writeln!(std::io::stderr(), "area {area}: {n} records, groups {groups:?}").unwrap();
        // Rows repeat a lot; where the design weights do not matter most records have a twin.
        assert!(groups[2] < n / 2 && groups[3] == groups[2]);
    }
}

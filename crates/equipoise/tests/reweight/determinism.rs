//! One digest per problem: whatever the number of threads, the order of the input, the start or the neighbours of a solve.

use equipoise::control::Control;
use equipoise::numeric::digest::Digest;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::bands::{Band, BandMethod, BandOptions, BandOverride, BandReweighting, BandWeight};
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::{Method, ReweightOptions, ReweightProblem, Reweighting, Start, Target};
use ndarray::ArrayView1;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Multipliers and weights of `NationalPopulation::generate(2000, 200, 1)` at penalty 1e-2. Only a change of the generator or
/// of the form can make it necessary to write them anew:
/// `cargo run --release --example digest -- --gold-star > crates/equipoise/tests/reweight/data/gold_star_2000.csv`
const GOLD_STAR: &str = include_str!("data/gold_star_2000.csv");
const GOLD_STAR_DIGEST: &str = "dd2467c33554ad50";

const PENALTIES: [f64; 3] = [1e-2, 1e-4, 1e-6];

fn targets(population: &NationalPopulation) -> Vec<Target> {
    population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect()
}

fn problem_with(population: &NationalPopulation, matrix: SparseMatrix) -> ReweightProblem {
    ReweightProblem::builder(matrix, ArrayView1::from(&population.weight), targets(population))
        .build()
        .unwrap()
}

fn national(num_records: usize, num_targets: usize) -> (NationalPopulation, ReweightProblem) {
    let population = NationalPopulation::generate(num_records, num_targets, 1).unwrap();
    let problem = problem_with(&population, population.matrix.clone());
    (population, problem)
}

fn options(penalty: f64, method: Method) -> ReweightOptions {
    ReweightOptions { penalty, method, threads: 1, ..ReweightOptions::default() }
}

/// Everything but the times is the same.
fn assert_same(a: &Reweighting, b: &Reweighting, what: &str) {
    assert_eq!(a.digest, b.digest, "{what}");
    assert_eq!(a.multipliers, b.multipliers, "{what}");
    assert_eq!(a.weights, b.weights, "{what}");
    assert_eq!((&a.dual, &a.dual_low), (&b.dual, &b.dual_low), "{what}");
    assert_eq!(a.certificate, b.certificate, "{what}");
    assert_eq!(a.targets, b.targets, "{what}");
    assert_eq!(a.attempts, b.attempts, "{what}");
    assert_eq!(a.history, b.history, "{what}");
}

#[test]
fn thread_counts_and_repetition_change_nothing() {
    // More records than one chunk of the element-wise loops, so that several threads share them.
    let (_, problem) = national(10_000, 120);
    for penalty in PENALTIES {
        let one = problem.solve(&options(penalty, Method::Newton)).unwrap();
        for threads in [1, 2, 4, 8] {
            let again =
                problem.solve(&ReweightOptions { threads, ..options(penalty, Method::Newton) }).unwrap();
            assert_same(&one, &again, &format!("newton, penalty {penalty}, {threads} threads"));
        }
    }
}

#[test]
fn thread_counts_change_nothing_for_the_other_methods() {
    let (_, problem) = national(5_000, 20);
    for method in [Method::Lbfgsb, Method::Clarabel] {
        // Stopped early where it would take long: the bits are those of every step so far.
        let options = ReweightOptions { max_iterations: Some(60), ..options(1e-2, method) };
        let one = problem.solve(&options).unwrap();
        for threads in [2, 4] {
            let again = problem.solve(&ReweightOptions { threads, ..options.clone() }).unwrap();
            assert_same(&one, &again, &format!("{method:?}, {threads} threads"));
        }
    }
}

#[test]
fn the_order_of_the_entries_changes_nothing() {
    let (population, problem) = national(2_000, 150);
    let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for j in 0..problem.num_targets() {
        let (of, value) = population.matrix.column(j);
        rows.extend_from_slice(of);
        values.extend_from_slice(value);
        columns.extend(std::iter::repeat_n(j as u32, of.len()));
    }
    let mut order: Vec<usize> = (0..values.len()).collect();
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for i in (1..order.len()).rev() {
        order.swap(i, (random.next_u64() % (i as u64 + 1)) as usize);
    }
    let shuffled = SparseMatrix::from_triples(
        problem.num_records(),
        problem.num_targets(),
        &order.iter().map(|&e| rows[e]).collect::<Vec<_>>(),
        &order.iter().map(|&e| columns[e]).collect::<Vec<_>>(),
        &order.iter().map(|&e| values[e]).collect::<Vec<_>>(),
    )
    .unwrap();
    let wanted = problem.solve(&options(1e-4, Method::Newton)).unwrap();
    let got = problem_with(&population, shuffled).solve(&options(1e-4, Method::Newton)).unwrap();
    assert_same(&wanted, &got, "shuffled triples");
}

#[test]
fn the_order_of_records_and_targets_changes_no_multiplier() {
    let (population, problem) = national(2_000, 150);
    let wanted = problem.solve(&options(1e-4, Method::Newton)).unwrap();
    let reversed = reversed(&population, problem.num_records(), problem.num_targets());
    let got = reversed.solve(&options(1e-4, Method::Newton)).unwrap();
    // Other sums, other rounding errors: the multipliers agree because both are the rounded optimum.
    let back: Vec<f64> = got.multipliers.iter().rev().copied().collect();
    assert_eq!(wanted.multipliers.to_vec(), back);
}

#[test]
fn the_start_changes_no_multiplier() {
    let (_, problem) = national(2_000, 150);
    for penalty in PENALTIES {
        let cold = problem.solve(&options(penalty, Method::Newton)).unwrap();
        let other = problem.solve(&options(penalty * 3.0, Method::Newton)).unwrap();
        let starts = [
            ("multipliers of another penalty", Start::Multipliers(other.multipliers.to_vec())),
            ("dual of another penalty", Start::Dual(other.dual.to_vec())),
            ("its own multipliers", Start::Multipliers(cold.multipliers.to_vec())),
            ("its own dual", Start::Dual(cold.dual.to_vec())),
            ("ascending multipliers", Start::Multipliers((0..2_000).map(|i| f64::from(i) * 1e-2).collect())),
        ];
        for (what, start) in starts {
            let warm = problem.solve(&ReweightOptions { start, ..options(penalty, Method::Newton) }).unwrap();
            assert_eq!(cold.digest, warm.digest, "penalty {penalty}, start {what}");
        }
    }
}

#[test]
fn a_sweep_gives_the_multipliers_of_single_solves() {
    let (_, problem) = national(2_000, 150);
    let options_of = |penalty| options(penalty, Method::Newton);
    let sweep = problem.sweep(&PENALTIES, &options_of(1.0), &mut Control::default()).unwrap();
    assert_eq!(sweep.len(), PENALTIES.len());
    for (answer, penalty) in sweep.iter().zip(PENALTIES) {
        let single = problem.solve(&options_of(penalty)).unwrap();
        assert_eq!(answer.digest, single.digest, "penalty {penalty}");
    }
}

/// Elastic, nearly hard, hard, mixed, and infeasible bands.
fn band_cases() -> Vec<(&'static str, BandOptions)> {
    let with = |tolerance: f64, weight: BandWeight| BandOptions {
        band: Band::Relative(tolerance),
        weight,
        method: BandMethod::ProximalNewton,
        ..BandOptions::default()
    };
    let mixed = BandOptions {
        overrides: vec![
            BandOverride::weight("*1*", BandWeight::Hard),
            BandOverride::band("*2*", Band::Relative(0.0)),
            BandOverride::weight("*2*", BandWeight::Elastic(1e3)),
        ],
        ..with(0.3, BandWeight::Elastic(1e6))
    };
    vec![
        ("elastic", with(0.005, BandWeight::Elastic(1e6))),
        ("nearly hard", with(0.005, BandWeight::Elastic(1e12))),
        ("hard", with(0.3, BandWeight::Hard)),
        ("mixed", mixed),
        ("infeasible", with(0.005, BandWeight::Hard)),
    ]
}

/// Everything but the times is the same.
fn assert_same_bands(a: &BandReweighting, b: &BandReweighting, what: &str) {
    assert_eq!(a.digest, b.digest, "{what}");
    assert_eq!((&a.multipliers, &a.weights), (&b.multipliers, &b.weights), "{what}");
    assert_eq!((&a.dual, &a.dual_low), (&b.dual, &b.dual_low), "{what}");
    assert_eq!(a.certificate, b.certificate, "{what}");
    assert_eq!(a.targets, b.targets, "{what}");
    assert_eq!(a.attempts, b.attempts, "{what}");
    assert_eq!(a.history, b.history, "{what}");
    assert_eq!(a.infeasibility, b.infeasibility, "{what}");
}

#[test]
fn thread_counts_change_nothing_for_bands() {
    let (_, problem) = national(10_000, 60);
    for (case, options) in band_cases() {
        let solve =
            |threads: usize| problem.solve_bands(&BandOptions { threads, ..options.clone() }).unwrap();
        let one = solve(1);
        for threads in [1, 2, 4, 8] {
            assert_same_bands(&one, &solve(threads), &format!("{case}, {threads} threads"));
        }
    }
}

#[test]
fn thread_counts_change_nothing_for_priorities() {
    let (_, problem) = national(6_000, 40);
    let ranks: Vec<u32> = (0..40).map(|j| j % 3).collect();
    let solve = |threads: usize| {
        problem.solve_bands_by_priority(&BandOptions { threads, ..BandOptions::default() }, &ranks).unwrap()
    };
    let one = solve(1);
    for threads in [2, 4] {
        let again = solve(threads);
        assert_eq!(again.ranks, one.ranks, "{threads} threads");
        assert_same_bands(&one.answer, &again.answer, &format!("{threads} threads"));
    }
}

#[test]
fn the_order_of_records_and_targets_changes_no_multiplier_of_bands() {
    let (population, problem) = national(2_000, 60);
    let (n, k) = (problem.num_records(), problem.num_targets());
    let reversed = reversed(&population, n, k);
    for (case, options) in band_cases().into_iter().filter(|(case, _)| *case != "infeasible") {
        let wanted = problem.solve_bands(&options).unwrap();
        assert_eq!(wanted.status.as_str(), "converged", "{case}");
        let got = reversed.solve_bands(&options).unwrap();
        // Other sums, other rounding errors: the multipliers agree because both are the rounded optimum.
        let back: Vec<f64> = got.multipliers.iter().rev().copied().collect();
        assert_eq!(wanted.multipliers.to_vec(), back, "{case}");
    }
}

/// The problem with its records and targets in the opposite order.
fn reversed(population: &NationalPopulation, n: usize, k: usize) -> ReweightProblem {
    let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for j in 0..k {
        let (of, value) = population.matrix.column(j);
        rows.extend(of.iter().map(|&i| (n - 1) as u32 - i));
        values.extend_from_slice(value);
        columns.extend(std::iter::repeat_n((k - 1 - j) as u32, of.len()));
    }
    let matrix = SparseMatrix::from_triples(n, k, &rows, &columns, &values).unwrap();
    let weights: Vec<f64> = population.weight.iter().rev().copied().collect();
    let targets = targets(population).into_iter().rev().collect();
    ReweightProblem::builder(matrix, ArrayView1::from(&weights), targets).build().unwrap()
}

#[test]
fn the_answer_is_the_committed_gold_star_bit_by_bit() {
    let (_, problem) = national(2_000, 200);
    let answer = problem.solve(&options(1e-2, Method::Newton)).unwrap();
    let mut reader = csv::Reader::from_reader(GOLD_STAR.as_bytes());
    let committed: Vec<(usize, f64, f64)> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(committed.len(), answer.multipliers.len());
    for (i, &(record, multiplier, weight)) in committed.iter().enumerate() {
        assert_eq!(record, i);
        assert_eq!(multiplier.to_bits(), answer.multipliers[i].to_bits(), "multiplier of record {i}");
        assert_eq!(weight.to_bits(), answer.weights[i].to_bits(), "weight of record {i}");
    }
    assert_eq!(answer.digest.to_string(), GOLD_STAR_DIGEST);
    assert_eq!(Digest::of(committed.iter().map(|row| row.1)).to_string(), GOLD_STAR_DIGEST);
}

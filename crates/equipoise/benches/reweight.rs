//! The kernels of a reweighting and whole solves on a synthetic population of moderate size:
//! `cargo bench --bench reweight -- gram`. Comparisons with other solvers are in `bench/reweight`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use equipoise::numeric::cholesky::Cholesky;
use equipoise::numeric::gram::GramPlan;
use equipoise::numeric::parallel::Workers;
use equipoise::reweight::bands::{Band, BandMethod, BandOptions, BandWeight};
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::{DualPoint, Method, ReweightOptions, ReweightProblem, Target};
use ndarray::ArrayView1;

const NUM_RECORDS: usize = 20_000;
const NUM_TARGETS: usize = 300;
const PENALTIES: [f64; 3] = [1e-2, 1e-4, 1e-6];
const THREADS: [usize; 2] = [1, 2];

fn population() -> NationalPopulation {
    NationalPopulation::generate(NUM_RECORDS, NUM_TARGETS, 1).expect("the population supports these targets")
}

fn problem(population: &NationalPopulation) -> ReweightProblem {
    let targets = population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect();
    ReweightProblem::builder(population.matrix.clone(), ArrayView1::from(&population.weight), targets)
        .build()
        .expect("a generated population is valid")
}

fn options(penalty: f64, threads: usize) -> ReweightOptions {
    ReweightOptions { penalty, threads, method: Method::Newton, ..ReweightOptions::default() }
}

fn kernels(criterion: &mut Criterion) {
    let population = population();
    let matrix = &population.matrix;
    let plan = GramPlan::new(matrix);
    let rows: Vec<u32> = (0..NUM_RECORDS as u32).collect();
    let v: Vec<f64> = population.targets.iter().map(|t| 1.0 / (t.total + 1.0)).collect();
    let (mut by_record, mut by_target) = (vec![0.0; NUM_RECORDS], vec![0.0; NUM_TARGETS]);
    let mut gram = vec![0.0; NUM_TARGETS * NUM_TARGETS];
    let mut cholesky = Cholesky::new(NUM_TARGETS);
    let mut group = criterion.benchmark_group("kernels");
    for threads in THREADS {
        let workers = Workers::new(threads);
        group.bench_function(BenchmarkId::new("gram", threads), |b| {
            b.iter(|| {
                gram.fill(0.0);
                plan.add(matrix, &rows, |_| 1.0, &mut gram, &workers);
            });
        });
        group.bench_function(BenchmarkId::new("cholesky", threads), |b| {
            let entry =
                |i: usize, j: usize| v[i] * v[j] * gram[i * NUM_TARGETS + j] + if i == j { 0.5 } else { 0.0 };
            b.iter(|| cholesky.factor(entry, &workers).expect("a Gram matrix plus half the identity"));
        });
        group.bench_function(BenchmarkId::new("times", threads), |b| {
            b.iter(|| matrix.times(black_box(&v), &mut by_record, &workers));
        });
        group.bench_function(BenchmarkId::new("transposed_times", threads), |b| {
            b.iter(|| matrix.transposed_times(black_box(&population.weight), &mut by_target, &workers));
        });
    }
    group.finish();
}

/// The double-double evaluation of the dual that finish and certificate consist of.
fn certify(criterion: &mut Criterion) {
    let problem = problem(&population());
    let penalty = PENALTIES[0];
    let answer = problem.solve(&options(penalty, 1)).expect("valid options");
    let mut group = criterion.benchmark_group("certify");
    for threads in THREADS {
        group.bench_function(BenchmarkId::from_parameter(threads), |b| {
            let dual = DualPoint { high: answer.dual.view(), low: Some(answer.dual_low.view()) };
            b.iter(|| problem.certify(answer.multipliers.view(), Some(dual), penalty, threads));
        });
    }
    group.finish();
}

fn solve(criterion: &mut Criterion) {
    let population = population();
    let mut group = criterion.benchmark_group("solve");
    group.sample_size(20);
    group.bench_function("build", |b| b.iter(|| problem(&population)));
    let problem = problem(&population);
    for threads in THREADS {
        for penalty in PENALTIES {
            let options = options(penalty, threads);
            let id = BenchmarkId::new(format!("newton_{threads}"), format!("{penalty:e}"));
            group.bench_function(id, |b| b.iter(|| problem.solve(&options)));
        }
    }
    group.bench_function("sweep_1", |b| {
        b.iter(|| problem.sweep(&PENALTIES, &options(PENALTIES[0], 1), &mut Default::default()));
    });
    group.finish();
}

/// The band form: as the national projects use it, nearly hard, hard, and its certificate.
fn bands(criterion: &mut Criterion) {
    let problem = problem(&population());
    let cases = [
        ("0.5 %", 0.005, BandWeight::Elastic(1e6)),
        ("0.5 %, M = 1e12", 0.005, BandWeight::Elastic(1e12)),
        ("30 %, hard", 0.3, BandWeight::Hard),
    ];
    let mut group = criterion.benchmark_group("bands");
    group.sample_size(10);
    for (name, tolerance, weight) in cases {
        for threads in THREADS {
            let options = BandOptions {
                band: Band::Relative(tolerance),
                weight,
                method: BandMethod::ProximalNewton,
                threads,
                ..BandOptions::default()
            };
            group.bench_function(BenchmarkId::new(name, threads), |b| {
                b.iter(|| problem.solve_bands(&options))
            });
            let answer = problem.solve_bands(&options).expect("valid options");
            group.bench_function(BenchmarkId::new(format!("certify {name}"), threads), |b| {
                let dual = DualPoint { high: answer.dual.view(), low: Some(answer.dual_low.view()) };
                b.iter(|| problem.certify_bands(answer.multipliers.view(), Some(dual), &options));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, kernels, certify, solve, bands);
criterion_main!(benches);

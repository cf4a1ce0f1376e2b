//! Solves a fixed set of problems and prints one digest per answer: the lines are the same on every machine and for every
//! number of threads. `ci/cross-cpu.sh` compares them.
//!
//! ```sh
//! cargo run --release --example digest -- --threads 4
//! ```
#![allow(clippy::print_stdout)]

use argmin::core::{CostFunction, Executor, Gradient, Hessian, State};
use equipoise::numeric::digest::Digest;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::bands::{Band, BandMethod, BandOptions, BandOverride, BandReweighting, BandWeight};
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::{Bounds, Method, ReweightOptions, ReweightProblem, Target};
use equipoise::smooth::{Bfgs, Cubic, Lbfgsb};
use ndarray::ArrayView1;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

#[path = "digest/outer.rs"]
mod outer;
#[path = "digest/sqp.rs"]
mod sqp;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let threads = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => 1,
        ["--threads", number] => number.parse()?,
        ["--gold-star"] => return print_gold_star(),
        _ => return Err("usage: digest [--threads N | --gold-star]".into()),
    };
    print_population()?;
    let national = national(2_000, 200)?;
    for penalty in [1e-2, 1e-4, 1e-6] {
        for (method, max_iterations) in [(Method::Newton, None), (Method::Lbfgsb, Some(300))] {
            print(
                &format!("national 2000 x 200, {penalty:e}"),
                &national,
                penalty,
                method,
                max_iterations,
                threads,
            )?;
        }
    }
    // More records than one chunk of the parallel loops.
    print("national 9000 x 60, 1e-3", &self::national(9_000, 60)?, 1e-3, Method::Newton, None, threads)?;
    let survey = survey()?;
    for penalty in [1e-2, 1e-6] {
        print(&format!("survey counts, {penalty:e}"), &survey, penalty, Method::Newton, None, threads)?;
    }
    print_bands(&self::national(9_000, 60)?, threads)?;
    print_smooth(threads)?;
    for (name, problem, penalty) in hard_cases()? {
        for method in [Method::Newton, Method::Clarabel] {
            print(name, &problem, penalty, method, None, threads)?;
        }
    }
    outer::print(threads)?;
    sqp::print()
}

/// Digests of the answer, of its dual point and of the certificate's numbers.
fn print(
    name: &str,
    problem: &ReweightProblem,
    penalty: f64,
    method: Method,
    max_iterations: Option<u32>,
    threads: usize,
) -> Result<(), Failure> {
    let options = ReweightOptions { penalty, method, max_iterations, threads, ..ReweightOptions::default() };
    let answer = problem.solve(&options)?;
    let c = &answer.certificate;
    let dual = Digest::of(answer.dual.iter().chain(&answer.dual_low).copied());
    let numbers =
        [c.objective, c.loss, c.duality_gap, c.distance_bound, c.bound_before_rounding, c.stationarity];
    let certificate = Digest::of(numbers);
    println!("{:<36} {:<10} {} {dual} {certificate} {}", name, method.as_str(), answer.digest, answer.status);
    Ok(())
}

/// The band form: elastic, nearly hard, hard, mixed, infeasible, by Clarabel, by priority.
fn print_bands(problem: &ReweightProblem, threads: usize) -> Result<(), Failure> {
    let with = |tolerance: f64, weight: BandWeight, method: BandMethod| BandOptions {
        band: Band::Relative(tolerance),
        weight,
        method,
        threads,
        ..BandOptions::default()
    };
    let newton = BandMethod::ProximalNewton;
    let mixed =
        vec![BandOverride::weight("*1*", BandWeight::Hard), BandOverride::band("*2*", Band::Relative(0.0))];
    let cases = [
        ("bands, 0.5 %", with(0.005, BandWeight::Elastic(1e6), newton)),
        ("bands, 0.5 %, 1e12", with(0.005, BandWeight::Elastic(1e12), newton)),
        ("bands, 30 %, hard", with(0.3, BandWeight::Hard, newton)),
        ("bands, 0.5 %, hard", with(0.005, BandWeight::Hard, newton)),
        ("bands, mixed", BandOptions { overrides: mixed, ..with(0.3, BandWeight::Elastic(1e6), newton) }),
        (
            "bands, 0.5 %",
            BandOptions {
                max_iterations: Some(8),
                ..with(0.005, BandWeight::Elastic(1e6), BandMethod::Clarabel)
            },
        ),
    ];
    for (name, options) in cases {
        print_band_answer(name, &problem.solve_bands(&options)?);
    }
    let ranks: Vec<u32> = (0..problem.num_targets() as u32).map(|j| j % 2).collect();
    let by_priority = problem.solve_bands_by_priority(&with(0.005, BandWeight::Hard, newton), &ranks)?;
    let violations = by_priority.ranks.iter().flat_map(|rank| [rank.violation, rank.violation_bound]);
    println!("{:<36} {:<10} {}", "bands, violations by priority", "", Digest::of(violations));
    print_band_answer("bands by priority", &by_priority.answer);
    Ok(())
}

fn print_band_answer(name: &str, answer: &BandReweighting) {
    let c = &answer.certificate;
    let dual = Digest::of(answer.dual.iter().chain(&answer.dual_low).copied());
    let margin = answer.infeasibility.as_ref().map_or(0.0, |proof| proof.margin);
    let numbers =
        [c.objective, c.duality_gap, c.distance_bound, c.bound_before_rounding, c.stationarity, margin];
    let certificate = Digest::of(numbers);
    let method = answer.method.as_str();
    println!("{name:<36} {method:<10} {} {dual} {certificate} {}", answer.digest, answer.status);
}

/// The answer that `tests/reweight/determinism.rs` compares with, in the shortest digits that read back to the same doubles.
fn print_gold_star() -> Result<(), Failure> {
    let options = ReweightOptions { method: Method::Newton, ..ReweightOptions::with_penalty(1e-2) };
    let answer = national(2_000, 200)?.solve(&options)?;
    println!("record,multiplier,weight");
    for (i, (multiplier, weight)) in answer.multipliers.iter().zip(&answer.weights).enumerate() {
        println!("{i},{multiplier},{weight}");
    }
    Ok(())
}

/// The generator itself: its logarithms and normal numbers.
fn print_population() -> Result<(), Failure> {
    let population = NationalPopulation::generate(20_000, 300, 7)?;
    let totals = population.targets.iter().map(|t| t.total);
    let amounts = population.amounts.iter().flatten().copied();
    let columns = population.weight.iter().chain(&population.agi).copied();
    println!(
        "{:<36} {:<10} {}",
        "national 20000 x 300",
        "generate",
        Digest::of(columns.chain(amounts).chain(totals))
    );
    Ok(())
}

fn national(num_records: usize, num_targets: usize) -> Result<ReweightProblem, Failure> {
    let population = NationalPopulation::generate(num_records, num_targets, 1)?;
    let targets = population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect();
    Ok(ReweightProblem::builder(population.matrix, ArrayView1::from(&population.weight), targets).build()?)
}

/// Counts of households and persons by classes that add up to one another, so that the targets are linearly dependent.
fn survey() -> Result<ReweightProblem, Failure> {
    const NUM_HOUSEHOLDS: usize = 4_000;
    /// Targets: households, by size (4), by income (3), by dwelling (2); persons, by age (6), by sex (2).
    const NUM_TARGETS: usize = 1 + 4 + 3 + 2 + 1 + 6 + 2;
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut below = |n: u64| (random.next_u64() % n) as usize;
    let (mut rows, mut columns, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for household in 0..NUM_HOUSEHOLDS {
        let mut count = |target: usize| {
            rows.push(household as u32);
            columns.push(target as u32);
        };
        weights.push(7.58 + below(20_000) as f64 / 100.0);
        let persons = 1 + below(6);
        count(0);
        count(1 + persons.min(4) - 1);
        count(5 + below(3));
        count(8 + below(2));
        for _ in 0..persons {
            count(10);
            count(11 + below(6));
            count(17 + below(2));
        }
    }
    let values = vec![1.0; rows.len()];
    let matrix = SparseMatrix::from_triples(NUM_HOUSEHOLDS, NUM_TARGETS, &rows, &columns, &values)?;
    let mut totals = [0.0; NUM_TARGETS];
    for (&row, &column) in rows.iter().zip(&columns) {
        totals[column as usize] += weights[row as usize];
    }
    let targets = totals
        .iter()
        .enumerate()
        .map(|(j, total)| Target::new(format!("count {j}"), (total * (0.6 + 0.1 * (j % 9) as f64)).round()))
        .collect();
    Ok(ReweightProblem::builder(matrix, ArrayView1::from(&weights), targets).build()?)
}

/// Small problems at the edge of double precision.
fn hard_cases() -> Result<Vec<(&'static str, ReweightProblem, f64)>, Failure> {
    let weights = [132.5, 87.31, 240.0, 55.25, 410.75, 98.6, 77.07, 301.2];
    let ones = [1.0; 8];
    let some = [0.0, 2.0, 1.0, 0.0, 3.0, 1.0, 0.0, 4.0];
    let mixed = [-1.5, 0.0, 2.0, -3.25, 0.0, 1.0, 7.5, -0.125];
    let build = |columns: &[&[f64; 8]], targets: Vec<Target>, bounds: Bounds| -> Result<_, Failure> {
        let matrix = SparseMatrix::from_dense_columns(8, columns.iter().map(|c| &c[..]))?;
        Ok(ReweightProblem::builder(matrix, ArrayView1::from(&weights), targets).bounds(bounds).build()?)
    };
    let target = |name: &str, total: f64| Target::new(name, total);
    let contradiction = vec![
        target("a", 1_500.0),
        target("a again", 1_500.000_001),
        target("b", 2400.0),
        target("b again", 2399.0),
    ];
    let huge = some.map(|x| x * 1e12);
    let tiny = mixed.map(|x| x * 1e-3);
    let scales = vec![target("huge", 2.9e15), target("tiny", -2.25), target("ones", 0.0).with_scale(1e3)];
    let fixed = Bounds::PerRecord {
        lower: vec![0.1, 1.0, 0.5, 2.0, -2.0, 0.999_999, 0.1, 0.0],
        upper: vec![10.0, 1.0, 0.9, 3.0, 3.0, 1.000_001, 0.1, 5.0],
    };
    Ok(vec![
        (
            "contradictory duplicates",
            build(&[&ones, &ones, &some, &some], contradiction, Bounds::default())?,
            1e-5,
        ),
        ("scales 1e-3 to 1e12", build(&[&huge, &tiny, &ones], scales, Bounds::default())?, 1e-6),
        (
            "fixed and excluded records",
            build(&[&ones, &mixed], vec![target("a", 2100.0), target("c", 900.0)], fixed)?,
            1e-2,
        ),
        (
            "zero and negative totals",
            build(&[&mixed, &some], vec![target("c", -200.0), target("b", 0.0)], Bounds::default())?,
            1e2,
        ),
    ])
}

/// Rosenbrock's chain of n variables, in products and sums only.
struct Chain;

impl CostFunction for Chain {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, argmin::core::Error> {
        let term = |w: &[f64]| {
            let (t, r) = (w[1] - w[0] * w[0], 1.0 - w[0]);
            100.0 * t * t + r * r
        };
        Ok(x.windows(2).map(term).sum())
    }
}

impl Gradient for Chain {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, argmin::core::Error> {
        let mut g = vec![0.0; x.len()];
        for i in 0..x.len() - 1 {
            let t = x[i + 1] - x[i] * x[i];
            g[i] += -400.0 * x[i] * t - 2.0 * (1.0 - x[i]);
            g[i + 1] += 200.0 * t;
        }
        Ok(g)
    }
}

impl Hessian for Chain {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;
    fn hessian(&self, x: &Vec<f64>) -> Result<Vec<Vec<f64>>, argmin::core::Error> {
        let n = x.len();
        let mut h = vec![vec![0.0; n]; n];
        for i in 0..n - 1 {
            h[i][i] += -400.0 * (x[i + 1] - 3.0 * x[i] * x[i]) + 2.0;
            h[i + 1][i + 1] += 200.0;
            h[i][i + 1] -= 400.0 * x[i];
            h[i + 1][i] -= 400.0 * x[i];
        }
        Ok(h)
    }
}

/// Digests of the points that the solvers over boxes end at; some variables end at bounds.
fn print_smooth(threads: usize) -> Result<(), Failure> {
    for n in [10, 90] {
        let start: Vec<f64> = (0..n).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 }).collect();
        let sides = || (vec![-2.0; n], vec![0.95; n]);
        let line = |name: &str, x: Option<&Vec<f64>>| {
            let numbers = x.into_iter().flatten().copied();
            println!("{:<36} {name:<10} {}", format!("chain of {n} in a box"), Digest::of(numbers));
        };
        let (lower, upper) = sides();
        let solver = Bfgs::new(lower, upper)?.threads(threads).gradient_tolerance(1e-8);
        let run = Executor::new(Chain, solver).configure(|s| s.param(start.clone()).max_iters(2000)).run()?;
        line("BFGS", run.state.get_best_param());
        let (lower, upper) = sides();
        let solver = Lbfgsb::new(lower, upper)?.gradient_tolerance(1e-8);
        let run = Executor::new(Chain, solver).configure(|s| s.param(start.clone()).max_iters(2000)).run()?;
        line("L-BFGS-B", run.state.get_best_param());
        let (lower, upper) = sides();
        let solver = Cubic::new(lower, upper)?.gradient_tolerance(1e-8);
        let run = Executor::new(Chain, solver).configure(|s| s.param(start.clone()).max_iters(2000)).run()?;
        line("ARC", run.state.get_best_param());
    }
    Ok(())
}

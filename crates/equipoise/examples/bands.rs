//! Times the band form on national problems: steps, seconds and certified bounds, beside Clarabel if asked.
//!
//! `cargo run --release --example bands -- RECORDS TARGETS THREADS [clarabel]`; CASE picks one, REPEAT solves it that often,
//! HISTORY lists the steps.
#![allow(clippy::print_stdout)]

use equipoise::error::InputError;
use equipoise::reweight::bands::{Band, BandMethod, BandOptions, BandReweighting, BandWeight};
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::{Bounds, ReweightProblem, Target};
use ndarray::ArrayView1;

fn main() -> Result<(), InputError> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |i: usize, default: usize| arguments.get(i).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (records, targets, threads) = (number(1, 20_000), number(2, 92), number(3, 2));
    let population = NationalPopulation::generate(records, targets, 1)?;
    let targets = population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect();
    let weights = ArrayView1::from(&population.weight);
    let mut problem = ReweightProblem::builder(population.matrix.clone(), weights, targets).build()?;
    let spread: Vec<f64> = (0..records).map(|i| libm::exp(4.0 * libm::sin(i as f64 * 1.7))).collect();
    let cases = [
        ("0.5 %, [0.1, 10]", 0.005, 0.1, 10.0, BandWeight::Elastic(1e6), false),
        ("0.1 %, [0.5, 2]", 0.001, 0.5, 2.0, BandWeight::Elastic(1e6), false),
        ("0.5 %, [0.9, 1.1]", 0.005, 0.9, 1.1, BandWeight::Elastic(1e6), false),
        ("0 %, [0.1, 10]", 0.0, 0.1, 10.0, BandWeight::Elastic(1e6), false),
        ("0.5 %, spread d", 0.005, 0.1, 10.0, BandWeight::Elastic(1e6), true),
        ("0.5 %, M = 1e8", 0.005, 0.1, 10.0, BandWeight::Elastic(1e8), false),
        ("0.5 %, M = 1e9, spread d", 0.005, 0.1, 10.0, BandWeight::Elastic(1e9), true),
        ("0.5 %, M = 1e12", 0.005, 0.1, 10.0, BandWeight::Elastic(1e12), false),
        ("0.5 %, hard", 0.005, 0.1, 10.0, BandWeight::Hard, false),
        ("5 %, hard", 0.05, 0.1, 10.0, BandWeight::Hard, false),
        ("5 %, hard, spread d", 0.05, 0.1, 10.0, BandWeight::Hard, true),
    ];
    let repeat = std::env::var("REPEAT").ok().and_then(|r| r.parse::<usize>().ok()).unwrap_or(1);
    let only = std::env::var("CASE").ok().and_then(|c| c.parse::<usize>().ok());
    for (index, (name, tolerance, lower, upper, weight, spread_weights)) in cases.into_iter().enumerate() {
        if only.is_some_and(|only| only != index) {
            continue;
        }
        problem.set_bounds(Bounds::Uniform { lower, upper })?;
        let options = BandOptions {
            band: Band::Relative(tolerance),
            weight,
            distance_weights: spread_weights.then(|| spread.clone()),
            method: BandMethod::ProximalNewton,
            threads,
            ..BandOptions::default()
        };
        for _ in 0..repeat {
            print(name, &problem.solve_bands(&options)?);
        }
        if arguments.get(4).is_some_and(|a| a == "clarabel") {
            print(name, &problem.solve_bands(&BandOptions { method: BandMethod::Clarabel, ..options })?);
        }
    }
    Ok(())
}

fn print(name: &str, answer: &BandReweighting) {
    let certificate = &answer.certificate;
    println!(
        "{name:26} {:15} {:13} steps {:4} {:8.3} s  bound {:.1e} (before rounding {:.1e}) gap {:.1e} proven {} digest {}",
        answer.method.as_str(),
        answer.status.as_str(),
        answer.iterations,
        answer.timing.total_seconds,
        certificate.distance_bound,
        certificate.bound_before_rounding,
        certificate.relative_gap,
        certificate.structure_proven,
        answer.digest,
    );
    println!("{:26} {:?}", "", answer.timing);
    if std::env::var("HISTORY").is_ok() {
        for h in &answer.history {
            println!(
                "    {} {} residual {:.2e} step {:.4} free {} changed {}",
                h.method, h.iteration, h.residual, h.step_length, h.num_free, h.num_changed
            );
        }
    }
}

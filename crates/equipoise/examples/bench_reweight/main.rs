//! The Rust side of the comparison in `bench/reweight`: writes the problems, solves them and measures. `bench/reweight/run.mjs` drives it.
//!
//! ```text
//! bench_reweight export --records 225256 --targets 634 --seed 1 --out problem.bin
//! bench_reweight solve --problem problem.bin --penalty 1e-2 --method newton --threads 2 --repeat 5 --answer optimum.f64
//! bench_reweight solve --problem problem.bin --penalty 1e-2 --method clarabel --optimum optimum.f64
//! bench_reweight bands --problem problem.bin --tolerance 0.005 --lower 0.1 --upper 10 --elastic 1e6 --method clarabel
//! ```
//!
//! `solve` and `bands` print one line of JSON.
#![allow(clippy::print_stdout)]

mod answers;
mod bands;
mod floor;
mod options;
mod penalty;
mod problem_file;
mod process_memory;

use std::error::Error;

use equipoise::reweight::synthetic::NationalPopulation;

use options::Options;
use problem_file::ProblemFile;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let options = Options::parse(arguments)?;
    match command.as_str() {
        "export" => export(&options),
        "solve" => penalty::solve(&options),
        "bands" => bands::solve(&options),
        other => Err(format!("expected export, solve or bands, received {other:?}").into()),
    }
}

fn export(options: &Options) -> Outcome<()> {
    let population = NationalPopulation::generate(
        options.required("records")?,
        options.required("targets")?,
        options.required("seed")?,
    )?;
    let totals: Vec<f64> = population.targets.iter().map(|t| t.total).collect();
    let file = ProblemFile::from_matrix(&population.matrix, population.weight, totals);
    file.write(&options.required::<String>("out")?)
}

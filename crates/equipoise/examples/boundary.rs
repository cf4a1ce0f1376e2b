//! The Rust side of `bench/boundary.mjs`: times set-up and solve of the generated national problem in one of the forms, as JSON.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use equipoise::error::InputError;
use equipoise::reweight::bands::BandOptions;
use equipoise::reweight::calibration::CalibrationOptions;
use equipoise::reweight::synthetic::{NATIONAL_TARGETS, NationalPopulation};
use equipoise::reweight::{ReweightOptions, ReweightProblem, Target};
use ndarray::ArrayView1;

fn main() -> Result<(), InputError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default: usize| {
        arguments.get(i).map_or(default, |a| a.parse().expect("records threads form"))
    };
    let (records, threads) = (number(0, 225_256), number(1, 2));
    let form = arguments.get(2).map_or("penalty", String::as_str);
    let population = NationalPopulation::generate(records, NATIONAL_TARGETS, 1)?;
    let targets = population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect();
    // The copy of a matrix that is one already is what Node copies as typed arrays; its time is not Rust's.
    let (starts, rows, values) = population.matrix.into_csc();

    let begin = Instant::now();
    let matrix =
        equipoise::numeric::sparse::SparseMatrix::from_csc(records, NATIONAL_TARGETS, starts, rows, values)?;
    let problem = ReweightProblem::builder(matrix, ArrayView1::from(&population.weight), targets).build()?;
    let digest = match form {
        "bands" => problem.solve_bands(&BandOptions { threads, ..BandOptions::default() })?.digest,
        "calibrate" => {
            problem.calibrate(&CalibrationOptions { threads, ..CalibrationOptions::default() })?.digest
        }
        _ => problem.solve(&ReweightOptions { threads, ..ReweightOptions::default() })?.digest,
    };
    let seconds = begin.elapsed().as_secs_f64();
    println!(r#"{{ "seconds": {seconds}, "digest": "{}" }}"#, digest);
    Ok(())
}

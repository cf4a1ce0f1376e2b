//! The Rust side of `bench/boundary.mjs`: times set-up and solve of the generated national problem, as JSON.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use equipoise::error::InputError;
use equipoise::reweight::synthetic::{NATIONAL_TARGETS, NationalPopulation};
use equipoise::reweight::{ReweightOptions, ReweightProblem, Target};
use ndarray::ArrayView1;

fn main() -> Result<(), InputError> {
    let mut numbers = std::env::args().skip(1).map(|a| a.parse::<usize>().expect("records threads"));
    let (records, threads) = (numbers.next().unwrap_or(225_256), numbers.next().unwrap_or(2));
    let population = NationalPopulation::generate(records, NATIONAL_TARGETS, 1)?;
    let targets = population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect();
    // The copy of a matrix that is one already is what Node copies as typed arrays; its time is not Rust's.
    let (starts, rows, values) = population.matrix.into_csc();

    let begin = Instant::now();
    let matrix =
        equipoise::numeric::sparse::SparseMatrix::from_csc(records, NATIONAL_TARGETS, starts, rows, values)?;
    let problem = ReweightProblem::builder(matrix, ArrayView1::from(&population.weight), targets).build()?;
    let answer = problem.solve(&ReweightOptions { threads, ..ReweightOptions::default() })?;
    let seconds = begin.elapsed().as_secs_f64();
    println!(r#"{{ "seconds": {seconds}, "digest": "{}" }}"#, answer.digest);
    Ok(())
}

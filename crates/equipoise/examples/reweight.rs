//! Eight households of a small survey, reweighted to four known totals.
//!
//! ```sh
//! cargo run --release --example reweight
//! ```
#![allow(clippy::print_stdout)]

use equipoise::error::InputError;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::{Bounds, ReweightOptions, ReweightProblem, Target};
use ndarray::array;

fn main() -> Result<(), InputError> {
    // One row per household: persons, children, owns a car.
    let survey = array![
        [1.0, 0.0, 1.0],
        [2.0, 0.0, 1.0],
        [4.0, 2.0, 1.0],
        [3.0, 1.0, 0.0],
        [1.0, 0.0, 0.0],
        [5.0, 3.0, 1.0],
        [2.0, 0.0, 0.0],
        [2.0, 1.0, 1.0],
    ];
    let design_weights = array![110.0, 95.0, 120.0, 80.0, 130.0, 60.0, 105.0, 90.0];

    let mut columns = vec![vec![1.0; survey.nrows()]];
    columns.extend(survey.columns().into_iter().map(|column| column.to_vec()));
    let matrix = SparseMatrix::from_dense_columns(survey.nrows(), columns.iter().map(Vec::as_slice))?;
    let targets = vec![
        Target::new("households", 800.0),
        Target::new("persons", 2_000.0),
        Target::new("children", 640.0),
        Target::new("households with a car", 500.0),
    ];

    let problem = ReweightProblem::builder(matrix, design_weights.view(), targets)
        .bounds(Bounds::Uniform { lower: 0.5, upper: 2.0 })
        .build()?;
    let answer = problem.solve(&ReweightOptions::with_penalty(1e-4))?;

    println!("{}: {}", answer.status, answer.message);
    println!("every multiplier is within {:.1e} of the optimum", answer.certificate.distance_bound);
    println!("{:<22} {:>8} {:>8} {:>8}", "target", "asked", "before", "after");
    for row in &answer.targets {
        println!("{:<22} {:>8} {:>8} {:>8.2}", row.name, row.target, row.before, row.after);
    }
    println!("weights {:.2}", answer.weights);
    println!("digest {}", answer.digest);
    Ok(())
}

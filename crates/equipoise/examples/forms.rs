//! Eight households of a small survey: brought within 1 % of four known totals, and calibrated to them with every distance.
//!
//! ```sh
//! cargo run --release --example forms
//! ```
#![allow(clippy::print_stdout)]

use equipoise::error::InputError;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::bands::{Band, BandOptions, BandOverride, BandWeight};
use equipoise::reweight::calibration::{CalibrationOptions, Distance};
use equipoise::reweight::{Bounds, ReweightProblem, Target};
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

    // The number of households exactly, the others within 1 %.
    let households = BandOverride {
        weight: Some(BandWeight::Hard),
        ..BandOverride::band("households", Band::Relative(0.0))
    };
    let options =
        BandOptions { band: Band::Relative(0.01), overrides: vec![households], ..BandOptions::default() };
    let answer = problem.solve_bands(&options)?;
    println!("bands: {}, digest {}", answer.status, answer.digest);
    for target in &answer.targets {
        println!("  +1 % on {} would save {:.4}", target.name, -target.price_per_percent);
    }

    for distance in Distance::ALL {
        let answer = problem.calibrate(&CalibrationOptions::with_distance(distance))?;
        println!("{}: {}, digest {}", distance.as_str(), answer.status, answer.digest);
    }
    Ok(())
}

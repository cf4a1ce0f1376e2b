//! Rounds the weights of the generated national problem to integers: `cargo run --release --example integer_weights [k] [cells]`.

use equipoise::reweight::integer::{IntegerOptions, RoundingMethod};
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::{ReweightOptions, ReweightProblem, Target};
use ndarray::ArrayView1;

#[allow(clippy::print_stdout, reason = "an example prints")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument =
        |i: usize, default: usize| std::env::args().nth(i).map_or(Ok(default), |text| text.parse());
    let (num_targets, num_cells) = (argument(1, 92)?, argument(2, 1)? as u32);
    let population = NationalPopulation::generate(225_256, num_targets, 1)?;
    let targets = population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect();
    let problem =
        ReweightProblem::builder(population.matrix, ArrayView1::from(&population.weight), targets).build()?;
    let answer = problem.solve(&ReweightOptions::default())?;
    let cells: Vec<u32> = (0..225_256).map(|i| i % num_cells).collect();
    for method in RoundingMethod::ALL {
        let options = IntegerOptions { method, cells: Some(cells.clone()), ..IntegerOptions::default() };
        let rounded = problem.integer_weights(answer.weights.view(), &options)?;
        let worst = &rounded.targets[rounded.worst_target];
        println!(
            "{}: {:.2} s, {:?}, worst total {} off by {:.1e} of {:.1e} allowed, cells off by at most {:.3}, digest {}",
            method.as_str(),
            rounded.seconds,
            rounded.status,
            worst.name,
            worst.error.abs(),
            worst.allowed,
            rounded.largest_cell_error,
            rounded.digest,
        );
    }
    Ok(())
}

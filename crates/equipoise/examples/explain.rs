//! Explains the bands of national problems: minimal contradicting sets, relaxations, seconds.
//!
//! `cargo run --release --example explain -- RECORDS TARGETS TOLERANCE [SETS]`
#![allow(clippy::print_stdout)]

use equipoise::control::{Control, Stopwatch};
use equipoise::error::InputError;
use equipoise::reweight::bands::{Band, BandOptions, BandWeight};
use equipoise::reweight::explain::ExplainOptions;
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::{ReweightProblem, Target};
use ndarray::ArrayView1;

fn main() -> Result<(), InputError> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |i: usize, default: f64| arguments.get(i).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (records, targets) = (number(1, 20_000.0) as usize, number(2, 92.0) as usize);
    let population = NationalPopulation::generate(records, targets, 1)?;
    let targets = population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect();
    let weights = ArrayView1::from(&population.weight);
    let problem = ReweightProblem::builder(population.matrix.clone(), weights, targets).build()?;
    let bands = BandOptions {
        band: Band::Relative(number(3, 0.005)),
        weight: BandWeight::Hard,
        ..BandOptions::default()
    };
    let options = ExplainOptions {
        max_sets: number(4, 1.0) as usize,
        relaxations: arguments.get(5).is_some(),
        threads: 2,
        ..ExplainOptions::default()
    };
    let verbose = std::env::var("HISTORY").is_ok();
    let watch = Stopwatch::default();
    let mut control = Control::default().with_progress(move |record| {
        if verbose && record.method == "explain" {
            println!(
                "{:8.2} s  question {:4}  {} targets, {} groups, relative gap {:.3e}",
                watch.seconds(),
                record.iteration,
                record.num_changed,
                record.num_free,
                record.residual
            );
        }
    });
    let why = problem.explain_bands_with(&bands, &options, &mut control)?;
    println!("{} after {} questions, {:.1} s: {}", why.status, why.questions, why.seconds, why.message);
    for set in &why.minimal_sets {
        println!("{} members, minimal {}: {}", set.members.len(), set.minimal, set.sentence);
    }
    for way in &why.relaxations {
        println!("{:?} of set {:?}: {}", way.kind, way.set, way.sentence);
    }
    Ok(())
}

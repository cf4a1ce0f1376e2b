//! Times a generated population whose records occur ten times each, with and without groups of identical records:
//! `cargo run --release --example identical_records [records] [targets] [copies]`.

use equipoise::control::{Control, Stopwatch};
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::bands::BandOptions;
use equipoise::reweight::calibration::{CalibrationOptions, Distance};
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::{Form, ReweightOptions, ReweightProblem, Target};
use ndarray::ArrayView1;

#[allow(clippy::print_stdout, reason = "an example prints")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument =
        |i: usize, default: usize| std::env::args().nth(i).map_or(Ok(default), |text| text.parse());
    let (kinds, k, copies) = (argument(1, 22_525)?, argument(2, 92)?, argument(3, 10)?);
    let population = NationalPopulation::generate(kinds, k, 1)?;
    let n = kinds * copies;
    let (starts, rows, values) = population.matrix.into_csc();
    let (mut all_starts, mut all_rows, mut all_values) = (vec![0], Vec::new(), Vec::new());
    for j in 0..k {
        let entries = starts[j] as usize..starts[j + 1] as usize;
        for copy in 0..copies {
            all_rows.extend(rows[entries.clone()].iter().map(|&i| i + (copy * kinds) as u32));
            all_values.extend_from_slice(&values[entries.clone()]);
        }
        all_starts.push(all_rows.len() as u32);
    }
    let matrix = SparseMatrix::from_csc(n, k, all_starts, all_rows, all_values)?;
    let weights: Vec<f64> = (0..n).map(|i| population.weight[i % kinds] / copies as f64).collect();
    let targets = population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect();
    let problem = ReweightProblem::builder(matrix, ArrayView1::from(&weights), targets).build()?;
    for group_identical in [true, false, true, false] {
        let forms = [
            Form::Penalty(ReweightOptions { group_identical, ..ReweightOptions::with_penalty(1e-4) }),
            Form::Bands(BandOptions { group_identical, ..BandOptions::default() }),
            Form::Calibration(CalibrationOptions {
                group_identical,
                costs: Some(vec![1e-6; k]),
                ..CalibrationOptions::with_distance(Distance::Raking)
            }),
        ];
        for form in forms {
            let watch = Stopwatch::default();
            let answer = problem.solve_form(&form, &mut Control::default())?;
            println!(
                "{n} records, groups {group_identical}: {} {:.3} s, {}, bound {:.1e}, digest {}",
                form.as_str(),
                watch.seconds(),
                answer.status(),
                answer.distance_bound(),
                answer.digest(),
            );
        }
    }
    Ok(())
}

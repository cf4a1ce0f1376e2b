//! The efficient frontier: the least variance xᵀSx at a given return, with Σx = 1 and no short positions.
//!
//! `cargo run --example portfolio` takes four assets of its own, `cargo run --example portfolio -- port1.txt` those of a file of
//! OR-Library (number of assets; mean and standard deviation of each; i, j, correlation for i ≤ j).
#![expect(clippy::print_stdout, reason = "a program for people")]

use equipoise::numeric::matrix::Matrix;
use equipoise::qp::{QpOptions, QpProblem, QpSolution};

/// Mean and standard deviation of each asset, then the correlations.
const ASSETS: &str = "4
0.05 0.10  0.08 0.18  0.11 0.25  0.03 0.06
1 1 1  1 2 0.3  1 3 0.2  1 4 0.1  2 2 1  2 3 0.6  2 4 0.0  3 3 1  3 4 -0.1  4 4 1";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = match std::env::args().nth(1) {
        Some(path) => std::fs::read_to_string(path)?,
        None => ASSETS.into(),
    };
    let (mean, covariance) = read(&text)?;
    let n = mean.len();
    let p = Matrix::dense(n, n, covariance.iter().map(|c| 2.0 * c).collect())?;
    let rows = Matrix::dense(2, n, [vec![1.0; n], mean.clone()].concat())?;
    let (free, long) = (f64::INFINITY, (vec![0.0; n], vec![f64::INFINITY; n]));
    let mut problem = QpProblem::new(p, vec![0.0; n], rows, (vec![1.0, -free], vec![1.0, free]), long)?;
    let least = problem.solve(&QpOptions::default());
    let lowest: f64 = least.x.iter().zip(&mean).map(|(x, m)| x * m).sum();
    let highest = mean.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    show(lowest, &least);
    for step in 1..=4 {
        let target = lowest + (highest - lowest) * f64::from(step) / 4.0;
        problem.set_row_bounds(vec![1.0, target], vec![1.0, target])?;
        show(target, &problem.solve(&QpOptions::default()));
    }
    Ok(())
}

fn show(expected_return: f64, solution: &QpSolution) {
    let held: Vec<String> = solution.x.iter().enumerate().filter(|(_, x)| **x > 1e-9).map(held).collect();
    println!(
        "{}: return {expected_return:.6}, deviation {:.6}, {}",
        solution.status.as_str(),
        solution.objective().sqrt(),
        held.join(" ")
    );
}

fn held((asset, weight): (usize, &f64)) -> String {
    format!("{}:{weight:.4}", asset + 1)
}

/// Means (n) and covariances (n × n).
fn read(text: &str) -> Result<(Vec<f64>, Vec<f64>), Box<dyn std::error::Error>> {
    let numbers = text.split_whitespace().map(str::parse::<f64>).collect::<Result<Vec<_>, _>>()?;
    let n = *numbers.first().ok_or("the file is empty")? as usize;
    let (moments, correlations) = numbers[1..].split_at_checked(2 * n).ok_or("moments are missing")?;
    let (mean, deviation): (Vec<f64>, Vec<f64>) = moments.chunks_exact(2).map(|m| (m[0], m[1])).unzip();
    let mut covariance = vec![0.0; n * n];
    for entry in correlations.chunks_exact(3) {
        let (i, j) = (entry[0] as usize - 1, entry[1] as usize - 1);
        let value = entry[2] * deviation[i] * deviation[j];
        (covariance[i * n + j], covariance[j * n + i]) = (value, value);
    }
    Ok((mean, covariance))
}

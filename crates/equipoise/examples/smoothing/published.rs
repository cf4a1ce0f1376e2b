//! Models with published fits, read from a folder of CSV files: three mixed models fitted by lme4, one additive model by mgcv.

use super::matrix::Matrix;
use super::penalized::{Criterion, Family, PenalizedRegression, Penalty};
use std::path::Path;

/// A column of texts, one per record.
pub type Column = Vec<String>;

/// Reads a CSV file with a header as columns by name.
fn columns(path: &Path, names: &[&str]) -> Vec<Column> {
    let mut reader = csv::Reader::from_path(path).expect("a CSV file");
    let header = reader.headers().expect("a header").clone();
    let places: Vec<usize> =
        names.iter().map(|name| header.iter().position(|h| h == *name).expect("the column")).collect();
    let mut columns = vec![Column::new(); names.len()];
    for record in reader.records() {
        let record = record.expect("a record");
        for (column, &place) in columns.iter_mut().zip(&places) {
            column.push(record[place].to_owned());
        }
    }
    columns
}

/// Reads numbers without a header.
fn numbers(path: &Path) -> Matrix {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).expect("a CSV file");
    let rows: Vec<Vec<f64>> = reader
        .records()
        .map(|record| record.expect("a record").iter().map(|x| x.trim().parse().expect("a number")).collect())
        .collect();
    Matrix::from_rows(&rows)
}

fn parse(column: &Column) -> Vec<f64> {
    column.iter().map(|x| x.parse().expect("a number")).collect()
}

/// y ~ fixed + one random effect per grouping: each grouping is (group of every record, multiplier of every record).
///
/// The number λ of a grouping is 1/θ², θ the relative standard deviation of lme4: ρ = −2 log θ.
pub fn mixed_model(
    y: &[f64],
    fixed: &[Vec<f64>],
    groupings: &[(&Column, Vec<f64>)],
    criterion: Criterion,
) -> PenalizedRegression {
    let mut rows: Vec<Vec<f64>> = (0..y.len()).map(|i| fixed.iter().map(|c| c[i]).collect()).collect();
    let mut penalties = Vec::new();
    for (groups, multipliers) in groupings {
        let mut levels: Vec<&String> = groups.iter().collect();
        levels.sort();
        levels.dedup();
        let first = rows[0].len();
        for (i, row) in rows.iter_mut().enumerate() {
            row.extend(levels.iter().map(|level| if **level == groups[i] { multipliers[i] } else { 0.0 }));
        }
        let mut identity = Matrix::zeros(levels.len(), levels.len());
        for k in 0..levels.len() {
            identity.entries[k * levels.len() + k] = 1.0;
        }
        penalties.push(Penalty { first, matrix: identity });
    }
    PenalizedRegression::new(&Matrix::from_rows(&rows), y, Family::Gaussian, criterion, &penalties)
}

/// Yield ~ 1 + (1 | Batch).
pub fn dyestuff(folder: &Path, criterion: Criterion) -> PenalizedRegression {
    let data = columns(&folder.join("lme4__Dyestuff.csv"), &["Yield", "Batch"]);
    let ones = vec![1.0; data[0].len()];
    mixed_model(&parse(&data[0]), std::slice::from_ref(&ones), &[(&data[1], ones.clone())], criterion)
}

/// strength ~ 1 + (1 | sample) + (1 | batch).
pub fn pastes(folder: &Path, criterion: Criterion) -> PenalizedRegression {
    let data = columns(&folder.join("lme4__Pastes.csv"), &["strength", "sample", "batch"]);
    let ones = vec![1.0; data[0].len()];
    mixed_model(
        &parse(&data[0]),
        std::slice::from_ref(&ones),
        &[(&data[1], ones.clone()), (&data[2], ones.clone())],
        criterion,
    )
}

/// Reaction ~ 1 + Days + (1 | Subject) + (0 + Days | Subject).
pub fn sleepstudy(folder: &Path, criterion: Criterion) -> PenalizedRegression {
    let data = columns(&folder.join("lme4__sleepstudy.csv"), &["Reaction", "Days", "Subject"]);
    let (ones, days) = (vec![1.0; data[0].len()], parse(&data[1]));
    let groupings = [(&data[2], ones.clone()), (&data[2], days.clone())];
    mixed_model(&parse(&data[0]), &[ones, days], &groupings, criterion)
}

/// The additive Poisson model of mgcv: two smooths of 11 and 9 columns after 4 parametric ones.
pub fn miles_per_gallon(folder: &Path, criterion: Criterion) -> PenalizedRegression {
    let x = numbers(&folder.join("mpg_X.csv"));
    let y = numbers(&folder.join("mpg_y.csv")).entries;
    let penalties: Vec<Penalty> = [("mpg_S1.csv", 4..15), ("mpg_S2.csv", 15..24)]
        .into_iter()
        .map(|(file, block)| {
            let whole = numbers(&folder.join(file));
            let rows: Vec<Vec<f64>> =
                block.clone().map(|i| block.clone().map(|j| whole.at(i, j)).collect()).collect();
            Penalty { first: block.start, matrix: Matrix::from_rows(&rows) }
        })
        .collect();
    PenalizedRegression::new(&x, &y, Family::Poisson, criterion, &penalties)
}

//! The travel survey of the reference cases, as its files have it.
//!
//! The cases are found by EQUIPOISE_CASES, else beside the repository; where there are none the tests say so and pass.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::{Bounds, ReweightProblem, Target};
use equipoise_testset::cases_folder;
use flate2::read::GzDecoder;
use ndarray::ArrayView1;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The folder of its files.
pub fn folder() -> Option<PathBuf> {
    cases_folder().map(|cases| cases.join("travel_survey"))
}

/// Every row of a CSV file, zipped or not.
pub fn rows<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    let mut file = std::fs::File::open(path).unwrap();
    let mut text = String::new();
    if path.extension().is_some_and(|e| e == "gz") {
        GzDecoder::new(file).read_to_string(&mut text).unwrap();
    } else {
        file.read_to_string(&mut text).unwrap();
    }
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
}

/// A number of the reference answers: those of more digits than a double has are texts.
pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

/// One area.
pub struct Area {
    /// Design weights.
    pub weights: Vec<f64>,
    /// Names and totals of its 35 targets.
    pub targets: Vec<(String, f64)>,
    /// Record, target, value.
    pub entries: Vec<(u32, usize, f64)>,
}

impl Area {
    pub fn read(folder: &Path, area: u32) -> Self {
        let records: Vec<(u32, usize, u64, f64)> = rows(&folder.join("records.csv.gz"));
        let own = records.iter().filter(|record| record.0 == area).enumerate();
        let in_order =
            own.inspect(|(i, record)| assert_eq!(record.1, *i, "records of an area come in its own order"));
        let weights = in_order.map(|(_, record)| record.3).collect();
        let targets = (rows::<HashMap<String, String>>(&folder.join("targets.csv")).into_iter())
            .filter(|row| row["area"] == area.to_string())
            .map(|row| (row["name"].clone(), row["total"].parse().unwrap()))
            .collect();
        let entries = rows(&folder.join(format!("matrix_area{area}.csv.gz")));
        Self { weights, targets, entries }
    }

    /// The names of the first `count` targets.
    pub fn names(&self, count: usize) -> Vec<String> {
        self.targets.iter().take(count).map(|t| t.0.clone()).collect()
    }

    /// The problem with the named targets and bounds [0.5, upper].
    pub fn problem(&self, names: &[String], upper: f64) -> ReweightProblem {
        let targets = names.iter().map(|name| Target::new(name, self.total(name))).collect();
        ReweightProblem::builder(self.matrix(names, false), ArrayView1::from(&self.weights), targets)
            .bounds(Bounds::Uniform { lower: 0.5, upper })
            .build()
            .unwrap()
    }

    /// The total of a target.
    pub fn total(&self, name: &str) -> f64 {
        self.targets.iter().find(|t| t.0 == name).unwrap().1
    }

    /// Records by named targets, or the other way round.
    pub fn matrix(&self, names: &[String], transposed: bool) -> SparseMatrix {
        let position: Vec<Option<u32>> =
            self.targets.iter().map(|t| names.iter().position(|n| *n == t.0).map(|p| p as u32)).collect();
        let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for &(record, target, value) in &self.entries {
            if let Some(column) = position[target] {
                rows.push(record);
                columns.push(column);
                values.push(value);
            }
        }
        let (n, k) = (self.weights.len(), names.len());
        if transposed {
            SparseMatrix::from_triples(k, n, &columns, &rows, &values).unwrap()
        } else {
            SparseMatrix::from_triples(n, k, &rows, &columns, &values).unwrap()
        }
    }
}

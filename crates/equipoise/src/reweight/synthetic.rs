//! A synthetic population of the shape of a national tax model: documented, seeded, the same on every machine.
//!
//! Each record is a tax unit with a sampling weight, an income `agi` (2 % negative), a filing status 1–4, a filer flag and
//! nine amounts. Amounts are whole dollars, weights have two decimals, so that a CSV file holds them exactly. The
//! targets are counts and amounts by income class and filing status, computed from *other* weights (the sampling
//! weights times a log-normal factor that depends on income, times 4 % noise), so that reweighting has work to do. With 225,256
//! records and 634 targets the matrix has about 2.75 million non-zeros.
//!
//! Random numbers: ChaCha8, one stream per column, so that the first n records do not depend on how many follow.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::error::{InputCode, InputError};
use crate::numeric::sparse::SparseMatrix;
use crate::numeric::sum::CompensatedSum;

/// Targets of the national problem that the documentation speaks of.
pub const NATIONAL_TARGETS: usize = 634;

/// The nine amount columns, in file order.
pub const AMOUNTS: [&str; 9] = [
    "wages",
    "interest",
    "dividends",
    "capital_gains",
    "business_income",
    "pensions",
    "social_security",
    "rents",
    "deductions",
];

/// Lower edges of the income classes after the first (−∞, 1).
const CLASS_EDGES: [f64; 18] =
    [1.0, 5e3, 1e4, 1.5e4, 2e4, 2.5e4, 3e4, 4e4, 5e4, 7.5e4, 1e5, 2e5, 5e5, 1e6, 1.5e6, 2e6, 5e6, 1e7];
const NUM_CLASSES: usize = CLASS_EDGES.len() + 1;

/// One target of the population.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticTarget {
    /// Unique name, e.g. `wages_amount_class07`.
    pub name: String,
    /// SQL predicate over the columns of the records.
    pub predicate: String,
    /// SQL value expression: `1` for a count, a column for an amount.
    pub value: String,
    /// The total to reach.
    pub total: f64,
}

/// One area of the population.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticArea {
    /// `A001`, `A002`, …
    pub key: String,
    /// Its share of the population; the shares of all areas add up to 1.
    pub share: f64,
    /// Its total for each target (k); over all areas they add up to the national totals, but for rounding to whole numbers.
    pub totals: Vec<f64>,
}

/// A generated population: columns of length n, targets, and the matrix that they define (n × k).
#[derive(Debug, Clone)]
pub struct NationalPopulation {
    /// Sampling weights (two decimals).
    pub weight: Vec<f64>,
    /// Adjusted gross income, whole dollars, may be negative.
    pub agi: Vec<f64>,
    /// Filing status 1–4.
    pub filing_status: Vec<f64>,
    /// 1 for a filer, else 0; targets count filers only.
    pub filer: Vec<f64>,
    /// The columns of [`AMOUNTS`]: whole dollars ≥ 0.
    pub amounts: Vec<Vec<f64>>,
    /// The targets, in the order of the matrix columns.
    pub targets: Vec<SyntheticTarget>,
    /// Value of each record for each target.
    pub matrix: SparseMatrix,
}

impl NationalPopulation {
    /// Generates `num_records` records and the first `num_targets` targets that at least one record meets.
    ///
    /// # Errors
    /// Fewer than one record, or more targets than the population supports.
    pub fn generate(num_records: usize, num_targets: usize, seed: u64) -> Result<Self, InputError> {
        if num_records == 0 {
            return Err(InputError::new(InputCode::Empty, "records", "at least 1", "0"));
        }
        let weight = column(num_records, seed, 0, |r| round_to(100.0, libm::exp(6.3 + 0.9 * r.normal())));
        let agi = column(num_records, seed, 1, |r| {
            let negative = r.uniform() < 0.02;
            let z = r.normal();
            if negative {
                -libm::round(libm::exp(8.0 + 2.0 * z))
            } else {
                libm::round(libm::exp(10.7 + 1.45 * z))
            }
        });
        let filing_status = column(num_records, seed, 2, |r| {
            let u = r.uniform();
            if u < 0.43 {
                1.0
            } else if u < 0.80 {
                2.0
            } else if u < 0.93 {
                3.0
            } else {
                4.0
            }
        });
        let filer = column(num_records, seed, 3, |r| if r.uniform() < 0.85 { 1.0 } else { 0.0 });
        let amounts: Vec<Vec<f64>> = (0..AMOUNTS.len()).map(|v| amount_column(&agi, seed, v)).collect();
        let columns = Columns { agi: &agi, filing_status: &filing_status, filer: &filer, amounts: &amounts };
        let reality = columns.true_weights(&weight, seed);

        let mut noise = Stream::new(seed, 99);
        let (mut targets, mut starts, mut rows, mut values) =
            (Vec::new(), vec![0u32], Vec::new(), Vec::new());
        let by_class = columns.rows_by_class();
        for candidate in candidates() {
            let factor = libm::exp(0.04 * noise.normal());
            if targets.len() == num_targets {
                break;
            }
            let before = rows.len();
            let mut total = CompensatedSum::default();
            columns.scan(&candidate, &by_class, |i, x| {
                rows.push(i as u32);
                values.push(x);
                total.add(reality[i] * x);
            });
            if rows.len() == before {
                continue;
            }
            starts.push(rows.len() as u32);
            targets.push(SyntheticTarget {
                name: candidate.name(),
                predicate: candidate.predicate(),
                value: candidate.value(),
                total: libm::round(total.value() * factor),
            });
        }
        if targets.len() < num_targets {
            return Err(InputError::new(
                InputCode::OutOfRange,
                "targets",
                format!("at most {}, the targets that some of these records meet", targets.len()),
                num_targets.to_string(),
            ));
        }
        let matrix = SparseMatrix::from_csc(num_records, targets.len(), starts, rows, values)?;
        Ok(Self { weight, agi, filing_status, filer, amounts, targets, matrix })
    }

    /// Divides the population into areas: of log-normal size, with totals that differ from their share by some 5 %.
    pub fn areas(&self, num_areas: usize, seed: u64) -> Vec<SyntheticArea> {
        let sizes = column(num_areas, seed, 150, |r| libm::exp(0.6 * r.normal()));
        let whole = sum(&sizes);
        let mut areas: Vec<SyntheticArea> = (sizes.iter().enumerate())
            .map(|(a, size)| SyntheticArea {
                key: format!("A{:03}", a + 1),
                share: size / whole,
                totals: Vec::with_capacity(self.targets.len()),
            })
            .collect();
        for (j, target) in self.targets.iter().enumerate() {
            let parts = column(num_areas, seed, 200 + j as u64, |r| libm::exp(0.05 * r.normal()));
            let parts: Vec<f64> = parts.iter().zip(&areas).map(|(part, area)| part * area.share).collect();
            let whole = sum(&parts);
            for (area, part) in areas.iter_mut().zip(parts) {
                area.totals.push(libm::round(target.total * part / whole));
            }
        }
        areas
    }
}

fn sum(values: &[f64]) -> f64 {
    let mut sum = CompensatedSum::default();
    values.iter().for_each(|value| sum.add(*value));
    sum.value()
}

/// Uniform and normal numbers from one ChaCha stream.
struct Stream(ChaCha8Rng);

impl Stream {
    fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// In the open interval (0, 1).
    fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Box–Muller (the second number is not kept: one call, two uniforms).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(self.uniform())).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }
}

fn column(n: usize, seed: u64, stream: u64, mut draw: impl FnMut(&mut Stream) -> f64) -> Vec<f64> {
    let mut random = Stream::new(seed, stream);
    (0..n).map(|_| draw(&mut random)).collect()
}

fn round_to(units: f64, x: f64) -> f64 {
    libm::round(x * units) / units
}

/// A share of |agi| for the records that have this kind of income: Kumaraswamy(0.7, 2), close to a Beta of those shapes.
fn amount_column(agi: &[f64], seed: u64, which: usize) -> Vec<f64> {
    let mut random = Stream::new(seed, 10 + which as u64);
    let prevalence = 0.05 + 0.52 * random.uniform();
    agi.iter()
        .map(|income| {
            let (has, u) = (random.uniform() < prevalence, random.uniform());
            let share = libm::pow(1.0 - (1.0 - u).sqrt(), 1.0 / 0.7);
            if has { libm::round(income.abs() * share) } else { 0.0 }
        })
        .collect()
}

/// What a candidate target adds up.
#[derive(Clone, Copy)]
enum Quantity {
    Returns,
    Agi,
    AgiCount,
    Amount(usize),
    AmountCount(usize),
}

#[derive(Clone, Copy)]
struct Candidate {
    quantity: Quantity,
    class: Option<usize>,
    status: Option<u32>,
}

/// All candidates, coarse ones first, so that any prefix is a sensible set of targets.
fn candidates() -> Vec<Candidate> {
    let mut list: Vec<Candidate> = (0..AMOUNTS.len())
        .map(|v| Candidate { quantity: Quantity::Amount(v), class: None, status: None })
        .collect();
    let mut by_class = |quantity, status| {
        for class in 0..NUM_CLASSES {
            list.push(Candidate { quantity, class: Some(class), status });
        }
    };
    by_class(Quantity::Returns, None);
    by_class(Quantity::Agi, None);
    for v in 0..AMOUNTS.len() {
        by_class(Quantity::Amount(v), None);
        by_class(Quantity::AmountCount(v), None);
    }
    for status in 1..=4 {
        for quantity in [Quantity::Returns, Quantity::Agi, Quantity::AgiCount] {
            by_class(quantity, Some(status));
        }
    }
    by_class(Quantity::AgiCount, None);
    list
}

impl Candidate {
    fn name(&self) -> String {
        let mut name = match self.quantity {
            Quantity::Returns => "returns".to_string(),
            Quantity::Agi => "agi_amount".to_string(),
            Quantity::AgiCount => "agi_count".to_string(),
            Quantity::Amount(v) => format!("{}_amount", AMOUNTS[v]),
            Quantity::AmountCount(v) => format!("{}_count", AMOUNTS[v]),
        };
        match self.class {
            Some(class) => name.push_str(&format!("_class{class:02}")),
            None => name.push_str("_all"),
        }
        if let Some(status) = self.status {
            name.push_str(&format!("_status{status}"));
        }
        name
    }

    fn predicate(&self) -> String {
        let mut terms = vec!["filer = 1".to_string()];
        if let Some(class) = self.class {
            if class > 0 {
                terms.push(format!("agi >= {}", CLASS_EDGES[class - 1]));
            }
            if class < CLASS_EDGES.len() {
                terms.push(format!("agi < {}", CLASS_EDGES[class]));
            }
        }
        if let Some(status) = self.status {
            terms.push(format!("filing_status = {status}"));
        }
        match self.quantity {
            Quantity::AgiCount => terms.push("agi <> 0".into()),
            Quantity::AmountCount(v) => terms.push(format!("{} <> 0", AMOUNTS[v])),
            _ => {}
        }
        terms.join(" AND ")
    }

    fn value(&self) -> String {
        match self.quantity {
            Quantity::Agi => "agi".into(),
            Quantity::Amount(v) => AMOUNTS[v].into(),
            _ => "1".into(),
        }
    }
}

struct Columns<'a> {
    agi: &'a [f64],
    filing_status: &'a [f64],
    filer: &'a [f64],
    amounts: &'a [Vec<f64>],
}

impl Columns<'_> {
    /// The weights that the totals come from: sampling weight times a log-normal factor that rises with income.
    fn true_weights(&self, weight: &[f64], seed: u64) -> Vec<f64> {
        let mut random = Stream::new(seed, 50);
        weight
            .iter()
            .zip(self.agi)
            .map(|(w, agi)| {
                let tilt = 0.25 * libm::tanh(libm::log(agi.abs() + 1.0) - 10.7);
                w * libm::exp(0.35 * random.normal() + tilt)
            })
            .collect()
    }

    fn class(&self, i: usize) -> usize {
        CLASS_EDGES.partition_point(|edge| *edge <= self.agi[i])
    }

    /// Filers of each class, ascending; the last list holds all filers.
    fn rows_by_class(&self) -> Vec<Vec<usize>> {
        let mut lists = vec![Vec::new(); NUM_CLASSES + 1];
        for i in 0..self.agi.len() {
            if self.filer[i] == 1.0 {
                lists[self.class(i)].push(i);
                lists[NUM_CLASSES].push(i);
            }
        }
        lists
    }

    fn scan(&self, target: &Candidate, by_class: &[Vec<usize>], mut visit: impl FnMut(usize, f64)) {
        for &i in &by_class[target.class.unwrap_or(NUM_CLASSES)] {
            if target.status.is_some_and(|s| f64::from(s) != self.filing_status[i]) {
                continue;
            }
            let indicator = |x: f64| if x == 0.0 { 0.0 } else { 1.0 };
            let x = match target.quantity {
                Quantity::Returns => 1.0,
                Quantity::Agi => self.agi[i],
                Quantity::AgiCount => indicator(self.agi[i]),
                Quantity::Amount(v) => self.amounts[v][i],
                Quantity::AmountCount(v) => indicator(self.amounts[v][i]),
            };
            if x != 0.0 {
                visit(i, x);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_do_not_depend_on_how_many_follow() {
        let small = NationalPopulation::generate(300, 40, 1).unwrap();
        let large = NationalPopulation::generate(700, 40, 1).unwrap();
        assert_eq!(small.weight, large.weight[..300]);
        assert_eq!(small.amounts[4], large.amounts[4][..300]);
        assert_ne!(small.weight, NationalPopulation::generate(300, 40, 2).unwrap().weight);
    }

    #[test]
    fn targets_are_distinct_and_the_matrix_follows_the_predicates() {
        let p = NationalPopulation::generate(2000, 400, 1).unwrap();
        let mut names: Vec<&str> = p.targets.iter().map(|t| t.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 400);
        let j = p.targets.iter().position(|t| t.name == "wages_count_class09").unwrap();
        let (rows, values) = p.matrix.column(j);
        let want: Vec<u32> = (0..2000u32)
            .filter(|&i| {
                let i = i as usize;
                p.filer[i] == 1.0 && p.agi[i] >= 5e4 && p.agi[i] < 7.5e4 && p.amounts[0][i] != 0.0
            })
            .collect();
        assert_eq!(rows, want);
        assert!(values.iter().all(|v| *v == 1.0));
    }

    #[test]
    fn areas_divide_population_and_totals() {
        let population = NationalPopulation::generate(300, 40, 1).unwrap();
        let areas = population.areas(7, 1);
        assert_eq!(areas, population.areas(7, 1));
        assert_ne!(areas, population.areas(7, 2));
        let keys: Vec<&str> = areas.iter().map(|area| area.key.as_str()).collect();
        assert_eq!(keys, ["A001", "A002", "A003", "A004", "A005", "A006", "A007"]);
        let shares: f64 = areas.iter().map(|area| area.share).sum();
        assert!((shares - 1.0).abs() < 1e-15);
        for (j, target) in population.targets.iter().enumerate() {
            let total: f64 = areas.iter().map(|area| area.totals[j]).sum();
            assert!((total - target.total).abs() <= 3.5, "{}: {total}", target.name);
        }
    }

    #[test]
    fn impossible_sizes_are_named() {
        assert_eq!(NationalPopulation::generate(0, 5, 1).unwrap_err().path, "records");
        assert_eq!(NationalPopulation::generate(50, 600, 1).unwrap_err().path, "targets");
    }
}

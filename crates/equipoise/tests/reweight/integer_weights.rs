//! Integer weights: exact sums of cells, unbiased, and the distances stated are those that anyone can recompute.

use equipoise::error::InputCode;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::integer::{IntegerOptions, IntegerStatus, IntegerWeights, RoundingMethod};
use equipoise::reweight::{ReweightProblem, Target};
use ndarray::ArrayView1;
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

fn problem(columns: &[Vec<f64>]) -> ReweightProblem {
    let n = columns[0].len();
    let matrix = SparseMatrix::from_dense_columns(n, columns.iter().map(Vec::as_slice)).unwrap();
    let targets = (0..columns.len()).map(|j| Target::new(format!("t{j}"), 1.0)).collect();
    ReweightProblem::builder(matrix, ArrayView1::from(&vec![1.0; n]), targets).build().unwrap()
}

fn rounded(columns: &[Vec<f64>], weights: &[f64], options: &IntegerOptions) -> IntegerWeights {
    problem(columns).integer_weights(ArrayView1::from(weights), options).unwrap()
}

/// What must hold of any rounding; weights are multiples of 1/1024, so that plain sums are exact.
fn check(columns: &[Vec<f64>], weights: &[f64], cells: &[u32], found: &IntegerWeights) {
    for (&integer, weight) in found.weights.iter().zip(weights) {
        assert!(f64::from(integer) == weight.floor() || f64::from(integer) == weight.ceil());
    }
    let sum_of = |inside: &dyn Fn(usize) -> bool| {
        let records = (0..weights.len()).filter(|&i| inside(i));
        records.fold((0.0, 0.0), |(w, z), i| (w + weights[i], z + f64::from(found.weights[i])))
    };
    let mut ids = cells.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let mut largest = 0.0f64;
    for &id in &ids {
        let (before, after) = sum_of(&|i| cells[i] == id);
        match found.method {
            RoundingMethod::Cube => {
                assert!(after == before.floor() || after == before.ceil(), "cell {id}: {before} {after}");
            }
            RoundingMethod::LargestRemainder => assert_eq!(after, (before + 0.5).floor()),
        }
        largest = largest.max((after - before).abs());
    }
    assert_eq!((found.num_cells, found.largest_cell_error), (ids.len(), largest));
    let (before, after) = sum_of(&|_| true);
    assert_eq!((found.sum_before, found.sum_after), (before, after));
    if found.method == RoundingMethod::Cube {
        assert!(after == before.floor() || after == before.ceil(), "all: {before} {after}");
    }
    for (row, column) in found.targets.iter().zip(columns) {
        let total = |w: &dyn Fn(usize) -> f64| (0..weights.len()).map(|i| w(i) * column[i]).sum::<f64>();
        let (before, after) = (total(&|i| weights[i]), total(&|i| f64::from(found.weights[i])));
        let scale = 1e-12 * (0..weights.len()).map(|i| weights[i] * column[i].abs()).sum::<f64>();
        assert!((row.before - before).abs() <= scale && (row.after - after).abs() <= scale);
        assert!((row.error - (after - before)).abs() <= scale);
        assert_eq!(row.within, row.error.abs() <= row.allowed);
    }
    assert_eq!(found.status == IntegerStatus::WithinDistance, found.targets.iter().all(|t| t.within));
}

struct Case {
    columns: Vec<Vec<f64>>,
    weights: Vec<f64>,
    cells: Vec<u32>,
}

/// A case with some integer weights, identical records, and a target that is twice another.
fn case(n: usize, k: usize, cells: u32, seed: u64) -> Case {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |limit: u32| random.next_u32() % limit;
    let weights = (0..n)
        .map(|_| if below(8) == 0 { f64::from(below(4)) } else { f64::from(below(5000)) / 1024.0 })
        .collect();
    let mut columns: Vec<Vec<f64>> = (0..k)
        .map(|j| {
            (0..n).map(|_| if below(3) == 0 { 0.0 } else { f64::from(1 + below(1 + j as u32 * 9)) }).collect()
        })
        .collect();
    if k > 2 {
        columns[k - 1] = columns[0].iter().map(|x| 2.0 * x).collect();
    }
    for i in (1..n).step_by(3) {
        for column in &mut columns {
            column[i] = column[i - 1];
        }
    }
    Case { columns, weights, cells: (0..n).map(|_| 7 * below(cells)).collect() }
}

proptest! {
    #[test]
    fn sums_and_statements_hold_for_any_problem(
        n in 1usize..60, k in 1usize..6, cells in 1u32..9, seed in 0u64..1000,
    ) {
        let Case { columns, weights, cells } = case(n, k, cells, seed);
        for method in RoundingMethod::ALL {
            for cells in [Some(cells.clone()), None] {
                let options = IntegerOptions { method, cells: cells.clone(), seed, ..IntegerOptions::default() };
                let found = rounded(&columns, &weights, &options);
                check(&columns, &weights, &cells.unwrap_or(vec![0; n]), &found);
            }
        }
    }
}

#[test]
fn many_small_cells_keep_their_sums() {
    let Case { columns, weights, .. } = case(3000, 8, 1, 11);
    let cells: Vec<u32> = (0..3000).map(|i| i / 4).collect();
    for seed in 0..3 {
        let options = IntegerOptions { cells: Some(cells.clone()), seed, ..IntegerOptions::default() };
        check(&columns, &weights, &cells, &rounded(&columns, &weights, &options));
    }
}

/// At most one variable per total (and the sum over all) is open when the landing begins, and each moves by less than 1.
#[test]
fn totals_move_by_less_than_the_landing_can_move_them() {
    for (k, cells) in [(1, 1), (5, 1), (12, 1), (5, 40)] {
        let Case { columns, weights, cells } = case(2000, k, cells, 3);
        for seed in 0..5 {
            let options = IntegerOptions { cells: Some(cells.clone()), seed, ..IntegerOptions::default() };
            let found = rounded(&columns, &weights, &options);
            for (row, column) in found.targets.iter().zip(&columns) {
                let largest = column.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
                // A variable of the basis and its key move one record's entry each.
                assert!(row.error.abs() <= 2.0 * (k as f64 + 1.0) * largest, "{} {}", row.error, largest);
            }
        }
    }
}

/// 30,000 seeds: the mean of each integer is its weight to within five standard errors, and so is that of each total.
#[test]
fn the_cube_method_is_unbiased() {
    const SEEDS: u64 = 30_000;
    let weights: Vec<f64> = [13u32, 300, 512, 700, 900, 1000, 40, 256, 1500, 2100, 77, 650, 333, 808]
        .iter()
        .map(|&w| f64::from(w) / 1024.0)
        .collect();
    let n = weights.len();
    let columns = vec![
        (0..n).map(|i| f64::from((i % 3 == 0) as u8)).collect::<Vec<_>>(),
        (0..n).map(|i| ((i * 5) % 7) as f64).collect(),
    ];
    let problem = problem(&columns);
    for cells in [vec![0; n], (0..n as u32).map(|i| i % 3).collect()] {
        let mut sums = vec![0u64; n];
        for seed in 0..SEEDS {
            let options = IntegerOptions { cells: Some(cells.clone()), seed, ..IntegerOptions::default() };
            let found = problem.integer_weights(ArrayView1::from(&weights), &options).unwrap();
            sums.iter_mut().zip(&found.weights).for_each(|(s, &w)| *s += u64::from(w));
        }
        for (i, (&sum, weight)) in sums.iter().zip(&weights).enumerate() {
            let p = weight.fract();
            let standard_error = (p * (1.0 - p) / SEEDS as f64).sqrt();
            let mean = sum as f64 / SEEDS as f64;
            assert!((mean - weight).abs() <= 5.0 * standard_error, "{i}: {mean} against {weight}");
        }
    }
}

#[test]
fn the_seed_decides_and_nothing_else() {
    let Case { columns, weights, cells } = case(500, 6, 5, 8);
    let of_seed = |seed| {
        let options = IntegerOptions { cells: Some(cells.clone()), seed, ..IntegerOptions::default() };
        rounded(&columns, &weights, &options)
    };
    assert_eq!(of_seed(1).weights, of_seed(1).weights);
    assert_eq!(of_seed(1).digest, of_seed(1).digest);
    assert_ne!(of_seed(1).digest, of_seed(2).digest);
    // Only which records share a cell matters, not the numbers of the cells.
    let renamed = IntegerOptions {
        cells: Some(cells.iter().map(|c| c + 1000).collect()),
        seed: 1,
        ..IntegerOptions::default()
    };
    assert_eq!(rounded(&columns, &weights, &renamed).weights, of_seed(1).weights);
}

/// Rounding each record on its own moves totals far more.
#[test]
fn balance_beats_independent_rounding() {
    let Case { columns, weights, .. } = case(20_000, 10, 1, 5);
    let found = rounded(&columns, &weights, &IntegerOptions::default());
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let independent: Vec<f64> = weights
        .iter()
        .map(|w| w.floor() + f64::from((f64::from(random.next_u32()) / 4_294_967_296.0 < w.fract()) as u8))
        .collect();
    for (row, column) in found.targets.iter().zip(&columns) {
        let alone: f64 = (0..weights.len()).map(|i| (independent[i] - weights[i]) * column[i]).sum();
        assert!(row.error.abs() <= 0.5 * alone.abs().max(100.0), "{} against {alone}", row.error);
    }
    assert_eq!(found.status, IntegerStatus::WithinDistance);
}

#[test]
fn the_largest_remainder_is_worked_by_hand() {
    let columns = vec![vec![1.0, 10.0, 100.0, 1000.0, 1.0, 1.0]];
    let options = IntegerOptions {
        method: RoundingMethod::LargestRemainder,
        cells: Some(vec![4, 4, 4, 4, 2, 2]),
        max_total_error: 0.0,
        ..IntegerOptions::default()
    };
    // Cell 4: 1.5 + 0.25 + 2.5 + 0.5 = 4.75, to 5: floors 3, two units for the first two of the parts of one half.
    // Cell 2: 0.25 + 0.25 = 0.5, to 1.
    let found = rounded(&columns, &[1.5, 0.25, 2.5, 0.5, 0.25, 0.25], &options);
    assert_eq!(found.weights, [2, 0, 3, 0, 1, 0]);
    assert_eq!(found.largest_cell_error, 0.5);
    assert_eq!((found.targets[0].before, found.targets[0].after), (754.5, 303.0));
    assert_eq!(found.status, IntegerStatus::BeyondDistance);
    assert_eq!(found.num_rounded, 6);
}

#[test]
fn integers_stay_as_they_are() {
    let columns = vec![vec![1.0, 2.0, 3.0]];
    for method in RoundingMethod::ALL {
        let options = IntegerOptions { method, max_total_error: 0.0, ..IntegerOptions::default() };
        let found = rounded(&columns, &[4.0, 0.0, 7.0], &options);
        assert_eq!(found.weights, [4, 0, 7]);
        assert_eq!((found.status, found.num_rounded), (IntegerStatus::WithinDistance, 0));
    }
}

/// Weights whose decimals add up to an integer, which their doubles do not quite: the sum is that integer.
#[test]
fn a_sum_next_to_an_integer_is_that_integer() {
    let weights = [0.1, 0.2, 0.3, 0.7, 0.9, 0.8];
    let columns = vec![vec![1.0; 6]];
    for method in RoundingMethod::ALL {
        for seed in 0..50 {
            let options = IntegerOptions { method, seed, ..IntegerOptions::default() };
            assert_eq!(rounded(&columns, &weights, &options).weights.iter().sum::<u32>(), 3);
        }
    }
}

#[test]
fn wrong_input_is_named() {
    let problem = problem(&[vec![1.0, 2.0]]);
    let fault = |weights: &[f64], options: IntegerOptions| {
        let error = problem.integer_weights(ArrayView1::from(weights), &options).unwrap_err();
        (error.path, error.code)
    };
    let default = IntegerOptions::default;
    assert_eq!(fault(&[1.0], default()), ("weights".into(), InputCode::Dimension));
    assert_eq!(fault(&[1.0, -0.5], default()), ("weights[1]".into(), InputCode::OutOfRange));
    assert_eq!(fault(&[f64::NAN, 1.0], default()), ("weights[0]".into(), InputCode::NotFinite));
    assert_eq!(fault(&[5e9, 1.0], default()), ("weights[0]".into(), InputCode::OutOfRange));
    let cells = IntegerOptions { cells: Some(vec![1]), ..default() };
    assert_eq!(fault(&[1.0, 1.0], cells), ("cells".into(), InputCode::Dimension));
    let distance = IntegerOptions { max_total_error: -1.0, ..default() };
    assert_eq!(fault(&[1.0, 1.0], distance), ("maxTotalError".into(), InputCode::OutOfRange));
}

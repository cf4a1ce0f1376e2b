//! Replicate weights as a batch, in every form: each replicate is what a solve of its own gives, whatever the threads and
//! the order, and the batch survives replicates without an answer.

use equipoise::control::{CancelFlag, Control};
use equipoise::error::{InputCode, InputError};
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::bands::{BandOptions, BandWeight};
use equipoise::reweight::calibration::{CalibrationOptions, Distance};
use equipoise::reweight::replicates::{Replication, StandardErrorOptions, Statistic, standard_errors};
use equipoise::reweight::{Bounds, Form, ReweightOptions, ReweightProblem, Target};
use equipoise::status::Status;
use ndarray::ArrayView1;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

struct Data {
    columns: Vec<Vec<f64>>,
    weights: Vec<f64>,
    targets: Vec<Target>,
}

fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u32() as f64 + 0.5) / 4_294_967_296.0
}

/// n records; the targets are a count, an amount and two groups, each a few per cent off its design total.
fn survey(n: usize, seed: u64) -> Data {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let weights: Vec<f64> = (0..n).map(|_| 50.0 + 100.0 * uniform(&mut random)).collect();
    let amount: Vec<f64> = (0..n).map(|_| (1000.0 * uniform(&mut random)).floor()).collect();
    let group = |modulus: usize| (0..n).map(|i| f64::from(u8::from(i % modulus == 0))).collect::<Vec<_>>();
    let columns = vec![vec![1.0; n], amount, group(3), group(5)];
    let targets = columns
        .iter()
        .zip([1.02, 0.97, 1.05, 0.99])
        .enumerate()
        .map(|(j, (column, factor))| {
            let total: f64 = column.iter().zip(&weights).map(|(x, w)| x * w).sum();
            Target::new(format!("t{j}"), (total * factor).round())
        })
        .collect();
    Data { columns, weights, targets }
}

impl Data {
    fn problem(&self) -> ReweightProblem {
        self.problem_over(&(0..self.weights.len()).collect::<Vec<_>>(), &self.weights)
    }

    /// The problem of some records, made from their rows alone.
    fn problem_over(&self, records: &[usize], weights: &[f64]) -> ReweightProblem {
        let take = |values: &[f64]| records.iter().map(|&i| values[i]).collect::<Vec<_>>();
        let columns: Vec<Vec<f64>> = self.columns.iter().map(|c| take(c)).collect();
        let matrix =
            SparseMatrix::from_dense_columns(records.len(), columns.iter().map(Vec::as_slice)).unwrap();
        let upper: Vec<f64> = records.iter().map(|&i| 2.0 + (i % 4) as f64).collect();
        ReweightProblem::builder(matrix, ArrayView1::from(&take(weights)), self.targets.clone())
            .bounds(Bounds::PerRecord { lower: vec![0.2; records.len()], upper })
            .build()
            .unwrap()
    }

    /// The jackknife that drops each of `groups` systematic groups of records.
    fn jackknife(&self, groups: usize) -> Vec<Vec<f64>> {
        let factor = groups as f64 / (groups - 1) as f64;
        (0..groups)
            .map(|r| {
                let keep = |i: usize| if i % groups == r { 0.0 } else { factor };
                self.weights.iter().enumerate().map(|(i, w)| w * keep(i)).collect()
            })
            .collect()
    }
}

fn forms() -> Vec<Form> {
    let hard = BandOptions { weight: BandWeight::Hard, ..BandOptions::default() };
    let calibration = |distance| Form::Calibration(CalibrationOptions::with_distance(distance));
    vec![
        Form::Penalty(ReweightOptions::with_penalty(1e-4)),
        Form::Bands(BandOptions::default()),
        Form::Bands(hard),
        calibration(Distance::Linear),
        calibration(Distance::TruncatedLinear),
        calibration(Distance::Raking),
        calibration(Distance::Logit),
        calibration(Distance::HyperbolicSine { alpha: 1.0 }),
    ]
}

fn run(problem: &ReweightProblem, columns: &[Vec<f64>], form: &Form, threads: usize) -> Vec<Vec<f64>> {
    let batch = problem.solve_replicates(columns, form, threads, &Control::default(), &|_| {}).unwrap();
    for replicate in &batch.replicates {
        assert_eq!(replicate.status, Status::Converged, "{}: {}", replicate.index, replicate.message);
        assert!(replicate.distance_bound <= 1e-9);
        assert!(replicate.evidence.is_none());
    }
    assert_eq!(batch.num_converged, columns.len());
    batch.replicates.into_iter().map(|r| r.weights.to_vec()).collect()
}

#[test]
fn a_replicate_is_the_solve_of_its_records_alone() {
    let data = survey(300, 1);
    let problem = data.problem();
    let columns = data.jackknife(6);
    for form in forms() {
        let found = run(&problem, &columns, &form, 1);
        for (column, weights) in columns.iter().zip(&found) {
            let records: Vec<usize> = (0..column.len()).filter(|&i| column[i] > 0.0).collect();
            let alone =
                data.problem_over(&records, column).solve_form(&form, &mut Control::default()).unwrap();
            let mut want = vec![0.0; column.len()];
            for (&i, &w) in records.iter().zip(alone.weights()) {
                want[i] = w;
            }
            assert_eq!(*weights, want, "{}", form.as_str());
        }
    }
}

#[test]
fn threads_and_order_change_nothing() {
    let data = survey(400, 2);
    let problem = data.problem();
    let mut columns = data.jackknife(7);
    // Some replicates without zeros, which share the matrix.
    columns.extend((0..3).map(|r| data.weights.iter().map(|w| w * (0.9 + 0.1 * r as f64)).collect()));
    for form in [&forms()[0], &forms()[2], &forms()[6]] {
        let one = run(&problem, &columns, form, 1);
        for threads in [2, 4, 8] {
            assert_eq!(run(&problem, &columns, form, threads), one);
        }
        let reversed: Vec<Vec<f64>> = columns.iter().rev().cloned().collect();
        let mut backwards = run(&problem, &reversed, form, 2);
        backwards.reverse();
        assert_eq!(backwards, one);
    }
}

/// Linear calibration is regression estimation: g = 1 + xᵢ·λ with (Σ wxxᵀ)λ = t − Σwx, solved here by elimination.
fn regression_weights(columns: &[Vec<f64>], weights: &[f64], targets: &[Target]) -> Vec<f64> {
    let k = columns.len();
    let n = weights.len();
    let mut rows: Vec<Vec<f64>> = (0..k)
        .map(|a| {
            let inner = |b: usize| (0..n).map(|i| weights[i] * columns[a][i] * columns[b][i]).sum::<f64>();
            let miss = targets[a].total - (0..n).map(|i| weights[i] * columns[a][i]).sum::<f64>();
            (0..k).map(inner).chain([miss]).collect()
        })
        .collect();
    for p in 0..k {
        let pivot = rows[p].clone();
        for (r, row) in rows.iter_mut().enumerate() {
            if r != p {
                let factor = row[p] / pivot[p];
                row.iter_mut().zip(&pivot).for_each(|(x, y)| *x -= factor * y);
            }
        }
    }
    let lambda: Vec<f64> = (0..k).map(|a| rows[a][k] / rows[a][a]).collect();
    (0..n).map(|i| weights[i] * (1.0 + (0..k).map(|j| columns[j][i] * lambda[j]).sum::<f64>())).collect()
}

#[test]
fn standard_errors_agree_with_regression_estimation() {
    let data = survey(200, 3);
    let problem = data.problem();
    let columns = data.jackknife(20);
    let form = Form::Calibration(CalibrationOptions::default());
    let full = problem.solve_form(&form, &mut Control::default()).unwrap();
    let batch = problem.solve_replicates(&columns, &form, 2, &Control::default(), &|_| {}).unwrap();
    let values: Vec<f64> = (0..200).map(|i| f64::from((i * i % 17) as u8)).collect();
    let statistics = [Statistic::total("x", values.clone()), Statistic::mean("mean x", values.clone())];
    let options = StandardErrorOptions::new(Replication::Jk1);
    let found = standard_errors(full.weights().view(), &batch.converged(), &statistics, &options).unwrap();

    let estimate = |weights: &[f64]| {
        let w = regression_weights(&data.columns, weights, &data.targets);
        let total: f64 = w.iter().zip(&values).map(|(w, x)| w * x).sum();
        [total, total / w.iter().sum::<f64>()]
    };
    let whole = estimate(&data.weights);
    let each: Vec<[f64; 2]> = columns.iter().map(|c| estimate(c)).collect();
    for s in 0..2 {
        let variance: f64 = each.iter().map(|e| (e[s] - whole[s]).powi(2)).sum::<f64>() * 19.0 / 20.0;
        assert!((found.rows[s].estimate - whole[s]).abs() <= 1e-10 * whole[s]);
        assert!((found.rows[s].standard_error - variance.sqrt()).abs() <= 1e-8 * variance.sqrt());
    }
}

#[test]
fn a_calibrated_total_does_not_vary() {
    let data = survey(250, 4);
    let problem = data.problem();
    let columns = data.jackknife(10);
    for form in &forms()[3..] {
        let full = problem.solve_form(form, &mut Control::default()).unwrap();
        let batch = problem.solve_replicates(&columns, form, 2, &Control::default(), &|_| {}).unwrap();
        let statistics: Vec<Statistic> = data
            .columns
            .iter()
            .enumerate()
            .map(|(j, c)| Statistic::total(format!("t{j}"), c.clone()))
            .collect();
        let mut free = vec![0.0; 250];
        free[..100].fill(1.0);
        let statistics = [statistics, vec![Statistic::total("free", free)]].concat();
        let options = StandardErrorOptions::new(Replication::Jk1);
        let found =
            standard_errors(full.weights().view(), &batch.converged(), &statistics, &options).unwrap();
        for row in &found.rows[..4] {
            assert!(row.standard_error <= 1e-13 * row.estimate, "{}: {}", row.name, row.standard_error);
        }
        assert!(found.rows[4].standard_error > 1e-3 * found.rows[4].estimate);
    }
}

#[test]
fn a_bad_replicate_stops_no_other() {
    let data = survey(120, 5);
    let problem = data.problem();
    let mut columns = data.jackknife(4);
    // Nobody of the third group is left: its total cannot be met.
    columns[1] = (0..120).map(|i| if i % 3 == 0 { 0.0 } else { 100.0 }).collect();
    let form = Form::Calibration(CalibrationOptions::with_distance(Distance::Raking));
    let batch = problem.solve_replicates(&columns, &form, 2, &Control::default(), &|_| {}).unwrap();
    let statuses: Vec<Status> = batch.replicates.iter().map(|r| r.status).collect();
    use Status::{Converged, Infeasible};
    assert_eq!(statuses, [Converged, Infeasible, Converged, Converged]);
    assert_eq!(batch.num_converged, 3);
    assert!(batch.replicates[1].evidence.is_some());
    assert_eq!(batch.converged().iter().filter(|w| w.is_none()).count(), 1);

    // Households whose members' replicate weights differ are no problem of cluster calibration.
    let clusters: Vec<u32> = (0..120).map(|i| i / 2).collect();
    let form =
        Form::Calibration(CalibrationOptions { clusters: Some(clusters), ..CalibrationOptions::default() });
    let mut columns = vec![vec![100.0; 120], vec![100.0; 120]];
    columns[0][7] = 50.0;
    let alike = Data { weights: vec![100.0; 120], ..survey(120, 5) };
    let matrix = SparseMatrix::from_dense_columns(120, alike.columns.iter().map(Vec::as_slice)).unwrap();
    let alike =
        ReweightProblem::builder(matrix, ArrayView1::from(&alike.weights), alike.targets).build().unwrap();
    let batch = alike.solve_replicates(&columns, &form, 1, &Control::default(), &|_| {}).unwrap();
    let error = batch.replicates[0].input_error.clone().unwrap();
    assert_eq!(error.path, "designWeights[7]");
    assert_eq!(batch.replicates[0].weights.to_vec(), columns[0]);
    assert_eq!(batch.replicates[1].status, Status::Converged);
}

#[test]
fn cancellation_marks_what_has_not_begun() {
    let data = survey(120, 6);
    let flag = CancelFlag::default();
    let control = Control::default().with_cancel(flag.clone());
    let done = |r: &equipoise::reweight::replicates::Replicate| {
        if r.index == 1 {
            flag.cancel();
        }
    };
    let form = &forms()[0];
    let batch = data.problem().solve_replicates(&data.jackknife(5), form, 1, &control, &done).unwrap();
    let statuses: Vec<Status> = batch.replicates.iter().map(|r| r.status).collect();
    use Status::{Cancelled, Converged};
    assert_eq!(statuses, [Converged, Converged, Cancelled, Cancelled, Cancelled]);
    assert_eq!(batch.replicates[4].weights.to_vec(), data.jackknife(5)[4]);
}

#[test]
fn wrong_columns_and_options_are_named_before_any_work() {
    let data = survey(30, 7);
    let problem = data.problem();
    let fault = |columns: &[Vec<f64>], form: &Form| -> InputError {
        let never = |_: &equipoise::reweight::replicates::Replicate| panic!("work was done");
        problem.solve_replicates(columns, form, 1, &Control::default(), &never).unwrap_err()
    };
    let form = &forms()[0];
    let good = vec![1.0; 30];
    let with = |i: usize, value: f64| {
        let mut column = good.clone();
        column[i] = value;
        vec![good.clone(), column]
    };
    assert_eq!((fault(&[], form).code, fault(&[], form).path.as_str()), (InputCode::Empty, "replicates"));
    assert_eq!(fault(&[vec![1.0; 29]], form).path, "replicates[0]");
    assert_eq!(fault(&with(7, -1.0), form).path, "replicates[1][7]");
    assert_eq!(fault(&with(8, f64::NAN), form).code, InputCode::NotFinite);
    assert_eq!(fault(&[good.clone(), vec![0.0; 30]], form).path, "replicates[1]");
    let wrong = [
        (Form::Penalty(ReweightOptions::with_penalty(-1.0)), "penalty"),
        (Form::Bands(BandOptions { tolerance: 0.0, ..BandOptions::default() }), "tolerance"),
        (
            Form::Calibration(CalibrationOptions {
                q_weights: Some(vec![1.0]),
                ..CalibrationOptions::default()
            }),
            "qWeights",
        ),
    ];
    for (form, path) in wrong {
        assert_eq!(fault(std::slice::from_ref(&good), &form).path, path);
    }
}

//! Minimum variance at a given return: the portfolios of OR-Library and of Bailey and López de Prado.

use equipoise::numeric::matrix::Matrix;
use equipoise::qp::{QpOptions, QpProblem};
use equipoise_testset::cases_folder;
use serde_json::Value;

use crate::exact::{INF, exact_residual};

/// min x'Sx with Σx = 1, mean'x = `target` (none: any), x ≥ 0.
fn problem(covariance: &[f64], mean: &[f64], bounds: (Vec<f64>, Vec<f64>)) -> QpProblem {
    let n = mean.len();
    let p = Matrix::dense(n, n, covariance.iter().map(|c| 2.0 * c).collect()).unwrap();
    let rows = Matrix::dense(2, n, [&vec![1.0; n][..], mean].concat()).unwrap();
    QpProblem::new(p, vec![0.0; n], rows, (vec![1.0, -INF], vec![1.0, INF]), bounds).unwrap()
}

fn read_port(text: &str) -> (Vec<f64>, Vec<f64>) {
    let mut numbers = text.split_whitespace().map(|t| t.parse::<f64>().unwrap());
    let n = numbers.next().unwrap() as usize;
    let moments: Vec<(f64, f64)> =
        (0..n).map(|_| (numbers.next().unwrap(), numbers.next().unwrap())).collect();
    let mut covariance = vec![0.0; n * n];
    while let Some(i) = numbers.next() {
        let (i, j) = (i as usize - 1, numbers.next().unwrap() as usize - 1);
        let value = numbers.next().unwrap() * moments[i].1 * moments[j].1;
        (covariance[i * n + j], covariance[j * n + i]) = (value, value);
    }
    (covariance, moments.into_iter().map(|m| m.0).collect())
}

#[test]
fn the_frontiers_of_or_library_are_met() {
    let Some(folder) = cases_folder() else { return };
    let folder = folder.join("portfolio");
    let checks: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("check.json")).unwrap()).unwrap();
    for name in ["port1", "port2"] {
        let (covariance, mean) =
            read_port(&std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap());
        let n = mean.len();
        let mut problem = problem(&covariance, &mean, (vec![0.0; n], vec![INF; n]));
        let entry = &checks[name];
        let minimum = problem.solve(&QpOptions::default());
        assert!(minimum.is_converged());
        assert!((minimum.objective() - entry["gmv_var_clarabel"].as_f64().unwrap()).abs() <= 1e-9);
        let mut seen = 0;
        for point in entry["check"].as_array().unwrap() {
            let target = point["ret"].as_f64().unwrap();
            problem.set_row_bounds(vec![1.0, target], vec![1.0, target]).unwrap();
            let solution = problem.solve(&QpOptions::default());
            assert!(solution.is_converged(), "{name} at {target}");
            for reference in ["var_ref_orlib", "var_clarabel"] {
                let expected = point[reference].as_f64().unwrap();
                assert!((solution.objective() - expected).abs() <= 1e-9, "{name} at {target}: {reference}");
            }
            seen += 1;
        }
        assert_eq!(seen, 21);
    }
}

#[test]
fn the_ten_assets_of_bailey_and_lopez_de_prado() {
    let Some(folder) = cases_folder() else { return };
    let text = std::fs::read_to_string(folder.join("portfolio/CLA_Data.csv")).unwrap();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|t| t.trim().parse().unwrap()).collect())
        .collect();
    let (mean, covariance) = (&rows[0], rows[3..].concat());
    let mut problem = problem(&covariance, mean, (rows[1].clone(), rows[2].clone()));
    let solution = problem.solve(&QpOptions::default());
    assert!(solution.is_converged());
    assert!(exact_residual(problem.program(), &solution) <= 1e-15);
    let found: f64 = solution.x.iter().zip(mean).map(|(x, m)| x * m).sum();
    assert!((found - 0.803_215_36).abs() <= 5e-9, "{found}");
    assert!((solution.objective().sqrt() - 0.205_237_62).abs() <= 5e-9);
}

//! The bound-constrained problems of the CUTEst collection, written from their SIF statements.
//!
//! The cases are found in the folder named by EQUIPOISE_CASES, else in `../shared/cases` beside the workspace; without
//! them the test says so and passes.

mod common;

use common::{best, projected_gradient_norm, run};
use equipoise::smooth::{Lbfgsb, LbfgsbStop};
use serde_json::Value;
use std::path::PathBuf;

type Function = fn(&[f64]) -> (f64, Vec<f64>);

/// Name, function and minimum; the global one where there are several.
const PROBLEMS: [(&str, Function, f64); 15] = [
    ("HS1", hs1, 0.0),
    ("HS2", hs1, 0.0504261879),
    ("HS3", hs3, 0.0),
    ("HS5", hs5, -1.913222955),
    ("HS38", hs38, 0.0),
    ("HS45", hs45, 1.0),
    ("CAMEL6", camel6, -1.0316284535),
    ("SIMBQP", simbqp, 0.0),
    ("BQP1VAR", bqp1var, 0.0),
    ("HATFLDA", hatflda, 0.0),
    ("LOGROS", logros, 0.0),
    ("PSPDOC", pspdoc, 1.0 + std::f64::consts::SQRT_2),
    ("NONSCOMP", nonscomp, 0.0),
    ("HART6", hart6, -3.3228868916),
    ("PALMER4B", palmer4b, 6.8351385999),
];

/// Problems whose published local minimum is also an answer: it is reported, neither pass nor failure.
const LOCAL_MINIMA: [(&str, f64); 1] = [("HS2", 4.9412293)];

/// 100(x₁ − x₀²)² + (x₀ − 1)².
fn hs1(x: &[f64]) -> (f64, Vec<f64>) {
    let (t, u) = (x[1] - x[0] * x[0], x[0] - 1.0);
    (100.0 * t * t + u * u, vec![-400.0 * x[0] * t + 2.0 * u, 200.0 * t])
}

/// x₁ + 1e-5 (x₁ − x₀)².
fn hs3(x: &[f64]) -> (f64, Vec<f64>) {
    let t = x[1] - x[0];
    (x[1] + 1e-5 * t * t, vec![-2e-5 * t, 1.0 + 2e-5 * t])
}

/// sin(x₀ + x₁) + (x₀ − x₁)² − 1.5x₀ + 2.5x₁ + 1.
fn hs5(x: &[f64]) -> (f64, Vec<f64>) {
    let (s, t) = (x[0] + x[1], x[0] - x[1]);
    (s.sin() + t * t - 1.5 * x[0] + 2.5 * x[1] + 1.0, vec![s.cos() + 2.0 * t - 1.5, s.cos() - 2.0 * t + 2.5])
}

/// Colville's function.
fn hs38(x: &[f64]) -> (f64, Vec<f64>) {
    let (t, u) = (x[1] - x[0] * x[0], x[3] - x[2] * x[2]);
    let [a, b, c, d] = [x[0] - 1.0, x[1] - 1.0, x[2] - 1.0, x[3] - 1.0];
    (
        100.0 * t * t + a * a + 90.0 * u * u + c * c + 10.1 * (b * b + d * d) + 19.8 * b * d,
        vec![
            -400.0 * x[0] * t + 2.0 * a,
            200.0 * t + 20.2 * b + 19.8 * d,
            -360.0 * x[2] * u + 2.0 * c,
            180.0 * u + 20.2 * d + 19.8 * b,
        ],
    )
}

/// 2 − Π xᵢ/120.
fn hs45(x: &[f64]) -> (f64, Vec<f64>) {
    let product_without = |k: usize| (0..5).filter(|&i| i != k).map(|i| x[i]).product::<f64>();
    (2.0 - x.iter().product::<f64>() / 120.0, (0..5).map(|k| -product_without(k) / 120.0).collect())
}

/// 4x² − 2.1x⁴ + x⁶/3 + xy − 4y² + 4y⁴, with the third as the statement writes it.
fn camel6(v: &[f64]) -> (f64, Vec<f64>) {
    let (x, y, third) = (v[0], v[1], 0.333333333333);
    (
        4.0 * x * x - 2.1 * x.powi(4) + third * x.powi(6) + x * y - 4.0 * y * y + 4.0 * y.powi(4),
        vec![8.0 * x - 8.4 * x.powi(3) + 6.0 * third * x.powi(5) + y, x - 8.0 * y + 16.0 * y.powi(3)],
    )
}

/// x₁ + (x₁ − x₀)² + (2x₀ + x₁)².
fn simbqp(x: &[f64]) -> (f64, Vec<f64>) {
    let (t, u) = (x[1] - x[0], 2.0 * x[0] + x[1]);
    (x[1] + t * t + u * u, vec![-2.0 * t + 4.0 * u, 1.0 + 2.0 * t + 2.0 * u])
}

/// x + x².
fn bqp1var(x: &[f64]) -> (f64, Vec<f64>) {
    (x[0] + x[0] * x[0], vec![1.0 + 2.0 * x[0]])
}

/// (x₀ − 1)² + Σ (x_{i−1} − √xᵢ)².
fn hatflda(x: &[f64]) -> (f64, Vec<f64>) {
    let mut g = vec![0.0; x.len()];
    let mut f = (x[0] - 1.0) * (x[0] - 1.0);
    g[0] = 2.0 * (x[0] - 1.0);
    for i in 1..x.len() {
        let t = x[i - 1] - x[i].sqrt();
        f += t * t;
        g[i - 1] += 2.0 * t;
        g[i] -= t / x[i].sqrt();
    }
    (f, g)
}

/// ln(1 + 1e4 (y − x²)² + (1 − x)²).
fn logros(v: &[f64]) -> (f64, Vec<f64>) {
    let (x, t) = (v[0], v[1] - v[0] * v[0]);
    let inner = 1.0 + 1e4 * t * t + (1.0 - x) * (1.0 - x);
    (inner.ln(), vec![(-4e4 * x * t - 2.0 * (1.0 - x)) / inner, 2e4 * t / inner])
}

/// Σ √(1 + xᵢ² + (x_{i+1} − x_{i+2})²).
fn pspdoc(x: &[f64]) -> (f64, Vec<f64>) {
    let (mut f, mut g) = (0.0, vec![0.0; x.len()]);
    for i in 0..x.len() - 2 {
        let u = x[i + 1] - x[i + 2];
        let root = (1.0 + x[i] * x[i] + u * u).sqrt();
        f += root;
        g[i] += x[i] / root;
        g[i + 1] += u / root;
        g[i + 2] -= u / root;
    }
    (f, g)
}

/// (x₀ − 1)² + 4 Σ (xᵢ − x_{i−1}²)².
fn nonscomp(x: &[f64]) -> (f64, Vec<f64>) {
    let mut g = vec![0.0; x.len()];
    let mut f = (x[0] - 1.0) * (x[0] - 1.0);
    g[0] = 2.0 * (x[0] - 1.0);
    for i in 1..x.len() {
        let t = x[i] - x[i - 1] * x[i - 1];
        f += 4.0 * t * t;
        g[i - 1] -= 16.0 * x[i - 1] * t;
        g[i] += 8.0 * t;
    }
    (f, g)
}

/// −Σ cᵢ exp(−Σ aᵢⱼ (xⱼ − pᵢⱼ)²), Hartman's function of six variables.
fn hart6(x: &[f64]) -> (f64, Vec<f64>) {
    const C: [f64; 4] = [1.0, 1.2, 3.0, 3.2];
    const A: [[f64; 6]; 4] = [
        [10.0, 0.05, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    const P: [[f64; 6]; 4] = [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ];
    let (mut f, mut g) = (0.0, vec![0.0; 6]);
    for i in 0..4 {
        let exponent: f64 = (0..6).map(|j| A[i][j] * (x[j] - P[i][j]) * (x[j] - P[i][j])).sum();
        let term = C[i] * (-exponent).exp();
        f -= term;
        for j in 0..6 {
            g[j] += 2.0 * term * A[i][j] * (x[j] - P[i][j]);
        }
    }
    (f, g)
}

// The points are angles rounded to six decimals, as published.
#[allow(clippy::approx_constant)]
/// Σ (a₂t² + a₄t⁴ + b/(c + t²) − y)² over 23 points, in the variables (a₂, a₄, b, c).
fn palmer4b(x: &[f64]) -> (f64, Vec<f64>) {
    /// The points with t ≥ 0; all but t = 0 occur with both signs.
    const DATA: [(f64, f64); 12] = [
        (0.0, 9.8046208),
        (0.174533, 8.263520),
        (0.349066, 5.014768),
        (0.523599, 1.867422),
        (0.698132, 0.085108),
        (0.741119, 0.0),
        (0.872665, 0.92603),
        (1.047198, 5.5675),
        (1.221730, 14.9888),
        (1.396263, 30.2718),
        (1.570796, 52.8537),
        (1.658063, 67.27625),
    ];
    let (mut f, mut g) = (0.0, vec![0.0; 4]);
    for (t, y) in DATA {
        let weight = if t == 0.0 { 1.0 } else { 2.0 };
        let (square, quotient) = (t * t, 1.0 / (x[3] + t * t));
        let residual = x[0] * square + x[1] * square * square + x[2] * quotient - y;
        f += weight * residual * residual;
        let derivatives = [square, square * square, quotient, -x[2] * quotient * quotient];
        for (g, derivative) in g.iter_mut().zip(derivatives) {
            *g += 2.0 * weight * residual * derivative;
        }
    }
    (f, g)
}

fn cases() -> Option<Value> {
    let folder = std::env::var_os("EQUIPOISE_CASES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(folder.join("bound.json")).ok()?;
    Some(serde_json::from_str(&text).expect("bound.json is JSON"))
}

fn numbers(value: &Value, infinite: f64) -> Vec<f64> {
    value.as_array().expect("an array").iter().map(|x| x.as_f64().unwrap_or(infinite)).collect()
}

/// The function agrees with the three tabulated points to 1e-7 max(1, |value|).
fn check_transcription(name: &str, function: Function, case: &Value) {
    let close = |ours: f64, table: f64| (ours - table).abs() <= 1e-7 * table.abs().max(1.0);
    for point in case["oracle"].as_array().expect("points") {
        let (f, g) = function(&numbers(&point["x"], f64::NAN));
        assert!(close(f, point["f"].as_f64().expect("a value")), "{name}: f = {f}");
        for (ours, table) in g.iter().zip(numbers(&point["g"], f64::NAN)) {
            assert!(close(*ours, table), "{name}: gradient {ours}, tabulated {table}");
        }
    }
}

#[test]
#[allow(clippy::print_stderr)]
fn published_minima() {
    let Some(cases) = cases() else {
        eprintln!("skipped: no bound.json in EQUIPOISE_CASES or ../shared/cases");
        return;
    };
    for (name, function, minimum) in PROBLEMS {
        let case = &cases[name];
        check_transcription(name, function, case);
        let lower = numbers(&case["xl"], f64::NEG_INFINITY);
        let upper = numbers(&case["xu"], f64::INFINITY);
        let solver = Lbfgsb::new(lower.clone(), upper.clone()).unwrap().gradient_tolerance(1e-7);
        let result = run(|x: &[f64]| Ok(function(x)), solver, &numbers(&case["x0"], f64::NAN)).unwrap();
        assert!(matches!(result.solver.stop(), LbfgsbStop::Stationary { .. }), "{name}: {:?}", result.solver);
        let x = best(&result);
        let (f, g) = function(x);
        eprintln!(
            "{name}: f = {f:.10e}, {} iterations, {} evaluations",
            result.solver.num_iterations(),
            result.problem.counts["cost_count"]
        );
        assert!((0..x.len()).all(|i| lower[i] <= x[i] && x[i] <= upper[i]), "{name}");
        assert!(projected_gradient_norm(x, &g, &lower, &upper) <= 1.01e-7, "{name}");
        let reaches = |minimum: f64| f <= minimum + 1e-6 * minimum.abs().max(1.0);
        let local = LOCAL_MINIMA.iter().find(|(problem, _)| *problem == name);
        assert!(reaches(minimum) || local.is_some_and(|(_, minimum)| reaches(*minimum)), "{name}: {f}");
    }
}

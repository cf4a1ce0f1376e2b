//! Smooth problems with bounds: functions with exact derivatives, starts, boxes and known minima.

mod data;
mod formulas;
mod nist;
pub(crate) mod scalar;

use std::path::Path;

use serde_json::Value;

pub use nist::{Regression, nist_regressions};
pub use scalar::Jet;

use formulas as f;
use scalar::Scalar;

/// A function written once for numbers and for jets.
trait Formula: Send + Sync {
    fn at<T: Scalar>(&self, x: &[T]) -> T;
}

/// A function with its derivatives.
pub trait SmoothFunction: Send + Sync {
    /// f(x)
    fn value(&self, x: &[f64]) -> f64;
    /// f(x), ∇f(x) and ∇²f(x)
    fn jet(&self, x: &[f64]) -> Jet;
}

impl<F: Formula> SmoothFunction for F {
    fn value(&self, x: &[f64]) -> f64 {
        self.at(x)
    }

    fn jet(&self, x: &[f64]) -> Jet {
        self.at(&Jet::variables(x))
    }
}

/// min f(x) over lower ≤ x ≤ upper.
pub struct SmoothProblem {
    /// Name in its collection.
    pub name: String,
    /// The standard start (n); it may lie outside the box.
    pub start: Vec<f64>,
    /// Lower bounds (n); −∞ where there is none.
    pub lower: Vec<f64>,
    /// Upper bounds (n).
    pub upper: Vec<f64>,
    /// The known minimum.
    pub optimum: f64,
    /// f
    pub function: Box<dyn SmoothFunction>,
}

/// Values that the files give for a check of the formulas.
pub struct Reference {
    /// A point (n).
    pub x: Vec<f64>,
    /// f there.
    pub value: f64,
    /// ∇f there (n).
    pub gradient: Vec<f64>,
}

/// Minima of `bound.json` and `uncon.json`, exact ones exactly.
fn formula(name: &str) -> Option<(Box<dyn SmoothFunction>, f64)> {
    let (function, optimum): (Box<dyn SmoothFunction>, f64) = match name {
        "HS1" | "ROSENBR" => (Box::new(f::Rosenbrock), 0.0),
        "HS2" => (Box::new(f::Rosenbrock), 0.0504261879),
        "HS3" => (Box::new(f::Hs3), 0.0),
        "HS5" => (Box::new(f::Hs5), -0.5 * 3f64.sqrt() - std::f64::consts::PI / 3.0),
        "HS38" => (Box::new(f::Hs38), 0.0),
        "HS45" => (Box::new(f::Hs45), 1.0),
        "HATFLDA" => (Box::new(f::Hatflda), 0.0),
        "PALMER1" => (Box::new(f::Palmer1), 11754.6025453),
        "PALMER1A" => (Box::new(f::Palmer1a), 0.0898836290),
        "CAMEL6" => (Box::new(f::Camel6), -1.0316284535),
        "HART6" => (Box::new(f::Hart6), -3.3228868916),
        "LOGROS" => (Box::new(f::Logros), 0.0),
        "PSPDOC" => (Box::new(f::Pspdoc), 1.0 + 2f64.sqrt()),
        "SIMBQP" => (Box::new(f::Simbqp), 0.0),
        "TORSION1" => (Box::new(f::Torsion1), -14.0 / 27.0),
        "LINVERSE" => (Box::new(f::Linverse), 6.0),
        "NONSCOMP" => (Box::new(f::Nonscomp), 0.0),
        "PALMER4B" => (Box::new(f::Palmer4b), 6.8351385999),
        "BQP1VAR" => (Box::new(f::Bqp1var), 0.0),
        "CLPLATEA" => (Box::new(f::Clplatea), -0.0065955092),
        "BEALE" => (Box::new(f::Beale), 0.0),
        "HELIX" => (Box::new(f::Helix), 0.0),
        "BARD" => (Box::new(f::Bard), 8.2148773066e-3),
        "POWELLSG" => (Box::new(f::Powellsg), 0.0),
        "BROWNDEN" => (Box::new(f::Brownden), 85822.2016264),
        "KOWOSB" => (Box::new(f::Kowosb), 3.0780094673e-4),
        "VARDIM" => (Box::new(f::Vardim), 0.0),
        "PENALTY1" => (Box::new(f::Penalty1), 7.0876514671e-5),
        "CLIFF" => (Box::new(f::Cliff), 0.1997866137),
        "BROWNAL" => (Box::new(f::Brownal), 0.0),
        "DENSCHNA" => (Box::new(f::Denschna), 0.0),
        _ => return None,
    };
    Some((function, optimum))
}

/// Reads `bound.json` or `uncon.json` of the cases folder: each problem with the file's own values of f and ∇f.
///
/// # Panics
/// If the file is missing, not in its form, or names a problem without a formula here.
pub fn smooth_problems(cases: &Path, file: &str) -> Vec<(SmoothProblem, Vec<Reference>)> {
    let text = std::fs::read_to_string(cases.join(file)).expect("a file of problems");
    let problems: Value = serde_json::from_str(&text).expect("JSON");
    let read = |(name, case): (&String, &Value)| {
        let (function, optimum) = formula(name).unwrap_or_else(|| panic!("no formula for {name}"));
        let start = numbers(&case["x0"], f64::NAN);
        let n = start.len();
        let side = |key: &str, infinite: f64| match &case[key] {
            Value::Null => vec![infinite; n],
            values => numbers(values, infinite),
        };
        let problem = SmoothProblem {
            name: name.clone(),
            lower: side("xl", f64::NEG_INFINITY),
            upper: side("xu", f64::INFINITY),
            start,
            optimum,
            function,
        };
        let oracle = case["oracle"].as_array().expect("points").iter().map(|point| Reference {
            x: numbers(&point["x"], f64::NAN),
            value: point["f"].as_f64().expect("a number"),
            gradient: numbers(&point["g"], f64::NAN),
        });
        (problem, oracle.collect())
    };
    problems.as_object().expect("problems by name").iter().map(read).collect()
}

/// Reads `ceres_bounded_mgh.json` of the cases folder.
///
/// # Panics
/// If the file is missing or not in its form.
pub fn bounded_least_squares(cases: &Path) -> Vec<SmoothProblem> {
    let text = std::fs::read_to_string(cases.join("ceres_bounded_mgh.json")).expect("the file");
    let problems: Value = serde_json::from_str(&text).expect("JSON");
    let read = |(name, case): (&String, &Value)| {
        let list = |key: &str| -> Vec<f64> {
            let text = case[key].as_str().expect("text");
            text.split(',').map(|number| number.trim().parse().expect("a number")).collect()
        };
        let function: Box<dyn SmoothFunction> = match name.as_str() {
            "TestProblem3" => Box::new(f::Mgh3),
            "TestProblem5" => Box::new(f::Beale),
            "TestProblem7" => Box::new(f::Mgh7),
            "TestProblem9" => Box::new(f::Mgh9),
            "TestProblem14" => Box::new(f::Mgh14),
            "TestProblem16" => Box::new(f::Brownden),
            other => panic!("no formula for {other}"),
        };
        SmoothProblem {
            name: name.clone(),
            start: list("initial_x"),
            lower: list("lower_bounds"),
            upper: list("upper_bounds"),
            optimum: case["constrained_optimal_cost"]
                .as_str()
                .and_then(|t| t.parse().ok())
                .expect("a number"),
            function,
        }
    };
    problems.as_object().expect("problems by name").iter().map(read).collect()
}

fn numbers(values: &Value, null: f64) -> Vec<f64> {
    values.as_array().expect("an array").iter().map(|v| v.as_f64().unwrap_or(null)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases_folder;

    /// |a − b| ≤ 1e-7 max(1, |b|), as the cases' README asks.
    fn assert_close(what: &str, a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-7 * b.abs().max(1.0), "{what}: {a} for {b}");
    }

    #[test]
    fn values_and_gradients_are_those_of_the_files() {
        let Some(cases) = cases_folder() else { return };
        for file in ["bound.json", "uncon.json"] {
            for (problem, oracle) in smooth_problems(&cases, file) {
                assert_eq!(oracle.len(), 3);
                for point in oracle {
                    let jet = problem.function.jet(&point.x);
                    assert_close(&problem.name, jet.value, point.value);
                    assert_close(&problem.name, problem.function.value(&point.x), point.value);
                    for (i, (&ours, &theirs)) in jet.gradient.iter().zip(&point.gradient).enumerate() {
                        let scale = point.gradient.iter().fold(1.0f64, |m, g| m.max(g.abs()));
                        assert_close(&format!("{} gradient {i}", problem.name), ours / scale, theirs / scale);
                    }
                }
            }
        }
    }

    #[test]
    fn hessians_are_the_differences_of_gradients() {
        let Some(cases) = cases_folder() else { return };
        for file in ["bound.json", "uncon.json"] {
            for (problem, oracle) in smooth_problems(&cases, file) {
                let x = &oracle[2].x;
                let jet = problem.function.jet(x);
                let size = jet.hessian.iter().fold(1.0f64, |m, h| m.max(h.abs()));
                for j in 0..x.len() {
                    let step = 1e-5 * x[j].abs().max(0.1);
                    let gradient = |by: f64| {
                        let mut moved = x.clone();
                        moved[j] += by;
                        problem.function.jet(&moved).gradient
                    };
                    let (ahead, behind) = (gradient(step), gradient(-step));
                    for i in j..x.len() {
                        let difference = (ahead[i] - behind[i]) / (2.0 * step);
                        let entry = jet.hessian[i * (i + 1) / 2 + j];
                        assert!((difference - entry).abs() <= 1e-5 * size, "{} {i} {j}", problem.name);
                    }
                }
            }
        }
    }

    #[test]
    fn the_regressions_have_their_certified_sums_at_the_certified_parameters() {
        let Some(cases) = cases_folder() else { return };
        for regression in nist_regressions(&cases) {
            let sum = regression.problem.function.value(&regression.certified);
            let error = (sum - regression.sum_of_squares).abs() / regression.sum_of_squares;
            assert!(error < 1e-9, "{}: {sum}", regression.problem.name);
        }
    }

    #[test]
    fn the_bounded_least_squares_problems_reach_their_costs_at_the_rechecked_points() {
        let Some(cases) = cases_folder() else { return };
        let text = std::fs::read_to_string(cases.join("ceres_bounded_mgh.json")).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        for problem in bounded_least_squares(&cases) {
            let x = numbers(&file[&problem.name]["recheck_x"], f64::NAN);
            let value = problem.function.value(&x);
            assert_close(&problem.name, value, problem.optimum);
        }
    }
}

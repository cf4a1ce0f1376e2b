//! Constrained nonlinear problems with exact derivatives, standard starts and known minima.

mod dual;
pub mod families;
mod formulas;
mod random_state;

use std::path::Path;

use serde_json::Value;

use crate::smooth::scalar::{Jet, Scalar};
use dual::{Dual, MOST};
use formulas as f;
pub use random_state::RandomState;

/// f and the rows of a problem, written once for numbers and for numbers with derivatives.
trait NlpFormula: Send + Sync {
    fn objective<T: Scalar>(&self, x: &[T]) -> T;
    fn rows<T: Scalar>(&self, x: &[T], out: &mut Vec<T>);
}

/// A problem's functions in the order of the files.
trait RawFunctions: Send + Sync {
    fn values(&self, x: &[f64]) -> (f64, Vec<f64>);
    fn derivatives(&self, x: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>);
    fn hessians(&self, x: &[f64]) -> Vec<Jet>;
}

impl<F: NlpFormula> RawFunctions for F {
    fn values(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let mut rows = Vec::new();
        self.rows(x, &mut rows);
        (self.objective(x), rows)
    }

    fn derivatives(&self, x: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let (n, duals) = (x.len(), Dual::variables(x));
        let mut rows = Vec::new();
        self.rows(&duals, &mut rows);
        let gradient = self.objective(&duals).gradient[..n].to_vec();
        (gradient, rows.iter().map(|row| row.gradient[..n].to_vec()).collect())
    }

    fn hessians(&self, x: &[f64]) -> Vec<Jet> {
        let jets = Jet::variables(x);
        let mut out = vec![self.objective(&jets)];
        self.rows(&jets, &mut out);
        out
    }
}

/// min f(x) over cₑ(x) = 0, cᵢ(x) ≥ 0, lower ≤ x ≤ upper.
pub struct NlpProblem {
    /// Name in its collection.
    pub name: String,
    /// The standard start (n); it may lie outside the box.
    pub start: Vec<f64>,
    /// Lower bounds (n); −∞ where there is none.
    pub lower: Vec<f64>,
    /// Upper bounds (n).
    pub upper: Vec<f64>,
    /// mₑ.
    pub num_equalities: usize,
    /// mᵢ: the rows ≤ 0 of the files with their signs changed, then the rows ≥ 0.
    pub num_inequalities: usize,
    /// The known minimum.
    pub optimum: f64,
    num_le: usize,
    functions: Box<dyn RawFunctions>,
}

impl NlpProblem {
    /// Position in the file and sign of each row of ours.
    fn order(&self) -> impl Iterator<Item = (usize, f64)> {
        let (le, equalities) = (self.num_le, self.num_equalities);
        let all = self.num_equalities + self.num_inequalities;
        let equal = (le..le + equalities).map(|i| (i, 1.0));
        let less = (0..le).map(|i| (i, -1.0));
        equal.chain(less).chain((le + equalities..all).map(|i| (i, 1.0)))
    }

    /// f(x) and c(x) (m): equalities, then inequalities.
    pub fn values(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let (f, raw) = self.functions.values(x);
        (f, self.order().map(|(i, sign)| sign * raw[i]).collect())
    }

    /// ∇f(x) (n) and J(x) (m × n, row-major).
    pub fn derivatives(&self, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (gradient, raw) = self.functions.derivatives(x);
        let rows =
            self.order().flat_map(|(i, sign)| raw[i].iter().map(move |a| sign * a).collect::<Vec<_>>());
        (gradient, rows.collect())
    }

    /// f_weight·∇²f + Σ weightsᵢ·∇²cᵢ (n × n, row-major).
    pub fn hessian(&self, x: &[f64], f_weight: f64, weights: &[f64]) -> Vec<f64> {
        let n = x.len();
        let jets = self.functions.hessians(x);
        let mut out = vec![0.0; n * n];
        let rows = self.order().zip(weights).map(|((i, sign), w)| (1 + i, sign * w));
        for (k, weight) in std::iter::once((0, f_weight)).chain(rows) {
            for i in 0..n {
                for j in 0..n {
                    let (high, low) = (i.max(j), i.min(j));
                    out[i * n + j] += weight * jets[k].hessian[high * (high + 1) / 2 + low];
                }
            }
        }
        out
    }
}

/// Values that the files give for a check of the formulas.
pub struct NlpReference {
    /// A point (n).
    pub x: Vec<f64>,
    /// f there.
    pub value: f64,
    /// ∇f there (n).
    pub gradient: Vec<f64>,
    /// The rows there, in the order of the files.
    pub rows: Vec<f64>,
    /// Their gradients.
    pub jacobian: Vec<Vec<f64>>,
}

fn formula(name: &str, cases: &Path) -> Option<(Box<dyn RawFunctions>, f64)> {
    let (functions, optimum): (Box<dyn RawFunctions>, f64) = match name {
        "HS6" => (Box::new(f::Hs6), 0.0),
        "HS10" => (Box::new(f::Hs10), -1.0),
        "HS12" => (Box::new(f::Hs12), -30.0),
        "HS14" => (Box::new(f::Hs14), 9.0 - 2.875 * 7f64.sqrt()),
        "HS21" => (Box::new(f::Hs21), -99.96),
        "HS22" => (Box::new(f::Hs22), 1.0),
        "HS26" => (Box::new(f::Hs26), 0.0),
        "HS28" => (Box::new(f::Hs28), 0.0),
        "HS29" => (Box::new(f::Hs29), -16.0 * 2f64.sqrt()),
        "HS35" => (Box::new(f::Hs35), 1.0 / 9.0),
        "HS35MOD" => (Box::new(f::Hs35), 0.25),
        "HS39" => (Box::new(f::Hs39), -1.0),
        "HS40" => (Box::new(f::Hs40), -0.25),
        "HS43" => (Box::new(f::Hs43), -44.0),
        "HS48" => (Box::new(f::Hs48), 0.0),
        "HS65" => (Box::new(f::Hs65), 0.9535288568),
        "HS71" => (Box::new(f::Hs71), 17.0140172891),
        "HS76" => (Box::new(f::Hs76), -103.0 / 22.0),
        "HS78" => (Box::new(f::Hs78), -2.919700409),
        "HS93" => (Box::new(f::Hs93), 135.0759628),
        "HS100" => (Box::new(f::Hs100), 680.6300573),
        "HS113" => (Box::new(f::Hs113), 24.3062090682),
        "BT2" => (Box::new(f::Bt2), 0.0325682004),
        "BT11" => (Box::new(f::Bt11), 0.8248917783),
        "CHACONN2" => (Box::new(f::Chaconn2), 2.0),
        "MAKELA1" => (Box::new(f::Makela1), -(2f64.sqrt())),
        "POLAK4" => (Box::new(f::Polak4), 0.0),
        "PORTFL1" => (Box::new(portfolio(cases)), 0.0204862747),
        _ => return None,
    };
    Some((functions, optimum))
}

/// The figures of PORTFL1: lines ` RE Fj,i value` and ` RE Ri value`.
fn portfolio(cases: &Path) -> f::Portfolio {
    const MONTHS: usize = 62;
    let text = std::fs::read_to_string(cases.join("sif/PORTFL1.SIF")).expect("the SIF statement");
    let mut out = f::Portfolio { assets: vec![vec![0.0; MOST]; MONTHS], index: vec![0.0; MONTHS] };
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["RE", name, number] = words[..] else { continue };
        let value: f64 = number.parse().expect("a number");
        if let Some((asset, month)) = name.strip_prefix('F').and_then(|rest| rest.split_once(',')) {
            let at = |text: &str| text.parse::<usize>().expect("an index") - 1;
            out.assets[at(month)][at(asset)] = value;
        } else if let Some(Ok(month)) = name.strip_prefix('R').map(str::parse::<usize>) {
            out.index[month - 1] = value;
        }
    }
    out
}

/// Reads `nlp_hs.json` or `nlp_cutest_small.json` of the cases folder: each problem with the file's own values.
///
/// # Panics
/// If the file is missing, not in its form, or names a problem without a formula here.
pub fn nlp_problems(cases: &Path, file: &str) -> Vec<(NlpProblem, Vec<NlpReference>)> {
    let text = std::fs::read_to_string(cases.join(file)).expect("a file of problems");
    let problems: Value = serde_json::from_str(&text).expect("JSON");
    let read = |(name, case): (&String, &Value)| {
        let (functions, optimum) = formula(name, cases).unwrap_or_else(|| panic!("no formula for {name}"));
        let count = |key: &str| usize::try_from(case[key].as_u64().expect("a count")).expect("small");
        let problem = NlpProblem {
            name: name.clone(),
            start: numbers(&case["x0"], f64::NAN),
            lower: numbers(&case["xl"], f64::NEG_INFINITY),
            upper: numbers(&case["xu"], f64::INFINITY),
            num_equalities: count("n_eq"),
            num_inequalities: count("n_le") + count("n_ge"),
            optimum,
            num_le: count("n_le"),
            functions,
        };
        let oracle = case["oracle"].as_array().expect("points").iter().map(|point| NlpReference {
            x: numbers(&point["x"], f64::NAN),
            value: point["f"].as_f64().expect("a number"),
            gradient: numbers(&point["g"], f64::NAN),
            rows: numbers(&point["c"], f64::NAN),
            jacobian: point["J"].as_array().expect("rows").iter().map(|row| numbers(row, f64::NAN)).collect(),
        });
        (problem, oracle.collect())
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

    const FILES: [&str; 2] = ["nlp_hs.json", "nlp_cutest_small.json"];

    /// |a − b| ≤ 1e-7 max(1, |b|), as the cases' README asks.
    fn assert_close(what: &str, a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-7 * b.abs().max(1.0), "{what}: {a} for {b}");
    }

    #[test]
    fn values_and_derivatives_are_those_of_the_files() {
        let Some(cases) = cases_folder() else { return };
        let mut count = 0;
        for (problem, oracle) in FILES.iter().flat_map(|file| nlp_problems(&cases, file)) {
            count += 1;
            for point in &oracle {
                let (f, c) = problem.values(&point.x);
                let (gradient, jacobian) = problem.derivatives(&point.x);
                assert_close(&problem.name, f, point.value);
                gradient.iter().zip(&point.gradient).for_each(|(a, b)| assert_close(&problem.name, *a, *b));
                for (k, (i, sign)) in problem.order().enumerate() {
                    assert_close(&problem.name, sign * c[k], point.rows[i]);
                    for (j, b) in point.jacobian[i].iter().enumerate() {
                        assert_close(&problem.name, sign * jacobian[k * gradient.len() + j], *b);
                    }
                }
            }
        }
        assert_eq!(count, 28);
    }

    #[test]
    fn hessians_are_the_differences_of_gradients() {
        let Some(cases) = cases_folder() else { return };
        for (problem, oracle) in FILES.iter().flat_map(|file| nlp_problems(&cases, file)) {
            let (x, n) = (&oracle[2].x, oracle[2].x.len());
            let weights: Vec<f64> = (0..oracle[2].rows.len()).map(|i| 1.0 - 0.7 * i as f64).collect();
            let hessian = problem.hessian(x, 0.5, &weights);
            let gradient = |x: &[f64]| -> Vec<f64> {
                let (g, jacobian) = problem.derivatives(x);
                (0..n)
                    .map(|j| {
                        0.5 * g[j]
                            + weights.iter().enumerate().map(|(i, w)| w * jacobian[i * n + j]).sum::<f64>()
                    })
                    .collect()
            };
            let size = hessian.iter().fold(1.0f64, |a, h| a.max(h.abs()));
            for j in 0..n {
                let step = 1e-5 * x[j].abs().max(0.1);
                let at = |by: f64| {
                    let mut moved = x.clone();
                    moved[j] += by;
                    gradient(&moved)
                };
                let (ahead, behind) = (at(step), at(-step));
                for i in 0..n {
                    let difference = (ahead[i] - behind[i]) / (2.0 * step);
                    assert!(
                        (difference - hessian[i * n + j]).abs() <= 1e-5 * size,
                        "{} {i} {j}",
                        problem.name
                    );
                }
            }
        }
    }
}

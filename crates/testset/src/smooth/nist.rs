//! The regressions of the NIST StRD: sums of squared residuals, data and starts from the published files.

use std::path::Path;

use super::scalar::Scalar;
use super::{Formula, SmoothProblem};

/// A regression with its certified answer.
pub struct Regression {
    /// Σ (y − model)² as a function of the parameters, from the first published start.
    pub problem: SmoothProblem,
    /// The second published start, nearer to the answer.
    pub second_start: Vec<f64>,
    /// The certified parameters, to 11 digits.
    pub certified: Vec<f64>,
    /// The certified sum of squared residuals.
    pub sum_of_squares: f64,
}

#[derive(Clone, Copy)]
enum Model {
    Misra1a,
    Misra1b,
    Chwirut2,
    DanWood,
    Lanczos3,
    Gauss1,
    Kirby2,
    Mgh09,
    Eckerle4,
    BoxBod,
    Thurber,
    Enso,
}

const MODELS: [(&str, Model); 12] = [
    ("Misra1a", Model::Misra1a),
    ("Misra1b", Model::Misra1b),
    ("Chwirut2", Model::Chwirut2),
    ("DanWood", Model::DanWood),
    ("Lanczos3", Model::Lanczos3),
    ("Gauss1", Model::Gauss1),
    ("Kirby2", Model::Kirby2),
    ("MGH09", Model::Mgh09),
    ("Eckerle4", Model::Eckerle4),
    ("BoxBOD", Model::BoxBod),
    ("Thurber", Model::Thurber),
    ("ENSO", Model::Enso),
];

struct SquaredResiduals {
    model: Model,
    observations: Vec<(f64, f64)>,
}

impl Formula for SquaredResiduals {
    fn at<T: Scalar>(&self, b: &[T]) -> T {
        let residual = |&(y, x): &(f64, f64)| (self.model.at(b, x) - y).squared();
        self.observations.iter().map(residual).reduce(|a, b| a + b).expect("observations")
    }
}

impl Model {
    fn at<T: Scalar>(self, b: &[T], x: f64) -> T {
        let b = |i: usize| b[i - 1].clone();
        let decay = |rate: T| (rate * -x).exp();
        match self {
            Self::Misra1a | Self::BoxBod => b(1) * (-decay(b(2)) + 1.0),
            Self::Misra1b => b(1) * (-(b(2) * (0.5 * x) + 1.0).squared().recip() + 1.0),
            Self::Chwirut2 => decay(b(1)) / (b(2) + b(3) * x),
            Self::DanWood => b(1) * (b(2) * libm::log(x)).exp(),
            Self::Lanczos3 => b(1) * decay(b(2)) + b(3) * decay(b(4)) + b(5) * decay(b(6)),
            Self::Gauss1 => {
                let peak = |height: T, centre: T, width: T| {
                    height * (-((-centre + x).squared() / width.squared())).exp()
                };
                b(1) * decay(b(2)) + peak(b(3), b(4), b(5)) + peak(b(6), b(7), b(8))
            }
            Self::Kirby2 => (b(1) + b(2) * x + b(3) * (x * x)) / (b(4) * x + b(5) * (x * x) + 1.0),
            Self::Mgh09 => b(1) * (b(2) * x + x * x) / (b(3) * x + b(4) + x * x),
            Self::Eckerle4 => b(1) / b(2) * (((-b(3) + x) / b(2)).squared() * -0.5).exp(),
            Self::Thurber => {
                let (x2, x3) = (x * x, x * x * x);
                let above = b(1) + b(2) * x + b(3) * x2 + b(4) * x3;
                above / (b(5) * x + b(6) * x2 + b(7) * x3 + 1.0)
            }
            Self::Enso => {
                let turn = 2.0 * std::f64::consts::PI * x;
                let (sine, cosine) = (libm::sin(turn / 12.0), libm::cos(turn / 12.0));
                let wave = |c: T, s: T, period: T| {
                    let angle = period.recip() * turn;
                    c * angle.cos() + s * angle.sin()
                };
                b(1) + b(2) * cosine + b(3) * sine + wave(b(5), b(6), b(4)) + wave(b(8), b(9), b(7))
            }
        }
    }
}

/// Reads `nist.json` and `nist_dat/*.dat` of the cases folder.
///
/// # Panics
/// If a file is missing or not in its published form.
pub fn nist_regressions(cases: &Path) -> Vec<Regression> {
    let text = std::fs::read_to_string(cases.join("nist.json")).expect("nist.json");
    let file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    MODELS.iter().map(|&(name, model)| regression(cases, name, model, &file[name])).collect()
}

fn regression(cases: &Path, name: &'static str, model: Model, case: &serde_json::Value) -> Regression {
    let numbers = |key: &str| -> Vec<f64> {
        let texts = case[key].as_array().expect("an array").iter();
        texts.map(|text| text.as_str().and_then(|t| t.parse().ok()).expect("a number")).collect()
    };
    let data = std::fs::read_to_string(cases.join(format!("nist_dat/{name}.dat"))).expect("data");
    // Data start at line 61: response, predictor.
    let observations = data.lines().skip(60).filter_map(|line| {
        let mut columns = line.split_whitespace().map(|word| word.parse().expect("a number"));
        Some((columns.next()?, columns.next()?))
    });
    let formula = SquaredResiduals { model, observations: observations.collect() };
    let (start, certified) = (numbers("start1"), numbers("certified"));
    let sum_of_squares: f64 = case["rss_certified"].as_str().and_then(|t| t.parse().ok()).expect("a number");
    let n = start.len();
    Regression {
        problem: SmoothProblem {
            name: name.to_owned(),
            start,
            lower: vec![f64::NEG_INFINITY; n],
            upper: vec![f64::INFINITY; n],
            optimum: sum_of_squares,
            function: Box::new(formula),
        },
        second_start: numbers("start2"),
        certified,
        sum_of_squares,
    }
}

//! Values against published fits, derivatives against differences.

use crate::generated::two_curves;
use crate::penalized::{Criterion, Family, PenalizedRegression};
use crate::published::{dyestuff, miles_per_gallon, pastes, sleepstudy};
use equipoise_testset::cases_folder;
use serde_json::Value;
use std::path::PathBuf;

pub fn folder() -> Option<PathBuf> {
    cases_folder().map(|folder| folder.join("smoothing"))
}

pub fn reference(folder: &std::path::Path, file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap()
}

/// ρ = −2 log θ.
fn rho(theta: &Value) -> Vec<f64> {
    theta.as_array().unwrap().iter().map(|t| -2.0 * t.as_f64().unwrap().ln()).collect()
}

/// Each mixed model with its name in the reference.
pub fn mixed_models(folder: &std::path::Path) -> Vec<(&'static str, PenalizedRegression)> {
    vec![
        ("Dyestuff ML", dyestuff(folder, Criterion::Ml)),
        ("Dyestuff REML", dyestuff(folder, Criterion::Reml)),
        ("Pastes ML", pastes(folder, Criterion::Ml)),
        ("sleepstudy zerocorr ML", sleepstudy(folder, Criterion::Ml)),
    ]
}

#[test]
fn mixed_models_have_the_values_of_lme4() {
    let Some(folder) = folder() else { return };
    let reference = reference(&folder, "lmm.json");
    for (name, model) in mixed_models(&folder) {
        let fit = &reference[name];
        let value = model.value(&rho(&fit["theta_here"])).unwrap();
        let expected = fit["objective_here"].as_f64().unwrap();
        assert!((value - expected).abs() < 2e-10 * expected, "{name}: {value} {expected}");
        if let Some(at_reference) = fit["objective_here_at_theta_ref"].as_f64() {
            let value = model.value(&rho(&fit["theta_ref"])).unwrap();
            assert!((value - at_reference).abs() < 1e-12 * expected, "{name}: {value} {at_reference}");
        }
    }
}

#[test]
fn the_additive_model_has_the_values_of_mgcv() {
    let Some(folder) = folder() else { return };
    let reference = reference(&folder, "mgcv_mpg_poisson_check.json");
    let model = miles_per_gallon(&folder, Criterion::Ubre { scale: 1.0 });
    let rho: Vec<f64> =
        reference["log_lambda_here"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    let fit = model.evaluate(&rho).unwrap();
    let expected = reference["ubre_mgcv"].as_f64().unwrap();
    assert!((fit.value - expected).abs() < 1e-12, "{} {expected}", fit.value);
    assert!((fit.deviance - reference["dev_mgcv"].as_f64().unwrap()).abs() < 1e-6);
    for (k, degrees) in fit.block_degrees.iter().enumerate() {
        assert!((degrees - reference["edf_mgcv"][k].as_f64().unwrap()).abs() < 1e-6, "{fit:?}");
    }
    assert!(fit.gradient.iter().all(|g| g.abs() < 1e-7), "{:?}", fit.gradient);
}

/// Every combination of family and criterion on generated data, at points where nothing is extreme.
pub fn generated_models() -> Vec<(String, PenalizedRegression)> {
    let ubre = Criterion::Ubre { scale: 0.1 };
    let gaussian = [Criterion::Reml, Criterion::Ml, Criterion::Gcv, ubre];
    let poisson = [Criterion::Reml, Criterion::Gcv, Criterion::Ubre { scale: 1.0 }];
    let of = |family, criteria: &[Criterion]| -> Vec<(String, PenalizedRegression)> {
        criteria.iter().map(|c| (format!("{family:?} {c:?}"), two_curves(90, family, *c))).collect()
    };
    [of(Family::Gaussian, &gaussian), of(Family::Poisson, &poisson)].concat()
}

/// Central differences of Richardson's kind: error O(h⁴).
fn difference(f: impl Fn(f64) -> f64, h: f64) -> f64 {
    (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h)
}

fn moved(rho: &[f64], k: usize, t: f64) -> Vec<f64> {
    let mut rho = rho.to_vec();
    rho[k] += t;
    rho
}

#[test]
fn gradients_and_hessians_are_those_of_the_value() {
    let mut models = generated_models();
    if let Some(folder) = folder() {
        models.extend(mixed_models(&folder).into_iter().map(|(name, model)| (name.to_owned(), model)));
    }
    for (name, model) in &models {
        for start in [-1.0, 0.5, 3.0] {
            let rho: Vec<f64> = (0..model.num_penalties()).map(|k| start + 0.7 * k as f64).collect();
            let at = model.evaluate(&rho).unwrap();
            assert_eq!(at.value, model.value(&rho).unwrap());
            let scale = at.value.abs().max(1.0);
            for k in 0..rho.len() {
                let g = difference(|t| model.value(&moved(&rho, k, t)).unwrap(), 1e-2);
                assert!((g - at.gradient[k]).abs() < 2e-8 * scale, "{name} {k}: {g} {:?}", at.gradient);
                for l in 0..rho.len() {
                    let h = difference(|t| model.evaluate(&moved(&rho, l, t)).unwrap().gradient[k], 1e-2);
                    let ours = at.hessian[k * rho.len() + l];
                    assert!((h - ours).abs() < 2e-8 * scale, "{name} {k} {l}: {h} {ours}");
                }
            }
        }
    }
}

/// The step points downhill wherever the slope is not negligible.
#[test]
fn fixed_point_steps_have_the_sign_of_the_descent() {
    for (name, model) in generated_models() {
        for start in [-2.0, 1.0, 4.0] {
            let at = model.evaluate(&[start, start - 1.0]).unwrap();
            for (step, g) in at.efs_step.iter().zip(&at.gradient) {
                assert!(step * g <= 0.0, "{name}: {step} {g}");
            }
        }
    }
}

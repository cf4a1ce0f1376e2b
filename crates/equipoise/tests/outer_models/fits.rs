//! The outer search finds the published fits, and every plan finds the same one.

use crate::objective::{Offer, SmoothingObjective};
use crate::penalized::{Criterion, PenalizedRegression};
use crate::published::miles_per_gallon;
use crate::values::{folder, generated_models, mixed_models, reference};
use equipoise::control::Control;
use equipoise::outer::{OuterProblem, OuterResult, OuterSolver, RiskProfile, SeedConfig};

const OFFERS: [(Offer, OuterSolver); 3] = [
    (Offer::SecondOrder, OuterSolver::Arc),
    (Offer::FirstOrder, OuterSolver::Bfgs),
    (Offer::FixedPoint, OuterSolver::Efs),
];

fn fit(model: &PenalizedRegression, offer: Offer, tolerance: f64) -> OuterResult {
    let seeds = SeedConfig { risk_profile: RiskProfile::Gaussian, ..SeedConfig::default() };
    OuterProblem::new(model.num_penalties())
        .with_tolerance(tolerance)
        .with_seed_config(seeds)
        .with_initial_rho(model.starting_point())
        .with_max_iter(1000)
        .run(&mut SmoothingObjective::new(model, offer), "fit", &Control::default())
        .unwrap()
}

#[test]
fn mixed_models_reach_the_objective_of_lme4() {
    let Some(folder) = folder() else { return };
    let reference = reference(&folder, "lmm.json");
    for (name, model) in mixed_models(&folder) {
        for (offer, solver) in OFFERS {
            let fit = fit(&model, offer, 1e-7);
            assert!(fit.converged, "{name} {offer:?}: {}", fit.stop_reason);
            assert_eq!(fit.plan_used.unwrap().solver, solver);
            let published = reference[name]["objective_ref"].as_f64().unwrap();
            assert!(fit.final_value <= published + 1e-7, "{name} {offer:?}: {} {published}", fit.final_value);
            assert!(fit.final_value >= published - 1e-7, "{name} {offer:?}: {} {published}", fit.final_value);
            for (rho, theta) in fit.rho.iter().zip(reference[name]["theta_here"].as_array().unwrap()) {
                let (ours, theirs) = ((-0.5 * rho).exp(), theta.as_f64().unwrap());
                assert!((ours / theirs - 1.0).abs() < 1e-4, "{name} {offer:?}: {ours} {theirs}");
            }
            let certificate = fit.criterion_certificate.expect("every plan ends with an audit");
            assert!(certificate.consistent && certificate.clean, "{}", certificate.summary);
        }
    }
}

#[test]
fn the_additive_model_reaches_the_score_of_mgcv() {
    let Some(folder) = folder() else { return };
    let reference = reference(&folder, "mgcv_mpg_poisson_check.json");
    let model = miles_per_gallon(&folder, Criterion::Ubre { scale: 1.0 });
    for (offer, _) in OFFERS {
        let fit = fit(&model, offer, 1e-8);
        assert!(fit.converged, "{offer:?}: {}", fit.stop_reason);
        assert!(
            fit.final_value <= reference["ubre_mgcv"].as_f64().unwrap() + 1e-9,
            "{offer:?}: {}",
            fit.stop_reason
        );
        let at = model.evaluate(&fit.rho).unwrap();
        for k in 0..2 {
            let (ours, theirs) = (at.block_degrees[k], reference["edf_mgcv"][k].as_f64().unwrap());
            assert!((ours - theirs).abs() < 1e-5, "{offer:?}: {ours} {theirs}");
            let theirs = reference["log_lambda_here"][k].as_f64().unwrap();
            assert!((fit.rho[k] - theirs).abs() < 1e-3, "{offer:?}: {} {theirs}", fit.rho[k]);
        }
    }
}

/// For every criterion the fixed point of the Fellner–Schall steps is the minimum that the gradient plans find.
#[test]
fn all_plans_agree() {
    for (name, model) in generated_models() {
        // Near the minimum rounding hides differences of the criterion from line searches, but not from fixed-point steps.
        let tolerance = |offer| if offer == Offer::FixedPoint { 1e-8 } else { 1e-6 };
        let fits = OFFERS.map(|(offer, _)| fit(&model, offer, tolerance(offer)));
        let size = fits[0].final_value.abs().max(1.0);
        // Towards λ = ∞ the criterion is flat and fixed-point steps never end: no plan may then find anything better.
        if fits[0].rho.iter().any(|&rho| rho > 8.0) {
            assert!(fits[0].converged, "{name}: {}", fits[0].stop_reason);
            assert!(fits.iter().all(|fit| fit.final_value > fits[0].final_value - 1e-6 * size), "{name}");
            continue;
        }
        for fit in &fits {
            assert!(fit.converged, "{name} {}: {}", fit.method, fit.stop_reason);
            // BFGS stops at a gradient of 1e-6·(1 + |F|), which is far from the minimum where the criterion is flat.
            let (value, rho) = if fit.method == "BFGS" { (1e-6, 5e-2) } else { (1e-8, 1e-2) };
            let apart = (fit.final_value - fits[0].final_value).abs();
            assert!(apart < value * size, "{name} {}: {apart:e}", fit.method);
            for (ours, theirs) in fit.rho.iter().zip(&fits[0].rho) {
                let message = format!("{name} {}: {:?} {:?}", fit.method, fit.rho, fits[0].rho);
                assert!((ours - theirs).abs() < rho, "{message}");
            }
        }
        let at = model.evaluate(&fits[2].rho).unwrap();
        assert!(at.efs_step.iter().all(|step| step.abs() < 1e-7), "{name}: {:?}", at.efs_step);
    }
}

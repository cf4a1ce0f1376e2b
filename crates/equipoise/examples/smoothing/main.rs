//! Smoothing parameters by the outer search: a penalised regression and linear mixed models, by three plans.
//!
//! `cargo run --release --example smoothing` fits generated data; with a folder of published fits as argument (lme4, mgcv) those too.

mod derivatives;
mod generated;
mod inner;
mod matrix;
mod objective;
mod penalized;
mod published;

use equipoise::control::Control;
use equipoise::outer::{OuterError, OuterProblem, RiskProfile, SeedConfig};
use objective::{Offer, SmoothingObjective};
use penalized::{Criterion, Family, PenalizedRegression};
use std::path::Path;

fn main() -> Result<(), OuterError> {
    for criterion in [Criterion::Reml, Criterion::Gcv, Criterion::Ubre { scale: 0.09 }] {
        let model = generated::two_curves(200, Family::Gaussian, criterion);
        fit(&format!("two curves, {criterion:?}"), &model)?;
    }
    fit("two curves, counts", &generated::two_curves(200, Family::Poisson, Criterion::Reml))?;
    if let Some(folder) = std::env::args().nth(1) {
        let folder = Path::new(&folder);
        fit("Dyestuff, REML", &published::dyestuff(folder, Criterion::Reml))?;
        fit("Pastes, ML", &published::pastes(folder, Criterion::Ml))?;
        fit("sleepstudy, ML", &published::sleepstudy(folder, Criterion::Ml))?;
        let counts = published::miles_per_gallon(folder, Criterion::Ubre { scale: 1.0 });
        fit("miles per gallon, UBRE", &counts)?;
    }
    Ok(())
}

/// Fits a model by each plan and prints what the search says of its answer.
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn fit(name: &str, model: &PenalizedRegression) -> Result<(), OuterError> {
    println!("{name}");
    let seeds = SeedConfig { risk_profile: RiskProfile::Gaussian, ..SeedConfig::default() };
    for offer in [Offer::SecondOrder, Offer::FirstOrder, Offer::FixedPoint] {
        let result = OuterProblem::new(model.num_penalties())
            .with_tolerance(1e-7)
            .with_seed_config(seeds.clone())
            .with_initial_rho(model.starting_point())
            .with_max_iter(1000)
            .run(&mut SmoothingObjective::new(model, offer), name, &Control::default())?;
        let degrees = model.evaluate(&result.rho).map(|at| at.block_degrees).unwrap_or_default();
        println!(
            "  {:<6} {}: criterion {:.9}, log lambda {:.4?}, degrees of freedom {degrees:.3?}, {} evaluations",
            result.method,
            result.stop_reason,
            result.final_value,
            result.rho,
            result.evaluations.total()
        );
        if let Some(certificate) = &result.criterion_certificate {
            println!("         {}", certificate.summary);
        }
    }
    Ok(())
}

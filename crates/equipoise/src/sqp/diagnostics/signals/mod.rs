//! The signals, one file each: what fires them, the evidence, what to try.

mod bound_churn;
mod cg_truncation;
mod derivative_check;
mod divergence_rollback_triggered;
mod eq_jacobian_rank_deficient;
mod infeasible_termination;
mod lbfgs_conditioning_extreme;
mod line_search_collapse;
mod linearisation_infeasible;
mod lpeca_overpredicting;
mod merit_oscillation;
mod merit_penalty_explosion;
mod multiplier_recovery_noise;
mod negative_curvature;
mod objective_noise;
mod penalty_starvation;
mod qp_budget_or_pingpong;
mod tolerance_unreachable;
mod zero_step_stop;

use super::context::{EndContext, StepContext};
use super::registry::{Evaluator, Registry};
use super::signal::{Signal, Specificity};

fn per_step(evaluate: fn(&StepContext<'_>) -> Option<Signal>) -> Evaluator {
    Evaluator::PerStep(Box::new(evaluate))
}

fn end_of_run(evaluate: fn(&EndContext<'_>) -> Option<Signal>) -> Evaluator {
    Evaluator::EndOfRun(Box::new(evaluate))
}

/// Registers every signal of the library: the eleven of the reference in its order, then ours.
pub(super) fn register_all(registry: &mut Registry) {
    macro_rules! register {
        ($($name:ident: $flavour:ident,)*) => {
            $(registry.register(stringify!($name), $name::SPECIFICITY, $flavour($name::evaluate));)*
        };
    }
    register! {
        eq_jacobian_rank_deficient: per_step,
        lbfgs_conditioning_extreme: per_step,
        multiplier_recovery_noise: end_of_run,
        line_search_collapse: end_of_run,
        qp_budget_or_pingpong: end_of_run,
        merit_oscillation: end_of_run,
        lpeca_overpredicting: end_of_run,
        infeasible_termination: end_of_run,
        divergence_rollback_triggered: end_of_run,
        merit_penalty_explosion: end_of_run,
        penalty_starvation: end_of_run,
        derivative_check: end_of_run,
        zero_step_stop: end_of_run,
        negative_curvature: end_of_run,
        linearisation_infeasible: end_of_run,
        bound_churn: end_of_run,
        objective_noise: end_of_run,
        tolerance_unreachable: end_of_run,
        cg_truncation: end_of_run,
    }
}

/// Yes and no as evidence.
fn flag(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

// Short names for the constant `SPECIFICITY` of each file.
const SPECIFIC: Specificity = Specificity::Specific;
const AMBIGUOUS: Specificity = Specificity::Ambiguous;
const GENERIC: Specificity = Specificity::Generic;

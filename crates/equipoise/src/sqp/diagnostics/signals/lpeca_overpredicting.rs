//! The predicted working set is too large, or never trusted.

use super::super::context::EndContext;
use super::super::signal::{Signal, Specificity};
use super::super::suggestion::{Change, Suggestion};
use crate::sqp::choices::ActiveSetMethod;

pub(super) const SPECIFICITY: Specificity = super::AMBIGUOUS;

/// Fires if the prediction was cut in more than half of the steps, or set aside in all of those after the warm-up.
pub(super) fn evaluate(context: &EndContext<'_>) -> Option<Signal> {
    let steps = context.history.len() as u64;
    let counters = context.counters();
    let (capped, bypassed) = (counters.n_lpeca_capped, counters.n_lpeca_bypassed);
    let fraction = capped as f64 / steps.max(1) as f64;
    // A run that ends within the warm-up says nothing of the prediction.
    let never_used = bypassed == steps && steps > context.options.lpeca_warmup_steps;
    if steps == 0 || !(fraction > 0.5 || never_used) {
        return None;
    }
    let (ratio, what) = if never_used {
        (bypassed as f64, format!("it was set aside in all {steps} steps"))
    } else {
        (
            fraction / 0.5,
            format!(
                "it held more constraints than there are degrees of freedom in {capped} of {steps} steps"
            ),
        )
    };
    Some(
        Signal::new(
            "lpeca_overpredicting",
            SPECIFICITY,
            ratio,
            format!("the prediction of active constraints looks useless here: {what}"),
        )
        .detail(
            "The prediction takes every constraint whose value is below a power of the optimality residual. Far from a solution, \
             or with constraints in very different units, that is nearly all of them; a trust threshold of 0 sets the \
             prediction aside always.",
        )
        .evidence([
            ("n_lpeca_capped", capped as f64),
            ("n_lpeca_bypassed", bypassed as f64),
            ("n_steps", steps as f64),
            ("fraction_capped", fraction),
        ])
        .suggest(Suggestion::change(
            "do without the prediction (active_set_method = expand)",
            [Change::ActiveSetMethod(ActiveSetMethod::Expand)],
        ))
        .suggest(if never_used {
            Suggestion::change(
                "trust the prediction earlier (lpeca_trust_threshold = 1)",
                [Change::LpecaTrustThreshold(1.0)],
            )
        } else {
            Suggestion::change(
                "trust the prediction only near a solution (lpeca_trust_threshold = 0.01)",
                [Change::LpecaTrustThreshold(0.01)],
            )
        })
        .suggest(Suggestion::change(
            "wait longer before the prediction is used (lpeca_warmup_steps = 10)",
            [Change::LpecaWarmupSteps(10)],
        )),
    )
}

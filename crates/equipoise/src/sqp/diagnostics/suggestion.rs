//! Advice, and the change of an option that it amounts to.

use serde::{Deserialize, Serialize};

use crate::sqp::choices::{
    ActiveSetMethod, FiniteDifferences, HessianChoice, InnerSolver, PenaltyUpdate, Scaling,
};
use crate::sqp::options::SqpOptions;

macro_rules! changes {
    ($($variant:ident => $option:ident: $kind:ty,)*) => {
        /// A new value of one option.
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "option", content = "value", rename_all = "camelCase")]
        pub enum Change {
            $(
                #[doc = concat!("Of [`SqpOptions::", stringify!($option), "`].")]
                $variant($kind),
            )*
        }

        impl Change {
            /// The option's name in Rust.
            pub fn option(&self) -> &'static str {
                match self { $(Self::$variant(_) => stringify!($option),)* }
            }

            /// Makes the change.
            pub fn apply(&self, options: &mut SqpOptions) {
                match self { $(Self::$variant(value) => options.$option = (*value).into(),)* }
            }
        }
    };
}

changes! {
    ActiveSetMethod => active_set_method: ActiveSetMethod,
    DivergencePatience => divergence_patience: u64,
    FiniteDifferenceStep => finite_difference_step: f64,
    FiniteDifferences => finite_differences: FiniteDifferences,
    Hessian => hessian: HessianChoice,
    InitialPenalty => initial_penalty: f64,
    InnerSolver => inner_solver: InnerSolver,
    LpecaTrustThreshold => lpeca_trust_threshold: f64,
    LpecaWarmupSteps => lpeca_warmup_steps: u64,
    MaxSteps => max_steps: u64,
    MultDropFloor => mult_drop_floor: f64,
    PenaltyUpdate => penalty_update: PenaltyUpdate,
    ProximalMuMax => proximal_mu_max: f64,
    QpMaxCgIter => qp_max_cg_iter: u64,
    QpMaxIter => qp_max_iter: u64,
    Scaling => scaling: Scaling,
    StationarityTolerance => stationarity_tolerance: f64,
    UseExactHvp => use_exact_hvp: bool,
    UseInexactStationarity => use_inexact_stationarity: bool,
    WatchdogSteps => watchdog_steps: u64,
}

/// One piece of advice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suggestion {
    /// In words.
    pub text: String,
    /// The same as options to change; none where the problem itself must change.
    pub changes: Vec<Change>,
}

impl Suggestion {
    /// Advice that amounts to these changes.
    pub fn change<const N: usize>(text: impl Into<String>, changes: [Change; N]) -> Self {
        Self { text: text.into(), changes: changes.into() }
    }

    /// The options with the advice followed.
    pub fn apply(&self, options: &SqpOptions) -> SqpOptions {
        let mut changed = options.clone();
        self.changes.iter().for_each(|change| change.apply(&mut changed));
        changed
    }
}

impl From<&str> for Suggestion {
    fn from(text: &str) -> Self {
        Self { text: text.into(), changes: Vec::new() }
    }
}

impl From<String> for Suggestion {
    fn from(text: String) -> Self {
        Self { text, changes: Vec::new() }
    }
}

/// Exact second derivatives instead of quasi-Newton updates.
pub(super) fn exact_second_derivatives() -> Suggestion {
    Suggestion::change(
        "give Hessian products and use them (hessian = exact, use_exact_hvp): no stale curvature pairs",
        [Change::Hessian(HessianChoice::Exact), Change::UseExactHvp(true)],
    )
}

/// The saddle-point solver.
pub(super) fn saddle_point_solver() -> Suggestion {
    Suggestion::change(
        "use inner_solver = minres_qlp, which needs no projector onto the equalities' null space",
        [Change::InnerSolver(InnerSolver::MinresQlp)],
    )
}

/// A larger penalty weight at the start.
pub(super) fn larger_initial_penalty(now: f64, factor: f64) -> Suggestion {
    let value = now * factor;
    Suggestion::change(
        format!("start with a larger penalty weight (initial_penalty = {value:e})"),
        [Change::InitialPenalty(value)],
    )
}

/// Automatic scaling, with how to choose its mode.
pub(super) fn automatic_scaling() -> Suggestion {
    Suggestion::change(
        "switch automatic scaling on: `uniform` where the relative sizes of the rows carry meaning, `balanced` where one row is \
         far out, `aggressive` for tiny gradients",
        [Change::Scaling(Scaling::Balanced)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggestion_changes_the_options_it_names() {
        let changed = larger_initial_penalty(1.0, 100.0).apply(&SqpOptions::default());
        assert_eq!(changed, SqpOptions { initial_penalty: 100.0, ..SqpOptions::default() });
        let suggestion = Suggestion::change("", [Change::QpMaxIter(7)]);
        assert_eq!(suggestion.apply(&SqpOptions::default()).qp_max_iter, Some(7));
        assert!(SqpOptions::NAMES.contains(&suggestion.changes[0].option()));
    }
}

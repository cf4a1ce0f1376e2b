//! Stage 3: from model weights to target weights.
//!
//! | module | for |
//! | --- | --- |
//! | [`rules`] | the hard rules and the projection that they make |
//! | [`solver`] | the closest weights to the model under all rules at once |
//! | [`rounding`] | weights of four decimals under which the rules still hold |
//! | [`conflict`] | why there are no such weights: a minimal set of rules, the cheapest ways out |
//! | [`heuristic`], [`strict_heuristic`] | steps in a fixed order, as the reference has them and without their defects |
//! | [`comparison`] | both methods side by side |

pub mod answer;
mod audit;
pub mod comparison;
mod conflict;
mod heuristic;
#[cfg(test)]
mod optimality;
mod rounding;
mod rules;
mod solver;
mod strict_heuristic;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive};
use rust_decimal::Decimal;

pub use answer::{RunStatus, TargetAnswer};
pub use comparison::compare;

use super::Text;
use super::request::Options;
use super::request::options::{RoundingMode, TargetMethod};

/// A name of the universe: in the model, or held.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetName {
    /// The instrument.
    pub instrument_id: Text,
    /// The weight that stage 2 gives: the model's, that of a lock, or 0 for what is to be sold.
    pub weight: Decimal,
    /// True if it may be bought.
    pub tradeable: bool,
    /// The model's weight; 0 outside the model. Of duplicates the last counts.
    pub model_weight: Decimal,
    /// The weight held now.
    pub current_weight: Decimal,
    /// Properties of its shelf entry.
    pub attributes: Arc<BTreeMap<Text, Text>>,
}

/// What stage 3 starts from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TargetProblem {
    /// The model's rows, in order.
    pub model: Vec<(Text, Decimal)>,
    /// The universe, in the order of the model, then of the holdings.
    pub names: Vec<TargetName>,
    /// Model weight of names that may only be sold.
    pub sell_only_excess: Decimal,
    /// Property names that occur on the shelf.
    pub known_attributes: BTreeSet<Text>,
}

impl TargetProblem {
    /// Target weights by the method of `options`.
    ///
    /// With the solver in strict mode every rule holds exactly in the weights returned. Source of the program: RFC-0012 of the
    /// rebalance engine, in the reading in which cash is what is left.
    pub fn solve(&self, options: &Options) -> TargetAnswer {
        let strict = options.rounding_mode == RoundingMode::Strict;
        let is_long = |weight: &Decimal| weight.scale() > rules::CURRENT_PLACES;
        let any_long = self.names.iter().any(|name| is_long(&name.current_weight) || is_long(&name.weight));
        let quantised = (strict && any_long).then(|| self.quantised());
        let problem = quantised.as_ref().unwrap_or(self);
        match (options.target_method, strict) {
            (TargetMethod::Solver, _) => solver::solve(problem, options),
            (TargetMethod::Heuristic, false) => heuristic::solve(problem, options),
            (TargetMethod::Heuristic, true) => strict_heuristic::solve(problem, options),
        }
    }

    /// Weights that come from a division to twelve decimals, so that rules about them can be decided and met exactly.
    fn quantised(&self) -> Self {
        let mut problem = self.clone();
        for name in &mut problem.names {
            name.current_weight = name.current_weight.round_dp(rules::CURRENT_PLACES);
            if !name.tradeable {
                name.weight = name.weight.round_dp(rules::CURRENT_PLACES);
            }
        }
        problem
    }
}

/// `25 %`.
fn percent(weight: Decimal) -> String {
    format!("{} %", (weight * Decimal::ONE_HUNDRED).normalize())
}

/// numerator / denominator (> 0) to that many places, half to even.
fn rounded(numerator: &BigInt, denominator: &BigInt, places: u32) -> Decimal {
    let scaled = numerator * BigInt::from(10i128.pow(places));
    let (mut quotient, remainder) = scaled.div_mod_floor(denominator);
    let twice = remainder * 2;
    if twice > *denominator || (twice == *denominator && quotient.is_odd()) {
        quotient += 1;
    }
    let whole = quotient.to_i128().filter(|q| q.abs() < 1 << 95).unwrap_or(if quotient.is_negative() {
        -(1 << 95)
    } else {
        1 << 95
    });
    Decimal::from_i128_with_scale(whole, places)
}

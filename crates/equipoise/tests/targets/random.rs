//! Random problems: locked names, several group dimensions, narrow bands, and the options of strict mode.

use std::collections::BTreeMap;

use equipoise::targets::request::Options;
use equipoise::targets::request::options::{
    CashObjective, GroupConstraint, LinearConstraint, PositionBounds, TargetMethod,
};
use equipoise::targets::stage3::{TargetName, TargetProblem};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rust_decimal::Decimal;

/// Numbers from a seed.
pub struct Draw(ChaCha8Rng);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A whole number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64() % limit
    }

    /// True in one of `times` cases.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A decimal from `lower` to `upper` units of 10^−places.
    pub fn decimal(&mut self, lower: i64, upper: i64, places: u32) -> Decimal {
        Decimal::new(lower + self.below((upper - lower + 1) as u64) as i64, places)
    }
}

/// Names, of which the last few are locked; weights of the model total about 1.
pub fn problem(draw: &mut Draw, most_names: u64) -> TargetProblem {
    let n = 1 + draw.below(most_names) as usize;
    let locked = draw.below(3) as usize;
    let mut names = Vec::new();
    for i in 0..n + locked {
        let is_locked = i >= n;
        let places = if draw.one_in(3) { 6 } else { 2 };
        let scale = 10i64.pow(places);
        let weight = draw.decimal(0, if is_locked { scale / 5 } else { 2 * scale / n as i64 }, places);
        let current = if is_locked || draw.one_in(2) { weight } else { draw.decimal(0, scale / 4, places) };
        let mut attributes = BTreeMap::new();
        for (attribute, values) in [("sector", 3), ("region", 2), ("style", 2)] {
            if !draw.one_in(6) {
                attributes.insert(attribute.into(), format!("{attribute}{}", draw.below(values)).into());
            }
        }
        names.push(TargetName {
            instrument_id: format!("{}{i:02}", if is_locked { "LOCKED" } else { "N" }).into(),
            weight,
            tradeable: !is_locked,
            model_weight: if is_locked { Decimal::ZERO } else { weight },
            current_weight: current,
            attributes: attributes.into(),
        });
    }
    TargetProblem {
        model: names[..n].iter().map(|name| (name.instrument_id.clone(), name.weight)).collect(),
        known_attributes: names.iter().flat_map(|name| name.attributes.keys().cloned()).collect(),
        names,
        sell_only_excess: Decimal::ZERO,
    }
}

/// Options of strict mode, with `rules` of the rarer kinds.
pub fn options(draw: &mut Draw, problem: &TargetProblem, rules: bool) -> Options {
    let mut options = Options { target_method: TargetMethod::Solver, ..Options::default() };
    let narrow = draw.below(4);
    let least = draw.decimal(0, 3000, 4);
    options.cash_band_min_weight = least;
    options.cash_band_max_weight = match narrow {
        0 => least,
        1 => least + draw.decimal(0, 20, 4),
        2 => least + draw.decimal(0, 3000, 4),
        _ => Decimal::ONE,
    };
    if draw.one_in(2) {
        options.single_position_max_weight = Some(draw.decimal(500, 6000, 4));
    }
    for (attribute, values) in [("sector", 3u64), ("region", 2), ("style", 2)] {
        for value in 0..values {
            if draw.one_in(2) {
                let max = draw.decimal(1000, 8000, 4);
                let min = (rules && draw.one_in(4)).then(|| max * Decimal::new(draw.below(9) as i64, 1));
                let group = GroupConstraint { max_weight: Some(max), min_weight: min };
                options.group_constraints.insert(format!("{attribute}:{attribute}{value}"), group);
            }
        }
    }
    if rules {
        rarer_rules(draw, problem, &mut options);
    }
    options
}

fn rarer_rules(draw: &mut Draw, problem: &TargetProblem, options: &mut Options) {
    if draw.one_in(4) {
        options.turnover_penalty = draw.decimal(0, 500, 3);
    }
    if draw.one_in(4) {
        options.cash_objective = CashObjective::Penalised;
    }
    if draw.one_in(6) {
        options.buys_only = true;
    }
    if draw.one_in(6) {
        options.allow_short = true;
        options.short_floor = Some(-draw.decimal(0, 1000, 4));
    }
    for name in &problem.names {
        if name.tradeable && draw.one_in(8) {
            options.cost_rates.insert(name.instrument_id.clone(), draw.decimal(0, 100, 3));
        }
        if name.tradeable && draw.one_in(8) {
            let min = draw.decimal(0, 1000, 4);
            let bounds =
                PositionBounds { min_weight: Some(min), max_weight: Some(min + draw.decimal(0, 3000, 4)) };
            options.position_bounds.insert(name.instrument_id.clone(), bounds);
        }
    }
    if draw.one_in(4) {
        let coefficients = problem
            .names
            .iter()
            .map(|name| (name.instrument_id.clone(), draw.decimal(-200, 900, 2)))
            .collect();
        let upper = draw.decimal(0, 600, 2);
        options.linear_constraints.push(LinearConstraint {
            name: "duration".into(),
            coefficients,
            lower: draw.one_in(2).then(|| upper - draw.decimal(0, 100, 2)),
            upper: Some(upper),
        });
    }
}

/// A cash buffer, and locks that may be traded in part.
pub fn buffers_and_locks(draw: &mut Draw, problem: &TargetProblem, options: &mut Options) {
    if draw.one_in(4) {
        options.min_cash_buffer_pct = draw.decimal(0, 3000, 4);
    }
    for name in &problem.names {
        if !name.tradeable && draw.one_in(3) {
            options.unlock_to.insert(name.instrument_id.clone(), draw.decimal(0, 1500, 4));
        }
    }
}

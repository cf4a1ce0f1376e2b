//! The problems of the benches of portfolio targets.

use std::collections::BTreeMap;

use equipoise::targets::Text;
use equipoise::targets::request::Options;
use equipoise::targets::request::options::{GroupConstraint, TargetMethod};
use equipoise::targets::stage3::{TargetName, TargetProblem};
use rust_decimal::Decimal;

/// (names, groups): a client's portfolio, and a whole market.
pub const SIZES: [(usize, usize); 3] = [(50, 8), (200, 12), (500, 20)];

/// The parts per 10⁴ of name i of n: uneven, and together 1.
fn model_units(i: usize, n: usize) -> i64 {
    let uneven = |i: usize| 1 + (i * 7919) % 13;
    let total: usize = (0..n).map(uneven).sum();
    let share = |i: usize| (0..i).map(uneven).sum::<usize>() * 10_000 / total;
    (share(i + 1) - share(i)) as i64
}

fn attributes(i: usize, groups: usize) -> BTreeMap<Text, Text> {
    let half = groups / 2;
    BTreeMap::from([
        ("sector".into(), format!("S{}", i % half).into()),
        ("region".into(), format!("R{}", (i / 3) % half).into()),
    ])
}

/// Names with a sector and a region each, and one locked holding.
pub fn problem(n: usize, groups: usize) -> TargetProblem {
    let id = |i: usize| Text::from(format!("N{i:03}"));
    let weight = |i: usize| Decimal::new(model_units(i, n), 4);
    let mut names: Vec<TargetName> = (0..n)
        .map(|i| TargetName {
            instrument_id: id(i),
            weight: weight(i),
            tradeable: true,
            model_weight: weight(i),
            current_weight: Decimal::ZERO,
            attributes: attributes(i, groups).into(),
        })
        .collect();
    // Below the cap on names, and with more decimals than targets have.
    let locked = Decimal::new((1_800_000 / n as i64) | 1, 6);
    names.push(TargetName {
        instrument_id: "LOCKED".into(),
        weight: locked,
        tradeable: false,
        model_weight: Decimal::ZERO,
        current_weight: locked,
        attributes: attributes(0, groups).into(),
    });
    TargetProblem {
        model: (0..n).map(|i| (id(i), weight(i))).collect(),
        names,
        sell_only_excess: Decimal::ZERO,
        known_attributes: ["sector".into(), "region".into()].into(),
    }
}

/// Every second group capped a little below its model weight, a narrow cash band, a cap on names.
pub fn options(problem: &TargetProblem, n: usize, groups: usize) -> Options {
    let mut options = Options { target_method: TargetMethod::Solver, ..Options::default() };
    options.cash_band_min_weight = Decimal::new(1, 2);
    options.cash_band_max_weight = Decimal::new(3, 2);
    options.single_position_max_weight = Some(Decimal::new(20_000 / n as i64, 4));
    for (attribute, letter) in [("sector", 'S'), ("region", 'R')] {
        for k in 0..groups / 2 {
            let value = format!("{letter}{k}");
            let weights = problem.names.iter().filter(|name| name.attributes[attribute] == value);
            let total: Decimal = weights.map(|name| name.weight).sum();
            let factor = if k % 2 == 0 { Decimal::new(92, 2) } else { Decimal::new(110, 2) };
            let max = (total * factor).round_dp(4).min(Decimal::ONE);
            options.group_constraints.insert(
                format!("{attribute}:{value}"),
                GroupConstraint { max_weight: Some(max), min_weight: None },
            );
        }
    }
    options
}

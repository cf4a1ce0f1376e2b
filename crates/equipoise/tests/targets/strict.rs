//! Strict mode: every hard rule holds exactly in the decimals returned, and feasible problems are never accused.

use std::sync::Arc;

use equipoise::targets::request::Options;
use equipoise::targets::request::options::TargetMethod;
use equipoise::targets::stage3::{RunStatus, TargetAnswer, TargetProblem};
use num_traits::Zero;
use rust_decimal::Decimal;

use crate::oracle::{Inequality, inequalities, rational};
use crate::random::{Draw, options, problem};

const CASES: u64 = 3000;

fn weights(problem: &TargetProblem, answer: &TargetAnswer) -> Vec<Decimal> {
    let of =
        |id: &str| answer.targets.iter().find(|row| row.instrument_id == *id).expect("a row").final_weight;
    problem.names.iter().map(|name| of(&name.instrument_id)).collect()
}

fn broken<'a>(all: &'a [Inequality], weights: &[Decimal]) -> Vec<&'a Inequality> {
    let value = |i: &Inequality| {
        i.terms
            .iter()
            .zip(weights)
            .map(|(a, w)| a * rational(*w))
            .fold(num_rational::BigRational::zero(), |s, t| s + t)
    };
    all.iter().filter(|i| value(i) > i.bound).collect()
}

#[test]
fn rules_hold_exactly_after_rounding() {
    let mut ready = 0;
    let mut finer = 0;
    for seed in 0..CASES {
        let draw = &mut Draw::new(seed);
        let problem = problem(draw, 10);
        let options = options(draw, &problem, seed % 2 == 0);
        let answer = problem.solve(&options);
        if answer.status == RunStatus::Blocked {
            continue;
        }
        ready += 1;
        let weights = weights(&problem, &answer);
        let all = inequalities(&problem, &options);
        let broken = broken(&all, &weights);
        assert!(
            broken.is_empty(),
            "seed {seed}: {broken:?}\n{options:?}\n{weights:?}\n{:?}",
            answer.warnings
        );
        assert_eq!(answer.status, RunStatus::Ready, "seed {seed}: {:?}", answer.warnings);
        let rounding = answer.audit.expect("an audit").rounding.expect("a report");
        finer += rounding.finer.len();
        // On the grid, or off it by one rule's remainder for each name.
        assert!(rounding.largest_change < Decimal::new(5, 3), "seed {seed}: {rounding:?}");
    }
    assert!(ready > CASES / 3, "{ready} of {CASES} are feasible");
    assert!(finer > 0, "some rules need a finer weight");
}

/// The heuristic in strict mode keeps cap, groups and the cash band, and never touches locked names. Where it leaves too much in cash,
/// it says so.
#[test]
fn the_strict_heuristic_breaks_no_rule_it_looks_at() {
    let (mut within, mut above) = (0, 0);
    for seed in 0..CASES {
        let draw = &mut Draw::new(seed);
        let problem = problem(draw, 10);
        let options = Options { target_method: TargetMethod::Heuristic, ..options(draw, &problem, false) };
        let answer = problem.solve(&options);
        assert_ne!(answer.status, RunStatus::Blocked, "seed {seed}");
        let weights = weights(&problem, &answer);
        for (name, weight) in problem.names.iter().zip(&weights).filter(|(name, _)| !name.tradeable) {
            assert_eq!(*weight, name.weight, "seed {seed}: {}", name.instrument_id);
        }
        let locked_breaks = answer.warnings.iter().any(|w| w.starts_with("LOCKED_OVER_"));
        let says_so = answer.warnings.iter().any(|w| w == "CASH_OVER_MAXIMUM");
        let all = inequalities(&problem, &options);
        let broken = broken(&all, &weights);
        for inequality in &broken {
            let rule = inequality.rule.as_deref().expect("what always holds");
            assert!(
                locked_breaks || (rule == "CASH_MAX" && says_so),
                "seed {seed}: {rule}, {weights:?}, {:?}",
                answer.warnings
            );
        }
        above += u64::from(says_so);
        within += u64::from(broken.is_empty() && options.cash_band_max_weight < Decimal::ONE);
    }
    assert!(above > CASES / 20 && within > CASES / 20, "{above} above the maximum, {within} within a band");
}

/// The orders of groups and of their names do not matter to the strict heuristic.
#[test]
fn the_strict_heuristic_does_not_depend_on_the_names_of_groups() {
    for seed in 0..500 {
        let draw = &mut Draw::new(seed);
        let problem = problem(draw, 8);
        let options = Options { target_method: TargetMethod::Heuristic, ..options(draw, &problem, false) };
        let renamed = |key: &str| key.replace("sector", "zector");
        let mut other = problem.clone();
        for name in &mut other.names {
            name.attributes = Arc::new(
                name.attributes.iter().map(|(k, v)| (renamed(k).into(), renamed(v).into())).collect(),
            );
        }
        other.known_attributes = other.known_attributes.iter().map(|k| renamed(k).into()).collect();
        let mut other_options = options.clone();
        other_options.group_constraints =
            options.group_constraints.iter().map(|(k, v)| (renamed(k), v.clone())).collect();
        let (a, b) = (problem.solve(&options), other.solve(&other_options));
        let difference = |(x, y): (&Decimal, &Decimal)| (x - y).abs();
        let (a, b) = (weights(&problem, &a), weights(&other, &b));
        let largest = a.iter().zip(&b).map(difference).max().expect("a name");
        assert!(largest <= Decimal::new(1, 4), "seed {seed}: {a:?} {b:?}");
    }
}

//! Contradictions: certified, with minimal sets that brute force confirms; feasible problems are never accused.

use std::sync::Arc;

use equipoise::targets::request::Options;
use equipoise::targets::request::options::{GroupConstraint, PositionBounds};
use equipoise::targets::stage3::answer::InfeasibilityReport;
use equipoise::targets::stage3::{RunStatus, TargetProblem};
use rust_decimal::Decimal;

use crate::oracle::{can_hold, inequalities, restricted};
use crate::random::{Draw, buffers_and_locks, options, problem};

const CASES: u64 = 600;
/// Names of a problem that elimination can decide quickly.
const NAMES: u64 = 3;

fn check_minimal(seed: u64, problem: &TargetProblem, options: &Options, report: &InfeasibilityReport) {
    let all = inequalities(problem, options);
    let conflict: Vec<String> = report.conflict.iter().map(|member| member.constraint.clone()).collect();
    assert!(!conflict.is_empty(), "seed {seed}: {report:?}");
    assert!(!can_hold(&restricted(&all, &conflict)), "seed {seed}: {conflict:?} can hold\n{options:?}");
    for left_out in &conflict {
        let fewer: Vec<String> = conflict.iter().filter(|rule| *rule != left_out).cloned().collect();
        assert!(
            can_hold(&restricted(&all, &fewer)),
            "seed {seed}: {conflict:?} without {left_out} cannot hold"
        );
    }
}

/// The options with one change of the report; `None` where all sales are to be allowed.
fn changed(options: &Options, field: &[String], to: Decimal) -> Option<Options> {
    let mut options = options.clone();
    let parts: Vec<&str> = field.iter().map(String::as_str).collect();
    match parts[..] {
        ["options", "cash_band_min_weight"] => options.cash_band_min_weight = to,
        ["options", "cash_band_max_weight"] => options.cash_band_max_weight = to,
        ["options", "single_position_max_weight"] => options.single_position_max_weight = Some(to),
        ["options", "group_constraints", key, side] => {
            let group: &mut GroupConstraint = options.group_constraints.get_mut(key).expect("the group");
            *(if side == "max_weight" { &mut group.max_weight } else { &mut group.min_weight }) = Some(to);
        }
        ["options", "position_bounds", id, side] => {
            let bounds: &mut PositionBounds = options.position_bounds.get_mut(id).expect("the bounds");
            *(if side == "max_weight" { &mut bounds.max_weight } else { &mut bounds.min_weight }) = Some(to);
        }
        ["options", "linear_constraints", name, side] => {
            let linear =
                options.linear_constraints.iter_mut().find(|l| l.name == name).expect("the constraint");
            *(if side == "upper" { &mut linear.upper } else { &mut linear.lower }) = Some(to);
        }
        ["options", "unlock_to", id] => {
            options.unlock_to.insert(id.into(), to);
        }
        ["options", "min_cash_buffer_pct"] => options.min_cash_buffer_pct = to,
        _ => return None,
    }
    Some(options)
}

#[test]
fn verdicts_sets_and_relaxations_agree_with_elimination() {
    let (mut feasible, mut infeasible, mut relaxed, mut least) = (0, 0, 0, 0);
    for seed in 0..CASES {
        let draw = &mut Draw::new(1_000_000 + seed);
        let problem = problem(draw, NAMES);
        let mut options = options(draw, &problem, seed % 3 == 0);
        buffers_and_locks(draw, &problem, &mut options);
        let answer = problem.solve(&options);
        let all = inequalities(&problem, &options);
        if can_hold(&all) {
            assert_ne!(answer.status, RunStatus::Blocked, "seed {seed}: accused\n{options:?}");
            feasible += 1;
            continue;
        }
        infeasible += 1;
        assert_eq!(answer.status, RunStatus::Blocked, "seed {seed}");
        assert!(answer.targets.is_empty() && answer.warnings.contains(&"INFEASIBLE_INFEASIBLE".to_string()));
        let report = answer.infeasibility.expect("a report");
        check_minimal(seed, &problem, &options, &report);
        for offer in &report.relaxations {
            let mut with = Some(options.clone());
            for change in &offer.changes {
                with = with.and_then(|o| changed(&o, &change.field, change.to));
            }
            let Some(with) = with else { continue };
            relaxed += 1;
            assert!(can_hold(&inequalities(&problem, &with)), "seed {seed}: {offer:?} does not suffice");
            if let [change] = &offer.changes[..] {
                // One unit less is not enough.
                let unit = Decimal::new(if change.to > change.from { -1 } else { 1 }, 4);
                if (change.to - change.from).abs() > Decimal::new(1, 4) {
                    let short = changed(&options, &change.field, change.to + unit).expect("a field");
                    assert!(
                        !can_hold(&inequalities(&problem, &short)),
                        "seed {seed}: {offer:?} is not least"
                    );
                    least += 1;
                }
            }
        }
    }
    assert!(feasible > 50 && infeasible > 100 && relaxed > 100 && least > 50);
}

/// The words of a client's contradiction.
#[test]
fn a_locked_holding_over_its_group_in_words() {
    let draw = &mut Draw::new(1);
    let mut problem = problem(draw, 1);
    problem.names.truncate(1);
    problem.names[0].attributes = Arc::new([("sector".into(), "TECH".into())].into());
    let mut locked = problem.names[0].clone();
    locked.instrument_id = "ACME".into();
    (locked.tradeable, locked.weight, locked.current_weight) =
        (false, Decimal::new(25, 2), Decimal::new(25, 2));
    problem.names.push(locked);
    problem.known_attributes = ["sector".into()].into();
    let mut options = Options {
        target_method: equipoise::targets::request::options::TargetMethod::Solver,
        ..Options::default()
    };
    let group = GroupConstraint { max_weight: Some(Decimal::new(2, 1)), min_weight: None };
    options.group_constraints.insert("sector:TECH".into(), group);
    let report = problem.solve(&options).infeasibility.expect("a report");
    assert_eq!(report.text, "group sector:TECH ≤ 20 % with locked ACME 25 % cannot hold");
    let offers: Vec<&str> = report.relaxations.iter().map(|offer| offer.text.as_str()).collect();
    assert_eq!(offers, ["raise sector:TECH to 25 %", "allow selling ACME down to 20 %"]);
    assert_eq!(report.codes, ["LOCKED_OVER_GROUP"]);
}

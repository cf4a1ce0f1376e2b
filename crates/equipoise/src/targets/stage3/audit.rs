//! What a solve says about itself: engine, objective, rules that bind and their prices.

use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use rust_decimal::Decimal;

use super::answer::{ActiveConstraint, ObjectiveTerm, SolveAudit, TargetRow};
use super::rules::{Constraint, Projection, Rule, RuleBook};
use super::{TargetProblem, percent, rounded, solver};
use crate::numeric::digest::Digest;
use crate::targets::Text;
use crate::targets::json::decimal_text;
use crate::targets::projection::Optimum;
use crate::targets::projection::problem::Segment;
use crate::targets::projection::solve::Solution;
use crate::targets::request::Options;
use crate::targets::request::options::CashObjective;

/// Decimal places of prices.
const PRICE_PLACES: u32 = 12;

/// `GROUP_MAX:sector:TECH`.
pub(super) fn identifier(rule: &Rule) -> String {
    match rule {
        Rule::CashMin => "CASH_MIN".into(),
        Rule::CashMax => "CASH_MAX".into(),
        Rule::SinglePositionMax => "SINGLE_POSITION_MAX".into(),
        Rule::GroupMax(key) => format!("GROUP_MAX:{key}"),
        Rule::GroupMin(key) => format!("GROUP_MIN:{key}"),
        Rule::PositionMin(id) => format!("POSITION_MIN:{id}"),
        Rule::PositionMax(id) => format!("POSITION_MAX:{id}"),
        Rule::LinearMin(name) => format!("LINEAR_MIN:{name}"),
        Rule::LinearMax(name) => format!("LINEAR_MAX:{name}"),
        Rule::Locked(id) => format!("LOCKED:{id}"),
        Rule::BuysOnly => "BUYS_ONLY".into(),
    }
}

/// `group sector:TECH ≤ 20 %`.
pub(super) fn text(constraint: &Constraint) -> String {
    let limit = percent(constraint.limit);
    match &constraint.rule {
        Rule::CashMin => format!("cash ≥ {limit}"),
        Rule::CashMax => format!("cash ≤ {limit}"),
        Rule::SinglePositionMax => format!("every position ≤ {limit}"),
        Rule::GroupMax(key) => format!("group {key} ≤ {limit}"),
        Rule::GroupMin(key) => format!("group {key} ≥ {limit}"),
        Rule::PositionMin(id) => format!("{id} ≥ {limit}"),
        Rule::PositionMax(id) => format!("{id} ≤ {limit}"),
        Rule::LinearMin(name) => format!("constraint {name} ≥ {}", constraint.limit.normalize()),
        Rule::LinearMax(name) => format!("constraint {name} ≤ {}", constraint.limit.normalize()),
        Rule::Locked(id) => format!("locked {id} {limit}"),
        Rule::BuysOnly => "no sales".into(),
    }
}

/// The rules that bind at the optimum. The program minimises half the squared distance; prices are of the whole.
pub(super) fn active_constraints(
    book: &RuleBook<'_>,
    projection: &Projection,
    optimum: &Optimum,
) -> Vec<ActiveConstraint> {
    let price =
        |numerator: BigInt| rounded(&(numerator.abs() * 2), &optimum.denominator, PRICE_PLACES).normalize();
    let mut active = Vec::new();
    for &(row, _) in &optimum.rows {
        if let Some(rule) = projection.row_rules[row] {
            let constraint = &book.constraints[rule];
            active.push(ActiveConstraint {
                constraint: identifier(&constraint.rule),
                text: text(constraint),
                price: price(optimum.multipliers[row].clone()),
                instrument_id: None,
            });
        }
    }
    for i in 0..book.problem.names.len() {
        let Some(rule) = bound_rule(projection, optimum, i) else { continue };
        let name = &projection.problem.names[i];
        // The multiplier of the bound: what is left of the gradient w − m − s (± the cost of moving).
        let mut excess = optimum.scaled(&name.target) + &optimum.pressures[i] - &optimum.numerators[i];
        if let Some(kink) = &name.kink {
            let slope = optimum.scaled(&kink.slope);
            let above = optimum.numerators[i] > optimum.scaled(&kink.anchor);
            excess = if above { excess - slope } else { excess + slope };
        }
        active.push(ActiveConstraint {
            constraint: identifier(&book.constraints[rule].rule),
            text: text(&book.constraints[rule]),
            price: price(excess),
            instrument_id: Some(book.problem.names[i].instrument_id.clone()),
        });
    }
    active
}

/// The rule of the bound at which a tradeable name stands; fixed names have none.
fn bound_rule(projection: &Projection, optimum: &Optimum, i: usize) -> Option<usize> {
    let name = &projection.problem.names[i];
    if name.lower.is_some() && name.lower == name.upper {
        return None;
    }
    match optimum.segments[i] {
        Segment::AtLower => projection.lower_rules[i],
        Segment::AtUpper => projection.upper_rules[i],
        _ => None,
    }
}

/// The rules that hold each name where it is.
pub(super) fn reasons(
    book: &RuleBook<'_>,
    projection: &Projection,
    optimum: &Optimum,
    reasons: &mut [Vec<Text>],
) {
    for (i, reasons) in reasons.iter_mut().enumerate() {
        if !book.problem.names[i].tradeable {
            let locked = !book.problem.names[i].weight.is_zero();
            reasons.push(if locked { "LOCKED" } else { "SOLD" }.into());
        } else if let Some(rule) = bound_rule(projection, optimum, i) {
            reasons.push(identifier(&book.constraints[rule].rule).into());
        } else if optimum.segments[i] == Segment::AtAnchor {
            reasons.push("NOT_WORTH_TRADING".into());
        }
    }
    for &(row, _) in &optimum.rows {
        let Some(rule) = projection.row_rules[row].filter(|_| !optimum.multipliers[row].is_zero()) else {
            continue;
        };
        let reason = Text::from(identifier(&book.constraints[rule].rule));
        for (i, _) in &projection.problem.rows[row].terms {
            if *i < reasons.len() && book.problem.names[*i].tradeable {
                reasons[*i].push(reason.clone());
            }
        }
    }
}

/// Every term of the objective at the weights returned.
pub(super) fn objective(
    problem: &TargetProblem,
    options: &Options,
    weights: &[Decimal],
) -> Vec<ObjectiveTerm> {
    let names = || problem.names.iter().zip(weights).filter(|(name, _)| name.tradeable);
    let squared = |x: Decimal| x * x;
    let mut tracking: Decimal = names().map(|(name, w)| squared(w - name.model_weight)).sum();
    for (name, w) in problem.names.iter().zip(weights).filter(|(name, _)| !name.tradeable) {
        if options.unlock_to.contains_key(&name.instrument_id) {
            tracking += squared(w - name.weight);
        }
    }
    let invested: Decimal = weights.iter().sum();
    let model: Decimal = problem.model.iter().map(|m| m.1).sum();
    let moved = |(name, w): (&super::TargetName, &Decimal)| (w - name.current_weight).abs();
    let mut turnover = Decimal::ZERO;
    if !options.turnover_penalty.is_zero() {
        turnover = options.turnover_penalty * names().map(moved).sum::<Decimal>();
    }
    let mut cost = Decimal::ZERO;
    if !options.cost_rates.is_empty() {
        let rate = |id: &Text| options.cost_rates.get(id).copied().unwrap_or_default();
        cost = names().map(|pair| rate(&pair.0.instrument_id) * moved(pair)).sum();
    }
    let term = |term, active, value: Decimal| ObjectiveTerm { term, active, value: value.normalize() };
    vec![
        term("TRACKING", true, tracking),
        term("CASH", options.cash_objective == CashObjective::Penalised, squared(model - invested)),
        term("TURNOVER", !options.turnover_penalty.is_zero(), turnover),
        term("COST", !options.cost_rates.is_empty(), cost),
    ]
}

/// The audit of a solve that has no weights.
pub(super) fn without_optimum(status: &'static str, solution: &Solution, book: &RuleBook<'_>) -> SolveAudit {
    SolveAudit {
        engine: solver::engine(solution.rung),
        version: env!("CARGO_PKG_VERSION"),
        solver_status: status,
        iterations: solution.steps,
        primal_residual: Decimal::ZERO,
        dual_residual: Decimal::ZERO,
        engine_deviation: "0".into(),
        objective: Vec::new(),
        active_constraints: Vec::new(),
        slacks: Vec::new(),
        rounding: None,
        cross_check: None,
        notes: book.notes.clone(),
        digest: digest(&[]),
    }
}

/// FNV-1a 64 over ids and weights.
pub(super) fn digest(targets: &[TargetRow]) -> String {
    let mut digest = Digest::default();
    for row in targets {
        digest.add_bytes(row.instrument_id.as_bytes());
        digest.add_bytes(b"=");
        digest.add_bytes(decimal_text(&row.final_weight.normalize()).as_bytes());
        digest.add_bytes(b";");
    }
    digest.to_string()
}

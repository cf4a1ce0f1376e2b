//! Why no weights satisfy the rules, in the client's words: a minimal set of rules that contradict each other, and the
//! cheapest changes of limits. Every "yes" and "no" on the way is an exact verdict of the projection.
//!
//! Deletion filter: J. W. Chinneck, E. W. Dravnieks, ORSA Journal on Computing 3 (1991) 157–168.

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use rust_decimal::Decimal;

use super::answer::{ActiveConstraint, ConflictMember, InfeasibilityReport, LimitChange, RelaxationOffer};
use super::rules::{Constraint, Crossing, Projection, Rule, RuleBook, Treatment};
use super::{audit, percent, rounded};
use crate::targets::projection::exact::Proof;
use crate::targets::projection::problem::Scalar;
use crate::targets::projection::{Decision, solve as project};

/// Decimal places of new limits.
const LIMIT_PLACES: u32 = 4;
/// Decimal places of prices.
const PRICE_PLACES: u32 = 12;

/// The hints of the reference, by its triggers.
pub(super) fn hints(book: &RuleBook<'_>) -> Vec<String> {
    let (problem, options) = (book.problem, book.options);
    let locked = |i: &usize| !problem.names[*i].tradeable;
    let locked_weight: Decimal =
        problem.names.iter().filter(|name| !name.tradeable).map(|name| name.weight).sum();
    let invested_min = Decimal::ONE - options.cash_band_max_weight - locked_weight;
    let invested_max = Decimal::ONE - options.cash_band_min_weight - locked_weight;
    let mut hints = Vec::new();
    if invested_min > invested_max {
        hints.push("INFEASIBILITY_HINT_CASH_BAND_CONTRADICTION".to_string());
    }
    if let Some(cap) = options.single_position_max_weight
        && cap * Decimal::from(book.tradeable.len()) < invested_min
    {
        hints.push("INFEASIBILITY_HINT_SINGLE_POSITION_CAPACITY".to_string());
    }
    for group in &book.groups {
        let held: Decimal =
            group.members.iter().filter(|i| locked(i)).map(|&i| problem.names[i].weight).sum();
        if group.max.is_some_and(|max| held > max) {
            hints.push(format!("INFEASIBILITY_HINT_LOCKED_GROUP_WEIGHT_{}", group.key));
        }
    }
    hints
}

/// The report where the least weight of a name exceeds its largest.
pub(super) fn report_crossing(book: &RuleBook<'_>, crossing: Crossing) -> InfeasibilityReport {
    let support = [crossing.lower, crossing.upper].into_iter().flatten().collect();
    report(book, "CROSSING_BOUNDS", Vec::new(), support)
}

/// The report of a checked Farkas vector.
pub(super) fn report_proof(
    book: &RuleBook<'_>,
    projection: &Projection,
    proof: &Proof,
) -> InfeasibilityReport {
    let mut support = Vec::new();
    let mut farkas = Vec::new();
    let largest = proof.rows.iter().map(BigInt::magnitude).max().cloned().map(BigInt::from);
    let largest = largest.filter(|l| !l.is_zero()).unwrap_or_else(|| BigInt::from(1));
    let mut press = |rule: usize, price: &BigInt, name: Option<usize>| {
        let constraint = &book.constraints[rule];
        farkas.push(ActiveConstraint {
            constraint: audit::identifier(&constraint.rule),
            text: audit::text(constraint),
            price: rounded(&price.abs(), &largest, PRICE_PLACES).normalize(),
            instrument_id: name.map(|i| book.problem.names[i].instrument_id.clone()),
        });
        if !support.contains(&rule) {
            support.push(rule);
        }
    };
    for (row, y) in proof.rows.iter().enumerate().filter(|(_, y)| !y.is_zero()) {
        if let Some(rule) = projection.row_rules[row] {
            press(rule, y, None);
        }
    }
    for (i, z) in proof.names.iter().enumerate().take(projection.lower_rules.len()) {
        if z.is_zero() {
            continue;
        }
        let rule = if z.is_positive() { projection.upper_rules[i] } else { projection.lower_rules[i] };
        if let Some(rule) = rule {
            press(rule, z, Some(i));
        }
    }
    report(book, "FARKAS", farkas, support)
}

fn report(
    book: &RuleBook<'_>,
    certificate: &'static str,
    farkas: Vec<ActiveConstraint>,
    mut support: Vec<usize>,
) -> InfeasibilityReport {
    support.sort_unstable();
    let conflict = minimal(book, support);
    let members = conflict.iter().map(|&rule| ConflictMember {
        constraint: audit::identifier(&book.constraints[rule].rule),
        text: audit::text(&book.constraints[rule]),
    });
    InfeasibilityReport {
        certificate,
        farkas,
        conflict: members.collect(),
        text: sentence(book, &conflict),
        relaxations: relaxations(book, &conflict),
        codes: codes(book, &conflict),
    }
}

/// True if no weights satisfy the rules under these treatments.
fn contradicts(book: &RuleBook<'_>, treat: impl Fn(usize) -> Treatment) -> bool {
    match book.projection(treat) {
        Err(_) => true,
        Ok(projection) => matches!(project(&projection.problem).decision, Decision::Infeasible(_)),
    }
}

/// Drops rules while the rest still contradict each other; locks last, so that limits are named before holdings.
fn minimal(book: &RuleBook<'_>, support: Vec<usize>) -> Vec<usize> {
    let mut kept = support.clone();
    for candidate in support {
        let without: Vec<usize> = kept.iter().copied().filter(|&rule| rule != candidate).collect();
        let treat = |rule: usize| if without.contains(&rule) { Treatment::Hold } else { Treatment::Drop };
        if contradicts(book, treat) {
            kept = without;
        }
    }
    kept
}

fn sentence(book: &RuleBook<'_>, conflict: &[usize]) -> String {
    let of = |locks: bool| {
        let constraints = conflict.iter().map(|&rule| &book.constraints[rule]);
        let chosen = constraints.filter(|c| matches!(c.rule, Rule::Locked(_)) == locks);
        chosen.map(audit::text).collect::<Vec<_>>()
    };
    let (rules, locks) = (of(false), of(true));
    let names =
        format!("{} buyable name{}", book.tradeable.len(), if book.tradeable.len() == 1 { "" } else { "s" });
    match (rules.is_empty(), locks.is_empty()) {
        (false, false) => format!("{} with {} cannot hold", rules.join(" and "), locks.join(" and ")),
        (false, true) => format!("{} cannot hold with {names}", rules.join(" and ")),
        (true, _) => format!("{} cannot hold", locks.join(" and ")),
    }
}

/// What kind of contradiction it is, beyond the hints of the reference.
fn codes(book: &RuleBook<'_>, conflict: &[usize]) -> Vec<String> {
    let has = |test: fn(&Rule) -> bool| conflict.iter().any(|&rule| test(&book.constraints[rule].rule));
    let locks = has(|rule| matches!(rule, Rule::Locked(_)));
    let groups = has(|rule| matches!(rule, Rule::GroupMax(_)));
    let mut codes = Vec::new();
    if has(|rule| matches!(rule, Rule::CashMin)) && locks {
        codes.push("LOCKED_OVER_BUDGET".to_string());
    }
    if groups && has(|rule| matches!(rule, Rule::CashMax | Rule::GroupMin(_) | Rule::PositionMin(_))) {
        codes.push("GROUP_CAPACITY".into());
    }
    if groups && locks {
        codes.push("LOCKED_OVER_GROUP".into());
    }
    if has(|rule| matches!(rule, Rule::SinglePositionMax)) && locks {
        codes.push("LOCKED_OVER_SINGLE_POSITION".into());
    }
    if has(|rule| matches!(rule, Rule::BuysOnly)) {
        codes.push("SALES_NEEDED".into());
    }
    if has(|rule| matches!(rule, Rule::LinearMin(_) | Rule::LinearMax(_))) {
        codes.push("LINEAR_CONSTRAINT".into());
    }
    codes
}

/// For each rule of the conflict the least change that alone suffices; where none does, the changes of least total.
fn relaxations(book: &RuleBook<'_>, conflict: &[usize]) -> Vec<RelaxationOffer> {
    let mut offers: Vec<RelaxationOffer> = conflict.iter().filter_map(|&rule| relax(book, &[rule])).collect();
    offers.sort_by_key(|offer| offer.total);
    if offers.is_empty() {
        let all: Vec<usize> = (0..book.constraints.len()).collect();
        offers.extend(relax(book, &all));
    }
    offers
}

/// The changes of least total of these rules' limits, to four decimals, after an exact check that they suffice.
fn relax(book: &RuleBook<'_>, elastic: &[usize]) -> Option<RelaxationOffer> {
    let stretched = |rule: usize| if elastic.contains(&rule) { Treatment::Elastic } else { Treatment::Hold };
    let projection = book.projection(stretched).ok()?;
    let Decision::Optimal(optimum) = project(&projection.problem).decision else { return None };
    let mut amounts: Vec<(usize, Decimal)> = Vec::new();
    for &(rule, variable) in &projection.elastic {
        let amount = optimum.weight(variable);
        if amount.is_positive() {
            amounts.push((rule, outward(&book.constraints[rule], &amount)));
        }
    }
    let relaxed = |rule: usize| match amounts.iter().find(|a| a.0 == rule) {
        Some(&(_, amount)) => Treatment::Relax(amount),
        None => Treatment::Hold,
    };
    if amounts.is_empty() || contradicts(book, relaxed) {
        return None;
    }
    let changes: Vec<LimitChange> =
        amounts.iter().flat_map(|&(rule, amount)| changes(book, &book.constraints[rule], amount)).collect();
    Some(RelaxationOffer {
        total: amounts.iter().map(|a| a.1).sum::<Decimal>().normalize(),
        text: changes.iter().map(|c| c.text.as_str()).collect::<Vec<_>>().join(" and "),
        changes,
    })
}

/// The least change that is at least `amount` and ends at a limit of four decimals.
fn outward(constraint: &Constraint, amount: &BigRational) -> Decimal {
    let unit = BigInt::from(10i64.pow(LIMIT_PLACES));
    let limit = BigRational::of(&constraint.limit);
    let rises = constraint.relaxed(Decimal::ONE) > constraint.limit;
    let exact = (if rises { limit + amount } else { limit - amount }) * BigRational::from_integer(unit);
    let whole =
        if rises { exact.numer().div_ceil(exact.denom()) } else { exact.numer().div_floor(exact.denom()) };
    let new = Decimal::from_i128_with_scale(whole.to_i128().unwrap_or(0), LIMIT_PLACES);
    (new - constraint.limit).abs()
}

/// The change of a limit, by field of the request.
fn changes(book: &RuleBook<'_>, constraint: &Constraint, amount: Decimal) -> Vec<LimitChange> {
    let to = constraint.relaxed(amount).normalize();
    let options = book.options;
    let buffer_counts = book.is_strict() && options.min_cash_buffer_pct > to.max(Decimal::ZERO);
    if constraint.rule != Rule::CashMin || !buffer_counts {
        return vec![change(book, constraint, to, amount)];
    }
    // The cash minimum is that of the band or of the buffer: both may be in the way.
    let identifier = audit::identifier(&constraint.rule);
    let of = |field: &str, from: Decimal, what: &str| LimitChange {
        constraint: identifier.clone(),
        from,
        to,
        text: format!("lower the {what} to {}", percent(to)),
        field: vec!["options".into(), field.into()],
    };
    let mut changes = vec![of("min_cash_buffer_pct", options.min_cash_buffer_pct, "cash buffer")];
    if to < options.cash_band_min_weight {
        changes.push(of("cash_band_min_weight", options.cash_band_min_weight, "cash minimum"));
    }
    changes
}

fn change(book: &RuleBook<'_>, constraint: &Constraint, to: Decimal, amount: Decimal) -> LimitChange {
    let limit = percent(to);
    let (text, field): (String, Vec<&str>) = match &constraint.rule {
        Rule::CashMin => {
            (format!("lower the cash minimum to {limit}"), vec!["options", "cash_band_min_weight"])
        }
        Rule::CashMax => {
            (format!("raise the cash maximum to {limit}"), vec!["options", "cash_band_max_weight"])
        }
        Rule::SinglePositionMax => {
            (format!("raise the largest position to {limit}"), vec!["options", "single_position_max_weight"])
        }
        Rule::GroupMax(key) => {
            (format!("raise {key} to {limit}"), vec!["options", "group_constraints", key, "max_weight"])
        }
        Rule::GroupMin(key) => (
            format!("lower the floor of {key} to {limit}"),
            vec!["options", "group_constraints", key, "min_weight"],
        ),
        Rule::PositionMin(id) => (
            format!("lower the least weight of {id} to {limit}"),
            vec!["options", "position_bounds", id, "min_weight"],
        ),
        Rule::PositionMax(id) => (
            format!("raise the largest weight of {id} to {limit}"),
            vec!["options", "position_bounds", id, "max_weight"],
        ),
        Rule::LinearMin(name) => (
            format!("lower the lower limit of constraint {name} to {to}"),
            vec!["options", "linear_constraints", name, "lower"],
        ),
        Rule::LinearMax(name) => (
            format!("raise the upper limit of constraint {name} to {to}"),
            vec!["options", "linear_constraints", name, "upper"],
        ),
        Rule::Locked(id) => {
            let field = if book.is_strict() { vec!["options", "unlock_to", id] } else { Vec::new() };
            (format!("allow selling {id} down to {limit}"), field)
        }
        Rule::BuysOnly => {
            (format!("allow sales of {} per name", percent(amount)), vec!["options", "buys_only"])
        }
    };
    LimitChange {
        constraint: audit::identifier(&constraint.rule),
        from: constraint.limit,
        to,
        text,
        field: field.into_iter().map(String::from).collect(),
    }
}

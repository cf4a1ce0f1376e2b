//! The rules of a problem as inequalities in rationals, and whether they can hold, by elimination (Fourier and Motzkin). Written
//! from the documented meaning of the options; it shares no code with the library.

use equipoise::targets::request::Options;
use equipoise::targets::stage3::TargetProblem;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use rust_decimal::Decimal;

pub fn rational(value: Decimal) -> BigRational {
    BigRational::new(BigInt::from(value.mantissa()), BigInt::from(10).pow(value.scale()))
}

/// Σ aᵢwᵢ ≤ b, and the rule it belongs to; rules without an id always hold.
#[derive(Debug, Clone)]
pub struct Inequality {
    pub rule: Option<String>,
    pub terms: Vec<BigRational>,
    pub bound: BigRational,
}

/// Every rule of strict mode. A lock is a rule; a name that is not locked may be sold, never below the floor; of a lock that is left
/// out only sales are possible.
pub fn inequalities(problem: &TargetProblem, options: &Options) -> Vec<Inequality> {
    let names = &problem.names;
    let n = names.len();
    let zero = || vec![BigRational::zero(); n];
    let one = |i: usize, sign: i64| {
        let mut terms = zero();
        terms[i] = BigRational::from_integer(sign.into());
        terms
    };
    let mut out: Vec<Inequality> = Vec::new();
    let mut at_most = |rule: Option<String>, terms: Vec<BigRational>, bound: BigRational| {
        out.push(Inequality { rule, terms, bound });
    };
    let sum = |sign: i64| vec![BigRational::from_integer(sign.into()); n];
    let buffer = Some(options.min_cash_buffer_pct).filter(|buffer| !buffer.is_zero());
    let cash_min = buffer.map_or(options.cash_band_min_weight, |b| b.max(options.cash_band_min_weight));
    at_most(Some("CASH_MIN".into()), sum(1), rational(Decimal::ONE - cash_min));
    at_most(Some("CASH_MAX".into()), sum(-1), -rational(Decimal::ONE - options.cash_band_max_weight));
    let floor = rational(options.short_floor.unwrap_or_default());
    for (i, name) in names.iter().enumerate() {
        let (weight, current) = (rational(name.weight), rational(name.current_weight));
        if name.tradeable {
            at_most(None, one(i, -1), -floor.clone());
            if options.buys_only {
                at_most(Some("BUYS_ONLY".into()), one(i, -1), -current);
            }
        } else if name.weight.is_zero() {
            // To be sold whole; with buys_only it stays.
            let held = if options.buys_only { current } else { BigRational::zero() };
            at_most(None, one(i, -1), BigRational::zero());
            at_most(None, one(i, 1), held.clone());
            if options.buys_only {
                at_most(Some("BUYS_ONLY".into()), one(i, -1), -held);
            }
        } else {
            at_most(None, one(i, 1), weight.clone());
            at_most(None, one(i, -1), BigRational::zero());
            let kept = options.unlock_to.get(&name.instrument_id).map(|limit| rational(*limit));
            let kept = kept.filter(|limit| *limit < weight).unwrap_or(weight);
            at_most(Some(format!("LOCKED:{}", name.instrument_id)), one(i, -1), -kept);
        }
        if let Some(cap) = options.single_position_max_weight {
            at_most(Some("SINGLE_POSITION_MAX".into()), one(i, 1), rational(cap));
        }
        if let Some(bounds) = options.position_bounds.get(&name.instrument_id) {
            if let Some(max) = bounds.max_weight {
                at_most(Some(format!("POSITION_MAX:{}", name.instrument_id)), one(i, 1), rational(max));
            }
            if let Some(min) = bounds.min_weight {
                at_most(Some(format!("POSITION_MIN:{}", name.instrument_id)), one(i, -1), -rational(min));
            }
        }
    }
    for (key, group) in &options.group_constraints {
        let (attribute, value) = key.split_once(':').expect("a key");
        if !problem.known_attributes.contains(attribute) {
            continue;
        }
        let row = |sign: i64| -> Vec<BigRational> {
            let member = |i: usize| names[i].attributes.get(attribute).is_some_and(|own| own == value);
            (0..n).map(|i| BigRational::from_integer(if member(i) { sign } else { 0 }.into())).collect()
        };
        if let Some(max) = group.max_weight {
            at_most(Some(format!("GROUP_MAX:{key}")), row(1), rational(max));
        }
        if let Some(min) = group.min_weight {
            at_most(Some(format!("GROUP_MIN:{key}")), row(-1), -rational(min));
        }
    }
    for linear in &options.linear_constraints {
        let row: Vec<BigRational> = names
            .iter()
            .map(|name| rational(linear.coefficients.get(&name.instrument_id).copied().unwrap_or_default()))
            .collect();
        if let Some(upper) = linear.upper {
            at_most(Some(format!("LINEAR_MAX:{}", linear.name)), row.clone(), rational(upper));
        }
        if let Some(lower) = linear.lower {
            let negated = row.into_iter().map(|a| -a).collect();
            at_most(Some(format!("LINEAR_MIN:{}", linear.name)), negated, -rational(lower));
        }
    }
    out
}

/// The inequalities of these rules, and those that always hold.
pub fn restricted(all: &[Inequality], rules: &[String]) -> Vec<Inequality> {
    all.iter().filter(|i| i.rule.as_ref().is_none_or(|rule| rules.contains(rule))).cloned().collect()
}

/// True if some w satisfies all of them.
pub fn can_hold(inequalities: &[Inequality]) -> bool {
    let mut rows: Vec<(Vec<BigRational>, BigRational)> =
        inequalities.iter().map(|i| (i.terms.clone(), i.bound.clone())).collect();
    rows = without_weaker(rows);
    let mut left: Vec<usize> = (0..rows.first().map_or(0, |row| row.0.len())).collect();
    while !left.is_empty() {
        // The variable that leaves the fewest rows.
        let made = |k: &usize| {
            let count = |sign: fn(&BigRational) -> bool| rows.iter().filter(|row| sign(&row.0[*k])).count();
            count(BigRational::is_positive) * count(BigRational::is_negative)
        };
        let position = (0..left.len()).min_by_key(|&p| made(&left[p])).expect("a variable");
        let k = left.remove(position);
        let (mut upper, mut lower, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            match row.0[k].clone() {
                a if a.is_positive() => upper.push(scaled(row, &a)),
                a if a.is_negative() => lower.push(scaled(row, &-a)),
                _ => rest.push(row),
            }
        }
        for (a, b) in &upper {
            for (c, d) in &lower {
                let terms: Vec<BigRational> = a.iter().zip(c).map(|(x, y)| x + y).collect();
                rest.push((terms, b + d));
            }
        }
        rows = without_weaker(rest);
    }
    rows.iter().all(|(_, bound)| !bound.is_negative())
}

fn scaled(
    (terms, bound): (Vec<BigRational>, BigRational),
    by: &BigRational,
) -> (Vec<BigRational>, BigRational) {
    (terms.into_iter().map(|a| a / by).collect(), bound / by)
}

/// Of rows with the same direction only the tightest.
fn without_weaker(rows: Vec<(Vec<BigRational>, BigRational)>) -> Vec<(Vec<BigRational>, BigRational)> {
    let mut tightest: std::collections::BTreeMap<Vec<BigRational>, BigRational> = Default::default();
    for (terms, bound) in rows {
        let size = terms.iter().map(BigRational::abs).max().filter(|size| !size.is_zero());
        let (terms, bound) = match size {
            Some(size) => scaled((terms, bound), &size),
            None => (terms, bound),
        };
        let own = tightest.entry(terms).or_insert_with(|| bound.clone());
        if bound < *own {
            *own = bound;
        }
    }
    tightest.into_iter().collect()
}

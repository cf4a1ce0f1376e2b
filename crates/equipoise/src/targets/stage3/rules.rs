//! The hard rules of a rebalance, and the projection that they make.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{TargetName, TargetProblem, percent};
use crate::targets::Text;
use crate::targets::projection::{Kink, Name, Problem, Row};
use crate::targets::request::Options;
use crate::targets::request::options::{CashObjective, RoundingMode, SellOnlyPolicy};

/// Decimal places of current weights in strict mode.
pub(super) const CURRENT_PLACES: u32 = 12;

/// What a rule is about.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rule {
    CashMin,
    CashMax,
    SinglePositionMax,
    GroupMax(String),
    GroupMin(String),
    PositionMin(Text),
    PositionMax(Text),
    LinearMin(Text),
    LinearMax(Text),
    Locked(Text),
    BuysOnly,
}

/// A rule with its limit and the names it speaks of.
#[derive(Debug, Clone)]
pub(super) struct Constraint {
    pub rule: Rule,
    pub limit: Decimal,
    /// Names (with coefficients) of a row; the one name of a bound or lock.
    terms: Vec<(usize, Decimal)>,
}

/// What is done with a rule when the projection is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Treatment {
    /// It holds.
    Hold,
    /// It is left out.
    Drop,
    /// Its limit moves outwards by that much.
    Relax(Decimal),
    /// Its limit moves outwards by a variable, which the projection makes as small as it can.
    Elastic,
}

/// A group with members.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub key: String,
    pub members: Vec<usize>,
    pub max: Option<Decimal>,
    pub min: Option<Decimal>,
}

/// All rules of a problem.
pub(super) struct RuleBook<'a> {
    pub problem: &'a TargetProblem,
    pub options: &'a Options,
    pub groups: Vec<Group>,
    pub constraints: Vec<Constraint>,
    /// `UNKNOWN_CONSTRAINT_ATTRIBUTE_…`, once per constraint.
    pub unknown_attributes: Vec<String>,
    /// Names that may be traded.
    pub tradeable: Vec<usize>,
    /// What was decided beyond the options, in words.
    pub notes: Vec<String>,
}

/// The bounds of a name that cross, by rule; `None` is the background (no short positions).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Crossing {
    pub lower: Option<usize>,
    pub upper: Option<usize>,
}

/// A projection and where its parts come from.
pub(super) struct Projection {
    pub problem: Problem,
    /// The rule of each row; `None` is the budget with cash as a variable.
    pub row_rules: Vec<Option<usize>>,
    /// The rule of each name's lower bound.
    pub lower_rules: Vec<Option<usize>>,
    /// The rule of each name's upper bound.
    pub upper_rules: Vec<Option<usize>>,
    /// Variables of elastic rules: (rule, index).
    pub elastic: Vec<(usize, usize)>,
}

/// What a shortfall costs in the objective: far more than any tracking error.
const ELASTIC_PRICE: i64 = 1_000_000;

impl<'a> RuleBook<'a> {
    pub fn new(problem: &'a TargetProblem, options: &'a Options) -> Self {
        let mut book = Self {
            problem,
            options,
            groups: Vec::new(),
            constraints: Vec::new(),
            unknown_attributes: Vec::new(),
            tradeable: (0..problem.names.len()).filter(|&i| problem.names[i].tradeable).collect(),
            notes: Vec::new(),
        };
        book.find_groups();
        book.add_cash();
        if let Some(cap) = options.single_position_max_weight {
            let names =
                if book.is_strict() { (0..problem.names.len()).collect() } else { book.tradeable.clone() };
            book.add(Rule::SinglePositionMax, cap, names);
        }
        for group in book.groups.clone() {
            if let Some(max) = group.max {
                book.add(Rule::GroupMax(group.key.clone()), max, group.members.clone());
            }
            if let Some(min) = group.min {
                book.add(Rule::GroupMin(group.key), min, group.members);
            }
        }
        book.add_named();
        for (i, name) in problem.names.iter().enumerate() {
            if !name.tradeable && !book.is_sold(name) {
                book.add(Rule::Locked(name.instrument_id.clone()), book.least_of_lock(name), vec![i]);
            }
        }
        if options.buys_only {
            book.add(Rule::BuysOnly, Decimal::ZERO, Vec::new());
        }
        book
    }

    pub fn is_strict(&self) -> bool {
        self.options.rounding_mode == RoundingMode::Strict
    }

    /// The least weight of a name that may be traded.
    pub fn floor(&self) -> Decimal {
        self.options.short_floor.unwrap_or(Decimal::ZERO)
    }

    /// True for a holding that is to be sold whole.
    fn is_sold(&self, name: &TargetName) -> bool {
        !name.tradeable && name.weight.is_zero()
    }

    /// The weight that a lock keeps: all of it, unless the options let some of it go.
    fn least_of_lock(&self, name: &TargetName) -> Decimal {
        let zero = Decimal::ZERO;
        let kept = |limit: &Decimal| (*limit).clamp(name.weight.min(zero), name.weight.max(zero));
        self.options.unlock_to.get(&name.instrument_id).map_or(name.weight, kept)
    }

    fn add(&mut self, rule: Rule, limit: Decimal, names: Vec<usize>) {
        let terms = names.into_iter().map(|i| (i, Decimal::ONE)).collect();
        self.constraints.push(Constraint { rule, limit, terms });
    }

    /// Groups that have a member of weight or a tradeable one, in the order of their keys.
    fn find_groups(&mut self) {
        let mut by_value = BTreeMap::new();
        for (key, limits) in &self.options.group_constraints {
            let Some((attribute, value)) = key.split_once(':') else { continue };
            if !self.problem.known_attributes.contains(attribute) {
                self.unknown_attributes.push(format!("UNKNOWN_CONSTRAINT_ATTRIBUTE_{attribute}"));
                continue;
            }
            let members =
                by_value.entry(attribute).or_insert_with(|| members_by_value(self.problem, attribute));
            let members = members.get(value).cloned().unwrap_or_default();
            let needs_members = limits.min_weight.is_some_and(|min| min > Decimal::ZERO);
            if !members.is_empty() || needs_members {
                let (max, min) = (limits.max_weight, limits.min_weight);
                self.groups.push(Group { key: key.clone(), members, max, min });
            }
        }
    }

    fn add_cash(&mut self) {
        let all: Vec<usize> = (0..self.problem.names.len()).collect();
        let (mut least, buffer) = (self.options.cash_band_min_weight, self.options.min_cash_buffer_pct);
        if self.is_strict() && buffer > Decimal::ZERO && buffer > least {
            least = buffer;
            self.notes.push(format!("cash minimum {} from min_cash_buffer_pct", percent(buffer)));
        }
        self.add(Rule::CashMin, least, all.clone());
        self.add(Rule::CashMax, self.options.cash_band_max_weight, all);
    }

    /// Bounds of single names and linear constraints.
    fn add_named(&mut self) {
        let names = &self.problem.names;
        let index = |id: &Text| names.iter().position(|name| name.instrument_id == *id);
        let mut added = Vec::new();
        for (id, bounds) in &self.options.position_bounds {
            let terms: Vec<_> = index(id).into_iter().map(|i| (i, Decimal::ONE)).collect();
            let rules = [
                (bounds.min_weight, Rule::PositionMin(id.clone())),
                (bounds.max_weight, Rule::PositionMax(id.clone())),
            ];
            for (limit, rule) in rules {
                added.extend(limit.map(|limit| Constraint { rule, limit, terms: terms.clone() }));
            }
        }
        for linear in &self.options.linear_constraints {
            let mut terms: Vec<(usize, Decimal)> =
                linear.coefficients.iter().filter_map(|(id, a)| index(id).map(|i| (i, *a))).collect();
            terms.retain(|term| !term.1.is_zero());
            terms.sort_by_key(|term| term.0);
            let rules = [
                (linear.lower, Rule::LinearMin(linear.name.clone())),
                (linear.upper, Rule::LinearMax(linear.name.clone())),
            ];
            for (limit, rule) in rules {
                added.extend(limit.map(|limit| Constraint { rule, limit, terms: terms.clone() }));
            }
        }
        self.constraints.extend(added);
    }

    /// Model weights that the solver aims at.
    fn aims(&self) -> Vec<Decimal> {
        let names = &self.problem.names;
        let mut aims: Vec<Decimal> = names.iter().map(|name| name.model_weight).collect();
        for (aim, name) in aims.iter_mut().zip(names).filter(|(_, name)| !name.tradeable) {
            // Of a lock that may be traded no more than the rules need.
            if self.options.unlock_to.contains_key(&name.instrument_id) {
                *aim = name.weight;
            }
        }
        let excess = self.problem.sell_only_excess;
        let total: Decimal = self.tradeable.iter().map(|&i| aims[i]).sum();
        if self.options.sell_only_policy == SellOnlyPolicy::Redistribute
            && excess > Decimal::ZERO
            && total > Decimal::ZERO
        {
            for &i in &self.tradeable {
                aims[i] = (aims[i] + excess * aims[i] / total).round_dp(CURRENT_PLACES);
            }
        }
        aims
    }

    /// The projection with every rule as `treat` says.
    ///
    /// # Errors
    /// The rules of a name's two bounds, if they cross.
    pub fn projection(&self, treat: impl Fn(usize) -> Treatment) -> Result<Projection, Crossing> {
        let n = self.problem.names.len();
        let mut bounds = Bounds::new(n);
        let mut out = Projection {
            problem: Problem::default(),
            row_rules: Vec::new(),
            lower_rules: Vec::new(),
            upper_rules: Vec::new(),
            elastic: Vec::new(),
        };
        self.set_background(&mut bounds, &treat);
        out.problem.names = self.names();
        for (rule, constraint) in self.constraints.iter().enumerate() {
            match treat(rule) {
                Treatment::Drop => {}
                Treatment::Hold => self.enforce(rule, constraint, constraint.limit, &mut bounds, &mut out),
                Treatment::Relax(amount) => {
                    let limit = constraint.relaxed(amount);
                    self.enforce(rule, constraint, limit, &mut bounds, &mut out);
                }
                Treatment::Elastic => self.stretch(rule, constraint, &mut out),
            }
        }
        bounds.apply(&mut out)?;
        if self.options.cash_objective == CashObjective::Penalised {
            self.add_cash_variable(&mut out.problem, &mut out.row_rules);
        }
        Ok(out)
    }

    fn names(&self) -> Vec<Name> {
        let slope_of = |name: &TargetName| {
            let cost = self.options.cost_rates.get(&name.instrument_id).copied().unwrap_or_default();
            // Half of it: the projection minimises half the squared distance.
            (self.options.turnover_penalty + cost) / Decimal::TWO
        };
        let names = self.problem.names.iter().zip(self.aims());
        let made = names.map(|(name, target)| {
            let slope = slope_of(name);
            let kink =
                (name.tradeable && !slope.is_zero()).then_some(Kink { anchor: name.current_weight, slope });
            Name { target, lower: None, upper: None, kink }
        });
        made.collect()
    }

    /// What no rule relaxes: no position below the floor, and of a lock that is released only sales.
    fn set_background(&self, bounds: &mut Bounds, treat: &impl Fn(usize) -> Treatment) {
        let released = |i: usize| {
            let is_lock = |c: &Constraint| matches!(c.rule, Rule::Locked(_)) && c.terms[0].0 == i;
            self.constraints.iter().position(is_lock).is_some_and(|rule| treat(rule) != Treatment::Hold)
        };
        for (i, name) in self.problem.names.iter().enumerate() {
            if name.tradeable {
                bounds.raise_lower(i, self.floor(), None);
            } else if self.is_sold(name) {
                let held = if self.options.buys_only { name.current_weight } else { Decimal::ZERO };
                bounds.raise_lower(i, held.min(Decimal::ZERO), None);
                bounds.cut_upper(i, held.max(Decimal::ZERO), None);
            } else if released(i) {
                bounds.raise_lower(i, name.weight.min(Decimal::ZERO), None);
                bounds.cut_upper(i, name.weight.max(Decimal::ZERO), None);
            }
        }
    }

    /// The rule with that limit, as bounds or as a row.
    fn enforce(
        &self,
        rule: usize,
        constraint: &Constraint,
        limit: Decimal,
        bounds: &mut Bounds,
        out: &mut Projection,
    ) {
        match constraint.rule {
            Rule::SinglePositionMax => {
                constraint.terms.iter().for_each(|&(i, _)| bounds.cut_upper(i, limit, Some(rule)));
            }
            Rule::PositionMax(_) if !constraint.terms.is_empty() => {
                bounds.cut_upper(constraint.terms[0].0, limit, Some(rule));
            }
            Rule::PositionMin(_) if !constraint.terms.is_empty() => {
                bounds.raise_lower(constraint.terms[0].0, limit, Some(rule));
            }
            Rule::Locked(_) => {
                // Relaxed, it may be sold down to the limit.
                let i = constraint.terms[0].0;
                let weight = self.problem.names[i].weight;
                bounds.raise_lower(i, limit.min(weight), Some(rule));
                bounds.cut_upper(i, limit.max(weight), Some(rule));
            }
            Rule::BuysOnly => {
                for (i, name) in self.problem.names.iter().enumerate().filter(|(_, n)| self.may_be_sold(n)) {
                    bounds.raise_lower(i, name.current_weight + limit, Some(rule));
                }
            }
            _ => {
                let (terms, lower, upper) = constraint.row(limit);
                out.problem.rows.push(Row { terms, lower, upper });
                out.row_rules.push(Some(rule));
            }
        }
    }

    /// True for the rules that the heuristic keeps as well.
    pub fn is_for_heuristic(&self, rule: usize) -> bool {
        match &self.constraints[rule].rule {
            Rule::CashMin | Rule::CashMax | Rule::GroupMax(_) => true,
            // Of locked names the heuristic reports it.
            Rule::SinglePositionMax => {
                let cap = self.constraints[rule].limit;
                self.problem.names.iter().all(|name| name.tradeable || name.weight <= cap)
            }
            _ => false,
        }
    }

    fn may_be_sold(&self, name: &TargetName) -> bool {
        name.tradeable || self.is_sold(name)
    }

    /// The rule with a variable that moves its limit outwards.
    fn stretch(&self, rule: usize, constraint: &Constraint, out: &mut Projection) {
        let variable = out.problem.names.len();
        out.problem.names.push(Name {
            target: Decimal::from(-ELASTIC_PRICE),
            lower: Some(Decimal::ZERO),
            upper: constraint.room(),
            kink: None,
        });
        out.elastic.push((rule, variable));
        let mut push = |mut terms: Vec<(usize, Decimal)>, lower: Option<Decimal>, upper: Option<Decimal>| {
            terms.push((variable, if lower.is_some() { Decimal::ONE } else { Decimal::NEGATIVE_ONE }));
            out.problem.rows.push(Row { terms, lower, upper });
            out.row_rules.push(Some(rule));
        };
        let one = |i: usize| vec![(i, Decimal::ONE)];
        match constraint.rule {
            Rule::SinglePositionMax => {
                constraint.terms.iter().for_each(|&(i, _)| push(one(i), None, Some(constraint.limit)));
            }
            Rule::Locked(_) if self.problem.names[constraint.terms[0].0].weight.is_sign_negative() => {
                push(one(constraint.terms[0].0), None, Some(constraint.limit));
            }
            Rule::Locked(_) => push(one(constraint.terms[0].0), Some(constraint.limit), None),
            Rule::BuysOnly => {
                for (i, name) in self.problem.names.iter().enumerate().filter(|(_, n)| self.may_be_sold(n)) {
                    push(one(i), Some(name.current_weight), None);
                }
            }
            _ => {
                let (terms, lower, upper) = constraint.row(constraint.limit);
                push(terms, lower, upper);
            }
        }
    }

    /// Cash as a free variable that aims at the model's cash: Σw + cash = 1.
    fn add_cash_variable(&self, problem: &mut Problem, row_rules: &mut Vec<Option<usize>>) {
        let target = Decimal::ONE - self.problem.model.iter().map(|m| m.1).sum::<Decimal>();
        let mut terms: Vec<_> = (0..self.problem.names.len()).map(|i| (i, Decimal::ONE)).collect();
        terms.push((problem.names.len(), Decimal::ONE));
        problem.names.push(Name { target, lower: None, upper: None, kink: None });
        problem.rows.push(Row { terms, lower: Some(Decimal::ONE), upper: Some(Decimal::ONE) });
        row_rules.push(None);
    }
}

impl Constraint {
    /// The row Σ a·w with its bounds.
    fn row(&self, limit: Decimal) -> (Vec<(usize, Decimal)>, Option<Decimal>, Option<Decimal>) {
        let (lower, upper) = self.sides(limit);
        (self.terms.clone(), lower, upper)
    }

    /// The bounds of Σ a·w; cash rules speak of what is invested.
    fn sides(&self, limit: Decimal) -> (Option<Decimal>, Option<Decimal>) {
        match self.rule {
            Rule::CashMin => (None, Some(Decimal::ONE - limit)),
            Rule::CashMax => (Some(Decimal::ONE - limit), None),
            Rule::GroupMin(_) | Rule::PositionMin(_) | Rule::LinearMin(_) => (Some(limit), None),
            _ => (None, Some(limit)),
        }
    }

    /// How far the limit can move: weights of limits lie in [0, 1]. `None` is without end.
    fn room(&self) -> Option<Decimal> {
        let room = match self.rule {
            Rule::CashMin | Rule::GroupMin(_) | Rule::PositionMin(_) => self.limit,
            Rule::CashMax | Rule::SinglePositionMax | Rule::GroupMax(_) | Rule::PositionMax(_) => {
                Decimal::ONE - self.limit
            }
            Rule::Locked(_) => self.limit.abs(),
            Rule::LinearMin(_) | Rule::LinearMax(_) | Rule::BuysOnly => return None,
        };
        Some(room.max(Decimal::ZERO))
    }

    /// The limit moved outwards.
    pub fn relaxed(&self, amount: Decimal) -> Decimal {
        match self.rule {
            Rule::CashMin
            | Rule::GroupMin(_)
            | Rule::PositionMin(_)
            | Rule::LinearMin(_)
            | Rule::BuysOnly => self.limit - amount,
            Rule::Locked(_) if !self.limit.is_sign_negative() => self.limit - amount,
            _ => self.limit + amount,
        }
    }

    /// Σ a·w, or what is left in cash; `None` for rules that are no rows.
    pub fn slack(&self, weights: &[Decimal]) -> Option<Decimal> {
        if matches!(self.rule, Rule::SinglePositionMax | Rule::Locked(_) | Rule::BuysOnly) {
            return None;
        }
        let (lower, upper) = self.sides(self.limit);
        let term = |(i, a): &(usize, Decimal)| if *a == Decimal::ONE { weights[*i] } else { a * weights[*i] };
        let value: Decimal = self.terms.iter().map(term).sum();
        lower.map(|bound| value - bound).or(upper.map(|bound| bound - value))
    }
}

/// The names with each value of an attribute.
fn members_by_value<'a>(problem: &'a TargetProblem, attribute: &str) -> BTreeMap<&'a str, Vec<usize>> {
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, name) in problem.names.iter().enumerate() {
        if let Some(value) = name.attributes.get(attribute) {
            members.entry(value).or_default().push(i);
        }
    }
    members
}

/// Bounds of names while they are collected, each with its rule.
struct Bounds {
    lower: Vec<(Option<Decimal>, Option<usize>)>,
    upper: Vec<(Option<Decimal>, Option<usize>)>,
}

impl Bounds {
    fn new(n: usize) -> Self {
        Self { lower: vec![(None, None); n], upper: vec![(None, None); n] }
    }

    fn raise_lower(&mut self, i: usize, limit: Decimal, rule: Option<usize>) {
        if self.lower[i].0.is_none_or(|own| limit > own) {
            self.lower[i] = (Some(limit), rule);
        }
    }

    fn cut_upper(&mut self, i: usize, limit: Decimal, rule: Option<usize>) {
        if self.upper[i].0.is_none_or(|own| limit < own) {
            self.upper[i] = (Some(limit), rule);
        }
    }

    fn apply(self, out: &mut Projection) -> Result<(), Crossing> {
        for (i, ((lower, lower_rule), (upper, upper_rule))) in
            self.lower.into_iter().zip(self.upper).enumerate()
        {
            if lower.is_some_and(|l| upper.is_some_and(|u| l > u)) {
                return Err(Crossing { lower: lower_rule, upper: upper_rule });
            }
            (out.problem.names[i].lower, out.problem.names[i].upper) = (lower, upper);
            out.lower_rules.push(lower_rule);
            out.upper_rules.push(upper_rule);
        }
        Ok(())
    }
}

//! The heuristic without the defects of the reference's: locked holdings stay as they are, no step breaks what an earlier one
//! set, the order of the groups does not matter, names of weight zero can take what is released, and what nobody can take
//! stays in cash.
//!
//! 1. The weight of sell-only names goes to the bought ones in proportion, and whatever the cap cuts off is released.
//! 2. While a group is over its limit, the bought members of the one that is over most (relatively) are scaled into what its locked
//!    members leave. Scaling only lowers weights, so that no group gets over its limit again.
//! 3. If more is invested than cash allows, all bought names are scaled.
//! 4. What was released by caps and groups goes to bought names with room, in proportion to their weights (equally where all are
//!    zero), until a cap, a group or the cash minimum stops it.
//! 5. If more is left in cash than its maximum, bought names with room take that too.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::answer::{GroupConstraintEvent, RunStatus, TargetAnswer};
use super::rounding::{ExactPoint, round_strictly};
use super::rules::{Group, RuleBook, Treatment};
use super::{TargetProblem, trace};
use crate::targets::request::Options;

/// Weight that may stay in cash without a review.
const LEFT_OVER: Decimal = Decimal::from_parts(1, 0, 0, false, 3);
/// Less than this is rounding of decimals.
const NOTHING: Decimal = Decimal::from_parts(1, 0, 0, false, 20);

/// Target weights by steps none of which undoes another.
pub(super) fn solve(problem: &TargetProblem, options: &Options) -> TargetAnswer {
    let book = RuleBook::new(problem, options);
    let buffer = Some(options.min_cash_buffer_pct).filter(|buffer| *buffer > Decimal::ZERO);
    let least_cash = buffer.map_or(options.cash_band_min_weight, |b| b.max(options.cash_band_min_weight));
    let mut run = Run {
        problem,
        cap: options.single_position_max_weight,
        most_invested: Decimal::ONE - least_cash,
        weights: problem.names.iter().map(|name| name.weight).collect(),
        tradeable: book.tradeable.clone(),
        groups: book.groups.iter().filter(|g| g.max.is_some()).cloned().collect(),
        status: RunStatus::Ready,
        warnings: book.unknown_attributes.clone(),
        events: Vec::new(),
    };
    run.note_ignored_options(options);
    let mut released = run.share_sell_only_excess();
    released += run.cap_positions();
    released += run.cap_groups();
    run.fit_into_cash_rules();
    run.refill(released);
    run.fit_into_cash_maximum(Decimal::ONE - options.cash_band_max_weight);
    run.report_locked();
    let weights = run.rounded(&book);
    TargetAnswer {
        status: run.status,
        warnings: run.warnings,
        group_events: run.events,
        targets: trace::rows(problem, &weights, &vec![Vec::new(); weights.len()]),
        audit: None,
        infeasibility: None,
    }
}

struct Run<'a> {
    problem: &'a TargetProblem,
    cap: Option<Decimal>,
    most_invested: Decimal,
    weights: Vec<Decimal>,
    tradeable: Vec<usize>,
    groups: Vec<Group>,
    status: RunStatus,
    warnings: Vec<String>,
    events: Vec<GroupConstraintEvent>,
}

impl Run<'_> {
    fn review(&mut self) {
        self.status = self.status.max(RunStatus::PendingReview);
    }

    /// Options that only the solver reads.
    fn note_ignored_options(&mut self, options: &Options) {
        let default = Options::default();
        let ignored = [
            ("cash_objective", options.cash_objective != default.cash_objective),
            ("position_bounds", !options.position_bounds.is_empty()),
            ("linear_constraints", !options.linear_constraints.is_empty()),
            ("turnover_penalty", options.turnover_penalty != default.turnover_penalty),
            ("cost_rates", !options.cost_rates.is_empty()),
            ("buys_only", options.buys_only),
            ("unlock_to", !options.unlock_to.is_empty()),
            ("group_floors", options.group_constraints.values().any(|g| g.min_weight.is_some())),
        ];
        let ignored = ignored.into_iter().filter(|(_, set)| *set);
        self.warnings.extend(ignored.map(|(name, _)| format!("OPTION_IGNORED_BY_HEURISTIC_{name}")));
    }

    fn total(&self, names: &[usize]) -> Decimal {
        names.iter().map(|&i| self.weights[i]).sum()
    }

    /// In proportion to the bought weights; what nobody can take is released.
    fn share_sell_only_excess(&mut self) -> Decimal {
        let excess = self.problem.sell_only_excess;
        let receivers = self.total(&self.tradeable);
        if excess <= Decimal::ZERO || receivers <= Decimal::ZERO {
            return excess.max(Decimal::ZERO);
        }
        for &i in &self.tradeable {
            let share = excess * self.weights[i] / receivers;
            self.weights[i] += share;
        }
        Decimal::ZERO
    }

    fn cap_positions(&mut self) -> Decimal {
        let Some(cap) = self.cap else { return Decimal::ZERO };
        let mut released = Decimal::ZERO;
        for &i in &self.tradeable {
            if self.weights[i] > cap {
                released += self.weights[i] - cap;
                self.weights[i] = cap;
            }
        }
        released
    }

    /// What the locked members of a group leave, and its bought members with their weight.
    fn room_of(&self, group: &Group) -> (Decimal, Vec<usize>, Decimal) {
        let bought: Vec<usize> =
            group.members.iter().copied().filter(|&i| self.problem.names[i].tradeable).collect();
        let weight = self.total(&bought);
        let locked = self.total(&group.members) - weight;
        ((group.max.unwrap_or(Decimal::ONE) - locked).max(Decimal::ZERO), bought, weight)
    }

    fn cap_groups(&mut self) -> Decimal {
        let mut released = Decimal::ZERO;
        for _ in 0..self.groups.len() {
            let mut worst: Option<(Decimal, usize)> = None;
            for (g, group) in self.groups.iter().enumerate() {
                let (room, _, weight) = self.room_of(group);
                if weight > room + NOTHING {
                    let scale = room / weight;
                    if worst.is_none_or(|w| scale < w.0) {
                        worst = Some((scale, g));
                    }
                }
            }
            let Some((scale, g)) = worst else { break };
            let group = self.groups[g].clone();
            let (room, bought, weight) = self.room_of(&group);
            self.warnings.push(format!("CAPPED_BY_GROUP_LIMIT_{}", group.key));
            self.events.push(GroupConstraintEvent {
                constraint_key: group.key.clone(),
                group_weight_before: self.total(&group.members),
                max_weight: group.max.unwrap_or(Decimal::ONE),
                released_weight: weight - room,
                recipients: BTreeMap::new(),
                status: "CAPPED",
            });
            bought.iter().for_each(|&i| self.weights[i] *= scale);
            released += weight - room;
        }
        released
    }

    fn fit_into_cash_rules(&mut self) {
        let bought = self.total(&self.tradeable);
        let locked = self.weights.iter().sum::<Decimal>() - bought;
        let space = (self.most_invested - locked).max(Decimal::ZERO);
        if bought > space + NOTHING {
            for &i in &self.tradeable {
                self.weights[i] *= space / bought;
            }
            self.review();
        }
    }

    /// How much more name i can take.
    fn room(&self, i: usize) -> Decimal {
        let own = self.cap.map_or(Decimal::ONE, |cap| cap - self.weights[i]);
        let groups = self.groups.iter().filter(|group| group.members.binary_search(&i).is_ok());
        let of_group = |group: &Group| group.max.unwrap_or(Decimal::ONE) - self.total(&group.members);
        groups.map(of_group).fold(own, Decimal::min)
    }

    /// Hands out what was released, as far as the cash minimum leaves room.
    fn refill(&mut self, released: Decimal) {
        let invested: Decimal = self.weights.iter().sum();
        let wanted = released.min((self.most_invested - invested).max(Decimal::ZERO));
        let before = self.weights.clone();
        let left = self.fill(wanted);
        if let [event] = &mut self.events[..] {
            let gained = |i: &usize| self.weights[*i] - before[*i];
            let recipients = self.tradeable.iter().filter(|i| gained(i) > NOTHING);
            let named = recipients.map(|i| (self.problem.names[*i].instrument_id.clone(), gained(i)));
            event.recipients = named.collect();
        }
        if left + released - wanted > LEFT_OVER {
            self.warnings.push("RELEASED_WEIGHT_LEFT_IN_CASH".into());
            self.review();
        }
    }

    fn fit_into_cash_maximum(&mut self, least_invested: Decimal) {
        let invested: Decimal = self.weights.iter().sum();
        let wanted = least_invested.min(self.most_invested) - invested;
        if wanted > NOTHING {
            self.fill(wanted);
        }
        if self.weights.iter().sum::<Decimal>() < least_invested - NOTHING {
            self.warnings.push("CASH_OVER_MAXIMUM".into());
            self.review();
        }
    }

    /// Fills names with room in proportion, until nothing is left or a limit stops each of them; what is left.
    fn fill(&mut self, wanted: Decimal) -> Decimal {
        let mut left = wanted;
        // Every round stops a name or a group for good.
        for _ in 0..=self.tradeable.len() + self.groups.len() {
            let open: Vec<usize> =
                self.tradeable.iter().copied().filter(|&i| self.room(i) > NOTHING).collect();
            if left <= NOTHING || open.is_empty() {
                break;
            }
            let shares = self.shares(&open);
            let step = self.longest_step(&open, &shares).min(left);
            for (&i, share) in open.iter().zip(&shares) {
                self.weights[i] += step * share;
            }
            left -= step;
        }
        left
    }

    /// Parts of one, by weight; equal ones where all weights are zero.
    fn shares(&self, open: &[usize]) -> Vec<Decimal> {
        let total = self.total(open);
        if total > NOTHING {
            return open.iter().map(|&i| self.weights[i] / total).collect();
        }
        vec![Decimal::ONE / Decimal::from(open.len()); open.len()]
    }

    /// The most that can be handed out in these shares before a cap or a group stops it.
    fn longest_step(&self, open: &[usize], shares: &[Decimal]) -> Decimal {
        let mut step = Decimal::ONE_HUNDRED;
        for (&i, share) in open.iter().zip(shares).filter(|(_, share)| **share > NOTHING) {
            if let Some(cap) = self.cap {
                step = step.min((cap - self.weights[i]) / share);
            }
        }
        for group in &self.groups {
            let inside = open.iter().zip(shares).filter(|(i, _)| group.members.binary_search(i).is_ok());
            let share: Decimal = inside.map(|(_, share)| share).sum();
            if share > NOTHING {
                let room = group.max.unwrap_or(Decimal::ONE) - self.total(&group.members);
                step = step.min(room / share);
            }
        }
        step.max(Decimal::ZERO)
    }

    /// Rules that locked holdings break by themselves.
    fn report_locked(&mut self) {
        let mut found = Vec::new();
        for (i, name) in self.problem.names.iter().enumerate().filter(|(_, name)| !name.tradeable) {
            if self.cap.is_some_and(|cap| self.weights[i] > cap) {
                found.push(format!("LOCKED_OVER_SINGLE_POSITION_MAX_{}", name.instrument_id));
            }
        }
        for group in &self.groups {
            if group.max.is_some_and(|max| self.total(&group.members) > max + NOTHING) {
                found.push(format!("LOCKED_OVER_GROUP_LIMIT_{}", group.key));
            }
        }
        if self.weights.iter().sum::<Decimal>() > self.most_invested + NOTHING {
            found.push("LOCKED_OVER_BUDGET".into());
        }
        if !found.is_empty() {
            self.review();
        }
        self.warnings.extend(found);
    }

    /// Four decimals under which the rules that held still hold.
    fn rounded(&mut self, book: &RuleBook<'_>) -> Vec<Decimal> {
        let names = &self.problem.names;
        let fixed: Vec<Option<Decimal>> =
            (0..names.len()).map(|i| (!names[i].tradeable).then_some(self.weights[i])).collect();
        let floor = book.floor();
        let weights: Vec<Decimal> = (0..names.len())
            .map(|i| if names[i].tradeable { self.weights[i].max(floor) } else { self.weights[i] })
            .collect();
        // Rules that the heuristic does not look at, or that locked holdings break, are none of rounding's business.
        let kept = |rule: usize| {
            let holds = book.constraints[rule].slack(&weights).is_none_or(|slack| slack >= -NOTHING);
            if holds && book.is_for_heuristic(rule) { Treatment::Hold } else { Treatment::Drop }
        };
        match book.projection(kept) {
            Ok(projection) => {
                let (rounded, report) = round_strictly(book, &projection, &ExactPoint::of(&weights), &fixed);
                if !report.violated.is_empty() {
                    self.warnings.push("STRICT_ROUNDING_INCOMPLETE".into());
                    self.review();
                }
                rounded
            }
            Err(_) => weights.iter().map(|w| w.round_dp(super::solver::PLACES)).collect(),
        }
    }
}

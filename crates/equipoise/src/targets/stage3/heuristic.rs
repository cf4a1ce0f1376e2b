//! The heuristic as the reference has it: steps in a fixed order, of which a later one may break what an earlier one set.
//! Its known defects are kept; [`strict_heuristic`](super::strict_heuristic) is the one without them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::answer::{GroupConstraintEvent, RunStatus, TargetAnswer};
use super::{TargetProblem, trace};
use crate::targets::request::Options;

/// A group counts as over its limit beyond this.
const GROUP_TOLERANCE: Decimal = Decimal::from_parts(1, 0, 0, false, 4);
/// Weights are scaled down when they total more than this.
const OVER_INVESTED: Decimal = Decimal::from_parts(10_001, 0, 0, false, 4);
/// Weight above the cap that may be left over without a review.
const LEFT_OVER: Decimal = Decimal::from_parts(1, 0, 0, false, 3);

/// Target weights by the steps of the reference.
pub(super) fn solve(problem: &TargetProblem, options: &Options) -> TargetAnswer {
    let mut run = Run {
        problem,
        options,
        weights: problem.names.iter().map(|name| name.weight).collect(),
        status: RunStatus::Ready,
        warnings: Vec::new(),
        events: Vec::new(),
    };
    run.share_sell_only_excess();
    let blocked = !run.cap_groups();
    if !blocked {
        run.normalise();
        run.cap_positions();
        run.keep_cash_buffer();
    }
    let targets = if blocked {
        Vec::new()
    } else {
        trace::rows(problem, &run.weights, &vec![Vec::new(); run.weights.len()])
    };
    TargetAnswer {
        status: if blocked { RunStatus::Blocked } else { run.status },
        warnings: run.warnings,
        group_events: run.events,
        targets,
        audit: None,
        infeasibility: None,
    }
}

struct Run<'a> {
    problem: &'a TargetProblem,
    options: &'a Options,
    weights: Vec<Decimal>,
    status: RunStatus,
    warnings: Vec<String>,
    events: Vec<GroupConstraintEvent>,
}

impl Run<'_> {
    fn is_bought(&self, i: usize) -> bool {
        self.problem.names[i].tradeable
    }

    fn bought(&self) -> Vec<usize> {
        (0..self.weights.len()).filter(|&i| self.is_bought(i)).collect()
    }

    fn total(&self, names: &[usize]) -> Decimal {
        names.iter().map(|&i| self.weights[i]).sum()
    }

    fn locked_total(&self) -> Decimal {
        (0..self.weights.len()).filter(|&i| !self.is_bought(i)).map(|i| self.weights[i]).sum()
    }

    fn review(&mut self) {
        self.status = self.status.max(RunStatus::PendingReview);
    }

    /// The weight of sell-only names, to the bought ones in proportion.
    fn share_sell_only_excess(&mut self) {
        let excess = self.problem.sell_only_excess;
        if excess <= Decimal::ZERO {
            return;
        }
        let bought = self.bought();
        let receivers = self.total(&bought);
        if receivers > Decimal::ZERO {
            for i in bought {
                let share = excess * self.weights[i] / receivers;
                self.weights[i] += share;
            }
        } else {
            self.review();
        }
    }

    /// Groups in the order of their keys; false if one cannot be capped.
    fn cap_groups(&mut self) -> bool {
        let options = self.options;
        for (key, limits) in &options.group_constraints {
            let Some((attribute, value)) = key.split_once(':') else { continue };
            if !self.problem.known_attributes.contains(attribute) {
                self.warnings.push(format!("UNKNOWN_CONSTRAINT_ATTRIBUTE_{attribute}"));
                continue;
            }
            let names = &self.problem.names;
            let members: Vec<usize> = (0..names.len())
                .filter(|&i| names[i].attributes.get(attribute).is_some_and(|v| v == value))
                .collect();
            if let Some(max) = limits.max_weight
                && !members.is_empty()
                && !self.cap_group(key, max, &members)
            {
                return false;
            }
        }
        true
    }

    fn cap_group(&mut self, key: &str, max: Decimal, members: &[usize]) -> bool {
        let before = self.total(members);
        if before <= max + GROUP_TOLERANCE {
            return true;
        }
        let (scale, excess) = (max / before, before - max);
        for &i in members {
            self.weights[i] *= scale;
        }
        let receivers: Vec<usize> =
            self.bought().into_iter().filter(|i| members.binary_search(i).is_err()).collect();
        let total = self.total(&receivers);
        self.warnings.push(format!("CAPPED_BY_GROUP_LIMIT_{key}"));
        let mut event = GroupConstraintEvent {
            constraint_key: key.to_string(),
            group_weight_before: before,
            max_weight: max,
            released_weight: excess,
            recipients: BTreeMap::new(),
            status: "CAPPED",
        };
        let finds_receivers = total > Decimal::ZERO;
        if finds_receivers {
            for i in receivers {
                let share = excess * self.weights[i] / total;
                self.weights[i] += share;
                event.recipients.insert(self.problem.names[i].instrument_id.clone(), share);
            }
        } else {
            self.warnings.push("NO_ELIGIBLE_REDISTRIBUTION_DESTINATION".into());
            event.status = "BLOCKED";
        }
        self.events.push(event);
        finds_receivers
    }

    /// Scales the bought names into what the locked ones leave.
    fn normalise(&mut self) {
        let total: Decimal = self.weights.iter().sum();
        if total <= OVER_INVESTED {
            return;
        }
        let locked = self.locked_total();
        if locked > Decimal::ONE {
            self.review();
        }
        self.scale_bought_into((Decimal::ONE - locked).max(Decimal::ZERO));
    }

    fn scale_bought_into(&mut self, space: Decimal) {
        let bought = self.bought();
        let total = self.total(&bought);
        if total <= space {
            return;
        }
        if total > Decimal::ZERO {
            for i in bought {
                self.weights[i] *= space / total;
            }
        }
        self.review();
    }

    /// Clamps every name, locked ones too, and shares what was cut off among bought names below the cap.
    fn cap_positions(&mut self) {
        let Some(cap) = self.options.single_position_max_weight else { return };
        let mut excess = Decimal::ZERO;
        for weight in &mut self.weights {
            if *weight > cap {
                excess += *weight - cap;
                *weight = cap;
            }
        }
        if excess <= Decimal::ZERO {
            return;
        }
        let receivers: Vec<usize> = self.bought().into_iter().filter(|&i| self.weights[i] < cap).collect();
        let frozen: Vec<Decimal> = receivers.iter().map(|&i| self.weights[i]).collect();
        let total: Decimal = frozen.iter().sum();
        if total <= Decimal::ZERO {
            self.review();
            return;
        }
        for (&i, weight) in receivers.iter().zip(&frozen) {
            let share = (excess * weight / total).min(cap - weight);
            self.weights[i] += share;
            excess -= share;
        }
        if excess > LEFT_OVER {
            self.review();
        }
    }

    fn keep_cash_buffer(&mut self) {
        let buffer = self.options.min_cash_buffer_pct;
        if buffer > Decimal::ZERO {
            self.scale_bought_into((Decimal::ONE - buffer - self.locked_total()).max(Decimal::ZERO));
        }
    }
}

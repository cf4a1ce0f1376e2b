//! What stage 3 answers.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;

use crate::targets::Text;

/// The status of a stage or of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RunStatus {
    /// It may be carried out.
    Ready,
    /// Somebody should look at it first.
    PendingReview,
    /// It must not be carried out.
    Blocked,
}

/// A row of the trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetRow {
    /// The instrument.
    pub instrument_id: Text,
    /// The model's weight in that row; 0 outside the model.
    pub model_weight: Decimal,
    /// The target weight.
    pub final_weight: Decimal,
    /// What happened to it, in the words of the reference.
    pub tags: Vec<&'static str>,
    /// The rules that hold the weight where it is.
    pub reasons: Vec<Text>,
}

/// What the heuristic did about a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupConstraintEvent {
    /// `attribute:value`.
    pub constraint_key: String,
    /// Its weight before.
    pub group_weight_before: Decimal,
    /// Its limit.
    pub max_weight: Decimal,
    /// What was taken from it.
    pub released_weight: Decimal,
    /// Who got how much.
    pub recipients: BTreeMap<Text, Decimal>,
    /// `CAPPED` or `BLOCKED`.
    pub status: &'static str,
}

/// A term of the objective, also where it is not active.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObjectiveTerm {
    /// `TRACKING`, `CASH`, `TURNOVER` or `COST`.
    pub term: &'static str,
    /// True if it is part of the objective.
    pub active: bool,
    /// Its value at the weights returned.
    pub value: Decimal,
}

/// A rule that binds at the exact optimum.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActiveConstraint {
    /// `GROUP_MAX:sector:TECH`, `CASH_MAX`, …
    pub constraint: String,
    /// The rule in words.
    pub text: String,
    /// By how much the objective falls per unit by which the limit is moved outwards.
    pub price: Decimal,
    /// The name whose bound it is, where the rule speaks of single names.
    pub instrument_id: Option<Text>,
}

/// The distance of a rule from its limit at the weights returned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConstraintSlack {
    /// As in [`ActiveConstraint`].
    pub constraint: String,
    /// ≥ 0 where it holds.
    pub slack: Decimal,
}

/// How weights came to their decimals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoundingReport {
    /// `PARITY` or `STRICT`.
    pub mode: &'static str,
    /// Decimal places aimed at.
    pub places: u32,
    /// Names that needed more places so that every rule holds.
    pub finer: Vec<Text>,
    /// Σ of the weights returned less Σ of the exact ones.
    pub residual: Decimal,
    /// max |returned − exact|.
    pub largest_change: Decimal,
    /// Rules that do not hold in the weights returned (parity mode only, but for `STRICT_ROUNDING_INCOMPLETE`).
    pub violated: Vec<String>,
}

/// What Clarabel says to the same program.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrossCheck {
    /// `Clarabel`.
    pub engine: &'static str,
    /// max |its weights − the exact ones|, or `null` where it did not solve.
    pub largest_difference: Option<String>,
}

/// How a solve went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SolveAudit {
    /// What found the active set.
    pub engine: &'static str,
    /// The version of this library.
    pub version: &'static str,
    /// `OPTIMAL`, `INFEASIBLE`, `STEP_LIMIT`, or `NOTHING_TO_SOLVE`.
    pub solver_status: &'static str,
    /// Steps of the active-set method.
    pub iterations: usize,
    /// Largest violation of a rule at the exact optimum: `0`, by comparison of integers.
    pub primal_residual: Decimal,
    /// Largest violation of the optimality conditions there: `0`, by comparison of integers.
    pub dual_residual: Decimal,
    /// max |exact weight − the engine's double|, two significant digits.
    pub engine_deviation: String,
    /// Terms of the objective.
    pub objective: Vec<ObjectiveTerm>,
    /// Rules that bind, with their prices.
    pub active_constraints: Vec<ActiveConstraint>,
    /// Rules over several names, with their slack.
    pub slacks: Vec<ConstraintSlack>,
    /// Rounding.
    pub rounding: Option<RoundingReport>,
    /// A second opinion, where it was asked for.
    pub cross_check: Option<CrossCheck>,
    /// What was decided beyond the options.
    pub notes: Vec<String>,
    /// FNV-1a 64 over ids and weights.
    pub digest: String,
}

/// A rule of a contradiction.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConflictMember {
    /// As in [`ActiveConstraint`].
    pub constraint: String,
    /// The rule in words.
    pub text: String,
}

/// One change of a limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LimitChange {
    /// As in [`ActiveConstraint`].
    pub constraint: String,
    /// The limit now.
    pub from: Decimal,
    /// The limit with which the rules agree.
    pub to: Decimal,
    /// In words.
    pub text: String,
    /// The field of the request that takes the new limit: in `linear_constraints` by name; of `buys_only` it takes `false`. Empty
    /// for a lock in parity mode, which has no such field.
    pub field: Vec<String>,
}

/// A set of changes that suffices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RelaxationOffer {
    /// The changes.
    pub changes: Vec<LimitChange>,
    /// Σ of their sizes.
    pub total: Decimal,
    /// In words.
    pub text: String,
}

/// Why there are no weights, proven.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InfeasibilityReport {
    /// `FARKAS`: a non-negative combination of the rules that nothing can satisfy, checked in integers; `CROSSING_BOUNDS`: a name
    /// whose least weight exceeds its largest.
    pub certificate: &'static str,
    /// The combination: price of each rule that takes part.
    pub farkas: Vec<ActiveConstraint>,
    /// A set of rules that contradict each other, while any one fewer does not.
    pub conflict: Vec<ConflictMember>,
    /// In one sentence.
    pub text: String,
    /// The cheapest changes, single ones first.
    pub relaxations: Vec<RelaxationOffer>,
    /// Limits beyond the three hints of the reference: `GROUP_CAPACITY`, `LOCKED_OVER_BUDGET`, …
    pub codes: Vec<String>,
}

/// The answer of stage 3.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetAnswer {
    /// Blocked comes with no targets.
    pub status: RunStatus,
    /// In order, duplicates kept.
    pub warnings: Vec<String>,
    /// What the heuristic did.
    pub group_events: Vec<GroupConstraintEvent>,
    /// The trace: model rows in order, then the rest of the universe.
    pub targets: Vec<TargetRow>,
    /// How the solve went, with the solver.
    pub audit: Option<SolveAudit>,
    /// Why there are no weights.
    pub infeasibility: Option<InfeasibilityReport>,
}

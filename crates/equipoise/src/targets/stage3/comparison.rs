//! Both methods over one problem, side by side.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::{Decimal, MathematicalOps};
use serde::Serialize;

use super::answer::{GroupConstraintEvent, ObjectiveTerm, RunStatus, TargetAnswer};
use super::{TargetProblem, audit, solver};
use crate::targets::Text;
use crate::targets::request::Options;
use crate::targets::request::options::TargetMethod;

/// A name in both answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedWeight {
    /// The instrument.
    pub instrument_id: Text,
    /// By the method of the options.
    pub primary: Decimal,
    /// By the other one.
    pub alternate: Decimal,
}

/// The comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetMethodComparison {
    /// The method of the options.
    pub primary_method: TargetMethod,
    /// The other one.
    pub alternate_method: TargetMethod,
    /// Stage-3 status of the first.
    pub primary_status: RunStatus,
    /// Stage-3 status of the other.
    pub alternate_status: RunStatus,
    /// Weights differ beyond this.
    pub tolerance: Decimal,
    /// Names whose weights differ, sorted.
    pub differing_instruments: Vec<Text>,
    /// Warnings of the other, sorted, each once.
    pub alternate_warnings: Vec<String>,
    /// Every name in both.
    pub weights: Vec<ComparedWeight>,
    /// Σ|difference|.
    pub l1_distance: Decimal,
    /// √Σ difference², twelve decimals.
    pub l2_distance: Decimal,
    /// Terms of the objective at the weights of the first; empty where it has none.
    pub primary_objective: Vec<ObjectiveTerm>,
    /// The same of the other.
    pub alternate_objective: Vec<ObjectiveTerm>,
    /// What the other did about groups.
    pub alternate_group_events: Vec<GroupConstraintEvent>,
}

/// Runs the other method and compares. The warnings to add to the run: statuses first, then weights.
pub fn compare(
    problem: &TargetProblem,
    options: &Options,
    primary: &TargetAnswer,
) -> (TargetMethodComparison, Vec<&'static str>) {
    let alternate_method = options.target_method.other();
    let alternate = problem.solve(&Options { target_method: alternate_method, ..options.clone() });
    let (ours, theirs) = (solver::by_instrument(primary), solver::by_instrument(&alternate));
    let ids: BTreeSet<&Text> = ours.keys().chain(theirs.keys()).collect();
    let of = |weights: &BTreeMap<Text, Decimal>, id: &Text| weights.get(id).copied().unwrap_or_default();
    let weights: Vec<ComparedWeight> = ids
        .into_iter()
        .map(|id| ComparedWeight {
            instrument_id: id.clone(),
            primary: of(&ours, id),
            alternate: of(&theirs, id),
        })
        .collect();
    let tolerance = options.compare_target_methods_tolerance;
    let difference = |w: &ComparedWeight| (w.primary - w.alternate).abs();
    let differing = weights.iter().filter(|w| difference(w) > tolerance);
    let differing_instruments: Vec<Text> = differing.map(|w| w.instrument_id.clone()).collect();
    let squares: Decimal = weights.iter().map(|w| difference(w) * difference(w)).sum();
    let mut alternate_warnings = alternate.warnings.clone();
    alternate_warnings.sort();
    alternate_warnings.dedup();
    let mut warnings = Vec::new();
    if primary.status != alternate.status {
        warnings.push("TARGET_METHOD_STATUS_DIVERGENCE");
    }
    if !differing_instruments.is_empty() {
        warnings.push("TARGET_METHOD_WEIGHT_DIVERGENCE");
    }
    let objective = |answer: &TargetAnswer, weights: &BTreeMap<Text, Decimal>| {
        if answer.targets.is_empty() {
            return Vec::new();
        }
        let weights: Vec<Decimal> =
            problem.names.iter().map(|name| of(weights, &name.instrument_id)).collect();
        audit::objective(problem, options, &weights)
    };
    let comparison = TargetMethodComparison {
        primary_method: options.target_method,
        alternate_method,
        primary_status: primary.status,
        alternate_status: alternate.status,
        tolerance,
        differing_instruments,
        alternate_warnings,
        l1_distance: weights.iter().map(difference).sum::<Decimal>().normalize(),
        l2_distance: squares.sqrt().unwrap_or_default().round_dp(12).normalize(),
        primary_objective: objective(primary, &ours),
        alternate_objective: objective(&alternate, &theirs),
        weights,
        alternate_group_events: alternate.group_events,
    };
    (comparison, warnings)
}

//! The rebalance, stage by stage.

use foldhash::{HashMap, HashSet};
use rust_decimal::Decimal;

use super::compliance::{blocks, reconcile, rules, status};
use super::intents::intents;
use super::market::{Market, times};
use super::result::{
    Coverage, Diagnostics, Explanation, Lineage, RebalanceResult, Target, TargetInstrument, TargetsResult,
    Universe,
};
use super::universe::{Eligible, universe};
use super::valuation::{Valuation, value};
use super::{funding, turnover};
use crate::error::InputError;
use crate::targets::request::Request;
use crate::targets::request::options::{RoundingMode, ValuationMode};
use crate::targets::stage3::{RunStatus, TargetAnswer, compare};
use crate::targets::{Identity, Text};

/// Stages 1 to 3 of a request.
struct Begun<'a> {
    request: &'a Request,
    market: Market<'a>,
    before: Valuation,
    eligible: Eligible,
    answer: TargetAnswer,
    targets: Vec<TargetInstrument>,
    diagnostics: Diagnostics,
    explanation: Explanation,
    digest: String,
}

/// The whole rebalance.
///
/// # Errors
/// Amounts whose products exceed 28 digits.
pub fn simulate(request: &Request, identity: &Identity) -> Result<RebalanceResult, InputError> {
    let mut begun = begin(request)?;
    if begun.is_blocked() {
        return begun.blocked(identity);
    }
    // Looked up only: the order of hashes decides nothing.
    let tradeable: HashSet<&str> =
        begun.eligible.buy.iter().chain(&begun.eligible.sell).map(Text::as_str).collect();
    let strict = request.options.rounding_mode == RoundingMode::Strict;
    let missing = &mut begun.diagnostics.data_quality;
    let total = begun.before.total;
    let may_trade = |id: &str| !strict || tradeable.contains(id);
    let mut trades = intents(request, &begun.market, &begun.targets, total, may_trade, missing)?;
    if blocks(missing, &request.options) {
        return begun.blocked(identity);
    }
    begun.diagnostics.suppressed_intents = trades.suppressed;
    if let Some(part) = request.options.max_turnover_pct {
        let dropped = turnover::cap(&begun.market, &mut trades.intents, part, total)?;
        if !dropped.is_empty() {
            begun.diagnostics.warnings.push("PARTIAL_REBALANCE_TURNOVER_LIMIT".into());
        }
        begun.diagnostics.dropped_intents = dropped;
    }
    let intents = funding::ordered(request, &begun.market, trades.intents)?;
    let (positions, cash) = funding::after(request, &intents)?;
    let mode = request.options.valuation_mode;
    let missing = &mut begun.diagnostics.data_quality;
    let after = value(&begun.market, &positions, &cash, mode, missing)?;
    let suppressed = begun.diagnostics.suppressed_intents.len();
    let mut rule_results = rules(&request.options, &after, &begun.market, missing, suppressed)?;
    let (reconciliation, failure) = reconcile(&begun.market, total, after.total)?;
    rule_results.extend(failure);
    for rule in rule_results.iter().filter(|r| r.status == "FAIL") {
        if matches!(rule.rule_id, "NO_SHORTING" | "INSUFFICIENT_CASH") {
            begun.diagnostics.warnings.push("SIMULATION_SAFETY_CHECK_FAILED".into());
        }
    }
    // Stage 3 can only raise a run that is ready.
    let status = status(&rule_results).max(begun.answer.status);
    begun.explanation.summary = summary(status);
    let run_id = begun.run_id();
    Ok(RebalanceResult {
        universe: begun.universe(Decimal::ONE),
        lineage: lineage(request, &begun.digest, identity),
        target: Target {
            target_id: format!("t_{run_id}"),
            strategy: Default::default(),
            targets: begun.targets,
        },
        rebalance_run_id: run_id,
        correlation_id: identity.correlation(),
        status,
        target_method: request.options.target_method,
        rounding_mode: request.options.rounding_mode,
        before: begun.before.state,
        intents,
        after_simulated: after.state,
        reconciliation: Some(reconciliation),
        rule_results,
        explanation: begun.explanation,
        diagnostics: begun.diagnostics,
    })
}

/// Stages 1 to 3 alone.
///
/// # Errors
/// As [`simulate`].
pub fn generate_targets(request: &Request, identity: &Identity) -> Result<TargetsResult, InputError> {
    let mut begun = begin(request)?;
    let blocked = begun.is_blocked();
    let status = if blocked { RunStatus::Blocked } else { begun.answer.status };
    begun.explanation.summary = summary(status);
    let run_id = begun.run_id();
    Ok(TargetsResult {
        universe: begun.universe(if blocked { Decimal::ZERO } else { Decimal::ONE }),
        lineage: lineage(request, &begun.digest, identity),
        target: Target {
            target_id: format!("t_{run_id}"),
            strategy: Default::default(),
            targets: begun.targets,
        },
        rebalance_run_id: run_id,
        correlation_id: identity.correlation(),
        status,
        target_method: request.options.target_method,
        rounding_mode: request.options.rounding_mode,
        before: begun.before.state,
        explanation: begun.explanation,
        diagnostics: begun.diagnostics,
    })
}

fn begin(request: &Request) -> Result<Begun<'_>, InputError> {
    let market = Market::new(request);
    let mut diagnostics = Diagnostics::default();
    let cash = funding::opening_cash(request)?;
    let positions = &request.portfolio_snapshot.positions;
    let mode: ValuationMode = request.options.valuation_mode;
    let before = value(&market, positions, &cash, mode, &mut diagnostics.data_quality)?;
    let eligible = universe(request, &market, &before.weights);
    diagnostics.data_quality.shelf_missing = eligible.shelf_missing.clone();
    let mut answer = eligible.problem.solve(&request.options);
    diagnostics.warnings = answer.warnings.clone();
    diagnostics.group_constraint_events = std::mem::take(&mut answer.group_events);
    diagnostics.infeasibility = answer.infeasibility.take();
    diagnostics.solve = answer.audit.take();
    let mut explanation = Explanation { summary: String::new(), target_method_comparison: None };
    if request.options.compare_target_methods {
        let (comparison, warnings) = compare(&eligible.problem, &request.options, &answer);
        diagnostics.warnings.extend(warnings.into_iter().map(String::from));
        explanation.target_method_comparison = Some(comparison);
    }
    let targets = targets(&market, &eligible, &answer, before.total)?;
    let digest = request.digest();
    Ok(Begun { request, market, before, eligible, answer, targets, diagnostics, explanation, digest })
}

fn targets(
    market: &Market<'_>,
    eligible: &Eligible,
    answer: &TargetAnswer,
    total: Decimal,
) -> Result<Vec<TargetInstrument>, InputError> {
    // Looked up only: the order of hashes decides nothing.
    let current: HashMap<&str, Decimal> =
        eligible.problem.names.iter().map(|n| (n.instrument_id.as_str(), n.current_weight)).collect();
    let mut out = Vec::with_capacity(answer.targets.len());
    for row in &answer.targets {
        out.push(TargetInstrument {
            instrument_id: row.instrument_id.clone(),
            model_weight: row.model_weight,
            final_weight: row.final_weight,
            final_value: market.in_base(times(total, row.final_weight)?.normalize()),
            current_weight: current.get(row.instrument_id.as_str()).copied().unwrap_or_default(),
            tags: row.tags.clone(),
            reasons: row.reasons.clone(),
        });
    }
    Ok(out)
}

impl Begun<'_> {
    fn is_blocked(&self) -> bool {
        self.answer.status == RunStatus::Blocked
            || blocks(&self.diagnostics.data_quality, &self.request.options)
    }

    fn run_id(&self) -> String {
        format!("rr_{}", &self.digest[..16])
    }

    fn universe(&self, coverage: Decimal) -> Universe {
        Universe {
            universe_id: format!("u_{}", self.run_id()),
            eligible_for_buy: self.eligible.buy.clone(),
            eligible_for_sell: self.eligible.sell.clone(),
            excluded: self.eligible.excluded.clone(),
            coverage: Coverage { price_coverage_pct: coverage, fx_coverage_pct: coverage },
        }
    }

    /// No trades: the state after is that before, and the rules are those of it.
    fn blocked(self, identity: &Identity) -> Result<RebalanceResult, InputError> {
        let missing = &self.diagnostics.data_quality;
        let rule_results = rules(&self.request.options, &self.before, &self.market, missing, 0)?;
        let run_id = self.run_id();
        let universe = self.universe(Decimal::ZERO);
        Ok(RebalanceResult {
            universe,
            lineage: lineage(self.request, &self.digest, identity),
            target: Target {
                target_id: format!("t_{run_id}"),
                strategy: Default::default(),
                targets: self.targets,
            },
            rebalance_run_id: run_id,
            correlation_id: identity.correlation(),
            status: RunStatus::Blocked,
            target_method: self.request.options.target_method,
            rounding_mode: self.request.options.rounding_mode,
            after_simulated: self.before.state.clone(),
            before: self.before.state,
            intents: Vec::new(),
            reconciliation: None,
            rule_results,
            explanation: Explanation { summary: summary(RunStatus::Blocked), ..self.explanation },
            diagnostics: self.diagnostics,
        })
    }
}

fn summary(status: RunStatus) -> String {
    match status {
        RunStatus::Ready => "Ready",
        RunStatus::PendingReview => "Pending review",
        RunStatus::Blocked => "Blocked",
    }
    .to_string()
}

pub(super) fn lineage(request: &Request, digest: &str, identity: &Identity) -> Lineage {
    let snapshot = &request.portfolio_snapshot;
    Lineage {
        portfolio_snapshot_id: snapshot.snapshot_id.clone().unwrap_or_else(|| snapshot.portfolio_id.clone()),
        market_data_snapshot_id: request
            .market_data_snapshot
            .snapshot_id
            .clone()
            .unwrap_or_else(|| "md".into()),
        request_hash: identity.idempotency_key.clone().unwrap_or_else(|| digest.to_string()),
        request_digest: digest.to_string(),
        engine_version: env!("CARGO_PKG_VERSION"),
    }
}

//! The table of all codes: who emits them, what they mean, what they do to the status.

use serde::Serialize;

/// A code; `<…>` stands for a key, an instrument or a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ReasonCode {
    /// The code.
    pub code: &'static str,
    /// Where it stands: `warnings`, `excluded`, `tags`, `rule_results`, `suppressed_intents`, `dropped_intents`,
    /// `failed_scenarios`, `infeasibility.codes`.
    pub place: &'static str,
    /// What it does to the status: `BLOCKED`, `PENDING_REVIEW` or `-`.
    pub effect: &'static str,
    /// In words.
    pub meaning: &'static str,
}

const fn code(
    code: &'static str,
    place: &'static str,
    effect: &'static str,
    meaning: &'static str,
) -> ReasonCode {
    ReasonCode { code, place, effect, meaning }
}

/// All codes.
pub const REASON_CODES: &[ReasonCode] = &[
    code("INFEASIBLE_INFEASIBLE", "warnings", "BLOCKED", "no weights satisfy all rules, which is proven"),
    code("SOLVER_NON_OPTIMAL_STEP_LIMIT", "warnings", "BLOCKED", "the solver stopped without a verdict"),
    code(
        "INFEASIBILITY_HINT_CASH_BAND_CONTRADICTION",
        "warnings",
        "-",
        "the largest cash is below the least",
    ),
    code(
        "INFEASIBILITY_HINT_SINGLE_POSITION_CAPACITY",
        "warnings",
        "-",
        "the cap times the number of buyable names is below what must be invested",
    ),
    code(
        "INFEASIBILITY_HINT_LOCKED_GROUP_WEIGHT_<key>",
        "warnings",
        "-",
        "locked holdings exceed the group's limit",
    ),
    code(
        "UNKNOWN_CONSTRAINT_ATTRIBUTE_<attribute>",
        "warnings",
        "-",
        "no shelf entry has the attribute; the group is skipped",
    ),
    code("CAPPED_BY_GROUP_LIMIT_<key>", "warnings", "-", "the heuristic scaled the group down"),
    code(
        "NO_ELIGIBLE_REDISTRIBUTION_DESTINATION",
        "warnings",
        "BLOCKED",
        "nobody can take what the heuristic released",
    ),
    code(
        "RELEASED_WEIGHT_LEFT_IN_CASH",
        "warnings",
        "PENDING_REVIEW",
        "released weight that nobody can take stays in cash",
    ),
    code(
        "CASH_OVER_MAXIMUM",
        "warnings",
        "PENDING_REVIEW",
        "more stays in cash than its maximum: no name can take it",
    ),
    code(
        "LOCKED_OVER_SINGLE_POSITION_MAX_<instrument>",
        "warnings",
        "PENDING_REVIEW",
        "a locked holding exceeds the cap",
    ),
    code(
        "LOCKED_OVER_GROUP_LIMIT_<key>",
        "warnings",
        "PENDING_REVIEW",
        "locked holdings exceed the group's limit",
    ),
    code("OPTION_IGNORED_BY_HEURISTIC_<option>", "warnings", "-", "only the solver reads the option"),
    code(
        "STRICT_ROUNDING_INCOMPLETE",
        "warnings",
        "PENDING_REVIEW",
        "no weights of finite decimals were found under which every rule holds",
    ),
    code("TARGET_METHOD_STATUS_DIVERGENCE", "warnings", "-", "the two methods end in different statuses"),
    code("TARGET_METHOD_WEIGHT_DIVERGENCE", "warnings", "-", "the two methods give different weights"),
    code("PARTIAL_REBALANCE_TURNOVER_LIMIT", "warnings", "-", "trades were dropped for the turnover cap"),
    code(
        "SIMULATION_SAFETY_CHECK_FAILED",
        "warnings",
        "BLOCKED",
        "the trades would leave a short position or negative cash",
    ),
    code(
        "LOCKED_OVER_BUDGET",
        "infeasibility.codes",
        "-",
        "locked holdings leave too little for cash; a warning of the heuristic too",
    ),
    code(
        "GROUP_CAPACITY",
        "infeasibility.codes",
        "-",
        "group limits leave too little room for what must be invested",
    ),
    code("LOCKED_OVER_GROUP", "infeasibility.codes", "-", "locked holdings exceed a group's limit"),
    code("LOCKED_OVER_SINGLE_POSITION", "infeasibility.codes", "-", "a locked holding exceeds the cap"),
    code("SALES_NEEDED", "infeasibility.codes", "-", "the rules ask for sales, which buys_only forbids"),
    code("LINEAR_CONSTRAINT", "infeasibility.codes", "-", "a named linear constraint takes part"),
    code("SHELF_STATUS_<status>", "excluded", "-", "the shelf does not let the model's name be bought"),
    code("LOCKED_DUE_TO_<status>", "excluded", "-", "the shelf does not let the holding be sold"),
    code("LOCKED_DUE_TO_MISSING_SHELF", "excluded", "-", "the holding has no shelf entry"),
    code("CAPPED_BY_MAX_WEIGHT", "tags", "-", "the target is below the model"),
    code("REDISTRIBUTED_RECIPIENT", "tags", "-", "the target is above the model"),
    code("IMPLICIT_SELL_TO_ZERO", "tags", "-", "a holding outside the model is sold"),
    code("LOCKED_POSITION", "tags", "-", "a holding outside the model stays"),
    code("BELOW_MIN_NOTIONAL", "suppressed_intents", "-", "the trade is too small"),
    code("TURNOVER_LIMIT", "dropped_intents", "-", "the trade does not fit the turnover cap"),
    code("CASH_BAND", "rule_results", "PENDING_REVIEW", "cash is outside its band"),
    code("SINGLE_POSITION_MAX", "rule_results", "BLOCKED", "a position exceeds the cap by more than 0.001"),
    code("DATA_QUALITY", "rule_results", "BLOCKED", "prices, rates or shelf entries are missing"),
    code("MIN_TRADE_SIZE", "rule_results", "-", "trades were suppressed"),
    code("NO_SHORTING", "rule_results", "BLOCKED", "a quantity is negative, or a weight below the floor"),
    code("INSUFFICIENT_CASH", "rule_results", "BLOCKED", "a cash balance is negative"),
    code(
        "GROUP_MAX",
        "rule_results",
        "BLOCKED",
        "a group exceeds its limit by more than 0.001 (strict mode)",
    ),
    code("RECONCILIATION", "rule_results", "BLOCKED", "the values before and after differ too much"),
    code("INVALID_OPTIONS", "failed_scenarios", "-", "the options of a scenario are refused"),
    code("SCENARIO_EXECUTION_ERROR", "failed_scenarios", "-", "a scenario cannot be computed"),
    code("PARTIAL_BATCH_FAILURE", "warnings", "-", "some scenarios failed"),
];

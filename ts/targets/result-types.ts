// The results of a rebalance. Names are those of the wire; decimals are texts in plain notation: compare them as numbers.
import type { RebalanceOptions, RoundingMode, TargetMethod } from './request-types.js'

/** A decimal as a text. */
export type DecimalText = string

/** Ready to be carried out, to be looked at first, or not to be carried out. */
export type RunStatus = 'READY' | 'PENDING_REVIEW' | 'BLOCKED'

/** An amount in a currency. */
export interface Money {
  amount: DecimalText
  currency: string
}

/** A part of the portfolio; `weight` has four decimals. */
export interface Allocation {
  key: string
  weight: DecimalText
  value: Money
}

/** The portfolio before or after. */
export interface SimulatedState {
  total_value: Money
  cash_balances: { currency: string; amount: DecimalText }[]
  positions: {
    instrument_id: string
    quantity: DecimalText
    asset_class: string
    value_in_instrument_ccy: Money
    value_in_base_ccy: Money
    weight: DecimalText
  }[]
  allocation_by_asset_class: Allocation[]
  allocation_by_instrument: Allocation[]
  allocation: Allocation[]
  allocation_by_attribute: Record<string, Allocation[]>
}

/** What may be traded. */
export interface Universe {
  universe_id: string
  eligible_for_buy: string[]
  eligible_for_sell: string[]
  excluded: { instrument_id: string; reason_code: string }[]
  coverage: { price_coverage_pct: DecimalText; fx_coverage_pct: DecimalText }
}

/** What happened to a weight, in the words of the reference. */
export type TargetTag =
  | 'CAPPED_BY_MAX_WEIGHT'
  | 'REDISTRIBUTED_RECIPIENT'
  | 'IMPLICIT_SELL_TO_ZERO'
  | 'LOCKED_POSITION'

/** A target weight. */
export interface TargetInstrument {
  instrument_id: string
  model_weight: DecimalText
  final_weight: DecimalText
  final_value: Money
  current_weight: DecimalText
  tags: TargetTag[]
  /** The rules that hold the weight where it is: `GROUP_MAX:sector:TECH`. */
  reasons: string[]
}

/** Units of an instrument to trade. */
export interface SecurityIntent {
  intent_type: 'SECURITY_TRADE'
  intent_id: string
  instrument_id: string
  side: 'BUY' | 'SELL'
  quantity: DecimalText
  notional: Money
  notional_base: Money
  dependencies: string[]
  rationale: { code: string; message: string }
  constraints_applied: string[]
}

/** Currency to trade. */
export interface FxIntent {
  intent_type: 'FX_SPOT'
  intent_id: string
  pair: string
  buy: Money
  sell: Money
  rate: DecimalText
  dependencies: string[]
  rationale: { code: 'FUNDING' | 'SWEEP'; message: string }
}

export type Intent = SecurityIntent | FxIntent

/** What the heuristic did about a group. */
export interface GroupConstraintEvent {
  constraint_key: string
  group_weight_before: DecimalText
  max_weight: DecimalText
  released_weight: DecimalText
  recipients: Record<string, DecimalText>
  status: 'CAPPED' | 'BLOCKED'
}

/** A rule that binds, with the fall of the objective per unit by which its limit is moved outwards. */
export interface ActiveConstraint {
  constraint: string
  text: string
  price: DecimalText
  /** The name whose bound it is, where the rule speaks of single names. */
  instrument_id: string | null
}

/** A term of the objective, also where it is not active. */
export interface ObjectiveTerm {
  term: 'TRACKING' | 'CASH' | 'TURNOVER' | 'COST'
  active: boolean
  value: DecimalText
}

/** How a solve went. */
export interface SolveAudit {
  engine: string
  version: string
  solver_status: 'OPTIMAL' | 'INFEASIBLE' | 'STEP_LIMIT'
  iterations: number
  primal_residual: DecimalText
  dual_residual: DecimalText
  engine_deviation: string
  objective: ObjectiveTerm[]
  active_constraints: ActiveConstraint[]
  slacks: { constraint: string; slack: DecimalText }[]
  rounding: {
    mode: RoundingMode
    places: number
    finer: string[]
    residual: DecimalText
    largest_change: DecimalText
    violated: string[]
  } | null
  cross_check: { engine: string; largest_difference: string | null } | null
  notes: string[]
  digest: string
}

/** One change of a limit. */
export interface LimitChange {
  constraint: string
  from: DecimalText
  to: DecimalText
  text: string
  /**
   * The field of the request that takes the new limit: `['options', 'group_constraints', 'sector:TECH', 'max_weight']`; in
   * `linear_constraints` by name; `buys_only` takes `false`. Empty for a lock in parity mode.
   */
  field: string[]
}

/** Why there are no weights, proven. */
export interface InfeasibilityReport {
  certificate: 'FARKAS' | 'CROSSING_BOUNDS'
  farkas: ActiveConstraint[]
  /** Rules that contradict each other, while any one fewer does not. */
  conflict: { constraint: string; text: string }[]
  text: string
  /** The cheapest changes, single ones first. */
  relaxations: { changes: LimitChange[]; total: DecimalText; text: string }[]
  codes: string[]
}

/** What a run has to say. */
export interface Diagnostics {
  warnings: string[]
  suppressed_intents: {
    instrument_id: string
    reason: 'BELOW_MIN_NOTIONAL'
    intended_notional: Money
    threshold: DecimalText
  }[]
  dropped_intents: {
    intent_id: string
    instrument_id: string
    reason: 'TURNOVER_LIMIT'
    potential_notional: Money
    score: DecimalText
  }[]
  group_constraint_events: GroupConstraintEvent[]
  data_quality: { price_missing: string[]; fx_missing: string[]; shelf_missing: string[] }
  infeasibility: InfeasibilityReport | null
  solve: SolveAudit | null
}

/** A rule, checked on the state after. */
export interface RuleResult {
  rule_id: string
  severity: 'HARD' | 'SOFT'
  status: 'PASS' | 'FAIL'
  measured: DecimalText
  threshold: Record<string, DecimalText>
  reason_code: string
  message: string
}

/** Both methods side by side. */
export interface TargetMethodComparison {
  primary_method: TargetMethod
  alternate_method: TargetMethod
  primary_status: RunStatus
  alternate_status: RunStatus
  tolerance: DecimalText
  differing_instruments: string[]
  alternate_warnings: string[]
  weights: { instrument_id: string; primary: DecimalText; alternate: DecimalText }[]
  l1_distance: DecimalText
  l2_distance: DecimalText
  primary_objective: ObjectiveTerm[]
  alternate_objective: ObjectiveTerm[]
  alternate_group_events: GroupConstraintEvent[]
}

/** Where a result comes from. */
export interface Lineage {
  portfolio_snapshot_id: string
  market_data_snapshot_id: string
  request_hash: string
  request_digest: string
  engine_version: string
}

/** Stages 1 to 3: target weights, or why there are none. */
export interface TargetsResult {
  /** `rr_` and 16 digits of the request's digest: the same request has the same id. */
  rebalance_run_id: string
  correlation_id: string
  status: RunStatus
  target_method: TargetMethod
  rounding_mode: RoundingMode
  before: SimulatedState
  universe: Universe
  target: { target_id: string; strategy: Record<string, never>; targets: TargetInstrument[] }
  explanation: { summary: string; target_method_comparison: TargetMethodComparison | null }
  diagnostics: Diagnostics
  lineage: Lineage
}

/** The result of a rebalance. */
export interface RebalanceResult extends TargetsResult {
  intents: Intent[]
  after_simulated: SimulatedState
  /** null in a blocked run. */
  reconciliation: {
    before_total_value: Money
    after_total_value: Money
    delta: Money
    tolerance: Money
    status: 'OK' | 'MISMATCH'
  } | null
  rule_results: RuleResult[]
}

/** Several scenarios over one snapshot. */
export interface AnalyzeResult {
  batch_run_id: string
  correlation_id: string
  results: Record<string, RebalanceResult>
  comparison_metrics: Record<
    string,
    { status: RunStatus; security_intent_count: number; gross_turnover_notional_base: Money }
  >
  /** `INVALID_OPTIONS: …`, by scenario. */
  failed_scenarios: Record<string, string>
  warnings: 'PARTIAL_BATCH_FAILURE'[]
  lineage: Lineage
}

/** The default of every option. */
export type RebalanceDefaults = Required<RebalanceOptions>

/** A code of a result, with its meaning. */
export interface ReasonCode {
  code: string
  place: string
  effect: 'BLOCKED' | 'PENDING_REVIEW' | '-'
  meaning: string
}

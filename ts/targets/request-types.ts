// The request of a rebalance. Names are those of the wire.

/** A decimal: a text (`'0.25'`) is exact; a number counts as the shortest decimal that stands for it. */
export type DecimalInput = string | number

/** An amount in a currency. */
export interface MoneyInput {
  readonly amount: DecimalInput
  readonly currency: string
}

/** What the client has. */
export interface PortfolioSnapshot {
  readonly portfolio_id: string
  readonly snapshot_id?: string | null
  /** The currency in which weights are measured. */
  readonly base_currency: string
  readonly positions?: readonly Position[]
  readonly cash_balances?: readonly CashBalance[]
}

/** What is held of one instrument. */
export interface Position {
  readonly instrument_id: string
  /** Units; may be negative. */
  readonly quantity: DecimalInput
  /** Its value in its own currency, where the custodian states one. */
  readonly market_value?: MoneyInput | null
  /** Accepted; nothing reads it. */
  readonly lots?: readonly unknown[]
}

/** Cash of one currency. */
export interface CashBalance {
  readonly currency: string
  readonly amount: DecimalInput
  /** Accepted; nothing reads it. */
  readonly settled?: DecimalInput | null
  /** Accepted; nothing reads it. */
  readonly pending?: DecimalInput | null
}

/** Prices and rates; of duplicates the first counts. */
export interface MarketDataSnapshot {
  readonly snapshot_id?: string | null
  readonly prices?: readonly { instrument_id: string; price: DecimalInput; currency: string }[]
  /** `pair` is `AAA/BBB`: units of BBB for one of AAA. A rate of 0 counts as missing. */
  readonly fx_rates?: readonly { pair: string; rate: DecimalInput }[]
}

/** The model, in order. */
export interface ModelPortfolio {
  readonly targets?: readonly { instrument_id: string; weight: DecimalInput }[]
}

/** What may be done with an instrument. */
export type ShelfStatus = 'APPROVED' | 'RESTRICTED' | 'BANNED' | 'SUSPENDED' | 'SELL_ONLY'

/** What is known of an instrument. */
export interface ShelfEntry {
  readonly instrument_id: string
  readonly status: ShelfStatus
  /** @default 'UNKNOWN' */
  readonly asset_class?: string
  /** Trades below this are dust. */
  readonly min_notional?: MoneyInput | DecimalInput | null
  /** Properties by which groups are formed: `{ sector: 'TECH' }`. */
  readonly attributes?: Readonly<Record<string, string>>
  readonly issuer_id?: string | null
  readonly liquidity_tier?: string | null
  readonly settlement_days?: number | null
}

/** How target weights are found: by steps in a fixed order, or all rules at once. */
export type TargetMethod = 'HEURISTIC' | 'SOLVER'
/** As the reference rounds, or so that every rule holds exactly in the weights returned. */
export type RoundingMode = 'STRICT' | 'PARITY'

/** lower ≤ Σ coefficient·weight ≤ upper. */
export interface LinearConstraint {
  readonly name: string
  readonly coefficients: Readonly<Record<string, DecimalInput>>
  readonly lower?: DecimalInput | null
  readonly upper?: DecimalInput | null
}

/** Options of a rebalance; `rebalance.defaults()` has the defaults. */
export interface RebalanceOptions {
  /** @default 'CALCULATED' */
  readonly valuation_mode?: 'CALCULATED' | 'TRUST_SNAPSHOT'
  /** @default 'HEURISTIC' */
  readonly target_method?: TargetMethod
  /** @default 'STRICT' */
  readonly rounding_mode?: RoundingMode
  /** Run the other method too and compare. @default false */
  readonly compare_target_methods?: boolean
  /** @default '0.0001' */
  readonly compare_target_methods_tolerance?: DecimalInput
  /** @default '0' */
  readonly cash_band_min_weight?: DecimalInput
  /** @default '1' */
  readonly cash_band_max_weight?: DecimalInput
  /** In [0, 1]; null is no cap. @default null */
  readonly single_position_max_weight?: DecimalInput | null
  /** @default '0' */
  readonly min_cash_buffer_pct?: DecimalInput
  /** Limits of groups `attribute:value`, in [0, 1]; `min_weight` in strict mode only. @default {} */
  readonly group_constraints?: Readonly<
    Record<string, { readonly max_weight?: DecimalInput | null; readonly min_weight?: DecimalInput | null }>
  >
  /** @default null */
  readonly min_trade_notional?: MoneyInput | DecimalInput | null
  /** @default true */
  readonly suppress_dust_trades?: boolean
  /** Accepted; nothing reads it. */
  readonly dust_trade_threshold?: MoneyInput | DecimalInput | null
  /** @default false */
  readonly allow_restricted?: boolean
  /** @default '0.01' */
  readonly fx_buffer_pct?: DecimalInput
  /** @default true */
  readonly block_on_missing_prices?: boolean
  /** @default true */
  readonly block_on_missing_fx?: boolean
  /** Largest turnover as a part of the portfolio's value, in [0, 1]. @default null */
  readonly max_turnover_pct?: DecimalInput | null
  /** Strict: whether the distance of cash from the model's counts. @default 'FREE' */
  readonly cash_objective?: 'FREE' | 'PENALISED'
  /** Strict, solver: where the weight of sell-only names goes. @default 'CASH' */
  readonly sell_only_policy?: 'CASH' | 'REDISTRIBUTE'
  /** Strict, solver: limits of single names. @default {} */
  readonly position_bounds?: Readonly<
    Record<string, { readonly min_weight?: DecimalInput | null; readonly max_weight?: DecimalInput | null }>
  >
  /** Strict, solver: weights down to `short_floor`. @default false */
  readonly allow_short?: boolean
  /** Strict: in [−1, 0]; required where `allow_short`. @default null */
  readonly short_floor?: DecimalInput | null
  /** Strict, solver. @default [] */
  readonly linear_constraints?: readonly LinearConstraint[]
  /** Strict, solver: γ ≥ 0 in γ·Σ|w − current|. @default '0' */
  readonly turnover_penalty?: DecimalInput
  /** Strict, solver: c ≥ 0 in Σ c|w − current|, by instrument. @default {} */
  readonly cost_rates?: Readonly<Record<string, DecimalInput>>
  /** Strict, solver: nothing is sold. @default false */
  readonly buys_only?: boolean
  /** Strict, solver: locked holdings that may be traded down to a weight, if the rules need it. @default {} */
  readonly unlock_to?: Readonly<Record<string, DecimalInput>>
  /** Strict, solver: solve with Clarabel too and report the difference. @default false */
  readonly cross_check?: boolean
}

/** Everything that a rebalance depends on. */
export interface RebalanceRequest {
  readonly portfolio_snapshot: PortfolioSnapshot
  readonly market_data_snapshot: MarketDataSnapshot
  readonly model_portfolio: ModelPortfolio
  readonly shelf_entries: readonly ShelfEntry[]
  readonly options: RebalanceOptions
}

/** One snapshot and 1 to 20 scenarios, named with a-z, 0-9, _ and -. */
export interface AnalyzeRequest extends Omit<RebalanceRequest, 'options'> {
  readonly scenarios: Readonly<
    Record<string, { readonly options: RebalanceOptions; readonly description?: string }>
  >
}

/** What a caller wants to find again in the result. Nothing else of it depends on them. */
export interface RequestIdentity {
  /** Becomes `lineage.request_hash`. */
  readonly idempotencyKey?: string
  /** Becomes `correlation_id`. */
  readonly correlationId?: string
}

// The schemas of requests and results: the OpenAPI document is made of them.
import type { FastifySchema } from 'fastify'

type Schema = Record<string, unknown>

const decimal: Schema = {
  type: ['string', 'number'],
  description: 'A decimal; a text is exact.',
  examples: ['0.25'],
}
const text: Schema = { type: 'string' }
const flag: Schema = { type: 'boolean' }
const optional = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] })
const listOf = (items: Schema): Schema => ({ type: 'array', items })
const mapOf = (values: Schema): Schema => ({ type: 'object', additionalProperties: values })
const reference = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })

function object(
  properties: Record<string, Schema>,
  required: readonly string[] = Object.keys(properties),
): Schema {
  return { type: 'object', properties, required: [...required], additionalProperties: false }
}

const money = object({ amount: decimal, currency: text })
const limits = object({ min_weight: optional(decimal), max_weight: optional(decimal) }, [])

const options = object(
  {
    valuation_mode: { enum: ['CALCULATED', 'TRUST_SNAPSHOT'], default: 'CALCULATED' },
    target_method: { enum: ['HEURISTIC', 'SOLVER'], default: 'HEURISTIC' },
    rounding_mode: { enum: ['STRICT', 'PARITY'], default: 'STRICT' },
    compare_target_methods: flag,
    compare_target_methods_tolerance: decimal,
    cash_band_min_weight: decimal,
    cash_band_max_weight: decimal,
    single_position_max_weight: optional(decimal),
    min_cash_buffer_pct: decimal,
    group_constraints: mapOf(limits),
    min_trade_notional: optional({ anyOf: [money, decimal] }),
    suppress_dust_trades: flag,
    dust_trade_threshold: optional({ anyOf: [money, decimal] }),
    allow_restricted: flag,
    fx_buffer_pct: decimal,
    block_on_missing_prices: flag,
    block_on_missing_fx: flag,
    max_turnover_pct: optional(decimal),
    cash_objective: { enum: ['FREE', 'PENALISED'] },
    sell_only_policy: { enum: ['CASH', 'REDISTRIBUTE'] },
    position_bounds: mapOf(limits),
    allow_short: flag,
    short_floor: optional(decimal),
    linear_constraints: listOf(
      object(
        { name: text, coefficients: mapOf(decimal), lower: optional(decimal), upper: optional(decimal) },
        ['name', 'coefficients'],
      ),
    ),
    turnover_penalty: decimal,
    cost_rates: mapOf(decimal),
    buys_only: flag,
    unlock_to: mapOf(decimal),
    cross_check: flag,
  },
  [],
)

const snapshot: Record<string, Schema> = {
  portfolio_snapshot: object(
    {
      portfolio_id: text,
      snapshot_id: optional(text),
      base_currency: text,
      positions: listOf(
        object({ instrument_id: text, quantity: decimal, market_value: optional(money), lots: listOf({}) }, [
          'instrument_id',
          'quantity',
        ]),
      ),
      cash_balances: listOf(
        object({ currency: text, amount: decimal, settled: optional(decimal), pending: optional(decimal) }, [
          'currency',
          'amount',
        ]),
      ),
    },
    ['portfolio_id', 'base_currency'],
  ),
  market_data_snapshot: object(
    {
      snapshot_id: optional(text),
      prices: listOf(object({ instrument_id: text, price: decimal, currency: text })),
      fx_rates: listOf(object({ pair: { ...text, examples: ['USD/SGD'] }, rate: decimal })),
    },
    [],
  ),
  model_portfolio: object({ targets: listOf(object({ instrument_id: text, weight: decimal })) }, []),
  shelf_entries: listOf(
    object(
      {
        instrument_id: text,
        status: { enum: ['APPROVED', 'RESTRICTED', 'BANNED', 'SUSPENDED', 'SELL_ONLY'] },
        asset_class: text,
        min_notional: optional({ anyOf: [money, decimal] }),
        attributes: mapOf(text),
        issuer_id: optional(text),
        liquidity_tier: optional(text),
        settlement_days: optional({ type: 'integer' }),
      },
      ['instrument_id', 'status'],
    ),
  ),
}

const runStatus: Schema = { enum: ['READY', 'PENDING_REVIEW', 'BLOCKED'] }
/** Results gain fields over time: the schema names those that every result has. */
const result = (properties: Record<string, Schema>): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
})
const targetsResult: Record<string, Schema> = {
  rebalance_run_id: { type: 'string', pattern: '^rr_[0-9a-f]{16}$' },
  correlation_id: text,
  status: runStatus,
  target_method: { enum: ['HEURISTIC', 'SOLVER'] },
  rounding_mode: { enum: ['STRICT', 'PARITY'] },
  before: { type: 'object' },
  universe: { type: 'object' },
  target: result({
    target_id: text,
    targets: listOf(
      result({
        instrument_id: text,
        model_weight: text,
        final_weight: text,
        current_weight: text,
        tags: listOf(text),
      }),
    ),
  }),
  explanation: { type: 'object' },
  diagnostics: result({ warnings: listOf(text), data_quality: { type: 'object' } }),
  lineage: { type: 'object' },
}

/** Every schema by name. */
export const schemas: Readonly<Record<string, Schema>> = {
  RebalanceOptions: options,
  RebalanceRequest: object({ ...snapshot, options: reference('RebalanceOptions') }),
  AnalyzeRequest: object({
    ...snapshot,
    scenarios: {
      type: 'object',
      minProperties: 1,
      maxProperties: 20,
      propertyNames: { pattern: '^[a-z0-9_-]{1,64}$' },
      additionalProperties: object({ options: reference('RebalanceOptions'), description: text }, [
        'options',
      ]),
    },
  }),
  TargetsResult: result(targetsResult),
  RebalanceResult: result({
    ...targetsResult,
    intents: listOf({ type: 'object' }),
    after_simulated: { type: 'object' },
    rule_results: listOf({ type: 'object' }),
  }),
  AnalyzeResult: result({
    batch_run_id: text,
    results: mapOf(reference('RebalanceResult')),
    comparison_metrics: { type: 'object' },
    failed_scenarios: mapOf(text),
    warnings: listOf(text),
  }),
  Refusal: result({
    status: { type: 'integer' },
    message: text,
    detail: listOf(object({ path: text, code: text, expected: text, received: text })),
  }),
}

interface Operation {
  id: string
  summary: string
  request: string
  result: string
  needsKey: boolean
}

const operations: Readonly<Record<string, Operation>> = {
  '/rebalance/simulate': {
    id: 'simulate',
    summary: 'The whole rebalance: target weights, trades, the portfolio after them, and every rule checked',
    request: 'RebalanceRequest',
    result: 'RebalanceResult',
    needsKey: true,
  },
  '/rebalance/targets': {
    id: 'targets',
    summary: 'Target weights alone',
    request: 'RebalanceRequest',
    result: 'TargetsResult',
    needsKey: false,
  },
  '/rebalance/analyze': {
    id: 'analyze',
    summary: '1 to 20 named sets of options over one snapshot',
    request: 'AnalyzeRequest',
    result: 'AnalyzeResult',
    needsKey: false,
  },
}

/** The schema of a route, for fastify. It validates nothing: the engine does, with better words. */
export function openApiOperation(path: string): FastifySchema {
  const { summary, id } = operations[path] as Operation
  return { summary, operationId: id } as FastifySchema
}

/** The OpenAPI 3.1 description of the server. */
export function openApiDocument(version: string): Schema {
  const content = (name: string) => ({ 'application/json': { schema: reference(name) } })
  const refusals = Object.fromEntries(
    Object.entries({
      400: 'Broken JSON',
      401: 'A token is needed',
      413: 'The body is too large',
      415: 'The body is not application/json',
      422: 'A wrong value: `detail` has its path and the rule',
      429: 'Too many requests',
      503: 'The server is busy',
    }).map(([status, description]) => [status, { description, content: content('Refusal') }]),
  )
  const parameters = (needsKey: boolean) => [
    {
      name: 'Idempotency-Key',
      in: 'header',
      required: needsKey,
      schema: text,
      description: 'Comes back as lineage.request_hash; nothing is stored.',
    },
    { name: 'X-Correlation-Id', in: 'header', required: false, schema: text, description: 'Comes back.' },
  ]
  const post = ({ id, summary, request, result, needsKey }: Operation) => ({
    post: {
      operationId: id,
      summary,
      parameters: parameters(needsKey),
      requestBody: { required: true, content: content(request) },
      responses: {
        200: { description: 'A run; what became of it is its `status`', content: content(result) },
        ...refusals,
      },
    },
  })
  return {
    openapi: '3.1.0',
    info: {
      title: 'equipoise rebalance',
      version,
      description:
        'Portfolio targets under hard rules in one exact solve, and the rebalance simulation around it.',
      license: { name: 'MIT OR Apache-2.0', identifier: 'MIT OR Apache-2.0' },
    },
    paths: {
      ...Object.fromEntries(Object.entries(operations).map(([path, operation]) => [path, post(operation)])),
      '/health': {
        get: {
          operationId: 'health',
          summary: 'Whether the server answers',
          responses: { 200: { description: 'It does' } },
        },
      },
      '/metrics': {
        get: {
          operationId: 'metrics',
          summary: 'Figures for Prometheus',
          responses: { 200: { description: 'Figures', content: { 'text/plain': { schema: text } } } },
        },
      },
    },
    components: { schemas, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    security: [{}, { token: [] }],
  }
}

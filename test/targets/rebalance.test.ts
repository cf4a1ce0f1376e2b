import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { InputError, rebalance } from '../../ts/index.js'
import { equipoise } from '../cli/run.js'
import { folder } from '../data/folder.js'

const goldens = join(import.meta.dirname, '../../crates/equipoise/tests/targets/goldens')
const golden = (name: string): { request: rebalance.RebalanceRequest; expected: { status: string } } =>
  JSON.parse(readFileSync(join(goldens, `${name}.json`), 'utf8'))
const conflict = golden('12_solver_conflict').request
const infeasible = golden('12_solver_infeasible').request

describe('the façade', () => {
  it('solves the first scenario, from an object and from a text, to the same bytes', () => {
    const result = rebalance.simulate(conflict)
    expect(result).toMatchObject({ status: 'READY', target_method: 'SOLVER', rounding_mode: 'PARITY' })
    const weights = result.target.targets.map((row) => [row.instrument_id, Number(row.final_weight)])
    expect(weights).toEqual([
      ['Tech_A', 0.3],
      ['Bond_B', 0.2],
    ])
    expect(rebalance.simulateText(JSON.stringify(conflict))).toBe(rebalance.simulateText(conflict))
  })

  it.each(readdirSync(goldens))('gives %s its status', (file) => {
    const { request, expected } = golden(file.replace('.json', ''))
    expect(rebalance.simulate(request).status).toBe(expected.status)
  })

  it('explains a contradiction and names the way out', () => {
    const { status, diagnostics } = rebalance.targets(infeasible)
    expect(status).toBe('BLOCKED')
    expect(diagnostics.infeasibility).toMatchObject({
      certificate: 'FARKAS',
      relaxations: [{ changes: [{ field: ['options', 'cash_band_max_weight'], to: '0.7' }] }],
    })
    expect(diagnostics.infeasibility?.conflict.map(({ constraint }) => constraint).sort()).toEqual([
      'CASH_MAX',
      'GROUP_MAX:sector:TECH',
    ])
  })

  it('sells of a lock what its relaxation allows, and no more than the rules need', () => {
    const locked: rebalance.RebalanceRequest = {
      portfolio_snapshot: {
        portfolio_id: 'pf',
        base_currency: 'USD',
        positions: [{ instrument_id: 'ACME', quantity: 25 }],
        cash_balances: [{ currency: 'USD', amount: 7500 }],
      },
      market_data_snapshot: {
        prices: ['ACME', 'BOND'].map((instrument_id) => ({ instrument_id, price: 100, currency: 'USD' })),
      },
      model_portfolio: { targets: [{ instrument_id: 'BOND', weight: '0.5' }] },
      shelf_entries: [
        { instrument_id: 'ACME', status: 'SUSPENDED', attributes: { sector: 'TECH' } },
        { instrument_id: 'BOND', status: 'APPROVED', attributes: { sector: 'BOND' } },
      ],
      options: { target_method: 'SOLVER', group_constraints: { 'sector:TECH': { max_weight: '0.2' } } },
    }
    const blocked = rebalance.simulate(locked)
    expect(blocked.status).toBe('BLOCKED')
    const changes = blocked.diagnostics.infeasibility!.relaxations.flatMap((offer) => offer.changes)
    const sale = changes.find(({ constraint }) => constraint === 'LOCKED:ACME')
    expect(sale).toMatchObject({ field: ['options', 'unlock_to', 'ACME'], to: '0.2' })
    const unlocked = (to: string, tech: string) =>
      rebalance.simulate({
        ...locked,
        options: {
          ...locked.options,
          unlock_to: { ACME: to },
          group_constraints: { 'sector:TECH': { max_weight: tech } },
        },
      })
    const sold = unlocked(sale!.to, '0.2')
    expect(sold.status).toBe('READY')
    expect(sold.intents).toContainEqual(
      expect.objectContaining({ side: 'SELL', instrument_id: 'ACME', quantity: '5' }),
    )
    const weight = ({ target }: rebalance.RebalanceResult) =>
      target.targets.find(({ instrument_id }) => instrument_id === 'ACME')?.final_weight
    // It may go down to 5 %, but the rules only ask for 22 %.
    expect(weight(unlocked('0.05', '0.22'))).toBe('0.22')
    expect(weight(unlocked('0.05', '0.3'))).toBe('0.25')
  })

  it('analyzes scenarios over one snapshot', () => {
    const { options, ...shared } = conflict
    const scenarios = {
      as_is: { options },
      heuristic: { options: { ...options, target_method: 'HEURISTIC' as const } },
    }
    const result = rebalance.analyze({ ...shared, scenarios })
    expect(result.comparison_metrics.as_is).toMatchObject({ status: 'READY', security_intent_count: 2 })
    expect(result.comparison_metrics.heuristic).toMatchObject({ status: 'BLOCKED', security_intent_count: 0 })
  })

  it('echoes what a caller wants to find again', () => {
    const result = rebalance.simulate(conflict, { idempotencyKey: 'key', correlationId: 'c_1' })
    expect(result).toMatchObject({ correlation_id: 'c_1', lineage: { request_hash: 'key' } })
  })

  it('does not touch the request', () => {
    const frozen = JSON.stringify(conflict)
    rebalance.simulate(conflict)
    expect(JSON.stringify(conflict)).toBe(frozen)
  })

  it('has its defaults and codes from the native code', () => {
    expect(rebalance.defaults()).toMatchObject({ target_method: 'HEURISTIC', rounding_mode: 'STRICT' })
    expect(rebalance.reasonCodes().map(({ code }) => code)).toContain('INFEASIBLE_INFEASIBLE')
  })
})

describe('bad input', () => {
  const changed = (options: object) => ({ ...conflict, options: { ...conflict.options, ...options } })

  it.each([
    [changed({ colour: 'red' }), 'options.colour', 'unknown_option'],
    [changed({ single_position_max_weight: Number.NaN }), 'options.single_position_max_weight', 'not_finite'],
    [changed({ single_position_max_weight: 2 }), 'options.single_position_max_weight', 'out_of_range'],
    [changed({ cash_band_min_weight: 1n }), 'options.cash_band_min_weight', 'wrong_type'],
    [
      changed({ group_constraints: { TECH: { max_weight: 1 } } }),
      'options.group_constraints.TECH',
      'out_of_range',
    ],
    ['{', 'body', 'format'],
    [[], 'body', 'wrong_type'],
    [null, 'body', 'wrong_type'],
  ])('%o is refused at %s with %s', (request, path, code) => {
    const call = () => rebalance.simulate(request as rebalance.RebalanceRequest)
    expect(call).toThrow(InputError)
    expect(call).toThrow(expect.objectContaining({ path, code }))
  })

  it('does not disturb the next request', () => {
    const before = rebalance.simulateText(conflict)
    expect(() => rebalance.simulate('{"options": [')).toThrow(InputError)
    expect(rebalance.simulateText(conflict)).toBe(before)
  })
})

describe('equipoise rebalance', () => {
  const files = {
    'ready.json': JSON.stringify(conflict),
    'review.json': JSON.stringify(golden('05').request),
    'blocked.json': JSON.stringify(infeasible),
    'bad.json': JSON.stringify({ ...conflict, options: { colour: 'red' } }),
    'broken.json': '{',
  }

  it.each([
    ['ready.json', 0, 'BUY'],
    ['review.json', 4, 'PENDING_REVIEW'],
    ['blocked.json', 5, 'raise the cash maximum to 70 %'],
  ])('%s ends with %i', async (file, code, text) => {
    const run = await equipoise(['rebalance', file], { cwd: folder(files)('.') })
    expect(run).toMatchObject({ code, stderr: '', stdout: expect.stringContaining(text) })
  })

  it('prints the result as JSON', async () => {
    const run = await equipoise(['rebalance', 'ready.json', '--json', '--correlation-id', 'c_1'], {
      cwd: folder(files)('.'),
    })
    expect(JSON.parse(run.stdout)).toEqual(rebalance.simulate(conflict, { correlationId: 'c_1' }))
  })

  it.each([
    ['bad.json', 'options.colour'],
    ['broken.json', 'body: expected JSON'],
    ['nowhere.json', '<request>: expected a file'],
  ])('refuses %s', async (file, message) => {
    const run = await equipoise(['rebalance', file], { cwd: folder(files)('.') })
    expect(run).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) })
  })
})

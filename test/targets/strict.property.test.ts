import fc from 'fast-check'
import { expect, it } from 'vitest'
import { rebalance } from '../../ts/index.js'
import '../property-seed.js'

const CASES = 10_000
/** Decimals as whole numbers of 10⁻¹². */
const PLACES = 12

function units(text: string): bigint {
  const [whole, fraction = ''] = text.replace('-', '').split('.')
  const size = BigInt(whole! + fraction.padEnd(PLACES, '0').slice(0, PLACES))
  if (/[1-9]/.test(fraction.slice(PLACES))) throw new Error(`${text} has more than ${PLACES} places`)
  return text.startsWith('-') ? -size : size
}

const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n)
const weight = (most: number) => fc.integer({ min: 0, max: most }).map((ten4) => (ten4 / 1e4).toFixed(4))

const name = fc.record({
  model: weight(3000),
  locked: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined, freq: 4 }),
  sector: fc.constantFrom('A', 'B', 'C'),
  region: fc.constantFrom('N', 'S'),
  style: fc.constantFrom('G', 'V'),
})
const limits = fc.record({
  cap: fc.option(weight(5000), { nil: null }),
  least: weight(3000),
  width: fc.constantFrom(0, 1, 20, 500, 10_000),
  groups: fc.dictionary(
    fc.constantFrom('sector:A', 'sector:B', 'sector:C', 'region:N', 'region:S', 'style:G', 'style:V'),
    fc.record({ max_weight: weight(8000) }),
    { maxKeys: 5 },
  ),
})

type Name = typeof name extends fc.Arbitrary<infer T> ? T : never
type Limits = typeof limits extends fc.Arbitrary<infer T> ? T : never

function request(names: Name[], { cap, least, width, groups }: Limits): rebalance.RebalanceRequest {
  const id = (i: number) => `N${i}`
  const most = Math.min(Number(least) + width / 1e4, 1).toFixed(4)
  return {
    portfolio_snapshot: {
      portfolio_id: 'pf',
      base_currency: 'USD',
      positions: names.flatMap(({ locked }, i) =>
        locked === undefined ? [] : [{ instrument_id: id(i), quantity: locked }],
      ),
      cash_balances: [{ currency: 'USD', amount: '10000' }],
    },
    market_data_snapshot: {
      prices: names.map((_, i) => ({ instrument_id: id(i), price: '101.3', currency: 'USD' })),
    },
    model_portfolio: { targets: names.map(({ model }, i) => ({ instrument_id: id(i), weight: model })) },
    shelf_entries: names.map(({ locked, sector, region, style }, i) => ({
      instrument_id: id(i),
      status: locked === undefined ? 'APPROVED' : 'SUSPENDED',
      attributes: { sector, region, style },
    })),
    options: {
      target_method: 'SOLVER',
      cash_band_min_weight: least,
      cash_band_max_weight: most,
      single_position_max_weight: cap,
      group_constraints: groups,
    },
  }
}

it('every hard rule holds exactly in the decimals returned', () => {
  let solved = 0
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 12 }), limits, (names, rules) => {
      const asked = request(names, rules)
      const { status, target, diagnostics } = rebalance.targets(asked)
      if (status === 'BLOCKED') {
        expect(diagnostics.infeasibility?.conflict.length).toBeGreaterThan(0)
        return
      }
      solved += 1
      expect(status).toBe('READY')
      const weights = target.targets.map((row) => units(row.final_weight))
      const { cash_band_min_weight, cash_band_max_weight } = asked.options
      const cash = units('1') - sum(weights)
      expect(cash >= units(String(cash_band_min_weight))).toBe(true)
      expect(cash <= units(String(cash_band_max_weight))).toBe(true)
      for (const w of weights) {
        expect(w >= 0n).toBe(true)
        if (rules.cap !== null) expect(w <= units(rules.cap)).toBe(true)
      }
      for (const [key, { max_weight }] of Object.entries(rules.groups)) {
        const [attribute, value] = key.split(':') as ['sector' | 'region' | 'style', string]
        const members = names.flatMap((own, i) => (own[attribute] === value ? [weights[i]!] : []))
        expect(sum(members) <= units(max_weight)).toBe(true)
      }
    }),
    { numRuns: CASES },
  )
  expect(solved).toBeGreaterThan(CASES / 10)
}, 300_000)

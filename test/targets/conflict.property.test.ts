// Verdicts and minimal sets of rules against brute force: elimination of every variable (Fourier and Motzkin) in whole numbers,
// written from the documented meaning of the options.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { rebalance } from '../../ts/index.js'
import '../property-seed.js'

const CASES = process.env.EQUIPOISE_LONG_TESTS === undefined ? 1_000 : 10_000
/** Weights are whole numbers of 10⁻⁴: that is also the value of the portfolio. */
const UNIT = 10_000

/** Σ aᵢwᵢ ≤ b, and the rule that asks for it; without one it always holds. */
interface Inequality {
  rule?: string
  terms: bigint[]
  bound: bigint
}

const name = fc.record({
  model: fc.integer({ min: 0, max: 6000 }),
  locked: fc.option(fc.integer({ min: 1, max: 2500 }), { nil: undefined, freq: 2 }),
  sector: fc.constantFrom('A', 'B'),
  region: fc.constantFrom('N', 'S'),
})
const group = fc.record({
  max: fc.integer({ min: 0, max: 5000 }),
  /** The floor, as a part of the limit. */
  floor: fc.option(fc.integer({ min: 0, max: 10 }), { nil: undefined }),
})
const limits = fc.record({
  cap: fc.option(fc.integer({ min: 300, max: 5000 }), { nil: undefined }),
  least: fc.integer({ min: 0, max: 3000 }),
  width: fc.constantFrom(-1, 0, 1, 20, 1000, 10_000),
  groups: fc.dictionary(fc.constantFrom('sector:A', 'sector:B', 'region:N', 'region:S'), group, {
    maxKeys: 4,
  }),
})

type Name = typeof name extends fc.Arbitrary<infer T> ? T : never
type Limits = typeof limits extends fc.Arbitrary<infer T> ? T : never

const id = (i: number) => `N${i}`
const written = (units: number) => (units / UNIT).toFixed(4)
const most = ({ least, width }: Limits) => Math.min(Math.max(least + width, 0), UNIT)
const floorOf = ({ max, floor }: Limits['groups'][string]) =>
  floor === undefined ? undefined : Math.floor((max * floor) / 10)
const isMember = (key: string, { sector, region }: Name) =>
  key === `sector:${sector}` || key === `region:${region}`

function request(names: Name[], rules: Limits): rebalance.RebalanceRequest {
  const held = names.reduce((total, { locked }) => total + (locked ?? 0), 0)
  return {
    portfolio_snapshot: {
      portfolio_id: 'pf',
      base_currency: 'USD',
      positions: names.flatMap(({ locked }, i) =>
        locked ? [{ instrument_id: id(i), quantity: locked }] : [],
      ),
      cash_balances: [{ currency: 'USD', amount: UNIT - held }],
    },
    market_data_snapshot: {
      prices: names.map((_, i) => ({ instrument_id: id(i), price: 1, currency: 'USD' })),
    },
    model_portfolio: {
      targets: names.map(({ model }, i) => ({ instrument_id: id(i), weight: written(model) })),
    },
    shelf_entries: names.map(({ locked, sector, region }, i) => ({
      instrument_id: id(i),
      status: locked ? 'SUSPENDED' : 'APPROVED',
      attributes: { sector, region },
    })),
    options: {
      target_method: 'SOLVER',
      cash_band_min_weight: written(rules.least),
      cash_band_max_weight: written(most(rules)),
      single_position_max_weight: rules.cap === undefined ? null : written(rules.cap),
      group_constraints: Object.fromEntries(
        Object.entries(rules.groups).map(([key, own]) => {
          const floor = floorOf(own)
          return [
            key,
            { max_weight: written(own.max), ...(floor !== undefined && { min_weight: written(floor) }) },
          ]
        }),
      ),
    },
  }
}

function inequalities(names: Name[], rules: Limits): Inequality[] {
  const row = (sign: bigint, chosen: (own: Name, i: number) => boolean) =>
    names.map((own, i) => (chosen(own, i) ? sign : 0n))
  const all = () => true
  const one = (i: number) => (_: Name, k: number) => k === i
  const out: Inequality[] = [
    { rule: 'CASH_MIN', terms: row(1n, all), bound: BigInt(UNIT - rules.least) },
    { rule: 'CASH_MAX', terms: row(-1n, all), bound: BigInt(most(rules) - UNIT) },
  ]
  for (const [i, { locked }] of names.entries()) {
    out.push({ terms: row(-1n, one(i)), bound: 0n })
    if (locked) {
      // A lock that is left out may be sold, not bought.
      out.push({ terms: row(1n, one(i)), bound: BigInt(locked) })
      out.push({ rule: `LOCKED:${id(i)}`, terms: row(-1n, one(i)), bound: BigInt(-locked) })
    }
    if (rules.cap !== undefined) {
      out.push({ rule: 'SINGLE_POSITION_MAX', terms: row(1n, one(i)), bound: BigInt(rules.cap) })
    }
  }
  for (const [key, own] of Object.entries(rules.groups)) {
    const floor = floorOf(own)
    const members = (name: Name) => isMember(key, name)
    // A group without a member is no rule, unless it must hold something.
    if (!names.some(members) && !floor) continue
    out.push({ rule: `GROUP_MAX:${key}`, terms: row(1n, members), bound: BigInt(own.max) })
    if (floor !== undefined) {
      out.push({ rule: `GROUP_MIN:${key}`, terms: row(-1n, members), bound: BigInt(-floor) })
    }
  }
  return out
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b))
const size = (a: bigint) => (a < 0n ? -a : a)

/** Of rows with one direction the tightest, each with coefficients without a common divisor. */
function reduced(rows: [bigint[], bigint][]): [bigint[], bigint][] {
  const tightest = new Map<string, [bigint[], bigint, bigint]>()
  for (const [terms, bound] of rows) {
    const divisor = terms.reduce((d, a) => gcd(d, size(a)), 0n) || 1n
    const direction = terms.map((a) => a / divisor)
    const known = tightest.get(direction.join())
    // bound/divisor < known bound/known divisor
    if (!known || bound * known[2] < known[1] * divisor)
      tightest.set(direction.join(), [direction, bound, divisor])
  }
  return [...tightest.values()].map(([terms, bound, divisor]) => [terms.map((a) => a * divisor), bound])
}

/** True if some w satisfies all of them. */
function canHold(all: Inequality[]): boolean {
  let rows = reduced(all.map(({ terms, bound }) => [terms, bound]))
  const variables = all[0]!.terms.length
  for (let k = 0; k < variables; k++) {
    const upper = rows.filter(([terms]) => terms[k]! > 0n)
    const lower = rows.filter(([terms]) => terms[k]! < 0n)
    const rest = rows.filter(([terms]) => terms[k] === 0n)
    for (const [a, b] of upper) {
      for (const [c, d] of lower) {
        const [p, q] = [-c[k]!, a[k]!]
        rest.push([a.map((x, i) => p * x + q * c[i]!), p * b + q * d])
      }
    }
    rows = reduced(rest)
  }
  return rows.every(([, bound]) => bound >= 0n)
}

it('accuses none that is feasible, and names a minimal set where there are no weights', () => {
  const counts = { feasible: 0, infeasible: 0 }
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), limits, (names, rules) => {
      const all = inequalities(names, rules)
      const { status, diagnostics } = rebalance.targets(request(names, rules))
      if (canHold(all)) {
        counts.feasible += 1
        expect(status).not.toBe('BLOCKED')
        return
      }
      counts.infeasible += 1
      expect(status).toBe('BLOCKED')
      const report = diagnostics.infeasibility!
      expect(['FARKAS', 'CROSSING_BOUNDS']).toContain(report.certificate)
      const conflict = report.conflict.map(({ constraint }) => constraint)
      const holds = (kept: string[]) =>
        canHold(all.filter(({ rule }) => rule === undefined || kept.includes(rule)))
      expect(holds(conflict), `${conflict} can hold`).toBe(false)
      for (const leftOut of conflict) {
        const fewer = conflict.filter((rule) => rule !== leftOut)
        expect(holds(fewer), `${fewer} cannot hold`).toBe(true)
      }
    }),
    { numRuns: CASES },
  )
  expect(counts.feasible).toBeGreaterThan(CASES / 10)
  expect(counts.infeasible).toBeGreaterThan(CASES / 10)
}, 600_000)

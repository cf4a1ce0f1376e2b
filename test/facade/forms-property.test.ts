import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CalibrationDistance, type ReweightData, ReweightProblem } from '../../ts/index.js'
import { Rational, sumOf, ZERO } from './rational.js'

/** A small problem, as plain numbers. */
interface SmallProblem {
  /** k columns of n */
  readonly columns: number[][]
  readonly designWeights: number[]
  readonly totals: number[]
  readonly bounds: readonly [number, number]
}

const small: fc.Arbitrary<SmallProblem> = fc
  .tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 3 }))
  .chain(([n, k]) =>
    fc.record({
      columns: list(k, list(n, fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5 })))),
      designWeights: list(n, fc.integer({ min: 1, max: 400 })),
      totals: list(k, fc.integer({ min: 1, max: 5000 })),
      bounds: fc.constantFrom([0.1, 10] as const, [0.5, 2] as const, [0.25, 4] as const),
    }),
  )

function list<T>(length: number, element: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(element, { minLength: length, maxLength: length })
}

const dataOf = ({ columns, designWeights, totals, bounds }: SmallProblem): ReweightData => ({
  matrix: { format: 'columns', columns },
  designWeights,
  targets: totals.map((total) => ({ total })),
  bounds,
})

/** The totals of the multipliers, exactly. */
const totalsOf = ({ columns, designWeights }: SmallProblem, multipliers: ArrayLike<number>) =>
  columns.map((column) => sumOf(column.map((a, i) => product(a, designWeights[i]!, multipliers[i]!))))

const product = (...factors: number[]) => factors.map(Rational.of).reduce((a, b) => a.times(b))

const larger = (a: Rational, b: Rational) => (a.compare(b) > 0n ? a : b)

/**
 * Whether the combination of the totals is larger on its edges than any multipliers within the bounds make it (Farkas), exactly.
 * `sign` 1: the edges ask for more than is attainable; −1: the combination is at least more than the edges allow.
 */
function proves(
  problem: SmallProblem,
  combination: readonly number[],
  edges: (j: number) => readonly [number, number],
  multipliers: readonly [number, number],
): boolean {
  const { columns, designWeights } = problem
  const y = combination.map(Rational.of)
  const times = (a: Rational, value: number) => a.times(Rational.of(value))
  const minus = (a: Rational) => ZERO.minus(a)
  // What the edges ask for at least: Σ min over the band of yⱼ·total.
  const required = sumOf(
    y.map((v, j) => minus(larger(minus(times(v, edges(j)[0])), minus(times(v, edges(j)[1]))))),
  )
  const attainable = sumOf(
    designWeights.map((w, i) => {
      const u = times(sumOf(y.map((v, j) => times(v, columns[j]![i]!))), w)
      return larger(times(u, multipliers[0]), times(u, multipliers[1]))
    }),
  )
  return required.compare(attainable) > 0n
}

describe('hard bands of any small problem', () => {
  it('are met, or contradict one another by a proof that holds in exact arithmetic', () => {
    const seen = { converged: 0, infeasible: 0 }
    fc.assert(
      fc.property(small, fc.constantFrom(0.001, 0.02, 0.3), (problem, band) => {
        using native = new ReweightProblem(dataOf(problem))
        const answer = native.solveBandsSync({ band, weight: 'hard', threads: 1 })
        expect(['converged', 'infeasible']).toContain(answer.status)
        seen[answer.status as keyof typeof seen] += 1
        const edge = (j: number) => [answer.targets[j]!.lower, answer.targets[j]!.upper] as const
        if (answer.status === 'infeasible') {
          // The direction exceeds what the bands allow; its opposite asks for more than is attainable.
          const opposite = answer.infeasibility!.direction.map((v) => -v)
          expect(proves(problem, opposite, edge, problem.bounds)).toBe(true)
          return
        }
        const [lower, upper] = problem.bounds
        for (const m of answer.multipliers) {
          expect(m).toBeGreaterThanOrEqual(lower)
          expect(m).toBeLessThanOrEqual(upper)
        }
        totalsOf(problem, answer.multipliers).forEach((total, j) => {
          const slack = Rational.of(1e-12 * problem.totals[j]!)
          expect(total.plus(slack).compare(Rational.of(edge(j)[0])) >= 0n).toBe(true)
          expect(total.minus(slack).compare(Rational.of(edge(j)[1])) <= 0n).toBe(true)
        })
      }),
      { numRuns: 300 },
    )
    expect(Math.min(seen.converged, seen.infeasible)).toBeGreaterThan(10)
  })
})

describe('elastic bands of any small problem', () => {
  it('have the answer that an independent solver comes to, and prices that are its derivatives', () => {
    fc.assert(
      fc.property(small, fc.constantFrom(0.5, 30, 1e3), (problem, weight) => {
        using native = new ReweightProblem(dataOf(problem))
        const options = { band: 0.01, weight, threads: 1 }
        const answer = native.solveBandsSync(options)
        expect(answer.status).toBe('converged')
        const other = native.solveBandsSync({ ...options, method: 'clarabel', tolerance: 1 })
        const allowed = answer.certificate.distanceBound + other.certificate.distanceBound
        answer.multipliers.forEach((m, i) => {
          expect(Math.abs(m - other.multipliers[i]!)).toBeLessThanOrEqual(allowed)
        })
        // The objective is convex in the tolerance: it lies above its tangent, and falls.
        const step = 1e-3
        const wider = native.solveBandsSync({ ...options, band: 0.01 + step })
        const slope = answer.targets.reduce((sum, row) => sum + row.pricePerPercent, 0) * 100
        const change = wider.certificate.objective - answer.certificate.objective
        const rounding = 1e-12 * Math.max(1, answer.certificate.objective)
        expect(change).toBeGreaterThanOrEqual(slope * step - rounding)
        expect(change).toBeLessThanOrEqual(rounding)
      }),
      { numRuns: 100 },
    )
  })
})

/** F of each distance, written down once more. */
const inverses: Record<CalibrationDistance, (v: number, bounds: readonly [number, number]) => number> = {
  linear: (v) => 1 + v,
  truncated: (v, [lower, upper]) => Math.min(Math.max(1 + v, lower), upper),
  raking: (v) => Math.exp(v),
  logit: (v, [lower, upper]) => {
    const a = (upper - lower) / ((1 - lower) * (upper - 1))
    const e = Math.exp(a * v)
    return e === Number.POSITIVE_INFINITY
      ? upper
      : (lower * (upper - 1) + upper * (1 - lower) * e) / (upper - 1 + (1 - lower) * e)
  },
  sinh: (v) => {
    const y = Math.asinh(2 * v)
    return y / 2 + Math.sqrt(y ** 2 / 4 + 1)
  },
}

describe('calibration of any small problem', () => {
  it.each(Object.keys(inverses) as CalibrationDistance[])(
    '%s meets the totals at multipliers F(Aλ), or a proof holds in exact arithmetic that none do',
    (distance) => {
      const seen = { converged: 0, infeasible: 0 }
      fc.assert(
        fc.property(small, (problem) => {
          using native = new ReweightProblem(dataOf(problem))
          // The dual values of sinh grow like exp(1/g) and exp(g): beyond some tens they are no numbers any more.
          if (distance === 'sinh') fc.pre(isModerate(native))
          const answer = native.calibrateSync({ distance, threads: 1 })
          expect(['converged', 'infeasible']).toContain(answer.status)
          seen[answer.status as keyof typeof seen] += 1
          if (answer.status === 'infeasible') {
            expectContradiction(problem, distance, answer.infeasibility!.combination)
            return
          }
          totalsOf(problem, answer.multipliers).forEach((total, j) => {
            const miss = total.minus(Rational.of(problem.totals[j]!)).abs()
            expect(miss.compare(Rational.of(1e-9 * problem.totals[j]!)) <= 0n).toBe(true)
          })
          answer.multipliers.forEach((m, i) => {
            const v = answer.lambda.reduce((sum, l, j) => sum + l * problem.columns[j]![i]!, 0)
            const scale = answer.lambda.reduce((sum, l, j) => sum + Math.abs(l * problem.columns[j]![i]!), 1)
            const expected = inverses[distance](v, problem.bounds)
            expect(Math.abs(m - expected)).toBeLessThanOrEqual(1e-11 * scale * Math.max(1, Math.abs(m)))
          })
        }),
        { numRuns: 150 },
      )
      expect(Math.min(seen.converged, seen.infeasible)).toBeGreaterThan(5)
    },
  )
})

/** Whether raking, which allows the same multipliers, needs none far from 1. */
function isModerate(problem: ReweightProblem): boolean {
  const { status, distribution } = problem.calibrateSync({ distance: 'raking' })
  return status === 'infeasible' || (distribution.minimum > 0.1 && distribution.maximum < 10)
}

/** The combination of exact totals proves that no multipliers that the distance allows meet them. */
function expectContradiction(problem: SmallProblem, distance: CalibrationDistance, y: readonly number[]) {
  const exactly = (j: number) => [problem.totals[j]!, problem.totals[j]!] as const
  if (distance === 'truncated' || distance === 'logit') {
    expect(proves(problem, y, exactly, problem.bounds)).toBe(true)
    return
  }
  const required = sumOf(y.map((v, j) => product(v, problem.totals[j]!)))
  const signs = problem.designWeights.map((_, i) =>
    sumOf(y.map((v, j) => product(v, problem.columns[j]![i]!))).compare(ZERO),
  )
  if (distance === 'linear') {
    expect(signs.every((sign) => sign === 0n)).toBe(true)
    expect(required.compare(ZERO) > 0n).toBe(true)
  } else {
    // Positive multipliers give the combination at most 0, and less if a sign is negative.
    expect(signs.every((sign) => sign <= 0n)).toBe(true)
    const isLess = signs.some((sign) => sign < 0n)
    expect(required.compare(ZERO) > 0n || (isLess && required.compare(ZERO) >= 0n)).toBe(true)
  }
}

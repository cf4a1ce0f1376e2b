import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  digest,
  REWEIGHT_STATUSES,
  type ReweightData,
  type ReweightMethod,
  ReweightProblem,
  type ReweightResult,
  reweight,
} from '../../ts/index.js'
import { exactOptimum, halfUlp, type SmallProblem } from './exact-optimum.js'
import { households, national } from './problems.js'
import { Rational } from './rational.js'

const methods: ReweightMethod[] = ['auto', 'newton', 'lbfgsb', 'clarabel']

const dataOf = ({ columns, designWeights, totals, scales, lower, upper }: SmallProblem): ReweightData => ({
  matrix: { format: 'columns', columns },
  designWeights,
  targets: totals.map((total, j) => (scales[j] === undefined ? { total } : { total, scale: scales[j] })),
  bounds: [lower, upper],
})

const small: fc.Arbitrary<SmallProblem> = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
  .chain(([n, k]) =>
    fc.record({
      columns: fc.array(list(n, fc.oneof(fc.constant(0), fc.integer({ min: -6, max: 6 }))), length(k)),
      designWeights: list(
        n,
        fc.double({ min: 0.1, max: 1000, noNaN: true }).map((w) => w || 1),
      ),
      totals: list(
        k,
        fc.integer({ min: -5000, max: 5000 }).filter((t) => t !== -1),
      ),
      scales: list(k, fc.constantFrom(undefined, undefined, 1, -3, 1e4)),
      lower: list(n, fc.constantFrom(0.1, 0.5, 1, -2)),
      upper: list(n, fc.constantFrom(1, 1.25, 10)),
      penalty: fc.constantFrom(1e-6, 1e-2, 1, 100),
    }),
  )

function length(exactly: number) {
  return { minLength: exactly, maxLength: exactly }
}

function list<T>(n: number, element: fc.Arbitrary<T>) {
  return fc.array(element, length(n))
}

/** Exact distances of an answer from the exact optimum. */
const distances = (answer: ReweightResult, optimum: Rational[]) =>
  optimum.map((m, i) => Rational.of(answer.multipliers[i]!).minus(m).abs())

describe('an answer', () => {
  it('is the exact optimum rounded to doubles; every method is as close to it as its certificate says', () => {
    fc.assert(
      fc.property(small, (problem) => {
        const optimum = exactOptimum(problem)
        fc.pre(optimum !== undefined)
        using native = new ReweightProblem(dataOf(problem))
        for (const method of methods) {
          const answer = native.solveSync({ method, penalty: problem.penalty, threads: 1 })
          const { distanceBound, boundBeforeRounding } = answer.certificate
          const limit = Number.isFinite(distanceBound) ? Rational.of(distanceBound) : undefined
          distances(answer, optimum).forEach((distance, i) => {
            if (limit !== undefined) expect(distance.compare(limit) <= 0n).toBe(true)
            if (answer.method !== 'newton') return
            const rounding = halfUlp(answer.multipliers[i]! || Number.MIN_VALUE)
            expect(distance.compare(rounding.plus(Rational.of(boundBeforeRounding))) <= 0n).toBe(true)
          })
          expect(answer.status === 'converged').toBe(distanceBound <= 1e-9)
          if (method === 'newton') expect(boundBeforeRounding).toBeLessThan(1e-16)
          if (method === 'newton' || method === 'auto') expect(answer.status).toBe('converged')
        }
      }),
      { numRuns: 100 },
    )
  })

  it('is certified by all methods alike', () => {
    using problem = new ReweightProblem(national(150, 12))
    const answers = methods.map((method) =>
      problem.solveSync({ method, tolerance: method === 'clarabel' ? 1 : 1e-2 }),
    )
    const [auto, newton, ...others] = answers as [ReweightResult, ReweightResult, ...ReweightResult[]]
    expect(auto.method).toBe('newton')
    expect(auto.digest).toBe(newton.digest)
    for (const answer of [auto, newton, ...others]) {
      expect(answer.status).toBe('converged')
      expect(answer.message).toBe(REWEIGHT_STATUSES.converged)
      const sum = answer.certificate.distanceBound + newton.certificate.distanceBound
      answer.multipliers.forEach((m, i) => {
        expect(Math.abs(m - newton.multipliers[i]!)).toBeLessThanOrEqual(sum)
      })
    }
  })

  it('consists of typed arrays and rows that belong together', async () => {
    const answer = await reweight(households, { penalty: 1e-6 })
    for (const [name, length] of Object.entries({ weights: 4, multipliers: 4, dual: 2, dualLow: 2 })) {
      const vector = answer[name as 'weights']
      expect(vector).toBeInstanceOf(Float64Array)
      expect(vector).toHaveLength(length)
    }
    const weights = Array.from(answer.multipliers, (m, i) => households.designWeights[i]! * m)
    expect([...answer.weights]).toEqual(weights)
    expect(answer.digest).toBe(digest(answer.multipliers))
    expect(answer.targets.map((row) => row.name)).toEqual(['households', 'children'])
    const [first, second] = answer.targets
    expect(first).toMatchObject({ target: 420, before: 400, impossible: false })
    expect(second).toMatchObject({ target: 400, before: 320 })
    expect(first!.after).toBeCloseTo(
      weights.reduce((a, b) => a + b),
      9,
    )
    expect(second!.relativeError).toBeCloseTo((second!.after - 400) / 400, 12)
    expect(second!.price).toBeCloseTo(-answer.dual[1]! * 401, 12)
    expect(answer.attempts).toMatchObject([{ method: 'newton', outcome: 'converged' }])
    expect(answer.iterations).toBe(answer.attempts[0]!.iterations)
    expect(answer.distribution).toMatchObject({
      minimum: Math.min(...answer.multipliers),
      maximum: Math.max(...answer.multipliers),
      sumOfWeightsBefore: 400,
    })
    expect(answer.distribution.quantiles.find((q) => q.probability === 0.5)!.value).toBe(
      [...answer.multipliers].sort((a, b) => a - b)[1],
    )
    expect(answer.distribution.effectiveSampleSize).toBeCloseTo(4 / answer.distribution.designEffect, 12)
  })

  it('is the same for every form of the matrix', () => {
    const triples = {
      format: 'triples',
      rows: Uint32Array.of(3, 1, 2, 0, 1, 2, 1),
      columns: Uint32Array.of(0, 1, 1, 0, 0, 0, 1),
      values: Float64Array.of(1, 0.5, 1, 1, 1, 1, 1.5),
    } as const
    const csc = {
      format: 'csc',
      columnStarts: Uint32Array.of(0, 4, 6),
      rowIndices: Uint32Array.of(0, 1, 2, 3, 1, 2),
      values: Float64Array.of(1, 1, 1, 1, 2, 1),
    } as const
    const digests = [households.matrix, triples, csc].map((matrix) => {
      using problem = new ReweightProblem({ ...households, matrix })
      expect(problem).toMatchObject({ numRecords: 4, numTargets: 2, numNonzeros: 6 })
      return problem.solveSync().digest
    })
    expect(new Set(digests).size).toBe(1)
  })

  it('has the same bits whatever the number of threads', async () => {
    using problem = new ReweightProblem(national(6000, 80))
    const options = { penalty: 1e-4, method: 'newton' } as const
    const answers = await Promise.all([1, 2, 4, 8].map((threads) => problem.solve({ ...options, threads })))
    expect(new Set(answers.map((answer) => answer.digest)).size).toBe(1)
    expect(answers.map((answer) => answer.timing.threads)).toEqual([1, 2, 4, 8])
    expect(problem.solveSync(options).digest).toBe(answers[0]!.digest)
  })

  it('is the same from any start', () => {
    using problem = new ReweightProblem(national(500, 40))
    const cold = problem.solveSync()
    const fromDual = problem.solveSync({ startDual: cold.dual })
    const fromMultipliers = problem.solveSync({ startMultipliers: [...cold.multipliers] })
    expect(fromDual.digest).toBe(cold.digest)
    expect(fromMultipliers.digest).toBe(cold.digest)
    expect(fromDual.iterations).toBeLessThan(cold.iterations)
  })

  it('needs no work where the design weights meet every target', () => {
    const targets = [{ total: 400 }, { total: 320 }]
    const answer = new ReweightProblem({ ...households, targets }).solveSync()
    expect(answer).toMatchObject({ status: 'converged', iterations: 0, certificate: { distanceBound: 0 } })
    expect([...answer.multipliers]).toEqual([1, 1, 1, 1])
  })

  it('names targets that nobody counts for, and bounds that exclude 1', () => {
    const answer = new ReweightProblem({
      ...households,
      matrix: {
        format: 'columns',
        columns: [
          [1, 1, 1, 1],
          [0, 0, 0, 0],
        ],
      },
      bounds: [0.1, [10, 10, 0.9, 10]],
    }).solveSync()
    expect(answer.status).toBe('converged')
    expect(answer.impossibleTargets).toEqual([1])
    expect(answer.targets[1]!.impossible).toBe(true)
    expect(answer.multipliers[2]).toBeLessThanOrEqual(0.9)
    expect(answer.warnings).toEqual([
      expect.stringMatching(/the bounds of 1 records exclude 1/),
      expect.stringMatching(/no record counts for 1 of the targets.*children/),
    ])
  })
})

describe('a limit', () => {
  it('on the iterations is a status, with the bound that holds for the point', () => {
    const data = national(500, 60)
    using problem = new ReweightProblem(data)
    const optimum = problem.solveSync()
    const early = problem.solveSync({ method: 'lbfgsb', maxIterations: 2 })
    expect(early.status).toBe('iteration_limit')
    expect(early.message).toBe(REWEIGHT_STATUSES.iteration_limit)
    expect(early.attempts).toMatchObject([{ method: 'lbfgsb', outcome: 'iteration_limit', iterations: 2 }])
    const distance = Math.max(...early.multipliers.map((m, i) => Math.abs(m - optimum.multipliers[i]!)))
    expect(distance).toBeGreaterThan(1e-3)
    expect(distance).toBeLessThanOrEqual(early.certificate.distanceBound)
  })

  it('on the tolerance that nobody reaches is not called converged, and the ladder is climbed', () => {
    using problem = new ReweightProblem(households)
    const answer = problem.solveSync({ tolerance: 1e-30, penalty: 1e-3 })
    expect(answer.status).toBe('not_certified')
    expect(answer.attempts.map((attempt) => attempt.method)).toEqual(['newton', 'lbfgsb', 'clarabel'])
    expect(answer.method).toBe('newton')
  })
})

describe('sweep', () => {
  it('gives what single solves give', async () => {
    using problem = new ReweightProblem(national(800, 50))
    const penalties = [1, 1e-2, 1e-4]
    const swept = await problem.sweep(penalties, { threads: 1 })
    const single = penalties.map((penalty) => problem.solveSync({ penalty, threads: 1 }))
    expect(swept.map((answer) => answer.digest)).toEqual(single.map((answer) => answer.digest))
    expect(swept.every((answer) => answer.status === 'converged')).toBe(true)
    expect(await problem.sweep([])).toEqual([])
  })

  it('names the penalty that is wrong, before any work', async () => {
    using problem = new ReweightProblem(households)
    await expect(problem.sweep([1e-2, -1])).rejects.toMatchObject({
      path: 'penalties[1]',
      code: 'out_of_range',
    })
  })
})

describe('update', () => {
  it('is like a new problem', () => {
    using problem = new ReweightProblem(national(400, 30))
    const designWeights = Float64Array.from({ length: 400 }, (_, i) => 10 + (i % 7))
    const targets = Array.from({ length: 30 }, (_, j) => ({ name: `t${j}`, total: 1000 + 10 * j }))
    const bounds = [0.5, new Float64Array(400).fill(3)] as const
    problem.update({ designWeights, targets })
    problem.update({ bounds })
    const fresh = new ReweightProblem({ ...national(400, 30), designWeights, targets, bounds })
    const answer = problem.solveSync()
    expect(answer.digest).toBe(fresh.solveSync().digest)
    expect(answer.targets[7]!.name).toBe('t7')
  })

  it('changes nothing if a part of it is wrong', () => {
    using problem = new ReweightProblem(households)
    const before = problem.solveSync().digest
    const designWeights = [1, 2, 3, 4]
    expect(() => problem.update({ designWeights, bounds: [2, 1] })).toThrow(/bounds\[0\]/)
    expect(() => problem.update({ designWeights, targets: [{ total: 1 }] })).toThrow(/targets/)
    expect(problem.solveSync().digest).toBe(before)
  })

  it('leaves running solves their data', async () => {
    using problem = new ReweightProblem(national(3000, 60))
    const before = problem.solveSync().digest
    const running = problem.solve()
    problem.update({ bounds: [0.9, 1.1] })
    expect((await running).digest).toBe(before)
    expect(problem.solveSync().digest).not.toBe(before)
  })
})

describe('certify', () => {
  it('repeats the certificate of a solve from its answer alone', () => {
    using problem = new ReweightProblem(national(300, 30))
    const answer = problem.solveSync()
    const check = problem.certify(answer, { penalty: 1e-2 })
    expect(check.certificate).toEqual(answer.certificate)
    expect(check.targets).toEqual(answer.targets)
    expect(check.digest).toBe(answer.digest)
    expect(Math.max(...check.distanceBounds)).toBe(answer.certificate.distanceBound)
  })

  it('does not believe an answer that is off', () => {
    using problem = new ReweightProblem(national(300, 30))
    const answer = problem.solveSync()
    const multipliers = answer.multipliers.slice()
    multipliers[17]! += 1e-3
    const check = problem.certify({ ...answer, multipliers }, { penalty: 1e-2, threads: 1 })
    expect(check.certificate.distanceBound).toBeGreaterThanOrEqual(1e-3 * (1 - 1e-9))
    expect(check.distanceBounds.findIndex((bound) => bound > 9e-4)).toBe(17)
    // Without its dual point even a perfect answer has a weaker bound, never a wrong one.
    const alone = problem.certify({ multipliers: answer.multipliers }, { penalty: 1e-2 })
    expect(alone.certificate.distanceBound).toBeGreaterThanOrEqual(answer.certificate.distanceBound)
  })
})

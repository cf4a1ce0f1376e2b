import { describe, expect, it } from 'vitest'
import { BAND_STATUSES, type BandResult, digest, type ReweightData, ReweightProblem } from '../../ts/index.js'
import { households, national } from './problems.js'

const methods = ['auto', 'proximal_newton', 'clarabel'] as const

describe('a band answer', () => {
  it('consists of typed arrays and rows that belong together', async () => {
    using problem = new ReweightProblem(households)
    const answer = await problem.solveBands()
    expect(answer).toMatchObject({
      status: 'converged',
      message: BAND_STATUSES.converged,
      infeasibility: null,
    })
    for (const [name, length] of Object.entries({ weights: 4, multipliers: 4, dual: 2, dualLow: 2 })) {
      const vector = answer[name as 'weights']
      expect(vector).toBeInstanceOf(Float64Array)
      expect(vector).toHaveLength(length)
    }
    const weights = Array.from(answer.multipliers, (m, i) => households.designWeights[i]! * m)
    expect([...answer.weights]).toEqual(weights)
    expect(answer.digest).toBe(digest(answer.multipliers))
    const [first, second] = answer.targets
    expect(first).toMatchObject({ name: 'households', target: 420, before: 400, impossible: false })
    expect(second).toMatchObject({ name: 'children', target: 400, before: 320, binding: 'lower' })
    expect(second!.lower).toBeCloseTo(398, 12)
    expect(second!.upper).toBeCloseTo(402, 12)
    expect(second!.after).toBeCloseTo(2 * weights[1]! + weights[2]!, 9)
    expect(second!.relativeError).toBeCloseTo((second!.after - 400) / 400, 12)
    expect(second!.outside).toBeCloseTo(398 - second!.after, 9)
    expect(second!.outside).toBeGreaterThan(0)
    expect(second!.pricePerUnit).toBe(-answer.dual[1]!)
    expect(second!.pricePerPercent).toBeCloseTo(-4 * Math.abs(answer.dual[1]!), 12)
    expect(answer.certificate.distance).toBeCloseTo(
      answer.multipliers.reduce((sum, m) => sum + (m - 1) ** 2, 0),
      12,
    )
    expect(answer.attempts).toMatchObject([{ method: 'proximal_newton', outcome: 'converged' }])
    expect(answer.iterations).toBe(answer.attempts[0]!.iterations)
  })

  it('is certified by all methods alike, on either thread', async () => {
    using problem = new ReweightProblem(national(150, 12))
    const options = methods.map((method) => ({ method, tolerance: method === 'clarabel' ? 1e-2 : 1e-9 }))
    const answers = options.map((o) => problem.solveBandsSync(o))
    const [auto, newton, clarabel] = answers as [BandResult, BandResult, BandResult]
    expect(auto.digest).toBe(newton.digest)
    expect((await problem.solveBands({ threads: 2 })).digest).toBe(newton.digest)
    for (const answer of answers) expect(answer.status).toBe('converged')
    const allowed = clarabel.certificate.distanceBound + newton.certificate.distanceBound
    clarabel.multipliers.forEach((m, i) => {
      expect(Math.abs(m - newton.multipliers[i]!)).toBeLessThanOrEqual(allowed)
    })
  })

  it('keeps hard bands, or proves that they cannot hold', () => {
    using problem = new ReweightProblem(households)
    const kept = problem.solveBandsSync({ weight: 'hard' })
    expect(kept.status).toBe('converged')
    expect(kept.certificate.bandCost).toBe(0)
    for (const row of kept.targets) expect(row.outside).toBeLessThan(1e-12 * row.target)
    problem.update({ bounds: [0.9, 1.1] })
    const refused = problem.solveBandsSync({ weight: 'hard' })
    expect(refused).toMatchObject({ status: 'infeasible', message: BAND_STATUSES.infeasible })
    // 2·120·m₁ + 80·m₂ is at most 352 where 398 is asked for.
    const { direction, margin } = refused.infeasibility!
    expect(margin).toBeGreaterThan(0)
    expect(direction).toHaveLength(2)
  })
})

describe('overrides', () => {
  const data = national(400, 30)
  const names = data.targets.map((target) => target.name!)
  const patterns = { first: names[0]!, two: `${names[1]!.slice(0, -1)}?` }

  it('give targets by pattern other bands and weights, the later one winning', () => {
    using problem = new ReweightProblem(data)
    const { targets } = problem.solveBandsSync({
      band: 0.01,
      overrides: [
        { match: '*', band: 0.02 },
        { match: patterns.first, band: { absolute: 5 } },
        { match: patterns.two, band: { lower: 0, upper: 1e9 } },
        { match: 'nobody*', band: 1, optional: true },
      ],
    })
    const [first, second, third] = targets
    expect(first!.upper - first!.target).toBeCloseTo(5, 6)
    expect([second!.lower, second!.upper]).toEqual([0, 1e9])
    expect(third!.upper / third!.target).toBeCloseTo(1.02, 12)
  })

  it('mix hard bands, elastic ones and penalised targets in one problem', () => {
    using problem = new ReweightProblem(households)
    const mixed = problem.solveBandsSync({
      band: 0,
      weight: 10,
      overrides: [{ match: 'households', band: 0.01, weight: 'hard' }],
    })
    const [hard, soft] = mixed.targets
    expect([hard!.weight, soft!.weight]).toEqual(['hard', 10])
    expect(mixed.status).toBe('converged')
    expect(hard!.outside).toBeLessThan(1e-12 * hard!.target)
    expect(soft!.outside).toBeGreaterThan(1)
    // The cost of the penalised miss is M·(miss/|total|)², its price the derivative of that.
    const miss = soft!.outside / soft!.target
    expect(mixed.certificate.bandCost).toBeCloseTo(10 * miss ** 2, 12)
    expect(soft!.pricePerUnit).toBeCloseTo((2 * 10 * miss) / soft!.target, 12)
  })

  it('and importance are weights by another name', () => {
    using problem = new ReweightProblem(households)
    const byImportance = problem.solveBandsSync({ weight: 100, importance: [2, 0.5] })
    const byWeight = problem.solveBandsSync({
      overrides: [
        { match: 'households', weight: 200 },
        { match: 'children', weight: 50 },
      ],
    })
    expect(byImportance.digest).toBe(byWeight.digest)
    expect(byImportance.targets.map((row) => row.weight)).toEqual([200, 50])
    const even = problem.solveBandsSync({ weight: 100 })
    expect(byImportance.targets[1]!.outside).toBeGreaterThan(even.targets[1]!.outside)
  })
})

describe('certifyBands', () => {
  it('repeats the certificate of a solve from its answer alone', () => {
    using problem = new ReweightProblem(national(300, 30))
    const answer = problem.solveBandsSync({ weight: 1e3 })
    const check = problem.certifyBands(answer, { weight: 1e3 })
    expect(check.certificate).toEqual(answer.certificate)
    expect(check.targets).toEqual(answer.targets)
    expect(check).toMatchObject({ digest: answer.digest, isCertified: true })
    expect(Math.max(...check.distanceBounds)).toBe(answer.certificate.distanceBound)
  })

  it('does not believe an answer that is off, or one of other bands', () => {
    using problem = new ReweightProblem(national(300, 30))
    const answer = problem.solveBandsSync()
    const multipliers = answer.multipliers.slice()
    multipliers[17]! += 1e-3
    const check = problem.certifyBands({ ...answer, multipliers }, { threads: 1 })
    expect(check.isCertified).toBe(false)
    expect(check.distanceBounds[17]).toBeGreaterThanOrEqual(1e-3 * (1 - 1e-9))
    expect(problem.certifyBands(answer, { band: 0.004 }).isCertified).toBe(false)
    const alone = problem.certifyBands({ multipliers: answer.multipliers })
    expect(alone.certificate.distanceBound).toBeGreaterThanOrEqual(answer.certificate.distanceBound)
  })

  it('and the check of a proof take nothing on trust', () => {
    using problem = new ReweightProblem({ ...households, bounds: [0.9, 1.1] })
    const options = { weight: 'hard' } as const
    const { infeasibility } = problem.solveBandsSync(options)
    const { direction, margin } = infeasibility!
    expect(problem.certifyBandInfeasibility(direction, options)).toBe(margin)
    expect(problem.certifyBandInfeasibility([0, 1], options)).toBeLessThan(0)
    const elastic = () => problem.certifyBandInfeasibility(direction)
    expect(elastic).toThrow(expect.objectContaining({ code: 'out_of_range', path: 'direction[1]' }))
    const short = () => problem.certifyBandInfeasibility([1], options)
    expect(short).toThrow(expect.objectContaining({ code: 'dimension', path: 'direction' }))
  })
})

describe('solveBandsByPriority', () => {
  /** Two classes of 60 that make up a total of 100: any two of the three can hold. */
  const classes: ReweightData = {
    matrix: {
      format: 'columns',
      columns: [
        [1, 0, 0],
        [0, 1, 1],
        [1, 1, 1],
      ],
    },
    designWeights: [50, 25, 25],
    targets: [
      { name: 'urban', total: 60 },
      { name: 'rural', total: 60 },
      { name: 'all', total: 100 },
    ],
  }

  it('meets the first ranks, and the last as far as they leave room', async () => {
    using problem = new ReweightProblem(classes)
    for (const [ranks, missed, by] of [
      [[0, 0, 1], 2, 20],
      [[5, 9, 5], 1, 20],
      [[1, 0, 0], 0, 20],
    ] as const) {
      const { ranks: rows, answer, outside } = await problem.solveBandsByPriority(ranks, { band: 0 })
      expect(answer.status).toBe('converged')
      expect(rows.every((row) => row.isProven)).toBe(true)
      expect(rows.map((row) => row.rank)).toEqual([...new Set(ranks)].sort())
      expect(rows[0]!.violation).toBeLessThan(1e-12)
      expect(rows[1]!.targets).toEqual([missed])
      expect(rows[1]!.violationBound).toBeLessThanOrEqual(rows[1]!.violation)
      outside.forEach((distance, j) => {
        expect(distance).toBeCloseTo(j === missed ? by : 0, 5)
      })
    }
  })

  it('shares a miss inside a rank by importance', async () => {
    using problem = new ReweightProblem(classes)
    // The least 3a² + b² with a + b = 20.
    const { outside } = await problem.solveBandsByPriority([1, 1, 0], { band: 0, importance: [3, 1, 1] })
    expect([...outside].map((distance) => Number(distance.toFixed(4)))).toEqual([5, 15, 0])
  })

  it('answers to its signal and refuses wrong ranks', async () => {
    using problem = new ReweightProblem(classes)
    const reason = new Error('not needed')
    const signal = AbortSignal.abort(reason)
    await expect(problem.solveBandsByPriority([0, 0, 1], { signal })).rejects.toBe(reason)
    const cases = [
      [[0, 1], 'dimension', 'ranks'],
      [[0, 1, -1], 'out_of_range', 'ranks[2]'],
      [[0, 'a', 1], 'wrong_type', 'ranks[1]'],
      [3, 'wrong_type', 'ranks'],
    ] as const
    for (const [ranks, code, path] of cases) {
      await expect(problem.solveBandsByPriority(ranks as never)).rejects.toMatchObject({ code, path })
    }
    await expect(problem.solveBandsByPriority([0, 0, 1], { band: -1 })).rejects.toMatchObject({
      path: 'band',
    })
  })
})

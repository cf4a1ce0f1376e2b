import { describe, expect, it } from 'vitest'
import { BAND_STATUSES, type BandResult, digest, ReweightProblem } from '../../ts/index.js'
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

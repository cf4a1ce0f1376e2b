import { describe, expect, it } from 'vitest'
import type { ReweightProblem } from '../../ts/index.js'
import { areas, travelProblem, travelReference, travelSurvey } from './cases.js'

const all: string[] = travelReference?.sets.all
const sets: Record<string, string[]> = {
  controls: all?.slice(0, 25),
  all,
  controls_without_PComm_o: all?.slice(0, 25).filter((name) => name !== 'PComm_o'),
}
const cases = Object.keys(sets).flatMap((set) => areas.map((area) => [set, area] as const))

describe.runIf(travelSurvey)('bands on the travel survey', () => {
  it.each(cases)('%s of area %i agree with the 200-bit reference', async (set, area) => {
    using problem = travelProblem(area, sets[set]!)
    const answer = await problem.solveBands()
    const expected = travelReference.band_form[set].per_area[area]
    expect(answer.status).toBe('converged')
    expect(answer.certificate.distanceBound).toBeLessThan(1e-14)
    const records: number[] = travelReference.records[area].record
    const apart = records.map((record, i) => Math.abs(answer.multipliers[record]! - Number(expected.x[i])))
    expect(Math.max(...apart)).toBeLessThan(1e-13)
    expect(answer.certificate.objective / Number(expected.objective)).toBeCloseTo(1, 13)
    expect(answer.certificate.distance / Number(expected.distance_part)).toBeCloseTo(1, 13)
    expect(answer.certificate.numAtLower).toBe(expected.n_at_lower)
    expect(answer.certificate.numAtUpper).toBe(expected.n_at_upper)
    const cosine = answer.multipliers.reduce((sum, x, i) => sum + x * Math.cos(i), 0)
    expect(cosine).toBeCloseTo(Number(expected.sum_of_x_times_cos_of_record), 9)
    const within = answer.targets.filter((row) => row.binding === 'none').map((row) => row.name)
    expect(within).toEqual(expected.within_band)
    for (const row of answer.targets.filter((target) => target.name in expected.misses)) {
      const { achieved_over_total, violation } = expected.misses[row.name]
      expect(row.after / row.target).toBeCloseTo(achieved_over_total, 12)
      expect(row.outside / row.target).toBeCloseTo(violation, 12)
    }
    expect(problem.certifyBands(answer).certificate).toEqual(answer.certificate)
  })

  it.each(cases)('%s of area %i, if hard, are met or proven to contradict one another', async (set, area) => {
    using problem = travelProblem(area, sets[set]!)
    const answer = await problem.solveBands({ weight: 'hard' })
    const { every_band_reachable } = travelReference.band_form[set].per_area[area]
    expect(answer.status).toBe(every_band_reachable ? 'converged' : 'infeasible')
    if (every_band_reachable) expectWithinBands(answer)
    else {
      const { direction, margin } = answer.infeasibility!
      expect(margin).toBeGreaterThan(0)
      expect(problem.certifyBandInfeasibility(direction, { weight: 'hard' })).toBe(margin)
    }
  })

  it.each(areas)('area %i: what cannot be met goes elastic, everything else stays hard', async (area) => {
    using problem = travelProblem(area, sets.controls!)
    const answer = await problem.solveBands({
      weight: 'hard',
      overrides: [{ match: 'PComm_?', weight: 1e4 }],
    })
    expect(answer.status).toBe('converged')
    const soft = answer.targets.filter((row) => /^PComm_.$/.test(row.name))
    expectWithinBands({ targets: answer.targets.filter((row) => !soft.includes(row)) })
    const missed = soft.filter((row) => row.outside > 0)
    expect(missed.map((row) => row.name)).toContain('PComm_o')
    // The price of a total outside an elastic band is the derivative of M·(outside/|total|)².
    for (const row of missed) {
      const slope = (2 * 1e4 * row.outside) / row.target ** 2
      expect(Math.abs(row.pricePerUnit) / slope).toBeCloseTo(1, 9)
    }
  })
})

function expectWithinBands({ targets }: Pick<Awaited<ReturnType<ReweightProblem['solveBands']>>, 'targets'>) {
  for (const row of targets) expect(row.outside / Math.abs(row.target)).toBeLessThan(1e-12)
}

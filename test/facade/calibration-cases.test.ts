import { describe, expect, it } from 'vitest'
import { ReweightProblem } from '../../ts/index.js'
import { areas, survey, surveyCase, travelProblem, travelReference, travelSurvey } from './cases.js'

const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0)

describe.runIf(survey)("CALMAR's weights", () => {
  const cases = [
    ['calmar_lin', 'linear', 1e-7],
    ['calmar_raking', 'raking', 1e-7],
    ['calmar_logit', 'logit', 1e-7],
    // Printed to four decimals, of weights near 15.
    ['movies_Linear', 'linear', 5.1e-5 / 15],
    ['movies_Raking', 'raking', 5.1e-5 / 15],
    ['movies_Logit', 'logit', 5.1e-5 / 15],
  ] as const

  it.each(cases)('%s', async (name, distance, tolerance) => {
    const { data, published } = surveyCase(name)
    using problem = new ReweightProblem(data)
    const answer = await problem.calibrate({ distance })
    expect(answer.status).toBe('converged')
    expect(answer.certificate.constraintResidual).toBeLessThan(1e-9)
    const mean = sum(published.w_reference_calmar!) / published.d.length
    const apart = (reference: readonly number[]) =>
      Math.max(...answer.weights.map((w, i) => Math.abs(w - reference[i]!))) / mean
    expect(apart(published.w_reference_calmar!)).toBeLessThan(tolerance)
    expect(apart(published.w_recomputed_newton)).toBeLessThan(1e-9)
    // Each set of category totals sums to one population.
    const dependent = answer.targets.filter((row) => row.dependent)
    expect(dependent).toHaveLength(name.startsWith('calmar') ? 1 : 2)
    expect(answer.certificate.numDependent).toBe(dependent.length)
  })

  it('that limits on the ratio exclude are proven impossible', () => {
    const { data } = surveyCase('movies_Linear')
    using problem = new ReweightProblem(data)
    const statusOf = (lower: number, upper: number, distance: 'truncated' | 'logit') => {
      problem.update({ bounds: [lower, upper] })
      return problem.calibrateSync({ distance }).status
    }
    for (const distance of ['truncated', 'logit'] as const) {
      expect(statusOf(0.6, 2, distance)).toBe('infeasible')
      expect(statusOf(0.5, 1.5, distance)).toBe('infeasible')
    }
    // The largest lower ratio that leaves an answer is 0.4678899.
    expect(statusOf(0.4678, 2, 'truncated')).toBe('converged')
    expect(statusOf(0.4679, 2, 'truncated')).toBe('infeasible')
  })

  it('the school survey is raked as the R package survey does', async () => {
    const { data, published } = surveyCase('api_rake_stype_schwide')
    using problem = new ReweightProblem(data)
    const { status, weights } = await problem.calibrate({ distance: 'raking' })
    expect(status).toBe('converged')
    const total = (values: readonly number[]) => sum(weights.map((w, i) => w * values[i]!))
    expect(total(published.y_api00!) / sum(weights)).toBeCloseTo(641.2303209, 6)
    expect(total(published.y_enroll!)).toBeCloseTo(3647280.148, 3)
  })
})

const sets = Object.keys(travelReference?.calibration ?? {})
const cases = sets.flatMap((set) =>
  (['linear', 'raking', 'logit'] as const).flatMap((distance) =>
    areas.map((area) => [set, distance, area] as const),
  ),
)

describe.runIf(travelSurvey)('calibration of the travel survey', () => {
  it.each(cases)(
    '%s, %s, area %i: the reference, or a proof that there is none',
    async (set, distance, area) => {
      const { targets, per_area } = travelReference.calibration[set]
      const expected = per_area[area][distance]
      using problem = travelProblem(area, targets)
      const answer = await problem.calibrate({ distance })
      if (!expected.feasible) {
        expect(answer.status).toBe('infeasible')
        expect(answer.infeasibility!.gap).toBeGreaterThan(0)
        return
      }
      expect(answer.status).toBe('converged')
      expect(answer.certificate.constraintResidual).toBeLessThan(1e-12)
      const records: number[] = travelReference.records[area].record
      const apart = records.map((record, i) => {
        const g = Number(expected.g[i])
        return Math.abs(answer.multipliers[record]! - g) / Math.max(Math.abs(g), 1)
      })
      expect(Math.max(...apart)).toBeLessThan(1e-10)
      expect(answer.certificate.objective / Number(expected.distance)).toBeCloseTo(1, 12)
      expect(sum(answer.multipliers) / Number(expected.sum_of_g)).toBeCloseTo(1, 12)
    },
  )
})

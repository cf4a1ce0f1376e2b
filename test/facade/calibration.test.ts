import { describe, expect, it } from 'vitest'
import { CALIBRATION_DISTANCES, CALIBRATION_STATUSES, digest, ReweightProblem } from '../../ts/index.js'
import { households, reachable } from './problems.js'

describe('a calibration', () => {
  it('meets the totals, with rows and typed arrays that belong together', async () => {
    using problem = new ReweightProblem(households)
    for (const distance of CALIBRATION_DISTANCES) {
      const answer = await problem.calibrate({ distance })
      expect(answer).toMatchObject({
        status: 'converged',
        message: CALIBRATION_STATUSES.converged,
        infeasibility: null,
      })
      expect(problem.calibrateSync({ distance, threads: 1 }).digest).toBe(answer.digest)
      for (const [name, length] of Object.entries({ weights: 4, multipliers: 4, lambda: 2, lambdaLow: 2 })) {
        const vector = answer[name as 'weights']
        expect(vector).toBeInstanceOf(Float64Array)
        expect(vector).toHaveLength(length)
      }
      const weights = Array.from(answer.multipliers, (m, i) => households.designWeights[i]! * m)
      expect([...answer.weights]).toEqual(weights)
      expect(weights[0]! + weights[1]! + weights[2]! + weights[3]!).toBeCloseTo(420, 9)
      expect(2 * weights[1]! + weights[2]!).toBeCloseTo(400, 9)
      expect(answer.digest).toBe(digest(answer.multipliers))
      expect(answer.certificate.distanceBound).toBeLessThan(1e-15)
      expect(answer.targets[1]).toMatchObject({
        name: 'children',
        target: 400,
        before: 320,
        lambda: answer.lambda[1],
        relaxed: false,
        dependent: false,
        impossible: false,
      })
    }
  })

  it('says which totals contradict one another', () => {
    using problem = new ReweightProblem({ ...households, bounds: [0.9, 1.1] })
    const answer = problem.calibrateSync({ distance: 'truncated' })
    expect(answer.status).toBe('infeasible')
    expect(answer.message).toMatch(/children/)
    const { combination, targets, required, attainable, gap } = answer.infeasibility!
    expect(targets).toEqual([1])
    expect(combination[0]).toBe(0)
    expect(required - attainable).toBeGreaterThanOrEqual(gap)
    expect(gap).toBeGreaterThan(0)
  })
})

describe('certifyCalibration', () => {
  it('repeats the certificate of a calibration from its answer alone', () => {
    using problem = new ReweightProblem({ ...reachable(300, 20), bounds: [0.25, 4] })
    for (const distance of CALIBRATION_DISTANCES) {
      const answer = problem.calibrateSync({ distance })
      const check = problem.certifyCalibration(answer, { distance })
      expect(check.certificate).toEqual(answer.certificate)
      expect(check.targets).toEqual(answer.targets)
      expect(check).toMatchObject({ digest: answer.digest, isCertified: true })
      expect(Math.max(...check.distanceBounds)).toBe(answer.certificate.distanceBound)
    }
  })

  it('finds λ where it is not given', () => {
    using problem = new ReweightProblem(households)
    const { multipliers, certificate } = problem.calibrateSync({ distance: 'raking' })
    const check = problem.certifyCalibration({ multipliers }, { distance: 'raking' })
    expect(check.isCertified).toBe(true)
    expect(check.certificate.distanceBound).toBeGreaterThanOrEqual(certificate.distanceBound)
    expect(check.certificate.distanceBound).toBeLessThan(1e-11)
  })

  it('does not believe an answer that is off, or one of another distance', () => {
    using problem = new ReweightProblem(households)
    const answer = problem.calibrateSync({ distance: 'raking' })
    const multipliers = answer.multipliers.slice()
    multipliers[2]! += 1e-3
    const check = problem.certifyCalibration({ ...answer, multipliers }, { distance: 'raking' })
    expect(check.isCertified).toBe(false)
    expect(check.distanceBounds[2]).toBeGreaterThanOrEqual(1e-3 * (1 - 1e-9))
    expect(problem.certifyCalibration(answer, { distance: 'linear' }).isCertified).toBe(false)
    const short = () => problem.certifyCalibration({ multipliers: [1] })
    expect(short).toThrow(expect.objectContaining({ code: 'dimension', path: 'multipliers' }))
  })
})

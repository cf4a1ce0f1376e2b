import { describe, expect, it } from 'vitest'
import { type MinimizeOptions, minimizeSync } from '../../ts/index.js'

const n = 40
const weight = (j: number) => 1 + (j % 8)
const centre = (j: number) => (j % 3) - 0.5

/** Σ wⱼ(xⱼ − tⱼ)² over Σx = 5 and 0 ≤ x ≤ 1. */
const solve = (options: NonNullable<MinimizeOptions['options']>) =>
  minimizeSync(
    (x) => x.reduce((sum, value, j) => sum + weight(j) * (value - centre(j)) ** 2, 0),
    new Float64Array(n),
    {
      gradient: (x) => x.map((value, j) => 2 * weight(j) * (value - centre(j))),
      hessianProduct: (_, v) => v.map((value, j) => 2 * weight(j) * value),
      bounds: Array.from({ length: n }, () => [0, 1] as const),
      constraints: {
        type: 'eq',
        fun: (x) => x.reduce((sum, value) => sum + value, -5),
        jac: () => new Float64Array(n).fill(1),
      },
      options,
    },
  )

describe('the inner solver', () => {
  it.each(['projected_cg_cholesky', 'projected_cg_craig', 'minres_qlp', 'hr_inexact_stcg'])(
    '%s is used, and comes to the minimum',
    (innerSolver) => {
      const direct = solve({})
      const found = solve({ innerSolver })
      expect([direct.status, found.status]).toEqual(['converged', 'converged'])
      expect(found.fun).toBeCloseTo(direct.fun, 8)
      expect(found.evaluations.hessianProducts).not.toBe(direct.evaluations.hessianProducts)
      expect(found.projectedStationarity === null).toBe(innerSolver !== 'hr_inexact_stcg')
      expect(direct.projectedStationarity).toBeNull()
    },
  )

  it('counts what a prediction of active constraints did', () => {
    const { counters } = solve({ activeSetMethod: 'lpeca_init', lpecaTrustThreshold: 0 })
    expect(counters.n_lpeca_bypassed).toBeGreaterThan(0)
    expect(solve({}).counters.n_lpeca_bypassed).toBe(0)
  })
})

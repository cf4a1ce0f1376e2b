import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  type Constraint,
  LinearConstraint,
  MINIMIZE_STATUSES,
  type MinimizeStep,
  minimize,
  minimizeDefaults,
  minimizeSync,
  NonlinearConstraint,
} from '../../ts/index.js'
import { hs71, hs71Options } from './problems.js'

describe('minimize', () => {
  it('finds the published minimum of HS71, with multipliers and an independent check', async () => {
    const answer = await minimize(hs71.f, hs71.x0, hs71Options)
    expect(answer.status).toBe('converged')
    expect(answer.fun).toBeCloseTo(hs71.minimum, 6)
    expect(answer.residuals.violation).toBeLessThan(1e-7)
    expect(answer.residuals.relativeStationarity).toBeLessThan(1e-6)
    expect(answer.constraints.map(({ name }) => name)).toEqual(['product', 'sphere'])
    // f − λ·c − z·x is stationary.
    const x = answer.x
    const [product, sphere] = answer.constraints.map(({ multipliers }) => multipliers[0]!)
    expect(product).toBeGreaterThan(0)
    const slopes = hs71
      .gradient(x)
      .map(
        (g, j) =>
          g -
          product! * hs71.product.jac(x)[j]! -
          sphere! * hs71.sphere.jac(x)[j]! -
          answer.boundMultipliers[j]!,
      )
    for (const slope of slopes) expect(Math.abs(slope)).toBeLessThan(1e-5)
  })

  it('comes to the same bits on this thread, on its own, and by promises', async () => {
    const here = minimizeSync(hs71.f, hs71.x0, hs71Options)
    const there = await minimize(hs71.f, hs71.x0, hs71Options)
    const later =
      <A extends unknown[], T>(call: (...values: A) => T) =>
      async (...values: A) => {
        await turnOfLoop()
        return call(...values)
      }
    const { product, sphere } = hs71
    const promised = await minimize(later(hs71.f), hs71.x0, {
      ...hs71Options,
      gradient: later(hs71.gradient),
      constraints: [
        { ...product, fun: later(product.fun), jac: later(product.jac) },
        { ...sphere, fun: later(sphere.fun), jac: later(sphere.jac) },
      ],
    })
    expect(there).toEqual(here)
    expect(promised).toEqual(here)
  })

  it('differentiates what it is not given', async () => {
    const constraints = [hs71.product, hs71.sphere].map(({ jac: _, ...rest }) => rest)
    const answer = await minimize(hs71.f, hs71.x0, {
      bounds: hs71.bounds,
      constraints,
      options: { finiteDifferences: 'central' },
    })
    expect(answer.fun).toBeCloseTo(hs71.minimum, 5)
    expect(answer.evaluations.gradient).toBe(0)
  })

  it('takes every form of constraint that SciPy has', () => {
    // The minimum of (x − 3)² + (y − 2)² over x + y ≤ 3 is at (2, 1), with multiplier 2.
    const f = (x: Float64Array) => (x[0]! - 3) ** 2 + (x[1]! - 2) ** 2
    const gradient = (x: Float64Array) => [2 * (x[0]! - 3), 2 * (x[1]! - 2)]
    const sum = (x: Float64Array) => x[0]! + x[1]!
    const forms: [string, Constraint, number][] = [
      ['ineq', { type: 'ineq', fun: (x) => 3 - sum(x) }, 2],
      ['ineq of an array', { type: 'ineq', fun: (x) => [3 - sum(x)], jac: () => [[-1, -1]] }, 2],
      ['eq', { type: 'eq', fun: (x) => sum(x) - 3, jac: () => [1, 1] }, -2],
      ['nonlinear', new NonlinearConstraint(sum, Number.NEGATIVE_INFINITY, 3), -2],
      ['nonlinear, both sides', { fun: (x) => [sum(x)], lb: [-10], ub: [3] }, -2],
      ['nonlinear, equal', { fun: sum, lb: 3, ub: 3 }, -2],
      ['linear', new LinearConstraint([[1, 1]], Number.NEGATIVE_INFINITY, 3), -2],
      ['linear, a row', { A: [1, 1], ub: 3 }, -2],
      ['linear, equal', { A: Float64Array.of(1, 1), lb: 3, ub: [3] }, -2],
    ]
    for (const [name, constraint, multiplier] of forms) {
      const answer = minimizeSync(f, [0, 0], { gradient, constraints: constraint })
      expect([name, answer.status]).toEqual([name, 'converged'])
      expect(answer.x[0], name).toBeCloseTo(2, 5)
      expect(answer.x[1], name).toBeCloseTo(1, 5)
      expect(answer.constraints[0]!.multipliers[0], name).toBeCloseTo(multiplier, 4)
    }
  })

  it('keeps linear and other constraints in their order', () => {
    const f = (x: Float64Array) => x.reduce((sum, v) => sum + v * v, 0)
    const answer = minimizeSync(f, [1, 1, 1], {
      gradient: (x) => x.map((v) => 2 * v),
      constraints: [
        {
          name: 'a',
          fun: (x) => [x[0]!, x[1]!],
          lb: [1, -5],
          ub: [4, 5],
          jac: () => [
            [1, 0, 0],
            [0, 1, 0],
          ],
        },
        {
          name: 'b',
          A: [
            [0, 1, 0],
            [0, 0, 1],
          ],
          lb: [2, -9],
        },
        { name: 'c', type: 'eq', fun: (x) => x[2]! - 3, jac: () => [0, 0, 1] },
        { name: 'd', A: [1, 1, 1], ub: 100 },
      ],
    })
    expect([...answer.x].map((v) => Math.round(1e6 * v) / 1e6)).toEqual([1, 2, 3])
    const multipliers = answer.constraints.map(({ name, multipliers: each }) => [
      name,
      ...[...each].map((v) => Math.round(1e4 * v) / 1e4 + 0),
    ])
    expect(multipliers).toEqual([
      ['a', 2, 0],
      ['b', 4, 0],
      ['c', 6],
      ['d', 0],
    ])
  })

  it('uses exact second derivatives', () => {
    let products = 0
    const answer = minimizeSync((x) => x[0]! ** 4 + x[1]! ** 2, [1, 1], {
      gradient: (x) => [4 * x[0]! ** 3, 2 * x[1]!],
      hessianProduct: (x, v) => {
        products++
        return [12 * x[0]! ** 2 * v[0]!, 2 * v[1]!]
      },
      constraints: {
        fun: (x) => x[0]! ** 2 + x[1]! ** 2,
        lb: 1,
        jac: (x) => [2 * x[0]!, 2 * x[1]!],
        hessp: (_, v, w) => v.map((each) => 2 * w[0]! * each),
      },
    })
    expect(answer.status).toBe('converged')
    expect(answer.fun).toBeCloseTo(0.75, 6)
    expect(products).toBeGreaterThan(0)
    expect(answer.evaluations.hessianProducts).toBeGreaterThan(0)
  })

  it('takes bounds as pairs or as sides', () => {
    const f = (x: Float64Array) => (x[0]! - 3) ** 2 + (x[1]! + 4) ** 2
    for (const bounds of [
      [
        [null, 1],
        [-1, Number.POSITIVE_INFINITY],
      ] as const,
      { lb: [Number.NEGATIVE_INFINITY, -1], ub: [1, Number.POSITIVE_INFINITY] },
    ]) {
      const answer = minimizeSync(f, [9, 9], { bounds })
      expect(answer.status).toBe('converged')
      expect([...answer.x]).toEqual([1, -1])
      expect(answer.boundMultipliers[0]).toBeCloseTo(-4, 4)
      expect(answer.boundMultipliers[1]).toBeCloseTo(6, 4)
    }
  })

  it('says which constraints contradict each other, by name', async () => {
    const answer = await minimize((x) => x[0]! ** 2, [0], {
      constraints: [
        { name: 'low', A: [1], ub: 1 },
        { name: 'high', A: [1], lb: 2 },
      ],
    })
    expect(answer.status).toBe('infeasible')
    expect(answer.message).toBeTruthy()
    const rows = answer.infeasibility!.rows.map(({ name }) => name)
    expect(rows.some((name) => name.startsWith('low'))).toBe(true)
    expect(rows.some((name) => name.startsWith('high'))).toBe(true)
  })

  it('tells of every step', async () => {
    const listen = async (run: typeof minimize | typeof minimizeSync) => {
      const steps: MinimizeStep[] = []
      await run(hs71.f, hs71.x0, { ...hs71Options, onStep: (step) => void steps.push(step) })
      return steps
    }
    const steps = await listen(minimize)
    expect(steps.map(({ step_count }) => step_count)).toEqual(steps.map((_, k) => k + 1))
    expect(steps.length).toBeGreaterThan(2)
    expect(await listen(minimizeSync)).toEqual(steps)
  })

  it('has a sentence for every status, and defaults', () => {
    expect(MINIMIZE_STATUSES.converged).toMatch(/conditions hold/)
    expect(minimizeDefaults()).toMatchObject({
      maxSteps: 3000,
      feasibilityTolerance: 1e-8,
      scaling: 'uniform',
    })
  })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  DisposedError,
  digest,
  InputError,
  QP_METHODS,
  QP_STATUSES,
  type QpData,
  QpProblem,
  qpDefaults,
  solveQp,
  solveQpSync,
} from '../../ts/index.js'

const small: QpData = {
  P: [
    [1, 0],
    [0, 1],
  ],
  q: [0, 0],
  A: [[1, 1]],
  l: [2],
  u: [Infinity],
  bounds: [-Infinity, [Infinity, 0.5]],
}

/** Equal but for the last roundings. */
function expectClose(found: Float64Array, expected: readonly number[]) {
  expect(found.length).toBe(expected.length)
  expected.forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value, 13)
  })
}

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0)

/** The largest of the optimality conditions' residuals of a dense problem, in plain JavaScript. */
function residual(
  data: QpData,
  result: { x: Float64Array; rowMultipliers: Float64Array; boundMultipliers: Float64Array },
) {
  const { x, rowMultipliers: y, boundMultipliers: z } = result
  const dense = (matrix: QpData['P']) => matrix as readonly number[][]
  const rows = dense(data.A ?? [])
  const inner = (a: ArrayLike<number>) => sum(Float64Array.from(x, (v, j) => v * a[j]!))
  const stationarity = Array.from(x, (_, j) => {
    const pressure = sum(Float64Array.from(y, (v, i) => v * rows[i]![j]!)) + z[j]!
    return Math.abs(inner(dense(data.P)[j]!) + data.q[j]! - pressure)
  })
  const side = (value: number, lower: number, upper: number, multiplier: number) => {
    const violation = Math.max(lower - value, value - upper, 0)
    const distance = multiplier === 0 ? 0 : value - (multiplier > 0 ? lower : upper)
    return Math.max(violation, Math.abs(multiplier * distance))
  }
  const [low, high] = data.bounds ?? [-Infinity, Infinity]
  const at = (bound: number | ArrayLike<number>, j: number) => (typeof bound === 'number' ? bound : bound[j]!)
  return Math.max(
    ...stationarity,
    ...rows.map((row, i) => side(inner(row), data.l?.[i] ?? -Infinity, data.u?.[i] ?? Infinity, y[i]!)),
    ...Array.from(x, (v, j) => side(v, at(low, j), at(high, j), z[j]!)),
  )
}

describe('solveQp', () => {
  it('solves, on its own thread and on this one, to the same bits', async () => {
    const result = await solveQp(small)
    expect(result.status).toBe('converged')
    expect(result.message).toBe(QP_STATUSES.converged)
    expectClose(result.x, [1.5, 0.5])
    expectClose(result.rowMultipliers, [1.5])
    expectClose(result.boundMultipliers, [0, -1])
    expect(result.objective).toBeCloseTo(1.25, 13)
    expect(result.dualObjective).toBeCloseTo(1.25, 13)
    expect(result.certificate.relativeResidual).toBeLessThan(1e-14)
    expect(result.workingSet).toContainEqual({ kind: 'variable', index: 1, edge: 'upper' })
    expect(result.digest).toBe(digest(result.x))
    expect(solveQpSync(small).digest).toBe(result.digest)
  })

  it('takes sparse matrices and typed arrays', () => {
    const triples = (rows: number[], columns: number[], values: number[]) => ({
      format: 'triples' as const,
      rows: Uint32Array.from(rows),
      columns: Uint32Array.from(columns),
      values: Float64Array.from(values),
    })
    const result = solveQpSync({
      ...small,
      P: triples([0, 1], [0, 1], [1, 1]),
      A: triples([0, 0], [0, 1], [1, 1]),
      q: new Float64Array(2),
    })
    expectClose(result.x, [1.5, 0.5])
  })

  it.each(['auto', 'active_set', 'interior_point'] as const)(
    'meets the optimality conditions: %s',
    (method) => {
      const data: QpData = {
        P: [
          [4, 1, 0],
          [1, 3, 1],
          [0, 1, 2],
        ],
        q: [-8, 1, -3],
        A: [
          [1, 1, 1],
          [1, -1, 0],
        ],
        l: [1, -Infinity],
        u: [1, 0.5],
        bounds: [0, 2],
      }
      const result = solveQpSync(data, { method })
      expect(result.status).toBe('converged')
      expect(result.attempts.at(-1)!.method).toBe(method === 'auto' ? 'active_set' : method)
      expect(residual(data, result)).toBeLessThan(1e-8)
    },
  )

  it('has no rows and no bounds if none are given', () => {
    expectClose(solveQpSync({ P: [[2]], q: [-3] }).x, [1.5])
  })

  it('proves contradictions', async () => {
    const { status, infeasibility } = await solveQp({ ...small, bounds: [0, 0.5] })
    expect(status).toBe('infeasible')
    if (infeasibility?.kind !== 'farkas') throw new Error('expected a Farkas vector')
    // 1·(x + y ≥ 2) against the upper bounds, which allow 1 only.
    expect(infeasibility.rows).toEqual([1])
    expect(infeasibility.isRigorous).toBe(true)
    expect(infeasibility.sides).toContainEqual({ kind: 'row', index: 0, edge: 'lower' })
    expect((await solveQp({ ...small, l: [3], u: [2] })).infeasibility).toEqual({
      kind: 'empty_interval',
      of: 'row',
      index: 0,
    })
  })

  it('proves that the objective falls without end', () => {
    const { status, ray } = solveQpSync({
      P: [
        [1, 0],
        [0, 0],
      ],
      q: [0, -1],
      bounds: [0, Infinity],
    })
    expect(status).toBe('unbounded')
    expect(ray!.direction[1]).toBeCloseTo(1, 9)
    expect(ray!.descent).toBeCloseTo(1, 9)
  })

  it('tells a Hessian that is not convex', () => {
    expect(
      solveQpSync({
        P: [
          [1, 2],
          [2, 1],
        ],
        q: [0, 0],
      }).status,
    ).toBe('not_convex')
  })
})

describe('QpProblem', () => {
  it('is updated and solved again, from where it was', async () => {
    using problem = new QpProblem(small)
    expect([problem.numVariables, problem.numRows]).toEqual([2, 1])
    await problem.solve()
    problem.update({ l: [4], u: [4] })
    const next = await problem.solve()
    expectClose(next.x, [3.5, 0.5])
    expect(next.iterations).toBe(0)
    problem.update({
      q: [0, -10],
      bounds: [-1, 10],
      P: [
        [2, 0],
        [0, 2],
      ],
      A: [[1, -1]],
    })
    expect(
      residual(
        {
          ...small,
          q: [0, -10],
          bounds: [-1, 10],
          P: [
            [2, 0],
            [0, 2],
          ],
          A: [[1, -1]],
          l: [4],
          u: [4],
        },
        problem.solveSync(),
      ),
    ).toBeLessThan(1e-12)
  })

  it('is unchanged by a wrong update', () => {
    using problem = new QpProblem(small)
    expect(() => problem.update({ q: [1, 1], A: [[1]] })).toThrow(InputError)
    expect(() => problem.update({ q: [1, Number.NaN] })).toThrow('q[1]: expected a finite number')
    expectClose(problem.solveSync().x, [1.5, 0.5])
  })

  it('says when it was used after dispose()', async () => {
    const problem = new QpProblem(small)
    problem.dispose()
    problem.dispose()
    expect(() => problem.solveSync()).toThrow(DisposedError)
    await expect(problem.solve()).rejects.toThrow('QpProblem was used after dispose()')
  })

  it('can be cancelled before it begins', async () => {
    using problem = new QpProblem(small)
    const reason = new Error('enough')
    await expect(problem.solve({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

describe('wrong input is named', () => {
  const identity = [
    [1, 0],
    [0, 1],
  ]
  it.each<[string, unknown, unknown]>([
    [
      'P[0][1]',
      {
        P: [
          [1, 2],
          [3, 1],
        ],
        q: [0, 0],
      },
      {},
    ],
    ['P[1]', { P: [[1, 0], [0]], q: [0, 0] }, {}],
    [
      'P[1][0]',
      {
        P: [
          [1, 0],
          [Number.NaN, 1],
        ],
        q: [0, 0],
      },
      {},
    ],
    ['P', { P: [[1]], q: [0, 0] }, {}],
    ['q', { P: identity, q: 'abc' }, {}],
    ['q[1]', { P: identity, q: [0, Infinity] }, {}],
    ['A[0]', { P: identity, q: [0, 0], A: [[1]] }, {}],
    ['u', { P: identity, q: [0, 0], A: [[1, 1]], u: [1, 2] }, {}],
    ['l[0]', { P: identity, q: [0, 0], A: [[1, 1]], l: [Infinity] }, {}],
    ['bounds[0][1]', { P: identity, q: [0, 0], bounds: [[0, Number.NaN], 1] }, {}],
    ['bounds', { P: identity, q: [0, 0], bounds: 3 }, {}],
    ['data.Q', { P: identity, q: [0, 0], Q: 1 }, {}],
    ['method', { P: identity, q: [0, 0] }, { method: 'simplex' }],
    ['tolerance', { P: identity, q: [0, 0] }, { tolerance: -1 }],
    ['warmStart', { P: identity, q: [0, 0] }, { warmStart: 1 }],
    ['options.maxIter', { P: identity, q: [0, 0] }, { maxIter: 1 }],
  ])('%s', (path, data, options) => {
    let error: unknown
    try {
      solveQpSync(data as QpData, options as object)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(InputError)
    expect(error).toMatchObject({ path })
  })
})

it('lists defaults, methods and statuses', () => {
  const defaults = qpDefaults()
  expect(QP_METHODS).toContain(defaults.method)
  expect(defaults).toEqual({
    method: 'auto',
    tolerance: 1e-9,
    iterationLimit: null,
    timeLimitSeconds: null,
    warmStart: true,
  })
  expect(Object.keys(QP_STATUSES)).toContain('infeasible')
  const page = readFileSync(join(import.meta.dirname, '../../docs/qp.md'), 'utf8')
  for (const status of Object.keys(QP_STATUSES)) expect(page).toContain(`\`${status}\``)
})

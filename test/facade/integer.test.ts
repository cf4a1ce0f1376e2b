import { describe, expect, it } from 'vitest'
import {
  digest,
  INTEGER_STATUSES,
  integerDefaults,
  ReweightProblem,
  ROUNDING_METHODS,
} from '../../ts/index.js'
import { households, national } from './problems.js'

describe('integer weights', () => {
  it('keep the sum of each cell and say how far each total has moved', async () => {
    const data = national(3000, 12)
    using problem = new ReweightProblem(data)
    const { weights } = await problem.solve()
    const cells = Uint32Array.from(weights, (_, i) => i % 7)
    const result = await problem.integerWeights(weights, { cells, seed: 5 })
    expect(result).toMatchObject({ method: 'cube', numCells: 7, message: INTEGER_STATUSES[result.status] })
    expect(result.weights).toBeInstanceOf(Uint32Array)
    for (const [i, w] of weights.entries()) expect([Math.floor(w), Math.ceil(w)]).toContain(result.weights[i])
    for (let cell = 0; cell < 7; cell++) {
      const sum = (values: ArrayLike<number>) =>
        Array.from(values).reduce((total, value, i) => (cells[i] === cell ? total + value : total), 0)
      expect(Math.abs(sum(result.weights) - sum(weights))).toBeLessThanOrEqual(result.largestCellError + 1e-6)
    }
    expect(result.largestCellError).toBeLessThan(1)
    expect(result.sumAfter).toBe(result.weights.reduce((a, b) => a + b))
    expect(result.digest).toBe(digest(Float64Array.from(result.weights)))
    const row = result.targets[0]!
    expect(row.error).toBeCloseTo(row.after - row.before, 3)
    expect(result.status === 'within_distance').toBe(result.targets.every(({ within }) => within))
    expect((await problem.integerWeights(weights, { cells, seed: 5 })).digest).toBe(result.digest)
    expect((await problem.integerWeights(weights, { cells, seed: 6 })).digest).not.toBe(result.digest)
  })

  it('follow the largest remainder where that is asked for', async () => {
    using problem = new ReweightProblem(households)
    const options = { method: 'largest_remainder', cells: [1, 1, 1, 0] } as const
    const result = await problem.integerWeights([2.5, 1.75, 0.25, 0.5], options)
    // 4.5 → 5: floors 3, and a unit each for .75 and .5; 0.5 → 1.
    expect([...result.weights]).toEqual([3, 2, 0, 1])
    expect(result.targets[0]).toMatchObject({
      name: 'households',
      target: 420,
      before: 5,
      after: 6,
      error: 1,
    })
    expect(result.status).toBe('beyond_distance')
  })

  it('have documented names', () => {
    expect(Object.keys(INTEGER_STATUSES).sort()).toEqual(['beyond_distance', 'within_distance'])
    expect([...ROUNDING_METHODS].sort()).toEqual(['cube', 'largest_remainder'])
    expect(integerDefaults().method).toBe('cube')
  })

  it.each([
    [[1, 1, 1], {}, 'dimension', 'weights'],
    [[1, 1, 1, '1'], {}, 'wrong_type', 'weights[3]'],
    [[1, 1, -1, 1], {}, 'out_of_range', 'weights[2]'],
    [[1, 1, 1, 1], { cells: [1, 1] }, 'dimension', 'cells'],
    [[1, 1, 1, 1], { cells: [1, 1, 0.5, 1] }, 'out_of_range', 'cells[2]'],
    [[1, 1, 1, 1], { method: 'random' }, 'out_of_range', 'method'],
    [[1, 1, 1, 1], { seed: -1 }, 'out_of_range', 'seed'],
    [[1, 1, 1, 1], { seed: 1.5 }, 'out_of_range', 'seed'],
    [[1, 1, 1, 1], { maxTotalError: -0.1 }, 'out_of_range', 'maxTotalError'],
    [[1, 1, 1, 1], { cell: [] }, 'unknown_option', 'options.cell'],
  ])('refuse the weights %j with %j', async (weights, options, code, path) => {
    using problem = new ReweightProblem(households)
    const run = problem.integerWeights(weights as never, options as never)
    await expect(run).rejects.toMatchObject({ code, path })
  })
})

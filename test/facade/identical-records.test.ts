import { describe, expect, it } from 'vitest'
import { type ReweightData, ReweightProblem } from '../../ts/index.js'
import { households } from './problems.js'

/** Each of the four households twenty times. */
const copies: ReweightData = {
  matrix: {
    format: 'columns',
    columns: [new Array(80).fill(1), Array.from({ length: 80 }, (_, i) => [0, 2, 1, 4][i % 4]!)],
  },
  designWeights: Array.from({ length: 80 }, (_, i) => households.designWeights[i % 4]! / 20),
  targets: [
    { name: 'households', total: 420 },
    { name: 'children', total: 730 },
  ],
}

describe('identical records', () => {
  it('are solved as one in every form, with the bits of a solve record by record', async () => {
    using problem = new ReweightProblem(copies)
    for (const solve of [
      (options: object) => problem.solve(options),
      (options: object) => problem.solveBands(options),
      (options: object) => problem.calibrate({ distance: 'raking', ...options }),
    ]) {
      const [grouped, alone] = [await solve({}), await solve({ groupIdentical: false })]
      expect([grouped.status, alone.status]).toEqual(['converged', 'converged'])
      expect([grouped.numGroups, alone.numGroups]).toEqual([4, 80])
      expect(grouped.digest).toBe(alone.digest)
      expect(grouped.weights).toEqual(alone.weights)
      expect(grouped.history.length).toBeGreaterThan(0)
    }
  })

  it('are looked for unless the option is a boolean', () => {
    using problem = new ReweightProblem(copies)
    expect(() => problem.solveSync({ groupIdentical: 1 as never })).toThrow(
      expect.objectContaining({ code: 'wrong_type', path: 'groupIdentical' }),
    )
    expect(problem.solveSync({ method: 'lbfgsb' }).numGroups).toBe(80)
  })
})

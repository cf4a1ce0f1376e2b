import { describe, expect, it, vi } from 'vitest'
import {
  diagnoseMinimize,
  diagnoseMinimizeSync,
  interruptedMinimum,
  type MinimizeOptions,
  type MinimizeResult,
  minimize,
  minimizeSync,
} from '../../ts/index.js'
import { caught, thrownValues } from '../objective/probing.js'

type Objective = (x: Float64Array) => number

const valley: Objective = (x) => 100 * (x[1]! - x[0]! ** 2) ** 2 + (1 - x[0]!) ** 2
const start = [-1.2, 1]

const ways = [
  ['minimizeSync', async (f: Objective, options: MinimizeOptions) => minimizeSync(f, start, options)],
  ['minimize', (f: Objective, options: MinimizeOptions) => minimize(f, start, options)],
  [
    'diagnoseMinimizeSync',
    async (f: Objective, options: MinimizeOptions) => diagnoseMinimizeSync(f, start, options),
  ],
  ['diagnoseMinimize', (f: Objective, options: MinimizeOptions) => diagnoseMinimize(f, start, options)],
] as const

describe.each(ways)('an exception of a function of %s', (_, run) => {
  it.each(thrownValues())('is thrown as it is, with the best point attached: %s', async (_, value) => {
    let evaluations = 0
    const f: Objective = (x) => {
      if (++evaluations === 20) throw value
      return valley(x)
    }
    let best: MinimizeResult | null | undefined
    const onInterrupted = (result: MinimizeResult | null) => (best = result)
    const { thrown } = await caught(() => run(f, { onInterrupted }))
    expect(Object.is(thrown, value)).toBe(true)
    expect(evaluations).toBe(20)
    expect(best?.status).toBe('cancelled')
    expect(best?.fun).toBeLessThan(valley(Float64Array.from(start)))
    expect(best?.fun).toBeCloseTo(valley(best!.x), 12)
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
    expect(interruptedMinimum(thrown)).toBe(isObject ? best : undefined)
  })

  it('before any point has nothing attached', async () => {
    const onInterrupted = vi.fn()
    const error = new Error('at once')
    const f = () => {
      throw error
    }
    expect((await caught(() => run(f, { onInterrupted }))).thrown).toBe(error)
    expect(onInterrupted.mock.calls).toEqual([[null]])
    expect(interruptedMinimum(error)).toBeUndefined()
  })

  it('in a gradient or a constraint is no different', async () => {
    const error = new Error('in a constraint')
    let calls = 0
    const constraint = {
      type: 'ineq',
      fun: (x: Float64Array) => {
        if (++calls === 9) throw error
        return x[0]! + x[1]! + 5
      },
      jac: () => [1, 1],
    } as const
    expect((await caught(() => run(valley, { constraints: constraint }))).thrown).toBe(error)
    expect(interruptedMinimum(error)?.fun).toBeLessThanOrEqual(valley(Float64Array.from(start)))
    const other = new Error('in the gradient')
    const gradient = () => {
      throw other
    }
    expect((await caught(() => run(valley, { gradient }))).thrown).toBe(other)
  })
})

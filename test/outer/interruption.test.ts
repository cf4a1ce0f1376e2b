import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import {
  interruptedResult,
  minimizeOuter,
  minimizeOuterSync,
  type OuterObjective,
  type OuterResult,
  OuterSearchError,
  RejectedPoint,
} from '../../ts/index.js'
import { caught, thrownValues } from '../objective/probing.js'
import { quadratic, rosenbrock, withGradient } from './problems.js'

const ways = [
  [
    'on this thread',
    async (objective: OuterObjective, options: object) => minimizeOuterSync(objective, options),
  ],
  ['on its own thread', minimizeOuter],
] as const

describe.each(ways)('an exception of the objective %s', (_, run) => {
  it.each(thrownValues())('is thrown as it is, with the best point attached: %s', async (_, value) => {
    let evaluations = 0
    const objective = withGradient((theta) => {
      evaluations++
      if (evaluations === 12) throw value
      return rosenbrock(theta)
    })
    let best: OuterResult | null | undefined
    const onInterrupted = (result: OuterResult | null) => (best = result)
    const { thrown } = await caught(() => run(objective, { initialRho: [-1.2, 1], onInterrupted }))
    expect(Object.is(thrown, value)).toBe(true)
    expect(evaluations).toBe(12)
    expect(best?.finalValue).toBeLessThan(rosenbrock(Float64Array.of(-1.2, 1)).value)
    expect(best?.finalValue).toBe(rosenbrock(best!.rho).value)
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
    expect(interruptedResult(thrown)).toBe(isObject ? best : undefined)
  })

  it('of a listener ends the run as well', async () => {
    const error = new Error('listener')
    const onIteration = ({ iteration }: { iteration: number }) => {
      if (iteration === 3) throw error
    }
    const { thrown } = await caught(() =>
      run(withGradient(rosenbrock), { initialRho: [-1.2, 1], onIteration }),
    )
    expect(thrown).toBe(error)
  })

  it('before any point has nothing attached', async () => {
    const onInterrupted = vi.fn()
    const error = new Error('at once')
    const objective = withGradient(() => {
      throw error
    })
    expect((await caught(() => run(objective, { initialRho: [0], onInterrupted }))).thrown).toBe(error)
    expect(onInterrupted.mock.calls).toEqual([[null]])
    expect(interruptedResult(error)).toBeUndefined()
  })

  it('that rejects a point is no exception: the search goes around', async () => {
    let rejections = 0
    const objective = withGradient((theta) => {
      if (theta[0]! > 2) {
        rejections++
        throw new RejectedPoint('no inner solution')
      }
      return quadratic([1.9, 0], [1, 1])(theta)
    })
    const answer = await run(objective, { initialRho: [-20, 0] })
    expect(answer.converged).toBe(true)
    expect(answer.rho[0]).toBeCloseTo(1.9, 4)
    expect(rejections).toBeGreaterThanOrEqual(0)
  })

  it('at every start is an error that says how each failed', async () => {
    const objective = withGradient(() => {
      throw new RejectedPoint('singular', { defect: { diagnosis: 'rankDeficient', block: 'smooth' } })
    })
    const { thrown } = await caught(() => run(objective, { numParams: 2 }))
    const error = thrown as OuterSearchError
    expect(error).toBeInstanceOf(OuterSearchError)
    expect(error.code).toBe('seeds')
    expect(error.seeds!.started).toBe(0)
    expect(error.seeds!.rejections.length).toBeGreaterThanOrEqual(2)
    expect(error.seeds!.rejections[0]).toMatchObject({
      seed: 0,
      phase: 'validation',
      structural: { diagnosis: 'rankDeficient', block: 'smooth' },
    })
  })
})

describe('an AbortSignal', () => {
  it('ends the search with its best point', async () => {
    const controller = new AbortController()
    let evaluations = 0
    const answer = await minimizeOuter(
      withGradient((theta) => {
        if (++evaluations === 10) controller.abort()
        return rosenbrock(theta)
      }),
      { initialRho: [-1.2, 1], signal: controller.signal },
    )
    expect(answer).toMatchObject({ stopReason: 'cancelled', converged: false })
    expect(answer.finalValue).toBeLessThan(25)
    expect(answer.finalValue).toBe(rosenbrock(answer.rho).value)
  })

  it('does not wait for an evaluation that is under way', async () => {
    const controller = new AbortController()
    let evaluations = 0
    const answer = await minimizeOuter(
      withGradient(async (theta) => {
        if (++evaluations === 10) {
          controller.abort()
          await new Promise(() => {})
        }
        await turnOfLoop()
        return rosenbrock(theta)
      }),
      { initialRho: [-1.2, 1], signal: controller.signal },
    )
    expect(answer.stopReason).toBe('cancelled')
    expect(answer.finalValue).toBe(rosenbrock(answer.rho).value)
  })

  it('rejects with its reason where there is no point yet', async () => {
    const reason = new Error('too late')
    const signal = AbortSignal.abort(reason)
    expect(
      (await caught(() => minimizeOuter(withGradient(rosenbrock), { numParams: 2, signal }))).thrown,
    ).toBe(reason)
    const controller = new AbortController()
    const never = withGradient(() => {
      controller.abort(reason)
      return new Promise<never>(() => {})
    })
    expect(
      (await caught(() => minimizeOuter(never, { numParams: 2, signal: controller.signal }))).thrown,
    ).toBe(reason)
  })
})

describe('a time limit', () => {
  it('ends a search with its best point', () => {
    const answer = minimizeOuterSync(
      withGradient((theta) => {
        const until = performance.now() + 5
        while (performance.now() < until);
        return rosenbrock(theta)
      }),
      { initialRho: [-1.2, 1], timeLimitSeconds: 0.02 },
    )
    expect(answer.stopReason).toBe('cancelled')
  })
})

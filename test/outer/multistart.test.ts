import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  InputError,
  minimizeOuterMultistart,
  type OuterMultistartOptions,
  type OuterObjective,
  OuterSearchError,
  RejectedPoint,
} from '../../ts/index.js'

/** A tilted sum of double wells: 2ⁿ minima, the lowest where every θᵢ is near −3. */
function wells(theta: Float64Array) {
  return {
    value: theta.reduce((sum, x) => sum + 0.05 * (x * x - 9) ** 2 + 0.3 * x, 0),
    gradient: theta.map((x) => 0.2 * x * (x * x - 9) + 0.3),
  }
}

const options: OuterMultistartOptions = {
  numParams: 3,
  context: 'wells',
  seedConfig: { riskProfile: 'gaussian' },
}

describe('a multistart', () => {
  it('finds the lowest of many minima, with the same bits for any concurrency and any order of answers', async () => {
    const digests = new Set<string>()
    for (const concurrency of [1, 2, 5, 50]) {
      const open = new Set<number>()
      let most = 0
      // Where searches may run side by side, the first evaluation waits for one of another search: a run without any never ends.
      let meet = () => {}
      const met = concurrency === 1 ? undefined : new Promise<void>((resolve) => (meet = resolve))
      const seen = new Set<number>()
      const make = (seed: number): OuterObjective => ({
        gradient: 'analytic',
        evaluate: async (theta) => {
          open.add(seed)
          most = Math.max(most, open.size)
          if (open.size > 1) meet()
          if (seed === 0) await met
          for (let turn = 0; turn <= (seed * 7) % 5; turn += 1) await turnOfLoop()
          open.delete(seed)
          return wells(theta)
        },
      })
      const onIteration = (_: unknown, seed: number) => seen.add(seed)
      const answer = await minimizeOuterMultistart(make, { ...options, concurrency, onIteration })
      expect(answer.converged).toBe(true)
      expect(answer.criterionCertificate?.consistent).toBe(true)
      for (const x of answer.rho) expect(x).toBeLessThan(-2.9)
      const seeds = answer.attempts.flatMap((attempt) => attempt.seeds.map(({ seed }) => seed))
      expect(seeds).toEqual(Array.from(seen).sort((a, b) => a - b))
      expect(most).toBeLessThanOrEqual(Math.min(concurrency, seeds.length))
      digests.add(`${answer.digest} ${JSON.stringify(answer.evaluations)} ${answer.iterations}`)
    }
    expect(digests.size).toBe(1)
  })

  it('asks each search of an objective of its own', async () => {
    const made: number[] = []
    const make = (seed: number): OuterObjective => {
      made.push(seed)
      return { gradient: 'analytic', evaluate: wells }
    }
    const { attempts } = await minimizeOuterMultistart(make, { ...options, concurrency: 3 })
    expect(made.sort((a, b) => a - b)).toEqual(Array.from(attempts, (_, seed) => seed))
  })

  it('survives searches that fail, and says so where all do', async () => {
    const make = (fails: (seed: number) => boolean) => (seed: number) => ({
      gradient: 'analytic' as const,
      evaluate: (theta: Float64Array) => {
        if (fails(seed)) throw new RejectedPoint('this one fails', { scope: 'seed' })
        return wells(theta)
      },
    })
    const some = await minimizeOuterMultistart(
      make((seed) => seed % 2 === 1),
      options,
    )
    expect(some.converged).toBe(true)
    expect(some.attempts.some(({ seeds }) => seeds.some(({ seed }) => seed % 2 === 1))).toBe(false)
    const all = minimizeOuterMultistart(
      make(() => true),
      options,
    )
    await expect(all).rejects.toThrow(OuterSearchError)
    await expect(all).rejects.toMatchObject({ code: 'seeds' })
  })

  it('throws what an objective or its maker throws, and lets no search go on', async () => {
    const thrown = { mine: true }
    let evaluations = 0
    const make = (seed: number): OuterObjective => ({
      gradient: 'analytic',
      evaluate: async (theta) => {
        await turnOfLoop()
        evaluations += 1
        if (seed === 2 && evaluations > 10) throw thrown
        return wells(theta)
      },
    })
    await expect(minimizeOuterMultistart(make, { ...options, concurrency: 4 })).rejects.toBe(thrown)
    const after = evaluations
    for (let turn = 0; turn < 20; turn += 1) await turnOfLoop()
    expect(evaluations).toBeLessThanOrEqual(after + 4)
    const failing = (seed: number): OuterObjective => {
      if (seed === 1) throw thrown
      return { gradient: 'analytic', evaluate: wells }
    }
    await expect(minimizeOuterMultistart(failing, options)).rejects.toBe(thrown)
  })

  it('ends with its best point when it is aborted', async () => {
    const controller = new AbortController()
    const make = (): OuterObjective => ({
      gradient: 'analytic',
      evaluate: async (theta) => {
        await turnOfLoop()
        return wells(theta)
      },
    })
    let iterations = 0
    const answer = await minimizeOuterMultistart(make, {
      ...options,
      concurrency: 2,
      signal: controller.signal,
      onIteration: () => {
        iterations += 1
        if (iterations === 3) controller.abort()
      },
    })
    expect(answer).toMatchObject({ converged: false, stopReason: 'cancelled' })
    expect(Number.isFinite(answer.finalValue)).toBe(true)
  })

  it('refuses what is wrong before any evaluation', async () => {
    const never = (): OuterObjective => ({
      gradient: 'analytic',
      evaluate: () => {
        throw new Error('evaluated')
      },
    })
    const wrong: [OuterMultistartOptions, string, string][] = [
      [{ ...options, concurrency: 1.5 }, 'out_of_range', 'concurrency'],
      [{ ...options, tolerance: -1 }, 'out_of_range', 'tolerance'],
      [{ ...options, cache: { directory: '.', key: 'k' } } as never, 'unknown_option', 'options.cache'],
      [{ ...options, onEvent: 3 } as never, 'wrong_type', 'onEvent'],
      [{ ...options, bounds: [0, Number.NaN] }, 'not_finite', 'bounds[1][0]'],
    ]
    for (const [given, code, path] of wrong) {
      const error = await minimizeOuterMultistart(never, given).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(InputError)
      expect(error).toMatchObject({ code, path })
    }
    await expect(minimizeOuterMultistart({} as never, options)).rejects.toMatchObject({
      path: 'makeObjective',
    })
    const impossible = minimizeOuterMultistart(() => ({ evaluate: () => 1 }), options)
    await expect(impossible).rejects.toMatchObject({ code: 'no_plan' })
  })
})

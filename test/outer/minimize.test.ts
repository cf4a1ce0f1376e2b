import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  minimizeOuter,
  minimizeOuterSync,
  OUTER_STOP_REASONS,
  type OuterEvent,
  type OuterIteration,
  type OuterObjective,
  outerConfig,
  outerDefaults,
} from '../../ts/index.js'
import { quadratic, rosenbrock, withGradient, withHessian } from './problems.js'

describe('a search', () => {
  it('finds the minimum and proves what it says', async () => {
    const answer = await minimizeOuter(withGradient(rosenbrock), { initialRho: [-1.2, 1] })
    expect(answer.converged).toBe(true)
    expect(answer.stopReason).toBe('converged')
    expect(answer.message).toBe(OUTER_STOP_REASONS.converged)
    expect(answer.planUsed).toEqual({ solver: 'bfgs', hessianSource: 'bfgsApprox' })
    for (const coordinate of answer.rho) expect(coordinate).toBeCloseTo(1, 4)
    expect(answer.criterionCertificate).toMatchObject({ consistent: true, clean: true, lambdasRailed: [] })
    expect(answer.criterionCertificate?.direction).toBeInstanceOf(Float64Array)
    expect(answer.evaluations.gradient).toBeGreaterThan(0)
    expect(answer.evaluations.audit).toBeGreaterThan(0)
    expect(answer.finalGradient).toHaveLength(2)
    expect(answer.path.at(-1)!.value).toBeLessThan(1e-8)
  })

  it('comes to the same bits on this thread, on its own, and by promises', async () => {
    for (const objective of [withGradient(rosenbrock), withHessian(rosenbrock)]) {
      const options = { initialRho: [-1.2, 1], context: 'bits' }
      const here = minimizeOuterSync(objective, options)
      const there = await minimizeOuter(objective, options)
      const evaluate = async (theta: Float64Array) => {
        await turnOfLoop()
        return rosenbrock(theta)
      }
      const promised = await minimizeOuter({ ...objective, evaluate }, options)
      expect(new Set([here.digest, there.digest, promised.digest]).size).toBe(1)
      expect(there).toEqual(here)
      expect(promised).toEqual(here)
    }
  })

  it('uses Hessians of every form to the same end', async () => {
    const [centre, weights] = [
      [0.5, -1, 2],
      [1, 10, 100],
    ]
    const dense = quadratic(centre, weights)
    const flat: OuterObjective = withHessian((theta) => {
      const { hessian, ...rest } = dense(theta)
      return { ...rest, hessian: Float64Array.from(hessian.flat()) }
    })
    let [count, batches] = [0, 0]
    const operator = (batched: boolean): OuterObjective => ({
      gradient: 'analytic',
      hessian: 'operator',
      materialisation: batched ? 'batchedProducts' : 'unavailable',
      evaluate(theta) {
        const { value, gradient } = dense(theta)
        const product = (v: Float64Array) => {
          count++
          return v.map((x, i) => weights[i]! * x)
        }
        const products = (vectors: readonly Float64Array[]) => {
          batches++
          return vectors.map(product)
        }
        const hessian = batched ? { dimension: 3, product, products } : { dimension: 3, product }
        return { value, gradient, hessian }
      },
    })
    const options = { initialRho: [0, 0, 0] }
    const digests = [withHessian(dense), flat].map((each) => minimizeOuterSync(each, options).digest)
    expect(digests[0]).toBe(digests[1])
    for (const batched of [false, true]) {
      for (const answer of [
        minimizeOuterSync(operator(batched), options),
        await minimizeOuter(operator(batched), options),
      ]) {
        expect(answer).toMatchObject({ converged: true, planUsed: { solver: 'arc' } })
        for (const [i, coordinate] of answer.rho.entries()) expect(coordinate).toBeCloseTo(centre[i]!, 5)
      }
    }
    expect(count).toBeGreaterThan(0)
    expect(batches).toBeGreaterThan(0)
  })

  it('takes fixed-point steps where there is nothing else', async () => {
    const centre = [1, -2, 0.5]
    const { gradient: _, ...objective } = withGradient(quadratic(centre, [1, 1, 1]))
    const answer = await minimizeOuter(
      {
        ...objective,
        fixedPoint: (theta) => ({
          value: quadratic(centre, [1, 1, 1])(theta).value,
          steps: theta.map((t, i) => centre[i]! - t),
        }),
      },
      { numParams: 3 },
    )
    expect(answer.planUsed?.solver).toBe('efs')
    expect(answer.converged).toBe(true)
    for (const [i, coordinate] of answer.rho.entries()) expect(coordinate).toBeCloseTo(centre[i]!, 5)
  })

  it('stays within its bounds, and says which coordinates lie on them', () => {
    const answer = minimizeOuterSync(withGradient(quadratic([3, 0], [1, 1])), {
      initialRho: [0, 0.5],
      bounds: [-1, [1, 2]],
    })
    expect([...answer.rho]).toEqual([1, expect.closeTo(0, 5)])
    expect(answer.criterionCertificate?.lambdasRailed).toEqual([0])
    expect(answer.criterionCertificate?.clean).toBe(false)
  })

  it('names a broken criterion', () => {
    const wrong = withGradient((theta) => ({
      value: quadratic([0, 0], [1, 1])(theta).value,
      gradient: quadratic([3, -2], [1, 1])(theta).gradient,
    }))
    const events: string[] = []
    const answer = minimizeOuterSync(wrong, {
      initialRho: [1, 1],
      onEvent: ({ event }) => events.push(event),
    })
    expect(answer.converged).toBe(false)
    if (answer.criterionCertificate !== null) expect(answer.criterionBroken).toBe(true)
    expect(events).toContain('brokenCriterion')
  })

  it('tells of every iteration and event, in order, on both threads', async () => {
    const listen = async (run: (objective: OuterObjective, options: object) => unknown) => {
      const [iterations, events]: [OuterIteration[], OuterEvent[]] = [[], []]
      await run(withGradient(rosenbrock), {
        initialRho: [-1.2, 1],
        onIteration: (record: OuterIteration) => iterations.push(record),
        onEvent: (event: OuterEvent) => events.push(event),
      })
      return { iterations, events }
    }
    const { iterations, events } = await listen(minimizeOuter)
    expect(await listen(async (...run) => minimizeOuterSync(...run))).toEqual({ iterations, events })
    expect(events[0]).toMatchObject({ event: 'plan', solver: 'bfgs', nParams: 2 })
    expect(events.at(-1)).toMatchObject({ event: 'finished', stopReason: 'converged' })
    const among = events.flatMap((event) => (event.event === 'iteration' ? [event] : []))
    expect(among.map(({ event: _, ...record }) => record)).toEqual(iterations)
    expect(iterations.length).toBeGreaterThan(5)
  })

  it('asks the hooks that the objective has', async () => {
    const asked = new Set<string>()
    const note = <T>(name: string, value: T) => {
      asked.add(name)
      return value
    }
    const answer = await minimizeOuter(
      {
        ...withGradient((theta) => ({ ...rosenbrock(theta), innerState: [theta[0]!] })),
        reset: () => note('reset', undefined),
        screeningProxy: (theta, { maxInnerIterations }) =>
          note(maxInnerIterations > 0 ? 'capped proxy' : 'proxy', rosenbrock(theta).value),
        seedInnerState: () => note('seedInnerState', 'installed' as const),
        homotopyEntry: () => note('homotopyEntry', false),
        acceptSeed: () => note('acceptSeed', null),
        finalize: (theta, plan) => note(`finalize ${plan.solver} ${theta.length}`, undefined),
      },
      { numParams: 2 },
    )
    expect(answer.converged).toBe(true)
    for (const name of ['reset', 'capped proxy', 'homotopyEntry', 'acceptSeed', 'finalize bfgs 2'])
      expect(asked).toContain(name)
    expect([...answer.innerBeta!]).toEqual([answer.rho[0]])
  })

  it('has defaults that are those of the solver', () => {
    expect(outerDefaults()).toMatchObject({
      tolerance: 1e-5,
      maxIter: 200,
      rhoBound: 30,
      psiDim: 0,
      seedConfig: { bounds: [-12, 12], maxSeeds: 12, seedBudget: 2, riskProfile: 'generalizedLinear' },
      fallbackPolicy: 'automatic',
      barrierTau: 1e-6,
    })
  })

  it('is configured step by step, each step checked', async () => {
    const base = outerConfig(2).bounds(-5, 5)
    const config = base.tolerance(1e-7).seeds({ riskProfile: 'gaussian' }).initialRho([0, 0]).build()
    expect(config).toEqual({
      numParams: 2,
      bounds: [-5, 5],
      tolerance: 1e-7,
      seedConfig: { riskProfile: 'gaussian' },
      initialRho: [0, 0],
    })
    expect(Object.isFrozen(config)).toBe(true)
    expect((await minimizeOuter(withGradient(rosenbrock), config)).converged).toBe(true)
    expect(() => base.tolerance(-1)).toThrow(/tolerance/)
    expect(() => base.initialRho([1])).toThrow(/initialRho/)
    expect(base.build()).toEqual({ numParams: 2, bounds: [-5, 5] })
  })
})

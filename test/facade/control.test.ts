import { describe, expect, it, vi } from 'vitest'
import {
  type IterationRecord,
  REWEIGHT_STATUSES,
  type ReweightOptions,
  ReweightProblem,
  type SolverEvent,
} from '../../ts/index.js'
import { households, national } from './problems.js'

/** Thousands of iterations, none of which reaches the tolerance. */
const endless: ReweightOptions = {
  method: 'lbfgsb',
  tolerance: 1e-30,
  maxIterations: 2 ** 32 - 1,
  threads: 1,
}
const large = () => new ReweightProblem(national(4000, 200))

/** What an answer that is no optimum must still be: within its bounds, and as far off as it says. */
function expectHonest(problem: ReweightProblem, answer: Awaited<ReturnType<ReweightProblem['solve']>>) {
  expect(answer.status).toBe('cancelled')
  expect(answer.message).toBe(REWEIGHT_STATUSES.cancelled)
  expect(Math.min(...answer.multipliers)).toBeGreaterThanOrEqual(0.1)
  expect(Math.max(...answer.multipliers)).toBeLessThanOrEqual(10)
  const optimum = problem.solveSync().multipliers
  const distance = Math.max(...answer.multipliers.map((m, i) => Math.abs(m - optimum[i]!)))
  expect(distance).toBeLessThanOrEqual(answer.certificate.distanceBound)
}

describe('an AbortSignal', () => {
  it('ends a run, which resolves with its best point', async () => {
    using problem = large()
    const controller = new AbortController()
    const answer = await problem.solve({
      ...endless,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    })
    expectHonest(problem, answer)
    expect(answer.attempts).toMatchObject([{ method: 'lbfgsb', outcome: 'cancelled' }])
  })

  it('that is aborted already rejects with its reason, and nothing runs', async () => {
    using problem = new ReweightProblem(households)
    const reason = { why: 'not needed' }
    const onProgress = vi.fn()
    const signal = AbortSignal.abort(reason)
    await expect(problem.solve({ signal, onProgress })).rejects.toBe(reason)
    await expect(problem.sweep([1], { signal, onProgress })).rejects.toBe(reason)
    expect(onProgress).not.toHaveBeenCalled()
  })

  it('of a time limit works like any other', async () => {
    using problem = large()
    expectHonest(problem, await problem.solve({ ...endless, signal: AbortSignal.timeout(30) }))
  })

  it('ends all the runs that it was given to, and no others', async () => {
    using problem = large()
    const controller = new AbortController()
    const { signal } = controller
    const both = [problem.solve({ ...endless, signal }), problem.solve({ ...endless, signal })]
    const other = problem.solve()
    setTimeout(() => controller.abort(), 20)
    for (const answer of await Promise.all(both)) expect(answer.status).toBe('cancelled')
    expect((await other).status).toBe('converged')
  })

  it('keeps no listener, however the run ends', async () => {
    using problem = new ReweightProblem(households)
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    await problem.solve({ signal })
    await expect(problem.solve({ signal, penalty: -1 })).rejects.toThrow(/penalty/)
    expect(add).toHaveBeenCalledTimes(2)
    expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(
      add.mock.calls.map(([, listener]) => listener),
    )
  })

  it('that is aborted after the run has ended changes nothing', async () => {
    using problem = new ReweightProblem(households)
    const controller = new AbortController()
    const answer = await problem.solve({ signal: controller.signal })
    controller.abort()
    expect(answer.status).toBe('converged')
    expect((await problem.solve()).digest).toBe(answer.digest)
  })

  it('ends a sweep', async () => {
    using problem = large()
    const controller = new AbortController()
    const answers = await problem.sweep([1e-2, 1e-3], {
      ...endless,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    })
    expect(answers.map((answer) => answer.status)).toEqual(['cancelled', 'cancelled'])
  })
})

describe('a time limit', () => {
  it('ends a run like a cancellation', async () => {
    using problem = large()
    expectHonest(problem, await problem.solve({ ...endless, timeLimitSeconds: 0.02 }))
    expectHonest(problem, problem.solveSync({ ...syncOnly(endless), timeLimitSeconds: 1e-6 }))
  })

  it('that is not reached changes nothing', () => {
    using problem = new ReweightProblem(households)
    expect(problem.solveSync({ timeLimitSeconds: 3600 }).digest).toBe(problem.solveSync().digest)
  })
})

describe('onProgress', () => {
  it('hears of the iterations in their order, and never after the end', async () => {
    using problem = new ReweightProblem(national(2000, 100))
    const heard: IterationRecord[] = []
    const answer = await problem.solve({ onProgress: (record) => heard.push(record) })
    const reported = answer.history.filter((record) => record.method === 'newton')
    expect(heard.filter((record) => record.method === 'newton')).toEqual(reported)
    expect(reported.map((record) => record.iteration)).toEqual(reported.map((_, i) => i))
    expect(reported[0]).toEqual({
      method: 'newton',
      iteration: 0,
      residual: expect.any(Number),
      objective: null,
      stepLength: expect.any(Number),
      numFree: expect.any(Number),
      numChanged: expect.any(Number),
    })
    const count = heard.length
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(heard).toHaveLength(count)
  })

  it('that throws ends the run, which rejects with the very same value', async () => {
    using problem = large()
    for (const value of [new Error('enough'), Object.freeze({ a: 1 }), 'text', undefined, null]) {
      const onProgress = vi.fn(() => {
        throw value
      })
      const outcome = await problem.solve({ ...endless, onProgress }).then(
        () => 'resolved',
        (reason: unknown) => ({ reason }),
      )
      expect(outcome).toEqual({ reason: value })
      expect((outcome as { reason: unknown }).reason).toBe(value)
      expect(onProgress).toHaveBeenCalledTimes(1)
    }
  })

  it('does not slow a run down: what the event loop is too busy to take is left out', async () => {
    using problem = new ReweightProblem(national(300, 30))
    let heard = 0
    const running = problem.solve({ ...endless, maxIterations: 3000, onProgress: () => heard++ })
    // Keeps the event loop of this thread from running for longer than the solver's thread needs.
    problem.solveSync({ ...syncOnly(endless), maxIterations: 9000 })
    const answer = await running
    expect(answer.history).toHaveLength(3000)
    expect(heard).toBeGreaterThan(0)
    expect(heard).toBeLessThan(3000)
  })
})

describe('onEvent', () => {
  it('hears what the solver tells, with its fields', async () => {
    using problem = new ReweightProblem(households)
    const events: SolverEvent[] = []
    const answer = await problem.solve({ penalty: 0.5, threads: 1, onEvent: (event) => events.push(event) })
    expect(events[0]).toEqual({
      level: 'info',
      target: 'equipoise::reweight::solve',
      message: 'reweighting starts',
      fields: { num_records: 4, num_targets: 2, penalty: 0.5, method: 'auto' },
    })
    expect(events.at(-1)).toMatchObject({
      level: 'info',
      fields: { status: 'converged', digest: answer.digest },
    })
    const iterations = events.filter((event) => event.message === 'iteration')
    expect(iterations.length).toBeGreaterThan(0)
    expect(iterations[0]).toMatchObject({ level: 'debug', fields: { method: 'newton', iteration: 0 } })
  })

  it('hears of its own run only', async () => {
    using problem = new ReweightProblem(households)
    const [one, two]: [SolverEvent[], SolverEvent[]] = [[], []]
    await Promise.all([
      problem.solve({ penalty: 1, onEvent: (event) => one.push(event) }),
      problem.solve({ penalty: 2, onEvent: (event) => two.push(event) }),
      problem.solve({ penalty: 3 }),
    ])
    const penalties = (events: SolverEvent[]) => events.flatMap(({ fields }) => fields.penalty ?? [])
    expect(penalties(one)).toEqual([1])
    expect(penalties(two)).toEqual([2])
  })

  it('that throws ends the run like onProgress', async () => {
    using problem = large()
    const error = new Error('the log is full')
    const onEvent = () => {
      throw error
    }
    await expect(problem.solve({ ...endless, onEvent })).rejects.toBe(error)
  })
})

function syncOnly({ signal: _, onProgress: __, onEvent: ___, ...options }: ReweightOptions) {
  return options
}

import { describe, expect, it, vi } from 'vitest'
import {
  type BandOptions,
  type CalibrationOptions,
  DisposedError,
  ReweightProblem,
  type SolverEvent,
} from '../../ts/index.js'
import { households, reachable } from './problems.js'

type Options = BandOptions & CalibrationOptions
type Control = Pick<Options, 'signal' | 'onEvent' | 'timeLimitSeconds' | 'threads'> & {
  readonly onProgress?: (record: { method: string; iteration: number }) => void
}

/** The forms, each with the method that its first iterations are of. */
const forms = [
  {
    name: 'solveBands',
    iterates: 'proximal_newton',
    starts: 'band reweighting starts',
    solve: (problem: ReweightProblem, control: Control) => problem.solveBands(control),
    solveSync: (problem: ReweightProblem, limit?: number) =>
      problem.solveBandsSync(limit === undefined ? {} : { timeLimitSeconds: limit }),
  },
  {
    name: 'calibrate',
    iterates: 'newton',
    starts: 'calibration starts',
    solve: (problem: ReweightProblem, control: Control) => problem.calibrate(control),
    solveSync: (problem: ReweightProblem, limit?: number) =>
      problem.calibrateSync(limit === undefined ? {} : { timeLimitSeconds: limit }),
  },
] as const

const large = () => new ReweightProblem(reachable(6000, 120))

describe.each(forms)('$name', ({ solve, solveSync, iterates, starts }) => {
  it('is ended by its signal, with a status and its last point', async () => {
    // Takes long enough that the signal is there before the end even if this thread has to wait for a CPU.
    using problem = new ReweightProblem(reachable(60_000, 200))
    const controller = new AbortController()
    const other = solve(problem, {})
    const running = solve(problem, { signal: controller.signal })
    controller.abort()
    const answer = await running
    expect(answer.status).toBe('cancelled')
    expect(answer.multipliers).toHaveLength(60_000)
    expect(answer.multipliers.every(Number.isFinite)).toBe(true)
    expect((await other).status).toBe('converged')
  })

  it('does not begin under a signal that is aborted already', async () => {
    using problem = new ReweightProblem(households)
    const reason = { why: 'not needed' }
    const onProgress = vi.fn()
    await expect(solve(problem, { signal: AbortSignal.abort(reason), onProgress })).rejects.toBe(reason)
    expect(onProgress).not.toHaveBeenCalled()
  })

  it('is ended by its time limit, on either thread', async () => {
    using problem = large()
    expect((await solve(problem, { timeLimitSeconds: 1e-9 })).status).toBe('cancelled')
    expect(solveSync(problem, 1e-9).status).toBe('cancelled')
  })

  it('tells of its iterations in their order, and never after the end', async () => {
    using problem = new ReweightProblem(reachable(2000, 60))
    const heard: { method: string; iteration: number }[] = []
    const answer = await solve(problem, { onProgress: (record) => heard.push(record) })
    expect(heard.length).toBeGreaterThan(0)
    expect(heard[0]).toMatchObject({ method: iterates, iteration: 0 })
    const iterations = (records: typeof heard) => records.filter((record) => record.method === iterates)
    expect(iterations(heard)).toEqual(iterations(answer.history))
    const count = heard.length
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(heard).toHaveLength(count)
  })

  it('rejects with the very value that a listener throws', async () => {
    using problem = large()
    for (const value of [new Error('enough'), Object.freeze({ a: 1 }), 'text', undefined]) {
      for (const listener of ['onProgress', 'onEvent'] as const) {
        const thrower = vi.fn(() => {
          throw value
        })
        const outcome = await solve(problem, { [listener]: thrower }).then(
          () => 'resolved',
          (reason: unknown) => ({ reason }),
        )
        expect((outcome as { reason: unknown }).reason).toBe(value)
        expect(thrower).toHaveBeenCalledTimes(1)
      }
    }
  })

  it('tells its own events only', async () => {
    using problem = new ReweightProblem(households)
    const events: SolverEvent[] = []
    const [answer] = await Promise.all([
      solve(problem, { onEvent: (event) => events.push(event) }),
      solve(problem, {}),
    ])
    expect(events.filter((event) => event.message === starts)).toHaveLength(1)
    expect(events[0]).toMatchObject({ level: 'info', message: starts, fields: { num_records: 4 } })
    expect(events.at(-1)).toMatchObject({ fields: { status: 'converged', digest: answer.digest } })
  })

  it('keeps no listener on the signal', async () => {
    using problem = new ReweightProblem(households)
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    await solve(problem, { signal })
    await expect(solve(problem, { signal, timeLimitSeconds: -1 })).rejects.toThrow(/timeLimitSeconds/)
    expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(
      add.mock.calls.map(([, listener]) => listener),
    )
  })

  it('ends on the data it began with, whatever becomes of the problem', async () => {
    const problem = new ReweightProblem(reachable(2000, 60))
    const expected = solveSync(problem).digest
    const updated = solve(problem, {})
    problem.update({ targets: reachable(2000, 60).targets.map((t) => ({ ...t, total: t.total * 1.01 })) })
    const disposed = solve(problem, {})
    problem.dispose()
    expect((await updated).digest).toBe(expected)
    expect((await disposed).digest).not.toBe(expected)
    await expect(solve(problem, {})).rejects.toBeInstanceOf(DisposedError)
    expect(() => solveSync(problem)).toThrow(DisposedError)
  })

  it('has the same bits whatever the number of threads', async () => {
    using problem = large()
    const answers = await Promise.all([1, 2, 3, 8].map((threads) => solve(problem, { threads })))
    expect(new Set(answers.map((answer) => answer.digest)).size).toBe(1)
    expect(answers.every((answer) => answer.status === 'converged')).toBe(true)
  })
})

import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { InternalError, RejectedPoint } from '../../ts/index.js'
import type { Evaluate } from '../../ts/objective/evaluation.js'
import { probe, probeSync, record, thrownValues } from './probing.js'

/** Both ways to the same end. */
const ways = [
  ['on this thread', async (evaluate: Evaluate, options = {}) => probeSync(evaluate, options)],
  ['on its own thread', probe],
] as const

const squares: Evaluate = (_, x) => record(x[0]! ** 2, x)

describe.each(ways)('an objective %s', (_, run) => {
  it('is asked for kinds at vectors, and answers records', async () => {
    const asked: unknown[] = []
    const { outcome, thrown } = await run((kind, x, none, extra) => {
      asked.push([kind, [...x], none, [...extra]])
      return record(kind, kind === 1 ? undefined : [10, 20])
    })
    expect(thrown).toBeUndefined()
    expect(outcome).toEqual({ sum: 0 + 1 + 2 + 3 + 4 + 4 * 30, records: 5, rejected: [], stopped: false })
    expect(asked).toEqual([0, 1, 2, 3, 4].map((k) => [k, [k, 0, 0], undefined, [k]]))
  })

  it('gives records of any length', async () => {
    const lengths = [0, 1, 5000, 3, 100_000]
    const { outcome } = await run((kind) => record(0, new Float64Array(lengths[kind]!).fill(1)))
    expect(outcome?.sum).toBe(lengths.reduce((sum, length) => sum + length))
  })

  it('may refuse points, with reasons', async () => {
    const { outcome } = await run((kind, x) => {
      const scope = kind === 3 ? { scope: 'seed' as const } : {}
      if (kind % 2 === 1) throw new RejectedPoint(`no inner solution at ${x[0]}`, scope)
      return record(1)
    })
    expect(outcome).toMatchObject({ sum: 3, records: 3, stopped: false })
    expect(outcome?.rejected.map((text) => JSON.parse(text))).toEqual([
      { scope: 'point', reason: 'no inner solution at 1' },
      { scope: 'seed', reason: 'no inner solution at 3' },
    ])
  })

  it.each(thrownValues())('that throws %s ends the run with that very value', async (_, value) => {
    const { outcome, thrown } = await run((kind) => {
      if (kind === 3) throw value
      return record(1)
    })
    expect(Object.is(thrown!.value, value)).toBe(true)
    expect(outcome).toEqual({ sum: 3, records: 3, rejected: [], stopped: true })
  })

  it('whose native side panics is an InternalError', async () => {
    const panicking = async () => run(squares, { panicAt: 2 })
    await expect(panicking()).rejects.toBeInstanceOf(InternalError)
    await expect(panicking()).rejects.toThrow(/deliberate panic at 2/)
  })

  it('may transfer the array that it got', async () => {
    const { outcome } = await run((_, x) => {
      const first = x[0]!
      structuredClone(x, { transfer: [x.buffer as ArrayBuffer] })
      return record(first)
    })
    expect(outcome?.sum).toBe(10)
  })

  it('may start runs itself', async () => {
    const inner: number[] = []
    const { outcome } = await run((kind) => {
      inner.push(probeSync(squares, { times: kind }).outcome!.records)
      return record(1)
    })
    expect([outcome?.records, inner]).toEqual([5, [0, 1, 2, 3, 4]])
  })
})

describe('an asynchronous objective', () => {
  it('may answer by promises of any kind, or at once, as it likes', async () => {
    const answers: Evaluate[] = [
      () => record(1),
      async () => record(2),
      () => turnOfLoop().then(() => record(3)),
      // biome-ignore lint/suspicious/noThenProperty: it is what is tested
      () => ({ then: (resolve: (answer: Float64Array) => void) => resolve(record(4)) }) as never,
      () => record(5),
    ]
    const { outcome } = await probe((...question) => answers[question[0]]!(...question))
    expect(outcome).toMatchObject({ sum: 15, records: 5 })
  })

  it.each(thrownValues())('that rejects with %s ends the run with that very value', async (_, value) => {
    const { outcome, thrown } = await probe((kind) =>
      kind === 2 ? turnOfLoop().then(() => Promise.reject(value)) : record(1),
    )
    expect(Object.is(thrown!.value, value)).toBe(true)
    expect(outcome).toMatchObject({ records: 2, stopped: true })
  })

  it('may refuse points', async () => {
    const { outcome } = await probe(async (kind) => {
      if (kind === 0) throw new RejectedPoint('not here')
      return record(1)
    })
    expect(outcome).toMatchObject({ records: 4, rejected: ['{"scope":"point","reason":"not here"}'] })
  })

  it('is refused by the synchronous call, which says so', () => {
    const { thrown } = probeSync(async () => record(1))
    expect(thrown!.value).toMatchObject({ code: 'wrong_type', path: 'objective', received: 'a promise' })
  })

  it('lets the event loop turn, also where its promises are resolved already', async () => {
    for (const evaluate of [squares, async (...question: Parameters<Evaluate>) => squares(...question)]) {
      let [turns, running] = [0, true]
      const count = () => {
        turns++
        if (running) setImmediate(count)
      }
      setImmediate(count)
      await probe(evaluate, { times: 10_000 })
      running = false
      expect(turns).toBeGreaterThan(2)
    }
  })

  it('runs beside others', async () => {
    const runs = await Promise.all(Array.from({ length: 8 }, () => probe(squares, { times: 500 })))
    expect(new Set(runs.map(({ outcome }) => outcome?.sum)).size).toBe(1)
  })
})

describe('an AbortSignal', () => {
  it('that is aborted already rejects with its reason, and nothing runs', async () => {
    const reason = { why: 'not needed' }
    await expect(probe(() => expect.unreachable(), { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )
  })

  it('ends a run whose objective never answers, and one whose answer comes too late', async () => {
    const answers = [
      () => new Promise<never>(() => {}),
      () => turnOfLoop().then(() => Promise.reject(new Error('late'))),
    ]
    for (const answer of answers) {
      const controller = new AbortController()
      const { outcome, thrown } = await probe(
        (kind) => {
          if (kind < 2) return record(1)
          controller.abort()
          return answer()
        },
        { signal: controller.signal },
      )
      expect([outcome?.records, outcome?.stopped, thrown]).toEqual([2, true, undefined])
    }
    await turnOfLoop()
  })

  it('reaches a run whose objective is busy', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 5)
    const { outcome } = await probe(squares, { times: 2 ** 31, signal: controller.signal })
    expect(outcome?.stopped).toBe(true)
    expect(outcome!.sum).toBeGreaterThanOrEqual(0)
  })
})

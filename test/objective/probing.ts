// The boundary without a solver: the native side asks `times` times, for kind k at x with x[0] = k.
import { expect } from 'vitest'
import { __evaluateForTest, __startForTest } from '../../ts/native/binding.cjs'
import type { Ended, Evaluate, Listeners } from '../../ts/objective/evaluation.js'
import { ReplyWriter } from '../../ts/objective/reply.js'
import { runDirect, runSession } from '../../ts/objective/run.js'

export interface Probed {
  sum: number
  records: number
  rejected: string[]
  stopped: boolean
}

export interface Probe {
  n?: number
  times?: number
  signal?: AbortSignal
  listeners?: Listeners
  panicAt?: number
}

export function probeSync(evaluate: Evaluate, { n = 3, times = 5, panicAt }: Probe = {}) {
  return runDirect<Probed>(evaluate, {}, (dispatch) =>
    __evaluateForTest(dispatch as never, new Float64Array(n), times, panicAt),
  )
}

export function probe(
  evaluate: Evaluate,
  { n = 3, times = 5, panicAt, signal }: Probe = {},
): Promise<Ended<Probed | undefined>> {
  return runSession<Probed>(evaluate, {}, signal, (dispatch, wake, _, token) =>
    __startForTest(dispatch as never, wake, token, new Float64Array(n), times, panicAt),
  )
}

/** A record of a number, and of a vector if there is one. */
export function record(value: number, vector?: ArrayLike<number>): Float64Array {
  return new ReplyWriter().begin().number(value).vector(vector).end()
}

/** Values that a program may throw, and that nothing may copy, read or wrap. */
export function thrownValues(): [string, unknown][] {
  const cyclic = new TypeError('cyclic')
  Object.assign(cyclic, { cause: cyclic, code: 'E' })
  const throwing = () => {
    throw new Error('touched')
  }
  return [
    ['an error', new Error('plain')],
    ['an error with a cyclic cause', cyclic],
    ['a frozen object', Object.freeze({ a: 1 })],
    ['a string', 'text'],
    ['a symbol', Symbol('s')],
    ['undefined', undefined],
    ['null', null],
    ['a number', 42],
    ['a function', () => {}],
    [
      'a Proxy whose traps throw',
      new Proxy(
        {},
        { get: throwing, has: throwing, getPrototypeOf: throwing, getOwnPropertyDescriptor: throwing },
      ),
    ],
    ['a revoked Proxy', revoked()],
    ['an error with a throwing getter', Object.defineProperty(new Error('a'), 'message', { get: throwing })],
  ]
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** What a run throws, in a box: a promise would look into it. */
export async function caught(run: () => unknown): Promise<{ readonly thrown: unknown }> {
  try {
    await run()
  } catch (thrown) {
    return { thrown }
  }
  return expect.unreachable('nothing was thrown')
}

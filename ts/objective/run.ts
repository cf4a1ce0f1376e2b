// Runs of solvers that ask JavaScript for evaluations: on this thread, or on a thread of their own.
import { CancelToken, Notices, type Session } from '../native/binding.cjs'
import { callNative, fromNative } from '../native-errors.js'
import { type Ended, type Evaluate, Evaluations, type Listeners } from './evaluation.js'

/** The façade's functions as native code takes them. */
type Dispatch = (kind: number, first: Float64Array, second: Float64Array, third: Float64Array) => unknown

/** Runs a solver on this thread. What it throws is thrown, unless something of the user's ended the run. */
export function runDirect<T>(
  evaluate: Evaluate,
  listeners: Listeners,
  solve: (dispatch: Dispatch, notices: Notices) => unknown,
): Ended<T | undefined> {
  const notices = noticesFor(listeners)
  const evaluations = new Evaluations(evaluate, listeners, notices, true)
  try {
    const outcome = callNative(() => solve(evaluations.dispatch, notices)) as T
    evaluations.tell()
    return { outcome, thrown: evaluations.thrown }
  } catch (error) {
    if (evaluations.thrown === undefined) throw error
    return { outcome: undefined, thrown: evaluations.thrown }
  }
}

/**
 * Runs a solver on a thread of its own. The event loop turns meanwhile, and the functions may be asynchronous. An aborted run ends with the
 * point that it has; an answer that it waits for then is not waited for.
 */
export function runSession<T>(
  evaluate: Evaluate,
  listeners: Listeners,
  signal: AbortSignal | undefined,
  start: (dispatch: Dispatch, wake: () => void, notices: Notices, token: CancelToken) => Session,
): Promise<Ended<T | undefined>> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const token = new CancelToken()
    const notices = noticesFor(listeners)
    const evaluations = new Evaluations(evaluate, listeners, notices, false)
    // The session waits for the promise of this number; none for 0.
    let [awaited, count, ended] = [0, 0, false]

    const abort = () => {
      token.cancel()
      if (awaited !== 0) stop()
    }
    const stop = () => {
      evaluations.abandon()
      awaited = 0
      session.stop()
    }
    const end = () => {
      ended = true
      signal?.removeEventListener('abort', abort)
      try {
        const outcome = session.outcome() as T
        evaluations.tell()
        resolve({ outcome, thrown: evaluations.thrown })
      } catch (error) {
        if (evaluations.thrown === undefined) reject(fromNative(error))
        else resolve({ outcome: undefined, thrown: evaluations.thrown })
      }
    }
    // Never throws: its caller is the event loop.
    const turn = (woken: boolean): void => {
      if (ended) return
      try {
        const pumped = session.pump(woken)
        if (pumped === true) end()
        else if (pumped !== false) {
          count += 1
          const own = count
          awaited = own
          pumped.then((answer) => {
            if (awaited !== own) return
            awaited = 0
            session.answer(answer)
            turn(false)
          })
          if (signal?.aborted) stop()
        }
      } catch (error) {
        evaluations.keep(error)
        awaited = 0
        session.stop()
      }
    }
    const session = callNative(() => start(evaluations.dispatch, () => turn(true), notices, token))
    signal?.addEventListener('abort', abort, { once: true })
  })
}

function noticesFor({ onIteration, onEvent }: Listeners): Notices {
  return new Notices(onIteration !== undefined, onEvent !== undefined)
}

import { setMaxListeners } from 'node:events'
import { availableParallelism } from 'node:os'
import { type CancelToken, NativeMultistart, type Notices } from '../native/binding.cjs'
import { callNative } from '../native-errors.js'
import { runSession } from '../objective/run.js'
import { checkedCount, checkedFunction, checkNames, optional } from '../validate.js'
import { type Outcome, settled } from './minimize.js'
import { ObjectiveAnswers } from './objective.js'
import type { OuterObjective } from './objective-types.js'
import { checkObjective, nativeHooks, nativeOuterOptions, OUTER_OPTION_NAMES } from './options.js'
import type { OuterResult } from './result-types.js'
import type { OuterEvent, OuterIteration, OuterOptions } from './types.js'

/** Options of `minimizeOuterMultistart`: those of a search, but for what searches cannot share. */
export interface OuterMultistartOptions
  extends Omit<OuterOptions, 'cache' | 'uncertainty' | 'onIteration' | 'onEvent'> {
  /** How many searches run at the same time; unless given, one per processor. It changes no bit of the result. */
  readonly concurrency?: number
  /** Called with every iteration of every search, and the number of its seed. */
  readonly onIteration?: (record: OuterIteration, seed: number) => void
  /** Called with every event of every search, and the number of its seed. */
  readonly onEvent?: (event: OuterEvent, seed: number) => void
}

const OPTION_NAMES = [
  ...OUTER_OPTION_NAMES.filter((name) => name !== 'cache' && name !== 'uncertainty'),
  'signal',
  'concurrency',
]

/**
 * Searches from every seed, each with an objective of its own (`makeObjective(seed)`) and a certificate of its own; several at a time, which pays where
 * evaluations are promises (worker threads, other processes). The lowest certified value wins; values that differ by rounding count as
 * equal, and the lowest seed wins then: timing does not matter. Where no search converges, the lowest value of all is returned, not converged.
 *
 * Seeds are neither screened nor limited by `seedConfig.seedBudget`; there is neither a cache nor an assessment of uncertainty. The time limit is
 * each search's own. What any objective throws ends all searches and is thrown.
 *
 * @throws {InputError} for wrong options or values of a wrong kind.
 * @throws {OuterSearchError} where no solver fits, or every search failed.
 */
export async function minimizeOuterMultistart(
  makeObjective: (seed: number) => OuterObjective,
  options: OuterMultistartOptions = {},
): Promise<OuterResult> {
  checkedFunction('makeObjective', makeObjective)
  checkNames('options', options, OPTION_NAMES)
  const { concurrency, onIteration, onEvent, ...search } = options
  const limit = optional({ concurrency }, 'concurrency', checkedCount) ?? availableParallelism()
  for (const [path, listener] of Object.entries({ onIteration, onEvent }))
    if (listener !== undefined) checkedFunction(path, listener)
  const first = makeObjective(0)
  checkObjective(first)
  const native = nativeOuterOptions(search, first, false)
  options.signal?.throwIfAborted()
  const searches = callNative(() => new NativeMultistart(native))

  const ending = new AbortController()
  const signal = AbortSignal.any([ending.signal, ...(options.signal ? [options.signal] : [])])
  // Each search that runs listens: that is no leak.
  setMaxListeners(0, signal)
  let thrown: { readonly value: unknown } | undefined
  let next = 0
  const searchFrom = async (seed: number) => {
    const objective = seed === 0 ? first : makeObjective(seed)
    checkObjective(objective)
    const hooks = nativeHooks(objective)
    const listeners = {
      onIteration: onIteration && ((record: never) => onIteration(record, seed)),
      onEvent: onEvent && ((event: never) => onEvent(event, seed)),
    }
    const start = (dispatch: never, wake: () => void, notices: Notices, token: CancelToken) =>
      searches.start(dispatch, wake, seed, hooks, notices, token)
    const ended = await runSession(new ObjectiveAnswers(objective).answer, listeners, signal, start as never)
    thrown ??= ended.thrown
  }
  const work = async () => {
    while (next < searches.numSearches && !signal.aborted) {
      const seed = next
      next += 1
      try {
        await searchFrom(seed)
      } catch (value) {
        thrown ??= { value }
      }
      if (thrown !== undefined) ending.abort()
    }
  }
  const workers = Math.min(Math.max(limit, 1), searches.numSearches)
  await Promise.all(Array.from({ length: workers }, work))
  return settled({ outcome: callNative(() => searches.outcome()) as Outcome, thrown }, options)
}

import type { OuterResult } from './result-types.js'

const bestOf = new WeakMap<object, OuterResult>()

/** Attaches the best point to what ended a run, without touching it. */
export function rememberBest(
  thrown: unknown,
  best: OuterResult | null,
  onInterrupted: ((best: OuterResult | null) => void) | undefined,
): void {
  if (best !== null && ((typeof thrown === 'object' && thrown !== null) || typeof thrown === 'function')) {
    bestOf.set(thrown, best)
  }
  onInterrupted?.(best)
}

/**
 * The best point of the run that this exception ended; undefined if there is none. It has no certificate, as that would have asked the objective
 * again. A primitive that was thrown carries nothing: the option `onInterrupted` gets its best point.
 */
export function interruptedResult(thrown: unknown): OuterResult | undefined {
  return typeof thrown === 'object' || typeof thrown === 'function' ? bestOf.get(thrown as object) : undefined
}

import { BestPoints } from '../objective/interrupted.js'
import type { OuterResult } from './result-types.js'

/** Of outer searches. */
export const bestPoints = new BestPoints<OuterResult>()

/**
 * The best point of the run that this exception ended; undefined if there is none. It has no certificate, as that would have asked the objective
 * again. A primitive that was thrown carries nothing: the option `onInterrupted` gets its best point.
 */
export function interruptedResult(thrown: unknown): OuterResult | undefined {
  return bestPoints.get(thrown)
}

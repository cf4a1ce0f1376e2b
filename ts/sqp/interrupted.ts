import { BestPoints } from '../objective/interrupted.js'
import type { MinimizeResult } from './types.js'

/** Of runs of `minimize` and `diagnoseMinimize`. */
export const bestPoints = new BestPoints<MinimizeResult>()

/**
 * The result, with the best point and the status `cancelled`, of the run of `minimize` that this exception ended; undefined if there is none. What
 * the functions could no longer say is NaN there. A primitive that was thrown carries nothing: the option `onInterrupted` gets its best point.
 */
export function interruptedMinimum(thrown: unknown): MinimizeResult | undefined {
  return bestPoints.get(thrown)
}

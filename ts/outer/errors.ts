import { EquipoiseError } from '../errors.js'
import type { OuterResult } from './result-types.js'
import type { SeedFailure } from './types.js'

/** Why a search has no result, and what there is of one. */
export interface OuterFailureDetails {
  readonly code: OuterSearchError['code']
  readonly message: string
  readonly seeds: SeedFailure | null
  readonly best: OuterResult | null
  /** The lowest point that the last solver saw, and the criterion there. */
  readonly lowest: readonly [rho: readonly number[], value: number] | null
}

/**
 * A search that ended without a result. Codes:
 *
 * - `no_plan`: no solver works with what the objective computes
 * - `seeds`: every start failed; `seeds` says how
 * - `objective`: the objective failed where no start can be blamed
 * - `cancelled`: out of time before any point was evaluated
 */
export class OuterSearchError extends EquipoiseError {
  declare readonly code: 'no_plan' | 'seeds' | 'objective' | 'cancelled'
  /** How the starts failed, where that was the reason. */
  readonly seeds: SeedFailure | null
  /** The best point, where there is one. */
  readonly best: OuterResult | null
  /** Where every start failed: the lowest point that the last solver saw, if it saw any. */
  readonly lowest: { readonly rho: Float64Array; readonly value: number } | null

  constructor({ code, message, seeds, best, lowest }: OuterFailureDetails) {
    super(code, message)
    this.seeds = seeds
    this.best = best
    this.lowest = lowest && { rho: Float64Array.from(lowest[0]), value: lowest[1] }
  }
}

import { outerDefaults as nativeDefaults, outerStopReasonSentences } from '../native/binding.cjs'
import { callNative } from '../native-errors.js'
import type { OuterSeedConfig, OuterStopReason, OuterUncertaintyOptions } from './types.js'

/** Every stop reason with one sentence: what it means and, where it is no answer, what to do. */
export const OUTER_STOP_REASONS = Object.freeze(outerStopReasonSentences()) as Readonly<
  Record<OuterStopReason, string>
>

/** The defaults of the options that have one. */
export interface OuterDefaults {
  readonly tolerance: number
  readonly maxIter: number
  readonly rhoBound: number
  readonly psiDim: number
  readonly seedConfig: Required<Omit<OuterSeedConfig, 'overSmoothingProbeRho'>> & {
    readonly overSmoothingProbeRho: number | null
  }
  readonly fallbackPolicy: 'automatic' | 'disabled'
  readonly continuationPrewarm: boolean
  readonly uncertainty: Required<OuterUncertaintyOptions>
  readonly cache: { readonly timeToLiveSeconds: number; readonly sizeBudgetBytes: number }
  readonly barrierTau: number
  /** From this many ρ coordinates on a fixed point runs coordinate by coordinate. */
  readonly frontierMinParams: number
  /** With a gradient, BFGS is preferred to fixed points up to this many parameters. */
  readonly smallBfgsMaxParams: number
}

/** The defaults, as the solver has them. */
export function outerDefaults(): OuterDefaults {
  return callNative(nativeDefaults) as OuterDefaults
}

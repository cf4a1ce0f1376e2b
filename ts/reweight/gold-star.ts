import { compareWeights as nativeCompare } from '../native/binding.cjs'
import { callNative } from '../native-errors.js'
import { checkedNumber, checkedNumbers, checkNames, wrongType } from '../validate.js'

/** How to compare. */
export interface CompareOptions {
  /**
   * Allowed difference relative to |reference|: ≥ 0.
   * @default 1e-5
   */
  readonly rtol?: number
  /**
   * Allowed difference added to that: ≥ 0, in the units of the numbers.
   * @default 1e-8
   */
  readonly atol?: number
  /** Names of the records (n), for the worst ones. */
  readonly names?: readonly string[]
  /**
   * What is certified about our numbers: |ours − optimum| is at most this, in their units; one bound or one for each. For
   * multipliers, `certificate.distanceBound`, or `distanceBounds` of `certify`.
   */
  readonly distanceBound?: number | ArrayLike<number>
}

/** A record whose two numbers differ. */
export interface WeightDifference {
  /** Index of the record. */
  record: number
  /** Its name, if names were given. */
  name?: string
  ours: number
  reference: number
  /** |ours − reference|; Infinity where one of them is NaN. */
  absoluteDifference: number
  /** atol + rtol·|reference| */
  allowed: number
}

/** The outcome of a comparison. */
export interface Comparison {
  /** True if every record agrees. */
  allclose: boolean
  numRecords: number
  numOutside: number
  /** max |ours − reference| */
  largestAbsoluteDifference: number
  /** max |ours − reference|/|reference|; Infinity where only the reference is 0. */
  largestRelativeDifference: number
  /** The records that differ most beyond what is allowed, at most ten. */
  worst: WeightDifference[]
  /**
   * true: a record that does not agree differs by more than the certified bound of ours, so the reference is not the
   * optimum. false: the reference is the optimum within the tolerances. null: cannot tell.
   */
  referenceIsNotOptimal: boolean | null
  /** The outcome in words. */
  sentence: string
}

/**
 * Compares numbers with a reference as NumPy's `allclose` does: |ours − reference| ≤ atol + rtol·|reference|, so that the
 * reference sets the scale; NaN agrees with nothing. A certified bound tells whose error a difference is.
 */
export function compareWeights(
  ours: ArrayLike<number>,
  reference: ArrayLike<number>,
  options: CompareOptions = {},
): Comparison {
  checkNames('options', options, ['rtol', 'atol', 'names', 'distanceBound'])
  const { rtol, atol, names, distanceBound } = options
  const [ourNumbers, referenceNumbers] = [
    checkedNumbers('ours', ours),
    checkedNumbers('reference', reference),
  ]
  const relative = rtol === undefined ? null : checkedNumber('rtol', rtol)
  const absolute = atol === undefined ? null : checkedNumber('atol', atol)
  const bound =
    distanceBound === undefined || typeof distanceBound === 'number'
      ? distanceBound
      : checkedNumbers('distanceBound', distanceBound)
  if (names !== undefined && !Array.isArray(names)) throw wrongType('names', 'an array of strings', names)
  const comparison = callNative(() =>
    nativeCompare(ourNumbers, referenceNumbers, relative, absolute, bound),
  ) as Comparison
  if (names !== undefined) {
    for (const difference of comparison.worst) difference.name = names[difference.record]!
  }
  return comparison
}

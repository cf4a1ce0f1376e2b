// Integer weights: options in the shape that native code takes, and what comes back.
import {
  type NativeIntegerOptions,
  integerDefaults as nativeDefaults,
  roundingMethods as nativeMethods,
  integerStatusSentences as nativeSentences,
} from '../native/binding.cjs'
import {
  checkedCount,
  checkedCounts,
  checkedNumber,
  checkedString,
  checkNames,
  optional,
} from '../validate.js'

/**
 * - `cube`: random and balanced; the expectation of each integer is its weight, and the totals are kept but for the rounding of the
 *   last few records (the cube method of Deville and Tillé, Biometrika 91 (2004) 893–912)
 * - `largest_remainder`: the units that each cell's rounded total lacks go to its largest fractional parts; deterministic,
 *   neither unbiased nor mindful of the totals
 */
export type RoundingMethod = 'cube' | 'largest_remainder'

/** Whether every total of the integers is within the distance asked for. */
export type IntegerStatus = 'within_distance' | 'beyond_distance'

/** Options of `integerWeights`. `integerDefaults()` has the defaults. */
export interface IntegerOptions {
  /** @default 'cube' */
  readonly method?: RoundingMethod
  /**
   * Cell of each record (n whole numbers): the sum of weights of each becomes the floor or ceiling of what it was (largest
   * remainder: the nearest integer). One cell where it is left out.
   */
  readonly cells?: ArrayLike<number>
  /**
   * How far rounding may move the total of a target, as a fraction of the sum of weight times |matrix value|: ≥ 0. The status says
   * whether it holds.
   * @default 0.001
   */
  readonly maxTotalError?: number
  /**
   * Seed of the random numbers: a whole number from 0 to 2⁵³ − 1. The same seed gives the same integers on every machine.
   * @default 0
   */
  readonly seed?: number
}

/** The defaults of `integerWeights`. */
export type IntegerDefaults = { readonly [Name in 'maxTotalError' | 'seed']: number } & {
  readonly method: RoundingMethod
}

/** What rounding did to one target. */
export interface IntegerTarget {
  name: string
  /** The total asked for. */
  target: number
  /** The total at the weights given. */
  before: number
  /** The total at the integers. */
  after: number
  /** after − before */
  error: number
  /** The distance allowed. */
  allowed: number
  within: boolean
}

/** Integer weights with their evidence. */
export interface IntegerResult {
  status: IntegerStatus
  /** The status in a sentence. */
  message: string
  method: RoundingMethod
  /** Each the floor or ceiling of the weight given (n). */
  weights: Uint32Array
  /** One row per target. */
  targets: IntegerTarget[]
  /** Index of the target whose error is the largest part of what is allowed. */
  worstTarget: number
  numCells: number
  /** Largest |sum of integers − sum of weights| of a cell. */
  largestCellError: number
  sumBefore: number
  sumAfter: number
  /** Records whose weight was no integer. */
  numRounded: number
  /** FNV-1a 64 over the integers as little-endian IEEE doubles. */
  digest: string
  seconds: number
}

/** Every status of `integerWeights` with one sentence. */
export const INTEGER_STATUSES = Object.freeze(nativeSentences()) as Readonly<Record<IntegerStatus, string>>

/** The names of the methods of `integerWeights`. */
export const ROUNDING_METHODS = Object.freeze(nativeMethods()) as readonly RoundingMethod[]

/** The defaults of `integerWeights`. */
export function integerDefaults(): IntegerDefaults {
  return nativeDefaults() as IntegerDefaults
}

/** @internal Options, checked. */
export function nativeIntegerOptions(options: IntegerOptions): NativeIntegerOptions {
  checkNames('options', options, ['method', 'cells', 'maxTotalError', 'seed'])
  return {
    method: optional(options, 'method', checkedString),
    cells: optional(options, 'cells', checkedCounts),
    maxTotalError: optional(options, 'maxTotalError', checkedNumber),
    seed: optional(options, 'seed', (path, value) => checkedCount(path, value, Number.MAX_SAFE_INTEGER)),
  }
}

import type { BandStatus } from '../status.js'
import type { FormChoice, FormResult } from './form-choice.js'

/** Options of `solveReplicates`. */
export interface ReplicateOptions extends FormChoice {
  /**
   * Replicates that are solved side by side; 0 means as many as the machine offers. The bits of the answers do not depend on it.
   * Each replicate is solved on one thread.
   */
  readonly threads?: number
  /**
   * Ends the batch: replicates that are running end with their best point, the others keep their design weights; all of
   * these have the status `cancelled`. A signal that is aborted already rejects with its reason.
   */
  readonly signal?: AbortSignal
  /** Hears of each replicate as it ends. If it throws, the batch ends and rejects with what was thrown. */
  readonly onProgress?: (progress: ReplicateProgress) => void
}

/** A replicate has ended. */
export interface ReplicateProgress {
  /** Its place in the list given. */
  index: number
  status: BandStatus
  numReplicates: number
}

/** One replicate and how its reweighting ended. */
export interface Replicate {
  /** Its place in the list given, from 0. */
  index: number
  /** `converged` only if the certificate holds; `infeasible` only with a proof. */
  status: BandStatus
  message: string
  /**
   * Final weights (n): 0 where the replicate's design weight is 0; the replicate's design weights where there was no solve.
   */
  weights: Float64Array
  /** Records with a positive design weight in it. */
  numRecords: number
  /** Certified bound on the distance of every multiplier from the replicate's optimum. */
  distanceBound: number
  /** Largest relative error of a target; for a target of 0, of the total itself. */
  largestRelativeError: number
  iterations: number
  /** FNV-1a 64 over the little-endian IEEE bytes of the weights. */
  digest: string
  /** Why it is no problem of the form at all; null where it is one. */
  inputError: { code: string; path: string; expected: string; received: string } | null
  /** The whole answer of a replicate that did not converge, over the records of positive weight; null where it did. */
  evidence: FormResult | null
}

/** All replicates, in the order given. */
export interface ReplicateBatch {
  replicates: Replicate[]
  numConverged: number
  /** FNV-1a 64 over the weights of all replicates. */
  digest: string
  threads: number
  seconds: number
}

/** What to estimate from weights wᵢ: Σwᵢxᵢ (`total`), Σwᵢxᵢ/Σwᵢ (`mean`), or the ratio of two totals; n values each. */
export type Statistic =
  | { readonly name?: string; readonly total: ArrayLike<number> }
  | { readonly name?: string; readonly mean: ArrayLike<number> }
  | {
      readonly name?: string
      readonly numerator: ArrayLike<number>
      readonly denominator: ArrayLike<number>
    }

/**
 * How the R replicates were made: what the square of each one's deviation counts.
 *
 * - `jk1`, unstratified jackknife: (R − 1)/R
 * - `jkn`, stratified jackknife: `coefficients`, usually (nₕ − 1)/nₕ with nₕ the units of the replicate's stratum
 * - `bootstrap`: 1/R
 * - `brr`, balanced half-samples: 1/R
 * - `fay`, half-samples whose weights were multiplied by `rho` and 2 − `rho`: 1/(R(1 − rho)²)
 *
 * Sources: Wolter, Introduction to Variance Estimation (2007), ch. 3–5; Judkins, J. Official Statistics 6 (1990) 223–239.
 */
export type ReplicationMethod = 'jk1' | 'jkn' | 'bootstrap' | 'brr' | 'fay'

/** Options of `standardErrors`. `standardErrorDefaults()` has the defaults. */
export interface StandardErrorOptions {
  readonly method: ReplicationMethod
  /** R, each ≥ 0; needed by `jkn`, an error with any other method. */
  readonly coefficients?: ArrayLike<number>
  /** 0 ≤ rho < 1; needed by `fay`, an error with any other method. */
  readonly rho?: number
  /**
   * What replicate estimates are compared with: the estimate of the full sample, or their own mean (`replicate_mean`).
   * @default 'full_sample'
   */
  readonly centre?: 'full_sample' | 'replicate_mean'
  /**
   * Probability of the confidence interval, between 0 and 1.
   * @default 0.95
   */
  readonly confidenceLevel?: number
  /**
   * Of Student's t (> 0), such as units less strata; null is the normal distribution.
   * @default null
   */
  readonly degreesOfFreedom?: number
  /**
   * Replicates without an answer are an error, or are left out (`leave_out`): R then counts the rest, and with `jkn` the variance
   * lacks their terms.
   * @default 'refuse'
   */
  readonly missing?: 'refuse' | 'leave_out'
}

/** The defaults of `standardErrors`. */
export type StandardErrorDefaults = {
  readonly [Name in 'centre' | 'confidenceLevel' | 'missing']: NonNullable<StandardErrorOptions[Name]>
} & { readonly degreesOfFreedom: null }

/** One statistic with its standard error. */
export interface StandardError {
  name: string
  /** From the full sample's weights. */
  estimate: number
  standardError: number
  /** Square of the standard error. */
  variance: number
  /** Standard error / |estimate|. */
  coefficientOfVariation: number
  /** Lower end of the confidence interval. */
  lower: number
  /** Upper end of the confidence interval. */
  upper: number
  /** The estimate from each replicate that counts. */
  replicateEstimates: number[]
  /** Replicates in which the estimate is undefined (a denominator of 0): the standard error is then NaN. */
  undefined: number[]
}

/** All statistics. */
export interface StandardErrors {
  /** One per statistic, in their order. */
  rows: StandardError[]
  /** R: replicates that count. */
  numReplicates: number
  /** Indices of those that do not. */
  leftOut: number[]
  /** Multiple of the standard error at the ends of the confidence intervals. */
  quantile: number
}

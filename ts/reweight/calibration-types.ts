import type { CalibrationDistance, CalibrationStatus } from '../status.js'
import type { Distribution, IterationRecord, RunControl } from './types.js'

/** Options of `calibrateSync`: nothing that needs the event loop. */
export interface CalibrationSyncOptions {
  /** @default 'linear' */
  readonly distance?: CalibrationDistance
  /**
   * Parameter of the distance `sinh`: > 0; with any other distance it is an error.
   * @default 1
   */
  readonly alpha?: number
  /** qᵢ (n, each > 0): the distance of record i counts wᵢ/qᵢ; 1 for all where it is left out. */
  readonly qWeights?: ArrayLike<number>
  /**
   * Cluster (household) of each record (n whole numbers): the records of one cluster get one multiplier. They must have the same
   * design weight and, for a distance with bounds, the same bounds. Each record on its own where it is left out.
   */
  readonly clusters?: ArrayLike<number>
  /**
   * Cost of each total (k, each > 0): the objective gains cost·(miss)²/2, and the total is relaxed (ridge calibration). `Infinity`:
   * the total is exact, as all are where this is left out.
   */
  readonly costs?: ArrayLike<number>
  /**
   * An answer is `converged` if every exact total is met to this relative error and the certified bound on
   * max |multiplier − optimal multiplier| is at most this: > 0.
   * @default 1e-9
   */
  readonly tolerance?: number
  /**
   * Newton iterations: ≥ 1.
   * @default 200
   */
  readonly maxIterations?: number
  /**
   * Seconds (> 0) after which the run ends as `cancelled` with its last point.
   * @default null
   */
  readonly timeLimitSeconds?: number
  /**
   * Threads to use; 0 means as many as the machine offers. The bits of the answer do not depend on it.
   * @default 0
   */
  readonly threads?: number
  /**
   * Whether records that are the same to the problem (matrix row, q, bounds; the weights may differ) are solved as one, and the solve over all
   * records starts from there, where at most half of the records are distinct. The certificate is that of all records; the bits of
   * the multipliers do not depend on it.
   * @default true
   */
  readonly groupIdentical?: boolean
}

/** Options of `calibrate`. `calibrationDefaults()` has the defaults. */
export interface CalibrationOptions extends CalibrationSyncOptions, RunControl<CalibrationIterationMethod> {}

/** What iterates in `calibrate`: `finish` is the last part. */
export type CalibrationIterationMethod = 'newton' | 'finish'

/** The defaults of the options, as the native code has them. */
export interface CalibrationDefaults {
  readonly distance: CalibrationDistance
  readonly alpha: number
  readonly tolerance: number
  readonly maxIterations: number
  /** No limit. */
  readonly timeLimitSeconds: null
  /** 0: as many as the machine offers. */
  readonly threads: number
  readonly groupIdentical: boolean
}

/** The independent check of an answer: every number is computed from data and answer alone. */
export interface CalibrationCertificate {
  /** The distance Σ (w⁰ᵢ/qᵢ)·G(gᵢ), plus the cost of relaxed totals. */
  objective: number
  /** The part of the relaxed totals. */
  relaxationCost: number
  /** Upper bound on |objective − optimum of the dual|. */
  dualityGap: number
  /** The gap divided by the objective. */
  relativeGap: number
  /** Largest relative miss of an exact total; one of 0 is measured against the sum of its absolute contributions. */
  constraintResidual: number
  /** max |multiplier − optimal multiplier| is at most this; infinite where nothing is proven. */
  distanceBound: number
  /** The part of the bound that is not the rounding of the answer to doubles. */
  boundBeforeRounding: number
  /** Upper bound on the norm of the dual gradient, in the metric of the inverse Hessian. */
  dualResidual: number
  /** Multipliers at their lower bound (distances with bounds). */
  numAtLower: number
  /** Multipliers at their upper bound (distances with bounds). */
  numAtUpper: number
  /** Targets that depend on others, given the records that are free to move. */
  numDependent: number
  /** Smallest scaled pivot of the Hessian; null if no target is independent. */
  smallestPivot: number | null
}

/** One target, read from the answer. */
export interface CalibrationTargetRow {
  name: string
  /** The total asked for. */
  target: number
  /** The total at the design weights. */
  before: number
  /** The total at the final multipliers. */
  after: number
  /** (after − target)/|target|; for a target of 0, `after` itself. */
  relativeError: number
  /** Change of the objective per +1 unit of the total. */
  lambda: number
  /** True if the total has a finite cost instead of being exact. */
  relaxed: boolean
  /** True if the target depends on others, given the records that are free to move; its lambda is then part of theirs. */
  dependent: boolean
  /** True if no record counts for the target. */
  impossible: boolean
}

/**
 * A combination of the exact totals that no multipliers allowed by the distance can give: `required` exceeds `attainable` by at
 * least `gap` (`gap` may be 0 where `attainable` is not reached).
 */
export interface CalibrationInfeasibility {
  /** The weight of each total in the combination (k). */
  combination: number[]
  /** Indices of the targets whose weight is not 0: they alone cannot be met together. */
  targets: number[]
  /** What the totals ask of the combination. */
  required: number
  /** The most that any multipliers give. */
  attainable: number
  /** Proven lower bound on required − attainable. */
  gap: number
}

/** An answer with its certificate. */
export interface CalibrationResult {
  status: CalibrationStatus
  /** The status in words; if it is `infeasible`, with the targets that contradict one another. */
  message: string
  /** Newton iterations. */
  iterations: number
  /** FNV-1a 64 over the little-endian IEEE bytes of the multipliers: 16 hexadecimal digits. */
  digest: string
  /** Groups of identical records that the plain iteration ran over; the number of records where there were none. */
  numGroups: number
  /** Final weights (n): design weight times multiplier, rounded. */
  weights: Float64Array
  /** n; without convergence those of the last point. */
  multipliers: Float64Array
  /** Dual values (k). */
  lambda: Float64Array
  /** The rest of each: the dual point is `lambda + lambdaLow`, unevaluated. */
  lambdaLow: Float64Array
  certificate: CalibrationCertificate
  /** The proof behind the status `infeasible`; null with any other. */
  infeasibility: CalibrationInfeasibility | null
  /** One row per target. */
  targets: CalibrationTargetRow[]
  distribution: Distribution
  /** Every iteration. */
  history: IterationRecord<CalibrationIterationMethod>[]
}

/** An answer to be checked, from anywhere. */
export interface CalibrationAnswer {
  /** n */
  readonly multipliers: ArrayLike<number>
  /** k; without it one is fitted to the multipliers, and the bound is weaker. */
  readonly lambda?: ArrayLike<number>
  /** k; zeros where it is left out. */
  readonly lambdaLow?: ArrayLike<number>
}

/** The result of the independent check. */
export interface CalibrationCertification {
  certificate: CalibrationCertificate
  targets: CalibrationTargetRow[]
  /** For each record: |multiplier − optimal multiplier| is at most this (n). */
  distanceBounds: Float64Array
  digest: string
  /** True if the answer is proven to be the optimum within the tolerance of the options: what a calibration calls `converged`. */
  isCertified: boolean
}

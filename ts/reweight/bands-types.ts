import type { BandMethod, BandStatus } from '../status.js'
import type { Distribution, IterationRecord, RunControl, Timing } from './types.js'

/**
 * The totals that count as meeting a target.
 *
 * - a number: within this fraction of |total|, 0.005 being ±0.5 %
 * - `absolute`: within this distance of the total, in its units
 * - `lower`, `upper`: between these two, in the units of the total
 */
export type Band = number | { readonly absolute: number } | { readonly lower: number; readonly upper: number }

/**
 * What a total outside its band costs: M > 0 times the squared distance from the band, relative to |total| (or to the scale of the
 * target, where one is given). `hard`: every band holds, or the problem is infeasible.
 */
export type BandWeight = number | 'hard'

/** Another band or weight for some targets; what is left out stays as it is. */
export interface BandOverride {
  /** The targets it is for: all whose whole name matches, `*` standing for any characters and `?` for one. */
  readonly match: string
  readonly band?: Band
  readonly weight?: BandWeight
  /** True if no target need match; without it that is an error. */
  readonly optional?: boolean
}

/** Options of `solveBandsSync`: nothing that needs the event loop. */
export interface BandSyncOptions {
  /**
   * The band of every target that no override gives another.
   * @default 0.005
   */
  readonly band?: Band
  /** Other bands and weights for some targets; of several that speak of one target, the later wins. None where it is left out. */
  readonly overrides?: readonly BandOverride[]
  /**
   * Half-width of the band of targets whose total is 0, in units of the total: a relative band says nothing there, and without this
   * such a target is an error.
   * @default null
   */
  readonly zeroTolerance?: number
  /**
   * The weight of every target. A band of width 0 with a weight M penalises every miss of its total.
   * @default 1000000
   */
  readonly weight?: BandWeight
  /** Factor of the weight of each target (k, each > 0); hard bands stay hard. 1 for all where it is left out. */
  readonly importance?: ArrayLike<number>
  /** Coefficient of (multiplier − 1)² of each record (n, each > 0); 1 for all where it is left out. */
  readonly distanceWeights?: ArrayLike<number>
  /** @default 'auto' */
  readonly method?: BandMethod
  /**
   * An answer is `converged` if the certified bound on max |multiplier − optimal multiplier| is at most this: > 0,
   * dimensionless.
   * @default 1e-9
   */
  readonly tolerance?: number
  /**
   * Iterations allowed to each method: ≥ 1.
   * @default { proximal_newton: 1000, clarabel: 200 }
   */
  readonly maxIterations?: number
  /**
   * Seconds (> 0) after which the run ends as `cancelled` with its best point.
   * @default null
   */
  readonly timeLimitSeconds?: number
  /**
   * Threads to use; 0 means as many as the machine offers. The bits of the answer do not depend on it.
   * @default 0
   */
  readonly threads?: number
  /**
   * Whether records that are the same to the problem (matrix row, bounds, weight by distance weight) are solved as one, and the solve over all
   * records starts from there, where at most half of the records are distinct. The certificate is that of all records; the bits of
   * the multipliers do not depend on it.
   * @default true
   */
  readonly groupIdentical?: boolean
}

/** Options of `solveBands`. `bandDefaults()` has the defaults. */
export interface BandOptions extends BandSyncOptions, RunControl<BandIterationMethod> {}

/** What iterates in `solveBands`: `finish` is the last part of proximal_newton. */
export type BandIterationMethod = 'proximal_newton' | 'finish' | 'clarabel'

/** The defaults of the options, as the native code has them. */
export interface BandDefaults {
  readonly band: Band
  /** None: a target of 0 needs a band of its own. */
  readonly zeroTolerance: null
  readonly weight: BandWeight
  readonly method: BandMethod
  readonly tolerance: number
  readonly maxIterations: Readonly<Record<Exclude<BandMethod, 'auto'>, number>>
  /** No limit. */
  readonly timeLimitSeconds: null
  /** 0: as many as the machine offers. */
  readonly threads: number
  readonly groupIdentical: boolean
}

/** The independent check of an answer: every number is computed from data and answer alone. */
export interface BandCertificate {
  /** The whole objective: distance plus what the bands cost. */
  objective: number
  /** Σ dᵢ(mᵢ − 1)² */
  distance: number
  /** What the totals outside their bands cost; 0 with hard bands. */
  bandCost: number
  /** The objective minus a lower bound of the optimum, a sum of non-negative terms. */
  dualityGap: number
  /** The gap divided by the objective. */
  relativeGap: number
  /** max |multiplier − optimal multiplier| is at most this. */
  distanceBound: number
  /** The same relative to each multiplier. */
  relativeDistanceBound: number
  /** The part of the bound that is not the rounding of the answer to doubles. */
  boundBeforeRounding: number
  /** Upper bound on the norm of the dual residual. */
  dualResidual: number
  /** True if the bound rests on a proven active set or an interior point, not on the residual and the gap alone. */
  structureProven: boolean
  /** Largest distance of a total from its band, in units of the target's scale. */
  largestViolation: number
  /** max |m − clip(m − ∂L/∂m)|, L the Lagrangian. */
  stationarity: number
  /** Largest distance of a multiplier from its bounds. */
  feasibility: number
  /** Largest product of a gradient with the distance from the bound that it pushes to. */
  complementarity: number
  numAtLower: number
  numAtUpper: number
}

/** One target, read from the answer. */
export interface BandTargetRow {
  name: string
  /** The total asked for. */
  target: number
  /** Lower edge of the band. */
  lower: number
  /** Upper edge of the band. */
  upper: number
  /** What a total outside costs, the importance counted in. */
  weight: BandWeight
  /** The total at the design weights. */
  before: number
  /** The total at the final weights. */
  after: number
  /** (after − target)/|target|; for a target of 0, `after` itself. */
  relativeError: number
  /** The edge that presses: without it the total would be lower (`lower`) or higher (`upper`). `none`: the band costs nothing. */
  binding: 'lower' | 'upper' | 'none'
  /** How far the final total lies outside its band, in its units. */
  outside: number
  /** Change of the objective per +1 unit of the total, its band moving along at its width. */
  pricePerUnit: number
  /**
   * Change of the objective per +1 % of |total| in the target's tolerance, at both edges: never positive. For a total of 0, per
   * +0.01 of its absolute tolerance.
   */
  pricePerPercent: number
  /** True if no record counts for the target. */
  impossible: boolean
}

/**
 * A direction that proves that hard bands cannot hold together: over all multipliers within the bounds, the combination
 * Σ direction[j]·total[j] exceeds what the bands allow by at least `margin`.
 */
export interface BandInfeasibility {
  /** The weight of each total in the contradiction (k). */
  direction: number[]
  /** Proven excess, > 0. */
  margin: number
}

/** One rung of the ladder. */
export interface BandAttempt {
  method: Exclude<BandMethod, 'auto'>
  outcome: BandStatus
  /** Why its loop stopped. */
  message: string
  iterations: number
  /** The certified distance bound of its answer; null where it gave none. */
  distanceBound: number | null
}

/** An answer with its certificate. */
export interface BandResult {
  status: BandStatus
  /** The status in a sentence. */
  message: string
  /** The method that made the answer. */
  method: Exclude<BandMethod, 'auto'>
  /** Iterations of that method. */
  iterations: number
  /** FNV-1a 64 over the little-endian IEEE bytes of the multipliers: 16 hexadecimal digits. */
  digest: string
  /** Groups of identical records that the plain iteration ran over; the number of records where there were none. */
  numGroups: number
  /** Final weights (n): design weight times multiplier, rounded. */
  weights: Float64Array
  /** n */
  multipliers: Float64Array
  /**
   * Dual values (k): positive where the upper edge presses, negative where the lower does. `-dual[j]` is the change of the objective
   * per unit of that edge.
   */
  dual: Float64Array
  /** The rest of each dual value: the dual point is `dual + dualLow`, unevaluated. */
  dualLow: Float64Array
  certificate: BandCertificate
  /** Smallest scaled pivot of the last factorisation; null for methods that make none. */
  smallestPivot: number | null
  /** One row per target. */
  targets: BandTargetRow[]
  distribution: Distribution
  /** Every rung that ran. */
  attempts: BandAttempt[]
  /** Every iteration of every rung. */
  history: IterationRecord<BandIterationMethod>[]
  /** Remarks on data and answer. */
  warnings: string[]
  /** Indices of the targets that no record counts for. */
  impossibleTargets: number[]
  /** The proof behind the status `infeasible`; null with any other. */
  infeasibility: BandInfeasibility | null
  /** Seconds of each part, and the number of threads. */
  timing: Timing
}

/** The result of the independent check. */
export interface BandCertification {
  certificate: BandCertificate
  targets: BandTargetRow[]
  /** For each record: |multiplier − optimal multiplier| is at most this (n). */
  distanceBounds: Float64Array
  digest: string
  /** True if the answer is proven to be the optimum within the tolerance of the options: what a solve calls `converged`. */
  isCertified: boolean
}

/** What one rank came to. */
export interface RankRow {
  rank: number
  /** Indices of its targets. */
  targets: number[]
  /** Σ importance·(distance from the band asked for)² over its targets, in units of their scales. */
  violation: number
  /** Proven: no multipliers that meet the earlier ranks as achieved have a smaller violation. */
  violationBound: number
  /** True if the violation is proven least: its square root within 1e-8 of that of the bound. */
  isProven: boolean
}

/** An answer by priority. */
export interface PriorityResult {
  /** In their order. */
  ranks: RankRow[]
  /** The closest answer to the design weights that meets every band as achieved; its targets show those bands. */
  answer: BandResult
  /** How far each final total lies outside the band asked for, in its units (k). */
  outside: Float64Array
}

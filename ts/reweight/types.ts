import type { ReweightMethod, ReweightStatus } from '../status.js'

/**
 * The matrix A: n records by k targets, one value per record and target. It is copied; the caller's arrays stay the caller's.
 *
 * - `csc`, compressed columns: column j has the entries `columnStarts[j]` to `columnStarts[j + 1] - 1`
 * - `triples`: one entry (row, column, value) each, in any order
 * - `columns`: dense columns of n values each; zeros are skipped
 *
 * Entries at the same place add up.
 */
export type SparseInput =
  | {
      readonly format: 'csc'
      readonly columnStarts: Uint32Array
      readonly rowIndices: Uint32Array
      readonly values: Float64Array
    }
  | {
      readonly format: 'triples'
      readonly rows: Uint32Array
      readonly columns: Uint32Array
      readonly values: Float64Array
    }
  | { readonly format: 'columns'; readonly columns: readonly ArrayLike<number>[] }

/** A total to reach: the sum of weight times matrix value over the records. */
export interface ReweightTarget {
  /** Unique; used in results and errors. `target_0`, `target_1`, … where it is left out. */
  readonly name?: string
  /** In the units of the matrix column times weight. */
  readonly total: number
  /** What the miss is divided by: not 0, in the units of the total. `total + 1` where it is left out. */
  readonly scale?: number
}

/** Lower and upper bound of the multipliers: one number for all records, or one for each. */
export type ReweightBounds = readonly [lower: number | ArrayLike<number>, upper: number | ArrayLike<number>]

/** The data of a problem with n records and k targets. */
export interface ReweightData {
  /** n × k */
  readonly matrix: SparseInput
  /** n, each > 0 */
  readonly designWeights: ArrayLike<number>
  /** k, in the order of the matrix columns */
  readonly targets: readonly ReweightTarget[]
  /**
   * Dimensionless, lower ≤ upper.
   * @default [0.1, 10]
   */
  readonly bounds?: ReweightBounds
}

/** What `ReweightProblem.update` can replace. */
export type ReweightChange = Partial<Omit<ReweightData, 'matrix'>>

/** Options of `solveSync`: nothing that needs the event loop. */
export interface ReweightSyncOptions {
  /**
   * Weight of staying near the design weights, relative to the loss that these have: > 0, dimensionless.
   * @default 0.01
   */
  readonly penalty?: number
  /** @default 'auto' */
  readonly method?: ReweightMethod
  /**
   * An answer is `converged` if the certified bound on max |multiplier − optimal multiplier| is at most this: > 0,
   * dimensionless.
   * @default 1e-9
   */
  readonly tolerance?: number
  /**
   * Iterations allowed to each method: ≥ 1.
   * @default { newton: 100, lbfgsb: 20000, clarabel: 200 }
   */
  readonly maxIterations?: number
  /**
   * Seconds (> 0) after which the run ends as `cancelled` with its best point; in a sweep, of each penalty.
   * @default null
   */
  readonly timeLimitSeconds?: number
  /**
   * Threads to use; 0 means as many as the machine offers. The bits of the answer do not depend on it.
   * @default 0
   */
  readonly threads?: number
  /**
   * Whether records that are the same to the problem (matrix row, design weight, bounds) are solved as one, and the solve over all
   * records starts from there, where at most half of the records are distinct. The certificate is that of all records; the bits of
   * the multipliers do not depend on it.
   * @default true
   */
  readonly groupIdentical?: boolean
  /** Multipliers to start from (n), such as those of an earlier answer; not together with `startDual`. */
  readonly startMultipliers?: ArrayLike<number>
  /** Dual values to start from (k): `dual` of an earlier answer. */
  readonly startDual?: ArrayLike<number>
}

/** Options of a solve. `reweightDefaults()` has the defaults. */
export interface ReweightOptions extends ReweightSyncOptions, RunControl {}

/** The caller's hold on a run, whatever it solves. */
export interface RunControl<Method extends string = IterationMethod> {
  /**
   * Ends the run: it then resolves with status `cancelled`, its best point and the certificate of that point. A signal that is
   * aborted already rejects with its reason.
   */
  readonly signal?: AbortSignal
  /**
   * Hears of each iteration as it ends; what the event loop is too busy to take is left out (`history` has all). If it
   * throws, the run ends and rejects with what was thrown.
   */
  readonly onProgress?: (record: IterationRecord<Method>) => void
  /** Hears of the solver's events, down to level debug; otherwise like `onProgress`. */
  readonly onEvent?: (event: SolverEvent) => void
}

/** The defaults of options and bounds, as the native code has them. */
export interface ReweightDefaults {
  readonly penalty: number
  readonly method: ReweightMethod
  readonly tolerance: number
  readonly maxIterations: Readonly<Record<Exclude<ReweightMethod, 'auto'>, number>>
  /** No limit. */
  readonly timeLimitSeconds: null
  /** 0: as many as the machine offers. */
  readonly threads: number
  readonly groupIdentical: boolean
  readonly bounds: readonly [lower: number, upper: number]
}

/** What iterates in `solve`: `finish` is the last part of newton. */
export type IterationMethod = 'newton' | 'finish' | 'lbfgsb' | 'clarabel'

/** What an iteration achieved. */
export interface IterationRecord<Method extends string = IterationMethod> {
  /** The method that is running. */
  method: Method
  /** Iteration within the method, from 0. */
  iteration: number
  /** The method's own stop measure, relative to its start (dimensionless). */
  residual: number
  /** Objective value, where the method computes it. */
  objective: number | null
  /** Length of the step that led here (1 is a full step). */
  stepLength: number
  /** Multipliers strictly between their bounds. */
  numFree: number
  /** Multipliers that met or left a bound in this iteration. */
  numChanged: number
}

/** An event of the solver, for logs. */
export interface SolverEvent {
  level: 'error' | 'warn' | 'info' | 'debug'
  /** The module that speaks. */
  target: string
  message: string
  fields: Record<string, string | number | boolean>
}

/** The independent check of an answer: every number is computed from data and answer alone. */
export interface Certificate {
  /** The whole objective P: loss plus penalty term. */
  objective: number
  /** The sum of squared scaled misses. */
  loss: number
  /** P minus a lower bound of the optimum: ≥ 0, and ≥ the distance of P from its optimum. */
  dualityGap: number
  /** The gap divided by P. */
  relativeGap: number
  /** max |multiplier − optimal multiplier| is at most this. */
  distanceBound: number
  /** The same relative to each multiplier. */
  relativeDistanceBound: number
  /** The part of the bound that is not the rounding of the answer to doubles. */
  boundBeforeRounding: number
  /** Upper bound on the norm of the dual residual. */
  dualResidual: number
  /** max |m − clip(m − ∂P/∂m)| */
  stationarity: number
  /** Largest distance of a multiplier from its bounds. */
  feasibility: number
  /** Largest product of a gradient with the distance from the bound that it pushes to. */
  complementarity: number
  numAtLower: number
  numAtUpper: number
}

/** One target, read from the answer. */
export interface TargetRow {
  name: string
  /** The total asked for. */
  target: number
  /** The total at the design weights. */
  before: number
  /** The total at the final weights. */
  after: number
  /** (after − target)/|target|; for a target of 0, `after` itself. */
  relativeError: number
  /** Change of the objective per unit of the scaled total. */
  price: number
  /** True if no record counts for the target. */
  impossible: boolean
}

/** How multipliers and weights are distributed. */
export interface Distribution {
  /** Least multiplier. */
  minimum: number
  /** Largest multiplier. */
  maximum: number
  /** Mean multiplier. */
  mean: number
  /** Order statistics of the multipliers. */
  quantiles: { probability: number; value: number }[]
  /** Kish's 1 + cv²(w) of the final weights. */
  designEffect: number
  /** n divided by the design effect. */
  effectiveSampleSize: number
  sumOfWeightsBefore: number
  sumOfWeightsAfter: number
}

/** One rung of the ladder. */
export interface Attempt {
  method: Exclude<ReweightMethod, 'auto'>
  outcome: ReweightStatus
  /** Why its loop stopped. */
  message: string
  iterations: number
  /** The certified distance bound of its answer; null where it gave none. */
  distanceBound: number | null
}

/** An answer with its certificate. */
export interface ReweightResult {
  status: ReweightStatus
  /** The status in a sentence. */
  message: string
  /** The method that made the answer. */
  method: Exclude<ReweightMethod, 'auto'>
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
  /** Dual values (k): `-dual[j]` is the change of the objective per unit of the total j, its scale held fixed. */
  dual: Float64Array
  /** The rest of each dual value: the dual point is `dual + dualLow`, unevaluated. */
  dualLow: Float64Array
  certificate: Certificate
  /** Smallest scaled pivot of the last factorisation; null for methods that make none. */
  smallestPivot: number | null
  /** One row per target. */
  targets: TargetRow[]
  distribution: Distribution
  /** Every rung that ran. */
  attempts: Attempt[]
  /** Every iteration of every rung. */
  history: IterationRecord[]
  /** Remarks on data and answer. */
  warnings: string[]
  /** Indices of the targets that no record counts for. */
  impossibleTargets: number[]
  /** Seconds of each part, and the number of threads. */
  timing: Timing
}

/** Seconds of each part of a solve. */
export interface Timing {
  threads: number
  totalSeconds: number
  [part: string]: number
}

/** An answer to be checked, from anywhere. */
export interface ReweightAnswer {
  /** n */
  readonly multipliers: ArrayLike<number>
  /** k; without it the bound is weaker. */
  readonly dual?: ArrayLike<number>
  /** k; zeros where it is left out. */
  readonly dualLow?: ArrayLike<number>
}

/** The result of the independent check. */
export interface Certification {
  certificate: Certificate
  targets: TargetRow[]
  /** For each record: |multiplier − optimal multiplier| is at most this (n). */
  distanceBounds: Float64Array
  digest: string
}

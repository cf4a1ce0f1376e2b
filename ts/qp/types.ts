import type { SparseInput } from '../reweight/types.js'

/** The rows of a dense matrix, or a sparse one. Numbers are copied. */
export type QpMatrix = readonly ArrayLike<number>[] | SparseInput

/** Lower and upper bounds of the variables: one number for all, or one for each; ±Infinity where there is none. */
export type QpBounds = readonly [lower: number | ArrayLike<number>, upper: number | ArrayLike<number>]

/** min ½xᵀPx + qᵀx over l ≤ Ax ≤ u and bounds, n variables and m rows. */
export interface QpData {
  /** n × n, symmetric (both triangles), positive semidefinite */
  readonly P: QpMatrix
  /** n */
  readonly q: ArrayLike<number>
  /** m × n; no rows where it is left out */
  readonly A?: QpMatrix
  /** m, −Infinity where a row has no lower side (all of them where it is left out) */
  readonly l?: ArrayLike<number>
  /** m, Infinity where a row has no upper side (all of them where it is left out); an equality has `l[i] === u[i]` */
  readonly u?: ArrayLike<number>
  /** @default [-Infinity, Infinity] */
  readonly bounds?: QpBounds
}

/** What `QpProblem.update` can replace, in the same shape; `l` and `u` go together. */
export type QpChange = Partial<QpData>

/**
 * - `auto`: the active set for dense and small problems, the interior point for large sparse ones, each the rescue of the other
 * - `active_set`: the dual active set of Goldfarb and Idnani, within proximal steps where P is singular
 * - `interior_point`: the general interior-point solver Clarabel
 */
export type QpMethod = 'auto' | 'active_set' | 'interior_point'

/** How a solve ended; `QP_STATUSES` has a sentence on each. */
export type QpStatus =
  | 'converged'
  | 'infeasible'
  | 'unbounded'
  | 'not_convex'
  | 'not_certified'
  | 'iteration_limit'
  | 'cancelled'

/** Options of `solveSync`; `qpDefaults()` has the defaults. */
export interface QpSyncOptions {
  readonly method?: QpMethod
  /** Largest relative residual that counts as solved. */
  readonly tolerance?: number
  /** Steps of a method. */
  readonly iterationLimit?: number
  readonly timeLimitSeconds?: number
  /** Start from the working set of the last solve of the same problem. */
  readonly warmStart?: boolean
}

/** Options of a solve. */
export interface QpOptions extends QpSyncOptions {
  /** Ends the run; the status is then `cancelled`. */
  readonly signal?: AbortSignal
}

/** The defaults of the options; null means what `QpSyncOptions` says. */
export interface QpDefaults {
  readonly method: QpMethod
  readonly tolerance: number
  readonly iterationLimit: number | null
  readonly timeLimitSeconds: number | null
  readonly warmStart: boolean
}

/** What the independent check finds, in double-double, from the data and the answer alone. */
export interface QpCertificate {
  /** max |Px + q − Aᵀy − z| */
  readonly stationarity: number
  /** The largest violation of a row or bound, relative to max(1, |bound|). */
  readonly feasibility: number
  /** max |multiplier| · |distance from the side it presses on| */
  readonly complementarity: number
  /** What stationarity is judged against; complementarity against this times `size`. */
  readonly scale: number
  readonly size: number
  /** What the gap is judged against. */
  readonly gapScale: number
  readonly objective: number
  readonly dualObjective: number
  readonly gap: number
  /** The largest of the four, each relative to its scale: what is compared with `tolerance`. */
  readonly relativeResidual: number
}

/** A side of a row or of a variable's bounds. */
export interface QpSide {
  readonly kind: 'row' | 'variable'
  readonly index: number
  readonly edge: 'lower' | 'upper'
}

/** Why no point meets all constraints. */
export type QpInfeasibility =
  | {
      readonly kind: 'farkas'
      /** One weight per row: positive ones press on lower, negative ones on upper sides. */
      readonly rows: readonly number[]
      /** True if the proof holds for the doubles given, all rounding accounted for. */
      readonly isRigorous: boolean
      readonly relativeGap: number
      /** The sides that contradict one another. */
      readonly sides: readonly QpSide[]
    }
  | { readonly kind: 'empty_interval'; readonly of: 'row' | 'variable'; readonly index: number }

/** A direction along which the objective falls without end from any feasible point. */
export interface QpRay {
  /** n, the largest entry ±1 */
  readonly direction: readonly number[]
  /** −qᵀd */
  readonly descent: number
  /** max |Pd| */
  readonly curvature: number
  readonly violation: number
}

/** One method that was tried. */
export interface QpAttempt {
  readonly method: QpMethod
  readonly status: QpStatus
  readonly iterations: number
  readonly residual: number
}

/** The answer with its certificate. */
export interface QpResult {
  readonly status: QpStatus
  /** What the status means and what to do. */
  readonly message: string
  /** n; NaN where there is no point */
  readonly x: Float64Array
  /** y (m): positive ones press on the lower side, Px + q = Aᵀy + z */
  readonly rowMultipliers: Float64Array
  /** z (n), with the same signs */
  readonly boundMultipliers: Float64Array
  readonly objective: number
  /** A lower bound on the optimum, up to the stationarity residual. */
  readonly dualObjective: number
  readonly certificate: QpCertificate
  /** The constraints that bind. */
  readonly workingSet: readonly QpSide[]
  /** Present with the status `infeasible`. */
  readonly infeasibility: QpInfeasibility | null
  /** Present with the status `unbounded`. */
  readonly ray: QpRay | null
  readonly method: QpMethod
  readonly iterations: number
  readonly attempts: readonly QpAttempt[]
  /** Of x: two runs agree to the bit if their digests do. */
  readonly digest: string
}

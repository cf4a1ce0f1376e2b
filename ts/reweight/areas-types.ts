import type { InputError } from '../errors.js'
import type { Band, BandOverride, BandResult } from './bands-types.js'
import type { CalibrationResult } from './calibration-types.js'
import type { FormChoice } from './form-choice.js'
import type { ReweightBounds, ReweightResult } from './types.js'

/** The form that every area of a batch is solved in. */
export type AreasForm = FormChoice['form']

/** What an area's answer is, by form. */
export interface AreaAnswers {
  penalty: ReweightResult
  bands: BandResult
  calibrate: CalibrationResult
}

/** One area: what differs from the problem whose matrix it shares. */
export interface Area {
  /** Names the area in results and files; unique. */
  readonly key: string
  /**
   * The area's design weights are this times the problem's: > 0, dimensionless, such as its share of the population.
   * @default 1
   */
  readonly weightScale?: number
  /** A total for each target (k), NaN leaving the target out; those of the problem where it is left out. */
  readonly totals?: ArrayLike<number>
  /** More targets to leave out: names or patterns, `*` standing for any characters and `?` for one. */
  readonly drop?: readonly (string | { readonly match: string; readonly optional?: boolean })[]
  /** In place of the band of the form's options; form `bands` only. */
  readonly band?: Band
  /** After the overrides of the form's options: the later wins. Form `bands` only. */
  readonly overrides?: readonly BandOverride[]
  /** In place of the problem's; arrays are as long as the area has records. */
  readonly bounds?: ReweightBounds
  /** The area's records: indices into those of the problem, ascending; all where it is left out. */
  readonly records?: Uint32Array
}

/** What a batch knows when an area ends. */
export interface AreaProgress {
  key: string
  status: AreaStatus
  /** As in the area's result. */
  round: number
  /** Areas that ended in this round, this one included. */
  done: number
  /** Areas of the batch; in rounds ≥ 1 fewer may be solved. */
  total: number
  /** Seconds that the area took. */
  seconds: number
}

/** Options of `solveAreas`. `areasDefaults()` has the defaults. */
export interface AreasOptions<F extends AreasForm = AreasForm> extends FormChoice {
  readonly form: F
  /**
   * Areas that are solved at the same time, each on one thread; 0 means as many as the machine offers threads. No answer
   * depends on it.
   * @default 0
   */
  readonly threads?: number
  /**
   * What a record's exhaustion may be (> 0, see `AreasSummary.exhaustion`). Where records pass it, the areas are solved again
   * with lowered upper bounds until it holds. Not with form `calibrate`.
   * @default null
   */
  readonly exhaustionCap?: number
  /**
   * How many times the areas may be solved again to meet the cap: ≥ 1.
   * @default 10
   */
  readonly maxRounds?: number
  /**
   * A target counts as missed if it lies outside its band (off its total, in the other forms) by more than this fraction of
   * |total|: ≥ 0. For the report alone.
   * @default 0.001
   */
  readonly missTolerance?: number
  /** Ends the batch: areas that are running end as `cancelled`, the others are not begun. */
  readonly signal?: AbortSignal
  /** Hears of each area as it ends. If it throws, the batch ends and the iteration throws what was thrown. */
  readonly onProgress?: (progress: AreaProgress) => void
}

/** The defaults of the options, as the native code has them. */
export interface AreasDefaults {
  /** 0: as many as the machine offers threads. */
  readonly threads: number
  /** No cap. */
  readonly exhaustionCap: null
  readonly maxRounds: number
  readonly missTolerance: number
}

/**
 * How an area ended: as a solve can end, or
 *
 * - `impossible`: no record of the area counts for any of its targets
 * - `bad_input`: the form is undefined for this area, and `error` says why
 * - `not_solved`: the batch ended before its turn (in the summary alone)
 *
 * `AREA_STATUSES` has a sentence on each.
 */
export type AreaStatus =
  | 'converged'
  | 'not_certified'
  | 'iteration_limit'
  | 'cancelled'
  | 'numerical_failure'
  | 'infeasible'
  | 'impossible'
  | 'bad_input'
  | 'not_solved'

/** One area, solved. */
export interface AreaResult<F extends AreasForm = AreasForm> {
  /** Its position in the list of areas. */
  index: number
  key: string
  /** 0: as asked; r ≥ 1: made in the r-th round of the exhaustion cap, in place of the results of earlier rounds. */
  round: number
  status: AreaStatus
  /** The status in a sentence. */
  message: string
  /**
   * Upper bounds of the area's records in a round r ≥ 1, as the exhaustion cap lowered them: the answer is that of the area with
   * these bounds. null in round 0.
   */
  upperBounds: Float64Array | null
  /** The answer over the area's records and the targets that it keeps; null where nothing was solved. */
  result: AreaAnswers[F] | null
  /** Why nothing was solved, with status `bad_input`; else null. */
  error: InputError | null
  /** Indices in the problem of the targets that it keeps: `result.targets[i]` is target `targets[i]`. */
  targets: Uint32Array
  /** Seconds that it took. */
  seconds: number
}

/** How far an area misses a target. */
export interface MissedTarget {
  /** Index of the area. */
  area: number
  /** Index of the target in the problem. */
  target: number
  /** How far outside its band (in the other forms: off its total), as a fraction of |total|; as it is, where the total is 0. */
  miss: number
}

/** One area in the summary. */
export interface AreaRow {
  key: string
  status: AreaStatus
  message: string
  /** Of its last result. */
  round: number
  /** Digest of its multipliers; null without an answer. */
  digest: string | null
  /** Certified bound on max |multiplier − optimal multiplier|; null without one. */
  distanceBound: number | null
  numTargets: number
  /** Targets that it misses. */
  numMissed: number
  /** Its largest miss, however small; null without an answer. */
  largestMiss: MissedTarget | null
  /** Least, median and largest multiplier; null without an answer. */
  multipliers: [minimum: number, median: number, maximum: number] | null
  /** Kish's 1 + cv²(w) of its final weights. */
  designEffect: number | null
  /** Of its final weights. */
  sumOfWeights: number | null
  /** Iterations of the method that made the answer. */
  iterations: number
  seconds: number
}

/** One target over all areas. */
export interface AreasTargetRow {
  name: string
  /** Areas with an answer that have it. */
  numAreas: number
  /** Those that miss it. */
  numMissed: number
  /** The largest miss, however small. */
  largestMiss: MissedTarget | null
}

/** Multipliers by class. */
export interface MultiplierCounts {
  /** Where classes meet; an edge belongs to the class above it. */
  edges: number[]
  /** Multipliers below the first edge, between neighbouring edges, and from the last edge on. */
  counts: number[]
  /** Least multiplier; null if there are none. */
  minimum: number | null
  maximum: number | null
  mean: number | null
}

/** How the exhaustion of the records is distributed. */
export interface ExhaustionTable {
  minimum: number
  maximum: number
  mean: number
  /** Order statistics. */
  quantiles: { probability: number; value: number }[]
  /** Records of which the areas use more than the whole design weight. */
  numAboveOne: number
  /** What a record may reach; null if that was not limited. */
  cap: number | null
  /** Records above the cap, by more than rounding (1e-12 of it). 0: the cap holds. */
  numAboveCap: number | null
  /** The ten most exhausted records, by index. */
  worst: { record: number; exhaustion: number }[]
}

/** A whole batch. It does not depend on the order of the areas, but for their indices, nor on the number of threads. */
export interface AreasSummary {
  /** Number of areas by status; statuses that do not occur are left out. */
  statuses: Partial<Record<AreaStatus, number>>
  /** True if every area has a certified answer. */
  allConverged: boolean
  /** One row per area, in the order given. */
  areas: AreaRow[]
  /** One row per target of the problem. */
  targets: AreasTargetRow[]
  /** Every target that an area with an answer misses, by area, then target. */
  missed: MissedTarget[]
  /** Indices of up to ten areas that deserve a look: those without a certified answer, then by their largest miss. */
  worst: number[]
  /** Multipliers of the certified answers. */
  multipliers: MultiplierCounts
  /** The exhaustion of a record is the sum over the certified areas of final weight / design weight of the problem. */
  exhaustion: ExhaustionTable
  /** The exhaustion of each record (n). */
  exhaustionByRecord: Float64Array
  /** How many times the areas were solved again to meet the exhaustion cap. */
  rounds: number
  /** One digest over keys and digests of all areas, sorted by key: what `areasDigest` makes of them. */
  digest: string
  /** Seconds that the batch took. */
  seconds: number
}

import type { RunControl } from './types.js'

/** Options of `explainBands` and `explainCalibration`. `explainDefaults()` has the defaults. */
export interface ExplainOptions extends RunControl<ExplainIterationMethod> {
  /**
   * Minimal sets to look for beside the targets that are impossible alone, which are all reported.
   * @default 4
   */
  readonly maxSets?: number
  /**
   * Records named per set, those that press most.
   * @default 5
   */
  readonly maxRecords?: number
  /**
   * Whether to look for the cheapest relaxations too.
   * @default true
   */
  readonly relaxations?: boolean
  /**
   * Largest violation of a total that counts as met, relative to max(1, |edge|): > 0.
   * @default 1e-9
   */
  readonly tolerance?: number
  /**
   * Seconds (> 0) after which the search ends with what was proven so far.
   * @default null
   */
  readonly timeLimitSeconds?: number
  /**
   * Threads to use; 0 means as many as the machine offers. The answer does not depend on it.
   * @default 0
   */
  readonly threads?: number
}

/** What iterates in an explanation: one record for each feasibility question that was decided. */
export type ExplainIterationMethod = 'explain'

/** The defaults of the options, as the native code has them. */
export interface ExplainDefaults {
  readonly maxSets: number
  readonly maxRecords: number
  readonly relaxations: boolean
  readonly tolerance: number
  /** No limit. */
  readonly timeLimitSeconds: null
  /** 0: as many as the machine offers. */
  readonly threads: number
}

/** A target of a contradicting set. */
export interface SetMember {
  /** Index of the target. */
  target: number
  name: string
  /** The edge that the contradiction presses on: the total must be at least (`lower`) or at most (`upper`) `edge`. */
  side: 'lower' | 'upper'
  /** In units of the total. */
  edge: number
  /** Its factor in the combination that contradicts itself. */
  factor: number
}

/** A record whose bound stands in the way. */
export interface PressingRecord {
  /** Index of the record; of a cluster, its first. */
  record: number
  side: 'lower' | 'upper'
  /** That bound of the multiplier. */
  bound: number
  /** The part of the gap that closes per 1 by which the bound is moved. */
  pressure: number
}

/** Targets that cannot be met together, though they could without any one of them. */
export interface MinimalSet {
  members: SetMember[]
  /** What the edges ask of the combination Σ factor·total. */
  required: number
  /** The most that the multipliers allowed give. */
  attainable: number
  /** Proven lower bound on required − attainable; 0 only where `attainable` is not reached. */
  gap: number
  /** Records that the proof holds at their lower bound. */
  numAtLower: number
  /** Records that the proof holds at their upper bound. */
  numAtUpper: number
  /** Those among them whose bounds matter most. */
  records: PressingRecord[]
  /** True if the set is proven minimal: for each member, multipliers that meet all the others were found and checked. */
  minimal: boolean
  /** The contradiction in words. */
  sentence: string
}

/** An edge to move. */
export interface EdgeChange {
  /** Index of the target. */
  target: number
  name: string
  side: 'lower' | 'upper'
  /** Where the edge is, in units of the total. */
  from: number
  /** Where it must go. */
  to: number
  /** |to − from| as a fraction of the total (of 1 for a total of 0). */
  fraction: number
}

/** Changes that make the targets possible; multipliers that meet them were found and checked. */
export interface Relaxation {
  /**
   * What it is the cheapest of:
   *
   * - `one_target`: one edge of one member alone, so that its minimal set is no contradiction any more
   * - `in_proportion`: all targets by the same fraction of their totals, so that all can be met
   * - `least_sum`: the least sum of fractions of totals, so that all can be met
   */
  kind: 'one_target' | 'in_proportion' | 'least_sum'
  /** Index of the minimal set that it resolves; null if it resolves all. */
  set: number | null
  changes: EdgeChange[]
  /** The sum of the fractions, or the common one. */
  cost: number
  /** Proven: no relaxation of this kind costs less. */
  costAtLeast: number
  /** The change in words. */
  sentence: string
}

/** Why targets cannot be met, and what would help. */
export interface Explanation {
  /** `infeasible` and `feasible` are said only with a proof. */
  status: 'infeasible' | 'feasible' | 'unknown'
  /** The status in words. */
  message: string
  /** A combination of the targets (k) whose edges ask for more than any multipliers give; null unless infeasible. */
  combination: number[] | null
  /** Contradicting sets, those of one target first. */
  minimalSets: MinimalSet[]
  /** True if there are no other minimal sets. */
  allSets: boolean
  /** A smallest collection of targets (indices) without which the others can be met; null if the search did not come that far. */
  removal: number[] | null
  /** Ways out, those for all targets first. */
  relaxations: Relaxation[]
  /** Feasibility questions that were decided. */
  questions: number
  /** Seconds that it took. */
  seconds: number
}

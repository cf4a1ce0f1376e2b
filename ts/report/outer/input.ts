import type { Figure } from '../format.js'

/** A plan, as `result.planUsed` has it. */
export interface PlanRecord {
  solver: string
  hessianSource: string
}

/** One iteration of the search. */
export interface PathRecord {
  attempt: number
  seed: number
  iteration: number
  value: Figure
  projectedGradientNorm?: Figure
  stepNorm?: Figure
}

/** One start that was searched from. */
export interface SeedRecord {
  seed: number
  start: ArrayLike<number>
  value: Figure
  iterations: number
  converged: boolean
  stopReason: string
}

/** One rung of the ladder. */
export interface AttemptRecord {
  plan: PlanRecord
  runs: number
  iterations: number
  stopReason?: string | null
  value?: Figure
  fallback?: { reason: string } | null
  seeds: readonly SeedRecord[]
}

/** The test of stationarity. */
export interface StationarityRecord {
  holds: boolean
  projectedGradient: Figure
  gradientLimit: Figure
  newtonDecrement?: Figure
  decrementLimit?: Figure
  curvature: string
  leastEigenvalue?: Figure
}

/** The audit of the gradient by differences of values. */
export interface CriterionRecord {
  gradNorm: Figure
  analyticDirectional: Figure
  fdDirectional: Figure
  fdError: Figure
  agreementZ: Figure
  fdStep: Figure
  hessianPd?: boolean | null
  lambdasRailed: readonly number[]
  psiRailed: readonly number[]
  consistent: boolean
  clean: boolean
  summary: string
}

/** The check of the smoothing parameters' distribution. */
export interface UncertaintyRecord {
  verdict: string
  reason?: string
  kHat?: Figure
  effectiveDraws?: Figure
  numDraws: number
  numOutside: number
  numFailed: number
  coordinates: readonly number[]
  standardErrors: ArrayLike<number>
}

/** What of a result a report shows: the result of `minimizeOuter` is one. */
export interface OuterRecord {
  rho: ArrayLike<number>
  finalValue: number
  iterations: number
  finalGradient?: ArrayLike<number> | null
  converged: boolean
  stopReason: string
  /** The sentence that belongs to the reason. */
  message: string
  planUsed?: PlanRecord | null
  method: string
  stationarity?: StationarityRecord | null
  criterionCertificate?: CriterionRecord | null
  certificateAbsent?: string | null
  criterionBroken: boolean
  context: string
  attempts: readonly AttemptRecord[]
  evaluations: Readonly<Record<string, number>>
  path: readonly PathRecord[]
  digest: string
  uncertainty?: UncertaintyRecord | null
  cache?: { key: string; outcome: string; reason?: string | null; saved: boolean } | null
}

export interface OuterReportInput {
  /** What the search was for. */
  title: string
  result: OuterRecord
  /** Names of the parameters; `θ1`, … without. */
  names?: readonly string[]
  /** When the report was made, as it should be printed. */
  generatedAt?: string
}

/** The name of a parameter. */
export function parameterName({ names }: OuterReportInput, index: number): string {
  return names?.[index] ?? `θ${index + 1}`
}

/** The certificate of a calibration as it stands in a JSON file (schema: docs/schema/calibration-certificate-1.schema.json). */
import type { CalibrationDistance } from '../status.js'
import type { CalibrationIterationMethod } from './calibration-types.js'
import type {
  DocumentDistribution,
  DocumentInputs,
  DocumentIteration,
  DocumentStatus,
  DocumentTiming,
  Figure,
} from './certificate-document.js'
import type { DocumentInfeasibility } from './infeasibility-document.js'

export interface CalibrationDocument {
  schema: 'equipoise/calibration-certificate/1'
  /** `infeasible` is said only with the proof in `infeasibility`. */
  status: DocumentStatus | 'infeasible'
  message: string
  options: CalibrationDocumentOptions
  inputs: DocumentInputs

  /** The distance Σ (w/q) G(g), plus the cost of relaxed totals. */
  objective: Figure
  relaxationCost: Figure
  dualityGap: Figure
  relativeGap: Figure
  /** Largest relative miss of an exact total. */
  constraintResidual: Figure
  distanceBound: Figure
  boundBeforeRounding: Figure
  dualResidual: Figure
  numAtLower: number
  numAtUpper: number
  /** Targets that depend on others. */
  numDependent: number
  smallestPivot: Figure
  designEffect: Figure
  effectiveSampleSize: Figure

  iterations: number
  /** Groups of identical records that the plain iteration ran over; the number of records where there were none. */
  numGroups: number
  warnings: string[]
  impossibleTargets: string[]
  /** null with any status but `infeasible`. */
  infeasibility: DocumentInfeasibility | null
  distribution: DocumentDistribution
  history: DocumentIteration<CalibrationIterationMethod>[]
  digest: string
  targets: CalibrationDocumentTarget[]
  timing: DocumentTiming
}

/** Options as they were used, defaults filled in. */
export interface CalibrationDocumentOptions {
  distance: CalibrationDistance
  /** null with any distance but `sinh`. */
  alpha: number | null
  /** Column of the records; null: 1 for all. */
  qWeight: string | null
  /** Column of the records; null: each its own. */
  cluster: string | null
  /** Column of the targets; null: all totals are exact. */
  cost: string | null
  tolerance: number
  bounds: [lower: number, upper: number] | null
  maxIterations: number
  timeLimitSeconds: number | null
  /** Whether identical records were to be solved as one. */
  groupIdentical: boolean
  [option: string]: unknown
}

export interface CalibrationDocumentTarget {
  name: string
  area?: string
  target: number
  before: Figure
  after: Figure
  relativeError: Figure
  /** Change of the objective per +1 unit of the total. */
  lambda: Figure
  /** The total has a finite cost instead of being exact. */
  relaxed: boolean
  /** Depends on other targets; its lambda is then part of theirs. */
  dependent: boolean
  dual: [high: number, low: number]
}

/** The certificate of a band solve as it stands in a JSON file (schema: docs/schema/band-certificate-1.schema.json). */
import type { Band, BandIterationMethod, BandWeight } from './bands-types.js'
import type {
  DocumentAttempt,
  DocumentDistribution,
  DocumentInputs,
  DocumentIteration,
  DocumentStatus,
  DocumentTiming,
  Figure,
} from './certificate-document.js'
import type { DocumentInfeasibility } from './infeasibility-document.js'

export type BandDocumentMethod = 'proximal_newton' | 'clarabel'

export interface BandDocument {
  schema: 'equipoise/band-certificate/1'
  /** `infeasible` is said only with the proof in `infeasibility`. */
  status: DocumentStatus | 'infeasible'
  message: string
  method: BandDocumentMethod
  options: BandDocumentOptions
  inputs: DocumentInputs

  /** Distance plus what the bands cost. */
  objective: Figure
  /** Σ d (m - 1)² */
  distance: Figure
  bandCost: Figure
  dualityGap: Figure
  relativeGap: Figure
  distanceBound: Figure
  relativeDistanceBound: Figure
  boundBeforeRounding: Figure
  structureProven: boolean
  /** In units of the target's scale. */
  largestViolation: Figure
  stationarity: Figure
  feasibility: Figure
  complementarity: Figure
  dualResidual: Figure
  numAtLower: number
  numAtUpper: number
  smallestPivot: Figure
  designEffect: Figure
  effectiveSampleSize: Figure

  iterations: number
  /** Groups of identical records that the plain iteration ran over; the number of records where there were none. */
  numGroups: number
  attempts: DocumentAttempt<BandDocumentMethod>[]
  warnings: string[]
  impossibleTargets: string[]
  /** null with any status but `infeasible`. */
  infeasibility: DocumentInfeasibility | null
  /** The ranks, the most important first; null where none were asked for. With them the bands of `targets` are those achieved. */
  priorities: DocumentPriority[] | null
  distribution: DocumentDistribution
  history: DocumentIteration<BandIterationMethod>[]
  digest: string
  targets: BandDocumentTarget[]
  timing: DocumentTiming
}

/** Options as they were used, defaults filled in. */
export interface BandDocumentOptions {
  band: Band
  overrides: { match: string; band?: Band; weight?: BandWeight; optional: boolean }[]
  /** null: none. */
  zeroTolerance: number | null
  weight: BandWeight
  /** Column of the targets; null: all alike. */
  importance: string | null
  /** null without that column. */
  importanceAs: 'weight' | 'rank' | null
  /** Column of the records; null: 1 for all. */
  distanceWeight: string | null
  method: BandDocumentMethod | 'auto'
  tolerance: number
  bounds: [lower: number, upper: number] | null
  maxIterations: number | null
  timeLimitSeconds: number | null
  /** Whether identical records were to be solved as one. */
  groupIdentical: boolean
  [option: string]: unknown
}

/** What the targets of one importance came to. */
export interface DocumentPriority {
  importance: number
  /** Sum of the squared distances from the bands asked for, relative to the targets. */
  violation: Figure
  /** Proven: no weights that meet the earlier ranks as achieved have a smaller violation. */
  violationBound: Figure
  /** True if the violation is proven least. */
  isProven: boolean
  /** How far each total lies outside the band asked for, in its units. */
  targets: { name: string; outside: Figure }[]
}

export interface BandDocumentTarget {
  name: string
  area?: string
  target: number
  /** Edges of the band, in units of the total. */
  lower: Figure
  upper: Figure
  before: Figure
  after: Figure
  relativeError: Figure
  /** The edge that presses. */
  binding: 'lower' | 'upper' | 'none'
  /** How far the total lies outside its band, in its units. */
  outside: Figure
  /** Change of the objective per +1 unit of the total, the band moving along. */
  pricePerUnit: Figure
  /** Change of the objective per +1 % of |total| in the tolerance: never positive. */
  pricePerPercent: Figure
  dual: [high: number, low: number]
}

/**
 * The certificate of a reweighting as it stands in a JSON file
 * (schema: docs/schema/reweight-certificate-1.schema.json).
 *
 * Everything but `timing` is a function of the inputs and options alone: two runs on any two machines write the same
 * bytes there.
 */
import type { BandDocument } from './band-document.js'
import type { CalibrationDocument } from './calibration-document.js'

/** A certificate of any form; `schema` says which. */
export type AnyDocument = CertificateDocument | BandDocument | CalibrationDocument

/** JSON knows neither NaN nor infinity: `null` stands for a figure that is not a finite number. */
export type Figure = number | null

export type DocumentStatus =
  | 'converged'
  | 'not_certified'
  | 'iteration_limit'
  | 'cancelled'
  | 'numerical_failure'

export type DocumentMethod = 'newton' | 'lbfgsb' | 'clarabel'

export interface CertificateDocument {
  schema: 'equipoise/reweight-certificate/1'
  status: DocumentStatus
  message: string
  /** The method whose answer was taken. */
  method: DocumentMethod
  options: DocumentOptions
  inputs: DocumentInputs

  /** The whole objective: loss plus penalty term. */
  objective: Figure
  /** The first sum of the objective alone: squared scaled misses of the targets. */
  loss: Figure
  dualityGap: Figure
  relativeGap: Figure
  /** Bound on |m - m*| of every returned multiplier. */
  distanceBound: Figure
  /** Bound on |m - m*|/|m| of every returned multiplier. */
  relativeDistanceBound: Figure
  /** The same bound for the answer before it was rounded to doubles. */
  boundBeforeRounding: Figure
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
  attempts: DocumentAttempt[]
  warnings: string[]
  /** Names of the targets to which no record contributes. */
  impossibleTargets: string[]
  distribution: DocumentDistribution
  history: DocumentIteration[]
  /** 16 hexadecimal digits, FNV-1a 64 over the little-endian IEEE bytes of the multipliers. */
  digest: string
  targets: DocumentTarget[]
  timing: DocumentTiming
}

/** Options as they were used, defaults filled in. Options beyond the listed ones (how the data were selected) may follow. */
export interface DocumentOptions {
  penalty: number
  method: DocumentMethod | 'auto'
  tolerance: number
  /** Limits of the multipliers; null where they differ from record to record. */
  bounds: [lower: number, upper: number] | null
  /** null: the method's own limit. */
  maxIterations: number | null
  /** null: no limit. */
  timeLimitSeconds: number | null
  /** Whether identical records were to be solved as one. */
  groupIdentical: boolean
  [option: string]: unknown
}

export interface DocumentInputs {
  files: DocumentFile[]
  numRecords: number
  numTargets: number
  numNonzeros: number
  droppedRecords: number
}

export interface DocumentFile {
  /** What the file was read for: `records`, `child`, `targets`, `matrix`, ... */
  role: string
  /** Name of the table; left out for what predicates do not name. */
  table?: string
  /** Base name, without its folder. */
  file: string
  bytes: number
  /** 64 hexadecimal digits. */
  sha256: string
}

export interface DocumentAttempt<Method = DocumentMethod> {
  method: Method
  outcome: DocumentStatus | 'infeasible'
  message: string
  iterations: number
  distanceBound: Figure
}

export interface DocumentIteration<Method extends string = DocumentMethod | 'finish'> {
  /** `finish` is the last part of newton. */
  method: Method
  iteration: number
  /** Relative stop measure of the method. */
  residual: Figure
  objective: Figure
  stepLength: Figure
  numFree: number
  numChanged: number
}

export interface DocumentDistribution {
  minimum: Figure
  maximum: Figure
  mean: Figure
  quantiles: { probability: number; value: Figure }[]
  /** Kish: 1 + cv² of the weights. */
  designEffect: Figure
  effectiveSampleSize: Figure
  sumOfWeightsBefore: Figure
  sumOfWeightsAfter: Figure
}

export interface DocumentTarget {
  name: string
  area?: string
  target: number
  before: Figure
  after: Figure
  /** (after - target) / |target|; for a target of zero, `after` itself. */
  relativeError: Figure
  /** Change of the objective per unit of the target's scaled value. */
  price: Figure
  /** The dual value as an unevaluated sum of two doubles: `verify` rechecks the strong bound with it. */
  dual: [high: number, low: number]
}

/** The only part that differs from run to run. */
export interface DocumentTiming {
  totalSeconds: number
  threads?: number
  [part: string]: number | undefined
}

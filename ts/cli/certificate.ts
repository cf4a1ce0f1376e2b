import { numNonzeros } from '../data/matrix.js'
import type { FileProblem } from '../data/problem.js'
import { targetLabel } from '../data/targets.js'
import type { Distribution, IterationRecord, ReweightResult, ReweightStatus } from '../index.js'
import type {
  AnyDocument,
  CertificateDocument,
  DocumentAttempt,
  DocumentDistribution,
  DocumentInputs,
  DocumentIteration,
  DocumentOptions,
  Figure,
} from '../reweight/certificate-document.js'
import type { DataSelection } from './data-options.js'
import type { PenaltySettings } from './form-options.js'

export const certificateSchema = 'equipoise/reweight-certificate/1'

export interface CertifiedRun {
  problem: FileProblem
  settings: PenaltySettings
  data: DataSelection
  result: ReweightResult
  /** Seconds of the parts outside the solver. */
  timing: { readSeconds: number; totalSeconds: number }
}

/** The certificate as it is written to a file: the keys in a fixed order, all that varies from run to run in `timing`. */
export function certificateDocument({
  problem,
  settings,
  data,
  result,
  timing,
}: CertifiedRun): CertificateDocument {
  const { certificate, distribution } = result
  return {
    schema: certificateSchema,
    status: result.status,
    message: result.message,
    method: result.method,
    options: documentOptions(settings, data),
    inputs: inputsOf(problem),
    ...certificateFigures(certificate),
    smallestPivot: figure(result.smallestPivot),
    designEffect: figure(distribution.designEffect),
    effectiveSampleSize: figure(distribution.effectiveSampleSize),
    iterations: result.iterations,
    numGroups: result.numGroups,
    attempts: attemptsOf(result.attempts),
    warnings: [...problem.warnings, ...result.warnings],
    impossibleTargets: result.impossibleTargets.map((j) => targetLabel(problem.targets[j]!)),
    distribution: distributionOf(distribution),
    history: historyOf(result.history),
    digest: result.digest,
    targets: result.targets.map((row, j) => ({
      ...nameOf(problem.targets[j]!),
      ...targetFigures(row),
      dual: [result.dual[j]!, result.dualLow[j]!],
    })),
    timing: { ...result.timing, solveSeconds: result.timing.totalSeconds, ...timing },
  }
}

/** The figures of the independent check, in the document's order: `verify` computes them again. */
export function certificateFigures(certificate: ReweightResult['certificate']) {
  return {
    objective: figure(certificate.objective),
    loss: figure(certificate.loss),
    dualityGap: figure(certificate.dualityGap),
    relativeGap: figure(certificate.relativeGap),
    distanceBound: figure(certificate.distanceBound),
    relativeDistanceBound: figure(certificate.relativeDistanceBound),
    boundBeforeRounding: figure(certificate.boundBeforeRounding),
    stationarity: figure(certificate.stationarity),
    feasibility: figure(certificate.feasibility),
    complementarity: figure(certificate.complementarity),
    dualResidual: figure(certificate.dualResidual),
    numAtLower: certificate.numAtLower,
    numAtUpper: certificate.numAtUpper,
  }
}

export function targetFigures(row: ReweightResult['targets'][number]) {
  return {
    target: row.target,
    before: figure(row.before),
    after: figure(row.after),
    relativeError: figure(row.relativeError),
    price: figure(row.price),
  }
}

export const inputsOf = (problem: FileProblem): DocumentInputs => ({
  files: problem.files,
  numRecords: problem.records.numRecords,
  numTargets: problem.targets.length,
  numNonzeros: numNonzeros(problem.matrix),
  droppedRecords: problem.records.numDropped,
})

export const attemptsOf = <Method>(attempts: readonly Attempted<Method>[]): DocumentAttempt<Method>[] =>
  attempts.map((attempt) => ({
    method: attempt.method,
    outcome: attempt.outcome,
    message: attempt.message,
    iterations: attempt.iterations,
    distanceBound: figure(attempt.distanceBound),
  }))

interface Attempted<Method> {
  method: Method
  outcome: ReweightStatus | 'infeasible'
  message: string
  iterations: number
  distanceBound: number | null
}

export const distributionOf = (distribution: Distribution): DocumentDistribution => ({
  minimum: figure(distribution.minimum),
  maximum: figure(distribution.maximum),
  mean: figure(distribution.mean),
  quantiles: distribution.quantiles.map(({ probability, value }) => ({ probability, value: figure(value) })),
  designEffect: figure(distribution.designEffect),
  effectiveSampleSize: figure(distribution.effectiveSampleSize),
  sumOfWeightsBefore: figure(distribution.sumOfWeightsBefore),
  sumOfWeightsAfter: figure(distribution.sumOfWeightsAfter),
})

export const historyOf = <Method extends string>(
  history: readonly IterationRecord<Method>[],
): DocumentIteration<Method>[] =>
  history.map((record) => ({
    method: record.method,
    iteration: record.iteration,
    residual: figure(record.residual),
    objective: figure(record.objective),
    stepLength: figure(record.stepLength),
    numFree: record.numFree,
    numChanged: record.numChanged,
  }))

/** A target's name and, where it has one, its area. */
export const nameOf = ({ name, area }: FileProblem['targets'][number]) =>
  area === null ? { name } : { name, area }

/** JSON has neither NaN nor infinity. A negative zero loses its sign there, so it has none here either. */
export const figure = (value: number | null): Figure =>
  value === null || !Number.isFinite(value) ? null : value === 0 ? 0 : value

const documentOptions = (settings: PenaltySettings, data: DataSelection): DocumentOptions => ({
  penalty: settings.penalty,
  method: settings.method,
  tolerance: settings.tolerance,
  bounds: [...settings.bounds],
  maxIterations: settings.maxIterations,
  timeLimitSeconds: settings.timeLimitSeconds,
  groupIdentical: settings.groupIdentical,
  data,
})

export const certificateText = (document: AnyDocument): string => `${JSON.stringify(document, null, 2)}\n`

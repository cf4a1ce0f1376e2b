import type { FileProblem } from '../data/problem.js'
import { targetLabel } from '../data/targets.js'
import type { BandResult } from '../index.js'
import type { BandDocument, DocumentPriority } from '../reweight/band-document.js'
import type { DocumentExplanation } from '../reweight/infeasibility-document.js'
import { attemptsOf, distributionOf, figure, historyOf, inputsOf, nameOf } from './certificate.js'
import type { DataSelection } from './data-options.js'
import type { BandSettings } from './form-options.js'

export const bandSchema = 'equipoise/band-certificate/1'

export interface CertifiedBands {
  problem: FileProblem
  settings: BandSettings
  data: DataSelection
  result: BandResult
  explanation: DocumentExplanation | null
  /** null where no ranks were asked for. */
  priorities: DocumentPriority[] | null
  /** Seconds of the parts outside the solver. */
  timing: { readSeconds: number; totalSeconds: number }
}

/** The certificate of a band solve as it is written to a file. */
export function bandDocument(run: CertifiedBands): BandDocument {
  const { problem, result, explanation, priorities, timing } = run
  const { distribution, infeasibility } = result
  return {
    schema: bandSchema,
    status: result.status,
    message: result.message,
    method: result.method,
    options: documentOptions(run),
    inputs: inputsOf(problem),
    ...bandFigures(result.certificate),
    smallestPivot: figure(result.smallestPivot),
    designEffect: figure(distribution.designEffect),
    effectiveSampleSize: figure(distribution.effectiveSampleSize),
    iterations: result.iterations,
    numGroups: result.numGroups,
    attempts: attemptsOf(result.attempts),
    warnings: [...problem.warnings, ...result.warnings],
    impossibleTargets: result.impossibleTargets.map((j) => targetLabel(problem.targets[j]!)),
    infeasibility: infeasibility && {
      direction: infeasibility.direction.map(figure),
      margin: figure(infeasibility.margin),
      explanation,
    },
    priorities,
    distribution: distributionOf(distribution),
    history: historyOf(result.history),
    digest: result.digest,
    targets: result.targets.map((row, j) => ({
      ...nameOf(problem.targets[j]!),
      ...bandTargetFigures(row),
      dual: [result.dual[j]!, result.dualLow[j]!],
    })),
    timing: { ...result.timing, solveSeconds: result.timing.totalSeconds, ...timing },
  }
}

/** The figures of the independent check, in the document's order: `verify` computes them again. */
export function bandFigures(certificate: BandResult['certificate']) {
  return {
    objective: figure(certificate.objective),
    distance: figure(certificate.distance),
    bandCost: figure(certificate.bandCost),
    dualityGap: figure(certificate.dualityGap),
    relativeGap: figure(certificate.relativeGap),
    distanceBound: figure(certificate.distanceBound),
    relativeDistanceBound: figure(certificate.relativeDistanceBound),
    boundBeforeRounding: figure(certificate.boundBeforeRounding),
    structureProven: certificate.structureProven,
    largestViolation: figure(certificate.largestViolation),
    stationarity: figure(certificate.stationarity),
    feasibility: figure(certificate.feasibility),
    complementarity: figure(certificate.complementarity),
    dualResidual: figure(certificate.dualResidual),
    numAtLower: certificate.numAtLower,
    numAtUpper: certificate.numAtUpper,
  }
}

export function bandTargetFigures(row: BandResult['targets'][number]) {
  return {
    target: row.target,
    lower: figure(row.lower),
    upper: figure(row.upper),
    before: figure(row.before),
    after: figure(row.after),
    relativeError: figure(row.relativeError),
    binding: row.binding,
    outside: figure(row.outside),
    pricePerUnit: figure(row.pricePerUnit),
    pricePerPercent: figure(row.pricePerPercent),
  }
}

const documentOptions = ({ settings, data }: CertifiedBands): BandDocument['options'] => ({
  form: settings.form,
  band: settings.band,
  overrides: settings.overrides.map(({ match, band, weight, optional = false }) => ({
    match,
    ...(band === undefined ? {} : { band }),
    ...(weight === undefined ? {} : { weight }),
    optional,
  })),
  zeroTolerance: settings.zeroTolerance,
  weight: settings.weight,
  importance: settings.columns.importance ?? null,
  importanceAs: settings.importanceAs,
  distanceWeight: settings.columns.distanceWeight ?? null,
  method: settings.method,
  tolerance: settings.tolerance,
  bounds: [...settings.bounds],
  maxIterations: settings.maxIterations,
  timeLimitSeconds: settings.timeLimitSeconds,
  groupIdentical: settings.groupIdentical,
  data,
})

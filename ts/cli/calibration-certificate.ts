import type { FileProblem } from '../data/problem.js'
import { targetLabel } from '../data/targets.js'
import type { CalibrationResult } from '../index.js'
import type { CalibrationDocument } from '../reweight/calibration-document.js'
import type { DocumentExplanation } from '../reweight/infeasibility-document.js'
import { distributionOf, figure, historyOf, inputsOf, nameOf } from './certificate.js'
import type { DataSelection } from './data-options.js'
import type { CalibrationSettings } from './form-options.js'

export const calibrationSchema = 'equipoise/calibration-certificate/1'

export interface CertifiedCalibration {
  problem: FileProblem
  settings: CalibrationSettings
  data: DataSelection
  result: CalibrationResult
  explanation: DocumentExplanation | null
  timing: { readSeconds: number; solveSeconds: number; totalSeconds: number }
}

/** The certificate of a calibration as it is written to a file. */
export function calibrationDocument(run: CertifiedCalibration): CalibrationDocument {
  const { problem, result, explanation, timing } = run
  const { distribution, infeasibility } = result
  return {
    schema: calibrationSchema,
    status: result.status,
    message: result.message,
    options: documentOptions(run),
    inputs: inputsOf(problem),
    ...calibrationFigures(result.certificate),
    designEffect: figure(distribution.designEffect),
    effectiveSampleSize: figure(distribution.effectiveSampleSize),
    iterations: result.iterations,
    numGroups: result.numGroups,
    warnings: [...problem.warnings],
    impossibleTargets: result.targets.flatMap(({ impossible }, j) =>
      impossible ? [targetLabel(problem.targets[j]!)] : [],
    ),
    infeasibility: infeasibility && {
      direction: infeasibility.combination.map(figure),
      margin: figure(infeasibility.gap),
      explanation,
    },
    distribution: distributionOf(distribution),
    history: historyOf(result.history),
    digest: result.digest,
    targets: result.targets.map((row, j) => ({
      ...nameOf(problem.targets[j]!),
      ...calibrationTargetFigures(row),
      dual: [result.lambda[j]!, result.lambdaLow[j]!],
    })),
    timing,
  }
}

/** The figures of the independent check, in the document's order: `verify` computes them again. */
export function calibrationFigures(certificate: CalibrationResult['certificate']) {
  return {
    objective: figure(certificate.objective),
    relaxationCost: figure(certificate.relaxationCost),
    dualityGap: figure(certificate.dualityGap),
    relativeGap: figure(certificate.relativeGap),
    constraintResidual: figure(certificate.constraintResidual),
    distanceBound: figure(certificate.distanceBound),
    boundBeforeRounding: figure(certificate.boundBeforeRounding),
    dualResidual: figure(certificate.dualResidual),
    numAtLower: certificate.numAtLower,
    numAtUpper: certificate.numAtUpper,
    numDependent: certificate.numDependent,
    smallestPivot: figure(certificate.smallestPivot),
  }
}

export function calibrationTargetFigures(row: CalibrationResult['targets'][number]) {
  return {
    target: row.target,
    before: figure(row.before),
    after: figure(row.after),
    relativeError: figure(row.relativeError),
    lambda: figure(row.lambda),
    relaxed: row.relaxed,
    dependent: row.dependent,
  }
}

const documentOptions = ({ settings, data }: CertifiedCalibration): CalibrationDocument['options'] => ({
  form: settings.form,
  distance: settings.distance,
  alpha: settings.alpha,
  qWeight: settings.columns.qWeight ?? null,
  cluster: settings.columns.cluster ?? null,
  cost: settings.columns.cost ?? null,
  tolerance: settings.tolerance,
  bounds: isBounded(settings) ? [...settings.bounds] : null,
  maxIterations: settings.maxIterations,
  timeLimitSeconds: settings.timeLimitSeconds,
  groupIdentical: settings.groupIdentical,
  data,
})

/** Only these distances keep to the bounds. */
const isBounded = ({ distance }: CalibrationSettings) => distance === 'truncated' || distance === 'logit'

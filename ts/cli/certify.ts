import type { FileProblem, ProblemColumns } from '../data/problem.js'
import {
  type BandSyncOptions,
  type ReweightAnswer,
  type ReweightProblem,
  reweightDefaults,
} from '../index.js'
import type { BandDocument } from '../reweight/band-document.js'
import type { CalibrationDocument } from '../reweight/calibration-document.js'
import type { CertificateDocument } from '../reweight/certificate-document.js'
import { bandFigures, bandTargetFigures } from './band-certificate.js'
import { calibrationFigures, calibrationTargetFigures } from './calibration-certificate.js'
import { certificateFigures, figure, targetFigures } from './certificate.js'
import type { StoredCertificate } from './certificate-file.js'
import { nativeProblem, solverNames } from './native-problem.js'
import { bandOptions, calibrationOptions } from './solve.js'

/** Figures of a certificate as the files give them, without the solver. */
export interface Recomputed {
  /** By their names in the document. */
  figures: Record<string, unknown>
  /** Per target; none of a proof that there is no answer. */
  targets: Record<string, unknown>[]
}

/** The columns that the certified options refer to. */
export function columnsOf(document: StoredCertificate): ProblemColumns {
  switch (document.schema) {
    case 'equipoise/reweight-certificate/1':
      return {}
    case 'equipoise/band-certificate/1': {
      const { importance, distanceWeight } = document.options
      return { importance: importance ?? undefined, distanceWeight: distanceWeight ?? undefined }
    }
    case 'equipoise/calibration-certificate/1': {
      const { qWeight, cluster, cost } = document.options
      return { qWeight: qWeight ?? undefined, cluster: cluster ?? undefined, cost: cost ?? undefined }
    }
  }
}

/** The independent check alone, on the multipliers given and the dual values (or the proof) of the document. */
export function certify(
  document: StoredCertificate,
  problem: FileProblem,
  multipliers: Float64Array,
  threads: number | undefined,
): Recomputed {
  const native = nativeProblem(problem, document.options.bounds ?? reweightDefaults().bounds)
  const targets: readonly { dual: readonly [high: number, low: number] }[] = document.targets
  const answer = {
    multipliers,
    dual: Float64Array.from(targets, ({ dual }) => dual[0]),
    dualLow: Float64Array.from(targets, ({ dual }) => dual[1]),
  }
  const limit = threads === undefined ? {} : { threads }
  try {
    switch (document.schema) {
      case 'equipoise/reweight-certificate/1':
        return certifyPenalty(native, document, answer, limit)
      case 'equipoise/band-certificate/1':
        return certifyBands(native, problem, document, answer, limit)
      case 'equipoise/calibration-certificate/1':
        return certifyCalibration(native, problem, document, answer, limit)
    }
  } finally {
    native.dispose()
  }
}

type Threads = { threads?: number }

function certifyPenalty(
  native: ReweightProblem,
  { options }: CertificateDocument,
  answer: ReweightAnswer,
  threads: Threads,
): Recomputed {
  const { certificate, targets, digest } = native.certify(answer, { penalty: options.penalty, ...threads })
  return { figures: { ...certificateFigures(certificate), digest }, targets: targets.map(targetFigures) }
}

function certifyBands(
  native: ReweightProblem,
  problem: FileProblem,
  document: BandDocument,
  answer: ReweightAnswer,
  threads: Threads,
): Recomputed {
  const options = {
    ...bandOptions(problem, document.options),
    ...achievedBands(problem, document),
    ...threads,
  }
  if (document.infeasibility !== null) {
    const direction = document.infeasibility.direction as number[]
    return { figures: { margin: figure(native.certifyBandInfeasibility(direction, options)) }, targets: [] }
  }
  const { certificate, targets, digest } = native.certifyBands(answer, options)
  return { figures: { ...bandFigures(certificate), digest }, targets: targets.map(bandTargetFigures) }
}

function certifyCalibration(
  native: ReweightProblem,
  problem: FileProblem,
  document: CalibrationDocument,
  answer: Required<ReweightAnswer>,
  threads: Threads,
): Recomputed {
  const options = { ...calibrationOptions(problem, document.options), ...threads }
  if (document.infeasibility !== null) {
    const proof = native.certifyCalibrationInfeasibility(
      document.infeasibility.direction as number[],
      options,
    )
    return { figures: { margin: figure(proof?.gap ?? null) }, targets: [] }
  }
  const { multipliers, dual, dualLow } = answer
  const { certificate, targets, digest } = native.certifyCalibration(
    { multipliers, lambda: dual, lambdaLow: dualLow },
    options,
  )
  return {
    figures: { ...calibrationFigures(certificate), digest },
    targets: targets.map(calibrationTargetFigures),
  }
}

/** By rank, the answer is that of the bands as achieved, all of them hard. */
function achievedBands(problem: FileProblem, { options, targets }: BandDocument): BandSyncOptions {
  if (options.importanceAs !== 'rank') return {}
  const names = solverNames(problem)
  return {
    overrides: targets.map(({ lower, upper }, j) => ({
      match: names[j]!,
      band: { lower: lower!, upper: upper! },
      weight: 'hard',
    })),
  }
}

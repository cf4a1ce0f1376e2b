import type { FileProblem } from '../data/problem.js'
import type {
  BandOptions,
  BandStatus,
  CalibrationOptions,
  IterationRecord,
  ReweightOptions,
  ReweightProblem,
} from '../index.js'
import type { AnyDocument } from '../reweight/certificate-document.js'
import { bandDocument } from './band-certificate.js'
import { calibrationDocument } from './calibration-certificate.js'
import { certificateDocument } from './certificate.js'
import type { DataSelection } from './data-options.js'
import {
  type BandSettings,
  type CalibrationSettings,
  type FormSettings,
  limits,
  type PenaltySettings,
} from './form-options.js'
import { inTermsOfFiles, nativeProblem } from './native-problem.js'
import type { Progress } from './terminal.js'

/** What a solve of any form leaves. */
export interface Solved {
  status: BandStatus
  weights: Float64Array
  multipliers: Float64Array
  certificate: { distanceBound: number }
  /** The certificate as it is written, given the seconds that all took. */
  document(timing: { readSeconds: number; totalSeconds: number }): AnyDocument
}

export interface SolveRun {
  problem: FileProblem
  data: DataSelection
  threads: number | undefined
  signal: AbortSignal
  progress: Progress
}

/** Solves the problem in the form of the settings. */
export async function solve(run: SolveRun, settings: FormSettings): Promise<Solved> {
  const native = nativeProblem(run.problem, settings.bounds)
  try {
    switch (settings.form) {
      case 'penalty':
        return await solvePenalty(native, run, settings)
      case 'bands':
        return await solveBands(native, run, settings)
      case 'calibrate':
        return await calibrate(native, run, settings)
    }
  } catch (error) {
    throw inTermsOfFiles(error, run.problem, settings)
  } finally {
    native.dispose()
  }
}

async function solvePenalty(
  native: ReweightProblem,
  run: SolveRun,
  settings: PenaltySettings,
): Promise<Solved> {
  const { penalty, method, tolerance } = settings
  const options: ReweightOptions = {
    penalty,
    method,
    tolerance,
    ...limits(settings),
    ...control(run, tolerance),
  }
  const result = await native.solve(options)
  return { ...result, document: (timing) => certificateDocument({ ...run, settings, result, timing }) }
}

async function solveBands(native: ReweightProblem, run: SolveRun, settings: BandSettings): Promise<Solved> {
  const options = { ...bandOptions(run.problem, settings), ...control(run, settings.tolerance) }
  const result = await native.solveBands(options)
  return {
    ...result,
    document: (timing) => bandDocument({ ...run, settings, result, explanation: null, timing }),
  }
}

async function calibrate(
  native: ReweightProblem,
  run: SolveRun,
  settings: CalibrationSettings,
): Promise<Solved> {
  const options = { ...calibrationOptions(run.problem, settings), ...control(run, settings.tolerance) }
  const started = performance.now()
  const result = await native.calibrate(options)
  const solveSeconds = (performance.now() - started) / 1000
  return {
    ...result,
    document: (timing) =>
      calibrationDocument({
        ...run,
        settings,
        result,
        explanation: null,
        timing: { solveSeconds, ...timing },
      }),
  }
}

const control = ({ threads, signal, progress }: SolveRun, tolerance: number) => ({
  ...(threads === undefined ? {} : { threads }),
  signal,
  onProgress: (record: IterationRecord<string>) => progress.iteration(record, tolerance),
})

/** The options that say what the optimum is, and how near to it an answer must be. */
export function bandOptions({ columns }: FileProblem, settings: BandSettings): BandOptions {
  const { band, overrides, zeroTolerance, weight, method, tolerance } = settings
  const { importance, distanceWeight } = columns
  return {
    ...{ band, overrides, weight, method, tolerance },
    ...(zeroTolerance === null ? {} : { zeroTolerance }),
    ...(importance === null ? {} : { importance }),
    ...(distanceWeight === null ? {} : { distanceWeights: distanceWeight }),
    ...limits(settings),
  }
}

export function calibrationOptions(
  { columns }: FileProblem,
  settings: CalibrationSettings,
): CalibrationOptions {
  const { distance, alpha, tolerance } = settings
  const { qWeight, cluster, cost } = columns
  return {
    ...{ distance, tolerance },
    ...(alpha === null ? {} : { alpha }),
    ...(qWeight === null ? {} : { qWeights: qWeight }),
    ...(cluster === null ? {} : { clusters: cluster }),
    ...(cost === null ? {} : { costs: cost }),
    ...limits(settings),
  }
}

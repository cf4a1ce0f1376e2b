import type { FileProblem } from '../data/problem.js'
import { targetLabel } from '../data/targets.js'
import type {
  BandStatus,
  BandSyncOptions,
  CalibrationSyncOptions,
  ExplainOptions,
  Explanation,
  IterationRecord,
  PriorityResult,
  ReweightOptions,
  ReweightProblem,
} from '../index.js'
import type { DocumentPriority } from '../reweight/band-document.js'
import type { AnyDocument } from '../reweight/certificate-document.js'
import type { DocumentExplanation } from '../reweight/infeasibility-document.js'
import { bandDocument } from './band-certificate.js'
import { calibrationDocument } from './calibration-certificate.js'
import { certificateDocument, figure } from './certificate.js'
import type { DataSelection } from './data-options.js'
import { explanationDocument } from './explanation.js'
import {
  type BandSettings,
  type CalibrationSettings,
  conduct,
  type FormSettings,
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
  /** Whether to look for the reasons where no weights meet what was asked. */
  explain: boolean
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
    ...conduct(settings),
    ...control(run, tolerance),
  }
  const result = await native.solve(options)
  return { ...result, document: (timing) => certificateDocument({ ...run, settings, result, timing }) }
}

async function solveBands(native: ReweightProblem, run: SolveRun, settings: BandSettings): Promise<Solved> {
  const { method, tolerance } = settings
  const form = bandOptions(run.problem, settings)
  const options = { ...form, method, ...conduct(settings), ...control(run, tolerance) }
  if (settings.importanceAs === 'rank') {
    const { answer, ...achieved } = await native.solveBandsByPriority(ranksOf(run.problem), options)
    const result = answer
    const priorities = prioritiesOf(run.problem, achieved)
    return {
      ...result,
      document: (timing) => bandDocument({ ...run, settings, result, explanation: null, priorities, timing }),
    }
  }
  const result = await native.solveBands(options)
  const explanation = await explained(run, result.status, (control) => native.explainBands(form, control))
  return {
    ...result,
    document: (timing) => bandDocument({ ...run, settings, result, explanation, priorities: null, timing }),
  }
}

/** The place of each target's importance among all, the most important first. */
function ranksOf({ columns }: FileProblem): Uint32Array {
  const levels = [...new Set(columns.importance!)].sort((a, b) => b - a)
  return Uint32Array.from(columns.importance!, (importance) => levels.indexOf(importance))
}

function prioritiesOf(
  { columns, targets }: FileProblem,
  { ranks, outside }: Pick<PriorityResult, 'ranks' | 'outside'>,
): DocumentPriority[] {
  return ranks.map(({ targets: members, violation, violationBound, isProven }) => ({
    importance: columns.importance![members[0]!]!,
    violation: figure(violation),
    violationBound: figure(violationBound),
    isProven,
    targets: members.map((j) => ({ name: targetLabel(targets[j]!), outside: figure(outside[j]!) })),
  }))
}

async function calibrate(
  native: ReweightProblem,
  run: SolveRun,
  settings: CalibrationSettings,
): Promise<Solved> {
  const options = calibrationOptions(run.problem, settings)
  const started = performance.now()
  const result = await native.calibrate({
    ...options,
    ...conduct(settings),
    ...control(run, settings.tolerance),
  })
  const solveSeconds = (performance.now() - started) / 1000
  const explanation = await explained(run, result.status, (control) =>
    native.explainCalibration(options, control),
  )
  return {
    ...result,
    document: (timing) =>
      calibrationDocument({
        ...run,
        settings,
        result,
        explanation,
        timing: { solveSeconds, ...timing },
      }),
  }
}

/** The reasons why no weights meet what was asked of a problem by itself, in the user's words; null if none were found. */
export async function explainAlone(
  run: Pick<SolveRun, 'problem' | 'threads' | 'signal'>,
  settings: FormSettings,
): Promise<DocumentExplanation | null> {
  const { problem, threads, signal } = run
  const native = nativeProblem(problem, settings.bounds)
  const options: ExplainOptions = { ...(threads === undefined ? {} : { threads }), signal }
  try {
    switch (settings.form) {
      case 'penalty':
        return null
      case 'bands':
        return explanationDocument(
          problem,
          await native.explainBands(bandOptions(problem, settings), options),
        )
      case 'calibrate': {
        const calibration = calibrationOptions(problem, settings)
        return explanationDocument(problem, await native.explainCalibration(calibration, options))
      }
    }
  } finally {
    native.dispose()
  }
}

/** The contradiction in the user's words, where there is one to explain. */
async function explained(
  run: SolveRun,
  status: BandStatus,
  explain: (options: ExplainOptions) => Promise<Explanation>,
): Promise<DocumentExplanation | null> {
  // Who has stopped the run wants to wait no longer.
  if (status !== 'infeasible' || !run.explain || run.signal.aborted) return null
  run.progress.stage('explaining the contradiction')
  const { threads, signal } = run
  const explanation = await explain({ ...(threads === undefined ? {} : { threads }), signal })
  return explanationDocument(run.problem, explanation)
}

const control = ({ threads, signal, progress }: SolveRun, tolerance: number) => ({
  ...(threads === undefined ? {} : { threads }),
  signal,
  onProgress: (record: IterationRecord<string>) => progress.iteration(record, tolerance),
})

type BandForm = Pick<
  BandSettings,
  'band' | 'overrides' | 'zeroTolerance' | 'weight' | 'tolerance' | 'importanceAs'
>

/** The options that say what the optimum is, and how near to it an answer must be. */
export function bandOptions({ columns }: FileProblem, form: BandForm): BandSyncOptions {
  const { band, overrides, zeroTolerance, weight, tolerance, importanceAs } = form
  const { importance, distanceWeight } = columns
  return {
    ...{ band, overrides, weight, tolerance },
    ...(zeroTolerance === null ? {} : { zeroTolerance }),
    ...(importance === null || importanceAs === 'rank' ? {} : { importance }),
    ...(distanceWeight === null ? {} : { distanceWeights: distanceWeight }),
  }
}

type CalibrationForm = Pick<CalibrationSettings, 'distance' | 'alpha' | 'tolerance'>

export function calibrationOptions({ columns }: FileProblem, form: CalibrationForm): CalibrationSyncOptions {
  const { distance, alpha, tolerance } = form
  const { qWeight, cluster, cost } = columns
  return {
    ...{ distance, tolerance },
    ...(alpha === null ? {} : { alpha }),
    ...(qWeight === null ? {} : { qWeights: qWeight }),
    ...(cluster === null ? {} : { clusters: cluster }),
    ...(cost === null ? {} : { costs: cost }),
  }
}

import { InputError } from '../errors.js'
import { type CancelToken, diagnoseSqpStart, diagnoseSqpSync, type Notices } from '../native/binding.cjs'
import { type Ended, isPromise } from '../objective/evaluation.js'
import { runDirect, runSession } from '../objective/run.js'
import type { SqpReportDocument, SqpSignal } from '../report/sqp/document.js'
import type { Block } from './constraints.js'
import { relocate } from './constraints.js'
import { type Outcome, prepare, problemOf, relocating, settled } from './minimize.js'
import type { MinimizeOptions, MinimizeResult, MinimizeSyncOptions, ScalarFunction } from './types.js'

/** Looks at the report of a run and may add a signal of its own. */
export type SignalEvaluator = (report: SqpReportDocument) => SqpSignal | undefined

/** What a diagnosis does besides the run. */
export interface DiagnoseOptions {
  /** Extra evaluations after the run; all are made unless switched off. */
  readonly probes?: { readonly derivatives?: boolean; readonly noise?: boolean; readonly curvature?: boolean }
  /** Evaluators of your own, asked after those of the library; what they throw is thrown. */
  readonly evaluators?: readonly SignalEvaluator[]
}

/** An array behind a signal: a vector, or a matrix by rows. */
export interface SignalArtifact {
  readonly shape: readonly number[]
  readonly values: Float64Array
}

/** A run with its explanation. */
export interface Diagnosis {
  /** The answer, the same bits as without a diagnosis. */
  readonly result: MinimizeResult
  /** The explanation as plain data; `renderSqpReport` makes a page of it. */
  readonly report: SqpReportDocument
  /** The same for a terminal; without the signals of evaluators of your own. */
  readonly text: string
  /** Arrays by signal and name. */
  readonly artifacts: Readonly<Record<string, Readonly<Record<string, SignalArtifact>>>>
}

interface Explained {
  readonly solution: Outcome
  readonly report: string
  readonly text: string
  readonly artifacts: Record<string, Record<string, { shape: number[]; values: number[] }>>
}

/**
 * `minimize`, and why it ended as it did: signals with their evidence, what they mean together, what to try. A report comes out whether
 * or not the run converged.
 *
 * @throws {InputError} as `minimize`.
 */
export async function diagnoseMinimize(
  f: ScalarFunction,
  x0: ArrayLike<number>,
  options: Omit<MinimizeOptions, 'onStep'> = {},
  diagnose: DiagnoseOptions = {},
): Promise<Diagnosis> {
  const prepared = prepare(f, x0, options, false)
  options.signal?.throwIfAborted()
  await prepared.answers.countRows(prepared.start)
  const problem = problemOf(prepared, options)
  const extra = nativeOptions(diagnose)
  const start = (dispatch: never, wake: () => void, notices: Notices, token: CancelToken) =>
    diagnoseSqpStart(dispatch, wake, problem, prepared.provides, extra, notices, token)
  const listeners = { onIteration: undefined, onEvent: options.onEvent }
  const running = runSession<Explained>(prepared.answers.answer, listeners, options.signal, start as never)
  const ended = await running.catch((error) => {
    throw relocate(error, prepared.blocks)
  })
  return explained(ended, prepared.blocks, options, diagnose)
}

/** `diagnoseMinimize` on this thread, for functions that return at once. */
export function diagnoseMinimizeSync(
  f: ScalarFunction,
  x0: ArrayLike<number>,
  options: Omit<MinimizeSyncOptions, 'onStep'> = {},
  diagnose: DiagnoseOptions = {},
): Diagnosis {
  const prepared = prepare(f, x0, options, true)
  if (isPromise(prepared.answers.countRows(prepared.start))) {
    const expected = 'functions that return at once (diagnoseMinimize takes promises)'
    throw new InputError('wrong_type', { path: 'constraints', expected, received: 'a promise' })
  }
  const problem = problemOf(prepared, options)
  const extra = nativeOptions(diagnose)
  const solve = (dispatch: never, notices: Notices) =>
    diagnoseSqpSync(dispatch, problem, prepared.provides, extra, notices)
  const listeners = { onIteration: undefined, onEvent: options.onEvent }
  const ended = relocating(prepared.blocks, () =>
    runDirect<Explained>(prepared.answers.answer, listeners, solve as never),
  )
  return explained(ended, prepared.blocks, options, diagnose)
}

/** The engine checks names and values. */
const nativeOptions = ({ evaluators: _, ...options }: DiagnoseOptions): string => JSON.stringify(options)

function explained(
  { outcome, thrown }: Ended<Explained | undefined>,
  blocks: readonly Block[],
  options: MinimizeSyncOptions,
  { evaluators = [] }: DiagnoseOptions,
): Diagnosis {
  const result = settled(
    { outcome: outcome?.solution, thrown } as Ended<Outcome | undefined>,
    blocks,
    options,
  )
  const { report: json, text, artifacts } = outcome!
  const report = JSON.parse(json) as SqpReportDocument
  for (const evaluate of evaluators) {
    const signal = evaluate(report)
    if (signal !== undefined) report.signals.push(signal)
  }
  const arrays = Object.entries(artifacts).map(([signal, named]) => [
    signal,
    Object.fromEntries(
      Object.entries(named).map(([name, { shape, values }]) => [
        name,
        { shape, values: Float64Array.from(values) },
      ]),
    ),
  ])
  return { result, report, text, artifacts: Object.fromEntries(arrays) }
}

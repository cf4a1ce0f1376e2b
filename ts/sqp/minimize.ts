import { InputError } from '../errors.js'
import {
  type CancelToken,
  minimizeSqpStart,
  minimizeSqpSync,
  type NativeProvides,
  type NativeSqpProblem,
  type Notices,
  sqpStart,
  sqpStatusSentences,
} from '../native/binding.cjs'
import { callNative } from '../native-errors.js'
import { type Ended, isPromise } from '../objective/evaluation.js'
import { runDirect, runSession } from '../objective/run.js'
import {
  checkedFunction,
  checkedNumber,
  checkedNumbers,
  checkedSignal,
  checkedStrings,
  checkNames,
  optional,
} from '../validate.js'
import { type Block, blocksOf, boundsOf, relocate, rowsOf } from './constraints.js'
import { FunctionAnswers } from './functions.js'
import { bestPoints } from './interrupted.js'
import { nativeSolverOptions } from './options.js'
import type {
  MinimizeOptions,
  MinimizeResult,
  MinimizeStatus,
  MinimizeSyncOptions,
  ScalarFunction,
} from './types.js'

/** Every status with one sentence: the likely cause and the option to change. */
export const MINIMIZE_STATUSES = Object.freeze(sqpStatusSentences()) as Readonly<
  Record<MinimizeStatus, string>
>

const names = [
  'gradient',
  'hessianProduct',
  'bounds',
  'constraints',
  'variableNames',
  'options',
  'timeLimitSeconds',
  'onStep',
  'onEvent',
  'onInterrupted',
] as const satisfies readonly (keyof MinimizeSyncOptions)[]

/** What the native side returns. */
export interface Outcome {
  readonly result: Omit<MinimizeResult, 'fun' | 'constraints'> & { readonly objective: number }
  readonly rowMultipliers: readonly number[]
}

/**
 * Minimises f(x) over bounds and constraints by sequential quadratic programming, from the start x0, which is clipped to the bounds. `converged` means
 * that an independent check of the first-order conditions holds at the point.
 *
 * ```ts
 * const { status, x } = await minimize((x) => (x[0] - 1) ** 2 + (x[1] - 2.5) ** 2, [2, 0], {
 *   gradient: (x) => [2 * (x[0] - 1), 2 * (x[1] - 2.5)],
 *   bounds: [[0, null], [0, null]],
 *   constraints: [{ type: 'ineq', fun: (x) => x[0] - 2 * x[1] + 2 }],
 * })
 * ```
 *
 * Runs on a thread of its own; all functions may be asynchronous. What they throw ends the run and is thrown, unchanged; `interruptedMinimum` has the
 * best point of that run.
 *
 * @throws {InputError} for wrong input, and for values of a wrong kind or number.
 */
export async function minimize(
  f: ScalarFunction,
  x0: ArrayLike<number>,
  options: MinimizeOptions = {},
): Promise<MinimizeResult> {
  const prepared = prepare(f, x0, options, false)
  options.signal?.throwIfAborted()
  await prepared.answers.countRows(prepared.start)
  const problem = problemOf(prepared, options)
  const start = (dispatch: never, wake: () => void, notices: Notices, token: CancelToken) =>
    minimizeSqpStart(dispatch, wake, problem, prepared.provides, notices, token)
  const { answer } = prepared.answers
  const listeners = { onIteration: options.onStep, onEvent: options.onEvent }
  const running = runSession<Outcome>(answer, listeners, options.signal, start as never)
  const ended = await running.catch((error) => {
    throw relocate(error, prepared.blocks)
  })
  return settled(ended, prepared.blocks, options)
}

/** `minimize` on this thread, for functions that return at once. */
export function minimizeSync(
  f: ScalarFunction,
  x0: ArrayLike<number>,
  options: MinimizeSyncOptions = {},
): MinimizeResult {
  const prepared = prepare(f, x0, options, true)
  if (isPromise(prepared.answers.countRows(prepared.start))) {
    const expected = 'functions that return at once (minimize takes promises)'
    throw new InputError('wrong_type', { path: 'constraints', expected, received: 'a promise' })
  }
  const problem = problemOf(prepared, options)
  const solve = (dispatch: never, notices: Notices) =>
    minimizeSqpSync(dispatch, problem, prepared.provides, notices)
  const listeners = { onIteration: options.onStep, onEvent: options.onEvent }
  const ended = relocating(prepared.blocks, () =>
    runDirect<Outcome>(prepared.answers.answer, listeners, solve as never),
  )
  return settled(ended, prepared.blocks, options)
}

/** What the solver says of rows is said of the caller's constraints. */
export function relocating<T>(blocks: readonly Block[], run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw relocate(error, blocks)
  }
}

/** Checks kinds and names, and clips the start to the bounds. */
export function prepare(
  f: ScalarFunction,
  x0: ArrayLike<number>,
  options: MinimizeOptions,
  synchronous: boolean,
) {
  checkedFunction('f', f)
  checkNames('options', options, synchronous ? names : [...names, 'signal'])
  for (const name of ['gradient', 'hessianProduct', 'onStep', 'onEvent', 'onInterrupted'] as const) {
    if (options[name] !== undefined) checkedFunction(name, options[name])
  }
  if (!synchronous) optional(options, 'signal', checkedSignal)
  const given = checkedNumbers('x0', x0)
  const n = given.length
  const bounds = boundsOf(options.bounds, n)
  const blocks = blocksOf(options.constraints, n)
  const solverOptions = nativeSolverOptions(options.options)
  const start = clipped(given, bounds, options.bounds)
  const computed = blocks.filter(({ fun }) => fun !== undefined)
  const provides: NativeProvides = {
    gradient: options.gradient !== undefined,
    jacobian: computed.every(({ jac }) => jac !== undefined),
    objectiveHessianProduct: options.hessianProduct !== undefined,
    constraintHessianProduct: computed.every(({ hessp }) => hessp !== undefined),
  }
  return {
    start,
    bounds,
    blocks,
    provides,
    solverOptions,
    answers: new FunctionAnswers(f, options, blocks, n),
  }
}

function clipped(
  x0: Float64Array,
  bounds: [Float64Array, Float64Array] | null,
  given: MinimizeOptions['bounds'],
): Float64Array {
  try {
    return callNative(() => sqpStart(x0, bounds?.[0] ?? null, bounds?.[1] ?? null))
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const { code, path, expected, received } = error
    const place = path.replace(/^(lower|upper)\[(\d+)\]$/, (_, side, j) => {
      const k = side === 'lower' ? 0 : 1
      return Array.isArray(given) ? `bounds[${j}][${k}]` : `bounds.${k === 0 ? 'lb' : 'ub'}[${j}]`
    })
    throw new InputError(code, { path: place, expected, received })
  }
}

/** The problem as the native side takes it. */
export function problemOf(
  { start, bounds, blocks, solverOptions }: ReturnType<typeof prepare>,
  options: MinimizeSyncOptions,
): NativeSqpProblem {
  return {
    start,
    lower: bounds?.[0] ?? null,
    upper: bounds?.[1] ?? null,
    ...rowsOf(blocks),
    variableNames: optional(options, 'variableNames', checkedStrings) ?? [],
    options: solverOptions,
    timeLimitSeconds: optional(options, 'timeLimitSeconds', checkedNumber),
  }
}

/** The outcome in the caller's terms; what a function threw is thrown, with the best point before it. */
export function settled(
  { outcome, thrown }: Ended<Outcome | undefined>,
  blocks: readonly Block[],
  { onInterrupted }: MinimizeSyncOptions,
): MinimizeResult {
  if (thrown !== undefined) {
    const best = outcome && Number.isFinite(outcome.result.objective) ? readable(outcome, blocks) : null
    bestPoints.remember(thrown.value, best, onInterrupted)
    throw thrown.value
  }
  return readable(outcome!, blocks)
}

/** Vectors as typed arrays, and the multipliers by the caller's constraints. */
function readable({ result, rowMultipliers }: Outcome, blocks: readonly Block[]): MinimizeResult {
  const { objective, x, gradient, boundMultipliers, ...rest } = result
  let row = 0
  const constraints = blocks.map(({ name, numRows }) => {
    const multipliers = Float64Array.from(rowMultipliers.slice(row, row + numRows))
    row += numRows
    return { name, multipliers }
  })
  return {
    ...rest,
    fun: objective,
    x: Float64Array.from(x),
    gradient: Float64Array.from(gradient),
    boundMultipliers: Float64Array.from(boundMultipliers),
    constraints,
  }
}

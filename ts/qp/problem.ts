import { DisposedError } from '../errors.js'
import {
  NativeQpProblem,
  qpDefaults as nativeDefaults,
  qpMethods as nativeMethods,
  qpStatusSentences,
} from '../native/binding.cjs'
import { callNative } from '../native-errors.js'
import { checkControl, underControl } from '../reweight/control.js'
import { nativeQpChange, nativeQpData, nativeQpOptions } from './convert.js'
import type {
  QpChange,
  QpData,
  QpDefaults,
  QpMethod,
  QpOptions,
  QpResult,
  QpStatus,
  QpSyncOptions,
} from './types.js'

/**
 * A convex quadratic program in native memory: min ½xᵀPx + qᵀx over l ≤ Ax ≤ u and bounds, set up once and solved many times.
 *
 * ```ts
 * using problem = new QpProblem({ P: [[1, 0], [0, 1]], q: [0, 0], A: [[1, 1]], l: [2], u: [2], bounds: [-Infinity, [Infinity, 0.5]] })
 * const { status, x } = await problem.solve() // x = [1.5, 0.5]
 * problem.update({ l: [4], u: [4] })
 * const next = await problem.solve() // starts from the constraints that were binding
 * ```
 */
export class QpProblem implements Disposable {
  #native: NativeQpProblem | null
  /** n */
  readonly numVariables: number
  /** m */
  readonly numRows: number

  /** @throws {InputError} at the first fault of the data. */
  constructor(data: QpData) {
    const { n, m, native } = nativeQpData(data)
    this.#native = callNative(() => new NativeQpProblem(native))
    this.numVariables = n
    this.numRows = m
  }

  /**
   * Solves on a thread of its own. Contradictory constraints, an objective without end and limits are a `status` of the result.
   * @throws {InputError} for a wrong option.
   */
  async solve(options: QpOptions = {}): Promise<QpResult> {
    const native = nativeQpOptions(options)
    checkControl(options)
    const problem = this.#open()
    return underControl(options, (control) => problem.solve(native, control))
  }

  /** Solves on this thread, which does nothing else meanwhile: the right choice for small problems. */
  solveSync(options: QpSyncOptions = {}): QpResult {
    const native = nativeQpOptions(options, true)
    const problem = this.#open()
    return callNative(() => problem.solveSync(native)) as QpResult
  }

  /**
   * Replaces parts of the data, in the same shape. Solves that are running are not affected.
   * @throws {InputError} at the first fault; nothing has then changed.
   */
  update(change: QpChange): void {
    const native = nativeQpChange(change, { n: this.numVariables, m: this.numRows })
    const problem = this.#open()
    callNative(() => problem.update(native))
  }

  /** Frees the memory. */
  dispose(): void {
    this.#native?.dispose()
    this.#native = null
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  #open(): NativeQpProblem {
    if (this.#native === null) throw new DisposedError('QpProblem')
    return this.#native
  }
}

/**
 * Solves a convex quadratic program once, on a thread of its own.
 *
 * ```ts
 * const { status, x, rowMultipliers } = await solveQp({ P: [[2, 0], [0, 2]], q: [-2, -5], A: [[1, 2]], u: [3], bounds: [0, Infinity] })
 * ```
 * @throws {InputError} for wrong data or options.
 */
export async function solveQp(data: QpData, options: QpOptions = {}): Promise<QpResult> {
  const problem = new QpProblem(data)
  try {
    return await problem.solve(options)
  } finally {
    problem.dispose()
  }
}

/** `solveQp` on this thread. */
export function solveQpSync(data: QpData, options: QpSyncOptions = {}): QpResult {
  const problem = new QpProblem(data)
  try {
    return problem.solveSync(options)
  } finally {
    problem.dispose()
  }
}

/** The defaults of the options. */
export function qpDefaults(): QpDefaults {
  return nativeDefaults() as QpDefaults
}

/** Every status with one sentence: what it means and, where it is not `converged`, what to do. */
export const QP_STATUSES = Object.freeze(qpStatusSentences()) as Readonly<Record<QpStatus, string>>

/** The names of the methods. */
export const QP_METHODS = Object.freeze(nativeMethods()) as readonly QpMethod[]

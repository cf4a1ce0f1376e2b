import {
  CancelToken,
  type NativeReweightProblem,
  reweightDefaults as nativeDefaults,
} from '../native/binding.cjs'
import { callNative, fromNative } from '../native-errors.js'
import { checkedCount, checkedNumber, checkedNumbers, checkNames } from '../validate.js'
import { nativeChange, nativeOptions, nativeProblem } from './convert.js'
import type {
  Certification,
  IterationRecord,
  ReweightAnswer,
  ReweightChange,
  ReweightData,
  ReweightDefaults,
  ReweightOptions,
  ReweightResult,
  ReweightSyncOptions,
  SolverEvent,
} from './types.js'

/**
 * A reweighting problem in native memory: its data are copied and checked once, and solved many times.
 *
 * ```ts
 * using problem = new ReweightProblem({
 *   matrix: { format: 'columns', columns: [[1, 1, 1, 1], [0, 2, 1, 0]] },
 *   designWeights: [100, 120, 80, 100],
 *   targets: [{ name: 'households', total: 420 }, { name: 'children', total: 400 }],
 * })
 * const { status, weights } = await problem.solve({ penalty: 1e-6 })
 * ```
 *
 * Without `using` (TypeScript, or JavaScript on Node 24) or `dispose()` the memory is freed when the object is garbage.
 */
export class ReweightProblem implements Disposable {
  readonly #native: NativeReweightProblem
  /** n */
  readonly numRecords: number
  /** k */
  readonly numTargets: number
  /** Entries of the matrix that are not zero. */
  readonly numNonzeros: number

  /** @throws {InputError} at the first fault of the data. */
  constructor(data: ReweightData) {
    this.#native = nativeProblem(data)
    this.numRecords = data.designWeights.length
    this.numTargets = data.targets.length
    this.numNonzeros = this.#native.numNonzeros
  }

  /**
   * Solves on a thread of its own; any number of solves may run at the same time. A limit, a cancellation and a numerical
   * failure are a `status` of the result.
   * @throws {InputError} for a wrong option.
   */
  async solve(options: ReweightOptions = {}): Promise<ReweightResult> {
    const native = nativeOptions(options)
    const start: Start<object> = (...control) => this.#native.solve(native, ...control)
    return (await underControl(options, start)) as ReweightResult
  }

  /** Solves on this thread, which does nothing else meanwhile. */
  solveSync(options: ReweightSyncOptions = {}): ReweightResult {
    const native = nativeOptions(options, true)
    return callNative(() => this.#native.solveSync(native)) as ReweightResult
  }

  /**
   * Solves for each penalty in turn, each from the dual values of the one before. `options.penalty` is not used.
   * @returns one result per penalty, in their order.
   */
  async sweep(penalties: ArrayLike<number>, options: ReweightOptions = {}): Promise<ReweightResult[]> {
    const numbers = checkedNumbers('penalties', penalties)
    const native = nativeOptions(options)
    const start: Start<object[]> = (...control) => this.#native.sweep(numbers, native, ...control)
    return (await underControl(options, start)) as ReweightResult[]
  }

  /**
   * Replaces design weights, targets or bounds; the matrix stays. If it throws, nothing has changed. Running solves keep the
   * data that they began with.
   */
  update(change: ReweightChange): void {
    const native = nativeChange(change)
    callNative(() => this.#native.update(native))
  }

  /** The independent check alone, on an answer from anywhere. */
  certify(answer: ReweightAnswer, options: { penalty: number; threads?: number }): Certification {
    checkNames('options', options, ['penalty', 'threads'])
    const multipliers = checkedNumbers('multipliers', answer.multipliers)
    const dual = answer.dual === undefined ? null : checkedNumbers('dual', answer.dual)
    const dualLow = answer.dualLow === undefined ? null : checkedNumbers('dualLow', answer.dualLow)
    const penalty = checkedNumber('penalty', options.penalty)
    const threads = options.threads === undefined ? null : checkedCount('threads', options.threads)
    return callNative(() =>
      this.#native.certify(multipliers, dual, dualLow, penalty, threads),
    ) as Certification
  }

  /** Frees the memory; solves that are running end as they would. */
  dispose(): void {
    this.#native.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** Solves one problem once: `new ReweightProblem(data).solve(options)`. */
export async function reweight(data: ReweightData, options: ReweightOptions = {}): Promise<ReweightResult> {
  using problem = new ReweightProblem(data)
  return await problem.solve(options)
}

/** The defaults of options and bounds. */
export function reweightDefaults(): ReweightDefaults {
  return nativeDefaults() as ReweightDefaults
}

type Start<T> = (
  token: CancelToken,
  onProgress: ((record: object) => void) | null,
  onEvent: ((event: object) => void) | null,
) => Promise<T>

/** Starts native work with the caller's signal and listeners, and lets go of both when it ends. */
async function underControl<T>(
  { signal, onProgress, onEvent }: ReweightOptions,
  start: Start<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const token = new CancelToken()
  let running = true
  let thrown: { value: unknown } | undefined
  // An exception that reached the native channel would end the process.
  const guarded = <M>(listener: ((message: M) => void) | undefined) =>
    listener === undefined
      ? null
      : (message: object) => {
          if (!running || thrown !== undefined) return
          try {
            listener(message as M)
          } catch (value) {
            thrown = { value }
            token.cancel()
          }
        }
  const cancel = () => token.cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    return await start(token, guarded<IterationRecord>(onProgress), guarded<SolverEvent>(onEvent))
  } catch (error) {
    throw fromNative(error)
  } finally {
    running = false
    signal?.removeEventListener('abort', cancel)
    // Its own exception is what the caller must see, not the result of a run that it ended.
    // biome-ignore lint/correctness/noUnsafeFinally: replacing the outcome is the purpose
    if (thrown !== undefined) throw thrown.value
  }
}

import type { InputError } from '../errors.js'
import {
  areaStatusSentences,
  CancelToken,
  type NativeAreasRun,
  NativeExhaustion,
  type NativeReweightProblem,
  areasDefaults as nativeAreasDefaults,
  areasDigest as nativeAreasDigest,
} from '../native/binding.cjs'
import { callNative, fromNative } from '../native-errors.js'
import { checkedArray, checkedNumber, checkedNumbers, checkedString } from '../validate.js'
import { nativeAreas, nativeAreasOptions } from './areas-options.js'
import type {
  Area,
  AreaProgress,
  AreaResult,
  AreaStatus,
  AreasDefaults,
  AreasForm,
  AreasOptions,
  AreasSummary,
  ExhaustionTable,
} from './areas-types.js'

/** Every status of an area with one sentence: what it means and, where it is not `converged`, what to do. */
export const AREA_STATUSES = Object.freeze(areaStatusSentences()) as Readonly<Record<AreaStatus, string>>

/** The defaults of `solveAreas`. */
export function areasDefaults(): AreasDefaults {
  return nativeAreasDefaults() as AreasDefaults
}

/**
 * A batch that is running: its results one by one as the areas end, in no fixed order, and its summary.
 *
 * The results can be iterated once. While the loop's body is busy, no more areas are finished than there are threads.
 * Leaving the loop (`break`, an exception) ends the batch.
 */
export class AreasRun<F extends AreasForm = AreasForm> implements AsyncIterable<AreaResult<F>> {
  readonly #native: NativeAreasRun
  readonly #listener: Listener
  readonly #signal: AbortSignal | undefined
  readonly #cancel: () => void
  #summary: Promise<AreasSummary> | undefined
  #iterated = false

  /** @internal */
  constructor(problem: NativeReweightProblem, areas: readonly Area[], options: AreasOptions<F>) {
    const batch = nativeAreas(areas)
    const native = nativeAreasOptions(options)
    options.signal?.throwIfAborted()
    const token = new CancelToken()
    this.#cancel = () => token.cancel()
    this.#listener = new Listener(options.onProgress, this.#cancel)
    this.#native = callNative(() => problem.solveAreas(batch, native, token, this.#listener.native))
    this.#signal = options.signal
    this.#signal?.addEventListener('abort', this.#cancel, { once: true })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AreaResult<F>, void, undefined> {
    if (this.#iterated) throw new TypeError('the results of a batch can be iterated once')
    this.#iterated = true
    try {
      for (;;) {
        const area = (await this.#native.next()) as AreaResult<F> | null
        this.#listener.throwIfThrown()
        if (area === null) break
        if (area.error !== null) area.error = fromNative(area.error) as InputError
        yield area
      }
      // A defect of the native code ends the results as if they were complete.
      await this.#end()
    } finally {
      this.#native.stop()
      this.#release()
    }
  }

  /**
   * What the batch adds up to, when it has ended: after the loop over the results, or without one if nobody has begun it. Of a batch
   * that ended early, it is the summary of what was solved.
   */
  async summary(): Promise<AreasSummary> {
    if (!this.#iterated) {
      this.#iterated = true
      this.#native.discard()
    }
    return await this.#end()
  }

  async #end(): Promise<AreasSummary> {
    this.#summary ??= this.#native.summary() as Promise<AreasSummary>
    try {
      return await this.#summary
    } catch (error) {
      throw fromNative(error)
    } finally {
      this.#release()
      this.#listener.throwIfThrown()
    }
  }

  #release(): void {
    this.#signal?.removeEventListener('abort', this.#cancel)
  }
}

/** The caller's listener. An exception that reached the native channel would end the process. */
class Listener {
  readonly native: ((progress: object) => void) | null
  #thrown: { value: unknown } | undefined

  constructor(listener: ((progress: AreaProgress) => void) | undefined, cancel: () => void) {
    const guarded = (progress: object) => {
      if (this.#thrown !== undefined) return
      try {
        listener?.(progress as AreaProgress)
      } catch (value) {
        this.#thrown = { value }
        cancel()
      }
    }
    this.native = listener === undefined ? null : guarded
  }

  throwIfThrown(): void {
    if (this.#thrown !== undefined) throw this.#thrown.value
  }
}

/**
 * One digest over many areas, whose results may be those of several runs: FNV-1a 64 over key, a zero byte, the area's digest (nothing
 * where it is null) and a line feed of each area, sorted by the bytes of the keys.
 */
export function areasDigest(areas: readonly { key: string; digest: string | null }[]): string {
  const keys = areas.map(({ key }, i) => checkedString(`areas[${i}].key`, key))
  const digests = areas.map(({ digest }, i) =>
    digest === null ? null : checkedString(`areas[${i}].digest`, digest),
  )
  return callNative(() => nativeAreasDigest(keys, digests))
}

/**
 * Adds up the exhaustion of each record, Σ final weight / design weight, over areas whose weights may come from several runs. The
 * sums do not depend on the order.
 */
export class ExhaustionSums {
  readonly #native: NativeExhaustion

  /** @param designWeights of the problem (n), each > 0 */
  constructor(designWeights: ArrayLike<number>) {
    const numbers = checkedNumbers('designWeights', designWeights)
    this.#native = callNative(() => new NativeExhaustion(numbers))
  }

  /** Adds the final weights of an area: of all records, or of those with these indices. */
  add(weights: ArrayLike<number>, records?: Uint32Array | null): void {
    const numbers = checkedNumbers('weights', weights)
    const indices = records == null ? null : checkedArray('records', records, Uint32Array)
    callNative(() => this.#native.add(numbers, indices))
  }

  /** How the sums are distributed; `cap` is what a record may reach. */
  table(cap: number | null = null): ExhaustionTable {
    const limit = cap === null ? null : checkedNumber('cap', cap)
    return callNative(() => this.#native.table(limit)) as ExhaustionTable
  }

  /** The sum of each record (n). */
  values(): Float64Array {
    return this.#native.values()
  }
}

import { checkData, checkOptions } from '../native/binding.cjs'
import { callNative } from '../native-errors.js'
import { nativeChange, nativeOptions } from './convert.js'
import { ReweightProblem } from './problem.js'
import type {
  ReweightBounds,
  ReweightChange,
  ReweightData,
  ReweightOptions,
  ReweightTarget,
  SparseInput,
} from './types.js'

/** A finished configuration: `reweight(config.data, config.options)`. */
export interface ReweightConfiguration {
  readonly data: ReweightData
  readonly options: ReweightOptions
}

type Required = 'matrix' | 'designWeights' | 'targets'

/**
 * Collects data and options one by one. Each step returns a new builder and leaves this one as it was; each value is
 * checked when it is given, what values must have in common (and the entries of the matrix) by `build`. Arrays are
 * not copied here. `Given` is what has been given: `build` does not compile before the required parts are there.
 */
export class ReweightConfigBuilder<Given extends keyof ReweightData = never> {
  /** For the compiler only: without it, builders with different parts given would be one type. */
  declare protected readonly given: Readonly<Record<Given, true>>
  readonly #data: Partial<ReweightData>
  readonly #options: ReweightOptions

  /** @internal */
  constructor(data: Partial<ReweightData>, options: ReweightOptions) {
    this.#data = data
    this.#options = options
  }

  /** The matrix A (n × k). */
  matrix(matrix: SparseInput): ReweightConfigBuilder<Given | 'matrix'> {
    return new ReweightConfigBuilder({ ...this.#data, matrix }, this.#options)
  }

  /** The design weights (n, each > 0). */
  designWeights(designWeights: ArrayLike<number>): ReweightConfigBuilder<Given | 'designWeights'> {
    return this.#withData({ designWeights })
  }

  /** All targets (k), in place of those given before. */
  targets(targets: readonly ReweightTarget[]): ReweightConfigBuilder<Given | 'targets'> {
    return this.#withData({ targets })
  }

  /** One more target, for the next column of the matrix. */
  target(name: string, total: number, scale?: number): ReweightConfigBuilder<Given | 'targets'> {
    const target = scale === undefined ? { name, total } : { name, total, scale }
    return this.#withData({ targets: [...(this.#data.targets ?? []), target] })
  }

  /** Bounds of the multipliers: numbers, or one for each record. */
  bounds(lower: ReweightBounds[0], upper: ReweightBounds[1]): ReweightConfigBuilder<Given> {
    return this.#withData({ bounds: [lower, upper] })
  }

  /** Options, beside those given before: those of `solve`. */
  options(options: ReweightOptions): ReweightConfigBuilder<Given> {
    const merged = { ...this.#options, ...options }
    const native = nativeOptions(merged)
    callNative(() => checkOptions(native))
    return new ReweightConfigBuilder(this.#data, merged)
  }

  /** @see ReweightOptions.penalty */
  penalty(penalty: number): ReweightConfigBuilder<Given> {
    return this.options({ penalty })
  }

  /** @see ReweightOptions.method */
  method(method: NonNullable<ReweightOptions['method']>): ReweightConfigBuilder<Given> {
    return this.options({ method })
  }

  /** @see ReweightOptions.tolerance */
  tolerance(tolerance: number): ReweightConfigBuilder<Given> {
    return this.options({ tolerance })
  }

  /** @see ReweightOptions.maxIterations */
  maxIterations(maxIterations: number): ReweightConfigBuilder<Given> {
    return this.options({ maxIterations })
  }

  /** @see ReweightOptions.timeLimitSeconds */
  timeLimitSeconds(timeLimitSeconds: number): ReweightConfigBuilder<Given> {
    return this.options({ timeLimitSeconds })
  }

  /** @see ReweightOptions.threads */
  threads(threads: number): ReweightConfigBuilder<Given> {
    return this.options({ threads })
  }

  /**
   * Checks everything as a whole and returns it, frozen.
   * @throws {InputError} whatever `new ReweightProblem(data)` would throw.
   */
  build(this: ReweightConfigBuilder<Required>): ReweightConfiguration {
    const data = this.#data as ReweightData
    new ReweightProblem(data).dispose()
    return Object.freeze({ data: Object.freeze({ ...data }), options: Object.freeze({ ...this.#options }) })
  }

  #withData<Name extends keyof ReweightChange>(change: ReweightChange): ReweightConfigBuilder<Given | Name> {
    const native = nativeChange(change)
    callNative(() => checkData(native))
    return new ReweightConfigBuilder({ ...this.#data, ...change }, this.#options)
  }
}

/**
 * An empty configuration.
 *
 * ```js
 * const { data, options } = reweightConfig()
 *   .matrix({ format: 'columns', columns: [[1, 1, 1], [0, 2, 1]] })
 *   .designWeights([100, 120, 80])
 *   .target('households', 330)
 *   .target('children', 350)
 *   .bounds(0.5, 2)
 *   .penalty(1e-3)
 *   .build()
 * const result = await reweight(data, options)
 * ```
 */
export function reweightConfig(): ReweightConfigBuilder {
  return new ReweightConfigBuilder({}, {})
}

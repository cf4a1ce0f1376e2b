import { checkData, checkOptions, type NativeReweightProblem } from '../native/binding.cjs'
import { callNative } from '../native-errors.js'
import type { CalibrationDistance } from '../status.js'
import { nativeBandOptions } from './bands-options.js'
import type { Band, BandOptions, BandOverride, BandWeight } from './bands-types.js'
import { nativeCalibrationOptions } from './calibration-options.js'
import type { CalibrationOptions } from './calibration-types.js'
import { nativeChange, nativeOptions, nativeProblem } from './convert.js'
import type {
  ReweightBounds,
  ReweightChange,
  ReweightData,
  ReweightOptions,
  ReweightTarget,
  SparseInput,
} from './types.js'

/** A finished configuration: `new ReweightProblem(config.data)`, then the solve of the form with `config.options`. */
export interface ReweightConfiguration<Options = ReweightOptions> {
  readonly data: ReweightData
  readonly options: Options
}

/** How the options of a form are checked: when they are given, and against the problem. */
interface Form<Options> {
  checkAlone(options: Options): void
  checkAgainst(problem: NativeReweightProblem, options: Options): void
}

type Required = 'matrix' | 'designWeights' | 'targets'

/** The methods that the form has. */
type MethodOf<Options> = Options extends { readonly method?: infer Method } ? NonNullable<Method> : never

/**
 * Collects data and options one by one. Each step returns a new builder and leaves this one as it was; each value is
 * checked when it is given, what values must have in common (and the entries of the matrix) by `build`. Arrays are
 * not copied here. `Options` are those of the form; `Given` is what has been given: `build` does not compile before the required
 * parts are there.
 */
export class ConfigBuilder<
  Options extends ReweightOptions | BandOptions | CalibrationOptions,
  Given extends keyof ReweightData = never,
> {
  /** For the compiler only: without it, builders with different parts given would be one type. */
  declare protected readonly given: Readonly<Record<Given, true>>
  readonly #form: Form<Options>
  readonly #data: Partial<ReweightData>
  readonly #options: Options

  /** @internal */
  constructor(form: Form<Options>, data: Partial<ReweightData>, options: Options) {
    this.#form = form
    this.#data = data
    this.#options = options
  }

  /** The matrix A (n × k). */
  matrix(matrix: SparseInput): ConfigBuilder<Options, Given | 'matrix'> {
    return new ConfigBuilder(this.#form, { ...this.#data, matrix }, this.#options)
  }

  /** The design weights (n, each > 0). */
  designWeights(designWeights: ArrayLike<number>): ConfigBuilder<Options, Given | 'designWeights'> {
    return this.#withData({ designWeights })
  }

  /** All targets (k), in place of those given before. */
  targets(targets: readonly ReweightTarget[]): ConfigBuilder<Options, Given | 'targets'> {
    return this.#withData({ targets })
  }

  /** One more target, for the next column of the matrix. */
  target(name: string, total: number, scale?: number): ConfigBuilder<Options, Given | 'targets'> {
    const target = scale === undefined ? { name, total } : { name, total, scale }
    return this.#withData({ targets: [...(this.#data.targets ?? []), target] })
  }

  /** Bounds of the multipliers: numbers, or one for each record. */
  bounds(lower: ReweightBounds[0], upper: ReweightBounds[1]): ConfigBuilder<Options, Given> {
    return this.#withData({ bounds: [lower, upper] })
  }

  /** Options of the form, beside those given before. */
  options(options: Options): ConfigBuilder<Options, Given> {
    const merged = { ...this.#options, ...options }
    callNative(() => this.#form.checkAlone(merged))
    return new ConfigBuilder(this.#form, this.#data, merged)
  }

  /** The method, of those that the form has. */
  method(method: MethodOf<Options>): ConfigBuilder<Options, Given> {
    return this.#with({ method })
  }

  /** @see ReweightOptions.tolerance */
  tolerance(tolerance: number): ConfigBuilder<Options, Given> {
    return this.#with({ tolerance })
  }

  /** @see ReweightOptions.maxIterations */
  maxIterations(maxIterations: number): ConfigBuilder<Options, Given> {
    return this.#with({ maxIterations })
  }

  /** @see ReweightOptions.timeLimitSeconds */
  timeLimitSeconds(timeLimitSeconds: number): ConfigBuilder<Options, Given> {
    return this.#with({ timeLimitSeconds })
  }

  /** @see ReweightOptions.threads */
  threads(threads: number): ConfigBuilder<Options, Given> {
    return this.#with({ threads })
  }

  /** @see ReweightOptions.penalty */
  penalty(
    this: ConfigBuilder<ReweightOptions, Given>,
    penalty: number,
  ): ConfigBuilder<ReweightOptions, Given> {
    return this.options({ penalty })
  }

  /** @see BandOptions.band */
  band(this: ConfigBuilder<BandOptions, Given>, band: Band): ConfigBuilder<BandOptions, Given> {
    return this.options({ band })
  }

  /** One more override: another band or weight for the targets whose names match. */
  override(
    this: ConfigBuilder<BandOptions, Given>,
    match: string,
    change: Omit<BandOverride, 'match'>,
  ): ConfigBuilder<BandOptions, Given> {
    return this.options({ overrides: [...(this.#options.overrides ?? []), { match, ...change }] })
  }

  /** @see BandOptions.weight */
  weight(this: ConfigBuilder<BandOptions, Given>, weight: BandWeight): ConfigBuilder<BandOptions, Given> {
    return this.options({ weight })
  }

  /** @see CalibrationOptions.distance; alpha is that of `sinh`. */
  distance(
    this: ConfigBuilder<CalibrationOptions, Given>,
    distance: CalibrationDistance,
    alpha?: number,
  ): ConfigBuilder<CalibrationOptions, Given> {
    return this.options(alpha === undefined ? { distance } : { distance, alpha })
  }

  /** @see CalibrationOptions.clusters */
  clusters(
    this: ConfigBuilder<CalibrationOptions, Given>,
    clusters: ArrayLike<number>,
  ): ConfigBuilder<CalibrationOptions, Given> {
    return this.options({ clusters })
  }

  /** @see CalibrationOptions.costs */
  costs(
    this: ConfigBuilder<CalibrationOptions, Given>,
    costs: ArrayLike<number>,
  ): ConfigBuilder<CalibrationOptions, Given> {
    return this.options({ costs })
  }

  /**
   * Checks everything as a whole and returns it, frozen.
   * @throws {InputError} whatever `new ReweightProblem(data)` and the solve of the form would throw.
   */
  build(this: ConfigBuilder<Options, Required>): ReweightConfiguration<Options> {
    const data = this.#data as ReweightData
    const problem = nativeProblem(data)
    try {
      callNative(() => this.#form.checkAgainst(problem, this.#options))
    } finally {
      problem.dispose()
    }
    const options: Options = { ...this.#options }
    Object.freeze(options)
    return Object.freeze({ data: Object.freeze({ ...data }), options })
  }

  /** Options whose types the caller's signature has checked already. */
  #with(options: object): ConfigBuilder<Options, Given> {
    return this.options(options as Options)
  }

  #withData<Name extends keyof ReweightChange>(change: ReweightChange): ConfigBuilder<Options, Given | Name> {
    const native = nativeChange(change)
    callNative(() => checkData(native))
    return new ConfigBuilder(this.#form, { ...this.#data, ...change }, this.#options)
  }
}

const penaltyForm: Form<ReweightOptions> = {
  checkAlone: (options) => checkOptions(nativeOptions(options)),
  // Ranges are all that there is to check, but for the lengths of a start.
  checkAgainst() {},
}
const bandForm: Form<BandOptions> = {
  checkAlone: (options) => void nativeBandOptions(options),
  checkAgainst: (problem, options) => problem.checkBandOptions(nativeBandOptions(options)),
}
const calibrationForm: Form<CalibrationOptions> = {
  checkAlone: (options) => void nativeCalibrationOptions(options),
  checkAgainst: (problem, options) => problem.checkCalibrationOptions(nativeCalibrationOptions(options)),
}

/**
 * An empty configuration of the penalty form.
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
export function reweightConfig(): ConfigBuilder<ReweightOptions> {
  return new ConfigBuilder(penaltyForm, {}, {})
}

/**
 * An empty configuration of the band form.
 *
 * ```js
 * const { data, options } = bandConfig()
 *   .matrix({ format: 'columns', columns: [[1, 1, 1], [0, 2, 1]] })
 *   .designWeights([100, 120, 80])
 *   .target('households', 330)
 *   .target('children', 350)
 *   .band(0.005)
 *   .override('households', { weight: 'hard' })
 *   .build()
 * const result = await new ReweightProblem(data).solveBands(options)
 * ```
 */
export function bandConfig(): ConfigBuilder<BandOptions> {
  return new ConfigBuilder(bandForm, {}, {})
}

/**
 * An empty configuration of a calibration.
 *
 * ```js
 * const { data, options } = calibrationConfig()
 *   .matrix({ format: 'columns', columns: [[1, 1, 1], [0, 2, 1]] })
 *   .designWeights([100, 120, 80])
 *   .target('households', 330)
 *   .target('children', 350)
 *   .distance('raking')
 *   .build()
 * const result = await new ReweightProblem(data).calibrate(options)
 * ```
 */
export function calibrationConfig(): ConfigBuilder<CalibrationOptions> {
  return new ConfigBuilder(calibrationForm, {}, {})
}

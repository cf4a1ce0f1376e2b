import { checkOuterOptions } from '../native/binding.cjs'
import { callNative } from '../native-errors.js'
import { nativeOuterOptions } from './options.js'
import type { OuterCache, OuterOptions, OuterSeedConfig, OuterUncertaintyOptions } from './types.js'

/** What `build` leaves: for `minimizeOuter(objective, config)`. */
export type OuterConfiguration = Readonly<OuterOptions>

/**
 * Collects options one by one. Each step returns a new builder and leaves this one as it was; each value is checked when it is given, against
 * those before it.
 *
 * ```ts
 * const config = outerConfig(3).bounds(-12, 12).tolerance(1e-6).seeds({ riskProfile: 'gaussian' }).build()
 * const answer = await minimizeOuter(objective, config)
 * ```
 */
export class OuterConfigBuilder {
  readonly #options: OuterOptions

  /** @internal */
  constructor(options: OuterOptions) {
    const native = nativeOuterOptions(options, undefined, false)
    callNative(() => checkOuterOptions(native))
    this.#options = options
  }

  /** Any options, beside those given before. */
  options(options: OuterOptions): OuterConfigBuilder {
    return new OuterConfigBuilder({ ...this.#options, ...options })
  }

  /** @see OuterOptions.psiDim */
  psiDim(psiDim: number): OuterConfigBuilder {
    return this.options({ psiDim })
  }

  /** @see OuterOptions.bounds */
  bounds(lower: number | ArrayLike<number>, upper: number | ArrayLike<number>): OuterConfigBuilder {
    return this.options({ bounds: [lower, upper] })
  }

  /** @see OuterOptions.rhoBound */
  rhoBound(rhoBound: number): OuterConfigBuilder {
    return this.options({ rhoBound })
  }

  /** @see OuterOptions.initialRho */
  initialRho(initialRho: ArrayLike<number>): OuterConfigBuilder {
    return this.options({ initialRho })
  }

  /** @see OuterOptions.heuristic */
  heuristic(heuristic: ArrayLike<number>): OuterConfigBuilder {
    return this.options({ heuristic })
  }

  /** Absolute tolerance and, if given, the one relative to 1 + |F|. */
  tolerance(tolerance: number, relCostTolerance?: number): OuterConfigBuilder {
    return this.options(relCostTolerance === undefined ? { tolerance } : { tolerance, relCostTolerance })
  }

  /** @see OuterOptions.maxIter */
  maxIter(maxIter: number): OuterConfigBuilder {
    return this.options({ maxIter })
  }

  /** Parts of the seed configuration, beside those given before. */
  seeds(seedConfig: OuterSeedConfig): OuterConfigBuilder {
    return this.options({ seedConfig: { ...this.#options.seedConfig, ...seedConfig } })
  }

  /** @see OuterOptions.fallbackPolicy */
  fallback(fallbackPolicy: 'automatic' | 'disabled'): OuterConfigBuilder {
    return this.options({ fallbackPolicy })
  }

  /** Longest steps of BFGS in ρ and, if given, in ψ. */
  stepCaps(bfgsStepCap: number, bfgsStepCapPsi?: number): OuterConfigBuilder {
    return this.options(bfgsStepCapPsi === undefined ? { bfgsStepCap } : { bfgsStepCap, bfgsStepCapPsi })
  }

  /** @see OuterOptions.problemSize */
  problemSize(numObservations: number, numCoefficients: number): OuterConfigBuilder {
    return this.options({ problemSize: { numObservations, numCoefficients } })
  }

  /** Parts of the options for uncertainty, beside those given before. */
  uncertainty(uncertainty: OuterUncertaintyOptions): OuterConfigBuilder {
    return this.options({ uncertainty: { ...this.#options.uncertainty, ...uncertainty } })
  }

  /** @see OuterOptions.cache */
  cache(cache: OuterCache): OuterConfigBuilder {
    return this.options({ cache })
  }

  /** @see OuterOptions.canonicalKeys */
  canonicalKeys(canonicalKeys: BigUint64Array | readonly (bigint | string)[]): OuterConfigBuilder {
    return this.options({ canonicalKeys })
  }

  /** @see OuterOptions.context */
  context(context: string): OuterConfigBuilder {
    return this.options({ context })
  }

  /** @see OuterOptions.timeLimitSeconds */
  timeLimitSeconds(timeLimitSeconds: number): OuterConfigBuilder {
    return this.options({ timeLimitSeconds })
  }

  /** The options, frozen. */
  build(): OuterConfiguration {
    return Object.freeze({ ...this.#options })
  }
}

/** Begins a configuration of n parameters, every option at its default. */
export function outerConfig(numParams: number): OuterConfigBuilder {
  return new OuterConfigBuilder({ numParams })
}

import {
  type NativeStandardErrorOptions,
  type NativeStatistic,
  standardErrorDefaults as nativeDefaults,
  standardErrors as nativeStandardErrors,
} from '../native/binding.cjs'
import { callNative } from '../native-errors.js'
import {
  checkedNumber,
  checkedNumbers,
  checkedString,
  checkNames,
  isObject,
  optional,
  wrongType,
} from '../validate.js'
import { conflict } from './options.js'
import type {
  Replicate,
  StandardErrorDefaults,
  StandardErrorOptions,
  StandardErrors,
  Statistic,
} from './replicates-types.js'

const optionNames = [
  ...['method', 'coefficients', 'rho', 'centre', 'confidenceLevel', 'degreesOfFreedom', 'missing'],
] as const

/**
 * Standard errors and confidence intervals of totals, means and ratios from replicate weights.
 *
 * ```ts
 * const { weights } = await problem.calibrate()
 * const { replicates } = await problem.solveReplicates(columns, { form: 'calibrate' })
 * const { rows } = standardErrors(weights, replicates, [{ name: 'income', total: income }], { method: 'jk1' })
 * ```
 *
 * @param weights final weights of the full sample (n)
 * @param replicates results of `solveReplicates` (those that did not converge count as missing), or weights (n each; null: missing)
 * @throws {InputError} at the first fault.
 */
export function standardErrors(
  weights: ArrayLike<number>,
  replicates: readonly (Replicate | ArrayLike<number> | null)[],
  statistics: readonly Statistic[],
  options: StandardErrorOptions,
): StandardErrors {
  const full = checkedNumbers('weights', weights)
  if (!Array.isArray(replicates)) throw wrongType('replicates', 'an array of replicates', replicates)
  if (!Array.isArray(statistics)) throw wrongType('statistics', 'an array of statistics', statistics)
  const columns = replicates.map(replicateWeights)
  const native = statistics.map(nativeStatistic)
  const nativeOptions = nativeStandardErrorOptions(options)
  return callNative(() => nativeStandardErrors(full, columns, native, nativeOptions)) as StandardErrors
}

/** The defaults of `standardErrors`. */
export function standardErrorDefaults(): StandardErrorDefaults {
  return nativeDefaults() as StandardErrorDefaults
}

function replicateWeights(replicate: unknown, r: number): Float64Array | null {
  if (replicate === null) return null
  if (!isObject(replicate) || !('status' in replicate)) return checkedNumbers(`replicates[${r}]`, replicate)
  return replicate.status === 'converged'
    ? checkedNumbers(`replicates[${r}].weights`, replicate.weights)
    : null
}

function nativeStatistic(statistic: unknown, s: number): NativeStatistic {
  const place = `statistics[${s}]`
  checkNames(place, statistic, ['name', 'total', 'mean', 'numerator', 'denominator'])
  const { name = `statistic_${s}`, ...given } = statistic as Record<string, unknown>
  const kind = Object.keys(given).sort().join()
  if (!['total', 'mean', 'denominator,numerator'].includes(kind)) {
    throw wrongType(place, 'a total, a mean, or a numerator with a denominator', statistic)
  }
  const values = (part: string) =>
    given[part] === undefined ? null : checkedNumbers(`${place}.${part}`, given[part])
  return {
    name: checkedString(`${place}.name`, name),
    total: values('total'),
    mean: values('mean'),
    numerator: values('numerator'),
    denominator: values('denominator'),
  }
}

function nativeStandardErrorOptions(options: StandardErrorOptions): NativeStandardErrorOptions {
  checkNames('options', options, optionNames)
  for (const [name, method] of [
    ['coefficients', 'jkn'],
    ['rho', 'fay'],
  ] as const) {
    if (options[name] !== undefined && options.method !== method) {
      throw conflict(name, `no ${name} beside a method other than '${method}'`, `'${options.method}'`)
    }
  }
  return {
    method: checkedString('method', options.method),
    coefficients: optional(options, 'coefficients', checkedNumbers),
    rho: optional(options, 'rho', checkedNumber),
    centre: optional(options, 'centre', checkedString),
    confidenceLevel: optional(options, 'confidenceLevel', checkedNumber),
    degreesOfFreedom: optional(options, 'degreesOfFreedom', checkedNumber),
    missing: optional(options, 'missing', checkedString),
  }
}

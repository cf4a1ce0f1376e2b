// Options of a calibration in the shape that native code takes.
import type { NativeAnswer, NativeCalibrationOptions } from '../native/binding.cjs'
import { checkedCounts, checkedNumber, checkedNumbers, checkedString, optional } from '../validate.js'
import type { CalibrationAnswer, CalibrationOptions } from './calibration-types.js'
import { checkOptionNames, conflict, limits } from './options.js'

const names = [
  ...['distance', 'alpha', 'qWeights', 'clusters', 'costs'],
  ...['tolerance', 'maxIterations', 'timeLimitSeconds', 'threads', 'groupIdentical'],
] as const

/** Options of a calibration, checked; `synchronous` ones know nothing of the event loop. */
export function nativeCalibrationOptions(
  options: CalibrationOptions,
  synchronous = false,
): NativeCalibrationOptions {
  checkOptionNames(options, names, synchronous)
  if (options.alpha !== undefined && options.distance !== 'sinh') {
    throw conflict('alpha', "no alpha beside a distance other than 'sinh'", String(options.alpha))
  }
  return {
    distance: optional(options, 'distance', checkedString),
    alpha: optional(options, 'alpha', checkedNumber),
    qWeights: optional(options, 'qWeights', checkedNumbers),
    clusters: optional(options, 'clusters', checkedCounts),
    costs: optional(options, 'costs', checkedNumbers),
    ...limits(options),
  }
}

/** Calibrated weights to be checked: what the other forms call the dual point is called λ here. */
export function nativeCalibrationAnswer(answer: CalibrationAnswer): NativeAnswer {
  return {
    multipliers: checkedNumbers('multipliers', answer.multipliers),
    dual: optional(answer, 'lambda', checkedNumbers),
    dualLow: optional(answer, 'lambdaLow', checkedNumbers),
  }
}

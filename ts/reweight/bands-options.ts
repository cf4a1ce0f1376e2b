// Options of the band form in the shape that native code takes.
import type { NativeBand, NativeBandOptions } from '../native/binding.cjs'
import { checkedNumber, checkedNumbers, checkNames, isObject, wrongType } from '../validate.js'
import type { BandOptions } from './bands-types.js'
import { checkedString, checkOptionNames, limits, optional } from './options.js'

const names = [
  ...['band', 'zeroTolerance', 'weight', 'distanceWeights'],
  ...['method', 'tolerance', 'maxIterations', 'timeLimitSeconds', 'threads'],
] as const

/** Options of a band solve, checked; `synchronous` ones know nothing of the event loop. */
export function nativeBandOptions(options: BandOptions, synchronous = false): NativeBandOptions {
  checkOptionNames(options, names, synchronous)
  return {
    band: optional(options, 'band', nativeBand),
    zeroTolerance: optional(options, 'zeroTolerance', checkedNumber),
    weight: optional(options, 'weight', checkedWeight),
    distanceWeights: optional(options, 'distanceWeights', checkedNumbers),
    method: optional(options, 'method', checkedString),
    ...limits(options),
  }
}

function nativeBand(path: string, band: unknown): NativeBand {
  const none = { relative: null, absolute: null, lower: null, upper: null }
  if (typeof band === 'number') return { ...none, relative: band }
  if (!isObject(band)) throw wrongType(path, 'a number, { absolute } or { lower, upper }', band)
  if ('absolute' in band) {
    checkNames(path, band, ['absolute'])
    return { ...none, absolute: checkedNumber(`${path}.absolute`, band.absolute) }
  }
  checkNames(path, band, ['lower', 'upper'])
  const lower = checkedNumber(`${path}.lower`, band.lower)
  return { ...none, lower, upper: checkedNumber(`${path}.upper`, band.upper) }
}

function checkedWeight(path: string, weight: unknown): number | string {
  if (typeof weight === 'string') return weight
  if (typeof weight !== 'number') throw wrongType(path, "a number or 'hard'", weight)
  return weight
}

// Options of the band form in the shape that native code takes.
import type { NativeBand, NativeBandOptions, NativeBandOverride } from '../native/binding.cjs'
import {
  checkedNumber,
  checkedNumbers,
  checkedString,
  checkNames,
  isObject,
  optional,
  wrongType,
} from '../validate.js'
import type { BandOptions } from './bands-types.js'
import { checkOptionNames, limits } from './options.js'

const names = [
  ...['band', 'overrides', 'zeroTolerance', 'weight', 'importance', 'distanceWeights'],
  ...['method', 'tolerance', 'maxIterations', 'timeLimitSeconds', 'threads', 'groupIdentical'],
] as const

const overrideNames = ['match', 'band', 'weight', 'optional'] as const

/** Options of a band solve, checked; `synchronous` ones know nothing of the event loop. */
export function nativeBandOptions(options: BandOptions, synchronous = false): NativeBandOptions {
  checkOptionNames(options, names, synchronous)
  return {
    band: optional(options, 'band', nativeBand),
    overrides: optional(options, 'overrides', nativeOverrides),
    zeroTolerance: optional(options, 'zeroTolerance', checkedNumber),
    weight: optional(options, 'weight', checkedWeight),
    importance: optional(options, 'importance', checkedNumbers),
    distanceWeights: optional(options, 'distanceWeights', checkedNumbers),
    method: optional(options, 'method', checkedString),
    ...limits(options),
  }
}

export function nativeOverrides(path: string, overrides: unknown): NativeBandOverride[] {
  if (!Array.isArray(overrides)) throw wrongType(path, 'an array of overrides', overrides)
  return overrides.map((override: unknown, i) => {
    const at = `${path}[${i}]`
    checkNames(at, override, overrideNames)
    const { match, band, weight, optional = false } = override as Record<string, unknown>
    if (typeof optional !== 'boolean') throw wrongType(`${at}.optional`, 'true or false', optional)
    return {
      match: checkedString(`${at}.match`, match),
      band: band === undefined ? null : nativeBand(`${at}.band`, band),
      weight: weight === undefined ? null : checkedWeight(`${at}.weight`, weight),
      optional,
    }
  })
}

export function nativeBand(path: string, band: unknown): NativeBand {
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

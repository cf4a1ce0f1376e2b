import { InvalidArgumentError } from 'commander'
import type { ChildSource } from '../data/problem.js'
import type { Band, BandOverride, BandWeight } from '../index.js'

/** `NAME=FILE` or `FILE`. */
export function parseNamedFile(text: string): { name: string | undefined; files: string[] } {
  const match = /^([A-Za-z_][\w.-]*)=(.+)$/s.exec(text)
  const [name, file] = match ? [match[1], match[2]!] : [undefined, text]
  if (file === '') throw new InvalidArgumentError('Expected NAME=FILE or FILE.')
  return { name, files: [file] }
}

/** `NAME=FILE:childKey[=recordKey]`, NAME optional. */
export function parseChild(text: string): ChildSource {
  // The last colon: a Windows path has one of its own.
  const colon = text.lastIndexOf(':')
  const [childKey = '', recordKey, ...more] = text.slice(colon + 1).split('=')
  if (colon < 1 || childKey === '' || recordKey === '' || more.length > 0 || /[\\/]/.test(childKey)) {
    throw new InvalidArgumentError('Expected NAME=FILE:childKey or NAME=FILE:childKey=recordKey.')
  }
  return { ...parseNamedFile(text.slice(0, colon)), childKey, recordKey }
}

export function parseNumber(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(value)) throw new InvalidArgumentError('Expected a finite number.')
  return value
}

export function parseCount(text: string): number {
  const value = parseNumber(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a whole number above 0.')
  return value
}

export function parseSeed(text: string): number {
  const value = parseNumber(text)
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('Expected a whole number, 0 or more.')
  return value
}

/** Which numbers are right is the solver's to say: its message names the place and the range. */
export function parseBounds(text: string): [number, number] {
  const [lower, upper, ...more] = text.split(',')
  if (lower === undefined || upper === undefined || more.length > 0) {
    throw new InvalidArgumentError('Expected LOWER,UPPER, for instance 0.1,10.')
  }
  return [parseNumber(lower), parseNumber(upper)]
}

export const append =
  <T>(parse: (text: string) => T) =>
  (text: string, earlier: T[] | undefined): T[] => [...(earlier ?? []), parse(text)]

/** `0.5%` or `0.005` of the target, `abs:100` and `90..110` in its units. Which numbers are right is the solver's to say. */
export function parseBand(text: string): Band {
  const absolute = /^abs:(.+)$/.exec(text)?.[1]
  if (absolute !== undefined) return { absolute: parseNumber(absolute) }
  const [, lower, upper] = /^(.+?)\.\.(.+)$/.exec(text) ?? []
  if (lower !== undefined && upper !== undefined)
    return { lower: parseNumber(lower), upper: parseNumber(upper) }
  return /%$/.test(text) ? parsePercent(text) : parseNumber(text)
}

/** The double nearest to the percentage: the decimal point is moved in the text, 0.7/100 is not 0.007. */
function parsePercent(text: string): number {
  const [, digits, exponent = '0'] = /^\s*([^eE%]*)(?:[eE]([+-]?\d+))?\s*%$/.exec(text) ?? []
  return parseNumber(digits ? `${digits}e${Number(exponent) - 2}` : '')
}

export function parseBandWeight(text: string): BandWeight {
  return text === 'hard' ? text : parseNumber(text)
}

/** `PATTERN=BAND`, `PATTERN=BAND@WEIGHT` or `PATTERN=@WEIGHT`, each also with `,optional`. */
export function parseBandOverride(text: string): BandOverride {
  const [, match, band = '', weight, optional] =
    /^(.+)=([^=@,]*)(?:@([^=@,]+))?(,optional)?$/s.exec(text) ?? []
  if (match === undefined || (band === '' && weight === undefined)) {
    throw new InvalidArgumentError('Expected PATTERN=BAND, PATTERN=BAND@WEIGHT or PATTERN=@WEIGHT.')
  }
  return {
    match,
    ...(band === '' ? {} : { band: parseBand(band) }),
    ...(weight === undefined ? {} : { weight: parseBandWeight(weight) }),
    optional: optional !== undefined,
  }
}

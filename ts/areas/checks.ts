import type { Records } from '../data/records.js'
import { InputError } from '../errors.js'
import type { AreaEntry, AreaSettings, FileBand } from './file.js'
import { matcher } from './patterns.js'

/** What can be judged without the other settings: patterns that match nothing, crossed bands. */
export function checkSettings(
  place: string,
  { overrides = [], drop = [], band }: AreaSettings,
  names: readonly string[],
) {
  if (band !== undefined) checkBand(`${place}.band`, band)
  overrides.forEach((override, i) => {
    const at = `${place}.overrides[${i}]`
    if (override.band === undefined && override.weight === undefined) {
      throw new InputError('missing_value', { path: at, expected: 'a band or a weight', received: 'neither' })
    }
    if (override.band !== undefined) checkBand(`${at}.band`, override.band)
    checkMatch(`${at}.match`, override.match, override.optional, names)
  })
  drop.forEach((dropped, i) => {
    if (typeof dropped === 'string') checkMatch(`${place}.drop[${i}]`, dropped, false, names)
    else checkMatch(`${place}.drop[${i}].match`, dropped.match, dropped.optional, names)
  })
}

function checkMatch(path: string, pattern: string, isOptional = false, names: readonly string[]): void {
  if (isOptional || names.some(matcher(pattern))) return
  throw new InputError('out_of_range', {
    path,
    expected: 'a pattern that matches a target (or optional: true)',
    received: `${pattern}, which matches none of ${names.length}`,
  })
}

function checkBand(path: string, band: FileBand): void {
  if (typeof band !== 'object' || !('lower' in band) || band.lower <= band.upper) return
  throw new InputError('out_of_range', {
    path,
    expected: 'a lower edge up to the upper one',
    received: `${band.lower} and ${band.upper}`,
  })
}

/** What an area says of single targets: each exists, stands there once, and names no other as a pattern. */
export function checkTargets(place: string, { targets = [] }: AreaEntry, names: readonly string[]): void {
  targets.forEach((target, j) => {
    const at = `${place}.targets[${j}]`
    if (!names.includes(target.name)) {
      throw new InputError('out_of_range', {
        path: `${at}.name`,
        expected: 'the name of a target of the targets file',
        received: target.name,
      })
    }
    const earlier = targets.findIndex(({ name }) => name === target.name)
    if (earlier !== j) {
      const received = `${target.name}, as in targets[${earlier}]`
      throw new InputError('not_unique', { path: `${at}.name`, expected: 'each target once', received })
    }
    if (target.band !== undefined) checkBand(`${at}.band`, target.band)
    const others = names.filter((name) => name !== target.name && matcher(target.name)(name))
    if ((target.band !== undefined || target.weight !== undefined) && others.length > 0) {
      throw new InputError('conflict', {
        path: `${at}.name`,
        expected: 'a name that is no pattern of another target',
        received: `${target.name}, which is one of ${others[0]}`,
      })
    }
  })
}

/** An area needs a target that its records can change. */
export function checkPossible(place: string, totals: Float64Array, isEmpty: Uint8Array): void {
  const kept = totals.reduce((count, total) => count + Number(!Number.isNaN(total)), 0)
  const possible = totals.reduce((count, total, j) => count + Number(!Number.isNaN(total) && !isEmpty[j]), 0)
  if (possible > 0) return
  throw new InputError('empty', {
    path: `${place}.targets`,
    expected: 'at least one target to which a record of the area contributes',
    received: kept === 0 ? 'none: all are dropped' : `${kept} targets, all impossible`,
  })
}

/** No upper limit, of all records or of one, is below the lower bound. */
export function checkBounds(
  place: string,
  entry: AreaEntry,
  [lower, upper]: [number, number],
  caps: Float64Array | null,
  { ids }: Records,
  members: Uint32Array | null,
): void {
  const hasCap = entry.cap !== undefined || entry.bounds === undefined
  if (lower > upper) {
    throw new InputError('out_of_range', {
      path: `${place}.${hasCap ? 'cap' : 'bounds'}`,
      expected: hasCap ? `a cap from the lower bound ${lower}` : 'a lower bound up to the upper one',
      received: hasCap ? String(upper) : `${lower} and ${upper}`,
    })
  }
  const low = caps?.findIndex((cap) => cap < lower) ?? -1
  if (low < 0) return
  const record = members === null ? low : members[low]!
  throw new InputError('out_of_range', {
    path: `${place}.cap`,
    expected: `caps from the lower bound ${lower}`,
    received: `${caps![low]} at the record ${ids[record]}`,
  })
}

// Areas and options of a batch in the shape that native code takes.
import { InputError } from '../errors.js'
import type { NativeArea, NativeAreasOptions, NativeDrop } from '../native/binding.cjs'
import {
  checkedArray,
  checkedCount,
  checkedNumber,
  checkedNumbers,
  checkedString,
  checkNames,
  optional,
  wrongType,
} from '../validate.js'
import type { Area, AreasForm, AreasOptions } from './areas-types.js'
import { nativeBand, nativeOverrides } from './bands-options.js'
import { checkControl } from './control.js'
import { nativeBounds } from './convert.js'
import { formNames, nativeForm } from './form-choice.js'

const areaNames = [
  ...['key', 'weightScale', 'totals', 'drop', 'band', 'overrides', 'bounds', 'records'],
] as const

const optionNames = [
  ...formNames,
  ...['threads', 'exhaustionCap', 'maxRounds', 'missTolerance', 'signal', 'onProgress'],
] as const

export function nativeAreas(areas: readonly Area[]): NativeArea[] {
  if (!Array.isArray(areas)) throw wrongType('areas', 'an array of areas', areas)
  return areas.map((area: Area, index) => {
    const place = `areas[${index}]`
    checkNames(place, area, areaNames)
    return nativeArea(place, area)
  })
}

function nativeArea(place: string, area: Area): NativeArea {
  const part = <T>(name: keyof Area, convert: (path: string, value: unknown) => T): T | null =>
    area[name] === undefined ? null : convert(`${place}.${name}`, area[name])
  return {
    key: checkedString(`${place}.key`, area.key),
    weightScale: part('weightScale', checkedNumber),
    totals: part('totals', checkedNumbers),
    drop: part('drop', nativeDrops) ?? [],
    band: part('band', nativeBand),
    overrides: part('overrides', nativeOverrides) ?? [],
    bounds: part('bounds', nativeBounds),
    records: part('records', (path, records) => checkedArray(path, records, Uint32Array)),
  }
}

function nativeDrops(path: string, drops: unknown): NativeDrop[] {
  if (!Array.isArray(drops)) throw wrongType(path, 'an array of names or patterns', drops)
  return drops.map((drop: unknown, i) => {
    if (typeof drop === 'string') return { match: drop, optional: false }
    checkNames(`${path}[${i}]`, drop, ['match', 'optional'])
    const { match, optional = false } = drop as Record<string, unknown>
    if (typeof optional !== 'boolean') throw wrongType(`${path}[${i}].optional`, 'true or false', optional)
    return { match: checkedString(`${path}[${i}].match`, match), optional }
  })
}

export function nativeAreasOptions(options: AreasOptions): NativeAreasOptions {
  checkNames('options', options, optionNames)
  checkControl(options)
  return {
    form: placed(() => nativeForm(options), options.form),
    threads: optional(options, 'threads', checkedCount),
    exhaustionCap: optional(options, 'exhaustionCap', checkedNumber),
    maxRounds: optional(options, 'maxRounds', checkedCount),
    missTolerance: optional(options, 'missTolerance', checkedNumber),
  }
}

/** Errors in the options of the form have its name in front. */
function placed<T>(convert: () => T, form: AreasForm): T {
  try {
    return convert()
  } catch (error) {
    if (!(error instanceof InputError) || formNames.some((name) => name === error.path)) throw error
    const { code, path, expected, received } = error
    const name = form === 'calibrate' ? 'calibration' : form
    throw new InputError(code, { path: `${name}.${path.replace(/^options\./, '')}`, expected, received })
  }
}

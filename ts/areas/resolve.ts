import { type CscMatrix, emptyColumns, type TriplesMatrix } from '../data/matrix.js'
import type { Records } from '../data/records.js'
import { type Target, targetPath } from '../data/targets.js'
import { InputError } from '../errors.js'
import { checkBounds, checkPossible, checkSettings, checkTargets } from './checks.js'
import type { AreaEntry, AreaSettings, AreasFile, FileBand, FileOverride, FileWeight } from './file.js'
import { matcher } from './patterns.js'
import { type TotalsSource, totalOf, totalsOfArea } from './totals.js'

/** As the solver takes it: a share of the target, or in its units. */
export type Band = number | { absolute: number } | { lower: number; upper: number }

export interface Override {
  match: string
  band?: Band
  weight?: FileWeight
  optional?: boolean
}

/** An area with everything that decides its answer, beside the data files and the settings of the form. */
export interface AreaDefinition {
  key: string
  weightScale: number
  /** Column of the records that holds the key; null: it does not decide. */
  areaColumn: string | null
  /** SQL that the area's records fulfil; null: all. */
  where: string | null
  bounds: [lower: number, upper: number]
  /** Upper limit of each record: SQL, or a number; null: the one of `bounds`. */
  cap: number | string | null
  band: Band | null
  overrides: Override[]
  /** By target name, in the order of the targets file; targets that are dropped are not there. */
  totals: Record<string, number>
}

export interface ResolvedArea {
  /** Its position in the file. */
  index: number
  definition: AreaDefinition
  /** The area's records, ascending; null: all. */
  records: Uint32Array | null
  /** k: a total for each target of the targets file, NaN where it is dropped. */
  totals: Float64Array
  /** Upper limits of the area's records; null where one number holds for all. */
  caps: Float64Array | null
  /** Names of the targets, not dropped, to which none of the area's records contributes. */
  impossible: string[]
}

/** An area that cannot be solved as it is stated. */
export interface RefusedArea {
  index: number
  key: string
  fault: InputError
}

export const isRefused = (area: ResolvedArea | RefusedArea): area is RefusedArea => 'fault' in area

/** What the files hold beside the areas file. */
export interface AreasData {
  targets: readonly Target[]
  records: Records
  matrix: CscMatrix | TriplesMatrix
  /** Where totals may stand outside the areas. */
  totals: readonly TotalsSource[]
  /** Per area its records (null: all), or what is wrong with its condition. */
  members: readonly (Uint32Array | null | InputError)[]
  /** Per area the caps of its records, or what is wrong with them. */
  caps: readonly (Float64Array | null | InputError)[]
}

export interface ResolveOptions {
  /** Bounds of the areas that state none. */
  bounds: readonly [lower: number, upper: number]
  areaColumn: string | null
  dropImpossible: boolean
}

/**
 * Each area with its defaults filled in, or its first fault.
 * @throws {InputError} for a fault of the defaults, which is every area's.
 */
export function resolveAreas(
  file: AreasFile,
  data: AreasData,
  options: ResolveOptions,
): (ResolvedArea | RefusedArea)[] {
  const { defaults = {} } = file
  const names = data.targets.map(({ name }) => name)
  checkSettings('defaults', defaults, names)
  return file.areas.map((entry, index) => {
    try {
      return resolveArea(entry, index, defaults, data, options)
    } catch (fault) {
      if (fault instanceof InputError) return { index, key: entry.key, fault }
      throw fault
    }
  })
}

function resolveArea(
  entry: AreaEntry,
  index: number,
  defaults: AreaSettings,
  data: AreasData,
  options: ResolveOptions,
): ResolvedArea {
  const place = `areas[${index}]`
  const names = data.targets.map(({ name }) => name)
  checkSettings(place, entry, names)
  checkTargets(place, entry, names)
  const records = orThrow(data.members[index]!)
  const given = orThrow(data.caps[index]!)

  const settings = { ...defaults, ...entry }
  const isDropped = droppedBy([...(defaults.drop ?? []), ...(entry.drop ?? [])])
  const sources = [...data.totals, totalsOfArea(entry, index)]
  const isEmpty = withoutRecords(data, records)
  const impossible = names.filter((name, j) => isEmpty[j] && !isDropped(name))
  const totals = Float64Array.from(names, (name, j) =>
    isDropped(name) || (options.dropImpossible && isEmpty[j])
      ? Number.NaN
      : totalOf(name, entry, index, sources),
  )
  checkPossible(place, totals, isEmpty)

  const bounds: [number, number] = [...(settings.bounds ?? options.bounds)]
  const cap = capOf(settings.cap, bounds)
  const definition: AreaDefinition = {
    key: entry.key,
    weightScale: settings.weightScale ?? 1,
    areaColumn: options.areaColumn,
    where: settings.where ?? null,
    bounds: cap.bounds,
    cap: cap.expression,
    band: settings.band === undefined ? null : bandOf(settings.band),
    overrides: overridesOf(defaults, entry),
    totals: Object.fromEntries(
      names.flatMap((name, j) => (Number.isNaN(totals[j]) ? [] : [[name, totals[j]!]])),
    ),
  }
  const caps = given && atMost(definition.bounds[1], given)
  checkBounds(place, entry, definition.bounds, caps, data.records, records)
  return { index, definition, records, totals, caps, impossible }
}

function orThrow<T>(value: T | InputError): T {
  if (value instanceof InputError) throw value
  return value
}

function droppedBy(drop: readonly (string | { match: string })[]): (name: string) => boolean {
  const matchers = drop.map((dropped) => matcher(typeof dropped === 'string' ? dropped : dropped.match))
  return (name) => matchers.some((matches) => matches(name))
}

/** 1 for each target to which none of these records contributes. */
function withoutRecords({ matrix, targets, records }: AreasData, members: Uint32Array | null): Uint8Array {
  if (members === null) return emptyColumns(matrix, targets.length)
  const isMember = new Uint8Array(records.numRecords)
  for (const record of members) isMember[record] = 1
  const isEmpty = new Uint8Array(targets.length).fill(1)
  if (matrix.format === 'triples') {
    matrix.columns.forEach((column, e) => {
      if (isMember[matrix.rows[e]!] && matrix.values[e] !== 0) isEmpty[column] = 0
    })
    return isEmpty
  }
  return isEmpty.map((_, j) => {
    for (let e = matrix.columnStarts[j]!; e < matrix.columnStarts[j + 1]!; e++) {
      if (isMember[matrix.rowIndices[e]!]) return 0
    }
    return 1
  })
}

/** A number caps every record alike: it is the upper bound then. */
function capOf(cap: number | string | undefined, [lower, upper]: [number, number]) {
  if (typeof cap === 'number')
    return { bounds: [lower, Math.min(upper, cap)] as [number, number], expression: null }
  return { bounds: [lower, upper] as [number, number], expression: cap ?? null }
}

/** The caps themselves where no bound is below them: they may be those of many areas. */
const atMost = (upper: number, caps: Float64Array) =>
  caps.some((cap) => cap > upper) ? caps.map((cap) => Math.min(cap, upper)) : caps

/** The defaults first, then the area's own, then those of single targets: the later ones win. */
function overridesOf(defaults: AreaSettings, entry: AreaEntry): Override[] {
  const ofTargets = (entry.targets ?? [])
    .filter(({ band, weight }) => band !== undefined || weight !== undefined)
    .map(
      ({ name, band, weight }): FileOverride => ({
        match: name,
        ...(band === undefined ? {} : { band }),
        ...(weight === undefined ? {} : { weight }),
      }),
    )
  return [...(defaults.overrides ?? []), ...(entry.overrides ?? []), ...ofTargets].map(
    ({ match, band, weight, optional }) => ({
      match,
      ...(band === undefined ? {} : { band: bandOf(band) }),
      ...(weight === undefined ? {} : { weight }),
      ...(optional === undefined ? {} : { optional }),
    }),
  )
}

/** Text is a number of hundredths: shifting its decimal point gives the double that is nearest to what is written. */
export function bandOf(band: FileBand): Band {
  if (typeof band !== 'string') return band
  const [mantissa, exponent = '0'] = band.slice(0, -1).toLowerCase().split('e')
  return Number(`${mantissa}e${Number(exponent) - 2}`)
}

/** Groups the rows of a targets file with areas: one target for each name, which must mean the same in every area. */
export function sharedTargets(rows: readonly Target[]): Target[] {
  const first = new Map<string, Target>()
  for (const row of rows) {
    const earlier = first.get(row.name)
    if (earlier === undefined) {
      first.set(row.name, { ...row, area: null })
      continue
    }
    for (const field of ['table', 'predicate', 'value', 'scale'] as const) {
      if (row[field] === earlier[field]) continue
      throw new InputError('conflict', {
        path: targetPath(row, field),
        expected: `what targets[${earlier.row}] has, of the same name: ${earlier[field] ?? 'nothing'}`,
        received: String(row[field] ?? 'nothing'),
      })
    }
  }
  return [...first.values()]
}

import { basename, dirname, resolve } from 'node:path'
import type { Database } from '../data/database.js'
import { expand } from '../data/files.js'
import { areaNumber } from '../data/records.js'
import { type Target, targetPath } from '../data/targets.js'
import { InputError } from '../errors.js'
import type { AreaEntry } from './file.js'
import { readGrid } from './grid.js'

/** Where an area's total of a target may stand. */
export interface TotalsSource {
  /** How messages call it. */
  name: string
  /** The total of a target by name, with its place; null where there is none. */
  of: (area: string, target: string) => { total: number; path: string } | null
}

/** The targets file's rows that name an area. */
export function totalsOfTargets(rows: readonly Target[]): TotalsSource {
  const withArea = rows.filter((row) => row.area !== null)
  const names = [...new Set(withArea.map((row) => row.area!))]
  const byArea = names.map(
    (name) => new Map(withArea.filter(({ area }) => area === name).map((row) => [row.name, row])),
  )
  return {
    name: 'the column area of the targets file',
    of: (area, target) => {
      const row = byArea[areaNumber(names, area) ?? -1]?.get(target)
      return row === undefined || Number.isNaN(row.total)
        ? null
        : { total: row.total, path: targetPath(row, 'total') }
    },
  }
}

/** The table of totals that the areas file names: a column `area`, and a column for each target. */
export async function totalsOfTable(
  database: Database,
  areasFile: string,
  table: string,
): Promise<TotalsSource & { columns: string[] }> {
  const [file] = await expand(database, [resolve(dirname(areasFile), table)], 'totals')
  const { header, rows } = await readGrid(database, file!, 'totals')
  const keyColumn = header.indexOf('area')
  if (keyColumn < 0) {
    throw new InputError('unknown_column', {
      path: 'totals',
      expected: 'a column area',
      received: `the columns ${header.join(', ')} of ${table}`,
    })
  }
  const keys = rows.map((cells) => cells[keyColumn] ?? '')
  const repeated = keys.find((key, row) => keys.indexOf(key) !== row)
  if (repeated !== undefined) {
    throw new InputError('not_unique', {
      path: 'totals',
      expected: 'one row for each area',
      received: `two rows of the area ${repeated} in ${table}`,
    })
  }
  return {
    name: basename(table),
    columns: header.filter((_, j) => j !== keyColumn),
    of: (area, target) => {
      const row = areaNumber(keys, area)
      const text = rows[row ?? -1]?.[header.indexOf(target)]
      if (text === undefined || text === null || target === 'area') return null
      const total = text.trim() === '' ? Number.NaN : Number(text)
      const path = `${basename(table)}[${area}].${target}`
      if (Number.isFinite(total)) return { total, path }
      throw new InputError('format', { path, expected: 'a finite number', received: text })
    },
  }
}

/** What an area itself says of its targets' totals; null in the map: the target stands there without one. */
export function totalsOfArea(entry: AreaEntry, index: number): TotalsSource {
  const rows = new Map((entry.targets ?? []).map((target, j) => [target.name, { ...target, j }]))
  return {
    name: `areas[${index}].targets`,
    of: (_, target) => {
      const row = rows.get(target)
      return row?.total === undefined
        ? null
        : { total: row.total, path: `areas[${index}].targets[${row.j}].total` }
    },
  }
}

/**
 * The total of a target in an area: in exactly one of the places where it may stand.
 * @throws {InputError} if there are two, or none.
 */
export function totalOf(
  target: string,
  { key, targets }: AreaEntry,
  index: number,
  sources: readonly TotalsSource[],
): number {
  const found = sources.flatMap((source) => source.of(key, target) ?? [])
  const [first, second] = found
  if (second !== undefined) {
    throw new InputError('conflict', {
      path: second.path,
      expected: `the total of ${target} in one place`,
      received: `another one at ${first!.path}`,
    })
  }
  if (first !== undefined) return first.total
  const own = (targets ?? []).findIndex(({ name }) => name === target)
  throw new InputError('missing_value', {
    path: own < 0 ? `areas[${index}].totals.${target}` : `areas[${index}].targets[${own}].total`,
    expected: `a total of the target ${target} for the area ${key}, or the target among those dropped`,
    received: `none in ${sources.map(({ name }) => name).join(', ')}`,
  })
}

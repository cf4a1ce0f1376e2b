import { rm } from 'node:fs/promises'
import { Database, identifier, items, literal, validity } from '../data/database.js'
import { expand, formatOf } from '../data/files.js'
import { type Column, findColumn, loadTable, toDouble } from '../data/table.js'
import { InputError } from '../errors.js'
import { writeText } from './outputs.js'

/** Columns of the weights file beside the ids. */
const columns = ['weight', 'multiplier']
/** A third one where each record has an upper bound of its own that follows from nothing in the certificate. */
export const upperBoundColumn = 'upper_bound'

export interface WeightedRecords {
  idColumn: string
  idType: string
  ids: readonly string[]
  weights: Float64Array
  multipliers: Float64Array
  /** Where the upper bounds are not those of the options: one for each record. */
  upperBounds?: Float64Array | null
}

/** Refuses, before the work, what a weights file cannot hold. */
export function checkWeightsFile(path: string | undefined, idColumn: string, option = '--out'): void {
  if (path === undefined) return
  if (!/\.(csv|parquet)$/i.test(path)) {
    throw new InputError('format', {
      path: option,
      expected: 'a file ending in .csv or .parquet',
      received: path,
    })
  }
  const others = [...columns, upperBoundColumn]
  if (others.includes(idColumn.toLowerCase())) {
    const expected = `a name that the weights file has no other column of (${others.join(', ')})`
    throw new InputError('not_unique', { path: '--id', expected, received: idColumn })
  }
}

/** Writes `path`'s content, CSV or Parquet by its ending, under a temporary name. */
export async function writeWeights(path: string, temporary: string, records: WeightedRecords): Promise<void> {
  if (!/\.parquet$/i.test(path)) return writeText(temporary, csv(records))
  const types = {
    ...{ [records.idColumn]: records.idType, weight: 'DOUBLE', multiplier: 'DOUBLE' },
    ...(records.upperBounds ? { [upperBoundColumn]: 'DOUBLE' } : {}),
  }
  await writeParquet(temporary, csv(records), types)
}

/**
 * Writes Parquet from CSV text: the digits of a double in CSV read back to the same double. An id that is no number of
 * its type stops it.
 */
export async function writeParquet(
  path: string,
  text: Iterable<string>,
  types: Record<string, string>,
): Promise<void> {
  const source = `${path}.csv`
  const database = await Database.open()
  try {
    await writeText(source, text)
    const names = Object.keys(types)
    const asText = names.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ')
    const typed = names
      .map((name) => `CAST(${identifier(name)} AS ${types[name]}) AS ${identifier(name)}`)
      .join(', ')
    await database.run(
      `COPY (SELECT ${typed} FROM read_csv(${literal(source)}, auto_detect = false, header = true, delim = ',', quote = '"',
         escape = '"', nullstr = '', columns = {${asText}})) TO ${literal(path)} (FORMAT parquet)`,
    )
  } finally {
    await database.close()
    await rm(source, { force: true })
  }
}

function* csv({ idColumn, ids, weights, multipliers, upperBounds }: WeightedRecords): Iterable<string> {
  const names = [idColumn, ...columns, ...(upperBounds ? [upperBoundColumn] : [])]
  yield `${names.map(quote).join(',')}\n`
  // JavaScript prints a double with the fewest digits that read back to it.
  const line = (i: number) => `${quote(ids[i]!)},${weights[i]},${multipliers[i]}`
  yield* csvLines(ids.length, upperBounds ? (i) => `${line(i)},${upperBounds[i]}` : line)
}

/** Lines in parts of a size that is quick to write. */
export function* csvLines(count: number, line: (row: number) => string): Iterable<string> {
  const atOnce = 4096
  for (let first = 0; first < count; first += atOnce) {
    let part = ''
    for (let i = first; i < Math.min(first + atOnce, count); i++) part += `${line(i)}\n`
    yield part
  }
}

/** A field of RFC 4180. */
export const quote = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text

export interface WeightTable {
  file: string
  /** null where the records are taken in the file's order. */
  ids: string[] | null
  idColumn: string | null
  /** Per column asked for its numbers. */
  numbers: Float64Array[]
}

export interface WeightTableOptions {
  /** The option or argument that names the file. */
  path: string
  /** `undefined`: the first column, unless it is one of those asked for; `null`: no ids. */
  id: string | null | undefined
  columns: readonly string[]
}

/** Reads columns of numbers, and the ids of their rows, from CSV, Parquet or JSON. */
export async function readWeightTable(file: string, options: WeightTableOptions): Promise<WeightTable> {
  const { path } = options
  const database = await Database.open()
  try {
    const files = await expand(database, [file], path)
    const base = { path, name: 'weights', files, format: formatOf(files[0]!, path) }
    const table = await loadTable(database, { ...base, textColumns: (header) => idColumns(header, options) })
    const found = options.columns.map((name) => findColumn(table.columns, name, path))
    const numbers = found.map(() => new Float64Array(table.numRows))
    await database.scan(
      `SELECT rowid::UINTEGER, ${found.map(toDouble).join(', ')} FROM ${table.sql}`,
      (chunk, firstRow) => {
        found.forEach(({ name }, j) => {
          const isValid = validity(chunk, 1 + j)
          const values = items(chunk, 1 + j)
          for (let i = 0; isValid && i < values.length; i++) {
            if (isValid(i)) continue
            const received = 'nothing or a text'
            throw new InputError('format', {
              path: `${file}[${firstRow + i}].${name}`,
              expected: 'a number',
              received,
            })
          }
          numbers[j]!.set(values, firstRow)
        })
      },
    )
    const [idColumn] = table.text.keys()
    const ids = idColumn === undefined ? null : uniqueIds(file, idColumn, table.text.get(idColumn)!)
    return { file, ids, idColumn: idColumn ?? null, numbers }
  } finally {
    await database.close()
  }
}

function idColumns(header: readonly Column[], { id, columns: asked }: WeightTableOptions): string[] {
  if (id === null) return []
  if (id !== undefined) return [id]
  const first = header[0]?.name
  return first === undefined || asked.some((name) => name.toLowerCase() === first.toLowerCase())
    ? []
    : [first]
}

function uniqueIds(file: string, column: string, text: readonly (string | null)[]): string[] {
  const seen = new Map<string, number>()
  return text.map((id, row) => {
    const path = `${file}[${row}].${column}`
    if (id === null) throw new InputError('missing_value', { path, expected: 'an id', received: 'nothing' })
    const earlier = seen.get(id)
    if (earlier !== undefined) {
      throw new InputError('not_unique', {
        path,
        expected: 'an id of its own',
        received: `${id}, as in row ${earlier}`,
      })
    }
    seen.set(id, row)
    return id
  })
}

/** The numbers of `other` in the order of the ids: both tables must hold the same records. */
export function inOrderOf(
  ids: readonly string[],
  other: WeightTable,
  numbers: Float64Array,
  path: string,
): Float64Array {
  if (other.ids === null || ids.length !== numbers.length) {
    if (ids.length !== numbers.length) {
      throw new InputError('dimension', {
        path,
        expected: `${ids.length} records`,
        received: `${numbers.length} in ${other.file}`,
      })
    }
    return numbers
  }
  const rowOf = new Map(other.ids.map((id, row) => [id, row]))
  return Float64Array.from(ids, (id) => {
    const row = rowOf.get(id)
    if (row === undefined) {
      throw new InputError('dimension', {
        path,
        expected: `the record ${id}`,
        received: `${other.file} without it`,
      })
    }
    return numbers[row]!
  })
}

import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { type Database, identifier, list, literal, validity } from '../data/database.js'
import { escapeGlob, expand } from '../data/files.js'
import { findColumn, isNumeric, loadTable, type Table, toDouble } from '../data/table.js'
import { InputError } from '../errors.js'
import type { InputTable, Settings } from './settings.js'
import type { ColumnType } from './sql.js'

/** Texts that pandas reads as missing, beside the empty field (`pandas.read_csv`, `na_values`); those with a # cannot occur. */
const pandasMissing = [...['-NaN', '-nan', '<NA>', 'N/A', 'NA', 'NULL', 'NaN', 'None', 'n/a', 'nan', 'null']]

/** A loaded input table with its columns by the names that the settings give them. */
export interface LoadedInput {
  table: Table
  path: string
  columns: Map<string, { name: string; type: ColumnType }>
  /** Of the texts that mean missing those that occur in the file. */
  nullMarkers: string[]
}

/** Loads a table of the settings as pandas would read it. */
export async function loadInput(
  database: Database,
  settings: Settings,
  folder: string,
  name: string,
): Promise<LoadedInput> {
  const input = settings.tables.get(name)
  if (input === undefined) {
    throw new InputError('unknown_table', {
      path: 'settings.yaml: input_table_list',
      expected: `a table named ${name}`,
      received: [...settings.tables.keys()].join(', '),
    })
  }
  const files = await expand(database, [join(folder, input.file)], `settings.yaml: ${name}`)
  await refuseComments(input, files)
  const nullMarkers = await markersIn(database, files)
  const table = await loadTable(database, {
    path: input.file,
    name,
    files,
    format: 'csv',
    nullMarkers,
    textColumns: (header) =>
      header.map((column) => column.name).filter((column) => isArea(settings, input, column)),
  })
  const columns = new Map<string, { name: string; type: ColumnType }>()
  for (const column of table.columns) {
    if (input.dropped.has(column.name)) continue
    const type = column.type === 'BOOLEAN' ? 'boolean' : isNumeric(column.type) ? 'number' : 'text'
    columns.set(input.renamed.get(column.name) ?? column.name, { name: column.name, type })
  }
  return { table, path: input.file, columns, nullMarkers }
}

const isArea = (settings: Settings, input: InputTable, column: string) =>
  settings.geographies.includes(input.renamed.get(column) ?? column)

const asText = (files: readonly string[]) =>
  `read_csv(${list(files.map(escapeGlob))}, header = true, all_varchar = true, comment = '', strict_mode = true,
     skip = 0, quote = '"', escape = '"', nullstr = '')`

async function markersIn(database: Database, files: readonly string[]): Promise<string[]> {
  const header = await database.rows(`DESCRIBE SELECT * FROM ${asText(files)}`)
  const cells = header.map((column) => identifier(String(column.column_name))).join(', ')
  const rows = await database.rows(
    `SELECT DISTINCT cell FROM (SELECT unnest([${cells}]) AS cell FROM ${asText(files)})
     WHERE cell IN (${pandasMissing.map(literal).join(', ')})`,
  )
  return rows.map((row) => String(row.cell)).sort()
}

/** PopulationSim leaves out what follows a #; here a # is a character like any other. */
async function refuseComments(input: InputTable, files: readonly string[]): Promise<void> {
  for (const file of files) {
    const bytes = createReadStream(file)
    for await (const part of file.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes) {
      if (!(part as Buffer).includes('#')) continue
      throw new InputError('format', {
        path: input.file,
        expected: 'a file without comments (#), which equipoise does not read as such',
        received: 'one with a #',
      })
    }
  }
}

/** The column of a table by its name in the settings. */
export function columnOf({ columns, path }: LoadedInput, name: string): string {
  const column = columns.get(name)
  if (column) return column.name
  throw new InputError('unknown_column', {
    path,
    expected: `one of the columns ${[...columns.keys()].join(', ')}`,
    received: name,
  })
}

/** A zone of a geography as settings, crosswalk and tables alike write it: 01 and 1.0 are zone 1. */
export function zone(text: string | null): string {
  if (text === null) return ''
  const number = text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(number) ? String(number) : text.trim()
}

/** The zones of a column of a geography, row by row. */
export function zonesOf(input: LoadedInput, geography: string): string[] {
  return input.table.text.get(columnOf(input, geography))!.map(zone)
}

/** A column of numbers; NaN where there is none. */
export async function numbersOf(database: Database, input: LoadedInput, name: string): Promise<Float64Array> {
  const column = findColumn(input.table.columns, columnOf(input, name), input.path)
  const numbers = new Float64Array(input.table.numRows)
  await database.scan(
    `SELECT rowid::UINTEGER, ${toDouble(column)} FROM ${input.table.sql}`,
    (chunk, firstRow) => {
      const isValid = validity(chunk, 1)
      const vector = chunk.getColumnVector(1)
      for (let i = 0; i < vector.itemCount; i++) {
        numbers[firstRow + i] = isValid && !isValid(i) ? Number.NaN : Number(vector.getItem(i))
      }
    },
  )
  return numbers
}

/** Words that cannot stand as a bare name. */
export async function reservedWords(database: Database): Promise<Set<string>> {
  const rows = await database.rows(
    `SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'`,
  )
  return new Set(rows.map((row) => String(row.keyword_name)))
}

import { InputError } from '../errors.js'
import { type Database, identifier, items } from './database.js'
import { type Column, findColumn, type Table, toDouble } from './table.js'

/** The records of the problem: those rows of the records table that take part, in the file's order. */
export interface Records {
  numRecords: number
  designWeights: Float64Array
  /** Each id as written; without an id column the row numbers, counted from 0. */
  ids: string[]
  idColumn: string
  /** SQL type of the id column. */
  idType: string
  /** The record of each row of the file, -1 for rows that take no part. */
  recordOfRow: Int32Array
  /** The position of each row among the rows of the area asked for, before any is dropped; -1 for the others. */
  positionOfRow: Int32Array
  /** Per record a number of `areaNames`, -1 where the area is missing; null without areas. */
  areas: Int32Array | null
  areaNames: string[]
  numDropped: number
}

export interface RecordsOptions {
  id?: string | undefined
  weight: string
  areaColumn?: string | undefined
  area?: string | undefined
  dropNonPositive: boolean
}

export async function readRecords(
  database: Database,
  table: Table,
  options: RecordsOptions,
): Promise<Records> {
  if (table.numRows === 0) {
    throw new InputError('empty', {
      path: '--records',
      expected: 'at least one record',
      received: 'a file without rows',
    })
  }
  const ids = readIds(table, options.id)
  const area = readAreas(table, options.areaColumn)
  const isSelected = selectArea(table.numRows, area, options.area)
  const weight = findColumn(table.columns, options.weight, '--weight')
  const weights = await readWeights(database, table, weight)
  const place = (row: number) =>
    `records[${row}]${ids.column === null ? '' : ` (${ids.column}=${ids.text[row]})`}.${weight.name}`

  const { dropNonPositive } = options
  await checkWeights(database, table, weight, weights, { isSelected, dropNonPositive, place })

  const recordOfRow = new Int32Array(table.numRows).fill(-1)
  const positionOfRow = new Int32Array(table.numRows).fill(-1)
  let numRecords = 0
  let position = 0
  for (let row = 0; row < table.numRows; row++) {
    if (!isSelected(row)) continue
    positionOfRow[row] = position++
    if (weights.values[row]! > 0) recordOfRow[row] = numRecords++
  }
  if (numRecords === 0) {
    const received = `${position} records, none of a positive weight`
    throw new InputError('empty', {
      path: '--records',
      expected: 'at least one record of positive weight',
      received,
    })
  }
  const records: Records = {
    numRecords,
    designWeights: new Float64Array(numRecords),
    ids: new Array<string>(numRecords),
    idColumn: ids.column ?? 'record',
    idType: ids.column === null ? 'BIGINT' : findColumn(table.columns, ids.column, '--id').type,
    recordOfRow,
    positionOfRow,
    areas: area ? new Int32Array(numRecords) : null,
    areaNames: area?.names ?? [],
    numDropped: position - numRecords,
  }
  for (let row = 0; row < table.numRows; row++) {
    const record = recordOfRow[row]!
    if (record < 0) continue
    records.designWeights[record] = weights.values[row]!
    records.ids[record] = ids.text[row]!
    if (records.areas) records.areas[record] = area!.ofRow[row]!
  }
  return records
}

/** Numbers of the records that take part. */
export async function readRecordNumbers(
  database: Database,
  table: Table,
  records: Records,
  { column, path }: { column: string; path: string },
): Promise<Float64Array> {
  const found = findColumn(table.columns, column, path)
  const { values, isMissing } = await readWeights(database, table, found)
  const numbers = new Float64Array(records.numRecords)
  records.recordOfRow.forEach((record, row) => {
    if (record < 0) return
    if (Number.isFinite(values[row])) numbers[record] = values[row]!
    else {
      const place = records.idColumn === 'record' ? '' : ` (${records.idColumn}=${records.ids[record]})`
      throw new InputError(isMissing[row] ? 'missing_value' : 'not_finite', {
        path: `records[${row}]${place}.${found.name}`,
        expected: 'a finite number',
        received: isMissing[row] ? 'nothing' : 'a text or a number that is not finite',
      })
    }
  })
  return numbers
}

/** The group of each record that takes part, by a column of names, numbered in the order of the file. */
export function groupsOf(
  table: Table,
  records: Records,
  { column, path: option }: { column: string; path: string },
): Uint32Array {
  const found = findColumn(table.columns, column, option)
  const text = table.text.get(found.name)!
  const numbers = new Map<string, number>()
  const groups = new Uint32Array(records.numRecords)
  records.recordOfRow.forEach((record, row) => {
    if (record < 0) return
    const name = text[row] ?? null
    if (name === null) {
      const path = `records[${row}].${found.name}`
      throw new InputError('missing_value', { path, expected: 'the name of a group', received: 'nothing' })
    }
    const number = numbers.get(name) ?? numbers.size
    numbers.set(name, number)
    groups[record] = number
  })
  return groups
}

/** The text of a column whose values must all be there and differ; the row of each. */
export function uniqueRows(table: Table, column: string, what: string): Map<string, number> {
  const text = table.text.get(column)!
  const rows = new Map<string, number>()
  text.forEach((value, row) => {
    const path = `records[${row}].${column}`
    if (value === null)
      throw new InputError('missing_value', { path, expected: `a ${what}`, received: 'nothing' })
    const earlier = rows.get(value)
    if (earlier !== undefined) {
      const received = `${value}, as in records[${earlier}]`
      throw new InputError('not_unique', { path, expected: `a ${what} that no other record has`, received })
    }
    rows.set(value, row)
  })
  return rows
}

function readIds(table: Table, id: string | undefined): { column: string | null; text: (string | null)[] } {
  if (id === undefined)
    return { column: null, text: Array.from({ length: table.numRows }, (_, row) => String(row)) }
  const column = findColumn(table.columns, id, '--id').name
  uniqueRows(table, column, 'record id')
  return { column, text: table.text.get(column)! }
}

interface Areas {
  ofRow: Int32Array
  names: string[]
}

function readAreas(table: Table, areaColumn: string | undefined): Areas | null {
  if (areaColumn === undefined) return null
  const text = table.text.get(findColumn(table.columns, areaColumn, '--area-column').name)!
  const names: string[] = []
  const numbers = new Map<string, number>()
  const ofRow = Int32Array.from(text, (name) => {
    if (name === null) return -1
    const known = numbers.get(name)
    if (known !== undefined) return known
    numbers.set(name, names.length)
    names.push(name)
    return names.length - 1
  })
  return { ofRow, names }
}

function selectArea(
  numRows: number,
  areas: Areas | null,
  area: string | undefined,
): (row: number) => boolean {
  if (area === undefined || areas === null) return (row) => row < numRows
  const number = areaNumber(areas.names, area)
  if (number === undefined) {
    throw new InputError('out_of_range', {
      path: '--area',
      expected: `one of the areas ${shortened(areas.names)}`,
      received: area,
    })
  }
  return (row) => areas.ofRow[row] === number
}

/** The number of the area written as `text`: the same text, or the same number where all areas are numbers (01 and 1). */
export function areaNumber(names: readonly string[], text: string): number | undefined {
  const exact = names.indexOf(text)
  if (exact >= 0) return exact
  const value = numberOf(text)
  if (value === null || names.some((name) => numberOf(name) === null)) return undefined
  const same = names.flatMap((name, i) => (numberOf(name) === value ? [i] : []))
  return same.length === 1 ? same[0] : undefined
}

function numberOf(text: string): number | null {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : null
}

export const shortened = (names: readonly string[]) =>
  names.length <= 12 ? names.join(', ') : `${names.slice(0, 12).join(', ')}, ... (${names.length})`

interface Weights {
  values: Float64Array
  isMissing: Uint8Array
}

/** NaN stands for a text that is no number. */
async function readWeights(database: Database, table: Table, column: Column): Promise<Weights> {
  const values = new Float64Array(table.numRows)
  const isMissing = new Uint8Array(table.numRows)
  await database.scan(
    `SELECT rowid::UINTEGER, coalesce(${toDouble(column)}, 'nan'::DOUBLE), (${identifier(column.name)} IS NULL)::UTINYINT
     FROM ${table.sql}`,
    (chunk, firstRow) => {
      values.set(items(chunk, 1), firstRow)
      isMissing.set(items(chunk, 2), firstRow)
    },
  )
  return { values, isMissing }
}

type Fault = 'missing_value' | 'not_finite' | 'out_of_range'

function faultOf({ values, isMissing }: Weights, row: number, dropNonPositive: boolean): Fault | null {
  if (isMissing[row]) return 'missing_value'
  const weight = values[row]!
  if (!Number.isFinite(weight)) return 'not_finite'
  return weight > 0 || dropNonPositive ? null : 'out_of_range'
}

/** The most rows that an error message names. */
const namedRows = 5

async function checkWeights(
  database: Database,
  table: Table,
  column: Column,
  weights: Weights,
  options: { isSelected: (row: number) => boolean; dropNonPositive: boolean; place: (row: number) => string },
): Promise<void> {
  const rows: number[] = []
  let count = 0
  for (let row = 0; row < table.numRows; row++) {
    if (!options.isSelected(row) || faultOf(weights, row, options.dropNonPositive) === null) continue
    if (rows.length < namedRows) rows.push(row)
    count++
  }
  const [first] = rows
  if (first === undefined) return
  const found = await database.rows(
    `SELECT CAST(${identifier(column.name)} AS VARCHAR) AS text FROM ${table.sql}
     WHERE rowid IN (${rows.join(', ')}) ORDER BY rowid`,
  )
  const text = found.map((row) => (row.text === null ? 'nothing' : String(row.text)))
  const others = rows.slice(1).map((row, i) => `${text[i + 1]} at ${options.place(row)}`)
  const unnamed = count - rows.length
  const code = faultOf(weights, first, options.dropNonPositive)!
  throw new InputError(code, {
    path: options.place(first),
    expected:
      code === 'out_of_range'
        ? 'a positive weight (or the option --drop-nonpositive)'
        : 'a finite positive weight',
    received: [text[0], ...others, ...(unnamed > 0 ? [`and ${unnamed} more such records`] : [])].join(', '),
  })
}

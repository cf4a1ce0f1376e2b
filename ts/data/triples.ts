import { InputError } from '../errors.js'
import { type Database, items, validity } from './database.js'
import type { TriplesMatrix } from './matrix.js'
import { areaNumber, type Records } from './records.js'
import { findColumn, isNumeric, type Table, toDouble } from './table.js'
import type { Target } from './targets.js'

/** How a matrix file names records: by position, counted from 0 among the records of the area, or by id. */
export type MatrixIndex = 'position' | 'id'

/**
 * Reads the matrix file's columns `record`, `target`, `value`. A target is named by its position among the chosen
 * targets, counted from 0, or by name where the column is text; a name stands for the target of the record's area.
 * `rowOfId`: the row of each record id, if the file names records by id.
 */
export async function readTriples(
  database: Database,
  table: Table,
  rowOfId: ReadonlyMap<string, number> | null,
  records: Records,
  targets: readonly Target[],
): Promise<TriplesMatrix> {
  const path = '--matrix'
  const columns = {
    record: findColumn(table.columns, 'record', path),
    target: findColumn(table.columns, 'target', path),
  }
  const value = findColumn(table.columns, 'value', path)
  const recordOf = rowOfId
    ? recordById(table, columns.record.name, records, rowOfId)
    : recordByPosition(records)
  const targetOf = isNumeric(columns.target.type)
    ? targetByPosition(targets)
    : targetByName(table, columns.target.name, records, targets)

  const { numRows } = table
  const matrix: TriplesMatrix = {
    format: 'triples',
    rows: new Uint32Array(numRows),
    columns: new Uint32Array(numRows),
    values: new Float64Array(numRows),
  }
  let length = 0
  const sql = `SELECT rowid::UINTEGER, ${[columns.record, columns.target, value].map(toDouble).join(', ')} FROM ${table.sql}`
  await database.scan(sql, (chunk, firstRow, rowCount) => {
    const [record, target, number] = [1, 2, 3].map((column) => ({
      numbers: items(chunk, column),
      isValid: validity(chunk, column),
    })) as [Numbers, Numbers, Numbers]
    for (let i = 0; i < rowCount; i++) {
      const row = firstRow + i
      const entry = at(number, i)
      if (entry === null || !Number.isFinite(entry)) {
        const received = entry === null ? 'nothing or a text' : String(entry)
        throw new InputError('not_finite', {
          path: `matrix[${row}].value`,
          expected: 'a finite number',
          received,
        })
      }
      const recordHere = recordOf(row, at(record, i))
      if (recordHere < 0) continue
      matrix.rows[length] = recordHere
      matrix.columns[length] = targetOf(row, at(target, i), recordHere)
      matrix.values[length++] = entry
    }
  })
  if (length === numRows) return matrix
  return {
    format: 'triples',
    rows: matrix.rows.slice(0, length),
    columns: matrix.columns.slice(0, length),
    values: matrix.values.slice(0, length),
  }
}

interface Numbers {
  numbers: ArrayLike<number>
  isValid: ((row: number) => boolean) | null
}

const at = ({ numbers, isValid }: Numbers, i: number): number | null =>
  isValid && !isValid(i) ? null : numbers[i]!

/** The record, or -1 for one that was dropped. */
type RecordLookup = (row: number, number: number | null) => number

function recordByPosition(records: Records): RecordLookup {
  const recordAt: number[] = []
  records.positionOfRow.forEach((position, row) => {
    if (position >= 0) recordAt[position] = records.recordOfRow[row]!
  })
  return (row, number) => recordAt[inRange(`matrix[${row}].record`, number, recordAt.length, 'records')]!
}

function recordById(
  table: Table,
  column: string,
  records: Records,
  rowOfId: ReadonlyMap<string, number>,
): RecordLookup {
  const text = table.text.get(column)!
  return (row) => {
    const id = text[row]
    const record = rowOfId.get(id ?? '')
    if (record !== undefined) return records.recordOfRow[record]!
    throw new InputError('out_of_range', {
      path: `matrix[${row}].record`,
      expected: `an id of the column ${records.idColumn}`,
      received: id ?? 'nothing',
    })
  }
}

type TargetLookup = (row: number, number: number | null, record: number) => number

const targetByPosition =
  (targets: readonly Target[]): TargetLookup =>
  (row, number) =>
    inRange(`matrix[${row}].target`, number, targets.length, 'targets')

function targetByName(
  table: Table,
  column: string,
  records: Records,
  targets: readonly Target[],
): TargetLookup {
  const text = table.text.get(column)!
  const everywhere = new Map<string, number>()
  const perArea = records.areaNames.map(() => new Map<string, number>())
  targets.forEach((target, j) => {
    const area =
      records.areas === null || target.area === null ? undefined : areaNumber(records.areaNames, target.area)
    const names = area === undefined ? everywhere : perArea[area]!
    names.set(target.name, j)
  })
  return (row, _, record) => {
    const name = text[row] ?? ''
    const area = records.areas?.[record] ?? -1
    const target = perArea[area]?.get(name) ?? everywhere.get(name)
    if (target !== undefined) return target
    throw new InputError('out_of_range', {
      path: `matrix[${row}].target`,
      expected: area < 0 ? 'the name of a target' : `the name of a target of area ${records.areaNames[area]}`,
      received: text[row] ?? 'nothing',
    })
  }
}

function inRange(path: string, number: number | null, size: number, what: string): number {
  if (number !== null && Number.isInteger(number) && number >= 0 && number < size) return number
  throw new InputError('out_of_range', {
    path,
    expected: `a whole number from 0 to ${size - 1} (there are ${size} ${what})`,
    received: number === null ? 'nothing or a text' : String(number),
  })
}

import { InputError } from '../errors.js'
import type { Database } from './database.js'
import { evaluate, type Rows, type Term } from './evaluate.js'
import type { LoadedTables } from './load.js'
import { assemble, type CscMatrix, type MatrixColumn } from './matrix.js'
import type { ChildSource, ProblemSource } from './problem.js'
import { areaNumber, type Records, shortened, uniqueRows } from './records.js'
import type { SparseColumn } from './sparse-column.js'
import { findColumn, type Table } from './table.js'
import { type Target, targetPath } from './targets.js'

/** The targets that the problem has: all of them, or those of the area asked for. */
export function chooseTargets(
  all: readonly Target[],
  records: Records,
  { areaColumn, area }: Pick<ProblemSource, 'areaColumn' | 'area'>,
  warnings: string[],
): Target[] {
  const hasAreas = all.some((target) => target.area !== null)
  if (areaColumn === undefined) {
    if (hasAreas)
      warnings.push('the targets name areas, but without --area-column each counts over all records')
    return [...all]
  }
  if (area === undefined) {
    if (!hasAreas) {
      const received = 'no area at any target'
      throw new InputError('unknown_column', {
        path: '--targets',
        expected: 'a column area (or the option --area)',
        received,
      })
    }
    for (const target of all) checkArea(target, records)
    return [...all]
  }
  if (!hasAreas) return [...all]
  const wanted = areaNumber(records.areaNames, area)
  const chosen = all.filter(
    (target) => target.area !== null && areaNumber(records.areaNames, target.area) === wanted,
  )
  if (chosen.length === 0) {
    const received = `none among ${all.length}`
    throw new InputError('empty', {
      path: '--targets',
      expected: `at least one target of area ${area}`,
      received,
    })
  }
  const numEverywhere = all.filter((target) => target.area === null).length
  if (numEverywhere > 0)
    warnings.push(`${numEverywhere} targets without an area are left out of area ${area}`)
  return chosen
}

function checkArea(target: Target, { areaNames }: Records): void {
  if (target.area === null || areaNumber(areaNames, target.area) !== undefined) return
  const expected = `one of the areas ${shortened(areaNames)}`
  throw new InputError('out_of_range', { path: targetPath(target, 'area'), expected, received: target.area })
}

/** Evaluates the targets' predicates and values over their tables: one column of the matrix per target. */
export async function evaluateTargets(
  database: Database,
  tables: LoadedTables,
  source: Pick<ProblemSource, 'id' | 'area'>,
  records: Records,
  targets: readonly Target[],
  warnings: string[],
): Promise<CscMatrix> {
  const rows = [recordRows(tables.records, records)]
  for (const child of tables.children)
    rows.push(childRows(child.table, child.source, tables.records, source.id, records, warnings))
  const numbers = new Map<string, number>()
  const terms: { term: Term; rows: Rows }[] = []
  const columns = targets.map((target): MatrixColumn => {
    const place = tableOf(target, rows)
    const key = JSON.stringify([place.table.name, target.predicate, target.value])
    let term = numbers.get(key)
    if (term === undefined) {
      term = terms.length
      numbers.set(key, term)
      terms.push({ term: termOf(target), rows: place })
    }
    const area = source.area !== undefined || target.area === null || !records.areas ? null : target.area
    return { term, area: area === null ? null : areaNumber(records.areaNames, area)! }
  })
  const evaluated: SparseColumn[] = []
  for (const place of rows) {
    const here = terms.flatMap(({ rows: table }, t) => (table === place ? [t] : []))
    if (here.length === 0) continue
    const { columns: found, numMissing } = await evaluate(
      database,
      place,
      here.map((t) => terms[t]!.term),
    )
    here.forEach((t, i) => {
      evaluated[t] = found[i]!
      const path = terms[t]!.term.value?.path
      if (numMissing[i]! > 0) warnings.push(`${path}: ${numMissing[i]} missing values counted as 0`)
    })
  }
  return assemble(evaluated, columns, records.areas)
}

const termOf = (target: Target): Term => ({
  predicate: { kind: 'predicate', sql: target.predicate, path: targetPath(target, 'predicate') },
  value:
    target.value === null ? null : { kind: 'value', sql: target.value, path: targetPath(target, 'value') },
})

function tableOf(target: Target, rows: readonly Rows[]): Rows {
  const found =
    rows.find(({ table }) => table.name === target.table) ??
    rows.find(({ table }) => table.name.toLowerCase() === target.table.toLowerCase())
  if (found) return found
  throw new InputError('unknown_table', {
    path: targetPath(target, 'table'),
    expected: `one of the tables ${rows.map(({ table }) => table.name).join(', ')}`,
    received: target.table,
  })
}

/** The rows of the records table: one per record. */
export const recordRows = (table: Table, { recordOfRow, numRecords }: Records): Rows => ({
  table,
  recordOfRow,
  numRecords,
  isOnePerRecord: true,
  place: (row) => `records[${row}]`,
})

function childRows(
  table: Table,
  child: ChildSource,
  recordsTable: Table,
  id: string | undefined,
  { recordOfRow, numRecords }: Records,
  warnings: string[],
): Rows {
  const recordKey = child.recordKey ?? id
  if (recordKey === undefined) {
    const expected = 'the key column of the records (--id, or --child FILE:childKey=recordKey)'
    throw new InputError('missing_value', { path: '--child', expected, received: 'none' })
  }
  const rowOfKey = uniqueRows(
    recordsTable,
    findColumn(recordsTable.columns, recordKey, '--child').name,
    'record key',
  )
  const keys = table.text.get(findColumn(table.columns, child.childKey, '--child').name)!
  let numOrphans = 0
  const ofRow = Int32Array.from(keys, (key) => {
    const row = key === null ? undefined : rowOfKey.get(key)
    if (row === undefined) numOrphans++
    return row === undefined ? -1 : recordOfRow[row]!
  })
  if (numOrphans > 0 && numOrphans === table.numRows) {
    const expected = `keys that are in the column ${recordKey} of ${recordsTable.name}`
    const received = `${table.name}.${child.childKey}, where none of ${numOrphans} rows has one`
    throw new InputError('orphan', { path: '--child', expected, received })
  }
  if (numOrphans > 0) {
    warnings.push(
      `${numOrphans} of the ${table.numRows} rows of ${table.name} belong to no record and are left out`,
    )
  }
  return {
    table,
    recordOfRow: ofRow,
    numRecords,
    isOnePerRecord: false,
    place: (row) => `${table.name}[${row}]`,
  }
}

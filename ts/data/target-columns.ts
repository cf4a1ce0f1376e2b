import { InputError } from '../errors.js'
import { MatrixBuilder, type StoredMatrix } from '../reweight/stored-matrix.js'
import type { Database } from './database.js'
import { blockRows, evaluate, evaluateInBlocks, type Rows, type Term } from './evaluate.js'
import type { LoadedTables } from './load.js'
import { MatrixBlocks, type MatrixColumn, type TermEntries } from './matrix-blocks.js'
import type { ChildSource, ProblemSource } from './problem.js'
import { areaNumber, type Records, shortened, uniqueRows } from './records.js'
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

/** Where the targets' terms come from, and which columns they make. */
interface Plan {
  /** The records, then the child tables. */
  tables: Rows[]
  terms: { term: Term; rows: Rows }[]
  columns: MatrixColumn[]
}

type TargetSource = Pick<ProblemSource, 'id' | 'area' | 'storage'>

/** Evaluates the targets' predicates and values over their tables: one column of the matrix per target. */
export async function evaluateTargets(...given: Parameters<typeof scanTargets>): Promise<StoredMatrix> {
  return (await scanTargets(...given)).finish()
}

/** The matrix with all its rows, its columns still to be made. */
export async function scanTargets(
  database: Database,
  tables: LoadedTables,
  source: TargetSource,
  records: Records,
  targets: readonly Target[],
  warnings: string[],
): Promise<MatrixBuilder> {
  const rows = [recordRows(tables.records, records)]
  for (const child of tables.children)
    rows.push(childRows(child.table, child.source, tables.records, source.id, records, warnings))
  const plan = planOf(rows, targets, source, records)
  const builder = new MatrixBuilder(plan.columns.length, source.storage)
  try {
    const numMissing = await fill(builder, database, plan, records)
    plan.terms.forEach(({ term }, t) => {
      if (numMissing[t]! > 0) {
        warnings.push(`${term.value?.path}: ${numMissing[t]} missing values counted as 0`)
      }
    })
    return builder
  } catch (error) {
    builder.discard()
    throw error
  }
}

/** Each term once, by tables. */
function planOf(
  tables: Rows[],
  targets: readonly Target[],
  { area: onlyArea }: TargetSource,
  { areas, areaNames }: Records,
): Plan {
  const places = targets.map((target) => tableOf(target, tables))
  const keys = targets.map(({ predicate, value }, j) =>
    JSON.stringify([places[j]!.table.name, predicate, value]),
  )
  const numbers = new Map<string, number>()
  const terms: Plan['terms'] = []
  for (const rows of tables) {
    targets.forEach((target, j) => {
      if (places[j] !== rows || numbers.has(keys[j]!)) return
      numbers.set(keys[j]!, terms.length)
      terms.push({ term: termOf(target), rows })
    })
  }
  const columns = targets.map(({ area }, j): MatrixColumn => {
    const isOfArea = onlyArea === undefined && area !== null && areas !== null
    return { term: numbers.get(keys[j]!)!, area: isOfArea ? areaNumber(areaNames, area)! : null }
  })
  return { tables, terms, columns }
}

/**
 * The child tables are evaluated first, because their rows come in any order; then one scan of the records makes the rows of
 * the matrix.
 */
async function fill(
  builder: MatrixBuilder,
  database: Database,
  { tables, terms, columns }: Plan,
  { areas, numRecords }: Records,
): Promise<number[]> {
  const [recordTable, ...childTables] = tables
  const ofTable = (rows: Rows) => terms.flatMap(({ term, rows: own }) => (own === rows ? [term] : []))
  const recordTerms = ofTable(recordTable!)
  const childEntries: TermEntries[] = []
  const numMissing: number[] = []
  for (const rows of childTables) {
    const own = ofTable(rows)
    if (own.length === 0) continue
    const evaluation = await evaluate(database, rows, own)
    childEntries.push(...evaluation.columns.map((column) => ({ column, next: 0 })))
    numMissing.push(...evaluation.numMissing)
  }
  const blocks = new MatrixBlocks(builder, columns, areas)
  if (recordTerms.length === 0) {
    for (let start = 0; start < numRecords; start += blockRows)
      blocks.push(childEntries, Math.min(start + blockRows, numRecords))
    return numMissing
  }
  const missing = await evaluateInBlocks(database, recordTable!, recordTerms, (found, endRecord) => {
    blocks.push([...found.map((column) => ({ column, next: 0 })), ...childEntries], endRecord)
  })
  return [...missing, ...numMissing]
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

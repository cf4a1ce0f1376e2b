import { Database } from '../data/database.js'
import { evaluate, type Term } from '../data/evaluate.js'
import { type LoadedTables, load } from '../data/load.js'
import {
  checkCombination,
  type FileProblem,
  type ProblemSource,
  readColumns,
  rowOfId,
} from '../data/problem.js'
import { areaNumber, type Records, readRecords, shortened } from '../data/records.js'
import { evaluateTargets, recordRows } from '../data/target-columns.js'
import { readTargets } from '../data/targets.js'
import { readTriples } from '../data/triples.js'
import { InputError } from '../errors.js'
import type { AreaEntry, AreasFile } from './file.js'
import {
  type RefusedArea,
  type ResolvedArea,
  type ResolveOptions,
  resolveAreas,
  sharedTargets,
} from './resolve.js'
import { type TotalsSource, totalsOfTable, totalsOfTargets } from './totals.js'

/** The problem whose matrix all areas share, and the areas. */
export interface AreasProblem {
  /** All records and targets; its targets have no totals of their own. */
  shared: FileProblem
  areas: (ResolvedArea | RefusedArea)[]
}

export interface AreasSource {
  data: Omit<ProblemSource, 'area' | 'dropImpossible'>
  /** Path of the areas file, for what it names beside itself. */
  path: string
  file: AreasFile
  options: Omit<ResolveOptions, 'areaColumn'>
}

/** Reads the data files and states every area in their terms. */
export async function readAreasProblem(source: AreasSource): Promise<AreasProblem> {
  const data = { ...source.data, areaColumn: source.file.areaColumn ?? source.data.areaColumn }
  checkCombination(data)
  const database = await Database.open(data)
  try {
    return await read(database, { ...source, data })
  } finally {
    await database.close()
  }
}

async function read(database: Database, source: AreasSource): Promise<AreasProblem> {
  const { data, file } = source
  const { onStage = () => {}, dropNonPositive = false } = data
  const warnings: string[] = []
  onStage('reading files')
  const table = file.totals === undefined ? null : await totalsOfTable(database, source.path, file.totals)
  const tables = await load(database, data)
  await database.lock()
  const records = await readRecords(database, tables.records, { ...data, dropNonPositive })
  if (records.numDropped > 0)
    warnings.push(`${records.numDropped} records of zero or negative weight were dropped`)
  const rows = await readTargets(database, tables.targets, {
    where: data.targetsWhere,
    hasMatrix: tables.matrix !== null,
    totalIsOptional: true,
  })
  const targets = sharedTargets(rows)
  const unknown = table?.columns.filter((column) => !targets.some(({ name }) => name === column)) ?? []
  if (unknown.length > 0)
    warnings.push(`${table!.name}: columns that are no target are not used: ${shortened(unknown)}`)

  onStage(tables.matrix ? 'reading the matrix' : 'evaluating the targets')
  const matrix = tables.matrix
    ? await readTriples(database, tables.matrix, rowOfId(tables, data), records, targets)
    : await evaluateTargets(
        database,
        tables,
        { id: data.id, storage: data.storage },
        records,
        targets,
        warnings,
      )
  onStage('reading the areas')
  const members = await membersOf(database, tables, records, file, data.areaColumn)
  const caps = await capsOf(database, tables, records, file, members)
  const totals: TotalsSource[] = [totalsOfTargets(rows), ...(table ? [table] : [])]
  const shared: FileProblem = {
    matrix,
    targets,
    droppedTargets: [],
    columns: await readColumns(database, tables, data, records, targets),
    records,
    files: await tables.files,
    warnings,
  }
  const options = { ...source.options, areaColumn: data.areaColumn ?? null }
  return { shared, areas: resolveAreas(file, { ...shared, totals, members, caps }, options) }
}

/** Per area its records: those of its key in the area column for which its condition holds; null where all are. */
async function membersOf(
  database: Database,
  tables: LoadedTables,
  records: Records,
  { areas, defaults = {} }: AreasFile,
  areaColumn: string | undefined,
): Promise<(Uint32Array | null | InputError)[]> {
  const wheres = areas.map(({ where }) => where ?? defaults.where)
  const fulfilling = await columnsOf(database, tables, records, wheres, (sql, i) => ({
    predicate: { kind: 'predicate', sql, path: placeOf(areas[i]!, i, 'where') },
    value: null,
  }))
  return areas.map((area, i) => {
    const column = fulfilling[i]!
    if (column instanceof InputError) return column
    const holds = column && Uint32Array.from(column.rows.subarray(0, column.length))
    if (areaColumn === undefined) return orEmpty(holds, i)
    const number = areaNumber(records.areaNames, area.key)
    if (number === undefined) {
      return new InputError('out_of_range', {
        path: `areas[${i}].key`,
        expected: `one of the areas ${shortened(records.areaNames)} of the column ${areaColumn}`,
        received: area.key,
      })
    }
    const all = holds ?? Uint32Array.from({ length: records.numRecords }, (_, record) => record)
    return orEmpty(
      all.filter((record) => records.areas![record] === number),
      i,
    )
  })
}

/** An area without records is refused. */
function orEmpty(members: Uint32Array | null, index: number): Uint32Array | null | InputError {
  if (members === null || members.length > 0) return members
  return new InputError('empty', {
    path: `areas[${index}]`,
    expected: 'at least one record',
    received: 'none that belongs to it',
  })
}

/** Per area the upper limits of its records, where they are an SQL expression. */
async function capsOf(
  database: Database,
  tables: LoadedTables,
  records: Records,
  { areas, defaults = {} }: AreasFile,
  members: readonly (Uint32Array | null | InputError)[],
): Promise<(Float64Array | null | InputError)[]> {
  const caps = areas.map(({ cap }) => cap ?? defaults.cap)
  const expressions = caps.map((cap) => (typeof cap === 'string' ? cap : undefined))
  const columns = await columnsOf(database, tables, records, expressions, (sql, i) => {
    const path = placeOf(areas[i]!, i, 'cap')
    const predicate = { kind: 'predicate', sql: 'TRUE', path } as const
    return { predicate, value: { kind: 'value', sql, path } }
  })
  const shared = new Map<string, Float64Array>()
  return columns.map((column, i) => {
    if (column === null || column instanceof InputError) return column
    if (column.numMissing > 0) {
      return new InputError('missing_value', {
        path: placeOf(areas[i]!, i, 'cap'),
        expected: 'a number for each record',
        received: `nothing at ${column.numMissing} of them`,
      })
    }
    const known = shared.get(expressions[i]!)
    const ofAll = known ?? new Float64Array(records.numRecords)
    for (let e = 0; !known && e < column.length; e++) ofAll[column.rows[e]!] = column.values![e]!
    shared.set(expressions[i]!, ofAll)
    const own = members[i]
    return own instanceof Uint32Array ? Float64Array.from(own, (record) => ofAll[record]!) : ofAll
  })
}

const placeOf = (area: AreaEntry, index: number, field: 'where' | 'cap') =>
  `${area[field] === undefined ? 'defaults' : `areas[${index}]`}.${field}`

interface RecordColumn {
  rows: Uint32Array
  values: Float64Array | null
  length: number
  numMissing: number
}

/**
 * Evaluates an expression per area over the records, all in one scan; null where an area has none. An expression that is
 * wrong is that area's fault alone, one of the defaults is everybody's.
 */
async function columnsOf(
  database: Database,
  tables: LoadedTables,
  records: Records,
  expressions: readonly (string | undefined)[],
  termOf: (sql: string, area: number) => Term,
): Promise<(RecordColumn | null | InputError)[]> {
  const found = new Map<number, RecordColumn | InputError>()
  const open = () => expressions.flatMap((sql, i) => (sql === undefined || found.has(i) ? [] : [i]))
  while (open().length > 0) {
    const areas = open()
    const terms = areas.map((i) => termOf(expressions[i]!, i))
    try {
      const { columns, numMissing } = await evaluate(database, recordRows(tables.records, records), terms)
      areas.forEach((i, t) => {
        const { rows, values, length } = columns[t]!
        found.set(i, { rows, values, length, numMissing: numMissing[t]! })
      })
    } catch (fault) {
      const culprits = areas.filter(
        (_, t) => fault instanceof InputError && (terms[t]!.value ?? terms[t]!.predicate).path === fault.path,
      )
      if (culprits.length === 0 || (fault as InputError).path.startsWith('defaults')) throw fault
      for (const i of culprits) found.set(i, fault as InputError)
    }
  }
  return expressions.map((_, i) => found.get(i) ?? null)
}

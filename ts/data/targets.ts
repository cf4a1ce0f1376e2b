import { InputError } from '../errors.js'
import { type Database, identifier } from './database.js'
import { checkExpressions, type Expression, parenthesised, sqlError } from './expressions.js'
import type { FileFormat } from './files.js'
import { type Column, findColumn, internalSchema, loadTable, lookUp, type Table, toDouble } from './table.js'

/** A target as the targets file states it. */
export interface Target {
  /** Its row in the file, counted from 0 before any selection. */
  row: number
  name: string
  /** As written; null where the target holds for all records. */
  area: string | null
  /** NaN where the file has none and may have none. */
  total: number
  scale: number | null
  /** Name of the table, predicate and value as written; empty with a matrix. */
  table: string
  predicate: string
  /** null: a count. */
  value: string | null
}

/** How messages call a target: `targets[3] (num_hh).total`, the row counted from 0. */
export const targetPath = ({ row, name }: Pick<Target, 'row' | 'name'>, field: string) =>
  `targets[${row}] (${name}).${field}`

/** A target's name among those of all areas. */
export const targetLabel = ({ area, name }: Pick<Target, 'area' | 'name'>) =>
  area === null ? name : `${area}: ${name}`

export interface TargetsChoice {
  /** SQL over the columns of the targets file. */
  where?: string | undefined
  /** True if the matrix comes from a file: then there are no predicates. */
  hasMatrix: boolean
  /** True if totals may stand elsewhere. */
  totalIsOptional?: boolean | undefined
}

/** Loads the targets file; out of the way of the tables that predicates name. */
export function loadTargets(database: Database, files: string[], format: FileFormat): Promise<Table> {
  const textColumns = ['name', 'area', 'table', 'predicate', 'value']
  const base = { path: '--targets', name: 'targets', schema: internalSchema }
  return loadTable(database, { ...base, files, format, textColumns, optionalText: true })
}

/** Reads the targets of a loaded file, in its order. */
export async function readTargets(
  database: Database,
  table: Table,
  source: TargetsChoice,
): Promise<Target[]> {
  const rows = await selectedRows(database, table, source.where)
  const numbers = await readNumbers(database, table, source.totalIsOptional)
  const required = source.hasMatrix ? ['name'] : ['name', 'table', 'predicate']
  for (const name of required) findColumn(table.columns, name, '--targets')
  const text = (name: string, row: number): string | null => {
    const column = lookUp(table.columns, name)
    return column ? (table.text.get(column.name)?.[row] ?? null) : null
  }
  const targets = rows.map((row): Target => {
    const name = text('name', row)
    if (name === null) {
      throw new InputError('missing_value', {
        path: `targets[${row}].name`,
        expected: 'a name',
        received: 'nothing',
      })
    }
    const value = text('value', row)?.trim() ?? ''
    const target = {
      row,
      name,
      area: text('area', row),
      total: numbers.total(row, name),
      scale: numbers.scale(row, name),
      table: source.hasMatrix ? '' : (text('table', row) ?? ''),
      predicate: source.hasMatrix ? '' : (text('predicate', row) ?? ''),
      value: value === '' || value === '1' ? null : value,
    }
    for (const field of source.hasMatrix ? [] : (['table', 'predicate'] as const)) {
      if (target[field].trim() !== '') continue
      const expected =
        field === 'table' ? 'the name of a table' : 'a boolean SQL expression (TRUE for every row)'
      throw new InputError('missing_value', {
        path: targetPath(target, field),
        expected,
        received: 'nothing',
      })
    }
    return target
  })
  if (targets.length === 0) {
    throw new InputError('empty', {
      path: '--targets',
      expected: 'at least one target',
      received: `none of the ${table.numRows} rows of the targets file${source.where ? ` where ${source.where}` : ''}`,
    })
  }
  checkUnique(targets)
  return targets
}

async function selectedRows(database: Database, table: Table, where: string | undefined): Promise<number[]> {
  if (where === undefined) return Array.from({ length: table.numRows }, (_, row) => row)
  const expression: Expression = { sql: where, kind: 'predicate', path: '--targets-where' }
  await checkExpressions(database, table, [expression])
  try {
    const rows = await database.rows(
      `SELECT rowid::UINTEGER AS "row" FROM ${table.sql} WHERE ${parenthesised(where)} ORDER BY rowid`,
    )
    return rows.map((row) => Number(row.row))
  } catch (cause) {
    throw sqlError(expression, cause)
  }
}

/** A column of numbers, null where it has none. */
async function columnReader(database: Database, table: Table, column: Column | undefined, field: string) {
  const rows = column ? await database.rows(numbersOf(column, table)) : null
  return (row: number, name: string): number | null => {
    const found = rows?.[row]
    if (!found || found.text === null) return null
    if (typeof found.number === 'number' && Number.isFinite(found.number)) return found.number
    throw new InputError(found.number === null ? 'format' : 'not_finite', {
      path: targetPath({ row, name }, field),
      expected: 'a finite number',
      received: String(found.text),
    })
  }
}

async function readNumbers(database: Database, table: Table, totalIsOptional = false) {
  const find = totalIsOptional ? lookUp : findColumn
  const totals = await columnReader(database, table, find(table.columns, 'total', '--targets'), 'total')
  return {
    total(row: number, name: string): number {
      const total = totals(row, name)
      if (total !== null) return total
      if (totalIsOptional) return Number.NaN
      throw new InputError('missing_value', {
        path: targetPath({ row, name }, 'total'),
        expected: 'a finite number',
        received: 'nothing',
      })
    },
    scale: await columnReader(database, table, lookUp(table.columns, 'scale'), 'scale'),
  }
}

/** A column of numbers of the chosen targets; `otherwise` where it is empty. */
export async function readTargetNumbers(
  database: Database,
  table: Table,
  targets: readonly Target[],
  { column, path, otherwise }: { column: string; path: string; otherwise: number },
): Promise<Float64Array> {
  const found = findColumn(table.columns, column, path)
  const read = await columnReader(database, table, found, found.name)
  return Float64Array.from(targets, ({ row, name }) => read(row, name) ?? otherwise)
}

const numbersOf = (column: Column, table: Table) =>
  `SELECT ${toDouble(column)} AS number, CAST(${identifier(column.name)} AS VARCHAR) AS text FROM ${table.sql} ORDER BY rowid`

function checkUnique(targets: readonly Target[]): void {
  const first = new Map<string, Target>()
  for (const target of targets) {
    const key = JSON.stringify([target.area, target.name])
    const earlier = first.get(key)
    if (earlier) {
      const where = target.area === null ? '' : ` in area ${target.area}`
      throw new InputError('not_unique', {
        path: targetPath(target, 'name'),
        expected: 'a name that no other target has in its area',
        received: `${target.name}${where}, as in targets[${earlier.row}]`,
      })
    }
    first.set(key, target)
  }
}

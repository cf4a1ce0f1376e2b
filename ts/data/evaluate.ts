import { InputError } from '../errors.js'
import { type Chunk, type Database, items, RowOrderError, validity } from './database.js'
import {
  checkExpressions,
  type Expression,
  predicateColumn,
  throwCulprit,
  valueColumn,
} from './expressions.js'
import { SparseColumn } from './sparse-column.js'
import type { Table } from './table.js'

/** What targets of the same table, predicate and value share: its sum over the rows of each record. */
export interface Term {
  predicate: Expression
  /** null: rows are counted. */
  value: Expression | null
}

export interface Evaluation {
  /** Per term its non-zero sums, records ascending. */
  columns: SparseColumn[]
  /** Per term the number of rows where the predicate holds but the value is NULL; they count as 0. */
  numMissing: number[]
}

/** A table and the record that each of its rows belongs to; -1 for none. */
export interface Rows {
  table: Table
  recordOfRow: Int32Array
  numRecords: number
  /** True for the records table: each record has one row, in order. */
  isOnePerRecord: boolean
  /** How messages call a row: `persons[12]`. */
  place: (row: number) => string
}

/** Records that make one block of the matrix. */
export const blockRows = 1 << 14

/**
 * Evaluates terms over a table in one scan: each distinct predicate and each distinct value expression is one column.
 * The products are made here, and the rows of a record are added up in the file's order.
 */
export async function evaluate(database: Database, rows: Rows, terms: readonly Term[]): Promise<Evaluation> {
  const evaluation = emptyEvaluation(terms)
  await scan(database, rows, terms, evaluation, () => {})
  const sums = new Float64Array(rows.isOnePerRecord ? 0 : rows.numRecords)
  evaluation.columns.forEach((column, t) => {
    evaluation.columns[t] = rows.isOnePerRecord ? relabel(column, rows) : addUp(column, rows, sums)
  })
  return evaluation
}

/**
 * Evaluates terms over the records table and gives their columns away block after block: `onBlock` gets those of the
 * records up to `endRecord`, which it must not keep.
 * @returns per term the number of rows with a missing value.
 */
export async function evaluateInBlocks(
  database: Database,
  rows: Rows,
  terms: readonly Term[],
  onBlock: (columns: readonly SparseColumn[], endRecord: number) => void,
): Promise<number[]> {
  const evaluation = emptyEvaluation(terms)
  let [firstRow, endRecord] = [0, 0]
  const finishBlock = (endRow: number) => {
    for (; firstRow < endRow; firstRow++) endRecord = Math.max(endRecord, rows.recordOfRow[firstRow]! + 1)
    for (const column of evaluation.columns) relabel(column, rows)
    onBlock(evaluation.columns, endRecord)
    for (const column of evaluation.columns) column.length = 0
  }
  await scan(database, rows, terms, evaluation, (endRow) => {
    if (endRow - firstRow >= blockRows) finishBlock(endRow)
  })
  if (firstRow < rows.table.numRows) finishBlock(rows.table.numRows)
  return evaluation.numMissing
}

const emptyEvaluation = (terms: readonly Term[]): Evaluation => ({
  columns: terms.map((term) => new SparseColumn(term.value !== null)),
  numMissing: terms.map(() => 0),
})

/** Appends what holds to the columns of `evaluation`; `onRows` is told how far the scan has come. */
async function scan(
  database: Database,
  rows: Rows,
  terms: readonly Term[],
  evaluation: Evaluation,
  onRows: (endRow: number) => void,
): Promise<void> {
  const predicates = distinct(terms.map((term) => term.predicate))
  const values = distinct(terms.flatMap((term) => (term.value ? [term.value] : [])))
  const expressions = [...predicates, ...values]
  await checkExpressions(database, rows.table, expressions)

  const collect = collector(rows, terms, predicates, values, evaluation)
  const columns = ['rowid::UINTEGER', ...predicates.map(predicateColumn), ...values.map(valueColumn)]
  try {
    const count = await database.scan(
      `SELECT ${columns.join(', ')} FROM ${rows.table.sql}`,
      (chunk, firstRow, rowCount) => {
        collect(chunk, firstRow, rowCount)
        onRows(firstRow + rowCount)
      },
    )
    if (count !== rows.table.numRows) throw new RowOrderError()
  } catch (cause) {
    if (!(cause instanceof InputError)) await throwCulprit(database, rows.table, expressions)
    throw cause
  }
}

/** Each text once, with the place where it stands first. */
function distinct(expressions: readonly Expression[]): Expression[] {
  const bySql = new Map<string, Expression>()
  for (const expression of expressions) if (!bySql.has(expression.sql)) bySql.set(expression.sql, expression)
  return [...bySql.values()]
}

/** Appends to each term's column the rows of a chunk where its predicate holds and its value is not 0. */
function collector(
  { recordOfRow, place }: Rows,
  terms: readonly Term[],
  predicates: readonly Expression[],
  values: readonly Expression[],
  { columns, numMissing }: Evaluation,
): (chunk: Chunk, firstRow: number, rowCount: number) => void {
  const byPredicate = new Map(predicates.map(({ sql }): [string, number[]] => [sql, []]))
  terms.forEach((term, t) => {
    byPredicate.get(term.predicate.sql)!.push(t)
  })
  const sharing = predicates.map(({ sql }) => byPredicate.get(sql)!)
  const valueNumbers = new Map(values.map(({ sql }, v) => [sql, v]))
  let hits = new Uint32Array(2048)
  return (chunk, firstRow, rowCount) => {
    if (hits.length < rowCount) hits = new Uint32Array(rowCount)
    const chunkValues = values.map((_, v) => {
      const column = 1 + predicates.length + v
      return { numbers: items(chunk, column), isValid: validity(chunk, column) }
    })
    sharing.forEach((termsHere, p) => {
      const holds = items(chunk, 1 + p)
      let numHits = 0
      for (let i = 0; i < rowCount; i++) {
        hits[numHits] = i
        if (recordOfRow[firstRow + i]! >= 0) numHits += holds[i]!
      }
      for (const t of termsHere) {
        const column = columns[t]!
        column.reserve(numHits)
        const { value } = terms[t]!
        if (value === null) {
          for (let h = 0; h < numHits; h++) column.rows[column.length++] = firstRow + hits[h]!
          continue
        }
        const { numbers, isValid } = chunkValues[valueNumbers.get(value.sql)!]!
        for (let h = 0; h < numHits; h++) {
          const i = hits[h]!
          if (isValid && !isValid(i)) {
            numMissing[t]!++
            continue
          }
          const number = numbers[i]!
          if (!Number.isFinite(number)) throw notFinite(value, number, place(firstRow + i))
          if (number === 0) continue
          column.rows[column.length] = firstRow + i
          column.values![column.length++] = number
        }
      }
    })
  }
}

const notFinite = ({ path, sql }: Expression, number: number, place: string) =>
  new InputError('not_finite', {
    path,
    expected: 'finite numbers',
    received: `${number} from ${sql} at ${place}`,
  })

/** Row numbers of the file become record numbers; both ascend. */
function relabel(column: SparseColumn, { recordOfRow }: Rows): SparseColumn {
  for (let e = 0; e < column.length; e++) column.rows[e] = recordOfRow[column.rows[e]!]!
  return column
}

/** Adds up the rows of each record, in the file's order. `sums` is zero before and after. */
function addUp(column: SparseColumn, { recordOfRow, numRecords }: Rows, sums: Float64Array): SparseColumn {
  for (let e = 0; e < column.length; e++) {
    sums[recordOfRow[column.rows[e]!]!]! += column.values ? column.values[e]! : 1
  }
  let numNonzeros = 0
  for (let record = 0; record < numRecords; record++) if (sums[record] !== 0) numNonzeros++
  const summed = new SparseColumn(true, numNonzeros)
  for (let record = 0; record < numRecords; record++) {
    const sum = sums[record]!
    if (sum === 0) continue
    summed.rows[summed.length] = record
    summed.values![summed.length++] = sum
    sums[record] = 0
  }
  return summed
}

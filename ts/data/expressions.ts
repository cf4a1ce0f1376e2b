import { InputError } from '../errors.js'
import { type Database, databaseMessage, literal, RowOrderError } from './database.js'
import { isNumeric, type Table } from './table.js'

export type ExpressionKind = 'predicate' | 'value'

/** An SQL expression of a user, with the place that it came from. */
export interface Expression {
  sql: string
  kind: ExpressionKind
  /** `targets[3] (name).predicate` */
  path: string
}

const wanted: Record<ExpressionKind, string> = {
  predicate: 'a boolean SQL expression',
  value: 'a numeric SQL expression',
}

/** The expression as one column of a SELECT: a line of its own, as it may end in a comment. */
export const parenthesised = (sql: string) => `(\n${sql}\n)`

/** 1 where the predicate holds, 0 where it does not or is NULL. */
export const predicateColumn = ({ sql }: Expression) => `coalesce(${parenthesised(sql)}, false)::UTINYINT`

export const valueColumn = ({ sql }: Expression) => `${parenthesised(sql)}::DOUBLE`

const columnOf = (expression: Expression) =>
  expression.kind === 'predicate' ? predicateColumn(expression) : valueColumn(expression)

/**
 * Checks that each expression is one expression over the table's columns, of the right type, so that all of them can
 * stand in one SELECT. The first that is not is named.
 */
export async function checkExpressions(
  database: Database,
  table: Table,
  expressions: readonly Expression[],
): Promise<void> {
  for (const expression of expressions) await checkSyntax(database, expression)
  const together = await types(database, table, expressions).catch(() => null)
  if (together && together.length === expressions.length) {
    expressions.forEach((expression, i) => {
      checkType(expression, together[i]!)
    })
    return
  }
  for (const expression of expressions) {
    const alone = await types(database, table, [expression]).catch((cause) => {
      throw sqlError(expression, cause)
    })
    if (alone.length !== 1) {
      throw new InputError('sql', {
        ...placed(expression),
        received: `${alone.length} columns: ${expression.sql}`,
      })
    }
    checkType(expression, alone[0]!)
  }
}

/** After a scan of all expressions failed: throws the error of the first that fails by itself. */
export async function throwCulprit(
  database: Database,
  table: Table,
  expressions: readonly Expression[],
): Promise<void> {
  for (const expression of expressions) {
    try {
      const rows = await database.scan(
        `SELECT rowid::UINTEGER, ${columnOf(expression)} FROM ${table.sql}`,
        () => {},
      )
      if (rows !== table.numRows) throw new RowOrderError()
    } catch (cause) {
      throw sqlError(
        expression,
        cause instanceof RowOrderError ? new Error('not one value for each row') : cause,
      )
    }
  }
}

export function sqlError(expression: Expression, cause: unknown): InputError {
  return new InputError('sql', {
    ...placed(expression),
    received: `${expression.sql.trim() === '' ? 'nothing' : expression.sql} (${databaseMessage(cause)})`,
    cause,
  })
}

const placed = ({ path, kind }: Expression) => ({ path, expected: wanted[kind] })

interface ParsedStatement {
  node: Record<string, unknown> & { type: string; select_list?: Record<string, unknown>[] }
}

/**
 * DuckDB's own parser says whether the text is one expression: bare and in parentheses it must be the only item of the
 * only statement. `1) FROM t; DROP TABLE t; --` passes in neither form, `a) OR (b` and `a AS b` in one only.
 */
async function checkSyntax(database: Database, expression: Expression): Promise<void> {
  for (const text of [expression.sql, parenthesised(expression.sql)]) {
    const parsed = JSON.parse(
      String(await database.value(`SELECT json_serialize_sql(${literal(`SELECT ${text}\n`)})`)),
    ) as { error: true; error_message: string } | { error: false; statements: ParsedStatement[] }
    if (parsed.error) throw sqlError(expression, new Error(`Parser Error: ${parsed.error_message}`))
    if (!isOneExpression(parsed.statements)) {
      throw new InputError('sql', {
        ...placed(expression),
        received: `more than one expression: ${expression.sql}`,
      })
    }
  }
}

function isOneExpression(statements: ParsedStatement[]): boolean {
  const node = statements[0]?.node
  if (statements.length !== 1 || node?.type !== 'SELECT_NODE' || node.select_list?.length !== 1) return false
  const { type, select_list, from_table, aggregate_handling, cte_map, ...clauses } = node
  const isBare = (value: unknown) => value === null || (Array.isArray(value) && value.length === 0)
  return (from_table as { type: string }).type === 'EMPTY' && Object.values(clauses).every(isBare)
}

/** The row number beside the expressions makes an aggregate an error, as it must be. */
async function types(
  database: Database,
  table: Table,
  expressions: readonly Expression[],
): Promise<string[]> {
  const columns = expressions.map(({ sql }) => parenthesised(sql)).join(', ')
  return (await database.columnTypes(`SELECT rowid, ${columns} FROM ${table.sql}`)).slice(1)
}

function checkType(expression: Expression, type: string): void {
  if (type === 'BOOLEAN' || (expression.kind === 'value' && isNumeric(type))) return
  throw new InputError('sql', { ...placed(expression), received: `${expression.sql}, which is ${type}` })
}

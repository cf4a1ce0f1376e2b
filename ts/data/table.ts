import { InputError } from '../errors.js'
import { type Database, databaseMessage, identifier, list, literal, texts } from './database.js'
import { escapeGlob, type FileFormat } from './files.js'

export interface Column {
  name: string
  type: string
}

/** A table loaded from files. Row numbers count from 0 over all its files. */
export interface Table {
  /** Quoted name for use in SQL. */
  sql: string
  name: string
  columns: Column[]
  numRows: number
  /** The columns asked for as text, by their name: each value as it is written in the file, null where missing. */
  text: Map<string, (string | null)[]>
}

export interface TableSource {
  /** What messages call the table, an option's name for instance. */
  path: string
  name: string
  schema?: string
  files: string[]
  format: FileFormat
  /** Texts that mean "missing" in CSV, beside the empty field. */
  nullMarkers?: readonly string[]
  /** Columns whose text as written is wanted: ids, keys, areas. */
  textColumns?: readonly string[] | ((header: readonly Column[]) => readonly string[])
  /** Text columns that the table has not are left out. */
  optionalText?: boolean
}

export const isNumeric = (type: string) =>
  /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\))$/.test(type)

/** A column as doubles, NULL where it is no number; a number is not sent through its text, which could round it. */
export function toDouble(column: Column): string {
  const name = identifier(column.name)
  return isNumeric(column.type) ? `CAST(${name} AS DOUBLE)` : `TRY_CAST(CAST(${name} AS VARCHAR) AS DOUBLE)`
}

/** Loads files into a table, in the order of the files and of their rows. */
export async function loadTable(database: Database, source: TableSource): Promise<Table> {
  const { path, files, format } = source
  const schema = source.schema ?? 'main'
  const sql = `${identifier(schema)}.${identifier(source.name)}`
  try {
    const header = await columnsOf(database, `SELECT * FROM ${reader(source)}`)
    if (format === 'csv') await checkSeparated(database, source, header)
    const asked = source.textColumns ?? []
    const named = (typeof asked === 'function' ? asked(header) : asked).filter(
      (name) => !source.optionalText || lookUp(header, name),
    )
    const wanted = [...new Set(named.map((name) => findColumn(header, name, path).name))]
    await database.run(`CREATE TABLE ${sql} AS SELECT * FROM ${reader(source, wanted)}`)
    const numRows = Number(await database.value(`SELECT count(*) FROM ${sql}`))
    if (numRows > 0xffff_fffe) {
      throw new InputError('too_large', {
        path,
        expected: 'fewer than 2^32 rows',
        received: `${numRows} rows`,
      })
    }
    const loaded = await columnsOf(database, `SELECT * FROM ${sql}`)
    if (loaded.some((column) => column.name.toLowerCase() === 'rowid')) {
      throw new InputError('format', {
        path,
        expected: 'a table without a column named rowid',
        received: 'such a column',
      })
    }
    const text = await readText(database, sql, loaded, wanted)
    if (format === 'csv') {
      for (const name of wanted) await restoreType(database, sql, name)
    }
    const columns = await columnsOf(database, `SELECT * FROM ${sql}`)
    return { sql, name: source.name, columns, numRows, text }
  } catch (cause) {
    if (cause instanceof InputError) throw cause
    throw new InputError('file', {
      path,
      expected: `a readable ${format === 'json' ? 'JSON' : format === 'csv' ? 'CSV' : 'Parquet'} file`,
      received: `${files.join(', ')} (${databaseMessage(cause)})`,
      cause,
    })
  }
}

/** Holds what is no table of the user's, so that it takes no name from one. */
export const internalSchema = 'equipoise'

/** The column of that name; as in SQL the case of letters matters only between columns that differ in nothing else. */
export function findColumn(columns: readonly Column[], name: string, path: string): Column {
  const found = lookUp(columns, name)
  if (found) return found
  throw new InputError('unknown_column', {
    path,
    expected: `one of the columns ${columns.map((column) => column.name).join(', ')}`,
    received: name,
  })
}

export function lookUp(columns: readonly Column[], name: string): Column | undefined {
  return (
    columns.find((column) => column.name === name) ??
    columns.find((column) => column.name.toLowerCase() === name.toLowerCase())
  )
}

async function columnsOf(database: Database, select: string): Promise<Column[]> {
  const rows = await database.rows(`DESCRIBE ${select}`)
  return rows.map((row) => ({ name: String(row.column_name), type: String(row.column_type) }))
}

/** Without text columns: a quick look at the header alone. */
function reader({ files, format, nullMarkers = [] }: TableSource, textColumns?: readonly string[]): string {
  const names = list(files.map(escapeGlob))
  if (format === 'parquet') return `read_parquet(${names})`
  if (format === 'json') return `read_json(${names}, sample_size = -1, maximum_sample_files = 2147483647)`
  const types = textColumns?.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ') ?? ''
  return `read_csv(${[
    names,
    'header = true',
    // The types come from every row of every file: from a sample, a later 1.5 in a column of integers would be read as 2.
    textColumns ? 'sample_size = -1, files_to_sniff = -1' : 'all_varchar = true',
    // RFC 4180, and nothing that DuckDB's detection would otherwise skip without a word.
    `skip = 0, quote = '"', escape = '"', comment = '', strict_mode = true, null_padding = false, ignore_errors = false`,
    `nullstr = ${list(['', ...nullMarkers])}`,
    ...(types === '' ? [] : [`types = {${types}}`]),
  ].join(', ')})`
}

/** The texts of columns; a number from a typed file is written in plain digits. */
async function readText(
  database: Database,
  sql: string,
  columns: Column[],
  names: string[],
): Promise<Map<string, (string | null)[]>> {
  const text = new Map(names.map((name) => [name, [] as (string | null)[]]))
  if (names.length === 0) return text
  const selected = names.map((name) => asText(findColumn(columns, name, sql)))
  await database.scan(`SELECT rowid::UINTEGER, ${selected.join(', ')} FROM ${sql}`, (chunk) => {
    names.forEach((name, j) => {
      const column = text.get(name)!
      for (const value of texts(chunk, 1 + j)) column.push(value)
    })
  })
  return text
}

function asText({ name, type }: Column): string {
  const column = identifier(name)
  if (type !== 'DOUBLE' && type !== 'FLOAT') return `CAST(${column} AS VARCHAR)`
  // Ids that went through a table with missing values are often doubles: 206, not 206.0.
  return `CASE WHEN ${column} = trunc(${column}) AND abs(${column}) < 9007199254740992
    THEN CAST(CAST(${column} AS BIGINT) AS VARCHAR) ELSE CAST(${column} AS VARCHAR) END`
}

/**
 * If rows differ in length, DuckDB takes whole lines for the values of one column. Reading the file with the separator that
 * its header has makes DuckDB say which row it is.
 */
async function checkSeparated(
  database: Database,
  { files }: TableSource,
  header: readonly Column[],
): Promise<void> {
  const [only] = header
  const [separator] = header.length === 1 ? (/[,;\t|]/.exec(only!.name) ?? []) : []
  if (separator === undefined) return
  const columns = only!.name.split(separator).map((_, i) => `'column${i}': 'VARCHAR'`)
  await database.run(
    `SELECT count(*) FROM read_csv(${list(files.map(escapeGlob))}, auto_detect = false, header = true,
       delim = ${literal(separator)}, quote = '"', escape = '"', columns = {${columns.join(', ')}})`,
  )
}

/** Gives a column that was read as text the type it would have had, if every value is written as that type writes it. */
async function restoreType(database: Database, sql: string, name: string): Promise<void> {
  const column = identifier(name)
  for (const type of ['BIGINT', 'DOUBLE']) {
    const others = await database.value(
      `SELECT count(*) FROM ${sql} WHERE ${column} IS NOT NULL
       AND CAST(TRY_CAST(${column} AS ${type}) AS VARCHAR) IS DISTINCT FROM ${column}`,
    )
    if (Number(others) === 0) {
      await database.run(`ALTER TABLE ${sql} ALTER ${column} TYPE ${type}`)
      return
    }
  }
}

import { type Database, databaseMessage, literal } from '../data/database.js'
import { escapeGlob } from '../data/files.js'
import { InputError } from '../errors.js'

/** A small CSV file as it is written: every cell a text, null where it is empty. */
export interface Grid {
  header: string[]
  rows: (string | null)[][]
}

/** Reads a CSV file whose columns are named by its first line; two columns of one name are an error. */
export async function readGrid(database: Database, file: string, path: string): Promise<Grid> {
  // Read without a header: DuckDB would rename the second of two columns of one name without a word.
  const reader = `read_csv(${literal(escapeGlob(file))}, header = false, all_varchar = true, skip = 0, quote = '"',
    escape = '"', comment = '', strict_mode = true, null_padding = false, ignore_errors = false)`
  const lines = await database.rows(`SELECT * FROM ${reader}`).catch((cause) => {
    const received = `${file} (${databaseMessage(cause)})`
    throw new InputError('file', { path, expected: 'a readable CSV file', received, cause })
  })
  const [first, ...rows] = lines.map((line) => Object.values(line) as (string | null)[])
  if (first === undefined || rows.length === 0) {
    throw new InputError('empty', {
      path,
      expected: 'a header and at least one row',
      received: `${lines.length} lines in ${file}`,
    })
  }
  const header = first.map((name) => name ?? '')
  const repeated = header.find((name, j) => name !== '' && header.indexOf(name) !== j)
  if (repeated !== undefined) {
    throw new InputError('not_unique', {
      path,
      expected: 'columns of different names',
      received: `two columns ${repeated} in ${file}`,
    })
  }
  return { header, rows }
}

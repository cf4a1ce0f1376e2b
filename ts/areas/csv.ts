import { basename } from 'node:path'
import { Database } from '../data/database.js'
import { expand } from '../data/files.js'
import { InputError } from '../errors.js'
import { readGrid } from './grid.js'

/** Columns of numbers; the other columns hold text. */
const numeric = new Set(['weightScale', 'lower', 'upper', 'cap', 'band'])
const columns = ['key', 'weightScale', 'where', 'band', 'drop', 'lower', 'upper', 'cap']
const totalPrefix = 'total:'

/**
 * Reads a CSV file with a row per area as the document that YAML would state: columns `key`, `weightScale`, `where`, `band`, `drop`
 * (patterns separated by semicolons), `lower`, `upper`, `cap`, and `total:NAME` for the total of a target. An empty cell says
 * nothing.
 */
export async function readAreasCsv(path: string): Promise<unknown> {
  const database = await Database.open()
  try {
    const [file] = await expand(database, [path], '--areas')
    const { header, rows } = await readGrid(database, file!, '--areas')
    header.forEach((name) => {
      if (columns.includes(name) || name.startsWith(totalPrefix)) return
      throw new InputError('unknown_option', {
        path: `${basename(path)}: ${name}`,
        expected: `one of the columns ${columns.join(', ')}, ${totalPrefix}NAME`,
        received: JSON.stringify(name),
      })
    })
    return { areas: rows.map((cells) => area(header, cells)) }
  } finally {
    await database.close()
  }
}

function area(header: readonly string[], cells: readonly (string | null)[]): Record<string, unknown> {
  const entries = header.flatMap((name, j) => (cells[j] === null ? [] : [[name, cells[j]!] as const]))
  const totals = entries.filter(([name]) => name.startsWith(totalPrefix))
  const { lower, upper, drop, ...fields } = Object.fromEntries(
    entries
      .filter(([name]) => !name.startsWith(totalPrefix))
      .map(([name, text]) => [name, numeric.has(name) ? numberOrText(text) : text]),
  )
  return {
    ...fields,
    ...(drop === undefined ? {} : { drop: patterns(String(drop)) }),
    ...(lower === undefined && upper === undefined ? {} : { bounds: [lower ?? null, upper ?? null] }),
    ...(totals.length === 0
      ? {}
      : {
          targets: totals.map(([name, text]) => ({
            name: name.slice(totalPrefix.length),
            total: numberOrText(text),
          })),
        }),
  }
}

/** What is no number stays as it is: the schema says what may stand there. */
const numberOrText = (text: string): number | string =>
  text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text

const patterns = (text: string): string[] =>
  text
    .split(';')
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '')

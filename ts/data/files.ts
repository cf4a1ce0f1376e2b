import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { InputError } from '../errors.js'
import { type Database, literal } from './database.js'

export type FileFormat = 'csv' | 'parquet' | 'json'

/** What a certificate says of a file that was read. */
export interface InputFile {
  role: 'records' | 'child' | 'targets' | 'matrix'
  /** The name that targets call the table by. */
  table?: string
  /** Base name. */
  file: string
  bytes: number
  sha256: string
}

const extensions: readonly [FileFormat, RegExp][] = [
  ['csv', /\.(csv|tsv|txt)(\.gz|\.zst)?$/i],
  ['parquet', /\.(parquet|pq)$/i],
  ['json', /\.(json|jsonl|ndjson)(\.gz|\.zst)?$/i],
]

export function formatOf(file: string, path: string): FileFormat {
  const known = extensions.find(([, pattern]) => pattern.test(file))
  if (known) return known[0]
  throw new InputError('format', {
    path,
    expected:
      'a file ending in .csv, .tsv, .txt, .parquet, .json, .jsonl or .ndjson (text also with .gz or .zst)',
    received: file,
  })
}

/** The name of a file without its folder and its extensions: `a/persons.csv.gz` is `persons`. */
export function stem(file: string): string {
  const name = basename(file)
  const known = extensions.find(([, pattern]) => pattern.test(name))
  return known ? name.replace(known[1], '') : name
}

/**
 * The files that names or globs stand for; those of a glob in the order of their code units, whatever the platform's
 * own order is.
 */
export async function expand(
  database: Database,
  patterns: readonly string[],
  path: string,
): Promise<string[]> {
  const files: string[] = []
  for (const pattern of patterns) files.push(...(await expandOne(database, pattern, path)))
  return files
}

async function expandOne(database: Database, pattern: string, path: string): Promise<string[]> {
  if (await isFile(pattern)) return [pattern]
  if (/[*?[]/.test(pattern)) {
    const found = await database.rows(`SELECT file FROM glob(${literal(pattern)})`)
    if (found.length > 0) return found.map((row) => String(row.file)).sort(byCodeUnit)
  }
  throw new InputError('file', {
    path,
    expected: 'a readable file',
    received: `${pattern}, which does not exist`,
  })
}

/** A file's name as DuckDB must be given it: the name itself, never a pattern. */
export const escapeGlob = (file: string): string => file.replace(/[*?[]/g, '[$&]')

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile()
  } catch {
    return false
  }
}

const byCodeUnit = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

export async function describeFile(
  { role, table }: Pick<InputFile, 'role' | 'table'>,
  file: string,
  path: string,
): Promise<InputFile> {
  const hash = createHash('sha256')
  let bytes = 0
  try {
    for await (const part of createReadStream(resolve(file), { highWaterMark: 1 << 20 })) {
      hash.update(part as Buffer)
      bytes += (part as Buffer).length
    }
  } catch (cause) {
    throw new InputError('file', {
      path,
      expected: 'a readable file',
      received: `${file} (${cause instanceof Error ? cause.message : String(cause)})`,
      cause,
    })
  }
  const name = table === undefined ? {} : { table }
  return { role, ...name, file: basename(file), bytes, sha256: hash.digest('hex') }
}

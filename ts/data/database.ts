import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance, DuckDBVector } from '@duckdb/node-api'
import { EquipoiseError, InternalError } from '../errors.js'
import type { ChunkedOptions } from '../reweight/chunks-types.js'

export type Chunk = DuckDBDataChunk
export type Row = Record<string, unknown>

export interface DatabaseOptions {
  threads?: number | undefined
  storage?: ChunkedOptions['storage'] | undefined
}

/** A private DuckDB database in memory. */
export class Database {
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection
  readonly #spill: string

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, spill: string) {
    this.#instance = instance
    this.#connection = connection
    this.#spill = spill
  }

  /** With a folder as storage, memory is for others: tables beyond a gibibyte go to that folder. */
  static async open({ threads, storage }: DatabaseOptions = {}): Promise<Database> {
    const { DuckDBInstance } = await loadDuckDB()
    const folder = typeof storage === 'object' ? storage.folder : null
    const spill = join(folder ?? tmpdir(), `equipoise-${randomUUID()}`)
    const instance = await DuckDBInstance.create(':memory:', {
      ...(threads === undefined ? {} : { threads: String(threads) }),
      ...(folder === null ? {} : { memory_limit: '1GiB' }),
      // Nothing is fetched from the network; what does not fit in memory goes to a temporary folder.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      temp_directory: spill,
    })
    return new Database(instance, await instance.connect(), spill)
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql)
  }

  async rows(sql: string): Promise<Row[]> {
    const reader = await this.#connection.runAndReadAll(sql)
    return reader.getRowObjectsJS() as Row[]
  }

  async value(sql: string): Promise<unknown> {
    const [row] = await this.rows(sql)
    return row === undefined ? undefined : Object.values(row)[0]
  }

  /** The types of a query's columns; the query is planned, not run. */
  async columnTypes(sql: string): Promise<string[]> {
    const statement = await this.#connection.prepare(sql)
    try {
      return Array.from({ length: statement.columnCount }, (_, column) =>
        String(statement.columnType(column)),
      )
    } finally {
      statement.destroySync()
    }
  }

  /**
   * Streams a query whose first column is the row number of `table`. DuckDB keeps the order of insertion, but a result
   * in another order would give another matrix without a sign of it: so it is checked.
   */
  async scan(
    sql: string,
    onChunk: (chunk: Chunk, firstRow: number, rowCount: number) => void,
  ): Promise<number> {
    const result = await this.#connection.stream(sql)
    let row = 0
    for (;;) {
      const chunk = await result.fetchChunk()
      if (!chunk || chunk.rowCount === 0) return row
      const numbers = items(chunk, 0) as Uint32Array
      for (let i = 0; i < chunk.rowCount; i++) {
        if (numbers[i] !== row + i) throw new RowOrderError()
      }
      onChunk(chunk, row, chunk.rowCount)
      row += chunk.rowCount
    }
  }

  /** From here on no statement can read or write a file, nor change this setting back. */
  async lock(): Promise<void> {
    await this.run('SET enable_external_access = false')
    await this.run('SET lock_configuration = true')
  }

  async close(): Promise<void> {
    this.#connection.closeSync()
    this.#instance.closeSync()
    await rm(this.#spill, { recursive: true, force: true })
  }
}

/** The rows of a scan did not come one by one in the order of the file. */
export class RowOrderError extends InternalError {
  constructor() {
    super('a scan did not return each row once and in the order of the file')
  }
}

async function loadDuckDB(): Promise<typeof import('@duckdb/node-api')> {
  try {
    return await import('@duckdb/node-api')
  } catch (cause) {
    throw new EquipoiseError(
      'missing_package',
      'reading tables needs the package @duckdb/node-api, which is not installed or does not run on this platform: npm install @duckdb/node-api',
      { cause },
    )
  }
}

/** The numbers of a column; what stands at a NULL is arbitrary (see `isValid`). */
export function items(chunk: Chunk, column: number): ArrayLike<number> {
  const vector = chunk.getColumnVector(column) as DuckDBVector & { items?: ArrayLike<number> }
  if (vector.items === undefined) throw new InternalError(`column ${column} of a scan holds no numbers`)
  return vector.items
}

/** Tells which rows of a column are not NULL; null if all are. */
export function validity(chunk: Chunk, column: number): ((row: number) => boolean) | null {
  const { validity } = chunk.getColumnVector(column) as DuckDBVector & {
    validity: { data: BigUint64Array | null; itemValid(row: number): boolean }
  }
  return validity.data === null ? null : (row) => validity.itemValid(row)
}

export function texts(chunk: Chunk, column: number): (string | null)[] {
  const vector = chunk.getColumnVector(column)
  return Array.from({ length: vector.itemCount }, (_, row) => vector.getItem(row) as string | null)
}

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

export const list = (values: readonly string[]): string => `[${values.map(literal).join(', ')}]`

/**
 * DuckDB's message on one line, without the excerpt of the statement, which the user did not write, and without advice on
 * options that the user does not have.
 */
export function databaseMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const [message = ''] = text.split(/\n\s*\nLINE \d+:|\nPossible (?:fixes|Solution)/)
  return message.trim().replace(/\s*\n\s*/g, ' ')
}

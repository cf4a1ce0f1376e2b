import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { AreaOutcome } from '../areas/outcome.js'
import { createFolder, Outputs, writeText } from './outputs.js'

const recordSchema = 'equipoise/area/1'
const recordFile = 'area.json'
/** What an area may leave: what a new result has no more is removed. */
const areaFiles = ['weights.csv', 'weights.parquet', 'certificate.json', 'report.html'] as const
/** The files of the whole batch. */
const batchFiles = ['exhaustion.csv', 'index.html', 'summary.json'] as const

/** What stands beside an area's files when all of them are complete: made from what, and with which bytes. */
export interface AreaRecord {
  schema: typeof recordSchema
  key: string
  /** SHA-256 of everything that decides the answer. */
  inputs: string
  /** SHA-256 of each file, by name. */
  files: Record<string, string>
  outcome: AreaOutcome
}

export type AreaFile = (typeof areaFiles)[number]

/** Writes a file under the name that it is given. */
export type Writer = (temporary: string) => Promise<void>

/**
 * A folder with the results of areas, one folder each. An area counts as done if its record, which is written last, names the
 * inputs asked for, and its files have the bytes that the record names: whatever moment a run was killed at.
 */
export class AreaStore {
  readonly #folder: string
  readonly #open = new Set<Outputs>()

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Makes the folder if need be; none of its files may be one of the `inputs`. */
  static async open(folder: string, inputs: readonly string[]): Promise<AreaStore> {
    await createFolder('--out', join(folder, 'areas'))
    const files = batchFiles.map((file) => [join(folder, file), join(folder, file)])
    await Outputs.prepare(Object.fromEntries(files), inputs)
    return new AreaStore(folder)
  }

  path(...names: string[]): string {
    return join(this.#folder, ...names)
  }

  /** The folder of an area, relative to the whole one and with slashes: a part of a link. */
  folderOf(key: string): string {
    return `areas/${folderName(key)}`
  }

  /**
   * What is known of an area that was done with these inputs and has the files that its outcome asks for; null if it must be
   * done (again).
   */
  async done(
    key: string,
    inputs: string,
    filesOf: (outcome: AreaOutcome) => readonly string[],
  ): Promise<AreaOutcome | null> {
    const record = await this.#record(key)
    if (record?.schema !== recordSchema || record.key !== key || record.inputs !== inputs) return null
    for (const file of filesOf(record.outcome)) {
      const hash = record.files[file]
      if (hash === undefined || hash !== (await hashOf(this.path(this.folderOf(key), file)))) return null
    }
    return record.outcome
  }

  /** Replaces the files of an area, which is not done before its record is `sealed`. */
  async save(
    outcome: AreaOutcome,
    inputs: string,
    writers: Readonly<Partial<Record<AreaFile, Writer>>>,
  ): Promise<AreaRecord> {
    const folder = this.folderOf(outcome.key)
    await mkdir(this.path(folder), { recursive: true })
    await this.#clear(
      folder,
      areaFiles.filter((name) => !(name in writers)),
    )
    const files: AreaRecord['files'] = {}
    await this.#write(
      (Object.entries(writers) as [AreaFile, Writer][]).map(([name, write]) => [
        this.path(folder, name),
        async (temporary) => {
          await write(temporary)
          files[name] = (await hashOf(temporary))!
        },
      ]),
    )
    return { schema: recordSchema, key: outcome.key, inputs, files, outcome }
  }

  /** Declares an area done. */
  async seal(record: AreaRecord): Promise<void> {
    const text = `${JSON.stringify(record)}\n`
    await this.#write([
      [this.path(this.folderOf(record.key), recordFile), (temporary) => writeText(temporary, [text])],
    ])
  }

  /** Writes files of the whole batch, which appear together. */
  async write(files: Readonly<Record<(typeof batchFiles)[number], Writer>>): Promise<void> {
    await this.#clear('.', [])
    await this.#write(Object.entries(files).map(([name, write]) => [this.path(name), write]))
  }

  /** Removes what has no name yet. */
  discard(): void {
    for (const outputs of this.#open) outputs.discard()
  }

  async #write(files: readonly (readonly [path: string, write: Writer])[]): Promise<void> {
    const outputs = new Outputs()
    this.#open.add(outputs)
    try {
      for (const [path, write] of files) await outputs.add(path, write)
      await outputs.commit()
    } finally {
      outputs.discard()
      this.#open.delete(outputs)
    }
  }

  /** Removes the files of an area that has no answer (any more). */
  async remove(key: string): Promise<void> {
    await this.#clear(this.folderOf(key), areaFiles)
  }

  /** Removes these files, the record and what a killed run left. */
  async #clear(folder: string, files: readonly string[]): Promise<void> {
    const names = await readdir(this.path(folder)).catch(() => [])
    const old = names.filter(
      (name) => /^\..*\.tmp(\.csv)?$/.test(name) || name === recordFile || files.includes(name),
    )
    for (const name of old) await rm(this.path(folder, name), { force: true })
  }

  async #record(key: string): Promise<AreaRecord | null> {
    try {
      return JSON.parse(await readFile(this.path(this.folderOf(key), recordFile), 'utf8')) as AreaRecord
    } catch {
      return null
    }
  }
}

/** A name that every file system takes: what may be trouble is written as its code, and a long name is cut. */
function folderName(key: string): string {
  const isPlain =
    /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/.test(key) && !/^(con|prn|aux|nul|com\d|lpt\d)$/i.test(key)
  if (isPlain) return key
  const readable = key.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 40)
  return `${readable}~${createHash('sha256').update(key).digest('hex').slice(0, 12)}`
}

/** SHA-256 of a file; null if it cannot be read. */
async function hashOf(file: string): Promise<string | null> {
  const hash = createHash('sha256')
  try {
    for await (const part of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(part as Buffer)
  } catch {
    return null
  }
  return hash.digest('hex')
}

/** SHA-256 of a value by its JSON text. */
export const hashOfJson = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex')

import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { access, constants, mkdir, open, realpath, rename, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { InputError } from '../errors.js'

interface Output {
  temporary: string
  path: string
}

/**
 * Files that appear together or not at all: each is written beside its place under another name and forced to the
 * disk; only when all are there are they renamed.
 */
export class Outputs {
  readonly #pending: Output[] = []

  /**
   * Refuses now what could not be written at the end, and what would replace an input: `paths` by the option that names
   * them.
   */
  static async prepare(
    paths: Record<string, string | undefined>,
    inputs: readonly string[] = [],
  ): Promise<Outputs> {
    const options = new Map<string, string>()
    for (const input of inputs) options.set(await target(input), 'an input')
    for (const [option, path] of Object.entries(paths)) {
      if (path === undefined) continue
      await checkPlace(option, path)
      const place = await target(path)
      const other = options.get(place)
      if (other) {
        throw new InputError('not_unique', {
          path: option,
          expected: 'a file of its own',
          received: `that of ${other}`,
        })
      }
      options.set(place, option)
    }
    return new Outputs()
  }

  /** Writes a file under its temporary name, which `write` is given. */
  async add(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
    const place = await target(path)
    const temporary = join(dirname(place), `.${basename(place)}.${randomUUID()}.tmp`)
    this.#pending.push({ temporary, path: place })
    await write(temporary)
    const file = await open(temporary, 'r+')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
  }

  /** Gives all files their names. */
  async commit(): Promise<void> {
    const folders = new Set<string>()
    for (let output = this.#pending[0]; output; output = this.#pending[0]) {
      await rename(output.temporary, output.path)
      this.#pending.shift()
      folders.add(dirname(output.path))
    }
    for (const folder of folders) await syncFolder(folder)
  }

  /** Removes what has no name yet. */
  discard(): void {
    for (const { temporary } of this.#pending.splice(0)) rmSync(temporary, { force: true })
  }
}

/** Creates a folder for outputs. */
export async function createFolder(option: string, path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
  } catch (cause) {
    throw new InputError('file', {
      path: option,
      expected: 'a folder that can be written',
      received: path,
      cause,
    })
  }
}

/** Writes text parts one after the other. */
export async function writeText(path: string, parts: Iterable<string>): Promise<void> {
  const file = await open(path, 'wx')
  try {
    for (const part of parts) await file.appendFile(part)
  } finally {
    await file.close()
  }
}

async function checkPlace(option: string, path: string): Promise<void> {
  const expected = 'a file in a folder that can be written'
  try {
    await access(dirname(resolve(path)), constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new InputError('file', { path: option, expected, received: path, cause })
  }
  const existing = await stat(path).catch(() => null)
  if (existing && !existing.isFile()) {
    throw new InputError('file', { path: option, expected, received: `${path}, which is no file` })
  }
}

/** Where a path leads: a link stays, the file behind it is replaced. */
async function target(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path))
}

/** Makes the renaming itself durable, where the platform lets a folder be opened. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null)
  try {
    await handle?.sync().catch(() => {})
  } finally {
    await handle?.close()
  }
}

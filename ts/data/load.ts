import { InputError } from '../errors.js'
import type { Database } from './database.js'
import { describeFile, expand, type FileFormat, formatOf, type InputFile, stem } from './files.js'
import type { ChildSource, ProblemSource } from './problem.js'
import { internalSchema, loadTable, type Table } from './table.js'
import { loadTargets } from './targets.js'

export interface LoadedTables {
  records: Table
  children: { table: Table; source: ChildSource }[]
  targets: Table
  matrix: Table | null
  /** The hashes, made while the database works. */
  files: Promise<InputFile[]>
}

interface Located {
  /** The option that named the files. */
  path: string
  role: InputFile['role']
  /** Name of the table; null for what targets do not name. */
  name: string | null
  files: string[]
}

/** Loads every file of a problem. Nothing that the user wrote as SQL is run here. */
export async function load(database: Database, source: ProblemSource): Promise<LoadedTables> {
  const { nullMarkers = [], children = [] } = source
  const located = await locate(database, source)
  checkNames([located.records, ...located.children])
  const places = [located.records, ...located.children, located.targets, located.matrix]
  const files = describe(places.filter((place) => place !== null))

  await database.run(`CREATE SCHEMA ${internalSchema}`)
  const open = (place: Located, textColumns: string[]) => {
    const { path, name } = place
    return loadTable(database, { path, name: name!, ...formatted(place), nullMarkers, textColumns })
  }
  const keys = [
    source.id,
    source.areaColumn,
    source.columns?.cluster,
    source.columns?.cell,
    ...children.map((child) => child.recordKey),
  ]
  const records = await open(
    located.records,
    keys.filter((key) => key !== undefined),
  )
  const childTables: LoadedTables['children'] = []
  for (const [i, child] of children.entries()) {
    childTables.push({ source: child, table: await open(located.children[i]!, [child.childKey]) })
  }
  const targets = formatted(located.targets)
  return {
    records,
    children: childTables,
    targets: await loadTargets(database, targets.files, targets.format),
    matrix: located.matrix && (await loadMatrix(database, located.matrix, source.matrix!.index === 'id')),
    files,
  }
}

async function locate(database: Database, { records, children = [], targets, matrix }: ProblemSource) {
  const table = async (
    path: string,
    role: InputFile['role'],
    { name, files }: NamedFiles,
  ): Promise<Located> => {
    const found = await expand(database, files, path)
    return { path, role, files: found, name: name ?? stem(found[0] ?? '') }
  }
  const unnamed = async (
    path: string,
    role: InputFile['role'],
    files: readonly string[],
  ): Promise<Located> => ({
    ...(await table(path, role, { files })),
    name: null,
  })
  const childTables: Located[] = []
  for (const child of children) childTables.push(await table('--child', 'child', child))
  return {
    records: await table('--records', 'records', records),
    children: childTables,
    targets: await unnamed('--targets', 'targets', targets),
    matrix: matrix ? await unnamed('--matrix', 'matrix', matrix.files) : null,
  }
}

interface NamedFiles {
  name?: string | undefined
  files: readonly string[]
}

function checkNames(tables: readonly Located[]): void {
  const names = new Set<string>()
  for (const { path, name } of tables) {
    const key = name!.toLowerCase()
    if (names.has(key)) {
      throw new InputError('not_unique', { path, expected: 'a table name of its own', received: name! })
    }
    names.add(key)
  }
}

function loadMatrix(database: Database, place: Located, hasIds: boolean): Promise<Table> {
  const textColumns = hasIds ? ['record', 'target'] : ['target']
  return loadTable(database, {
    path: place.path,
    name: 'matrix',
    schema: internalSchema,
    ...formatted(place),
    textColumns,
  })
}

function formatted({ path, files }: Located): { files: string[]; format: FileFormat } {
  const [format, ...others] = new Set(files.map((file) => formatOf(file, path)))
  if (format !== undefined && others.length === 0) return { files, format }
  throw new InputError('format', { path, expected: 'files of one format', received: files.join(', ') })
}

/** Hashes the files, each in its turn: the disk is the limit. */
function describe(places: readonly Located[]): Promise<InputFile[]> {
  const hash = async () => {
    const described: InputFile[] = []
    for (const { role, name, files, path } of places) {
      for (const file of files)
        described.push(await describeFile(name === null ? { role } : { role, table: name }, file, path))
    }
    return described
  }
  const files = hash()
  // A fault elsewhere may be reported first: this one must not count as unhandled then.
  files.catch(() => {})
  return files
}

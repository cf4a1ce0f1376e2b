import { InputError } from '../errors.js'
import type { Database } from './database.js'
import { describeFile, expand, formatOf, type InputFile, stem } from './files.js'
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
  /** The option that named the file. */
  path: string
  role: string
  files: string[]
}

/** Loads every file of a problem. Nothing that the user wrote as SQL is run here. */
export async function load(database: Database, source: ProblemSource): Promise<LoadedTables> {
  const { nullMarkers = [], children = [] } = source
  const locate = async (path: string, role: string, file: string): Promise<Located> => ({
    path,
    role,
    files: await expand(database, file, path),
  })
  const located = {
    records: await locate('--records', 'records', source.records.file),
    children: [] as Located[],
    targets: await locate('--targets', 'targets', source.targets),
    matrix: source.matrix ? await locate('--matrix', 'matrix', source.matrix.file) : null,
  }
  for (const child of children) located.children.push(await locate('--child', 'child', child.file))
  const files = describe([
    located.records,
    ...located.children,
    located.targets,
    ...(located.matrix ? [located.matrix] : []),
  ])

  const names = new Set<string>()
  const open = (place: Located, name: string | undefined, textColumns: string[]) => {
    const tableName = name ?? stem(place.files[0]!)
    if (names.has(tableName.toLowerCase())) {
      throw new InputError('not_unique', {
        path: place.path,
        expected: 'a table name of its own',
        received: tableName,
      })
    }
    names.add(tableName.toLowerCase())
    return loadTable(database, { ...place, ...oneFormat(place), name: tableName, nullMarkers, textColumns })
  }
  await database.run(`CREATE SCHEMA ${internalSchema}`)
  const keys = [source.id, source.areaColumn, ...children.map((child) => child.recordKey)]
  return {
    records: await open(
      located.records,
      source.records.name,
      keys.filter((key) => key !== undefined),
    ),
    children: await inTurn(children, async (child, i) => ({
      source: child,
      table: await open(located.children[i]!, child.name, [child.childKey]),
    })),
    targets: await loadTargets(database, located.targets.files, oneFormat(located.targets).format),
    matrix: located.matrix && (await loadMatrix(database, located.matrix, source.matrix!.index === 'id')),
    files,
  }
}

async function inTurn<T, U>(
  values: readonly T[],
  make: (value: T, index: number) => Promise<U>,
): Promise<U[]> {
  const made: U[] = []
  for (const [i, value] of values.entries()) made.push(await make(value, i))
  return made
}

function loadMatrix(database: Database, place: Located, hasIds: boolean): Promise<Table> {
  const textColumns = hasIds ? ['record', 'target'] : ['target']
  return loadTable(database, {
    ...place,
    ...oneFormat(place),
    name: 'matrix',
    schema: internalSchema,
    textColumns,
  })
}

function oneFormat({ path, files }: Located) {
  const [format, ...others] = new Set(files.map((file) => formatOf(file, path)))
  if (others.length === 0) return { format: format! }
  throw new InputError('format', { path, expected: 'files of one format', received: files.join(', ') })
}

function describe(located: readonly Located[]): Promise<InputFile[]> {
  const all = located.flatMap(({ role, files, path }) => files.map((file) => describeFile(role, file, path)))
  const files = Promise.all(all)
  // A fault elsewhere may be reported first: this one must not count as unhandled then.
  files.catch(() => {})
  return files
}

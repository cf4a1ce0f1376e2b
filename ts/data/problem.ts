import { InputError } from '../errors.js'
import type { ChunkedOptions } from '../reweight/chunks-types.js'
import { MatrixBuilder, type StoredMatrix } from '../reweight/stored-matrix.js'
import { Database } from './database.js'
import type { InputFile } from './files.js'
import { type LoadedTables, load } from './load.js'
import { type CscMatrix, emptyColumns, type TriplesMatrix, withoutEmptyColumns } from './matrix.js'
import { groupsOf, type Records, readRecordNumbers, readRecords, uniqueRows } from './records.js'
import { findColumn } from './table.js'
import { chooseTargets, scanTargets } from './target-columns.js'
import { readTargetNumbers, readTargets, type Target, targetLabel } from './targets.js'
import { type MatrixIndex, readTriples } from './triples.js'

export interface ChildSource {
  /** The table's name in targets; the file's stem if left out. */
  name?: string | undefined
  /** Files or globs. */
  files: readonly string[]
  /** The column that names the record of a row. */
  childKey: string
  /** The records' column with that key; the id column if left out. */
  recordKey?: string | undefined
}

/** Columns of numbers beside weights and totals. */
export interface ProblemColumns {
  /** Of the records: coefficient of the squared distance of each (bands). */
  distanceWeight?: string | undefined
  /** Of the records: the q of each (calibration). */
  qWeight?: string | undefined
  /** Of the records: records with the same text form a cluster (calibration). */
  cluster?: string | undefined
  /** Of the records: records with the same text form a cell, whose sum is kept when weights are rounded. */
  cell?: string | undefined
  /** Of the targets: factor of the weight of each, 1 where there is none (bands). */
  importance?: string | undefined
  /** Of the targets: cost of each total, exact where there is none (calibration). */
  cost?: string | undefined
}

/** Where the parts of a reweighting problem are read from. */
export interface ProblemSource {
  records: { name?: string | undefined; files: readonly string[] }
  children?: readonly ChildSource[] | undefined
  /** Texts that mean "missing" in CSV files of records and children, beside the empty field. */
  nullMarkers?: readonly string[] | undefined
  id?: string | undefined
  weight: string
  targets: readonly string[]
  targetsWhere?: string | undefined
  areaColumn?: string | undefined
  /** Only the records and targets of this area; without it all areas are one problem. */
  area?: string | undefined
  /** A file of matrix entries instead of predicates. */
  matrix?: { files: readonly string[]; index: MatrixIndex } | undefined
  columns?: ProblemColumns | undefined
  /** Leaves out records of zero or negative weight instead of refusing them. */
  dropNonPositive?: boolean | undefined
  /** Leaves out targets to which no record contributes. */
  dropImpossible?: boolean | undefined
  threads?: number | undefined
  /**
   * Where the matrix of predicates is kept. With a folder, tables that are large go there too; a matrix file is read into
   * memory either way.
   */
  storage?: ChunkedOptions['storage'] | undefined
  onStage?: ((stage: string) => void) | undefined
}

/** A reweighting problem as read from files, and what its answer is written with. */
export interface FileProblem {
  matrix: StoredMatrix | CscMatrix | TriplesMatrix
  records: Records
  targets: Target[]
  /** Targets left out because no record contributes to them. */
  droppedTargets: Target[]
  /** Upper bound of each record's multiplier, where it has one of its own. */
  caps?: Float64Array | null
  /** What `columns` asked for, in the order of records and targets. */
  columns: {
    distanceWeight: Float64Array | null
    qWeight: Float64Array | null
    cluster: Uint32Array | null
    cell: Uint32Array | null
    importance: Float64Array | null
    cost: Float64Array | null
  }
  files: InputFile[]
  warnings: string[]
}

/** Reads a problem from files: the records, and their matrix by SQL predicates or from a file of entries. */
export async function readProblem(source: ProblemSource): Promise<FileProblem> {
  checkCombination(source)
  const database = await Database.open(source)
  try {
    return await read(database, source)
  } finally {
    await database.close()
  }
}

async function read(database: Database, source: ProblemSource): Promise<FileProblem> {
  const { onStage = () => {}, dropNonPositive = false } = source
  const warnings: string[] = []
  onStage('reading files')
  const tables = await load(database, source)
  await database.lock()
  const records = await readRecords(database, tables.records, { ...source, dropNonPositive })
  if (records.numDropped > 0)
    warnings.push(`${records.numDropped} records of zero or negative weight were dropped`)
  const hasMatrix = tables.matrix !== null
  const all = await readTargets(database, tables.targets, { where: source.targetsWhere, hasMatrix })
  const chosen = chooseTargets(all, records, source, warnings)

  onStage(hasMatrix ? 'reading the matrix' : 'evaluating the targets')
  const scanned = tables.matrix
    ? await readTriples(database, tables.matrix, rowOfId(tables, source), records, chosen)
    : await scanTargets(database, tables, source, records, chosen, warnings)
  const { targets, dropped } = source.dropImpossible
    ? splitImpossible(emptyColumnsOf(scanned, chosen.length), chosen)
    : { targets: chosen, dropped: [] }
  if (dropped.length > 0) {
    warnings.push(`${dropped.length} impossible targets were dropped: ${dropped.map(targetLabel).join(', ')}`)
  }
  const columns = await readColumns(database, tables, source, records, targets)
  return {
    columns,
    matrix: await finished(scanned, dropped.length > 0, chosen.length),
    targets,
    droppedTargets: dropped,
    records,
    files: await tables.files,
    warnings,
  }
}

/** The columns of numbers that a source asks for. */
export async function readColumns(
  database: Database,
  tables: LoadedTables,
  { columns = {} }: ProblemSource,
  records: Records,
  targets: readonly Target[],
): Promise<FileProblem['columns']> {
  const ofRecords = (column: string | undefined, path: string) =>
    column === undefined ? null : readRecordNumbers(database, tables.records, records, { column, path })
  const ofTargets = (column: string | undefined, path: string, otherwise: number) =>
    column === undefined
      ? null
      : readTargetNumbers(database, tables.targets, targets, { column, path, otherwise })
  const groups = (column: string | undefined, path: string) =>
    column === undefined ? null : groupsOf(tables.records, records, { column, path })
  return {
    distanceWeight: await ofRecords(columns.distanceWeight, '--distance-weight'),
    qWeight: await ofRecords(columns.qWeight, '--q-weight'),
    cluster: groups(columns.cluster, '--cluster'),
    cell: groups(columns.cell, '--integer-cells'),
    importance: await ofTargets(columns.importance, '--importance', 1),
    cost: await ofTargets(columns.cost, '--cost', Number.POSITIVE_INFINITY),
  }
}

export function checkCombination(source: ProblemSource): void {
  const needed: [boolean, string, string][] = [
    [
      source.area !== undefined && source.areaColumn === undefined,
      '--area-column',
      'the column that --area refers to',
    ],
    [
      source.matrix?.index === 'id' && source.id === undefined,
      '--id',
      'the column of the ids that the matrix names',
    ],
    [
      source.matrix !== undefined && (source.children?.length ?? 0) > 0,
      '--child',
      'no child table beside --matrix',
    ],
  ]
  for (const [isWrong, path, expected] of needed) {
    if (isWrong)
      throw new InputError('format', { path, expected, received: path === '--child' ? 'one' : 'none' })
  }
}

export function rowOfId(tables: LoadedTables, { matrix, id }: ProblemSource): Map<string, number> | null {
  if (matrix?.index !== 'id' || id === undefined) return null
  return uniqueRows(tables.records, findColumn(tables.records.columns, id, '--id').name, 'record id')
}

/** 1 for each column without an entry other than 0. */
const emptyColumnsOf = (matrix: MatrixBuilder | TriplesMatrix, numColumns: number): ArrayLike<number> =>
  matrix instanceof MatrixBuilder
    ? matrix.columnSizes.map((size) => (size === 0 ? 1 : 0))
    : emptyColumns(matrix, numColumns)

async function finished(matrix: MatrixBuilder | TriplesMatrix, dropsEmpty: boolean, numColumns: number) {
  if (!(matrix instanceof MatrixBuilder)) return dropsEmpty ? withoutEmptyColumns(matrix, numColumns) : matrix
  if (dropsEmpty) matrix.dropEmptyColumns()
  return matrix.finish()
}

function splitImpossible(isEmpty: ArrayLike<number>, targets: Target[]) {
  const kept = targets.filter((_, j) => !isEmpty[j])
  if (kept.length === 0) {
    const received = `${targets.length} targets, all impossible: no record contributes to any of them`
    throw new InputError('empty', { path: '--targets', expected: 'at least one possible target', received })
  }
  return { targets: kept, dropped: targets.filter((_, j) => isEmpty[j]) }
}

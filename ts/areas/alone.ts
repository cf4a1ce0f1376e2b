import type { CscMatrix, TriplesMatrix } from '../data/matrix.js'
import type { FileProblem } from '../data/problem.js'
import type { ResolvedArea } from './resolve.js'

/** The bounds of an area's records. */
export type AreaBounds = readonly [lower: number, upper: number | Float64Array]

export const boundsOf = ({ definition, caps }: ResolvedArea): AreaBounds => [
  definition.bounds[0],
  caps ?? definition.bounds[1],
]

/**
 * The problem of an area by itself: its records with their scaled design weights, and the targets that it keeps. Solved alone it has
 * the same answer, to the bit, as among the others.
 */
export function areaAlone(shared: FileProblem, area: ResolvedArea): FileProblem {
  const { weightScale } = area.definition
  const kept = keptTargets(area)
  const { records } = shared
  const members = area.records
  const weights = members
    ? Float64Array.from(members, (record) => records.designWeights[record]!)
    : records.designWeights
  return {
    ...shared,
    matrix: part(shared.matrix, kept, members, records.numRecords, shared.targets.length),
    targets: kept.map((j) => ({ ...shared.targets[j]!, total: area.totals[j]! })),
    caps: area.caps,
    columns: partOfColumns(shared.columns, kept, members),
    droppedTargets: shared.targets.filter((_, j) => Number.isNaN(area.totals[j])),
    records: {
      ...records,
      numRecords: weights.length,
      designWeights: weights.map((weight) => weightScale * weight),
      ids: members ? Array.from(members, (record) => records.ids[record]!) : records.ids,
    },
    warnings: [
      ...shared.warnings,
      ...(area.impossible.length > 0
        ? [`no record of the area contributes to ${area.impossible.length} of its targets`]
        : []),
    ],
  }
}

/** The positions of the targets that an area does not drop. */
export const keptTargets = ({ totals }: ResolvedArea): number[] =>
  Array.from(totals.keys()).filter((j) => !Number.isNaN(totals[j]))

function partOfColumns(
  { distanceWeight, qWeight, cluster, cell, importance, cost }: FileProblem['columns'],
  kept: readonly number[],
  members: Uint32Array | null,
): FileProblem['columns'] {
  const ofRecords = (values: Float64Array | null) =>
    values && members ? Float64Array.from(members, (record) => values[record]!) : values
  const groupsOf = (values: Uint32Array | null) =>
    values && members ? Uint32Array.from(members, (record) => values[record]!) : values
  const ofTargets = (values: Float64Array | null) => values && Float64Array.from(kept, (j) => values[j]!)
  return {
    distanceWeight: ofRecords(distanceWeight),
    qWeight: ofRecords(qWeight),
    cluster: groupsOf(cluster),
    cell: groupsOf(cell),
    importance: ofTargets(importance),
    cost: ofTargets(cost),
  }
}

function part(
  matrix: FileProblem['matrix'],
  kept: readonly number[],
  members: Uint32Array | null,
  numRecords: number,
  numTargets: number,
): FileProblem['matrix'] {
  if (members === null && kept.length === numTargets) return matrix
  const rowOf = members && rowsOf(members, numRecords)
  return matrix.format === 'csc'
    ? partOfCsc(matrix, kept, rowOf)
    : partOfTriples(matrix, kept, rowOf, numTargets)
}

/** Per record its position among the members; -1 for the others. */
function rowsOf(members: Uint32Array, numRecords: number): Int32Array {
  const rows = new Int32Array(numRecords).fill(-1)
  members.forEach((record, i) => {
    rows[record] = i
  })
  return rows
}

function partOfCsc(matrix: CscMatrix, kept: readonly number[], rowOf: Int32Array | null): CscMatrix {
  const columnStarts = new Uint32Array(kept.length + 1)
  const size = kept.reduce((sum, j) => sum + matrix.columnStarts[j + 1]! - matrix.columnStarts[j]!, 0)
  const rowIndices = new Uint32Array(size)
  const values = new Float64Array(size)
  let length = 0
  kept.forEach((j, column) => {
    for (let e = matrix.columnStarts[j]!; e < matrix.columnStarts[j + 1]!; e++) {
      const row = rowOf ? rowOf[matrix.rowIndices[e]!]! : matrix.rowIndices[e]!
      if (row < 0) continue
      rowIndices[length] = row
      values[length++] = matrix.values[e]!
    }
    columnStarts[column + 1] = length
  })
  return {
    format: 'csc',
    columnStarts,
    rowIndices: rowIndices.slice(0, length),
    values: values.slice(0, length),
  }
}

function partOfTriples(
  matrix: TriplesMatrix,
  kept: readonly number[],
  rowOf: Int32Array | null,
  numTargets: number,
): TriplesMatrix {
  const columnOf = new Int32Array(numTargets).fill(-1)
  kept.forEach((j, column) => {
    columnOf[j] = column
  })
  const row = (e: number) => (rowOf ? rowOf[matrix.rows[e]!]! : matrix.rows[e]!)
  const here = matrix.rows.map((_, e) => e).filter((e) => row(e) >= 0 && columnOf[matrix.columns[e]!]! >= 0)
  return {
    format: 'triples',
    rows: here.map(row),
    columns: here.map((e) => columnOf[matrix.columns[e]!]!),
    values: Float64Array.from(here, (e) => matrix.values[e]!),
  }
}

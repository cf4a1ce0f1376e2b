import type { StoredMatrix } from '../reweight/stored-matrix.js'

/** n x k matrix by columns: one column per target, records ascending. */
export interface CscMatrix {
  format: 'csc'
  columnStarts: Uint32Array
  rowIndices: Uint32Array
  values: Float64Array
}

/** n x k matrix by its entries, in any order; entries of the same place add up. */
export interface TriplesMatrix {
  format: 'triples'
  rows: Uint32Array
  columns: Uint32Array
  values: Float64Array
}

export const numNonzeros = (matrix: StoredMatrix | CscMatrix | TriplesMatrix): number =>
  'numNonzeros' in matrix ? matrix.numNonzeros : matrix.values.length

/** 1 for each column without an entry other than 0. */
export function emptyColumns(matrix: CscMatrix | TriplesMatrix, numColumns: number): Uint8Array {
  const isEmpty = new Uint8Array(numColumns).fill(1)
  if (matrix.format === 'csc')
    return isEmpty.map((_, j) => (matrix.columnStarts[j] === matrix.columnStarts[j + 1] ? 1 : 0))
  matrix.columns.forEach((column, e) => {
    if (matrix.values[e] !== 0) isEmpty[column] = 0
  })
  return isEmpty
}

export function withoutEmptyColumns(matrix: TriplesMatrix, numColumns: number): TriplesMatrix {
  const isEmpty = emptyColumns(matrix, numColumns)
  let kept = 0
  const renumbered = isEmpty.reduce((numbers, empty, j) => {
    numbers[j] = empty ? -1 : kept++
    return numbers
  }, new Int32Array(numColumns))
  const isKept = (_: number, e: number) => !isEmpty[matrix.columns[e]!]
  return {
    format: 'triples',
    rows: matrix.rows.filter(isKept),
    columns: matrix.columns.filter(isKept).map((column) => renumbered[column]!),
    values: matrix.values.filter(isKept),
  }
}

import { InputError } from '../errors.js'
import type { SparseColumn } from './sparse-column.js'

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

/** A target's column: all entries of `term`, or those of the records of one area. */
export interface MatrixColumn {
  term: number
  area: number | null
}

/** Puts the columns together. The terms are given up as they are used for the last time. */
export function assemble(
  terms: (SparseColumn | null)[],
  columns: readonly MatrixColumn[],
  areas: Int32Array | null,
): CscMatrix {
  const sizes = columnSizes(terms, columns, areas)
  const numNonzeros = sizes.reduce((sum, size) => sum + size, 0)
  if (numNonzeros > 0xffff_ffff) {
    throw new InputError('too_large', {
      path: '--targets',
      expected: 'a matrix of fewer than 2^32 non-zeros',
      received: `${numNonzeros} non-zeros`,
    })
  }
  const columnStarts = new Uint32Array(columns.length + 1)
  sizes.forEach((size, j) => {
    columnStarts[j + 1] = columnStarts[j]! + size
  })
  const rowIndices = new Uint32Array(numNonzeros)
  const values = new Float64Array(numNonzeros)
  const lastUse = new Map(columns.map(({ term }, j) => [term, j]))
  columns.forEach(({ term, area }, j) => {
    const source = terms[term]!
    let next = columnStarts[j]!
    for (let e = 0; e < source.length; e++) {
      const row = source.rows[e]!
      if (area !== null && areas![row] !== area) continue
      rowIndices[next] = row
      values[next++] = source.values ? source.values[e]! : 1
    }
    if (lastUse.get(term) === j) terms[term] = null
  })
  return { format: 'csc', columnStarts, rowIndices, values }
}

function columnSizes(
  terms: readonly (SparseColumn | null)[],
  columns: readonly MatrixColumn[],
  areas: Int32Array | null,
): number[] {
  const perArea = new Map<number, Map<number, number>>()
  return columns.map(({ term, area }) => {
    const source = terms[term]!
    if (area === null) return source.length
    let sizes = perArea.get(term)
    if (!sizes) {
      sizes = new Map()
      for (let e = 0; e < source.length; e++) {
        const here = areas![source.rows[e]!]!
        sizes.set(here, (sizes.get(here) ?? 0) + 1)
      }
      perArea.set(term, sizes)
    }
    return sizes.get(area) ?? 0
  })
}

export const numNonzeros = (matrix: CscMatrix | TriplesMatrix): number => matrix.values.length

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

export function withoutEmptyColumns(
  matrix: CscMatrix | TriplesMatrix,
  numColumns: number,
): CscMatrix | TriplesMatrix {
  const isEmpty = emptyColumns(matrix, numColumns)
  if (matrix.format === 'csc') {
    // An empty column starts where the next one does.
    return { ...matrix, columnStarts: matrix.columnStarts.filter((_, j) => !isEmpty[j]) }
  }
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

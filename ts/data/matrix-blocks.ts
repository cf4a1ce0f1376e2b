import { InputError } from '../errors.js'
import type { MatrixBuilder } from '../reweight/stored-matrix.js'
import { SparseColumn } from './sparse-column.js'

/** A target's column: all entries of `term`, or those of the records of one area. */
export interface MatrixColumn {
  term: number
  area: number | null
}

/** The entries of a term, records ascending, and the first of them that is not in the matrix yet. */
export interface TermEntries {
  column: SparseColumn
  next: number
}

/** Puts the columns of a matrix together, block after block of records. */
export class MatrixBlocks {
  readonly #builder: MatrixBuilder
  readonly #columns: readonly MatrixColumn[]
  readonly #areas: Int32Array | null
  readonly #starts: Uint32Array
  readonly #entries = new SparseColumn(true)
  #numRecords = 0
  #numNonzeros = 0

  constructor(builder: MatrixBuilder, columns: readonly MatrixColumn[], areas: Int32Array | null) {
    this.#builder = builder
    this.#columns = columns
    this.#areas = areas
    this.#starts = new Uint32Array(columns.length + 1)
  }

  /** Adds the records up to `endRecord`; `terms` has all their entries. */
  push(terms: readonly TermEntries[], endRecord: number): void {
    const firstRecord = this.#numRecords
    const ends = terms.map(({ column, next }) => endOf(column, next, endRecord))
    const entries = this.#entries
    entries.length = 0
    this.#columns.forEach(({ term, area }, j) => {
      const { column, next } = terms[term]!
      const end = ends[term]!
      entries.reserve(end - next)
      for (let e = next; e < end; e++) {
        const record = column.rows[e]!
        if (area !== null && this.#areas![record] !== area) continue
        entries.rows[entries.length] = record - firstRecord
        entries.values![entries.length++] = column.values ? column.values[e]! : 1
      }
      this.#starts[j + 1] = entries.length
    })
    terms.forEach((entriesOfTerm, t) => {
      entriesOfTerm.next = ends[t]!
    })
    this.#count(entries.length)
    this.#builder.push(endRecord - firstRecord, {
      format: 'csc',
      starts: this.#starts,
      rows: entries.rows.subarray(0, entries.length),
      values: entries.values!.subarray(0, entries.length),
    })
    this.#numRecords = endRecord
  }

  #count(more: number): void {
    this.#numNonzeros += more
    if (this.#numNonzeros < 0xffff_ffff) return
    throw new InputError('too_large', {
      path: '--targets',
      expected: 'a matrix of fewer than 2^32 non-zeros',
      received: `${this.#numNonzeros} non-zeros or more`,
    })
  }
}

function endOf({ rows, length }: SparseColumn, start: number, endRecord: number): number {
  let end = start
  while (end < length && rows[end]! < endRecord) end++
  return end
}

import type { ReweightBounds, ReweightTarget, SparseInput } from './types.js'

/** Compressed rows: row i has the entries `rowStarts[i]` to `rowStarts[i + 1] - 1`. Entries at the same place add up. */
export type CompressedRows = {
  readonly format: 'csr'
  readonly rowStarts: Uint32Array
  readonly columnIndices: Uint32Array
  readonly values: Float64Array
}

/** Consecutive records of a problem. */
export interface ReweightChunk {
  /** Their rows of the matrix, counted from 0 within the chunk, by all k columns. */
  readonly matrix: SparseInput | CompressedRows
  /** One for each record of the chunk, each > 0. */
  readonly designWeights: ArrayLike<number>
  /** Dimensionless, lower ≤ upper; those of `ChunkedOptions` where they are left out. */
  readonly bounds?: ReweightBounds
}

/** What `ReweightProblem.fromChunks` takes beside the chunks. */
export interface ChunkedOptions {
  /** k, in the order of the matrix columns */
  readonly targets: readonly ReweightTarget[]
  /** Of the records whose chunk has none: dimensionless, lower ≤ upper. The default is that of `ReweightData`. */
  readonly bounds?: readonly [lower: number, upper: number]
  /**
   * Where the matrix is kept: in memory, or in temporary files of an existing folder, of which the system keeps in memory what
   * it has room for. The files take 24 bytes for each entry and are gone when the process is, however it ends. The
   * answers are the same, bit for bit.
   * @default 'memory'
   */
  readonly storage?: 'memory' | { readonly folder: string }
}

// Matrices that live in native memory or in files, made block after block of their rows.
import {
  type NativeData,
  type NativeMatrix,
  NativeMatrixBuilder,
  NativeReweightProblem,
  type NativeSparse,
} from '../native/binding.cjs'
import { callNative, fromNative } from '../native-errors.js'
import { isObject, wrongType } from '../validate.js'
import type { ChunkedOptions } from './chunks-types.js'

type Storage = ChunkedOptions['storage']

/** The folder of the storage, null for memory. */
export function checkedFolder(storage: Storage): string | null {
  if (storage === undefined || storage === 'memory') return null
  if (!isObject(storage)) throw wrongType('storage', "'memory' or an object with a folder", storage)
  if (typeof storage.folder !== 'string') throw wrongType('storage.folder', 'a string', storage.folder)
  return storage.folder
}

/** Takes the rows of a matrix block after block. */
export class MatrixBuilder {
  readonly #native: NativeMatrixBuilder

  constructor(numColumns: number, storage: Storage) {
    const folder = checkedFolder(storage)
    this.#native = callNative(() => new NativeMatrixBuilder(numColumns, folder))
  }

  push(numRows: number, block: NativeSparse): void {
    callNative(() => this.#native.push(numRows, block))
  }

  /** Entries of each column so far. */
  get columnSizes(): Uint32Array {
    return callNative(() => this.#native.columnSizes)
  }

  dropEmptyColumns(): void {
    callNative(() => this.#native.dropEmptyColumns())
  }

  async finish(): Promise<StoredMatrix> {
    try {
      return new StoredMatrix(await this.#native.finish())
    } catch (error) {
      throw fromNative(error)
    }
  }

  /** Gives everything back; the builder is of no use any more. */
  discard(): void {
    this.#native.discard()
  }
}

/** Reads like a matrix of compressed columns; an array is copied out when it is first looked at. */
export class StoredMatrix {
  readonly format = 'csc'
  declare readonly columnStarts: Uint32Array
  declare readonly rowIndices: Uint32Array
  declare readonly values: Float64Array
  readonly #native: NativeMatrix

  constructor(native: NativeMatrix) {
    this.#native = native
    for (const name of ['columnStarts', 'rowIndices', 'values'] as const) {
      let copy: Uint32Array | Float64Array | undefined
      const get = () => {
        copy ??= callNative(() => native[name]())
        return copy
      }
      Object.defineProperty(this, name, { get, enumerable: true })
    }
  }

  get numNonzeros(): number {
    return callNative(() => this.#native.numNonzeros)
  }

  /** A problem that shares the matrix. */
  problem(data: NativeData): NativeReweightProblem {
    return callNative(() => NativeReweightProblem.fromMatrix(this.#native, data))
  }

  /** Frees it, or lets the problems that use it do so. */
  dispose(): void {
    this.#native.dispose()
  }
}

// Data and options of quadratic programs in the shape that native code takes.
import { InputError } from '../errors.js'
import type { NativeQpData, NativeQpMatrix, NativeQpOptions, NativeSparse } from '../native/binding.cjs'
import { nativeSparse } from '../reweight/convert.js'
import type { SparseInput } from '../reweight/types.js'
import {
  checkedBoolean,
  checkedCount,
  checkedNumber,
  checkedNumbers,
  checkedString,
  checkNames,
  optional,
  wrongType,
} from '../validate.js'
import type { QpBounds, QpChange, QpData, QpMatrix, QpOptions } from './types.js'

const dataNames = ['P', 'q', 'A', 'l', 'u', 'bounds'] as const
const optionNames = ['method', 'tolerance', 'iterationLimit', 'timeLimitSeconds', 'warmStart'] as const

/** Numbers of variables and rows. */
export interface QpSize {
  readonly n: number
  readonly m: number
}

/** The data of a new problem, checked, with its size. */
export function nativeQpData(data: QpData): QpSize & { native: NativeQpData } {
  checkNames('data', data, dataNames)
  const linear = checkedNumbers('q', data.q)
  const lower = data.l === undefined ? null : checkedNumbers('l', data.l)
  const upper = data.u === undefined ? null : checkedNumbers('u', data.u)
  const n = linear.length
  const m = Array.isArray(data.A) ? data.A.length : ((lower ?? upper)?.length ?? 0)
  if (data.A !== undefined && !Array.isArray(data.A) && lower === null && upper === null) {
    throw wrongType('l', 'an array of numbers (a sparse A needs l or u)', undefined)
  }
  const native = {
    hessian: nativeMatrix('P', data.P, n, n),
    linear,
    matrix: nativeMatrix('A', data.A ?? [], m, n),
    rowLower: lower ?? new Float64Array(m).fill(-Infinity),
    rowUpper: upper ?? new Float64Array(m).fill(Infinity),
    ...bounds(data.bounds ?? [-Infinity, Infinity], n),
  }
  return { n, m, native }
}

/** What is to be replaced, checked. */
export function nativeQpChange(change: QpChange, { n, m }: QpSize): NativeQpData {
  checkNames('change', change, dataNames)
  const { P, q, A, l, u } = change
  if ((l === undefined) !== (u === undefined)) {
    throw new InputError('conflict', {
      path: l === undefined ? 'l' : 'u',
      expected: 'l and u together',
      received: 'one of them',
    })
  }
  return {
    hessian: P === undefined ? null : nativeMatrix('P', P, n, n),
    linear: q === undefined ? null : checkedNumbers('q', q),
    matrix: A === undefined ? null : nativeMatrix('A', A, m, n),
    rowLower: l === undefined ? null : checkedNumbers('l', l),
    rowUpper: u === undefined ? null : checkedNumbers('u', u),
    ...(change.bounds === undefined ? { lower: null, upper: null } : bounds(change.bounds, n)),
  }
}

/** Options of a solve, checked. */
export function nativeQpOptions(options: QpOptions, synchronous = false): NativeQpOptions {
  checkNames('options', options, synchronous ? optionNames : [...optionNames, 'signal'])
  return {
    method: optional(options, 'method', checkedString),
    tolerance: optional(options, 'tolerance', checkedNumber),
    iterationLimit: optional(options, 'iterationLimit', checkedCount),
    timeLimitSeconds: optional(options, 'timeLimitSeconds', checkedNumber),
    warmStart: optional(options, 'warmStart', checkedBoolean),
  }
}

function nativeMatrix(path: string, matrix: QpMatrix, numRows: number, numColumns: number): NativeQpMatrix {
  if (!Array.isArray(matrix)) {
    return { numRows, numColumns, dense: null, sparse: sparse(path, matrix as SparseInput) }
  }
  if (matrix.length !== numRows) throw dimension(path, `${numRows} rows`, `${matrix.length} rows`)
  const dense = new Float64Array(numRows * numColumns)
  matrix.forEach((row: ArrayLike<number>, i) => {
    const numbers = checkedNumbers(`${path}[${i}]`, row)
    if (numbers.length !== numColumns)
      throw dimension(`${path}[${i}]`, `length ${numColumns}`, `length ${numbers.length}`)
    const bad = numbers.findIndex((number) => !Number.isFinite(number))
    if (bad >= 0) {
      throw new InputError('not_finite', {
        path: `${path}[${i}][${bad}]`,
        expected: 'a finite number',
        received: String(numbers[bad]),
      })
    }
    dense.set(numbers, i * numColumns)
  })
  return { numRows, numColumns, dense, sparse: null }
}

function sparse(path: string, matrix: SparseInput): NativeSparse {
  try {
    return nativeSparse(matrix)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const { code, expected, received } = error
    throw new InputError(code, { path: error.path.replace('matrix', path), expected, received })
  }
}

function bounds(value: QpBounds, n: number): { lower: Float64Array; upper: Float64Array } {
  if (!Array.isArray(value) || value.length !== 2) {
    throw wrongType('bounds', 'an array of a lower and an upper bound', value)
  }
  const side = (i: 0 | 1) => {
    const given: unknown = value[i]
    return typeof given === 'number' ? new Float64Array(n).fill(given) : checkedNumbers(`bounds[${i}]`, given)
  }
  return { lower: side(0), upper: side(1) }
}

function dimension(path: string, expected: string, received: string): InputError {
  return new InputError('dimension', { path, expected, received })
}

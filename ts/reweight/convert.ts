// The caller's data and options in the form that native code takes.
import { InputError } from '../errors.js'
import {
  type NativeAnswer,
  type NativeData,
  type NativeOptions,
  NativeReweightProblem,
  type NativeSparse,
} from '../native/binding.cjs'
import { callNative } from '../native-errors.js'
import {
  checkedArray,
  checkedNumber,
  checkedNumbers,
  checkedString,
  checkNames,
  isObject,
  optional,
  wrongType,
} from '../validate.js'
import type { CompressedRows } from './chunks-types.js'
import { checkOptionNames, conflict, limits } from './options.js'
import { StoredMatrix } from './stored-matrix.js'
import type { ReweightAnswer, ReweightChange, ReweightData, ReweightOptions, SparseInput } from './types.js'

const changeNames = ['designWeights', 'targets', 'bounds'] as const
const dataNames = ['matrix', ...changeNames] as const
const syncOptionNames = [
  ...['penalty', 'method', 'tolerance', 'maxIterations', 'timeLimitSeconds', 'threads'],
  ...['startMultipliers', 'startDual', 'groupIdentical'],
] as const

/** Copies the data into native memory. */
export function nativeProblem(data: ReweightData): NativeReweightProblem {
  checkNames('data', data, dataNames)
  const native = nativeData(data)
  if (native.designWeights === null) throw wrongType('designWeights', 'an array of numbers', undefined)
  if (native.targets === null) throw wrongType('targets', 'an array of targets', undefined)
  // Whatever the matrix says about a problem of no records or targets would only hide this.
  if (native.designWeights.length === 0) throw empty('designWeights', 'at least one record')
  if (native.targets.length === 0) throw empty('targets', 'at least one target')
  if (data.matrix instanceof StoredMatrix) return data.matrix.problem(native)
  const matrix = nativeSparse(data.matrix)
  return callNative(() => new NativeReweightProblem(matrix, native))
}

/** The parts of a matrix, checked. A chunk's may also come by rows. */
export function nativeSparse(matrix: SparseInput | CompressedRows, mayBeRows = false): NativeSparse {
  if (!isObject(matrix)) throw wrongType('matrix', 'an object', matrix)
  const indices = (name: string, value: unknown) => checkedArray(`matrix.${name}`, value, Uint32Array)
  const { format } = matrix
  if (format === 'columns') {
    if (!Array.isArray(matrix.columns))
      throw wrongType('matrix.columns', 'an array of columns', matrix.columns)
    return {
      format,
      dense: matrix.columns.map((column, j) => checkedNumbers(`matrix.columns[${j}]`, column)),
    }
  }
  const parts = () => {
    switch (format) {
      case 'csc':
        return {
          starts: indices('columnStarts', matrix.columnStarts),
          rows: indices('rowIndices', matrix.rowIndices),
        }
      case 'triples':
        return { rows: indices('rows', matrix.rows), columns: indices('columns', matrix.columns) }
      case 'csr':
        if (mayBeRows) {
          return {
            starts: indices('rowStarts', matrix.rowStarts),
            columns: indices('columnIndices', matrix.columnIndices),
          }
        }
    }
    const formats = mayBeRows ? "'csr', 'csc', 'triples' or 'columns'" : "'csc', 'triples' or 'columns'"
    throw wrongType('matrix.format', formats, format)
  }
  return { format, ...parts(), values: checkedArray('matrix.values', matrix.values, Float64Array) }
}

export function nativeChange(change: ReweightChange): NativeData {
  checkNames('change', change, changeNames)
  return nativeData(change)
}

export function nativeData({ designWeights, targets, bounds }: ReweightChange): NativeData {
  return {
    designWeights: designWeights === undefined ? null : checkedNumbers('designWeights', designWeights),
    targets: targets === undefined ? null : nativeTargets(targets),
    bounds: bounds === undefined ? null : nativeBounds('bounds', bounds),
  }
}

function nativeTargets(targets: ReweightData['targets']): NativeData['targets'] {
  if (!Array.isArray(targets)) throw wrongType('targets', 'an array of targets', targets)
  return targets.map((target: unknown, j) => {
    if (!isObject(target)) throw wrongType(`targets[${j}]`, 'an object', target)
    const { name = `target_${j}`, total, scale } = target
    if (typeof name !== 'string') throw wrongType(`targets[${j}].name`, 'a string', name)
    return {
      name,
      total: checkedNumber(`targets[${j}].total`, total),
      scale: scale === undefined ? null : checkedNumber(`targets[${j}].scale`, scale),
    }
  })
}

export function nativeBounds(path: string, bounds: unknown): NonNullable<NativeData['bounds']> {
  if (!Array.isArray(bounds) || bounds.length !== 2) {
    throw wrongType(path, 'an array of a lower and an upper bound', bounds)
  }
  const [lower, upper] = bounds.map((side: unknown, i) =>
    typeof side === 'number' ? side : checkedNumbers(`${path}[${i}]`, side),
  )
  return { lower: lower!, upper: upper! }
}

/** Options of a solve, checked; `synchronous` ones know nothing of the event loop. */
export function nativeOptions(options: ReweightOptions, synchronous = false): NativeOptions {
  checkOptionNames(options, syncOptionNames, synchronous)
  const { startMultipliers, startDual } = options
  if (startMultipliers !== undefined && startDual !== undefined) {
    throw conflict('startDual', 'no startDual beside startMultipliers', 'both')
  }
  return {
    penalty: optional(options, 'penalty', checkedNumber),
    method: optional(options, 'method', checkedString),
    ...limits(options),
    startMultipliers: optional(options, 'startMultipliers', checkedNumbers),
    startDual: optional(options, 'startDual', checkedNumbers),
  }
}

/** An answer to be checked. */
export function nativeAnswer(answer: ReweightAnswer): NativeAnswer {
  return {
    multipliers: checkedNumbers('multipliers', answer.multipliers),
    dual: optional(answer, 'dual', checkedNumbers),
    dualLow: optional(answer, 'dualLow', checkedNumbers),
  }
}

export function empty(path: string, expected: string): InputError {
  return new InputError('empty', { path, expected, received: 'none' })
}

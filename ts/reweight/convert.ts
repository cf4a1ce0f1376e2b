// The caller's data and options in the form that native code takes.
import { InputError } from '../errors.js'
import {
  type NativeAnswer,
  type NativeData,
  type NativeOptions,
  NativeReweightProblem,
} from '../native/binding.cjs'
import { callNative } from '../native-errors.js'
import { checkedArray, checkedNumber, checkedNumbers, checkNames, isObject, wrongType } from '../validate.js'
import { checkedString, checkOptionNames, conflict, limits, optional } from './options.js'
import type { ReweightAnswer, ReweightChange, ReweightData, ReweightOptions, SparseInput } from './types.js'

const changeNames = ['designWeights', 'targets', 'bounds'] as const
const dataNames = ['matrix', ...changeNames] as const
const syncOptionNames = [
  ...['penalty', 'method', 'tolerance', 'maxIterations', 'timeLimitSeconds', 'threads'],
  ...['startMultipliers', 'startDual'],
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
  return callNativeMatrix(data.matrix, native)
}

function callNativeMatrix(matrix: SparseInput, data: NativeData): NativeReweightProblem {
  if (!isObject(matrix)) throw wrongType('matrix', 'an object', matrix)
  switch (matrix.format) {
    case 'csc': {
      const starts = checkedArray('matrix.columnStarts', matrix.columnStarts, Uint32Array)
      const rows = checkedArray('matrix.rowIndices', matrix.rowIndices, Uint32Array)
      const values = checkedArray('matrix.values', matrix.values, Float64Array)
      return callNative(() => NativeReweightProblem.fromCsc(starts, rows, values, data))
    }
    case 'triples': {
      const rows = checkedArray('matrix.rows', matrix.rows, Uint32Array)
      const columns = checkedArray('matrix.columns', matrix.columns, Uint32Array)
      const values = checkedArray('matrix.values', matrix.values, Float64Array)
      return callNative(() => NativeReweightProblem.fromTriples(rows, columns, values, data))
    }
    case 'columns': {
      if (!Array.isArray(matrix.columns))
        throw wrongType('matrix.columns', 'an array of columns', matrix.columns)
      const columns = matrix.columns.map((column, j) => checkedNumbers(`matrix.columns[${j}]`, column))
      return callNative(() => NativeReweightProblem.fromColumns(columns, data))
    }
    default:
      throw wrongType(
        'matrix.format',
        "'csc', 'triples' or 'columns'",
        (matrix as { format: unknown }).format,
      )
  }
}

export function nativeChange(change: ReweightChange): NativeData {
  checkNames('change', change, changeNames)
  return nativeData(change)
}

function nativeData({ designWeights, targets, bounds }: ReweightChange): NativeData {
  return {
    designWeights: designWeights === undefined ? null : checkedNumbers('designWeights', designWeights),
    targets: targets === undefined ? null : nativeTargets(targets),
    bounds: bounds === undefined ? null : nativeBounds(bounds),
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

function nativeBounds(bounds: NonNullable<ReweightData['bounds']>): NativeData['bounds'] {
  if (!Array.isArray(bounds) || bounds.length !== 2) {
    throw wrongType('bounds', 'an array of a lower and an upper bound', bounds)
  }
  const [lower, upper] = bounds.map((side: unknown, i) =>
    typeof side === 'number' ? side : checkedNumbers(`bounds[${i}]`, side),
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

function empty(path: string, expected: string): InputError {
  return new InputError('empty', { path, expected, received: 'none' })
}

import { InputError } from '../errors.js'
import { NativeChunkedProblem, type NativeReweightProblem } from '../native/binding.cjs'
import { callNative, fromNative } from '../native-errors.js'
import { checkedNumbers, checkNames, isObject, wrongType } from '../validate.js'
import type { ChunkedOptions, ReweightChunk } from './chunks-types.js'
import { empty, nativeBounds, nativeData, nativeSparse } from './convert.js'
import { checkedFolder } from './stored-matrix.js'

const optionNames = ['targets', 'bounds', 'storage'] as const
const chunkNames = ['matrix', 'designWeights', 'bounds'] as const

/** Hands the chunks to native code as they come. */
export async function problemOfChunks(
  chunks: Iterable<ReweightChunk> | AsyncIterable<ReweightChunk>,
  options: ChunkedOptions,
): Promise<NativeReweightProblem> {
  checkIterable(chunks)
  checkNames('options', options, optionNames)
  const { targets, bounds } = options
  const native = nativeData({ targets, ...(bounds === undefined ? {} : { bounds }) })
  if (native.targets === null) throw wrongType('targets', 'an array of targets', undefined)
  if (native.targets.length === 0) throw empty('targets', 'at least one target')
  const folder = checkedFolder(options.storage)
  const problem = callNative(() => new NativeChunkedProblem(native, folder))
  try {
    let number = 0
    for await (const chunk of chunks) push(problem, chunk, number++)
    return await problem.finish().catch((error) => {
      throw fromNative(error)
    })
  } finally {
    problem.discard()
  }
}

function push(problem: NativeChunkedProblem, chunk: ReweightChunk, number: number): void {
  const place = `chunks[${number}]`
  checkNames(place, chunk, chunkNames)
  try {
    const { designWeights, bounds } = chunk
    const weights = checkedNumbers('designWeights', designWeights)
    const matrix = nativeSparse(chunk.matrix, true)
    const native = bounds === undefined ? null : nativeBounds('bounds', bounds)
    callNative(() => problem.push(matrix, weights, native))
  } catch (error) {
    // A disk that is full is no fault of the chunk.
    if (!(error instanceof InputError) || error.code === 'file') throw error
    const { code, path, expected, received } = error
    throw new InputError(code, { path: `${place}.${path}`, expected, received, cause: error })
  }
}

function checkIterable(chunks: unknown): void {
  const isIterable =
    isObject(chunks) &&
    [Symbol.asyncIterator, Symbol.iterator].some(
      (name) => typeof (chunks as Record<symbol, unknown>)[name] === 'function',
    )
  if (!isIterable) throw wrongType('chunks', 'an iterable or an async iterable', chunks)
}

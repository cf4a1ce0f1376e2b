// What JavaScript can get wrong and Rust cannot see: kinds of values, unknown names, buffers that are not plain memory.
// Ranges, lengths and everything else that the data mean is checked in Rust.
import { InputError } from './errors.js'

/** What native code counts with: an unsigned integer of 32 bits. */
const MAX_COUNT = 2 ** 32 - 1

/** An error on a value of the wrong kind. */
export function wrongType(path: string, expected: string, value: unknown): InputError {
  return new InputError('wrong_type', { path, expected, received: describe(value) })
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  const name = Object.getPrototypeOf(value)?.constructor?.name
  return name === 'Object' || name === undefined ? 'an object' : `an object of class ${name}`
}

/** Checks that `value` is an object whose properties are among `known`. */
export function checkNames(path: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrongType(path, 'an object', value)
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) {
      throw new InputError('unknown_option', {
        path: `${path}.${name}`,
        expected: `one of ${known.join(', ')}`,
        received: JSON.stringify(name),
      })
    }
  }
}

/** The option, checked; null where it is left out. */
export function optional<Options extends object, T>(
  options: Options,
  name: keyof Options & string,
  check: (path: string, value: unknown) => T,
): T | null {
  return options[name] === undefined ? null : check(name, options[name])
}

export function checkedString(path: string, value: unknown): string {
  if (typeof value !== 'string') throw wrongType(path, 'a string', value)
  return value
}

export function checkedStrings(path: string, value: unknown): string[] {
  if (!Array.isArray(value)) throw wrongType(path, 'an array of strings', value)
  return value.map((one, i) => checkedString(`${path}[${i}]`, one))
}

export function checkedBoolean(path: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrongType(path, 'true or false', value)
  return value
}

export function checkedSignal(path: string, value: unknown): AbortSignal {
  if (isObject(value) && typeof value.addEventListener === 'function') return value as unknown as AbortSignal
  throw wrongType(path, 'an AbortSignal', value)
}

export function checkedNumber(path: string, value: unknown): number {
  if (typeof value !== 'number') throw wrongType(path, 'a number', value)
  return value
}

/** What is said of NaN or an infinity. */
export function notFinite(path: string, value: number): InputError {
  return new InputError('not_finite', { path, expected: 'a finite number', received: String(value) })
}

/** A number that native code takes as an unsigned integer: conversion would cut off what it cannot hold. */
export function checkedCount(path: string, value: unknown, limit = MAX_COUNT): number {
  const number = checkedNumber(path, value)
  if (!Number.isInteger(number) || number < 0 || number > limit) {
    throw new InputError(Number.isFinite(number) ? 'out_of_range' : 'not_finite', {
      path,
      expected: `a whole number from 0 to ${limit}`,
      received: String(number),
    })
  }
  return number
}

/** Whole numbers from 0 to 2³² − 1, as native code takes them. */
export function checkedCounts(path: string, value: unknown): Uint32Array {
  if (value instanceof Uint32Array) return checkedArray(path, value, Uint32Array)
  return Uint32Array.from(checkedNumbers(path, value), (number, i) => {
    if (Number.isInteger(number) && number >= 0 && number <= MAX_COUNT) return number
    return checkedCount(`${path}[${i}]`, number)
  })
}

export function checkedFunction<T>(path: string, value: T): T {
  if (typeof value !== 'function') throw wrongType(path, 'a function', value)
  return value
}

/** The array itself or, where its memory may change or move under the native code, a copy. */
export function checkedArray<T extends Float64Array | Uint32Array>(
  path: string,
  value: unknown,
  kind: abstract new (...args: never[]) => T,
): T {
  if (!(value instanceof kind)) throw wrongType(path, `a ${kind.name}`, value)
  if (isPlainMemory(path, value)) return value
  try {
    return value.slice() as T
  } catch {
    throw detached(path)
  }
}

/** Numbers as doubles. Values of other kinds are refused, where `Float64Array.from` would convert them. */
export function checkedNumbers(path: string, value: unknown): Float64Array {
  if (value instanceof Float64Array) return checkedArray(path, value, Float64Array)
  if (ArrayBuffer.isView(value)) isPlainMemory(path, value)
  const length = isObject(value) ? value.length : undefined
  if (typeof length !== 'number' || !Number.isInteger(length) || length < 0) {
    throw wrongType(path, 'an array of numbers', value)
  }
  if (length > MAX_COUNT) {
    throw new InputError('too_large', {
      path,
      expected: `at most ${MAX_COUNT} numbers`,
      received: String(length),
    })
  }
  const numbers = new Float64Array(length)
  const source = value as ArrayLike<unknown>
  for (let i = 0; i < length; i++) numbers[i] = checkedElement(path, i, source[i])
  return numbers
}

/** The path is made only if it is needed: there may be millions of elements. */
function checkedElement(path: string, i: number, value: unknown): number {
  return typeof value === 'number' ? value : checkedNumber(`${path}[${i}]`, value)
}

/** False for memory that is shared or resizable; an error if it is gone. */
function isPlainMemory(path: string, { buffer }: ArrayBufferView): boolean {
  if (!(buffer instanceof ArrayBuffer) || (buffer as { resizable?: boolean }).resizable) return false
  try {
    // Nothing but the attempt tells a detached buffer from an empty one on Node 20.
    if (buffer.byteLength === 0) new Uint8Array(buffer)
  } catch {
    throw detached(path)
  }
  return true
}

function detached(path: string): InputError {
  return new InputError('detached', {
    path,
    expected: 'an array whose memory is still there',
    received: 'one whose buffer was transferred or shrunk',
  })
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

import { InputError } from '../errors.js'
import { isObject, wrongType } from '../validate.js'

/** An error on a vector of a wrong length. */
export function dimension(path: string, expected: number, received: number): InputError {
  return new InputError('dimension', { path, expected: `length ${expected}`, received: `length ${received}` })
}

/** What a user's function gave, as numbers of any size: what NaN and infinities mean is the solver's to judge. */
export function givenNumbers(path: string, value: unknown, length?: number): ArrayLike<number> {
  const received = isObject(value) ? value.length : undefined
  if (typeof received !== 'number') throw wrongType(path, 'an array of numbers', value)
  if (length !== undefined && received !== length) throw dimension(path, length, received)
  const array = value as unknown as ArrayLike<unknown>
  if (!(value instanceof Float64Array)) {
    for (let i = 0; i < received; i++) {
      if (typeof array[i] !== 'number') throw wrongType(`${path}[${i}]`, 'a number', array[i])
    }
  }
  return array as ArrayLike<number>
}

import { DisposedError, InputError, InternalError } from './errors.js'

/** Calls native code; what it throws is thrown as an error of this package. */
export function callNative<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw fromNative(error)
  }
}

/** The error of this package that stands for one of the native code. */
export function fromNative(error: unknown): Error {
  const { code, path, expected, received, message } = error as Record<string, unknown>
  if (code === 'disposed') return new DisposedError('ReweightProblem')
  if (typeof path !== 'string') return new InternalError(String(message), { cause: error })
  return new InputError(String(code), {
    path: path
      .replace(/\bbounds\.(lower|upper)/, (_, side) => (side === 'lower' ? 'bounds[0]' : 'bounds[1]'))
      .replace('distance.alpha', 'alpha'),
    expected: String(expected),
    received: String(received),
  })
}

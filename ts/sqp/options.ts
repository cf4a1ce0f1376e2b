import { InputError } from '../errors.js'
import { checkSqpOptions, sqpDefaults } from '../native/binding.cjs'
import { callNative } from '../native-errors.js'
import { checkNames, notFinite, wrongType } from '../validate.js'
import type { SolverOptions } from './types.js'

const defaults = Object.freeze(sqpDefaults()) as Readonly<Record<string, unknown>>

/** Every option of the solver with its default; null where it is worked out from the problem. */
export function minimizeDefaults(): Readonly<Record<string, unknown>> {
  return defaults
}

/** Checks names and kinds, and gives the options as native code reads them. */
export function nativeSolverOptions(options: SolverOptions = {}): string {
  checkNames('options', options, Object.keys(defaults))
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  for (const [name, value] of given) {
    const path = `options.${name}`
    const kind = defaults[name] === null ? 'number' : typeof defaults[name]
    if (typeof value !== kind) throw wrongType(path, `a ${kind}`, value)
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw notFinite(path, value)
    }
  }
  const json = JSON.stringify(Object.fromEntries(given))
  try {
    callNative(() => checkSqpOptions(json))
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const { code, path, expected, received } = error
    throw new InputError(code, { path: `options.${path}`, expected, received })
  }
  return json
}

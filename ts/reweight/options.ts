// What the options of every form have in common.
import { InputError } from '../errors.js'
import { checkedBoolean, checkedCount, checkedNumber, checkNames, optional } from '../validate.js'
import { checkControl, controlNames } from './control.js'
import type { RunControl } from './types.js'

/** Options that every form has under the same name. */
interface Limits {
  readonly tolerance?: unknown
  readonly maxIterations?: unknown
  readonly timeLimitSeconds?: unknown
  readonly threads?: unknown
  readonly groupIdentical?: unknown
}

/** Checks that every option is one of the form or, unless `synchronous`, of those that need the event loop. */
export function checkOptionNames(
  options: RunControl<never>,
  names: readonly string[],
  synchronous: boolean,
): void {
  checkNames('options', options, synchronous ? names : [...names, ...controlNames])
  if (!synchronous) checkControl(options)
}

/** When to stop, with how many threads, and whether over groups. */
export function limits(options: Limits) {
  return {
    tolerance: optional(options, 'tolerance', checkedNumber),
    maxIterations: optional(options, 'maxIterations', checkedCount),
    timeLimitSeconds: optional(options, 'timeLimitSeconds', checkedNumber),
    threads: optional(options, 'threads', checkedCount),
    groupIdentical: optional(options, 'groupIdentical', checkedBoolean),
  }
}

/** An error on two options that exclude each other. */
export function conflict(path: string, expected: string, received: string): InputError {
  return new InputError('conflict', { path, expected, received })
}

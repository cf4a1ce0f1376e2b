// Options of an explanation in the shape that native code takes.
import type { NativeExplainOptions } from '../native/binding.cjs'
import { checkedCount, checkedNumber, optional, wrongType } from '../validate.js'
import type { ExplainOptions } from './explain-types.js'
import { checkOptionNames } from './options.js'

const names = ['maxSets', 'maxRecords', 'relaxations', 'tolerance', 'timeLimitSeconds', 'threads'] as const

/** Options of an explanation, checked. */
export function nativeExplainOptions(options: ExplainOptions): NativeExplainOptions {
  checkOptionNames(options, names, false)
  return {
    maxSets: optional(options, 'maxSets', checkedCount),
    maxRecords: optional(options, 'maxRecords', checkedCount),
    relaxations: optional(options, 'relaxations', checkedBoolean),
    tolerance: optional(options, 'tolerance', checkedNumber),
    timeLimitSeconds: optional(options, 'timeLimitSeconds', checkedNumber),
    threads: optional(options, 'threads', checkedCount),
  }
}

function checkedBoolean(path: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrongType(path, 'true or false', value)
  return value
}

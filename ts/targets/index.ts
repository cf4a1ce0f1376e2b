// Portfolio targets: one native call for each request.
import type { InputError } from '../errors.js'
import {
  analyzeRebalance,
  rebalanceDefaults,
  rebalanceReasonCodes,
  rebalanceTargets,
  simulateRebalance,
} from '../native/binding.cjs'
import { callNative } from '../native-errors.js'
import { notFinite, wrongType } from '../validate.js'
import type { AnalyzeRequest, RebalanceRequest, RequestIdentity } from './request-types.js'
import type {
  AnalyzeResult,
  ReasonCode,
  RebalanceDefaults,
  RebalanceResult,
  TargetsResult,
} from './result-types.js'

export type * from './request-types.js'
export type * from './result-types.js'

type Native = (request: string, idempotencyKey?: string | null, correlationId?: string | null) => string

/**
 * The rebalance of a request: an object, or its JSON as a text. Wrong input throws an `InputError` with the path; everything
 * else is the `status` of the result.
 */
export function simulate(
  request: RebalanceRequest | string,
  identity: RequestIdentity = {},
): RebalanceResult {
  return JSON.parse(simulateText(request, identity)) as RebalanceResult
}

/** Target weights alone (stages 1 to 3). */
export function targets(request: RebalanceRequest | string, identity: RequestIdentity = {}): TargetsResult {
  return JSON.parse(targetsText(request, identity)) as TargetsResult
}

/** Several named sets of options over one snapshot. */
export function analyze(request: AnalyzeRequest | string, identity: RequestIdentity = {}): AnalyzeResult {
  return JSON.parse(analyzeText(request, identity)) as AnalyzeResult
}

/** `simulate` with the result as JSON: the same text for the same request. */
export const simulateText = (request: RebalanceRequest | string, identity: RequestIdentity = {}): string =>
  call(simulateRebalance, request, identity)

/** `targets` with the result as JSON. */
export const targetsText = (request: RebalanceRequest | string, identity: RequestIdentity = {}): string =>
  call(rebalanceTargets, request, identity)

/** `analyze` with the result as JSON. */
export const analyzeText = (request: AnalyzeRequest | string, identity: RequestIdentity = {}): string =>
  call(analyzeRebalance, request, identity)

/** The default of every option. */
export const defaults = (): RebalanceDefaults => JSON.parse(rebalanceDefaults()) as RebalanceDefaults

/** The table of codes. */
export const reasonCodes = (): ReasonCode[] => JSON.parse(rebalanceReasonCodes()) as ReasonCode[]

function call(native: Native, request: object | string, identity: RequestIdentity): string {
  const text = typeof request === 'string' ? request : toJson(request)
  return callNative(() => native(text, identity.idempotencyKey, identity.correlationId))
}

/** JSON has no NaN and no infinity: they would become null, that is, absent. */
function toJson(request: object): string {
  if (typeof request !== 'object' || request === null) throw wrongType('body', 'an object or JSON', request)
  const fault = unwritable(request, '')
  if (fault) throw fault
  return JSON.stringify(request)
}

function unwritable(value: unknown, path: string): InputError | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return notFinite(path, value)
  }
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') {
    return wrongType(path, 'a value of JSON', value)
  }
  if (typeof value !== 'object' || value === null) return undefined
  const isList = Array.isArray(value)
  for (const [key, member] of Object.entries(value)) {
    const fault = unwritable(member, isList ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`)
    if (fault) return fault
  }
  return undefined
}

// Options of an outer search as native code takes them; null keeps a default.
import { InputError } from '../errors.js'
import type {
  NativeBarrier,
  NativeCache,
  NativeCacheSession,
  NativeOuterHooks,
  NativeOuterOptions,
  NativeSeedConfig,
  NativeUncertainty,
} from '../native/binding.cjs'
import {
  checkedBoolean,
  checkedCount,
  checkedCounts,
  checkedFunction,
  checkedNumber,
  checkedNumbers,
  checkedSignal,
  checkedString,
  checkNames,
  optional,
  wrongType,
} from '../validate.js'
import type { Barrier, OuterObjective } from './objective-types.js'
import type {
  OuterCache,
  OuterCacheSession,
  OuterOptions,
  OuterSeedConfig,
  OuterSyncOptions,
  OuterUncertaintyOptions,
} from './types.js'

const listenerNames = ['onIteration', 'onEvent', 'onInterrupted'] as const

/** The options of `minimizeOuterSync`; `minimizeOuter` also has `signal`. */
export const OUTER_OPTION_NAMES = [
  'numParams',
  'psiDim',
  'initialRho',
  'heuristic',
  'bounds',
  'rhoBound',
  'tolerance',
  'relCostTolerance',
  'maxIter',
  'seedConfig',
  'fallbackPolicy',
  'screenInitialRho',
  'innerCapSchedule',
  'preferGradientOnly',
  'disableFixedPoint',
  'operatorInitialTrustRadius',
  'arcInitialRegularization',
  'objectiveScale',
  'bfgsStepCap',
  'bfgsStepCapPsi',
  'limitedMemory',
  'borderAxes',
  'problemSize',
  'continuationPrewarm',
  'uncertainty',
  'cache',
  'canonicalKeys',
  'context',
  'timeLimitSeconds',
  ...listenerNames,
] as const satisfies readonly (keyof OuterSyncOptions)[]

const hookNames = [
  'fixedPoint',
  'screeningProxy',
  'reset',
  'seedInnerState',
  'homotopyEntry',
  'acceptSeed',
  'finalize',
] as const

const objectiveNames = [
  'evaluate',
  'gradient',
  'hessian',
  'materialisation',
  'estimatedCost',
  ...hookNames,
  'allowsContinuation',
  'requiresContinuation',
  'barrier',
]

/** Checks the kinds of what an objective has. An instance of a class may have more. */
export function checkObjective(objective: unknown): asserts objective is OuterObjective {
  const isPlain =
    typeof objective === 'object' &&
    objective !== null &&
    [Object.prototype, null].includes(Object.getPrototypeOf(objective))
  if (isPlain) checkNames('objective', objective, objectiveNames)
  if (typeof objective !== 'object' || objective === null)
    throw wrongType('objective', 'an object', objective)
  const given = objective as Partial<Record<string, unknown>>
  checkedFunction('objective.evaluate', given.evaluate)
  for (const name of hookNames) {
    if (given[name] !== undefined) checkedFunction(`objective.${name}`, given[name])
  }
}

/** Which questions the objective answers. */
export function nativeHooks(objective: OuterObjective): NativeOuterHooks {
  const has = (name: (typeof hookNames)[number]) => objective[name] !== undefined
  const flag = (name: 'allowsContinuation' | 'requiresContinuation') =>
    optional(objective, name, (_, value) => checkedBoolean(`objective.${name}`, value)) ?? false
  return {
    screeningProxy: has('screeningProxy'),
    reset: has('reset'),
    seedInnerState: has('seedInnerState'),
    homotopyEntry: has('homotopyEntry'),
    acceptSeed: has('acceptSeed'),
    finalize: has('finalize'),
    allowsContinuation: flag('allowsContinuation'),
    requiresContinuation: flag('requiresContinuation'),
  }
}

/** Checks names and kinds of all options and converts them. Without an objective the capability is left open. */
export function nativeOuterOptions(
  options: OuterOptions,
  objective: OuterObjective | undefined,
  synchronous: boolean,
): NativeOuterOptions {
  checkNames('options', options, synchronous ? OUTER_OPTION_NAMES : [...OUTER_OPTION_NAMES, 'signal'])
  for (const name of listenerNames) {
    if (options[name] !== undefined) checkedFunction(name, options[name])
  }
  if (!synchronous) optional(options, 'signal', checkedSignal)
  const numParams = numParamsOf(options)
  const [lower, upper] = bounds(options.bounds, numParams)
  const size = optional(options, 'problemSize', problemSize)
  return {
    numParams,
    ...capability(objective),
    preferGradientOnly: optional(options, 'preferGradientOnly', checkedBoolean),
    disableFixedPoint: optional(options, 'disableFixedPoint', checkedBoolean),
    psiDim: optional(options, 'psiDim', checkedCount),
    tolerance: optional(options, 'tolerance', checkedNumber),
    relCostTolerance: optional(options, 'relCostTolerance', checkedNumber),
    maxIter: optional(options, 'maxIter', checkedCount),
    lower,
    upper,
    rhoBound: optional(options, 'rhoBound', checkedNumber),
    seedConfig: optional(options, 'seedConfig', seedConfig),
    heuristic: optional(options, 'heuristic', checkedNumbers),
    initialRho: optional(options, 'initialRho', checkedNumbers),
    fallbackPolicy: optional(options, 'fallbackPolicy', checkedString),
    screenInitialRho: optional(options, 'screenInitialRho', checkedBoolean),
    innerCapSchedule: optional(options, 'innerCapSchedule', checkedBoolean) ?? false,
    operatorInitialTrustRadius: optional(options, 'operatorInitialTrustRadius', checkedNumber),
    arcInitialRegularization: optional(options, 'arcInitialRegularization', checkedNumber),
    objectiveScale: optional(options, 'objectiveScale', checkedNumber),
    bfgsStepCap: optional(options, 'bfgsStepCap', checkedNumber),
    bfgsStepCapPsi: optional(options, 'bfgsStepCapPsi', checkedNumber),
    limitedMemory: optional(options, 'limitedMemory', checkedCount),
    borderAxes: optional(options, 'borderAxes', checkedCounts),
    numObservations: size?.numObservations ?? null,
    numCoefficients: size?.numCoefficients ?? null,
    continuationPrewarm: optional(options, 'continuationPrewarm', checkedBoolean),
    context: optional(options, 'context', checkedString),
    timeLimitSeconds: optional(options, 'timeLimitSeconds', checkedNumber),
    uncertainty: optional(options, 'uncertainty', uncertainty),
    canonicalKeys: optional(options, 'canonicalKeys', canonicalKeys),
    cache: optional(options, 'cache', cache),
  }
}

function capability(objective: OuterObjective | undefined) {
  const read = <T>(name: keyof OuterObjective, check: (path: string, value: unknown) => T) =>
    objective === undefined
      ? null
      : optional(objective, name, (_, value) => check(`objective.${name}`, value))
  return {
    gradient: read('gradient', checkedString),
    hessian: read('hessian', checkedString),
    materialisation: read('materialisation', checkedString),
    estimatedCost: read('estimatedCost', checkedNumber),
    barrier: read('barrier', barrier),
    fixedPointAvailable: objective?.fixedPoint !== undefined,
    screening: objective?.screeningProxy !== undefined,
  }
}

/** The number of parameters, or the length of the first vector that there is. */
function numParamsOf({ numParams, initialRho, heuristic, bounds }: OuterOptions): number {
  if (numParams !== undefined) return checkedCount('numParams', numParams)
  for (const [path, vector] of Object.entries({ initialRho, heuristic })) {
    if (vector !== undefined) return checkedNumbers(path, vector).length
  }
  for (const side of Array.isArray(bounds) ? bounds : []) {
    if (typeof side === 'object') return checkedNumbers('bounds', side).length
  }
  throw new InputError('conflict', {
    path: 'numParams',
    expected: 'the number of parameters, or a vector that has their number (initialRho, heuristic, bounds)',
    received: 'none of them',
  })
}

function bounds(
  given: OuterOptions['bounds'],
  numParams: number,
): [lower: Float64Array | null, upper: Float64Array | null] {
  if (given === undefined) return [null, null]
  if (!Array.isArray(given) || given.length !== 2) throw wrongType('bounds', 'a pair [lower, upper]', given)
  const [lower, upper] = given.map((side, i) =>
    typeof side === 'number' ? new Float64Array(numParams).fill(side) : checkedNumbers(`bounds[${i}]`, side),
  )
  return [lower!, upper!]
}

function problemSize(path: string, value: unknown) {
  checkNames(path, value, ['numObservations', 'numCoefficients'])
  const { numObservations, numCoefficients } = value as Record<string, unknown>
  return {
    numObservations: checkedCount(`${path}.numObservations`, numObservations),
    numCoefficients: checkedCount(`${path}.numCoefficients`, numCoefficients),
  }
}

function seedConfig(path: string, value: unknown): NativeSeedConfig {
  checkNames(path, value, [
    'bounds',
    'maxSeeds',
    'seedBudget',
    'screenMaxInnerIterations',
    'riskProfile',
    'numAuxiliaryTrailing',
    'overSmoothingProbeRho',
  ])
  const config = value as OuterSeedConfig
  const read = <T>(name: keyof OuterSeedConfig, check: (path: string, value: unknown) => T) =>
    optional(config, name, (_, given) => check(`${path}.${name}`, given))
  const pair = read('bounds', (at, given) => {
    if (!Array.isArray(given) || given.length !== 2) throw wrongType(at, 'a pair of numbers', given)
    return given.map((side, i) => checkedNumber(`${at}[${i}]`, side))
  })
  return {
    lower: pair?.[0] ?? null,
    upper: pair?.[1] ?? null,
    maxSeeds: read('maxSeeds', checkedCount),
    seedBudget: read('seedBudget', checkedCount),
    screenMaxInnerIterations: read('screenMaxInnerIterations', checkedCount),
    riskProfile: read('riskProfile', checkedString),
    numAuxiliaryTrailing: read('numAuxiliaryTrailing', checkedCount),
    overSmoothingProbeRho: read('overSmoothingProbeRho', checkedNumber),
  }
}

function uncertainty(path: string, value: unknown): NativeUncertainty {
  checkNames(path, value, ['enabled', 'numDraws', 'maxCoordinates', 'maxWork'])
  const given = value as OuterUncertaintyOptions
  const read = <T>(name: keyof OuterUncertaintyOptions, check: (path: string, value: unknown) => T) =>
    optional(given, name, (_, part) => check(`${path}.${name}`, part))
  return {
    enabled: read('enabled', checkedBoolean),
    numDraws: read('numDraws', checkedCount),
    maxCoordinates: read('maxCoordinates', checkedCount),
    maxWork: read('maxWork', (at, work) => checkedCount(at, work, Number.MAX_SAFE_INTEGER)),
  }
}

/** Keys of 64 bits. */
function canonicalKeys(path: string, value: unknown): BigUint64Array {
  if (value instanceof BigUint64Array) return value.slice()
  if (!Array.isArray(value)) throw wrongType(path, 'a BigUint64Array or an array of keys', value)
  return BigUint64Array.from(value, (key: unknown, i) => {
    if (typeof key === 'bigint' && BigInt.asUintN(64, key) === key) return key
    if (typeof key === 'string' && /^[\da-f]{16}$/i.test(key)) return BigInt(`0x${key}`)
    throw wrongType(`${path}[${i}]`, 'a bigint of 64 bits or 16 hexadecimal digits', key)
  })
}

const sessionNames = ['directory', 'key', 'timeToLiveSeconds', 'sizeBudgetBytes', 'rewriteSeconds'] as const

function cache(path: string, value: unknown): NativeCache {
  checkNames(path, value, [...sessionNames, 'nearKey', 'mirrors'])
  const { nearKey, mirrors = [] } = value as OuterCache
  if (!Array.isArray(mirrors)) throw wrongType(`${path}.mirrors`, 'an array of sessions', mirrors)
  return {
    session: cacheSession(path, value as OuterCacheSession),
    nearKey: nearKey === undefined ? null : checkedString(`${path}.nearKey`, nearKey),
    mirrors: mirrors.map((mirror, i) => {
      checkNames(`${path}.mirrors[${i}]`, mirror, sessionNames)
      return cacheSession(`${path}.mirrors[${i}]`, mirror)
    }),
  }
}

function cacheSession(path: string, session: OuterCacheSession): NativeCacheSession {
  const read = <T>(name: keyof OuterCacheSession, check: (path: string, value: unknown) => T) =>
    optional(session, name, (_, part) => check(`${path}.${name}`, part))
  return {
    directory: checkedString(`${path}.directory`, session.directory),
    key: checkedString(`${path}.key`, session.key),
    timeToLiveSeconds: read('timeToLiveSeconds', checkedNumber),
    sizeBudgetBytes: read('sizeBudgetBytes', (at, bytes) => checkedCount(at, bytes, Number.MAX_SAFE_INTEGER)),
    rewriteSeconds: read('rewriteSeconds', checkedNumber),
  }
}

function barrier(path: string, value: unknown): NativeBarrier {
  checkNames(path, value, ['tau', 'constrainedIndices', 'lowerBounds', 'boundSigns'])
  const given = value as Barrier
  return {
    tau: given.tau === undefined ? null : checkedNumber(`${path}.tau`, given.tau),
    constrainedIndices: checkedCounts(`${path}.constrainedIndices`, given.constrainedIndices),
    lowerBounds: checkedNumbers(`${path}.lowerBounds`, given.lowerBounds),
    boundSigns:
      given.boundSigns === undefined ? null : checkedNumbers(`${path}.boundSigns`, given.boundSigns),
  }
}

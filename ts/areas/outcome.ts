import type { EquipoiseError } from '../errors.js'
import type { AreaAnswers, AreaStatus, Distribution } from '../index.js'
import { histogram } from '../report/binning.js'
import { keptTargets } from './alone.js'
import type { ResolvedArea } from './resolve.js'

/** What is wrong with the statement of an area. */
export interface AreaError {
  code: string
  path: string
  expected: string
  received: string
}

/** What the summary and the pages say of an area: a function of the inputs and settings alone. */
export interface AreaOutcome {
  key: string
  status: AreaStatus
  message: string
  error: AreaError | null
  /** Digest of its multipliers; null where nothing was solved. */
  digest: string | null
  /** This and what follows is null or empty without an answer. */
  distanceBound: number | null
  method: string | null
  iterations: number | null
  numRecords: number | null
  /** Per target of the targets file how far it is missed, as a share of its size (as it is, where that is 0); null where it is dropped. */
  misses: (number | null)[]
  /** Per target its relative error, signed; null where it is dropped. */
  errors: (number | null)[]
  /** Names of the targets to which none of its records contributes. */
  impossibleTargets: string[]
  distribution: Omit<Distribution, 'quantiles'> | null
  /** Quantiles of the multipliers. */
  quantiles: { probability: number; value: number }[]
  /** Number of multipliers in each class of `multiplierEdges`. */
  multiplierCounts: number[]
}

/** Classes in which the multipliers of all areas are counted; an edge belongs to the class above it. */
export const multiplierEdges = [
  ...[Number.NEGATIVE_INFINITY, 0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 1],
  ...[1.05, 1.1, 1.25, 1.5, 2, 3, 5, 10, 20, Number.POSITIVE_INFINITY],
]

/** What an area's answer is, in any form. */
export type AreaAnswer = AreaAnswers[keyof AreaAnswers]

/** An area with an answer. */
export function outcomeOf(
  area: ResolvedArea,
  { status, message }: { status: AreaStatus; message: string },
  answer: AreaAnswer,
): AreaOutcome {
  const known = { digest: answer.digest, iterations: answer.iterations, numRecords: answer.weights.length }
  const key = area.definition.key
  // The multipliers of a problem that is proven to have no answer are those of the last point, and mean nothing.
  if (status === 'infeasible') return { ...outcomeWithout(key, status, message), ...known }
  const { quantiles, ...distribution } = answer.distribution
  const perTarget = (numberOf: (row: AreaAnswer['targets'][number]) => number) => {
    const numbers = new Array<number | null>(area.totals.length).fill(null)
    keptTargets(area).forEach((j, i) => {
      numbers[j] = numberOf(answer.targets[i]!)
    })
    return numbers
  }
  return {
    ...known,
    ...{ key, status, message, error: null },
    distanceBound: answer.certificate.distanceBound,
    method: 'method' in answer ? answer.method : null,
    misses: perTarget(missOf),
    errors: perTarget(({ relativeError }) => relativeError),
    impossibleTargets: area.impossible,
    distribution,
    quantiles,
    multiplierCounts: histogram(answer.multipliers, { isLogarithmic: false, edges: multiplierEdges }).counts,
  }
}

/** How far a total is outside its band, or else off its target, as a share of the target. */
const missOf = (row: AreaAnswer['targets'][number]): number =>
  'outside' in row ? row.outside / (Math.abs(row.target) || 1) : Math.abs(row.relativeError)

/** An area without an answer. */
export function outcomeWithout(
  key: string,
  status: AreaStatus,
  message: string,
  error: EquipoiseError | null = null,
): AreaOutcome {
  return {
    key,
    status,
    message,
    error: error && {
      code: error.code,
      path: error.path ?? '',
      expected: error.expected ?? '',
      received: error.received ?? '',
    },
    digest: null,
    distanceBound: null,
    method: null,
    iterations: null,
    numRecords: null,
    misses: [],
    errors: [],
    impossibleTargets: [],
    distribution: null,
    quantiles: [],
    multiplierCounts: [],
  }
}

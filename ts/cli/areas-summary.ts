import { type AreaOutcome, multiplierEdges } from '../areas/outcome.js'
import type { InputFile } from '../data/files.js'
import type { AreaStatus } from '../index.js'
import type { DataSelection } from './data-options.js'
import type { FormSettings } from './form-options.js'
import { significant, textTable } from './terminal.js'

/** How much of the records' design weights all areas together use. */
export interface ExhaustionSummary {
  minimum: number
  maximum: number
  mean: number
  quantiles: { probability: number; value: number }[]
  /** Records of which the areas use more than the whole design weight. */
  numAboveOne: number
  cap: number | null
  /** Records above the cap by more than rounding; null without one. */
  numAboveCap: number | null
  /** The most exhausted records by id. */
  worst: { id: string; exhaustion: number }[]
}

export interface TargetSummary {
  name: string
  /** Areas with an answer that have the target. */
  numAreas: number
  numMissed: number
  largestMiss: { area: string; miss: number } | null
}

/** All areas: a function of the inputs and settings alone, but for `timing`, whatever their order in the file. */
export interface AreasSummary {
  schema: 'equipoise/areas-summary/1'
  /** One digest over those of all areas; null if none has an answer. */
  digest: string
  statuses: Partial<Record<AreaStatus, number>>
  options: FormSettings & { data: DataSelection; exhaustionCap: number | null; missTolerance: number }
  inputs: { files: InputFile[]; numRecords: number; numTargets: number }
  /** By key. */
  areas: (Omit<AreaOutcome, 'misses' | 'errors' | 'multiplierCounts'> & {
    numTargets: number
    numMissed: number
    largestMiss: { target: string; miss: number } | null
  })[]
  targets: TargetSummary[]
  /** Every miss by more than the tolerance: by area, then by target. */
  missed: { area: string; target: string; miss: number }[]
  /** Edges of classes, and how many multipliers of all areas are in each. */
  multipliers: { edges: (number | null)[]; counts: number[] }
  exhaustion: ExhaustionSummary | null
  warnings: string[]
  timing: { totalSeconds: number; readSeconds: number; numSolved: number; numKept: number }
}

export interface SummaryParts {
  outcomes: readonly AreaOutcome[]
  targetNames: readonly string[]
  digest: string
  options: AreasSummary['options']
  inputs: AreasSummary['inputs']
  exhaustion: ExhaustionSummary | null
  warnings: readonly string[]
  timing: AreasSummary['timing']
}

export function areasSummary(parts: SummaryParts): AreasSummary {
  const { targetNames, options } = parts
  const outcomes = parts.outcomes.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const isMissed = (miss: number) => miss > options.missTolerance
  const missesOf = ({ misses }: AreaOutcome) =>
    misses.flatMap((miss, j) => (miss === null ? [] : [{ target: targetNames[j]!, miss }]))
  const statuses: AreasSummary['statuses'] = {}
  for (const { status } of outcomes) statuses[status] = (statuses[status] ?? 0) + 1
  return {
    schema: 'equipoise/areas-summary/1',
    digest: parts.digest,
    statuses: Object.fromEntries(Object.entries(statuses).sort()),
    options,
    inputs: parts.inputs,
    areas: outcomes.map((outcome) => {
      const { misses: _, errors: __, multiplierCounts: ___, ...rest } = outcome
      const misses = missesOf(outcome)
      return {
        ...rest,
        numTargets: misses.length,
        numMissed: misses.filter(({ miss }) => isMissed(miss)).length,
        largestMiss: largest(misses),
      }
    }),
    targets: targetNames.map((name, j) => {
      const misses = outcomes.flatMap(({ key, misses: ofArea }) => {
        const miss = ofArea[j] ?? null
        return miss === null ? [] : [{ area: key, miss }]
      })
      return {
        name,
        numAreas: misses.length,
        numMissed: misses.filter(({ miss }) => isMissed(miss)).length,
        largestMiss: largest(misses),
      }
    }),
    missed: outcomes.flatMap((outcome) =>
      missesOf(outcome)
        .filter(({ miss }) => isMissed(miss))
        .map((missed) => ({ area: outcome.key, ...missed })),
    ),
    multipliers: {
      edges: multiplierEdges.map((edge) => (Number.isFinite(edge) ? edge : null)),
      counts: multiplierEdges
        .slice(1)
        .map((_, c) => outcomes.reduce((sum, { multiplierCounts }) => sum + (multiplierCounts[c] ?? 0), 0)),
    },
    exhaustion: parts.exhaustion,
    warnings: [...parts.warnings],
    timing: parts.timing,
  }
}

/** The first of the largest. */
const largest = <T extends { miss: number }>(misses: readonly T[]): T | null =>
  misses.reduce<T | null>((most, here) => (most === null || here.miss > most.miss ? here : most), null)

export const isCertified = ({ areas }: AreasSummary): boolean =>
  areas.every(({ status }) => status === 'converged')

const shownAreas = 10

/** A batch for a reader: how many areas ended how, and those that deserve a look. */
export function areasText(summary: AreasSummary, folder: string): string {
  const { areas, statuses, missed, timing, exhaustion } = summary
  const converged = statuses.converged ?? 0
  const others = Object.entries(statuses).filter(([status]) => status !== 'converged')
  const outcome =
    others.length === 0
      ? `Certified: all ${areas.length} areas.`
      : `NOT CERTIFIED: ${others.map(([status, count]) => `${count} ${status}`).join(', ')}; certified: ${converged} of ${areas.length} areas.`
  const numMissing = areas.filter(({ numMissed }) => numMissed > 0).length
  const misses =
    missed.length === 0
      ? `Every target is met to within ${significant(100 * summary.options.missTolerance)} % in every area.`
      : `${missed.length} totals in ${numMissing} areas miss their target by more than ${significant(100 * summary.options.missTolerance)} %.`
  const worst = areas
    .filter(({ status, numMissed }) => status !== 'converged' || numMissed > 0)
    .toSorted((a, b) => badness(b) - badness(a))
    .slice(0, shownAreas)
  const table = textTable(
    ['area', 'status', 'missed', 'largest miss', 'target'],
    worst.map(({ key, status, numTargets, numMissed, largestMiss, error }) => [
      key,
      status,
      numTargets === 0 ? '-' : `${numMissed} of ${numTargets}`,
      largestMiss === null ? '-' : `${significant(100 * largestMiss.miss, 3)} %`,
      error?.path ?? largestMiss?.target ?? '-',
    ]),
  )
  const parts = [
    outcome,
    misses,
    worst.length > 0 && `The areas that deserve a look first\n${table}`,
    contradictions(areas),
    exhaustion &&
      `Exhaustion of the records: from ${significant(exhaustion.minimum, 4)} to ${significant(exhaustion.maximum, 4)}, mean ${significant(exhaustion.mean, 4)}; above 1: ${exhaustion.numAboveOne}${exhaustion.cap === null ? '' : `, above the cap ${exhaustion.cap}: ${exhaustion.numAboveCap}`}`,
    `digest ${summary.digest}; ${timing.numSolved} solved, ${timing.numKept} kept from earlier, ${timing.totalSeconds.toFixed(1)} s`,
    `Written: ${folder}`,
  ]
  return parts.filter(Boolean).join('\n\n')
}

/** Why no weights meet what was asked, area by area. */
function contradictions(areas: AreasSummary['areas']): string | null {
  const infeasible = areas.filter(({ status }) => status === 'infeasible')
  if (infeasible.length === 0) return null
  const lines = infeasible.slice(0, shownAreas).map(({ key, message }) => `  ${key}: ${message}`)
  const others = infeasible.length - lines.length
  return [
    'Where no weights meet what was asked',
    ...lines,
    ...(others > 0 ? [`  and ${others} more`] : []),
  ].join('\n')
}

const badness = ({ status, largestMiss }: AreasSummary['areas'][number]) =>
  (status === 'converged' ? 0 : 1e300) + (largestMiss?.miss ?? 0)

import type { AreaOutcome } from '../../areas/outcome.js'
import type { AreasSummary } from '../../cli/areas-summary.js'

export interface AreasReportInput {
  summary: AreasSummary
  /** In the order of the areas file. */
  outcomes: readonly AreaOutcome[]
  /** The page of an area, relative to this one; null where it has none. */
  pageOf: (key: string) => string | null
}

type AreaLine = AreasSummary['areas'][number]

/** What the sections are made from. */
export interface AreasReport extends AreasReportInput {
  /** By key. */
  lines: ReadonlyMap<string, AreaLine>
  /** Areas without a certified answer. */
  failed: AreaLine[]
  /** Areas with an answer that miss a target. */
  missing: AreaLine[]
}

export function prepareAreasReport(input: AreasReportInput): AreasReport {
  const { areas } = input.summary
  return {
    ...input,
    lines: new Map(areas.map((line) => [line.key, line])),
    failed: areas.filter(({ status }) => status !== 'converged'),
    missing: areas.filter(({ numMissed }) => numMissed > 0),
  }
}

/** Words for a status, and how it looks. */
export const STATUSES: Record<AreaLine['status'], { word: string; tone: 'good' | 'caution' | 'bad' }> = {
  converged: { word: 'Certified', tone: 'good' },
  not_certified: { word: 'Not certified', tone: 'caution' },
  iteration_limit: { word: 'Stopped early', tone: 'caution' },
  cancelled: { word: 'Cancelled', tone: 'caution' },
  numerical_failure: { word: 'Failed', tone: 'bad' },
  infeasible: { word: 'Infeasible', tone: 'bad' },
  impossible: { word: 'Impossible', tone: 'bad' },
  bad_input: { word: 'Bad input', tone: 'bad' },
  not_solved: { word: 'Not solved', tone: 'caution' },
}

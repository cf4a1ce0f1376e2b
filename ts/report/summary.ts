import type { AnyDocument } from '../reweight/certificate-document.js'
import type { AnyTarget } from './forms/form.js'
import type { ReportInput } from './input.js'

/** A target as the report shows it: with the error that the design weights made. */
export interface TargetLine {
  label: string
  target: AnyTarget
  isImpossible: boolean
  errorBefore: number
  errorAfter: number
}

export interface ErrorSummary {
  count: number
  median: number
  largest: number
  /** The line with the largest error. */
  worst: TargetLine | undefined
}

export interface RecordChange {
  record: number
  before: number
  after: number
  multiplier: number
}

/** The error levels at which targets are counted. */
export const ERROR_LEVELS = [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1] as const

/** All targets, the largest error after reweighting first; errors that are not numbers lead. */
export function targetLines(certificate: AnyDocument): TargetLine[] {
  const impossible = new Set(certificate.impossibleTargets)
  const lines = certificate.targets.map((target) => {
    const label = target.area === undefined ? target.name : `${target.area}: ${target.name}`
    return {
      label,
      target,
      // Names repeat from area to area; no record contributes to an impossible target, so its totals are exactly zero.
      isImpossible:
        impossible.has(label) || (impossible.has(target.name) && target.before === 0 && target.after === 0),
      errorBefore: relativeError(target.before, target.target),
      errorAfter: target.relativeError ?? Number.NaN,
    }
  })
  return lines.sort((a, b) => size(b.errorAfter) - size(a.errorAfter))
}

/** Targets that no record contributes to are left out: no weights can change them. */
export function summariseErrors(
  lines: readonly TargetLine[],
  side: 'errorBefore' | 'errorAfter',
): ErrorSummary {
  const reachable = lines.filter((line) => !line.isImpossible).sort((a, b) => size(a[side]) - size(b[side]))
  const sizes = reachable.map((line) => Math.abs(line[side]))
  const middle = sizes.length >> 1
  const median =
    sizes.length % 2 === 1
      ? (sizes[middle] as number)
      : ((sizes[middle - 1] ?? Number.NaN) + (sizes[middle] ?? Number.NaN)) / 2
  return { count: sizes.length, median, largest: sizes.at(-1) ?? Number.NaN, worst: reachable.at(-1) }
}

export function countWithin(
  lines: readonly TargetLine[],
  side: 'errorBefore' | 'errorAfter',
  level: number,
): number {
  return lines.filter((line) => !line.isImpossible && Math.abs(line[side]) <= level).length
}

/** The records whose weight changed most, in absolute terms; equal changes stay in the records' order. */
export function largestChanges(input: ReportInput, count: number): RecordChange[] {
  const { weightsBefore, weightsAfter, multipliers } = input
  const chosen: { record: number; change: number }[] = []
  for (let record = 0; record < weightsAfter.length; record++) {
    const change = Math.abs((weightsAfter[record] as number) - (weightsBefore[record] as number))
    const last = chosen.at(-1)
    if (
      !(change > 0 && Number.isFinite(change)) ||
      (chosen.length === count && last && change <= last.change)
    )
      continue
    let place = chosen.length
    while (place > 0 && (chosen[place - 1] as { change: number }).change < change) place--
    chosen.splice(place, 0, { record, change })
    if (chosen.length > count) chosen.pop()
  }
  return chosen.map(({ record }) => ({
    record,
    before: weightsBefore[record] as number,
    after: weightsAfter[record] as number,
    multiplier: multipliers[record] as number,
  }))
}

/** As in the certificate: relative to the target's size; for a target of zero, the total itself. */
function relativeError(total: number | null, target: number): number {
  if (total === null) return Number.NaN
  return target === 0 ? total : (total - target) / Math.abs(target)
}

/** Sorting key: what is not a number counts as the largest error. */
function size(error: number): number {
  return Number.isNaN(error) ? Number.MAX_VALUE : Math.min(Math.abs(error), Number.MAX_VALUE)
}

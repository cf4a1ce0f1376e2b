import type { ReportNumber } from './document.js'

/** A number of the report as one of JavaScript. */
export function toNumber(value: ReportNumber | boolean | undefined): number {
  if (value === 'inf') return Number.POSITIVE_INFINITY
  if (value === '-inf') return Number.NEGATIVE_INFINITY
  return typeof value === 'number' ? value : Number.NaN
}

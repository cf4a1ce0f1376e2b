import { type Html, html } from '../escape.js'
import {
  figure,
  formatBound,
  formatCount,
  formatNumber,
  formatPercent,
  formatSeconds,
  plural,
  wordsForNonFinite,
} from '../format.js'
import type { Report } from '../report.js'

/** The figures that a reader looks for first. */
export function keyNumbers({ certificate, form, lines, errors }: Report): Html {
  const { inputs, distribution } = certificate
  const numAtBound = certificate.numAtLower + certificate.numAtUpper
  const share = inputs.numRecords > 0 ? numAtBound / inputs.numRecords : Number.NaN
  const tiles: [name: string, value: Html, note: Html | string][] = [
    [
      'Records',
      figure(inputs.numRecords, formatCount(inputs.numRecords)),
      `${plural(inputs.numTargets, 'target')}`,
    ],
    [
      'Distance bound',
      figure(certificate.distanceBound, formatBound(certificate.distanceBound)),
      wordsForNonFinite(certificate.distanceBound)
        ? 'how far the multipliers are from the best ones is not known'
        : 'no multiplier is farther than this from the best one',
    ],
    [
      'Median error of the targets',
      figure(errors.after.median, formatPercent(errors.after.median)),
      html`before: ${figure(errors.before.median, formatPercent(errors.before.median))}`,
    ],
    form.met(lines),
    [
      'Records at a bound',
      figure(numAtBound, formatCount(numAtBound)),
      `${formatPercent(share)} of all: ${formatCount(certificate.numAtLower)} at the lower, ${formatCount(certificate.numAtUpper)} at the upper`,
    ],
    [
      'Effective sample size',
      figure(certificate.effectiveSampleSize, formatCount(certificate.effectiveSampleSize)),
      html`design effect ${figure(certificate.designEffect, formatNumber(certificate.designEffect))} (Kish)`,
    ],
    [
      'Sum of the weights',
      figure(distribution.sumOfWeightsAfter, formatCount(distribution.sumOfWeightsAfter)),
      html`before: ${figure(distribution.sumOfWeightsBefore, formatCount(distribution.sumOfWeightsBefore))}`,
    ],
    [
      'Time taken',
      figure(certificate.timing.totalSeconds, formatSeconds(certificate.timing.totalSeconds)),
      certificate.numGroups < certificate.inputs.numRecords
        ? `${plural(certificate.iterations, 'iteration')} over ${plural(certificate.numGroups, 'group')} of identical records`
        : plural(certificate.iterations, 'iteration'),
    ],
  ]
  return html`<dl class="tiles" aria-label="Key numbers">${tiles.map(
    ([name, value, note]) => html`<div><dt>${name}</dt><dd>${value}</dd><dd class="note">${note}</dd></div>`,
  )}</dl>`
}

import { type Html, html } from '../escape.js'
import {
  figure,
  formatBound,
  formatCount,
  formatNumber,
  formatPercent,
  formatSeconds,
  plural,
} from '../format.js'
import { scrollingTable } from '../table.js'
import { areaName } from './area-table.js'
import { type AreasReport, STATUSES } from './input.js'

/** The verdict, the figures that matter most, and the areas that have no certified answer. */
export function outcomeSection(report: AreasReport): Html {
  const { summary, failed } = report
  const certified = summary.areas.length - failed.length
  const verdict =
    failed.length === 0
      ? {
          tone: 'good',
          badge: 'Certified',
          headline: `The weights of all ${plural(summary.areas.length, 'area')} are the best ones, and that is proven.`,
        }
      : {
          tone: certified === 0 ? 'bad' : 'caution',
          badge: 'Not all certified',
          headline: `${formatCount(certified)} of ${plural(summary.areas.length, 'area')} have certified weights.`,
        }
  return html`<section id="outcome" aria-labelledby="outcome-title">
<div class="verdict ${verdict.tone}"><p class="badge">${verdict.badge}</p>
<h2 id="outcome-title">${verdict.headline}</h2>
<p>${missSentence(report)}</p>
${failed.length > 0 && html`<p>An area without a certificate does not touch the others: each is a problem of its own over the same records.</p>`}
</div>
${tiles(report)}
${failed.length > 0 && failedTable(report)}
</section>`
}

function missSentence({ summary, missing }: AreasReport): string {
  const tolerance = formatPercent(summary.options.missTolerance)
  if (summary.missed.length === 0)
    return `Where there are weights, every total is met to within ${tolerance}.`
  return `${plural(summary.missed.length, 'total')} in ${plural(missing.length, 'area')} miss their target by more than ${tolerance}: the certificate proves that the weights are the best ones of this form, not that every target can be met.`
}

function tiles({ summary, failed, missing }: AreasReport): Html {
  const { areas, targets, missed, exhaustion, timing } = summary
  const cells = targets.reduce((sum, { numAreas }) => sum + numAreas, 0)
  const bounds = areas.flatMap(({ distanceBound, status }) =>
    status === 'converged' ? (distanceBound ?? []) : [],
  )
  const worst = bounds.length === 0 ? null : Math.max(...bounds)
  const tiles: [name: string, value: Html, note: string][] = [
    [
      'Areas certified',
      html`${formatCount(areas.length - failed.length)}<small> of ${formatCount(areas.length)}</small>`,
      `${plural(summary.inputs.numRecords, 'record')} in all`,
    ],
    [
      'Totals missed',
      html`${formatCount(missed.length)}<small> of ${formatCount(cells)}</small>`,
      `in ${plural(missing.length, 'area')}`,
    ],
    [
      'Largest distance bound',
      figure(worst, formatBound(worst)),
      'no multiplier of a certified area is farther than this from the best one',
    ],
    [
      'Time taken',
      figure(timing.totalSeconds, formatSeconds(timing.totalSeconds)),
      `${plural(timing.numSolved, 'area')} solved, ${formatCount(timing.numKept)} kept from an earlier run`,
    ],
    ...(exhaustion
      ? [
          [
            'Largest exhaustion',
            figure(exhaustion.maximum, formatNumber(exhaustion.maximum)),
            exhaustion.cap === null
              ? `${plural(exhaustion.numAboveOne, 'record')} above 1`
              : `the cap is ${formatNumber(exhaustion.cap)}`,
          ] as [string, Html, string],
        ]
      : []),
  ]
  return html`<dl class="tiles" aria-label="Key numbers">${tiles.map(
    ([name, value, note]) => html`<div><dt>${name}</dt><dd>${value}</dd><dd class="note">${note}</dd></div>`,
  )}</dl>`
}

function failedTable(report: AreasReport): Html {
  return html`<h3>Areas without certified weights</h3>${scrollingTable(
    'failed',
    plural(report.failed.length, 'area'),
    html`<table class="data"><thead><tr><th scope="col">Area</th><th scope="col">Status</th><th scope="col">Why</th></tr></thead>
<tbody>${report.failed.map(
      ({ key, status, message }) =>
        html`<tr><th scope="row">${areaName(report, key)}</th><td><span class="tag ${STATUSES[status].tone}">${STATUSES[status].word}</span></td><td class="wordy"><bdi>${message}</bdi></td></tr>`,
    )}</tbody></table>`,
  )}`
}

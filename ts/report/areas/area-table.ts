import { type Html, html, nameOf } from '../escape.js'
import { exactDigits, formatBound, formatCount, formatNumber, formatPercent, plural } from '../format.js'
import { type AreasReport, STATUSES } from './input.js'

/** An area's name, leading to its page where it has one. */
export function areaName({ pageOf, lines }: AreasReport, key: string): Html {
  const page = lines.get(key)?.digest == null ? null : pageOf(key)
  return page === null ? nameOf(key) : html`<a href="${page}">${nameOf(key)}</a>`
}

/** Every area with its figures, those that deserve a look first. */
export function areaTableSection(report: AreasReport): Html {
  const { summary } = report
  const number = (title: string, isFirst = false) =>
    html`<th scope="col" class="number" data-sort="number"${isFirst && html` aria-sort="descending"`}>${title}</th>`
  const order = summary.areas.toSorted(
    (a, b) =>
      Number(b.status !== 'converged') - Number(a.status !== 'converged') ||
      (b.largestMiss?.miss ?? 0) - (a.largestMiss?.miss ?? 0),
  )
  return html`<section id="areas" aria-labelledby="areas-title">
<h2 id="areas-title">Areas</h2>
<p class="about">The <em>largest miss</em> is how far the worst total of the area lies outside its band, or, in forms without bands, off its target, as a share
of the target. The multipliers are those of the area’s own design weights.</p>
<div class="tools" hidden><label>Search the areas <input type="search" data-search="areas-body" autocomplete="off" spellcheck="false"></label>
<output data-count="areas-body" aria-live="polite">${plural(order.length, 'area')}</output></div>
<p class="caption" id="areas-order" aria-live="polite">Areas without a certified answer first, then by the largest miss</p>
<div class="scroll tall" role="region" tabindex="0" aria-labelledby="areas-title"><table class="targets" data-sortable aria-describedby="areas-order">
<thead><tr><th scope="col" data-sort="text">Area</th><th scope="col" data-sort="text">Status</th>${[
    number('Targets missed'),
    number('Largest miss'),
    html`<th scope="col" data-sort="text">of the target</th>`,
    number('Least multiplier'),
    number('Median'),
    number('Largest'),
    number('Sum of weights'),
    number('Design effect'),
    number('Effective sample'),
    number('Distance bound'),
  ]}</tr></thead>
<tbody id="areas-body">${order.map((line) => areaRow(report, line))}</tbody>
</table></div>
</section>`
}

function areaRow(report: AreasReport, line: AreasReport['failed'][number]): Html {
  const { key, status, numMissed, numTargets, largestMiss, distribution, quantiles, distanceBound } = line
  const cell = (value: number | null | undefined, format: (value: number) => string) =>
    value === null || value === undefined
      ? html`<td>–</td>`
      : html`<td title="${exactDigits(value)}">${format(value)}</td>`
  const { word, tone } = STATUSES[status]
  const median = quantiles.find(({ probability }) => probability === 0.5)?.value
  return html`<tr><th scope="row">${areaName(report, key)}</th><td class="text"><span class="tag ${tone}">${word}</span></td>${[
    numTargets === 0 ? html`<td>–</td>` : html`<td title="${numMissed}">${numMissed} of ${numTargets}</td>`,
    cell(largestMiss?.miss, formatPercent),
    html`<td class="text">${largestMiss && nameOf(largestMiss.target)}</td>`,
    cell(distribution?.minimum, formatNumber),
    cell(median, formatNumber),
    cell(distribution?.maximum, formatNumber),
    cell(distribution?.sumOfWeightsAfter, formatCount),
    cell(distribution?.designEffect, formatNumber),
    cell(distribution?.effectiveSampleSize, formatCount),
    cell(distanceBound, formatBound),
  ]}</tr>
`
}

/** Every target over the areas. */
export function targetTableSection(report: AreasReport): Html {
  const { targets } = report.summary
  const order = targets.toSorted(
    (a, b) => b.numMissed - a.numMissed || (b.largestMiss?.miss ?? 0) - (a.largestMiss?.miss ?? 0),
  )
  return html`<section id="targets" aria-labelledby="targets-title">
<h2 id="targets-title">Targets</h2>
<div class="tools" hidden><label>Search the targets <input type="search" data-search="targets-body" autocomplete="off" spellcheck="false"></label>
<output data-count="targets-body" aria-live="polite">${plural(order.length, 'target')}</output></div>
<p class="caption" id="targets-order" aria-live="polite">Those that the most areas miss first</p>
<div class="scroll tall" role="region" tabindex="0" aria-labelledby="targets-title"><table class="targets" data-sortable aria-describedby="targets-order">
<thead><tr><th scope="col" data-sort="text">Target</th><th scope="col" class="number" data-sort="number">Areas that have it</th><th scope="col" class="number" data-sort="number" aria-sort="descending">miss it</th><th scope="col" class="number" data-sort="number">Largest miss</th><th scope="col" data-sort="text">in the area</th></tr></thead>
<tbody id="targets-body">${order.map(
    ({ name, numAreas, numMissed, largestMiss }) =>
      html`<tr><th scope="row">${nameOf(name)}</th><td title="${numAreas}">${formatCount(numAreas)}</td><td title="${numMissed}">${formatCount(numMissed)}</td>${largestMiss === null ? html`<td>–</td><td class="text"></td>` : html`<td title="${exactDigits(largestMiss.miss)}">${formatPercent(largestMiss.miss)}</td><td class="text">${areaName(report, largestMiss.area)}</td>`}</tr>
`,
  )}</tbody>
</table></div>
</section>`
}

export const TABLE_STYLES = `
.tag.good { border-color: var(--good); color: var(--good); } .tag.bad { border-color: var(--bad); color: var(--bad); }
#areas .targets td.text, #targets .targets td.text { white-space: nowrap; }
`

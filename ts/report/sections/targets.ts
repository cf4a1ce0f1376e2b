import { type Html, html } from '../escape.js'
import {
  exactDigits,
  formatCount,
  formatNumber,
  formatPercent,
  formatSignedPercent,
  plural,
} from '../format.js'
import { drawableLines, errorDumbbellSpec, errorRankSpec, symlogConstant } from '../plots/errors.js'
import { legend, plotFigure } from '../plots/figure.js'
import type { Report } from '../report.js'
import { countWithin, ERROR_LEVELS, type TargetLine } from '../summary.js'

/** With fewer targets than this, each is drawn by name and the plot by rank would only repeat it. */
const FEW_TARGETS = 30
const NAMED_TARGETS = 20

export async function targetsSection(report: Report): Promise<Html> {
  const { lines } = report
  return html`<section id="targets" aria-labelledby="targets-title">
<h2 id="targets-title">Targets</h2>
${lines.length === 0 ? html`<p>The problem has no targets.</p>` : [levelsTable(report), await rankPlot(report), await worstPlot(report), targetTable(report)]}
</section>`
}

function levelsTable({ lines, errors }: Report): Html {
  const count = errors.after.count
  const share = (n: number) =>
    html`${formatCount(n)} <small>(${formatPercent(count > 0 ? n / count : Number.NaN, 3)})</small>`
  return html`<table class="compact">
<caption>How many of the ${plural(count, 'target')} are met to within …</caption>
<thead><tr><th scope="col">Error at most</th>${ERROR_LEVELS.map((level) => html`<th scope="col" class="number">${formatPercent(level)}</th>`)}</tr></thead>
<tbody>
<tr><th scope="row">Before</th>${ERROR_LEVELS.map((level) => html`<td class="number">${share(countWithin(lines, 'errorBefore', level))}</td>`)}</tr>
<tr><th scope="row">After</th>${ERROR_LEVELS.map((level) => html`<td class="number">${share(countWithin(lines, 'errorAfter', level))}</td>`)}</tr>
</tbody></table>`
}

async function rankPlot({ lines, errors }: Report): Promise<Html | undefined> {
  const drawable = drawableLines(lines)
  if (drawable.length < FEW_TARGETS) return undefined
  return plotFigure({
    id: 'plot-errors',
    title: 'Error of every target, before and after',
    label:
      `Relative errors of ${plural(drawable.length, 'target')}, ordered by the error before. Before: median ${formatPercent(errors.before.median)}, ` +
      `largest ${formatPercent(errors.before.largest)}. After: median ${formatPercent(errors.after.median)}, largest ${formatPercent(errors.after.largest)}.`,
    spec: (size) => errorRankSpec(lines, size),
    legend: legend([
      ['before', 'before, with the design weights'],
      ['after', 'after reweighting'],
    ]),
    caption: html`Each target has its place from left to right; the nearer a dot lies to zero, the better its target is met.
${symlogNote(drawable)} The values are in the <a href="#target-table">table of targets</a>.`,
  })
}

async function worstPlot({ lines }: Report): Promise<Html | undefined> {
  const drawable = drawableLines(lines)
  if (drawable.length === 0) return undefined
  const named = drawable.length < FEW_TARGETS ? drawable : drawable.slice(0, NAMED_TARGETS)
  const title =
    named.length === drawable.length
      ? 'Error of each target, before and after'
      : `The ${named.length} targets with the largest errors left`
  return plotFigure({
    id: 'plot-worst',
    title,
    label: `${title}. The largest error after reweighting is ${formatSignedPercent(named[0]?.errorAfter)}, of ${named[0]?.label}.`,
    spec: (size) => errorDumbbellSpec(named, size),
    legend: legend([
      ['before open', 'before'],
      ['after', 'after'],
    ]),
    caption: html`${symlogNote(named)} The values are in the <a href="#target-table">table of targets</a>.`,
  })
}

function symlogNote(lines: readonly TargetLine[]): string {
  const constant = symlogConstant(lines.flatMap((line) => [line.errorBefore, line.errorAfter]))
  return `The scale is even up to about ${formatPercent(constant)} and beyond that each step is ten times the one before.`
}

function targetTable({ lines }: Report): Html {
  const hasAreas = lines.some((line) => line.target.area !== undefined)
  const number = (title: string, sort: 'number' | 'size', sorted = false) =>
    html`<th scope="col" class="number" data-sort="${sort}"${sorted && html` aria-sort="descending"`}>${title}</th>`
  const longest = lines.reduce(
    (most, line) => Math.max(most, barLength(line.errorBefore), barLength(line.errorAfter)),
    0,
  )
  return html`<h3 id="target-table">All targets</h3>
<p class="about">The bar under each error grows with its size, on the logarithmic scale of the plots. The <em>price</em> tells how fast the objective would grow if
the target, in units of its scale, were raised: targets of a large price are the ones that the other targets and the penalty resist most.</p>
<div class="tools" hidden><label>Search the targets <input type="search" data-search="targets-body" autocomplete="off" spellcheck="false"></label>
<output data-count="targets-body" data-total="${lines.length}" aria-live="polite">${plural(lines.length, 'target')}</output></div>
<div class="scroll tall" role="region" tabindex="0" aria-labelledby="target-table"><table class="targets" data-sortable aria-describedby="target-order">
<caption id="target-order" aria-live="polite">Sorted by error after, largest first</caption>
<thead><tr><th scope="col" data-sort="text">Target</th>${hasAreas && html`<th scope="col" data-sort="text">Area</th>`}${[
    number('Total wanted', 'number'),
    number('Total before', 'number'),
    number('Total after', 'number'),
    number('Error before', 'size'),
    number('Error after', 'size', true),
    number('Price', 'size'),
  ]}</tr></thead>
<tbody id="targets-body">${lines.map((line) => targetRow(line, hasAreas, longest))}</tbody>
</table></div>`
}

function targetRow(line: TargetLine, hasAreas: boolean, longest: number): Html {
  const { target } = line
  const cell = (value: number | null, text: string) => html`<td title="${exactDigits(value)}">${text}</td>`
  const error = (value: number, kind: 'b' | 'a') =>
    html`<td class="${kind}" title="${exactDigits(value)}" style="--share:${barWidth(value, longest)}">${errorText(value, target.target)}</td>`
  return html`<tr${line.isImpossible && html` class="impossible"`}><th scope="row"><bdi>${target.name}</bdi>${line.isImpossible && html` <span class="tag">impossible: no record contributes</span>`}</th>${[
    hasAreas && html`<td class="text"><bdi>${target.area}</bdi></td>`,
    cell(target.target, formatNumber(target.target, 5)),
    cell(target.before, formatNumber(target.before, 5)),
    cell(target.after, formatNumber(target.after, 5)),
    error(line.errorBefore, 'b'),
    error(line.errorAfter, 'a'),
    cell(target.price, formatNumber(target.price, 3)),
  ]}</tr>
`
}

/** A target of zero has no relative error: the total itself is shown, as a plain number. */
function errorText(value: number, target: number): string {
  if (target !== 0 || !Number.isFinite(value)) return formatSignedPercent(value)
  return value === 0 ? '0' : `${formatNumber(value)} (not relative)`
}

/** Logarithmic, from 0.01% up: nothing below that is worth a bar. */
function barLength(error: number): number {
  return Number.isFinite(error) ? Math.log10(1 + Math.abs(error) / 1e-4) : 0
}

function barWidth(error: number, longest: number): string {
  return longest > 0 ? (barLength(error) / longest).toFixed(2) : '0'
}

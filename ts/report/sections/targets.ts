import { type Html, html } from '../escape.js'
import { formatCount, formatPercent, formatSignedPercent, plural } from '../format.js'
import { drawableLines, errorDumbbellSpec, errorRankSpec, symlogConstant } from '../plots/errors.js'
import { legend, plotFigure } from '../plots/figure.js'
import type { Report } from '../report.js'
import { countWithin, ERROR_LEVELS, type TargetLine } from '../summary.js'
import { scrollingTable } from '../table.js'

/** With fewer targets than this, each is drawn by name and the plot by rank would only repeat it. */
const FEW_TARGETS = 30
const NAMED_TARGETS = 20

export async function targetsSection(report: Report): Promise<Html> {
  const { lines } = report
  return html`<section id="targets" aria-labelledby="targets-title">
<h2 id="targets-title">Targets</h2>
${lines.length === 0 ? html`<p>The problem has no targets.</p>` : [levelsTable(report), await rankPlot(report), await worstPlot(report)]}
</section>`
}

function levelsTable({ lines, errors }: Report): Html {
  const count = errors.after.count
  const share = (n: number) =>
    html`${formatCount(n)} <small>(${formatPercent(count > 0 ? n / count : Number.NaN, 3)})</small>`
  const caption = `How many of the ${plural(count, 'target')} are met to within …`
  return scrollingTable(
    'levels',
    caption,
    html`<table class="compact">
<thead><tr><th scope="col">Error at most</th>${ERROR_LEVELS.map((level) => html`<th scope="col" class="number">${formatPercent(level)}</th>`)}</tr></thead>
<tbody>
<tr><th scope="row">Before</th>${ERROR_LEVELS.map((level) => html`<td class="number">${share(countWithin(lines, 'errorBefore', level))}</td>`)}</tr>
<tr><th scope="row">After</th>${ERROR_LEVELS.map((level) => html`<td class="number">${share(countWithin(lines, 'errorAfter', level))}</td>`)}</tr>
</tbody></table>`,
  )
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
${symlogNote(drawable)} The values are in the <a href="#all-targets">table of targets</a>.`,
  })
}

async function worstPlot({ lines }: Report): Promise<Html | undefined> {
  const drawable = drawableLines(lines)
  if (drawable.length === 0) return undefined
  const named = drawable.length < FEW_TARGETS ? drawable : drawable.slice(0, NAMED_TARGETS)
  const title =
    named.length === drawable.length
      ? 'Error of each target, before and after'
      : `The ${named.length} targets with the largest remaining errors`
  return plotFigure({
    id: 'plot-worst',
    title,
    label: `${title}. The largest error after reweighting is ${formatSignedPercent(named[0]?.errorAfter)}, of ${named[0]?.label}.`,
    spec: (size) => errorDumbbellSpec(named, size),
    legend: legend([
      ['before open', 'before'],
      ['after', 'after'],
    ]),
    caption: html`${symlogNote(named)} The values are in the <a href="#all-targets">table of targets</a>.`,
  })
}

function symlogNote(lines: readonly TargetLine[]): string {
  const constant = symlogConstant(lines.flatMap((line) => [line.errorBefore, line.errorAfter]))
  return `The scale is even up to about ${formatPercent(constant)} and beyond that each step is ten times the one before.`
}

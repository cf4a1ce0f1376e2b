import type { AreaOutcome } from '../../areas/outcome.js'
import { type Html, html, trustedHtml } from '../escape.js'
import { formatPercent, plural } from '../format.js'
import { areaName } from './area-table.js'
import type { AreasReport } from './input.js'

/** More columns are slow to lay out and wider than anybody scrolls: then those with the most misses are shown. */
const MOST_COLUMNS = 200
/** Where the misses change their colour. */
const LEVELS = [0.01, 0.05, 0.2]

/** Which targets are missed where: a cell for each area and target, its colour the size of the miss, its text the error. */
export function matrixSection(report: AreasReport): Html {
  const { summary, outcomes } = report
  const columns = chosenColumns(report)
  const left = summary.targets.length - columns.length
  const tolerance = formatPercent(summary.options.missTolerance)
  return html`<section id="matrix" aria-labelledby="matrix-title">
<h2 id="matrix-title">Which targets are missed where</h2>
<p>A row for each area, a column for each target. Point at a cell, or touch it, to read the error of the total. What is said here by colour stands
in words under <a href="#areas">Areas</a> and <a href="#targets">Targets</a>.
${left > 0 && html`Of ${plural(summary.targets.length, 'target')} the ${columns.length} that are missed most often are shown.`}</p>
<ul class="legend">${legend(tolerance).map(([kind, text]) => html`<li><i class="cell ${kind}"></i>${text}</li>`)}</ul>
<div class="tools" hidden><label>Search the areas <input type="search" data-search="matrix-body" autocomplete="off" spellcheck="false"></label>
<output data-count="matrix-body" aria-live="polite">${plural(outcomes.length, 'area')}</output></div>
<p class="caption reading" id="matrix-reading" aria-live="polite">&nbsp;</p>
<div class="scroll tall" role="region" tabindex="0" aria-labelledby="matrix-title"><table class="matrix" data-matrix="matrix-reading">
<thead><tr><th scope="col">Area</th>${columns.map((j) => html`<th scope="col"><span><bdi>${summary.targets[j]!.name}</bdi></span></th>`)}</tr></thead>
<tbody id="matrix-body">${outcomes.map((outcome) => row(report, outcome, columns))}</tbody>
</table></div>
</section>`
}

function legend(tolerance: string): [kind: string, text: string][] {
  const [small, middle, large] = LEVELS.map((level) => formatPercent(level))
  return [
    ['', `met to within ${tolerance}`],
    ['a', `missed by up to ${small}`],
    ['b', `up to ${middle}`],
    ['c', `up to ${large}`],
    ['d', 'by more'],
    ['n', 'not a target there'],
    ['x', 'no answer'],
  ]
}

function chosenColumns({ summary }: AreasReport): number[] {
  const all = [...summary.targets.keys()]
  if (all.length <= MOST_COLUMNS) return all
  const { targets } = summary
  const most = all.toSorted(
    (i, j) =>
      targets[j]!.numMissed - targets[i]!.numMissed ||
      (targets[j]!.largestMiss?.miss ?? 0) - (targets[i]!.largestMiss?.miss ?? 0),
  )
  return most.slice(0, MOST_COLUMNS).sort((i, j) => i - j)
}

function row(report: AreasReport, outcome: AreaOutcome, columns: readonly number[]): Html {
  const { missTolerance } = report.summary.options
  // Tens of thousands of cells: the markup is as short as HTML allows.
  const cells = columns.map((j) => cell(outcome, j, missTolerance)).join('')
  return html`<tr><th scope="row">${areaName(report, outcome.key)}</th>${trustedHtml(cells)}</tr>
`
}

function cell({ distribution, misses, errors }: AreaOutcome, target: number, tolerance: number): string {
  if (distribution === null) return '<td class=x>'
  const miss = misses[target] ?? null
  if (miss === null) return '<td class=n>'
  const error = errors[target] ?? 0
  const kind = miss <= tolerance ? '' : ` class=${'abcd'[LEVELS.filter((level) => miss > level).length]}`
  return `<td${kind}>${percent(error)}`
}

/** Three digits: enough for a look, and short. */
const percent = (error: number): string => {
  const hundredths = Number((100 * error).toPrecision(3))
  return `${hundredths > 0 ? '+' : ''}${hundredths}%`
}

export const MATRIX_STYLES = `
.matrix { width: auto; border-collapse: separate; border-spacing: 1px; table-layout: fixed; font-size: .78rem; }
.matrix th, .matrix td { padding: 0; border: 0; }
.matrix tbody th { position: sticky; left: 0; z-index: 1; max-width: 11rem; min-width: 6rem; padding-right: .5rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; background: var(--paper); line-height: 1.15; }
.matrix thead th { height: 8.5rem; vertical-align: bottom; }
.matrix thead th:first-child { position: sticky; left: 0; z-index: 2; background: var(--paper); }
.matrix thead span { display: inline-block; max-height: 8.2rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; writing-mode: vertical-rl; transform: rotate(180deg); font-weight: 400; line-height: .8rem; }
.matrix td, .cell { width: .72rem; min-width: .72rem; height: .82rem; background: var(--met); }
.matrix td { overflow: hidden; font-size: 0; cursor: default; }
.matrix td:hover { outline: 2px solid var(--ink); }
.matrix tr:hover th { text-decoration: underline; }
.cell { display: inline-block; margin-right: .45em; vertical-align: -.1em; }
.reading { min-height: 1.4em; color: var(--ink); }
:root { --met: #e3ecf4; --miss-a: #f6d9a0; --miss-b: #eda64f; --miss-c: #d2661f; --miss-d: #8e1c12; }
@media screen and (prefers-color-scheme: dark) { :root { --met: #22303c; --miss-a: #57441c; --miss-b: #93651d; --miss-c: #d4782c; --miss-d: #ff9c86; } }
.matrix td.a, .cell.a { background: var(--miss-a); } .matrix td.b, .cell.b { background: var(--miss-b); }
.matrix td.c, .cell.c { background: var(--miss-c); } .matrix td.d, .cell.d { background: var(--miss-d); }
.matrix td.n, .cell.n { background: none; box-shadow: inset 0 0 0 1px var(--rule); }
.matrix td.x, .cell.x { background: repeating-linear-gradient(135deg, var(--rule-strong) 0 1px, transparent 1px 4px); }
@media screen and (max-width: 46rem) { .matrix tbody th { max-width: 6.5rem; min-width: 5rem; } }
@media print { .matrix thead th { height: 30mm; } .matrix td, .cell { width: 1.6mm; min-width: 1.6mm; height: 2mm; } .matrix tbody th { position: static; font-size: 6pt; line-height: 1; } .reading { display: none; } }
`

/** Reads out the cell under the pointer. */
export const MATRIX_SCRIPT = `
;(() => {
  'use strict'
  for (const table of document.querySelectorAll('table[data-matrix]')) {
    const reading = document.getElementById(table.dataset.matrix)
    const heads = table.tHead.rows[0].cells
    const words = { n: 'not a target of this area', x: 'no answer' }
    const read = (event) => {
      const cell = event.target.closest('td')
      if (!cell) return
      const area = cell.parentElement.cells[0].textContent
      reading.textContent = area + ', ' + heads[cell.cellIndex].textContent + ': ' + (words[cell.className] ?? cell.textContent.trim())
    }
    table.addEventListener('pointerover', read)
    table.addEventListener('click', read)
  }
})()
`

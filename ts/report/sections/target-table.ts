import { type Html, html, nameOf } from '../escape.js'
import { exactDigits, formatNumber, formatSignedPercent, plural } from '../format.js'
import type { TargetColumn } from '../forms/form.js'
import type { Report } from '../report.js'
import type { TargetLine } from '../summary.js'

/** Every target, complete and sorted by its error without any script; the script adds sorting by column and a search. */
export function targetTableSection({ lines, impossible, form }: Report): Html | undefined {
  if (lines.length === 0) return undefined
  const hasAreas = lines.some((line) => line.target.area !== undefined)
  const number = (title: string, sort: 'number' | 'size', sorted = false) =>
    html`<th scope="col" class="number" data-sort="${sort}"${sorted && html` aria-sort="descending"`}>${title}</th>`
  const longest = lines.reduce(
    (most, line) => Math.max(most, barLength(line.errorBefore), barLength(line.errorAfter)),
    0,
  )
  return html`<section id="all-targets" aria-labelledby="all-targets-title">
<h2 id="all-targets-title">All targets</h2>
<p class="about">The bar under each error grows with its size, on a logarithmic scale. ${form.aboutColumns}
${impossible.length > 0 && html`To a target marked <em>impossible</em> no record contributes, so that no weights can change its total.`}</p>
<div class="tools" hidden><label>Search the targets <input type="search" data-search="targets-body" autocomplete="off" spellcheck="false"></label>
<output data-count="targets-body" data-total="${lines.length}" aria-live="polite">${plural(lines.length, 'target')}</output></div>
<p class="caption" id="target-order" aria-live="polite">Sorted by error after, largest first</p>
<div class="scroll tall" role="region" tabindex="0" aria-labelledby="all-targets-title"><table class="targets" data-sortable aria-describedby="target-order">
<thead><tr><th scope="col" data-sort="text">Target</th>${hasAreas && html`<th scope="col" data-sort="text">Area</th>`}${[
    number('Total wanted', 'number'),
    number('Total before', 'number'),
    number('Total after', 'number'),
    number('Error before', 'size'),
    number('Error after', 'size', true),
    ...form.targetColumns.map(({ title, sort }) =>
      sort === 'text' ? html`<th scope="col" data-sort="text">${title}</th>` : number(title, sort),
    ),
  ]}</tr></thead>
<tbody id="targets-body">${lines.map((line) => targetRow(line, form.targetColumns, hasAreas, longest))}</tbody>
</table></div>
</section>`
}

function targetRow(
  line: TargetLine,
  columns: readonly TargetColumn[],
  hasAreas: boolean,
  longest: number,
): Html {
  const { target } = line
  const cell = (value: number | null, text: string) => html`<td title="${exactDigits(value)}">${text}</td>`
  const error = (value: number, kind: 'b' | 'a') =>
    html`<td class="${kind}" title="${exactDigits(value)}" style="--share:${barWidth(value, longest)}">${errorText(value, target.target)}</td>`
  return html`<tr${line.isImpossible && html` class="impossible"`}><th scope="row">${nameOf(target.name)}${line.isImpossible && html` <span class="tag">impossible</span>`}</th>${[
    hasAreas && html`<td class="text">${nameOf(target.area ?? '')}</td>`,
    cell(target.target, formatNumber(target.target, 5)),
    cell(target.before, formatNumber(target.before, 5)),
    cell(target.after, formatNumber(target.after, 5)),
    error(line.errorBefore, 'b'),
    error(line.errorAfter, 'a'),
    ...columns.map(({ sort, cell }) => {
      const { text, value } = cell(target)
      return html`<td${sort === 'text' && html` class="text"`} title="${exactDigits(value)}">${text}</td>`
    }),
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

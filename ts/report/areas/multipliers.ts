import { multiplierEdges } from '../../areas/outcome.js'
import { type Html, html, nameOf } from '../escape.js'
import { figure, formatCount, formatNumber, formatPercent, plural } from '../format.js'
import { plotFigure } from '../plots/figure.js'
import type { PlotSize, Spec } from '../plots/svg.js'
import { dataTable, scrollingTable } from '../table.js'
import type { AreasReport } from './input.js'

/** How far the weights had to be changed, over all areas. */
export async function multipliersSection(report: AreasReport): Promise<Html | undefined> {
  const { counts } = report.summary.multipliers
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return undefined
  const classes = counts.map((count, c) => ({ label: classLabel(c), count, order: c }))
  const first = classes.findIndex(({ count }) => count > 0)
  const last = classes.findLastIndex(({ count }) => count > 0)
  const drawn = classes.slice(first, last + 1)
  return html`<section id="multipliers" aria-labelledby="multipliers-title">
<h2 id="multipliers-title">Multipliers of all areas</h2>
${await plotFigure({
  id: 'plot-multipliers',
  title: 'How many multipliers are of which size',
  label: `Bars: ${plural(total, 'multiplier')} in classes. ${drawn.map(({ label, count }) => `${label}: ${formatCount(count)}`).join('; ')}.`,
  spec: (size) => barSpec(drawn, size),
  caption: html`${plural(total, 'multiplier')} of all areas with an answer. 1 leaves a design weight, scaled to the area, as it was. The classes are not of one width.`,
  data: dataTable(
    ['Multiplier', 'Records', 'Share'],
    drawn.map(({ label, count }) => [label, formatCount(count), formatPercent(count / total)]),
  ),
})}
</section>`
}

function classLabel(c: number): string {
  const [low, high] = [multiplierEdges[c]!, multiplierEdges[c + 1]!]
  if (low === Number.NEGATIVE_INFINITY) return `below ${formatNumber(high)}`
  if (high === Number.POSITIVE_INFINITY) return `${formatNumber(low)} or more`
  return `${formatNumber(low)}–${formatNumber(high)}`
}

function barSpec(classes: readonly { label: string; count: number; order: number }[], size: PlotSize): Spec {
  const left = Math.ceil(size.fontSize * 6.6)
  return {
    width: size.width - left - 16,
    height: classes.length * (size.name === 'wide' ? 22 : 20),
    padding: { left, right: 16, top: 8, bottom: 46 },
    autosize: 'none',
    data: { values: [...classes] },
    mark: { type: 'bar', color: 'var(--after)' },
    encoding: {
      y: {
        field: 'label',
        type: 'ordinal',
        sort: { field: 'order' },
        axis: { title: null, ticks: false, domain: false, labelLimit: 0 },
      },
      x: {
        field: 'count',
        type: 'quantitative',
        axis: { title: 'Records', format: '~s', tickCount: size.name === 'wide' ? 8 : 4 },
      },
    },
  }
}

/** How much of each record's design weight the areas use together. */
export function exhaustionSection({ summary }: AreasReport): Html | undefined {
  const { exhaustion } = summary
  if (exhaustion === null) return undefined
  const { minimum, maximum, mean, quantiles, numAboveOne, cap, numAboveCap, worst } = exhaustion
  const columns: [name: string, value: number][] = [
    ['smallest', minimum],
    ...quantiles.map(({ probability, value }): [string, number] => [
      probability === 0.5 ? 'median' : formatPercent(probability),
      value,
    ]),
    ['largest', maximum],
    ['mean', mean],
  ]
  return html`<section id="exhaustion" aria-labelledby="exhaustion-title">
<h2 id="exhaustion-title">Exhaustion of the records</h2>
<p>A record’s exhaustion is the sum of its weights over all certified areas, relative to its design weight: 1 uses it up exactly once. The areas use more than the whole design weight of
${plural(numAboveOne, 'record')} of ${formatCount(summary.inputs.numRecords)}.
${cap !== null && (numAboveCap === 0 ? html`The cap of ${figure(cap)} holds for every record.` : html`The cap of ${figure(cap)} is exceeded by <strong>${plural(numAboveCap ?? 0, 'record')}</strong>.`)}</p>
${scrollingTable(
  'exhaustion-quantiles',
  'Under each percentage: that share of the records is exhausted no more than this',
  html`<table class="compact"><thead><tr>${columns.map(([name]) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
<tbody><tr>${columns.map(([, value]) => html`<td class="number">${figure(value)}</td>`)}</tr></tbody></table>`,
)}
<h3>The most exhausted records</h3>
${scrollingTable(
  'exhaustion-worst',
  'All of them are in exhaustion.csv',
  dataTable(
    ['Record', 'Exhaustion'],
    worst.map(({ id, exhaustion: value }) => [nameOf(id), figure(value)]),
  ),
)}
</section>`
}

import { binEdges, extentOf, type Histogram, histogram } from '../binning.js'
import { type Html, html } from '../escape.js'
import { figure, formatCount, formatNumber, formatPercent, plural } from '../format.js'
import { type ReportInput, recordLabel } from '../input.js'
import { largestChangesSpec, multiplierSpec, weightSpec } from '../plots/distributions.js'
import { legend, plotFigure } from '../plots/figure.js'
import type { Report } from '../report.js'
import { largestChanges, type RecordChange } from '../summary.js'
import { dataTable, scrollingTable } from '../table.js'

const BINS = 60
const CHANGES_DRAWN = 15
const CHANGES_LISTED = 25

export async function multipliersSection(report: Report): Promise<Html> {
  return html`<section id="weights" aria-labelledby="weights-title">
<h2 id="weights-title">Multipliers and weights</h2>
${distributionTable(report)}
${await multiplierPlot(report)}
${await weightPlot(report)}
${await changesPlot(report)}
</section>`
}

function distributionTable({ certificate }: Report): Html {
  const { distribution } = certificate
  const columns: [name: string, value: number | null][] = [
    ['smallest', distribution.minimum],
    ...distribution.quantiles.map(({ probability, value }): [string, number | null] => [
      quantileName(probability),
      value,
    ]),
    ['largest', distribution.maximum],
    ['mean', distribution.mean],
  ]
  return scrollingTable(
    'distribution',
    'The multipliers: 1 leaves a design weight as it was, 2 doubles it. Under each percentage: that share of the records has no larger multiplier.',
    html`<table class="compact">
<thead><tr>${columns.map(([name]) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
<tbody><tr>${columns.map(([, value]) => html`<td class="number">${figure(value)}</td>`)}</tr></tbody></table>`,
  )
}

function quantileName(probability: number): string {
  return probability === 0.5 ? 'median' : formatPercent(probability)
}

async function multiplierPlot({ input, certificate }: Report): Promise<Html> {
  const { multipliers } = input
  const extent = extentOf(multipliers)
  if (!extent) return html`<p>No multiplier is a finite number: there is no distribution to draw.</p>`
  const scale = binEdges(extent, BINS)
  const all = histogram(multipliers, scale)
  const bounds = certificate.options.bounds
  const atBound = histogram(
    bounds ? multipliers.filter((multiplier) => multiplier === bounds[0] || multiplier === bounds[1]) : [],
    scale,
  )
  const held = bounds
    ? `${plural(certificate.numAtLower, 'record')} at the lower bound, ${formatNumber(bounds[0])}, and ${formatCount(certificate.numAtUpper)} at the upper, ${formatNumber(bounds[1])}`
    : `${plural(certificate.numAtLower, 'record')} at their lower bounds and ${formatCount(certificate.numAtUpper)} at their upper`
  return plotFigure({
    id: 'plot-multipliers',
    title: 'Distribution of the multipliers',
    label: `Histogram of ${plural(multipliers.length - all.numLeftOut, 'multiplier')}, from ${formatNumber(extent.minimum)} to ${formatNumber(extent.maximum)}. There are ${held}.`,
    spec: (size) => multiplierSpec(all, atBound, size),
    legend: legend([['after', 'between the bounds'], ...(bounds ? [['bound', 'at a bound'] as const] : [])]),
    caption: html`There are ${held}: their weights would have changed more if they had been allowed to. ${leftOut(all)}`,
    data: dataTable(
      ['Multiplier from', 'to', 'Records', 'of these at a bound'],
      rangeRows(all).map(([from, to, count, bin]) => [from, to, count, formatCount(atBound.counts[bin])]),
    ),
  })
}

async function weightPlot({ input, certificate }: Report): Promise<Html | undefined> {
  const { weightsBefore, weightsAfter } = input
  const extent = extentOf(weightsBefore, weightsAfter)
  if (!extent) return undefined
  const scale = binEdges(extent, BINS)
  const before = histogram(weightsBefore, scale)
  const after = histogram(weightsAfter, scale)
  const { sumOfWeightsBefore, sumOfWeightsAfter } = certificate.distribution
  return plotFigure({
    id: 'plot-weights',
    title: 'Weights before and after',
    label: `Distribution of the weights of ${plural(weightsBefore.length, 'record')} before and after reweighting, between ${formatNumber(extent.minimum)} and ${formatNumber(extent.maximum)}.`,
    spec: (size) => weightSpec(before, after, size),
    legend: legend([
      ['before', 'before: design weights'],
      ['after line', 'after reweighting'],
    ]),
    caption: html`The sum of the weights was ${figure(sumOfWeightsBefore, formatCount(sumOfWeightsBefore))} and is now ${figure(sumOfWeightsAfter, formatCount(sumOfWeightsAfter))}. ${leftOut(after)}`,
    data: dataTable(
      ['Weight from', 'to', 'Records before', 'Records after'],
      rangeRows(before).map(([from, to, count, bin]) => [from, to, count, formatCount(after.counts[bin])]),
    ),
  })
}

async function changesPlot({ input }: Report): Promise<Html> {
  const changes = largestChanges(input, CHANGES_LISTED)
  if (changes.length === 0) return html`<p>No weight was changed.</p>`
  const drawn = changes.slice(0, CHANGES_DRAWN)
  const labels = drawn.map((change) => recordLabel(input, change.record))
  const first = drawn[0] as RecordChange
  const plot = await plotFigure({
    id: 'plot-changes',
    title: 'Largest changes of weight',
    label: `The ${drawn.length} records whose weight changed most. First is ${labels[0]}: from ${formatNumber(first.before)} to ${formatNumber(first.after)}.`,
    spec: (size) => largestChangesSpec(drawn, labels, size),
    legend: legend([
      ['before open', 'design weight'],
      ['after', 'weight after'],
    ]),
    caption:
      'Ordered by the size of the change, in units of weight. A few of these records can sway an estimate for a small group: worth a look.',
  })
  return html`${plot}${changesTable(input, changes)}`
}

function changesTable(input: ReportInput, changes: readonly RecordChange[]): Html {
  return scrollingTable(
    'changes',
    `The ${plural(changes.length, 'record')} whose weight changed most`,
    dataTable(
      [input.recordIdName ?? 'Record', 'Design weight', 'Weight after', 'Change', 'Multiplier'],
      changes.map(({ record, before, after, multiplier }) => [
        html`<bdi>${recordLabel(input, record)}</bdi>`,
        figure(before),
        figure(after),
        figure(after - before),
        figure(multiplier),
      ]),
    ),
  )
}

function rangeRows(bins: Histogram): (readonly [from: string, to: string, count: string, bin: number])[] {
  return bins.counts.map(
    (count, bin) =>
      [formatNumber(bins.edges[bin]), formatNumber(bins.edges[bin + 1]), formatCount(count), bin] as const,
  )
}

function leftOut(bins: Histogram): string | undefined {
  return bins.numLeftOut > 0
    ? `${plural(bins.numLeftOut, 'value')} that are not finite numbers are left out.`
    : undefined
}

import type { BandDocument, BandDocumentTarget } from '../../reweight/band-document.js'
import { type Html, html, nameOf } from '../escape.js'
import { figure, formatCount, formatNumber, formatPercent, plural } from '../format.js'
import { edges } from '../forms/bands.js'
import { type BandRow, bandSpec } from '../plots/bands.js'
import { legend, plotFigure } from '../plots/figure.js'
import type { Report } from '../report.js'
import { scrollingTable } from '../table.js'

const NAMED_TARGETS = 20

/** Where each total ended in its band, what is missed, and what a wider band would gain; of the band form only. */
export async function bandsSection({ certificate }: Report): Promise<Html | undefined> {
  if (certificate.schema !== 'equipoise/band-certificate/1' || certificate.status === 'infeasible')
    return undefined
  const { targets } = certificate
  const costly = targets.toSorted((a, b) => price(a) - price(b)).slice(0, NAMED_TARGETS)
  return html`<section id="bands" aria-labelledby="bands-title">
<h2 id="bands-title">Bands</h2>
${priorities(certificate)}
${summary(certificate)}
${await bandPlot(costly)}
${priceTable(costly, targets.length)}
</section>`
}

/** How far each rank came, where the importance is an order; the bands are those achieved then. */
function priorities({ priorities: ranks }: BandDocument): Html | undefined {
  if (ranks === null) return undefined
  const missed = (targets: readonly { name: string; outside: number | null }[]) =>
    targets.filter(({ outside }) => outside !== 0)
  return html`${scrollingTable(
    'priorities',
    'The ranks, the most important first: each is met as far as the earlier ones leave room. The violation is the sum of the squared relative distances from the bands asked for; none smaller is possible where it is proven least.',
    html`<table class="data">
<thead><tr><th scope="col">Importance</th><th scope="col" class="number">Targets</th><th scope="col" class="number">Violation</th><th scope="col" class="number">At least</th><th scope="col">Proven least</th><th scope="col">Outside the bands asked for</th></tr></thead>
<tbody>${ranks.map(
      ({ importance, targets, violation, violationBound, isProven }) =>
        html`<tr><th scope="row">${figure(importance)}</th><td class="number">${formatCount(targets.length)}</td><td class="number">${figure(violation)}</td><td class="number">${figure(violationBound)}</td><td>${isProven ? 'yes' : 'no'}</td><td class="wordy">${missed(targets).map(({ name, outside }, i) => html`${i > 0 && ', '}${nameOf(name)} by ${figure(outside, formatNumber(outside, 3))}`)}</td></tr>
`,
    )}</tbody></table>`,
  )}
<p>What follows speaks of the bands as achieved: those asked for, widened by what could not be met.</p>`
}

/** The more negative, the more a wider band would gain. */
const price = ({ pricePerPercent }: BandDocumentTarget) => pricePerPercent ?? Number.NEGATIVE_INFINITY

function summary({ targets, largestViolation, options }: BandDocument): Html {
  const outside = targets.filter((target) => target.outside !== 0)
  const pressing = targets.filter((target) => target.outside === 0 && target.binding !== 'none')
  const free = targets.length - outside.length - pressing.length
  const worst = outside.toSorted((a, b) => relativeMiss(b) - relativeMiss(a))[0]
  return html`<p>Of ${plural(targets.length, 'total')}, ${formatCount(free)} ended inside ${free === 1 ? 'its band' : 'their bands'} of their own accord, ${formatCount(pressing.length)} at an edge that holds ${pressing.length === 1 ? 'it' : 'them'}, and
${formatCount(outside.length)} outside.
${
  worst &&
  html`The farthest outside is ${nameOf(label(worst))}, by ${figure(relativeMiss(worst), formatPercent(relativeMiss(worst)))} of its target (largest violation in the certificate: ${figure(largestViolation, formatPercent(largestViolation))}).
${options.weight !== 'hard' && 'With elastic bands a total that presses on its edge ends a little beyond it: the weight of the bands is finite.'}`
}</p>`
}

const relativeMiss = ({ outside, target }: BandDocumentTarget) =>
  Math.abs(outside ?? Number.NaN) / (target === 0 ? 1 : Math.abs(target))

async function bandPlot(targets: readonly BandDocumentTarget[]): Promise<Html | undefined> {
  const rows = targets.flatMap((target): BandRow[] => {
    const relative = (value: number | null) =>
      value === null || target.target === 0 ? Number.NaN : (value - target.target) / Math.abs(target.target)
    const row = {
      label: label(target),
      lower: relative(target.lower),
      upper: relative(target.upper),
      after: relative(target.after),
      isOutside: target.outside !== 0,
    }
    return [row.lower, row.upper, row.after].every(Number.isFinite) ? [row] : []
  })
  if (rows.length === 0) return undefined
  const missed = rows.filter((row) => row.isOutside).length
  return plotFigure({
    id: 'plot-bands',
    title: `Where the totals of the ${rows.length} most pressing bands ended`,
    label: `${plural(rows.length, 'band')} as bars around zero, the final totals as dots; ${formatCount(missed)} of them lie outside. The first is ${rows[0]?.label}.`,
    spec: (size) => bandSpec(rows, size),
    legend: legend([
      ['before line', 'band'],
      ['after', 'total within it'],
      ['bound', 'total outside it'],
    ]),
    caption: html`The bands whose widening would gain most come first. The values are in the table below.`,
  })
}

function priceTable(targets: readonly BandDocumentTarget[], count: number): Html {
  const which =
    targets.length < count ? `The ${targets.length} bands that cost most, of ${count}` : 'All bands'
  return scrollingTable(
    'band-prices',
    `${which}: the change of the objective if the band were wider by 1% of its target at both edges, and if it were moved up by one unit`,
    html`<table class="data">
<thead><tr><th scope="col">Target</th><th scope="col" class="number">Band</th><th scope="col" class="number">Total after</th><th scope="col">Where it ended</th><th scope="col" class="number">Change if 1% wider</th><th scope="col" class="number">Change if 1 unit up</th></tr></thead>
<tbody>${targets.map(
      (target) =>
        html`<tr><th scope="row">${nameOf(label(target))}</th><td class="number">${edges(target)}</td><td class="number">${figure(target.after, formatNumber(target.after, 6))}</td><td>${whereItEnded(target)}</td><td class="number">${figure(target.pricePerPercent)}</td><td class="number">${figure(target.pricePerUnit)}</td></tr>
`,
    )}</tbody></table>`,
  )
}

function whereItEnded({ after, lower, outside, binding }: BandDocumentTarget): Html {
  if (outside !== 0) {
    const side = after !== null && lower !== null && after < lower ? 'below' : 'above'
    return html`${side} by ${figure(outside, formatNumber(outside, 3))}`
  }
  return html`${binding === 'none' ? 'inside' : `at the ${binding} edge`}`
}

const label = ({ area, name }: BandDocumentTarget) => (area === undefined ? name : `${area}: ${name}`)

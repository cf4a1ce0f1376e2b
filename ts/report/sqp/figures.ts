import { type Html, html } from '../escape.js'
import { figure, formatScientific } from '../format.js'
import { dataTable } from '../table.js'
import type { SqpReportDocument } from './document.js'
import { toNumber } from './number.js'

/** What happened over the whole run, counted. */
export function countersSection(report: SqpReportDocument): Html {
  const rows = { ...report.metrics, ...report.counters }
  return html`<section id="counters" aria-labelledby="counters-title">
<h2 id="counters-title">Counters</h2>
<div class="scroll" role="region" tabindex="0" aria-labelledby="counters-title">${dataTable(
    ['Figure', 'Value'],
    Object.entries(rows).map(([name, value]) => [
      name,
      figure(toNumber(value), formatScientific(toNumber(value), 4)),
    ]),
  )}</div>
</section>`
}

/** The options of the run, defaults included. */
export function optionsSection(report: SqpReportDocument): Html {
  return html`<section id="options" aria-labelledby="options-title">
<h2 id="options-title">Options</h2>
<div class="scroll" role="region" tabindex="0" aria-labelledby="options-title">${dataTable(
    ['Option', 'Value'],
    Object.entries(report.options).map(([name, value]) => [
      html`<code>${name}</code>`,
      html`<code>${value === null ? 'automatic' : JSON.stringify(value)}</code>`,
    ]),
  )}</div>
</section>`
}

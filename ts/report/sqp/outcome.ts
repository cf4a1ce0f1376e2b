import { type Html, html } from '../escape.js'
import { figure, formatCount, formatIdentifier, formatScientific } from '../format.js'
import type { SqpReportDocument } from './document.js'
import { toNumber } from './number.js'
import { suggestionItem } from './signals.js'

/** The verdict, the likely cause and the first thing to try. */
export function outcomeSection(report: SqpReportDocument): Html {
  const { status, converged, message, steps, maxSteps } = report.termination
  const tone = converged ? 'good' : ['infeasible', 'unbounded'].includes(status) ? 'caution' : 'bad'
  const [diagnosis] = report.diagnoses
  const [signal] = report.signals
  const advice = (diagnosis ?? signal)?.suggestions ?? []
  return html`<section id="outcome" aria-labelledby="outcome-title">
<div class="verdict ${tone}">
<p class="badge">${converged ? 'Converged' : formatIdentifier(status)}</p>
<h2 id="outcome-title">${converged ? 'The first-order conditions hold' : 'The first-order conditions were not shown to hold'}</h2>
<p>${message}</p>
${!converged && (diagnosis || signal) && html`<h3>Most likely</h3><p>${diagnosis?.cause ?? signal?.summary}</p>`}
${!converged && advice.length > 0 && html`<h3>Try first</h3><ul>${suggestionItem(advice[0])}</ul>`}
</div>
<dl class="tiles">
${tile('Objective', report, 'objective f')}
${tile('Relative stationarity', report, 'relative stationarity', report.tolerances.stationarity)}
${tile('Largest violation', report, 'largest violation', report.tolerances.feasibility)}
<div><dt>Steps</dt><dd>${formatCount(steps)}</dd><dd class="note">of at most ${formatCount(maxSteps)}</dd></div>
</dl>
</section>`
}

function tile(
  title: string,
  report: SqpReportDocument,
  metric: string,
  limit?: SqpReportDocument['tolerances']['stationarity'],
): Html {
  const value = toNumber(report.metrics[metric])
  return html`<div><dt>${title}</dt><dd>${figure(value, formatScientific(value, 4))}</dd>${limit !== undefined && html`<dd class="note">limit ${formatScientific(toNumber(limit))}</dd>`}</div>`
}

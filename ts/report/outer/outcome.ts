import { type Html, html } from '../escape.js'
import { figure, formatCount, formatIdentifier, formatNumber, formatScientific } from '../format.js'
import type { OuterReportInput } from './input.js'
import { outcomeOf, SOLVER_NAMES, totalEvaluations } from './words.js'

/** The verdict and the figures that a reader looks for first. */
export function outcomeSection({ result }: OuterReportInput): Html {
  const outcome = outcomeOf(result)
  const { stationarity, planUsed } = result
  const tiles: [name: string, value: Html | string, note: Html | string][] = [
    ['Criterion', figure(result.finalValue, formatNumber(result.finalValue, 9)), 'at the point found'],
    [
      'Projected gradient',
      stationarity
        ? figure(stationarity.projectedGradient, formatScientific(stationarity.projectedGradient))
        : 'n/a',
      stationarity
        ? html`limit ${figure(stationarity.gradientLimit, formatScientific(stationarity.gradientLimit))}`
        : 'no gradient was computed',
    ],
    ['Iterations', figure(result.iterations, formatCount(result.iterations)), 'of all solver runs'],
    [
      'Evaluations',
      figure(totalEvaluations(result), formatCount(totalEvaluations(result))),
      Object.entries(result.evaluations)
        .filter(([, count]) => count > 0)
        .map(([kind, count]) => `${formatIdentifier(kind).toLowerCase()} ${formatCount(count)}`)
        .join(', '),
    ],
  ]
  return html`<section id="outcome" aria-labelledby="outcome-title">
<div class="verdict ${outcome.tone}">
<p class="badge">${outcome.badge}</p>
<h2 id="outcome-title">${outcome.headline}</h2>
<p class="message"><span>Why the run ended:</span> ${formatIdentifier(result.stopReason)}. <bdi>${result.message}</bdi></p>
${result.context !== '' && html`<p class="message"><span>Context:</span> <bdi>${result.context}</bdi></p>`}
${planUsed && html`<p class="message"><span>Solver of this point:</span> ${SOLVER_NAMES[planUsed.solver] ?? planUsed.solver} (${result.method}), curvature: ${formatIdentifier(planUsed.hessianSource).toLowerCase()}</p>`}
</div>
<dl class="tiles" aria-label="Key numbers">${tiles.map(
    ([name, value, note]) => html`<div><dt>${name}</dt><dd>${value}</dd><dd class="note">${note}</dd></div>`,
  )}</dl>
</section>`
}

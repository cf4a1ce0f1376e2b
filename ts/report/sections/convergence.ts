import type { DocumentAttempt, DocumentIteration } from '../../reweight/certificate-document.js'

import { type Html, html } from '../escape.js'
import { figure, formatBound, formatCount, formatNumber, formatScientific, plural } from '../format.js'
import { ATTEMPT_OUTCOMES, METHOD_NAMES } from '../outcomes.js'
import { convergenceSpec } from '../plots/distributions.js'
import { legend, plotFigure } from '../plots/figure.js'
import type { Report } from '../report.js'
import { dataTable, scrollingTable } from '../table.js'

type Step = DocumentIteration<string>

const SWATCHES = ['after', 'bound', 'third', 'before'] as const

/** How the answer was reached: the methods tried, each with its outcome, and how fast each drew near. */
export async function convergenceSection(report: Report): Promise<Html> {
  return html`<section id="convergence" aria-labelledby="convergence-title">
<h2 id="convergence-title">How the answer was reached</h2>
${attemptsTable(report)}
${await convergencePlot(report)}
</section>`
}

function attemptsTable({ certificate }: Report): Html {
  if (!('attempts' in certificate)) return html``
  const attempts: readonly DocumentAttempt<string>[] = certificate.attempts
  if (attempts.length === 0) return html`<p>No method was tried.</p>`
  return scrollingTable(
    'attempts',
    'Methods tried, in order; each answer was judged by the same independent check',
    html`<table class="data">
<thead><tr><th scope="col">Method</th><th scope="col">Outcome</th><th scope="col" class="number">Iterations</th><th scope="col" class="number">Distance bound</th><th scope="col">Message</th></tr></thead>
<tbody>${attempts.map(
      (attempt) =>
        html`<tr><th scope="row">${METHOD_NAMES[attempt.method] ?? attempt.method}</th><td>${ATTEMPT_OUTCOMES[attempt.outcome] ?? attempt.outcome}</td><td class="number">${formatCount(attempt.iterations)}</td><td class="number">${figure(attempt.distanceBound, formatBound(attempt.distanceBound))}</td><td class="wordy"><bdi>${attempt.message}</bdi></td></tr>`,
    )}</tbody></table>`,
  )
}

async function convergencePlot({ certificate }: Report): Promise<Html | undefined> {
  const runs = splitByAttempt(certificate.history)
  const numDrawable = certificate.history.filter(({ residual }) => residual !== null && residual > 0).length
  if (numDrawable === 0) return undefined
  const colors = SWATCHES.map((swatch) => `var(--${swatch})`)
  const sentence = runs.map(describeRun).join(' ')
  return plotFigure({
    id: 'plot-convergence',
    title: 'Convergence: residual by iteration',
    label: `Residual by iteration, on a logarithmic scale. ${sentence}`,
    spec: (size) => convergenceSpec(runs, colors, size),
    legend: legend(
      runs.map((run, index) => [SWATCHES[index % SWATCHES.length] as string, methodOf(run)] as const),
    ),
    caption: html`${sentence} The residual is the method’s own measure of what is left to do, relative to the start; the certificate does not rely on it.`,
    data: dataTable(
      [
        'Method',
        'Iteration',
        'Residual',
        'Objective',
        'Step length',
        'Records between bounds',
        'Records that changed sides',
      ],
      certificate.history.map((step) => [
        METHOD_NAMES[step.method] ?? step.method,
        formatCount(step.iteration),
        figure(step.residual, formatScientific(step.residual, 3)),
        figure(step.objective, formatNumber(step.objective, 8)),
        figure(step.stepLength),
        formatCount(step.numFree),
        formatCount(step.numChanged),
      ]),
    ),
  })
}

/** A new attempt begins where the method changes or the iterations start over. */
function splitByAttempt(history: readonly Step[]): Step[][] {
  const runs: Step[][] = []
  let previous: Step | undefined
  for (const step of history) {
    const continues = previous?.method === step.method && step.iteration > previous.iteration
    if (continues) runs.at(-1)?.push(step)
    else runs.push([step])
    previous = step
  }
  return runs
}

function describeRun(run: readonly Step[]): string {
  const [first, last] = [run[0]?.residual, run.at(-1)?.residual]
  return `${methodOf(run)}: from ${formatScientific(first)} to ${formatScientific(last)} in ${plural(run.length, 'recorded step')}.`
}

function methodOf(run: readonly Step[]): string {
  const method = run[0]?.method
  return method ? (METHOD_NAMES[method] ?? method) : ''
}

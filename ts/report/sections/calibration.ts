import type { CalibrationDocument, CalibrationDocumentTarget } from '../../reweight/calibration-document.js'
import { type Html, html, nameOf } from '../escape.js'
import { figure, formatBound, formatCount, formatNumber, formatSignedPercent, plural } from '../format.js'
import { DISTANCES } from '../forms/calibration.js'
import { formula } from '../formula.js'
import type { Report } from '../report.js'
import { dataTable, scrollingTable } from '../table.js'

const NAMED_TARGETS = 20

/** The distance, the multipliers of the totals and how relaxed totals ended; of calibrations only. */
export function calibrationSection({ certificate }: Report): Html | undefined {
  if (certificate.schema !== 'equipoise/calibration-certificate/1' || certificate.status === 'infeasible')
    return undefined
  return html`<section id="calibration" aria-labelledby="calibration-title">
<h2 id="calibration-title">Calibration</h2>
${distance(certificate)}
${relaxedTable(certificate.targets)}
${lambdaTable(certificate.targets)}
</section>`
}

function distance(document: CalibrationDocument): Html {
  const { options, targets, objective, relaxationCost, constraintResidual, numDependent } = document
  const relaxed = targets.filter((target) => target.relaxed).length
  const exact = targets.length - relaxed
  const { name, formula: text } = DISTANCES[options.distance]
  return html`<p>The distance is ${name}, <span class="formula">${formula(text)}</span>${options.alpha !== null && html` with α = ${figure(options.alpha)}`}. The smallest one that meets the totals is ${figure(objective, formatNumber(objective, 8))}${
    relaxed > 0 && html`, of which relaxed totals cost ${figure(relaxationCost)}`
  }. ${plural(exact, 'exact total')} ${exact === 1 ? 'is' : 'are'} met to a relative ${figure(constraintResidual, formatBound(constraintResidual))}.
${numDependent > 0 && html`${formatCount(numDependent)} of the targets depend on others: they are met because those are.`}</p>`
}

/** How near the relaxed totals came; left out where there are none. */
function relaxedTable(targets: readonly CalibrationDocumentTarget[]): Html | undefined {
  const relaxed = targets.filter((target) => target.relaxed)
  if (relaxed.length === 0) return undefined
  return scrollingTable(
    'relaxed',
    'Relaxed totals: missed where meeting them would cost more',
    dataTable(
      ['Target', 'Total wanted', 'Total after', 'Miss', 'Relative'],
      relaxed.map((target) => [
        nameOf(label(target)),
        figure(target.target, formatNumber(target.target, 6)),
        figure(target.after, formatNumber(target.after, 6)),
        figure(miss(target)),
        figure(target.relativeError, formatSignedPercent(target.relativeError)),
      ]),
    ),
  )
}

const miss = ({ after, target }: CalibrationDocumentTarget) => (after === null ? null : after - target)

function lambdaTable(targets: readonly CalibrationDocumentTarget[]): Html {
  const size = ({ lambda, target }: CalibrationDocumentTarget) =>
    Math.abs(lambda ?? Number.POSITIVE_INFINITY) * Math.abs(target)
  const costly = targets.toSorted((a, b) => size(b) - size(a)).slice(0, NAMED_TARGETS)
  const which =
    costly.length < targets.length
      ? `The ${costly.length} totals that cost most, of ${targets.length}`
      : 'All totals'
  return scrollingTable(
    'lambdas',
    html`${which}: λ is the change of the distance per unit of the total`,
    dataTable(
      ['Target', 'Total before', 'Total after', 'λ', '+1% of it costs'],
      costly.map((target) => [
        nameOf(label(target)),
        figure(target.before, formatNumber(target.before, 6)),
        figure(target.after, formatNumber(target.after, 6)),
        figure(target.lambda),
        figure(target.lambda === null ? null : target.lambda * 0.01 * Math.abs(target.target)),
      ]),
    ),
  )
}

const label = ({ area, name }: CalibrationDocumentTarget) => (area === undefined ? name : `${area}: ${name}`)

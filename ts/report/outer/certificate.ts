import { type Content, type Html, html, nameOf } from '../escape.js'
import { figure, formatIdentifier, formatNumber, formatScientific } from '../format.js'
import {
  type CriterionRecord,
  type OuterReportInput,
  parameterName,
  type StationarityRecord,
} from './input.js'
import { UNCERTAINTY_VERDICTS } from './words.js'

type Row = readonly [name: string, value: Content, meaning: Content]

/** The two tests that decide: stationarity, and the audit of the gradient by the criterion's values. */
export function certificateSection(input: OuterReportInput): Html {
  const { stationarity, criterionCertificate: audit, certificateAbsent } = input.result
  return html`<section id="certificate" aria-labelledby="certificate-title">
<h2 id="certificate-title">The certificate</h2>
<p>Computed at the answer after the search had ended. The search follows the gradient; the audit asks the criterion itself.</p>
${stationarity && rows('stationarity', 'Is the point stationary?', stationarityRows(stationarity))}
${audit && rows('audit', 'Is the gradient that of the criterion?', auditRows(audit, input))}
${!audit && html`<p>There is no audit: ${certificateAbsent ?? 'the objective computes no gradient'}.</p>`}
</section>`
}

/** Whether intervals for the smoothing parameters may be trusted. */
export function uncertaintySection(input: OuterReportInput): Html | undefined {
  const { uncertainty } = input.result
  if (!uncertainty) return undefined
  const { verdict, reason, kHat, effectiveDraws, numDraws, coordinates, standardErrors } = uncertainty
  return html`<section id="uncertainty" aria-labelledby="uncertainty-title">
<h2 id="uncertainty-title">Uncertainty of the smoothing parameters</h2>
<p>${UNCERTAINTY_VERDICTS[verdict] ?? formatIdentifier(verdict)} ${reason !== undefined && html`<bdi>${reason}</bdi>`}</p>
${
  numDraws > 0 &&
  html`<dl class="pairs"><div><dt>k̂ of ${figure(numDraws)} weighted draws (below 0.5 is good, 0.7 and more is bad)</dt><dd>${figure(kHat, formatNumber(kHat, 3))}</dd></div>
<div><dt>Draws that they are worth</dt><dd>${figure(effectiveDraws, formatNumber(effectiveDraws, 3))}</dd></div>
${coordinates.map(
  (index, k) =>
    html`<div><dt>Standard deviation of ${nameOf(parameterName(input, index))} by the Hessian</dt><dd>${figure(standardErrors[k])}</dd></div>`,
)}</dl>`
}
</section>`
}

function rows(id: string, title: string, entries: readonly Row[]): Html {
  return html`<h3 id="${id}-title">${title}</h3>
<div class="scroll" role="region" tabindex="0" aria-labelledby="${id}-title"><table class="figures" role="table">
<thead role="rowgroup"><tr role="row"><th scope="col">Figure</th><th scope="col" class="number">Value</th><th scope="col">What it means</th></tr></thead>
<tbody role="rowgroup">${entries.map(
    ([name, value, meaning]) =>
      html`<tr role="row"><th scope="row" role="rowheader">${name}</th><td role="cell" class="number">${value}</td><td role="cell">${meaning}</td></tr>
`,
  )}</tbody></table></div>`
}

const small = (value: StationarityRecord['projectedGradient']) => figure(value, formatScientific(value, 3))

function stationarityRows(test: StationarityRecord): Row[] {
  return [
    [
      'Verdict',
      test.holds ? 'stationary' : 'not stationary',
      'one of the two inequalities below holds, and the curvature is not negative',
    ],
    [
      'Projected gradient',
      small(test.projectedGradient),
      html`at most ${small(test.gradientLimit)} is asked for`,
    ],
    [
      'Newton decrement',
      small(test.newtonDecrement),
      typeof test.decrementLimit === 'number'
        ? html`what a Newton step would still gain; at most ${small(test.decrementLimit)} is asked for`
        : 'what a Newton step would still gain; no limit follows where the number of observations is not known',
    ],
    [
      'Curvature',
      formatIdentifier(test.curvature).toLowerCase(),
      'of the criterion over the coordinates that are free to move',
    ],
    ['Least eigenvalue', small(test.leastEigenvalue), 'of the Hessian over those coordinates'],
  ]
}

function auditRows(audit: CriterionRecord, input: OuterReportInput): Row[] {
  const railed = [...audit.lambdasRailed, ...audit.psiRailed].map((index) => parameterName(input, index))
  const positive =
    audit.hessianPd === null || audit.hessianPd === undefined ? 'n/a' : audit.hessianPd ? 'yes' : 'no'
  return [
    [
      'Verdict',
      audit.consistent ? 'consistent' : 'NOT consistent',
      audit.clean ? 'nothing to remark' : 'see the rows below',
    ],
    [
      'Slope by the gradient',
      small(audit.analyticDirectional),
      'along a direction made from the context and the bytes of the point',
    ],
    [
      'Slope by values',
      small(audit.fdDirectional),
      html`by differences with step ${small(audit.fdStep)}, error ±${small(audit.fdError)}`,
    ],
    ['Difference in errors', small(audit.agreementZ), 'z; at most 4 counts as equal'],
    ['Length of the gradient', small(audit.gradNorm), 'not projected: it may be large at a bound'],
    ['Hessian positive definite', positive, 'over the free coordinates'],
    [
      'At a bound',
      railed.length === 0 ? 'none' : railed.map((name, k) => html`${k > 0 && ', '}${nameOf(name)}`),
      'parameters that the box holds',
    ],
  ]
}

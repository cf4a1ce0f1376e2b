import type { CertificateDocument } from '../../reweight/certificate-document.js'
import { type Content, type Html, html } from '../escape.js'
import { exactDigits, figure, formatBound, formatCount, formatNumber, formatScientific } from '../format.js'
import type { Report } from '../report.js'

interface Row {
  name: string
  key: keyof CertificateDocument
  text: string
  meaning: Content
  inequality: Content
}

/** Each figure of the independent check: its value, one sentence of meaning, and the inequality it stands for. */
export function certificateSection({ certificate }: Report): Html {
  return html`<section id="certificate" aria-labelledby="certificate-title">
<h2 id="certificate-title">The certificate</h2>
<p>Every figure here was computed from the data by the independent check, after the method had ended. Point at a figure to see all its digits.</p>
<div class="scroll" role="region" tabindex="0" aria-labelledby="certificate-title"><table class="figures">
<thead><tr><th scope="col">Figure</th><th scope="col" class="number">Value</th><th scope="col">What it means</th><th scope="col">What it states</th></tr></thead>
<tbody>${rows(certificate).map(figureRow(certificate))}</tbody>
</table></div>
${problemStatement(certificate)}
</section>`
}

function figureRow(certificate: CertificateDocument): (row: Row) => Html {
  return ({ name, key, text, meaning, inequality }) => {
    const value = certificate[key]
    const exact = typeof value === 'number' ? exactDigits(value) : ''
    return html`<tr><th scope="row">${name}<br><code>${key}</code></th><td class="number" title="${exact}">${text}</td><td>${meaning}</td><td class="formula">${inequality}</td></tr>
`
  }
}

function rows(certificate: CertificateDocument): Row[] {
  const c = certificate
  return [
    {
      name: 'Distance bound',
      key: 'distanceBound',
      text: formatBound(c.distanceBound),
      meaning:
        'No multiplier in the weights file is farther than this from the one best answer. This is the figure that decides.',
      inequality: html`|${mi} − ${mi}*| ≤ max<sub>i</sub>( |${mi} − ${mi}(y)| + ‖F(y)‖ / (2√λ<sub>i</sub>) )<br>${holds(c)}`,
    },
    {
      name: 'Bound before rounding',
      key: 'boundBeforeRounding',
      text: formatBound(c.boundBeforeRounding),
      meaning:
        'The same bound for the answer with about 31 digits, before it was rounded to the 16 that a computer number holds. Far below 10⁻¹⁶, the printed multipliers are the correctly rounded best answer.',
      inequality: html`|${mi}(y) − ${mi}*| ≤ ‖F(y)‖ / (2√λ<sub>i</sub>)`,
    },
    {
      name: 'Duality gap',
      key: 'dualityGap',
      text: formatBound(c.dualityGap),
      meaning: 'The objective of these weights lies above the smallest possible one by no more than this.',
      inequality: html`0 ≤ P(m) − P(m*) ≤ P(m) − D(y)`,
    },
    {
      name: 'Relative gap',
      key: 'relativeGap',
      text: formatBound(c.relativeGap),
      meaning: 'The duality gap in proportion to the objective.',
      inequality: 'the gap, relative to P(m)',
    },
    {
      name: 'Dual residual',
      key: 'dualResidual',
      text: formatBound(c.dualResidual),
      meaning:
        'How nearly the equation is met that only the best answer meets exactly: zero would be perfect.',
      inequality: html`F(y) = y/2 + c − Bᵀm(y);&ensp;‖F(y)‖`,
    },
    {
      name: 'Stationarity',
      key: 'stationarity',
      text: formatScientific(c.stationarity),
      meaning:
        'The steepest way downhill that is still open without leaving the bounds: zero at the best answer.',
      inequality: 'projected gradient of P at m, largest entry',
    },
    {
      name: 'Feasibility',
      key: 'feasibility',
      text: formatScientific(c.feasibility),
      meaning: 'The most by which any multiplier lies outside its bounds; zero means that none does.',
      inequality: html`max<sub>i</sub>( lo<sub>i</sub> − ${mi}, ${mi} − hi<sub>i</sub>, 0 )`,
    },
    {
      name: 'Complementarity',
      key: 'complementarity',
      text: formatScientific(c.complementarity),
      meaning:
        'A bound may press only on a multiplier that touches it; this is the largest breach of that rule.',
      inequality: 'distance to a bound × pressure of that bound, largest product',
    },
    {
      name: 'Objective',
      key: 'objective',
      text: formatNumber(c.objective, 6),
      meaning:
        'What was made as small as possible: misses of the targets and changes of the weights together.',
      inequality: html`P(m) = Σ<sub>j</sub> (Bᵀm − c)<sub>j</sub>² + Σ<sub>i</sub> λ<sub>i</sub> (${mi} − 1)²`,
    },
    {
      name: 'Loss',
      key: 'loss',
      text: formatNumber(c.loss, 6),
      meaning: 'The part of the objective that the missed targets make.',
      inequality: html`Σ<sub>j</sub> (Bᵀm − c)<sub>j</sub>²`,
    },
    {
      name: 'At the lower bound',
      key: 'numAtLower',
      text: formatCount(c.numAtLower),
      meaning: 'Records whose weight would have gone lower still.',
      inequality: html`${mi} = lo<sub>i</sub>`,
    },
    {
      name: 'At the upper bound',
      key: 'numAtUpper',
      text: formatCount(c.numAtUpper),
      meaning: 'Records whose weight would have gone higher still.',
      inequality: html`${mi} = hi<sub>i</sub>`,
    },
    {
      name: 'Smallest pivot',
      key: 'smallestPivot',
      text: formatScientific(c.smallestPivot),
      meaning:
        'Of the matrix that the method factorised: near zero, some targets nearly repeat or combine others. No part of the proof; not available from methods that factorise nothing.',
      inequality: 'for information',
    },
  ]
}

const mi = html`<var>m</var><sub>i</sub>`

function holds({ distanceBound, options }: CertificateDocument): Html {
  const tolerance = figure(options.tolerance, formatScientific(options.tolerance))
  if (typeof distanceBound !== 'number' || Number.isNaN(distanceBound))
    return html`≤ tolerance ${tolerance}: <strong>unknown</strong>`
  return distanceBound <= options.tolerance
    ? html`≤ tolerance ${tolerance}: <strong>holds</strong>`
    : html`> tolerance ${tolerance}: <strong>does not hold</strong>`
}

function problemStatement({ options }: CertificateDocument): Html {
  const [low, high] = options.bounds ?? []
  return html`<div class="problem"><h3>The problem in one line</h3>
<p class="display">minimise&ensp;P(m) = Σ<sub>j</sub> ( Σ<sub>i</sub> B<sub>ij</sub> ${mi} − c<sub>j</sub> )² + Σ<sub>i</sub> λ<sub>i</sub> ( ${mi} − 1 )²&ensp;over&ensp;${
    low === undefined
      ? html`lo<sub>i</sub> ≤ ${mi} ≤ hi<sub>i</sub>`
      : html`${formatNumber(low)} ≤ ${mi} ≤ ${formatNumber(high)}`
  }</p>
<p>Here ${mi} is the multiplier of record i and m* the best answer; w⁰<sub>i</sub> is the design weight, A<sub>ij</sub> what record i adds to target j per unit of weight, and t<sub>j</sub> the target.
B<sub>ij</sub> = w⁰<sub>i</sub> A<sub>ij</sub> / s<sub>j</sub> and c<sub>j</sub> = t<sub>j</sub> / s<sub>j</sub>, with the scale s<sub>j</sub> = t<sub>j</sub> + 1 where no other is given;
λ<sub>i</sub> = penalty · L₀ · (w⁰<sub>i</sub>)² / Σ(w⁰)², where L₀ is the loss of the design weights. y holds one dual value per target, D(y) is the
largest lower bound on P that it proves, and m(y) are the multipliers that belong to it. The ‖F(y)‖ bound holds because F is strongly monotone.</p></div>`
}
